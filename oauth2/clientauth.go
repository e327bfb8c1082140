package oauth2

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"slices"
)

// A ClientAuthentication authenticates the client to the token endpoint,
// RFC 6749, Section 2.3. It must be safe for concurrent use.
type ClientAuthentication interface {
	// Method returns the method's registered name, RFC 7591, Section 2.
	Method() string

	// Authenticate adds the credentials of the client called id to the header and
	// form of a request that is about to be sent.
	Authenticate(ctx context.Context, id string, header http.Header, form url.Values) error
}

// ClientSecretBasic sends the client's ID and secret in the Authorization
// header, each form-encoded first (RFC 6749, Section 2.3.1).
func ClientSecretBasic(secret string) ClientAuthentication { return clientSecretBasic{&secret} }

// ClientSecretPost sends the client's ID and secret in the form (RFC 6749,
// Section 2.3.1), for servers that do not take client_secret_basic.
func ClientSecretPost(secret string) ClientAuthentication { return clientSecretPost{&secret} }

// None sends the client's ID only: the client is public, and PKCE alone ties
// the code to it (RFC 6749, Section 3.2.1).
func None() ClientAuthentication { return none{} }

// ClientSecret is client_secret_basic, or client_secret_post for a server whose
// metadata lists that and not the former (RFC 8414, Section 2).
func ClientSecret(secret string) ClientAuthentication {
	return clientSecret{clientSecretBasic{&secret}}
}

// AuthenticationFor returns the client authentication called method. An empty
// method means [ClientSecret], or [None] if secret is empty too.
func AuthenticationFor(method, secret string) (ClientAuthentication, error) {
	switch {
	case secret == "" && (method == "" || method == "none"):
		return None(), nil
	case method == "":
		return ClientSecret(secret), nil
	case secret != "" && method == "client_secret_basic":
		return ClientSecretBasic(secret), nil
	case secret != "" && method == "client_secret_post":
		return ClientSecretPost(secret), nil
	}
	return nil, errors.New("oauth2: client authentication must be client_secret_basic or " +
		"client_secret_post with a secret, or none without one")
}

// The secrets are held by pointer, so that printing does not show them.
type (
	clientSecretBasic struct{ secret *string }
	clientSecretPost  struct{ secret *string }
	clientSecret      struct{ clientSecretBasic }
	none              struct{}
)

// choose settles a method that depends on what the server supports.
func choose(a ClientAuthentication, supported []string) ClientAuthentication {
	auto, ok := a.(clientSecret)
	if !ok {
		return a
	}
	basic, post := auto.clientSecretBasic, clientSecretPost{auto.secret}
	if slices.Contains(supported, post.Method()) && !slices.Contains(supported, basic.Method()) {
		return post
	}
	return basic
}

func (clientSecretBasic) Method() string { return "client_secret_basic" }
func (clientSecretPost) Method() string  { return "client_secret_post" }
func (none) Method() string              { return "none" }

func (a clientSecretBasic) Authenticate(_ context.Context, id string, h http.Header, _ url.Values) error {
	pair := url.QueryEscape(id) + ":" + url.QueryEscape(*a.secret)
	h.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(pair)))
	return nil
}

func (a clientSecretPost) Authenticate(_ context.Context, id string, _ http.Header, f url.Values) error {
	f.Set("client_id", id)
	f.Set("client_secret", *a.secret)
	return nil
}

func (none) Authenticate(_ context.Context, id string, _ http.Header, f url.Values) error {
	f.Set("client_id", id)
	return nil
}
