package oauth1

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"testing"
)

const siteCallback = "https://site.example/cb?x=1&y=é"

func TestAuthorize(t *testing.T) {
	s := scriptOf(strings.Replace(goodTemporary, "=tok", "=t%26k%3D", 1))
	c := s.client(t)
	req, err := c.Authorize(t.Context(), AuthorizationOptions{RedirectURI: siteCallback})
	if err != nil {
		t.Fatal(err)
	}
	s.only(t, c, wanted{
		method: "POST", url: "https://provider.example/request_token",
		protocol: []Param{{"oauth_callback", siteCallback}},
	})
	if want := "https://provider.example/authorize?oauth_token=t%26k%3D"; req.URL != want {
		t.Errorf("URL %s, want %s", req.URL, want)
	}
	txn := req.Transaction.data()
	if txn.Token != "t&k=" || txn.Secret != "sec" || txn.RedirectURI != siteCallback ||
		string(txn.Digest) != string(c.digest[:]) {
		t.Errorf("transaction %q", txn)
	}
}

var authorizationURLTests = []struct {
	name   string
	change func(*Config)
	params url.Values
	want   string
}{
	{"plain", func(*Config) {}, nil, "authorize?oauth_token=t%26k%3D%20%2B"},
	{"query kept as it stands", func(c *Config) {
		c.AuthorizationURL += "?perms=read;x&a&b=%7e+%2"
	}, nil, "authorize?perms=read;x&a&b=%7e+%2&oauth_token=t%26k%3D%20%2B"},
	{"empty query", func(c *Config) { c.AuthorizationURL += "?" }, nil,
		"authorize?oauth_token=t%26k%3D%20%2B"},
	{"further parameters", func(*Config) {},
		url.Values{"scope": {"a b", "c&d"}, "expiration": {"never"}, "é": {"="}},
		"authorize?oauth_token=t%26k%3D%20%2B&expiration=never&scope=a%20b&scope=c%26d&%C3%A9=%3D"},
	{"E*TRADE", func(c *Config) {
		c.ID = "k/y"
		c.AuthorizationNames = AuthorizationNames{Token: "token", Client: "key"}
	}, nil, "authorize?key=k%2Fy&token=t%26k%3D%20%2B"},
	{"name of the client alone", func(c *Config) { c.AuthorizationNames.Client = "consumer" },
		url.Values{"a": {"1"}}, "authorize?consumer=client&oauth_token=t%26k%3D%20%2B&a=1"},
	{"callback", func(c *Config) { c.AuthorizationNames.Callback = "oauth_callback" }, nil,
		"authorize?oauth_token=t%26k%3D%20%2B" +
			"&oauth_callback=https%3A%2F%2Fsite.example%2Fcb%3Fx%3D1%26y%3D%C3%A9"},
	{"names that need encoding", func(c *Config) {
		c.AuthorizationNames = AuthorizationNames{"t k", "c&", "="}
	}, nil, "authorize?c%26=client&t%20k=t%26k%3D%20%2B" +
		"&%3D=https%3A%2F%2Fsite.example%2Fcb%3Fx%3D1%26y%3D%C3%A9"},
	{"names of others", func(*Config) {}, url.Values{"token": {"x"}, "key": {"y"}, "": {"z"}},
		"authorize?oauth_token=t%26k%3D%20%2B&=z&key=y&token=x"},
}

func TestAuthorizationURL(t *testing.T) {
	for _, tt := range authorizationURLTests {
		t.Run(tt.name, func(t *testing.T) {
			s := scriptOf(strings.Replace(goodTemporary, "=tok", "=t%26k%3D+%2B", 1))
			c := s.client(t, tt.change)
			for range 2 { // the endpoint does not grow
				req, err := c.Authorize(t.Context(), AuthorizationOptions{siteCallback, tt.params})
				if err != nil {
					t.Fatal(err)
				}
				if want := "https://provider.example/" + tt.want; req.URL != want {
					t.Errorf("got  %s\nwant %s", req.URL, want)
				}
			}
		})
	}
}

// The user of a login with "oob" may find the way alone.
func TestAuthorizeWithoutAuthorizationURL(t *testing.T) {
	noURL := func(c *Config) { c.AuthorizationURL = "" }
	s := scriptOf(goodTemporary)
	c := s.client(t, noURL)
	req, err := c.Authorize(t.Context(), redirectOOB)
	if err != nil || req.URL != "" || req.Transaction.Token() != "tok" {
		t.Errorf("got %+v, %v", req, err)
	}
	s.only(t, c, wanted{
		method: "POST", url: "https://provider.example/request_token",
		protocol: []Param{{"oauth_callback", "oob"}},
	})
	s = scriptOf(goodTemporary)
	inBrowser := AuthorizationOptions{RedirectURI: siteCallback}
	_, err = s.client(t, noURL).Authorize(t.Context(), inBrowser)
	wantClause(t, err, "authorization_url", section22)
	s.nothing(t)
}

func TestAuthorizeRefusesOptions(t *testing.T) {
	const good = "https://site.example/cb"
	none := func(*Config) {}
	names := func(c *Config) { c.AuthorizationNames = AuthorizationNames{"token", "key", "back"} }
	for _, tt := range []struct {
		name          string
		change        func(*Config)
		o             AuthorizationOptions
		check, clause string
	}{
		{"client that only signs", func(c *Config) { *c = Config{ID: "a", Secret: "b"} },
			AuthorizationOptions{}, "temporary_credential_url", section21},
		{"no redirect URI", none, AuthorizationOptions{}, "redirect_uri", section21},
		{"a path", none, AuthorizationOptions{RedirectURI: "/cb"}, "redirect_uri", section21},
		{"no scheme", none, AuthorizationOptions{RedirectURI: "//site.example/cb"},
			"redirect_uri", section21},
		{"fragment", none, AuthorizationOptions{RedirectURI: good + "#f"},
			"redirect_uri", section21},
		{"empty fragment", none, AuthorizationOptions{RedirectURI: good + "#"},
			"redirect_uri", section21},
		{"OOB", none, AuthorizationOptions{RedirectURI: "OOB"}, "redirect_uri", section21},
		{"oob with a space", none, AuthorizationOptions{RedirectURI: "oob "},
			"redirect_uri", section21},
		{"line break", none, AuthorizationOptions{RedirectURI: good + "\r\n"},
			"redirect_uri", section21},
		{"not UTF-8", none, AuthorizationOptions{RedirectURI: good + "?\xff"},
			"redirect_uri", section21},
		{"oauth_token", none, AuthorizationOptions{good, url.Values{"oauth_token": {"x"}}},
			"params", section2},
		{"oauth_anything", none, AuthorizationOptions{good, url.Values{"oauth_x": {""}}},
			"params", section2},
		{"oauth_anything without a value", none,
			AuthorizationOptions{good, url.Values{"a": {"b"}, "oauth_": nil}}, "params", section2},
		{"provider's name of the token", names,
			AuthorizationOptions{good, url.Values{"token": {"x"}}}, "params", section2},
		{"provider's name of the client", names,
			AuthorizationOptions{good, url.Values{"key": {"x"}}}, "params", section2},
		{"provider's name of the callback", names,
			AuthorizationOptions{good, url.Values{"back": {"x"}}}, "params", section2},
		{"oauth_token, another name", names,
			AuthorizationOptions{good, url.Values{"oauth_token": {"x"}}}, "params", section2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := scriptOf(goodTemporary)
			req, err := s.client(t, tt.change).Authorize(t.Context(), tt.o)
			wantClause(t, err, tt.check, tt.clause)
			if req != nil {
				t.Errorf("%v beside the error", req)
			}
			s.nothing(t)
		})
	}
}

func TestAuthorizeTakesRedirectURIs(t *testing.T) {
	for _, uri := range []string{
		"oob", "http://site.example/cb", "myapp:/cb", "https://b\u00fccher.example/?\u00e9",
		"https://site.example:8443/%2F?a=b",
	} {
		req, err := scriptOf(goodTemporary).client(t).Authorize(t.Context(),
			AuthorizationOptions{RedirectURI: uri})
		if err != nil || req.Transaction.RedirectURI() != uri {
			t.Errorf("%s: %v", uri, err)
		}
	}
}

func TestCallbackConfirmed(t *testing.T) {
	const bare = "oauth_token=tok&oauth_token_secret=sec"
	for _, body := range []string{
		bare, bare + "&oauth_callback_confirmed=false", bare + "&oauth_callback_confirmed=True",
		bare + "&oauth_callback_confirmed=1", bare + "&oauth_callback_confirmed=",
		bare + "&OAUTH_CALLBACK_CONFIRMED=true", goodTemporary[:len(goodTemporary)-2],
	} {
		req, err := scriptOf(body).client(t).Authorize(t.Context(), redirectOOB)
		wantClause(t, err, "oauth_callback_confirmed", section21)
		if req != nil {
			t.Errorf("%s: %v beside the error", body, req)
		}
		optedOut := func(c *Config) { c.InsecureNoCallbackConfirmed = true }
		_, err = scriptOf(body).client(t, optedOut).Authorize(t.Context(), redirectOOB)
		if err != nil {
			t.Errorf("%s, opted out: %v", body, err)
		}
	}
}

// Only what begins a login has to be confirmed.
func TestTokensNeedNoConfirmation(t *testing.T) {
	for _, tt := range calls[1:] {
		if err := tt.call(t.Context(), scriptOf(goodToken).client(t)); err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

func TestCallback(t *testing.T) {
	s := scriptOf(goodToken)
	c := s.client(t, func(c *Config) { c.TokenURL += "?a=1" })
	tok, err := c.Callback(t.Context(), url.Values{
		"oauth_token": {"tok"}, "oauth_verifier": {" ver/1"}, "x": {"1", "2"},
		"oauth_token_secret": {"EVIL", "EVIL"}, "oauth_consumer_key": {"EVIL"},
	}, flowTransaction(c))
	if err != nil {
		t.Fatal(err)
	}
	if tok.Token() != "new" || tok.Secret() != "sss" || tok.Extra("user_id") != "7" {
		t.Errorf("token %v", tok.Record().Extra)
	}
	s.only(t, c, wanted{ // signed with the secret of the transaction, not EVIL
		method: "POST", url: "https://provider.example/access_token?a=1",
		token: "tok", secret: "sec", protocol: []Param{{"oauth_verifier", " ver/1"}},
	})
}

var callbackTests = []struct {
	name, query, check, clause string
}{
	{"nothing", "", "oauth_token", section22},
	{"no token", "oauth_verifier=ver", "oauth_token", section22},
	{"empty token", "oauth_token=&oauth_verifier=ver", "oauth_token", section22},
	{"token of another login", "oauth_token=other&oauth_verifier=ver", "oauth_token", section22},
	{"longer token", "oauth_token=tokk&oauth_verifier=ver", "oauth_token", section22},
	{"shorter token", "oauth_token=to&oauth_verifier=ver", "oauth_token", section22},
	{"token in other case", "oauth_token=TOK&oauth_verifier=ver", "oauth_token", section22},
	{"no verifier", "oauth_token=tok", "oauth_verifier", section22},
	{"empty verifier", "oauth_token=tok&oauth_verifier=", "oauth_verifier", section22},
	{"token twice", "oauth_token=tok&oauth_token=tok&oauth_verifier=ver",
		"callback_parameters", "RFC 5849, Section 3.1"},
	{"verifier twice", "oauth_token=tok&oauth_verifier=ver&oauth_verifier=ver",
		"callback_parameters", "RFC 5849, Section 3.1"},
	{"problem twice", "oauth_token=tok&oauth_problem=a&oauth_problem=a",
		"callback_parameters", "RFC 5849, Section 3.1"},
	{"denied twice", "denied=tok&denied=tok", "callback_parameters", "RFC 5849, Section 3.1"},
	{"another token twice", "oauth_token=other&oauth_token=tok&oauth_verifier=ver",
		"callback_parameters", "RFC 5849, Section 3.1"},
	{"denial of another login", "denied=other", "oauth_token", section22},
	{"denial without a token", "denied=", "oauth_token", section22},
	{"denial and another login's token", "oauth_token=other&denied=tok",
		"oauth_token", section22},
	{"denial and an empty token", "oauth_token=&denied=tok", "oauth_token", section22},
	{"problem of no login", "oauth_problem=user_refused", "oauth_token", section22},
	{"problem of another login", "oauth_token=other&oauth_problem=user_refused",
		"oauth_token", section22},
}

func TestCallbackRefuses(t *testing.T) {
	for _, tt := range callbackTests {
		t.Run(tt.name, func(t *testing.T) {
			s := scriptOf(goodToken)
			c := s.client(t)
			tok, err := c.Callback(t.Context(), callbackQuery(t, tt.query), flowTransaction(c))
			wantClause(t, err, tt.check, tt.clause)
			if tok != nil {
				t.Error("a token beside the error")
			}
			s.nothing(t)
			if strings.Contains(err.Error(), "other") || errors.Is(err, ErrAccessDenied) {
				t.Errorf("error %v believes the callback", err)
			}
		})
	}
}

func callbackQuery(t *testing.T, s string) url.Values {
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
		{"oauth_token=tok&denied=&oauth_verifier=ver", true, ""},
		{"denied=tok&oauth_problem=token_expired", true, ""},
		{"oauth_token=tok&oauth_problem=user_refused", true, "user_refused"},
		{"oauth_token=tok&oauth_problem=permission_denied", true, "permission_denied"},
		{"oauth_token=tok&oauth_problem=token_expired&oauth_verifier=ver", false, "token_expired"},
		{"oauth_token=tok&oauth_problem=%3Cb%3E&oauth_verifier=ver", false, ""},
		{"oauth_token=tok&oauth_problem=&oauth_verifier=ver", false, ""},
	} {
		t.Run(tt.query, func(t *testing.T) {
			s := scriptOf(goodToken)
			c := s.client(t)
			tok, err := c.Callback(t.Context(), callbackQuery(t, tt.query), flowTransaction(c))
			if errors.Is(err, ErrAccessDenied) != tt.denied || err == nil {
				t.Errorf("got %v, denied should be %t", err, tt.denied)
			}
			if tok != nil {
				t.Error("a token beside the error")
			}
			s.nothing(t)
			e, ok := errors.AsType[*Error](err)
			if ok && (e.Problem != tt.problem || e.Status != 0 || e.Excerpt() != "") {
				t.Errorf("got %#v", e)
			}
			if ok == strings.Contains(tt.query, "denied=") {
				t.Errorf("got %T", err)
			}
		})
	}
}

func TestRefusedTransactions(t *testing.T) {
	s := scriptOf(goodToken)
	c := s.client(t)
	other := s.client(t, func(c *Config) { c.ID = "another" })
	for name, txn := range map[string]*Transaction{
		"none":              nil,
		"zero":              new(Transaction),
		"of another client": flowTransaction(other),
		"without a digest":  newTransaction(transaction{Token: "tok", Secret: "sec"}),
		"half a digest": newTransaction(transaction{
			Digest: c.digest[:16], Token: "tok", Secret: "sec", RedirectURI: "oob"}),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := c.Callback(t.Context(), goodCallback(), txn)
			wantClause(t, err, "transaction", "RFC 5849, Section 4.13")
			_, err = c.Exchange(t.Context(), "ver", txn)
			wantClause(t, err, "transaction", "RFC 5849, Section 4.13")
			s.nothing(t)
		})
	}
}

// An attacker's callback does not end a victim's login, at the same client.
func TestTransactionOfAnotherUser(t *testing.T) {
	s := scriptOf(strings.Replace(goodTemporary, "=tok", "=victim", 1), goodToken)
	c := s.client(t)
	victim, err := c.Authorize(t.Context(), AuthorizationOptions{RedirectURI: siteCallback})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Callback(t.Context(), goodCallback(), victim.Transaction)
	wantClause(t, err, "oauth_token", section22)
	if len(s.sent) != 1 {
		t.Errorf("%d requests were sent", len(s.sent))
	}
}

func TestCallbackToken(t *testing.T) {
	for query, want := range map[string]string{
		"":                                  "",
		"oauth_token=a":                     "a",
		"oauth_token=a&denied=b":            "a",
		"denied=b":                          "b",
		"oauth_token=&denied=b":             "",
		"oauth_token=a&oauth_token=b":       "a",
		"oauth_verifier=v&OAUTH_TOKEN=a":    "",
		"oauth_token_secret=s&denied=%26+b": "& b",
	} {
		if got := CallbackToken(callbackQuery(t, query)); got != want {
			t.Errorf("%s: got %q, want %q", query, got, want)
		}
	}
}

func TestExchange(t *testing.T) {
	for _, verifier := range []string{"ver 1", " \tver 1\r\n", "\u00a0ver 1"} {
		s := scriptOf(goodTemporary, goodToken)
		c := s.client(t)
		req, err := c.Authorize(t.Context(), redirectOOB)
		if err != nil {
			t.Fatal(err)
		}
		tok, err := c.Exchange(t.Context(), verifier, req.Transaction)
		if err != nil || tok.Token() != "new" || tok.Secret() != "sss" {
			t.Fatalf("token %v, %v", tok, err)
		}
		s.sent = s.sent[1:]
		s.only(t, c, wanted{
			method: "POST", url: "https://provider.example/access_token",
			token: "tok", secret: "sec", protocol: []Param{{"oauth_verifier", "ver 1"}},
		})
	}
}

func TestExchangeRefuses(t *testing.T) {
	s := scriptOf(goodToken)
	c := s.client(t)
	typed := newTransaction(transaction{
		Digest: c.digest[:], Token: "tok", Secret: "sec", RedirectURI: "oob"})
	for _, tt := range []struct {
		name, verifier string
		txn            *Transaction
		check, clause  string
	}{
		{"browser's login", "ver", flowTransaction(c), "redirect_uri", section21},
		{"browser's login without a verifier", "", flowTransaction(c), "redirect_uri", section21},
		{"empty", "", typed, "oauth_verifier", section23},
		{"spaces", " \r\n\t", typed, "oauth_verifier", section23},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tok, err := c.Exchange(t.Context(), tt.verifier, tt.txn)
			wantClause(t, err, tt.check, tt.clause)
			if tok != nil {
				t.Error("a token beside the error")
			}
			s.nothing(t)
		})
	}
}

// A verifier that was sent to a browser after all is compared as ever.
func TestCallbackOfOOB(t *testing.T) {
	c := scriptOf(goodToken).client(t)
	typed := newTransaction(transaction{
		Digest: c.digest[:], Token: "tok", Secret: "sec", RedirectURI: "oob"})
	if _, err := c.Callback(t.Context(), goodCallback(), typed); err != nil {
		t.Error(err)
	}
}

// traced returns a context and what the listener heard of it.
func traced(t *testing.T) (context.Context, *[]string) {
	heard := new([]string)
	return WithTrace(t.Context(), func(check, clause string, err error) {
		if !strings.Contains(clause, ", Section ") {
			t.Errorf("%s: clause %q", check, clause)
		}
		if err != nil {
			check += " failed"
		}
		*heard = append(*heard, check)
	}), heard
}

const (
	tracedRequest  = "authorization parameters "
	tracedResponse = "response_status response_form response_parameters response_text " +
		"token token_secret"
	tracedCallback = "transaction callback_parameters oauth_token refusal oauth_verifier "
	tracedOptions  = "temporary_credential_url redirect_uri authorization_url params "
)

// The listener hears of each check in order, until one fails.
func TestTrace(t *testing.T) {
	for _, tt := range []struct {
		name, body string
		call       func(context.Context, *Client)
		want       string
	}{
		{"Authorize", goodTemporary,
			func(ctx context.Context, c *Client) { c.Authorize(ctx, redirectOOB) },
			tracedOptions + tracedRequest + tracedResponse + " oauth_callback_confirmed"},
		{"Authorize that fails", goodTemporary,
			func(ctx context.Context, c *Client) { c.Authorize(ctx, AuthorizationOptions{}) },
			"temporary_credential_url redirect_uri failed"},
		{"Authorize of a bad response", "oauth_token=a&oauth_token=b",
			func(ctx context.Context, c *Client) { c.Authorize(ctx, redirectOOB) },
			tracedOptions + tracedRequest +
				"response_status response_form response_parameters failed"},
		{"Authorize that is refused", "oauth_problem=a",
			func(ctx context.Context, c *Client) { c.Authorize(ctx, redirectOOB) },
			tracedOptions + tracedRequest + "response_status failed"},
		{"Callback", goodToken, func(ctx context.Context, c *Client) {
			c.Callback(ctx, goodCallback(), flowTransaction(c))
		}, tracedCallback + tracedRequest + tracedResponse},
		{"Callback that fails", goodToken, func(ctx context.Context, c *Client) {
			c.Callback(ctx, url.Values{"oauth_token": {"x"}}, flowTransaction(c))
		}, "transaction callback_parameters oauth_token failed"},
		{"Callback of a denial", goodToken, func(ctx context.Context, c *Client) {
			c.Callback(ctx, url.Values{"denied": {"tok"}}, flowTransaction(c))
		}, "transaction callback_parameters oauth_token refusal failed"},
		{"Exchange", goodToken, func(ctx context.Context, c *Client) {
			c.Exchange(ctx, "ver", newTransaction(transaction{
				Digest: c.digest[:], Token: "tok", Secret: "sec", RedirectURI: "oob"}))
		}, "transaction redirect_uri oauth_verifier " + tracedRequest + tracedResponse},
		{"XAuth", goodToken, func(ctx context.Context, c *Client) { c.XAuth(ctx, "jane", "p") },
			"token_url x_auth_username x_auth_password authorization body parameters " +
				tracedResponse},
		{"Renew", goodToken, func(ctx context.Context, c *Client) { c.Renew(ctx, renewable()) },
			"renewal_url session_handle " + tracedRequest + tracedResponse},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ctx, heard := traced(t)
			tt.call(ctx, scriptOf(tt.body).client(t))
			if got := strings.Join(*heard, " "); got != tt.want {
				t.Errorf("heard %s\nwant  %s", got, tt.want)
			}
		})
	}
}

// No error of a login shows what the provider, the browser or the configuration
// holds.
func TestNoErrorShowsASecret(t *testing.T) {
	bodies := []string{
		canary, "<" + canary, `{"a":"` + canary + `"}`, "oauth_problem=" + canary,
		canary + "=" + canary,
		"oauth_token=" + canary, "oauth_token=" + canary + "&oauth_token=" + canary,
		"oauth_token=" + canary + "&oauth_token_secret=" + canary + "&a=%ff" + canary,
		"oauth_token=" + canary + "&oauth_token_secret=" + canary +
			"&oauth_callback_confirmed=" + canary,
		`{"oauth_token":"` + canary + `","oauth_token":"` + canary + `"}`,
	}
	for _, body := range bodies {
		for _, status := range []int{200, 302, 401} {
			s := &script{answers: []scripted{{status: status, body: body}}}
			for _, tt := range calls {
				if err := tt.call(t.Context(), s.client(t)); err != nil {
					mustNotShow(t, tt.name, err)
				}
			}
		}
	}
}

func TestNoErrorShowsTheCallback(t *testing.T) {
	queries := []string{
		"oauth_token=" + canary, "oauth_token=" + canary + "tok", "denied=" + canary,
		"oauth_verifier=" + canary, "oauth_token=" + canary + "tok&oauth_problem=" + canary,
		"oauth_token=" + canary + "&oauth_token=" + canary + "&oauth_verifier=" + canary,
		"oauth_token=" + canary + "tok&oauth_verifier=" + canary,
	}
	c := scriptOf("<"+canary).client(t, func(c *Config) { c.Secret = canary })
	for _, q := range queries {
		_, err := c.Callback(t.Context(), callbackQuery(t, q), canaryTransaction(c))
		if err == nil {
			t.Fatalf("%s: no error", q)
		}
		mustNotShow(t, q, err)
	}
	_, err := c.Authorize(t.Context(), AuthorizationOptions{RedirectURI: canary})
	mustNotShow(t, "options", err)
	mustNotShow(t, "transaction", new(Transaction).UnmarshalBinary([]byte(canary)))
	config := goodConfig()
	config.Secret, config.TokenURL = canary, "ftp://"+canary
	_, err = New(config)
	mustNotShow(t, "configuration", err)
}

// Where the query has the secrets, the error of a request that did not arrive has
// not.
func TestNoErrorShowsTheQuery(t *testing.T) {
	c := scriptOf("").client(t, func(c *Config) {
		c.SignatureMethod, c.Placement, c.Secret = Plaintext, PlacementQuery, canary
		c.TokenURL, c.HTTP = "http://127.0.0.1:1/", nil
	})
	_, err := c.Callback(t.Context(), goodCallback(), flowTransaction(c))
	if err == nil || !strings.HasPrefix(err.Error(), "oauth1: token request: ") {
		t.Fatalf("got %v", err)
	}
	mustNotShow(t, "error", err)
}
