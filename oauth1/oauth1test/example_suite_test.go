package oauth1test_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"

	"vouchsafe/oauth1"
	"vouchsafe/oauth1/oauth1test"
)

// loginOfApp is a login as an application has it: its own handlers do the same.
func loginOfApp(ctx context.Context, a *oauth1test.Attempt) error {
	if a.Task != oauth1test.Login {
		return fmt.Errorf("%s: %w", a.Task, errors.ErrUnsupported)
	}
	client, err := oauth1.New(oauth1.Config{
		ID:                     a.ClientID,
		Secret:                 a.ClientSecret,
		SignatureMethod:        oauth1.HMACSHA256,
		TemporaryCredentialURL: a.TemporaryCredentialURL,
		AuthorizationURL:       a.AuthorizationURL,
		TokenURL:               a.TokenURL,
	})
	if err != nil {
		return err
	}
	req, err := client.Authorize(ctx, oauth1.AuthorizationOptions{RedirectURI: a.RedirectURI})
	if err != nil {
		return err
	}
	callback, err := a.Browse(req.URL)
	if err != nil {
		return err
	}
	tok, err := client.Callback(ctx, callback.URL.Query(), req.Transaction)
	if err != nil {
		return err
	}
	signing, err := client.Transport(tok, a.APIURL)
	if err != nil {
		return err
	}
	resp, err := (&http.Client{Transport: signing}).Get(a.APIURL)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	return oauth1.ResponseError(resp)
}

// In a test of the application, TestLogin for example, whose subtests are the ways in
// which a provider misbehaves.
func ExampleSuite() {
	_ = func(t *testing.T) {
		oauth1test.Suite(t, loginOfApp)
	}
}

func TestSuiteOfTheExample(t *testing.T) { oauth1test.Suite(t, loginOfApp) }
