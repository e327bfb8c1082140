package oidc

import (
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"vouchsafe/jose"
	"vouchsafe/oauth2"
	"vouchsafe/oidc/oidctest"
)

func these(of ...string) []string { return of }

// local returns metadata of a client on loopback.
func local() ClientMetadata {
	return ClientMetadata{ClientMetadata: oauth2.ClientMetadata{
		RedirectURIs: these(redirectURI)}}
}

// enroll registers a client, and lets it be the one that logs in.
func (w *world) enroll(m ClientMetadata, k RegistrationKeys) *oauth2.Registration {
	w.t.Helper()
	p, err := w.client.Provider(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	r, err := Register(w.t.Context(), p, m, oauth2.RegistrationOptions{})
	if err != nil {
		w.t.Fatal(err, w.Faults())
	}
	w.become(r, k)
	return r
}

// become makes the client what is registered.
func (w *world) become(r *oauth2.Registration, k RegistrationKeys) {
	w.t.Helper()
	config, err := ConfigOf(r, k)
	if err != nil {
		w.t.Fatal(err)
	}
	config.Now = w.now
	if w.client, err = New(config); err != nil {
		w.t.Fatal(err)
	}
}

// From the first request to the last: register, log in, update, log in, read, delete.
func TestRegistrationEndToEnd(t *testing.T) {
	w := newWorld(t, oidctest.Options{RegistrationToken: "initial"}, nil, nil)
	p, err := w.client.Provider(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	o := oauth2.RegistrationOptions{}
	if _, err := Register(t.Context(), p, local(), o); outcome(err) != "server invalid_token 401" {
		t.Errorf("without the initial access token: %v", err)
	}
	o.InitialAccessToken = "initial"
	first, err := Register(t.Context(), p, local(), o)
	if err != nil {
		t.Fatal(err)
	}
	w.become(first, RegistrationKeys{})
	id := w.mustLogin(AuthorizationOptions{}).IDToken
	if !slices.Equal(id.Audience, these(first.ID)) {
		t.Errorf("ID Token is for %q", id.Audience)
	}

	m, err := MetadataOf(first)
	if err != nil {
		t.Fatal(err)
	}
	m.ClientName, m.TokenEndpointAuthMethod = "New", "client_secret_post"
	m.IDTokenSignedResponseAlg, m.UserInfoSignedResponseAlg = "HS256", "RS256"
	second, err := UpdateRegistration(t.Context(), first, m, o)
	if err != nil {
		t.Fatal(err, w.Faults())
	}
	if second.ID != first.ID || second.Secret() == first.Secret() ||
		second.AccessToken() == first.AccessToken() || second.Metadata().ClientName != "New" {
		t.Errorf("updated %v to %v", first, second)
	}
	if _, err := w.login(AuthorizationOptions{}); outcome(err) != "server invalid_client 401" {
		t.Errorf("with what is no more: %v", err)
	}
	w.become(second, RegistrationKeys{})
	login := w.mustLogin(AuthorizationOptions{})
	if _, err := w.client.UserInfo(t.Context(), login); err != nil {
		t.Error(err)
	}

	if _, err := first.Read(t.Context(), o); outcome(err) != "server invalid_token 401" {
		t.Errorf("with the old token: %v", err)
	}
	third, err := second.Read(t.Context(), o)
	if err != nil || third.AccessToken() == second.AccessToken() ||
		third.Secret() != second.Secret() || third.Issuer != w.Issuer() {
		t.Fatalf("read %v, %v", third, err)
	}
	stored, err := oauth2.RegistrationFromRecord(third.Record())
	if err != nil {
		t.Fatal(err)
	}
	w.become(stored, RegistrationKeys{})
	w.mustLogin(AuthorizationOptions{})

	if err := stored.Delete(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	if err := stored.Delete(t.Context(), o); outcome(err) != "server invalid_token 401" {
		t.Errorf("deleted again: %v", err)
	}
	req := w.begin(AuthorizationOptions{})
	resp, err := http.Get(req.URL)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusBadRequest {
		t.Errorf("log in after the end: %d", resp.StatusCode)
	}
	want := []oidctest.Fault{oidctest.UnusableInitialToken, oidctest.WrongSecret,
		oidctest.UnusableRegistrationToken, oidctest.UnusableRegistrationToken,
		oidctest.UnknownClient}
	if got := w.Faults(); !slices.Equal(got, want) {
		t.Errorf("faults %q, want %q", got, want)
	}
}

// Whatever can be registered is what the configuration says, and a login goes by it.
func TestConfigOf(t *testing.T) {
	signing := generate(t, "ES256")
	key, d, _ := encrypting(t)
	keys := RegistrationKeys{Signing: signing, Decrypter: d}
	for name, test := range map[string]struct {
		change  func(*ClientMetadata)
		keys    RegistrationKeys
		options AuthorizationOptions
	}{
		"nothing said": {func(*ClientMetadata) {}, RegistrationKeys{}, AuthorizationOptions{}},
		"public": {func(m *ClientMetadata) { m.TokenEndpointAuthMethod = "none" },
			RegistrationKeys{}, AuthorizationOptions{}},
		"a secret in the form": {func(m *ClientMetadata) {
			m.TokenEndpointAuthMethod = "client_secret_post"
		}, keys, AuthorizationOptions{}},
		"other algorithms": {func(m *ClientMetadata) {
			m.IDTokenSignedResponseAlg, m.UserInfoSignedResponseAlg = "ES384", "HS512"
			m.AuthorizationSignedResponseAlg = "HS256"
		}, RegistrationKeys{}, AuthorizationOptions{ResponseMode: "query.jwt"}},
		"encrypted": {func(m *ClientMetadata) {
			m.IDTokenEncryptedResponseAlg, m.UserInfoEncryptedResponseAlg = "ECDH-ES", "ECDH-ES"
			m.AuthorizationEncryptedResponseAlg = "ECDH-ES"
			m.IDTokenEncryptedResponseEnc, m.UserInfoEncryptedResponseEnc = "A256GCM", "A256GCM"
			m.AuthorizationEncryptedResponseEnc = "A256GCM"
		}, keys, AuthorizationOptions{ResponseMode: "query.jwt"}},
		"request objects": {func(m *ClientMetadata) {
			m.RequireSignedRequestObject, m.RequestObjectSigningAlg = true, "ES256"
		}, keys, AuthorizationOptions{}},
		"encrypted request objects": {func(m *ClientMetadata) {
			m.RequestObjectSigningAlg, m.RequestObjectEncryptionAlg = "ES256", "ECDH-ES"
			m.RequestObjectEncryptionEnc = "A256GCM"
		}, keys, AuthorizationOptions{}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, oidctest.Options{Algorithms: []string{"ES384"}}, nil, nil)
			m := local()
			test.change(&m)
			var err error
			if m.JWKS, err = json.Marshal(jose.NewSet(signing, key)); err != nil {
				t.Fatal(err)
			}
			r := w.enroll(m, test.keys)
			login := w.mustLogin(test.options)
			if _, err := w.client.UserInfo(t.Context(), login); err != nil {
				t.Error(err)
			}
			got, err := MetadataOf(r)
			if err != nil || got.IDTokenSignedResponseAlg != orRS256(m.IDTokenSignedResponseAlg) {
				t.Errorf("metadata is %+v, %v", got, err)
			}
		})
	}
}

func orRS256(alg string) string {
	if alg == "" {
		return "RS256"
	}
	return alg
}

// registeredAs is a client that a provider says it has registered so.
func registeredAs(t *testing.T, metadata string) *oauth2.Registration {
	t.Helper()
	r, err := oauth2.RegistrationFromRecord(oauth2.RegistrationRecord{
		Issuer: "https://p.example", ClientID: "c", ClientSecret: "s", Metadata: []byte(metadata)})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// What a configuration lacks or cannot have is said at once.
func TestConfigOfRefuses(t *testing.T) {
	const enc = "_encrypted_response_alg"
	for metadata, want := range map[string]string{
		`{"id_token` + enc + `":"ECDH-ES"}`:                "id_token" + enc,
		`{"userinfo` + enc + `":"ECDH-ES"}`:                "userinfo" + enc,
		`{"authorization` + enc + `":"ECDH-ES"}`:           "authorization" + enc,
		`{"request_object_signing_alg":"ES256"}`:           "key",
		`{"require_signed_request_object":true}`:           "key",
		`{"token_endpoint_auth_method":"private_key_jwt"}`: "client_authentication",
		`{"token_endpoint_auth_method":"tls_client_auth"}`: "client_authentication",
		`{"default_max_age":"1"}`:                          "metadata",
		`{"ID_token_signed_response_alg":"ES256"}`:         "metadata",
	} {
		c, err := ConfigOf(registeredAs(t, metadata), RegistrationKeys{})
		if outcome(err) != "check "+want || !reflect.DeepEqual(c, Config{}) {
			t.Errorf("%s: %v", metadata, err)
		}
	}
	for metadata, want := range map[string]string{
		`{"id_token_signed_response_alg":"none"}`:      "id_token_signed_response_alg",
		`{"userinfo_signed_response_alg":"none"}`:      "userinfo_signed_response_alg",
		`{"authorization_signed_response_alg":"none"}`: "authorization_signed_response_alg",
		`{"id_token_signed_response_alg":"HS256"}`:     "client_secret", // which is too short
	} {
		c, err := ConfigOf(registeredAs(t, metadata), RegistrationKeys{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := New(c); outcome(err) != "check "+want {
			t.Errorf("%s: %v", metadata, err)
		}
	}
	c, err := ConfigOf(registeredAs(t, `{}`), RegistrationKeys{})
	if err != nil || c.IDToken.SigningAlgorithm != "RS256" || c.UserInfo.SigningAlgorithm != "" ||
		c.AuthorizationResponse.SigningAlgorithm != "RS256" || c.RequestObject.Key != nil ||
		c.Auth.Method() != "client_secret_basic" || c.Issuer != "https://p.example" || c.ID != "c" {
		t.Errorf("got %+v, %v", c, err)
	}
	if _, err := New(c); err != nil {
		t.Error(err)
	}
}

// The rules for metadata, OpenID Connect Dynamic Client Registration 1.0, Section 2, and of
// the specifications of logout: nothing that breaks one is sent.
func TestClientMetadata(t *testing.T) {
	const (
		back  = "OpenID Connect Back-Channel Logout 1.0, Section 2.2"
		front = "OpenID Connect Front-Channel Logout 1.0, Section 2"
		end   = "OpenID Connect RP-Initiated Logout 1.0, Section 3.1"
		core  = "OpenID Connect Core 1.0, Section 8.1"
	)
	implicit := func(m *ClientMetadata, uris ...string) {
		m.GrantTypes, m.ResponseTypes, m.RedirectURIs = these("implicit"), these("id_token"), uris
	}
	nativeAt := func(uri string) func(*ClientMetadata) {
		return func(m *ClientMetadata) {
			m.ApplicationType, m.RedirectURIs = "native", these(uri)
		}
	}
	logout := func(method, post, back, front string) func(*ClientMetadata) {
		return func(m *ClientMetadata) {
			m.TokenEndpointAuthMethod = method
			if post != "" {
				m.PostLogoutRedirectURIs = these("https://rp.example/", post)
			}
			m.BackChannelLogoutURI, m.FrontChannelLogoutURI = back, front
		}
	}
	pairwise := func(sector string, uris ...string) func(*ClientMetadata) {
		return func(m *ClientMetadata) {
			m.SubjectType, m.SectorIdentifierURI, m.RedirectURIs = "pairwise", sector, uris
		}
	}
	for name, test := range map[string]struct {
		change        func(*ClientMetadata)
		check, clause string // nothing for what is good
	}{
		"good": {func(*ClientMetadata) {}, "", ""},
		"web":  {func(m *ClientMetadata) { m.ApplicationType = "web" }, "", ""},
		"another application": {func(m *ClientMetadata) { m.ApplicationType = "Web" },
			"application_type", registrationClause},
		"no redirect_uris": {func(m *ClientMetadata) {
			m.RedirectURIs, m.GrantTypes, m.ResponseTypes = nil, these("x"), these("x")
		}, "redirect_uris", registrationClause},
		"redirect_uris in a statement": {func(m *ClientMetadata) {
			m.RedirectURIs, m.SoftwareStatement = nil, "e30.e30.AA"
		}, "", ""},
		"pairwise, in a statement": {func(m *ClientMetadata) {
			m.RedirectURIs, m.SoftwareStatement, m.SubjectType = nil, "e30.e30.AA", "pairwise"
		}, "", ""},
		"front channel, in a statement": {func(m *ClientMetadata) {
			m.RedirectURIs, m.SoftwareStatement = nil, "e30.e30.AA"
			m.FrontChannelLogoutURI = "https://rp.example/out"
		}, "", ""},
		"no URL": {func(m *ClientMetadata) { m.RedirectURIs = these(":") }, "redirect_uris",
			registrationClause},
		"implicit": {func(m *ClientMetadata) { implicit(m, "https://rp.example/cb") }, "", ""},
		"implicit by http": {func(m *ClientMetadata) {
			implicit(m, "https://rp.example/cb", "http://127.0.0.1/cb")
		}, "redirect_uris", registrationClause},
		"implicit at localhost": {func(m *ClientMetadata) { implicit(m, "https://localhost/cb") },
			"redirect_uris", registrationClause},
		"implicit at Localhost": {func(m *ClientMetadata) { implicit(m, "https://Localhost/cb") },
			"redirect_uris", registrationClause},
		"implicit, native": {func(m *ClientMetadata) {
			implicit(m, "http://127.0.0.1/cb")
			m.ApplicationType = "native"
		}, "", ""},
		"native":           {nativeAt("http://127.0.0.1/cb"), "", ""},
		"native, own":      {nativeAt("com.example.app:/cb"), "", ""},
		"native, loopback": {nativeAt("http://[::1]/cb"), "", ""},
		"native by https": {nativeAt("https://rp.example/cb"), "redirect_uris",
			registrationClause},
		"native by http": {nativeAt("http://rp.example/cb"), "redirect_uris", registrationClause},

		"code without its grant": {func(m *ClientMetadata) {
			m.GrantTypes = these("refresh_token")
		}, "", ""}, // as nothing says that there is a code
		"code that is said without its grant": {func(m *ClientMetadata) {
			m.GrantTypes, m.ResponseTypes = these("refresh_token"), these("code")
		}, "grant_types", registrationClause},
		"code without any grant": {func(m *ClientMetadata) {
			m.GrantTypes, m.ResponseTypes = []string{}, these("code")
		}, "grant_types", registrationClause},
		"code by default": {func(m *ClientMetadata) { m.ResponseTypes = these("code") }, "", ""},
		"hybrid without implicit": {func(m *ClientMetadata) {
			m.GrantTypes = these("authorization_code")
			m.ResponseTypes = these("code", "code id_token")
		}, "grant_types", registrationClause},
		"hybrid by default": {func(m *ClientMetadata) { m.ResponseTypes = these("code token") },
			"grant_types", registrationClause},
		"hybrid": {func(m *ClientMetadata) {
			m.GrantTypes = these("authorization_code", "implicit")
			m.ResponseTypes = these("code id_token token")
			m.RedirectURIs = these("https://rp.example/cb")
		}, "", ""},

		"pairwise": {pairwise("", "https://rp.example/a", "https://RP.example:8443/b"), "", ""},
		"pairwise of two": {pairwise("", "https://rp.example/a", "https://two.example/b"),
			"sector_identifier_uri", core},
		"pairwise of two with a sector": {pairwise("https://rp.example/s", "https://rp.example/a",
			"https://two.example/b"), "", ""},
		"sector by http": {pairwise("http://rp.example/s", "https://rp.example/a"),
			"sector_identifier_uri", registrationClause},

		"unsigned": {func(m *ClientMetadata) { m.IDTokenSignedResponseAlg = "none" },
			"id_token_signed_response_alg", registrationClause},
		"unsigned UserInfo": {func(m *ClientMetadata) { m.UserInfoSignedResponseAlg = "none" },
			"userinfo_signed_response_alg", registrationClause},
		"enc alone": {func(m *ClientMetadata) { m.IDTokenEncryptedResponseEnc = "A128GCM" },
			"id_token_encrypted_response_enc", registrationClause},
		"enc alone of UserInfo": {func(m *ClientMetadata) { m.UserInfoEncryptedResponseEnc = "x" },
			"userinfo_encrypted_response_enc", registrationClause},
		"max_age": {func(m *ClientMetadata) { m.DefaultMaxAge = new(int64(-1)) },
			"default_max_age", registrationClause},
		"max_age of 0": {func(m *ClientMetadata) { m.DefaultMaxAge = new(int64(0)) }, "", ""},
		"login by http": {func(m *ClientMetadata) { m.InitiateLoginURI = "http://127.0.0.1/login" },
			"initiate_login_uri", registrationClause},
		"login": {func(m *ClientMetadata) { m.InitiateLoginURI = "https://rp.example/login" },
			"", ""},
		"of package oauth2": {func(m *ClientMetadata) { m.JWKSURI = "http://rp.example" },
			"jwks_uri", "RFC 7591, Section 2"},

		"after logout":      {logout("", "http://127.0.0.1/", "", ""), "", ""},
		"after logout, own": {logout("none", "com.example.app:/", "", ""), "", ""},
		"after logout, public": {logout("none", "http://127.0.0.1/", "", ""),
			"post_logout_redirect_uris", end},
		"after logout, path": {logout("", "/", "", ""),
			"post_logout_redirect_uris", end},
		"after logout, #": {logout("", "https://rp.example/#", "", ""),
			"post_logout_redirect_uris", end},
		"back channel": {logout("", "", "http://127.0.0.1/out?a=b", ""), "", ""},
		"back channel, public": {logout("none", "", "http://127.0.0.1/", ""),
			"backchannel_logout_uri", back},
		"back channel, https": {logout("none", "", "https://rp.example/", ""), "", ""},
		"back channel, path": {logout("", "", "/out", ""),
			"backchannel_logout_uri", back},
		"back channel, #": {logout("", "", "https://rp.example/#a", ""),
			"backchannel_logout_uri", back},
		"back channel, own": {logout("", "", "com.example.app:/", ""),
			"backchannel_logout_uri", back},
		"front channel": {logout("", "", "", "http://127.0.0.1:8080/out"), "", ""},
		"front channel, public": {logout("none", "", "", "http://127.0.0.1:8080/"),
			"frontchannel_logout_uri", front},
		"front channel, host": {logout("", "", "", "https://rp.example/"),
			"frontchannel_logout_uri", front},
		"front channel, port": {logout("", "", "", "http://127.0.0.1/"),
			"frontchannel_logout_uri", front},
		"front channel, scheme": {logout("", "", "", "https://127.0.0.1:8080/"),
			"frontchannel_logout_uri", front},
		"front channel, #": {logout("", "", "", "http://127.0.0.1:8080/#"),
			"frontchannel_logout_uri", front},
		"front channel, no URL": {logout("", "", "", "http://127.0.0.1:8080:/"),
			"frontchannel_logout_uri", front},

		"by another way": {func(m *ClientMetadata) {
			m.Extra = map[string]json.RawMessage{
				"id_token_signed_response_alg": json.RawMessage(`"none"`)}
		}, "id_token_signed_response_alg", registrationClause},
		"of another type": {func(m *ClientMetadata) {
			m.Extra = map[string]json.RawMessage{"default_max_age": json.RawMessage(`"1"`)}
		}, "metadata", registrationClause},
		"no JSON": {func(m *ClientMetadata) {
			m.Extra = map[string]json.RawMessage{"x": json.RawMessage(`{`)}
		}, "metadata", registrationClause},
	} {
		t.Run(name, func(t *testing.T) {
			m := local()
			m.RedirectURIs = these("http://127.0.0.1:8080/cb")
			test.change(&m)
			sent := 0
			o := oauth2.RegistrationOptions{HTTP: &http.Client{Transport: roundTripper(
				func(*http.Request) (*http.Response, error) { sent++; return nil, errSent })}}
			p := Provider{AuthorizationServer: oauth2.AuthorizationServer{
				RegistrationEndpoint: "https://p.example/register"}}
			_, err := Register(t.Context(), p, m, o)
			r, _ := oauth2.RegistrationFromRecord(oauth2.RegistrationRecord{ClientID: "c",
				AccessToken: "t", ConfigurationEndpoint: "https://p.example/c"})
			_, errUpdate := UpdateRegistration(t.Context(), r, m, o)
			for _, err := range []error{err, errUpdate} {
				e, ok := errors.AsType[*jose.CheckError](err)
				switch {
				case test.check == "" && !errors.Is(err, errSent):
					t.Errorf("good, and %v", err)
				case test.check != "" && (!ok || e.Check != test.check || e.Clause != test.clause):
					t.Errorf("error is %v, want %s by %s", err, test.check, test.clause)
				}
			}
			if test.check != "" && sent > 0 {
				t.Errorf("%d requests", sent)
			}
		})
	}
}

var errSent = errors.New("sent")

// Each field is a member, goes there and comes back.
func TestClientMetadataMembers(t *testing.T) {
	m := ClientMetadata{ClientMetadata: oauth2.ClientMetadata{ClientName: "n",
		Extra: map[string]json.RawMessage{"client_name#fr": json.RawMessage(`"m"`)}}}
	for field, v := range reflect.ValueOf(&m).Elem().Fields() {
		switch v.Interface().(type) {
		case string:
			v.SetString(field.Name)
		case bool:
			v.SetBool(true)
		case []string:
			v.Set(reflect.ValueOf([]string{field.Name}))
		case *int64:
			v.Set(reflect.ValueOf(new(int64(7))))
		}
		if v.IsZero() {
			t.Errorf("%s is not set", field.Name)
		}
	}
	plain, err := m.plain()
	if err != nil {
		t.Fatal(err)
	}
	if got, want := len(plain.Extra), len(ownMembers())+1; got != want {
		t.Errorf("%d members, want %d", got, want)
	}
	if len(m.Extra) != 1 {
		t.Errorf("the caller's are now %v", m.Extra)
	}
	again, err := typed(plain)
	if err != nil || !reflect.DeepEqual(again, m) {
		t.Errorf("got %+v, %v, want %+v", again, err, m)
	}
}

// A list that is empty is said, and is not nil when it comes back.
func TestEmptyLists(t *testing.T) {
	m := local()
	m.RequestURIs, m.PostLogoutRedirectURIs = []string{}, []string{}
	plain, err := m.plain()
	if err != nil || string(plain.Extra["request_uris"]) != "[]" || len(plain.Extra) != 2 {
		t.Errorf("got %s, %v", plain.Extra, err)
	}
	again, err := typed(plain)
	if err != nil || again.RequestURIs == nil || again.PostLogoutRedirectURIs == nil ||
		again.DefaultACRValues != nil {
		t.Errorf("got %+v, %v", again, err)
	}
	for f := range reflect.TypeFor[ClientMetadata]().Fields() {
		list := f.Type == reflect.TypeFor[[]string]()
		if list && !strings.HasSuffix(f.Tag.Get("json"), ",omitzero") {
			t.Errorf("%s is left out if it is empty", f.Name)
		}
	}
}

// What a provider registers weaker than was asked for is not taken silently.
func TestRegisteredOtherwise(t *testing.T) {
	for name, value := range map[string]any{
		"id_token_signed_response_alg":    "HS256",
		"userinfo_signed_response_alg":    nil,
		"id_token_encrypted_response_alg": nil,
		"token_endpoint_auth_method":      "none",
		"redirect_uris":                   list{},
	} {
		key, _, _ := encrypting(t)
		keys, err := json.Marshal(jose.NewSet(key))
		if err != nil {
			t.Fatal(err)
		}
		w := newWorld(t, oidctest.Options{}, answerer{"/register": set(name, value)}, nil)
		m := local()
		m.JWKS, m.TokenEndpointAuthMethod = keys, "client_secret_basic"
		m.IDTokenSignedResponseAlg, m.UserInfoSignedResponseAlg = "RS256", "RS256"
		m.IDTokenEncryptedResponseAlg = "ECDH-ES"
		p, err := w.client.Provider(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		_, err = Register(t.Context(), p, m, oauth2.RegistrationOptions{})
		e, ok := errors.AsType[*oauth2.RegistrationError](err)
		if !ok || outcome(err) != "check "+name || e.Registration().ID == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
}
