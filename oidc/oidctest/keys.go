package oidctest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"

	"vouchsafe/jose"
)

// rsaPair and rsaKey, of the same, are made once: a test that starts many providers need not
// wait for each.
var (
	rsaPair = sync.OnceValues(func() (*rsa.PrivateKey, error) {
		return rsa.GenerateKey(rand.Reader, 2048)
	})
	rsaKey = sync.OnceValues(func() (*jose.Key, error) {
		pair, err := rsaPair()
		if err != nil {
			return nil, err
		}
		return jose.NewKey(pair, jose.KeyOptions{ID: rand.Text(), Algorithm: "RS256"})
	})
)

// makeKeys makes the keys of a new provider, and tries the clients' secrets.
func (p *Provider) makeKeys() error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	p.encryption, err = jose.NewKey(key, jose.KeyOptions{ID: rand.Text(), Use: "enc"})
	if err != nil {
		return err
	}
	p.keys = map[string]*jose.Key{}
	for _, algorithm := range p.keyPairs() {
		if p.keys[algorithm], err = signingKey(algorithm); err != nil {
			return err
		}
	}
	for _, c := range p.options.Clients {
		for _, algorithm := range c.algorithms() {
			if _, err := p.signer(c, algorithm); err != nil {
				return err
			}
		}
	}
	return nil
}

func signingKey(algorithm string) (*jose.Key, error) {
	if algorithm == "RS256" {
		return rsaKey()
	}
	if _, ok := jose.SignatureHash(algorithm); !ok || symmetric(algorithm) {
		return nil, errors.New("oidctest: Options.Algorithm must sign with a key pair")
	}
	return jose.GenerateKey(algorithm)
}

func symmetric(algorithm string) bool { return strings.HasPrefix(algorithm, "HS") }

// algorithms are those that sign for the client alone.
func (c Client) algorithms() []string {
	all := []string{c.IDTokenAlgorithm, c.UserInfoAlgorithm, c.ResponseAlgorithm}
	return slices.DeleteFunc(all, func(s string) bool { return s == "" })
}

// algorithms are all that sign.
func (p *Provider) algorithms() []string {
	all := append([]string{p.options.Algorithm}, p.options.Algorithms...)
	for _, c := range p.options.Clients {
		all = append(all, c.algorithms()...)
	}
	var once []string
	for _, algorithm := range all {
		if !slices.Contains(once, algorithm) {
			once = append(once, algorithm)
		}
	}
	return once
}

// keyPairs are the algorithms whose keys are published. One of Options that has none is
// left for signingKey to refuse.
func (p *Provider) keyPairs() []string {
	return slices.DeleteFunc(p.algorithms(), func(algorithm string) bool {
		return symmetric(algorithm) && algorithm != p.options.Algorithm &&
			!slices.Contains(p.options.Algorithms, algorithm)
	})
}

// signer returns the key that signs for a client: its secret, for HMAC (OpenID Connect
// Core 1.0, Section 10.1).
func (p *Provider) signer(c Client, algorithm string) (*jose.Key, error) {
	if symmetric(algorithm) {
		return jose.NewKey([]byte(c.Secret), jose.KeyOptions{Algorithm: algorithm})
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.keys[algorithm], nil
}

// or returns algorithm, or if there is none that of the provider.
func (p *Provider) or(algorithm string) string {
	if algorithm == "" {
		return p.options.Algorithm
	}
	return algorithm
}

// sign makes a token of a type for a client: it signs claims, and then encrypts them if they
// are to be (RFC 7519, Section 11.2).
func (p *Provider) sign(claims map[string]any, typ string, c Client, algorithm string,
	to Recipient) (string, error) {
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	key, err := p.signer(c, algorithm)
	if err != nil {
		return "", err
	}
	signed, err := jose.Sign(payload, key, jose.SignOptions{Type: typ})
	if err != nil || to.Key == nil {
		return signed, err
	}
	return to.encrypt([]byte(signed), jose.EncryptOptions{ContentType: "JWT"})
}

func (r Recipient) encrypt(plaintext []byte, o jose.EncryptOptions) (string, error) {
	o.Algorithm, o.Encryption = r.Algorithm, r.Encryption
	if o.Encryption == "" {
		o.Encryption = "A128CBC-HS256"
	}
	return jose.Encrypt(plaintext, r.Key, o)
}

// Key returns the key that signs with Options.Algorithm, for tokens made by hand. It is
// safe for concurrent use.
func (p *Provider) Key() *jose.Key {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.keys[p.options.Algorithm]
}

// RotateKeys has the provider sign with new keys, under new IDs. The old ones are
// published beside them if keep is set, and otherwise are gone. The key that others
// encrypt with stays. It is safe for concurrent use.
func (p *Provider) RotateKeys(keep bool) error {
	keys := map[string]*jose.Key{}
	for _, algorithm := range p.keyPairs() {
		key, err := jose.GenerateKey(algorithm)
		if err != nil {
			return err
		}
		keys[algorithm] = key
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.old = append(p.old, p.signing()...)
	if !keep {
		p.old = nil
	}
	p.keys = keys
	return nil
}

// signing are the keys that sign, in the order of their algorithms. It needs p.mu.
func (p *Provider) signing() []*jose.Key {
	var keys []*jose.Key
	for _, algorithm := range p.keyPairs() {
		keys = append(keys, p.keys[algorithm])
	}
	return keys
}

// published are the keys that whoever verifies finds.
func (p *Provider) published() *jose.Set {
	p.mu.Lock()
	defer p.mu.Unlock()
	return jose.NewSet(append(append(p.signing(), p.old...), p.encryption)...)
}

func (p *Provider) serveKeys(w http.ResponseWriter, r *http.Request) {
	serveDocument(w, r, p.published())
}
