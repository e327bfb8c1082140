package oidctest_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"vouchsafe/oauth2"
	"vouchsafe/oidc"
	"vouchsafe/oidc/oidctest"
)

// loginOfApp is the code under test: what an application does to log a user in, whatever it does
// it with. This one knows the code flow alone, and says so of all else.
func loginOfApp(ctx context.Context, a *oidctest.Attempt) error {
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
	login, err := client.Callback(ctx, params, req.Transaction)
	if err != nil {
		return err
	}
	_, err = client.UserInfo(ctx, login)
	return err
}

// In a test of the application, TestLogin for example, whose subtests are the ways in which a
// provider misbehaves. Package registry has an example with its own client.
func ExampleSuite() {
	_ = func(t *testing.T) {
		oidctest.Suite(t, loginOfApp)
	}
}

func TestSuiteOfTheExample(t *testing.T) { oidctest.Suite(t, loginOfApp) }
