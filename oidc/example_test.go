package oidc_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"time"

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

// An application on a telephone has logged in and sends its ID Token to this server.
func ExampleClient_VerifyIDToken() {
	provider := oidctest.NewServer(oidctest.Options{})
	defer provider.Close()
	sent, err := jose.Issue(jose.Claims{
		Issuer: provider.Issuer(), Subject: "alice", Audience: []string{"server"},
		IssuedAt: time.Now(), ExpiresAt: time.Now().Add(time.Hour),
		Other: map[string]any{"azp": "telephone", "nonce": "n-0S6_WzA2Mj"},
	}, provider.Key(), jose.SignOptions{})
	if err != nil {
		log.Fatal(err)
	}

	client, err := oidc.New(oidc.Config{
		Issuer: provider.Issuer(), ID: "server", Auth: oauth2.None()})
	if err != nil {
		log.Fatal(err)
	}
	idToken, err := client.VerifyIDToken(context.Background(), sent, oidc.IDTokenExpectations{
		Nonce:             "n-0S6_WzA2Mj", // that this server gave the application
		AuthorizedParties: []string{"telephone"},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(idToken.Subject, "by", idToken.AuthorizedParty)
	// Output:
	// alice by telephone
}

// A site with sessions of its own keeps the transaction in the session, by its state: two
// tabs may log in at the same time. Without one, package registry has a sealed cookie.
func ExampleTransaction() {
	provider := oidctest.NewServer(oidctest.Options{})
	defer provider.Close()
	client, err := oidc.New(oidc.Config{
		Issuer: provider.Issuer(), ID: "client", Auth: oauth2.ClientSecret("secret")})
	if err != nil {
		log.Fatal(err)
	}
	session := map[string][]byte{} // of one browser, on the server

	login := func(w http.ResponseWriter, r *http.Request) {
		req, err := client.Authorize(r.Context(),
			oidc.AuthorizationOptions{RedirectURI: "http://" + r.Host + "/callback"})
		if err != nil {
			log.Fatal(err)
		}
		kept, err := req.Transaction.MarshalBinary()
		if err != nil {
			log.Fatal(err)
		}
		session[req.Transaction.State()] = kept
		http.Redirect(w, r, req.URL, http.StatusFound)
	}
	callback := func(w http.ResponseWriter, r *http.Request) {
		params, err := oauth2.ReadCallback(r)
		if err != nil {
			log.Fatal(err)
		}
		state, err := client.CallbackState(r.Context(), params)
		if err != nil {
			log.Fatal(err)
		}
		kept := session[state]
		delete(session, state) // it is good once
		var txn oidc.Transaction
		if err := txn.UnmarshalBinary(kept); err != nil {
			http.Error(w, "no login of this browser", http.StatusForbidden)
			return
		}
		done, err := client.Callback(r.Context(), params, &txn)
		if err != nil {
			log.Fatal(err)
		}
		// Begin a new session, for the account of this identity.
		fmt.Println(done.IDToken.Identity().Subject)
	}

	mux := http.NewServeMux()
	mux.HandleFunc("GET /login", login)
	mux.HandleFunc("GET /callback", callback)
	site := httptest.NewServer(mux)
	defer site.Close()
	if _, err := http.Get(site.URL + "/login"); err != nil {
		log.Fatal(err)
	}
	// Output:
	// alice
}

// ID Tokens that are encrypted need the private key, and what the client is registered
// with: id_token_encrypted_response_alg and id_token_encrypted_response_enc.
func ExampleConfig_encrypted() {
	key, err := jose.GenerateKey("ECDH-ES") // of which the provider has the public half
	if err != nil {
		log.Fatal(err)
	}
	decrypter, err := jose.NewDecrypter(jose.DecrypterConfig{
		Keys:        jose.NewSet(key),
		Algorithms:  []string{"ECDH-ES"},
		Encryptions: []string{"A128CBC-HS256"},
	})
	if err != nil {
		log.Fatal(err)
	}
	provider := oidctest.NewServer(oidctest.Options{Clients: []oidctest.Client{{
		ID: "client", Secret: "secret",
		IDTokenEncryption: oidctest.Recipient{Key: key, Algorithm: "ECDH-ES"},
	}}})
	defer provider.Close()

	client, err := oidc.New(oidc.Config{
		Issuer:  provider.Issuer(),
		ID:      "client",
		Auth:    oauth2.ClientSecret("secret"),
		IDToken: oauth2.SignedResponse{Decrypter: decrypter},
	})
	if err != nil {
		log.Fatal(err)
	}
	_, err = client.VerifyIDToken(context.Background(), "not.encrypted.here",
		oidc.IDTokenExpectations{InsecureWithoutNonce: true})
	fmt.Println(err)
	// Output:
	// oidc: ID Token: compact must have five parts (RFC 7516, Section 7.1)
}

// One provider, many issuers: those of the tenants that are customers may log in.
func ExampleTenants() {
	customers := map[string]bool{"5f7f84b6-25f3-4d3e-a29a-4e2b7ec7f3b1": true}
	_, err := oidc.New(oidc.Config{
		Issuer: "https://login.example/{tenantid}/v2.0",
		ServerMetadataURL: "https://login.example/organizations/v2.0" +
			"/.well-known/openid-configuration",
		Tenants: oidc.Tenants{
			Allow: func(tenant string) bool { return customers[tenant] },
			Claim: "tid",
		},
		ID:   "client",
		Auth: oauth2.ClientSecret("secret"),
	})
	fmt.Println(err)
	// Output:
	// <nil>
}

// The provider's page of applications sends the browser here to log in.
func ExampleReadThirdPartyLogin() {
	r := httptest.NewRequest("GET", "/initiate?iss=https://provider.example"+
		"&login_hint=alice&target_link_uri=https://app.example/inbox", nil)
	asked, err := oidc.ReadThirdPartyLogin(r, oidc.ThirdPartyOptions{
		Issuers: []string{"https://provider.example"},
		BaseURL: "https://app.example",
	})
	if err != nil {
		log.Fatal(err)
	}
	// Begin a login at the client of asked.Issuer, and go on at asked.Target after it.
	options := oidc.AuthorizationOptions{LoginHint: asked.LoginHint}
	fmt.Println(asked.Issuer, options.LoginHint, asked.Target)
	// Output:
	// https://provider.example alice /inbox
}
