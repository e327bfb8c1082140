package main

import (
	"crypto/rand"
	"crypto/rsa"
	"net/http"
	"net/url"
	"strings"

	"vouchsafe/oauth1"
)

// The signature methods, RFC 5849, Section 3.4, and HMAC with another hash.
const (
	hmacSHA1   = "HMAC-SHA1"
	hmacSHA256 = "HMAC-SHA256"
	rsaSHA1    = "RSA-SHA1"
)

const (
	searchURL = audience + "/1.1/search/posts.json?q=%40alice%20caf%C3%A9&count=100" +
		"&include_entities=true&lang=de&result_type=mixed&since_id=24012619984051000"
	updateURL  = audience + "/1.1/posts/update.json"
	updateForm = "status=Hello+Ladies+%2B+Gentlemen%2C+a+signed+OAuth+request%21" +
		"&include_entities=true&in_reply_to=24012619984051000&lat=48.2082&long=16.3738" +
		"&place_id=9f659d51e5c5deae&display_coordinates=false&trim_user=true" +
		"&media_ids=710511363345354753%2C710511363345354754&card_uri=tombstone%3A%2F%2Fcard"
)

// credentials are those of a client and of a token, RFC 5849, Section 1.1.
type credentials struct {
	id, secret         string
	token, tokenSecret string
	rsa                *rsa.PrivateKey
}

func newCredentials(key *rsa.PrivateKey) *credentials {
	return &credentials{rand.Text(), rand.Text(), rand.Text(), rand.Text(), key}
}

// A message is a request to be signed. Its body is there in every form in which a
// library takes it.
type message struct {
	method string
	url    *url.URL
	body   string // empty, or form-encoded
	form   url.Values
	params []oauth1.Param
}

func newMessage(method, uri, body string) (*message, error) {
	u, err := url.Parse(uri)
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(body)
	return &message{method, u, body, form, oauth1.ParseParams(body)}, err
}

// A formBody can be sent again after a Reset.
type formBody struct{ strings.Reader }

func (*formBody) Close() error { return nil }

// request returns m as net/http has it, and its body.
func (m *message) request() (*http.Request, *formBody) {
	req := &http.Request{Method: m.method, URL: m.url, Host: m.url.Host, Header: http.Header{}}
	body := new(formBody)
	body.Reset(m.body)
	if m.body != "" {
		req.Body, req.ContentLength = body, int64(len(m.body))
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return req, body
}

// sending is what sends m through t, again and again.
func (m *message) sending(t http.RoundTripper) operation {
	req, body := m.request()
	return func() error {
		body.Reset(m.body)
		_, err := t.RoundTrip(req)
		return err
	}
}
