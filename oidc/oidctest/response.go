package oidctest

import (
	"crypto/rand"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// responseTypes are those of OpenID Connect Core 1.0, Section 3, and code token.
var responseTypes = []string{"code", "code id_token", "code token", "code id_token token",
	"id_token", "id_token token"}

// parseResponseType returns what a response type brings, in whatever order it says so (RFC
// 6749, Section 3.1.1), and nothing for one that is not served.
func parseResponseType(text string) []string {
	asked := slices.Sorted(strings.FieldsSeq(text))
	for _, served := range responseTypes {
		if slices.Equal(asked, slices.Sorted(strings.FieldsSeq(served))) {
			return asked
		}
	}
	return nil
}

// has reports whether the response brings "code", "token" or "id_token".
func (req request) has(what string) bool { return slices.Contains(req.types, what) }

// bringsTokens reports whether what the browser brings must not be in a query (OAuth 2.0
// Multiple Response Type Encoding Practices, Sections 3.0 and 5).
func (req request) bringsTokens() bool { return req.has("token") || req.has("id_token") }

// responseModes are those of OAuth 2.0 Multiple Response Type Encoding Practices, Section
// 2.1, OAuth 2.0 Form Post Response Mode, and JARM, Section 2.3.
var responseModes = []string{"query", "fragment", "form_post", "jwt", "query.jwt",
	"fragment.jwt", "form_post.jwt"}

// setMode settles how the response is brought, and reports whether what was asked for is
// possible. If it is not, the response type decides.
func (req *request) setMode(asked string) bool {
	usual := "query"
	if req.bringsTokens() {
		usual = "fragment"
	}
	req.mode = usual
	switch asked {
	case "":
		return true
	case "jwt":
		req.mode += ".jwt"
		return true
	}
	// JARM, Section 2.3.1: in a query, what is a secret must be encrypted.
	exposed := asked == "query" ||
		asked == "query.jwt" && req.client.ResponseEncryption.Key == nil
	if !slices.Contains(responseModes, asked) || exposed && req.bringsTokens() {
		return false
	}
	req.mode = asked
	return true
}

// respond sends the browser back, with state, iss (RFC 9207, Section 2) and session_state
// (OpenID Connect Session Management 1.0, Section 2).
func (p *Provider) respond(w http.ResponseWriter, r *http.Request, req request,
	answer url.Values) {
	u, err := url.Parse(req.redirectURI)
	if err != nil {
		p.refusePage(w, WrongRedirectURI)
		return
	}
	answer.Set("iss", p.Issuer())
	if req.state != "" {
		answer.Set("state", req.state)
	}
	if slices.Contains(req.scopes, "openid") {
		browser := p.browserState(w, r, !answer.Has("error"))
		answer.Set("session_state", sessionState(req.client.ID, origin(u), browser, rand.Text()))
	}
	encoding, secured := strings.CutSuffix(req.mode, ".jwt")
	if secured {
		answer.Set("aud", req.client.ID)
		answer.Set("exp", strconv.FormatInt(p.options.Now().Add(responseLife).Unix(), 10))
	}
	if p.options.EditResponse != nil {
		p.options.EditResponse(answer)
	}
	if secured {
		answer, err = p.secure(answer, req.client)
	}
	if err != nil {
		http.Error(w, "the response cannot be signed", http.StatusInternalServerError)
		return
	}
	send(w, r, u, encoding, answer)
}

// responseLife is the most that JARM, Section 2.1 recommends.
const responseLife = 10 * time.Minute

// secure makes one parameter of a response, JARM, Section 2.1. Numbers are numbers in it.
func (p *Provider) secure(answer url.Values, client Client) (url.Values, error) {
	claims := map[string]any{}
	for name := range answer {
		claims[name] = answer.Get(name)
		n, err := strconv.ParseInt(answer.Get(name), 10, 64)
		if err == nil && (name == "exp" || name == "expires_in") {
			claims[name] = n
		}
	}
	response, err := p.sign(claims, "JWT", client,
		p.or(client.ResponseAlgorithm), client.ResponseEncryption)
	return url.Values{"response": {response}}, err
}

// send brings parameters to u. 303 keeps a form that was posted here from being posted
// there (RFC 9700, Section 4.12).
func send(w http.ResponseWriter, r *http.Request, u *url.URL, encoding string,
	params url.Values) {
	switch encoding {
	case "form_post":
		serveFormPost(w, u.String(), params)
		return
	case "fragment":
		http.Redirect(w, r, u.String()+"#"+params.Encode(), http.StatusSeeOther)
		return
	}
	q := u.Query()
	for name, values := range params {
		q[name] = values
	}
	u.RawQuery = q.Encode()
	http.Redirect(w, r, u.String(), http.StatusSeeOther)
}
