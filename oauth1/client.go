package oauth1

import (
	"cmp"
	"context"
	"crypto"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"

	"vouchsafe/httpclient"
	"vouchsafe/internal/verdict"
)

// A Config describes a client at a provider. ID is required, and so is Secret, or
// PrivateKey with an RSA method, or CustomSignature. A login needs
// TemporaryCredentialURL, TokenURL and, but for "oob", AuthorizationURL; a client that
// only signs needs no URL. Printing a Config or logging it shows ID alone.
//
// The URLs are https, or http on loopback; a query that the provider asks for
// is kept, and signed where a request is.
type Config struct {
	// ID and Secret are the client credentials (RFC 5849, Section 1.1):
	// consumer key and consumer secret in older texts, client_id and
	// client_secret in Authlib.
	ID     string
	Secret string

	// SignatureMethod is how requests are signed. If empty, [HMACSHA1].
	SignatureMethod SignatureMethod

	// PrivateKey signs with one of the RSA methods, which have no use for Secret
	// (RFC 5849, Section 3.4.3): any signer with an RSA public key, of at least 1024
	// bits. Authlib has rsa_key.
	PrivateKey crypto.Signer

	// CustomSignature makes the signatures, if it is not nil: of a SignatureMethod that
	// this package lacks, or in the provider's own way. It gets the two shared-secrets
	// and returns what signs base strings. It is called for each [Signer], each
	// Transport and each request for credentials, and like what it returns must be safe
	// for concurrent use. Secret may be empty then, and PrivateKey must be nil.
	CustomSignature func(clientSecret, tokenSecret string) func(base string) (string, error)

	// Placement is where requests carry the protocol parameters. If empty,
	// [PlacementHeader].
	Placement Placement

	// Realm, if it is not empty, is sent in the Authorization header; it is never
	// signed (RFC 5849, Section 3.5.1).
	Realm string

	// OmitVersion leaves oauth_version out, which is optional (RFC 5849, Section 3.1).
	OmitVersion bool

	// EmptyToken sends an empty oauth_token where there is no token, which some
	// providers want.
	EmptyToken bool

	// BodyHash adds an oauth_body_hash to every request whose body is not a form, or
	// that has none, so that the signature covers the body: the extension "OAuth Request
	// Body Hash". Such a body, at most 10 MiB, is held in memory. [Signer.Header], which
	// sees no body, leaves it out.
	BodyHash bool

	// TemporaryCredentialURL is where a login begins (RFC 5849, Section 2.1):
	// request_token_url in Authlib.
	TemporaryCredentialURL string

	// AuthorizationURL is where the browser is sent (RFC 5849, Section 2.2):
	// authorize_url in Authlib.
	AuthorizationURL string

	// TokenURL is where a token is fetched (RFC 5849, Section 2.3):
	// access_token_url in Authlib.
	TokenURL string

	// RenewalURL is where [Client.Renew] fetches a token anew. If empty, TokenURL.
	RenewalURL string

	// TemporaryCredentialMethod and TokenMethod are the methods of the requests for
	// credentials: POST, which is meant if they are empty (RFC 5849, Section 2), or
	// GET.
	TemporaryCredentialMethod string
	TokenMethod               string

	// TemporaryCredentialParams and TokenParams are added to the requests for
	// credentials, and signed: to the form body of a POST, to the query of a GET. None
	// may begin with oauth_. Authlib has request_token_params and
	// access_token_params.
	TemporaryCredentialParams url.Values
	TokenParams               url.Values

	// AuthorizationNames are the provider's own names for the parameters of the
	// authorization URL.
	AuthorizationNames AuthorizationNames

	// CorrectClock takes over a server's clock where a server refuses a request, with
	// status 401, perhaps because of its timestamp: from oauth_acceptable_timestamps
	// or else from Date, if it is within a day of ours. The requests that follow are
	// stamped by that clock, but never earlier than one before: a server that lies can
	// have them be too late until that time has come.
	CorrectClock bool

	// InsecureNoSecret lets Secret be empty with a method that signs with it. What is
	// lost is the proof of who the client is: who has a token can use it.
	InsecureNoSecret bool

	// InsecureNoTokenSecret accepts credentials whose secret is empty or not there.
	// What is lost, but for the RSA methods, is that a token is of no use without
	// its secret.
	InsecureNoTokenSecret bool

	// InsecureNoCallbackConfirmed accepts temporary credentials without
	// oauth_callback_confirmed. What is lost is the provider's word that it follows
	// OAuth 1.0a, whose verifier ties the user who approves to the one who comes
	// back; a callback must have one still.
	InsecureNoCallbackConfirmed bool

	// HTTP sends the requests for credentials, as [httpclient.Do] does, and its
	// transport those that [Client.Transport] signs. If nil, a client of httpclient's.
	HTTP *http.Client

	// Now reports the time, for timestamps, [Token.Expiry] and CorrectClock. It is safe
	// for concurrent use. If nil, time.Now.
	Now func() time.Time
}

// AuthorizationNames are names of parameters of the authorization URL, RFC 5849,
// Section 2.2. The zero value has the standard's.
type AuthorizationNames struct {
	Token    string // of the temporary credentials' identifier; if empty, oauth_token
	Client   string // of the client identifier; if empty, it is not sent
	Callback string // of AuthorizationOptions.RedirectURI; if empty, it is not sent
}

// Format prints the ID of c and nothing else, whatever the verb.
func (c Config) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "oauth1.Config{ID: %q, ...}", c.ID) }

// MarshalJSON returns what Format prints, for logs.
func (c Config) MarshalJSON() ([]byte, error) { return json.Marshal(fmt.Sprint(c)) }

// A Client logs users in at a provider and signs requests. Make one with [New].
// It does not change and is safe for concurrent use.
type Client struct {
	config func() *settings // a function, which nothing prints

	temporary, authorization, token, renewal *url.URL // nil if not configured

	digest [sha256.Size]byte
	clock  *clock // by pointer, so that printing a Client does not read it
}

// settings are a Config that its owner can no longer change.
type settings struct {
	Config
	temporaryParams, tokenParams string // form-encoded
}

// New returns the client that c describes. A configuration that cannot work is
// a [*CheckError]; it wraps [httpclient.ErrInsecureURL] for a URL that secrets
// must not be sent to.
func New(c Config) (*Client, error) {
	c = c.withDefaults()
	l := checks(context.Background())
	c.check(l)
	s := &settings{c, c.TemporaryCredentialParams.Encode(), c.TokenParams.Encode()}
	client := &Client{
		config: func() *settings { return s },
		temporary: checkEndpoint(l, c.HTTP,
			"temporary_credential_url", c.TemporaryCredentialURL),
		authorization: checkEndpoint(l, c.HTTP, "authorization_url", c.AuthorizationURL),
		token:         checkEndpoint(l, c.HTTP, "token_url", c.TokenURL),
		renewal:       checkEndpoint(l, c.HTTP, "renewal_url", c.RenewalURL),
		digest:        c.digest(),
		clock:         &clock{now: c.Now},
	}
	if u := client.authorization; u != nil {
		l.Check(!c.AuthorizationNames.areIn(u.RawQuery), "authorization_names",
			"must not be in AuthorizationURL", "RFC 5849, Section 2.2")
	}
	if err := l.Err(); err != nil {
		return nil, err
	}
	return client, nil
}

// areIn reports whether a query has a parameter that n names.
func (n AuthorizationNames) areIn(query string) bool {
	return slices.ContainsFunc(ParseParams(query), func(p Param) bool {
		return p.Name != "" && (p.Name == n.Token || p.Name == n.Client || p.Name == n.Callback)
	})
}

func (c Config) withDefaults() Config {
	c.SignatureMethod = cmp.Or(c.SignatureMethod, HMACSHA1)
	c.Placement = cmp.Or(c.Placement, PlacementHeader)
	c.TemporaryCredentialMethod = cmp.Or(c.TemporaryCredentialMethod, http.MethodPost)
	c.TokenMethod = cmp.Or(c.TokenMethod, http.MethodPost)
	c.AuthorizationNames.Token = cmp.Or(c.AuthorizationNames.Token, "oauth_token")
	c.RenewalURL = cmp.Or(c.RenewalURL, c.TokenURL)
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}

func (c Config) check(l *verdict.List) {
	const clause = "RFC 5849, Section 2"
	m := c.SignatureMethod
	custom := c.CustomSignature != nil
	byKey := m.isRSA() && !custom
	l.Check(m.known() || custom, "signature_method",
		"must be one of this package's, or have a CustomSignature", "RFC 5849, Section 3.4")
	l.Check(m.allowed(), "signature_method", "must not be of SHA-1 in FIPS 140-only mode",
		"RFC 5849, Section 3.4")
	l.Check(c.ID != "", "client_id", "must not be empty", "RFC 5849, Section 3.1")
	l.Check(c.PrivateKey == nil || byKey, "private_key",
		"must not be there without an RSA method of this package's", keyClause)
	l.Check(c.Secret != "" || byKey || custom || c.InsecureNoSecret, "client_secret",
		"must not be empty", "RFC 5849, Section 3.4.2")
	if byKey {
		l.Result("private_key", keyClause, checkPrivateKey(c.PrivateKey))
	}
	l.Check(c.Placement == PlacementHeader || c.Placement == PlacementBody ||
		c.Placement == PlacementQuery, "placement", "must be HEADER, BODY or QUERY",
		"RFC 5849, Section 3.5")
	l.Check(!c.BodyHash || m.hash() != 0, "body_hash",
		"must not be wanted of a method that has no hash", "OAuth Request Body Hash, Section 3.2")
	l.Check(!strings.ContainsFunc(c.Realm, control), "realm",
		"must not contain control characters", "RFC 9110, Section 5.6.4")
	n := c.AuthorizationNames
	l.Check(n.Token != n.Client && n.Token != n.Callback &&
		(n.Client == "" || n.Client != n.Callback), "authorization_names",
		"must differ from one another", "RFC 5849, Section 2.2")
	l.Check(isTokenMethod(c.TemporaryCredentialMethod), "temporary_credential_method",
		"must be POST or GET", clause)
	l.Check(isTokenMethod(c.TokenMethod), "token_method", "must be POST or GET", clause)
	l.Check(!hasProtocolParam(c.TemporaryCredentialParams), "temporary_credential_params",
		"must not have a name that begins with oauth_", clause)
	l.Check(!hasProtocolParam(c.TokenParams), "token_params",
		"must not have a name that begins with oauth_", clause)
	l.Check(c.TemporaryCredentialURL == "" && c.AuthorizationURL == "" ||
		c.TemporaryCredentialURL != "" && c.TokenURL != "", "urls",
		"must have TemporaryCredentialURL and TokenURL for a login", clause)
}

func (c Config) signer(k Key) (signFunc, error) {
	if c.CustomSignature == nil {
		return c.SignatureMethod.signer(k)
	}
	sign := c.CustomSignature(k.ClientSecret, k.TokenSecret)
	if sign == nil {
		return nil, &CheckError{"signature_method",
			"must have a CustomSignature that returns a function", "RFC 5849, Section 3.4"}
	}
	return func(base []byte) (string, error) {
		signature, err := sign(string(base))
		if err != nil {
			return "", fmt.Errorf("oauth1: custom signature: %w", err)
		}
		return signature, nil
	}, nil
}

// checkEndpoint parses the URL of an endpoint, if it is configured.
func checkEndpoint(l *verdict.List, hc *http.Client, check, raw string) *url.URL {
	const clause = "RFC 5849, Section 2"
	if raw == "" {
		return nil
	}
	u, err := httpclient.CheckURL(hc, raw)
	err = because(err, check, "must be an absolute URL, https or http on loopback", clause)
	if !l.Result(check, clause, err) {
		return nil
	}
	l.Check(protocolParam(ParseParams(u.RawQuery)) == "", check,
		"must not have a parameter that begins with oauth_", clause)
	return u
}

func isTokenMethod(m string) bool { return m == http.MethodPost || m == http.MethodGet }

func control(r rune) bool { return r < ' ' || r == unicode.MaxASCII }

// hasProtocolParam reports whether a name begins with oauth_.
func hasProtocolParam(params url.Values) bool {
	for name := range params {
		if strings.HasPrefix(name, "oauth_") {
			return true
		}
	}
	return false
}

// digest tells configurations apart, so that a transaction serves only where
// it was begun.
func (c Config) digest() [sha256.Size]byte {
	fields := []string{c.ID, c.TemporaryCredentialURL, c.AuthorizationURL, c.TokenURL}
	return sha256.Sum256(fmt.Appendf(nil, "%q", fields))
}

// credentials are an identifier and its shared-secret, RFC 5849, Section 1.1.
type credentials struct{ id, secret string }
