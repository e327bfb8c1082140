package oidc

import (
	"net/http"
	"net/url"
	"slices"

	"vouchsafe/httpclient"
	"vouchsafe/internal/localpath"
	"vouchsafe/internal/verdict"
	"vouchsafe/oauth2"
)

// A ThirdPartyLogin is what another site, the provider's page of applications say, asks for
// when it sends the browser here to log in: OpenID Connect Core 1.0, Section 4.
type ThirdPartyLogin struct {
	// Issuer is where to log in, one of those allowed.
	Issuer string

	// LoginHint is for AuthorizationOptions.LoginHint. It is whatever the other site says.
	LoginHint string

	// Target is where to go on after the login, a path of this site, empty if the other
	// site did not say.
	Target string
}

// ThirdPartyOptions say what [ReadThirdPartyLogin] accepts. Issuers are required.
type ThirdPartyOptions struct {
	// Issuers are the issuers at which a login may be begun.
	Issuers []string

	// BaseURL is this site's origin, "https://app.example". If empty, a request that says
	// where to go on is refused.
	BaseURL string
}

const thirdPartyClause = "OpenID Connect Core 1.0, Section 4"

// ReadThirdPartyLogin reads a request to the site's initiate_login_uri, a GET or a POST.
// What follows is a login of this site's own as any other, begun with Client.Authorize: the
// request proves nothing. It must not log anybody out, and the endpoint must not show in a
// frame.
//
// The error is a [*jose.CheckError]: iss is not allowed, or target_link_uri leads to
// another site.
func ReadThirdPartyLogin(r *http.Request, o ThirdPartyOptions) (ThirdPartyLogin, error) {
	params, err := oauth2.ReadCallback(r)
	if err != nil {
		return ThirdPartyLogin{}, err
	}
	l := verdict.New(r.Context(), checkError)
	issuer := params.Get("iss")
	l.Check(single(params), "parameters", "must come at most once each", thirdPartyClause)
	l.Check(issuer != "" && slices.Contains(o.Issuers, issuer), "iss",
		"must be one of the issuers allowed", thirdPartyClause)
	target, ok := localTarget(params.Get("target_link_uri"), o.BaseURL)
	l.Check(ok, "target_link_uri", "must be of this site", thirdPartyClause)
	if l.Err() != nil {
		return ThirdPartyLogin{}, l.Err()
	}
	return ThirdPartyLogin{issuer, params.Get("login_hint"), target}, nil
}

// localTarget returns the path that a URL of the site at base is, or empty for none.
func localTarget(target, base string) (path string, ok bool) {
	if target == "" {
		return "", true
	}
	b, err := httpclient.CheckURL(nil, base)
	if err != nil {
		return "", false
	}
	u, err := url.Parse(target)
	if err != nil || u.Scheme != b.Scheme || u.Host != b.Host || u.User != nil {
		return "", false
	}
	local := url.URL{Path: u.Path, RawPath: u.RawPath, RawQuery: u.RawQuery}
	if local.Path == "" {
		local.Path = "/"
	}
	return local.String(), localpath.Valid(local.String())
}

// single reports whether no parameter has two values.
func single(params url.Values) bool {
	for _, values := range params {
		if len(values) > 1 {
			return false
		}
	}
	return true
}
