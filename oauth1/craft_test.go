package oauth1

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	toolOrigin   = "https://tool.example"
	toolSecret   = "secret of the client" // long enough for FIPS 140-only mode
	toolTokenKey = "secret of the token"
	toolNow      = 1_700_000_000
)

var (
	sharedKey  = Key{ClientSecret: toolSecret, TokenSecret: toolTokenKey}
	toolRSAKey = sync.OnceValue(func() *rsa.PrivateKey {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			panic(err)
		}
		return key
	})
	errNobody = errors.New("nobody by that name")
)

// toolMethods are those that the program's mode allows.
func toolMethods() []SignatureMethod {
	all := []SignatureMethod{
		HMACSHA256, HMACSHA1, HMACSHA512, RSASHA256, RSASHA1, RSASHA512, Plaintext,
	}
	return slices.DeleteFunc(all, func(m SignatureMethod) bool { return !m.allowed() })
}

// toolKey knows the client "client", which has a secret, and the client "rsa", which
// has a public key, each with or without the token "tok".
func toolKey(_ context.Context, clientID, token string) (Key, error) {
	switch {
	case token != "" && token != "tok":
		return Key{}, errNobody
	case clientID == "client" && token == "":
		return Key{ClientSecret: toolSecret}, nil
	case clientID == "client":
		return sharedKey, nil
	case clientID == "rsa":
		return Key{PublicKey: &toolRSAKey().PublicKey}, nil
	case clientID == "none":
		return Key{}, nil
	}
	return Key{}, errNobody
}

func atToolNow() time.Time { return time.Unix(toolNow, 0) }

func toolConfig(change ...func(*VerifierConfig)) VerifierConfig {
	c := VerifierConfig{
		Origin: toolOrigin, Methods: toolMethods(), Key: toolKey,
		Nonces: NewMemoryNonces(0, atToolNow), Now: atToolNow,
	}
	for _, f := range change {
		f(&c)
	}
	return c
}

func newTool(t *testing.T, change ...func(*VerifierConfig)) *Verifier {
	t.Helper()
	v, err := NewVerifier(toolConfig(change...))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// wantKind fails unless err is of the check, and of the clause unless it is empty.
func wantKind(t *testing.T, err error, check, clause string) {
	t.Helper()
	failed, ok := errors.AsType[*CheckError](err)
	if !ok || failed.Check != check || clause != "" && failed.Clause != clause {
		t.Errorf("got error %v, want one of check %s (%s)", err, check, clause)
	}
}

// A craft makes a signed request by hand, so that it can be wrong.
type craft struct {
	method, target    string // of the request line
	contentType, body string
	place             Placement
	params            []Param // protocol parameters
	key               Key
	sign              func(base string) string // in place of Sign
	late              func(*http.Request)      // after signing
}

func newCraft() *craft {
	return &craft{
		method: "GET", target: "/launch?a=1&b=2", key: sharedKey,
		params: []Param{
			{"oauth_consumer_key", "client"}, {"oauth_token", "tok"},
			{"oauth_signature_method", string(HMACSHA256)}, {"oauth_version", "1.0"},
			{"oauth_timestamp", strconv.Itoa(toolNow)}, {"oauth_nonce", "nonce"},
		},
		late: func(*http.Request) {},
	}
}

// set gives a protocol parameter values, or none.
func (c *craft) set(name string, values ...string) {
	c.params = slices.DeleteFunc(c.params, func(p Param) bool { return p.Name == name })
	for _, v := range values {
		c.params = append(c.params, Param{name, v})
	}
}

func (c *craft) get(name string) string { return valuesOf(c.params)[name] }

// asRSA has the request signed with the private key.
func (c *craft) asRSA() {
	c.set("oauth_consumer_key", "rsa")
	c.set("oauth_signature_method", string(RSASHA256))
	c.key = Key{PrivateKey: toolRSAKey()}
}

func (c *craft) post(contentType, body string) {
	c.method, c.contentType, c.body = "POST", contentType, body
}

// hash adds the oauth_body_hash of body.
func (c *craft) hash(body string) {
	m := SignatureMethod(c.get("oauth_signature_method"))
	c.set("oauth_body_hash", m.bodyHash([]byte(body)).Value)
}

func (c *craft) signature(t *testing.T) string {
	t.Helper()
	u := parseURL(t, toolOrigin+c.target)
	all := slices.Clone(c.params)
	if isForm(c.contentType) {
		all = append(all, ParseParams(c.body)...)
	}
	base := BaseString(c.method, u, all)
	if c.sign != nil {
		return c.sign(base)
	}
	signature, err := Sign(SignatureMethod(c.get("oauth_signature_method")), base, c.key)
	if err != nil {
		t.Fatal(err)
	}
	return signature
}

// request returns what a server makes of the request.
func (c *craft) request(t *testing.T) *http.Request {
	t.Helper()
	params := slices.Clone(c.params)
	if !slices.ContainsFunc(params, func(p Param) bool { return p.Name == "oauth_signature" }) {
		params = append(params, Param{"oauth_signature", c.signature(t)})
	}
	target, body := c.target, c.body
	switch c.place {
	case PlacementQuery:
		target += "&" + joinedParams(params, "&", "")
	case PlacementBody:
		body = strings.TrimPrefix(body+"&"+joinedParams(params, "&", ""), "&")
	}
	req := httptest.NewRequestWithContext(t.Context(), c.method, target, strings.NewReader(body))
	if c.place == "" {
		req.Header.Set("Authorization", "OAuth "+joinedParams(params, ", ", `"`))
	}
	if c.contentType != "" {
		req.Header.Set("Content-Type", c.contentType)
	}
	c.late(req)
	return req
}

func joinedParams(params []Param, separator, quote string) string {
	var list []string
	for _, p := range params {
		list = append(list, escape(p.Name)+"="+quote+escape(p.Value)+quote)
	}
	return strings.Join(list, separator)
}
