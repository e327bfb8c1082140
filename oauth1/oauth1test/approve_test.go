package oauth1test_test

import (
	"net/url"
	"strings"
	"testing"

	"vouchsafe/oauth1"
	"vouchsafe/oauth1/oauth1test"
)

func TestApprove(t *testing.T) {
	provider := oauth1test.NewServer(oauth1test.Options{LoginForm: true})
	defer provider.Close()
	client, err := oauth1.New(provider.Config())
	if err != nil {
		t.Fatal(err)
	}
	for _, redirectURI := range []string{"oob", "http://127.0.0.1/callback"} {
		req, err := client.Authorize(t.Context(), oauth1.AuthorizationOptions{RedirectURI: redirectURI})
		if err != nil {
			t.Fatal(err)
		}
		params, err := provider.Approve(req.URL)
		if err != nil {
			t.Fatal(err)
		}
		tok, err := client.Callback(t.Context(), params, req.Transaction)
		if err != nil || tok.Extra("user_id") != "alice" {
			t.Errorf("%s: got %v", redirectURI, err)
		}
		mustNotApprove(t, provider, req.URL) // once is enough
	}
}

func TestApproveRefuses(t *testing.T) {
	provider := oauth1test.NewServer(oauth1test.Options{})
	defer provider.Close()
	for _, u := range []string{"", ":", provider.URL + "/authorize",
		provider.URL + "/authorize?oauth_token=" + url.QueryEscape("none")} {
		mustNotApprove(t, provider, u)
	}
}

func mustNotApprove(t *testing.T, p *oauth1test.Server, authorizationURL string) {
	t.Helper()
	params, err := p.Approve(authorizationURL)
	if params != nil || err == nil || !strings.HasPrefix(err.Error(), "oauth1test: ") {
		t.Errorf("%q: got %v, %v", authorizationURL, params, err)
	}
}
