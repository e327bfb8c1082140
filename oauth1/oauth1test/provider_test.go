package oauth1test_test

import (
	"cmp"
	"crypto/fips140"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"encoding/base64"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"vouchsafe/oauth1"
	"vouchsafe/oauth1/oauth1test"
)

// FIPS 140-only mode forbids SHA-1, and secrets as short as those of most tests here.
func TestMain(m *testing.M) {
	flag.Parse()
	if fips140.Enforced() {
		flag.Set("test.run", "^TestFIPS")
	}
	os.Exit(m.Run())
}

const callback = "http://127.0.0.1/callback?x=1"

// A call is a request made by hand, so that it can be wrong.
type call struct {
	method, path        string
	secret, tokenSecret string
	params              []oauth1.Param
	query, form         string
	contentType         string                              // if empty, that of a form
	headers             []string                            // in place of the one made
	late                func([]oauth1.Param) []oauth1.Param // after signing
}

func newCall(path string, extra ...oauth1.Param) *call {
	params := []oauth1.Param{
		{Name: "oauth_consumer_key", Value: "client"},
		{Name: "oauth_signature_method", Value: "HMAC-SHA1"},
		{Name: "oauth_timestamp", Value: strconv.FormatInt(time.Now().Unix(), 10)},
		{Name: "oauth_nonce", Value: rand.Text()},
		{Name: "oauth_version", Value: "1.0"},
	}
	return &call{
		method: "POST", path: path, secret: "secret", params: append(params, extra...),
		late: func(p []oauth1.Param) []oauth1.Param { return p },
	}
}

// set gives a parameter a value, or removes it if there is none.
func (c *call) set(name string, value ...string) {
	c.params = set(c.params, name, value...)
}

func set(params []oauth1.Param, name string, value ...string) []oauth1.Param {
	params = slices.DeleteFunc(params, func(p oauth1.Param) bool { return p.Name == name })
	for _, v := range value {
		params = append(params, oauth1.Param{Name: name, Value: v})
	}
	return params
}

func encode(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

// send signs and sends the call and returns status and body.
func (c *call) send(t *testing.T, base string) (int, string) {
	t.Helper()
	req, err := http.NewRequest(c.method, base+c.path, strings.NewReader(c.form))
	if err != nil {
		t.Fatal(err)
	}
	req.URL.RawQuery = c.query
	req.Header.Set("Content-Type", cmp.Or(c.contentType, "application/x-www-form-urlencoded"))
	all := slices.Concat(c.params, oauth1.ParseParams(c.form))
	text := oauth1.BaseString(c.method, req.URL, all)
	mac := hmac.New(sha1.New, []byte(encode(c.secret)+"&"+encode(c.tokenSecret)))
	io.WriteString(mac, text)
	signature := base64.StdEncoding.EncodeToString(mac.Sum(nil))
	params := set(slices.Clone(c.params), "oauth_signature", signature)
	var fields []string
	for _, p := range c.late(params) {
		fields = append(fields, fmt.Sprintf(`%s="%s"`, encode(p.Name), encode(p.Value)))
	}
	req.Header["Authorization"] = []string{"OAuth " + strings.Join(fields, ", ")}
	if c.headers != nil {
		req.Header["Authorization"] = c.headers
	}
	return do(t, req)
}

func do(t *testing.T, req *http.Request) (int, string) {
	t.Helper()
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	for start, mediaType := range map[string]string{
		"{": "application/json", "oauth_": "application/x-www-form-urlencoded",
	} {
		got := resp.Header.Get("Content-Type")
		if strings.HasPrefix(string(body), start) && got != mediaType {
			t.Errorf("media type %q of %s", got, body)
		}
	}
	challenge := resp.Header.Get("WWW-Authenticate")
	refused := resp.StatusCode == http.StatusUnauthorized
	if refused != strings.HasPrefix(challenge, `OAuth realm="http`) {
		t.Errorf("status %d with challenge %q", resp.StatusCode, challenge)
	}
	return resp.StatusCode, string(body)
}

// A walk goes through a login by hand.
type walk struct {
	t      *testing.T
	server *oauth1test.Server
}

func (w walk) form(c *call) url.Values {
	w.t.Helper()
	status, body := c.send(w.t, w.server.URL)
	v, err := url.ParseQuery(body)
	if status != http.StatusOK || err != nil {
		w.t.Fatalf("status %d, body %s", status, body)
	}
	return v
}

// begin fetches temporary credentials.
func (w walk) begin() (token, secret string) {
	w.t.Helper()
	v := w.form(newCall("/request_token", oauth1.Param{Name: "oauth_callback", Value: callback}))
	if v.Get("oauth_callback_confirmed") != "true" {
		w.t.Fatalf("not confirmed: %v", v)
	}
	return v.Get("oauth_token"), v.Get("oauth_token_secret")
}

// approve visits the authorization endpoint and returns the verifier.
func (w walk) approve(token string) string {
	w.t.Helper()
	location := w.visit(token)
	v := location.Query()
	if v.Get("x") != "1" || v.Get("oauth_token") != token || v.Get("oauth_verifier") == "" {
		w.t.Fatalf("callback %s", location)
	}
	return v.Get("oauth_verifier")
}

func (w walk) visit(token string) *url.URL {
	w.t.Helper()
	resp, err := noRedirects.Get(w.server.URL + "/authorize?oauth_token=" + token)
	if err != nil {
		w.t.Fatal(err)
	}
	resp.Body.Close()
	location, err := resp.Location()
	if resp.StatusCode != http.StatusSeeOther || err != nil {
		w.t.Fatalf("status %d, %v", resp.StatusCode, err)
	}
	return location
}

var noRedirects = &http.Client{
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// exchange is the token request for an approved login.
func (w walk) exchange() *call {
	w.t.Helper()
	token, secret := w.begin()
	c := newCall("/access_token", oauth1.Param{Name: "oauth_token", Value: token},
		oauth1.Param{Name: "oauth_verifier", Value: w.approve(token)})
	c.tokenSecret = secret
	return c
}

// account is an API call with a token.
func (w walk) account() *call {
	w.t.Helper()
	v := w.form(w.exchange())
	c := newCall("/me", oauth1.Param{Name: "oauth_token", Value: v.Get("oauth_token")})
	c.method, c.tokenSecret = "GET", v.Get("oauth_token_secret")
	return c
}

// password is a token request without a login.
func (w walk) password() *call {
	c := newCall("/access_token")
	c.form = "x_auth_mode=client_auth&x_auth_username=alice&x_auth_password=password"
	return c
}

func (w walk) temporary() *call {
	return newCall("/request_token", oauth1.Param{Name: "oauth_callback", Value: callback})
}

func TestLoginByHand(t *testing.T) {
	server := oauth1test.NewServer(oauth1test.Options{})
	defer server.Close()
	c := walk{t, server}.account()
	c.method, c.query, c.form = "POST", "a=1;b&a=0&%zz=[é]", "a=2&c"
	status, body := c.send(t, server.URL)
	const want = `{"email":"alice@example.com","id":"alice","name":"Alice Example"}` + "\n"
	if status != http.StatusOK || body != want {
		t.Errorf("status %d, body %s", status, body)
	}
	if faults := server.Faults(); len(faults) != 0 {
		t.Errorf("faults %v", faults)
	}
}

// One fault each, in a request that is right but for it.
var faultTests = []struct {
	name    string
	request func(walk) *call
	spoil   func(*call)
	want    oauth1test.Fault
	status  int
	problem string
}{
	{"no header", walk.account, headers(),
		oauth1test.MissingParameter, 400, "parameter_absent"},
	{"two headers", walk.account, headers(`OAuth a="1"`, `OAuth b="2"`),
		oauth1test.MalformedHeader, 400, "parameter_rejected"},
	{"empty header", walk.account, headers(""),
		oauth1test.MalformedHeader, 400, "parameter_rejected"},
	{"other scheme", walk.account, headers("Bearer"),
		oauth1test.MissingParameter, 400, "parameter_absent"},
	{"value not percent-encoded", walk.account, headers(`OAuth oauth_token="a+b"`),
		oauth1test.MalformedHeader, 400, "parameter_rejected"},
	{"escape in lower case", walk.account, headers(`OAuth oauth_token="%2b"`),
		oauth1test.MalformedHeader, 400, "parameter_rejected"},
	{"fields without comma", walk.account, headers(`OAuth a="1" b="2"`),
		oauth1test.MalformedHeader, 400, "parameter_rejected"},
	{"parameter twice", walk.temporary, func(c *call) { c.set("oauth_nonce", "a", "b") },
		oauth1test.DuplicateParameter, 400, "parameter_rejected"},
	{"parameter in header and query", walk.account, func(c *call) { c.query = "oauth_version=1.0" },
		oauth1test.DuplicateParameter, 400, "parameter_rejected"},
	{"parameter in header and body", walk.temporary, func(c *call) { c.form = "oauth_version=1.0" },
		oauth1test.DuplicateParameter, 400, "parameter_rejected"},
	{"parameter in the query alone", walk.account, func(c *call) { c.query = "oauth_body_hash=x" },
		oauth1test.MisplacedParameter, 400, "parameter_rejected"},
	{"parameter in the body alone", walk.account, func(c *call) { c.form = "oauth_x=x" },
		oauth1test.MisplacedParameter, 400, "parameter_rejected"},
	{"body too long", walk.temporary,
		func(c *call) { c.form = strings.Repeat("a", 10<<20+1) },
		oauth1test.MalformedBody, 400, "parameter_rejected"},
	{"body hash with a form", walk.temporary, func(c *call) {
		c.form = "a=1"
		c.set("oauth_body_hash", "x")
	}, oauth1test.WrongBodyHash, 400, "parameter_rejected"},
	{"body hash", walk.account, func(c *call) {
		c.contentType = "application/json"
		c.set("oauth_body_hash", "x")
	}, oauth1test.WrongBodyHash, 400, "parameter_rejected"},
	{"no client ID", walk.account, func(c *call) { c.set("oauth_consumer_key") },
		oauth1test.MissingParameter, 400, "parameter_absent"},
	{"no signature method", walk.account, func(c *call) { c.set("oauth_signature_method") },
		oauth1test.MissingParameter, 400, "parameter_absent"},
	{"no timestamp", walk.account, func(c *call) { c.set("oauth_timestamp") },
		oauth1test.MissingParameter, 400, "parameter_absent"},
	{"no nonce", walk.account, func(c *call) { c.set("oauth_nonce") },
		oauth1test.MissingParameter, 400, "parameter_absent"},
	{"empty nonce", walk.account, func(c *call) { c.set("oauth_nonce", "") },
		oauth1test.MissingParameter, 400, "parameter_absent"},
	{"no signature", walk.account, func(c *call) {
		c.late = func(p []oauth1.Param) []oauth1.Param { return set(p, "oauth_signature") }
	}, oauth1test.MissingParameter, 400, "parameter_absent"},
	{"no token", walk.account, withoutToken,
		oauth1test.MissingParameter, 400, "parameter_absent"},
	{"empty token", walk.account, func(c *call) {
		withoutToken(c)
		c.set("oauth_token", "")
	}, oauth1test.MissingParameter, 400, "parameter_absent"},
	{"no temporary token", walk.exchange, withoutToken,
		oauth1test.MissingParameter, 400, "parameter_absent"},
	{"no token, signed with its secret", walk.account, func(c *call) { c.set("oauth_token") },
		oauth1test.WrongSignature, 401, "signature_invalid"},
	{"no callback", walk.temporary, func(c *call) { c.set("oauth_callback") },
		oauth1test.MissingParameter, 400, "parameter_absent"},
	{"version", walk.account, func(c *call) { c.set("oauth_version", "2.0") },
		oauth1test.UnsupportedVersion, 400, "version_rejected"},
	{"signature method", walk.account,
		func(c *call) { c.set("oauth_signature_method", "HMAC-MD5") },
		oauth1test.UnsupportedSignatureMethod, 400, "signature_method_rejected"},
	{"signature method of those with another key", walk.account,
		func(c *call) { c.set("oauth_consumer_key", "rsa"); c.path = "/echo"; withoutToken(c) },
		oauth1test.UnsupportedSignatureMethod, 400, "signature_method_rejected"},
	{"unknown client", walk.account, func(c *call) { c.set("oauth_consumer_key", "nobody") },
		oauth1test.UnknownClient, 401, "consumer_key_unknown"},
	{"unknown temporary token", walk.exchange, func(c *call) { c.set("oauth_token", "x") },
		oauth1test.UnknownTemporaryToken, 401, "token_rejected"},
	{"temporary token of another client", walk.exchange, asOther,
		oauth1test.UnknownTemporaryToken, 401, "token_rejected"},
	{"unknown token", walk.account, func(c *call) { c.set("oauth_token", "x") },
		oauth1test.UnknownToken, 401, "token_rejected"},
	{"token of another client", walk.account, asOther,
		oauth1test.UnknownToken, 401, "token_rejected"},
	{"a token where there is none yet", walk.temporary,
		func(c *call) { c.set("oauth_token", "x") },
		oauth1test.UnknownTemporaryToken, 401, "token_rejected"},
	{"token that cannot be renewed", walk.account, func(c *call) { c.path = "/access_token" },
		oauth1test.UnknownTemporaryToken, 401, "token_rejected"},
	{"unknown token at echo", walk.account, func(c *call) {
		c.set("oauth_token", "x")
		c.path = "/echo"
	}, oauth1test.UnknownToken, 401, "token_rejected"},
	{"temporary token used as token", walk.exchange, func(c *call) { c.path = "/me" },
		oauth1test.UnknownToken, 401, "token_rejected"},
	{"timestamp of six minutes ago", walk.account, stamp(-6 * time.Minute),
		oauth1test.StaleTimestamp, 401, "timestamp_refused"},
	{"timestamp in six minutes", walk.account, stamp(6 * time.Minute),
		oauth1test.StaleTimestamp, 401, "timestamp_refused"},
	{"timestamp no number", walk.account, func(c *call) { c.set("oauth_timestamp", "now") },
		oauth1test.StaleTimestamp, 401, "timestamp_refused"},
	{"client secret", walk.account, func(c *call) { c.secret = "other" },
		oauth1test.WrongSignature, 401, "signature_invalid"},
	{"token secret", walk.account, func(c *call) { c.tokenSecret = "other" },
		oauth1test.WrongSignature, 401, "signature_invalid"},
	{"temporary token secret", walk.exchange, func(c *call) { c.tokenSecret = "other" },
		oauth1test.WrongSignature, 401, "signature_invalid"},
	{"parameter changed after signing", walk.account, func(c *call) {
		c.late = func(p []oauth1.Param) []oauth1.Param { return set(p, "oauth_nonce", "other") }
	}, oauth1test.WrongSignature, 401, "signature_invalid"},
	{"callback", walk.temporary,
		func(c *call) { c.set("oauth_callback", "https://attacker.example/") },
		oauth1test.WrongCallback, 400, "parameter_rejected"},
	{"callback on another address", walk.temporary,
		func(c *call) { c.set("oauth_callback", "http://192.0.2.1/") },
		oauth1test.WrongCallback, 400, "parameter_rejected"},
	{"callback of another scheme", walk.temporary,
		func(c *call) { c.set("oauth_callback", "javascript://127.0.0.1/") },
		oauth1test.WrongCallback, 400, "parameter_rejected"},
	{"no verifier", walk.exchange, func(c *call) { c.set("oauth_verifier") },
		oauth1test.MissingVerifier, 400, "parameter_absent"},
	{"empty verifier", walk.exchange, func(c *call) { c.set("oauth_verifier", "") },
		oauth1test.MissingVerifier, 400, "parameter_absent"},
	{"verifier", walk.exchange, func(c *call) { c.set("oauth_verifier", "x") },
		oauth1test.WrongVerifier, 401, "verifier_invalid"},
	{"password", walk.password, func(c *call) {
		c.form = "x_auth_mode=client_auth&x_auth_username=alice&x_auth_password=x"
	}, oauth1test.WrongPassword, 401, "parameter_rejected"},
	{"no password", walk.password,
		func(c *call) { c.form = "x_auth_mode=client_auth&x_auth_username=alice" },
		oauth1test.WrongPassword, 401, "parameter_rejected"},
	{"name", walk.password, func(c *call) {
		c.form = "x_auth_mode=client_auth&x_auth_username=bob&x_auth_password=password"
	}, oauth1test.WrongPassword, 401, "parameter_rejected"},
	{"user who has no password", walk.password, func(c *call) {
		c.form = "x_auth_mode=client_auth&x_auth_username=nobody&x_auth_password="
	}, oauth1test.WrongPassword, 401, "parameter_rejected"},
	{"mode of xAuth", walk.password, func(c *call) { c.form = "x_auth_mode=x" },
		oauth1test.MissingParameter, 400, "parameter_absent"},
}

func headers(h ...string) func(*call) {
	return func(c *call) { c.headers = append([]string{}, h...) }
}

func withoutToken(c *call) {
	c.set("oauth_token")
	c.tokenSecret = ""
}

func asOther(c *call) {
	c.set("oauth_consumer_key", "other")
	c.secret = "other secret"
}

func stamp(d time.Duration) func(*call) {
	return func(c *call) {
		c.set("oauth_timestamp", strconv.FormatInt(time.Now().Add(d).Unix(), 10))
	}
}

var severalClients = []oauth1test.Client{
	{ID: "client", Secret: "secret"}, {ID: "other", Secret: "other secret"},
	{ID: "rsa", PublicKey: &privateKey().PublicKey},
}

var privateKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

var severalUsers = []oauth1test.User{
	{ID: "alice", Name: "Alice Example", Email: "alice@example.com", Password: "password"},
	{ID: "nobody"},
}

func TestFaults(t *testing.T) {
	server := oauth1test.NewServer(oauth1test.Options{Clients: severalClients, Users: severalUsers})
	defer server.Close()
	for _, tt := range faultTests {
		t.Run(tt.name, func(t *testing.T) {
			c := tt.request(walk{t, server})
			tt.spoil(c)
			expect(t, server, c, tt.want, tt.status, tt.problem)
		})
	}
}

// expect sends a call that must be refused as said.
func expect(t *testing.T, server *oauth1test.Server, c *call,
	want oauth1test.Fault, status int, problem string) {
	t.Helper()
	before := len(server.Faults())
	gotStatus, body := c.send(t, server.URL)
	got := server.Faults()[before:]
	if !slices.Equal(got, []oauth1test.Fault{want}) {
		t.Errorf("faults %q, want %q", got, want)
	}
	if gotStatus != status || body != "oauth_problem="+problem {
		t.Errorf("status %d, body %s; want %d, %s", gotStatus, body, status, problem)
	}
}

func TestFaultsOfTwoRequests(t *testing.T) {
	server := oauth1test.NewServer(oauth1test.Options{})
	defer server.Close()
	w := walk{t, server}
	t.Run("repeated nonce", func(t *testing.T) {
		c := w.account()
		c.send(t, server.URL)
		expect(t, server, c, oauth1test.RepeatedNonce, 401, "nonce_used")
	})
	t.Run("same nonce, another second", func(t *testing.T) {
		c := w.account()
		c.send(t, server.URL)
		stamp(-time.Minute)(c)
		if status, body := c.send(t, server.URL); status != http.StatusOK {
			t.Errorf("status %d, body %s", status, body)
		}
	})
	t.Run("a refused request uses no nonce up", func(t *testing.T) {
		c := w.account()
		c.secret = "other"
		c.send(t, server.URL)
		c.secret = "secret"
		if status, body := c.send(t, server.URL); status != http.StatusOK {
			t.Errorf("status %d, body %s", status, body)
		}
	})
	t.Run("used temporary token", func(t *testing.T) {
		c := w.exchange()
		c.send(t, server.URL)
		c.set("oauth_nonce", "another")
		expect(t, server, c, oauth1test.UsedTemporaryToken, 401, "token_used")
	})
	t.Run("not approved", func(t *testing.T) {
		token, secret := w.begin()
		c := newCall("/access_token", oauth1.Param{Name: "oauth_token", Value: token},
			oauth1.Param{Name: "oauth_verifier", Value: "x"})
		c.tokenSecret = secret
		expect(t, server, c, oauth1test.NotApproved, 401, "permission_denied")
	})
}

func TestOnlyListedCallbacks(t *testing.T) {
	const listed = "https://a.example/"
	server := oauth1test.NewServer(oauth1test.Options{
		Clients: []oauth1test.Client{{ID: "client", Secret: "secret", Callbacks: []string{listed}}},
	})
	defer server.Close()
	c := newCall("/request_token", oauth1.Param{Name: "oauth_callback", Value: listed})
	if status, body := c.send(t, server.URL); status != http.StatusOK {
		t.Errorf("status %d, body %s", status, body)
	}
	for _, other := range []string{"https://a.example/b", "http://127.0.0.1/", "oob"} {
		c := newCall("/request_token", oauth1.Param{Name: "oauth_callback", Value: other})
		expect(t, server, c, oauth1test.WrongCallback, 400, "parameter_rejected")
	}
}

func TestNow(t *testing.T) {
	server := oauth1test.NewServer(oauth1test.Options{
		Now: func() time.Time { return time.Now().Add(time.Hour) },
	})
	defer server.Close()
	c := newCall("/request_token", oauth1.Param{Name: "oauth_callback", Value: callback})
	expect(t, server, c, oauth1test.StaleTimestamp, 401, "timestamp_refused")
	stamp(time.Hour)(c)
	if status, body := c.send(t, server.URL); status != http.StatusOK {
		t.Errorf("status %d, body %s", status, body)
	}
}

func TestTimestampsOfFiveMinutes(t *testing.T) {
	server := oauth1test.NewServer(oauth1test.Options{
		Now: func() time.Time { return time.Unix(1_000_000, 0) },
	})
	defer server.Close()
	for _, good := range []string{"999700", "1000300"} {
		c := walk{t, server}.temporary()
		c.set("oauth_timestamp", good)
		if status, body := c.send(t, server.URL); status != http.StatusOK {
			t.Errorf("%s: status %d, body %s", good, status, body)
		}
	}
	for _, stale := range []string{"999699", "1000301"} {
		c := walk{t, server}.temporary()
		c.set("oauth_timestamp", stale)
		expect(t, server, c, oauth1test.StaleTimestamp, 401, "timestamp_refused")
	}
}

func TestOptionsAreCopied(t *testing.T) {
	o := oauth1test.Options{
		Clients: []oauth1test.Client{{ID: "client", Secret: "secret"}},
		Users:   []oauth1test.User{{ID: "alice"}},
	}
	server := oauth1test.NewServer(o)
	defer server.Close()
	o.Clients[0].Secret, o.Users[0].ID = "changed", "mallory"
	w := walk{t, server}
	if user := w.form(w.exchange()).Get("user_id"); user != "alice" {
		t.Errorf("token of %q", user)
	}
}

func TestUnknownEndpointsAndMethods(t *testing.T) {
	server := oauth1test.NewServer(oauth1test.Options{})
	defer server.Close()
	for _, c := range []*call{
		{method: "PUT", path: "/request_token"}, {method: "HEAD", path: "/access_token"},
		{method: "GET", path: "/"}, {method: "POST", path: "/x"}, {method: "GET", path: "/me/"},
		{method: "GET", path: "/oauth1/me"},
	} {
		req := httptest.NewRequest(c.method, server.URL+c.path, nil)
		req.RequestURI = ""
		if status, _ := do(t, req); status != http.StatusNotFound {
			t.Errorf("%s %s: status %d", c.method, c.path, status)
		}
	}
}

func TestCallbackWithoutQuery(t *testing.T) {
	server := oauth1test.NewServer(oauth1test.Options{})
	defer server.Close()
	w := walk{t, server}
	c := w.temporary()
	c.set("oauth_callback", "http://localhost/callback")
	token := w.form(c).Get("oauth_token")
	location := w.visit(token).String()
	if !strings.HasPrefix(location, "http://localhost/callback?oauth_token="+token+"&") {
		t.Errorf("callback %s", location)
	}
}

func TestNothingIsToBeStored(t *testing.T) {
	server := oauth1test.NewServer(oauth1test.Options{})
	defer server.Close()
	for _, name := range []string{"request_token", "authorize", "access_token", "me", "echo", "x"} {
		resp, err := http.Get(server.Endpoint(name))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if got := resp.Header.Get("Cache-Control"); got != "no-store" {
			t.Errorf("%s: Cache-Control %q", name, got)
		}
	}
}

func TestNewWantsABaseURL(t *testing.T) {
	for _, base := range []string{
		"", "/oauth1", "127.0.0.1:8080", "ftp://127.0.0.1/", "http:///x", ":", "//127.0.0.1",
		"http://192.0.2.1/", "http://provider.test", "https://provider.test?a=1",
		"https://u@provider.test", "https://provider.test#a",
	} {
		p, err := oauth1test.New(oauth1test.Options{BaseURL: base})
		if p != nil || err == nil || !strings.HasPrefix(err.Error(), "oauth1test: BaseURL must be") {
			t.Errorf("%q: got %v", base, err)
		}
	}
	for _, base := range []string{"https://provider.test/a", "http://localhost:80"} {
		p, err := oauth1test.New(oauth1test.Options{BaseURL: base + "//"})
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Endpoint("me"); got != base+"/me" {
			t.Errorf("%s has %s", base, got)
		}
	}
}

// A provider mounted below a path, as the demo does.
func TestMounted(t *testing.T) {
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	defer server.Close()
	provider, err := oauth1test.New(oauth1test.Options{BaseURL: server.URL + "/oauth1/"})
	if err != nil {
		t.Fatal(err)
	}
	mux.Handle("/oauth1/", provider)
	c := newCall("/request_token", oauth1.Param{Name: "oauth_callback", Value: callback})
	if status, body := c.send(t, server.URL+"/oauth1"); status != http.StatusOK {
		t.Errorf("status %d, body %s", status, body)
	}
	if want := server.URL + "/oauth1/access_token"; provider.Config().TokenURL != want {
		t.Errorf("token URL %s, want %s", provider.Config().TokenURL, want)
	}
}
