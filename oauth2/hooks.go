package oauth2

import (
	"context"
	"net/http"
	"slices"

	"vouchsafe/httpclient"
)

// Hooks rewrite the requests to a server that wants them otherwise, and its responses
// before they are read and checked. Their names are those of Authlib's compliance
// hooks, where it has them. Each is called in its order; an error ends the exchange and
// is returned, wrapped. They must be safe for concurrent use.
//
// A request to the server comes last, after the client has authenticated, with its
// parameters in PostForm: what a hook changes there is sent. They become the body, or
// the query if the hook sets Method to GET; a hook that sets Body sends that instead.
// The URL that it leaves must be one that [httpclient.Do] accepts.
type Hooks struct {
	AccessTokenRequest  []RequestHook // of every grant but the next
	AccessTokenResponse []ResponseHook

	RefreshTokenRequest  []RequestHook
	RefreshTokenResponse []ResponseHook

	DeviceAuthorizationRequest  []RequestHook
	DeviceAuthorizationResponse []ResponseHook

	RevokeTokenRequest     []RequestHook
	IntrospectTokenRequest []RequestHook

	// ProtectedRequest gets a copy of each request to a resource, once it has the
	// token. It may change all but where it goes; one that replaces Body closes it.
	ProtectedRequest []RequestHook
}

// A RequestHook changes a request that is about to be sent.
type RequestHook func(ctx context.Context, req *http.Request) error

// A ResponseHook changes a response that is about to be read: its Status, Header and
// Body. The next response is another value.
type ResponseHook func(ctx context.Context, resp *httpclient.Response) error

// clone returns Hooks that share nothing with h that its owner could change.
func (h Hooks) clone() Hooks {
	for _, list := range []*[]RequestHook{&h.AccessTokenRequest, &h.RefreshTokenRequest,
		&h.DeviceAuthorizationRequest, &h.RevokeTokenRequest, &h.IntrospectTokenRequest,
		&h.ProtectedRequest} {
		*list = slices.Clone(*list)
	}
	for _, list := range []*[]ResponseHook{&h.AccessTokenResponse, &h.RefreshTokenResponse,
		&h.DeviceAuthorizationResponse} {
		*list = slices.Clone(*list)
	}
	return h
}
