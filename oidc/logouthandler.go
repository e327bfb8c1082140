package oidc

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"vouchsafe/internal/verdict"
	"vouchsafe/jose"
	"vouchsafe/oauth2"
)

// A LogoutFunc ends sessions of the application at a provider's word: the session in which the
// user logged in with an ID Token that had sid (IDToken.SessionID), or, if sid is empty, all
// sessions of who. At the front channel, and where a Logout Token has no sub, who has an Issuer
// and no Subject. That there is no such session is no error. Refresh tokens of the sessions
// that were not granted for offline_access should be revoked (OpenID Connect Back-Channel Logout
// 1.0, Section 2.7). It must be safe for concurrent use.
type LogoutFunc func(ctx context.Context, who Identity, sid string) error

// BackChannelLogout returns the handler of the site's backchannel_logout_uri, OpenID Connect
// Back-Channel Logout 1.0, Section 2.5: it verifies the Logout Token that the provider posts, as
// [Client.VerifyLogoutToken] does, and calls logOut. The answer is 200, or 400 if the token was
// refused or logOut failed, after which the same token is refused. refused, if not nil, hears
// why.
//
// The request is the provider's, not the browser's: it has no cookies. Mount the handler outside
// of what protects forms.
func (c *Client) BackChannelLogout(
	logOut LogoutFunc, refused func(r *http.Request, err error),
) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answerLogout(w, r, c.backChannel(w, r, logOut), refused)
	})
}

// maxLogout bounds the body of a request at the back channel, in bytes.
const maxLogout = 64 << 10

func (c *Client) backChannel(w http.ResponseWriter, r *http.Request, logOut LogoutFunc) error {
	if r.Body != nil { // as in every request of a server
		r.Body = http.MaxBytesReader(w, r.Body, maxLogout)
	}
	l := verdict.New(r.Context(), checkError)
	const clause = "OpenID Connect Back-Channel Logout 1.0, Section 2.5"
	l.Check(r.Method == http.MethodPost && r.ParseForm() == nil, "logout_request",
		"must be a POST with a form of at most 64 KiB", clause)
	l.Check(len(r.PostForm["logout_token"]) == 1, "logout_token", "must be in the form, once",
		clause)
	if l.Err() != nil {
		return l.Err()
	}
	t, err := c.VerifyLogoutToken(r.Context(), r.PostForm.Get("logout_token"))
	if err != nil {
		return err
	}
	return logOut(r.Context(), t.Identity(), t.SessionID)
}

// FrontChannelLogout returns the handler of the site's frontchannel_logout_uri, OpenID Connect
// Front-Channel Logout 1.0, Section 2, which a page of the provider shows in a frame: it reads
// the request as [Client.ReadFrontChannelLogout] does and calls logOut. The answer is an empty
// page, or 400 and the error as JSON. refused, if not nil, hears why.
//
// Browsers that keep third parties' cookies out send none with it: logOut finds the session by
// sid. The answer must not be kept out of frames, by X-Frame-Options for example.
func (c *Client) FrontChannelLogout(
	logOut LogoutFunc, refused func(r *http.Request, err error),
) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who, sid, err := c.ReadFrontChannelLogout(r)
		if err == nil {
			err = logOut(r.Context(), who, sid)
		}
		answerLogout(w, r, err, refused)
	})
}

// ReadFrontChannelLogout reads a request to the site's frontchannel_logout_uri: the provider, as
// an Identity without a Subject, and the session that has ended there. Both must be in it: have
// the client registered with frontchannel_logout_session_required. The request proves nothing but
// that whoever made it knows the session's ID, which nobody else can guess (OpenID Connect
// Front-Channel Logout 1.0, Section 5).
//
// The error is a [*jose.CheckError].
func (c *Client) ReadFrontChannelLogout(r *http.Request) (who Identity, sid string, err error) {
	const clause = "OpenID Connect Front-Channel Logout 1.0, Section 2"
	l := verdict.New(r.Context(), checkError)
	l.Check(r.Method == http.MethodGet, "logout_request", "must be a GET", clause)
	params, err := oauth2.ReadCallback(r)
	l.Result("parameters", clause, err)
	l.Check(single(params), "parameters", "must come at most once each", clause)
	issuer, sid := params.Get("iss"), params.Get("sid")
	l.Check(issuer != "" && c.config.acceptsIssuer(issuer), "iss", "must be the provider's",
		clause)
	l.Check(sid != "", "sid", "must be present", clause)
	if l.Err() != nil {
		return Identity{}, "", l.Err()
	}
	return Identity{Issuer: issuer}, sid, nil
}

// answerLogout answers as OpenID Connect Back-Channel Logout 1.0, Section 2.8 says.
func answerLogout(
	w http.ResponseWriter, r *http.Request, err error, refused func(*http.Request, error),
) {
	w.Header().Set("Cache-Control", "no-store")
	if err == nil {
		return // with 200
	}
	if refused != nil {
		refused(r, err)
	}
	answer := map[string]string{"error": "invalid_request"}
	if check, ok := errors.AsType[*jose.CheckError](err); ok {
		answer["error_description"] = check.Check + " " + check.Need
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusBadRequest)
	json.NewEncoder(w).Encode(answer)
}
