package main

import (
	"crypto/rand"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"
)

// The grants, RFC 6749, Section 4.
const (
	clientCredentials = "client_credentials"
	authorizationCode = "authorization_code"
	refreshToken      = "refresh_token"
)

const (
	tokenURL    = issuer + "/oauth2/v1/token"
	keySetURL   = issuer + "/oauth2/v1/keys"
	resourceURL = audience + "/v1/invoices?page=2&per_page=50"
	redirectURI = "https://app.example/callback"
	timeout     = 30 * time.Second // of every http.Client
)

// A registration is a client, RFC 6749, Section 2, and what it holds.
type registration struct {
	id, secret    string
	scopes        []string
	code, refresh string
	access        string // as long as a JSON Web Token
}

func newRegistration() *registration {
	return &registration{
		id:      rand.Text(),
		secret:  rand.Text() + "+/=", // which are to be form-encoded
		scopes:  []string{"invoices.read", "invoices.write"},
		code:    rand.Text(),
		refresh: rand.Text(),
		access:  strings.Repeat(rand.Text(), 30),
	}
}

// An issued is what is read of a token response.
type issued struct {
	access, refresh string
	expires         time.Time
}

// An asker makes a token request and reads the response.
type asker func() (issued, error)

// An oauth2Library is a column of oauth2's table, or raw. What it makes is made once
// and then measured; it is safe for concurrent use. A nil field is something that the
// library doesn't have.
type oauth2Library struct {
	name string

	// asker asks for a token by grant; for that of a code, it reads the callback too.
	asker func(grant string, r *registration, c *http.Client) (asker, error)

	// transport adds the access token to the requests that it hands to base.
	transport func(r *registration, base http.RoundTripper) (http.RoundTripper, error)

	// source gets a token by client credentials when first called, and returns it as long
	// as it is good.
	source func(r *registration, c *http.Client) (asker, error)

	// keys fetches a key set when first called, and returns the ID of its key keyID.
	keys func(c *http.Client) (func() (string, error), error)
}

func oauth2Libraries() []oauth2Library { return []oauth2Library{vouchsafeOAuth2, xOAuth2} }

// An oauth2Bench is what the cases of oauth2 have in common.
type oauth2Bench struct {
	registration *registration
	cases        []benchCase
}

func newOAuth2Bench(k *keys) (*oauth2Bench, error) {
	b := &oauth2Bench{registration: newRegistration()}
	noMore := []target{timesFaster(xOAuth2.name, 1), allocsOf(xOAuth2.name)}
	set, err := bigSet(k)
	return b, errors.Join(err,
		b.token("token, client credentials", clientCredentials, noMore...),
		b.token("token, code of a callback", authorizationCode, noMore...),
		b.token("token, refresh", refreshToken, noMore...),
		b.transport("transport GET", overRaw(2000), allocsOverRaw(10)),
		b.source(benchCase{name: "source, valid token",
			targets: []target{atMost(100), allocsAtMost(0)}}),
		b.source(benchCase{name: "parallel source, valid token", parallel: true,
			targets: []target{atMost(100), allocsAtMost(0), scales(1.8)}}),
		b.keys(benchCase{name: "keys, fresh", targets: []target{overRaw(200)}}, set),
		b.keys(benchCase{name: "parallel keys, fresh", parallel: true,
			targets: []target{scales(1.8)}}, set),
	)
}

func (b *oauth2Bench) suite() suite {
	s := suite{name: "oauth2", cases: b.cases}
	for _, lib := range oauth2Libraries() {
		s.columns = append(s.columns, lib.name)
	}
	return s
}

// add adds a case with a cell for raw and every library that make has one for.
func (b *oauth2Bench) add(
	c benchCase, make func(lib oauth2Library) (func() operation, error),
) error {
	for _, lib := range append([]oauth2Library{rawOAuth2}, oauth2Libraries()...) {
		made, err := make(lib)
		if err != nil {
			return err
		}
		if made != nil {
			c.cells = append(c.cells, cell{lib.name, made})
		}
	}
	b.cases = append(b.cases, c)
	return nil
}

// token is what a token request takes, from the parameters to the token.
func (b *oauth2Bench) token(name, grant string, targets ...target) error {
	client := newClient(newDocument(b.registration.response()))
	c := benchCase{name: name, targets: targets}
	return b.add(c, func(lib oauth2Library) (func() operation, error) {
		ask, err := lib.asker(grant, b.registration, client)
		return shared(func() error { _, err := ask(); return err }), err
	})
}

// transport is what a request to a resource takes.
func (b *oauth2Bench) transport(name string, targets ...target) error {
	c := benchCase{name: name, targets: targets}
	return b.add(c, func(lib oauth2Library) (func() operation, error) {
		t, err := lib.transport(b.registration, newDocument("{}"))
		return func() operation { return getting(newClient(t)) }, err
	})
}

// source is what it takes to get the token of a source that has a good one.
func (b *oauth2Bench) source(c benchCase) error {
	client := newClient(newDocument(b.registration.response()))
	return b.add(c, func(lib oauth2Library) (func() operation, error) {
		token, err := lib.source(b.registration, client)
		return shared(func() error { _, err := token(); return err }), err
	})
}

// getting is what sends a request by c, again and again.
func getting(c *http.Client) operation {
	req, err := http.NewRequest(http.MethodGet, resourceURL, nil)
	if err != nil {
		return func() error { return err }
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Accept-Language", "de-AT")
	req.Header.Set("User-Agent", "bench")
	return func() error {
		resp, err := c.Do(req)
		if err != nil {
			return err
		}
		return resp.Body.Close()
	}
}

// keys is what reading a key takes of a set that was fetched.
func (b *oauth2Bench) keys(c benchCase, set []byte) error {
	client := newClient(newDocument(string(set)))
	return b.add(c, func(lib oauth2Library) (func() operation, error) {
		if lib.keys == nil {
			return nil, nil
		}
		read, err := lib.keys(client)
		return shared(func() error { _, err := read(); return err }), err
	})
}

// response is a successful one, RFC 6749, Section 5.1.
func (r *registration) response() string {
	return `{"access_token":"` + r.access + `","token_type":"Bearer","expires_in":3600,` +
		`"refresh_token":"` + r.refresh + `","scope":"` + strings.Join(r.scopes, " ") + `"}`
}

// newClient is the same for every column: its timeout costs them the same.
func newClient(t http.RoundTripper) *http.Client {
	return &http.Client{Transport: t, Timeout: timeout}
}

// A document is a transport that answers every request with itself.
type document struct {
	header http.Header
	text   string
}

func newDocument(text string) *document {
	return &document{http.Header{"Content-Type": {"application/json"}}, text}
}

func (d *document) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body != nil {
		req.Body.Close()
	}
	return &http.Response{
		StatusCode:    http.StatusOK,
		Header:        d.header,
		ContentLength: int64(len(d.text)),
		Body:          io.NopCloser(strings.NewReader(d.text)),
		Request:       req,
	}, nil
}
