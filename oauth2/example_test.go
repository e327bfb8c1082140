package oauth2_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"time"

	"vouchsafe/httpclient"
	"vouchsafe/jose"
	"vouchsafe/oauth2"
	"vouchsafe/oidc/oidctest"
)

// A login at a server whose endpoints are known, and a call to its API.
func Example() {
	server := oidctest.NewServer(oidctest.Options{})
	defer server.Close()

	client, err := oauth2.New(oauth2.Config{
		ID: "client",
		Server: oauth2.AuthorizationServer{
			Issuer:                server.Issuer(),
			AuthorizationEndpoint: server.Endpoint("authorize"),
			TokenEndpoint:         server.Endpoint("token"),
		},
		Auth: oauth2.ClientSecretBasic("secret"),
	})
	if err != nil {
		log.Fatal(err)
	}

	// The site's callback takes what was kept for the browser, once. Package
	// registry keeps it in a sealed cookie; here there is one browser.
	var txn *oauth2.Transaction
	site := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		params, err := oauth2.ReadCallback(r)
		if err != nil {
			log.Fatal(err)
		}
		tok, err := client.Callback(r.Context(), params, txn)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println("granted", tok.Scopes)
		transport, err := client.Transport(tok, server.Issuer())
		if err != nil {
			log.Fatal(err)
		}
		resp, err := httpclient.With(nil, transport).Get(server.Endpoint("me"))
		if err != nil {
			log.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s", body)
	}))
	defer site.Close()

	req, err := client.Authorize(context.Background(), oauth2.AuthorizationOptions{
		RedirectURI: site.URL + "/callback", Scopes: []string{"read"}})
	if err != nil {
		log.Fatal(err)
	}
	txn = req.Transaction
	resp, err := http.Get(req.URL) // the browser
	if err != nil {
		log.Fatal(err)
	}
	resp.Body.Close()
	// Output:
	// granted [read]
	// {"email":"alice@example.com","id":"alice","name":"Alice Example"}
}

// What a server refuses has its code.
func ExampleError() {
	server := oidctest.NewServer(oidctest.Options{})
	defer server.Close()

	client, err := oauth2.New(oauth2.Config{
		ID: "client",
		Server: oauth2.AuthorizationServer{
			AuthorizationEndpoint: server.Endpoint("authorize"),
			TokenEndpoint:         server.Endpoint("token"),
		},
		Auth: oauth2.ClientSecretBasic("secret"),
	})
	if err != nil {
		log.Fatal(err)
	}
	stored := oauth2.Record{RefreshToken: "of old"}
	tok, err := oauth2.FromRecord(stored)
	if err != nil {
		log.Fatal(err)
	}
	_, err = client.Refresh(context.Background(), tok, oauth2.TokenOptions{})
	fmt.Println(err)
	fmt.Println("log in again:", errors.Is(err, &oauth2.Error{Code: "invalid_grant"}))
	// Output:
	// oauth2: server refused: invalid_grant (400 Bad Request)
	// log in again: true
}

// newServer answers each path with the JSON that answers has for it.
func newServer(answers map[string]string) *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, answers[r.URL.Path])
	}))
}

// The metadata of a server is at a well-known place below its issuer.
func ExampleDiscover() {
	var base string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Println("asked for", r.URL.Path)
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"issuer":"%[1]s/tenant","token_endpoint":"%[1]s/token"}`, base)
	}))
	defer server.Close()
	base = server.URL

	metadata, err := oauth2.Discover(context.Background(), nil, base+"/tenant")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(metadata.TokenEndpoint == base+"/token")
	// Output:
	// asked for /.well-known/oauth-authorization-server/tenant
	// true
}

// A service that authenticates with a key of its own asks for a token for itself.
func ExampleClient_ClientCredentials() {
	server := newServer(map[string]string{
		"/token": `{"access_token":"2YotnFZFEjr1zCsicMWpAA","token_type":"Bearer","scope":"read"}`})
	defer server.Close()

	key, err := jose.GenerateKey("ES256") // or jose.NewKey, of a crypto.Signer
	if err != nil {
		log.Fatal(err)
	}
	client, err := oauth2.New(oauth2.Config{
		ID: "service",
		Server: oauth2.AuthorizationServer{
			Issuer: server.URL, TokenEndpoint: server.URL + "/token"},
		Auth: oauth2.PrivateKeyJWT(key, oauth2.AssertionOptions{}),
	})
	if err != nil {
		log.Fatal(err)
	}
	tok, err := client.ClientCredentials(context.Background(), oauth2.TokenOptions{
		Scopes:    []string{"read", "write"},
		Resources: []string{"https://api.example.com/"},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("granted", tok.Scopes, "and not", tok.NotGranted)
	// Output:
	// granted [read] and not [write]
}

// A login on a device without a browser.
func ExampleClient_DeviceToken() {
	server := newServer(map[string]string{
		"/device": `{"device_code":"GmRhmhcxhwAzkoEqiMEg","user_code":"WDJB-MJHT",
			"verification_uri":"https://example.com/device","expires_in":1800,"interval":1}`,
		"/token": `{"access_token":"2YotnFZFEjr1zCsicMWpAA","token_type":"Bearer"}`})
	defer server.Close()

	client, err := oauth2.New(oauth2.Config{
		ID: "television",
		Server: oauth2.AuthorizationServer{
			DeviceAuthorizationEndpoint: server.URL + "/device",
			TokenEndpoint:               server.URL + "/token",
		},
		Auth: oauth2.None(),
	})
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	device, err := client.DeviceAuthorization(ctx, oauth2.TokenOptions{Scopes: []string{"watch"}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("Visit", device.VerificationURI, "and enter", device.UserCode)
	tok, err := client.DeviceToken(ctx, device) // waits for the user
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("granted", tok.Scopes)
	// Output:
	// Visit https://example.com/device and enter WDJB-MJHT
	// granted [watch]
}

// A server that wants a parameter more, and leaves token_type out.
func ExampleHooks() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Println("team", r.PostFormValue("team"))
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"access_token":"xoxb-1"}`)
	}))
	defer server.Close()

	client, err := oauth2.New(oauth2.Config{
		ID:     "bot",
		Server: oauth2.AuthorizationServer{TokenEndpoint: server.URL},
		Auth:   oauth2.ClientSecretPost("secret"),
		Quirks: oauth2.Quirks{AssumeBearer: true},
		Hooks: oauth2.Hooks{AccessTokenRequest: []oauth2.RequestHook{
			func(_ context.Context, req *http.Request) error {
				req.PostForm.Set("team", "T1")
				return nil
			},
		}},
	})
	if err != nil {
		log.Fatal(err)
	}
	tok, err := client.ClientCredentials(context.Background(), oauth2.TokenOptions{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(tok.TokenType)
	// Output:
	// team T1
	// Bearer
}

// A client that hands its credentials over in a way of its own.
type urlAuthentication struct{ secret string }

func (urlAuthentication) Method() string { return "client_secret_uri" }

func (a urlAuthentication) Authenticate(
	_ context.Context, c *oauth2.Client, req *http.Request,
) error {
	q := req.URL.Query()
	q.Set("client_id", c.ID())
	q.Set("client_secret", a.secret)
	req.URL.RawQuery = q.Encode()
	return nil
}

func ExampleClientAuthentication() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Println(r.URL.RawQuery)
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"access_token":"a","token_type":"Bearer"}`)
	}))
	defer server.Close()

	client, err := oauth2.New(oauth2.Config{
		ID:     "client",
		Server: oauth2.AuthorizationServer{TokenEndpoint: server.URL},
		Auth:   urlAuthentication{"secret"},
	})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := client.ClientCredentials(context.Background(), oauth2.TokenOptions{}); err != nil {
		log.Fatal(err)
	}
	// Output:
	// client_id=client&client_secret=secret
}

// What an API refuses says in its challenges what it wants.
func ExampleResponseError() {
	resp := &http.Response{StatusCode: 403, Header: http.Header{"Www-Authenticate": {
		`Basic realm="x", Bearer error="insufficient_scope", scope="read write"`}}}
	err := oauth2.ResponseError(resp)
	fmt.Println(err)
	if refusal, ok := errors.AsType[*oauth2.Error](err); ok {
		for _, c := range refusal.Challenges() {
			fmt.Printf("%s %q\n", c.Scheme, c.Params["scope"])
		}
	}
	// Output:
	// oauth2: server refused: insufficient_scope (403 Forbidden)
	// Basic ""
	// Bearer "read write"
}

// One service calls another on behalf of its caller, and says who it is itself.
func ExampleClient_TokenExchange() {
	server := newServer(map[string]string{"/token": `{"access_token":"b","token_type":"Bearer",
		"issued_token_type":"urn:ietf:params:oauth:token-type:access_token"}`})
	defer server.Close()

	client, err := oauth2.New(oauth2.Config{
		ID:     "service",
		Server: oauth2.AuthorizationServer{TokenEndpoint: server.URL + "/token"},
		Auth:   oauth2.ClientSecretBasic("secret"),
	})
	if err != nil {
		log.Fatal(err)
	}
	tok, err := client.TokenExchange(context.Background(), oauth2.TokenExchange{
		SubjectToken:     "the caller's",
		SubjectTokenType: oauth2.TokenTypeAccessToken,
		ActorToken:       "the service's own",
		ActorTokenType:   oauth2.TokenTypeJWT,
		Audiences:        []string{"urn:example:billing"},
	}, oauth2.TokenOptions{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(tok.TokenType, tok.IssuedTokenType == oauth2.TokenTypeAccessToken)
	// Output:
	// Bearer true
}

// What a resource server asks about a token that it was sent.
func ExampleClient_Introspect() {
	server := newServer(map[string]string{
		"/introspect": `{"active":true,"sub":"alice","scope":"read write","tenant":"t1"}`})
	defer server.Close()

	client, err := oauth2.New(oauth2.Config{
		ID:     "api",
		Server: oauth2.AuthorizationServer{IntrospectionEndpoint: server.URL + "/introspect"},
		Auth:   oauth2.ClientSecretBasic("secret"),
	})
	if err != nil {
		log.Fatal(err)
	}
	said, err := client.Introspect(context.Background(), "2YotnFZFEjr1zCsicMWpAA", "")
	if err != nil {
		log.Fatal(err)
	}
	var more struct {
		Tenant string `json:"tenant"`
	}
	if !said.Active || said.Claims(&more) != nil {
		log.Fatal("refuse the request")
	}
	fmt.Println(said.Subject, said.Scopes, more.Tenant)
	// Output:
	// alice [read write] t1
}

// A token that golang.org/x/oauth2 has stored.
func ExampleFromRecord() {
	var stored oauth2.Record
	err := json.Unmarshal([]byte(`{"access_token":"a","token_type":"bearer","refresh_token":"r",
		"expiry":"2026-11-21T12:00:00Z"}`), &stored)
	if err != nil {
		log.Fatal(err)
	}
	tok, err := oauth2.FromRecord(stored)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(tok.ExpiresAt.Format(time.RFC3339), tok.RefreshToken() != "")
	// Output:
	// 2026-11-21T12:00:00Z true
}

// A token that is renewed before it ends, and stored before anybody uses it. Here the
// client gets it for itself; after a user's login, Save stores the first one instead.
func ExampleClient_TokenSource() {
	server := oidctest.NewServer(oidctest.Options{})
	defer server.Close()
	client, err := oauth2.New(oauth2.Config{
		ID:     "client",
		Server: oauth2.AuthorizationServer{TokenEndpoint: server.Endpoint("token")},
		Auth:   oauth2.ClientSecretBasic("secret"),
	})
	if err != nil {
		log.Fatal(err)
	}
	source, err := client.TokenSource(oauth2.TokenSourceOptions{
		Store: new(oauth2.MemoryStore), // package sqlstore has one in a database
		Key:   oauth2.TokenKey{Name: "billing"},
		Grant: func(ctx context.Context) (*oauth2.Token, error) {
			return client.ClientCredentials(ctx, oauth2.TokenOptions{Scopes: []string{"read"}})
		},
		Changed: []func(context.Context, oauth2.TokenChange){
			func(_ context.Context, c oauth2.TokenChange) {
				fmt.Println(c.Key.Name, c.Outcome, c.New.Scopes)
			},
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	transport, err := source.Transport(server.Issuer())
	if err != nil {
		log.Fatal(err)
	}
	for range 3 {
		resp, err := httpclient.With(nil, transport).Get(server.Endpoint("me"))
		if err != nil {
			log.Fatal(err)
		}
		resp.Body.Close()
		fmt.Println(resp.Status)
	}
	// Output:
	// billing granted [read]
	// 200 OK
	// 200 OK
	// 200 OK
}

// A source for an SDK that asks for a token of another type, without a context: with the
// type of golang.org/x/oauth2 in place of sdkToken it is a TokenSource there.
func ExampleAdapt() {
	type sdkToken struct{ AccessToken string }

	client, err := oauth2.New(oauth2.Config{
		ID:     "client",
		Server: oauth2.AuthorizationServer{TokenEndpoint: "https://as.example/token"},
		Auth:   oauth2.None(),
	})
	if err != nil {
		log.Fatal(err)
	}
	source, err := client.TokenSource(oauth2.TokenSourceOptions{})
	if err != nil {
		log.Fatal(err)
	}
	var sdkSource interface{ Token() (*sdkToken, error) } = oauth2.Adapt(context.Background(),
		source, func(tok *oauth2.Token) *sdkToken { return &sdkToken{tok.AccessToken()} })
	_, err = sdkSource.Token()
	fmt.Println(errors.Is(err, &oauth2.TokenError{Outcome: oauth2.OutcomeLoginRequired}))
	// Output: true
}

// Requests signed by a key of the client's own, and fetched by the server from the site.
func ExampleRequestObjects() {
	key, err := jose.GenerateKey("ES256")
	if err != nil {
		log.Fatal(err)
	}
	objects, err := oauth2.NewRequestObjects("https://site.example/requests")
	if err != nil {
		log.Fatal(err)
	}
	site := http.NewServeMux()
	site.Handle("GET /requests/", objects)

	client, err := oauth2.New(oauth2.Config{
		ID: "client",
		Server: oauth2.AuthorizationServer{
			Issuer:                "https://as.example",
			AuthorizationEndpoint: "https://as.example/authorize",
			TokenEndpoint:         "https://as.example/token",
		},
		Auth: oauth2.PrivateKeyJWT(key, oauth2.AssertionOptions{}),
		// Without Publish, the object itself is in the URL.
		RequestObject: oauth2.RequestObject{Key: key, Publish: objects.Publish},
	})
	if err != nil {
		log.Fatal(err)
	}
	req, err := client.Authorize(context.Background(), oauth2.AuthorizationOptions{
		RedirectURI: "https://site.example/callback", Scopes: []string{"openid"}})
	if err != nil {
		log.Fatal(err)
	}
	u, err := url.Parse(req.URL)
	if err != nil {
		log.Fatal(err)
	}
	uri, err := url.Parse(u.Query().Get("request_uri"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("request_uri of", uri.Host)

	// What the server does then.
	answer := httptest.NewRecorder()
	site.ServeHTTP(answer, httptest.NewRequest("GET", uri.Path, nil))
	fmt.Println(answer.Header().Get("Content-Type"))
	// Output:
	// request_uri of site.example
	// application/oauth-authz-req+jwt
}

// A response that is a JSON Web Token of the server's.
func ExampleClient_CallbackState() {
	key, err := jose.GenerateKey("ES256") // the server's
	if err != nil {
		log.Fatal(err)
	}
	client, err := oauth2.New(oauth2.Config{
		ID: "client",
		Server: oauth2.AuthorizationServer{
			Issuer:                "https://as.example",
			AuthorizationEndpoint: "https://as.example/authorize",
			TokenEndpoint:         "https://as.example/token",
		},
		Auth:                  oauth2.ClientSecretBasic("secret"),
		Keys:                  jose.NewSet(key), // or those at the server's JWKSURI
		AuthorizationResponse: oauth2.SignedResponse{SigningAlgorithm: "ES256"},
	})
	if err != nil {
		log.Fatal(err)
	}
	req, err := client.Authorize(context.Background(), oauth2.AuthorizationOptions{
		RedirectURI: "https://site.example/callback", ResponseMode: "jwt"})
	if err != nil {
		log.Fatal(err)
	}

	response, err := jose.Issue(jose.Claims{
		Issuer:    "https://as.example",
		Audience:  []string{"client"},
		ExpiresAt: time.Now().Add(10 * time.Minute),
		Other:     map[string]any{"code": "CODE", "state": req.Transaction.State()},
	}, key, jose.SignOptions{})
	if err != nil {
		log.Fatal(err)
	}
	params := url.Values{"response": {response}}

	// A site with several logins under way finds the transaction by the state.
	state, err := client.CallbackState(context.Background(), params)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("known:", state == req.Transaction.State())
	resp, err := client.AuthorizationResponse(context.Background(), params, req.Transaction)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(resp.Code())

	// Parameters that nobody signed are refused then.
	plain := url.Values{"code": {"CODE"}, "state": {state}}
	_, err = client.AuthorizationResponse(context.Background(), plain, req.Transaction)
	fmt.Println(errors.Is(err, &jose.CheckError{Check: "response"}))
	// Output:
	// known: true
	// CODE
	// true
}

// The handler of a redirect URI to which the server sends the browser with a fragment.
func ExampleRelayFragment() {
	http.HandleFunc("/callback", func(w http.ResponseWriter, r *http.Request) {
		if oauth2.RelayFragment(w, r) {
			return // the browser comes again, with a POST
		}
		params, err := oauth2.ReadCallback(r)
		if err != nil {
			http.Error(w, "The login did not succeed.", http.StatusBadRequest)
			return
		}
		_ = params // for the Callback of package oidc
	})
}

// A client registers itself, asks for a token of its own, and changes its name.
func ExampleRegister() {
	ctx := context.Background()
	server := oidctest.NewServer(oidctest.Options{RegistrationToken: "for developers"})
	defer server.Close()
	as, err := oauth2.Discover(ctx, nil, server.Issuer())
	if err != nil {
		log.Fatal(err)
	}

	o := oauth2.RegistrationOptions{InitialAccessToken: "for developers"}
	r, err := oauth2.Register(ctx, as, oauth2.ClientMetadata{
		RedirectURIs: []string{"http://127.0.0.1/callback"},
		ClientName:   "A shop",
	}, o)
	if err != nil {
		log.Fatal(err)
	}
	record, err := json.Marshal(r.Record()) // to be kept as its secrets are
	if err != nil {
		log.Fatal(err)
	}

	auth, err := r.Authentication(nil)
	if err != nil {
		log.Fatal(err)
	}
	client, err := oauth2.New(oauth2.Config{ID: r.ID, Server: as, Auth: auth})
	if err != nil {
		log.Fatal(err)
	}
	tok, err := client.ClientCredentials(ctx, oauth2.TokenOptions{Scopes: []string{"read"}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("granted", tok.Scopes)

	// Later, perhaps in another process.
	var stored oauth2.RegistrationRecord
	if err := json.Unmarshal(record, &stored); err != nil {
		log.Fatal(err)
	}
	if r, err = oauth2.RegistrationFromRecord(stored); err != nil {
		log.Fatal(err)
	}
	m := r.Metadata()
	m.ClientName = "A better shop"
	if r, err = r.Update(ctx, m, o); err != nil { // and keep the new one
		log.Fatal(err)
	}
	fmt.Println(r.Metadata().ClientName)
	// Output:
	// granted [read]
	// A better shop
}
