package main

import (
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"time"

	"vouchsafe/oauth1"
)

// An oauth1Library is a column of oauth1's table. What it makes is made once and
// then measured; it is safe for concurrent use. A nil field is something that the
// library doesn't have.
type oauth1Library struct {
	name string

	// signer makes values of the Authorization header.
	signer func(method string, c *credentials) (func(m *message) (string, error), error)

	// transport signs the requests that it hands to base.
	transport func(
		method string, c *credentials, base http.RoundTripper,
	) (http.RoundTripper, error)
}

func oauth1Libraries() []oauth1Library {
	return []oauth1Library{vouchsafeOAuth1, dghubble, gomodule}
}

// An oauth1Bench is what the cases of oauth1 have in common.
type oauth1Bench struct {
	credentials *credentials
	get, post   *message
	cases       []benchCase
}

func newOAuth1Bench(key *rsa.PrivateKey) (*oauth1Bench, error) {
	b := &oauth1Bench{credentials: newCredentials(key)}
	var err error
	if b.get, err = newMessage(http.MethodGet, searchURL, ""); err != nil {
		return nil, err
	}
	if b.post, err = newMessage(http.MethodPost, updateURL, updateForm); err != nil {
		return nil, err
	}
	return b, errors.Join(
		b.sign("sign GET, 6 parameters", hmacSHA1, b.get, timesRaw(3),
			timesFaster("dghubble", 6), timesFaster("gomodule", 2), allocsAtMost(10)),
		b.sign("sign POST, 10 parameters", hmacSHA1, b.post),
		b.sign("sign GET, HMAC-SHA256", hmacSHA256, b.get),
		b.sign("sign GET, RSA-SHA1", rsaSHA1, b.get),
		b.parallel("parallel sign GET", hmacSHA1, b.get),
		b.send("transport GET, 6 parameters", hmacSHA1, b.get, allocsAtMost(20)),
		b.send("transport POST, 10 parameters", hmacSHA1, b.post),
	)
}

func (b *oauth1Bench) suite() suite {
	s := suite{name: "oauth1", cases: b.cases}
	for _, lib := range oauth1Libraries() {
		s.columns = append(s.columns, lib.name)
	}
	return s
}

// sign is what making an Authorization header takes.
func (b *oauth1Bench) sign(name, method string, m *message, targets ...target) error {
	cells, err := b.signCells(method, m)
	b.cases = append(b.cases, benchCase{name: name, cells: cells, targets: targets})
	return err
}

func (b *oauth1Bench) parallel(name, method string, m *message) error {
	cells, err := b.signCells(method, m)
	b.cases = append(b.cases, benchCase{name: name, parallel: true, cells: cells})
	return err
}

func (b *oauth1Bench) signCells(method string, m *message) ([]cell, error) {
	cells := []cell{b.rawCell(method, m)}
	for _, lib := range oauth1Libraries() {
		make, err := b.signing(lib, method, m)
		if err != nil {
			return nil, err
		}
		cells = append(cells, cell{lib.name, make})
	}
	return cells, nil
}

// signing is sending for a library that has only that.
func (b *oauth1Bench) signing(
	lib oauth1Library, method string, m *message,
) (func() operation, error) {
	if lib.signer == nil {
		return b.sending(lib, method, m)
	}
	sign, err := lib.signer(method, b.credentials)
	return shared(func() error { _, err := sign(m); return err }), err
}

// send is what a transport adds to one that sends nothing.
func (b *oauth1Bench) send(name, method string, m *message, targets ...target) error {
	cells := []cell{b.rawCell(method, m)}
	for _, lib := range oauth1Libraries() {
		if lib.transport == nil {
			continue
		}
		make, err := b.sending(lib, method, m)
		if err != nil {
			return err
		}
		cells = append(cells, cell{lib.name, make})
	}
	b.cases = append(b.cases, benchCase{name: name, cells: cells, targets: targets})
	return nil
}

func (b *oauth1Bench) sending(
	lib oauth1Library, method string, m *message,
) (func() operation, error) {
	t, err := lib.transport(method, b.credentials, offline{})
	return func() operation { return m.sending(t) }, err
}

func (b *oauth1Bench) rawCell(method string, m *message) cell {
	sign := rawSignature(method, b.credentials, []byte(b.base(method, m)))
	return cell{raw, shared(func() error { _, err := sign(); return err })}
}

// base is the base string of m as vouchsafe signs it.
func (b *oauth1Bench) base(method string, m *message) string {
	return oauth1.BaseString(m.method, m.url, slices.Concat(m.params, []oauth1.Param{
		{Name: "oauth_consumer_key", Value: b.credentials.id},
		{Name: "oauth_nonce", Value: rand.Text()},
		{Name: "oauth_signature_method", Value: method},
		{Name: "oauth_timestamp", Value: strconv.FormatInt(time.Now().Unix(), 10)},
		{Name: "oauth_token", Value: b.credentials.token},
		{Name: "oauth_version", Value: "1.0"},
	}))
}

// offline is a transport that sends nothing.
type offline struct{}

var done = &http.Response{StatusCode: http.StatusOK, Body: http.NoBody}

func (offline) RoundTrip(*http.Request) (*http.Response, error) { return done, nil }
