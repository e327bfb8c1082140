package oauth2

import (
	"cmp"
	"net/url"
	"strings"

	"vouchsafe/internal/verdict"
)

const (
	typesClause = "OAuth 2.0 Multiple Response Type Encoding Practices, Section 5"
	modesClause = "OAuth 2.0 Multiple Response Type Encoding Practices, Section 2.1"

	openID = "openid"
)

// A responseType is a response_type of several words; empty means code.
type responseType string

func (t responseType) known() bool {
	switch t {
	case "", "code", "id_token", "id_token token", "code id_token", "code token",
		"code id_token token":
		return true
	}
	return false
}

// brings reports whether one of t's words is word.
func (t responseType) brings(word string) bool {
	for w := range strings.SplitSeq(cmp.Or(string(t), "code"), " ") {
		if w == word {
			return true
		}
	}
	return false
}

// allow reports whether a response of type t may come in mode.
func (t responseType) allow(mode string) bool {
	switch mode {
	case "query", "query.jwt":
		return !t.brings("id_token") && !t.brings("token")
	case "", "fragment", "form_post", "jwt", "fragment.jwt", "form_post.jwt":
		return true
	}
	return false
}

// checkTypeAndMode checks the kind of a response, and how it is to come.
func checkTypeAndMode(l *verdict.List, typ, mode string) {
	types := responseType(typ)
	l.Check(types.known(), "response_type",
		"must be code or one of those with it or id_token that are registered", typesClause)
	l.Check(types.allow(mode), "response_mode",
		"must be query, fragment, form_post, one of them with .jwt, or jwt; no query for tokens",
		modesClause)
}

// InFragment reports whether the response to a request with these options comes in the URL's
// fragment, for [RelayFragment]: OAuth 2.0 Multiple Response Type Encoding Practices, Section 5,
// and JARM, Section 2.3.
func (o AuthorizationOptions) InFragment() bool {
	switch o.ResponseMode {
	case "", "jwt":
		return !responseType(o.ResponseType).allow("query")
	}
	return strings.HasPrefix(o.ResponseMode, "fragment")
}

// isJWT reports whether a response in mode is a JSON Web Token.
func isJWT(mode string) bool { return mode == "jwt" || strings.HasSuffix(mode, ".jwt") }

// bringsOnly reports whether params have the tokens that t brings, and neither a token nor
// a code that it does not.
func (t responseType) bringsOnly(params url.Values) bool {
	return (params.Get("access_token") != "") == t.brings("token") &&
		(params.Get("id_token") != "") == t.brings("id_token") &&
		(params.Get("code") == "" || t.brings("code"))
}
