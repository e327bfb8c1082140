package oauth2

import (
	"encoding/json"
	"mime"
	"net/http"
	"strings"
	"time"

	"vouchsafe/httpclient"
	"vouchsafe/internal/strictjson"
)

// tokenMembers are the members of a token response that this package reads:
// RFC 6749, Section 5.1 and 5.2, and OpenID Connect Core 1.0, Section 3.1.3.3.
var tokenMembers = []string{"access_token", "token_type", "expires_in", "refresh_token", "scope",
	"id_token", "error", "error_description", "error_uri"}

// readToken reads a token response, success or error, RFC 6749, Section 5. An
// error member makes it an error whatever its status: some servers send 200.
func readToken(resp *httpclient.Response, now time.Time) (*Token, error) {
	const clause = "RFC 6749, Section 5.1"
	m, err := readJSON(resp)
	if refusal := errorOf(m, resp.Status); refusal != nil {
		return nil, refusal
	}
	if resp.Status != http.StatusOK {
		return nil, &Error{Status: resp.Status}
	}
	if err != nil {
		return nil, err
	}
	s := &secrets{extra: extra(m)}
	t := &Token{ExpiresAt: expiry(m.Get("expires_in"), now), reveal: s.hidden()}
	var scope string
	for _, f := range []struct {
		name     string
		to       *string
		required bool
	}{
		{"access_token", &s.access, true},
		{"token_type", &t.TokenType, true},
		{"refresh_token", &s.refresh, false},
		{"id_token", &s.idToken, false},
		{"scope", &scope, false},
	} {
		if !member(m, f.name, f.to) || f.required && *f.to == "" {
			return nil, checkError(f.name, "must be a printable string", clause)
		}
	}
	if !strings.EqualFold(t.TokenType, bearer) {
		return nil, errTokenType()
	}
	if m.Get("scope") != "" && !m.Get("scope").IsNull() {
		t.Scopes = strings.Fields(scope)
	}
	return t, nil
}

// bearer is the one token type that this package can use.
const bearer = "Bearer"

func errTokenType() error {
	return checkError("token_type", "must be Bearer", "RFC 6749, Section 7.1")
}

// readJSON reads a body declared as JSON.
func readJSON(resp *httpclient.Response) (strictjson.Object, error) {
	media, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if err != nil || media != "application/json" {
		return strictjson.Object{}, checkError("content type", "must be application/json", "RFC 6749, Section 5.1")
	}
	m, err := strictjson.Parse(string(resp.Body), tokenMembers...)
	if err != nil {
		return strictjson.Object{}, checkError("body", "must be one strict JSON object", "RFC 6749, Section 5.1")
	}
	return m, nil
}

// member reads a string of printable ASCII characters, RFC 6749, Appendix A, if
// there is one. Null counts as absent.
func member(m strictjson.Object, name string, to *string) bool {
	v := m.Get(name)
	if v == "" || v.IsNull() {
		return true
	}
	s, ok := v.String()
	*to = s
	return ok && !strings.ContainsFunc(s, func(r rune) bool { return r < 0x20 || r > 0x7e })
}

const century = 100 * 365 * 24 * 60 * 60 // seconds; a Duration holds almost three

// expiry returns when a token of the given lifetime ends, and zero if the
// lifetime is absent or no number. Some servers send the number as a string. A
// lifetime of more than a century is one.
func expiry(v strictjson.Value, now time.Time) time.Time {
	if s, ok := v.String(); ok {
		v = strictjson.Value(s)
	}
	seconds, ok := v.Seconds()
	if !ok {
		return time.Time{}
	}
	seconds = max(-century, min(seconds, century))
	return now.Add(time.Duration(seconds) * time.Second)
}

// extra returns the members that this package does not read.
func extra(m strictjson.Object) map[string]json.RawMessage {
	rest := map[string]json.RawMessage{}
	for name, value := range m.All() {
		rest[name] = value.Raw()
	}
	for _, name := range tokenMembers {
		delete(rest, name)
	}
	return rest
}
