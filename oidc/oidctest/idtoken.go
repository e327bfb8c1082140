package oidctest

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"strings"
)

// beside is what an ID Token comes with, and is bound to by hashes. Only one that the
// browser brings has the hashes of a code and a state.
type beside struct {
	accessToken, code, state string
}

// hash is OpenID Connect Core 1.0, Sections 3.1.3.6 and 3.3.2.11, with the hash of the
// algorithm that signs.
func hash(algorithm, value string) string {
	h := sha256.New()
	switch {
	case strings.HasSuffix(algorithm, "384"):
		h = sha512.New384()
	case !strings.HasSuffix(algorithm, "256"): // 512, and those on Ed25519
		h = sha512.New()
	}
	h.Write([]byte(value))
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:h.Size()/2])
}

// idToken makes the ID Token of a grant, OpenID Connect Core 1.0, Section 2. A
// refreshed one has no nonce (Section 12.2).
func (p *Provider) idToken(g *grant, b beside, refreshed bool) (string, error) {
	now, algorithm := p.options.Now(), p.or(g.client.IDTokenAlgorithm)
	claims := g.idTokenClaims()
	claims["iss"] = p.Issuer()
	claims["sub"] = g.user.Subject
	claims["aud"] = g.client.ID
	claims["iat"] = now.Unix()
	claims["exp"] = now.Add(p.options.TokenLife).Unix()
	claims["auth_time"] = g.at.Unix()
	claims["sid"] = g.sid
	if g.nonce != "" && !refreshed {
		claims["nonce"] = g.nonce
	}
	if g.acr != "" {
		claims["acr"] = g.acr
	}
	for name, value := range map[string]string{
		"at_hash": b.accessToken, "c_hash": b.code, "s_hash": b.state,
	} {
		if value != "" {
			claims[name] = hash(algorithm, value)
		}
	}
	if p.options.EditIDToken != nil {
		p.options.EditIDToken(claims)
	}
	return p.sign(claims, "JWT", g.client, algorithm, g.client.IDTokenEncryption)
}
