package oauth2

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"vouchsafe/httpclient"
	"vouchsafe/internal/hook"
	"vouchsafe/internal/redact"
	"vouchsafe/internal/strictjson"
)

// A step is a kind of request to the server: where it goes and who has a say in it.
type step struct {
	endpoint string // its name in the server's metadata
	url      string
	clause   string
	method   string // POST if empty
	auth     ClientAuthentication
	request  []RequestHook
	response []ResponseHook
	json     bool // the parameters are sent as
	close    bool // the connection afterwards
}

// An answer is a response to a request, with what reading it takes.
type answer struct {
	*httpclient.Response
	now time.Time
	req *http.Request
}

const maxResponse = 1 << 20

// exchange sends the parameters of form and returns the answer.
func (c *Client) exchange(ctx context.Context, s step, form url.Values) (answer, error) {
	req, err := c.request(ctx, s, form)
	if err != nil {
		return answer{}, err
	}
	resp, err := httpclient.Do(ctx, c.config.HTTP, req, maxResponse)
	if err != nil {
		return answer{}, fmt.Errorf("oauth2: %s: %w", s.endpoint, err)
	}
	if err := hook.Call(ctx, s.response, resp); err != nil {
		return answer{}, fmt.Errorf("oauth2: %s: %w", s.endpoint, err)
	}
	// Without the monotonic clock, which stands still while a machine sleeps.
	return answer{resp, c.config.Now().Round(0), req}, nil
}

// request builds a request, RFC 6749, Sections 3.2 and 3.2.1, which the endpoints of
// other specifications follow.
func (c *Client) request(ctx context.Context, s step, form url.Values) (*http.Request, error) {
	if s.url == "" {
		return nil, checkError(s.endpoint, "must be configured", s.clause)
	}
	req, err := http.NewRequestWithContext(ctx, cmp.Or(s.method, http.MethodPost), s.url, nil)
	if err != nil {
		return nil, checkError(s.endpoint, "must be a URL", s.clause)
	}
	req.PostForm, req.Close = form, s.close
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Content-Type", formType)
	if err := s.auth.Authenticate(ctx, c, req); err != nil {
		return nil, fmt.Errorf("oauth2: client authentication: %w", err)
	}
	if len(s.request) > 0 { // which may give secrets other names
		*req = *req.WithContext(context.WithValue(ctx, secretsKey{}, secretsOf(req)))
	}
	if err := hook.Call(ctx, s.request, req); err != nil {
		return nil, fmt.Errorf("oauth2: %s: %w", s.endpoint, err)
	}
	if s.json && req.Body == nil {
		body := strictjson.Form(req.PostForm.Encode())
		if body == "" {
			return nil, checkError("parameters", "must come at most once each in JSON", s.clause)
		}
		setBody(req, body)
		req.Header.Set("Content-Type", "application/json")
	}
	writeForm(req)
	return req, nil
}

const formType = "application/x-www-form-urlencoded"

// writeForm puts the parameters of PostForm where the method wants them, unless a
// hook has made a body.
func writeForm(req *http.Request) {
	form := encoded(byName(req.PostForm))
	switch {
	case req.Body != nil:
	case req.Method == http.MethodGet:
		req.Header.Del("Content-Type")
		req.URL.RawQuery = strings.Trim(req.URL.RawQuery+"&"+form, "&")
		// A body, though empty, keeps net/http from repeating the GET: a code is sent once.
		req.Body = io.NopCloser(strings.NewReader(""))
	default:
		setBody(req, form)
	}
}

// setBody gives req a body that can be sent again.
func setBody(req *http.Request, body string) {
	if body == "" { // for which net/http sends a length only if it is NoBody
		req.Body = http.NoBody
		return
	}
	req.ContentLength = int64(len(body))
	req.GetBody = func() (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader(body)), nil
	}
	req.Body, _ = req.GetBody()
}

// A secretsKey is the key of what secretsOf returned before hooks, in a request's context.
type secretsKey struct{}

// secretsOf returns what a request has that must not be repeated. A caller's own
// authentication may have put some into the URL.
func secretsOf(req *http.Request) []string {
	params := []url.Values{req.PostForm}
	if req.URL != nil {
		params = append(params, req.URL.Query())
	}
	secrets, _ := req.Context().Value(secretsKey{}).([]string)
	for _, form := range params {
		for name, values := range form {
			if redact.Named(name) || name == "code" || name == "device_code" {
				secrets = append(secrets, values...)
			}
		}
	}
	scheme, credentials, _ := strings.Cut(req.Header.Get("Authorization"), " ")
	if secret := cmp.Or(strings.TrimSpace(credentials), scheme); secret != "" {
		secrets = append(secrets, secret)
	}
	if id, password, ok := req.BasicAuth(); ok {
		secret, _ := url.QueryUnescape(password)
		secrets = append(secrets, password, secret, id+":"+password)
	}
	return secrets
}

// TokenOptions are what a token request asks for, beside its grant.
type TokenOptions struct {
	// Scopes are the scopes asked for, RFC 6749, Section 3.3. If there are none, the
	// server decides; for a refresh, those of the token refreshed.
	Scopes []string

	// Resources are where the token is for, absolute URIs without a fragment, RFC
	// 8707, Section 2.
	Resources []string

	// Params are further parameters, each with one or more values. Those that this
	// package sets are refused.
	Params url.Values
}

// reservedForToken are the parameters of every token request that this package sets,
// beside those of its grant.
func reservedForToken() []string {
	return []string{"grant_type", "client_id", "client_secret", "client_assertion",
		"client_assertion_type", "scope"}
}

// form returns the parameters of a grant with what o asks for.
func (c *Client) form(grant url.Values, o TokenOptions) (url.Values, error) {
	form, err := withParams("params", "RFC 6749, Section 3.2", o.Params,
		slices.AppendSeq(reservedForToken(), maps.Keys(grant)))
	if err != nil {
		return nil, err
	}
	if err := c.checkScopes(o.Scopes); err != nil {
		return nil, err
	}
	maps.Copy(form, grant)
	if len(o.Scopes) > 0 {
		form.Set("scope", c.joinScopes(o.Scopes))
	}
	return form, addResources(form, o.Resources)
}

func (c *Client) joinScopes(scopes []string) string {
	return strings.Join(scopes, c.config.Quirks.ScopeSeparator)
}

const scopeClause = "RFC 6749, Section 3.3"

// checkScopes refuses what is no scope, or could be several.
func (c *Client) checkScopes(scopes []string) error {
	for _, s := range scopes {
		if s == "" || strings.ContainsFunc(s, odd) ||
			strings.Contains(s, c.config.Quirks.ScopeSeparator) {
			return checkError("scope",
				"must be printable ASCII without space, quote or backslash", scopeClause)
		}
	}
	return nil
}

// odd reports whether r can stand neither in a scope nor in a code, RFC 6749, Appendix A.4
// and A.7, of which the latter allows the space.
func odd(r rune) bool { return r < 0x21 || r > 0x7e || r == '"' || r == '\\' }

// withParams returns a copy of params, none of which may be reserved.
func withParams(
	check, clause string, params url.Values, reserved []string,
) (url.Values, error) {
	form := url.Values{}
	for name, values := range params {
		if slices.Contains(reserved, name) {
			return nil, checkError(check,
				"must not have "+strconv.Quote(name)+", which this package sets", clause)
		}
		form[name] = slices.Clone(values)
	}
	return form, nil
}

// addResources adds resource indicators, RFC 8707, Section 2.
func addResources(form url.Values, resources []string) error {
	for _, r := range resources {
		u, err := url.Parse(r)
		if err != nil || !u.IsAbs() || strings.Contains(r, "#") {
			return checkError("resource", "must be an absolute URI without a fragment",
				"RFC 8707, Section 2")
		}
		form.Add("resource", r)
	}
	return nil
}

// lost reports whether err is that of a connection, which may be better the next time.
func lost(err error) bool {
	timeout, ok := errors.AsType[net.Error](err)
	return ok && timeout.Timeout() || errors.Is(err, io.EOF) ||
		errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET)
}

// busy reports whether a status says to come again later.
func busy(status int) bool { return status == http.StatusTooManyRequests || status >= 500 }
