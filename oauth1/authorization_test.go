package oauth1

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

// A provider answers every request with the same body, and keeps the requests.
type provider struct {
	body string
	seen []*http.Request
}

func (p *provider) RoundTrip(req *http.Request) (*http.Response, error) {
	p.seen = append(p.seen, req)
	return &http.Response{
		StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(p.body)),
		ContentLength: -1, Header: http.Header{"Content-Type": {"text/html"}}, Request: req,
	}, nil
}

func clientOf(t *testing.T, p *provider, change ...func(*Config)) *Client {
	t.Helper()
	c := goodConfig()
	c.HTTP = &http.Client{Transport: p}
	for _, f := range change {
		f(&c)
	}
	return newClient(t, c)
}

// checkSignature recomputes the signature of a request without a body.
func checkSignature(
	t *testing.T, req *http.Request, clientSecret, tokenSecret string, form ...Param,
) {
	t.Helper()
	header := headerParams(t, req.Header.Get("Authorization"))
	params := form
	for name, value := range header {
		params = append(params, Param{name, value})
	}
	want := hmacSHA1(BaseString(req.Method, target(req), params), clientSecret, tokenSecret)
	if header["oauth_signature"] != want {
		t.Errorf("signature %s, want %s", header["oauth_signature"], want)
	}
}

func TestAuthorize(t *testing.T) {
	p := &provider{body: strings.Replace(goodTemporary, "=tok", "=t%26k%3D", 1)}
	c := clientOf(t, p, func(c *Config) {
		c.TemporaryCredentialURL = "https://provider.example/index.php?title=Special:OAuth/initiate"
		c.AuthorizationURL = "https://provider.example/authorize?perms=read;x&a"
	})
	const redirectURI = "https://site.example/cb?x=1&y=é"
	req, err := c.Authorize(t.Context(), AuthorizationOptions{
		RedirectURI: redirectURI, Params: url.Values{"scope": {"a b", "c"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	const want = "https://provider.example/authorize?perms=read;x&a" +
		"&oauth_token=t%26k%3D&scope=a+b&scope=c"
	if req.URL != want {
		t.Errorf("URL %s, want %s", req.URL, want)
	}
	txn := req.Transaction
	if txn.Token() != "t&k=" || txn.RedirectURI() != redirectURI {
		t.Errorf("transaction of %q, %q", txn.Token(), txn.RedirectURI())
	}
	sent := p.seen[0]
	header := headerParams(t, sent.Header.Get("Authorization"))
	if len(p.seen) != 1 || sent.Method != "POST" || header["oauth_callback"] != redirectURI {
		t.Errorf("%d requests, %s, callback %q", len(p.seen), sent.Method, header["oauth_callback"])
	}
	if _, ok := header["oauth_token"]; ok || len(header) != 7 {
		t.Errorf("parameters %v", header)
	}
	if sent.URL.String() != "https://provider.example/index.php?title=Special:OAuth/initiate" {
		t.Errorf("sent to %s", sent.URL)
	}
	checkSignature(t, sent, "secret", "")
}

func TestAuthorizationURLOfAPlainEndpoint(t *testing.T) {
	c := newClient(t, goodConfig())
	const want = "https://provider.example/authorize?oauth_token=tok"
	for range 2 { // the endpoint does not grow
		if got := c.authorizationURL("tok", nil); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestAuthorizeRefusesOptions(t *testing.T) {
	const good = "https://site.example/cb"
	for _, tt := range []struct {
		name  string
		o     AuthorizationOptions
		check string
	}{
		{"no redirect URI", AuthorizationOptions{}, "redirect_uri"},
		{"a path", AuthorizationOptions{RedirectURI: "/cb"}, "redirect_uri"},
		{"no scheme", AuthorizationOptions{RedirectURI: "//site.example/cb"}, "redirect_uri"},
		{"fragment", AuthorizationOptions{RedirectURI: good + "#f"}, "redirect_uri"},
		{"empty fragment", AuthorizationOptions{RedirectURI: good + "#"}, "redirect_uri"},
		{"OOB", AuthorizationOptions{RedirectURI: "OOB"}, "redirect_uri"},
		{"line break", AuthorizationOptions{RedirectURI: good + "\r\n"}, "redirect_uri"},
		{"not UTF-8", AuthorizationOptions{RedirectURI: good + "?\xff"}, "redirect_uri"},
		{"oauth_token", AuthorizationOptions{good, url.Values{"oauth_token": {"x"}}}, "params"},
		{"oauth_anything", AuthorizationOptions{good, url.Values{"oauth_x": {""}}}, "params"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := &provider{body: goodTemporary}
			req, err := clientOf(t, p).Authorize(t.Context(), tt.o)
			wantCheck(t, err, tt.check)
			if req != nil || len(p.seen) != 0 {
				t.Errorf("%d requests were sent, %v came back", len(p.seen), req)
			}
		})
	}
}

func TestAuthorizeTakesRedirectURIs(t *testing.T) {
	for _, uri := range []string{
		"oob", "http://site.example/cb", "myapp:/cb", "https://b\u00fccher.example/?\u00e9",
		"https://site.example:8443/%2F?a=b",
	} {
		c := clientOf(t, &provider{body: goodTemporary})
		_, err := c.Authorize(t.Context(), AuthorizationOptions{RedirectURI: uri})
		if err != nil {
			t.Errorf("%s: %v", uri, err)
		}
	}
}

func TestAuthorizeHonoursItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := newClient(t, goodConfig()).Authorize(ctx, AuthorizationOptions{RedirectURI: "oob"})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func begun(c *Client) *Transaction {
	return newTransaction(transaction{
		Digest: c.digest[:], Token: "tok", Secret: "sec", RedirectURI: "oob",
	})
}

func TestCallback(t *testing.T) {
	p := &provider{body: goodToken}
	c := clientOf(t, p, func(c *Config) { c.TokenURL += "?a=1" })
	tok, err := c.Callback(t.Context(), url.Values{
		"oauth_token": {"tok"}, "oauth_verifier": {"ver/1"}, "x": {"1", "2"},
		"oauth_token_secret": {"EVIL", "EVIL"}, "oauth_consumer_key": {"EVIL"},
	}, begun(c))
	if err != nil {
		t.Fatal(err)
	}
	if tok.Token() != "tok" || tok.Secret() != "sec" || tok.Extra("user_id") != "7" {
		t.Errorf("token %v", tok.Record().Extra)
	}
	sent := p.seen[0]
	header := headerParams(t, sent.Header.Get("Authorization"))
	if len(p.seen) != 1 || sent.Method != "POST" ||
		sent.URL.String() != "https://provider.example/access_token?a=1" {
		t.Errorf("%d requests, %s %s", len(p.seen), sent.Method, sent.URL)
	}
	if len(header) != 8 || header["oauth_token"] != "tok" || header["oauth_verifier"] != "ver/1" ||
		header["oauth_consumer_key"] != "client" {
		t.Errorf("parameters %v", header)
	}
	checkSignature(t, sent, "secret", "sec") // not EVIL
}

var callbackTests = []struct {
	name, query, check string
}{
	{"nothing", "", "oauth_token"},
	{"no token", "oauth_verifier=ver", "oauth_token"},
	{"empty token", "oauth_token=&oauth_verifier=ver", "oauth_token"},
	{"token of another login", "oauth_token=other&oauth_verifier=ver", "oauth_token"},
	{"longer token", "oauth_token=tokk&oauth_verifier=ver", "oauth_token"},
	{"no verifier", "oauth_token=tok", "oauth_verifier"},
	{"empty verifier", "oauth_token=tok&oauth_verifier=", "oauth_verifier"},
	{"token twice", "oauth_token=tok&oauth_token=tok&oauth_verifier=ver", "callback_parameters"},
	{"verifier twice", "oauth_token=tok&oauth_verifier=ver&oauth_verifier=ver",
		"callback_parameters"},
	{"problem twice", "oauth_token=tok&oauth_problem=a&oauth_problem=a", "callback_parameters"},
	{"denied twice", "denied=tok&denied=tok", "callback_parameters"},
	{"denial of another login", "denied=other", "oauth_token"},
	{"denial without a token", "denied=", "oauth_token"},
	{"denial and another login's token", "oauth_token=other&denied=tok", "oauth_token"},
	{"problem of no login", "oauth_problem=user_refused", "oauth_token"},
	{"problem of another login", "oauth_token=other&oauth_problem=user_refused", "oauth_token"},
}

func TestCallbackRefuses(t *testing.T) {
	for _, tt := range callbackTests {
		t.Run(tt.name, func(t *testing.T) {
			p := &provider{body: goodToken}
			c := clientOf(t, p)
			tok, err := c.Callback(t.Context(), query(t, tt.query), begun(c))
			wantCheck(t, err, tt.check)
			if tok != nil || len(p.seen) != 0 {
				t.Errorf("%d requests were sent, %v came back", len(p.seen), tok)
			}
			if strings.Contains(err.Error(), "other") || errors.Is(err, ErrAccessDenied) {
				t.Errorf("error %v believes the callback", err)
			}
		})
	}
}

func query(t *testing.T, s string) url.Values {
	t.Helper()
	v, err := url.ParseQuery(s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestCallbackDenied(t *testing.T) {
	for _, tt := range []struct {
		query   string
		denied  bool
		problem string
	}{
		{"denied=tok", true, ""},
		{"oauth_token=tok&denied=tok", true, ""},
		{"oauth_token=tok&denied=true&oauth_verifier=ver", true, ""},
		{"oauth_token=tok&oauth_problem=user_refused", true, "user_refused"},
		{"oauth_token=tok&oauth_problem=permission_denied", true, "permission_denied"},
		{"oauth_token=tok&oauth_problem=token_expired&oauth_verifier=ver", false, "token_expired"},
		{"oauth_token=tok&oauth_problem=%3Cb%3E&oauth_verifier=ver", false, ""},
	} {
		t.Run(tt.query, func(t *testing.T) {
			p := &provider{body: goodToken}
			c := clientOf(t, p)
			tok, err := c.Callback(t.Context(), query(t, tt.query), begun(c))
			if errors.Is(err, ErrAccessDenied) != tt.denied || err == nil {
				t.Errorf("got %v, denied should be %t", err, tt.denied)
			}
			if tok != nil || len(p.seen) != 0 {
				t.Errorf("%d requests were sent, %v came back", len(p.seen), tok)
			}
			e, ok := errors.AsType[*Error](err)
			if ok && (e.Problem != tt.problem || e.Status != 0) {
				t.Errorf("got %#v", e)
			}
		})
	}
}

func TestCallbackRefusesTransactions(t *testing.T) {
	p := &provider{body: goodToken}
	c := clientOf(t, p)
	other := clientOf(t, p, func(c *Config) { c.ID = "another" })
	for name, txn := range map[string]*Transaction{
		"none":                     nil,
		"zero":                     new(Transaction),
		"of another configuration": begun(other),
		"without a digest":         newTransaction(transaction{Token: "tok", Secret: "sec"}),
	} {
		t.Run(name, func(t *testing.T) {
			params := url.Values{"oauth_token": {"tok"}, "oauth_verifier": {"ver"}}
			_, err := c.Callback(t.Context(), params, txn)
			wantCheck(t, err, "transaction")
			if len(p.seen) != 0 {
				t.Error("a request was sent")
			}
		})
	}
}

// The listener hears of each check in order, until one fails.
func TestTrace(t *testing.T) {
	var heard []string
	ctx := WithTrace(t.Context(), func(check, clause string, err error) {
		if !strings.Contains(clause, ", Section ") {
			t.Errorf("%s: clause %q", check, clause)
		}
		if err != nil {
			check += " failed"
		}
		heard = append(heard, check)
	})
	c := clientOf(t, &provider{body: goodToken})
	good := url.Values{"oauth_token": {"tok"}, "oauth_verifier": {"ver"}}
	if _, err := c.Callback(ctx, good, begun(c)); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"transaction", "callback_parameters", "oauth_token", "refusal", "oauth_verifier",
		"response_status", "response_form", "response_parameters", "response_text",
		"token", "token_secret",
	}
	if !slices.Equal(heard, want) {
		t.Errorf("heard %q, want %q", heard, want)
	}
	heard = nil
	c.Callback(ctx, url.Values{"oauth_token": {"x"}}, begun(c))
	want = []string{"transaction", "callback_parameters", "oauth_token failed"}
	if !slices.Equal(heard, want) {
		t.Errorf("heard %q, want %q", heard, want)
	}
}

// No error of a login shows what the provider, the browser or the
// configuration holds.
func TestNoErrorShowsASecret(t *testing.T) {
	bodies := []string{
		canary, "<" + canary, `{"a":"` + canary + `"}`, "oauth_problem=" + canary,
		canary + "=" + canary,
		"oauth_token=" + canary, "oauth_token=" + canary + "&oauth_token=" + canary,
		"oauth_token=" + canary + "&oauth_token_secret=" + canary + "&a=%ff" + canary,
		"oauth_token=" + canary + "&oauth_token_secret=" + canary +
			"&oauth_callback_confirmed=" + canary,
	}
	queries := []string{
		"oauth_token=" + canary, "oauth_token=" + canary + "tok", "denied=" + canary,
		"oauth_verifier=" + canary, "oauth_token=" + canary + "tok&oauth_problem=" + canary,
		"oauth_token=" + canary + "&oauth_token=" + canary + "&oauth_verifier=" + canary,
		"oauth_token=" + canary + "tok&oauth_verifier=" + canary,
	}
	show := func(err error) {
		t.Helper()
		if err == nil {
			return
		}
		mustNotShow(t, "error", err)
	}
	for _, body := range bodies {
		for _, status := range []int{200, 400} {
			_, err := readTemporaryCredentials(t.Context(), response(status, body))
			show(err)
			_, err = readToken(t.Context(), response(status, body))
			show(err)
		}
	}
	c := clientOf(t, &provider{body: "<" + canary}, func(c *Config) { c.Secret = canary })
	for _, q := range queries {
		_, err := c.Callback(t.Context(), query(t, q), canaryTransaction(c))
		show(err)
	}
	_, err := c.Authorize(t.Context(), AuthorizationOptions{RedirectURI: canary})
	show(err)
	show(new(Transaction).UnmarshalBinary([]byte(canary)))
	config := goodConfig()
	config.Secret, config.TokenURL = canary, "ftp://"+canary
	_, err = New(config)
	show(err)
}

func TestRequestsOfALoginDiffer(t *testing.T) {
	now := time.Unix(1000, 0)
	c := clientOf(t, &provider{}, func(c *Config) { c.Now = func() time.Time { return now } })
	a := c.newTokenRequest(credentials{"tok", "sec"}, "ver").Header.Get("Authorization")
	b := c.newTokenRequest(credentials{"tok", "sec"}, "ver").Header.Get("Authorization")
	if a == b {
		t.Error("the nonce was repeated")
	}
}
