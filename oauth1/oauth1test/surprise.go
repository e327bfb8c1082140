package oauth1test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// optionalCredentials are what RFC 5849 does not have, and some clients read.
func optionalCredentials() []Misbehavior {
	whole := text(func(body string) string { return jsonOf(body, "}") })
	return []Misbehavior{{
		Name: "temporary_json", Does: "gives out temporary credentials as JSON",
		Clause: "RFC 5849, Section 2.1", Optional: true, step: stepTemporary, edit: whole,
	}, {
		Name: "token_json", Does: "gives out a token as JSON",
		Clause: "RFC 5849, Section 2.3", Optional: true, step: stepToken, edit: whole,
	}}
}

// harmlessCredentials are the ways in which answers differ from provider to provider.
func harmlessCredentials() []Misbehavior {
	list := []Misbehavior{{
		Name: "text_html", Does: "calls a form text/html, as X does",
		edit: func(_ *Provider, _ *request, a *answer) {
			a.header.Set("Content-Type", "text/html;charset=utf-8")
		},
	}, {
		Name: "no_content_type", Does: "does not say that a form is one",
		edit: func(_ *Provider, _ *request, a *answer) { a.header["Content-Type"] = nil },
	}, {
		Name: "extra_parameters", Does: "gives out more than it has to", Clause: additional,
		edit: form(func(v url.Values) { v.Set("name", "Älice & Bob\r\n"); v.Set("note", "") }),
	}, {
		Name: "other_order", Does: "has the parameters in another order",
		edit: text(func(body string) string {
			parts := strings.Split(body, "&")
			slices.Reverse(parts)
			return strings.Join(parts, "&")
		}),
	}, {
		Name: "escapes", Does: "encodes what needs no encoding",
		edit: text(func(body string) string { return strings.ReplaceAll(body, "_", "%5f") }),
	}, {
		Name: "line_end", Does: "ends the form with a line feed",
		edit: text(func(body string) string { return body + "\n" }),
	}}
	for i := range list {
		m := &list[i]
		m.Harmless = true
		if m.Clause == "" {
			m.Clause = "RFC 5849, Section 2.3"
		}
	}
	temporary, token := slices.Clone(list), list
	for i := range list {
		temporary[i].step, temporary[i].Name = stepTemporary, "temporary_"+list[i].Name
		token[i].step, token[i].Name = stepToken, "token_"+list[i].Name
	}
	return slices.Concat(temporary, token)
}

// harmlessTokens are the ways in which tokens and callbacks do.
func harmlessTokens() []Misbehavior {
	const values = "RFC 5849, Section 2" // "should not make assumptions about the possible range"
	return []Misbehavior{{
		Name: "callback_extra_parameters", Does: "comes back with more than it has to",
		Clause: "RFC 5849, Section 2.2", Harmless: true, callback: with("locale", "en"),
	}, {
		Name: "tokens_reserved", Does: "has characters in tokens that have to be encoded",
		Clause: values, Harmless: true, ending: `+/=%2B&"';,é <b>`,
	}, {
		Name: "tokens_control", Does: "has ends of lines in tokens",
		Clause: values, Harmless: true, ending: "\r\nX-Injected: 1\t\x7f.",
	}, {
		Name: "tokens_long", Does: "has tokens of 2,000 characters",
		Clause: values, Harmless: true, ending: strings.Repeat("x", 2000),
	}, {
		Name:   "token_of_before",
		Does:   "gives the token the identifier of the temporary credentials",
		Clause: "RFC 5849, Section 2.3", Harmless: true, step: stepToken,
		edit: func(p *Provider, r *request, a *answer) {
			form(func(v url.Values) {
				p.tokens[r.Token] = p.tokens[v.Get("oauth_token")]
				delete(p.temporary, r.Token)
				v.Set("oauth_token", r.Token)
			})(p, r, a)
		},
	}, {
		Name: "token_confirmed", Does: "confirms the callback once more, with the token",
		Clause: additional, Harmless: true, step: stepToken,
		edit: form(with("oauth_callback_confirmed", "true")),
	}, {
		Name: "expires_in_words", Does: "has oauth_expires_in be no number",
		Clause: additional, Optional: true, step: stepToken,
		edit: form(with("oauth_expires_in", "soon")),
	}, {
		Name: "session_handle_kept", Does: "renews a token without another session handle",
		Clause: sessionClause, Harmless: true, task: Renewal,
		step: stepRenewal, edit: form(without("oauth_session_handle")),
	}}
}

// harmlessClocks are the ways in which clocks do.
func harmlessClocks() []Misbehavior {
	return []Misbehavior{{
		Name: "date_far_off", Does: "has a Date that is two hours off",
		Clause: "RFC 5849, Section 3.3", Harmless: true, date: -2 * time.Hour,
	}, {
		Name: "clock_ahead", Does: "has a clock that is an hour ahead, and says so",
		Clause: "RFC 5849, Section 3.3", Harmless: true, task: Clock, skew: time.Hour,
	}, {
		Name: "clock_back", Does: "refuses a timestamp as too late, wrongly, where none may fall",
		Clause: "OAuth Core 1.0a, Section 8", Harmless: true, task: Clock, step: stepTemporary,
		edit: func(p *Provider, r *request, a *answer) {
			if !p.misbehaved {
				problem("timestamp_refused")(p, r, a)
				past := p.options.Now().Add(-time.Hour)
				a.header.Set("Date", past.UTC().Format(http.TimeFormat))
			}
		},
	}}
}
