package oauth2

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
)

// The identifiers of token types, RFC 8693, Section 3.
const (
	TokenTypeAccessToken  = "urn:ietf:params:oauth:token-type:access_token"
	TokenTypeRefreshToken = "urn:ietf:params:oauth:token-type:refresh_token"
	TokenTypeIDToken      = "urn:ietf:params:oauth:token-type:id_token"
	TokenTypeJWT          = "urn:ietf:params:oauth:token-type:jwt"
	TokenTypeSAML1        = "urn:ietf:params:oauth:token-type:saml1"
	TokenTypeSAML2        = "urn:ietf:params:oauth:token-type:saml2"
)

// A TokenExchange is what one token is to be exchanged for, RFC 8693, Section 2.1.
// Printing it shows no token.
type TokenExchange struct {
	// SubjectToken is the token of the party on whose behalf the request is made, and
	// SubjectTokenType what it is: [TokenTypeAccessToken], for example. Required.
	SubjectToken     string `json:"-"`
	SubjectTokenType string

	// ActorToken is the token of the party that acts for the subject, and
	// ActorTokenType what it is. Both or neither.
	ActorToken     string `json:"-"`
	ActorTokenType string

	// RequestedTokenType is what is wanted; if empty, the server decides.
	RequestedTokenType string

	// Audiences are names of where the new token is for, beside the Resources of
	// TokenOptions.
	Audiences []string
}

// Format prints that x is an exchange and nothing of it, whatever the verb.
func (x TokenExchange) Format(f fmt.State, _ rune) { fmt.Fprint(f, "oauth2.TokenExchange{...}") }

// LogValue gives a log what Format prints.
func (x TokenExchange) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(x)) }

// TokenExchange exchanges one token for another, RFC 8693. What was issued is the
// Token's access token, whatever its IssuedTokenType; where that is not an access token,
// its TokenType is "N_A" and [Client.Transport] does not take it.
func (c *Client) TokenExchange(
	ctx context.Context, x TokenExchange, o TokenOptions,
) (*Token, error) {
	l := checks(ctx)
	const clause = "RFC 8693, Section 2.1"
	l.Check(x.SubjectToken != "" && x.SubjectTokenType != "", "subject_token",
		"must be given with its type", clause)
	l.Check((x.ActorToken != "") == (x.ActorTokenType != ""), "actor_token",
		"must be given with its type, and the type with it", clause)
	l.Check(!slices.Contains(x.Audiences, ""), "audience", "must not be empty", clause)
	if err := l.Err(); err != nil {
		return nil, err
	}
	grant := url.Values{
		"grant_type":         {"urn:ietf:params:oauth:grant-type:token-exchange"},
		"subject_token":      {x.SubjectToken},
		"subject_token_type": {x.SubjectTokenType},
	}
	for name, values := range map[string][]string{
		"actor_token":          {x.ActorToken},
		"actor_token_type":     {x.ActorTokenType},
		"requested_token_type": {x.RequestedTokenType},
		"audience":             x.Audiences,
	} {
		if len(values) > 0 && values[0] != "" {
			grant[name] = slices.Clone(values)
		}
	}
	tok, err := c.grant(ctx, grant, o)
	if err != nil {
		return nil, err
	}
	if !l.Check(tok.IssuedTokenType != "", "issued_token_type", "must be present",
		"RFC 8693, Section 2.2.1") {
		return nil, l.Err()
	}
	return tok, nil
}
