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
	checks := []string{
		"compact, RFC 7515, Section 7.1", "typ, RFC 8725, Section 3.11",
		"alg, RFC 8725, Section 3.1",
		"keys, RFC 7515, Section 6", "key, RFC 7515, Section 6", "signature, RFC 7515, Section 5.2",
		"claims, RFC 7519, Section 4.1", "iss, RFC 7519, Section 4.1.1",
		"aud, RFC 7519, Section 4.1.3",
		"exp, RFC 7519, Section 4.1.4", "nbf, RFC 7519, Section 4.1.5",
		"iat, RFC 7519, Section 4.1.6",
	}
	sign := func(h string, changes ...member) string {
		return signRaw(t, ecKey(t), h, payload(changes...))
	}
	good := sign(header)
	for _, tt := range []struct {
		name, compact string
		passed        int
		failed        string // its name and clause, or that of checks[passed]
	}{
		{"all pass", good, len(checks), ""},
		{"size", strings.Repeat("a", MaxSize+1), 0, "size, RFC 7515, Section 7.1"},
		{"compact", "a", 0, ""},
		{"base64", good + "\n", 0, ""},
		{"header", sign(`{"alg":1}`), 0, "header, RFC 7515, Section 4.1"},
		{"crit", sign(`{"alg":"ES256","crit":[]}`), 0, "crit, RFC 7515, Section 4.1.11"},
		{"typ", sign(`{"alg":"ES256","typ":"a"}`), 1, ""},
		{"alg", sign(`{"alg":"none"}`), 2, ""},
		{"key", sign(`{"alg":"ES256","kid":"a"}`), 4, ""},
		{"signature", good[:len(good)-4] + "AAAA", 5, ""},
		{"claims", sign(header, member{"exp", "null"}), 6, ""},
		{"iss", sign(header, member{"iss", ""}), 7, ""},
		{"aud", sign(header, member{"aud", ""}), 8, ""},
		{"exp", sign(header, member{"exp", ""}), 9, ""},
		{"nbf", sign(header, member{"nbf", "1800000000"}), 10, ""},
		{"iat", sign(header, member{"iat", "1800000000"}), 11, ""},
	} {
		heard, err := hear(t, newVerifier(t, config(t)), tt.compact)
		var want []string
		for _, check := range checks[:tt.passed] {
			want = append(want, check+": <nil>")
		}
		if tt.failed == "" && tt.passed < len(checks) {
			tt.failed = checks[tt.passed]
		}
		if tt.failed != "" {
			want = append(want, fmt.Sprintf("%s: %v", tt.failed, err))
		}
		if !slices.Equal(heard, want) {
			t.Errorf("%s: heard\n%s\nwant\n%s", tt.name, strings.Join(heard, "\n"),
				strings.Join(want, "\n"))
		}
		if e, ok := errors.AsType[*CheckError](err); ok && e.Check+", "+e.Clause != tt.failed {
			t.Errorf("%s: the error is %v, and the trace says %s", tt.name, e, tt.failed)
		}
	}
}

func TestWithTraceKeySource(t *testing.T) {
	c := config(t)
	down := errors.New("down")
	c.Keys = source(func(Header) ([]*Key, error) { return nil, down })
	heard, err := hear(t, newVerifier(t, c), signRaw(t, ecKey(t), header, payload()))
	if err != down || len(heard) != 4 || heard[3] != "keys, RFC 7515, Section 6: down" {
		t.Errorf("heard %q, %v", heard, err)
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
		readVector(t, "rfc7515-a3").number("d")} {
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

func TestPrintsNoSecret(t *testing.T) {
	device := newKey(t, pinned{rsaPrivate(t), canary}, KeyOptions{ID: "rsa"})
	set := NewSet(rsaKey(t), ecKey(t), device)
	c := config(t)
	c.Keys = set
	v := newVerifier(t, c)
	tok := wantAccepted(t, "", v, signRaw(t, ecKey(t), header,
		payload(member{"nonce", `"` + canary + `"`})))
	values := []any{rsaKey(t), *rsaKey(t), ecKey(t), *ecKey(t), device, *device, set, *set, v, *v,
		c, tok, *tok,
		tok.Header, UnverifiedHeader(tok.Header), KeyOptions{ID: "a"}, SignOptions{}, ErrSignature}
	for _, text := range []string{`{"kty":"` + canary + `"}`, `{"kty":"EC","d":"` + canary + `"}`,
		canary,
		`{"` + canary + `":1,"` + canary + `":1}`, `{"kty":"RSA","alg":"` + canary + `"}`} {
		_, err := ParseKey([]byte(text))
		_, setErr := ParseSet([]byte(`{"keys":"` + canary + `"}`))
		skipped, _ := ParseSet(setOf(`{"kty":"` + canary + `"}`))
		values = append(values, err, setErr, skipped.Skipped(), skipped.Skipped()[0])
	}
	for _, compact := range []string{
		canary, canary + "." + canary + "." + canary, canary + ".." + encode([]byte(canary)),
		signRaw(t, ecKey(t), `{"alg":"`+canary+`"}`, `{}`),
		signRaw(t, ecKey(t), `{"alg":"ES256","kid":"`+canary+`"}`, `{}`),
		signRaw(t, ecKey(t), `{"alg":"ES256","typ":"`+canary+`"}`, `{}`),
		signRaw(t, ecKey(t), `{"alg":"ES256","crit":["`+canary+`"]}`, `{}`),
		signRaw(t, ecKey(t), header, canary),
		signRaw(t, ecKey(t), header, payload(member{"iss", `"` + canary + `"`})),
		signRaw(t, ecKey(t), header, payload(member{"aud", `"` + canary + `"`})),
		signRaw(t, ecKey(t), header, payload(member{"exp", `"` + canary + `"`})),
	} {
		ctx := WithTrace(t.Context(), func(check, clause string, err error) {
			values = append(values, check, clause, err)
		})
		_, err := v.Verify(ctx, compact)
		_, peekErr := Peek(compact)
		values = append(values, err, peekErr)
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
	v := newVerifier(t, config(t))
	compact := signRaw(t, rsaKey(t), `{"alg":"RS256"}`, payload())
	key := ecKey(t)
	done := make(chan error)
	for range 8 {
		go func() {
			_, err := v.Verify(context.Background(), compact)
			_, signErr := Sign([]byte(rand.Text()), key, SignOptions{})
			done <- errors.Join(err, signErr)
		}()
	}
	for range 8 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}
