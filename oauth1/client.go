package oauth1

import (
	"context"
	"crypto/fips140"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"

	"vouchsafe/httpclient"
	"vouchsafe/internal/verdict"
)

// A Config describes a client at a provider. ID, Secret and the three URLs are
// required. Printing a Config or logging it does not show Secret.
//
// The URLs are https, or http on loopback; a query that the provider asks for
// is kept, and signed where a request is.
type Config struct {
	// ID and Secret are the client credentials (RFC 5849, Section 1.1):
	// consumer key and consumer secret in older texts, client_id and
	// client_secret in Authlib.
	ID     string
	Secret string

	// TemporaryCredentialURL is where a login begins (RFC 5849, Section 2.1):
	// request_token_url in Authlib.
	TemporaryCredentialURL string

	// AuthorizationURL is where the browser is sent (RFC 5849, Section 2.2):
	// authorize_url in Authlib.
	AuthorizationURL string

	// TokenURL is where a token is fetched (RFC 5849, Section 2.3):
	// access_token_url in Authlib.
	TokenURL string

	// Realm is sent with every signature, but not signed, unless it is empty
	// (RFC 5849, Section 3.5.1).
	Realm string

	// HTTP sends the requests, and its transport those that [Client.Transport]
	// signs. If nil, a client of httpclient's.
	HTTP *http.Client

	// Now reports the time that requests are stamped with. If nil, time.Now.
	Now func() time.Time
}

// Format prints the ID of c and nothing else, whatever the verb.
func (c Config) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "oauth1.Config{ID: %q, ...}", c.ID) }

// MarshalJSON returns what Format prints, for logs.
func (c Config) MarshalJSON() ([]byte, error) { return json.Marshal(fmt.Sprint(c)) }

// A Client logs users in at a provider and signs requests. Make one with [New].
// It does not change and is safe for concurrent use.
type Client struct {
	id     string
	secret *string // by pointer, so that nothing prints it

	temporary, authorization, token *url.URL // the three endpoints

	realm  string
	http   *http.Client
	now    func() time.Time
	digest [sha256.Size]byte

	stamps *stamps // by pointer, so that printing a Client does not read them
}

// stamps are the timestamps sent.
type stamps struct {
	mu   sync.Mutex
	last int64
}

// New returns the client that c describes. A configuration that cannot work is
// a [*CheckError]; it wraps [httpclient.ErrInsecureURL] for a URL that secrets
// must not be sent to.
func New(c Config) (*Client, error) {
	l := checks(context.Background())
	l.Check(!fips140.Enforced(), "signature_method",
		"is HMAC-SHA1, which FIPS 140-only mode forbids", "RFC 5849, Section 3.4.2")
	l.Check(c.ID != "", "client_id", "must not be empty", "RFC 5849, Section 3.1")
	l.Check(c.Secret != "", "client_secret", "must not be empty", "RFC 5849, Section 3.4.2")
	l.Check(!strings.ContainsFunc(c.Realm, control), "realm",
		"must not contain control characters", "RFC 9110, Section 5.6.4")
	client := &Client{
		id: c.ID, secret: &c.Secret, realm: c.Realm,
		temporary:     checkEndpoint(l, "temporary_credential_url", c.TemporaryCredentialURL),
		authorization: checkEndpoint(l, "authorization_url", c.AuthorizationURL),
		token:         checkEndpoint(l, "token_url", c.TokenURL),
		http:          c.HTTP, now: c.Now, digest: c.digest(), stamps: &stamps{},
	}
	if err := l.Err(); err != nil {
		return nil, err
	}
	if client.now == nil {
		client.now = time.Now
	}
	return client, nil
}

// checkEndpoint parses the URL of an endpoint.
func checkEndpoint(l *verdict.List, check, raw string) *url.URL {
	const clause = "RFC 5849, Section 2"
	u, err := httpclient.CheckURL(raw)
	if err != nil {
		err = fmt.Errorf("%w: %w", &CheckError{check, "must be an absolute URL", clause}, err)
	}
	if !l.Result(check, clause, err) {
		return nil
	}
	// What is signed is the Host header, where net/http writes such a name in
	// another form.
	l.Check(ascii(u.Host), check, "must have its host in ASCII form", "RFC 5849, Section 3.4.1.2")
	l.Check(protocolParam(ParseParams(u.RawQuery)) == "", check,
		"must not have a parameter that begins with oauth_", clause)
	return u
}

func ascii(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r > unicode.MaxASCII })
}

func control(r rune) bool { return r < ' ' || r == 0x7f }

// protocolParam returns the name of the first parameter that begins with
// oauth_, or the empty string.
func protocolParam(params []Param) string {
	for _, p := range params {
		if strings.HasPrefix(p.Name, "oauth_") {
			return p.Name
		}
	}
	return ""
}

// digest tells configurations apart, so that a transaction serves only where
// it was begun.
func (c Config) digest() [sha256.Size]byte {
	fields := []string{c.ID, c.TemporaryCredentialURL, c.AuthorizationURL, c.TokenURL}
	return sha256.Sum256(fmt.Appendf(nil, "%q", fields))
}

// credentials are an identifier and its shared-secret, RFC 5849, Section 1.1.
type credentials struct{ id, secret string }

// sign returns the Authorization header of a request with these parameters in
// its form body, made with tok, or with the client's credentials alone if tok
// is zero. extra are further protocol parameters.
func (c *Client) sign(
	method string, u *url.URL, form []Param, tok credentials, extra ...Param,
) string {
	nonce := rand.Text() + rand.Text() // 260 bits, letters and digits only
	return c.signAs(nonce, c.timestamp(), method, u, form, tok, extra...)
}

// signAs is sign with the nonce and the timestamp given.
func (c *Client) signAs(
	nonce string, timestamp int64,
	method string, u *url.URL, form []Param, tok credentials, extra ...Param,
) string {
	params := []Param{
		{"oauth_nonce", nonce},
		{"oauth_timestamp", strconv.FormatInt(timestamp, 10)},
		{"oauth_version", "1.0"},
		{"oauth_signature_method", signatureMethod},
		{"oauth_consumer_key", c.id},
	}
	if tok.id != "" {
		params = append(params, Param{"oauth_token", tok.id})
	}
	params = append(params, extra...)
	base := BaseString(method, u, slices.Concat(params, form))
	signature := hmacSHA1(base, *c.secret, tok.secret)
	return authorization(c.realm, append(params, Param{"oauth_signature", signature}))
}

// timestamp returns the present second, but none before the last one returned:
// some providers refuse timestamps that fall (RFC 5849, Section 3.3).
func (c *Client) timestamp() int64 {
	s := c.stamps
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = max(s.last, c.now().Unix(), 1)
	return s.last
}
