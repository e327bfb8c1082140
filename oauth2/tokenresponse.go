package oauth2

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"vouchsafe/httpclient"
	"vouchsafe/internal/refusal"
	"vouchsafe/internal/strictjson"
	"vouchsafe/internal/verdict"
)

// tokenMembers are the members of a token response that this package reads:
// RFC 6749, Sections 5.1 and 5.2, RFC 8693, Section 2.2.1, and OpenID Connect Core 1.0,
// Section 3.1.3.3. What is in a Token's Extra is none of them.
var tokenMembers = []string{"access_token", "token_type", "expires_in", "refresh_token", "scope",
	"id_token", "issued_token_type", "error", "error_description", "error_uri"}

const (
	tokenClause = "RFC 6749, Section 5.1"

	// bearer is the one type of access token that this package can use.
	bearer = "Bearer"

	// notAccess is the type of a token that is no access token, RFC 8693, Section 2.2.1.
	notAccess = "N_A"
)

// readToken reads a token response, success or error, RFC 6749, Section 5, to a
// request for the scopes asked.
func (c *Client) readToken(ctx context.Context, a answer, asked []string) (*Token, error) {
	l := checks(ctx)
	m := a.accepted(l, tokenClause, c.config.Quirks.FormTokenResponse)
	return c.tokenOf(l, m, a.now, asked)
}

// tokenOf reads the members of a token response that came at now.
func (c *Client) tokenOf(
	l *verdict.List, m strictjson.Object, now time.Time, asked []string,
) (*Token, error) {
	s := &secrets{extra: extra(m)}
	t := &Token{
		ExpiresAt: expiry(m, now),
		clientID:  c.config.ID,
		issuer:    c.config.Server.Issuer,
		reveal:    s.hidden(),
	}
	if !t.ExpiresAt.IsZero() {
		t.life = max(0, t.ExpiresAt.Sub(now))
	}
	var scope string
	text(l, m, "access_token", tokenClause, &s.access, true)
	text(l, m, "issued_token_type", tokenClause, &t.IssuedTokenType, false)
	c.readType(l, m, t)
	text(l, m, "refresh_token", tokenClause, &s.refresh, false)
	text(l, m, "id_token", tokenClause, &s.idToken, false)
	text(l, m, "scope", tokenClause, &scope, false)
	if err := l.Err(); err != nil {
		return nil, err
	}
	t.Scopes = slices.Clone(asked)
	if !absent(m.Get("scope")) {
		t.Scopes = splitScopes(scope, c.config.Quirks.GrantedScopeSeparator)
		t.NotGranted = without(asked, t.Scopes)
	}
	return t, nil
}

// readType reads the type, of which there are two: that of a token that is no access
// token comes with what it is instead.
func (c *Client) readType(l *verdict.List, m strictjson.Object, t *Token) {
	v := m.Get("token_type")
	t.TokenType, _ = v.String()
	if absent(v) && c.config.Quirks.AssumeBearer {
		t.TokenType = bearer
	}
	l.Check(usableType(t.TokenType, t.IssuedTokenType),
		"token_type", "must be Bearer", "RFC 6749, Section 7.1")
}

func usableType(token, issued string) bool {
	return strings.EqualFold(token, bearer) || token == notAccess && issued != ""
}

// accepted returns the members of an answer that is no refusal, and JSON, or a form
// where that may be.
func (a answer) accepted(l *verdict.List, clause string, form bool) strictjson.Object {
	body, errMedia := a.json(clause, form)
	m, errBody := strictjson.Parse(body, tokenMembers...)
	l.Result("error", "RFC 6749, Section 5.2", a.refusal(m))
	l.Result("content_type", clause, errMedia)
	l.Result("body", clause,
		refusal.Because(errBody, "body", "must be one strict JSON object", clause))
	return m
}

// json returns the body as JSON text, and whether its media type allows that. Where a
// form may be one too, what it is follows from the body.
func (a answer) json(clause string, form bool) (string, error) {
	body := strings.TrimSpace(string(a.Body))
	if form && !strings.HasPrefix(body, "{") {
		return strictjson.Form(body), nil
	}
	if !form && !httpclient.HasMediaType(a.Header, "application/json") {
		return body, checkError("content_type", "must be application/json", clause)
	}
	return body, nil
}

// text reads a member that is a string of printable ASCII characters, RFC 6749,
// Appendix A. Null counts as absent, and what is refused is not read.
func text(
	l *verdict.List, m strictjson.Object, name, clause string, to *string, required bool,
) {
	v := m.Get(name)
	s, ok := v.String()
	ok = absent(v) && !required || ok && printable(s) && (s != "" || !required)
	l.Check(ok, name, "must be a printable string", clause)
	if ok {
		*to = s
	}
}

func absent(v strictjson.Value) bool { return v == "" || v.IsNull() }

func printable(s string) bool {
	for i := range len(s) {
		if s[i] < 0x20 || s[i] > 0x7e {
			return false
		}
	}
	return true
}

func splitScopes(s, separator string) []string {
	return strings.FieldsFunc(s, func(r rune) bool {
		return r == ' ' || strings.ContainsRune(separator, r)
	})
}

// without returns what list has and other has not.
func without(list, other []string) []string {
	var rest []string
	for _, s := range list {
		if !slices.Contains(other, s) {
			rest = append(rest, s)
		}
	}
	return rest
}

const century = 100 * 365 * 24 * 60 * 60 // seconds; a Duration holds almost three

// expiry returns when a token ends: at expires_at, which some servers send, or
// expires_in from now; zero if neither is a number. Some send the number as a string.
// A lifetime of more than a century is one, and one that ends after the year 9999 none.
func expiry(m strictjson.Object, now time.Time) time.Time {
	if at, ok := seconds(m.Get("expires_at")); ok {
		return time.Unix(min(at, now.Unix()+century), 0)
	}
	if in, ok := seconds(m.Get("expires_in")); ok {
		return now.Add(time.Duration(max(-century, min(in, century))) * time.Second)
	}
	return time.Time{}
}

// seconds reads a number, or a string of one, its fraction cut off.
func seconds(v strictjson.Value) (int64, bool) {
	if absent(v) {
		return 0, false
	}
	if s, ok := v.String(); ok {
		v = strictjson.Value(s)
	}
	return v.Seconds()
}

// extra returns the members that this package does not read.
func extra(m strictjson.Object) map[string]json.RawMessage {
	rest := map[string]json.RawMessage{}
	for name, value := range m.All() {
		if !slices.Contains(tokenMembers, name) {
			rest[name] = value.Raw()
		}
	}
	return rest
}
