package jose

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// signPart returns the members of one signature over a payload as it stands in the
// JSON, with an unprotected header if there is to be one.
func signPart(t testing.TB, key *Key, protected, unprotected, payload string) string {
	t.Helper()
	head, sig := signUnencoded(t, key, protected, payload)
	members := fmt.Sprintf(`"protected":%q,"signature":%q`, head, sig)
	if unprotected != "" {
		members += `,"header":` + unprotected
	}
	return members
}

// flattened and general return a JWS over a payload that stands encoded in it.
func flattened(payload, signature string) string {
	return fmt.Sprintf(`{"payload":%q,%s}`, encode([]byte(payload)), signature)
}

func general(payload string, signatures ...string) string {
	return fmt.Sprintf(`{"payload":%q,"signatures":[{%s}]}`, encode([]byte(payload)),
		strings.Join(signatures, "},{"))
}

const protectedEC, protectedRSA = `{"alg":"ES256"}`, `{"alg":"RS256"}`

func TestVerifyJSON(t *testing.T) {
	p := encode([]byte("hi"))
	ec := signPart(t, testEC(t), protectedEC, "", p)
	named := signPart(t, testEC(t), protectedEC, `{"kid":"ec","x":1}`, p)
	rsa := signPart(t, testRSA(t), protectedRSA, "", p)
	critical := signPart(t, testEC(t), `{"alg":"ES256","crit":["x"],"x":1}`, "", p)
	encoded := signPart(t, testEC(t), `{"alg":"ES256","crit":["b64"],"b64":true}`, "", p)
	for name, text := range map[string]string{
		"flattened":                flattened("hi", ec),
		"with a header":            flattened("hi", named),
		"with an empty header":     flattened("hi", ec+`,"header":{}`),
		"general":                  general("hi", ec),
		"general with a header":    general("hi", named),
		"two":                      general("hi", ec, rsa),
		"two, the other first":     general("hi", rsa, ec),
		"eight":                    general("hi", slices.Repeat([]string{ec}, 8)...),
		"white space around":       " \t\r\n" + flattened("hi", ec) + " \t\r\n",
		"other members":            flattened("hi", ec+`,"x":1,"iss":"a","kid":[],"alg":"none"`),
		"other members, general":   general("hi", ec+`,"x":{"signature":1},"payload":"YQ"`),
		"other members, outside":   strings.Replace(general("hi", ec), "{", `{"x":[null],`, 1),
		"members escaped":          strings.Replace(flattened("hi", ec), "payload", `p\u0061yload`, 1),
		"payload escaped":          strings.Replace(flattened("hi", ec), p, `\u0061`+p[1:], 1),
		"crit that is there":       flattened("hi", critical),
		"b64 that changes nothing": flattened("hi", encoded),
	} {
		o := jwsOptions()
		o.Critical = []string{"x"}
		j := wantPayload(t, name, text, o, "hi")
		if k := j.Key.ID(); (k == "ec") != (j.Header.Algorithm == "ES256") {
			t.Errorf("%s: %s by %s", name, j.Header.Algorithm, k)
		}
	}
}

// Only the key ID is believed where nothing protects it.
func TestVerifyJSONHeader(t *testing.T) {
	for _, tt := range []struct {
		protected, unprotected string
		want                   [5]string
	}{
		{`{"alg":"ES256","typ":"a","cty":"b"}`, `{"kid":"ec","x":1}`,
			[5]string{"ES256", "", "ec", "a", "b"}},
		{`{"alg":"ES256","x":2}`, `{"kid":"ec","typ":"a","cty":"b","jwk":1}`,
			[5]string{"ES256", "", "ec", "", ""}},
	} {
		text := flattened("hi", signPart(t, testEC(t), tt.protected, tt.unprotected,
			encode([]byte("hi"))))
		h := wantPayload(t, tt.unprotected, text, jwsOptions(), "hi").Header
		if fields(h) != tt.want || string(h.Get("x")) == "1" || h.Get("kid") != nil ||
			h.Get("jwk") != nil {
			t.Errorf("got %+v", h)
		}
	}
}

func TestVerifyJSONRefuses(t *testing.T) {
	p := encode([]byte("hi"))
	ec := signPart(t, testEC(t), protectedEC, "", p)
	head, rest, _ := strings.Cut(ec, ",")
	flat, gen := flattened("hi", ec), general("hi", ec)
	for _, tt := range []struct{ name, text, check string }{
		{"empty", `{}`, "payload"},
		{"cut short", flat[:len(flat)-1], "JSON"},
		{"something behind", flat + "x", "JSON"},
		{"another behind", flat + flat, "JSON"},
		{"a comma behind", strings.TrimSuffix(flat, "}") + ",}", "JSON"},
		{"no UTF-8", strings.Replace(flat, "{", "{\"x\":\"\xff\",", 1), "JSON"},
		{"too deep", strings.Replace(flat, "{", `{"x":`+strings.Repeat("[", 17)+
			strings.Repeat("]", 17)+",", 1), "JSON"},
		{"an array of one", "[" + flat + "]", "compact"},

		{"payload twice", strings.Replace(flat, "{", `{"payload":"YQ",`, 1), "JSON"},
		{"payload twice, escaped", strings.Replace(flat, "{", `{"p\u0061yload":"YQ",`, 1), "JSON"},
		{"payload in capitals", strings.Replace(flat, "{", `{"Payload":"YQ",`, 1), "JSON"},
		{"signature twice", flattened("hi", ec+`,"signature":"AA"`), "JSON"},
		{"signature in capitals", flattened("hi", ec+`,"Signature":"AA"`), "JSON"},
		{"protected twice", flattened("hi", ec+`,"protected":"e30"`), "JSON"},
		{"protected in capitals", flattened("hi", ec+`,"PROTECTED":"e30"`), "JSON"},
		{"header twice", flattened("hi", ec+`,"header":{},"header":{}`), "JSON"},
		{"header in capitals", flattened("hi", ec+`,"Header":{}`), "JSON"},
		{"signatures in capitals", flattened("hi", ec+`,"Signatures":[]`), "JSON"},
		{"long s in signature", flattened("hi", ec+",\"\u017fignature\":\"AA\""), "JSON"},
		{"another member twice", flattened("hi", ec+`,"x":1,"x":1`), "JSON"},
		{"signature twice in the list", general("hi", ec+`,"signature":"AA"`), "JSON"},
		{"signature in capitals in the list", general("hi", ec+`,"SIGNATURE":"AA"`), "signatures"},
		{"protected in capitals in the list", general("hi", ec+`,"Protected":"e30"`), "signatures"},
		{"header in capitals in the list", general("hi", ec+`,"Header":{}`), "signatures"},

		{"no payload", "{" + ec + "}", "payload"},
		{"payload null", `{"payload":null,` + ec + "}", "payload"},
		{"payload a number", `{"payload":1,` + ec + "}", "payload"},
		{"payload an object", `{"payload":{},` + ec + "}", "payload"},
		{"payload a list", `{"payload":["` + p + `"],` + ec + "}", "payload"},
		{"payload padded", `{"payload":"` + p + `=",` + ec + "}", "payload"},
		{"payload with a line feed", `{"payload":"` + p + `\n",` + ec + "}", "payload"},
		{"payload as it is", `{"payload":"hi!",` + ec + "}", "payload"},
		{"another payload", flattened("hI", ec), "signature"},
		{"an empty payload", flattened("", ec), "signature"},

		{"no signature", flattened("hi", head), "JSON"},
		{"signature null", flattened("hi", head+`,"signature":null`), "JSON"},
		{"signature a number", flattened("hi", head+`,"signature":1`), "JSON"},
		{"signature empty", flattened("hi", head+`,"signature":""`), "JSON"},
		{"signature a list", flattened("hi", head+`,"signature":["AA"]`), "JSON"},
		{"signature padded", flattened("hi", head+`,"signature":"AA=="`), "JSON"},
		{"another signature", flattened("hi", head+`,"signature":"AA"`), "signature"},
		{"protected missing", flattened("hi", rest), "alg"},
		{"protected empty", flattened("hi", `"protected":"",`+rest), "JSON"},
		{"protected null", flattened("hi", `"protected":null,`+rest), "JSON"},
		{"protected an object", flattened("hi", `"protected":{"alg":"ES256"},`+rest), "JSON"},
		{"protected as it is", flattened("hi", `"protected":"{\"alg\":\"ES256\"}",`+rest), "JSON"},
		{"protected padded", flattened("hi", `"protected":"e30=",`+rest), "JSON"},
		{"protected with an end of line", flattened("hi", `"protected":"e3\r\n0",`+rest), "JSON"},
		{"protected no JSON", flattened("hi", `"protected":"AAAA",`+rest), "header"},
		{"protected null, encoded", flattened("hi", `"protected":"bnVsbA",`+rest), "header"},
		{"protected a space", flattened("hi", `"protected":"IA",`+rest), "header"},
		{"header null", flattened("hi", ec+`,"header":null`), "header"},
		{"header a string", flattened("hi", ec+`,"header":"e30"`), "header"},
		{"header a list", flattened("hi", ec+`,"header":[]`), "header"},
		{"header a number", flattened("hi", ec+`,"header":0`), "header"},
		{"header in the header in capitals", flattened("hi", ec+`,"header":{"KID":"a"}`), "header"},
		{"kid a number", flattened("hi", ec+`,"header":{"kid":1}`), "header"},
		{"kid unknown", flattened("hi", ec+`,"header":{"kid":"a"}`), "key"},

		{"signatures missing", `{"payload":"` + p + `"}`, "JSON"},
		{"signatures empty", `{"payload":"` + p + `","signatures":[]}`, "signatures"},
		{"signatures null", `{"payload":"` + p + `","signatures":null}`, "signatures"},
		{"signatures an object", `{"payload":"` + p + `","signatures":{` + ec + `}}`, "signatures"},
		{"signatures a string", `{"payload":"` + p + `","signatures":"AA"}`, "signatures"},
		{"signatures false", `{"payload":"` + p + `","signatures":false}`, "signatures"},
		{"nine", general("hi", slices.Repeat([]string{ec}, 9)...), "signatures"},
		{"of null", `{"payload":"` + p + `","signatures":[null]}`, "signatures"},
		{"of a string", `{"payload":"` + p + `","signatures":["AA"]}`, "signatures"},
		{"of a list", `{"payload":"` + p + `","signatures":[[]]}`, "signatures"},
		{"a good one and null", strings.Replace(gen, "]", ",null]", 1), "signatures"},
		{"of an empty object", general("hi", ""), "JSON"},
		{"a good one and an empty object", general("hi", ec, ""), "JSON"},
		{"a good one and one without a signature", general("hi", ec, head), "JSON"},
		{"a good one and one without JSON", general("hi", ec, `"protected":"AAAA",`+rest), "header"},
		{"a good one and one with a bad header", general("hi", ec, ec+`,"header":1`), "header"},
		{"both forms", strings.TrimSuffix(gen, "}") + "," + ec + "}", "signatures"},
		{"both forms, signature", strings.TrimSuffix(gen, "}") + `,"signature":"AA"}`, "signatures"},
		{"both forms, protected", strings.TrimSuffix(gen, "}") + `,"protected":"e30"}`, "signatures"},
		{"both forms, header", strings.TrimSuffix(gen, "}") + `,"header":{}}`, "signatures"},
		{"both forms, null", strings.TrimSuffix(gen, "}") + `,"header":null}`, "signatures"},
		{"both forms, signatures empty", strings.TrimSuffix(flat, "}") + `,"signatures":[]}`,
			"signatures"},
		{"general, no payload", `{"signatures":[{` + ec + `}]}`, "payload"},
		{"general, payload inside", `{"signatures":[{` + ec + `,"payload":"` + p + `"}]}`, "payload"},
		{"general, another payload", general("hI", ec), "signature"},
	} {
		wantNoJWS(t, tt.name, tt.text, jwsOptions(), tt.check)
	}
}

// RFC 7515, Sections 7.2.1 and 10.7: what decides is protected, and nothing is twice.
func TestVerifyJSONUnprotected(t *testing.T) {
	for _, tt := range []struct{ name, protected, unprotected, check string }{
		{"alg", `{}`, `{"alg":"ES256"}`, "alg"},
		{"alg beside kid", `{"kid":"ec"}`, `{"alg":"ES256"}`, "alg"},
		{"alg none", `{}`, `{"alg":"none"}`, "alg"},
		{"alg both", protectedEC, `{"alg":"ES256"}`, "header"},
		{"alg differently", protectedEC, `{"alg":"RS256"}`, "header"},
		{"alg a number", `{}`, `{"alg":1}`, "header"},
		{"kid both", `{"alg":"ES256","kid":"ec"}`, `{"kid":"ec"}`, "header"},
		{"kid differently", `{"alg":"ES256","kid":"ec"}`, `{"kid":"rsa"}`, "header"},
		{"an extension both", `{"alg":"ES256","x":1}`, `{"x":1}`, "header"},
		{"crit", `{"alg":"ES256"}`, `{"crit":["x"],"x":1}`, "crit"},
		{"crit of what is protected", `{"alg":"ES256","x":1}`, `{"crit":["x"]}`, "crit"},
		{"crit empty", `{"alg":"ES256"}`, `{"crit":[]}`, "crit"},
		{"what is critical", `{"alg":"ES256","crit":["x"]}`, `{"x":1}`, "crit"},
		{"b64", `{"alg":"ES256"}`, `{"b64":false}`, "crit"},
		{"b64 true", `{"alg":"ES256"}`, `{"b64":true}`, "crit"},
		{"b64 that is critical", `{"alg":"ES256","crit":["b64"]}`, `{"b64":false}`, "crit"},
		{"b64 both", `{"alg":"ES256","crit":["b64"],"b64":true}`, `{"b64":true}`, "header"},
		{"an attacker's jwk is not looked at", protectedEC, `{"jwk":{},"kid":"rsa"}`, "key"},
	} {
		signed := signPart(t, testEC(t), tt.protected, tt.unprotected, encode([]byte("hi")))
		o := jwsOptions()
		o.Critical = []string{"x"}
		wantNoJWS(t, tt.name, flattened("hi", signed), o, tt.check)
		wantNoJWS(t, tt.name+", general", general("hi", signed), o, tt.check)
	}
}

// One good signature is enough, and the JWS says which, whatever is beside it.
func TestVerifyJSONSeveral(t *testing.T) {
	p := encode([]byte("hi"))
	ec := signPart(t, testEC(t), `{"alg":"ES256","n":1}`, "", p)
	rsa := signPart(t, testRSA(t), `{"alg":"RS256","n":2}`, "", p)
	forged := signPart(t, attackersKey(t), `{"alg":"ES256","n":3}`, "", p)
	posing := signPart(t, attackersKey(t), `{"alg":"ES256","n":3}`, `{"kid":"ec"}`, p)
	other := signPart(t, testEC(t), `{"alg":"ES256","n":3}`, "", encode([]byte("other")))
	none := signPart(t, testEC(t), `{"alg":"none","n":3}`, "", p)
	unprotected := signPart(t, testEC(t), `{"n":3}`, `{"alg":"ES256"}`, p)
	unknown := signPart(t, testEC(t), `{"alg":"ES256","kid":"who","n":3}`, "", p)
	for _, tt := range []struct {
		name       string
		signatures []string
		key, n     string // none if refused
	}{
		{"the first of two", []string{ec, rsa}, "ec", "1"},
		{"the first of two others", []string{rsa, ec}, "rsa", "2"},
		{"behind an attacker's", []string{forged, rsa}, "rsa", "2"},
		{"before an attacker's", []string{ec, forged}, "ec", "1"},
		{"behind one with our key ID", []string{posing, ec}, "ec", "1"},
		{"behind one of another payload", []string{other, ec}, "ec", "1"},
		{"behind none", []string{none, ec}, "ec", "1"},
		{"behind an unprotected alg", []string{unprotected, rsa}, "rsa", "2"},
		{"behind an unknown key", []string{unknown, rsa}, "rsa", "2"},
		{"the eighth", append(slices.Repeat([]string{forged}, 7), rsa), "rsa", "2"},
		{"only attackers'", []string{forged, posing}, "", ""},
		{"only wrong ones", []string{none, unprotected, unknown, other}, "", ""},
	} {
		text := general("hi", tt.signatures...)
		if tt.key == "" {
			wantNoJWS(t, tt.name, text, jwsOptions(), "signature")
			continue
		}
		j := wantPayload(t, tt.name, text, jwsOptions(), "hi")
		if j.Key.ID() != tt.key || string(j.Header.Get("n")) != tt.n {
			t.Errorf("%s: got %s, %s", tt.name, j.Key.ID(), j.Header.Get("n"))
		}
	}
}

func TestVerifyJSONDetached(t *testing.T) {
	p := encode([]byte("hi"))
	ec := signPart(t, testEC(t), protectedEC, "", p)
	rsa := signPart(t, testRSA(t), protectedRSA, "", p)
	for _, text := range []string{"{" + ec + "}", `{"signatures":[{` + ec + `}]}`,
		`{"signatures":[{` + rsa + `},{` + ec + `}]}`} {
		o := jwsOptions()
		wantNoJWS(t, "missing", text, o, "payload")
		o.Payload = []byte("hi")
		wantPayload(t, "given", text, o, "hi")
		o.Payload = []byte("Hi")
		wantNoJWS(t, "another", text, o, "signature")
		o.Payload = []byte(p)
		wantNoJWS(t, "as it is signed", text, o, "signature")
		o.Payload = []byte{}
		wantNoJWS(t, "empty", text, o, "signature")
		for _, there := range []string{p, "", "YQ"} {
			o.Payload = []byte("hi")
			both := strings.Replace(text, "{", fmt.Sprintf(`{"payload":%q,`, there), 1)
			wantNoJWS(t, "there too", both, o, "payload")
			null := strings.Replace(text, "{", `{"payload":null,`, 1)
			wantNoJWS(t, "there too, null", null, o, "payload")
		}
	}
}

// RFC 7797: the payload stands in the JSON as it was signed.
func TestVerifyJSONUnencoded(t *testing.T) {
	for _, payload := range []string{"", "$.02", "a.b.c", "AAAA", "é\u2028<>&\"\\\x00\n",
		"\ufeff{}"} {
		ec := signPart(t, testEC(t), unencoded, "", payload)
		escaped, err := json.Marshal(payload)
		if err != nil {
			t.Fatal(err)
		}
		o := jwsOptions()
		flat := fmt.Sprintf(`{"payload":%s,%s}`, escaped, ec)
		wantPayload(t, payload, flat, o, payload)
		wantPayload(t, payload, fmt.Sprintf(`{"payload":%s,"signatures":[{%s}]}`, escaped, ec), o,
			payload)
		wantNoJWS(t, "another", strings.Replace(flat, `{"payload":"`, `{"payload":"x`, 1), o,
			"signature")
		wantNoJWS(t, "encoded", flattened(payload+"x", ec), o, "signature")
		if _, ok := decode(payload); !ok {
			left := signPart(t, testEC(t), protectedEC, "", payload)
			text := fmt.Sprintf(`{"payload":%s,%s}`, escaped, left)
			wantNoJWS(t, "b64 left out", text, o, "payload")
		}
		o.Payload = []byte(payload)
		wantPayload(t, "detached "+payload, "{"+ec+"}", o, payload)
	}
}

// RFC 7797, Section 3: b64 is the same for all.
func TestVerifyJSONMixed(t *testing.T) {
	const said = `{"alg":"RS256","b64":true,"crit":["b64"]}`
	o := jwsOptions()
	for _, payload := range []string{"AAAA", "", "$.02"} {
		off := signPart(t, testEC(t), unencoded, "", payload)
		for name, on := range map[string]string{
			"by default": signPart(t, testRSA(t), protectedRSA, "", payload),
			"said":       signPart(t, testRSA(t), said, "", payload),
		} {
			for _, list := range [][]string{{off, on}, {on, off}, {on, on, off}, {off, off, on}} {
				text := fmt.Sprintf(`{"payload":%q,"signatures":[{%s}]}`, payload,
					strings.Join(list, "},{"))
				wantNoJWS(t, name, text, o, "b64")
			}
		}
	}
	off := signPart(t, testEC(t), unencoded, "", "a.b")
	on := signPart(t, testRSA(t), protectedRSA, "", encode([]byte("a.b")))
	o.Payload = []byte("a.b")
	wantNoJWS(t, "detached", `{"signatures":[{`+off+`},{`+on+`}]}`, o, "b64")
	wantPayload(t, "all off", `{"signatures":[{`+off+`},{`+off+`}]}`, o, "a.b")
	both := signPart(t, testEC(t), `{"alg":"ES256","b64":true,"crit":["b64"]}`, "",
		encode([]byte("a.b")))
	wantPayload(t, "all on, said or not", `{"signatures":[{`+both+`},{`+on+`}]}`, o, "a.b")
}

// A key source is asked for each signature whose algorithm will do, with its header.
func TestVerifyJSONKeySource(t *testing.T) {
	p := encode([]byte("hi"))
	ec := signPart(t, testEC(t), protectedEC, `{"kid":"one"}`, p)
	rsa := signPart(t, testRSA(t), `{"alg":"RS256","kid":"two"}`, "", p)
	none := signPart(t, testEC(t), `{"alg":"none"}`, "", p)
	var asked []string
	keys := sourceFunc(func(h Header) ([]*Key, error) {
		asked = append(asked, h.Algorithm+" "+h.KeyID)
		return []*Key{testRSA(t)}, nil
	})
	j, err := VerifySignature(t.Context(), general("hi", none, ec, rsa, ec), keys, jwsOptions())
	if err != nil || j.Header.KeyID != "two" ||
		!slices.Equal(asked, []string{"ES256 one", "RS256 two"}) {
		t.Errorf("got %+v, %v, asked for %q", j, err, asked)
	}
	down := errors.New("down")
	broken := sourceFunc(func(Header) ([]*Key, error) { return nil, down })
	for _, text := range []string{flattened("hi", ec), general("hi", ec)} {
		j, err := VerifySignature(t.Context(), text, broken, jwsOptions())
		if j != nil || err != down {
			t.Errorf("got %+v, %v", j, err)
		}
	}
}

// The errors as a user reads them.
func TestVerifyJSONErrors(t *testing.T) {
	ec := signPart(t, testEC(t), protectedEC, "", "AAAA")
	for text, want := range map[string]string{
		`{`: "JSON must be one strict JSON object (RFC 7515, Section 7.2)",
		`{"signatures":1}`: "signatures must be 1 to 8, beside no other signature" +
			" (RFC 7515, Section 7.2.1)",
		`{"payload":"","signatures":[1]}`: "signatures must be objects (RFC 7515, Section 7.2.1)",
		`{}`:                              "payload must be a string (RFC 7515, Section 7.2.1)",
		`{"payload":""}`: "JSON must have base64url of one spelling and a signature" +
			" (RFC 7515, Section 7.2.1)",
		`{"payload":"",` + ec + `,"header":1}`: "header must be a strict JSON object" +
			" (RFC 7515, Section 7.2.1)",
		`{"payload":"",` + ec + `,"header":{"b64":1}}`: "crit must be protected, and b64 too" +
			" (RFC 7515, Section 4.1.11)",
		`{"payload":"",` + ec + `,"header":{"alg":1}}`: "header must have no parameter in two" +
			" places (RFC 7515, Section 7.2.1)",
		general("", ec, signPart(t, testEC(t), unencoded, "", "")): "b64 must be the same for all" +
			" (RFC 7797, Section 3)",
	} {
		if _, err := verifyJWS(t, text, jwsOptions()); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	o := jwsOptions()
	o.Payload = []byte{}
	const want = "payload must be absent, since it is given apart (RFC 7515, Appendix F)"
	for _, text := range []string{flattened("a", ec), signRaw(t, testEC(t), protectedEC, "a")} {
		if _, err := verifyJWS(t, text, o); err == nil || err.Error() != want {
			t.Errorf("got %v", err)
		}
	}
}

// Whatever verifies has a signature that verifies with the standard library alone
// over the one payload that is given out.
func FuzzJSON(f *testing.F) {
	keys := seedJWS(f, "flattened", "general")
	ec := signPart(f, testEC(f), protectedEC, `{"kid":"ec"}`, "AAAA")
	f.Add(`{"payload":"AAAA",`+ec+`}`, []byte(nil))
	f.Add(`{"payload":"AAAA","signatures":[{`+ec+`},{`+ec+`}]}`, []byte(nil))
	f.Add(`{"signatures":[{`+signPart(f, testEC(f), unencoded, "", "a.b")+`}]}`, []byte("a.b"))
	f.Add(`{"payload":"","signatures":[],"signature":""}`, []byte(nil))
	f.Fuzz(func(t *testing.T, in string, detached []byte) {
		if !isJSON(in) {
			return
		}
		o := VerifyOptions{Algorithms: SignatureAlgorithms(), Payload: detached, MaxSize: 1 << 30}
		j, err := VerifySignature(t.Context(), in, keys, o)
		m, errParse := parseJSONJWS(in, detached, []string{"b64"})
		which := 0
		for which < len(m.signatures) && !independently(keys, m, which) {
			which++
		}
		if (err == nil) != (errParse == nil && which < len(m.signatures)) {
			t.Fatalf("%s: got %v, and signature %d", in, err, which)
		}
		if err == nil {
			checkFuzzedJSON(t, in, detached, j, m.headers[which])
		}
	})
}

func checkFuzzedJSON(t *testing.T, in string, detached []byte, j *JWS, h Header) {
	t.Helper()
	var outside struct{ Payload *string }
	if err := json.Unmarshal([]byte(in), &outside); err != nil {
		t.Fatal(err)
	}
	payload := string(detached)
	if outside.Payload != nil && detached != nil {
		t.Fatalf("%s: two payloads", in)
	} else if detached == nil {
		payload = *outside.Payload
	}
	if detached == nil && isEncoded(h) {
		b, ok := decode(payload)
		if payload = string(b); !ok {
			t.Fatalf("%s: a payload that is not encoded", in)
		}
	}
	if string(j.Payload) != payload || fields(j.Header) != fields(h) || !j.Key.serves(h.Algorithm) {
		t.Fatalf("%s: got %+v", in, j)
	}
}

// What is not protected names no encryption either.
func TestVerifyUnprotectedEncryption(t *testing.T) {
	p := encode([]byte("hi"))
	j, err := verifyJWS(t, flattened("hi", signPart(t, testEC(t), protectedEC, `{"enc":"EVIL"}`, p)),
		jwsOptions())
	if err != nil || j.Header.Encryption != "" {
		t.Errorf("got %+v, %v", j, err)
	}
}
