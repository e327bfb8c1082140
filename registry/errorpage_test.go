package registry_test

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"vouchsafe/jose"
	"vouchsafe/oauth1"
	"vouchsafe/oauth2"
	"vouchsafe/registry"
)

const evil = `"><script>alert(1)</script>`

// shown returns the page of an error.
func shown(err error) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	registry.ErrorPage(w, httptest.NewRequest("GET", "/"+evil, nil), err)
	return w
}

func TestErrorPage(t *testing.T) {
	provider := &oauth2.Error{Code: evil}
	tests := map[string]struct {
		err    error
		status int
		text   string
	}{
		"denied": {fmt.Errorf("%w: %w", registry.ErrAccessDenied, provider), 403,
			"You said no, or the provider did"},
		"denied, and more": {fmt.Errorf("%w: %w", registry.ErrAccessDenied,
			reason(registry.ReasonUsed)), 403, "You said no"},
		"not registered": {fmt.Errorf("%s: %w", evil, registry.ErrNotRegistered), 404,
			"no provider of that name"},
		"not initialized": {fmt.Errorf("%s: %w", evil, registry.ErrNotInitialized), 503,
			"cannot offer it at the moment"},
		"configuration": {&registry.ConfigError{Client: evil, Err: errors.New(evil)}, 503,
			"cannot offer it"},
		"resolver says not registered": {&registry.ConfigError{Client: evil,
			Err: registry.ErrNotRegistered}, 404, "no provider of that name"},
		"no state":       {reason(registry.ReasonNoState), 400, "nothing to see"},
		"other browser":  {reason(registry.ReasonOtherBrowser), 400, "not begun in this browser"},
		"used":           {reason(registry.ReasonUsed), 400, "has been used"},
		"expired":        {reason(registry.ReasonExpired), 400, "took too long"},
		"tampered":       {reason(registry.ReasonTampered), 400, "cookie is not the one"},
		"other client":   {reason(registry.ReasonOtherClient), 400, "another provider"},
		"other provider": {reason(registry.ReasonOtherProvider), 400, "has changed"},
		"other purpose":  {reason(registry.ReasonOtherPurpose), 400, "does not belong to a login"},
		"other user":     {reason(registry.ReasonOtherUser), 403, "log in here first"},
		"other site":     {reason(registry.ReasonOtherSite), 403, "not come from a page"},
		"a reason of somebody's own": {fmt.Errorf("%s: %w", evil, reason(evil)), 400,
			"does not belong to a login"},
		"provider": {provider, 502, "did not answer"},
		"check": {&jose.CheckError{Check: evil, Need: evil, Clause: evil}, 502,
			"did not answer"},
		"oauth1, not mapped": {oauth1.ErrAccessDenied, 502, "did not answer"},
		"anything":           {errors.New(evil), 502, "did not answer"},
		"nothing":            {nil, 502, "did not answer"},
	}
	for name, test := range tests {
		w := shown(test.err)
		page := w.Body.String()
		if w.Code != test.status || !strings.Contains(page, test.text) {
			t.Errorf("%s: status %d, want %d with %q\n%s", name, w.Code, test.status,
				test.text, page)
		}
		for _, must := range []string{"<!doctype html>\n<html lang=\"en\">",
			`<meta charset="utf-8">`,
			`<meta name="viewport" content="width=device-width, initial-scale=1">`,
			"<main>\n<h1>", `<a href="/">`} {
			if strings.Count(page, must) != 1 {
				t.Errorf("%s: has not one %q", name, must)
			}
		}
		_, rest, _ := strings.Cut(page, "<title>")
		title, _, _ := strings.Cut(rest, "</title>")
		if title == "" || !strings.Contains(page, "<h1>"+title+"</h1>") {
			t.Errorf("%s: title is %q", name, title)
		}
		if strings.Contains(page, "alert") || strings.Contains(page, "<script") {
			t.Errorf("%s: page shows what others wrote:\n%s", name, page)
		}
	}
}

// There are words for every reason, and no two have the same.
func TestErrorPageReasons(t *testing.T) {
	pages := map[string]registry.Reason{}
	for _, r := range []registry.Reason{
		registry.ReasonNoState, registry.ReasonOtherBrowser, registry.ReasonUsed,
		registry.ReasonExpired, registry.ReasonTampered, registry.ReasonOtherClient,
		registry.ReasonOtherProvider, registry.ReasonOtherPurpose, registry.ReasonOtherUser,
		registry.ReasonOtherSite,
	} {
		page := shown(reason(r)).Body.String()
		if other, ok := pages[page]; ok {
			t.Errorf("%q is shown as %q", r, other)
		}
		if pages[page] = r; strings.Contains(page, string(r)) {
			t.Errorf("%q: page is that of a program:\n%s", r, page)
		}
	}
}

// One may try again, but not what cannot work.
func TestErrorPageLink(t *testing.T) {
	for link, errs := range map[string][]error{
		"Try again": {registry.ErrAccessDenied, registry.ErrNotInitialized, io.EOF,
			reason(registry.ReasonUsed)},
		"Back to the site": {registry.ErrNotRegistered, reason(registry.ReasonOtherSite)},
	} {
		for _, err := range errs {
			page := shown(err).Body.String()
			if !strings.Contains(page, `<a href="/">`+link+"</a>") {
				t.Errorf("%v: not %q:\n%s", err, link, page)
			}
		}
	}
}

func TestErrorPageHeader(t *testing.T) {
	w := shown(io.EOF)
	_, rest, _ := strings.Cut(w.Body.String(), "<style>")
	style, _, _ := strings.Cut(rest, "</style>")
	sum := sha256.Sum256([]byte(style))
	for header, want := range map[string]string{
		"Content-Type": "text/html; charset=utf-8",
		"Content-Security-Policy": "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; " +
			"form-action 'none'; style-src 'sha256-" +
			base64.StdEncoding.EncodeToString(sum[:]) + "'",
		"Referrer-Policy":        "no-referrer",
		"X-Content-Type-Options": "nosniff",
		"Cache-Control":          "no-store",
	} {
		if got := w.Header()[header]; len(got) != 1 || got[0] != want {
			t.Errorf("%s is %q, want %q", header, got, want)
		}
	}
	if !strings.Contains(style, "color-scheme: light dark") ||
		!strings.Contains(style, "prefers-color-scheme: dark") {
		t.Errorf("style is %s", style)
	}
}

// A HEAD is answered as a GET, without the page.
func TestErrorPageHead(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		registry.ErrorPage(w, r, registry.ErrNotRegistered)
	}))
	defer srv.Close()
	resp, err := http.Head(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if resp.StatusCode != 404 || len(body) != 0 || err != nil ||
		resp.Header.Get("Content-Security-Policy") == "" {
		t.Errorf("status %d, header %v, %q, %v", resp.StatusCode, resp.Header, body, err)
	}
}
