package oidctest_test

import (
	"encoding/json"
	"io"
	"log"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"vouchsafe/jose"
	"vouchsafe/oidc/oidctest"
)

// A signer makes request objects, which it spoils if told to.
type signer struct {
	walk
	key    *jose.Key
	secret *jose.Key // another way to sign
}

// startSigner starts a provider that knows the client's key.
func startSigner(t *testing.T, o oidctest.Options) signer {
	t.Helper()
	key, err := jose.GenerateKey("ES256")
	if err != nil {
		t.Fatal(err)
	}
	secret, err := jose.GenerateKey("HS256")
	if err != nil {
		t.Fatal(err)
	}
	o.Algorithm = "ES256"
	o.Clients = []oidctest.Client{
		{ID: "client", Secret: "secret", Keys: jose.NewSet(key, secret),
			RequireRequestObject: true},
		{ID: "keyless"}}
	return signer{start(t, o), key, secret}
}

// object returns the claims of a good request object.
func (s signer) object() map[string]any {
	params, _ := s.request("openid")
	claims := map[string]any{"iss": "client", "aud": s.Issuer(),
		"exp": time.Now().Add(time.Minute).Unix()}
	for name := range params {
		claims[name] = params.Get(name)
	}
	return claims
}

func (s signer) sign(claims map[string]any, o jose.SignOptions) string {
	s.t.Helper()
	payload, err := json.Marshal(claims)
	if err != nil {
		s.t.Fatal(err)
	}
	signed, err := jose.Sign(payload, s.key, o)
	if err != nil {
		s.t.Fatal(err)
	}
	return signed
}

var typed = jose.SignOptions{Type: "oauth-authz-req+jwt"}

// bring sends a request object.
func (s signer) bring(object string) answer {
	s.t.Helper()
	return s.authorize(url.Values{"client_id": {"client"}, "response_type": {"code"},
		"redirect_uri": {callback}, "scope": {"openid"}, "request": {object}})
}

// spoilt returns a provocation: a request object with claims that are changed, or left out
// if they are nil.
func spoilt(pairs ...any) func(signer) answer {
	return func(s signer) answer {
		claims := s.object()
		for i := 0; i < len(pairs); i += 2 {
			claims[pairs[i].(string)] = pairs[i+1]
			maps.DeleteFunc(claims, func(_ string, v any) bool { return v == nil })
		}
		return s.bring(s.sign(claims, typed))
	}
}

// with sends a good request object with other parameters beside it.
func with(pairs ...string) func(signer) answer {
	return func(s signer) answer {
		return s.authorize(changed(url.Values{"client_id": {"client"},
			"response_type": {"code"}, "redirect_uri": {callback}, "scope": {"openid"},
			"request": {s.sign(s.object(), typed)}}, pairs...))
	}
}

// fetched has a request object fetched from where it is served in some way.
func fetched(serve func(w http.ResponseWriter, object string)) func(signer) answer {
	return func(s signer) answer {
		object := s.sign(s.object(), typed)
		origin := httptest.NewServer(http.HandlerFunc(
			func(w http.ResponseWriter, r *http.Request) { serve(w, object) }))
		s.t.Cleanup(origin.Close)
		return with("request", "", "request_uri", origin.URL+"/object")(s)
	}
}

func serveAs(contentType string) func(http.ResponseWriter, string) {
	return func(w http.ResponseWriter, object string) {
		w.Header().Set("Content-Type", contentType)
		io.WriteString(w, object)
	}
}

var objectFaults = []struct {
	name    string
	fault   oidctest.Fault
	provoke func(signer) answer
	code    string
}{
	{"none where one is required", oidctest.MissingRequestObject, func(s signer) answer {
		return change("x", "y")(s.walk)
	}, "invalid_request"},
	{"two", oidctest.SeveralRequestObjects, with("request_uri", "https://rp.example/object"),
		"invalid_request"},
	{"twice", oidctest.RepeatedParameter, func(s signer) answer {
		object := s.sign(s.object(), typed)
		return s.authorize(url.Values{"client_id": {"client"}, "redirect_uri": {callback},
			"request": {object, object}})
	}, "invalid_request"},

	{"URI by http", oidctest.WrongRequestURI,
		with("request", "", "request_uri", "http://rp.example/object"), "invalid_request_uri"},
	{"URN", oidctest.WrongRequestURI, with("request", "", "request_uri", "urn:example:1"),
		"invalid_request_uri"},
	{"URI without a host", oidctest.WrongRequestURI,
		with("request", "", "request_uri", "https:///object"), "invalid_request_uri"},
	{"URI that is none", oidctest.WrongRequestURI, with("request", "", "request_uri", "%"),
		"invalid_request_uri"},
	{"URI too long", oidctest.WrongRequestURI, with("request", "", "request_uri",
		"http://127.0.0.1:1/"+strings.Repeat("x", 494)), "invalid_request_uri"},
	{"nobody there", oidctest.UnfetchedRequestObject,
		with("request", "", "request_uri", "http://127.0.0.1:1/object"), "invalid_request_uri"},
	{"nobody at the longest", oidctest.UnfetchedRequestObject, with("request", "", "request_uri",
		"http://127.0.0.1:1/"+strings.Repeat("x", 493)), "invalid_request_uri"},
	{"not found", oidctest.UnfetchedRequestObject, fetched(
		func(w http.ResponseWriter, object string) {
			w.Header().Set("Content-Type", "application/jwt")
			w.WriteHeader(http.StatusNotFound)
			io.WriteString(w, object)
		}), "invalid_request_uri"},
	{"redirected", oidctest.UnfetchedRequestObject, func(s signer) answer {
		object := s.sign(s.object(), typed)
		origin := httptest.NewServer(http.HandlerFunc(
			func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/" {
					http.Redirect(w, r, "/", http.StatusFound)
				}
				serveAs("application/jwt")(w, object)
			}))
		s.t.Cleanup(origin.Close)
		return with("request", "", "request_uri", origin.URL+"/object")(s)
	}, "invalid_request_uri"},
	{"text", oidctest.UnfetchedRequestObject, fetched(serveAs("text/plain")),
		"invalid_request_uri"},
	{"cut off", oidctest.UnfetchedRequestObject, fetched(
		func(w http.ResponseWriter, object string) {
			w.Header().Set("Content-Length", "9999")
			serveAs("application/jwt")(w, object)
		}), "invalid_request_uri"},
	{"too much", oidctest.UnfetchedRequestObject, fetched(
		func(w http.ResponseWriter, object string) {
			serveAs("application/jwt")(w, object+strings.Repeat("x", 64<<10))
		}), "invalid_request_uri"},
	{"fetched, but nothing good", oidctest.UnsignedRequestObject, fetched(
		func(w http.ResponseWriter, object string) { serveAs("application/jwt")(w, "x") }),
		"invalid_request_object"},

	{"encrypted for another", oidctest.UndecryptableRequestObject, func(s signer) answer {
		key, err := jose.GenerateKey("ECDH-ES")
		if err != nil {
			s.t.Fatal(err)
		}
		return s.bring(s.encrypt(s.sign(s.object(), typed), key))
	}, "invalid_request_object"},
	{"encrypted, not signed", oidctest.UnsignedRequestObject, func(s signer) answer {
		payload, _ := json.Marshal(s.object())
		return s.bring(s.encrypt(string(payload), s.encryptionKey()))
	}, "invalid_request_object"},
	{"no token", oidctest.UnsignedRequestObject, with("request", "x"), "invalid_request_object"},
	{"alg none", oidctest.UnsignedRequestObject, func(s signer) answer {
		parts := strings.Split(s.sign(s.object(), typed), ".")
		return s.bring("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0." + parts[1] + ".")
	}, "invalid_request_object"},
	{"another key", oidctest.UnsignedRequestObject, func(s signer) answer {
		var err error
		if s.key, err = jose.GenerateKey("ES256"); err != nil {
			s.t.Fatal(err)
		}
		return s.bring(s.sign(s.object(), typed))
	}, "invalid_request_object"},
	{"client without keys", oidctest.UnsignedRequestObject, func(s signer) answer {
		claims := s.object()
		claims["iss"], claims["client_id"] = "keyless", "keyless"
		return s.authorize(url.Values{"client_id": {"keyless"}, "redirect_uri": {callback},
			"request": {s.sign(claims, typed)}})
	}, "invalid_request_object"},
	{"another type", oidctest.RequestObjectType, func(s signer) answer {
		return s.bring(s.sign(s.object(), jose.SignOptions{Type: "at+jwt"}))
	}, "invalid_request_object"},
	{"type of a longer name", oidctest.RequestObjectType, func(s signer) answer {
		return s.bring(s.sign(s.object(),
			jose.SignOptions{Type: "x-oauth-authz-req+jwt"}))
	}, "invalid_request_object"},
	{"type of a text", oidctest.RequestObjectType, func(s signer) answer {
		return s.bring(s.sign(s.object(), jose.SignOptions{Type: "text/oauth-authz-req+jwt"}))
	}, "invalid_request_object"},
	{"no issuer", oidctest.RequestObjectIssuer, spoilt("iss", nil), "invalid_request_object"},
	{"another issuer", oidctest.RequestObjectIssuer, spoilt("iss", "Client"),
		"invalid_request_object"},
	{"no audience", oidctest.RequestObjectAudience, spoilt("aud", nil),
		"invalid_request_object"},
	{"another audience", oidctest.RequestObjectAudience, spoilt("aud", "https://op.example"),
		"invalid_request_object"},
	{"no end", oidctest.RequestObjectExpiry, spoilt("exp", nil), "invalid_request_object"},
	{"at its end", oidctest.RequestObjectExpiry, spoilt("exp", 1), "invalid_request_object"},
	{"not yet good", oidctest.RequestObjectExpiry,
		spoilt("nbf", time.Now().Add(time.Hour).Unix()), "invalid_request_object"},
	{"from the future", oidctest.RequestObjectExpiry,
		spoilt("iat", time.Now().Add(time.Hour).Unix()), "invalid_request_object"},
	{"client as the subject", oidctest.RequestObjectSubject, spoilt("sub", "client"),
		"invalid_request_object"},
	{"claims of the wrong type", oidctest.RequestObjectContent, spoilt("jti", 1),
		"invalid_request_object"},
	{"number for a text", oidctest.RequestObjectContent, spoilt("state", 12345),
		"invalid_request_object"},
	{"object for a text", oidctest.RequestObjectContent, spoilt("nonce", map[string]int{}),
		"invalid_request_object"},
	{"list for a text", oidctest.RequestObjectContent, spoilt("scope", []string{"openid"}),
		"invalid_request_object"},
	{"null for a text", oidctest.RequestObjectContent,
		spoilt("prompt", json.RawMessage("null")), "invalid_request_object"},
	{"max_age as text", oidctest.RequestObjectContent, spoilt("max_age", "10"),
		"invalid_request_object"},
	{"parameter claims as text", oidctest.RequestObjectContent, spoilt("claims", "{}"),
		"invalid_request_object"},
	{"no claims", oidctest.RequestObjectContent, func(s signer) answer {
		signed, err := jose.Sign([]byte("x"), s.key, typed)
		if err != nil {
			s.t.Fatal(err)
		}
		return s.bring(signed)
	}, "invalid_request_object"},
	{"object in the object", oidctest.RequestObjectContent, spoilt("request", "x"),
		"invalid_request_object"},
	{"URI in the object", oidctest.RequestObjectContent,
		spoilt("request_uri", "https://rp.example/object"), "invalid_request_object"},
	{"no client_id", oidctest.OtherClientID, spoilt("client_id", nil), "invalid_request_object"},
	{"another client_id", oidctest.OtherClientID, spoilt("client_id", "keyless"),
		"invalid_request_object"},
	{"another response_type", oidctest.OtherResponseType, spoilt("response_type", "code token"),
		"invalid_request_object"},

	{"no response_type beside openid", oidctest.OtherResponseType, with("response_type", ""),
		"invalid_request_object"},
	{"response_type beside OAuth 2.0", oidctest.OtherResponseType, func(s signer) answer {
		claims := s.object()
		claims["scope"] = "read"
		return s.authorize(url.Values{"client_id": {"client"}, "response_type": {"code token"},
			"redirect_uri": {callback}, "request": {s.sign(claims, typed)}})
	}, "invalid_request_object"},
	{"no scope beside openid", oidctest.OpenIDInObjectAlone, with("scope", ""),
		"invalid_request"},
	{"no openid beside openid", oidctest.OpenIDInObjectAlone, with("scope", "profile"),
		"invalid_request"},

	// What is beside the object does not count.
	{"state beside", oidctest.MissingState, func(s signer) answer {
		claims := s.object()
		delete(claims, "state")
		return with("state", "x", "request", s.sign(claims, typed))(s)
	}, "invalid_request"},
}

func (s signer) encryptionKey() *jose.Key {
	s.t.Helper()
	keys, err := s.keys().Keys(s.t.Context(), jose.Header{Algorithm: "ECDH-ES"})
	if err != nil || len(keys) != 1 {
		s.t.Fatalf("%d keys, %v", len(keys), err)
	}
	return keys[0]
}

func (s signer) encrypt(plaintext string, key *jose.Key) string {
	s.t.Helper()
	encrypted, err := jose.Encrypt([]byte(plaintext), key, jose.EncryptOptions{ContentType: "JWT"})
	if err != nil {
		s.t.Fatal(err)
	}
	return encrypted
}

func TestObjectFaults(t *testing.T) {
	for _, test := range objectFaults {
		t.Run(test.name, func(t *testing.T) {
			s := startSigner(t, oidctest.Options{})
			a := test.provoke(s)
			if got := s.Faults(); !slices.Equal(got, []oidctest.Fault{test.fault}) {
				t.Errorf("faults %q, want %q", got, test.fault)
			}
			if a.status != redirect || a.error != test.code ||
				a.description != string(test.fault) {
				t.Errorf("answer is %d %q %q, want %q", a.status, a.error, a.description,
					test.code)
			}
			checkManner(t, s.walk, a)
		})
	}
}

// The object alone says where to go: without a good one, and without a URI beside it, the
// browser goes nowhere.
func TestObjectWithoutRedirectURI(t *testing.T) {
	s := startSigner(t, oidctest.Options{})
	a := s.authorize(url.Values{"client_id": {"client"}, "request": {"x"}})
	if a.status != page || a.description != "unsigned_request_object" {
		t.Errorf("answer is %+v", a)
	}
	claims := s.object()
	delete(claims, "redirect_uri")
	if a = s.bring(s.sign(claims, typed)); a.status != page ||
		a.description != "wrong_redirect_uri" {
		t.Errorf("answer is %+v", a)
	}
}

// RFC 9101, Sections 5 and 6: by value and by reference, encrypted or not.
func TestRequestObjects(t *testing.T) {
	bring := func(o jose.SignOptions) func(signer, map[string]any) answer {
		return func(s signer, claims map[string]any) answer {
			return with("redirect_uri", "", "request", s.sign(claims, o))(s)
		}
	}
	fetch := func(contentType string) func(signer, map[string]any) answer {
		return func(s signer, claims map[string]any) answer {
			origin := httptest.NewServer(http.HandlerFunc(
				func(w http.ResponseWriter, r *http.Request) {
					serveAs(contentType)(w, s.sign(claims, typed))
				}))
			s.t.Cleanup(origin.Close)
			return with("request", "", "request_uri", origin.URL+"/object")(s)
		}
	}
	for name, send := range map[string]func(signer, map[string]any) answer{
		"typed":           bring(typed),
		"no type":         bring(jose.SignOptions{}),
		"JWT":             bring(jose.SignOptions{Type: "JWT"}),
		"jwt":             bring(jose.SignOptions{Type: "jwt"}),
		"application/JWT": bring(jose.SignOptions{Type: "application/JWT"}),
		"in capitals":     bring(jose.SignOptions{Type: "OAUTH-AUTHZ-REQ+JWT"}),
		"whole type":      bring(jose.SignOptions{Type: "Application/oauth-authz-req+jwt"}),
		"fetched":         fetch("application/oauth-authz-req+jwt"),
		"as jwt":          fetch("application/jwt;charset=utf-8"),
		"OAuth 2.0": func(s signer, c map[string]any) answer {
			c["scope"] = "read"
			return s.authorize(url.Values{"client_id": {"client"},
				"request": {s.sign(c, typed)}})
		},
		"secret": func(s signer, c map[string]any) answer {
			s.key = s.secret
			return s.bring(s.sign(c, typed))
		},
		"encrypted": func(s signer, c map[string]any) answer {
			return s.bring(s.encrypt(s.sign(c, typed), s.encryptionKey()))
		},
		"posted": func(s signer, c map[string]any) answer {
			return s.do("POST", s.Endpoint("authorize"), url.Values{"client_id": {"client"},
				"response_type": {"code"}, "scope": {"openid"},
				"request": {s.sign(c, typed)}}, nil)
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := startSigner(t, oidctest.Options{})
			claims := s.object()
			claims["aud"] = []string{"x", s.Issuer()}
			claims["max_age"] = 60
			claims["claims"] = map[string]any{"id_token": map[string]any{"email": nil}}
			claims["resource"] = []string{"https://a.example", "https://b.example"}
			a := send(s, claims)
			if a.location == nil || a.params().Get("state") != claims["state"] ||
				a.params().Get("code") == "" || len(s.Faults()) > 0 {
				t.Errorf("answer is %+v, faults %q", a, s.Faults())
			}
		})
	}
}

// By https the certificate counts, and Options.HTTP knows it.
func TestFetchByHTTPS(t *testing.T) {
	origin := httptest.NewUnstartedServer(nil)
	origin.Config.ErrorLog = log.New(io.Discard, "", 0)
	var object string
	origin.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		serveAs("application/jwt")(w, object)
	})
	origin.StartTLS()
	defer origin.Close()
	for _, test := range []struct {
		client *http.Client
		fault  oidctest.Fault
	}{{origin.Client(), ""}, {nil, oidctest.UnfetchedRequestObject}} {
		s := startSigner(t, oidctest.Options{HTTP: test.client})
		object = s.sign(s.object(), typed)
		a := with("request", "", "request_uri", origin.URL+"/object")(s)
		if a.description != string(test.fault) {
			t.Errorf("answer is %+v, want %q", a, test.fault)
		}
		if test.client != nil && test.client.CheckRedirect != nil {
			t.Error("the test's own client was changed")
		}
	}
}

// The end of an object is by the provider's clock.
func TestObjectClock(t *testing.T) {
	now := time.Now().Add(-24 * time.Hour)
	s := startSigner(t, oidctest.Options{Now: func() time.Time { return now }})
	claims := s.object()
	claims["exp"] = now.Add(time.Minute).Unix()
	if a := s.bring(s.sign(claims, typed)); a.error != "" {
		t.Errorf("answer is %+v", a)
	}
}

// What comes with a request object that is refused can be used again.
func TestObjectFaultsKeepState(t *testing.T) {
	s := startSigner(t, oidctest.Options{})
	params, _ := s.request("openid")
	s.authorize(params)
	claims := s.object()
	for name := range params {
		claims[name] = params.Get(name)
	}
	if a := s.bring(s.sign(claims, typed)); a.error != "" {
		t.Errorf("answer is %+v", a)
	}
}
