package jose

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

const (
	testIssuer   = "https://issuer.example"
	testAudience = "https://api.example"
	header       = `{"alg":"ES256","kid":"ec"}`
)

var now = time.Unix(1_700_000_000, 0)

func config(t testing.TB) VerifierConfig {
	t.Helper()
	return VerifierConfig{
		Keys:       NewSet(ecKey(t), rsaKey(t)),
		Algorithms: []string{"ES256", "RS256"},
		Issuer:     testIssuer,
		Audience:   testAudience,
		Now:        func() time.Time { return now },
	}
}

func newVerifier(t testing.TB, c VerifierConfig) *Verifier {
	t.Helper()
	v, err := NewVerifier(c)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// payload returns an acceptable claims set with claims changed.
func payload(changes ...member) string {
	claims := []member{
		{"iss", `"` + testIssuer + `"`}, {"aud", `"` + testAudience + `"`}, {"sub", `"user"`},
		{"exp", "1700000300"}, {"iat", "1700000000"},
	}
	for _, c := range changes {
		claims = slices.DeleteFunc(claims, func(m member) bool { return m.name == c.name })
		if c.text != "" {
			claims = append(claims, c)
		}
	}
	var texts []string
	for _, c := range claims {
		texts = append(texts, `"`+c.name+`":`+c.text)
	}
	return "{" + strings.Join(texts, ",") + "}"
}

// wantRefused checks that v refuses compact at check, or at the signature if that
// is its name, and gives no token.
func wantRefused(t *testing.T, name string, v *Verifier, compact, check string) {
	t.Helper()
	tok, err := v.Verify(t.Context(), compact)
	if tok != nil {
		t.Errorf("%s: a token beside an error, or no error", name)
	}
	if check == "signature" {
		if err != ErrSignature {
			t.Errorf("%s: got %v, want %v", name, err, ErrSignature)
		}
		return
	}
	wantCheck(t, name, err, check)
}

func wantAccepted(t *testing.T, name string, v *Verifier, compact string) *Token {
	t.Helper()
	tok, err := v.Verify(t.Context(), compact)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return tok
}

func TestNewVerifierRefuses(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*VerifierConfig)
		want   string
	}{
		{"no keys", func(c *VerifierConfig) { c.Keys = nil },
			"jose: VerifierConfig.Keys is required"},
		{"no algorithms", func(c *VerifierConfig) { c.Algorithms = nil },
			"jose: VerifierConfig.Algorithms is required"},
		{"empty algorithms", func(c *VerifierConfig) { c.Algorithms = []string{} },
			"jose: VerifierConfig.Algorithms is required"},
		{"no issuer", func(c *VerifierConfig) { c.Issuer = "" },
			"jose: VerifierConfig.Issuer is required"},
		{"no audience", func(c *VerifierConfig) { c.Audience = "" },
			"jose: VerifierConfig.Audience is required"},
		{"leeway", func(c *VerifierConfig) { c.Leeway = 5*time.Minute + 1 },
			"jose: VerifierConfig.Leeway must be at most 5 minutes"},
		{"algorithm none", func(c *VerifierConfig) { c.Algorithms = []string{"ES256", "none"} },
			"jose: VerifierConfig.Algorithms names one that this package lacks"},
		{"algorithm HS256", func(c *VerifierConfig) { c.Algorithms = []string{"HS256"} },
			"jose: VerifierConfig.Algorithms names one that this package lacks"},
		{"empty algorithm", func(c *VerifierConfig) { c.Algorithms = []string{""} },
			"jose: VerifierConfig.Algorithms names one that this package lacks"},
	} {
		c := config(t)
		tt.change(&c)
		v, err := NewVerifier(c)
		if v != nil || err == nil || err.Error() != tt.want {
			t.Errorf("%s: got %v, %v", tt.name, v, err)
		}
	}
}

func TestNewVerifierCopies(t *testing.T) {
	c := config(t)
	v := newVerifier(t, c)
	c.Algorithms[0] = "none"
	wantAccepted(t, "after a change", v, signRaw(t, ecKey(t), header, payload()))
}

func TestVerify(t *testing.T) {
	text := payload(member{"jti", `"id"`}, member{"nbf", "1699999999.5"},
		member{"aud", `["a","` + testAudience + `"]`},
		member{"nested", `{"a":[1,null]}`})
	for name, key := range map[string]*Key{"RS256": rsaKey(t), "ES256": ecKey(t)} {
		compact, err := Sign([]byte(text), key, SignOptions{Type: "JWT"})
		if err != nil {
			t.Fatal(err)
		}
		tok := wantAccepted(t, name, newVerifier(t, config(t)), compact)
		if tok.Header != (Header{name, key.ID(), "JWT"}) || tok.Issuer != testIssuer ||
			tok.Subject != "user" ||
			tok.ID != "id" || !slices.Equal(tok.Audience, []string{"a", testAudience}) ||
			!tok.ExpiresAt.Equal(now.Add(5*time.Minute)) || !tok.IssuedAt.Equal(now) ||
			!tok.NotBefore.Equal(now.Add(-time.Second)) {
			t.Errorf("%s: got %+v", name, tok)
		}
		if got := string(tok.Claim("nested")); got != `{"a":[1,null]}` {
			t.Errorf("%s: got %s", name, got)
		}
		if tok.Claim("Nested") != nil || tok.Claim("other") != nil {
			t.Errorf("%s: a claim that is not there", name)
		}
	}
}

func TestVerifyWithoutOptionalClaims(t *testing.T) {
	compact := signRaw(t, ecKey(t), header, payload(member{"sub", ""}, member{"iat", ""}))
	tok := wantAccepted(t, "", newVerifier(t, config(t)), compact)
	if tok.Subject != "" || tok.ID != "" || !tok.IssuedAt.IsZero() || !tok.NotBefore.IsZero() {
		t.Errorf("got %+v", tok)
	}
}

func TestClaims(t *testing.T) {
	compact := signRaw(t, ecKey(t), header,
		payload(member{"email", `"a@b.example"`}, member{"n", "12345678901234567"}))
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
	compact := signRaw(t, ecKey(t), header,
		payload(member{"roles", `"none"`}, member{"role\u017f", `"admin"`}))
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
	if err := tok.Claims(&v); err != nil || len(v) != 0 || tok.Claim("sub") != nil {
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
		compact := signRaw(t, ecKey(t), header, payload(member{tt.name, tt.text}))
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
		"a token inside":         signRaw(t, ecKey(t), header, good),
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
		wantRefused(t, name, v, signRaw(t, ecKey(t), header, text), "claims")
	}
	wantAccepted(t, "256 claims", v, signRaw(t, ecKey(t), header, open+","+numbered(251)+"}"))
	for name, spelling := range map[string]string{
		"padded":          encode([]byte(good)) + "=",
		"with line feeds": encode([]byte(good))[:8] + "\n" + encode([]byte(good))[8:],
		"stray bits":      encode([]byte(good + " "))[:len(encode([]byte(good+" ")))-1] + "B",
		"cut short":       encode([]byte(good))[:5],
	} {
		wantRefused(t, name, v, signInput(t, ecKey(t), encode([]byte(header))+"."+spelling),
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

// RFC 8725, Section 3.11. Media types are compared without regard to case and to
// "application/" (RFC 7515, Section 4.1.9).
func TestVerifyType(t *testing.T) {
	types := []string{"", "JWT", "jwt", "application/jwt", "APPLICATION/JWT", "at+jwt", "AT+JWT",
		"application/at+jwt", "application/", "application/application/at+jwt", "at", "jwt+at",
		"JWT ",
		"text/jwt", "abcdefghijkljwt", "xapplication/jwt", "applicationx/jwt", "secevent+jwt",
		"none"}
	for expected, accepted := range map[string][]string{
		"":       {"", "JWT", "jwt", "application/jwt", "APPLICATION/JWT"},
		"JWT":    {"JWT", "jwt", "application/jwt", "APPLICATION/JWT"},
		"at+jwt": {"at+jwt", "AT+JWT", "application/at+jwt"},
	} {
		c := config(t)
		c.Type = expected
		v := newVerifier(t, c)
		for _, typ := range types {
			h := strings.TrimSuffix(header, "}") + `,"typ":"` + typ + `"}`
			compact, name := signRaw(t, ecKey(t), h, payload()),
				fmt.Sprintf("typ %q for %q", typ, expected)
			if slices.Contains(accepted, typ) {
				wantAccepted(t, name, v, compact)
			} else {
				wantRefused(t, name, v, compact, "typ")
			}
		}
		absent := signRaw(t, ecKey(t), header, payload())
		if expected == "" {
			wantAccepted(t, "no typ", v, absent)
		} else {
			wantRefused(t, "no typ for "+expected, v, absent, "typ")
		}
	}
}

func TestLeeway(t *testing.T) {
	seconds := func(d time.Duration) string { return fmt.Sprint(now.Add(d).Unix()) }
	for _, tt := range []struct{ configured, effective time.Duration }{
		{0, time.Minute},
		{-1, 0},
		{-time.Hour, 0},
		{time.Second, time.Second},
		{5 * time.Minute, 5 * time.Minute},
	} {
		c := config(t)
		c.Leeway = tt.configured
		v := newVerifier(t, c)
		for _, claim := range []struct {
			name     string
			ok, late time.Duration
		}{
			{"exp", time.Second - tt.effective, -tt.effective},
			{"nbf", tt.effective, tt.effective + time.Second},
			{"iat", tt.effective, tt.effective + time.Second},
		} {
			name := fmt.Sprintf("%s with a leeway of %v", claim.name, tt.configured)
			sign := func(d time.Duration) string {
				return signRaw(t, ecKey(t), header, payload(member{claim.name, seconds(d)}))
			}
			wantAccepted(t, name, v, sign(claim.ok))
			wantRefused(t, name, v, sign(claim.late), claim.name)
		}
	}
}

// Half a second counts: exp is over when its second begins, nbf is not yet.
func TestVerifyBetweenSeconds(t *testing.T) {
	c := config(t)
	c.Leeway = -1
	for _, tt := range []struct {
		name, text string
		past       time.Duration
		check      string
	}{
		{"exp", "1700000000", -1, ""},
		{"exp", "1700000000", 0, "exp"},
		{"exp", "1700000000", 1, "exp"},
		{"nbf", "1700000001", time.Second - 1, "nbf"},
		{"nbf", "1700000001", time.Second, ""},
	} {
		c.Now = func() time.Time { return now.Add(tt.past) }
		compact := signRaw(t, ecKey(t), header,
			payload(member{"iat", ""}, member{tt.name, tt.text}))
		name := fmt.Sprintf("%s at %v", tt.name, tt.past)
		if tt.check == "" {
			wantAccepted(t, name, newVerifier(t, c), compact)
		} else {
			wantRefused(t, name, newVerifier(t, c), compact, tt.check)
		}
	}
}

// Without Now, the clock on the wall tells the time.
func TestVerifyDefaultNow(t *testing.T) {
	c := config(t)
	c.Now = nil
	v := newVerifier(t, c)
	at := func(d time.Duration) string {
		return signRaw(t, ecKey(t), header,
			payload(member{"exp", fmt.Sprint(time.Now().Add(d).Unix())}))
	}
	wantAccepted(t, "in an hour", v, at(time.Hour))
	wantRefused(t, "an hour ago", v, at(-time.Hour), "exp")
}

// RFC 8725, Section 3.1: the caller and the key decide on the algorithm.
func TestVerifyAlgorithm(t *testing.T) {
	c := config(t)
	c.Algorithms = []string{"ES256"}
	v := newVerifier(t, c)
	wantRefused(t, "not in the list", v, signRaw(t, rsaKey(t), `{"alg":"RS256","kid":"rsa"}`,
		payload()), "alg")
	wantAccepted(t, "in the list", v, signRaw(t, ecKey(t), header, payload()))
	for _, alg := range []string{"none", "None", "NoNe", "NONE", "", "es256", "ES256 ", "HS256",
		"ES384", "PS256"} {
		h := `{"alg":"` + alg + `","kid":"ec"}`
		wantRefused(t, "alg "+alg, v, signRaw(t, ecKey(t), h, payload()), "alg")
	}
	wantRefused(t, "no alg", v, signRaw(t, ecKey(t), `{"kid":"ec"}`, payload()), "alg")

	v = newVerifier(t, config(t))
	wantRefused(t, "ES256 for the RSA key", v,
		signRaw(t, ecKey(t), `{"alg":"ES256","kid":"rsa"}`, payload()), "key")
	wantRefused(t, "RS256 for the EC key", v,
		signRaw(t, rsaKey(t), `{"alg":"RS256","kid":"ec"}`, payload()), "key")
	wantRefused(t, "ES256 signed by RSA", v, signRaw(t, rsaKey(t), header, payload()), "signature")
	wantAccepted(t, "no kid", v, signRaw(t, rsaKey(t), `{"alg":"RS256"}`, payload()))
}

func TestVerifyKeyID(t *testing.T) {
	v := newVerifier(t, config(t))
	for kid, check := range map[string]string{
		`"unknown"`: "key", `"EC"`: "key", `"ec "`: "key", `"ec\u0000"`: "key",
		`"../../dev/null"`: "key",
		`"' OR 1=1 --"`:    "key", `"` + strings.Repeat("a", 256) + `"`: "key",
		`"` + strings.Repeat("a", 257) + `"`: "header", `1`: "header", `null`: "header",
		`["ec"]`: "header",
	} {
		compact := signRaw(t, ecKey(t), `{"alg":"ES256","kid":`+kid+`}`, payload())
		wantRefused(t, "kid "+kid[:min(len(kid), 20)], v, compact, check)
	}
}

// RFC 8725, Section 3.10: a token does not bring its own key.
func TestVerifyForeignKey(t *testing.T) {
	attacker, err := GenerateKey("ES256")
	if err != nil {
		t.Fatal(err)
	}
	own, err := json.Marshal(attacker)
	if err != nil {
		t.Fatal(err)
	}
	v := newVerifier(t, config(t))
	for name, member := range map[string]string{
		"jwk": `"jwk":` + string(own), "jku": `"jku":"https://attacker.example/keys"`,
		"x5u": `"x5u":"https://attacker.example/cert"`, "x5c": `"x5c":["MIIB"]`,
		"x5t": `"x5t":"AAAA"`,
	} {
		wantRefused(t, name, v, signRaw(t, attacker, `{"alg":"ES256",`+member+`}`, payload()),
			"signature")
		wantRefused(t, name+" and our kid", v,
			signRaw(t, attacker, `{"alg":"ES256","kid":"ec",`+member+`}`, payload()), "signature")
		wantRefused(t, name+" and its kid", v,
			signRaw(t, attacker, `{"alg":"ES256","kid":"`+attacker.ID()+`",`+member+`}`,
				payload()), "key")
	}
}

// No byte of a token can be another.
func TestVerifyFlipped(t *testing.T) {
	v := newVerifier(t, config(t))
	for _, key := range []*Key{ecKey(t), rsaKey(t)} {
		good := signRaw(t, key, `{"alg":"`+key.algorithms[0]+`","kid":"`+key.id+`"}`, payload())
		wantAccepted(t, "", v, good)
		for i := range good {
			for _, c := range []byte{good[i] ^ 1, good[i] ^ 0x20, 'A', '.', '=', '\n', 0} {
				flipped := good[:i] + string(rune(c)) + good[i+1:]
				if tok, err := v.Verify(t.Context(), flipped); flipped != good &&
					(err == nil || tok != nil) {
					t.Errorf("byte %d as %q: accepted", i, c)
				}
			}
			if _, err := v.Verify(t.Context(), good[:i]+good[i+1:]); err == nil {
				t.Errorf("without byte %d: accepted", i)
			}
		}
	}
}

// Signatures come first: a forged token that is also out of date tells nothing of
// the second, and claims are not even read.
func TestVerifyOrder(t *testing.T) {
	attacker, err := GenerateKey("ES256")
	if err != nil {
		t.Fatal(err)
	}
	v := newVerifier(t, config(t))
	for name, text := range map[string]string{
		"expired": payload(member{"exp", "1"}), "another issuer": payload(member{"iss", `"a"`}),
		"no JSON": "x",
	} {
		wantRefused(t, name, v, signRaw(t, attacker, header, text), "signature")
	}
}

type source func(Header) ([]*Key, error)

func (s source) Keys(_ context.Context, h Header) ([]*Key, error) { return s(h) }

func TestVerifyKeySource(t *testing.T) {
	down := errors.New("the key server is down")
	compact := signRaw(t, ecKey(t), `{"alg":"ES256","kid":"ec","typ":"JWT"}`, payload())
	for _, tt := range []struct {
		name string
		keys []*Key
		err  error
		want error
	}{
		{"its error", []*Key{ecKey(t)}, down, down},
		{"none", nil, nil, &CheckError{Check: "key"}},
		{"empty", []*Key{}, nil, &CheckError{Check: "key"}},
		{"one that cannot serve", []*Key{rsaKey(t)}, nil, ErrSignature},
		{"several", []*Key{rsaKey(t), ecKey(t)}, nil, nil},
	} {
		c := config(t)
		var asked Header
		c.Keys = source(func(h Header) ([]*Key, error) { asked = h; return tt.keys, tt.err })
		tok, err := newVerifier(t, c).Verify(t.Context(), compact)
		if !errors.Is(err, tt.want) || (tok == nil) != (tt.want != nil) {
			t.Errorf("%s: got %v, %v", tt.name, tok, err)
		}
		if asked != (Header{"ES256", "ec", "JWT"}) {
			t.Errorf("%s: asked for %+v", tt.name, asked)
		}
	}
}

// A key source is not asked before the token has the shape, type and algorithm.
func TestVerifyAsksLast(t *testing.T) {
	c := config(t)
	c.Algorithms = []string{"ES256"}
	c.Keys = source(func(Header) ([]*Key, error) { t.Error("asked"); return nil, nil })
	v := newVerifier(t, c)
	wantRefused(t, "shape", v, "a.b", "compact")
	wantRefused(t, "typ", v, signRaw(t, ecKey(t), `{"alg":"ES256","typ":"at+jwt"}`, payload()),
		"typ")
	wantRefused(t, "alg", v, signRaw(t, rsaKey(t), `{"alg":"RS256"}`, payload()), "alg")
}
