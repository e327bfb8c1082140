package oauth1

import (
	"errors"
	"strings"
	"testing"

	"vouchsafe/httpclient"
)

const (
	goodTemporary = "oauth_token=tok&oauth_token_secret=sec&oauth_callback_confirmed=true"
	goodToken     = "oauth_token=tok&oauth_token_secret=sec&user_id=7&screen_name=jane+doe"
)

func response(status int, body string) *httpclient.Response {
	return &httpclient.Response{Status: status, Body: []byte(body)}
}

func TestReadTemporaryCredentials(t *testing.T) {
	for name, body := range map[string]string{
		"as in the RFC":      goodTemporary,
		"further parameters": goodTemporary + "&xoauth_url=https%3A%2F%2Fa.example",
		"line at the end":    goodTemporary + "\r\n",
		"encoded":            strings.Replace(goodTemporary, "=tok", "=%74%6fk", 1),
		"other order": "oauth_token_secret=sec&oauth_callback_confirmed=true" +
			"&oauth_token=tok",
	} {
		got, err := readTemporaryCredentials(t.Context(), response(200, body))
		if want := (credentials{"tok", "sec"}); err != nil || got != want {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

// Faults of either response. The body has what both need.
var formTests = []struct {
	name, body, check string
}{
	{"HTML", "<!DOCTYPE html><p>oauth_token=a&oauth_token_secret=b", "response_form"},
	{"HTML after a blank line", "\n <html>", "response_form"},
	{"JSON", `{"oauth_token":"tok","oauth_token_secret":"sec"}`, "response_form"},
	{"JSON list", `["oauth_token"]`, "response_form"},
	{"token twice", goodTemporary + "&oauth_token=tok", "response_parameters"},
	{"another parameter twice", goodTemporary + "&a=1&a=2", "response_parameters"},
	{"name twice, encoded", goodTemporary + "&oauth%5Ftoken=tok", "response_parameters"},
	{"value not UTF-8", goodTemporary + "&a=%ff", "response_text"},
	{"name not UTF-8", goodTemporary + "&%ff=a", "response_text"},
}

func TestResponseForm(t *testing.T) {
	for _, tt := range formTests {
		t.Run(tt.name, func(t *testing.T) {
			cred, err := readTemporaryCredentials(t.Context(), response(200, tt.body))
			wantCheck(t, err, tt.check)
			if cred != (credentials{}) {
				t.Error("credentials beside the error")
			}
			tok, err := readToken(t.Context(), response(200, tt.body))
			wantCheck(t, err, tt.check)
			if tok != nil {
				t.Error("a token beside the error")
			}
		})
	}
}

func TestReadTemporaryCredentialsRefuses(t *testing.T) {
	for _, tt := range []struct{ name, body, check string }{
		{"empty", "", "temporary_token"},
		{"something else", "a=b", "temporary_token"},
		{"no token", strings.Replace(goodTemporary, "oauth_token=", "x=", 1), "temporary_token"},
		{"empty token", strings.Replace(goodTemporary, "=tok", "=", 1), "temporary_token"},
		{"name in other case", strings.Replace(goodTemporary, "oauth_token=", "OAuth_Token=", 1),
			"temporary_token"},
		{"no secret", "oauth_token=tok&oauth_callback_confirmed=true", "temporary_token_secret"},
		{"empty secret", strings.Replace(goodTemporary, "=sec", "=", 1), "temporary_token_secret"},
		{"not confirmed", "oauth_token=tok&oauth_token_secret=sec", "oauth_callback_confirmed"},
		{"confirmed false", strings.Replace(goodTemporary, "true", "false", 1),
			"oauth_callback_confirmed"},
		{"confirmed True", strings.Replace(goodTemporary, "true", "True", 1),
			"oauth_callback_confirmed"},
		{"confirmed 1", strings.Replace(goodTemporary, "true", "1", 1), "oauth_callback_confirmed"},
		{"cut short", goodTemporary[:len(goodTemporary)-2], "oauth_callback_confirmed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := readTemporaryCredentials(t.Context(), response(200, tt.body))
			wantCheck(t, err, tt.check)
		})
	}
}

func TestReadToken(t *testing.T) {
	tok, err := readToken(t.Context(), response(200, goodToken))
	if err != nil {
		t.Fatal(err)
	}
	if tok.Token() != "tok" || tok.Secret() != "sec" || tok.Extra("screen_name") != "jane doe" {
		t.Errorf("token %+v", tok.Record().Extra)
	}
	if len(tok.Record().Extra) != 2 {
		t.Errorf("extra %v", tok.Record().Extra)
	}
}

func TestReadTokenRefuses(t *testing.T) {
	for _, tt := range []struct{ name, body, check string }{
		{"something else", "a=b", "token"},
		{"empty token", strings.Replace(goodToken, "=tok", "=", 1), "token"},
		{"no secret", "oauth_token=tok", "token_secret"},
		{"empty secret", strings.Replace(goodToken, "=sec", "=", 1), "token_secret"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := readToken(t.Context(), response(200, tt.body))
			wantCheck(t, err, tt.check)
		})
	}
}

// A refusal is an Error even if its body would have been good.
func TestResponseRefusal(t *testing.T) {
	for _, tt := range []struct {
		name    string
		status  int
		body    string
		problem string
	}{
		{"401 with a problem", 401, "oauth_problem=signature_invalid", "signature_invalid"},
		{"401 with a problem and advice", 401,
			"oauth_problem=timestamp_refused&oauth_acceptable_timestamps=1-2", "timestamp_refused"},
		{"401 of plain text", 401, "Request token missing", ""},
		{"401 of JSON", 401, `{"errors":[{"code":32}]}`, ""},
		{"500 of HTML", 500, "<html>oops", ""},
		{"problem with status 200", 200, goodTemporary + "&oauth_problem=token_expired",
			"token_expired"},
		{"problem that is none", 400, "oauth_problem=%3Cscript%3E", ""},
		{"redirect", 302, goodTemporary, ""},
		{"not modified", 304, goodTemporary, ""},
		{"error with a good body", 400, goodTemporary, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := readTemporaryCredentials(t.Context(), response(tt.status, tt.body))
			e, ok := errors.AsType[*Error](err)
			if !ok || e.Status != tt.status || e.Problem != tt.problem {
				t.Fatalf("got %v, want status %d and problem %q", err, tt.status, tt.problem)
			}
			if !strings.HasPrefix(tt.body, e.Excerpt()) || e.Excerpt() == "" {
				t.Errorf("excerpt %q", e.Excerpt())
			}
			_, err = readToken(t.Context(), response(tt.status, tt.body))
			if e, ok := errors.AsType[*Error](err); !ok || e.Status != tt.status {
				t.Errorf("token response: got %v", err)
			}
		})
	}
}

// 201 is what Xing answered with.
func TestOtherSuccess(t *testing.T) {
	if _, err := readToken(t.Context(), response(201, goodToken)); err != nil {
		t.Error(err)
	}
}

func FuzzReadResponses(f *testing.F) {
	f.Add(goodTemporary)
	f.Add(goodToken)
	f.Add("oauth_problem=nonce_used")
	for _, tt := range formTests {
		f.Add(tt.body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		if cred, err := readTemporaryCredentials(t.Context(), response(200, body)); err == nil &&
			(cred.id == "" || cred.secret == "" || !strings.Contains(unescape(body), "true")) {
			t.Errorf("%q read as credentials", body)
		}
		tok, err := readToken(t.Context(), response(200, body))
		if (tok == nil) == (err == nil) || tok != nil && (tok.Token() == "" || tok.Secret() == "") {
			t.Errorf("%q read as a token, %v", body, err)
		}
	})
}
