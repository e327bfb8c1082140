package oauth2

import (
	"cmp"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"

	"vouchsafe/internal/discovery"
	"vouchsafe/internal/refusal"
	"vouchsafe/internal/strictjson"
	"vouchsafe/internal/verdict"
	"vouchsafe/jose"
)

// ClientMetadata is what is registered of a client beside its credentials: RFC 7591,
// Section 2, and what other specifications of OAuth 2.0 add. A field that is zero says
// nothing: the server has a default for it, or does without. A list that is empty and not nil
// says that there are none.
type ClientMetadata struct {
	// RedirectURIs are where authorization responses go. A client that uses a browser needs
	// one, as [AuthorizationOptions].RedirectURI.
	RedirectURIs []string `json:"redirect_uris,omitzero"`

	// TokenEndpointAuthMethod is client_secret_basic if empty; [Registration.Authentication]
	// makes it. "none" is for a public client.
	TokenEndpointAuthMethod     string `json:"token_endpoint_auth_method,omitempty"`
	TokenEndpointAuthSigningAlg string `json:"token_endpoint_auth_signing_alg,omitempty"`

	GrantTypes    []string `json:"grant_types,omitzero"`    // if nil, authorization_code
	ResponseTypes []string `json:"response_types,omitzero"` // if nil, code
	Scope         string   `json:"scope,omitempty"`         // with spaces between

	// What users are shown.
	ClientName string   `json:"client_name,omitempty"`
	ClientURI  string   `json:"client_uri,omitempty"`
	LogoURI    string   `json:"logo_uri,omitempty"`
	TOSURI     string   `json:"tos_uri,omitempty"`
	PolicyURI  string   `json:"policy_uri,omitempty"`
	Contacts   []string `json:"contacts,omitzero"`

	// The client's public keys: where they are, or a JWK Set, as encoding/json writes a
	// [jose.Set]. Not both.
	JWKSURI string          `json:"jwks_uri,omitempty"`
	JWKS    json.RawMessage `json:"jwks,omitempty"`

	// What is registered. A statement is passed on as it is.
	SoftwareID        string `json:"software_id,omitempty"`
	SoftwareVersion   string `json:"software_version,omitempty"`
	SoftwareStatement string `json:"software_statement,omitempty"` // RFC 7591, Section 2.3

	// Request objects, see [RequestObject]: RFC 9101, Section 4 and 10.5.
	RequestObjectSigningAlg    string `json:"request_object_signing_alg,omitempty"`
	RequestObjectEncryptionAlg string `json:"request_object_encryption_alg,omitempty"`
	RequestObjectEncryptionEnc string `json:"request_object_encryption_enc,omitempty"`
	RequireSignedRequestObject bool   `json:"require_signed_request_object,omitempty"`

	// Responses that are JSON Web Tokens: JARM, Section 3.
	AuthorizationSignedResponseAlg    string `json:"authorization_signed_response_alg,omitempty"`
	AuthorizationEncryptedResponseAlg string `json:"authorization_encrypted_response_alg,omitempty"`
	AuthorizationEncryptedResponseEnc string `json:"authorization_encrypted_response_enc,omitempty"`

	// What the server is to refuse if it comes otherwise: RFC 9126, Section 6; RFC 9449,
	// Section 5.2; RFC 8705, Section 3.4.
	RequirePushedAuthorizationRequests    bool `json:"require_pushed_authorization_requests,omitempty"`
	DPoPBoundAccessTokens                 bool `json:"dpop_bound_access_tokens,omitempty"`
	TLSClientCertificateBoundAccessTokens bool `json:"tls_client_certificate_bound_access_tokens,omitempty"`

	// Extra are further members: names in other languages, "client_name#ja-Jpan-JP" for
	// example (RFC 7591, Section 2.2), and whatever else a server knows.
	Extra map[string]json.RawMessage `json:"-"`
}

const clientMetadataClause = "RFC 7591, Section 2"

// notMetadata are the members of a client information response that are no metadata: RFC
// 7591, Section 3.2.1, and RFC 7592, Section 3.
func notMetadata() []string {
	return []string{"client_id", "client_secret", "client_id_issued_at",
		"client_secret_expires_at", "registration_access_token", "registration_client_uri"}
}

// metadataMembers are the members that ClientMetadata has fields for.
func metadataMembers() []string {
	var names []string
	for f := range reflect.TypeFor[ClientMetadata]().Fields() {
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "-" {
			names = append(names, name)
		}
	}
	return names
}

// members returns the members that m is in JSON.
func (m ClientMetadata) members() (map[string]json.RawMessage, error) {
	text, err := json.Marshal(m)
	if err != nil {
		return nil, refusal.Because(err, "jwks", "must be JSON", clientMetadataClause)
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(text, &members); err != nil {
		return nil, err
	}
	maps.Copy(members, m.Extra)
	return members, nil
}

// metadataOf returns the metadata of a client information response as a JSON object, what is
// false with it.
func metadataOf(m strictjson.Object) (string, error) {
	members := map[string]json.RawMessage{}
	for name, value := range m.All() {
		if !slices.Contains(notMetadata(), name) {
			members[name] = value.Raw()
		}
	}
	text, err := json.Marshal(members)
	return string(text), err
}

// parseMetadata reads the metadata of a client information response, of which m are the
// members that text has.
func parseMetadata(m strictjson.Object, text string) (ClientMetadata, error) {
	var c ClientMetadata
	if err := m.Unmarshal(text, &c); err != nil {
		return ClientMetadata{}, err
	}
	if absent(strictjson.Value(c.JWKS)) {
		c.JWKS = nil
	}
	c.Extra = map[string]json.RawMessage{}
	known := append(metadataMembers(), notMetadata()...)
	for name, value := range m.All() {
		if !slices.Contains(known, name) {
			c.Extra[name] = value.Raw()
		}
	}
	return c, nil
}

// check refuses what no server could register.
func (m ClientMetadata) check(l *verdict.List, o RegistrationOptions) {
	m.checkRedirects(l)
	m.checkKeys(l, o)
	for _, alg := range []struct{ name, value string }{
		{"token_endpoint_auth_signing_alg", m.TokenEndpointAuthSigningAlg},
		{"request_object_signing_alg", m.RequestObjectSigningAlg},
		{"authorization_signed_response_alg", m.AuthorizationSignedResponseAlg},
	} {
		l.Check(alg.value == "" || slices.Contains(jose.SignatureAlgorithms(), alg.value), alg.name,
			"must be one of package jose, which has no none", clientMetadataClause)
	}
	l.Check(m.RequestObjectEncryptionEnc == "" || m.RequestObjectEncryptionAlg != "",
		"request_object_encryption_enc", "must come with request_object_encryption_alg",
		"OpenID Connect Dynamic Client Registration 1.0, Section 2")
	l.Check(m.AuthorizationEncryptedResponseEnc == "" || m.AuthorizationEncryptedResponseAlg != "",
		"authorization_encrypted_response_enc",
		"must come with authorization_encrypted_response_alg", "JARM, Section 3")
	known := append(metadataMembers(), notMetadata()...)
	for name, value := range m.Extra {
		l.Check(!slices.Contains(known, name) && json.Valid(value), "extra",
			"must be JSON, and nothing that has a field or that the server says",
			clientMetadataClause)
	}
}

// checkRedirects checks the redirection endpoints, of which a client with a browser needs
// one, if no software statement has it.
func (m ClientMetadata) checkRedirects(l *verdict.List) {
	browser := m.GrantTypes == nil || slices.Contains(m.GrantTypes, "authorization_code") ||
		slices.Contains(m.GrantTypes, "implicit")
	l.Check(len(m.RedirectURIs) > 0 || !browser || m.SoftwareStatement != "", "redirect_uris",
		"must be registered by a client that uses a browser", clientMetadataClause)
	for _, uri := range m.RedirectURIs {
		l.Result("redirect_uris", "RFC 7591, Section 5", refusal.Because(checkRedirectURI(uri),
			"redirect_uris", "must be such that Authorize takes each", "RFC 7591, Section 5"))
	}
}

// checkKeys checks that there are public keys alone, in one place.
func (m ClientMetadata) checkKeys(l *verdict.List, o RegistrationOptions) {
	l.Check(len(m.JWKS) == 0 || m.JWKSURI == "", "jwks", "must not be beside jwks_uri",
		clientMetadataClause)
	if len(m.JWKS) > 0 {
		set, err := jose.ParseSet(m.JWKS)
		ok := err == nil && len(set.Skipped()) == 0
		l.Check(ok, "jwks", "must be a JWK Set of public keys alone", clientMetadataClause)
	}
	if m.JWKSURI != "" {
		discovery.CheckEndpoints(l, o.HTTP, "",
			[]discovery.Endpoint{{Name: "jwks_uri", URL: m.JWKSURI}}, clientMetadataClause)
	}
}

// checkRegistered refuses what a server has registered otherwise than asked and a login would
// go wrong or be weaker by: RFC 7591, Section 3.2.1 leaves it to the client to look.
func checkRegistered(l *verdict.List, asked, got ClientMetadata) error {
	const need, clause = "must be registered as asked for", "RFC 7591, Section 3.2.1"
	for _, uri := range asked.RedirectURIs {
		l.Check(slices.Contains(got.RedirectURIs, uri), "redirect_uris", need, clause)
	}
	method := cmp.Or(got.TokenEndpointAuthMethod, clientSecretBasic)
	l.Check(asked.TokenEndpointAuthMethod == "" || method == asked.TokenEndpointAuthMethod,
		"token_endpoint_auth_method", need, clause)
	wanted, err := asked.members()
	if err != nil {
		return err
	}
	found, err := got.members()
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		want, is := string(wanted[name]), string(found[name])
		switch {
		case strings.HasSuffix(name, "_alg"), strings.HasSuffix(name, "_enc"),
			name == "subject_type": // which is public if not pairwise
			want, _ = strictjson.Value(want).String()
			is, _ = strictjson.Value(is).String()
			l.Check(is == want, name, need, clause)
		case want == "true": // what the server is to refuse if it comes otherwise
			l.Check(is == want, name, need, clause)
		}
	}
	return l.Err()
}
