package oauth1

import (
	"context"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"vouchsafe/httpclient"
)

// A script is a provider that answers each request with the next of its answers,
// the last of them over and over, and keeps what it was asked.
type script struct {
	answers []scripted
	sent    []sentRequest
}

type scripted struct {
	status int // zero for 200
	header http.Header
	body   string
}

type sentRequest struct {
	method, url, body string
	header            http.Header
	length            int64
}

func (s *script) RoundTrip(req *http.Request) (*http.Response, error) {
	var body []byte
	if req.Body != nil {
		var err error
		if body, err = io.ReadAll(req.Body); err != nil {
			return nil, err
		}
		req.Body.Close()
	}
	s.sent = append(s.sent, sentRequest{
		req.Method, req.URL.String(), string(body), req.Header, req.ContentLength,
	})
	a := s.answers[min(len(s.sent), len(s.answers))-1]
	header := http.Header{"Content-Type": {"text/html"}} // as X has it
	maps.Copy(header, a.header)
	return &http.Response{
		StatusCode: max(a.status, 200), Body: io.NopCloser(strings.NewReader(a.body)),
		ContentLength: -1, Header: header, Request: req,
	}, nil
}

const (
	goodTemporary = "oauth_token=tok&oauth_token_secret=sec&oauth_callback_confirmed=true"
	goodToken     = "oauth_token=new&oauth_token_secret=sss&user_id=7&screen_name=jane+doe"
)

func scriptOf(bodies ...string) *script {
	s := new(script)
	for _, body := range bodies {
		s.answers = append(s.answers, scripted{body: body})
	}
	return s
}

// client returns a client of s, at the second 1000.
func (s *script) client(t *testing.T, change ...func(*Config)) *Client {
	t.Helper()
	c := goodConfig()
	c.HTTP = &http.Client{Transport: s}
	c.Now = func() time.Time { return time.Unix(1000, 0) }
	for _, f := range change {
		f(&c)
	}
	return newClient(t, c)
}

// A wanted is what a request must be: without its protocol parameters, and these.
type wanted struct {
	method, url, form string

	placement     Placement // that of the client
	token, secret string    // to sign with
	protocol      []Param   // beside those of every request
}

// only fails unless one request was sent, the one that is wanted of a client that
// is configured as c.
func (s *script) only(t *testing.T, c *Client, w wanted) {
	t.Helper()
	if len(s.sent) != 1 {
		t.Fatalf("%d requests were sent", len(s.sent))
	}
	s.sent[0].verify(t, c, w)
}

func (s *script) nothing(t *testing.T) {
	t.Helper()
	if len(s.sent) != 0 {
		t.Errorf("%d requests were sent", len(s.sent))
	}
}

func (r sentRequest) verify(t *testing.T, c *Client, w wanted) {
	t.Helper()
	protocol := r.protocol(t, w)
	type_ := ""
	if w.form != "" || w.placement == PlacementBody && w.method == "POST" {
		type_ = formType
	}
	if r.method != w.method || r.header.Get("Content-Type") != type_ ||
		r.length != int64(len(r.body)) {
		t.Errorf("%s of %d octets of %q, want %s of %d of %q", r.method, r.length,
			r.header.Get("Content-Type"), w.method, len(r.body), type_)
	}
	want := slices.Concat(c.everyRequest(w.token), w.protocol)
	for _, p := range want {
		if !slices.Contains(protocol, p) {
			t.Errorf("%s is not %q in %q", p.Name, p.Value, protocol)
		}
	}
	if len(protocol) != len(want)+2 {
		t.Errorf("parameters %q", protocol)
	}
	r.verifySignature(t, c, w, protocol)
}

// everyRequest returns the protocol parameters that are known beforehand.
func (c *Client) everyRequest(token string) []Param {
	list := []Param{{"oauth_consumer_key", "client"}, {"oauth_timestamp", "1000"},
		{"oauth_signature_method", string(c.config().SignatureMethod)}}
	if !c.config().OmitVersion {
		list = append(list, Param{"oauth_version", "1.0"})
	}
	if token != "" || c.config().EmptyToken {
		list = append(list, Param{"oauth_token", token})
	}
	return list
}

// protocol returns the protocol parameters, which must be where they are wanted and
// nowhere else.
func (r sentRequest) protocol(t *testing.T, w wanted) []Param {
	t.Helper()
	header, ok := strings.CutPrefix(r.header.Get("Authorization"), "OAuth ")
	header = strings.TrimPrefix(header, `realm="A \"b\"", `)
	header = strings.ReplaceAll(strings.ReplaceAll(header, `", `, "&"), `="`, "=")
	header = strings.TrimSuffix(header, `"`)
	if ok != (w.placement == "" || w.placement == PlacementHeader) {
		t.Errorf("header %q", header)
	}
	_, query, _ := strings.Cut(w.url, "?")
	_, gotQuery, _ := strings.Cut(r.url, "?")
	inQuery, okQuery := strings.CutPrefix(gotQuery, query)
	inBody, okBody := strings.CutPrefix(r.body, w.form)
	if !okQuery || !okBody || !strings.HasPrefix(r.url, strings.TrimSuffix(w.url, "?"+query)) ||
		(inQuery != "") != (w.placement == PlacementQuery) ||
		(inBody != "") != (w.placement == PlacementBody) {
		t.Errorf("sent %s to %s, want %s to %s", r.body, r.url, w.form, w.url)
	}
	return slices.Concat(ParseParams(header), ParseParams(inQuery), ParseParams(inBody))
}

func (r sentRequest) verifySignature(t *testing.T, c *Client, w wanted, protocol []Param) {
	t.Helper()
	if nonce := valuesOf(protocol)["oauth_nonce"]; len(nonce) < 26 {
		t.Errorf("nonce %q", nonce)
	}
	signature, config := valuesOf(protocol)["oauth_signature"], c.config()
	params := slices.Concat(protocol, ParseParams(w.form))
	base := BaseString(w.method, parseURL(t, w.url), params)
	if config.PrivateKey != nil {
		key := Key{PublicKey: &flowKey().PublicKey}
		if ok, err := config.SignatureMethod.verify(base, signature, key); !ok {
			t.Errorf("signature %q of %s does not verify: %v", signature, base, err)
		}
		return
	}
	want := "half"
	if config.CustomSignature == nil {
		key := Key{ClientSecret: config.Secret, TokenSecret: w.secret}
		want, _ = Sign(config.SignatureMethod, base, key)
	}
	if signature == "" || signature != want {
		t.Errorf("signature %q of %s, want %q", signature, base, want)
	}
}

var redirectOOB = AuthorizationOptions{RedirectURI: "oob"}

// flowTransaction is one that c began; its callback is for a browser.
func flowTransaction(c *Client) *Transaction {
	return newTransaction(transaction{
		Digest: c.digest[:], Token: "tok", Secret: "sec", RedirectURI: "https://site.example/cb",
	})
}

func goodCallback() url.Values {
	return url.Values{"oauth_token": {"tok"}, "oauth_verifier": {"ver"}}
}

// What each setting makes of the two requests of a login.
var exchangeTests = []struct {
	name             string
	change           func(*Config)
	temporary, token wanted // what differs from a bare POST
}{
	{"as it is by itself", func(*Config) {}, wanted{}, wanted{}},
	{"POST with parameters", func(c *Config) {
		c.TemporaryCredentialParams = url.Values{"scope": {"a b", "c"}, "z": {"é&="}}
		c.TokenParams = url.Values{"token_type": {"x y"}}
	}, wanted{form: "scope=a+b&scope=c&z=%C3%A9%26%3D"}, wanted{form: "token_type=x+y"}},
	{"GET with parameters", func(c *Config) {
		c.TemporaryCredentialMethod, c.TokenMethod = "GET", "GET"
		c.TemporaryCredentialParams = url.Values{"scope": {"a b", "c"}}
		c.TokenParams = url.Values{"token_type": {"x+y"}}
		c.TokenURL += "?q=1"
	}, wanted{method: "GET", url: "request_token?scope=a%20b&scope=c"},
		wanted{method: "GET", url: "access_token?q=1&token_type=x%2By"}},
	{"GET, then POST, as Discogs has it", func(c *Config) {
		c.SignatureMethod, c.TemporaryCredentialMethod = Plaintext, "GET"
	}, wanted{method: "GET"}, wanted{}},
	{"POST, then GET", func(c *Config) { c.TokenMethod = "GET" },
		wanted{}, wanted{method: "GET"}},
	{"queries, which stay as they are", func(c *Config) {
		c.TemporaryCredentialURL += "?title=Special:OAuth/initiate&a"
		c.TokenURL += "?a=b;c&d=%7e"
	}, wanted{url: "request_token?title=Special:OAuth/initiate&a"},
		wanted{url: "access_token?a=b;c&d=%7e"}},
	{"in the body", func(c *Config) { c.Placement = PlacementBody },
		wanted{placement: PlacementBody}, wanted{placement: PlacementBody}},
	{"in the body, with parameters", func(c *Config) {
		c.Placement, c.TokenParams = PlacementBody, url.Values{"a": {"1"}}
	}, wanted{placement: PlacementBody}, wanted{placement: PlacementBody, form: "a=1"}},
	{"in the body, but for a GET", func(c *Config) {
		c.Placement, c.TokenMethod = PlacementBody, "GET"
	}, wanted{placement: PlacementBody}, wanted{method: "GET"}},
	{"in the query", func(c *Config) {
		c.Placement, c.TokenURL = PlacementQuery, c.TokenURL+"?a=1"
		c.TemporaryCredentialParams = url.Values{"b": {"2"}}
	}, wanted{placement: PlacementQuery, form: "b=2"},
		wanted{placement: PlacementQuery, url: "access_token?a=1"}},
	{"realm", func(c *Config) { c.Realm = `A "b"` }, wanted{}, wanted{}},
	{"no version", func(c *Config) { c.OmitVersion = true }, wanted{}, wanted{}},
	{"empty token", func(c *Config) { c.EmptyToken = true }, wanted{}, wanted{}},
	{"no client secret", func(c *Config) {
		c.Secret, c.InsecureNoSecret = "", true
	}, wanted{}, wanted{}},
	{"HMAC-SHA512", func(c *Config) { c.SignatureMethod = HMACSHA512 }, wanted{}, wanted{}},
	{"RSA-SHA256", withRSA, wanted{}, wanted{}},
	{"RSA-SHA1", func(c *Config) { withRSA(c); c.SignatureMethod = RSASHA1 },
		wanted{}, wanted{}},
	{"PLAINTEXT", func(c *Config) { c.SignatureMethod = Plaintext }, wanted{}, wanted{}},
	{"a custom method", func(c *Config) {
		c.SignatureMethod, c.CustomSignature = "X-HALF", customHalf
	}, wanted{}, wanted{}},
}

// at completes what is wanted of an endpoint.
func (w wanted) at(endpoint string) wanted {
	if w.method == "" {
		w.method = "POST"
	}
	if w.url == "" {
		w.url = endpoint
	}
	w.url = "https://provider.example/" + w.url
	return w
}

func TestRequestsOfALogin(t *testing.T) {
	for _, tt := range exchangeTests {
		t.Run(tt.name, func(t *testing.T) {
			const callback = "https://site.example/cb?x=1&y=é"
			s := scriptOf(goodTemporary, goodToken)
			c := s.client(t, tt.change)
			req, err := c.Authorize(t.Context(), AuthorizationOptions{RedirectURI: callback})
			if err != nil {
				t.Fatal(err)
			}
			w := tt.temporary.at("request_token")
			w.protocol = []Param{{"oauth_callback", callback}}
			s.only(t, c, w)
			tok, err := c.Callback(t.Context(), url.Values{
				"oauth_token": {"tok"}, "oauth_verifier": {"ver/1"},
			}, req.Transaction)
			if err != nil || tok.Token() != "new" || tok.Secret() != "sss" {
				t.Fatalf("token %q, %v", tok.Token(), err)
			}
			w = tt.token.at("access_token")
			w.token, w.secret, w.protocol = "tok", "sec", []Param{{"oauth_verifier", "ver/1"}}
			s.sent = s.sent[1:]
			s.only(t, c, w)
		})
	}
}

// Authlib sends the protocol parameters of the query and the body twice.
func TestNoParameterIsSentTwice(t *testing.T) {
	for _, placement := range []Placement{PlacementHeader, PlacementBody, PlacementQuery} {
		s := scriptOf(goodTemporary)
		c := s.client(t, func(c *Config) { c.Placement = placement })
		if _, err := c.Authorize(t.Context(), redirectOOB); err != nil {
			t.Fatal(err)
		}
		all := s.sent[0].url + s.sent[0].body + s.sent[0].header.Get("Authorization")
		for _, p := range c.everyRequest("") {
			if n := strings.Count(all, p.Name+"="); n != 1 {
				t.Errorf("%s: %s is there %d times", placement, p.Name, n)
			}
		}
	}
}

func TestRequestsOfALoginDiffer(t *testing.T) {
	s := scriptOf(goodTemporary)
	c := s.client(t)
	for range 2 {
		if _, err := c.Authorize(t.Context(), redirectOOB); err != nil {
			t.Fatal(err)
		}
	}
	if s.sent[0].header.Get("Authorization") == s.sent[1].header.Get("Authorization") {
		t.Error("the nonce was repeated")
	}
	if c.temporary.RawQuery != "" || c.token.RawQuery != "" {
		t.Error("the endpoints have grown")
	}
}

// calls are all that fetch credentials.
var calls = []struct {
	name string
	call func(context.Context, *Client) error
}{
	{"temporary credential request", func(ctx context.Context, c *Client) error {
		_, err := c.Authorize(ctx, redirectOOB)
		return err
	}},
	{"token request", func(ctx context.Context, c *Client) error {
		_, err := c.Callback(ctx, goodCallback(), flowTransaction(c))
		return err
	}},
	{"xAuth request", func(ctx context.Context, c *Client) error {
		_, err := c.XAuth(ctx, "jane", "pass")
		return err
	}},
	{"renewal", func(ctx context.Context, c *Client) error {
		_, err := c.Renew(ctx, renewable())
		return err
	}},
}

func TestCallsHonourTheirContext(t *testing.T) {
	for _, tt := range calls {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		// Loopback, for a request that is sent all the same.
		config := goodConfig()
		config.TemporaryCredentialURL = "http://127.0.0.1:1/"
		config.TokenURL = config.TemporaryCredentialURL
		err := tt.call(ctx, newClient(t, config))
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: got %v", tt.name, err)
		}
	}
}

type unreachable struct{}

var errUnreachable = errors.New("unreachable " + canary)

func (unreachable) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, errUnreachable
}

func TestCallsNameWhatFailed(t *testing.T) {
	for _, tt := range calls {
		c := scriptOf("").client(t, func(c *Config) {
			c.HTTP = &http.Client{Transport: unreachable{}}
		})
		err := tt.call(t.Context(), c)
		if !errors.Is(err, errUnreachable) ||
			!strings.HasPrefix(err.Error(), "oauth1: "+tt.name+": ") {
			t.Errorf("%s: got %v", tt.name, err)
		}
	}
}

func TestCallsDoNotFollowRedirects(t *testing.T) {
	for _, tt := range calls {
		s := &script{answers: []scripted{{
			status: 307, header: http.Header{"Location": {"https://attacker.example/"}},
		}}}
		err := tt.call(t.Context(), s.client(t))
		if e, ok := errors.AsType[*Error](err); !ok || e.Status != 307 || len(s.sent) != 1 {
			t.Errorf("%s: got %v after %d requests", tt.name, err, len(s.sent))
		}
	}
}

func TestResponsesAreBounded(t *testing.T) {
	for _, tt := range calls {
		long := goodTemporary + "&x="
		long += strings.Repeat("a", 64<<10-1-len(long))
		if err := tt.call(t.Context(), scriptOf(long).client(t)); err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		err := tt.call(t.Context(), scriptOf(long+"a").client(t))
		if !errors.Is(err, httpclient.ErrTooLarge) {
			t.Errorf("%s: got %v", tt.name, err)
		}
	}
}

// A private key may be out of reach, and a custom method fail.
func TestCallsThatCannotSign(t *testing.T) {
	failure := errors.New("failure")
	for name, change := range map[string]func(*Config){
		"oauth1: custom signature: failure": func(c *Config) {
			c.SignatureMethod = "X"
			c.CustomSignature = func(_, _ string) func(string) (string, error) {
				return func(string) (string, error) { return "", failure }
			}
		},
		"oauth1: private key: failure": func(c *Config) {
			withRSA(c)
			c.PrivateKey = failingKey{flowKey(), failure}
		},
	} {
		for _, tt := range calls {
			s := scriptOf(goodTemporary)
			err := tt.call(t.Context(), s.client(t, change))
			if !errors.Is(err, failure) || err.Error() != name {
				t.Errorf("%s: got %v, want %s", tt.name, err, name)
			}
			s.nothing(t)
		}
	}
}

// A custom signature is made with the secrets of the client and of the token.
func TestCustomSignatureGetsTheSecrets(t *testing.T) {
	var secrets, bases []string
	s := scriptOf(goodTemporary)
	c := s.client(t, func(c *Config) {
		c.SignatureMethod = "X"
		c.CustomSignature = func(client, token string) func(string) (string, error) {
			secrets = append(secrets, client, token)
			return func(base string) (string, error) {
				bases = append(bases, base)
				return "s", nil
			}
		}
	})
	for _, tt := range calls[:2] {
		if err := tt.call(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	if want := []string{"secret", "", "secret", "sec"}; !slices.Equal(secrets, want) {
		t.Errorf("secrets %q, want %q", secrets, want)
	}
	const start = "POST&https%3A%2F%2Fprovider.example%2Frequest_token&oauth_callback%3Doob%26"
	if len(bases) != 2 || !strings.HasPrefix(bases[0], start) {
		t.Errorf("base strings %q", bases)
	}
}

// clockTests are refusals of a temporary credential request at the second 1000, and
// the timestamp of the next.
var clockTests = []struct {
	name    string
	refusal scripted
	want    string
}{
	{"nothing to learn from", scripted{status: 401}, "1000"},
	{"Date", scripted{401, dateAt(1500), ""}, "1500"},
	{"Date and a problem", scripted{401, dateAt(1500), "oauth_problem=timestamp_refused"}, "1500"},
	{"Date and another problem",
		scripted{401, dateAt(1500), "oauth_problem=token_expired"}, "1000"},
	{"Date and status 400", scripted{400, dateAt(1500), "oauth_problem=timestamp_refused"}, "1000"},
	{"Date and status 403", scripted{403, dateAt(1500), ""}, "1000"},
	{"Date and success that is none",
		scripted{200, dateAt(1500), "oauth_problem=timestamp_refused"}, "1000"},
	{"Date that falls", scripted{401, dateAt(500), ""}, "1000"},
	{"Date a day away", scripted{401, dateAt(1000 + 86400), ""}, "87400"},
	{"Date more than a day away", scripted{401, dateAt(1001 + 86400), ""}, "1000"},
	{"Date that is none", scripted{401, http.Header{"Date": {"soon"}}, ""}, "1000"},
	{"range", scripted{401, nil,
		"oauth_problem=timestamp_refused&oauth_acceptable_timestamps=2000-2600"}, "2300"},
	{"range before Date", scripted{401, dateAt(1500),
		"oauth_problem=timestamp_refused&oauth_acceptable_timestamps=2000-2600"}, "2300"},
	{"range in the header", scripted{401, http.Header{"Www-Authenticate": {
		`OAuth oauth_problem="timestamp_refused", oauth_acceptable_timestamps="2000-2600"`}},
		""}, "2300"},
	{"range that is none, Date", scripted{401, dateAt(1500),
		"oauth_problem=timestamp_refused&oauth_acceptable_timestamps=2600-2000"}, "1500"},
	{"half a range, Date", scripted{401, dateAt(1500),
		"oauth_problem=timestamp_refused&oauth_acceptable_timestamps=2600"}, "1500"},
}

func dateAt(second int64) http.Header {
	return http.Header{"Date": {time.Unix(second, 0).UTC().Format(http.TimeFormat)}}
}

func TestClockIsCorrected(t *testing.T) {
	for _, tt := range clockTests {
		for _, correct := range []bool{true, false} {
			s := &script{answers: []scripted{tt.refusal, {body: goodTemporary}}}
			c := s.client(t, func(c *Config) { c.CorrectClock = correct })
			_, err := c.Authorize(t.Context(), redirectOOB)
			if _, ok := errors.AsType[*Error](err); !ok {
				t.Fatalf("%s: got %v", tt.name, err)
			}
			if _, err := c.Authorize(t.Context(), redirectOOB); err != nil {
				t.Fatal(err)
			}
			want := "1000"
			if correct {
				want = tt.want
			}
			if header := s.sent[1].header.Get("Authorization"); !strings.Contains(
				header, `oauth_timestamp="`+want+`"`) {
				t.Errorf("%s, %t: %s", tt.name, correct, header)
			}
		}
	}
}
