package registry

import (
	"cmp"
	"context"
	"crypto"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"time"

	"vouchsafe/compliance"
	"vouchsafe/jose"
	"vouchsafe/oauth1"
	"vouchsafe/oauth2"
	"vouchsafe/oidc"
)

// A Config says what a provider is and who the client is to it. ClientID is required; the
// rest depends on the protocol. What is empty, of lists and maps what is nil, is filled in: from
// [Options].Config first, then from the row of Provider. There each field has Authlib's name,
// which is the field's own in lower case with underscores unless said otherwise.
//
// Fields of a protocol that the provider is not of are an error.
type Config struct {
	// Provider names a row of package compliance's table, which fills the fields
	// that are empty here. If empty, nothing is filled in. A row is of one server: beside an
	// AccessTokenURL of another it fills in neither RefreshTokenURL, APIBaseURL and
	// UserInfoEndpoint nor who the users are, and beside a ServerMetadataURL or, with OpenID
	// Connect, an Issuer of another no endpoint and no keys.
	Provider string

	// ProviderParams are the parameters of that row, such as a tenant: provider_params. Each
	// must be as the row says.
	ProviderParams map[string]string

	// Protocol is what the provider speaks. If empty, it follows from the other fields: see
	// the package documentation.
	Protocol Protocol

	// ClientID and ClientSecret are the client's credentials: in OAuth 1.0, the
	// consumer key and secret. A public client has no secret. Printing a Config
	// does not show the secret.
	ClientID     string
	ClientSecret string `json:"-"`

	// PrivateKey signs the assertions of TokenEndpointAuthMethod private_key_jwt. In
	// configuration it is PEM text, or a JSON Web Key. It signs the secrets of
	// Dialect.SecretAudience too.
	PrivateKey *jose.Key `json:"-"`

	// RequestTokenURL is where OAuth 1.0 gets temporary credentials, RFC 5849,
	// Section 2.1. It makes the provider one of OAuth 1.0. RequestTokenParams are further
	// parameters of that request, which are signed.
	RequestTokenURL    string
	RequestTokenParams url.Values

	// AuthorizeURL and AccessTokenURL are the authorization and the token endpoint
	// of either protocol. With OpenID Connect they go before the discovered ones.
	// AuthorizeParams and AccessTokenParams are further parameters of the requests there:
	// those that AuthorizeOptions have go before them.
	AuthorizeURL      string
	AuthorizeParams   url.Values
	AccessTokenURL    string
	AccessTokenParams url.Values

	// RefreshTokenURL is where OAuth 2.0 refreshes tokens, if not at AccessTokenURL.
	// RefreshTokenParams are further parameters of that request.
	RefreshTokenURL    string
	RefreshTokenParams url.Values

	// APIBaseURL is what the URLs of API calls are relative to. Tokens are sent to
	// its origin only.
	APIBaseURL string

	// Issuer is the issuer identifier, exactly. An OAuth 2.0 server that sends iss
	// (RFC 9207) needs it too.
	Issuer string

	// ServerMetadataURL is where OpenID Connect's metadata is. If empty, it follows
	// from Issuer. Alone it serves where the issuer has no final slash.
	ServerMetadataURL string

	// JWKSURI is where the provider's keys are, if they are not to be discovered, and JWKS
	// the keys themselves, if they are not to be fetched. The former is jwks_uri in Authlib.
	JWKSURI string
	JWKS    *jose.Set

	// UserInfoEndpoint is where [Client.UserInfo] asks who the user is: userinfo_endpoint. With
	// OAuth 1.0 and 2.0, a name in braces stands for the member of that name that came with the
	// token, {client_id} for ClientID, and {access_token} for OAuth 2.0's token. UserInfoBody, if
	// not empty, is what is asked by POST: JSON, or else a form: userinfo_body.
	UserInfoEndpoint string
	UserInfoBody     string

	// EndSessionEndpoint is where [Client.LogoutRedirect] has the user logged out:
	// end_session_endpoint. It is discovered; this goes before.
	EndSessionEndpoint string

	// IdentityIssuer is the issuer of identities that UserInfo gives, for a provider
	// without OpenID Connect. UserInfoNames says where it keeps standard claims,
	// {"sub": "id"}, as [oidc.UserInfoSource].Names does; the subject must be one that never
	// belongs to another user. Without UserInfoEndpoint, it is in what came with the token. An
	// "email" from elsewhere is verified only if "email_verified" has an entry too. The row of
	// Provider has an IdentityIssuer for its own AccessTokenURL, UserInfoEndpoint and "sub" only.
	IdentityIssuer string
	UserInfoNames  map[string]string

	// UserInfoEmails says where the user's addresses are, if they have a list of their own. It is
	// filled in as a whole, and only where APIBaseURL and UserInfoEndpoint are the row's too.
	UserInfoEmails compliance.Emails

	// UserInfoFix rewrites what the provider says of the user before it is read and checked:
	// userinfo_compliance_fix in Authlib. Numbers are of type json.Number. api calls the
	// provider with the user's token, for what the answer lacks.
	UserInfoFix func(ctx context.Context, api *BoundClient, claims map[string]any) (
		map[string]any, error)

	// RedirectURI is where the browser comes back to, for a login that does not say: see
	// AuthorizeOptions.RedirectURI.
	RedirectURI string

	// Scopes are the scopes asked for: scope in Authlib, with spaces between them. OpenID
	// Connect asks for openid by itself, and for nothing else: a name is behind profile, an
	// address behind email.
	Scopes []string

	// ResponseType and ResponseMode are those of [oidc.AuthorizationOptions]; OAuth 2.0
	// without OpenID Connect has ResponseMode only, OAuth 1.0 neither. With form_post and
	// form_post.jwt the provider's page posts to the callback, and the site must be https:
	// browsers send no cookie along otherwise. Where the response is in the fragment,
	// [Registry.Handlers] see to it; without them, call [oauth2.RelayFragment] first in the
	// handler of the callback. With "id_token" there is no access token: what is known of the
	// user is in Login.IDToken.
	ResponseType string
	ResponseMode string

	// TokenEndpointAuthMethod is client_secret_basic, client_secret_post,
	// client_secret_jwt, private_key_jwt, none, or the name of ClientAuthentication. If
	// empty, the method follows from what the client has and the provider's metadata.
	// RevocationEndpointAuthMethod is that of the revocation endpoint; if empty, the same.
	TokenEndpointAuthMethod      string
	RevocationEndpointAuthMethod string

	// ClientAuthentication is a method of the application's own, used by being there:
	// client_auth_methods in Authlib.
	ClientAuthentication oauth2.ClientAuthentication

	// TokenPlacement is where OAuth 2.0 puts the access token. Zero means the header.
	TokenPlacement oauth2.Placement

	// SignatureMethod and SignatureType are how and where OAuth 1.0 signs; if empty,
	// HMAC-SHA1 and in the header. RSAKey signs with an RSA method; in configuration it is
	// PEM text. Realm is sent along. ForceIncludeBody has bodies that are not forms signed
	// too, see [oauth1.Config].
	SignatureMethod  oauth1.SignatureMethod
	SignatureType    oauth1.Placement
	RSAKey           crypto.Signer `json:"-"`
	Realm            string
	ForceIncludeBody bool

	// Leeway is the clock difference tolerated, and how long before its end a token is
	// refreshed. Zero means 60 seconds, a negative value none; more than 5 minutes is an
	// error. In configuration it is in seconds.
	Leeway time.Duration

	// Timeout bounds each request to the provider, its API included, unless the context of
	// an API call ends at a time of its own. Zero means that of HTTP. In
	// configuration it is in seconds.
	Timeout time.Duration

	// UserAgent is sent with each request. If empty, that of HTTP.
	UserAgent string

	// HTTP sends the requests to this provider: one with a certificate authority of its own,
	// say, or PublicOnly for a tenant's. If nil, that of Options.
	HTTP *http.Client

	// FetchToken and UpdateToken go before those of [Options].
	FetchToken  func(ctx context.Context) (Token, error)
	UpdateToken func(ctx context.Context, u TokenUpdate) error

	// Quirks, Dialect and Hooks are what an OAuth 2.0 server does otherwise than the
	// specifications say: compliance_fix in Authlib. What Dialect says comes first, then the
	// hooks of a row, then these.
	Quirks  oidc.Quirks
	Dialect compliance.Dialect
	Hooks   oauth2.Hooks

	// OverwriteFromConfig has what Options.Config says go before what is said here; of
	// parameters, one by one. It is overwrite in Authlib.
	OverwriteFromConfig bool

	// OAuth1, OAuth2 and OIDC have what else there is to configure in the protocol's own
	// package, such as request objects, encryption or tenants. What has a field here is set
	// here: there it is an error.
	OAuth1 oauth1.Config
	OAuth2 oauth2.Config
	OIDC   oidc.Config
}

// Format prints which provider and client a Config is of, whatever the verb.
func (c Config) Format(f fmt.State, _ rune) {
	io.WriteString(f, "registry.Config{Provider: "+c.Provider+", ClientID: "+c.ClientID+"}")
}

// LogValue gives a log what Format prints.
func (c Config) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(c)) }

// merged returns c with the fields of other where its own are empty, or the other way round
// if other is to win: parameters one by one then.
func (c Config) merged(other Config, wins bool) Config {
	to, from := reflect.ValueOf(&c).Elem(), reflect.ValueOf(other)
	merge(to, from, wins)
	return c.clone()
}

func merge(to, from reflect.Value, wins bool) {
	for i := range to.NumField() {
		to, from := to.Field(i), from.Field(i)
		hooks, isHooks := to.Addr().Interface().(*oauth2.Hooks)
		switch {
		case from.IsZero():
		case isHooks:
			*hooks = from.Interface().(oauth2.Hooks).Then(*hooks)
		case to.Kind() == reflect.Struct:
			merge(to, from, wins)
		case to.IsZero() || wins && to.Kind() != reflect.Map:
			to.Set(from)
		case wins:
			to.Set(mergedMap(to, from))
		}
	}
}

func mergedMap(to, from reflect.Value) reflect.Value {
	m := reflect.MakeMap(to.Type())
	for _, each := range []reflect.Value{to, from} {
		for key, value := range each.Seq2() {
			m.SetMapIndex(key, value)
		}
	}
	return m
}

// hooks returns what Dialect and Hooks do, in this order; the first of Hooks are the row's.
func (c Config) hooks() oauth2.Hooks {
	return c.Dialect.Hooks(c.ClientID, c.Quirks.FormTokenResponse).Then(c.Hooks)
}

// filled returns c with its empty fields taken from the row that it names.
func (c Config) filled() (Config, error) {
	if c.Provider == "" && len(c.ProviderParams) > 0 {
		return c, &ConfigError{Field: "ProviderParams", Err: errNoProvider}
	}
	if c.Provider == "" {
		return c.clone(), nil
	}
	row, ok := compliance.Lookup(c.Provider)
	if !ok {
		return c, &ConfigError{Field: "Provider", Err: fmt.Errorf("there is no provider %q in the "+
			"table: go doc vouchsafe/compliance shows it", c.Provider)}
	}
	row, err := row.With(c.ProviderParams)
	if err != nil {
		return c, &ConfigError{Field: "ProviderParams", Err: err}
	}
	return c.merged(fromRow(c.own(row)), false), nil
}

// own returns row without what it says of its own servers alone, where c has others: the row
// does not speak for another's users, and no secret or token goes where c has not sent it.
func (c Config) own(row compliance.Provider) compliance.Provider {
	other := func(field, own string) bool { return field != "" && field != own }
	server := other(c.ServerMetadataURL, row.ServerMetadataURL) || row.Issuer != "" &&
		other(c.Issuer, row.Issuer) && fromRow(row).detect() == ProtocolOIDC
	tokens := server || other(c.AccessTokenURL, row.AccessTokenURL)
	users := tokens || other(c.UserInfoEndpoint, row.UserInfoEndpoint)
	subject := cmp.Or(row.UserInfoNames["sub"], "sub")
	if users || c.UserInfoNames != nil && cmp.Or(c.UserInfoNames["sub"], "sub") != subject {
		row.IdentityIssuer = ""
	}
	// Nor is what one list says of an address said of one that is elsewhere.
	if users || other(c.APIBaseURL, row.APIBaseURL) || c.UserInfoEmails != (compliance.Emails{}) {
		row.UserInfoEmails = compliance.Emails{}
	}
	if tokens {
		row.OIDC.Provider = oidc.Provider{}
		row.RefreshTokenURL, row.UserInfoEndpoint, row.APIBaseURL = "", "", ""
	}
	if server { // whose metadata has the rest
		row.AuthorizeURL, row.AccessTokenURL, row.JWKSURI = "", "", ""
		row.Issuer, row.ServerMetadataURL, row.OIDC.Tenants = "", "", oidc.Tenants{}
	}
	return row
}

var errNoProvider = errors.New("must be those of a Provider")

// fromRow returns the fields of a row as those of a Config, which have the same names.
func fromRow(row compliance.Provider) Config {
	var c Config
	to, from := reflect.ValueOf(&c).Elem(), reflect.ValueOf(row)
	for i := range from.NumField() {
		if field := to.FieldByName(from.Type().Field(i).Name); field.IsValid() {
			field.Set(from.Field(i))
		}
	}
	return c
}

// clone returns a copy that shares nothing with c that its owner could change. What is in
// OAuth1, OAuth2 and OIDC their packages copy.
func (c Config) clone() Config {
	c.Scopes = slices.Clone(c.Scopes)
	c.Hooks = oauth2.Hooks{}.Then(c.Hooks)
	c.Quirks.RepeatedParameters = slices.Clone(c.Quirks.RepeatedParameters)
	d := &c.Dialect
	d.CallbackParameters = slices.Clone(d.CallbackParameters)
	for _, names := range []*map[string]string{&c.UserInfoNames, &c.ProviderParams,
		&d.ParameterNames, &d.Headers, &d.TokenResponse.Success, &d.TokenResponse.Codes,
		&d.TokenResponse.Names, &d.TokenResponse.Drop} {
		*names = maps.Clone(*names)
	}
	for _, params := range []*url.Values{&c.RequestTokenParams, &c.AuthorizeParams,
		&c.AccessTokenParams, &c.RefreshTokenParams} {
		*params = url.Values(http.Header(*params).Clone())
	}
	return c
}
