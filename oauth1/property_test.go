package oauth1

import (
	"bufio"
	"cmp"
	"errors"
	"io"
	mathrand "math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
)

// A generator makes requests of all kinds.
type generator struct {
	*mathrand.Rand
	origin string
}

func newGenerator(origin string) generator {
	return generator{mathrand.New(mathrand.NewPCG(5849, 2010)), origin}
}

func pickOne[T any](g generator, list ...T) T { return list[g.IntN(len(list))] }

// text returns octets among which the odd ones are frequent. A request line takes
// neither spaces nor control characters.
func (g generator) text(most int) string {
	var b strings.Builder
	for range g.IntN(most + 1) {
		b.WriteString(pickOne(g, "a", "B", "7", "~", "-", ".", "_", "%", "+", "=", ";", "&", "%20",
			"%2b", "%2B", "%zz", "%41", "%00", "%FF", "é", "\xff", "*", "'", "(", "!", "/", "?",
			":", "@", "[", "|", "\\", "<", `"`, "oauth", "%6fauth", "realm", "a=1", "&a=1", "&a=0"))
	}
	return b.String()
}

// query returns a query or form without protocol parameters.
func (g generator) query() string {
	for {
		if s := g.text(12); protocolParam(ParseParams(s)) == "" {
			return s
		}
	}
}

func (g generator) request(t *testing.T) *http.Request {
	t.Helper()
	u := parseURL(t, g.origin+"/")
	u.Path += strings.TrimLeft(g.text(6), "/")
	u.RawQuery = g.query()
	method := pickOne(g, "GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "X-ODD")
	req := &http.Request{Method: method, URL: u, Header: make(http.Header)}
	var body string
	switch g.IntN(4) {
	case 0:
		return req.WithContext(t.Context())
	case 1, 2:
		req.Header.Set("Content-Type", pickOne(g, formType, formType+"; charset=utf-8"))
		body = g.query()
	default:
		req.Header.Set("Content-Type", jsonType)
		body = g.text(20)
	}
	req.Body, req.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
	return req.WithContext(t.Context())
}

// signer returns a signer of any kind that the tool knows.
func (g generator) signer(t *testing.T, m SignatureMethod) *Signer {
	t.Helper()
	config := Config{
		ID: "client", Secret: toolSecret, SignatureMethod: m,
		Placement: pickOne(g, "", PlacementHeader, PlacementBody, PlacementQuery),
		Realm:     pickOne(g, "", "a", `a "b", c\`), OmitVersion: pickOne(g, false, true),
		EmptyToken: pickOne(g, false, true), BodyHash: m != Plaintext, Now: atToolNow,
	}
	if m.isRSA() {
		config.ID, config.Secret, config.PrivateKey = "rsa", "", toolRSAKey()
	}
	tok := NoToken()
	if pickOne(g, false, true) {
		tok, _ = FromRecord(Record{Token: "tok", Secret: toolTokenKey})
	}
	signer, err := newClient(t, config).Signer(tok)
	if err != nil {
		t.Fatal(err)
	}
	return signer
}

// coverable reports whether m can cover the body of req.
func coverable(m SignatureMethod, req *http.Request) bool {
	return m != Plaintext || req.Body == nil || hasForm(req)
}

// A wired request is what arrives of one that was sent.
type wired struct {
	text, body string
}

func wireOf(t *testing.T, req *http.Request) wired {
	t.Helper()
	var b strings.Builder
	if err := req.Write(&b); err != nil {
		t.Fatal(err)
	}
	head, body, _ := strings.Cut(b.String(), "\r\n\r\n")
	return wired{head, body}
}

func (w wired) request(t *testing.T) *http.Request {
	t.Helper()
	text := w.text + "\r\n\r\n" + w.body
	req, err := http.ReadRequest(bufio.NewReader(strings.NewReader(text)))
	if err != nil {
		t.Fatalf("%v: %q", err, text)
	}
	return req.WithContext(t.Context())
}

// What we sign, we accept, and none that differs in a signed octet.
func TestWhatIsSignedIsAccepted(t *testing.T) {
	g := newGenerator(toolOrigin)
	v := newTool(t)
	for _, m := range toolMethods() {
		for range 8 {
			req := g.request(t)
			if !coverable(m, req) {
				continue
			}
			signed, err := g.signer(t, m).Sign(req)
			if err != nil {
				t.Fatal(err)
			}
			w := wireOf(t, signed)
			if m != Plaintext {
				g.tamper(t, v, w)
			}
			if _, err := v.Verify(w.request(t)); err != nil {
				t.Fatalf("%v: %q", err, w)
			}
			_, err = v.Verify(w.request(t))
			wantKind(t, err, "nonce", sec33)
		}
	}
}

// tamper changes octets of a request, each of which must be found out.
func (g generator) tamper(t *testing.T, v *Verifier, w wired) {
	t.Helper()
	refused := func(r *http.Request, was string, checks ...string) {
		t.Helper()
		_, err := v.Verify(r)
		failed, ok := errors.AsType[*CheckError](err)
		if !ok || checks != nil && !slices.Contains(checks, failed.Check) {
			t.Errorf("%s: got %v, want one of %q: %q", was, err, checks, w)
		}
	}
	req := w.request(t)
	req.Method += "X"
	refused(req, "method", "signature")
	g.tamperTarget(t, w, refused)
	g.tamperHeader(t, w, refused)
	g.tamperBody(t, w, refused)
}

type refusal func(r *http.Request, was string, checks ...string)

// other returns an octet that is a letter or a digit, but not c.
func (g generator) other(c byte) byte {
	for {
		if o := pickOne(g, byte('x'), 'Y', '5'); o != c {
			return o
		}
	}
}

// normalOf is what is signed of a query or a form.
func normalOf(s string) string { return NormalizeParams(ParseParams(s)) }

func (g generator) tamperTarget(t *testing.T, w wired, refused refusal) {
	t.Helper()
	target := w.request(t).RequestURI
	before, query, _ := strings.Cut(target, "?")
	for i := 1; i < len(target); i++ {
		changed := []byte(target)
		changed[i] = g.other(target[i])
		path, now, _ := strings.Cut(string(changed), "?")
		if path == before && normalOf(now) == normalOf(query) {
			continue // "%zz" has become another writing of the same
		}
		req := w.request(t)
		req.RequestURI = string(changed)
		if protocolParam(ParseParams(query+"&"+now)) == "" {
			refused(req, "target", "signature")
		} else { // also where "%FF" has become "%5F"
			refused(req, "target")
		}
	}
	req := w.request(t)
	req.RequestURI += cmp.Or(map[bool]string{true: "&"}[strings.Contains(target, "?")], "?") + "x=1"
	refused(req, "parameter added", "signature")
}

func (g generator) tamperHeader(t *testing.T, w wired, refused refusal) {
	t.Helper()
	header := w.request(t).Header.Get("Authorization")
	rest, quoted, ok := strings.Cut(header, "oauth_nonce")
	if !ok {
		return
	}
	for i := range len(quoted) {
		if !unreserved[quoted[i]] {
			continue
		}
		changed := []byte(quoted)
		changed[i] = g.other(quoted[i])
		req := w.request(t)
		req.Header.Set("Authorization", rest+"oauth_nonce"+string(changed))
		refused(req, "header")
	}
}

func (g generator) tamperBody(t *testing.T, w wired, refused refusal) {
	t.Helper()
	req := w.request(t)
	form := hasForm(req) && req.ContentLength > 0
	for i := range len(w.body) {
		changed := []byte(w.body)
		changed[i] = g.other(w.body[i])
		if form && normalOf(string(changed)) == normalOf(w.body) {
			continue
		}
		req := w.request(t)
		req.Body = io.NopCloser(strings.NewReader(string(changed)))
		switch {
		case !form:
			refused(req, "body", "body_hash")
		case protocolParam(ParseParams(w.body+"&"+string(changed))) == "":
			refused(req, "form", "signature")
		default:
			refused(req, "form")
		}
	}
}

func TestWhatIsSentIsAccepted(t *testing.T) {
	var v *Verifier
	var mu sync.Mutex
	var failed error
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, err := v.Verify(r)
		mu.Lock()
		defer mu.Unlock()
		failed = err
	}))
	defer server.Close()
	v = newTool(t, func(c *VerifierConfig) { c.Origin = server.URL })
	g := newGenerator(server.URL)
	for _, m := range toolMethods() {
		for range 20 {
			req := g.request(t)
			if !coverable(m, req) {
				continue
			}
			signed, err := g.signer(t, m).Sign(req)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := server.Client().Transport.RoundTrip(signed)
			if err != nil {
				t.Fatalf("%v: %v", err, signed.URL)
			}
			resp.Body.Close()
			mu.Lock()
			if failed != nil {
				t.Errorf("%v: %s %s", failed, m, signed.URL)
			}
			mu.Unlock()
		}
	}
}

// Parameters count, not their order.
func TestVerifierInAnyOrder(t *testing.T) {
	g := newGenerator(toolOrigin)
	for range 100 {
		c := newCraft()
		c.post(formType, "c=3&a=2&a=1&é&c=3")
		c.target = "/x?b=2&a=1&a=0&a&b;=%zz"
		c.params = append(c.params, Param{"oauth_signature", c.signature(t)})
		g.Shuffle(len(c.params), func(i, j int) {
			c.params[i], c.params[j] = c.params[j], c.params[i]
		})
		c.body, c.target = g.shuffled(c.body), "/x?"+g.shuffled(c.target[3:])
		if _, err := newTool(t).Verify(c.request(t)); err != nil {
			t.Fatalf("%v: %+v", err, c)
		}
	}
}

func (g generator) shuffled(query string) string {
	list := strings.Split(query, "&")
	g.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	return strings.Join(list, "&")
}

// FuzzVerify has a verifier read arbitrary requests, whose senders know no secret.
func FuzzVerify(f *testing.F) {
	for _, c := range []func(*craft){
		func(*craft) {}, func(c *craft) { c.post(jsonType, "{}") },
		func(c *craft) { c.post(formType, "a=1&%zz") },
		func(c *craft) { c.set("oauth_signature_method", string(Plaintext)) },
	} {
		made := newCraft()
		c(made)
		made.key = Key{ClientSecret: "somebody else's secret"}
		params := append(made.params, Param{"oauth_signature", "x"})
		query := joinedParams(params, "&", "")
		f.Add(made.method+" "+made.target+" HTTP/1.1\r\nHost: x\r\nContent-Type: "+
			made.contentType+"\r\nAuthorization: OAuth "+joinedParams(params, ", ", `"`)+
			"\r\n\r\n", made.body)
		f.Add("POST /?"+query+" HTTP/1.1\r\nHost: x\r\n\r\n", "")
		f.Add("POST / HTTP/1.1\r\nHost: x\r\nContent-Type: "+formType+"\r\n\r\n", query)
	}
	f.Add("OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", "")
	f.Add("GET x:y HTTP/1.1\r\nHost: x\r\nAuthorization: OAuth a=\"1\", realm=\"\r\n\r\n", "")
	f.Add("CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n", "")
	strict, err := NewVerifier(toolConfig())
	if err != nil {
		f.Fatal(err)
	}
	lax, err := NewVerifier(toolConfig(acceptUnsigned))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, head, body string) {
		for _, v := range []*Verifier{strict, lax} {
			req, err := http.ReadRequest(bufio.NewReader(strings.NewReader(head)))
			if err != nil {
				return
			}
			req.Body = io.NopCloser(strings.NewReader(body))
			got, err := v.Verify(req.WithContext(t.Context()))
			if _, ok := errors.AsType[*CheckError](err); !ok || got != nil {
				t.Errorf("got %v, %v", got, err)
			}
		}
	})
}
