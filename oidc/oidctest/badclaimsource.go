package oidctest

import (
	"net/http"
	"strings"
	"time"

	"vouchsafe/jose"
)

// A ClaimsProvider is one whose word a client takes for claims of a user beside the OpenID
// Provider's, OpenID Connect Core 1.0, Section 5.6.2.
type ClaimsProvider struct {
	Issuer   string
	Keys     *jose.Set // for RS256
	Endpoint string    // of distributed claims
}

const (
	bank      = "https://bank.example"
	bankToken = "ksj3n283dke"
	bankClaim = "shipping_address"
)

// claimsProvider is the one of a suite, mounted at the provider's base.
func (p *Provider) claimsProvider() *ClaimsProvider {
	key := must(jose.NewKey(strangersKey().Public(), jose.KeyOptions{Algorithm: "RS256"}))
	return &ClaimsProvider{bank, jose.NewSet(key), p.Endpoint("claims")}
}

// claimSourceFaults are those of claims that another vouches for.
func claimSourceFaults() []Misbehavior {
	const clause = core + "5.6.2"
	usual := func(token string) string { return token }
	good := func(p *Provider) string { return bankSays(p, nil) }
	saying := func(change edit) bend {
		return aggregated(func(p *Provider) string { return bankSays(p, change) })
	}
	forgedBy := func(change func(*Provider, string) string) bend {
		return aggregated(func(p *Provider) string { return change(p, good(p)) })
	}
	list := []Misbehavior{
		{Name: "aggregated", Does: "come with UserInfo", Harmless: true,
			Modules: []string{module + "aggregated-claims"}, bend: aggregated(good)},
		{Name: "distributed", Does: "are to be fetched", Harmless: true,
			Modules: []string{module + "distributed-claims"},
			bend:    distributed("claims", "application/jwt", usual)},
		{Name: "of_another_issuer", Does: "are of a stranger", bend: saying(put("iss", stranger))},
		{Name: "without_iss", Does: "are of nobody", bend: saying(drop("iss"))},
		{Name: "for_another_client", Does: "are for another client",
			bend: saying(put("aud", "stranger"))},
		{Name: "expired", Does: "have expired",
			bend: saying(put("exp", fromNow(-10*time.Minute)))},
		{Name: "not_yet_good", Does: "are not good yet: nbf",
			bend: saying(put("nbf", fromNow(time.Hour)))},
		{Name: "of_next_week", Does: "will be issued in a week", Optional: true,
			bend: saying(put("iat", week))},
		{Name: "unsigned", Does: "are not signed", bend: forgedBy(unsigned)},
		{Name: "with_bad_signature", Does: "have a signature that does not verify",
			bend: forgedBy(badlySigned)},
		{Name: "of_another_key", Does: "are signed by the OpenID Provider for another",
			bend: forgedBy(under(`{"alg":"RS256"}`))},
		{Name: "of_another_type", Does: "are a token of another type, at+jwt",
			bend: aggregated(func(p *Provider) string {
				return byHand(strangersKey(), `{"alg":"RS256","typ":"at+jwt"}`,
					payloadOf(good(p)))
			})},
		{Name: "elsewhere", Does: "are to be fetched where the client trusts nobody",
			bend: distributed(stranger, "application/jwt", usual)},
		{Name: "of_another_media_type",
			Does: "are to be fetched, and have the media type of a page", Optional: true,
			bend: distributed("claims", "text/html", usual)},
		{Name: "endless", Does: "are to be fetched, and go on without end",
			bend: distributed("claims", "application/jwt", endless)},
	}
	name(list, "claims_", "claims of another ")
	for i := range list {
		list[i].Clause, list[i].ask.Task = clause, ClaimSources
	}
	return list
}

// bankSays is what the claims provider signs.
func bankSays(p *Provider, change edit) string {
	claims := map[string]any{"iss": bank, bankClaim: "Main Street"}
	if change != nil {
		change(p, claims)
	}
	return byHand(strangersKey(), `{"alg":"RS256","typ":"JWT"}`, jsonOf(claims))
}

// aggregated has UserInfo bring a token of the claims provider.
func aggregated(token func(p *Provider) string) bend {
	return inUserInfo(func(p *Provider, claims map[string]any) {
		claims["_claim_names"] = map[string]string{bankClaim: "bank"}
		claims["_claim_sources"] = map[string]any{"bank": map[string]string{"JWT": token(p)}}
	})
}

// distributed has UserInfo say where that token is, and serves it there.
func distributed(endpoint, mediaType string, change func(string) string) bend {
	return func(p *Provider) {
		place := endpoint
		if !strings.HasPrefix(endpoint, "https:") {
			place = p.Endpoint(endpoint)
		}
		inUserInfo(func(_ *Provider, claims map[string]any) {
			claims["_claim_names"] = map[string]string{bankClaim: "bank"}
			claims["_claim_sources"] = map[string]any{"bank": map[string]string{
				"endpoint": place, "access_token": bankToken}}
		})(p)
		next := p.handler
		p.handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !strings.HasSuffix(r.URL.Path, "/claims") {
				next.ServeHTTP(w, r)
				return
			}
			if r.Header.Get("Authorization") != "Bearer "+bankToken {
				p.refuse(UnusableAccessToken)
				http.Error(w, string(UnusableAccessToken), http.StatusUnauthorized)
				return
			}
			w.Header().Set("Content-Type", mediaType)
			w.Write([]byte(change(bankSays(p, nil))))
		})
	}
}
