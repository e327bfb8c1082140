package jose

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"
)

func TestIssue(t *testing.T) {
	exp := now.Add(time.Hour)
	for _, tt := range []struct {
		name, want string
		claims     Claims
	}{
		{"only exp", `{"exp":1700003600}`, Claims{ExpiresAt: exp}},
		{"all", `{"iss":"i","sub":"s","jti":"j","exp":1700003600,"nbf":1700000001,"iat":1700000000,` +
			`"aud":"a"}`, Claims{Issuer: "i", Subject: "s", Audience: []string{"a"}, ID: "j",
			ExpiresAt: exp, NotBefore: now.Add(time.Second), IssuedAt: now}},
		{"two audiences", `{"exp":1700003600,"aud":["a","b"]}`,
			Claims{ExpiresAt: exp, Audience: []string{"a", "b"}}},
		{"an empty list", `{"exp":1700003600}`, Claims{ExpiresAt: exp, Audience: []string{}}},
		{"zero but not absent", `{"exp":1700003600,"nbf":0,"iat":-1}`,
			Claims{ExpiresAt: exp, NotBefore: time.Unix(0, 0), IssuedAt: time.Unix(-1, 0)}},
		{"a fraction of a second", `{"exp":1700003600}`,
			Claims{ExpiresAt: exp.Add(time.Second - 1)}},
		{"another zone", `{"exp":1700003600}`, Claims{ExpiresAt: exp.In(time.FixedZone("", 3600))}},
		{"private ones", `{"exp":1700003600,"":null,"a":[1,"\""],"b":true,"n":-1,"z":{"a":1,"b":2}}`,
			Claims{ExpiresAt: exp, Other: map[string]any{"z": map[string]any{"b": 2, "a": 1},
				"a": []any{1, `"`}, "b": true, "n": -1, "": nil}}},
		{"hostile text", `{"iss":"\",\"sub\":\"admin","exp":1700003600,"\"}":"\u2028"}`,
			Claims{Issuer: `","sub":"admin`, ExpiresAt: exp,
				Other: map[string]any{`"}`: "\u2028"}}},
		{"empty private ones", `{"exp":1700003600}`,
			Claims{ExpiresAt: exp, Other: map[string]any{}}},
	} {
		for range 5 {
			compact, err := Issue(tt.claims, testEC(t), SignOptions{})
			if err != nil {
				t.Fatalf("%s: %v", tt.name, err)
			}
			if got := payloadOf(t, compact); got != tt.want || !json.Valid([]byte(got)) {
				t.Errorf("%s: got %s", tt.name, got)
			}
		}
	}
}

// The type is JWT unless another is asked for; the other options are Sign's.
func TestIssueHeader(t *testing.T) {
	for want, o := range map[string]SignOptions{
		`{"alg":"ES256","kid":"ec","typ":"JWT"}`:    {},
		`{"alg":"ES256","kid":"ec","typ":"at+jwt"}`: {Type: "at+jwt", Algorithm: "ES256"},
		`{"alg":"ES256","kid":"ec","typ":"JWT","cty":"a","x":1,"crit":["x"]}`: {ContentType: "a",
			Header: map[string]any{"x": 1}, Critical: []string{"x"}},
	} {
		compact, err := Issue(Claims{ExpiresAt: now}, testEC(t), o)
		if err != nil || !strings.HasPrefix(compact, encode([]byte(want))+".") {
			t.Errorf("%s: got %s, %v", want, compact, err)
		}
	}
}

// What is issued is what a Verifier accepts.
func TestIssueAndVerify(t *testing.T) {
	for _, audience := range [][]string{{testAudience}, {"other", testAudience}} {
		compact, err := Issue(Claims{Issuer: testIssuer, Subject: "s", Audience: audience, ID: "j",
			ExpiresAt: now.Add(time.Hour), NotBefore: now, IssuedAt: now,
			Other: map[string]any{"nonce": "é"}}, testRSA(t), SignOptions{})
		if err != nil {
			t.Fatal(err)
		}
		tok := wantAccepted(t, "", newVerifier(t, config(t)), compact)
		if tok.Subject != "s" || tok.ID != "j" || !tok.ExpiresAt.Equal(now.Add(time.Hour)) ||
			!tok.NotBefore.Equal(now) || !tok.IssuedAt.Equal(now) || tok.Header.Type != "JWT" ||
			!sameValue(t, []byte(tok.Claim("nonce")), []byte(`"é"`)) ||
			strings.Join(tok.Audience, " ") != strings.Join(audience, " ") {
			t.Errorf("got %+v", tok)
		}
	}
}

func TestIssueRefuses(t *testing.T) {
	good := Claims{ExpiresAt: now}
	for _, tt := range []struct {
		name   string
		claims Claims
		o      SignOptions
		check  string
	}{
		{"no exp", Claims{Issuer: "a"}, SignOptions{}, "exp"},
		{"exp in Private only", Claims{Other: map[string]any{"exp": 1}}, SignOptions{}, "exp"},
		{"unencoded", good, SignOptions{Unencoded: true}, "b64"},
		{"detached", good, SignOptions{Detached: true}, "b64"},
		{"alg in Header", good, SignOptions{Header: map[string]any{"alg": "none"}}, "header"},
		{"crit that is not there", good, SignOptions{Critical: []string{"x"}}, "crit"},
		{"an algorithm of another key", good, SignOptions{Algorithm: "RS256"}, "key"},
	} {
		compact, err := Issue(tt.claims, testEC(t), tt.o)
		wantCheck(t, tt.name, err, tt.check)
		if compact != "" {
			t.Errorf("%s: got %s", tt.name, compact)
		}
	}
	for _, name := range []string{"iss", "sub", "aud", "exp", "nbf", "iat", "jti"} {
		good.Other = map[string]any{"a": 1, name: "x", "z": 1}
		compact, err := Issue(good, testEC(t), SignOptions{})
		wantCheck(t, name, err, name)
		if compact != "" {
			t.Errorf("%s: got %s", name, compact)
		}
	}
	for _, v := range []any{math.NaN(), math.Inf(-1), func() {}, make(chan int), 1i,
		json.RawMessage("{"), map[string]any{"a": math.NaN()}} {
		good.Other = map[string]any{"x": v}
		if compact, err := Issue(good, testEC(t), SignOptions{}); compact != "" || err == nil {
			t.Errorf("%T: got %s, %v", v, compact, err)
		}
	}
}

// The errors as a user reads them.
func TestIssueErrors(t *testing.T) {
	for want, c := range map[string]Claims{
		"exp must be set (RFC 7519, Section 4.1.4)": {},
		"sub must be set in its own field (RFC 7519, Section 4)": {ExpiresAt: now,
			Other: map[string]any{"sub": "a"}},
	} {
		if _, err := Issue(c, testEC(t), SignOptions{}); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	_, err := Issue(Claims{ExpiresAt: now}, testEC(t), SignOptions{Detached: true})
	if err == nil || err.Error() != "b64 must not be used in a JWT (RFC 7797, Section 7)" {
		t.Errorf("got %v", err)
	}
}

// An empty audience is written as it is, and names are refused that would not be read.
func TestIssueNames(t *testing.T) {
	c := Claims{Audience: []string{""}, ExpiresAt: now}
	if text, err := c.marshal(); err != nil || !strings.Contains(string(text), `"aud":""`) {
		t.Errorf("got %s, %v", text, err)
	}
	for name, check := range map[string]string{"EXP": "exp", "i\u017fs": "iss", "\xff": "claims"} {
		_, err := Issue(Claims{ExpiresAt: now, Other: map[string]any{name: 1}}, testEC(t),
			SignOptions{})
		wantCheck(t, name, err, check)
	}
}

// Two subjects that are not UTF-8 would become one: nothing is written as something else.
func TestIssueUTF8(t *testing.T) {
	for name, c := range map[string]Claims{
		"sub":     {Subject: "a\xff"},
		"aud":     {Audience: []string{"a", "\xff"}},
		"a claim": {Other: map[string]any{"a": "\xfe"}},
		"a list":  {Other: map[string]any{"a": []string{"\xfe"}}},
		"any":     {Other: map[string]any{"a": []any{"\xfe"}}},
		"a map":   {Other: map[string]any{"a": map[string]any{"b": "\xfe"}}},
		"a name":  {Other: map[string]any{"a": map[string]any{"\xfe": 1}}},
	} {
		c.ExpiresAt = now
		_, err := Issue(c, testEC(t), SignOptions{})
		wantCheck(t, name, err, "claims")
	}
	c := Claims{ExpiresAt: now, Other: map[string]any{"a": []any{"\ufffd"}}}
	if _, err := Issue(c, testEC(t), SignOptions{}); err != nil {
		t.Errorf("U+FFFD itself: %v", err)
	}
	_, err := Sign(nil, testEC(t), SignOptions{Type: "a\xff"})
	wantCheck(t, "typ", err, "header")
	_, err = Sign(nil, testEC(t), SignOptions{Header: map[string]any{"a": []any{"\xff"}}})
	wantCheck(t, "a value", err, "header")
	_, err = Sign(nil, testEC(t), SignOptions{Header: map[string]any{"a\xff": 1}})
	wantCheck(t, "a name", err, "header")
}
