package oidctest

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// A verdict is what a suite says of a login code. It plays the part of a testing.T.
type verdict struct {
	t      *testing.T
	name   string
	failed map[string]string // by the names of subtests
	skips  int
}

func (v *verdict) Context() context.Context { return v.t.Context() }

func (v *verdict) Run(name string, test func(tester)) bool {
	before, n := v.name, len(v.failed)
	v.name = strings.Trim(v.name+"/"+name, "/")
	test(v)
	v.name = before
	return len(v.failed) == n
}

func (v *verdict) Errorf(format string, args ...any) {
	v.failed[v.name] += fmt.Sprintf(format, args...)
}

func (v *verdict) Skipf(string, ...any) { v.skips++ }

// judged returns what a suite of some misbehaviors says.
func judged(
	t *testing.T, list []Misbehavior, login func(context.Context, *Attempt) error,
) *verdict {
	v := &verdict{t: t, failed: map[string]string{}}
	runSuite(v, list, login)
	return v
}

// A believer is a client that checks nothing, and knows where all is.
type believer struct {
	ctx context.Context
	*Attempt
	fixed string // state, nonce and verifier, if it does not make new ones
}

// believes does all that it is asked to and never minds what comes.
func believes(ctx context.Context, a *Attempt) error {
	return believer{ctx, a, ""}.attempt()
}

func (b believer) attempt() error {
	if b.Client.RequireRequestObject {
		return fmt.Errorf("signing requests: %w", errors.ErrUnsupported)
	}
	base := strings.TrimSuffix(b.Issuer, "/")
	if b.Task == WebFinger {
		query := url.Values{"resource": {b.Identifier}}.Encode()
		b.send("GET", base+"/.well-known/webfinger?"+query, nil, "")
	}
	b.send("GET", base+"/.well-known/openid-configuration", nil, "")
	b.send("GET", base+"/jwks", nil, "")
	if b.Task == Registration {
		b.register(base)
	}
	answer := b.logIn(base)
	if b.Task == Twice {
		answer = b.logIn(base)
	}
	if b.Task == Refresh {
		answer = b.token(base, url.Values{"grant_type": {"refresh_token"},
			"refresh_token": {answer["refresh_token"]}})
	}
	if b.ResponseType != "id_token" {
		b.send("GET", base+"/userinfo", nil, "Bearer "+answer["access_token"])
	}
	switch b.Task {
	case Logout:
		b.Browse(base + "/end_session?" + url.Values{"client_id": {b.Client.ID}, "state": {"x"},
			"post_logout_redirect_uri": b.Client.PostLogoutRedirectURIs}.Encode())
	case BackChannelLogout, FrontChannelLogout:
		b.Site.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Cache-Control", "no-store")
		})
		return b.EndSession(b.ctx)
	}
	return nil
}

// logIn goes through a login, and returns the strings of what came.
func (b believer) logIn(base string) map[string]string {
	fresh := func() string {
		if b.fixed != "" {
			return b.fixed
		}
		return rand.Text() + rand.Text()
	}
	verifier := fresh()
	sum := sha256.Sum256([]byte(verifier))
	params := url.Values{
		"response_type": {b.ResponseType}, "client_id": {b.Client.ID},
		"redirect_uri": {b.RedirectURI}, "scope": {"openid"},
		"state": {fresh()}, "nonce": {fresh()},
		"code_challenge":        {base64.RawURLEncoding.EncodeToString(sum[:])},
		"code_challenge_method": {"S256"},
	}
	if b.ResponseMode != "" {
		params.Set("response_mode", b.ResponseMode)
	}
	for name, values := range b.Params {
		params[name] = values
	}
	came := map[string]string{}
	if r, err := b.Browse(base + "/authorize?" + params.Encode()); err == nil {
		r.ParseForm()
		if response := r.Form.Get("response"); strings.Count(response, ".") > 0 {
			var claims map[string]any
			json.Unmarshal([]byte(payloadOf(response)), &claims)
			for name, value := range claims {
				r.Form.Set(name, fmt.Sprint(value))
			}
		}
		for name := range r.Form {
			came[name] = r.Form.Get(name)
		}
	}
	if strings.Contains(b.ResponseType, "code") {
		return b.token(base, url.Values{"grant_type": {"authorization_code"},
			"code": {came["code"]}, "redirect_uri": {b.RedirectURI}, "code_verifier": {verifier}})
	}
	return came
}

func (b believer) register(base string) {
	resp, err := b.HTTP.Post(base+"/register", "application/json", strings.NewReader(jsonOf(
		map[string]any{"redirect_uris": []string{b.RedirectURI},
			"response_types": []string{b.ResponseType},
			"grant_types":    []string{"authorization_code", "implicit"}})))
	if err != nil {
		return
	}
	defer resp.Body.Close()
	var got map[string]any
	json.NewDecoder(resp.Body).Decode(&got)
	b.Client.ID, b.Client.Secret = fmt.Sprint(got["client_id"]), fmt.Sprint(got["client_secret"])
}

func (b believer) token(base string, form url.Values) map[string]string {
	var answer map[string]any
	form.Set("client_id", b.Client.ID)
	text := b.send("POST", base+"/token", form, "")
	json.Unmarshal([]byte(text), &answer)
	came := map[string]string{}
	for name, value := range answer {
		came[name] = fmt.Sprint(value)
	}
	return came
}

func (b believer) send(method, target string, form url.Values, authorization string) string {
	req, err := http.NewRequestWithContext(b.ctx, method, target, strings.NewReader(form.Encode()))
	if err != nil {
		return ""
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.SetBasicAuth(b.Client.ID, b.Client.Secret)
	}
	if authorization != "" {
		req.Header.Set("Authorization", authorization)
	}
	resp, err := b.HTTP.Do(req)
	if err != nil {
		return ""
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	return string(body)
}

// What believes everything fails where it must not, and nowhere else: so all that is wrong is
// there to be noticed.
func TestSuiteFindsBelievers(t *testing.T) {
	v := judged(t, Misbehaviors(), believes)
	for _, m := range Misbehaviors() {
		types := m.types
		if types == nil {
			types = []string{"code"}
		}
		for _, responseType := range types {
			got, wrong := v.failed[m.Name+"/"+responseType], !m.Harmless && !m.Optional
			if wrong && !strings.HasSuffix(got, ": not refused") || !wrong && got != "" {
				t.Errorf("%s, %s: %q", m.Name, responseType, got)
			}
		}
	}
}

// chosen are the misbehaviors of these names.
func chosen(t *testing.T, names ...string) []Misbehavior {
	t.Helper()
	var list []Misbehavior
	for _, name := range names {
		for _, m := range Misbehaviors() {
			if m.Name == name {
				m.types = []string{"code id_token"}
				list = append(list, m)
			}
		}
	}
	return list
}

func TestSuiteVerdicts(t *testing.T) {
	const good, front, back, info = "conforms", "response_with_another_state",
		"id_token_missing", "userinfo_of_another_user"
	const token, byGet = "logout_token_without_events", "logout_token_sent_by_get"
	refusal := errors.New("refused")
	for _, test := range []struct {
		name, misbehavior string
		login             func(context.Context, *Attempt) error
		want              string // what is said of it, in part; if empty, nothing
	}{
		{"good", good, believes, ""},
		{"nothing is done", good, func(context.Context, *Attempt) error { return nil },
			"was asked 0 times, must be 1"},
		{"everything is refused", good, func(context.Context, *Attempt) error { return refusal },
			"refused: refused"},
		{"refused before it came", front,
			func(context.Context, *Attempt) error { return refusal },
			"never came to that: refused"},
		{"accepted before it came", front,
			func(context.Context, *Attempt) error { return nil }, "never came to that: <nil>"},
		{"refused in the end", front, believesThen(refusal),
			"another request after it: [token userinfo]"},
		{"refused after UserInfo", back, believesThen(refusal),
			"another request after it: [userinfo]"},
		{"refused in time", info, believesThen(refusal), ""},
		{"accepted", info, believes, "UserInfo is of another user (OpenID Connect Core 1.0, " +
			"Section 5.3.2): not refused"},
		{"a refused Logout Token answered with 200", token, believesThen(refusal), "is not 400"},
		{"a Logout Token that the client breaks at", token, answering(500, refusal),
			"is not 400"},
		{"a Logout Token refused with 400", token, answering(400, refusal), ""},
		{"a GET refused with 405", byGet, answering(405, refusal), ""},
		{"a Logout Token refused with 405", token, answering(405, refusal), "is not 400"},
		{"refused as not supported", back, believesThen(fmt.Errorf("no ID Token: %w",
			errors.ErrUnsupported)), "another request after it: [userinfo]"},
		{"secrets come twice", good, func(ctx context.Context, a *Attempt) error {
			b := believer{ctx, a, strings.Repeat("v", 43)}
			b.logIn(a.Issuer)
			return b.attempt()
		}, "the client is at fault: [repeated_state"},
		{"not supported", front, func(context.Context, *Attempt) error {
			return fmt.Errorf("hybrid: %w", errors.ErrUnsupported)
		}, ""},
	} {
		v := judged(t, chosen(t, test.misbehavior), test.login)
		got := v.failed[test.misbehavior+"/code id_token"]
		if !strings.Contains(got, test.want) || (got == "") != (test.want == "") {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
		if unsupported := test.name == "not supported"; (v.skips == 1) != unsupported {
			t.Errorf("%s: %d skipped", test.name, v.skips)
		}
	}
}

// believesThen believes everything, and then refuses.
func believesThen(err error) func(context.Context, *Attempt) error {
	return func(ctx context.Context, a *Attempt) error {
		believes(ctx, a)
		return err
	}
}

// answering answers what comes at the back channel so, and then refuses.
func answering(status int, err error) func(context.Context, *Attempt) error {
	return func(ctx context.Context, a *Attempt) error {
		a.Site.HandleFunc("/backchannel", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
		})
		return believesThen(err)(ctx, a)
	}
}

// Where the browser is sent is what a client believed, whether or not somebody is there.
func TestSuiteSeesWhereBrowserIsSent(t *testing.T) {
	const name = "metadata_with_http_authorization_endpoint"
	v := judged(t, chosen(t, name), func(ctx context.Context, a *Attempt) error {
		believer{ctx, a, ""}.send("GET", a.Issuer+"/.well-known/openid-configuration", nil, "")
		_, err := a.Browse(strings.Replace(a.Issuer, "https:", "http:", 1) + "/authorize")
		return err
	})
	if got := v.failed[name+"/code id_token"]; !strings.Contains(got, "browser") {
		t.Errorf("%q", got)
	}
}

// Redirects lead to another origin, which answers; what is endless has nothing to begin with.
func TestFaultsAreThere(t *testing.T) {
	get := func(ctx context.Context, a *Attempt, path, token string) (*http.Response, string) {
		req := must(http.NewRequestWithContext(ctx, http.MethodGet, a.Issuer+path, nil))
		req.Header.Set("Authorization", "Bearer "+token)
		resp := must(a.HTTP.Do(req))
		defer resp.Body.Close()
		part := must(io.ReadAll(io.LimitReader(resp.Body, 1<<20)))
		return resp, strings.TrimSpace(string(part))
	}
	judged(t, chosen(t, "metadata_endless"), func(ctx context.Context, a *Attempt) error {
		if _, part := get(ctx, a, "/.well-known/openid-configuration", ""); part != "" {
			t.Errorf("the metadata begins with %q", part)
		}
		return nil
	})
	judged(t, chosen(t, "userinfo_redirect"), func(ctx context.Context, a *Attempt) error {
		token := believer{ctx, a, ""}.logIn(a.Issuer)["access_token"]
		resp, part := get(ctx, a, "/userinfo", token)
		if resp.Request.URL.Host != anotherHost || part == "" {
			t.Errorf("%s answers %q", resp.Request.URL, part)
		}
		return nil
	})
}

// A suite that tries nothing says so.
func TestSuiteOfNothing(t *testing.T) {
	for err, want := range map[error]string{
		errors.ErrUnsupported: "no login went through at all", nil: ""} {
		v := judged(t, chosen(t, "conforms"), func(ctx context.Context, a *Attempt) error {
			if err == nil {
				return believes(ctx, a)
			}
			return err
		})
		if v.failed[""] != want {
			t.Errorf("%v: %q", err, v.failed[""])
		}
	}
}
