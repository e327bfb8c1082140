package oauth1test

import "net/url"

// apiFaults are what an API can answer.
func apiFaults() []Misbehavior {
	withToken := func(p *Provider, r *request, a *answer) {
		query := url.Values{"oauth_token": {r.Token}}
		a.redirect(p.Endpoint("me") + "?" + query.Encode())
	}
	within := func(p *Provider, _ *request, a *answer) {
		if !p.misbehaved { // the second request is answered
			a.redirect(p.Endpoint("me") + "?again=true")
		}
	}
	list := []Misbehavior{{
		Name: "api_redirect", Does: "has its API redirect to another origin",
		Clause: "RFC 5849, Section 4.3", step: stepAPI, edit: elsewhere,
	}, {
		Name: "api_redirect_with_token", Does: "has its API redirect to a URL with oauth_token",
		Clause: "RFC 5849, Section 3.1", step: stepAPI, edit: withToken,
	}, {
		Name: "api_redirect_within", Does: "has its API redirect within its origin",
		Clause: "RFC 9110, Section 15.4.8", Optional: true, step: stepAPI, edit: within,
	}, {
		Name: "api_status_500", Does: "has its API fail with status 500",
		Clause: "RFC 9110, Section 15.6.1", step: stepAPI, edit: fail, mayFollow: true,
	}}
	for _, name := range []string{
		"token_expired", "token_revoked", "nonce_used", "timestamp_refused",
	} {
		list = append(list, Misbehavior{
			Name: "api_" + name, Does: "has its API refuse with the problem " + name,
			Clause: problemClause, step: stepAPI, edit: problem(name), mayFollow: true,
		})
	}
	return list
}
