package oidctest

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"time"

	"vouchsafe/jose"
)

// metadata is OpenID Connect Discovery 1.0, Section 3, and RFC 8414, Section 2.
func (p *Provider) metadata() map[string]any {
	metadata := map[string]any{
		"issuer":                        p.Issuer(),
		"authorization_endpoint":        p.Endpoint("authorize"),
		"device_authorization_endpoint": p.Endpoint("device_authorization"),
		"token_endpoint":                p.Endpoint("token"),
		"revocation_endpoint":           p.Endpoint("revoke"),
		"userinfo_endpoint":             p.Endpoint("userinfo"),
		"jwks_uri":                      p.Endpoint("jwks"),
		"scopes_supported":              slices.Clone(scopes),
		"response_types_supported":      slices.Clone(responseTypes),
		"response_modes_supported":      slices.Clone(responseModes),
		"grant_types_supported": []string{"authorization_code", "implicit", "refresh_token",
			"client_credentials", deviceGrant},
		"acr_values_supported":                           slices.Clone(acrValues),
		"subject_types_supported":                        []string{"public"},
		"display_values_supported":                       slices.Clone(displays),
		"claim_types_supported":                          slices.Clone(claimTypes),
		"claims_supported":                               p.claimsSupported(),
		"claims_parameter_supported":                     true,
		"prompt_values_supported":                        slices.Clone(prompts),
		"token_endpoint_auth_methods_supported":          methods(),
		"revocation_endpoint_auth_methods_supported":     methods(),
		"code_challenge_methods_supported":               []string{"S256"},
		"authorization_response_iss_parameter_supported": true,
		"request_parameter_supported":                    true,
		"request_uri_parameter_supported":                true,
		"require_request_uri_registration":               false,
	}
	p.addAlgorithms(metadata)
	p.logoutMetadata(metadata)
	p.registrationMetadata(metadata)
	return metadata
}

// methods are how a client may authenticate.
func methods() []string { return []string{"client_secret_basic", "client_secret_post", "none"} }

// acrValues are examples: any is met.
var (
	acrValues  = []string{"urn:mace:incommon:iap:silver", "urn:mace:incommon:iap:bronze"}
	claimTypes = []string{"normal", "aggregated", "distributed"}
	displays   = []string{"page", "popup", "touch", "wap"}
	prompts    = []string{"none", "login", "consent", "select_account", "create"}
)

func (p *Provider) addAlgorithms(metadata map[string]any) {
	for _, name := range []string{"id_token", "userinfo", "authorization"} {
		metadata[name+"_signing_alg_values_supported"] = p.algorithms()
		metadata[name+"_encryption_alg_values_supported"] = jose.KeyManagementAlgorithms()
		metadata[name+"_encryption_enc_values_supported"] = jose.ContentEncryptions()
	}
	metadata["request_object_signing_alg_values_supported"] = jose.SignatureAlgorithms()
	metadata["request_object_encryption_alg_values_supported"] = p.encryption.Algorithms()
	metadata["request_object_encryption_enc_values_supported"] = jose.ContentEncryptions()
}

func (p *Provider) claimsSupported() []string {
	names := map[string]bool{"sub": true, "acr": true, "auth_time": true, "sid": true}
	for _, user := range p.users() {
		for name := range user.known() {
			names[name] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

func (p *Provider) serveMetadata(w http.ResponseWriter, r *http.Request) {
	metadata := p.metadata()
	if p.options.EditMetadata != nil {
		p.options.EditMetadata(metadata)
	}
	serveDocument(w, r, metadata)
}

// serveDocument serves what changes seldom, with a validator (RFC 9110, Section 8.8.3).
func serveDocument(w http.ResponseWriter, r *http.Request, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		http.Error(w, "the document cannot be written", http.StatusInternalServerError)
		return
	}
	sum := sha256.Sum256(body)
	w.Header().Set("Cache-Control", "no-cache")
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("ETag", `"`+base64.RawURLEncoding.EncodeToString(sum[:])+`"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
}

const issuerRelation = "http://openid.net/specs/connect/1.0/issuer"

// serveWebFinger says of every resource that the provider is its issuer, OpenID Connect
// Discovery 1.0, Section 2. A relation asked for that it does not have leaves nothing
// (RFC 7033, Section 4.3).
func (p *Provider) serveWebFinger(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Access-Control-Allow-Origin", "*") // RFC 7033, Section 5
	q := r.URL.Query()
	if q.Get("resource") == "" || len(q["resource"]) > 1 {
		p.refuse(MissingResource)
		http.Error(w, string(MissingResource), http.StatusBadRequest)
		return
	}
	links := []map[string]string{}
	if !q.Has("rel") || slices.Contains(q["rel"], issuerRelation) {
		links = append(links, map[string]string{"rel": issuerRelation, "href": p.Issuer()})
	}
	body, _ := json.Marshal(map[string]any{"subject": q.Get("resource"), "links": links})
	w.Header().Set("Content-Type", "application/jrd+json")
	w.Write(body)
}
