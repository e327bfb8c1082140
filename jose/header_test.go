package jose

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"vouchsafe/internal/strictjson"
)

// fields returns the exported fields of h in their order.
func fields(h Header) [5]string {
	return [5]string{h.Algorithm, h.Encryption, h.KeyID, h.Type, h.ContentType}
}

// wantNothing fails if a header came with an error.
func wantNothing(t testing.TB, name string, h Header) {
	t.Helper()
	if h != (Header{}) {
		t.Errorf("%s: got %+v beside an error", name, h)
	}
}

func TestParseHeader(t *testing.T) {
	long := strings.Repeat("a", 256)
	for text, want := range map[string][5]string{
		`{"alg":"ES256","kid":"k","typ":"JWT","cty":"c"}`:        {"ES256", "", "k", "JWT", "c"},
		`{"alg":"dir","enc":"A128GCM"}`:                          {"dir", "A128GCM", "", "", ""},
		`{ "typ" : "JWT" , "alg" : "ES256" }`:                    {"ES256", "", "", "JWT", ""},
		`{}`:                                                     {},
		`{"a\u006cg":"ES256"}`:                                   {"ES256", "", "", "", ""},
		`{"alg":"","kid":"\u00e9"}`:                              {"", "", "é", "", ""},
		`{"alg":"ES256","x5t":"a","x5t#S256":1,"nonce":{},"":0}`: {"ES256", "", "", "", ""},
		`{"alg":"ES256","jwk":{"kty":"EC"},"jku":"http://attacker.example","x5u":1,"x5c":[]}`: {
			"ES256", "", "", "", ""},
		`{"alg":"` + long + `","enc":"` + long + `","kid":"` + long + `","typ":"` + long +
			`","cty":"` + long + `"}`: {long, long, long, long, long},
	} {
		h, err := parseHeader(text, nil)
		if err != nil || fields(h) != want {
			t.Errorf("%s: got %+v, %v", text, h, err)
		}
	}
}

func TestParseHeaderRefuses(t *testing.T) {
	long := strings.Repeat("a", 257)
	for check, texts := range map[string][]string{
		"header": {
			``, ` `, `null`, `"ES256"`, `[{"alg":"ES256"}]`, `{"alg":"ES256"`, `{"alg":"ES256"}x`,
			`{"alg":"ES256"}{}`, "\ufeff" + `{"alg":"ES256"}`, "{\"alg\":\"ES256\xff\"}",
			`{"alg":"\ud800"}`, `{"alg":"ES256",}`, `{alg:"ES256"}`, "{\"alg\":\"ES256\"}\x00",
			`{"a":` + strings.Repeat("[", 16) + strings.Repeat("]", 16) + `}`,

			`{"alg":"` + long + `"}`, `{"enc":"` + long + `"}`, `{"kid":"` + long + `"}`,
			`{"typ":"` + long + `"}`, `{"cty":"` + long + `"}`,
			`{"alg":null}`, `{"alg":256}`, `{"alg":["ES256"]}`, `{"alg":{"ES256":1}}`,
			`{"enc":null}`, `{"enc":128}`, `{"enc":["A128GCM"]}`,
			`{"kid":null}`, `{"kid":1}`, `{"kid":["a"]}`,
			`{"typ":null}`, `{"typ":true}`, `{"cty":null}`, `{"cty":1}`, `{"cty":["JWT"]}`,

			`{"alg":"none","alg":"ES256"}`, `{"alg":"ES256","a\u006cg":"none"}`,
			`{"alg":"ES256","x":1,"x":2}`, `{"alg":"ES256","jwk":{"kty":"EC","kty":"RSA"}}`,
			`{"crit":["x"],"crit":[],"x":1}`,

			`{"alg":"ES256","ALG":"none"}`, `{"Alg":"ES256"}`, `{"KID":"a"}`, "{\"\u212aid\":\"a\"}",
			`{"Typ":"JWT"}`, `{"Crit":["x"],"x":1}`, `{"B64":false}`, `{"JWK":{}}`, `{"JKU":1}`,
			`{"X5U":1}`, `{"X5C":1}`, `{"X5T":1}`, `{"x5t#s256":1}`, `{"Cty":1}`, `{"ENC":1}`,
			`{"Zip":1}`, `{"EPK":1}`, `{"apU":1}`, `{"apV":1}`, `{"IV":1}`, `{"Tag":1}`,
			`{"P2S":1}`, `{"p2C":1}`,
		},
		"crit": {
			`{"alg":"ES256","crit":["x"],"x":1}`, `{"alg":"ES256","crit":["x"]}`,
			`{"alg":"ES256","crit":[]}`, `{"alg":"ES256","crit":["alg"]}`,
			`{"alg":"ES256","crit":["exp"],"exp":1}`, `{"alg":"ES256","crit":[""],"":1}`,
			`{"alg":"ES256","crit":["b64"],"b64":true}`,
			`{"alg":"ES256","crit":["b64"],"b64":false}`,
			`{"alg":"ES256","crit":["x","x"],"x":1}`, `{"alg":"ES256","crit":"x","x":1}`,
			`{"alg":"ES256","crit":null}`, `{"alg":"ES256","crit":false}`,
			`{"alg":"ES256","crit":{}}`,
			`{"alg":"ES256","crit":[1],"1":1}`, `{"alg":"ES256","crit":""}`,
			`{"alg":"ES256","b64":false}`, `{"alg":"ES256","b64":true}`,
			`{"alg":"ES256","b64":"false"}`, `{"alg":"ES256","b64":null}`,
		},
	} {
		for _, text := range texts {
			h, err := parseHeader(text, nil)
			wantCheck(t, text, err, check)
			wantNothing(t, text, h)
		}
	}
}

// RFC 7515, Section 4.1.11, for whoever understands x, y and b64.
func TestParseHeaderCritical(t *testing.T) {
	for _, tt := range []struct {
		text string
		ok   bool
	}{
		{`{"crit":["x"],"x":1}`, true},
		{`{"crit":["x"],"x":null}`, true},
		{`{"crit":["y","x"],"x":1,"y":{}}`, true},
		{`{"crit":["\u0078"],"x":1}`, true},
		{`{"x":1}`, true},
		{`{"crit":["b64"],"b64":false}`, true},
		{`{"crit":["b64","x"],"b64":true,"x":1}`, true},

		{`{"crit":["x"]}`, false},
		{`{"crit":["x"],"X":1}`, false},
		{`{"crit":["X"],"X":1}`, false},
		{`{"crit":["x","x"],"x":1}`, false},
		{`{"crit":["x","y","x"],"x":1,"y":1}`, false},
		{`{"crit":["x","z"],"x":1,"z":1}`, false},
		{`{"crit":["z","x"],"x":1,"z":1}`, false},
		{`{"crit":["x","alg"],"x":1,"alg":"ES256"}`, false},
		{`{"crit":["x",1],"x":1}`, false},
		{`{"crit":["x",null],"x":1}`, false},
		{`{"crit":[["x"]],"x":1}`, false},
		{`{"crit":"x","x":1}`, false},
		{`{"crit":{"x":1},"x":1}`, false},
		{`{"crit":[],"x":1}`, false},
		{`{"crit":["x "],"x":1}`, false},
		{`{"crit":["b64"]}`, false},
		{`{"crit":["x"],"x":1,"b64":false}`, false},
		{`{"crit":["x"],"x":1,"b64":true}`, false},
		{`{"crit":["b64"],"b64":"false"}`, false},
		{`{"crit":["b64"],"b64":0}`, false},
		{`{"crit":["b64"],"b64":null}`, false},
		{`{"crit":["b64"],"b64":[]}`, false},
		{`{"crit":["b64","b64"],"b64":false}`, false},
	} {
		_, err := parseHeader(tt.text, []string{"x", "y", "b64"})
		if !tt.ok {
			wantCheck(t, tt.text, err, "crit")
		} else if err != nil {
			t.Errorf("%s: %v", tt.text, err)
		}
	}
}

func unprotectedHeader(t testing.TB, text string) strictjson.Object {
	t.Helper()
	m, err := strictjson.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// What is protected and what is not are apart (RFC 7515, Section 7.2.1).
func TestParseHeaderUnprotected(t *testing.T) {
	for _, tt := range []struct{ protected, unprotected, check string }{
		{`{"alg":"ES256"}`, `{"kid":"k"}`, ""},
		{`{"alg":"ES256"}`, `{}`, ""},
		{`{"alg":"ES256","crit":["x"],"x":1}`, `{"y":1}`, ""},
		{`{"alg":"ES256"}`, `{"typ":1,"cty":1}`, ""},

		{`{"alg":"ES256"}`, `{"alg":"ES256"}`, "header"},
		{`{"alg":"ES256"}`, `{"alg":"none"}`, "header"},
		{`{"alg":"ES256","kid":"a"}`, `{"kid":"a"}`, "header"},
		{`{"alg":"ES256","other":1}`, `{"kid":"k","other":1}`, "header"},
		{`{"alg":"ES256","other":null}`, `{"other":null}`, "header"},
		{`{"alg":"ES256"}`, `{"kid":1}`, "header"},
		{`{"alg":"ES256"}`, `{"kid":"` + strings.Repeat("a", 257) + `"}`, "header"},
		{`{"alg":"ES256"}`, `{"crit":["x"],"x":1}`, "crit"},
		{`{"alg":"ES256","x":1}`, `{"crit":["x"]}`, "crit"},
		{`{"alg":"ES256","crit":["x"]}`, `{"x":1}`, "crit"},
		{`{"alg":"ES256","crit":["b64"]}`, `{"b64":false}`, "crit"},
		{`{"alg":"ES256"}`, `{"b64":false}`, "crit"},
		{`{"alg":"ES256"}`, `{"b64":true}`, "crit"},
	} {
		name := tt.protected + " and " + tt.unprotected
		unprotected := unprotectedHeader(t, tt.unprotected)
		h, err := parseHeader(tt.protected, []string{"x", "b64"}, unprotected)
		if tt.check != "" {
			wantCheck(t, name, err, tt.check)
			wantNothing(t, name, h)
		} else if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Get gives the text as it came, of what is protected only.
func TestHeaderGet(t *testing.T) {
	h, err := parseHeader(`{"alg":"ES256","n": {"a" : 1.0},"s":"\u0061","z":null}`, nil,
		unprotectedHeader(t, `{"kid":"k","u":1}`))
	if err != nil || h.KeyID != "k" {
		t.Fatalf("got %+v, %v", h, err)
	}
	for name, want := range map[string]string{
		"alg": `"ES256"`, "n": `{"a" : 1.0}`, "s": `"\u0061"`, "z": "null",
	} {
		if got := string(h.Get(name)); got != want {
			t.Errorf("%s: got %s", name, got)
		}
	}
	for _, name := range []string{"", "ALG", "N", "a", "kid", "u"} {
		if got := h.Get(name); got != nil {
			t.Errorf("%s: got %s", name, got)
		}
	}
	if (Header{}).Get("alg") != nil {
		t.Error("the zero Header has a parameter")
	}
}

// Whoever declares a registered parameter to be an extension of its own has a check
// switched off without knowing (RFC 7515, Section 4.1.11).
func TestCheckExtensions(t *testing.T) {
	for _, name := range append([]string{""}, headerParameters...) {
		wantCheck(t, name, checkExtensions([]string{"x", name}), "crit")
	}
	for _, names := range [][]string{nil, {}, {"x"}, {"x", "http://example.com/UNDEFINED", "exp"}} {
		if err := checkExtensions(names); err != nil {
			t.Errorf("%q: %v", names, err)
		}
	}
}

// The registered ones are those of the RFCs, and those that this package writes are
// among them.
func TestHeaderParameters(t *testing.T) {
	registered := "alg jku jwk kid x5u x5c x5t x5t#S256 typ cty crit enc zip epk apu apv iv tag " +
		"p2s p2c b64"
	if got := strings.Join(headerParameters, " "); got != registered {
		t.Errorf("got %s", got)
	}
	own := "alg enc kid typ cty crit zip epk apu apv iv tag p2s p2c b64"
	if got := strings.Join(ownParameters, " "); got != own {
		t.Errorf("got %s", got)
	}
	for _, name := range ownParameters {
		if !slices.Contains(headerParameters, name) {
			t.Errorf("%s is not registered", name)
		}
	}
}

// Whatever is read as a header is strict, critical or not, and reads the same again.
func FuzzHeader(f *testing.F) {
	for _, v := range allVectors(f) {
		for _, r := range v.JWS {
			f.Add(r.Header, `{"kid":"k"}`)
		}
	}
	f.Add(`{"alg":"ES256","crit":["x","b64"],"x":1,"b64":false}`, `{}`)
	f.Add(`{"alg":"ES256"}`, `{"b64":false}`)
	f.Add(`{"alg":"ES256","a\u006cg":"none"}`, `{"alg":"none"}`)
	f.Fuzz(func(t *testing.T, protected, unprotected string) {
		other, err := strictjson.Parse(unprotected, headerParameters...)
		if err != nil {
			return
		}
		h, err := parseHeader(protected, []string{"x", "b64"}, other)
		if err != nil {
			wantNothing(t, protected, h)
			return
		}
		checkFuzzedHeader(t, h, protected, unprotected)
	})
}

// checkFuzzedHeader compares h with what encoding/json reads.
func checkFuzzedHeader(t *testing.T, h Header, protected, unprotected string) {
	t.Helper()
	inside, outside := vectorObject(t, []byte(protected)), vectorObject(t, []byte(unprotected))
	for name, value := range inside {
		if _, ok := outside[name]; ok || h.Get(name) == nil {
			t.Fatalf("%s: %s is twice there, or not", protected, name)
		}
		outside[name] = value
	}
	for i, name := range []string{"alg", "enc", "kid", "typ", "cty"} {
		all := outside
		if i > 2 {
			all = inside
		}
		want, ok := all[name].(string)
		if _, there := all[name]; there != ok || fields(h)[i] != want {
			t.Fatalf("%s: %s is %q", protected, name, fields(h)[i])
		}
	}
	names, _ := inside["crit"].([]any)
	_, unencoded := inside["b64"].(bool)
	if slices.Contains(names, any("b64")) != unencoded || isEncoded(h) != (inside["b64"] != false) {
		t.Fatalf("%s: b64 %v", protected, names)
	}
	for _, name := range names {
		if name != "x" && name != "b64" || inside[name.(string)] == nil && name != "x" {
			t.Fatalf("%s: %v is critical", protected, name)
		}
	}
}

// The caller's parameters go in the order of their names, crit last.
func TestFinish(t *testing.T) {
	parameters := map[string]any{"z": 1, "a": "b", "m": []int{1}, "": nil, `"x`: true, "jku": "j"}
	var first []byte
	for range 20 {
		var w writer
		w.text("alg", "A")
		w.value("b64", false)
		out, err := w.finish(parameters, []string{"z", "a"}, "b64")
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = out
		}
		if want := `{"alg":"A","b64":false,"":null,"\"x":true,"a":"b","jku":"j","m":[1],"z":1,` +
			`"crit":["z","a","b64"]}`; string(out) != want || !bytes.Equal(out, first) {
			t.Fatalf("got %s", out)
		}
	}
	var w writer
	if out, err := w.finish(nil, nil); err != nil || string(out) != "{}" {
		t.Errorf("got %s, %v", out, err)
	}
}

func TestFinishRefuses(t *testing.T) {
	for _, name := range ownParameters {
		var w writer
		_, err := w.finish(map[string]any{"a": 1, name: "x"}, nil)
		wantCheck(t, name, err, "header")
	}
	for _, tt := range []struct {
		name       string
		parameters map[string]any
		critical   []string
	}{
		{"not there", nil, []string{"x"}},
		{"one not there", map[string]any{"x": 1}, []string{"x", "y"}},
		{"the first not there", map[string]any{"x": 1}, []string{"y", "x"}},
		{"in another case", map[string]any{"x": 1}, []string{"X"}},
		{"registered and there", map[string]any{"jku": "a"}, []string{"jku"}},
		{"registered and not there", nil, []string{"alg"}},
		{"b64", nil, []string{"b64"}},
		{"crit", nil, []string{"crit"}},
		{"twice", map[string]any{"x": 1}, []string{"x", "x"}},
		{"nameless", map[string]any{"": 1}, []string{""}},
	} {
		var w writer
		_, err := w.finish(tt.parameters, tt.critical)
		wantCheck(t, tt.name, err, "crit")
	}
	for name, parameters := range map[string]map[string]any{
		"what JSON cannot say":       {"a": func() {}},
		"a name in another case":     {"ALG": "x"},
		"names that are not UTF-8":   {"\xff": 1, "\xfe": 1},
		"a member twice in a member": {"a": json.RawMessage(`{"b":1,"b":2}`)},
	} {
		var w writer
		_, err := w.finish(parameters, nil)
		wantCheck(t, name, err, "header")
	}
	var w writer
	w.text("typ", strings.Repeat("x", 257))
	_, err := w.finish(nil, nil)
	wantCheck(t, "a long typ", err, "header")
}
