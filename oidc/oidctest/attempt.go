package oidctest

import (
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
)

// What there is to do for the code that a [Suite] tests.
const (
	// Login is to log in and, where there is an access token, to ask for UserInfo.
	Login = "login"

	// Refresh is to log in, to refresh the token, and to ask for UserInfo with the new one.
	Refresh = "refresh"

	// Twice is to log in, and then once more as the same user, by id_token_hint, with what is
	// known of the provider kept.
	Twice = "login twice"

	// WebFinger is to find the issuer of Attempt.Identifier, and to log in there if it is
	// Attempt.Issuer.
	WebFinger = "webfinger"

	// ClaimSources is to log in, to ask for UserInfo, and to get the claims that
	// Attempt.ClaimsProvider vouches for from where UserInfo says that they are.
	ClaimSources = "claim sources"

	// ThirdParty is to begin the login that Attempt.Initiation asks for, if Attempt.Issuer is
	// where, and to go through with it.
	ThirdParty = "third-party login"
)

// An Attempt is one thing to do at one provider, which nobody has seen before.
type Attempt struct {
	Misbehavior string // the name of what the provider will do: for a log, not to decide by
	Task        string // Login, or another of the constants

	Issuer      string
	Client      Client // as it is registered; Key of a Recipient is the private one
	RedirectURI string // https, and served by nobody: see Browse

	ResponseType string
	ResponseMode string // if empty, none is to be asked for

	// Params are further parameters of the request: max_age in seconds, acr_values, and
	// claims. The ID Token is to be held to them.
	Params url.Values

	// Identifier is what a user typed, for WebFinger, and ClaimsProvider who vouches for
	// claims, for ClaimSources.
	Identifier     string
	ClaimsProvider *ClaimsProvider

	// Initiation is a request to initiate_login_uri of the site https://client.example, for
	// ThirdParty.
	Initiation *http.Request

	// HTTP is to send all requests to the provider: it knows the provider's certificate.
	HTTP *http.Client

	// Browse does what a browser would when it is sent to the provider, and returns the
	// request that it brings to RedirectURI: a GET, or for the response mode form_post a POST.
	// What is in a fragment comes as a POST too, as from a page that posts it.
	Browse func(url string) (*http.Request, error)
}

// Plain reports whether a is to log in by a code, with nothing asked for or registered but what
// every client needs: what it is not, a client may well not support.
func (a *Attempt) Plain() bool {
	c := a.Client
	return a.Task == Login && a.ResponseType == "code" && a.ResponseMode == "" &&
		len(a.Params) == 0 && !c.RequireRequestObject && len(c.algorithms()) == 0 &&
		c.IDTokenEncryption.Key == nil && c.UserInfoEncryption.Key == nil
}

var (
	formAction = regexp.MustCompile(`<form method="post" action="([^"]*)"`)
	formInput  = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`)
)

// browse is Attempt.Browse, by a client that follows no redirects.
func browse(client *http.Client, target string) (*http.Request, error) {
	resp, err := client.Get(target)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	page, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	if location, err := resp.Location(); err == nil {
		return arriving(*location)
	}
	form := url.Values{}
	for _, input := range formInput.FindAllStringSubmatch(string(page), -1) {
		form.Add(html.UnescapeString(input[1]), html.UnescapeString(input[2]))
	}
	action := formAction.FindStringSubmatch(string(page))
	if resp.StatusCode != http.StatusOK || action == nil {
		return nil, fmt.Errorf("oidctest: the provider sends the browser nowhere: %s", resp.Status)
	}
	return posted(html.UnescapeString(action[1]), form.Encode()), nil
}

// arriving is the request of a browser that was sent to a URL.
func arriving(u url.URL) (*http.Request, error) {
	if u.Scheme+"://"+u.Host != redirectOrigin {
		return nil, errors.New("oidctest: the provider sends the browser to another site")
	}
	fragment := u.EscapedFragment()
	u.Fragment, u.RawFragment = "", ""
	if fragment != "" {
		return posted(u.String(), fragment), nil
	}
	return httptest.NewRequest(http.MethodGet, u.String(), nil), nil
}

func posted(target, form string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, target, strings.NewReader(form))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}
