package registry

import (
	"errors"
	"slices"
	"strings"
)

// A level is where a key may stand.
type level int

const (
	anywhere level = iota
	onTop          // as a key of the client's own
	inKwargs       // in client_kwargs
)

// A setting is a key of configuration: the field of Config that it is of, empty if it is only
// checked, and what reads it.
type setting struct {
	name, field string
	at          level
	read        func(value any) (any, error)
}

// The table is every key there is. That of client_kwargs reads nothing: its members are keys.
var table = []setting{
	{"client_kwargs", "", onTop, nil},
	{"provider", "Provider", onTop, text},
	{"provider_params", "ProviderParams", onTop, names},
	{"protocol", "Protocol", onTop, oneOf("oauth1", "oauth2", "oidc")},
	{"client_id", "ClientID", onTop, text},
	{"client_secret", "ClientSecret", onTop, text},
	{"private_key", "PrivateKey", onTop, privateKey},
	{"request_token_url", "RequestTokenURL", onTop, text},
	{"request_token_params", "RequestTokenParams", onTop, params},
	{"access_token_url", "AccessTokenURL", onTop, text},
	{"access_token_params", "AccessTokenParams", onTop, params},
	{"refresh_token_url", "RefreshTokenURL", onTop, text},
	{"refresh_token_params", "RefreshTokenParams", onTop, params},
	{"authorize_url", "AuthorizeURL", onTop, text},
	{"authorize_params", "AuthorizeParams", onTop, params},
	{"api_base_url", "APIBaseURL", onTop, text},
	{"server_metadata_url", "ServerMetadataURL", onTop, text},
	{"issuer", "Issuer", onTop, text},
	{"jwks_uri", "JWKSURI", onTop, text},
	{"jwks", "JWKS", onTop, keySet},
	{"userinfo_endpoint", "UserInfoEndpoint", onTop, text},
	{"end_session_endpoint", "EndSessionEndpoint", onTop, text},
	{"userinfo_body", "UserInfoBody", onTop, text},
	{"identity_issuer", "IdentityIssuer", onTop, text},
	{"userinfo_names", "UserInfoNames", onTop, names},
	{"user_agent", "UserAgent", onTop, text},
	{"overwrite", "OverwriteFromConfig", onTop, flag},
	{"compliance_fix", "", onTop, refused("it is for Config.Quirks, Dialect and Hooks")},
	{"userinfo_compliance_fix", "", onTop, refused("it is for Config.UserInfoFix")},

	{"redirect_uri", "RedirectURI", anywhere, text},
	{"scope", "Scopes", anywhere, words},
	{"response_type", "ResponseType", anywhere, text},
	{"response_mode", "ResponseMode", anywhere, text},
	{"token_endpoint_auth_method", "TokenEndpointAuthMethod", anywhere, text},
	{"revocation_endpoint_auth_method", "RevocationEndpointAuthMethod", anywhere, text},
	{"token_placement", "TokenPlacement", anywhere, tokenPlacement},
	{"signature_method", "SignatureMethod", anywhere, text},
	{"signature_type", "SignatureType", anywhere, text},
	{"rsa_key", "RSAKey", anywhere, rsaKey},
	{"realm", "Realm", anywhere, text},
	{"force_include_body", "ForceIncludeBody", anywhere, flag},
	{"leeway", "Leeway", anywhere, leeway},
	{"timeout", "Timeout", anywhere, seconds},
	{"code_challenge_method", "", anywhere, challengeMethod},

	{"default_timeout", "Timeout", inKwargs, seconds},
	{"token_endpoint", "AccessTokenURL", inKwargs, text},
	{"prompt", "AuthorizeParams", inKwargs, param("prompt")},
	{"login_hint", "AuthorizeParams", inKwargs, param("login_hint")},
	{"grant_type", "", inKwargs, grantType},
	{"verify", "", inKwargs, verify},
	{"nonce", "", inKwargs, refused("a fresh one is made for each login")},
	{"verifier", "", inKwargs, refused("it comes with the callback of each login")},
	{"cert", "", inKwargs, refused(isTransport)},
	{"proxies", "", inKwargs, refused(isTransport)},
	{"proxy", "", inKwargs, refused(isTransport)},
	{"transport", "", inKwargs, refused(isTransport)},
	{"trust_env", "", inKwargs, refused(isTransport)},
	{"headers", "", inKwargs, refused(isTransport)},
}

const isTransport = "it is for Config.HTTP or Options.HTTP"

// lookup returns the setting called name, unless it only stands elsewhere.
func lookup(name string, elsewhere level) (setting, bool) {
	i := slices.IndexFunc(table, func(s setting) bool { return s.name == name })
	if i < 0 || table[i].at == elsewhere {
		return setting{}, false
	}
	return table[i], true
}

func refused(why string) func(any) (any, error) {
	err := errors.New("must not be configured: " + why)
	return func(any) (any, error) { return nil, err }
}

func oneOf(texts ...string) func(any) (any, error) {
	err := errors.New("must be one of " + strings.Join(texts, ", "))
	return func(value any) (any, error) {
		if s, _ := textOf(value); slices.Contains(texts, s) {
			return s, nil
		}
		return nil, err
	}
}

// param reads one parameter.
func param(name string) func(any) (any, error) {
	return func(value any) (any, error) { return params(map[string]any{name: value}) }
}

var (
	errChallenge = errors.New("must be S256, which is always used; plain never is")
	errGrant     = errors.New("must be authorization_code; other grants are those of Client.OAuth2")
	errVerify    = errors.New("must be true: whom to trust is for Config.HTTP to say, or Options")
	errPlacement = errors.New("must be header or body; the URL only code can choose, with " +
		"oauth2.InsecurePlacementQuery")
)

func challengeMethod(value any) (any, error) {
	if value != "S256" {
		return nil, errChallenge
	}
	return nil, nil
}

func grantType(value any) (any, error) {
	if value != "authorization_code" {
		return nil, errGrant
	}
	return nil, nil
}

func verify(value any) (any, error) {
	if on, _ := flag(value); on != true {
		return nil, errVerify
	}
	return nil, nil
}

func tokenPlacement(value any) (any, error) {
	switch s, _ := textOf(value); s {
	case "header", "headers":
		return "header", nil
	case "body":
		return s, nil
	}
	return nil, errPlacement
}
