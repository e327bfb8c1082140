package oidc_test

import (
	"context"
	"fmt"
	"log"
	"net/http/httptest"
	"time"

	"vouchsafe/jose"
	"vouchsafe/oauth2"
	"vouchsafe/oidc"
	"vouchsafe/oidc/oidctest"
)

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
