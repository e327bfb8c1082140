package oidc

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"net/url"
	"reflect"
	"slices"
	"strings"

	"vouchsafe/httpclient"
	"vouchsafe/internal/refusal"
	"vouchsafe/internal/strictjson"
	"vouchsafe/internal/verdict"
	"vouchsafe/jose"
	"vouchsafe/oauth2"
)

// ClientMetadata is what is registered of a relying party: OpenID Connect Dynamic Client
// Registration 1.0, Section 2, and what the specifications of logout add. A field that is
// zero says nothing, and a list that is empty and not nil that there are none.
type ClientMetadata struct {
	oauth2.ClientMetadata

	ApplicationType string `json:"application_type,omitempty"` // "native", or "web", also if empty

	// Whether users have the same subject at all clients: "public" or "pairwise".
	SubjectType         string `json:"subject_type,omitempty"`
	SectorIdentifierURI string `json:"sector_identifier_uri,omitempty"`

	// How ID Tokens and UserInfo come; see [Config], which [ConfigOf] makes. ID Tokens are
	// signed with RS256 if nothing is said, UserInfo not at all.
	IDTokenSignedResponseAlg     string `json:"id_token_signed_response_alg,omitempty"`
	IDTokenEncryptedResponseAlg  string `json:"id_token_encrypted_response_alg,omitempty"`
	IDTokenEncryptedResponseEnc  string `json:"id_token_encrypted_response_enc,omitempty"`
	UserInfoSignedResponseAlg    string `json:"userinfo_signed_response_alg,omitempty"`
	UserInfoEncryptedResponseAlg string `json:"userinfo_encrypted_response_alg,omitempty"`
	UserInfoEncryptedResponseEnc string `json:"userinfo_encrypted_response_enc,omitempty"`

	// What holds for requests that do not say otherwise.
	DefaultMaxAge    *int64   `json:"default_max_age,omitempty"` // seconds
	RequireAuthTime  bool     `json:"require_auth_time,omitempty"`
	DefaultACRValues []string `json:"default_acr_values,omitzero"`

	InitiateLoginURI string   `json:"initiate_login_uri,omitempty"` // see ReadThirdPartyLogin
	RequestURIs      []string `json:"request_uris,omitzero"`        // see oauth2.RequestObjects

	// Logout: RP-Initiated Logout 1.0, Section 3.1, Back-Channel Logout 1.0, Section 2.2, and
	// Front-Channel Logout 1.0, Section 2.
	PostLogoutRedirectURIs            []string `json:"post_logout_redirect_uris,omitzero"`
	BackChannelLogoutURI              string   `json:"backchannel_logout_uri,omitempty"`
	BackChannelLogoutSessionRequired  bool     `json:"backchannel_logout_session_required,omitempty"`
	FrontChannelLogoutURI             string   `json:"frontchannel_logout_uri,omitempty"`
	FrontChannelLogoutSessionRequired bool     `json:"frontchannel_logout_session_required,omitempty"`
}

// Register registers a relying party at p, as [oauth2.Register] does, whose errors it
// returns. [oauth2.Registration] has the methods Read and Delete. Where there is no [Client]
// yet, whose Provider p could be, [oauth2.Discover] finds its AuthorizationServer, which is
// all that is asked.
func Register(
	ctx context.Context, p Provider, m ClientMetadata, o oauth2.RegistrationOptions,
) (*oauth2.Registration, error) {
	plain, err := m.checked(ctx)
	if err != nil {
		return nil, err
	}
	return oauth2.Register(ctx, p.AuthorizationServer, plain, o)
}

// UpdateRegistration registers m in place of what is registered, as
// [oauth2.Registration.Update] does: begin with [MetadataOf].
func UpdateRegistration(
	ctx context.Context, r *oauth2.Registration, m ClientMetadata, o oauth2.RegistrationOptions,
) (*oauth2.Registration, error) {
	plain, err := m.checked(ctx)
	if err != nil {
		return nil, err
	}
	return r.Update(ctx, plain, o)
}

// MetadataOf returns a copy of what is registered. A member of another type than it has is a
// [*jose.CheckError].
func MetadataOf(r *oauth2.Registration) (ClientMetadata, error) { return typed(r.Metadata()) }

// RegistrationKeys are the client's halves of the keys that it has registered.
type RegistrationKeys struct {
	// Signing signs for private_key_jwt, and request objects.
	Signing *jose.Key

	// Decrypter decrypts what is registered to come encrypted.
	Decrypter *jose.Decrypter
}

// ConfigOf returns the configuration of a [Client] that is what is registered: its ID and
// authentication, and how ID Tokens, UserInfo, responses and requests are signed and
// encrypted. What else there is to configure is zero. The issuer is that of the provider's
// metadata when the client was registered.
//
// A key that is missing is a [*jose.CheckError], and so is an authentication that this
// module does not have. An algorithm that it does not have, none for example, [New] refuses.
func ConfigOf(r *oauth2.Registration, k RegistrationKeys) (Config, error) {
	m, err := MetadataOf(r)
	if err != nil {
		return Config{}, err
	}
	auth, err := r.Authentication(k.Signing)
	if err != nil {
		return Config{}, err
	}
	l := verdict.New(context.Background(), checkError)
	c := Config{
		Issuer: r.Issuer,
		ID:     r.ID,
		Auth:   auth,
		IDToken: k.response(l, "id_token_encrypted_response_alg",
			cmp.Or(m.IDTokenSignedResponseAlg, "RS256"), m.IDTokenEncryptedResponseAlg),
		UserInfo: k.response(l, "userinfo_encrypted_response_alg",
			m.UserInfoSignedResponseAlg, m.UserInfoEncryptedResponseAlg),
		AuthorizationResponse: k.response(l, "authorization_encrypted_response_alg",
			cmp.Or(m.AuthorizationSignedResponseAlg, "RS256"), m.AuthorizationEncryptedResponseAlg),
	}
	if m.RequestObjectSigningAlg != "" || m.RequireSignedRequestObject {
		l.Check(k.Signing != nil, "key", "must be given to sign request objects",
			registrationClause)
		c.RequestObject = oauth2.RequestObject{
			Key:                 k.Signing,
			Algorithm:           m.RequestObjectSigningAlg,
			EncryptionAlgorithm: m.RequestObjectEncryptionAlg,
			Encryption:          m.RequestObjectEncryptionEnc,
		}
	}
	if err := l.Err(); err != nil {
		return Config{}, err
	}
	return c, nil
}

// response says how something comes that is signed with alg, and encrypted if there is an
// algorithm for it.
func (k RegistrationKeys) response(
	l *verdict.List, check, alg, encryption string,
) oauth2.SignedResponse {
	if encryption == "" {
		return oauth2.SignedResponse{SigningAlgorithm: alg}
	}
	l.Check(k.Decrypter != nil, check, "must have a Decrypter", registrationClause)
	return oauth2.SignedResponse{SigningAlgorithm: alg, Decrypter: k.Decrypter}
}

// ownMembers are the members that ClientMetadata has fields for and package oauth2 has not.
func ownMembers() []string {
	var names []string
	for f := range reflect.TypeFor[ClientMetadata]().Fields() {
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); !f.Anonymous {
			names = append(names, name)
		}
	}
	return names
}

// plain returns m as package oauth2 has it: what that has no field for is in Extra.
func (m ClientMetadata) plain() (oauth2.ClientMetadata, error) {
	plain := m.ClientMetadata
	m.ClientMetadata = oauth2.ClientMetadata{} // whose members are all left out
	text, err := json.Marshal(m)
	if err != nil {
		return oauth2.ClientMetadata{}, err
	}
	plain.Extra = maps.Clone(plain.Extra)
	return plain, json.Unmarshal(text, &plain.Extra) // added to what is there
}

// typed returns metadata of package oauth2 with the fields that are in Extra there.
func typed(plain oauth2.ClientMetadata) (ClientMetadata, error) {
	var m ClientMetadata
	text, err := json.Marshal(plain.Extra)
	if err == nil && plain.Extra != nil {
		err = strictjson.Unmarshal(string(text), &m)
	}
	if err != nil {
		return ClientMetadata{}, refusal.Because(err, "metadata",
			"must be of the types that it has", registrationClause)
	}
	m.ClientMetadata = plain
	m.Extra = maps.Clone(plain.Extra)
	for _, name := range ownMembers() {
		delete(m.Extra, name)
	}
	return m, nil
}

// checked returns m as package oauth2 has it, if a provider could register it. What Extra has
// counts as its fields do.
func (m ClientMetadata) checked(ctx context.Context) (oauth2.ClientMetadata, error) {
	plain, err := m.plain()
	if err == nil {
		m, err = typed(plain)
	}
	if err != nil {
		return oauth2.ClientMetadata{}, err
	}
	l := verdict.New(ctx, checkError)
	m.checkRedirects(l)
	m.checkSubject(l)
	m.checkAlgorithms(l)
	l.Check(m.DefaultMaxAge == nil || *m.DefaultMaxAge >= 0, "default_max_age",
		"must be a number of seconds", registrationClause)
	l.Check(m.InitiateLoginURI == "" || isURL(m.InitiateLoginURI, "https"),
		"initiate_login_uri", "must be https", registrationClause)
	m.checkLogout(l)
	if err := l.Err(); err != nil {
		return oauth2.ClientMetadata{}, err
	}
	return plain, nil
}

// checkRedirects checks the redirection endpoints by the type of the application, and that
// the response types have the grants that they need.
func (m *ClientMetadata) checkRedirects(l *verdict.List) {
	l.Check(slices.Contains([]string{"", "web", "native"}, m.ApplicationType),
		"application_type", "must be web or native", registrationClause)
	l.Check(len(m.RedirectURIs) > 0 || m.SoftwareStatement != "", "redirect_uris",
		"must be registered", registrationClause)
	native, implicit := m.ApplicationType == "native", m.grants("implicit")
	for _, uri := range m.RedirectURIs {
		u, err := url.Parse(uri)
		if !l.Check(err == nil, "redirect_uris", "must be URLs", registrationClause) {
			return
		}
		l.Check(native || !implicit || u.Scheme == "https" &&
			!strings.EqualFold(u.Hostname(), "localhost"),
			"redirect_uris", "must be https and not localhost, on the web with the implicit grant",
			registrationClause)
		loopback := u.Scheme == "http" && httpclient.Loopback(u.Hostname())
		l.Check(!native || loopback || u.Scheme != "https" && u.Scheme != "http", "redirect_uris",
			"must be of a scheme of its own, or http on loopback, if native",
			registrationClause)
	}
	for _, responseType := range m.ResponseTypes {
		types := strings.Fields(responseType)
		front := slices.Contains(types, "id_token") || slices.Contains(types, "token")
		code := slices.Contains(types, "code")
		l.Check((!code || m.GrantTypes == nil || m.grants("authorization_code")) &&
			(!front || implicit), "grant_types",
			"must have authorization_code for a code, and implicit for what comes beside one",
			registrationClause)
	}
}

func (m *ClientMetadata) grants(name string) bool { return slices.Contains(m.GrantTypes, name) }

// checkSubject checks that there is one sector whose subjects are pairwise.
func (m *ClientMetadata) checkSubject(l *verdict.List) {
	const sector = "sector_identifier_uri"
	hosts := map[string]bool{}
	for _, uri := range m.RedirectURIs {
		if u, err := url.Parse(uri); err == nil {
			hosts[strings.ToLower(u.Hostname())] = true
		}
	}
	l.Check(m.SubjectType != "pairwise" || m.SectorIdentifierURI != "" || len(hosts) <= 1, sector,
		"must be registered where pairwise subjects are for several hosts",
		"OpenID Connect Core 1.0, Section 8.1")
	l.Check(m.SectorIdentifierURI == "" || isURL(m.SectorIdentifierURI, "https"), sector,
		"must be https", registrationClause)
}

// checkAlgorithms checks that ID Tokens and UserInfo can be verified.
func (m *ClientMetadata) checkAlgorithms(l *verdict.List) {
	for _, of := range []struct{ name, alg, key, enc string }{
		{"id_token", m.IDTokenSignedResponseAlg, m.IDTokenEncryptedResponseAlg,
			m.IDTokenEncryptedResponseEnc},
		{"userinfo", m.UserInfoSignedResponseAlg, m.UserInfoEncryptedResponseAlg,
			m.UserInfoEncryptedResponseEnc},
	} {
		l.Check(of.alg == "" || slices.Contains(jose.SignatureAlgorithms(), of.alg),
			of.name+"_signed_response_alg", "must be one of package jose, which has no none",
			registrationClause)
		l.Check(of.enc == "" || of.key != "", of.name+"_encrypted_response_enc",
			"must come with "+of.name+"_encrypted_response_alg", registrationClause)
	}
}

// checkLogout checks where a logout goes to. By http goes what a confidential client wants.
// Where there is no redirect URI, a software statement has them.
func (m *ClientMetadata) checkLogout(l *verdict.List) {
	const (
		need = "must be https, or http of a confidential client, without a fragment"

		backClause  = "OpenID Connect Back-Channel Logout 1.0, Section 2.2"
		frontClause = "OpenID Connect Front-Channel Logout 1.0, Section 2"
	)
	schemes := []string{"https", "http"}
	if m.TokenEndpointAuthMethod == "none" {
		schemes = schemes[:1]
	}
	for _, uri := range m.PostLogoutRedirectURIs {
		u, err := url.Parse(uri)
		own := err == nil && u.IsAbs() && !slices.Contains([]string{"http", "https"}, u.Scheme)
		l.Check(own || isURL(uri, schemes...), "post_logout_redirect_uris", need+
			", or of a scheme of its own", "OpenID Connect RP-Initiated Logout 1.0, Section 3.1")
	}
	l.Check(m.BackChannelLogoutURI == "" || isURL(m.BackChannelLogoutURI, schemes...),
		"backchannel_logout_uri", need, backClause)
	if uri := m.FrontChannelLogoutURI; uri != "" {
		l.Check(isURL(uri, schemes...), "frontchannel_logout_uri", need, frontClause)
		same := func(redirect string) bool { return httpclient.SameOrigin(redirect, uri) }
		l.Check(len(m.RedirectURIs) == 0 || slices.ContainsFunc(m.RedirectURIs, same),
			"frontchannel_logout_uri",
			"must be of the scheme, host and port of a redirect URI", frontClause)
	}
}

// isURL reports whether raw is a URL of one of schemes, with a host and without a fragment.
func isURL(raw string, schemes ...string) bool {
	u, err := url.Parse(raw)
	return err == nil && slices.Contains(schemes, u.Scheme) && u.Hostname() != "" &&
		!strings.Contains(raw, "#")
}
