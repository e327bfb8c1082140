package oauth1test

import "net/url"

// callbackFaults are what can be wrong with a callback, RFC 5849, Section 2.2.
func callbackFaults() []Misbehavior {
	const clause = "RFC 5849, Section 2.2"
	denied := func(v url.Values) {
		token := v.Get("oauth_token")
		clear(v)
		v.Set("denied", token)
	}
	return []Misbehavior{{
		Name: "callback_other_token", Does: "comes back with another login's oauth_token",
		Clause: clause, callback: with("oauth_token", "another"),
	}, {
		Name: "callback_token_missing", Does: "comes back without oauth_token",
		Clause: clause, callback: without("oauth_token"),
	}, {
		Name: "callback_token_empty", Does: "comes back with an empty oauth_token",
		Clause: clause, callback: with("oauth_token", ""),
	}, {
		Name: "callback_token_twice", Does: "comes back with two values of oauth_token",
		Clause: "RFC 5849, Section 3.1", callback: twice("oauth_token", "another"),
	}, {
		Name: "callback_verifier_missing", Does: "comes back without oauth_verifier",
		Clause: clause, callback: without("oauth_verifier"), unguarded: true,
	}, {
		Name: "callback_verifier_empty", Does: "comes back with an empty oauth_verifier",
		Clause: clause, callback: with("oauth_verifier", ""), unguarded: true,
	}, {
		Name: "callback_verifier_twice", Does: "comes back with two values of oauth_verifier",
		Clause: "RFC 5849, Section 3.1", callback: twice("oauth_verifier", "another"),
	}, {
		Name: "callback_denied", Does: "says that the user refused, by denied, as X does",
		Clause: clause, callback: denied, unguarded: true,
	}, {
		Name: "callback_problem", Does: "says that the user refused, by oauth_problem",
		Clause: problemClause, callback: with("oauth_problem", "user_refused"),
	}}
}
