package main

import (
	"context"
	"crypto"
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"hash"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"vouchsafe/oauth1"
)

var oauth1Methods = []string{hmacSHA1, hmacSHA256, rsaSHA1}

// wantBases are base strings with a nonce and a timestamp of "x".
var wantBases = map[string]string{
	http.MethodGet: "GET&https%3A%2F%2Fapi.example%2F1.1%2Fsearch%2Fposts.json&" +
		"count%3D100%26include_entities%3Dtrue%26lang%3Dde" +
		"%26oauth_consumer_key%3DID%26oauth_nonce%3Dx%26oauth_signature_method%3DMETHOD" +
		"%26oauth_timestamp%3Dx%26oauth_token%3DTOKEN%26oauth_version%3D1.0" +
		"%26q%3D%2540alice%2520caf%25C3%25A9%26result_type%3Dmixed%26since_id%3D24012619984051000",
	http.MethodPost: "POST&https%3A%2F%2Fapi.example%2F1.1%2Fposts%2Fupdate.json&" +
		"card_uri%3Dtombstone%253A%252F%252Fcard%26display_coordinates%3Dfalse" +
		"%26in_reply_to%3D24012619984051000%26include_entities%3Dtrue%26lat%3D48.2082" +
		"%26long%3D16.3738%26media_ids%3D710511363345354753%252C710511363345354754" +
		"%26oauth_consumer_key%3DID%26oauth_nonce%3Dx%26oauth_signature_method%3DMETHOD" +
		"%26oauth_timestamp%3Dx%26oauth_token%3DTOKEN%26oauth_version%3D1.0" +
		"%26place_id%3D9f659d51e5c5deae" +
		"%26status%3DHello%2520Ladies%2520%252B%2520Gentlemen%252C%2520a%2520signed%2520OAuth" +
		"%2520request%2521%26trim_user%3Dtrue",
}

func (b *oauth1Bench) wantBase(method string, m *message) string {
	return strings.NewReplacer("ID", b.credentials.id, "METHOD", method,
		"TOKEN", b.credentials.token).Replace(wantBases[m.method])
}

func newTestOAuth1(t *testing.T) *oauth1Bench {
	t.Helper()
	k, err := newKeys()
	if err != nil {
		t.Fatal(err)
	}
	b, err := newOAuth1Bench(k.rsa)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

type headerTest = func(t *testing.T, method string, m *message, header string)

// eachHeader calls f with the Authorization header that each column makes.
func eachHeader(t *testing.T, b *oauth1Bench, f headerTest) {
	for _, method := range oauth1Methods {
		for _, lib := range oauth1Libraries() {
			for kind, sign := range headers(t, lib, method, b.credentials) {
				for _, m := range []*message{b.get, b.post} {
					t.Run(lib.name+" "+kind+" "+method+" "+m.method, func(t *testing.T) {
						f(t, method, m, sign(t, m))
					})
				}
			}
		}
	}
}

type signTest = func(t *testing.T, m *message) string

// headers are what makes a column's Authorization headers.
func headers(
	t *testing.T, lib oauth1Library, method string, c *credentials,
) map[string]signTest {
	all := map[string]signTest{}
	if lib.signer != nil {
		sign, err := lib.signer(method, c)
		if err != nil {
			t.Fatal(err)
		}
		all["signer"] = func(t *testing.T, m *message) string {
			header, err := sign(m)
			if err != nil {
				t.Fatal(err)
			}
			return header
		}
	}
	if lib.transport != nil {
		all["transport"] = func(t *testing.T, m *message) string {
			return sent(t, lib, method, c, m)
		}
	}
	return all
}

type recorder func(req *http.Request)

func (f recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	f(req)
	return done, nil
}

// sent returns the Authorization header of m as it reaches the base transport, and
// makes sure that the rest of it does, every time.
func sent(t *testing.T, lib oauth1Library, method string, c *credentials, m *message) string {
	t.Helper()
	header, calls := "", 0
	transport, err := lib.transport(method, c, recorder(func(req *http.Request) {
		calls++
		header = req.Header.Get("Authorization")
		if req.Method != m.method || req.URL.String() != m.url.String() {
			t.Errorf("sent %s %s", req.Method, req.URL)
		}
		if got := bodyOf(t, req); got != m.body {
			t.Errorf("sent the body %q", got)
		}
	}))
	if err != nil {
		t.Fatal(err)
	}
	if err := repeat(m.sending(transport), 2); err != nil {
		t.Fatal(err)
	}
	if calls != 2 {
		t.Errorf("%d requests sent", calls)
	}
	return header
}

func bodyOf(t *testing.T, req *http.Request) string {
	t.Helper()
	if req.Body == nil {
		return ""
	}
	body, err := io.ReadAll(req.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// TestBase shows that all columns sign the same text, but for nonce and timestamp.
func TestBase(t *testing.T) {
	b := newTestOAuth1(t)
	eachHeader(t, b, func(t *testing.T, method string, m *message, header string) {
		params := headerParams(t, header)
		base := baseOf(m, params)
		err := independently(method, b.credentials, base, params["oauth_signature"])
		if err != nil {
			t.Error(err)
		}
		params["oauth_nonce"], params["oauth_timestamp"] = "x", "x"
		if got, want := baseOf(m, params), b.wantBase(method, m); got != want {
			t.Errorf("base string\n%s, want\n%s", got, want)
		}
	})
}

// TestFresh shows that no column signs a request once and hands the same out again.
func TestFresh(t *testing.T) {
	b := newTestOAuth1(t)
	now := time.Now().Unix()
	seen := map[string]bool{}
	for range 2 {
		eachHeader(t, b, func(t *testing.T, _ string, _ *message, header string) {
			params := headerParams(t, header)
			if nonce := params["oauth_nonce"]; nonce == "" || seen[nonce] {
				t.Errorf("nonce %q again", nonce)
			}
			seen[params["oauth_nonce"]] = true
			at, err := strconv.ParseInt(params["oauth_timestamp"], 10, 64)
			if err != nil || at < now || at > time.Now().Unix() {
				t.Errorf("timestamp %s, %v", params["oauth_timestamp"], err)
			}
		})
	}
}

// TestVerifier has vouchsafe verify what every column signs, and refuse it changed.
func TestVerifier(t *testing.T) {
	b := newTestOAuth1(t)
	eachHeader(t, b, func(t *testing.T, method string, m *message, header string) {
		verify := newTestVerifier(t, method, b.credentials)
		for name, change := range map[string]func(req *http.Request){
			"query":     func(req *http.Request) { req.URL.RawQuery += "&a=b" },
			"method":    func(req *http.Request) { req.Method = http.MethodPut },
			"signature": func(req *http.Request) { req.Header.Set("Authorization", other(header)) },
		} {
			req := signedRequest(m, header)
			change(req)
			if err := verify(req); !errors.Is(err, &oauth1.CheckError{Check: "signature"}) {
				t.Errorf("another %s: %v", name, err)
			}
		}
		if err := verify(signedRequest(m, header)); err != nil {
			t.Errorf("refused: %v", err)
		}
		err := verify(signedRequest(m, header))
		if !errors.Is(err, &oauth1.CheckError{Check: "nonce"}) {
			t.Errorf("a second time: %v", err)
		}
	})
}

func newTestVerifier(t *testing.T, method string, c *credentials) func(*http.Request) error {
	t.Helper()
	v, err := oauth1.NewVerifier(oauth1.VerifierConfig{
		Origin:  audience,
		Methods: []oauth1.SignatureMethod{oauth1.SignatureMethod(method)},
		Nonces:  oauth1.NewMemoryNonces(0, nil),
		Key: func(_ context.Context, id, token string) (oauth1.Key, error) {
			switch {
			case id != c.id || token != c.token:
				return oauth1.Key{}, errors.New("not those of the test")
			case method == rsaSHA1:
				return oauth1.Key{PublicKey: &c.rsa.PublicKey}, nil
			default:
				return oauth1.Key{ClientSecret: c.secret, TokenSecret: c.tokenSecret}, nil
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return func(req *http.Request) error { _, err := v.Verify(req); return err }
}

func signedRequest(m *message, header string) *http.Request {
	req, _ := m.request()
	u := *m.url
	req.URL = &u
	req.Header.Set("Authorization", header)
	return req
}

// other changes the first character of the signature in header.
func other(header string) string {
	before, after, _ := strings.Cut(header, `oauth_signature="`)
	first := "A"
	if strings.HasPrefix(after, first) {
		first = "B"
	}
	return before + `oauth_signature="` + first + after[1:]
}

// TestRaw shows that raw makes the signature that a column makes.
func TestRaw(t *testing.T) {
	b := newTestOAuth1(t)
	fresh := regexp.MustCompile("(oauth_(nonce|timestamp)%3D)[A-Z0-9]+")
	for _, method := range oauth1Methods {
		base := b.base(method, b.get)
		got, want := fresh.ReplaceAllString(base, "${1}x"), b.wantBase(method, b.get)
		if got != want {
			t.Errorf("base string\n%s, want\n%s", got, want)
		}
		sig, err := rawSignature(method, b.credentials, []byte(base))()
		if err != nil {
			t.Fatal(err)
		}
		if err := independently(method, b.credentials, base, sig); err != nil {
			t.Errorf("%s: %v", method, err)
		}
	}
}

func TestMessages(t *testing.T) {
	b := newTestOAuth1(t)
	if n := len(b.get.url.Query()); n != 6 || b.get.body != "" {
		t.Errorf("GET has %d parameters and the body %q", n, b.get.body)
	}
	if n := len(b.post.form); n != 10 || len(b.post.params) != 10 || b.post.url.RawQuery != "" {
		t.Errorf("POST has %d parameters, %d, and the query %q",
			n, len(b.post.params), b.post.url.RawQuery)
	}
}

// headerParams takes an Authorization header apart, RFC 5849, Section 3.5.1.
func headerParams(t *testing.T, header string) map[string]string {
	t.Helper()
	list, found := strings.CutPrefix(header, "OAuth ")
	if !found {
		t.Fatalf("Authorization: %s", header)
	}
	params := map[string]string{}
	for pair := range strings.SplitSeq(list, ", ") {
		name, quoted, _ := strings.Cut(pair, "=")
		value, err := url.PathUnescape(strings.Trim(quoted, `"`))
		if err != nil || params[name] != "" {
			t.Fatalf("Authorization: %s", header)
		}
		params[name] = value
	}
	return params
}

// baseOf is the base string of m with the parameters of its header.
func baseOf(m *message, header map[string]string) string {
	params := slices.Clone(m.params)
	for name, value := range header {
		params = append(params, oauth1.Param{Name: name, Value: value})
	}
	return oauth1.BaseString(m.method, m.url, params)
}

var errOther = errors.New("the signature is another one")

// independently verifies a signature with the standard library alone.
func independently(method string, c *credentials, base, signature string) error {
	sig, err := base64.StdEncoding.DecodeString(signature)
	if err != nil {
		return err
	}
	newHash := map[string]func() hash.Hash{hmacSHA1: sha1.New, hmacSHA256: sha256.New}[method]
	if newHash == nil {
		digest := sha1.Sum([]byte(base))
		return rsa.VerifyPKCS1v15(&c.rsa.PublicKey, crypto.SHA1, digest[:], sig)
	}
	mac := hmac.New(newHash, []byte(c.secret+"&"+c.tokenSecret))
	mac.Write([]byte(base))
	if !hmac.Equal(mac.Sum(nil), sig) {
		return errOther
	}
	return nil
}
