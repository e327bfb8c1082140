package oauth2

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"vouchsafe/httpclient"
	"vouchsafe/internal/strictjson"
	"vouchsafe/internal/verdict"
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
func (s AuthorizationServer) clone() AuthorizationServer {
	for _, list := range []*[]string{
		&s.TokenEndpointAuthMethodsSupported,
		&s.TokenEndpointAuthSigningAlgValuesSupported,
		&s.RevocationEndpointAuthMethodsSupported,
		&s.IntrospectionEndpointAuthMethodsSupported,
		&s.CodeChallengeMethodsSupported,
		&s.RequestObjectSigningAlgValuesSupported,
		&s.AuthorizationSigningAlgValuesSupported,
	} {
		*list = slices.Clone(*list)
	}
	return s
}

// Where metadata is, RFC 8414, Section 3 and 5.
const (
	metadataClause = "RFC 8414, Section 2"

	wellKnownServer = "/.well-known/oauth-authorization-server"
	wellKnownOpenID = "/.well-known/openid-configuration"

	maxMetadata = 1 << 20
)

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
	u, err := checkIssuer(client, issuer)
	if err != nil {
		return AuthorizationServer{}, err
	}
	var missing error
	for _, place := range metadataURLs(u) {
		resp, err := httpclient.Get(ctx, client, place, maxMetadata)
		if err == nil {
			err = checkJSON(ctx, resp)
		}
		if err == nil {
			return readMetadata(ctx, client, string(resp.Body), issuer)
		}
		if !isMissing(err) {
			return AuthorizationServer{}, err
		}
		missing = cmp.Or(missing, err)
	}
	return AuthorizationServer{}, missing
}

// metadataURLs returns where the metadata of issuer may be, in order.
func metadataURLs(issuer *url.URL) []string {
	origin := issuer.Scheme + "://" + issuer.Host
	path := strings.TrimSuffix(issuer.EscapedPath(), "/")
	return slices.Compact([]string{
		origin + wellKnownServer + path,
		origin + wellKnownOpenID + path,
		origin + path + wellKnownOpenID,
	})
}

// isMissing reports whether err says that there is nothing where it was looked for, but
// perhaps the page that a server has for every path, or the way to log in.
func isMissing(err error) bool {
	if errors.Is(err, checkError("content_type", "", "")) {
		return true
	}
	e, ok := errors.AsType[*httpclient.StatusError](err)
	return ok && (e.Status/100 == 4 && e.Status != http.StatusTooManyRequests || e.Status/100 == 3)
}

// checkJSON checks that metadata is declared as such, RFC 8414, Section 3.2.
func checkJSON(ctx context.Context, resp *httpclient.Response) error {
	l := checks(ctx)
	l.Check(httpclient.HasMediaType(resp.Header, "application/json"),
		"content_type", "must be application/json", "RFC 8414, Section 3.2")
	return l.Err()
}

// readMetadata accepts metadata if it is that of issuer. What comes by https sends
// nobody to http on this machine.
func readMetadata(
	ctx context.Context, client *http.Client, body, issuer string,
) (AuthorizationServer, error) {
	l := checks(ctx)
	var s AuthorizationServer
	err := strictjson.Unmarshal(body, &s)
	l.Result("metadata", "RFC 8414, Section 3.2",
		because(err, "metadata", "must be one strict JSON object", "RFC 8414, Section 3.2"))
	l.Check(s.Issuer == issuer, "issuer", "must be the issuer asked for", "RFC 8414, Section 3.3")
	s.checkEndpoints(l, client, isHTTPS(issuer))
	return s, l.Err()
}

func isHTTPS(raw string) bool {
	u, err := url.Parse(raw)
	return err == nil && u.Scheme == "https"
}

// An endpoint is one of a server's URLs, under its name in metadata.
type endpoint struct{ name, url string }

// endpoints returns those that s has.
func (s *AuthorizationServer) endpoints() []endpoint {
	return slices.DeleteFunc([]endpoint{
		{"authorization_endpoint", s.AuthorizationEndpoint},
		{"token_endpoint", s.TokenEndpoint},
		{"jwks_uri", s.JWKSURI},
		{"revocation_endpoint", s.RevocationEndpoint},
		{"introspection_endpoint", s.IntrospectionEndpoint},
		{"device_authorization_endpoint", s.DeviceAuthorizationEndpoint},
	}, func(e endpoint) bool { return e.url == "" })
}

// checkEndpoints refuses endpoints that secrets must not be sent to, and those that are not
// https where they must be.
func (s *AuthorizationServer) checkEndpoints(l *verdict.List, client *http.Client, https bool) {
	for _, e := range s.endpoints() {
		_, err := httpclient.CheckURL(client, e.url)
		err = because(err, e.name, "must be https, or http on loopback or one of the client's "+
			"InsecureHTTPHosts", metadataClause)
		if err == nil && https && !isHTTPS(e.url) {
			err = checkError(e.name, "must be https as the issuer is", metadataClause)
		}
		l.Result(e.name, metadataClause, err)
	}
}

// check refuses endpoints that secrets must not be sent to, and an issuer that is none, or
// not there although each response will have it.
func (s *AuthorizationServer) check(client *http.Client) error {
	l := checks(context.Background())
	s.checkEndpoints(l, client, false)
	if s.Issuer != "" {
		_, err := checkIssuer(client, s.Issuer)
		l.Result("issuer", metadataClause, err)
	}
	l.Check(s.Issuer != "" || !s.AuthorizationResponseIssParameterSupported, "issuer",
		"must be configured where responses have iss", "RFC 9207, Section 2.4")
	return l.Err()
}

// checkIssuer parses an issuer identifier, RFC 8414, Section 2.
func checkIssuer(client *http.Client, issuer string) (*url.URL, error) {
	u, err := httpclient.CheckURL(client, issuer)
	if err != nil {
		return nil, because(err, "issuer", "must be a URL that can be asked", metadataClause)
	}
	if strings.Contains(issuer, "?") {
		return nil, checkError("issuer", "must have no query", metadataClause)
	}
	return u, nil
}
