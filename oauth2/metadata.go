package oauth2

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"vouchsafe/httpclient"
)

// An AuthorizationServer is authorization server metadata, RFC 8414, Section 2:
// what a client needs to know of a server. It is written by hand. Which endpoints must be there depends on what the client does.
type AuthorizationServer struct {
	Issuer                      string `json:"issuer"`
	AuthorizationEndpoint       string `json:"authorization_endpoint"`
	TokenEndpoint               string `json:"token_endpoint"`
	JWKSURI                     string `json:"jwks_uri"`
	RevocationEndpoint          string `json:"revocation_endpoint"`
	IntrospectionEndpoint       string `json:"introspection_endpoint"`
	DeviceAuthorizationEndpoint string `json:"device_authorization_endpoint"` // RFC 8628, Section 4

	TokenEndpointAuthMethodsSupported          []string `json:"token_endpoint_auth_methods_supported"`
	TokenEndpointAuthSigningAlgValuesSupported []string `json:"token_endpoint_auth_signing_alg_values_supported"`
	RevocationEndpointAuthMethodsSupported     []string `json:"revocation_endpoint_auth_methods_supported"`
	IntrospectionEndpointAuthMethodsSupported  []string `json:"introspection_endpoint_auth_methods_supported"`
	CodeChallengeMethodsSupported              []string `json:"code_challenge_methods_supported"`

	// The server promises iss in each authorization response, RFC 9207, Section 3.
	AuthorizationResponseIssParameterSupported bool `json:"authorization_response_iss_parameter_supported"`
}

type endpoint struct{ field, member, url string }

// endpoints returns those that there are.
func (s *AuthorizationServer) endpoints() []endpoint {
	return slices.DeleteFunc([]endpoint{
		{"AuthorizationEndpoint", "authorization_endpoint", s.AuthorizationEndpoint},
		{"TokenEndpoint", "token_endpoint", s.TokenEndpoint},
		{"JWKSURI", "jwks_uri", s.JWKSURI},
		{"RevocationEndpoint", "revocation_endpoint", s.RevocationEndpoint},
		{"IntrospectionEndpoint", "introspection_endpoint", s.IntrospectionEndpoint},
		{"DeviceAuthorizationEndpoint", "device_authorization_endpoint",
			s.DeviceAuthorizationEndpoint},
	}, func(e endpoint) bool { return e.url == "" })
}

// check refuses endpoints that secrets must not be sent to, and an issuer that is none.
func (s *AuthorizationServer) check(client *http.Client) error {
	for _, e := range s.endpoints() {
		if _, err := httpclient.CheckURL(client, e.url); err != nil {
			return fmt.Errorf("oauth2: %s: %w", e.field, err)
		}
	}
	if s.Issuer == "" {
		return nil
	}
	if _, err := checkIssuer(client, s.Issuer); err != nil {
		return fmt.Errorf("oauth2: Issuer: %w", err)
	}
	return nil
}

// checkIssuer parses an issuer identifier, RFC 8414, Section 2.
func checkIssuer(client *http.Client, issuer string) (*url.URL, error) {
	u, err := httpclient.CheckURL(client, issuer)
	if err != nil {
		return nil, err
	}
	if strings.Contains(issuer, "?") {
		return nil, checkError("issuer", "must have no query", "RFC 8414, Section 2")
	}
	return u, nil
}
