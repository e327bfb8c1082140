package oauth2

import (
	"context"
	"fmt"
	"net/http"
	"slices"

	"vouchsafe/httpclient"
	"vouchsafe/internal/discovery"
)

// An AuthorizationServer is authorization server metadata, RFC 8414, Section 2:
// what a client needs to know of a server. It is found by [Discover] or written by
// hand. Which endpoints must be there depends on what the client does.
type AuthorizationServer struct {
	Issuer                      string `json:"issuer"`
	AuthorizationEndpoint       string `json:"authorization_endpoint"`
	TokenEndpoint               string `json:"token_endpoint"`
	JWKSURI                     string `json:"jwks_uri"`
	RevocationEndpoint          string `json:"revocation_endpoint"`
	IntrospectionEndpoint       string `json:"introspection_endpoint"`
	DeviceAuthorizationEndpoint string `json:"device_authorization_endpoint"` // RFC 8628, Section 4
	RegistrationEndpoint        string `json:"registration_endpoint"`         // RFC 7591, Section 3

	TokenEndpointAuthMethodsSupported          []string `json:"token_endpoint_auth_methods_supported"`
	TokenEndpointAuthSigningAlgValuesSupported []string `json:"token_endpoint_auth_signing_alg_values_supported"`
	RevocationEndpointAuthMethodsSupported     []string `json:"revocation_endpoint_auth_methods_supported"`
	IntrospectionEndpointAuthMethodsSupported  []string `json:"introspection_endpoint_auth_methods_supported"`
	CodeChallengeMethodsSupported              []string `json:"code_challenge_methods_supported"`
	RequestObjectSigningAlgValuesSupported     []string `json:"request_object_signing_alg_values_supported"`
	AuthorizationSigningAlgValuesSupported     []string `json:"authorization_signing_alg_values_supported"` // JARM, Section 4

	// The server takes no authorization request that is not signed, RFC 9101, Section 10.5.
	RequireSignedRequestObject bool `json:"require_signed_request_object"`

	// The server promises iss in each authorization response, RFC 9207, Section 3.
	AuthorizationResponseIssParameterSupported bool `json:"authorization_response_iss_parameter_supported"`
}

// clone returns metadata whose lists are its own.
func (s AuthorizationServer) clone() AuthorizationServer { return discovery.Clone(s) }

const metadataClause = "RFC 8414, Section 2"

// Discover fetches the metadata of the authorization server whose issuer identifier
// is issuer, RFC 8414, Section 3, by client, or by one of [httpclient.New] if that is
// nil. The well-known path is inserted before the issuer's own; where the server has
// nothing (a redirect, a status of 4xx other than 429, or a page), the two places are
// asked that OpenID Providers use: openid-configuration inserted in the same way, and
// appended (RFC 8414, Section 5). Redirects are not followed.
//
// The answer must be application/json, strict, below 1 MiB, and name that issuer, octet
// for octet (RFC 8414, Section 3.3). Endpoints that secrets must not be sent to, and those
// that are not https as the issuer is, refuse it whole. A server need not have every
// endpoint: fields may be empty.
//
// The error is, wrapped, a [*jose.CheckError] that names what did not pass, an
// [*httpclient.StatusError], or that of the exchange. Nothing is kept: call it once, not
// for each login.
func Discover(
	ctx context.Context, client *http.Client, issuer string,
) (AuthorizationServer, error) {
	s, err := discover(ctx, client, issuer)
	if err != nil {
		return AuthorizationServer{}, fmt.Errorf("oauth2: discovery: %w", err)
	}
	return s, nil
}

func discover(
	ctx context.Context, client *http.Client, issuer string,
) (AuthorizationServer, error) {
	u, err := discovery.CheckIssuer(client, issuer, metadataClause)
	if err != nil {
		return AuthorizationServer{}, err
	}
	places := slices.Compact([]string{
		discovery.Inserted(u, discovery.Server),
		discovery.Inserted(u, discovery.OpenID),
		discovery.Appended(u, discovery.OpenID),
	})
	found, err := discovery.Fetch(ctx, client, places, nil,
		func(resp *httpclient.Response) (AuthorizationServer, error) {
			return readMetadata(ctx, client, resp, issuer)
		})
	if err != nil {
		return AuthorizationServer{}, err
	}
	return found.Value, nil
}

// readMetadata accepts metadata if it is that of issuer.
func readMetadata(
	ctx context.Context, client *http.Client, resp *httpclient.Response, issuer string,
) (AuthorizationServer, error) {
	l := checks(ctx)
	var s AuthorizationServer
	discovery.Read(l, resp, &s, "RFC 8414, Section 3.2")
	l.Check(s.Issuer == issuer, "issuer", "must be the issuer asked for", "RFC 8414, Section 3.3")
	discovery.CheckEndpoints(l, client, issuer, s.endpoints(), metadataClause)
	return s, l.Err()
}

func (s *AuthorizationServer) endpoints() []discovery.Endpoint { return discovery.Endpoints(*s) }

// check refuses endpoints that secrets must not be sent to, and an issuer that is none, or
// not there although each response will have it.
func (s *AuthorizationServer) check(client *http.Client) error {
	l := checks(context.Background())
	discovery.CheckEndpoints(l, client, "", s.endpoints(), metadataClause)
	if s.Issuer != "" {
		_, err := discovery.CheckIssuer(client, s.Issuer, metadataClause)
		l.Result("issuer", metadataClause, err)
	}
	l.Check(s.Issuer != "" || !s.AuthorizationResponseIssParameterSupported, "issuer",
		"must be configured where responses have iss", "RFC 9207, Section 2.4")
	return l.Err()
}
