package oauth1

import "context"

const sessionHandle = "oauth_session_handle"

// Renew fetches a token in place of tok, which has expired or is about to, by the
// oauth_session_handle that came with it: the extension "OAuth Session". Where no
// other handle comes back, the new token has that of tok.
//
// E*TRADE, which has no handle, renews a token by a GET through [Client.Transport],
// and the token stays.
//
// The provider may let tok serve no longer, nor its handle once there is another:
// store the new token before it is used. Two renewals of one token at a time are
// for the caller to prevent.
//
// A refusal by the provider is an [*Error], a token without a handle or a response
// that is not as it must be a [*CheckError]; other errors are those of
// [httpclient.Do] and of a signature.
func (c *Client) Renew(ctx context.Context, tok *Token) (*Token, error) {
	const clause = "OAuth Session, Section 3"
	var old Record
	if tok != nil {
		old = tok.record()
	}
	handle := old.Extra[sessionHandle]
	l := checks(ctx)
	l.Check(c.renewal != nil, "renewal_url", "must be configured to renew a token", clause)
	l.Check(handle != "", "session_handle", "must have come with the token", clause)
	if err := l.Err(); err != nil {
		return nil, err
	}
	r, err := c.fetch(ctx, exchange{
		name: "renewal", clause: clause,
		method: c.config().TokenMethod, url: c.renewal, params: c.config().tokenParams,
		with: credentials{old.Token, old.Secret}, protocol: []Param{{sessionHandle, handle}},
		secrets: []string{handle},
	})
	if err != nil {
		return nil, err
	}
	if r.Extra[sessionHandle] == "" {
		r.Extra[sessionHandle] = handle
	}
	return newToken(r), nil
}
