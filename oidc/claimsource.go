package oidc

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"vouchsafe/httpclient"
	"vouchsafe/internal/strictjson"
	"vouchsafe/internal/verdict"
	"vouchsafe/jose"
)

// A ClaimsProvider vouches for claims of its own, OpenID Connect Core 1.0, Section 5.6.2.
type ClaimsProvider struct {
	Issuer     string         // "iss" of what it signs
	Keys       jose.KeySource // its keys
	Algorithms []string       // that it signs with; if empty, RS256
	Endpoints  []string       // URLs at whose origins its distributed claims may be fetched
}

// checkProviders refuses entries by which nobody could vouch for anything.
func (c *Config) checkProviders() error {
	for _, p := range c.ClaimsProviders {
		_, err := httpclient.ParseOrigins(c.HTTP, p.Endpoints...)
		unknown := func(a string) bool { return !slices.Contains(jose.SignatureAlgorithms(), a) }
		if p.Issuer == "" || p.Keys == nil || len(p.Endpoints) > 0 && err != nil ||
			slices.ContainsFunc(p.Algorithms, unknown) {
			return checkError("claims_providers", "must have an issuer, keys, algorithms of "+
				"this module, and endpoints that can be asked", sourceClause)
		}
	}
	return nil
}

const (
	claimNames   = "_claim_names"
	claimSources = "_claim_sources"

	sourceClause = "OpenID Connect Core 1.0, Section 5.6.2"
)

// A ClaimSource is where claims are that another than the provider vouches for. Only
// [UserInfo.Sources] makes one. Printing it shows nothing.
type ClaimSource struct {
	held func() source
}

// A source is what a ClaimSource holds.
type source struct {
	claims      []string
	jwt         string // aggregated claims, or
	endpoint    string // where distributed ones are
	accessToken string // for endpoint, empty if there is none
}

func (s ClaimSource) source() source {
	if s.held == nil {
		return source{}
	}
	return s.held()
}

// Names returns the names of the claims that the source has, sorted.
func (s ClaimSource) Names() []string { return slices.Clone(s.source().claims) }

// Endpoint returns the URL that distributed claims are fetched from, and nothing for
// aggregated ones, which are there already.
func (s ClaimSource) Endpoint() string { return s.source().endpoint }

// Sources returns where the aggregated and distributed claims of a user are, OpenID
// Connect Core 1.0, Section 5.6.2: see [Client.ClaimsFrom]. A source that is not as the
// section has it is left out, and so is one that no claim refers to.
func (u *UserInfo) Sources() []ClaimSource {
	if u.body == nil {
		return nil
	}
	names, _ := strictjson.Parse(string(u.body.claims[claimNames])) // empty beside an error
	sources, _ := strictjson.Parse(string(u.body.claims[claimSources]))
	of := map[string][]string{}
	for claim, v := range names.All() {
		if name, ok := v.String(); ok && !slices.Contains(tokenClaims(), claim) {
			of[name] = append(of[name], claim)
		}
	}
	var list []ClaimSource
	for _, name := range slices.Sorted(maps.Keys(of)) {
		if s, ok := readSource(sources.Get(name)); ok {
			s.claims = slices.Sorted(slices.Values(of[name]))
			list = append(list, ClaimSource{func() source { return s }})
		}
	}
	return list
}

// tokenClaims are the claims by which a token speaks of itself and of a login. They are
// nobody else's.
func tokenClaims() []string {
	return []string{"iss", "sub", "aud", "exp", "nbf", "iat", "jti", "nonce", "azp", "auth_time",
		"acr", "amr", "at_hash", "c_hash", "s_hash", "sid", claimNames, claimSources}
}

// readSource reads a member of _claim_sources: aggregated claims or distributed ones, not
// both.
func readSource(v strictjson.Value) (source, bool) {
	m, err := strictjson.Parse(string(v), "JWT", "endpoint", "access_token")
	var s source
	ok := text(m.Get("JWT"), &s.jwt) && text(m.Get("endpoint"), &s.endpoint) &&
		text(m.Get("access_token"), &s.accessToken)
	const b64token = letters + digits + "-._~+/="
	return s, err == nil && ok && (s.jwt == "") != (s.endpoint == "") &&
		strings.Trim(s.accessToken, b64token) == ""
}

// SourcedClaims are claims of a user that another than the provider vouches for.
type SourcedClaims struct {
	Issuer string // who vouches for them: a [ClaimsProvider]

	claims *rawClaims // fmt follows no pointer in a struct
}

// Claims reads the claims into v, as [jose.Token.Claims] does.
func (s *SourcedClaims) Claims(v any) error {
	if s.claims == nil {
		return rawClaims{}.read(v)
	}
	return s.claims.read(v)
}

// ClaimsFrom returns the claims of a source, OpenID Connect Core 1.0, Section 5.6.2, if
// one of [Config].ClaimsProviders vouches for them: signed with its keys and algorithms,
// with its issuer as "iss". Aud and the times are checked if they are there. Of what is
// signed only the claims come out that the source was named for, and never those of the
// token itself, such as sub. That they are about this user is what the provider says.
//
// Distributed claims are fetched, once, from origins in Endpoints only, with the access
// token of the source if it has one; what is refused there is an [*oauth2.Error].
func (c *Client) ClaimsFrom(ctx context.Context, s ClaimSource) (*SourcedClaims, error) {
	claims, err := c.claimsFrom(ctx, s.source())
	if err != nil {
		return nil, fmt.Errorf("oidc: claim source: %w", err)
	}
	return claims, nil
}

func (c *Client) claimsFrom(ctx context.Context, s source) (*SourcedClaims, error) {
	l := verdict.New(ctx, checkError)
	if !l.Check(len(s.claims) > 0, "source", "must be of UserInfo.Sources", sourceClause) {
		return nil, l.Err()
	}
	jwt, providers, err := s.jwt, c.config.ClaimsProviders, error(nil)
	if s.endpoint != "" {
		jwt, providers, err = c.fetchClaims(ctx, s)
	}
	if err != nil {
		return nil, err
	}
	issuer := claimedIssuer(jwt) // which is unverified and finds the entry alone
	i := slices.IndexFunc(providers, func(p ClaimsProvider) bool { return p.Issuer == issuer })
	if !l.Check(issuer != "" && i >= 0, "iss", "must be one of the ClaimsProviders",
		sourceClause) {
		return nil, l.Err()
	}
	m, err := c.verifyObject(ctx, jwt, providers[i].signs())
	if err != nil {
		return nil, err
	}
	claims := rawClaims{}
	for _, name := range s.claims {
		if v := m.Get(name); v != "" {
			claims[name] = v.Raw()
		}
	}
	return &SourcedClaims{issuer, &claims}, nil
}

// signs returns what is asked of a token of p.
func (p ClaimsProvider) signs() signedObject {
	algorithms := p.Algorithms
	if len(algorithms) == 0 {
		algorithms = []string{"RS256"}
	}
	return signedObject{
		keys: p.Keys, algorithms: algorithms, issuer: p.Issuer, clause: sourceClause}
}

// fetchClaims fetches distributed claims, and returns who may vouch for what is there.
func (c *Client) fetchClaims(ctx context.Context, s source) (string, []ClaimsProvider, error) {
	l := verdict.New(ctx, checkError)
	req, err := newRequest(ctx, s.endpoint, typeJWT, "")
	if err != nil {
		return "", nil, err
	}
	providers := slices.DeleteFunc(slices.Clone(c.config.ClaimsProviders),
		func(p ClaimsProvider) bool { return !c.isAt(p, req) })
	if !l.Check(len(providers) > 0, "endpoint",
		"must be at the origin of one of the ClaimsProviders' Endpoints", sourceClause) {
		return "", nil, l.Err()
	}
	if s.accessToken != "" {
		req.Header.Set("Authorization", "Bearer "+s.accessToken)
	}
	resp, err := send(ctx, c.config.HTTP, req)
	if err != nil {
		return "", nil, err
	}
	l.Check(httpclient.HasMediaType(resp.Header, typeJWT), "content_type",
		"must be application/jwt", sourceClause)
	return string(resp.Body), providers, l.Err()
}

// isAt reports whether req goes to an origin of p's.
func (c *Client) isAt(p ClaimsProvider, req *http.Request) bool {
	origins, err := httpclient.ParseOrigins(c.config.HTTP, p.Endpoints...)
	return err == nil && origins.Check(req) == nil
}

// claimedIssuer returns the "iss" of a token that nobody has verified, or nothing.
func claimedIssuer(jwt string) string {
	issuer, _ := unverifiedClaims(jwt).Get("iss").String()
	return issuer
}
