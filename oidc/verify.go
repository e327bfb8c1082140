package oidc

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"
)

// IDTokenExpectations are what [Client.VerifyIDToken] holds an ID Token to, beyond what
// holds for all. Nonce is required, or InsecureWithoutNonce.
type IDTokenExpectations struct {
	// Nonce is the one that was sent with the request.
	Nonce string

	// InsecureWithoutNonce takes an ID Token whatever its nonce is, if it has one. What is
	// lost: whoever gets hold of the ID Token of another user can present it as their own
	// until it expires.
	InsecureWithoutNonce bool

	// MaxAge, if not nil, is how long ago the user may have last authenticated, in whole
	// seconds, within Config.Leeway.
	MaxAge *time.Duration

	// ACRValues, if there are any, are the authentication contexts of which the ID Token
	// must have one.
	ACRValues []string

	// AuthorizedParties are clients, beside this one, that the ID Token may have been issued
	// to for this one's use: "azp". An application on a telephone may be one.
	AuthorizedParties []string

	// AccessToken and Code, if not empty, came with the ID Token: at_hash and c_hash, if
	// they are there, must be theirs.
	AccessToken string
	Code        string
}

// Format prints that e are expectations and nothing of them, whatever the verb.
func (e IDTokenExpectations) Format(f fmt.State, _ rune) {
	fmt.Fprint(f, "oidc.IDTokenExpectations{...}")
}

// LogValue gives a log what Format prints.
func (e IDTokenExpectations) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(e)) }

// VerifyIDToken verifies an ID Token that came otherwise than by [Client.Callback], from an
// application on a telephone say, by the rules of OpenID Connect Core 1.0, Section 3.1.3.7.
// This client must be its audience. For those of which an application is the audience, with
// a client ID of its own, make a Client with that ID and [oauth2.None].
//
// The error is, wrapped, a [*jose.CheckError] that names the check, [jose.ErrSignature],
// [jose.ErrDecryption], or that of fetching metadata or keys.
func (c *Client) VerifyIDToken(
	ctx context.Context, idToken string, e IDTokenExpectations,
) (*IDToken, error) {
	if e.Nonce == "" && !e.InsecureWithoutNonce {
		return nil, checkError("nonce", "must be given, or InsecureWithoutNonce", core)
	}
	maxAge, err := wholeSeconds(e.MaxAge)
	if err != nil {
		return nil, err
	}
	conn, err := c.provider.Get(ctx)
	if err != nil {
		return nil, err
	}
	return c.verify(ctx, conn, idToken, rules{
		expectations: expectations{
			Nonce:     e.Nonce,
			MaxAge:    maxAge,
			Asked:     c.config.Now().Unix(),
			ACRValues: slices.Clone(e.ACRValues),
		},
		unasked:     e.Nonce == "",
		parties:     slices.Clone(e.AuthorizedParties),
		accessToken: e.AccessToken,
		code:        e.Code,
	})
}

// wholeSeconds returns a number of seconds, none if d is nil.
func wholeSeconds(d *time.Duration) (*int64, error) {
	if d == nil {
		return nil, nil
	}
	if *d < 0 || *d%time.Second != 0 {
		return nil, checkError("max_age", "must be whole seconds, and not negative", requestClause)
	}
	seconds := int64(*d / time.Second)
	return &seconds, nil
}
