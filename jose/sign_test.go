package jose

import (
	"crypto"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"testing"
)

// sharedKey is a key for HS256.
func sharedKey(t testing.TB) *Key {
	t.Helper()
	return newKey(t, []byte(strings.Repeat("s", 32)), KeyOptions{ID: "oct", Algorithm: "HS256"})
}

func TestSign(t *testing.T) {
	everything := SignOptions{Algorithm: "ES256", Type: "at+jwt", ContentType: "a/b",
		Header:   map[string]any{"z": []int{1}, "jku": "https://example.com", "a": nil, "<": "é"},
		Critical: []string{"z", "a"}}
	for _, tt := range []struct {
		name   string
		key    *Key
		o      SignOptions
		header string
	}{
		{"zero options", testRSA(t), SignOptions{}, `{"alg":"RS256","kid":"rsa"}`},
		{"zero options, symmetric", sharedKey(t), SignOptions{}, `{"alg":"HS256","kid":"oct"}`},
		{"the first algorithm", newKey(t, rsaPrivate(t), KeyOptions{}), SignOptions{},
			`{"alg":"` + rsaKey{}.algorithms()[0] + `"}`},
		{"another algorithm", newKey(t, rsaPrivate(t), KeyOptions{}), SignOptions{Algorithm: "PS512"},
			`{"alg":"PS512"}`},
		{"everything", testEC(t), everything, `{"alg":"ES256","kid":"ec","typ":"at+jwt","cty":"a/b",` +
			`"<":"é","a":null,"jku":"https://example.com","z":[1],"crit":["z","a"]}`},
		{"no ID", newKey(t, ecPrivate(t), KeyOptions{}), SignOptions{Type: "JWT"},
			`{"alg":"ES256","typ":"JWT"}`},
		{"an empty header", testEC(t), SignOptions{Header: map[string]any{}, Critical: []string{}},
			`{"alg":"ES256","kid":"ec"}`},
		{"a header of more than 256 bytes", testEC(t),
			SignOptions{Header: map[string]any{"x": strings.Repeat("a", 1000)}},
			`{"alg":"ES256","kid":"ec","x":"` + strings.Repeat("a", 1000) + `"}`},
	} {
		compact, err := Sign([]byte("payload\x00"), tt.key, tt.o)
		want := encode([]byte(tt.header)) + "." + encode([]byte("payload\x00")) + "."
		if err != nil || !strings.HasPrefix(compact, want) {
			t.Fatalf("%s: got %s, %v, want %s", tt.name, compact, err, want)
		}
		wantSignedBy(t, tt.name, compact, tt.key, tt.o, "payload\x00")
	}
}

// wantSignedBy verifies what was made with options.
func wantSignedBy(t *testing.T, name, text string, key *Key, o SignOptions, payload string) *JWS {
	t.Helper()
	v := VerifyOptions{Algorithms: SignatureAlgorithms(), Critical: o.Critical}
	if o.Detached {
		v.Payload = []byte(payload)
	}
	j, err := VerifySignature(t.Context(), text, NewSet(key), v)
	if err != nil || string(j.Payload) != payload || j.Key != key || j.Header.KeyID != key.ID() ||
		j.Header.Type != o.Type || j.Header.ContentType != o.ContentType {
		t.Fatalf("%s: got %+v, %v", name, j, err)
	}
	return j
}

// Options must not be able to say what they do not say (GHSA-4cf7-xm37-g63h).
func TestCanSign(t *testing.T) {
	private := testEC(t)
	text, err := private.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	public, err := ParseKey(text)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, algorithm string
		key             *Key
		want            bool
	}{
		{"private", "", private, true},
		{"private, its algorithm", "ES256", private, true},
		{"private, another", "ES384", private, false},
		{"private, unknown", "none", private, false},
		{"public", "", public, false},
		{"secret", "", newKey(t, make([]byte, 32), KeyOptions{}), true},
		{"secret, too short for it", "HS512", newKey(t, make([]byte, 32), KeyOptions{}), false},
		{"none", "", nil, false},
		{"zero", "", &Key{}, false},
	} {
		if got := tt.key.CanSign(tt.algorithm); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestSignBreakingOut(t *testing.T) {
	for _, text := range []string{`","alg":"none`, `"}`, `\","alg":"none`, "\u2028", "</script>",
		"\x00"} {
		key := newKey(t, ecPrivate(t), KeyOptions{ID: text})
		o := SignOptions{Type: text, ContentType: text, Header: map[string]any{text: text},
			Critical: []string{text}}
		compact, err := Sign(nil, key, o)
		if err != nil {
			t.Fatal(err)
		}
		j := wantSignedBy(t, text, compact, key, o, "")
		want, _ := json.Marshal(text)
		if fields(j.Header) != [5]string{"ES256", "", text, text, text} ||
			j.Header.Get("crit") == nil || !sameValue(t, j.Header.Get(text), want) {
			t.Errorf("%q: got %+v", text, j.Header)
		}
		issued, err := Issue(Claims{ExpiresAt: now, Issuer: text, Audience: []string{text, text},
			Other: map[string]any{text: text}}, key, SignOptions{})
		if err != nil {
			t.Fatal(err)
		}
		j = wantSignedBy(t, text, issued, key, SignOptions{Type: "JWT"}, payloadOf(t, issued))
		if m := vectorObject(t, j.Payload); len(m) != 4 || m[text] != text || m["iss"] != text {
			t.Errorf("%q: got %s", text, j.Payload)
		}
	}
}

// payloadOf decodes the payload of a compact serialization.
func payloadOf(t testing.TB, compact string) string {
	t.Helper()
	return string(vectorOctets(t, strings.Split(compact, ".")[1]))
}

func sameValue(t *testing.T, a, b []byte) bool {
	t.Helper()
	var x, y any
	return json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil && x == y
}

// The same options make the same octets.
func TestSignDeterministic(t *testing.T) {
	o := SignOptions{Header: map[string]any{"b": 1, "a": 2, "c": map[string]int{"y": 1, "x": 2}}}
	want, err := Sign([]byte("a"), testRSA(t), o)
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		if got, err := Sign([]byte("a"), testRSA(t), o); err != nil || got != want {
			t.Fatalf("got %s, %v", got, err)
		}
	}
}

// anySigner is a Signer that is no pointer, as of an HSM, and may be out of order.
type anySigner struct {
	*rsa.PrivateKey
	err error
}

func (s anySigner) Sign(random io.Reader, digest []byte, o crypto.SignerOpts) ([]byte, error) {
	if s.err != nil {
		return nil, s.err
	}
	return s.PrivateKey.Sign(random, digest, o)
}

// onlyDecrypts is a Decrypter, as of an HSM, that signs nothing.
type onlyDecrypts struct{ private *rsa.PrivateKey }

func (d onlyDecrypts) Public() crypto.PublicKey { return d.private.Public() }

func (d onlyDecrypts) Decrypt(random io.Reader, b []byte, o crypto.DecrypterOpts) ([]byte, error) {
	return d.private.Decrypt(random, b, o)
}

// onlyTo returns the private key of RFC 7515, Appendix A.3, for one operation.
func onlyTo(t testing.TB, operation string) *Key {
	t.Helper()
	jwk := vectorObject(t, publishedKey(t, "rfc7515", "A.3"))
	jwk["key_ops"] = []string{operation}
	text, err := json.Marshal(jwk)
	if err != nil {
		t.Fatal(err)
	}
	return parsePrivate(t, text)
}

// Keys that cannot sign, or not so.
func TestSignRefusesKeys(t *testing.T) {
	for _, tt := range []struct {
		name string
		key  *Key
		o    SignOptions
	}{
		{"nil", nil, SignOptions{}},
		{"nil, with an algorithm", nil, SignOptions{Algorithm: "ES256"}},
		{"zero", &Key{}, SignOptions{}},
		{"zero, with an algorithm", &Key{}, SignOptions{Algorithm: "HS256"}},
		{"public", newKey(t, &ecPrivate(t).PublicKey, KeyOptions{}), SignOptions{}},
		{"public RSA", newKey(t, &rsaPrivate(t).PublicKey, KeyOptions{}),
			SignOptions{Algorithm: "RS256"}},
		{"another's algorithm", testEC(t), SignOptions{Algorithm: "RS256"}},
		{"another curve's", testEC(t), SignOptions{Algorithm: "ES384"}},
		{"one that it is not for", testRSA(t), SignOptions{Algorithm: "PS256"}},
		{"none", testEC(t), SignOptions{Algorithm: "none"}},
		{"None", testEC(t), SignOptions{Algorithm: "None"}},
		{"HS256", testRSA(t), SignOptions{Algorithm: "HS256"}},
		{"one for encryption", newKey(t, rsaPrivate(t), KeyOptions{}),
			SignOptions{Algorithm: "RSA-OAEP"}},
		{"for encryption", newKey(t, rsaPrivate(t), KeyOptions{Use: "enc"}), SignOptions{}},
		{"for key wrapping", newKey(t, []byte(strings.Repeat("s", 32)),
			KeyOptions{Algorithm: "A256KW"}), SignOptions{}},
		{"one that only decrypts", newKey(t, onlyDecrypts{rsaPrivate(t)}, KeyOptions{}),
			SignOptions{Algorithm: "RS256"}},
		{"only to verify", onlyTo(t, "verify"), SignOptions{}},
	} {
		compact, err := Sign([]byte("payload"), tt.key, tt.o)
		wantCheck(t, tt.name, err, "key")
		text, errJSON := SignJSON([]byte("payload"), []*Key{tt.key}, tt.o)
		wantCheck(t, tt.name+", JSON", errJSON, "key")
		_, errSecond := SignJSON([]byte("payload"), []*Key{testEC(t), tt.key}, tt.o)
		wantCheck(t, tt.name+", second", errSecond, "key")
		issued, errIssue := Issue(Claims{ExpiresAt: now}, tt.key, tt.o)
		wantCheck(t, tt.name+", token", errIssue, "key")
		if compact != "" || text != nil || issued != "" {
			t.Errorf("%s: got %q, %q and %q beside an error", tt.name, compact, text, issued)
		}
	}
	wantSigns(t, onlyTo(t, "sign"))
}

func wantSigns(t *testing.T, key *Key) {
	t.Helper()
	if _, err := Sign(nil, key, SignOptions{}); err != nil {
		t.Error(err)
	}
}

// The error of an HSM is the caller's to see.
func TestSignPassesErrors(t *testing.T) {
	broken := errors.New("the HSM is out of order")
	key := newKey(t, anySigner{rsaPrivate(t), broken}, KeyOptions{})
	if compact, err := Sign(nil, key, SignOptions{}); compact != "" || !errors.Is(err, broken) {
		t.Errorf("got %s, %v", compact, err)
	}
	if text, err := SignJSON(nil, []*Key{testEC(t), key}, SignOptions{}); text != nil ||
		!errors.Is(err, broken) {
		t.Errorf("got %s, %v", text, err)
	}
	wantSigns(t, newKey(t, anySigner{rsaPrivate(t), nil}, KeyOptions{}))
}

func TestSignRefusesOptions(t *testing.T) {
	for _, tt := range []struct {
		name  string
		o     SignOptions
		check string
	}{
		{"alg", SignOptions{Header: map[string]any{"alg": "none"}}, "header"},
		{"kid", SignOptions{Header: map[string]any{"kid": "a"}}, "header"},
		{"typ", SignOptions{Header: map[string]any{"typ": "a"}}, "header"},
		{"cty", SignOptions{Header: map[string]any{"cty": "a"}}, "header"},
		{"crit", SignOptions{Header: map[string]any{"crit": []string{"x"}, "x": 1}}, "header"},
		{"b64", SignOptions{Header: map[string]any{"b64": false}}, "header"},
		{"b64, critical", SignOptions{Header: map[string]any{"b64": false}, Critical: []string{"b64"}},
			"header"},
		{"enc", SignOptions{Header: map[string]any{"enc": "A128GCM"}}, "header"},
		{"zip", SignOptions{Header: map[string]any{"zip": "DEF"}}, "header"},
		{"crit that is not there", SignOptions{Critical: []string{"x"}}, "crit"},
		{"crit of ours", SignOptions{Unencoded: true, Critical: []string{"b64"}}, "crit"},
		{"crit of what is registered", SignOptions{Header: map[string]any{"jku": ""},
			Critical: []string{"jku"}}, "crit"},
	} {
		compact, err := Sign([]byte("payload"), testEC(t), tt.o)
		wantCheck(t, tt.name, err, tt.check)
		text, err := SignJSON([]byte("payload"), []*Key{testEC(t)}, tt.o)
		wantCheck(t, tt.name, err, tt.check)
		if compact != "" || text != nil {
			t.Errorf("%s: got %q, %q beside an error", tt.name, compact, text)
		}
	}
	for _, v := range []any{math.NaN(), func() {}, make(chan int), json.RawMessage("{")} {
		o := SignOptions{Header: map[string]any{"x": v}}
		if compact, err := Sign([]byte("payload"), testEC(t), o); compact != "" || err == nil {
			t.Errorf("%T: got %q, %v", v, compact, err)
		}
	}
}

// RFC 7797 in what is made: what cannot be sent is not signed.
func TestSignUnencoded(t *testing.T) {
	key := testEC(t)
	for _, tt := range []struct {
		payload       string
		compact, json bool // whether it can be sent so; detached, everything can
	}{
		{"", true, true},
		{"$02 ~!\"\\", true, true},
		{"a.b", false, true},
		{".", false, true},
		{"\x1f", false, true},
		{"a\n", false, true},
		{"\x7f", false, true},
		{"é", false, true},
		{"\u2028<>&\x00", false, true},
		{"\xff", false, false},
		{"\xed\xa0\x80", false, false},
	} {
		for _, detached := range []bool{false, true} {
			o := SignOptions{Unencoded: true, Detached: detached}
			compact, err := Sign([]byte(tt.payload), key, o)
			checkUnencoded(t, key, tt.payload, compact, err, o, tt.compact)
			text, err := SignJSON([]byte(tt.payload), []*Key{key}, o)
			checkUnencoded(t, key, tt.payload, string(text), err, o, tt.json)
		}
	}
}

func checkUnencoded(t *testing.T, key *Key, payload, text string, err error, o SignOptions,
	attached bool) {
	t.Helper()
	if !attached && !o.Detached {
		wantCheck(t, fmt.Sprintf("%q", payload), err, "payload")
		if text != "" {
			t.Errorf("%q: got %s beside an error", payload, text)
		}
		return
	}
	if err != nil {
		t.Fatalf("%q: %v", payload, err)
	}
	j := wantSignedBy(t, payload, text, key, o, payload)
	if string(j.Header.Get("b64")) != "false" || string(j.Header.Get("crit")) != `["b64"]` {
		t.Errorf("%q: got %+v", payload, j.Header)
	}
}

func TestSignDetached(t *testing.T) {
	key := testRSA(t)
	for _, payload := range []string{"", "payload", "a.b\xff"} {
		for _, unencoded := range []bool{false, true} {
			o := SignOptions{Detached: true, Unencoded: unencoded, Type: "a"}
			compact, err := Sign([]byte(payload), key, o)
			parts := strings.Split(compact, ".")
			if err != nil || len(parts) != 3 || parts[1] != "" {
				t.Fatalf("%q: got %s, %v", payload, compact, err)
			}
			wantSignedBy(t, payload, compact, key, o, payload)
		}
		o := SignOptions{Detached: true}
		compact, err := Sign([]byte(payload), key, o)
		attached, errAttached := Sign([]byte(payload), key, SignOptions{})
		if err != nil || errAttached != nil ||
			strings.Replace(compact, "..", "."+encode([]byte(payload))+".", 1) != attached {
			t.Errorf("%q: got %s and %s", payload, compact, attached)
		}
	}
}

// memberNames returns the names of a JSON object's members, sorted.
func memberNames(t *testing.T, text []byte) string {
	t.Helper()
	return strings.Join(sortedKeys(vectorObject(t, text)), " ")
}

func TestSignJSON(t *testing.T) {
	ec, rsa, oct := testEC(t), testRSA(t), sharedKey(t)
	for _, tt := range []struct {
		name string
		keys []*Key
		o    SignOptions
		want string
	}{
		{"one", []*Key{ec}, SignOptions{}, "payload protected signature"},
		{"one, detached", []*Key{ec}, SignOptions{Detached: true}, "protected signature"},
		{"two", []*Key{ec, rsa}, SignOptions{Type: "a"}, "payload signatures"},
		{"three, detached", []*Key{ec, rsa, oct}, SignOptions{Detached: true}, "signatures"},
		{"three, unencoded", []*Key{ec, rsa, oct}, SignOptions{Unencoded: true}, "payload signatures"},
		{"eight", slices.Repeat([]*Key{oct}, 8), SignOptions{}, "payload signatures"},
		{"with an extension", []*Key{ec, oct}, SignOptions{Header: map[string]any{"x": 1},
			Critical: []string{"x"}}, "payload signatures"},
	} {
		for _, payload := range []string{"hi", "", "a.b", "\xff"} {
			if payload == "\xff" && tt.o.Unencoded {
				continue
			}
			text, err := SignJSON([]byte(payload), tt.keys, tt.o)
			if err != nil || memberNames(t, text) != tt.want {
				t.Fatalf("%s: got %s, %v", tt.name, text, err)
			}
			for _, key := range tt.keys {
				wantSignedBy(t, tt.name, string(text), key, tt.o, payload)
			}
		}
	}
}

// Each key signs with its own algorithm, or all with the one that was asked for.
func TestSignJSONAlgorithms(t *testing.T) {
	first, second := newKey(t, rsaPrivate(t), KeyOptions{ID: "1"}), testRSA(t)
	text, err := SignJSON(nil, []*Key{testEC(t), first, second}, SignOptions{})
	if err != nil {
		t.Fatal(err)
	}
	m, err := parseJSONJWS(string(text), nil, nil)
	var got []string
	for _, h := range m.headers {
		got = append(got, h.Algorithm+" "+h.KeyID)
	}
	if want := []string{"ES256 ec", first.Algorithms()[0] + " 1", "RS256 rsa"}; err != nil ||
		!slices.Equal(got, want) {
		t.Errorf("got %q, %v", got, err)
	}
	_, err = SignJSON(nil, []*Key{first, second}, SignOptions{Algorithm: "RS256"})
	if err != nil {
		t.Error(err)
	}
	_, err = SignJSON(nil, []*Key{first, second}, SignOptions{Algorithm: "PS256"})
	wantCheck(t, "one that cannot", err, "key")
}

func TestSignJSONRefuses(t *testing.T) {
	for name, keys := range map[string][]*Key{
		"no keys": nil, "an empty list": {}, "nine": slices.Repeat([]*Key{testEC(t)}, 9),
	} {
		text, err := SignJSON([]byte("a"), keys, SignOptions{})
		wantCheck(t, name, err, "keys")
		if text != nil {
			t.Errorf("%s: got %s", name, text)
		}
	}
}

// The errors as a user reads them.
func TestSignErrors(t *testing.T) {
	for want, o := range map[string]SignOptions{
		"key must be one that signs with the algorithm (RFC 7515, Section 5.1)": {Algorithm: "a"},
		"header must have parameters that JSON can say, and none that this package sets" +
			" (RFC 7515, Section 4)": {
			Header: map[string]any{"alg": 1}},
		"crit must name, once, extensions that are there and understood" +
			" (RFC 7515, Section 4.1.11)": {
			Critical: []string{"x"}},
		"payload must be printable ASCII without a full stop (RFC 7797, Section 5.2)": {
			Unencoded: true},
	} {
		if _, err := Sign([]byte("."), testEC(t), o); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	_, err := SignJSON([]byte("\xff"), []*Key{testEC(t)}, SignOptions{Unencoded: true})
	if err == nil || err.Error() != "payload must be UTF-8 (RFC 7797, Section 5.3)" {
		t.Errorf("got %v", err)
	}
	_, err = SignJSON(nil, nil, SignOptions{})
	if err == nil || err.Error() != "keys must be 1 to 8 (RFC 7515, Section 7.2.1)" {
		t.Errorf("got %v", err)
	}
}

// The ID that a key is known by elsewhere goes before its own.
func TestSignKeyID(t *testing.T) {
	token, err := Sign(nil, testRSA(t), SignOptions{KeyID: "other"})
	if err != nil {
		t.Fatal(err)
	}
	header, _, _ := strings.Cut(token, ".")
	text, err := base64.RawURLEncoding.DecodeString(header)
	if err != nil || string(text) != `{"alg":"RS256","kid":"other"}` {
		t.Errorf("header is %s, %v", text, err)
	}
}
