package compliance

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"strings"

	"vouchsafe/httpclient"
	"vouchsafe/internal/strictjson"
	"vouchsafe/oauth2"
)

// A Response says where a token response has what RFC 6749, Sections 5.1 and 5.2 put in
// members of certain names. A place is the name of a member, or a JSON Pointer (RFC 6901). What
// becomes of the response is checked as any other.
type Response struct {
	// Success are the places that say so if a response is no error, and what stands there
	// then, as JSON text: {"status": "0"}. If one of them has something else, it is an error,
	// whatever the status.
	Success map[string]string

	// Error and ErrorDescription are where an error has its code, a text or a whole number,
	// and its description; if Error is empty, it is "error". Without Success, a response with
	// something at Error is an error. Codes are the codes of RFC 6749, by the provider's own.
	Error            string
	ErrorDescription string
	Codes            map[string]string

	// Unwrap is where an object is whose members belong to the response itself.
	Unwrap string

	// Names say where members are that have other names: {"access_token": "token"}. If nothing
	// is there, what has the member's own name is it; not so if it would be in an object, and
	// that is there.
	Names map[string]string

	// Drop are members that are as good as absent if they have this value, as JSON text:
	// {"expires_in": "0"}.
	Drop map[string]string

	// ScopeList reads a scope that is a list of texts.
	ScopeList bool

	// TokenType is the token_type, whatever the provider calls it.
	TokenType string
}

// hook returns what rewrites a response. One that is no strict JSON object, nor a form where
// that may be, stays as it is, for the reader to refuse.
func (r Response) hook(form bool) oauth2.ResponseHook {
	return func(_ context.Context, resp *httpclient.Response) error {
		body := strings.TrimSpace(string(resp.Body))
		if form && !strings.HasPrefix(body, "{") {
			body = strictjson.Form(body)
		}
		m, err := strictjson.Parse(body)
		if err != nil {
			return nil
		}
		resp.Body, err = json.Marshal(r.rewritten(m))
		return err
	}
}

func (r Response) rewritten(m strictjson.Object) map[string]json.RawMessage {
	if code, failed := r.failure(m); failed {
		members := membersOf(m)
		members["error"] = quoted(code)
		if text, ok := m.At(r.ErrorDescription).String(); ok && r.ErrorDescription != "" {
			members["error_description"] = quoted(text)
		}
		return members
	}
	m = r.unwrapped(m)
	members := membersOf(m)
	for _, place := range r.Names {
		if m.At(place) != "" {
			delete(members, topOf(place))
		}
	}
	for name, place := range r.Names {
		v := m.At(place)
		switch {
		case v != "":
			members[name] = v.Raw()
		case m.Get(topOf(place)) != "":
			delete(members, name) // which is another's, beside the object that ours would be in
		}
	}
	for name, value := range r.Drop {
		if string(members[name]) == value {
			delete(members, name)
		}
	}
	if list, ok := strictjson.Value(members["scope"]).Strings(); ok && r.ScopeList {
		members["scope"] = quoted(strings.Join(list, " "))
	}
	if r.TokenType != "" {
		members["token_type"] = quoted(r.TokenType)
	}
	return members
}

// unwrapped returns m with the members of the object at Unwrap in the place of that.
func (r Response) unwrapped(m strictjson.Object) strictjson.Object {
	inner, err := strictjson.Parse(string(m.At(r.Unwrap)))
	if r.Unwrap == "" || err != nil {
		return m
	}
	members := membersOf(m)
	delete(members, topOf(r.Unwrap))
	outer := string(members["error"])
	maps.Copy(members, membersOf(inner))
	if outer != "" && outer != "null" && outer != `""` { // must not be hidden
		members["error"] = json.RawMessage(outer)
	}
	text, _ := json.Marshal(members)
	m, _ = strictjson.Parse(string(text)) // too many members are none, and refused
	return m
}

// failure returns the code of an error, and whether there is one.
func (r Response) failure(m strictjson.Object) (code string, failed bool) {
	code = digitsOrText(m.At(cmp.Or(r.Error, "error")))
	failed = r.Success == nil && code != ""
	for place, value := range r.Success {
		if v := m.At(place); v != "" && string(v) != value {
			failed = true
		}
	}
	if known, ok := r.Codes[code]; ok {
		code = known
	}
	if code == "" {
		code = "error"
	}
	return code, failed
}

// topOf returns the member of the response that a place is in.
func topOf(place string) string {
	rest, ok := strings.CutPrefix(place, "/")
	if !ok {
		return place
	}
	name, _, _ := strings.Cut(rest, "/")
	return strings.NewReplacer("~1", "/", "~0", "~").Replace(name)
}

func quoted(s string) json.RawMessage {
	text, _ := json.Marshal(s)
	return text
}

// digitsOrText returns a string, or the digits of a whole number, with its sign.
func digitsOrText(v strictjson.Value) string {
	if s, ok := v.Text(); ok {
		return s
	}
	if _, ok := strictjson.Value(strings.TrimPrefix(string(v), "-")).Text(); ok {
		return string(v)
	}
	return ""
}
