package jose

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestClaims(t *testing.T) {
	compact := signRaw(t, testEC(t), header,
		payload(claim{"email", `"a@b.example"`}, claim{"n", "12345678901234567"}))
	tok := wantAccepted(t, "", newVerifier(t, config(t)), compact)
	var v struct {
		Email string
		N     int64 `json:"n"`
	}
	if err := tok.Claims(&v); err != nil || v.Email != "a@b.example" {
		t.Errorf("without a tag: got %+v, %v", v, err)
	}
	var exact struct {
		Email string `json:"email"`
		N     int64  `json:"n"`
	}
	if err := tok.Claims(&exact); err != nil || exact.Email != "a@b.example" ||
		exact.N != 12345678901234567 {
		t.Errorf("got %+v, %v", exact, err)
	}
	var all map[string]json.RawMessage
	if err := tok.Claims(&all); err != nil || len(all) != 7 {
		t.Errorf("got %d claims, %v", len(all), err)
	}
	var wrong struct {
		Email int `json:"email"`
	}
	for name, v := range map[string]any{"wrong type": &wrong, "no pointer": exact, "nil": nil} {
		if err := tok.Claims(v); err == nil || strings.Contains(err.Error(), "b.example") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// A claim that the application reads cannot be shadowed by another spelling of it.
func TestClaimsFolded(t *testing.T) {
	compact := signRaw(t, testEC(t), header,
		payload(claim{"roles", `"none"`}, claim{"role\u017f", `"admin"`}))
	tok := wantAccepted(t, "", newVerifier(t, config(t)), compact)
	var v struct {
		Roles string `json:"roles"`
	}
	if err := tok.Claims(&v); err == nil || v.Roles != "" {
		t.Errorf("got %+v, %v", v, err)
	}
}

func TestZeroToken(t *testing.T) {
	var tok Token
	v := map[string]any{}
	if err := tok.Claims(&v); err != nil || len(v) != 0 || tok.Claim("sub") != "" {
		t.Errorf("got %v, %v", v, err)
	}
}

// RFC 7519, Section 4.1: each registered claim, absent, of another value, and of
// another type.
func TestVerifyClaims(t *testing.T) {
	v := newVerifier(t, config(t))
	for _, tt := range []struct {
		name, text, check string // check "" is accepted
	}{
		{"iss", `"https://issuer.example"`, ""},
		{"iss", ``, "iss"},
		{"iss", `""`, "iss"},
		{"iss", `"https://attacker.example"`, "iss"},
		{"iss", `"https://issuer.example/"`, "iss"},
		{"iss", `"https://ISSUER.example"`, "iss"},
		{"iss", `"https://issuer.exampl"`, "iss"},
		{"iss", `"https://issuer.example.attacker.example"`, "iss"},
		{"iss", `" https://issuer.example"`, "iss"},
		{"iss", `"https://issuer.example\u0000"`, "iss"},
		{"iss", `["https://issuer.example"]`, "claims"},
		{"iss", `["https://attacker.example","https://issuer.example"]`, "claims"},
		{"iss", `null`, "claims"},
		{"iss", `1`, "claims"},
		{"iss", `{"https://issuer.example":1}`, "claims"},

		{"aud", `["https://api.example"]`, ""},
		{"aud", `["a","https://api.example","b"]`, ""},
		{"aud", ``, "aud"},
		{"aud", `""`, "aud"},
		{"aud", `[]`, "aud"},
		{"aud", `[""]`, "aud"},
		{"aud", `"https://other.example"`, "aud"},
		{"aud", `"https://api.example/"`, "aud"},
		{"aud", `"https://api.exampl"`, "aud"},
		{"aud", `"https://API.example"`, "aud"},
		{"aud", `"a https://api.example"`, "aud"},
		{"aud", `["a","b"]`, "aud"},
		{"aud", `[["https://api.example"]]`, "claims"},
		{"aud", `["https://api.example",1]`, "claims"},
		{"aud", `["https://api.example",null]`, "claims"},
		{"aud", `{"https://api.example":true}`, "claims"},
		{"aud", `null`, "claims"},
		{"aud", `true`, "claims"},

		{"sub", `"a"`, ""},
		{"sub", ``, ""},
		{"sub", `1`, "claims"},
		{"sub", `null`, "claims"},
		{"sub", `["user"]`, "claims"},
		{"jti", `"a"`, ""},
		{"jti", `1`, "claims"},
		{"jti", `null`, "claims"},

		{"exp", ``, "exp"},
		{"exp", `0`, "exp"},
		{"exp", `-1700000300`, "exp"},
		{"exp", `1699999940`, "exp"},
		{"exp", `1699999940.9`, "exp"},
		{"exp", `-62135596800`, "exp"},
		{"exp", `1699999941`, ""},
		{"exp", `1.7000003e9`, ""},
		{"exp", `253402300799`, ""},
		{"exp", `253402300800`, "claims"},
		{"exp", `1e30`, "claims"},
		{"exp", `1e400`, "claims"},
		{"exp", `9223372036854775807`, "claims"},
		{"exp", `18446744073709551616`, "claims"},
		{"exp", `"1700000300"`, "claims"},
		{"exp", `"2099-01-01"`, "claims"},
		{"exp", `null`, "claims"},
		{"exp", `true`, "claims"},
		{"exp", `[1700000300]`, "claims"},
		{"exp", `{}`, "claims"},

		{"nbf", ``, ""},
		{"nbf", `0`, ""},
		{"nbf", `-1`, ""},
		{"nbf", `1700000060`, ""},
		{"nbf", `1700000061`, "nbf"},
		{"nbf", `1700000301`, "nbf"},
		{"nbf", `253402300799`, "nbf"},
		{"nbf", `1e30`, "claims"},
		{"nbf", `-1e30`, "claims"},
		{"nbf", `"0"`, "claims"},
		{"nbf", `null`, "claims"},

		{"iat", ``, ""},
		{"iat", `1700000060`, ""},
		{"iat", `1700000061`, "iat"},
		{"iat", `1e30`, "claims"},
		{"iat", `"1700000000"`, "claims"},
		{"iat", `null`, "claims"},
	} {
		name := tt.name + " " + tt.text
		compact := signRaw(t, testEC(t), header, payload(claim{tt.name, tt.text}))
		if tt.check == "" {
			wantAccepted(t, name, v, compact)
			continue
		}
		wantRefused(t, name, v, compact, tt.check)
	}
}

// The payload as a whole, signed by the issuer itself.
func TestVerifyPayload(t *testing.T) {
	v := newVerifier(t, config(t))
	good := payload()
	open := strings.TrimSuffix(good, "}")
	for name, text := range map[string]string{
		"empty":                  ``,
		"null":                   `null`,
		"array":                  `[` + good + `]`,
		"string":                 `"user"`,
		"a token inside":         signRaw(t, testEC(t), header, good),
		"cut short":              open,
		"a letter behind":        good + "x",
		"an object behind":       good + "{}",
		"NUL behind":             good + "\x00",
		"byte order mark":        "\ufeff" + good,
		"byte that is no UTF-8":  open + ",\"a\":\"\xff\"}",
		"lone surrogate":         open + `,"a":"\ud800"}`,
		"exp twice":              open + `,"exp":9999999999}`,
		"exp twice, escaped":     open + `,"\u0065xp":9999999999}`,
		"sub twice":              open + `,"sub":"admin"}`,
		"another claim twice":    open + `,"a":1,"a":1}`,
		"twice in another claim": open + `,"a":{"b":1,"b":1}}`,
		"EXP":                    open + `,"EXP":9999999999}`,
		"Iss":                    open + `,"Iss":"a"}`,
		"SUB":                    open + `,"SUB":"admin"}`,
		"Aud":                    open + `,"Aud":"a"}`,
		"NBF":                    open + `,"NBF":0}`,
		"IAT":                    open + `,"IAT":0}`,
		"Jti":                    open + `,"Jti":"a"}`,
		"long s in iss":          open + ",\"is\u017f\":\"a\"}",
		"17 levels": open + `,"a":` + strings.Repeat("[", 16) +
			strings.Repeat("]", 16) + "}",
		"257 claims":              open + "," + numbered(252) + "}",
		"number that is no JSON":  open + `,"a":01}`,
		"name that is no string":  open + `,a:1}`,
		"comment":                 good + "//",
		"second object in UTF-16": good + "\x00{\x00}",
	} {
		wantRefused(t, name, v, signRaw(t, testEC(t), header, text), "claims")
	}
	wantAccepted(t, "256 claims", v, signRaw(t, testEC(t), header, open+","+numbered(251)+"}"))
	for name, spelling := range map[string]string{
		"padded":          encode([]byte(good)) + "=",
		"with line feeds": encode([]byte(good))[:8] + "\n" + encode([]byte(good))[8:],
		"stray bits":      encode([]byte(good + " "))[:len(encode([]byte(good+" ")))-1] + "B",
		"cut short":       encode([]byte(good))[:5],
	} {
		wantRefused(t, name, v, signInput(t, testEC(t), encode([]byte(header))+"."+spelling),
			"claims")
	}
}

func numbered(n int) string {
	members := make([]string, n)
	for i := range members {
		members[i] = fmt.Sprintf(`"%d":1`, i)
	}
	return strings.Join(members, ",")
}

// Printing a token shows what its exported fields hold and no other claim.
func TestTokenPrints(t *testing.T) {
	const secret = "canary-claim"
	compact := signRaw(t, testEC(t), header, payload(claim{"nonce", `"` + secret + `"`},
		claim{secret, "1"}, claim{"jti", `"shown-jti"`}))
	tok := wantAccepted(t, "", newVerifier(t, config(t)), compact)
	encoded := strings.Split(compact, ".")[1]
	inside := struct {
		Token *Token
		other Token
	}{tok, *tok}
	for _, v := range []any{tok, *tok, &tok, inside, &inside, []*Token{tok}, []Token{*tok},
		map[string]any{"a": *tok}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x", "% x", "%T"} {
			text := fmt.Sprintf(verb, v)
			for _, form := range []string{secret, fmt.Sprintf("%x", secret), encoded,
				fmt.Sprintf("% x", secret), strings.Trim(fmt.Sprint([]byte(secret)), "[]")} {
				if strings.Contains(text, form) {
					t.Errorf("%s of %T: %s", verb, v, text)
				}
			}
		}
	}
	if text := fmt.Sprintf("%+v", tok); !strings.Contains(text, "shown-jti") {
		t.Errorf("got %s", text)
	}
	written, err := json.Marshal(tok)
	if err != nil || strings.Contains(string(written), secret) {
		t.Errorf("got %s, %v", written, err)
	}
}

// What is given out is the caller's: it can change no other copy.
func TestTokenIsApart(t *testing.T) {
	compact := signRaw(t, testEC(t), header, payload(claim{"a", `"b"`}))
	v := newVerifier(t, config(t))
	first, second := wantAccepted(t, "", v, compact), wantAccepted(t, "", v, compact)
	first.Audience[0] = "x"
	first.Header.Get("alg")[1] = 'x'
	for _, tok := range []*Token{first, second} {
		if tok.Claim("a") != `"b"` || string(tok.Header.Get("alg")) != `"ES256"` {
			t.Errorf("got %s, %s", tok.Claim("a"), tok.Header.Get("alg"))
		}
	}
	if second.Audience[0] != testAudience {
		t.Errorf("got %s", second.Audience)
	}
	copied := *second
	copied.Audience = append(copied.Audience, "more")
	if len(second.Audience) != 1 || copied.Claim("a") != `"b"` {
		t.Errorf("got %s", second.Audience)
	}
}

// Whatever is accepted has the claims that encoding/json reads, and those are what
// the verifier was told to ask for.
func FuzzClaims(f *testing.F) {
	for _, v := range allVectors(f) {
		for _, r := range v.JWS {
			f.Add(string(vectorOctets(f, r.Payload)))
		}
	}
	good := payload(claim{"jti", `"id"`}, claim{"nbf", "1.6e9"}, claim{"aud", `["a","b"]`})
	for _, text := range []string{good, payload(), payload(claim{"exp", "1e30"}), "{}", "null",
		good + "x", payload(claim{"aud", `["a",null]`}), strings.Replace(good, "iss", `i\u0073s`, 1),
		payload(claim{"iss", ""}), payload(claim{"exp", ""}, claim{"EXP", "1700000300"})} {
		f.Add(text)
	}
	c := config(f)
	key := sharedKey(f)
	c.Keys, c.Algorithms, c.MaxSize = NewSet(key), []string{"HS256"}, 1<<30
	v := newVerifier(f, c)
	f.Fuzz(func(t *testing.T, text string) {
		tok, err := v.Verify(t.Context(), signRaw(t, key, `{"alg":"HS256"}`, text))
		if (tok == nil) != (err != nil) {
			t.Fatalf("%q: got %v, %v", text, tok, err)
		}
		if err == nil {
			checkFuzzedClaims(t, text, tok)
		}
	})
}

func checkFuzzedClaims(t *testing.T, text string, tok *Token) {
	t.Helper()
	want := vectorObject(t, []byte(text))
	var got map[string]any
	if err := tok.Claims(&got); err != nil || !reflect.DeepEqual(got, want) ||
		!utf8.ValidString(text) {
		t.Fatalf("%q: got %v, %v", text, got, err)
	}
	audience, _ := want["aud"].([]any)
	if s, ok := want["aud"].(string); ok {
		audience = []any{s}
	}
	if want["iss"] != testIssuer || !slices.Contains(audience, any(testAudience)) ||
		tok.Issuer != testIssuer || len(audience) != len(tok.Audience) {
		t.Fatalf("%q: got %+v", text, tok)
	}
	for name, field := range map[string]string{"sub": tok.Subject, "jti": tok.ID} {
		if s, ok := want[name].(string); s != field || !ok && want[name] != nil {
			t.Fatalf("%q: %s is %q", text, name, field)
		}
	}
	for name, field := range map[string]time.Time{"exp": tok.ExpiresAt, "nbf": tok.NotBefore,
		"iat": tok.IssuedAt} {
		f, ok := want[name].(float64)
		if there := want[name] != nil; there != ok || ok && field.Unix() != int64(math.Trunc(f)) ||
			!ok && !field.IsZero() {
			t.Fatalf("%q: %s is %v", text, name, field)
		}
	}
	if !now.Before(tok.ExpiresAt.Add(time.Minute)) || tok.NotBefore.After(now.Add(time.Minute)) ||
		tok.IssuedAt.After(now.Add(time.Minute)) {
		t.Fatalf("%q: accepted at %v", text, now)
	}
}
