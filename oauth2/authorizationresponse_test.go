package oauth2

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"vouchsafe/jose"
)

// RFC 6749, Section 4.1.2, and RFC 9207, Section 2.4.
func TestAuthorizationResponse(t *testing.T) {
	const iss = "&iss=https%3A%2F%2Fas.example"
	for _, test := range []struct{ name, query, want string }{
		{"code", "code=CODE&state=STATE", "ok"},
		{"code and iss", "code=CODE&state=STATE" + iss, "ok"},
		{"unknown parameter", "code=CODE&state=STATE&session_state=x", "ok"},
		{"empty error", "code=CODE&state=STATE&error=", "ok"},

		{"no parameters", "", "check state"},
		{"state missing", "code=CODE", "check state"},
		{"state empty", "code=CODE&state=", "check state"},
		{"state of another login", "code=CODE&state=" + strings.Repeat("A", 43), "check state"},
		{"state begun", "code=CODE&state=START", "check state"},
		{"state and more", "code=CODE&state=STATEx", "check state"},
		{"state in a space", "code=CODE&state=+STATE", "check state"},
		{"state under another name", "code=CODE&State=STATE", "check state"},

		{"code twice", "code=CODE&code=OTHER&state=STATE", "check parameters"},
		{"code twice the same", "code=CODE&code=CODE&state=STATE", "check parameters"},
		{"state twice", "code=CODE&state=STATE&state=STATE", "check parameters"},
		{"iss twice", "code=CODE&state=STATE" + iss + iss, "check parameters"},
		{"error twice", "error=a&error=a&state=STATE", "check parameters"},
		{"unknown parameter twice", "code=CODE&state=STATE&x=1&x=2", "check parameters"},

		{"iss of another", "code=CODE&state=STATE&iss=https%3A%2F%2Fevil.example", "check iss"},
		{"iss with a slash", "code=CODE&state=STATE" + iss + "%2F", "check iss"},
		{"iss in another case", "code=CODE&state=STATE&iss=https%3A%2F%2FAS.example", "check iss"},
		{"iss of its beginning", "code=CODE&state=STATE&iss=https%3A%2F%2Fas.examp", "check iss"},
		{"iss empty", "code=CODE&state=STATE&iss=", "check iss"},

		{"error", "error=access_denied&state=STATE", "server access_denied 0"},
		{"error and iss", "error=access_denied&state=STATE" + iss, "server access_denied 0"},
		{"error and code", "error=access_denied&code=CODE&state=STATE", "server access_denied 0"},
		{"error without state", "error=access_denied", "check state"},
		{"error with another state", "error=access_denied&state=x", "check state"},
		{"error of another issuer",
			"error=access_denied&state=STATE&iss=https%3A%2F%2Fevil.example",
			"check iss"},
		{"error of 64 characters", "state=STATE&error=" + strings.Repeat("e", 64),
			"server " + strings.Repeat("e", 64) + " 0"},
		{"error of 65 characters", "state=STATE&error=" + strings.Repeat("e", 65),
			"server (unprintable) 0"},
		{"error of two lines", "state=STATE&error=a%0Ab", "server (unprintable) 0"},
		{"error of two words", "state=STATE&error=a+b", "server (unprintable) 0"},
		{"error with !", "state=STATE&error=!", "server ! 0"},
		{"error with a quotation mark", "state=STATE&error=a%22b", "server (unprintable) 0"},
		{"error with a backslash", "state=STATE&error=a%5Cb", "server (unprintable) 0"},
		{"error with ~", "state=STATE&error=~", "server ~ 0"},
		{"error with DEL", "state=STATE&error=a%7F", "server (unprintable) 0"},
		{"error of other letters", "state=STATE&error=%C3%A9", "server (unprintable) 0"},
		{"error not of UTF-8", "state=STATE&error=%FF", "server (unprintable) 0"},

		{"no code", "state=STATE", "check code"},
		{"code empty", "state=STATE&code=", "check code"},
		{"neither error nor code", "state=STATE&code=&error=", "check code"},

		{"state before iss", "code=CODE&state=x&iss=x", "check state"},
		{"repetition before state", "code=CODE&state=x&x=1&x=1", "check parameters"},
		{"iss before code", "state=STATE&iss=x", "check iss"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := newClient(t, configAt("https://as.example"))
			txn := begin(t, c).Transaction
			query := strings.NewReplacer("STATE", txn.State(), "START",
				txn.State()[:42]).Replace(test.query)
			params, err := url.ParseQuery(query)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := c.AuthorizationResponse(t.Context(), params, txn)
			if got := outcome(err); got != test.want {
				t.Errorf("outcome %q, want %q", got, test.want)
			}
			if (resp == nil) != (err != nil) {
				t.Errorf("response %v beside error %v", resp, err)
			}
			if test.want == "ok" {
				return // Callback would ask the server
			}
			if tok, err := c.Callback(t.Context(), params, txn); outcome(err) != test.want ||
				tok != nil {
				t.Errorf("Callback gives %v and %v", tok, err)
			}
		})
	}
}

// What a server says in the browser goes to those who ask for it, and not into
// the text.
func TestAuthorizationErrorWords(t *testing.T) {
	c := newClient(t, configAt("https://as.example"))
	txn := begin(t, c).Transaction
	_, err := c.AuthorizationResponse(t.Context(), url.Values{"state": {txn.State()},
		"error": {"access_denied"}, "error_description": {"WORDS"}, "error_uri": {"URI"}}, txn)
	e, ok := err.(*Error)
	if !ok || e.Code != "access_denied" || e.Status != 0 || e.Description() != "WORDS" ||
		e.URI() != "URI" {
		t.Fatalf("error is %#v", err)
	}
	if want := "oauth2: server refused: access_denied"; err.Error() != want {
		t.Errorf("text is %q, want %q", err, want)
	}
}

// RFC 9700, Section 4.4.2: the transaction is of this client at this server.
func TestTransactionOfAnother(t *testing.T) {
	ours := newClient(t, configAt("https://as.example"))
	for _, test := range []struct {
		name   string
		change func(*Config)
		want   string
	}{
		{"same configuration", func(*Config) {}, "ok"},
		{"another secret", func(c *Config) { c.Auth = ClientSecretPost("new") }, "ok"},
		{"another client", func(c *Config) { c.ID = "other" }, "check transaction"},
		{"another issuer", func(c *Config) { c.Server.Issuer = "https://b.example" },
			"check transaction"},
		{"no issuer", func(c *Config) { c.Server.Issuer = "" }, "check transaction"},
		{"another authorization endpoint",
			func(c *Config) { c.Server.AuthorizationEndpoint += "2" }, "check transaction"},
		{"another token endpoint", func(c *Config) { c.Server.TokenEndpoint += "2" },
			"check transaction"},
	} {
		t.Run(test.name, func(t *testing.T) {
			config := configAt("https://as.example")
			test.change(&config)
			txn := begin(t, newClient(t, config)).Transaction
			resp, err := ours.AuthorizationResponse(t.Context(), answered(txn), txn)
			if got := outcome(err); got != test.want || (resp == nil) != (err != nil) {
				t.Errorf("%v and %q, want %q", resp, got, test.want)
			}
		})
	}
	for name, txn := range map[string]*Transaction{"nil": nil, "zero": {}} {
		resp, err := ours.AuthorizationResponse(t.Context(),
			url.Values{"code": {"CODE"}, "state": {""}}, txn)
		if got := outcome(err); got != "check transaction" || resp != nil {
			t.Errorf("%s: %v and %q", name, resp, got)
		}
	}
	stateless := &Transaction{(&transactionData{Digest: ours.digest}).hidden()}
	_, err := ours.AuthorizationResponse(t.Context(), url.Values{"code": {"CODE"}}, stateless)
	if got := outcome(err); got != "check state" {
		t.Errorf("no state equals no state: %q", got)
	}
}

// A transaction is looked at before the parameters are.
func TestTransactionComesFirst(t *testing.T) {
	c := newClient(t, configAt("https://as.example"))
	params := url.Values{"state": {"a", "b"}, "error": {"access_denied"}}
	if _, err := c.AuthorizationResponse(t.Context(), params,
		nil); outcome(err) != "check transaction" {
		t.Errorf("error is %v", err)
	}
}

// A code goes only to the server whose answer it came in.
func TestExchangeNeedsItsResponse(t *testing.T) {
	s := newServer(t, answerJSON(200, goodToken))
	c := newClient(t, configAt(s.URL))
	config := configAt(s.URL)
	config.ID = "other"
	other := newClient(t, config)
	txn := begin(t, other).Transaction
	foreign, err := other.AuthorizationResponse(t.Context(), answered(txn), txn)
	if err != nil {
		t.Fatal(err)
	}
	for name, resp := range map[string]*AuthorizationResponse{
		"nil": nil, "zero": {}, "of another client": foreign,
	} {
		tok, err := c.Exchange(t.Context(), resp)
		if tok != nil {
			t.Errorf("%s: a token", name)
		}
		wantCheck(t, err, "transaction", "RFC 9700, Section 4.4.2")
	}
	if got := s.requests(); len(got) > 0 {
		t.Errorf("sent %q", got)
	}
	if _, err := other.Exchange(t.Context(), foreign); err != nil {
		t.Error(err)
	}
}

// RFC 6749, Section 5.1: scopes that are not said are those asked for.
func TestExchangeScopes(t *testing.T) {
	for _, test := range []struct {
		name, scope string
		want        []string
	}{
		{"absent", ``, []string{"read", "write"}},
		{"null", `,"scope":null`, []string{"read", "write"}},
		{"fewer", `,"scope":"read"`, []string{"read"}},
		{"more", `,"scope":"read  write admin"`, []string{"read", "write", "admin"}},
		{"none", `,"scope":""`, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newServer(t, answerJSON(200,
				`{"access_token":"a","token_type":"Bearer"`+test.scope+`}`))
			c := newClient(t, configAt(s.URL))
			req := begin(t, c, "read", "write")
			tok, err := c.Callback(t.Context(), answered(req.Transaction), req.Transaction)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(tok.Scopes, test.want) {
				t.Errorf("scopes are %q, want %q", tok.Scopes, test.want)
			}
		})
	}
}

// A listener hears each check in the order made, and the one that failed last.
func TestTrace(t *testing.T) {
	golden := []string{
		"transaction (RFC 9700, Section 4.4.2)",
		"parameters (RFC 6749, Section 3.1)",
		"state (RFC 6749, Section 10.12)",
		"iss (RFC 9207, Section 2.4)",
		"error (RFC 6749, Section 4.1.2.1)",
		"code (RFC 6749, Section 4.1.2)",
		"response_type (OAuth 2.0 Multiple Response Type Encoding Practices, Section 5)",
	}
	for _, test := range []struct {
		name   string
		change url.Values
		want   []string
		last   string
	}{
		{"accepted", nil, golden, "ok"},
		{"another state", url.Values{"state": {"x"}}, golden[:3], "check state"},
		{"another issuer", url.Values{"iss": {"x"}}, golden[:4], "check iss"},
		{"no code", url.Values{"code": {""}}, golden[:6], "check code"},
		{"a token", url.Values{"access_token": {"a"}}, golden, "check response_type"},
		{"refused", url.Values{"error": {"access_denied"}}, golden[:5],
			"server access_denied 0"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var heard []string
			var last error
			ctx := jose.WithTrace(t.Context(), func(check, clause string, err error) {
				heard = append(heard, check+" ("+clause+")")
				if last != nil {
					t.Errorf("%s after %v", check, last)
				}
				last = err
			})
			c := newClient(t, configAt("https://as.example"))
			txn := begin(t, c).Transaction
			params := answered(txn)
			for name, values := range test.change {
				params[name] = values
			}
			_, err := c.AuthorizationResponse(ctx, params, txn)
			if !slices.Equal(heard, test.want) || outcome(last) != test.last ||
				outcome(err) != test.last {
				t.Errorf("heard %q, last %v; want %q, %q", heard, last, test.want, test.last)
			}
		})
	}
}

// A code is sent once, whatever became of it.
func TestExchangeOnce(t *testing.T) {
	s := newServer(t, answerJSON(200, goodToken))
	c := newClient(t, configAt(s.URL))
	txn := begin(t, c).Transaction
	resp, err := c.AuthorizationResponse(t.Context(), answered(txn), txn)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Exchange(t.Context(), resp); err != nil {
		t.Error(err)
	}
	if tok, err := c.Exchange(t.Context(), resp); tok != nil ||
		!errors.Is(err, &jose.CheckError{Check: "code"}) {
		t.Errorf("error is %v", err)
	}
	if got := s.requests(); len(got) != 1 {
		t.Errorf("sent %q", got)
	}
}

// An error without a code has none, though a secret may be empty.
func TestNoErrorCodeIsNotWhatWasSent(t *testing.T) {
	s := newServer(t, answerJSON(502, ``))
	for _, auth := range []ClientAuthentication{emptySecret{}, ClientSecretBasic("")} {
		config := configAt(s.URL)
		config.Auth = auth
		c := newClient(t, config)
		txn := begin(t, c).Transaction
		if _, err := c.Callback(t.Context(), answered(txn), txn); outcome(err) != "server  502" {
			t.Errorf("%s: error is %v", auth.Method(), err)
		}
	}
}

// emptySecret sends a secret that is empty in the form, as ClientSecretPost will not.
type emptySecret struct{ none }

func (emptySecret) Authenticate(_ context.Context, c *Client, req *http.Request) error {
	return setPost(req, c.ID(), "")
}

// A server that returns what it was sent as its error code is not quoted.
func TestErrorCodeIsWhatWasSent(t *testing.T) {
	const secret = "se+cr%t-of-some-length"
	var echo string
	s := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		answerJSON(400, `{"error":"`+echo+`"}`)(w, r)
	})
	for _, auth := range []ClientAuthentication{ClientSecretBasic(secret),
		ClientSecretPost(secret)} {
		config := configAt(s.URL)
		config.Auth = auth
		c := newClient(t, config)
		for code, want := range map[string]string{
			secret:             "(unprintable)",
			"client:" + secret: "(unprintable)",
			"CODE":             "(unprintable)",
			"bad_code_CODE":    "bad_code_CODE", // four letters could be anyone's
			"invalid_grant":    "invalid_grant",
		} {
			echo = code
			txn := begin(t, c).Transaction
			_, err := c.Callback(t.Context(), answered(txn), txn)
			if !errors.Is(err, &Error{Code: want}) {
				t.Errorf("%s by %s: error is %v", echo, auth.Method(), err)
			}
		}
	}
}

// The scopes asked for are in the authorization request, in whose answer they are settled.
func TestExchangeAsksForNoScope(t *testing.T) {
	s := newServer(t, answerJSON(200, goodToken))
	config := configAt(s.URL)
	config.Quirks.ScopeSeparator = ","
	c := newClient(t, config)
	req := begin(t, c, "read", "write")
	if got := asked(t, req).Get("scope"); got != "read,write" {
		t.Errorf("asked for %q", got)
	}
	if _, err := c.Callback(t.Context(), answered(req.Transaction), req.Transaction); err != nil {
		t.Fatal(err)
	}
	if got := posted(t, s.requests()[0]); got.Has("scope") {
		t.Errorf("sent %q", got)
	}
}

// RFC 6749, Section 4.1.2: of callers at once one sends the code.
func TestExchangeOnceAtOnce(t *testing.T) {
	s := newServer(t, answerJSON(200, goodToken))
	c := newClient(t, configAt(s.URL))
	txn := begin(t, c).Transaction
	resp, err := c.AuthorizationResponse(t.Context(), answered(txn), txn)
	if err != nil {
		t.Fatal(err)
	}
	outcomes := make([]string, 8)
	var wait sync.WaitGroup
	for i := range outcomes {
		wait.Go(func() {
			copied := *resp
			_, err := c.Exchange(t.Context(), &copied)
			outcomes[i] = outcome(err)
		})
	}
	wait.Wait()
	slices.Sort(outcomes)
	want := append(slices.Repeat([]string{"check code"}, 7), "ok")
	if !slices.Equal(outcomes, want) || len(s.requests()) != 1 {
		t.Errorf("outcomes %q, %d requests", outcomes, len(s.requests()))
	}
}

// A code that was refused is not sent again.
func TestExchangeOnceAfterARefusal(t *testing.T) {
	s := newServer(t, answerJSON(400, `{"error":"invalid_grant"}`))
	c := newClient(t, configAt(s.URL))
	txn := begin(t, c).Transaction
	resp, err := c.AuthorizationResponse(t.Context(), answered(txn), txn)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"server invalid_grant 400", "check code"} {
		tok, err := c.Exchange(t.Context(), resp)
		if outcome(err) != want || tok != nil {
			t.Errorf("outcome %q, want %q", outcome(err), want)
		}
	}
	if got := s.requests(); len(got) != 1 {
		t.Errorf("sent %q", got)
	}
}

// What an exchange sends does not become part of the transaction.
func TestExchangeLeavesTheTransaction(t *testing.T) {
	s := newServer(t, answerJSON(200, goodToken))
	c := newClient(t, configAt(s.URL))
	txn := begin(t, c).Transaction
	before, err := txn.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Callback(t.Context(), answered(txn), txn); err != nil {
		t.Fatal(err)
	}
	if after, err := txn.MarshalBinary(); err != nil || string(after) != string(before) {
		t.Errorf("stored as %s, then as %s, %v", before, after, err)
	}
}

// What was asked for is there, and what was not is not.
func TestAuthorizationResponseTypes(t *testing.T) {
	c := newClient(t, configAt("https://as.example"))
	const (
		code  = "&code=CODE"
		token = "&access_token=AT&token_type=bearer&expires_in=3600"
		id    = "&id_token=ID"
	)
	for _, test := range []struct{ types, query, want string }{
		{"code", code, "ok"},
		{"code", code + token, "response_type"},
		{"code", code + "&access_token=AT", "response_type"},
		{"code", code + id, "response_type"},
		{"code", code + "&token_type=bearer&expires_in=1&scope=a", "ok"},
		{"code", token + id, "code"},
		{"id_token", id, "ok"},
		{"id_token", id + "&token_type=x&expires_in=x", "ok"},
		{"id_token", "", "response_type"},
		{"id_token", "&id_token=", "response_type"},
		{"id_token", code, "response_type"},
		{"id_token", id + code, "response_type"},
		{"id_token", id + token, "response_type"},
		{"id_token token", id + token, "ok"},
		{"id_token token", id, "response_type"},
		{"id_token token", token, "response_type"},
		{"id_token token", id + token + code, "response_type"},
		{"id_token token", id + "&access_token=AT", "token_type"},
		{"id_token token", id + "&access_token=AT&token_type=mac", "token_type"},
		{"id_token token", id + "&access_token=AT&token_type=N_A", "token_type"},
		{"id_token token", id + "&access_token=A%0A&token_type=bearer", "access_token"},
		{"id_token token", "&id_token=%00&access_token=A&token_type=bearer", "id_token"},
		{"code id_token", code + id, "ok"},
		{"code id_token", code, "response_type"},
		{"code id_token", id, "code"},
		{"code id_token", code + id + token, "response_type"},
		{"code token", code + token, "ok"},
		{"code token", token, "code"},
		{"code token", code, "response_type"},
		{"code token", code + token + id, "response_type"},
		{"code id_token token", code + id + token, "ok"},
		{"code id_token token", code + id, "response_type"},
		{"code id_token token", code + token, "response_type"},
		{"code id_token token", id + token, "code"},
		{"code id_token token", code + id + token + "&response=", "response"},
		{"code id_token token", code + id + token + "&error=access_denied", "refused access_denied"},
	} {
		req, err := c.Authorize(t.Context(), AuthorizationOptions{RedirectURI: redirectURI,
			ResponseType: test.types, Scopes: []string{"openid"}})
		if err != nil {
			t.Fatal(err)
		}
		txn := req.Transaction
		params, err := url.ParseQuery("state=" + txn.State() + test.query)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := c.AuthorizationResponse(t.Context(), params, txn)
		wantOutcome(t, test.types+": "+test.query, err, test.want)
		if (resp == nil) != (err != nil) {
			t.Errorf("%s: %s: %v", test.types, test.query, resp)
		}
		if err != nil {
			continue
		}
		tok := resp.Token()
		if resp.Code() != params.Get("code") || tok.IDToken() != params.Get("id_token") ||
			tok.AccessToken() != params.Get("access_token") && test.types != "code" ||
			(tok == nil) != (test.types == "code") {
			t.Errorf("%s: code %q, token %v", test.types, resp.Code(), tok.Record())
		}
	}
}

// RFC 9207, Section 4: an iss that was promised may be left out beside an ID Token that was
// asked for, and beside nothing else.
func TestAuthorizationResponseIssuerBesideIDToken(t *testing.T) {
	config := configAt("https://as.example")
	config.Server.AuthorizationResponseIssParameterSupported = true
	c := newClient(t, config)
	const as, evil = "&iss=https%3A%2F%2Fas.example", "&iss=https%3A%2F%2Fevil.example"
	for _, test := range []struct{ types, query, want string }{
		{"code id_token", "&code=CODE&id_token=ID", "ok"},
		{"code id_token", "&code=CODE&id_token=ID" + as, "ok"},
		{"code id_token", "&code=CODE&id_token=ID" + evil, "iss"},
		{"code id_token", "&code=CODE&id_token=ID&iss=", "iss"},
		{"code id_token", "&code=CODE", "iss"},
		{"code id_token", "&code=CODE&id_token=", "iss"},
		{"code id_token", "&error=access_denied", "iss"},
		{"code id_token", "&error=access_denied&id_token=ID", "iss"},
		{"code id_token", "&error=&code=CODE&id_token=ID", "iss"},
		{"code id_token", "&error=access_denied" + as, "refused access_denied"},
		{"id_token", "&id_token=ID", "ok"},
		{"code", "&code=CODE", "iss"},
		{"code", "&code=CODE&id_token=ID", "iss"},
		{"code token", "&code=CODE&access_token=AT&token_type=bearer", "iss"},
		{"code token", "&code=CODE&access_token=AT&token_type=bearer&id_token=ID", "iss"},
	} {
		req, err := c.Authorize(t.Context(), AuthorizationOptions{RedirectURI: redirectURI,
			ResponseType: test.types, Scopes: []string{"openid"}})
		if err != nil {
			t.Fatal(err)
		}
		params, err := url.ParseQuery("state=" + req.Transaction.State() + test.query)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := c.AuthorizationResponse(t.Context(), params, req.Transaction)
		wantOutcome(t, test.types+": "+test.query, err, test.want)
		if (resp == nil) != (err != nil) {
			t.Errorf("%s: %s: %v", test.types, test.query, resp)
		}
	}
}

// A token of the browser is the client's own, as one of the token endpoint is.
func TestAuthorizationResponseToken(t *testing.T) {
	config := configAt("https://as.example")
	c := newClient(t, config)
	for _, types := range []string{"id_token", "code id_token token"} {
		req, err := c.Authorize(t.Context(), AuthorizationOptions{RedirectURI: redirectURI,
			ResponseType: types, Scopes: []string{"openid", "a", "b"}})
		if err != nil {
			t.Fatal(err)
		}
		params := url.Values{"state": {req.Transaction.State()}, "id_token": {"ID"},
			"session_state": {"x"}}
		if types != "id_token" {
			for name, value := range map[string]string{"code": "CODE", "access_token": "AT",
				"token_type": "bearer", "expires_in": "60", "scope": "openid b",
				"refresh_token": "R", "issued_token_type": "x"} {
				params.Set(name, value)
			}
		}
		resp, err := c.AuthorizationResponse(t.Context(), params, req.Transaction)
		if err != nil {
			t.Fatal(err)
		}
		want := Record{IDToken: "ID", ClientID: "client", Issuer: "https://as.example"}
		if types != "id_token" {
			want.AccessToken, want.TokenType, want.Scope = "AT", "bearer", "openid b"
			want.ExpiresAt, want.ExpiresIn = start.Unix()+60, 60
		}
		got := resp.Token().Record()
		if len(got.Extra) > 0 {
			t.Errorf("further members: %v", slices.Sorted(maps.Keys(got.Extra)))
		}
		if got.Extra = nil; !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got\n%#v, want\n%#v", types, got, want)
		}
		config.ID = "other"
		if newClient(t, config).owns(resp.Token()) {
			t.Errorf("%s: another client's, too", types)
		}
	}
}

// Where the response does not say which scopes were granted, they are those asked for.
func TestAuthorizationResponseScopes(t *testing.T) {
	c := newClient(t, configAt("https://as.example"))
	for granted, want := range map[string][]string{"": {"openid", "a"}, "&scope=b": {"b"}} {
		req, err := c.Authorize(t.Context(), AuthorizationOptions{RedirectURI: redirectURI,
			ResponseType: "code token", Scopes: []string{"openid", "a"}})
		if err != nil {
			t.Fatal(err)
		}
		params, err := url.ParseQuery("code=CODE&access_token=AT&token_type=bearer&state=" +
			req.Transaction.State() + granted)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := c.AuthorizationResponse(t.Context(), params, req.Transaction)
		if err != nil {
			t.Fatal(err)
		}
		tok := resp.Token()
		if !slices.Equal(tok.Scopes, want) || !tok.ExpiresAt.IsZero() {
			t.Errorf("%q: got %q until %v", granted, tok.Scopes, tok.ExpiresAt)
		}
	}
}

// A response that came without a code, and one that nobody made, are not exchanged.
func TestExchangeNeedsACode(t *testing.T) {
	s := newServer(t, answerJSON(200, goodToken))
	c := newClient(t, configAt(s.URL))
	req, err := c.Authorize(t.Context(), AuthorizationOptions{RedirectURI: redirectURI,
		ResponseType: "id_token", Scopes: []string{"openid"}})
	if err != nil {
		t.Fatal(err)
	}
	params := url.Values{"state": {req.Transaction.State()}, "id_token": {"ID"}}
	resp, err := c.AuthorizationResponse(t.Context(), params, req.Transaction)
	if err != nil {
		t.Fatal(err)
	}
	tok, err := c.Exchange(t.Context(), resp)
	wantCheck(t, err, "code", "OAuth 2.0 Multiple Response Type Encoding Practices, Section 5")
	if tok != nil || len(s.requests()) > 0 {
		t.Errorf("a token, after %q", s.requests())
	}
	for name, resp := range map[string]*AuthorizationResponse{"nil": nil, "zero": {}} {
		if resp.Code() != "" || resp.Token() != nil {
			t.Errorf("%s: code %q, token %v", name, resp.Code(), resp.Token())
		}
	}
}

// Callback verifies no ID Token, and so takes none.
func TestCallbackIsForCodes(t *testing.T) {
	s := newServer(t, answerJSON(200, goodToken))
	c := newClient(t, configAt(s.URL))
	for _, types := range []string{"code id_token", "code token", "code id_token token", "id_token",
		"id_token token"} {
		req, err := c.Authorize(t.Context(), AuthorizationOptions{RedirectURI: redirectURI,
			ResponseType: types, Scopes: []string{"openid"}})
		if err != nil {
			t.Fatal(err)
		}
		params := url.Values{"state": {req.Transaction.State()}}
		for name, value := range map[string]string{"code": "CODE", "id_token": "ID", "token": "AT"} {
			if strings.Contains(types, name) {
				params.Set(strings.Replace(name, "token", "access_token", 1), value)
			}
		}
		tok, err := c.Callback(t.Context(), params, req.Transaction)
		wantCheck(t, err, "response_type", "RFC 9700, Section 2.1.2")
		if tok != nil || len(s.requests()) > 0 {
			t.Errorf("%s: a token, after %q", types, s.requests())
		}
	}
}

// To say code is to say nothing.
func TestCallbackOfCodeByName(t *testing.T) {
	s := newServer(t, answerJSON(200, goodToken))
	c := newClient(t, configAt(s.URL))
	req, err := c.Authorize(t.Context(), AuthorizationOptions{RedirectURI: redirectURI,
		ResponseType: "code"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Callback(t.Context(), answered(req.Transaction), req.Transaction); err != nil {
		t.Error(err)
	}
}

// Exchange is for all types that have a code: who calls it has verified the rest.
func TestExchangeOfAHybridResponse(t *testing.T) {
	s := newServer(t, answerJSON(200, goodToken))
	c := newClient(t, configAt(s.URL))
	req, err := c.Authorize(t.Context(), AuthorizationOptions{RedirectURI: redirectURI,
		ResponseType: "code id_token", Scopes: []string{"openid"}})
	if err != nil {
		t.Fatal(err)
	}
	stored, err := req.Transaction.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	var txn Transaction
	if err := txn.UnmarshalBinary(stored); err != nil {
		t.Fatal(err)
	}
	params := answered(&txn)
	params.Set("id_token", "ID")
	resp, err := c.AuthorizationResponse(t.Context(), params, &txn)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Exchange(t.Context(), resp); err != nil {
		t.Fatal(err)
	}
	if got := posted(t, s.requests()[0]).Get("code_verifier"); got != txn.data().Verifier ||
		len(got) != 43 {
		t.Errorf("sent the verifier %q", got)
	}
}

// Tokens that the browser brought are shown by nothing.
func TestAuthorizationResponseShowsNoTokens(t *testing.T) {
	c := newClient(t, configAt("https://as.example"))
	req, err := c.Authorize(t.Context(), AuthorizationOptions{RedirectURI: redirectURI,
		ResponseType: "code id_token token", Scopes: []string{"openid"}})
	if err != nil {
		t.Fatal(err)
	}
	params := url.Values{"state": {req.Transaction.State()}, "code": {canary}, "id_token": {canary},
		"access_token": {canary}, "token_type": {"bearer"}}
	resp, err := c.AuthorizationResponse(t.Context(), params, req.Transaction)
	if err != nil {
		t.Fatal(err)
	}
	for how, v := range wrapped(*resp) {
		mustNotShow(t, how, v)
	}
	for how, v := range wrapped(*resp.Token()) {
		mustNotShow(t, how, v)
	}
	params.Set("token_type", canary)
	_, err = c.AuthorizationResponse(t.Context(), params, req.Transaction)
	mustNotShow(t, "token type", err)
	params.Del("access_token")
	_, err = c.AuthorizationResponse(t.Context(), params, req.Transaction)
	mustNotShow(t, "response type", err)
}
