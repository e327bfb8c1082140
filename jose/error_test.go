package jose

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestCheckError(t *testing.T) {
	err := fmt.Errorf("wrapped: %w", checkError("exp", "must be in the future",
		"RFC 7519, Section 4.1.4"))
	if got := err.Error(); got != "wrapped: exp must be in the future (RFC 7519, Section 4.1.4)" {
		t.Errorf("got %s", got)
	}
	for _, tt := range []struct {
		target error
		want   bool
	}{
		{&CheckError{Check: "exp"}, true},
		{&CheckError{"exp", "another need", "another clause"}, true},
		{&CheckError{Check: "nbf"}, false},
		{&CheckError{}, false},
		{(*CheckError)(nil), false},
		{ErrDecryption, false},
		{errors.New("exp"), false},
		{ErrSignature, false},
	} {
		if got := errors.Is(err, tt.target); got != tt.want {
			t.Errorf("%#v: got %v", tt.target, got)
		}
	}
}

// hear returns what a trace hears while compact is verified, and the error.
func hear(t *testing.T, v *Verifier, compact string) ([]string, error) {
	t.Helper()
	var heard []string
	ctx := WithTrace(t.Context(), func(check, clause string, err error) {
		heard = append(heard, fmt.Sprintf("%s, %s: %v", check, clause, err))
	})
	_, err := v.Verify(ctx, compact)
	return heard, err
}

// A trace hears the checks in their order, and last the one that failed.
func TestWithTrace(t *testing.T) {
	checks := []string{"size, RFC 7515, Section 7", "compact, RFC 7515, Section 7.1",
		"typ, RFC 8725, Section 3.11", "alg, RFC 8725, Section 3.1", "keys, RFC 7515, Section 6",
		"key, RFC 7515, Section 6", "signature, RFC 7515, Section 5.2",
		"claims, RFC 7519, Section 4.1", "iss, RFC 7519, Section 4.1.1",
		"aud, RFC 7519, Section 4.1.3", "exp, RFC 7519, Section 4.1.4",
		"nbf, RFC 7519, Section 4.1.5", "iat, RFC 7519, Section 4.1.6",
		"iat, RFC 7519, Section 4.1.6", "sub, RFC 7519, Section 4", "nonce, RFC 7519, Section 4",
	}
	sign := func(h string, changes ...claim) string {
		return signRaw(t, testEC(t), h, payload(append(changes, claim{"nonce", "1"})...))
	}
	good := sign(header)
	c := config(t)
	c.MaxAge, c.Required = time.Hour, []string{"sub", "nonce"}
	v := newVerifier(t, c)
	for _, tt := range []struct {
		name, compact string
		passed        int
		failed        string // its name and clause, or that of checks[passed]
	}{
		{"all pass", good, len(checks), ""},
		{"size", strings.Repeat("a", DefaultMaxSize+1), 0, ""},
		{"compact", "a", 1, ""},
		{"base64", good + "\n", 1, ""},
		{"header", sign(`{"alg":1}`), 1, "header, RFC 7515, Section 4.1"},
		{"crit", sign(`{"alg":"ES256","crit":[]}`), 1, "crit, RFC 7515, Section 4.1.11"},
		{"b64", sign(`{"alg":"ES256","b64":true}`), 1, "crit, RFC 7797, Section 6"},
		{"typ", sign(`{"alg":"ES256","typ":"a"}`), 2, ""},
		{"alg", sign(`{"alg":"none"}`), 3, ""},
		{"key", sign(`{"alg":"ES256","kid":"a"}`), 5, ""},
		{"signature", good[:len(good)-4] + "AAAA", 6, ""},
		{"claims", sign(header, claim{"exp", "null"}), 7, ""},
		{"iss", sign(header, claim{"iss", ""}), 8, ""},
		{"aud", sign(header, claim{"aud", ""}), 9, ""},
		{"exp", sign(header, claim{"exp", ""}), 10, ""},
		{"nbf", sign(header, claim{"nbf", "1800000000"}), 11, ""},
		{"iat", sign(header, claim{"iat", "1800000000"}), 12, ""},
		{"too old", sign(header, claim{"iat", "1600000000"}), 13, ""},
		{"required", sign(header, claim{"sub", ""}), 14, ""},
		{"required too", signRaw(t, testEC(t), header, payload()), 15, ""},
	} {
		heard, err := hear(t, v, tt.compact)
		if tt.failed == "" && tt.passed < len(checks) {
			tt.failed = checks[tt.passed]
		}
		wantHeard(t, tt.name, heard, checks[:tt.passed], tt.failed, err)
	}
}

// wantHeard fails unless some checks passed and then the failed one, if any, said
// what the error says.
func wantHeard(t *testing.T, name string, heard, passed []string, failed string, err error) {
	t.Helper()
	var want []string
	for _, check := range passed {
		want = append(want, check+": <nil>")
	}
	if failed != "" {
		want = append(want, fmt.Sprintf("%s: %v", failed, err))
	}
	if !slices.Equal(heard, want) || (failed == "") != (err == nil) {
		t.Errorf("%s: heard\n%s\nwant\n%s", name, strings.Join(heard, "\n"),
			strings.Join(want, "\n"))
	}
	if e, ok := errors.AsType[*CheckError](err); ok && e.Check+", "+e.Clause != failed {
		t.Errorf("%s: the error is %v, and the trace says %s", name, e, failed)
	}
}

func TestWithTraceKeySource(t *testing.T) {
	c := config(t)
	down := errors.New("down")
	c.Keys = sourceFunc(func(Header) ([]*Key, error) { return nil, down })
	heard, err := hear(t, newVerifier(t, c), signRaw(t, testEC(t), header, payload()))
	if err != down || len(heard) != 5 || heard[4] != "keys, RFC 7515, Section 6: down" {
		t.Errorf("heard %q, %v", heard, err)
	}
}

// Of several signatures each is heard, to the one that verifies.
func TestWithTraceVerifySignature(t *testing.T) {
	p := encode([]byte("hi"))
	ec := signPart(t, testEC(t), protectedEC, "", p)
	rsa := signPart(t, testRSA(t), protectedRSA, "", p)
	forged := signPart(t, attackersKey(t), protectedEC, "", p)
	none := signPart(t, testEC(t), `{"alg":"none"}`, "", p)
	for text, want := range map[string]string{
		strings.Repeat("a", DefaultMaxSize+1):   "-size",
		"a.b":                                   "size -compact",
		"{":                                     "size -JSON",
		signRaw(t, testEC(t), protectedEC, "a"): "size compact payload alg keys key signature",
		signRaw(t, testEC(t), `{"alg":"a"}`, "a"):               "size compact payload -alg",
		signRaw(t, testRSA(t), protectedEC, "a"):                "size compact payload alg keys key -signature",
		signRaw(t, testEC(t), `{"kid":"a","alg":"ES256"}`, "a"): "size compact payload alg keys -key",
		flattened("hi", ec):                                     "size JSON payload alg keys key signature",
		general("hi", none, forged, rsa, ec): "size JSON payload -alg alg keys key -signature" +
			" alg keys key signature",
	} {
		var heard []string
		ctx := WithTrace(t.Context(), func(check, _ string, err error) {
			if err != nil {
				check = "-" + check
			}
			heard = append(heard, check)
		})
		VerifySignature(ctx, text, NewSet(testEC(t), testRSA(t)), jwsOptions())
		if got := strings.Join(heard, " "); got != want {
			t.Errorf("heard %s, want %s", got, want)
		}
	}
}

// Of a nested token the outer checks are heard, and then the inner ones.
func TestWithTraceNested(t *testing.T) {
	v := newVerifier(t, nestedConfig(t, 0))
	compact := encryptFor(t, encryptionKey(t), signRaw(t, testEC(t), header, payload()),
		EncryptOptions{ContentType: "JWT"})
	heard, err := hear(t, v, compact)
	var got []string
	for _, line := range heard {
		name, _, _ := strings.Cut(line, ",")
		got = append(got, name)
	}
	const inner = "size compact typ alg keys key signature claims iss aud exp nbf iat"
	if i := slices.Index(got, "cty"); err != nil || i < 0 ||
		!slices.Contains(got[:i], "decryption") || strings.Join(got[i+1:], " ") != inner {
		t.Errorf("heard %q, %v", got, err)
	}
}

const canary = "canary-canary"

// A pinned signer is no pointer, so fmt would print its PIN if it could reach it.
type pinned struct {
	*rsa.PrivateKey
	PIN string
}

func (p pinned) Sign(random io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	return p.PrivateKey.Sign(random, digest, opts)
}

// secretForms returns what must be found in no text.
func secretForms(t *testing.T) []string {
	t.Helper()
	forms := []string{canary, fmt.Sprintf("%x", canary), fmt.Sprint([]byte(canary))[1:20]}
	private := rsaPrivate(t)
	for _, n := range []*big.Int{private.D, private.Primes[0], private.Primes[1],
		private.Precomputed.Dp,
		ecPrivate(t).D} {
		word := n.Bits()[0]
		forms = append(forms, n.String(), n.Text(16), encode(n.Bytes()),
			fmt.Sprint(n.Bytes())[1:20],
			fmt.Sprint(uint(word)), fmt.Sprintf("%x", uint(word)))
	}
	return forms
}

func printAll(t *testing.T, values ...any) string {
	t.Helper()
	var out strings.Builder
	text, raw := slog.New(slog.NewTextHandler(&out, nil)), slog.New(slog.NewJSONHandler(&out, nil))
	for _, v := range values {
		for _, verb := range "vsqxXdteEfgGpcUobT" {
			fmt.Fprintf(&out, "%"+string(verb)+"\n", v)
		}
		fmt.Fprintf(&out, "%+v\n%#v\n%+q\n%#x\n% x\n", v, v, v, v, v)
		nested := struct {
			A any
			b any
		}{v, v}
		fmt.Fprintf(&out, "%v\n%+v\n%#v\n%s\n%q\n%d\n", nested, nested, nested, nested, nested,
			nested)
		text.Info("", "v", v, "nested", nested)
		raw.Info("", "v", v, "nested", nested)
		if b, err := json.Marshal(v); err == nil {
			out.Write(b)
		} else {
			fmt.Fprintln(&out, err)
		}
	}
	return out.String()
}

// canaryTokens are texts of which nothing must be repeated.
func canaryTokens(t *testing.T) []string {
	t.Helper()
	quoted := `"` + canary + `"`
	list := []string{canary, canary + "." + canary + "." + canary,
		canary + ".." + encode([]byte(canary)),
		signRaw(t, testEC(t), header, canary), `{"payload":` + quoted + `,` + quoted + `:1}`,
		`{"payload":` + quoted + `,"signatures":[` + quoted + `]}`,
		`{"payload":` + quoted + `,"protected":` + quoted + `,"signature":` + quoted + `}`,
		encryptFor(t, encryptionKey(t), canary, EncryptOptions{}),
		encryptFor(t, encryptionKey(t), canary, EncryptOptions{ContentType: "JWT"}),
		encryptFor(t, encryptionKey(t), canary, EncryptOptions{ContentType: canary})}
	for _, h := range []string{`{"alg":` + quoted, `{"alg":"ES256","kid":` + quoted,
		`{"alg":"ES256","typ":` + quoted, `{"alg":"ES256","crit":[` + quoted + `]`,
		`{"alg":"ES256","crit":` + quoted, `{"alg":"ES256",` + quoted + `:1,` + quoted + `:1`} {
		list = append(list, signRaw(t, testEC(t), h+"}", "{}"),
			flattened(canary, signPart(t, testEC(t), h+"}", `{"b64":`+quoted+`}`, "")))
	}
	for _, name := range []string{"iss", "aud", "exp", "nbf", "iat"} {
		list = append(list, signRaw(t, testEC(t), header, payload(claim{name, quoted})))
	}
	return list
}

func TestPrintsNoSecret(t *testing.T) {
	device := newKey(t, pinned{rsaPrivate(t), canary}, KeyOptions{ID: "rsa"})
	set := NewSet(testRSA(t), testEC(t), device)
	c := config(t)
	c.Keys = set
	v := newVerifier(t, c)
	tok := wantAccepted(t, "", v, signRaw(t, testEC(t), header,
		payload(claim{"nonce", `"` + canary + `"`})))
	secret := newKey(t, []byte(strings.Repeat(canary, 4)), KeyOptions{})
	nested := nestedConfig(t, 0)
	values := []any{testRSA(t), *testRSA(t), testEC(t), *testEC(t), device, *device, set, *set, v, *v,
		secret, *secret, NewSet(secret), c, nested, nested.Decrypter, *nested.Decrypter,
		newVerifier(t, nested), tok, *tok, tok.Header, UnverifiedHeader(tok.Header),
		KeyOptions{ID: "a"}, SignOptions{}, VerifyOptions{}, ErrSignature, ErrDecryption}
	for _, text := range []string{`{"kty":"` + canary + `"}`, `{"kty":"EC","d":"` + canary + `"}`,
		canary,
		`{"` + canary + `":1,"` + canary + `":1}`, `{"kty":"RSA","alg":"` + canary + `"}`} {
		_, err := ParseKey([]byte(text))
		_, setErr := ParseSet([]byte(`{"keys":"` + canary + `"}`))
		skipped, _ := ParseSet([]byte(`{"keys":[{"kty":"` + canary + `"}]}`))
		values = append(values, err, setErr, skipped.Skipped(), skipped.Skipped()[0])
	}
	for _, text := range canaryTokens(t) {
		ctx := WithTrace(t.Context(), func(check, clause string, err error) {
			values = append(values, check, clause, err)
		})
		_, err := v.Verify(ctx, text)
		_, nestedErr := newVerifier(t, nested).Verify(ctx, text)
		_, jwsErr := VerifySignature(ctx, text, set, VerifyOptions{Algorithms: []string{"HS256"}})
		_, detachedErr := VerifySignature(ctx, text, set, VerifyOptions{Payload: []byte(canary),
			Algorithms: []string{"ES256"}, Critical: []string{"x"}})
		_, peekErr := Peek(text)
		values = append(values, err, nestedErr, jwsErr, detachedErr, peekErr)
	}
	for _, o := range []SignOptions{{Algorithm: canary}, {Unencoded: true},
		{Critical: []string{canary}}, {Header: map[string]any{"alg": canary}}} {
		_, err := Sign([]byte(canary+"."), testEC(t), o)
		_, jsonErr := SignJSON([]byte(canary+"\xff"), []*Key{testEC(t)}, o)
		c := Claims{Other: map[string]any{"iss": canary}, ExpiresAt: now}
		_, issueErr := Issue(c, testEC(t), o)
		values = append(values, err, jsonErr, issueErr)
	}
	values = append(values, tok.Claims(&struct {
		Nonce int `json:"nonce"`
	}{}))
	printed := printAll(t, values...)
	for _, form := range secretForms(t) {
		if at := strings.Index(printed, form); at >= 0 {
			t.Errorf("printed %s in %s", form, printed[max(0, at-100):at+len(form)])
		}
	}
}

// Keys and verifiers are for many goroutines at once.
func TestConcurrentUse(t *testing.T) {
	v, nested := newVerifier(t, config(t)), newVerifier(t, nestedConfig(t, 0))
	compact := signRaw(t, testRSA(t), `{"alg":"RS256"}`, payload())
	encrypted := encryptFor(t, encryptionKey(t), compact, EncryptOptions{ContentType: "JWT"})
	key, shared := testEC(t), sharedKey(t)
	o := VerifyOptions{Algorithms: []string{"HS256"}, Critical: make([]string, 0, 8)}
	done := make(chan error)
	for range 8 {
		go func() {
			_, err := v.Verify(context.Background(), compact)
			_, nestedErr := nested.Verify(context.Background(), encrypted)
			_, signErr := Sign([]byte(rand.Text()), key, SignOptions{})
			signed, sharedErr := SignJSON([]byte(rand.Text()), []*Key{shared}, SignOptions{})
			_, jwsErr := VerifySignature(context.Background(), string(signed), NewSet(shared), o)
			done <- errors.Join(err, nestedErr, signErr, sharedErr, jwsErr)
		}()
	}
	for range 8 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}
