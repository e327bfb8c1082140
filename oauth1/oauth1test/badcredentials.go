package oauth1test

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// temporaryFaults are what can be wrong with temporary credentials alone.
func temporaryFaults() []Misbehavior {
	const clause, name = "RFC 5849, Section 2.1", "oauth_callback_confirmed"
	return []Misbehavior{{
		Name: "confirmed_missing", Does: "does not confirm the callback",
		Clause: clause, step: stepTemporary, edit: form(without(name)),
	}, {
		Name: "confirmed_empty", Does: "has oauth_callback_confirmed be empty",
		Clause: clause, step: stepTemporary, edit: form(with(name, "")),
	}, {
		Name: "confirmed_false", Does: "has oauth_callback_confirmed be false",
		Clause: clause, step: stepTemporary, edit: form(with(name, "false")),
	}, {
		Name: "confirmed_twice", Does: "confirms the callback, and does not",
		Clause: "RFC 5849, Section 3.1", step: stepTemporary, edit: form(twice(name, "false")),
	}, {
		Name: "oauth_1_0", Does: "speaks OAuth 1.0, which lets an attacker fix the session",
		Clause: clause, step: stepTemporary, edit: form(without(name)),
		callback: without("oauth_verifier"), unguarded: true,
	}}
}

// credentialFaults are what can be wrong with credentials, in whichever answer.
func credentialFaults(at step, task, what, clause string) []Misbehavior {
	list := []Misbehavior{{
		Name: "identifier_missing", Does: "gives out %s without oauth_token",
		edit: form(without("oauth_token")),
	}, {
		Name: "identifier_empty", Does: "gives out %s with an empty oauth_token",
		edit: form(with("oauth_token", "")),
	}, {
		Name: "identifier_twice", Does: "gives out %s with two values of oauth_token",
		Clause: "RFC 5849, Section 3.1", edit: form(twice("oauth_token", "another")),
	}, {
		Name: "secret_missing", Does: "gives out %s without oauth_token_secret",
		edit: form(without("oauth_token_secret")),
	}, {
		Name: "secret_empty", Does: "gives out %s with an empty oauth_token_secret",
		edit: form(with("oauth_token_secret", "")),
	}, {
		Name: "secret_twice", Does: "gives out %s with two values of oauth_token_secret",
		Clause: "RFC 5849, Section 3.1", edit: form(twice("oauth_token_secret", "another")),
	}, {
		Name: "not_utf8", Does: "gives out %s whose secret is not UTF-8",
		Clause: "RFC 5849, Section 3.6",
		edit:   form(func(v url.Values) { v.Set("oauth_token_secret", "\xff") }),
	}, {
		Name: "html", Does: "answers with a page where there should be %s",
		edit: text(func(body string) string { return "<!DOCTYPE html><!--&" + body + "&-->" }),
	}, {
		Name: "json_cut_short", Does: "answers with half a JSON object where there should be %s",
		edit: text(func(body string) string { return jsonOf(body, "") }),
	}, {
		Name: "json_identifier_twice", Does: "answers with a JSON object of two tokens, not %s",
		Clause: "RFC 8259, Section 4",
		edit:   text(func(body string) string { return jsonOf(body, `,"oauth_token":"another"}`) }),
	}, {
		Name: "too_long", Does: "gives out %s with 10 MiB more",
		Clause: "RFC 5849, Section 4.10",
		edit: text(func(body string) string {
			return "more=" + strings.Repeat("x", 10<<20) + "&" + body // who reads a part has none
		}),
	}, {
		Name: "cut_short", Does: "loses the connection while it gives out %s",
		Clause: "RFC 9112, Section 8",
		edit: func(_ *Provider, _ *request, a *answer) {
			a.header.Set("Content-Length", strconv.Itoa(len(a.body)+100))
		},
	}, {
		Name: "status_401", Does: "refuses with status 401, beside %s",
		edit: problem("permission_unknown"),
	}, {
		Name: "status_500", Does: "fails with status 500, beside %s",
		edit: fail,
	}, {
		Name: "problem", Does: "reports a problem with status 200, beside %s",
		Clause: problemClause, edit: form(with("oauth_problem", "permission_unknown")),
	}, {
		Name: "error_object", Does: "reports an error as JSON with status 200, not %s",
		edit: text(func(string) string { return `{"error":"not-now","message":"Not now."}` }),
	}, {
		Name: "redirect", Does: "redirects to another origin, which gives out %s",
		Clause: "RFC 5849, Section 4.3", edit: elsewhere,
	}}
	for i := range list {
		m := &list[i]
		m.Name, m.Does = string(at)+"_"+m.Name, fmt.Sprintf(m.Does, what)
		m.step, m.task = at, task
		if m.Clause == "" {
			m.Clause = clause
		}
	}
	return list
}

// jsonOf returns a form's credentials as a JSON object that ends in end.
func jsonOf(body, end string) string {
	v, _ := url.ParseQuery(body)
	return fmt.Sprintf(`{"oauth_token":%q,"oauth_token_secret":%q,"oauth_callback_confirmed":%q`,
		v.Get("oauth_token"), v.Get("oauth_token_secret"), "true") + end
}

// renewalFaults are what keeps a token from being renewed.
func renewalFaults() []Misbehavior {
	return []Misbehavior{{
		Name: "session_handle_missing", Does: "gives out a token that cannot be renewed",
		Clause: sessionClause, task: Renewal,
		step: stepToken, edit: form(without("oauth_session_handle")),
	}, {
		Name: "session_handle_empty", Does: "gives out a token with an empty session handle",
		Clause: sessionClause, task: Renewal,
		step: stepToken, edit: form(with("oauth_session_handle", "")),
	}}
}
