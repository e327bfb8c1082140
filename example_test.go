package vouchsafe_test

import (
	"fmt"
	"log"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"

	"vouchsafe/oauth1/oauth1test"
	"vouchsafe/oidc/oidctest"
	"vouchsafe/registry"
)

// logIn serves a site with the login of one provider, visits it as a browser
// would, and prints what the site says. It is the same for every protocol.
func logIn(name string, config registry.Config) {
	mux := http.NewServeMux()
	site := httptest.NewServer(mux)
	defer site.Close()

	reg, err := registry.New(registry.Options{EphemeralKey: true, BaseURL: site.URL})
	if err != nil {
		log.Fatal(err)
	}
	client, err := reg.Register(name, config)
	if err != nil {
		log.Fatal(err)
	}

	mux.HandleFunc("GET /login", func(w http.ResponseWriter, r *http.Request) {
		if err := client.AuthorizeRedirect(w, r, "/auth"); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	})
	mux.HandleFunc("GET /auth", func(w http.ResponseWriter, r *http.Request) {
		login, err := client.AuthorizeAccessToken(w, r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		user, err := client.UserInfo(r.Context(), login)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		// Here the application starts a new session for user.Identity.
		fmt.Printf("%s is %s\n", user.Identity.Subject, user.Name)
	})

	jar, err := cookiejar.New(nil)
	if err != nil {
		log.Fatal(err)
	}
	browser := &http.Client{Jar: jar}
	resp, err := browser.Get(site.URL + "/login")
	if err != nil {
		log.Fatal(err)
	}
	resp.Body.Close()
}

// Log in with OAuth 1.0a: what makes it that is RequestTokenURL.
func Example_oauth1() {
	provider := oauth1test.NewServer(oauth1test.Options{})
	defer provider.Close()

	logIn("classic", registry.Config{
		ClientID:         "client",
		ClientSecret:     "secret",
		RequestTokenURL:  provider.Endpoint("request_token"),
		AuthorizeURL:     provider.Endpoint("authorize"),
		AccessTokenURL:   provider.Endpoint("access_token"),
		UserInfoEndpoint: provider.Endpoint("me"),
		UserInfoNames:    map[string]string{"sub": "id"},
		IdentityIssuer:   provider.URL,
	})
	// Output: alice is Alice Example
}

// Log in with OAuth 2.0. The protocol does not say who the user is; the
// provider's own API does.
func Example_oauth2() {
	provider := oidctest.NewServer(oidctest.Options{})
	defer provider.Close()

	logIn("modern", registry.Config{
		ClientID:         "client",
		ClientSecret:     "secret",
		Issuer:           provider.Issuer(),
		AuthorizeURL:     provider.Endpoint("authorize"),
		AccessTokenURL:   provider.Endpoint("token"),
		UserInfoEndpoint: provider.Endpoint("me"),
		UserInfoNames:    map[string]string{"sub": "id"},
		IdentityIssuer:   provider.Issuer(),
	})
	// Output: alice is Alice Example
}

// Log in with OpenID Connect: the issuer is enough, the rest is discovered.
func Example_openIDConnect() {
	provider := oidctest.NewServer(oidctest.Options{})
	defer provider.Close()

	logIn("connect", registry.Config{
		ClientID:     "client",
		ClientSecret: "secret",
		Issuer:       provider.Issuer(),
		Scopes:       []string{"openid", "profile"},
	})
	// Output: alice is Alice Example
}
