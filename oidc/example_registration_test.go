package oidc_test

import (
	"context"
	"fmt"
	"log"
	"net/http"

	"vouchsafe/oauth2"
	"vouchsafe/oidc"
	"vouchsafe/oidc/oidctest"
)

const redirectURI = "http://127.0.0.1/callback"

// userOf logs in as the client that is registered, and returns who the user is.
func userOf(ctx context.Context, r *oauth2.Registration) (oidc.Identity, error) {
	config, err := oidc.ConfigOf(r, oidc.RegistrationKeys{})
	if err != nil {
		return oidc.Identity{}, err
	}
	client, err := oidc.New(config)
	if err != nil {
		return oidc.Identity{}, err
	}
	req, err := client.Authorize(ctx, oidc.AuthorizationOptions{RedirectURI: redirectURI})
	if err != nil {
		return oidc.Identity{}, err
	}

	// The browser goes to the provider, which approves at once, and brings the response to the
	// redirect URI.
	browser := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}
	resp, err := browser.Get(req.URL)
	if err != nil {
		return oidc.Identity{}, err
	}
	defer resp.Body.Close()
	callback, err := resp.Location()
	if err != nil {
		return oidc.Identity{}, err
	}
	login, err := client.Callback(ctx, callback.Query(), req.Transaction)
	if err != nil {
		return oidc.Identity{}, err
	}
	return login.IDToken.Identity(), nil
}

// A relying party registers itself, logs a user in as what is registered, changes that, and ends
// it. Each answer takes the place of the one before, whose secret and access token may be good no
// more: store its Record before anything else.
func ExampleRegister() {
	ctx := context.Background()
	server := oidctest.NewServer(oidctest.Options{
		Algorithms: []string{"ES256"}, RegistrationToken: "from the provider"})
	defer server.Close()
	found, err := oauth2.Discover(ctx, nil, server.Issuer())
	if err != nil {
		log.Fatal(err)
	}
	provider := oidc.Provider{AuthorizationServer: found}
	r, err := oidc.Register(ctx, provider, oidc.ClientMetadata{
		ClientMetadata: oauth2.ClientMetadata{
			RedirectURIs: []string{redirectURI}, ClientName: "A shop"},
		IDTokenSignedResponseAlg: "ES256",
	}, oauth2.RegistrationOptions{InitialAccessToken: "from the provider"})
	if err != nil {
		log.Fatal(err)
	}
	user, err := userOf(ctx, r)
	fmt.Println(r.Metadata().ClientName, "knows", user.Subject, err)

	m, err := oidc.MetadataOf(r) // what is not said again is deleted
	if err != nil {
		log.Fatal(err)
	}
	m.ClientName = "A bigger shop"
	r, err = oidc.UpdateRegistration(ctx, r, m, oauth2.RegistrationOptions{})
	if err != nil {
		log.Fatal(err)
	}
	user, err = userOf(ctx, r)
	fmt.Println(r.Metadata().ClientName, "knows", user.Subject, err)

	if err := r.Delete(ctx, oauth2.RegistrationOptions{}); err != nil {
		log.Fatal(err)
	}
	_, err = r.Read(ctx, oauth2.RegistrationOptions{})
	fmt.Println(err)
	// Output:
	// A shop knows alice <nil>
	// A bigger shop knows alice <nil>
	// oauth2: server refused: invalid_token (401 Unauthorized)
}
