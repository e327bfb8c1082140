package jose

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
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
		Keys:       NewSet(testEC(t), testRSA(t)),
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

// A claim is one of a claims set, with its JSON text, empty if it is left out.
type claim struct{ name, value string }

// payload returns an acceptable claims set with claims changed.
func payload(changes ...claim) string {
	claims := []claim{
		{"iss", `"` + testIssuer + `"`}, {"aud", `"` + testAudience + `"`}, {"sub", `"user"`},
		{"exp", "1700000300"}, {"iat", "1700000000"},
	}
	for _, c := range changes {
		claims = slices.DeleteFunc(claims, func(m claim) bool { return m.name == c.name })
		if c.value != "" {
			claims = append(claims, c)
		}
	}
	var texts []string
	for _, c := range claims {
		texts = append(texts, `"`+c.name+`":`+c.value)
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
	const noKeys, noAlgorithms = "jose: keys are required", "jose: Algorithms is required"
	const negative = "jose: MaxSize must not be negative"
	const unknown = " is none of SignatureAlgorithms"
	const issuer = "jose: one of VerifierConfig.Issuer and IssuerFunc is required"
	const critical = "crit must not name a registered parameter (RFC 7515, Section 4.1.11)"
	for _, tt := range []struct {
		name   string
		change func(*VerifierConfig)
		want   string
	}{
		{"no keys", func(c *VerifierConfig) { c.Keys = nil }, noKeys},
		{"nil set", func(c *VerifierConfig) { c.Keys = (*Set)(nil) }, noKeys},
		{"no algorithms", func(c *VerifierConfig) { c.Algorithms = nil }, noAlgorithms},
		{"empty algorithms", func(c *VerifierConfig) { c.Algorithms = []string{} }, noAlgorithms},
		{"negative size", func(c *VerifierConfig) { c.MaxSize = -1 }, negative},
		{"algorithm none", func(c *VerifierConfig) { c.Algorithms = []string{"ES256", "none"} },
			unknown},
		{"algorithm es256", func(c *VerifierConfig) { c.Algorithms = []string{"es256"} }, unknown},
		{"algorithm dir", func(c *VerifierConfig) { c.Algorithms = []string{"dir"} }, unknown},
		{"empty algorithm", func(c *VerifierConfig) { c.Algorithms = []string{""} }, unknown},
		{"no issuer", func(c *VerifierConfig) { c.Issuer = "" }, issuer},
		{"two issuers", func(c *VerifierConfig) { c.IssuerFunc = func(string) bool { return true } },
			issuer},
		{"no audience", func(c *VerifierConfig) { c.Audience = "" },
			"jose: VerifierConfig.Audience is required"},
		{"leeway", func(c *VerifierConfig) { c.Leeway = 5*time.Minute + 1 },
			"jose: VerifierConfig.Leeway must be at most 5 minutes"},
		{"nameless claim", func(c *VerifierConfig) { c.Required = []string{"sub", ""} },
			"jose: VerifierConfig.Required must have no empty name"},
		{"negative age", func(c *VerifierConfig) { c.MaxAge = -1 },
			"jose: VerifierConfig.MaxAge must not be negative"},
		{"empty extension", func(c *VerifierConfig) { c.Critical = []string{"x", ""} }, critical},
		{"alg as an extension", func(c *VerifierConfig) { c.Critical = []string{"alg"} }, critical},
		{"b64 as an extension", func(c *VerifierConfig) { c.Critical = []string{"b64"} }, critical},
	} {
		c := config(t)
		tt.change(&c)
		v, err := NewVerifier(c)
		if v != nil || err == nil || !strings.HasSuffix(err.Error(), tt.want) {
			t.Errorf("%s: got %v, %v", tt.name, v, err)
		}
	}
}

// Changing the configuration afterwards changes no verifier.
func TestNewVerifierCopies(t *testing.T) {
	c := config(t)
	c.Required, c.Critical = []string{"sub"}, []string{"x"}
	v := newVerifier(t, c)
	c.Algorithms[0], c.Required[0], c.Critical[0] = "none", "y", "y"
	h := `{"alg":"ES256","crit":["x"],"x":1}`
	wantAccepted(t, "after a change", v, signRaw(t, testEC(t), h, payload()))
	wantRefused(t, "sub", v, signRaw(t, testEC(t), h, payload(claim{"sub", ""})), "sub")
}

func TestVerify(t *testing.T) {
	text := payload(claim{"jti", `"id"`}, claim{"nbf", "1699999999.5"},
		claim{"aud", `["a","` + testAudience + `"]`},
		claim{"nested", `{"a":[1,null]}`})
	for name, key := range map[string]*Key{"RS256": testRSA(t), "ES256": testEC(t)} {
		compact, err := Sign([]byte(text), key, SignOptions{Type: "JWT"})
		if err != nil {
			t.Fatal(err)
		}
		tok := wantAccepted(t, name, newVerifier(t, config(t)), compact)
		if fields(tok.Header) != [5]string{name, "", key.ID(), "JWT", ""} ||
			tok.Issuer != testIssuer ||
			tok.Subject != "user" ||
			tok.ID != "id" || !slices.Equal(tok.Audience, []string{"a", testAudience}) ||
			!tok.ExpiresAt.Equal(now.Add(5*time.Minute)) || !tok.IssuedAt.Equal(now) ||
			!tok.NotBefore.Equal(now.Add(-time.Second)) {
			t.Errorf("%s: got %+v", name, tok)
		}
		if got := tok.Claim("nested"); got != `{"a":[1,null]}` {
			t.Errorf("%s: got %s", name, got)
		}
		if tok.Claim("Nested") != "" || tok.Claim("other") != "" {
			t.Errorf("%s: a claim that is not there", name)
		}
	}
}

func TestVerifyWithoutOptionalClaims(t *testing.T) {
	compact := signRaw(t, testEC(t), header, payload(claim{"sub", ""}, claim{"iat", ""}))
	tok := wantAccepted(t, "", newVerifier(t, config(t)), compact)
	if tok.Subject != "" || tok.ID != "" || !tok.IssuedAt.IsZero() || !tok.NotBefore.IsZero() {
		t.Errorf("got %+v", tok)
	}
}

// RFC 8725, Section 3.11. Media types are compared without regard to case and to
// "application/" (RFC 7515, Section 4.1.9).
func TestVerifyType(t *testing.T) {
	types := []string{"", "JWT", "jwt", "application/jwt", "APPLICATION/JWT", "at+jwt", "AT+JWT",
		"application/at+jwt", "application/", "application/application/at+jwt", "at", "jwt+at",
		"JWT ",
		"text/jwt", "abcdefghijkljwt", "abcdefghijk/jwt", "xapplication/jwt", "applicationx/jwt", "secevent+jwt",
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
			compact, name := signRaw(t, testEC(t), h, payload()),
				fmt.Sprintf("typ %q for %q", typ, expected)
			if slices.Contains(accepted, typ) {
				wantAccepted(t, name, v, compact)
			} else {
				wantRefused(t, name, v, compact, "typ")
			}
		}
		absent := signRaw(t, testEC(t), header, payload())
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
		for _, date := range []struct {
			name     string
			ok, late time.Duration
		}{
			{"exp", time.Second - tt.effective, -tt.effective},
			{"nbf", tt.effective, tt.effective + time.Second},
			{"iat", tt.effective, tt.effective + time.Second},
		} {
			name := fmt.Sprintf("%s with a leeway of %v", date.name, tt.configured)
			sign := func(d time.Duration) string {
				return signRaw(t, testEC(t), header, payload(claim{date.name, seconds(d)}))
			}
			wantAccepted(t, name, v, sign(date.ok))
			wantRefused(t, name, v, sign(date.late), date.name)
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
		compact := signRaw(t, testEC(t), header,
			payload(claim{"iat", ""}, claim{tt.name, tt.text}))
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
		return signRaw(t, testEC(t), header,
			payload(claim{"exp", fmt.Sprint(time.Now().Add(d).Unix())}))
	}
	wantAccepted(t, "in an hour", v, at(time.Hour))
	wantRefused(t, "an hour ago", v, at(-time.Hour), "exp")
}

// RFC 8725, Section 3.1: the caller and the key decide on the algorithm.
func TestVerifyAlgorithm(t *testing.T) {
	c := config(t)
	c.Algorithms = []string{"ES256"}
	v := newVerifier(t, c)
	wantRefused(t, "not in the list", v, signRaw(t, testRSA(t), `{"alg":"RS256","kid":"rsa"}`,
		payload()), "alg")
	wantAccepted(t, "in the list", v, signRaw(t, testEC(t), header, payload()))
	for _, alg := range []string{"none", "None", "NoNe", "NONE", "", "es256", "ES256 ", "HS256",
		"ES384", "PS256"} {
		h := `{"alg":"` + alg + `","kid":"ec"}`
		wantRefused(t, "alg "+alg, v, signRaw(t, testEC(t), h, payload()), "alg")
	}
	wantRefused(t, "no alg", v, signRaw(t, testEC(t), `{"kid":"ec"}`, payload()), "alg")

	v = newVerifier(t, config(t))
	wantRefused(t, "ES256 for the RSA key", v,
		signRaw(t, testEC(t), `{"alg":"ES256","kid":"rsa"}`, payload()), "key")
	wantRefused(t, "RS256 for the EC key", v,
		signRaw(t, testRSA(t), `{"alg":"RS256","kid":"ec"}`, payload()), "key")
	wantRefused(t, "ES256 signed by RSA", v, signRaw(t, testRSA(t), header, payload()), "signature")
	wantAccepted(t, "no kid", v, signRaw(t, testRSA(t), `{"alg":"RS256"}`, payload()))
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
		compact := signRaw(t, testEC(t), `{"alg":"ES256","kid":`+kid+`}`, payload())
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
	for _, key := range []*Key{testEC(t), testRSA(t)} {
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
		"expired": payload(claim{"exp", "1"}), "another issuer": payload(claim{"iss", `"a"`}),
		"no JSON": "x",
	} {
		wantRefused(t, name, v, signRaw(t, attacker, header, text), "signature")
	}
}

func TestVerifierKeySource(t *testing.T) {
	down := errors.New("the key server is down")
	compact := signRaw(t, testEC(t), `{"alg":"ES256","kid":"ec","typ":"JWT"}`, payload())
	for _, tt := range []struct {
		name string
		keys []*Key
		err  error
		want error
	}{
		{"its error", []*Key{testEC(t)}, down, down},
		{"none", nil, nil, &CheckError{Check: "key"}},
		{"empty", []*Key{}, nil, &CheckError{Check: "key"}},
		{"one that cannot serve", []*Key{testRSA(t)}, nil, ErrSignature},
		{"several", []*Key{testRSA(t), testEC(t)}, nil, nil},
	} {
		c := config(t)
		var asked Header
		c.Keys = sourceFunc(func(h Header) ([]*Key, error) { asked = h; return tt.keys, tt.err })
		tok, err := newVerifier(t, c).Verify(t.Context(), compact)
		if !errors.Is(err, tt.want) || (tok == nil) != (tt.want != nil) {
			t.Errorf("%s: got %v, %v", tt.name, tok, err)
		}
		if fields(asked) != [5]string{"ES256", "", "ec", "JWT", ""} {
			t.Errorf("%s: asked for %+v", tt.name, asked)
		}
	}
}

// A key source is not asked before the token has the shape, type and algorithm.
func TestVerifierAsksLast(t *testing.T) {
	c := config(t)
	c.Algorithms = []string{"ES256"}
	c.Keys = sourceFunc(func(Header) ([]*Key, error) { t.Error("asked"); return nil, nil })
	v := newVerifier(t, c)
	wantRefused(t, "shape", v, "a.b", "compact")
	wantRefused(t, "typ", v, signRaw(t, testEC(t), `{"alg":"ES256","typ":"at+jwt"}`, payload()),
		"typ")
	wantRefused(t, "alg", v, signRaw(t, testRSA(t), `{"alg":"RS256"}`, payload()), "alg")
}

// The issuer is asked about last, once its keys are known to have signed.
func TestVerifyIssuerFunc(t *testing.T) {
	var asked []string
	c := config(t)
	c.Issuer, c.IssuerFunc = "", func(issuer string) bool {
		asked = append(asked, issuer)
		return strings.HasPrefix(issuer, "https://tenant-")
	}
	v := newVerifier(t, c)
	attacker, iss := attackersKey(t), claim{"iss", `"https://tenant-1.example"`}
	for _, tt := range []struct {
		name, compact, check, asked string
	}{
		{"a tenant", signRaw(t, testEC(t), header, payload(iss)), "", "https://tenant-1.example"},
		{"another", signRaw(t, testEC(t), header, payload()), "iss", testIssuer},
		{"no iss", signRaw(t, testEC(t), header, payload(claim{"iss", ""})), "iss", ""},
		{"an empty iss", signRaw(t, testEC(t), header, payload(claim{"iss", `""`})), "iss", ""},
		{"iss null", signRaw(t, testEC(t), header, payload(claim{"iss", `null`})), "claims", ""},
		{"a list", signRaw(t, testEC(t), header, payload(claim{"iss", `["a"]`})), "claims", ""},
		{"signed by an attacker", signRaw(t, attacker, header, payload(iss)), "signature", ""},
		{"another type", signRaw(t, testEC(t), `{"alg":"ES256","typ":"a"}`, payload(iss)), "typ", ""},
		{"another algorithm", signRaw(t, testEC(t), `{"alg":"none"}`, payload(iss)), "alg", ""},
	} {
		if asked = nil; tt.check == "" {
			wantAccepted(t, tt.name, v, tt.compact)
		} else {
			wantRefused(t, tt.name, v, tt.compact, tt.check)
		}
		if got := strings.Join(asked, " "); got != tt.asked || len(asked) > 1 {
			t.Errorf("%s: asked about %q", tt.name, asked)
		}
	}
	c.IssuerFunc = func(string) bool { t.Error("asked"); return true }
	wantRefused(t, "always true", newVerifier(t, c),
		signRaw(t, testEC(t), header, payload(claim{"iss", ""})), "iss")
}

func TestVerifyRequired(t *testing.T) {
	for _, tt := range []struct {
		required []string
		change   claim
		check    string
	}{
		{[]string{"sub"}, claim{}, ""},
		{[]string{"sub"}, claim{"sub", ""}, "sub"},
		{[]string{"sub", "jti"}, claim{}, "jti"},
		{[]string{"jti", "sub"}, claim{"sub", ""}, "jti"},
		{[]string{"iat", "sub"}, claim{"iat", ""}, "iat"},
		{[]string{"nbf"}, claim{}, "nbf"},
		{[]string{"nonce"}, claim{"nonce", `"a"`}, ""},
		{[]string{"nonce"}, claim{"Nonce", `"a"`}, "nonce"},
		{[]string{"nonce"}, claim{"a", `{"nonce":1}`}, "nonce"},
	} {
		c := config(t)
		c.Required = tt.required
		name := fmt.Sprintf("%q, %v", tt.required, tt.change)
		compact := signRaw(t, testEC(t), header, payload(tt.change))
		if tt.check == "" {
			wantAccepted(t, name, newVerifier(t, c), compact)
		} else {
			wantRefused(t, name, newVerifier(t, c), compact, tt.check)
		}
	}
}

func TestVerifyMaxAge(t *testing.T) {
	for _, tt := range []struct {
		maxAge, leeway time.Duration
		iat, check     string
	}{
		{time.Hour, 0, "1700000000", ""},
		{time.Hour, 0, "1700000060", ""},
		{time.Hour, 0, "1700000061", "iat"},
		{time.Hour, 0, "1699996341", ""},
		{time.Hour, 0, "1699996340", "iat"},
		{time.Hour, -1, "1699996401", ""},
		{time.Hour, -1, "1699996400", "iat"},
		{1, -1, "1700000000", ""},
		{1, -1, "1699999999", "iat"},
		{time.Hour, 0, "", "iat"},
		{time.Hour, 0, "0", "iat"},
		{time.Hour, 0, "-1", "iat"},
		{time.Hour, 0, "-62135596800", "iat"},
		{time.Hour, 0, "null", "claims"},
		{math.MaxInt64, -1, "1", ""},
		{math.MaxInt64, -1, "", "iat"},
		{math.MaxInt64, 5 * time.Minute, "", "iat"},
		{0, 0, "1", ""},
		{0, 0, "", ""},
	} {
		c := config(t)
		c.MaxAge, c.Leeway = tt.maxAge, tt.leeway
		name := fmt.Sprintf("%v, %v: %s", tt.maxAge, tt.leeway, tt.iat)
		compact := signRaw(t, testEC(t), header, payload(claim{"iat", tt.iat}))
		if tt.check == "" {
			wantAccepted(t, name, newVerifier(t, c), compact)
		} else {
			wantRefused(t, name, newVerifier(t, c), compact, tt.check)
		}
	}
}

// A token may do without exp, if told so; with one, it is held to it.
func TestVerifyWithoutExpiry(t *testing.T) {
	c := config(t)
	wantRefused(t, "by default", newVerifier(t, c),
		signRaw(t, testEC(t), header, payload(claim{"exp", ""})), "exp")
	c.InsecureWithoutExpiry = true
	v := newVerifier(t, c)
	for exp, check := range map[string]string{
		"": "", "1700000300": "", "1699999941": "", "1699999940": "exp", "0": "exp", "-1": "exp",
		"-62135596800": "exp", "null": "claims", `""`: "claims", "1e400": "claims",
	} {
		compact := signRaw(t, testEC(t), header, payload(claim{"exp", exp}))
		if check != "" {
			wantRefused(t, exp, v, compact, check)
		} else if tok := wantAccepted(t, exp, v, compact); tok.ExpiresAt.IsZero() != (exp == "") {
			t.Errorf("%s: got %v", exp, tok.ExpiresAt)
		}
	}
	wantRefused(t, "no iss either", v,
		signRaw(t, testEC(t), header, payload(claim{"exp", ""}, claim{"iss", ""})), "iss")
}

// RFC 7515, Section 4.1.11, and RFC 7797, Section 7: never b64 in a token.
func TestVerifyCritical(t *testing.T) {
	c := config(t)
	c.Critical = []string{"x"}
	v, plain := newVerifier(t, c), newVerifier(t, config(t))
	for _, tt := range []struct{ header, check string }{
		{`{"alg":"ES256","crit":["x"],"x":1}`, ""},
		{`{"alg":"ES256","crit":["x"]}`, "crit"},
		{`{"alg":"ES256","crit":["x","y"],"x":1,"y":1}`, "crit"},
		{`{"alg":"ES256","crit":["x","x"],"x":1}`, "crit"},
		{`{"alg":"ES256","crit":["x","alg"],"x":1}`, "crit"},
		{`{"alg":"ES256","crit":["x","b64"],"x":1,"b64":true}`, "crit"},
		{`{"alg":"ES256","crit":["b64"],"b64":true}`, "crit"},
		{`{"alg":"ES256","crit":["b64"],"b64":false}`, "crit"},
		{`{"alg":"ES256","b64":true}`, "crit"},
		{`{"alg":"ES256","b64":false}`, "crit"},
	} {
		compact := signRaw(t, testEC(t), tt.header, payload())
		if tt.check == "" {
			wantAccepted(t, tt.header, v, compact)
		} else {
			wantRefused(t, tt.header, v, compact, tt.check)
		}
		wantRefused(t, tt.header+", not declared", plain, compact, "crit")
		head, sig := signUnencoded(t, testEC(t), tt.header, "{}")
		wantRefused(t, tt.header+", unencoded", plain, head+".{}."+sig, "crit")
	}
}

func TestVerifySize(t *testing.T) {
	compact := signRaw(t, testEC(t), header, payload())
	long := signRaw(t, testEC(t), header,
		payload(claim{"a", `"` + strings.Repeat("a", 16<<10) + `"`}))
	for _, tt := range []struct {
		max     int
		compact string
		check   string
	}{
		{0, compact, ""},
		{len(compact), compact, ""},
		{len(compact) - 1, compact, "size"},
		{1, strings.Repeat(".", 1_000_000), "size"},
		{0, long, "size"},
		{len(long), long, ""},
		{len(long), strings.Repeat(".", len(long)), "compact"},
		{0, strings.Repeat(".", DefaultMaxSize+1), "size"},
		{0, strings.Repeat(".", DefaultMaxSize), "compact"},
	} {
		c := config(t)
		c.MaxSize = tt.max
		name := fmt.Sprintf("%d of at most %d", len(tt.compact), tt.max)
		if tt.check == "" {
			wantAccepted(t, name, newVerifier(t, c), tt.compact)
		} else {
			wantRefused(t, name, newVerifier(t, c), tt.compact, tt.check)
		}
	}
}

// A token is compact (RFC 7519, Section 3), and has its payload with it.
func TestVerifyCompactOnly(t *testing.T) {
	v := newVerifier(t, config(t))
	p := encode([]byte(payload()))
	signed := signPart(t, testEC(t), header, "", p)
	wantRefused(t, "flattened", v, flattened(payload(), signed), "compact")
	wantRefused(t, "general", v, general(payload(), signed), "compact")
	head, sig := signUnencoded(t, testEC(t), header, p)
	wantRefused(t, "detached", v, head+".."+sig, "signature")
	jwe := encryptFor(t, encryptionKey(t), signRaw(t, testEC(t), header, payload()),
		EncryptOptions{ContentType: "JWT"})
	wantRefused(t, "a JWE", v, jwe, "compact")
}

// encryptionKey is a private key that tokens are encrypted for.
func encryptionKey(t testing.TB) *Key {
	t.Helper()
	return newKey(t, rsaPrivate(t), KeyOptions{ID: "enc", Algorithm: "RSA-OAEP-256"})
}

func encryptFor(t testing.TB, key *Key, text string, o EncryptOptions) string {
	t.Helper()
	compact, err := Encrypt([]byte(text), key, o)
	if err != nil {
		t.Fatal(err)
	}
	return compact
}

func nestedConfig(t testing.TB, maxSize int) VerifierConfig {
	t.Helper()
	d, err := NewDecrypter(DecrypterConfig{Keys: NewSet(encryptionKey(t)), MaxSize: maxSize,
		Algorithms: []string{"RSA-OAEP-256"}, Encryptions: []string{"A256GCM"}})
	if err != nil {
		t.Fatal(err)
	}
	c := config(t)
	c.Decrypter = d
	return c
}

// RFC 7519, Section 5.2 and Appendix A.2: signed, then encrypted. Whoever has the
// public key can encrypt, so that alone says nothing (CVE-2026-29000).
func TestVerifyNested(t *testing.T) {
	v := newVerifier(t, nestedConfig(t, 0))
	signed := signRaw(t, testEC(t), header, payload())
	none := encode([]byte(`{"alg":"none"}`)) + "." + encode([]byte(payload())) + "."
	public := newKey(t, &rsaPrivate(t).PublicKey, KeyOptions{ID: "enc", Algorithm: "RSA-OAEP-256"})
	in := func(text, cty string) string {
		return encryptFor(t, public, text, EncryptOptions{ContentType: cty})
	}
	for _, cty := range []string{"JWT", "jwt", "application/jwt", "APPLICATION/JWT"} {
		tok := wantAccepted(t, cty, v, in(signed, cty))
		if tok.Subject != "user" || fields(tok.Header) != [5]string{"ES256", "", "ec", "", ""} {
			t.Errorf("got %+v", tok)
		}
	}
	twice := in(in(signed, "JWT"), "JWT")
	for _, tt := range []struct{ name, compact, check string }{
		{"a signed one as it is", signed, "compact"},
		{"an unsigned one as it is", none, "compact"},
		{"no cty", in(signed, ""), "cty"},
		{"another cty", in(signed, "json"), "cty"},
		{"at+jwt as cty", in(signed, "at+jwt"), "cty"},
		{"bare claims", in(payload(), "JWT"), "compact"},
		{"bare claims, no cty", in(payload(), ""), "cty"},
		{"an unsigned one", in(none, "JWT"), "compact"},
		{"an unsigned one with a signature", in(none+"AA", "JWT"), "alg"},
		{"a JSON serialization", in(flattened(payload(), signPart(t, testEC(t), header, "",
			encode([]byte(payload())))), "JWT"), "compact"},
		{"nothing", in("", "JWT"), "compact"},
		{"encrypted twice", twice, "compact"},
		{"signed by an attacker", in(signRaw(t, attackersKey(t), header, payload()), "JWT"),
			"signature"},
		{"expired", in(signRaw(t, testEC(t), header, payload(claim{"exp", "1"})), "JWT"), "exp"},
		{"another audience", in(signRaw(t, testEC(t), header, payload(claim{"aud", ""})), "JWT"),
			"aud"},
		{"changed", in(signed, "JWT")[:len(in(signed, "JWT"))-4] + "AAAA", "decryption"},
		{"for another key", encryptFor(t, newKey(t, &rsaPrivate(t).PublicKey, KeyOptions{ID: "other",
			Algorithm: "RSA-OAEP-256"}), signed, EncryptOptions{ContentType: "JWT"}), "key"},
	} {
		tok, err := v.Verify(t.Context(), tt.compact)
		wantRefusal(t, tt.name, err, tt.check)
		if tok != nil {
			t.Errorf("%s: a token beside an error", tt.name)
		}
	}
}

// A nested token is compact outside too (RFC 7519, Section 3), and each layer is held
// to its own size.
func TestVerifyNestedShape(t *testing.T) {
	signed := signRaw(t, testEC(t), header, payload())
	text, err := EncryptJSON([]byte(signed), []*Key{encryptionKey(t)},
		EncryptOptions{ContentType: "JWT"})
	if err != nil {
		t.Fatal(err)
	}
	wantRefused(t, "JSON", newVerifier(t, nestedConfig(t, 0)), string(text), "compact")
	compact := encryptFor(t, encryptionKey(t), signed, EncryptOptions{ContentType: "JWT"})
	wantRefused(t, "outside", newVerifier(t, nestedConfig(t, len(compact)-1)), compact, "size")
	c := nestedConfig(t, 0)
	c.MaxSize = len(signed)
	wantAccepted(t, "as long as may be", newVerifier(t, c), compact)
	c.MaxSize--
	wantRefused(t, "inside", newVerifier(t, c), compact, "size")
}

// RFC 7519, Section 5.3: a claim that is outside too is the same there, to the byte.
func TestVerifyNestedReplicated(t *testing.T) {
	v := newVerifier(t, nestedConfig(t, 0))
	signed := signRaw(t, testEC(t), header, payload(claim{"jti", `"j"`}))
	for _, tt := range []struct {
		header map[string]any
		check  string
	}{
		{map[string]any{"iss": testIssuer, "aud": testAudience, "sub": "user", "jti": "j",
			"exp": 1700000300, "iat": 1700000000}, ""},
		{map[string]any{"nonce": "another name is no business of ours"}, ""},
		{map[string]any{"iss": "https://attacker.example"}, "iss"},
		{map[string]any{"iss": testIssuer, "sub": "admin"}, "sub"},
		{map[string]any{"sub": nil}, "sub"},
		{map[string]any{"aud": []string{testAudience}}, "aud"},
		{map[string]any{"aud": "https://other.example"}, "aud"},
		{map[string]any{"exp": 1700000301}, "exp"},
		{map[string]any{"iat": 1}, "iat"},
		{map[string]any{"jti": "k"}, "jti"},
		{map[string]any{"nbf": 1}, "nbf"},
	} {
		compact := encryptFor(t, encryptionKey(t), signed,
			EncryptOptions{ContentType: "JWT", Header: tt.header})
		name := fmt.Sprint(tt.header)
		if tt.check == "" {
			wantAccepted(t, name, v, compact)
		} else {
			wantRefused(t, name, v, compact, tt.check)
		}
	}
	expired := encryptFor(t, encryptionKey(t), signRaw(t, testEC(t), header,
		payload(claim{"exp", "1"})), EncryptOptions{ContentType: "JWT",
		Header: map[string]any{"sub": "admin"}})
	wantRefused(t, "expired inside", v, expired, "exp")
}

// A clock that is not set does not make a token good that never says when it ends.
func TestVerifyAtZeroTime(t *testing.T) {
	c := config(t)
	c.Now = func() time.Time { return time.Time{} }
	text := payload(claim{"exp", ""}, claim{"iat", ""})
	wantRefused(t, "no exp", newVerifier(t, c), signRaw(t, testEC(t), header, text), "exp")
}

// A claim that is null says nothing.
func TestVerifyRequiredNull(t *testing.T) {
	c := config(t)
	c.Required = []string{"scope"}
	text := payload(claim{"scope", "null"})
	wantRefused(t, "null", newVerifier(t, c), signRaw(t, testEC(t), header, text), "scope")
}

// The token says which key signed it.
func TestTokenKey(t *testing.T) {
	c := config(t)
	keys := NewSet(testEC(t), testRSA(t))
	c.Keys = keys
	for _, k := range keys.All() {
		compact, err := Sign([]byte(payload()), k, SignOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if tok := wantAccepted(t, k.ID(), newVerifier(t, c), compact); tok.Key != k {
			t.Errorf("%s: signed by %v", k.ID(), tok.Key)
		}
	}
}

// A type may be expected with its "application/", too.
func TestVerifyWholeType(t *testing.T) {
	c := config(t)
	c.Type = "application/at+jwt"
	v := newVerifier(t, c)
	for typ, ok := range map[string]bool{"at+jwt": true, "application/at+jwt": true, "JWT": false} {
		compact, err := Sign([]byte(payload()), testEC(t), SignOptions{Type: typ})
		if err != nil {
			t.Fatal(err)
		}
		if ok {
			wantAccepted(t, typ, v, compact)
		} else {
			wantRefused(t, typ, v, compact, "typ")
		}
	}
}

// What is untyped is taken beside what has the type, if the caller says so, and nothing else.
func TestVerifyUntyped(t *testing.T) {
	c := config(t)
	c.Type, c.InsecureUntyped = "logout+jwt", true
	v := newVerifier(t, c)
	for typ, ok := range map[string]bool{"logout+jwt": true, "application/logout+jwt": true,
		"JWT": true, "application/jwt": true, "": true, "at+jwt": false, "logout": false} {
		compact, err := Sign([]byte(payload()), testEC(t), SignOptions{Type: typ})
		if err != nil {
			t.Fatal(err)
		}
		if ok {
			wantAccepted(t, "typ "+typ, v, compact)
		} else {
			wantRefused(t, "typ "+typ, v, compact, "typ")
		}
	}
}
