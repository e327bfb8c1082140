package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	gooidc "github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"vouchsafe/oidc/oidctest"
)

// goOIDCLogin is a login by go-oidc with x/oauth2 as their documentation has it.
func goOIDCLogin(ctx context.Context, a *oidctest.Attempt) error {
	if !a.Plain() {
		return fmt.Errorf("not in this application: %w", errors.ErrUnsupported)
	}
	ctx = gooidc.ClientContext(ctx, a.HTTP)
	provider, err := gooidc.NewProvider(ctx, a.Issuer)
	if err != nil {
		return err
	}
	config := oauth2.Config{
		ClientID: a.Client.ID, ClientSecret: a.Client.Secret, RedirectURL: a.RedirectURI,
		Endpoint: provider.Endpoint(), Scopes: []string{gooidc.ScopeOpenID},
	}
	state, nonce, verifier := rand.Text(), rand.Text(), oauth2.GenerateVerifier()
	r, err := a.Browse(config.AuthCodeURL(state, gooidc.Nonce(nonce),
		oauth2.S256ChallengeOption(verifier)))
	if err != nil {
		return err
	}
	if r.URL.Query().Get("state") != state {
		return errors.New("state did not match")
	}
	token, err := config.Exchange(ctx, r.URL.Query().Get("code"), oauth2.VerifierOption(verifier))
	if err != nil {
		return err
	}
	raw, ok := token.Extra("id_token").(string)
	if !ok {
		return errors.New("no id_token")
	}
	idToken, err := provider.Verifier(&gooidc.Config{ClientID: a.Client.ID}).Verify(ctx, raw)
	if err != nil {
		return err
	}
	if idToken.Nonce != nonce {
		return errors.New("nonce did not match")
	}
	info, err := provider.UserInfo(ctx, oauth2.StaticTokenSource(token))
	if err != nil {
		return err
	}
	if info.Subject != idToken.Subject {
		return errors.New("sub did not match")
	}
	return nil
}

// passedByGoOIDC is what that lets pass, or notices after one request too many.
const passedByGoOIDC = `
metadata_endless
metadata_without_authorization_endpoint
metadata_without_token_endpoint
metadata_without_jwks_uri
metadata_with_http_authorization_endpoint
metadata_with_http_token_endpoint
metadata_with_http_jwks_uri
metadata_with_http_userinfo_endpoint
keys_endless
keys_for_encryption
keys_for_another_algorithm
keys_too_weak
keys_with_others_beside
response_with_two_states
response_with_two_codes
response_of_another_issuer
response_without_iss
response_with_error
response_with_error_and_code
response_without_code
id_token_for_a_stranger_too
id_token_without_iat
id_token_without_sub
id_token_with_empty_sub
token_response_error
token_response_error_with_status_200
token_response_page
token_response_not_json
token_response_with_token_type_twice
token_response_endless
token_response_compressed_without_end
token_response_redirect
token_response_without_access_token
token_response_without_token_type
token_response_of_another_token_type
token_response_with_access_token_as_number
userinfo_endless
userinfo_redirect
`

var failedSubtest = regexp.MustCompile(`--- FAIL: TestSuiteOfGoOIDC/([a-z0-9_]+)/code `)

// The suite has teeth. It runs in a process of its own, as it fails there.
func TestSuiteOfGoOIDC(t *testing.T) {
	if os.Getenv("SUITE_OF_GO_OIDC") != "" {
		oidctest.Suite(t, goOIDCLogin)
		return
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program, "-test.run=^TestSuiteOfGoOIDC$", "-test.v")
	cmd.Env = append(os.Environ(), "SUITE_OF_GO_OIDC=1")
	out, err := cmd.CombinedOutput()
	if _, failed := errors.AsType[*exec.ExitError](err); !failed {
		t.Fatalf("%v\n%s", err, out)
	}
	var got []string
	for _, match := range failedSubtest.FindAllStringSubmatch(string(out), -1) {
		got = append(got, match[1])
	}
	if want := strings.Fields(passedByGoOIDC); !slices.Equal(got, want) {
		t.Errorf("failed are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
