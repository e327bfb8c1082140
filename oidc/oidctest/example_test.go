package oidctest_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"vouchsafe/jose"
	"vouchsafe/oauth2"
	"vouchsafe/oidc"
	"vouchsafe/oidc/oidctest"
)

// The code under test is what an application does to log a user in, whatever it does it with.
// This one knows the code flow alone, and says so of all else.
func ExampleSuite() {
	login := func(ctx context.Context, a *oidctest.Attempt) error {
		if !a.Plain() {
			return fmt.Errorf("not in this application: %w", errors.ErrUnsupported)
		}
		client, err := oidc.New(oidc.Config{
			Issuer: a.Issuer,
			ID:     a.Client.ID,
			Auth:   oauth2.ClientSecret(a.Client.Secret),
			HTTP:   a.HTTP,
		})
		if err != nil {
			return err
		}
		req, err := client.Authorize(ctx, oidc.AuthorizationOptions{RedirectURI: a.RedirectURI})
		if err != nil {
			return err
		}
		callback, err := a.Browse(req.URL)
		if err != nil {
			return err
		}
		params, err := oauth2.ReadCallback(callback)
		if err != nil {
			return err
		}
		done, err := client.Callback(ctx, params, req.Transaction)
		if err != nil {
			return err
		}
		_, err = client.UserInfo(ctx, done)
		return err
	}
	// In a file whose name ends in _test.go:
	_ = func(t *testing.T) { oidctest.Suite(t, login) }
}

// One thing that a provider may do wrong, in a test of one's own.
func ExampleOptions_misbehave() {
	srv := oidctest.NewServer(oidctest.Options{Misbehave: "metadata_of_another_issuer"})
	defer srv.Close()
	client, err := oidc.New(oidc.Config{
		Issuer: srv.Issuer(), ID: "client", Auth: oauth2.ClientSecret("secret")})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = client.Provider(context.Background())
	fmt.Println(errors.Is(err, &jose.CheckError{Check: "issuer"}))
	// Output: true
}
