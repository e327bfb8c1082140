package oidc_test

import (
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"

	"vouchsafe/jose"
	"vouchsafe/oauth2"
	"vouchsafe/oidc"
	"vouchsafe/oidc/oidctest"
)

// logIn has a site log a browser in at a provider. The transaction is kept where
// only that browser can present it: package registry has a sealed cookie for it;
// here there is one browser.
func logIn(provider *oidctest.Server, callback func(*http.Request, *oidc.Client,
	*oidc.Transaction)) {
	client, err := oidc.New(oidc.Config{
		Issuer: provider.Issuer(),
		ID:     "client",
		Auth:   oauth2.ClientSecret("secret"),
	})
	if err != nil {
		log.Fatal(err)
	}
	var txn *oidc.Transaction
	mux := http.NewServeMux()
	site := httptest.NewServer(mux)
	defer site.Close()
	mux.HandleFunc("GET /login", func(w http.ResponseWriter, r *http.Request) {
		req, err := client.Authorize(r.Context(), oidc.AuthorizationOptions{
			RedirectURI: site.URL + "/callback", Scopes: []string{"openid", "profile", "email"}})
		if err != nil {
			log.Fatal(err)
		}
		txn = req.Transaction
		http.Redirect(w, r, req.URL, http.StatusFound)
	})
	mux.HandleFunc("GET /callback", func(_ http.ResponseWriter,
		r *http.Request) {
		callback(r, client, txn)
	})
	resp, err := http.Get(site.URL + "/login")
	if err != nil {
		log.Fatal(err)
	}
	resp.Body.Close()
}

// A login: discovery, redirect, callback, and what the provider says of the user.
func Example() {
	provider := oidctest.NewServer(oidctest.Options{})
	defer provider.Close()

	logIn(provider, func(r *http.Request, client *oidc.Client, txn *oidc.Transaction) {
		login, err := client.Callback(r.Context(), r.URL.Query(), txn)
		if err != nil {
			log.Fatal(err)
		}
		who := login.IDToken.Identity() // the key of an account
		fmt.Println("known by this issuer:", who.Issuer == provider.Issuer())
		fmt.Println("subject:", who.Subject)

		user, err := client.UserInfo(r.Context(), login)
		if err != nil {
			log.Fatal(err)
		}
		address, verified := user.Email()
		fmt.Printf("%s, %s, verified: %v\n", user.Name, address, verified)
	})
	// Output:
	// known by this issuer: true
	// subject: alice
	// Alice Example, alice@example.com, verified: true
}

// An ID Token for another client is refused, by a check with a name.
func ExampleClient_Callback_wrongAudience() {
	provider := oidctest.NewServer(oidctest.Options{
		EditIDToken: func(claims map[string]any) { claims["aud"] = "another client" },
	})
	defer provider.Close()

	logIn(provider, func(r *http.Request, client *oidc.Client, txn *oidc.Transaction) {
		_, err := client.Callback(r.Context(), r.URL.Query(), txn)
		fmt.Println(err)
		fmt.Println(errors.Is(err, &jose.CheckError{Check: "aud"}))
	})
	// Output:
	// oidc: ID Token: aud must contain the audience expected (RFC 7519, Section 4.1.3)
	// true
}

// A listener hears of each check as it is made.
func ExampleClient_Callback_trace() {
	provider := oidctest.NewServer(oidctest.Options{
		EditIDToken: func(claims map[string]any) { claims["nonce"] = "of another login" },
	})
	defer provider.Close()

	logIn(provider, func(r *http.Request, client *oidc.Client, txn *oidc.Transaction) {
		ctx := jose.WithTrace(r.Context(), func(check, clause string, err error) {
			if err != nil {
				fmt.Printf("%s (%s): refused\n", check, clause)
			}
		})
		client.Callback(ctx, r.URL.Query(), txn)
	})
	// Output:
	// nonce (OpenID Connect Core 1.0, Section 3.1.3.7): refused
}
