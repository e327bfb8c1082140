package strictjson

import (
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

// seeds are headers, claims, keys, metadata and token responses, honest and not.
var seeds = []string{
	idToken,
	`{"alg":"RS256","kid":"2026-11","typ":"JWT"}`,
	`{"typ":"JWT",` + "\r\n" + ` "alg":"HS256"}`,
	`{"alg":"ES256","b64":false,"crit":["b64"]}`,
	`{"alg":"ECDH-ES","enc":"A128GCM","epk":{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}}`,
	`{"alg":"none","alg":"RS256"}`,
	`{"alg":"none","\u0061lg":"RS256"}`,
	`{"ALG":"none","alg":"RS256"}`,
	`{"alg":"RS256","crit":[],"jku":"file:///etc/passwd","kid":"../../dev/null"}`,
	`{"alg":"PBES2-HS256+A128KW","p2c":1e99,"p2s":"AA"}`,
	"{\"i\u017fs\":\"https://evil.example\",\"iss\":\"https://login.example.com\"}",
	"{\"\u212aid\":\"1\",\"kid\":\"2\"}",
	`{"iss":"joe","exp":1300819380,"http://example.com/is_root":true}`,
	`{"exp":1e30,"nbf":-1,"iat":1300819380.999,"aud":[["a"]],"sub":null}`,
	`{"exp":"1300819380","EXP":9999999999,"aud":["a","b",1]}`,
	`{"x\":0,\"admin":true}`,
	`{"keys":[{"kty":"RSA","n":"0vx7ago","e":"AQAB","alg":"RS256","use":"sig","kid":"1"},` +
		`{"kty":"EC","crv":"P-256","x":"MKBC","y":"4Etl","key_ops":["verify"]},` +
		`{"kty":"OKP","crv":"Ed25519","x":"11qY"},{"kty":"AKP","alg":"ML-DSA-44","pub":"AA"}]}`,
	`{"payload":"eyJ9","signatures":[{"header":{"kid":"1"},"signature":"AA"},{"protected":"e30"}]}`,
	`{"access_token":"2YotnFZFEjr1zCsicMWpAA","token_type":"Bearer","expires_in":"3600","scope":""}`,
	`{"error":"invalid_grant","error_description":"\u003cb\u003e\/ \ud83d\ude00 é"}`,
	`{"":"\"\\\/\b\f\n\r\t\u0000","` + "\u017f" + `":"` + "\ufffd" + `"}`,
	`{"a":[1,-2.5e+3,true,null,"x",{}],"A":{"a":{"a":[]}}}`,
	`{"a":-0,"b":1e-400,"c":1e308,"d":179769313486231570000}`,
	`{"a":{"b":1,"b":2}}`, `{"a":"\ud834"}`, `{"a":1}x`, "\ufeff{}", `[]`, ``,
}

// known is a struct that encoding/json fills from a text's members.
type known struct {
	Issuer  json.RawMessage `json:"iss"`
	KeyID   json.RawMessage `json:"kid"`
	Alg     json.RawMessage `json:"alg"`
	Expires json.RawMessage `json:"exp"`
}

// Whatever is accepted, encoding/json accepts and reads as the same: the two never
// disagree about one text.
func FuzzParse(f *testing.F) {
	for _, seed := range seeds {
		f.Add(seed)
	}
	for _, tt := range accepted {
		f.Add(tt.text)
	}
	for _, tt := range refused {
		f.Add(tt.text)
	}
	f.Fuzz(func(t *testing.T, data string) {
		obj, err := Parse(data, "iss", "kid", "alg", "exp")
		if err != nil {
			e, ok := errors.AsType[*SyntaxError](err)
			if !ok || obj.Len() > 0 || e.Offset < 0 || e.Offset > len(data) {
				t.Fatalf("%q: got %v, %v", data, obj, err)
			}
			return
		}
		if !utf8.ValidString(data) {
			t.Fatalf("accepted %q", data)
		}
		var theirs map[string]any
		if err := json.Unmarshal([]byte(data), &theirs); err != nil {
			t.Fatalf("accepted %q: %v", data, err)
		}
		compareObject(t, obj, theirs)
		compareKnown(t, data, obj)
	})
}

// compareKnown checks that encoding/json fills no field from another member.
func compareKnown(t *testing.T, data string, obj Object) {
	t.Helper()
	var v known
	if err := json.Unmarshal([]byte(data), &v); err != nil {
		t.Fatal(err)
	}
	for name, theirs := range map[string]json.RawMessage{
		"iss": v.Issuer, "kid": v.KeyID, "alg": v.Alg, "exp": v.Expires,
	} {
		if ours := obj.Get(name); string(ours) != string(theirs) {
			t.Fatalf("%s is %q, and encoding/json has %q", name, ours, theirs)
		}
	}
}

func compareObject(t *testing.T, ours Object, theirs map[string]any) {
	t.Helper()
	if ours.Len() != len(theirs) {
		t.Fatalf("%d members, and encoding/json has %d", ours.Len(), len(theirs))
	}
	for name, v := range ours.All() {
		value, ok := theirs[name]
		if !ok || ours.Get(name) != v {
			t.Fatalf("a member %q", name)
		}
		compare(t, v, value)
	}
}

// compare checks that every method says of a value what encoding/json does.
func compare(t *testing.T, v Value, theirs any) {
	t.Helper()
	text, isString := v.String()
	wantText, wantString := theirs.(string)
	truth, isBool := v.Bool()
	wantTruth, wantBool := theirs.(bool)
	if text != wantText || isString != wantString || truth != wantTruth || isBool != wantBool ||
		v.IsNull() != (theirs == nil) {
		t.Fatalf("%q is another value than %v", v, theirs)
	}
	compareNumber(t, v, theirs)
	compareArray(t, v, theirs)
	if members, ok := theirs.(map[string]any); ok {
		obj, err := Parse(string(v))
		if err != nil {
			t.Fatalf("%q: %v", v, err)
		}
		compareObject(t, obj, members)
	}
}

func compareNumber(t *testing.T, v Value, theirs any) {
	t.Helper()
	f, isNumber := theirs.(float64)
	if ours, err := strconv.ParseFloat(string(v), 64); isNumber && (err != nil || ours != f) {
		t.Fatalf("%q is another number than %v", v, f)
	}
	seconds, ok := v.Seconds()
	if ok != (isNumber && math.Abs(f) <= maxSeconds) || ok && float64(seconds) != math.Trunc(f) {
		t.Fatalf("%q is %d seconds, %v", v, seconds, ok)
	}
}

func compareArray(t *testing.T, v Value, theirs any) {
	t.Helper()
	want, isArray := theirs.([]any)
	list, ok := v.Array()
	if ok != isArray || len(list) != len(want) {
		t.Fatalf("%q has other elements than %v", v, want)
	}
	var wantStrings []string
	for i, e := range list {
		compare(t, e, want[i])
		if s, ok := want[i].(string); ok {
			wantStrings = append(wantStrings, s)
		}
	}
	strs, ok := v.Strings()
	if ok != (isArray && len(wantStrings) == len(want)) || ok && !slices.Equal(strs, wantStrings) {
		t.Fatalf("%q has strings %q, %v", v, strs, ok)
	}
}

// What is at a place is a value of the text, as encoding/json has it there.
func FuzzAt(f *testing.F) {
	for _, seed := range seeds {
		f.Add(seed, "/a/0")
	}
	for _, place := range []string{"", "/", "//", "a", "/a", "/a/1", "/a/5/0", "/a/00", "/a/-",
		"/A/a/a", "/a~1b", "/~01", "~1", "/~", "/~2", "/a/65536", "/a/99999999999999999999",
		"/a/5", "\xff", "/\xff/0", "/aud/0/0", "/keys/0/kid", strings.Repeat("/a", 100)} {
		f.Add(`{"a":[1,-2.5e+3,true,null,"x",{"":0}],"A":{"a":{"a":[]}},"a/b":1,"~1":2}`, place)
		f.Add(nested(`{"a":`, "}", MaxDepth), place)
	}
	f.Fuzz(func(t *testing.T, data, place string) {
		obj, err := Parse(data)
		got := obj.At(place)
		if err != nil {
			if got != "" {
				t.Fatalf("%q is refused, and has %q at %q", data, got, place)
			}
			return
		}
		if !strings.Contains(data, string(got)) {
			t.Fatalf("%q has %q at %q", data, got, place)
		}
		var theirs any
		if err := json.Unmarshal([]byte(data), &theirs); err != nil {
			t.Fatal(err)
		}
		theirs, ok := lookUp(theirs, place)
		if ok != (got != "") {
			t.Fatalf("%q has %q at %q, and encoding/json %v", data, got, place, theirs)
		}
		if ok {
			compare(t, got, theirs)
		}
	})
}

// lookUp is RFC 6901, Section 4.
func lookUp(v any, place string) (any, bool) {
	if !strings.HasPrefix(place, "/") {
		member, ok := v.(map[string]any)[place]
		return member, ok
	}
	for _, token := range strings.Split(place, "/")[1:] {
		token = strings.ReplaceAll(strings.ReplaceAll(token, "~1", "/"), "~0", "~")
		switch in := v.(type) {
		case map[string]any:
			member, ok := in[token]
			if !ok {
				return nil, false
			}
			v = member
		case []any:
			i, err := strconv.Atoi(token)
			if err != nil || i < 0 || i >= len(in) || strconv.Itoa(i) != token {
				return nil, false
			}
			v = in[i]
		default:
			return nil, false
		}
	}
	return v, true
}
