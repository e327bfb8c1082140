package oidctest

import (
	"context"
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

	// Registration is to register a client that is authenticated by client_secret_basic and
	// gets ID Tokens signed with RS256, and to log in as that.
	Registration = "registration"

	// Logout is to log in, to have the provider log the user out, and to take the browser
	// back at the first of Client.PostLogoutRedirectURIs, with what it then brings.
	Logout = "logout"

	// BackChannelLogout and FrontChannelLogout are to log in, to serve at Site what the
	// provider, or the browser in a frame, asks for when the user logged out, and to call
	// EndSession. The session that the login began must have ended then. What was refused at
	// Site is the error.
	BackChannelLogout  = "back-channel logout"
	FrontChannelLogout = "front-channel logout"
)

// An Attempt is one thing to do at one provider, which nobody has seen before.
type Attempt struct {
	Misbehavior string // the name of what the provider will do: for a log, not to decide by
	Task        string // Login, or another of the constants

	Issuer      string
	Client      Client // as it is registered, with private keys; zero for Registration
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

	// Site serves https://client.example: nothing, before something is added. The logout URIs
	// of Client are there.
	Site *http.ServeMux

	// EndSession has the user log out at the provider, by another client.
	EndSession func(ctx context.Context) error

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

// A browser goes to a provider, follows no redirect, and knows one other site.
type browser struct {
	client *http.Client
	site   http.Handler
}

// open gets a page, and what is in its frames.
func (b browser) open(ctx context.Context, target string) (*http.Response, string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	if err != nil {
		return nil, "", err
	}
	resp, err := b.client.Do(req)
	if err != nil {
		return nil, "", err
	}
	defer resp.Body.Close()
	page, err := io.ReadAll(resp.Body)
	for _, frame := range frameSource.FindAllStringSubmatch(string(page), -1) {
		r := httptest.NewRequest(http.MethodGet, html.UnescapeString(frame[1]), nil)
		b.site.ServeHTTP(httptest.NewRecorder(), r.WithContext(ctx))
	}
	return resp, string(page), err
}

// browse is Attempt.Browse.
func (b browser) browse(target string) (*http.Request, error) {
	resp, page, err := b.open(context.Background(), target)
	if err != nil {
		return nil, err
	}
	if location, err := resp.Location(); err == nil {
		return arriving(*location)
	}
	if link := goOnLink.FindStringSubmatch(page); link != nil {
		u, err := url.Parse(html.UnescapeString(link[1]))
		if err != nil {
			return nil, err
		}
		return arriving(*u)
	}
	form := url.Values{}
	for _, input := range formInput.FindAllStringSubmatch(page, -1) {
		form.Add(html.UnescapeString(input[1]), html.UnescapeString(input[2]))
	}
	action := formAction.FindStringSubmatch(page)
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
