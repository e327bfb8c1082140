package compliance

import (
	"context"
	"net/http"
	"time"

	"vouchsafe/jose"
	"vouchsafe/oauth2"
)

// secretLife is how long a signed client secret is valid; a new one is made for each request.
const secretLife = 5 * time.Minute

// Authentication returns how a client authenticates whose secret is signed with key, nil if
// d has no such secrets.
func (d Dialect) Authentication(key *jose.Key) oauth2.ClientAuthentication {
	if d.SecretAudience == "" {
		return nil
	}
	return signedSecret{d.SecretIssuer, d.SecretAudience, d.SecretKeyID, key}
}

type signedSecret struct {
	issuer, audience, keyID string
	key                     *jose.Key
}

func (signedSecret) Method() string { return "signed_client_secret" }

func (s signedSecret) Authenticate(_ context.Context, c *oauth2.Client, req *http.Request) error {
	now := c.Now()
	secret, err := jose.Issue(jose.Claims{
		Issuer:    s.issuer,
		Subject:   c.ID(),
		Audience:  []string{s.audience},
		IssuedAt:  now,
		ExpiresAt: now.Add(secretLife),
	}, s.key, jose.SignOptions{KeyID: s.keyID})
	if err != nil {
		return err
	}
	req.PostForm.Set("client_id", c.ID())
	req.PostForm.Set("client_secret", secret)
	return nil
}
