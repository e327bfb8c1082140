package oauth2

import (
	"context"
	"time"

	"vouchsafe/internal/refusal"
	"vouchsafe/internal/strictjson"
	"vouchsafe/internal/verdict"
)

const introspectionClause = "RFC 7662, Section 2.2"

// An Introspection is what a server says of a token, RFC 7662, Section 2.2. Of a token
// that is not active it says nothing else.
type Introspection struct {
	Active    bool
	Scopes    []string  // "scope"
	ClientID  string    // "client_id": to whom the token was issued
	Username  string    // "username": a name to read, no identifier
	TokenType string    // "token_type": RFC 6749, Section 5.1
	ExpiresAt time.Time // "exp"; zero if the server does not say, as all are
	IssuedAt  time.Time // "iat"
	NotBefore time.Time // "nbf"
	Subject   string    // "sub": whom the token acts for
	Audience  []string  // "aud": where the token is for
	Issuer    string    // "iss"
	ID        string    // "jti"

	text func() string // hidden from fmt as in Token: a server may repeat the token
}

// Introspect asks the server what token is, RFC 7662, Section 2. The hint may be empty,
// [HintAccessToken] or [HintRefreshToken]. Who asks authenticates, as the client does at
// the token endpoint.
//
// A server's refusal is an [*Error]. A token that is expired, revoked or unknown is no
// error but an Introspection that is not Active.
func (c *Client) Introspect(ctx context.Context, token, hint string) (*Introspection, error) {
	if token == "" {
		return nil, checkError("token", "must be given", "RFC 7662, Section 2.1")
	}
	a, err := c.exchange(ctx, step{
		endpoint: "introspection_endpoint",
		url:      c.config.Server.IntrospectionEndpoint,
		clause:   "RFC 7662, Section 2",
		auth:     c.introspection,
		request:  c.config.Hooks.IntrospectTokenRequest,
	}, tokenForm(token, hint))
	if err != nil {
		return nil, err
	}
	return readIntrospection(ctx, a)
}

// readIntrospection reads an introspection response, RFC 7662, Section 2.2.
func readIntrospection(ctx context.Context, a answer) (*Introspection, error) {
	l := checks(ctx)
	m := a.accepted(l, introspectionClause, false)
	active, ok := m.Get("active").Bool()
	l.Check(ok, "active", "must be true or false", introspectionClause)
	if err := l.Err(); err != nil {
		return nil, err
	}
	if !active {
		return &Introspection{}, nil
	}
	i := &Introspection{Active: true, text: hide(string(a.Body))}
	var scope string
	readString(l, m, "scope", &scope)
	readString(l, m, "client_id", &i.ClientID)
	readString(l, m, "username", &i.Username)
	readString(l, m, "token_type", &i.TokenType)
	readString(l, m, "sub", &i.Subject)
	readString(l, m, "iss", &i.Issuer)
	readString(l, m, "jti", &i.ID)
	readTime(l, m, "exp", &i.ExpiresAt)
	readTime(l, m, "iat", &i.IssuedAt)
	readTime(l, m, "nbf", &i.NotBefore)
	i.Scopes = splitScopes(scope, " ")
	aud := m.Get("aud")
	i.Audience, ok = aud.AppendOneOrMore(nil)
	l.Check(ok || absent(aud), "aud", "must be a string or an array of strings",
		introspectionClause)
	if err := l.Err(); err != nil {
		return nil, err
	}
	return i, nil
}

func readString(l *verdict.List, m strictjson.Object, name string, to *string) {
	s, ok := m.Get(name).String()
	l.Check(ok || absent(m.Get(name)), name, "must be a string", introspectionClause)
	*to = s
}

func readTime(l *verdict.List, m strictjson.Object, name string, to *time.Time) {
	at, ok := m.Get(name).Seconds()
	l.Check(ok || absent(m.Get(name)), name, "must be a number of seconds", introspectionClause)
	if ok {
		*to = time.Unix(at, 0)
	}
}

// Claims decodes all that the server said into the struct that v points to, by the rules of
// [jose.Token.Claims]: names in their exact case.
func (i *Introspection) Claims(v any) error {
	if !i.Active || i.text == nil {
		return checkError("active", "must be true for a token to have claims", introspectionClause)
	}
	if err := strictjson.Unmarshal(i.text(), v); err != nil {
		return refusal.Because(err, "claims", "must be of the types asked for", introspectionClause)
	}
	return nil
}
