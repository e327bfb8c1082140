package oauth1

import (
	"errors"
	"net/url"
	"strings"
	"testing"
)

const xauthForm = "x_auth_mode=client_auth&x_auth_password=p%26w+%C3%A9&x_auth_username=jane%40a"

// The password is in the body of a POST, whatever the settings.
func TestXAuth(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*Config)
		want   wanted
	}{
		{"token URL alone", func(c *Config) {
			c.TemporaryCredentialURL, c.AuthorizationURL = "", ""
		}, wanted{form: xauthForm}},
		{"GET for tokens", func(c *Config) {
			c.TokenMethod, c.TemporaryCredentialMethod = "GET", "GET"
		}, wanted{form: xauthForm}},
		{"parameters", func(c *Config) {
			c.TokenParams, c.TokenMethod = url.Values{"a": {"b c"}}, "GET"
			c.TokenURL += "?d=e"
		}, wanted{url: "access_token?d=e", form: "a=b+c&" + xauthForm}},
		{"in the query", func(c *Config) { c.Placement = PlacementQuery },
			wanted{placement: PlacementQuery, form: xauthForm}},
		{"in the body", func(c *Config) { c.Placement = PlacementBody },
			wanted{placement: PlacementBody, form: xauthForm}},
		{"empty token", func(c *Config) { c.EmptyToken = true }, wanted{form: xauthForm}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := scriptOf(goodToken)
			c := s.client(t, tt.change)
			tok, err := c.XAuth(t.Context(), "jane@a", "p&w é")
			if err != nil {
				t.Fatal(err)
			}
			s.only(t, c, tt.want.at("access_token"))
			if strings.Contains(s.sent[0].url, "x_auth") {
				t.Errorf("sent to %s", s.sent[0].url)
			}
			if tok.Token() != "new" || tok.Secret() != "sss" || tok.Extra("user_id") != "7" {
				t.Errorf("token %q, %q", tok.Token(), tok.Secret())
			}
		})
	}
}

func TestXAuthRefuses(t *testing.T) {
	none := func(*Config) {}
	noURL := func(c *Config) { *c = Config{ID: "a", Secret: "b"} }
	for _, tt := range []struct {
		name, user, password string
		change               func(*Config)
		check                string
	}{
		{"no token URL", "jane", "p", noURL, "token_url"},
		{"nothing", "", "", noURL, "token_url"},
		{"no name", "", "p", none, "x_auth_username"},
		{"neither", "", "", none, "x_auth_username"},
		{"no password", "jane", "", none, "x_auth_password"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := scriptOf(goodToken)
			tok, err := s.client(t, tt.change).XAuth(t.Context(), tt.user, tt.password)
			wantClause(t, err, tt.check, section23)
			if tok != nil {
				t.Error("a token beside the error")
			}
			s.nothing(t)
		})
	}
}

func TestXAuthReadsItsResponse(t *testing.T) {
	_, err := scriptOf("oauth_token_secret=x").client(t).XAuth(t.Context(), "jane", "p")
	wantClause(t, err, "token", section23)
}

// No error repeats the password, whichever way the provider does.
func TestXAuthRedactsThePassword(t *testing.T) {
	const password = canary + "/é"
	for _, echo := range []string{
		password, escape(password), escape(escape(password)), "x_auth_password=" + password,
		`{"x_auth_password":"` + password + `"}`,
	} {
		for _, status := range []int{200, 403} {
			s := &script{answers: []scripted{{status: status, body: "oauth_problem=a&m=" + echo}}}
			_, err := s.client(t).XAuth(t.Context(), "jane", password)
			e, ok := errors.AsType[*Error](err)
			if !ok {
				t.Fatalf("got %v", err)
			}
			noCanary(t, "excerpt", e.Excerpt())
			noCanary(t, "detail", e.Detail("m"))
			mustNotShow(t, "error", err)
		}
	}
}
