package oauth1test

import (
	"context"
	"crypto/fips140"
	"crypto/subtle"
	"errors"
	"net/http"
	"net/http/httptest"

	"vouchsafe/oauth1"
)

// A request is a signed request that has been verified.
type request struct {
	*oauth1.SignedRequest
	client *Client
	step   step
}

// An endpoint takes signed requests.
type endpoint struct {
	verifier *oauth1.Verifier
	required string // a parameter that a request must have
	answer   func(w http.ResponseWriter, r *request) Fault
}

// newEndpoint returns an endpoint whose requests are signed with a token's secret,
// which secret finds.
func (p *Provider) newEndpoint(
	required string, secret func(c *Client, token string) (string, Fault),
	answer func(w http.ResponseWriter, r *request) Fault,
) (*endpoint, error) {
	v, err := oauth1.NewVerifier(oauth1.VerifierConfig{
		Origin:               p.base.Scheme + "://" + p.base.Host,
		Methods:              methods(),
		Nonces:               p.nonces,
		MaxBody:              10 << 20,
		InsecureUnsignedBody: true, // as most providers have it
		Now:                  p.options.Now,
		Key: func(_ context.Context, clientID, token string) (oauth1.Key, error) {
			return p.key(clientID, token, secret)
		},
	})
	return &endpoint{v, required, answer}, err
}

func (p *Provider) key(
	clientID, token string, secret func(c *Client, token string) (string, Fault),
) (oauth1.Key, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.client(clientID)
	if c == nil {
		return oauth1.Key{}, &faultError{UnknownClient}
	}
	tokenSecret, fault := secret(c, token)
	if fault != "" {
		return oauth1.Key{}, &faultError{fault}
	}
	if c.PublicKey != nil {
		return oauth1.Key{PublicKey: c.PublicKey}, nil
	}
	return oauth1.Key{ClientSecret: c.Secret, TokenSecret: tokenSecret}, nil
}

func (p *Provider) client(id string) *Client {
	for i := range p.options.Clients {
		if c := &p.options.Clients[i]; c.ID == id {
			return c
		}
	}
	return nil
}

func (p *Provider) serve(w http.ResponseWriter, r *http.Request, e *endpoint) {
	verified, err := e.verifier.Verify(r)
	p.respond(verified, err, e).send(w)
}

// respond makes the answer to a request that was verified, or refused with err.
func (p *Provider) respond(verified *oauth1.SignedRequest, err error, e *endpoint) *answer {
	p.mu.Lock()
	defer p.mu.Unlock()
	rec, req, fault := httptest.NewRecorder(), &request{SignedRequest: verified}, MissingParameter
	switch {
	case err != nil:
		fault = faultOf(err)
	case e.required == "" || verified.Protocol[e.required] != "":
		req.client = p.client(verified.ClientID)
		fault = e.answer(rec, req)
	}
	if fault != "" {
		p.refuse(rec, fault)
		return &answer{rec.Code, rec.Header(), rec.Body.String()}
	}
	p.done[req.step] = true
	return p.misbehave(req, rec)
}

// methods are those that the program's mode allows.
func methods() []oauth1.SignatureMethod {
	list := []oauth1.SignatureMethod{
		oauth1.HMACSHA256, oauth1.HMACSHA512, oauth1.RSASHA256, oauth1.RSASHA512, oauth1.Plaintext,
	}
	if !fips140.Enforced() {
		list = append(list, oauth1.HMACSHA1, oauth1.RSASHA1)
	}
	return list
}

// A faultError is a Fault that a key's function ends with.
type faultError struct{ fault Fault }

func (e *faultError) Error() string { return "oauth1test: " + string(e.fault) }

// faultOf returns the fault that a verifier's error is about.
func faultOf(err error) Fault {
	if e, ok := errors.AsType[*faultError](err); ok {
		return e.fault
	}
	failed, ok := errors.AsType[*oauth1.CheckError](err)
	if !ok {
		return MalformedBody
	}
	faults := map[string]Fault{
		"method":           MalformedHeader,
		"content_type":     MalformedHeader,
		"authorization":    MalformedHeader,
		"size":             MalformedBody,
		"form_size":        MalformedBody,
		"body":             MalformedBody,
		"parameters":       DuplicateParameter,
		"placement":        MisplacedParameter,
		"oauth_version":    UnsupportedVersion,
		"signature_method": UnsupportedSignatureMethod,
		"key":              UnsupportedSignatureMethod,
		"timestamp":        StaleTimestamp,
		"signature":        WrongSignature,
		"body_hash":        WrongBodyHash,
		"nonce":            RepeatedNonce,
		"nonce_store":      RepeatedNonce, // as far as can be told
	}
	if fault, ok := faults[failed.Check]; ok {
		return fault
	}
	return MissingParameter // the others are named for a parameter
}

func equal(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
