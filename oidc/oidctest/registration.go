package oidctest

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"maps"
	"mime"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"vouchsafe/jose"
)

// A registered is a client that has registered itself.
type registered struct {
	client   Client
	metadata map[string]any // as it is answered, credentials included
	token    string         // the registration access token
}

// clientMetadata is what of the metadata of a client counts here, OpenID Connect Dynamic
// Client Registration 1.0, Section 2.
type clientMetadata struct {
	RedirectURIs         []string        `json:"redirect_uris"`
	ApplicationType      string          `json:"application_type"`
	GrantTypes           []string        `json:"grant_types"`
	ResponseTypes        []string        `json:"response_types"`
	Method               string          `json:"token_endpoint_auth_method"`
	SubjectType          string          `json:"subject_type"`
	JWKS                 json.RawMessage `json:"jwks"`
	JWKSURI              string          `json:"jwks_uri"`
	RequestObjectAlg     string          `json:"request_object_signing_alg"`
	RequireRequestObject bool            `json:"require_signed_request_object"`
	IDTokenAlg           string          `json:"id_token_signed_response_alg"`
	IDTokenKey           string          `json:"id_token_encrypted_response_alg"`
	IDTokenEnc           string          `json:"id_token_encrypted_response_enc"`
	UserInfoAlg          string          `json:"userinfo_signed_response_alg"`
	UserInfoKey          string          `json:"userinfo_encrypted_response_alg"`
	UserInfoEnc          string          `json:"userinfo_encrypted_response_enc"`
	ResponseAlg          string          `json:"authorization_signed_response_alg"`
	ResponseKey          string          `json:"authorization_encrypted_response_alg"`
	ResponseEnc          string          `json:"authorization_encrypted_response_enc"`
	PostLogoutURIs       []string        `json:"post_logout_redirect_uris"`
	BackChannelURI       string          `json:"backchannel_logout_uri"`
	FrontChannelURI      string          `json:"frontchannel_logout_uri"`
}

// routeRegistration adds the endpoints of dynamic registration to mux.
func (p *Provider) routeRegistration(mux *http.ServeMux, prefix string) {
	mux.HandleFunc("POST "+prefix+"/register", p.serveRegister)
	mux.HandleFunc("GET "+prefix+"/register/{id}", p.serveReadRegistration)
	mux.HandleFunc("PUT "+prefix+"/register/{id}", p.serveUpdateRegistration)
	mux.HandleFunc("DELETE "+prefix+"/register/{id}", p.serveDeleteRegistration)
}

// registrationMetadata adds what the metadata says of registration.
func (p *Provider) registrationMetadata(metadata map[string]any) {
	metadata["registration_endpoint"] = p.Endpoint("register")
}

// serveRegister registers a client, RFC 7591, Section 3.
func (p *Provider) serveRegister(w http.ResponseWriter, r *http.Request) {
	if want := p.options.RegistrationToken; want != "" && !presents(w, r, want) {
		p.refuseBearer(w, http.StatusUnauthorized, UnusableInitialToken, "invalid_token")
		return
	}
	metadata, client, fault := p.readRegistration(w, r)
	if fault != "" {
		p.refuseRegistration(w, fault)
		return
	}
	client.ID = rand.Text()
	metadata["client_id"] = client.ID
	metadata["client_id_issued_at"] = p.options.Now().Unix()
	metadata["registration_client_uri"] = p.Endpoint("register/" + client.ID)
	p.register(w, http.StatusCreated, registered{client, metadata, ""}.withSecret())
}

func presents(w http.ResponseWriter, r *http.Request, want string) bool {
	token, fault := presented(w, r)
	return fault == "" && subtle.ConstantTimeCompare([]byte(token), []byte(want)) == 1
}

// withSecret returns r with a new secret, if its client has any.
func (r registered) withSecret() registered {
	if r.client.method != "none" {
		r.client.Secret = rand.Text() + rand.Text() + rand.Text() // enough for HS512
		r.metadata["client_secret"], r.metadata["client_secret_expires_at"] = r.client.Secret, 0
	}
	return r
}

// register has a client known, and answers with what is registered and a new registration
// access token (RFC 7592, Section 3).
func (p *Provider) register(w http.ResponseWriter, status int, r registered) {
	r.token = rand.Text()
	p.mu.Lock()
	p.registered[r.client.ID] = r
	p.mu.Unlock()
	answer := maps.Clone(r.metadata)
	answer["registration_access_token"] = r.token
	writeJSON(w, status, answer)
}

// managed returns the client that a request is about, if the registration access token is
// its own, or answers with the refusal: that there is no such client is no other (RFC 7592,
// Section 2.1).
func (p *Provider) managed(w http.ResponseWriter, r *http.Request) (registered, bool) {
	p.mu.Lock()
	found, ok := p.registered[r.PathValue("id")]
	p.mu.Unlock()
	if !ok || !presents(w, r, found.token) {
		p.refuseBearer(w, http.StatusUnauthorized, UnusableRegistrationToken, "invalid_token")
		return registered{}, false
	}
	return found, true
}

// serveReadRegistration serves RFC 7592, Section 2.1.
func (p *Provider) serveReadRegistration(w http.ResponseWriter, r *http.Request) {
	if found, ok := p.managed(w, r); ok {
		p.register(w, http.StatusOK, found)
	}
}

// serveUpdateRegistration serves RFC 7592, Section 2.2: what the request has takes the place
// of all there was.
func (p *Provider) serveUpdateRegistration(w http.ResponseWriter, r *http.Request) {
	found, ok := p.managed(w, r)
	if !ok {
		return
	}
	metadata, client, fault := p.readRegistration(w, r)
	if fault == "" {
		fault = found.mayBecome(metadata)
	}
	if fault != "" {
		p.refuseRegistration(w, fault)
		return
	}
	client.ID = found.client.ID
	for _, name := range []string{"client_id_issued_at", "registration_client_uri"} {
		metadata[name] = found.metadata[name]
	}
	p.register(w, http.StatusOK, registered{client, metadata, ""}.withSecret())
}

// mayBecome checks what an update says of the client beside its metadata.
func (r registered) mayBecome(metadata map[string]any) Fault {
	for _, name := range []string{"registration_access_token", "registration_client_uri",
		"client_secret_expires_at", "client_id_issued_at"} {
		if _, ok := metadata[name]; ok {
			return ServersMember
		}
	}
	if metadata["client_id"] != r.client.ID {
		return OtherRegistration
	}
	if secret, ok := metadata["client_secret"]; ok && secret != r.client.Secret {
		return ChosenSecret
	}
	delete(metadata, "client_secret")
	return ""
}

// serveDeleteRegistration serves RFC 7592, Section 2.3. What was issued to the client ends.
func (p *Provider) serveDeleteRegistration(w http.ResponseWriter, r *http.Request) {
	found, ok := p.managed(w, r)
	if !ok {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.registered, found.client.ID)
	maps.DeleteFunc(p.accesses, func(_ string, a *access) bool {
		return a.grant.client.ID == found.client.ID
	})
	w.WriteHeader(http.StatusNoContent)
}

// readRegistration reads what a client is to be, as it is to be answered and as it counts.
func (p *Provider) readRegistration(w http.ResponseWriter, r *http.Request) (
	map[string]any, Client, Fault) {
	media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if media != "application/json" {
		return nil, Client{}, RegistrationContentType
	}
	var text json.RawMessage
	var all map[string]any
	var m clientMetadata
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 64<<10)).Decode(&text)
	if err != nil || json.Unmarshal(text, &all) != nil || all == nil ||
		json.Unmarshal(text, &m) != nil {
		return nil, Client{}, UnreadableRegistration
	}
	m.settle(p.options.Algorithm)
	all["token_endpoint_auth_method"] = m.Method
	all["grant_types"], all["response_types"] = m.GrantTypes, m.ResponseTypes
	all["application_type"], all["subject_type"] = m.ApplicationType, m.SubjectType
	all["id_token_signed_response_alg"] = m.IDTokenAlg
	all["authorization_signed_response_alg"] = m.ResponseAlg
	client, fault := p.clientOf(m)
	return all, client, fault
}

// settle sets what is not said to its default.
func (m *clientMetadata) settle(algorithm string) {
	if m.Method == "" {
		m.Method = "client_secret_basic"
	}
	if m.GrantTypes == nil {
		m.GrantTypes = []string{"authorization_code"}
	}
	if m.ResponseTypes == nil {
		m.ResponseTypes = []string{"code"}
	}
	if m.ApplicationType == "" {
		m.ApplicationType = "web"
	}
	if m.SubjectType == "" {
		m.SubjectType = "public"
	}
	if m.IDTokenAlg == "" {
		m.IDTokenAlg = algorithm
	}
	if m.ResponseAlg == "" {
		m.ResponseAlg = algorithm
	}
}

// clientOf returns the client that metadata describes.
func (p *Provider) clientOf(m clientMetadata) (Client, Fault) {
	c := Client{
		RedirectURIs:         m.RedirectURIs,
		RequireRequestObject: m.RequireRequestObject,
		IDTokenAlgorithm:     m.IDTokenAlg,
		UserInfoAlgorithm:    m.UserInfoAlg,
		ResponseAlgorithm:    m.ResponseAlg,
		method:               m.Method,

		PostLogoutRedirectURIs: m.PostLogoutURIs,
		BackChannelLogoutURI:   m.BackChannelURI,
		FrontChannelLogoutURI:  m.FrontChannelURI,
	}
	switch {
	case !slices.Contains(methods(), m.Method):
		return Client{}, RegisteredMethod
	case !m.redirectsWell():
		return Client{}, RegisteredRedirectURI
	case !m.grantsFit():
		return Client{}, RegisteredGrantTypes
	case m.SubjectType != "public":
		return Client{}, RegisteredSubjectType
	case c.checkLogoutURIs() != nil:
		return Client{}, RegisteredLogoutURI
	case m.JWKSURI != "": // which nobody fetches here
		return Client{}, RegisteredKeys
	case m.RequestObjectAlg != "" &&
		!slices.Contains(jose.SignatureAlgorithms(), m.RequestObjectAlg):
		return Client{}, RegisteredAlgorithm
	}
	for _, algorithm := range c.algorithms() {
		if symmetric(algorithm) && m.Method == "none" ||
			!symmetric(algorithm) && !slices.Contains(p.algorithms(), algorithm) {
			return Client{}, RegisteredAlgorithm
		}
	}
	return c.withKeys(m)
}

// withKeys adds the keys of the client, and how things are encrypted for it.
func (c Client) withKeys(m clientMetadata) (Client, Fault) {
	if len(m.JWKS) > 0 {
		set, err := jose.ParseSet(m.JWKS)
		if err != nil || len(set.Skipped()) > 0 {
			return Client{}, RegisteredKeys
		}
		c.Keys = set
	}
	for _, e := range []struct {
		alg, enc string
		to       *Recipient
	}{
		{m.IDTokenKey, m.IDTokenEnc, &c.IDTokenEncryption},
		{m.UserInfoKey, m.UserInfoEnc, &c.UserInfoEncryption},
		{m.ResponseKey, m.ResponseEnc, &c.ResponseEncryption},
	} {
		if e.alg == "" && e.enc == "" {
			continue
		}
		key := c.encryptionKey(e.alg)
		if key == nil || e.enc != "" && !slices.Contains(jose.ContentEncryptions(), e.enc) {
			return Client{}, RegisteredEncryption
		}
		*e.to = Recipient{Key: key, Algorithm: e.alg, Encryption: e.enc}
	}
	return c, ""
}

// encryptionKey returns the first key that an algorithm may encrypt for, nil if none may.
func (c Client) encryptionKey(algorithm string) *jose.Key {
	if c.Keys == nil || !slices.Contains(jose.KeyManagementAlgorithms(), algorithm) {
		return nil
	}
	for _, key := range c.Keys.All() {
		if slices.Contains(key.Algorithms(), algorithm) {
			return key
		}
	}
	return nil
}

// redirectsWell checks the redirection endpoints by the type of the application.
func (m *clientMetadata) redirectsWell() bool {
	for _, uri := range m.RedirectURIs {
		u, err := url.Parse(uri)
		if err != nil || !u.IsAbs() || strings.Contains(uri, "#") {
			return false
		}
		addr, _ := netip.ParseAddr(u.Hostname())
		loopback := u.Hostname() == "localhost" || addr.IsLoopback()
		onWeb := u.Scheme == "https" || u.Scheme == "http"
		implicit := slices.Contains(m.GrantTypes, "implicit")
		switch m.ApplicationType {
		case "web":
			if !onWeb || u.Scheme == "http" && (implicit || !loopback) ||
				implicit && u.Hostname() == "localhost" {
				return false
			}
		case "native":
			if u.Scheme == "https" || u.Scheme == "http" && !loopback {
				return false
			}
		default:
			return false
		}
	}
	return len(m.RedirectURIs) > 0
}

// grantsFit checks that what the response types need is among the grant types.
func (m *clientMetadata) grantsFit() bool {
	for _, responseType := range m.ResponseTypes {
		types := strings.Fields(responseType)
		code := slices.Contains(types, "code")
		front := slices.Contains(types, "id_token") || slices.Contains(types, "token")
		if code && !slices.Contains(m.GrantTypes, "authorization_code") ||
			front && !slices.Contains(m.GrantTypes, "implicit") || !code && !front {
			return false
		}
	}
	return true
}

// refuseRegistration answers with an error, RFC 7591, Section 3.2.2.
func (p *Provider) refuseRegistration(w http.ResponseWriter, f Fault) {
	p.refuse(f)
	code := "invalid_client_metadata"
	if f == RegisteredRedirectURI {
		code = "invalid_redirect_uri"
	}
	writeJSON(w, http.StatusBadRequest, map[string]string{
		"error": code, "error_description": string(f)})
}
