package oauth2

import (
	"errors"
	"fmt"
	"net/http"

	"vouchsafe/httpclient"
)

// An AuthorizationServer is authorization server metadata, RFC 8414, Section 2:
// what a client needs to know of a server. It is discovered or written by hand.
type AuthorizationServer struct {
	Issuer                string `json:"issuer"`
	AuthorizationEndpoint string `json:"authorization_endpoint"`
	TokenEndpoint         string `json:"token_endpoint"`
	JWKSURI               string `json:"jwks_uri"`

	TokenEndpointAuthMethodsSupported []string `json:"token_endpoint_auth_methods_supported"`

	// The server promises iss in each authorization response, RFC 9207, Section 3.
	AuthorizationResponseIssParameterSupported bool `json:"authorization_response_iss_parameter_supported"`
}

// check refuses endpoints that secrets must not be sent to.
func (s *AuthorizationServer) check(client *http.Client) error {
	for _, e := range []struct{ name, url string }{
		{"AuthorizationEndpoint", s.AuthorizationEndpoint},
		{"TokenEndpoint", s.TokenEndpoint},
	} {
		if e.url == "" {
			return errors.New("oauth2: " + e.name + " is required")
		}
		if _, err := httpclient.CheckURL(client, e.url); err != nil {
			return fmt.Errorf("oauth2: %s: %w", e.name, err)
		}
	}
	return nil
}
