package oauth2

import (
	"context"
	"encoding/base64"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"vouchsafe/jose"
)

// A ClientAuthentication authenticates the client to the token endpoint and others,
// RFC 6749, Section 2.3. It must be safe for concurrent use.
type ClientAuthentication interface {
	// Method returns the method's name, RFC 7591, Section 2, or one of its own.
	Method() string

	// Authenticate adds the credentials of c to a request that is about to be sent: to
	// its Header, its URL, or its parameters, which are in PostForm and become the body
	// later. An error ends the request and is returned, wrapped.
	Authenticate(ctx context.Context, c *Client, req *http.Request) error
}

// The methods of RFC 7591, Section 2, and of OpenID Connect Core 1.0, Section 9.
const (
	clientSecretBasic = "client_secret_basic"
	clientSecretPost  = "client_secret_post"
	clientSecretJWT   = "client_secret_jwt"
	privateKeyJWT     = "private_key_jwt"
)

// ClientSecretBasic sends the client's ID and secret in the Authorization
// header, each form-encoded first (RFC 6749, Section 2.3.1). An empty secret is taken:
// some servers want it of public clients.
func ClientSecretBasic(secret string) ClientAuthentication {
	return clientSecret{clientSecretBasic, hide(secret), setBasic}
}

// ClientSecretBasicRaw is [ClientSecretBasic] without the encoding, for servers that do
// not decode. An ID with a colon is an error then.
func ClientSecretBasicRaw(secret string) ClientAuthentication {
	return clientSecret{clientSecretBasic, hide(secret), setBasicRaw}
}

// ClientSecretPost sends the client's ID and secret in the form (RFC 6749,
// Section 2.3.1), for servers that do not take client_secret_basic.
func ClientSecretPost(secret string) ClientAuthentication {
	return clientSecret{clientSecretPost, hide(secret), setPost}
}

// ClientSecret is client_secret_basic, or client_secret_post for a server whose
// metadata lists that and not the former (RFC 8414, Section 2).
func ClientSecret(secret string) ClientAuthentication {
	return automatic{
		clientSecret{clientSecretBasic, hide(secret), setBasic},
		clientSecret{clientSecretPost, hide(secret), setPost},
	}
}

// None sends the client's ID only: the client is public, and PKCE alone ties
// the code to it (RFC 6749, Section 3.2.1).
func None() ClientAuthentication { return none{} }

// A clientSecret is a way to send a secret, which is hidden from fmt as in Token.
type clientSecret struct {
	method string
	secret func() string
	set    func(req *http.Request, id, secret string) error
}

func hide(s string) func() string { return func() string { return s } }

func (a clientSecret) Method() string { return a.method }

func (a clientSecret) Authenticate(_ context.Context, c *Client, req *http.Request) error {
	return a.set(req, c.ID(), a.secret())
}

// check refuses an empty secret in a form, which an environment variable that is not set
// would be.
func (a clientSecret) check(AuthorizationServer) error {
	if a.method == clientSecretPost && a.secret() == "" {
		return checkError("client_secret", "must not be empty", "RFC 6749, Section 2.3.1")
	}
	return nil
}

func setBasic(req *http.Request, id, secret string) error {
	return setBasicRaw(req, url.QueryEscape(id), url.QueryEscape(secret))
}

func setBasicRaw(req *http.Request, id, secret string) error {
	if strings.Contains(id, ":") {
		return checkError("client_id", "must not have a colon", "RFC 7617, Section 2")
	}
	pair := base64.StdEncoding.EncodeToString([]byte(id + ":" + secret))
	req.Header.Set("Authorization", "Basic "+pair)
	return nil
}

func setPost(req *http.Request, id, secret string) error {
	req.PostForm.Set("client_id", id)
	req.PostForm.Set("client_secret", secret)
	return nil
}

// automatic is basic, or post where the server supports that alone.
type automatic struct {
	clientSecret
	post clientSecret
}

func (a automatic) check(s AuthorizationServer) error { return a.post.check(s) }

// choose settles a method that depends on what the server supports.
func choose(a ClientAuthentication, supported []string) ClientAuthentication {
	auto, ok := a.(automatic)
	basic := slices.Contains(supported, clientSecretBasic)
	switch {
	case !ok:
		return a
	case !basic && slices.Contains(supported, clientSecretPost):
		return auto.post
	}
	return auto.clientSecret
}

type none struct{}

func (none) Method() string { return "none" }

func (none) Authenticate(_ context.Context, c *Client, req *http.Request) error {
	req.PostForm.Set("client_id", c.ID())
	return nil
}

// Credentials are what a client may authenticate with. Printing them shows no secret.
type Credentials struct {
	// Secret is the client secret.
	Secret string `json:"-"`

	// Key signs assertions for private_key_jwt. It may be in an HSM or a KMS, see
	// [jose.NewKey].
	Key *jose.Key

	// Custom is a method of the caller's own. Authlib has client_auth_methods.
	Custom ClientAuthentication
}

// Format prints that c are credentials and nothing of them, whatever the verb.
func (c Credentials) Format(f fmt.State, _ rune) { fmt.Fprint(f, "oauth2.Credentials{...}") }

// LogValue gives a log what Format prints.
func (c Credentials) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(c)) }

// AuthenticationFor returns the client authentication called method: one of
// client_secret_basic, client_secret_post, client_secret_jwt, private_key_jwt, none, or
// the name of c's Custom. An empty method means what the credentials are for:
// [ClientSecret], [PrivateKeyJWT], the custom one, or [None] if there are none.
//
// A method that is not one of these is a [*jose.CheckError], and so are credentials
// that the method would not use.
func AuthenticationFor(method string, c Credentials) (ClientAuthentication, error) {
	secret, key, custom := c.Secret != "", c.Key != nil, c.Custom != nil
	unnamed := method == ""
	switch {
	case secret && !key && !custom:
		return c.secretAuthentication(method)
	case key && !secret && !custom && (unnamed || method == privateKeyJWT):
		return PrivateKeyJWT(c.Key, AssertionOptions{}), nil
	case custom && !secret && !key && (unnamed || method == c.Custom.Method()):
		return c.Custom, nil
	case !secret && !key && !custom && (unnamed || method == "none"):
		return None(), nil
	}
	return nil, errMethod()
}

func errMethod() error {
	return checkError("client_authentication", "must be a method of this package, or a custom "+
		"one, with the credentials that it uses and no others", "RFC 7591, Section 2")
}

func (c Credentials) secretAuthentication(method string) (ClientAuthentication, error) {
	switch method {
	case "":
		return ClientSecret(c.Secret), nil
	case clientSecretBasic:
		return ClientSecretBasic(c.Secret), nil
	case clientSecretPost:
		return ClientSecretPost(c.Secret), nil
	case clientSecretJWT:
		return ClientSecretJWT(c.Secret, AssertionOptions{}), nil
	}
	return nil, errMethod()
}
