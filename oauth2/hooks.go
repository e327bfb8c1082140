package oauth2

import (
	"context"
	"net/http"
	"net/url"
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
	AuthorizationRequest  []AuthorizationHook
	AuthorizationResponse []CallbackHook

	AccessTokenRequest  []RequestHook // of every grant but the next
	AccessTokenResponse []ResponseHook

	RefreshTokenRequest  []RequestHook
	RefreshTokenResponse []ResponseHook

	DeviceAuthorizationRequest  []RequestHook
	DeviceAuthorizationResponse []ResponseHook

	RevokeTokenRequest     []RequestHook
	IntrospectTokenRequest []RequestHook

	KeySetResponse   []ResponseHook // at the JWKSURI
	UserInfoResponse []ResponseHook // of package oidc

	// ProtectedRequest gets a copy of each request to a resource, once it has the
	// token. It may change all but where it goes; one that replaces Body closes it.
	ProtectedRequest []RequestHook
}

// An AuthorizationHook changes the URL that the browser is about to be sent to. What it leaves
// is not checked again.
type AuthorizationHook func(ctx context.Context, u *url.URL) error

// A CallbackHook changes the parameters of a callback before they are read: a copy of them. A
// parameter that comes twice has been refused by then.
type CallbackHook func(ctx context.Context, params url.Values) error

// A RequestHook changes a request that is about to be sent.
type RequestHook func(ctx context.Context, req *http.Request) error

// A ResponseHook changes a response that is about to be read: its Status, Header and
// Body. The next response is another value.
type ResponseHook func(ctx context.Context, resp *httpclient.Response) error

// Then returns Hooks that are called in turn: those of h, then those of next.
func (h Hooks) Then(next Hooks) Hooks {
	for _, l := range []struct {
		to   *[]RequestHook
		more []RequestHook
	}{
		{&h.AccessTokenRequest, next.AccessTokenRequest},
		{&h.RefreshTokenRequest, next.RefreshTokenRequest},
		{&h.DeviceAuthorizationRequest, next.DeviceAuthorizationRequest},
		{&h.RevokeTokenRequest, next.RevokeTokenRequest},
		{&h.IntrospectTokenRequest, next.IntrospectTokenRequest},
		{&h.ProtectedRequest, next.ProtectedRequest},
	} {
		*l.to = slices.Concat(*l.to, l.more)
	}
	for _, l := range []struct {
		to   *[]ResponseHook
		more []ResponseHook
	}{
		{&h.AccessTokenResponse, next.AccessTokenResponse},
		{&h.RefreshTokenResponse, next.RefreshTokenResponse},
		{&h.DeviceAuthorizationResponse, next.DeviceAuthorizationResponse},
		{&h.KeySetResponse, next.KeySetResponse},
		{&h.UserInfoResponse, next.UserInfoResponse},
	} {
		*l.to = slices.Concat(*l.to, l.more)
	}
	h.AuthorizationRequest = slices.Concat(h.AuthorizationRequest, next.AuthorizationRequest)
	h.AuthorizationResponse = slices.Concat(h.AuthorizationResponse, next.AuthorizationResponse)
	return h
}
