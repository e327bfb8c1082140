package oauth1test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
)

// What there is to do for the code that a [Suite] tests.
const (
	// Login is to log in and to GET APIURL with the token, which must be answered with
	// status 200 and the user as JSON, whose id is "alice".
	Login = "login"

	// Renewal is to log in, to renew the token by its oauth_session_handle at TokenURL,
	// and to GET APIURL with the new one.
	Renewal = "renewal"

	// Clock is Login by a client that goes by the provider's clock: a request for
	// temporary credentials that is refused as timestamp_refused is made again, once.
	Clock = "clock"
)

// An Attempt is one thing to do at one provider, which nobody has seen before.
type Attempt struct {
	// Misbehavior is the name of what the provider will do: for a log, not to decide by.
	// It is empty where the provider behaves.
	Misbehavior string

	Task string // Login, or another of the constants

	// The endpoints (RFC 5849, Section 2), and an API.
	TemporaryCredentialURL, AuthorizationURL, TokenURL, APIURL string

	// The client credentials. Every signature method with a shared-secret will do, and
	// both POST and GET.
	ClientID, ClientSecret string

	// RedirectURI is the oauth_callback. It is served by nobody: see Browse. Another one on
	// loopback will do.
	RedirectURI string

	// Browse does what a browser would when it is sent to the authorization URL, where the
	// user approves at once, and returns the request that it brings to RedirectURI, as a
	// handler gets it: a GET without cookies.
	Browse func(url string) (*http.Request, error)
}

// browse is Attempt.Browse.
func browse(ctx context.Context, target string) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	if err != nil {
		return nil, errors.New("oauth1test: the authorization URL does not parse")
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return nil, errors.New("oauth1test: the authorization URL cannot be reached")
	}
	resp.Body.Close()
	location, err := resp.Location()
	if err != nil {
		return nil, fmt.Errorf("oauth1test: the provider sends the browser nowhere: %s",
			resp.Status)
	}
	return httptest.NewRequestWithContext(ctx, http.MethodGet, location.String(), nil), nil
}
