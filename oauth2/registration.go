package oauth2

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"vouchsafe/httpclient"
	"vouchsafe/internal/discovery"
	"vouchsafe/internal/refusal"
	"vouchsafe/internal/strictjson"
	"vouchsafe/internal/verdict"
	"vouchsafe/jose"
)

// RegistrationOptions are the settings of [Register] and of the methods of a
// [Registration]. The zero value will do where anybody may register. Printing them does
// not show the token.
type RegistrationOptions struct {
	// InitialAccessToken is what a server may ask of those who register (RFC 7591, Section
	// 3). [Register] alone sends it, as a Bearer token.
	InitialAccessToken string `json:"-"`

	// ConfigurationOrigins are URLs of further origins that the client configuration
	// endpoint may be at, beside the one that says where it is. The server chooses both the
	// URL and the token that is sent there, and could have this program ask, in its place,
	// whom it cannot ask itself.
	ConfigurationOrigins []string

	// HTTP sends the requests. If nil, a client of [httpclient.New].
	HTTP *http.Client
}

// Format prints that o are options and nothing of them, whatever the verb.
func (o RegistrationOptions) Format(f fmt.State, _ rune) {
	fmt.Fprint(f, "oauth2.RegistrationOptions{...}")
}

// LogValue gives a log what Format prints.
func (o RegistrationOptions) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(o)) }

// A Registration is a client that is registered: what the server made of the metadata,
// the client's credentials, and where and by what token the registration is managed (RFC
// 7591, Section 3.2.1, and RFC 7592, Section 3). It is complete in itself: one that Read or
// Update returns stands in the place of the one before.
//
// Printing it does not show its secrets; [Registration.Record] gives the form for storing.
// It must not be changed and is then safe for concurrent use. Requests are not: a server may
// give a new token for each, and take the old one no more.
type Registration struct {
	Issuer   string    // the server's, as its metadata has it
	ID       string    // the client's
	IssuedAt time.Time // zero if the server does not say

	// SecretExpiresAt is when the secret ends. Zero means never, or that there is none.
	SecretExpiresAt time.Time

	reveal func() *registered // hidden from fmt as in Token
}

// registered is what only methods of a Registration tell.
type registered struct {
	metadata           string // a JSON object
	secret, token, uri string
}

func (d *registered) hidden() func() *registered { return func() *registered { return d } }

func (r *Registration) held() *registered {
	if r == nil || r.reveal == nil {
		return &registered{metadata: "{}"}
	}
	return r.reveal()
}

// Secret returns the client secret, empty if there is none.
func (r *Registration) Secret() string { return r.held().secret }

// AccessToken returns the registration access token, empty if the server has no management.
func (r *Registration) AccessToken() string { return r.held().token }

// ConfigurationEndpoint returns the registration_client_uri, the one place that the
// registration access token is sent to; empty if the server has no management.
func (r *Registration) ConfigurationEndpoint() string { return r.held().uri }

// Metadata returns a copy of what is registered, which may be other than was asked for,
// and more.
func (r *Registration) Metadata() ClientMetadata {
	text := r.held().metadata
	m, _ := strictjson.Parse(text) // and below: checked when r was made
	metadata, _ := parseMetadata(m, text)
	return metadata
}

// Authentication returns the client authentication that is registered. key signs for
// private_key_jwt, and is not looked at otherwise. A method that is not of this package, or
// that has no secret or key, is a [*jose.CheckError].
func (r *Registration) Authentication(key *jose.Key) (ClientAuthentication, error) {
	m := r.Metadata()
	o := AssertionOptions{Algorithm: m.TokenEndpointAuthSigningAlg}
	method := cmp.Or(m.TokenEndpointAuthMethod, clientSecretBasic)
	switch {
	case method == privateKeyJWT && key != nil:
		return PrivateKeyJWT(key, o), nil
	case method == clientSecretJWT && r.Secret() != "":
		return ClientSecretJWT(r.Secret(), o), nil
	case method == "none": // with a secret too, which then is the key of an HMAC
		return None(), nil
	}
	return AuthenticationFor(method, Credentials{Secret: r.Secret()})
}

// MarshalJSON fails: a Registration is not stored by accident. Use [Registration.Record].
func (r Registration) MarshalJSON() ([]byte, error) {
	return nil, errors.New("oauth2: a Registration is stored by its Record method")
}

// A RegistrationRecord is a [Registration] for storing, under the names that a client
// information response has. encoding/json writes its secrets; fmt does not.
type RegistrationRecord struct {
	Issuer                string          `json:"issuer,omitempty"`
	ClientID              string          `json:"client_id"`
	ClientIDIssuedAt      int64           `json:"client_id_issued_at,omitempty"` // Unix seconds; 0 unknown
	ClientSecret          string          `json:"client_secret,omitempty"`
	ClientSecretExpiresAt int64           `json:"client_secret_expires_at,omitempty"` // 0 never
	AccessToken           string          `json:"registration_access_token,omitempty"`
	ConfigurationEndpoint string          `json:"registration_client_uri,omitempty"`
	Metadata              json.RawMessage `json:"metadata,omitempty"`
}

// Record returns r for storing. Whoever reads it can act as the client and change it.
func (r *Registration) Record() RegistrationRecord {
	d := r.held()
	return RegistrationRecord{
		Issuer:                r.Issuer,
		ClientID:              r.ID,
		ClientIDIssuedAt:      unixOrZero(r.IssuedAt),
		ClientSecret:          d.secret,
		ClientSecretExpiresAt: unixOrZero(r.SecretExpiresAt),
		AccessToken:           d.token,
		ConfigurationEndpoint: d.uri,
		Metadata:              json.RawMessage(d.metadata),
	}
}

// Format prints that r is a record and nothing of it, whatever the verb.
func (r RegistrationRecord) Format(f fmt.State, _ rune) {
	fmt.Fprint(f, "oauth2.RegistrationRecord{...}")
}

// LogValue gives a log what Format prints.
func (r RegistrationRecord) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(r)) }

// RegistrationFromRecord returns the Registration of a record, one that Record returned or
// that was written by hand of a client registered otherwise: it needs no more than a
// ClientID. The record must be kept as its secrets are: the ConfigurationEndpoint is
// believed.
func RegistrationFromRecord(r RegistrationRecord) (*Registration, error) {
	if r.ClientID == "" {
		return nil, checkError("client_id", "must be there", registrationClause)
	}
	text := string(r.Metadata)
	if absent(strictjson.Value(text)) {
		text = "{}"
	}
	m, err := strictjson.Parse(text)
	if err == nil {
		_, err = parseMetadata(m, text)
	}
	if err != nil {
		return nil, refusal.Because(err, "metadata", "must be of the types that it has",
			clientMetadataClause)
	}
	d := &registered{text, r.ClientSecret, r.AccessToken, r.ConfigurationEndpoint}
	return &Registration{
		Issuer:          r.Issuer,
		ID:              r.ClientID,
		IssuedAt:        timeOrZero(r.ClientIDIssuedAt),
		SecretExpiresAt: timeOrZero(r.ClientSecretExpiresAt),
		reveal:          d.hidden(),
	}, nil
}

func unixOrZero(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

func timeOrZero(seconds int64) time.Time {
	if seconds == 0 {
		return time.Time{}
	}
	return time.Unix(seconds, 0)
}

// A RegistrationError says that a server has registered a client, but not as it was asked
// to: a redirection endpoint or something that was to be true is missing, or the client
// authentication, an algorithm or the subject type is another; or that what it says of the
// client is malformed. It wraps the [*jose.CheckError] that says which.
type RegistrationError struct {
	Err error

	registration func() *Registration // hidden from fmt as in Token
}

func (e *RegistrationError) Error() string {
	return fmt.Sprintf("oauth2: registered otherwise: %v", e.Err)
}

// Unwrap returns the cause.
func (e *RegistrationError) Unwrap() error { return e.Err }

// Registration returns what the server has registered, to be used all the same, updated or
// deleted: nothing else has its credentials. What was malformed it has as before, and after
// [Register] not at all.
func (e *RegistrationError) Registration() *Registration { return e.registration() }

const (
	registrationClause = "RFC 7591, Section 3.2.1"
	managementClause   = "RFC 7592, Section 3"
)

// Register registers a client at s, RFC 7591, Section 3. Keep what it returns before anything
// else: nobody can ask for it again.
//
// What cannot be registered is a [*jose.CheckError], and nothing is sent; a refusal is an
// [*Error], with the code invalid_redirect_uri, invalid_client_metadata,
// invalid_software_statement or unapproved_software_statement (Section 3.2.2), or that of a
// token (RFC 6750, Section 3.1). A server may register what it likes (Section 3.2.1), and
// [Registration.Metadata] has it; what a login would fail or be weaker by is a
// [*RegistrationError], and so is what is malformed, if it is of a client: anything else is a
// CheckError alone.
//
// The server answers 201. OpenID Connect Dynamic Client Registration 1.0, Section 3.2 only
// recommends it, so 200 is taken too. Redirects are not followed.
func Register(
	ctx context.Context, s AuthorizationServer, m ClientMetadata, o RegistrationOptions,
) (*Registration, error) {
	const endpoint, clause = "registration_endpoint", "RFC 7591, Section 3"
	l := checks(ctx)
	l.Check(s.RegistrationEndpoint != "", endpoint, "must be configured", clause)
	discovery.CheckEndpoints(l, o.HTTP, s.Issuer,
		[]discovery.Endpoint{{Name: endpoint, URL: s.RegistrationEndpoint}}, clause)
	m.check(l, o)
	if err := l.Err(); err != nil {
		return nil, err
	}
	members, err := m.members()
	if err != nil {
		return nil, err
	}
	a, err := o.send(ctx, http.MethodPost, s.RegistrationEndpoint, o.InitialAccessToken, members)
	if err != nil {
		return nil, err
	}
	if a.Status == http.StatusCreated { // which is to a registration what 200 is otherwise
		a.Status = http.StatusOK
	}
	return o.readRegistration(ctx, a, &Registration{Issuer: s.Issuer}, m)
}

// Read asks what is registered now, RFC 7592, Section 2.1. The server may give a new secret
// and a new registration access token, which end the old ones: keep what is returned. If the
// answer is lost, so is the token.
//
// A refusal is an [*Error], with the code invalid_token for a client or a token that is no
// more, and status 403 for what is not allowed.
func (r *Registration) Read(ctx context.Context, o RegistrationOptions) (*Registration, error) {
	a, err := r.manage(ctx, http.MethodGet, nil, o)
	if err != nil {
		return nil, err
	}
	return o.readRegistration(ctx, a, r, ClientMetadata{})
}

// Update registers m in place of what is registered, RFC 7592, Section 2.2: what m has not is
// deleted, so begin with [Registration.Metadata]. Only what was true or false is sent as false,
// as the server may have another default. What is said of Read and [Register] is so here too.
func (r *Registration) Update(
	ctx context.Context, m ClientMetadata, o RegistrationOptions,
) (*Registration, error) {
	l := checks(ctx)
	m.check(l, o)
	if err := l.Err(); err != nil {
		return nil, err
	}
	members, err := m.members()
	if err != nil {
		return nil, err
	}
	before, _ := strictjson.Parse(r.held().metadata) // checked when r was made
	for name, v := range before.All() {
		if _, isBool := v.Bool(); isBool && members[name] == nil {
			members[name] = json.RawMessage("false")
		}
	}
	a, err := r.manage(ctx, http.MethodPut, members, o)
	if err != nil {
		return nil, err
	}
	return o.readRegistration(ctx, a, r, m)
}

// Delete ends the registration, RFC 7592, Section 2.3, and with it the client, its secret
// and the registration access token. A server that does not delete refuses with status 405.
func (r *Registration) Delete(ctx context.Context, o RegistrationOptions) error {
	a, err := r.manage(ctx, http.MethodDelete, nil, o)
	if err != nil || a.Status == http.StatusNoContent {
		return err
	}
	m, _ := strictjson.Parse(string(a.Body))
	if err := a.refusal(m); err != nil {
		return err
	}
	return checkError("status", "must be 204 for a client that is no more",
		"RFC 7592, Section 2.3")
}

// manage asks the client configuration endpoint.
func (r *Registration) manage(
	ctx context.Context, method string, members map[string]json.RawMessage, o RegistrationOptions,
) (answer, error) {
	const endpoint, clause = "registration_client_uri", "RFC 7592, Section 2"
	d := r.held()
	l := checks(ctx)
	if !l.Check(d.uri != "" && d.token != "", endpoint,
		"must be known, and so must the registration access token", clause) {
		return answer{}, l.Err()
	}
	discovery.CheckEndpoints(l, o.HTTP, r.Issuer,
		[]discovery.Endpoint{{Name: endpoint, URL: d.uri}}, clause)
	if err := l.Err(); err != nil {
		return answer{}, err
	}
	if members != nil {
		members["client_id"], _ = json.Marshal(r.ID) // RFC 7592, Section 2.2
	}
	return o.send(context.WithValue(ctx, secretsKey{}, []string{d.secret}),
		method, d.uri, d.token, members)
}

// send asks an endpoint, with a bearer token if there is one and members if there are any.
func (o RegistrationOptions) send(
	ctx context.Context, method, url, token string, members map[string]json.RawMessage,
) (answer, error) {
	// A body, though empty, keeps net/http from repeating the GET: a token may be good once.
	req, err := http.NewRequestWithContext(ctx, method, url, io.NopCloser(strings.NewReader("")))
	if err != nil {
		return answer{}, fmt.Errorf("oauth2: registration: %w", err)
	}
	req.Header.Set("Accept", "application/json")
	if token != "" {
		req.Header.Set("Authorization", bearer+" "+token)
	}
	if members != nil {
		body, err := json.Marshal(members)
		if err != nil {
			return answer{}, fmt.Errorf("oauth2: registration: %w", err)
		}
		req.Header.Set("Content-Type", "application/json")
		setBody(req, string(body))
	}
	resp, err := httpclient.Do(ctx, o.HTTP, req, maxResponse)
	if err != nil {
		return answer{}, fmt.Errorf("oauth2: registration: %w", err)
	}
	return answer{resp, time.Now(), req}, nil
}

// readRegistration reads a client information response, RFC 7591, Section 3.2.1, and RFC
// 7592, Section 3. What it does not say of credentials is as before: a server need not
// repeat them (OpenID Connect Dynamic Client Registration 1.0, Section 4.3).
func (o RegistrationOptions) readRegistration(
	ctx context.Context, a answer, before *Registration, asked ClientMetadata,
) (*Registration, error) {
	l := checks(ctx)
	m := a.accepted(l, registrationClause, false)
	r, d := *before, *before.held()
	text(l, m, "client_id", registrationClause, &r.ID, true)
	l.Check(before.ID == "" || r.ID == before.ID, "client_id", "must not change",
		"RFC 7592, Section 2.1")
	if err := l.Err(); err != nil {
		return nil, err
	}
	o.readManagement(l, m, a.req.URL.String(), &d)
	readSecret(l, m, &r, &d)
	readIssued(l, m, &r)
	metadata, err := parseMetadata(m, string(a.Body))
	if err == nil {
		d.metadata, err = metadataOf(m)
	}
	l.Result("metadata", clientMetadataClause, refusal.Because(err, "metadata",
		"must be of the types that it has", clientMetadataClause))
	l.Check(len(metadata.JWKS) == 0 || metadata.JWKSURI == "", "jwks",
		"must not be beside jwks_uri", clientMetadataClause)
	r.reveal = d.hidden()
	if err := checkRegistered(l, asked, metadata); err != nil {
		return nil, &RegistrationError{err, func() *Registration { return &r }}
	}
	return &r, nil
}

// readIssued reads when the client was registered, if the server says so.
func readIssued(l *verdict.List, m strictjson.Object, r *Registration) {
	v := m.Get("client_id_issued_at")
	if absent(v) {
		return
	}
	seconds, ok := v.Seconds()
	l.Check(ok, "client_id_issued_at", "must be a number of seconds", registrationClause)
	if ok {
		r.IssuedAt = timeOrZero(seconds)
	}
}

// readSecret reads the client secret and when it ends.
func readSecret(l *verdict.List, m strictjson.Object, r *Registration, d *registered) {
	const ends = "client_secret_expires_at"
	var secret string
	text(l, m, "client_secret", registrationClause, &secret, false)
	if secret == "" {
		return
	}
	d.secret, r.SecretExpiresAt = secret, time.Time{}
	seconds, ok := m.Get(ends).Seconds()
	l.Check(ok && seconds >= 0, ends,
		"must be a number of seconds, or 0 for never, where there is a secret", registrationClause)
	r.SecretExpiresAt = timeOrZero(max(0, seconds))
}

// readManagement reads where the registration is managed, and by what token. It is the first
// to be read: a place that is refused is not kept, whatever else is.
func (o RegistrationOptions) readManagement(
	l *verdict.List, m strictjson.Object, asked string, d *registered,
) {
	const endpoint = "registration_client_uri"
	var token, uri string
	text(l, m, "registration_access_token", managementClause, &token, false)
	text(l, m, endpoint, managementClause, &uri, false)
	d.token = cmp.Or(token, d.token)
	if uri != "" {
		discovery.CheckEndpoints(l, o.HTTP, asked,
			[]discovery.Endpoint{{Name: endpoint, URL: uri}}, managementClause)
		l.Check(slices.ContainsFunc(append([]string{asked}, o.ConfigurationOrigins...),
			func(known string) bool { return httpclient.SameOrigin(known, uri) }), endpoint,
			"must be of the origin that names it, or of ConfigurationOrigins", managementClause)
	}
	if l.Err() == nil {
		d.uri = cmp.Or(uri, d.uri)
	}
	l.Check((d.token == "") == (d.uri == ""), endpoint,
		"must come with a registration access token, or neither", managementClause)
}
