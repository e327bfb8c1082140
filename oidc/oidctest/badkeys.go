package oidctest

import (
	"crypto/rand"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// keyFaults are those of the provider's keys.
func keyFaults() []Misbehavior {
	const clause, rotation = "RFC 7517, Section 5", core + "10.1.1"
	list := []Misbehavior{
		{Name: "missing", Does: "are nowhere", Clause: core + "10.1",
			bend: quietly(instead(http.StatusNotFound, "text/plain", "nothing here"), atKeys...)},
		{Name: "not_json", Does: "are no JSON", Clause: clause,
			bend: quietly(body(notJSON), atKeys...)},
		{Name: "in_a_bare_list", Does: "are a list, in no object", Clause: clause,
			bend: quietly(body(func(set string) string { return "[" + set + "]" }), atKeys...)},
		{Name: "none", Does: "are none", Clause: clause, bend: inKeys(
			func([]map[string]any) []map[string]any { return nil })},
		{Name: "endless", Does: "go on without end", Clause: clause,
			bend: quietly(body(endless), atKeys...)},
		{Name: "for_encryption", Does: "are for encryption alone", Clause: "RFC 7517, Section 4.2",
			bend: inEachKey("use", "enc")},
		{Name: "for_another_algorithm", Does: "are for PS256 alone",
			Clause: "RFC 7517, Section 4.4", bend: inEachKey("alg", "PS256")},
		{Name: "of_other_ids", Does: "have other IDs than tokens name",
			Clause: "RFC 7515, Section 4.1.4", Optional: true, bend: inEachKey("kid", "other")},
		{Name: "too_weak", Does: "are RSA keys of 1024 bits", Clause: "RFC 7518, Section 3.3",
			bend: func(p *Provider) {
				inEachKey("n", rsaJWK(weakKey())["n"])(p)
				signed(byWeakKey, atIDToken...)(p)
			}},
		{Name: "a_thousand", Does: "are more than anybody has", Clause: clause,
			Optional: true, bend: inKeys(thousand)},
		{Name: "with_others_beside", Does: "are beside some that nobody can use",
			Clause: clause, Harmless: true, bend: inKeys(unusableBeside)},
		{Name: "elsewhere", Does: "are at another URI for each client", Harmless: true,
			Clause:  "OpenID Connect Discovery 1.0, Section 3",
			Modules: []string{module + "discovery-jwks-uri-keys"}, bend: moved},
		{Name: "rotated", Does: "are others, the old ones gone, for the second login",
			Clause: rotation, Harmless: true, Modules: []string{module + "signing-key-rotation",
				module + "signing-key-rotation-just-before-signing"},
			ask: Attempt{Task: Twice}, bend: rotating(false)},
		{Name: "rotated_with_the_old",
			Does:   "are others, beside the old ones, for the second login",
			Clause: rotation, Harmless: true, Modules: []string{module + "signing-key-rotation"},
			ask: Attempt{Task: Twice}, bend: rotating(true)},
	}
	name(list, "keys_", "the keys ")
	for i := range list {
		list[i].bend = all(list[i].bend, verified)
		if list[i].types == nil && list[i].ask.Task == "" {
			list[i].types = []string{"code", "code id_token", "id_token"}
		}
	}
	return list
}

// verified marks the provider when there is an ID Token to verify: clients fetch keys then, or
// long before.
func verified(p *Provider) {
	before := p.options.EditIDToken
	p.options.EditIDToken = func(claims map[string]any) {
		if before != nil {
			before(claims)
		}
		p.mark()
	}
}

// inKeys edits the list of keys.
func inKeys(change func(keys []map[string]any) []map[string]any) bend {
	return quietly(func(p *Provider, a *answer) {
		var set struct {
			Keys []map[string]any `json:"keys"`
		}
		if a.status == http.StatusOK && json.Unmarshal([]byte(a.body), &set) == nil {
			set.Keys = append([]map[string]any{}, change(set.Keys)...)
			a.body = jsonOf(set)
		}
	}, atKeys...)
}

// inEachKey sets a member of the keys that sign.
func inEachKey(name string, value any) bend {
	return inKeys(func(keys []map[string]any) []map[string]any {
		for _, key := range keys {
			if key["kty"] == "RSA" {
				key[name] = value
			}
		}
		return keys
	})
}

// byWeakKey signs with a key of 1024 bits, which verifies for who accepts such keys.
func byWeakKey(p *Provider, token string) string {
	return byHand(weakKey(), kidHeader(p), payloadOf(token))
}

// nameless adds RSA keys to those of the provider, and takes the names of all away.
func nameless(p *Provider) {
	inKeys(func(keys []map[string]any) []map[string]any {
		keys = append([]map[string]any{rsaJWK(strangersKey())}, keys...)
		for _, key := range keys {
			delete(key, "kid")
		}
		return keys
	})(p)
}

// thousand has many keys come before the one that signs.
func thousand(keys []map[string]any) []map[string]any {
	return append(slices.Repeat([]map[string]any{rsaJWK(strangersKey())}, 1000), keys...)
}

// unusableBeside has keys come first that are none, private, or of no known type.
func unusableBeside(keys []map[string]any) []map[string]any {
	return append([]map[string]any{
		{"kty": "X1", "kid": "x"},
		{"kty": "RSA", "kid": "weak", "n": "AQAB", "e": "AQAB"},
		{"kty": "oct", "kid": "secret", "k": "c2VjcmV0"},
		{"kty": "EC", "kid": "curve", "crv": "P-256", "x": "AA", "y": "AA"},
	}, keys...)
}

// moved publishes the keys where they have never been.
func moved(p *Provider) {
	place := "/keys/" + rand.Text()
	next := p.handler
	p.handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, place) {
			p.serveKeys(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
	inMetadata(put("jwks_uri", p.Issuer()+place))(p)
}

// rotating has the second ID Token signed with new keys.
func rotating(keep bool) bend {
	return fromSecond(inIDToken, func(p *Provider, _ map[string]any) {
		must(0, p.RotateKeys(keep))
	})
}
