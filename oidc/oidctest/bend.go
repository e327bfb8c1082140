package oidctest

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// A bend changes a provider that was just made.
type bend func(p *Provider)

// An edit changes members: of claims, metadata, or an answer.
type edit func(p *Provider, members map[string]any)

// A fromNow is a time in a token, as long after now.
type fromNow time.Duration

// put adds or replaces a member.
func put(name string, value any) edit {
	return func(p *Provider, members map[string]any) {
		if d, ok := value.(fromNow); ok {
			members[name] = p.options.Now().Add(time.Duration(d)).Unix()
			return
		}
		members[name] = value
	}
}

// swap replaces a member that is there.
func swap(name string, value any) edit {
	return func(p *Provider, members map[string]any) {
		if _, ok := members[name]; ok {
			members[name] = value
		}
	}
}

// drop removes members.
func drop(names ...string) edit {
	return func(p *Provider, members map[string]any) {
		for _, name := range names {
			delete(members, name)
		}
	}
}

// applied returns an edit for a hook, which marks the provider if anything is changed.
func (p *Provider) applied(change edit, before func(map[string]any)) func(map[string]any) {
	return func(members map[string]any) {
		if before != nil {
			before(members)
		}
		was := jsonOf(members)
		change(p, members)
		if jsonOf(members) != was {
			p.mark()
		}
	}
}

func jsonOf(v any) string {
	text, _ := json.Marshal(v)
	return string(text)
}

// inIDToken edits the claims of every ID Token.
func inIDToken(change edit) bend {
	return func(p *Provider) {
		p.options.EditIDToken = p.applied(change, p.options.EditIDToken)
	}
}

// inUserInfo edits UserInfo, signed or not.
func inUserInfo(change edit) bend {
	return func(p *Provider) {
		p.options.EditUserInfo = p.applied(change, p.options.EditUserInfo)
	}
}

// inMetadata edits the metadata.
func inMetadata(change edit) bend {
	return func(p *Provider) {
		p.options.EditMetadata = p.applied(change, p.options.EditMetadata)
	}
}

// inResponse edits the parameters of authorization responses.
func inResponse(change func(p *Provider, params url.Values)) bend {
	return func(p *Provider) {
		before := p.options.EditResponse
		p.options.EditResponse = func(params url.Values) {
			if before != nil {
				before(params)
			}
			was := params.Encode()
			change(p, params)
			if params.Encode() != was {
				p.mark()
			}
		}
	}
}

// param sets a parameter of a response to values; without any it removes it.
func param(name string, values ...string) bend {
	return inResponse(func(_ *Provider, params url.Values) {
		params[name] = values
		if len(values) == 0 {
			params.Del(name)
		}
	})
}

// An answer is what the provider is about to answer to a request, to be changed.
type answer struct {
	request *http.Request
	status  int
	header  http.Header
	body    string
}

func (a answer) text() string { return jsonOf([]any{a.status, a.header, a.body}) }

// at changes what is answered at endpoints, and marks the provider if anything is changed.
func at(change func(p *Provider, a *answer), endpoints ...string) bend {
	return quietly(func(p *Provider, a *answer) {
		was := a.text()
		if change(p, a); a.text() != was {
			p.mark()
		}
	}, endpoints...)
}

// quietly changes what is answered at endpoints, whose paths have these names in them.
func quietly(change func(p *Provider, a *answer), endpoints ...string) bend {
	return func(p *Provider) {
		next := p.handler
		p.handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			ends := func(path string) bool { return strings.Contains(r.URL.Path+"/", path+"/") }
			if !slices.ContainsFunc(endpoints, ends) {
				next.ServeHTTP(w, r)
				return
			}
			rec := httptest.NewRecorder()
			maps.Copy(rec.Header(), w.Header())
			next.ServeHTTP(rec, r)
			a := answer{r, rec.Code, rec.Header(), rec.Body.String()}
			change(p, &a)
			a.header.Del("Content-Length")
			a.header.Del("ETag") // which is of another body
			clear(w.Header())
			maps.Copy(w.Header(), a.header)
			w.WriteHeader(a.status)
			w.Write([]byte(a.body))
		})
	}
}

// Where endpoints are.
var (
	atMetadata     = []string{"/openid-configuration", "/oauth-authorization-server"}
	atKeys         = []string{"/jwks"}
	atToken        = []string{"/token"}
	atUserInfo     = []string{"/userinfo"}
	atAuthorize    = []string{"/authorize"}
	atIDToken      = []string{"/authorize", "/token"}
	atRegistration = []string{"/register"}
	atEndSession   = []string{"/end_session"}
	atWebFinger    = []string{"/.well-known/webfinger"}
)

// members edits an answer that is a JSON object.
func members(change edit) func(p *Provider, a *answer) {
	return func(p *Provider, a *answer) {
		var object map[string]any
		if a.status/100 == 2 && json.Unmarshal([]byte(a.body), &object) == nil {
			change(p, object)
			a.body = jsonOf(object)
		}
	}
}

// body changes the text of an answer that is no refusal.
func body(change func(text string) string) func(*Provider, *answer) {
	return func(_ *Provider, a *answer) {
		if a.status/100 == 2 {
			a.body = change(a.body)
		}
	}
}

// as sends an answer as another media type.
func as(mediaType string) func(*Provider, *answer) {
	return func(_ *Provider, a *answer) { a.header.Set("Content-Type", mediaType) }
}

// instead answers otherwise.
func instead(status int, mediaType, text string) func(*Provider, *answer) {
	return func(_ *Provider, a *answer) {
		a.status, a.body = status, text
		a.header.Set("Content-Type", mediaType)
	}
}

// notJSON and twice are bodies that are no JSON object, or one with a member twice: who takes
// the last one gets what is wrong.
func notJSON(text string) string { return "{" + text }

func twice(member string) func(string) string {
	return func(text string) string {
		return strings.TrimSuffix(strings.TrimSpace(text), "}") + "," + member + "}"
	}
}

// endless has what is asked for come after more than any client should read. It ends, so that
// one that reads it all is noticed; one that reads a part has nothing.
func endless(text string) string { return strings.Repeat(" ", 16<<20) + text }

// compressed is endless for a client that decompresses, as net/http does, and shorter by far.
func compressed(_ *Provider, a *answer) {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write([]byte(endless(a.body)))
	w.Close()
	a.body = b.String()
	a.header.Set("Content-Encoding", "gzip")
}

// compact is what a token looks like. It needs no escaping, in a URL, HTML or JSON.
var compact = regexp.MustCompile(`eyJ[0-9A-Za-z_-]+(\.[0-9A-Za-z_-]*){2,4}`)

// signed changes the tokens in what is answered at endpoints, as they are sent.
func signed(change func(p *Provider, token string) string, endpoints ...string) bend {
	return at(tokensBy(change), endpoints...)
}

// tokensBy changes the tokens in an answer, and in where it sends the browser.
func tokensBy(change func(p *Provider, token string) string) func(*Provider, *answer) {
	return func(p *Provider, a *answer) {
		changed := func(token string) string { return change(p, token) }
		a.body = compact.ReplaceAllStringFunc(a.body, changed)
		if location := a.header.Get("Location"); location != "" {
			a.header.Set("Location", compact.ReplaceAllStringFunc(location, changed))
		}
	}
}

// payloadOf returns the claims of a token that was just signed.
func payloadOf(token string) string {
	payload, _ := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	return string(payload)
}

func base64url(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

// claimsOf edits the claims of a token.
func claimsOf(p *Provider, token string, change edit) string {
	var claims map[string]any
	d := json.NewDecoder(bytes.NewReader([]byte(payloadOf(token))))
	d.UseNumber()
	d.Decode(&claims)
	change(p, claims)
	return jsonOf(claims)
}

// all does one after the other.
func all(bends ...bend) bend {
	return func(p *Provider) {
		for _, b := range bends {
			b(p)
		}
	}
}
