package oauth2

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"

	"vouchsafe/httpclient"
	"vouchsafe/internal/verdict"
	"vouchsafe/jose"
)

// registrar answers as test says, HERE standing for its own URL.
func registrar(t *testing.T, status int, body string) (*server, AuthorizationServer) {
	t.Helper()
	s := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		answerJSON(status, strings.ReplaceAll(body, "HERE", "http://"+r.Host))(w, r)
	})
	return s, AuthorizationServer{Issuer: s.URL, RegistrationEndpoint: s.URL + "/register"}
}

func plainMetadata() ClientMetadata { return ClientMetadata{RedirectURIs: []string{redirectURI}} }

const (
	client    = `"client_id":"c","redirect_uris":["` + redirectURI + `"]`
	managed   = `"registration_access_token":"t","registration_client_uri":"HERE/register/c"`
	confident = `"client_secret":"s","client_secret_expires_at":0`
)

// registerAt registers at a server that answers so.
func registerAt(t *testing.T, status int, body string, m ClientMetadata) (*Registration, error) {
	t.Helper()
	_, as := registrar(t, status, body)
	return Register(t.Context(), as, m, RegistrationOptions{})
}

// The example of RFC 7591, Section 3.1 and 3.2.1, with the members of RFC 7592, Section 3.
func TestRegister(t *testing.T) {
	s, as := registrar(t, 201, `{
		"client_id": "s6BhdRkqt3",
		"client_secret": "cf136dc3c1fc93f31185e5885805d",
		"client_id_issued_at": 2893256800,
		"client_secret_expires_at": 2893276800,
		"registration_access_token": "reg-23410913-abewfq.123483",
		"registration_client_uri": "HERE/register/s6BhdRkqt3",
		"redirect_uris": ["https://client.example.org/callback"],
		"grant_types": ["authorization_code", "refresh_token"],
		"client_name": "My Example Client",
		"client_name#ja-Jpan-JP": "\u30AF\u30E9",
		"token_endpoint_auth_method": "client_secret_basic",
		"contacts": null, "jwks": null,
		"big": 12345678901234567890,
		"example_extension_parameter": "example_value"}`)
	r, err := Register(t.Context(), as, ClientMetadata{
		RedirectURIs: []string{"https://client.example.org/callback"},
		ClientName:   "My Example Client",
		Extra:        map[string]json.RawMessage{"client_name#ja-Jpan-JP": json.RawMessage(`"クラ"`)},
	}, RegistrationOptions{InitialAccessToken: "developer321"})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"POST /register\nAccept: application/json\n" +
		"Authorization: Bearer developer321\nContent-Type: application/json\n\n" +
		`{"client_name":"My Example Client","client_name#ja-Jpan-JP":"クラ",` +
		`"redirect_uris":["https://client.example.org/callback"]}`}
	if got := s.requests(); !slices.Equal(got, want) {
		t.Errorf("sent %q, want %q", got, want)
	}
	if r.Issuer != s.URL || r.ID != "s6BhdRkqt3" || r.IssuedAt.Unix() != 2893256800 ||
		r.SecretExpiresAt.Unix() != 2893276800 || r.Secret() != "cf136dc3c1fc93f31185e5885805d" ||
		r.AccessToken() != "reg-23410913-abewfq.123483" ||
		r.ConfigurationEndpoint() != s.URL+"/register/s6BhdRkqt3" {
		t.Errorf("got %+v", r.Record().ClientID)
	}
	wantMetadata := ClientMetadata{
		RedirectURIs:            []string{"https://client.example.org/callback"},
		TokenEndpointAuthMethod: "client_secret_basic",
		GrantTypes:              []string{"authorization_code", "refresh_token"},
		ClientName:              "My Example Client",
		Extra: map[string]json.RawMessage{
			"client_name#ja-Jpan-JP":      json.RawMessage(`"\u30AF\u30E9"`),
			"big":                         json.RawMessage(`12345678901234567890`),
			"example_extension_parameter": json.RawMessage(`"example_value"`),
		},
	}
	if got := r.Metadata(); !reflect.DeepEqual(got, wantMetadata) {
		t.Errorf("metadata is %+v", got)
	}
	for _, secret := range []string{r.Secret(), r.AccessToken(), r.ID} { // are no metadata
		if strings.Contains(string(r.Record().Metadata), secret) {
			t.Errorf("metadata of the record is %s", r.Record().Metadata)
		}
	}
	r.Metadata().RedirectURIs[0] = "x"
	r.Metadata().Extra["big"][0] = 'x'
	if got := r.Metadata(); !reflect.DeepEqual(got, wantMetadata) {
		t.Errorf("metadata is shared: %+v", got)
	}
}

// A field for each member, there and back, and none beside what the server says.
func TestClientMetadataMembers(t *testing.T) {
	m := ClientMetadata{Extra: map[string]json.RawMessage{"x": json.RawMessage(`{"a":[1]}`)}}
	for field, v := range reflect.ValueOf(&m).Elem().Fields() {
		switch {
		case field.Name == "JWKS":
			v.SetBytes([]byte(`{"keys":[]}`))
		case v.Kind() == reflect.String:
			v.SetString(field.Name)
		case v.Kind() == reflect.Bool:
			v.SetBool(true)
		case v.Kind() == reflect.Slice:
			v.Set(reflect.ValueOf([]string{field.Name}))
		}
	}
	sent, err := m.members()
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(sent)
	if err != nil {
		t.Fatal(err)
	}
	r, err := RegistrationFromRecord(RegistrationRecord{ClientID: "c", Metadata: text})
	if err != nil || !reflect.DeepEqual(r.Metadata(), m) {
		t.Errorf("got %+v, %v, want %+v", r.Metadata(), err, m)
	}
	var members map[string]any
	if err := json.Unmarshal(text, &members); err != nil {
		t.Fatal(err)
	}
	if got := len(members); got != len(metadataMembers())+1 {
		t.Errorf("%d members of %d fields", got, len(metadataMembers()))
	}
	for _, name := range notMetadata() {
		if members[name] != nil || slices.Contains(metadataMembers(), name) {
			t.Errorf("%s is metadata", name)
		}
	}
}

// RFC 7591, Section 2: a list that is empty is none of the default, and is said; and so it is
// again in an update, which must have all that was returned (RFC 7592, Section 2.2).
func TestEmptyLists(t *testing.T) {
	const none = `"grant_types":["client_credentials"],"redirect_uris":[],"response_types":[]`
	s, as := registrar(t, 200, `{"client_id":"c",`+none+`,`+managed+`}`)
	r, err := Register(t.Context(), as, ClientMetadata{
		GrantTypes:    []string{"client_credentials"},
		RedirectURIs:  []string{},
		ResponseTypes: []string{},
	}, RegistrationOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Update(t.Context(), r.Metadata(), RegistrationOptions{}); err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{`{` + none + `}`, `{"client_id":"c",` + none + `}`} {
		if got := s.requests()[i]; !strings.HasSuffix(got, "\n\n"+want) {
			t.Errorf("sent %s, want %s", got, want)
		}
	}
	m := ClientMetadata{GrantTypes: []string{}} // and no authorization_code
	if _, err := Register(t.Context(), as, m, RegistrationOptions{}); err != nil {
		t.Error(err)
	}
	for f := range reflect.TypeFor[ClientMetadata]().Fields() {
		list := f.Type == reflect.TypeFor[[]string]()
		if list && !strings.HasSuffix(f.Tag.Get("json"), ",omitzero") {
			t.Errorf("%s is left out if it is empty", f.Name)
		}
	}
}

// What a server has answered as false it is told again, whether there is a field for it or not.
func TestUpdateSaysFalseOfAnswer(t *testing.T) {
	const no = `"dpop_bound_access_tokens":false,"require_signed_request_object":false,"x":false`
	s, as := registrar(t, 200, `{`+client+`,`+managed+`,`+no+`}`)
	r, err := Register(t.Context(), as, plainMetadata(), RegistrationOptions{})
	if err != nil {
		t.Fatal(err)
	}
	m := plainMetadata() // which may be begun anew
	if _, err := r.Update(t.Context(), m, RegistrationOptions{}); err != nil {
		t.Error(err)
	}
	const want = `{"client_id":"c","dpop_bound_access_tokens":false,"redirect_uris":["` +
		redirectURI + `"],"require_signed_request_object":false,"x":false}`
	if got := s.requests()[1]; !strings.HasSuffix(got, "\n\n"+want) {
		t.Errorf("sent %s, want %s", got, want)
	}
}

// What was true or false, which a server may have another default for, is said.
func TestUpdateSaysFalse(t *testing.T) {
	s, _ := registrar(t, 200, `{`+client+`,"require_pushed_authorization_requests":true}`)
	record := manageable(t, s).Record()
	record.Metadata = json.RawMessage(`{"redirect_uris":["` + redirectURI + `"],
		"dpop_bound_access_tokens":false,"require_signed_request_object":true,
		"require_pushed_authorization_requests":true,"x":false,"y":true,"z":null}`)
	r, err := RegistrationFromRecord(record)
	if err != nil {
		t.Fatal(err)
	}
	m := r.Metadata()
	m.RequireSignedRequestObject = false
	delete(m.Extra, "y")
	_, err = r.Update(t.Context(), m, RegistrationOptions{})
	if err != nil {
		t.Error(err)
	}
	const want = `{"client_id":"c","dpop_bound_access_tokens":false,"redirect_uris":["` +
		redirectURI + `"],"require_pushed_authorization_requests":true,` +
		`"require_signed_request_object":false,"x":false,"y":false,"z":null}`
	if got := s.requests()[0]; !strings.HasSuffix(got, "\n\n"+want) {
		t.Errorf("sent %s, want %s", got, want)
	}
}

func publicSet(t *testing.T, keys ...*jose.Key) json.RawMessage {
	t.Helper()
	text, err := json.Marshal(jose.NewSet(keys...))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// What no server could register is not sent, neither at first nor later.
func TestMetadataChecks(t *testing.T) {
	private, err := plainKey(t).MarshalPrivate()
	if err != nil {
		t.Fatal(err)
	}
	keys := publicSet(t, plainKey(t))
	const openid = "OpenID Connect Dynamic Client Registration 1.0, Section 2"
	for name, test := range map[string]struct {
		change        func(*ClientMetadata)
		check, clause string
	}{
		"no redirect_uris": {func(m *ClientMetadata) { m.RedirectURIs = nil },
			"redirect_uris", "RFC 7591, Section 2"},
		"no redirect_uris, implicit": {func(m *ClientMetadata) {
			m.RedirectURIs, m.GrantTypes = nil, []string{"implicit"}
		}, "redirect_uris", "RFC 7591, Section 2"},
		"no redirect_uris, code": {func(m *ClientMetadata) {
			m.RedirectURIs, m.GrantTypes = nil, []string{"refresh_token", "authorization_code"}
		}, "redirect_uris", "RFC 7591, Section 2"},
		"redirect_uri by http": {func(m *ClientMetadata) {
			m.RedirectURIs = []string{redirectURI, "http://rp.example/cb"}
		}, "redirect_uris", "RFC 7591, Section 5"},
		"redirect_uri with a fragment": {func(m *ClientMetadata) {
			m.RedirectURIs = []string{redirectURI + "#"}
		}, "redirect_uris", "RFC 7591, Section 5"},
		"keys in two places": {func(m *ClientMetadata) {
			m.JWKS, m.JWKSURI = keys, "https://rp.example/jwks"
		}, "jwks", "RFC 7591, Section 2"},
		"private keys": {func(m *ClientMetadata) {
			m.JWKS = json.RawMessage(`{"keys":[` + string(private) + `]}`)
		}, "jwks", "RFC 7591, Section 2"},
		"symmetric keys": {func(m *ClientMetadata) {
			k := strings.Repeat("A", 43)
			m.JWKS = json.RawMessage(`{"keys":[{"kty":"oct","k":"` + k + `"}]}`)
		}, "jwks", "RFC 7591, Section 2"},
		"keys that are none": {func(m *ClientMetadata) { m.JWKS = json.RawMessage(`{`) },
			"jwks", "RFC 7591, Section 2"},
		"keys by http": {func(m *ClientMetadata) { m.JWKSURI = "http://rp.example/jwks" },
			"jwks_uri", "RFC 7591, Section 2"},
		"assertions without a signature": {func(m *ClientMetadata) {
			m.TokenEndpointAuthSigningAlg = "none"
		}, "token_endpoint_auth_signing_alg", "RFC 7591, Section 2"},
		"request objects without a signature": {func(m *ClientMetadata) {
			m.RequestObjectSigningAlg = "none"
		}, "request_object_signing_alg", "RFC 7591, Section 2"},
		"responses without a signature": {func(m *ClientMetadata) {
			m.AuthorizationSignedResponseAlg = "none"
		}, "authorization_signed_response_alg", "RFC 7591, Section 2"},
		"request objects with enc alone": {func(m *ClientMetadata) {
			m.RequestObjectEncryptionEnc = "A128GCM"
		}, "request_object_encryption_enc", openid},
		"responses with enc alone": {func(m *ClientMetadata) {
			m.AuthorizationEncryptedResponseEnc = "A128GCM"
		}, "authorization_encrypted_response_enc", "JARM, Section 3"},
		"what has a field": {func(m *ClientMetadata) {
			m.Extra = map[string]json.RawMessage{"redirect_uris": json.RawMessage(`[]`)}
		}, "extra", "RFC 7591, Section 2"},
		"what is no JSON": {func(m *ClientMetadata) {
			m.Extra = map[string]json.RawMessage{"x": json.RawMessage(`{`)}
		}, "extra", "RFC 7591, Section 2"},
	} {
		t.Run(name, func(t *testing.T) {
			s, as := registrar(t, 201, `{`+client+`}`)
			m := plainMetadata()
			test.change(&m)
			_, err := Register(t.Context(), as, m, RegistrationOptions{})
			wantCheck(t, err, test.check, test.clause)
			_, err = manageable(t, s).Update(t.Context(), m, RegistrationOptions{})
			wantCheck(t, err, test.check, test.clause)
			if got := s.requests(); len(got) > 0 {
				t.Errorf("sent %q", got)
			}
		})
	}
	// RFC 7592, Section 2.2: an update must not have what the server alone says.
	for _, name := range notMetadata() {
		m := plainMetadata()
		m.Extra = map[string]json.RawMessage{name: json.RawMessage(`"x"`)}
		s, _ := registrar(t, 200, `{`+client+`}`)
		_, err := manageable(t, s).Update(t.Context(), m, RegistrationOptions{})
		wantCheck(t, err, "extra", "RFC 7591, Section 2")
	}
}

// plainKey is a key whose private half can be had.
func plainKey(t *testing.T) *jose.Key {
	t.Helper()
	key, err := jose.GenerateKey("ES256")
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// What has no browser has no redirection endpoint, and a software statement may have it.
func TestRegisterWithoutRedirects(t *testing.T) {
	for name, m := range map[string]ClientMetadata{
		"client credentials": {GrantTypes: []string{"client_credentials"}},
		"statement":          {SoftwareStatement: "e30.e30.AA"},
	} {
		if _, err := registerAt(t, 201, `{"client_id":"c"}`, m); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	m := ClientMetadata{RedirectURIs: []string{"com.example.app:/cb", "http://127.0.0.1/cb"},
		JWKS: publicSet(t, plainKey(t))}
	_, err := registerAt(t, 201, `{"client_id":"c",
		"redirect_uris":["com.example.app:/cb","http://127.0.0.1/cb"]}`, m)
	if err != nil {
		t.Errorf("native: %v", err)
	}
}

func TestRegistrationEndpoint(t *testing.T) {
	s, as := registrar(t, 201, `{`+client+`}`)
	for name, test := range map[string]struct {
		change func(*AuthorizationServer)
		client *http.Client
	}{
		"absent": {change: func(a *AuthorizationServer) { a.RegistrationEndpoint = "" }},
		"http": {change: func(a *AuthorizationServer) {
			a.RegistrationEndpoint = "http://as.example/r"
		}},
		"http of an issuer that is https": {change: func(a *AuthorizationServer) {
			a.Issuer = "https://as.example"
		}},
		"with a fragment": {change: func(a *AuthorizationServer) {
			a.RegistrationEndpoint += "#a"
		}},
		"no URL": {change: func(a *AuthorizationServer) { a.RegistrationEndpoint = "/r" }},
	} {
		changed := as
		test.change(&changed)
		_, err := Register(t.Context(), changed, plainMetadata(), RegistrationOptions{})
		if outcome(err) != "check registration_endpoint" && outcome(err) != "insecure URL" ||
			!errors.Is(err, &jose.CheckError{Check: "registration_endpoint"}) {
			t.Errorf("%s: %v", name, err)
		}
		wantText(t, err, "(RFC 7591, Section 3)")
		if changed.RegistrationEndpoint == "" {
			wantText(t, err, "must be configured")
		}
	}
	if got := s.requests(); len(got) > 0 {
		t.Errorf("sent %q", got)
	}
}

// RFC 7591, Section 3.2, and RFC 7592, Section 3: what comes back, and what becomes of it.
func TestRegistrationAnswers(t *testing.T) {
	for name, test := range map[string]struct {
		status     int
		body, want string
	}{
		"bare":    {201, `{` + client + `}`, "ok"},
		"200":     {200, `{` + client + `}`, "ok"},
		"whole":   {201, `{` + client + `,` + confident + `,` + managed + `}`, "ok"},
		"no JSON": {201, `client_id=c`, "check body"},
		"twice":   {201, `{` + client + `,"client_id":"d"}`, "check body"},
		"more":    {201, `{` + client + `}{}`, "check body"},
		"array":   {201, `[{` + client + `}]`, "check body"},
		"empty":   {201, ``, "check body"},
		"204":     {204, ``, "server  204"},
		"202":     {202, `{` + client + `}`, "server  202"},
		"302":     {302, `{` + client + `}`, "server  302"},
		"error":   {201, `{"error":"x"}`, "server x 200"},
		"busy":    {503, `<h1>`, "server  503"},

		"no client_id":    {201, `{"redirect_uris":["` + redirectURI + `"]}`, "check client_id"},
		"empty client_id": {201, `{"client_id":""}`, "check client_id"},
		"null client_id":  {201, `{"client_id":null}`, "check client_id"},
		"client_id of 1":  {201, `{"client_id":1}`, "check client_id"},
		"odd client_id":   {201, `{"client_id":"a\n"}`, "check client_id"},
	} {
		r, err := registerAt(t, test.status, test.body, plainMetadata())
		if got := outcome(err); got != test.want || (r == nil) != (err != nil) {
			t.Errorf("%s: %v and %q, want %q", name, r, got, test.want)
		}
	}
	for _, code := range []string{"invalid_redirect_uri", "invalid_client_metadata",
		"invalid_software_statement", "unapproved_software_statement"} {
		body := `{"error":"` + code + `","error_description":"d"}`
		_, err := registerAt(t, 400, body, plainMetadata())
		if e, ok := errors.AsType[*Error](err); !ok || e.Code != code || e.Description() != "d" {
			t.Errorf("%s: error is %v", code, err)
		}
	}
}

// The members that a response has beside the client's ID, and the check that refuses them.
func TestRegistrationMembers(t *testing.T) {
	const secret, ends = `"client_secret":"s"`, `"client_secret_expires_at":`
	const token, uri = `"registration_access_token":`, `"registration_client_uri":`
	for members, want := range map[string]string{
		secret + `,` + ends + `0`:                           "ok",
		secret + `,` + ends + `2893276800`:                  "ok",
		secret:                                              "check client_secret_expires_at",
		secret + `,` + ends + `"0"`:                         "check client_secret_expires_at",
		secret + `,` + ends + `-1`:                          "check client_secret_expires_at",
		secret + `,` + ends + `null`:                        "check client_secret_expires_at",
		`"client_secret":1`:                                 "check client_secret",
		`"client_secret":"é",` + ends + `0`:                 "check client_secret",
		`"client_id_issued_at":1`:                           "ok",
		`"client_id_issued_at":null`:                        "ok",
		`"client_id_issued_at":"1"`:                         "check client_id_issued_at",
		`"client_id_issued_at":1e99`:                        "check client_id_issued_at",
		token + `"t"`:                                       "check registration_client_uri",
		uri + `"HERE/c"`:                                    "check registration_client_uri",
		token + `"t",` + uri + `1`:                          "check registration_client_uri",
		token + `1,` + uri + `"HERE/c"`:                     "check registration_access_token",
		token + `"\r\nX:",` + uri + `"HERE/c"`:              "check registration_access_token",
		`"scope":["a"]`:                                     "check metadata",
		`"contacts":"a"`:                                    "check metadata",
		`"Token_Endpoint_Auth_Method":"none"`:               "check metadata",
		`"jwks":{"keys":[]},"jwks_uri":"https://a.example"`: "check jwks",
		`"jwks":{"keys":[]},"jwks_uri":null`:                "ok",
		`"jwks":null,"jwks_uri":"https://a.example"`:        "ok",
	} {
		r, err := registerAt(t, 201, `{`+client+`,`+members+`}`, plainMetadata())
		if got := outcome(err); got != want || (r == nil) != (err != nil) {
			t.Errorf("%s: %v and %q, want %q", members, r, got, want)
		}
	}
}

// A client that is registered is handed over though the rest of the answer is refused: nothing
// else has the secret and the token. The token is for no other place than before.
func TestRefusedAnswerIsHandedOver(t *testing.T) {
	for members, want := range map[string]struct{ check, secret, token, uri, before string }{
		confident + `,` + managed + `,"scope":["a"]`: {
			"metadata", "s", "t", "/register/c", "/register/c"},
		confident + `,` + managed + `,"jwks":{"keys":[]},"jwks_uri":"https://a.example"`: {
			"jwks", "s", "t", "/register/c", "/register/c"},
		confident + `,` + managed + `,"client_id_issued_at":"1"`: {
			"client_id_issued_at", "s", "t", "/register/c", "/register/c"},
		`"client_secret":"s",` + managed: {
			"client_secret_expires_at", "s", "t", "/register/c", "/register/c"},
		`"client_secret":"s","client_secret_expires_at":-1,` + managed: {
			"client_secret_expires_at", "s", "t", "/register/c", "/register/c"},
		`"client_secret":1,"client_secret_expires_at":0,` + managed: {
			"client_secret", "", "t", "/register/c", "/register/c"},
		confident + `,"client_id_issued_at":1,"registration_access_token":"t",
			"registration_client_uri":"https://evil.example/c"`: {
			"registration_client_uri", "s", "t", "", "/register/c"},
		confident + `,"registration_access_token":"t","registration_client_uri":1`: {
			"registration_client_uri", "s", "t", "", "/register/c"},
		confident + `,"registration_access_token":"\n","registration_client_uri":"HERE/d"`: {
			"registration_access_token", "s", "", "", "/register/c"},
	} {
		body := `{` + client + `,` + members + `}`
		s, as := registrar(t, 200, body)
		o := RegistrationOptions{}
		_, err := Register(t.Context(), as, plainMetadata(), o)
		_, errRead := manageable(t, s).Read(t.Context(), o)
		_, errUpdate := manageable(t, s).Update(t.Context(), plainMetadata(), o)
		for way, err := range map[string]error{"": err, "read": errRead, "update": errUpdate} {
			e, ok := errors.AsType[*RegistrationError](err)
			if !ok || outcome(err) != "check "+want.check {
				t.Errorf("%s, %s: %v", members, way, err)
				continue
			}
			secret, token, uri := want.secret, want.token, want.uri
			if way != "" { // where there was something before
				secret, token = cmp.Or(secret, "old"), cmp.Or(token, "old-token")
				uri = want.before
			}
			if uri != "" {
				uri = s.URL + uri
			}
			r := e.Registration()
			issued := strings.Contains(members, `"client_id_issued_at":1,`)
			if r.ID != "c" || r.Secret() != secret || r.AccessToken() != token ||
				r.ConfigurationEndpoint() != uri ||
				(way != "" || issued) && r.IssuedAt.Unix() != 1 ||
				want.secret != "" && !r.SecretExpiresAt.IsZero() {
				t.Errorf("%s, %s: handed over %q %q %q, %v", members, way, r.Secret(),
					r.AccessToken(), r.ConfigurationEndpoint(), r.SecretExpiresAt)
			}
			if _, err := RegistrationFromRecord(r.Record()); err != nil {
				t.Errorf("%s, %s: %v", members, way, err)
			}
		}
	}
	for body, want := range map[string]string{ // of which nobody knows whose it is
		`{"client_id":"d",` + confident + `,` + managed + `}`: "check client_id",
		`{` + confident + `,` + managed + `}`:                 "check client_id",
		`{` + client + `,` + managed + `,"x":1,"x":2}`:        "check body",
	} {
		s, _ := registrar(t, 200, body)
		_, err := manageable(t, s).Read(t.Context(), RegistrationOptions{})
		if _, ok := errors.AsType[*RegistrationError](err); ok || outcome(err) != want {
			t.Errorf("%s: %v", body, err)
		}
	}
}

// The media type, the length, and a redirect, which is not followed.
func TestRegistrationTransport(t *testing.T) {
	for want, answer := range map[string]http.HandlerFunc{
		"check content_type": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(201)
			io.WriteString(w, `{`+client+`}`)
		},
		"too large": answerJSON(201, `{`+client+strings.Repeat(" ", maxResponse)+`}`),
		"server  307": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(307)
		},
	} {
		s := newServer(t, answer)
		as := AuthorizationServer{RegistrationEndpoint: s.URL + "/register"}
		_, err := Register(t.Context(), as, plainMetadata(), RegistrationOptions{})
		if outcome(err) != want {
			t.Errorf("got %v, want %s", err, want)
		}
		r := manageable(t, s)
		if _, err := r.Read(t.Context(), RegistrationOptions{}); want != "check content_type" &&
			outcome(err) != want {
			t.Errorf("reading: got %v, want %s", err, want)
		}
		if got := len(s.requests()); got != 2 {
			t.Errorf("%s: %d requests", want, got)
		}
	}
}

// Where the registration access token may be sent: the server says it, for its own origin.
func TestConfigurationEndpointOrigin(t *testing.T) {
	const other = "https://manage.example"
	for uri, test := range map[string]struct {
		origins []string
		want    string
	}{
		"HERE":                                {nil, "ok"},
		"HERE/register?client_id=c":           {nil, "ok"},
		"http://as.example/c":                 {nil, "insecure URL"},
		"http://as.example/d":                 {[]string{"http://as.example"}, "insecure URL"},
		"https://as.example/c":                {nil, "check registration_client_uri"},
		"http://localhost/c":                  {nil, "check registration_client_uri"},
		"http://127.0.0.1:1/c":                {nil, "check registration_client_uri"},
		other + "/c":                          {nil, "check registration_client_uri"},
		other + "/d":                          {[]string{other}, "ok"},
		other + ":8443/c":                     {[]string{other}, "check registration_client_uri"},
		"https://u:p@manage.example/c":        {[]string{other}, "insecure URL"},
		"HERE/c#fragment":                     {nil, "insecure URL"},
		"/register/c":                         {nil, "insecure URL"},
		"javascript:alert(1)":                 {nil, "insecure URL"},
		"https://manage.example@evil.example": {[]string{other}, "insecure URL"},
	} {
		_, as := registrar(t, 201, `{`+client+`,"registration_access_token":"t",
			"registration_client_uri":"`+uri+`"}`)
		r, err := Register(t.Context(), as, plainMetadata(),
			RegistrationOptions{ConfigurationOrigins: test.origins})
		if outcome(err) != test.want || err != nil &&
			!errors.Is(err, &jose.CheckError{Check: "registration_client_uri"}) {
			t.Errorf("%s: %v, want %s", uri, err, test.want)
		}
		if err == nil && r.ConfigurationEndpoint() == "" {
			t.Errorf("%s: not kept", uri)
		}
	}
}

// manageable is a registration at s, of the client "c" with the secret "old".
func manageable(t *testing.T, s *server) *Registration {
	t.Helper()
	r, err := RegistrationFromRecord(RegistrationRecord{
		Issuer:                s.URL,
		ClientID:              "c",
		ClientIDIssuedAt:      1,
		ClientSecret:          "old",
		ClientSecretExpiresAt: 2,
		AccessToken:           "old-token",
		ConfigurationEndpoint: s.URL + "/register/c",
		Metadata: json.RawMessage(
			`{"redirect_uris":["` + redirectURI + `"],"x":{"y":1}}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// The three requests of RFC 7592, Section 2, octet for octet.
func TestManage(t *testing.T) {
	s, _ := registrar(t, 200, `{`+client+`,"client_secret":"new","client_secret_expires_at":9,
		"registration_access_token":"new-token","registration_client_uri":"HERE/moved"}`)
	r := manageable(t, s)
	o := RegistrationOptions{InitialAccessToken: "not sent"}
	read, err := r.Read(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	m := r.Metadata()
	m.ClientName = "New"
	updated, err := read.Update(t.Context(), m, o)
	if err != nil {
		t.Fatal(err)
	}
	const head = "\nAccept: application/json\nAuthorization: Bearer "
	want := []string{
		"GET /register/c" + head + "old-token\n\n",
		"PUT /moved" + head + "new-token\nContent-Type: application/json\n\n" +
			`{"client_id":"c","client_name":"New","redirect_uris":["` + redirectURI + `"],` +
			`"x":{"y":1}}`,
	}
	if got := s.requests(); !slices.Equal(got, want) {
		t.Errorf("sent %q, want %q", got, want)
	}
	for _, got := range []*Registration{read, updated} {
		if got.Issuer != s.URL || got.ID != "c" || got.Secret() != "new" ||
			got.AccessToken() != "new-token" || got.ConfigurationEndpoint() != s.URL+"/moved" ||
			got.SecretExpiresAt.Unix() != 9 || got.IssuedAt.Unix() != 1 {
			t.Errorf("got %+v", got)
		}
	}
	if r.Secret() != "old" || r.AccessToken() != "old-token" {
		t.Error("the old one has changed")
	}
}

// What an answer does not say of credentials is as it was, OpenID Connect Dynamic Client
// Registration 1.0, Section 4.3; what it says of one without the other, too.
func TestManageKeeps(t *testing.T) {
	for name, test := range map[string]struct {
		body               string
		secret, token, uri string
		ends               int64
	}{
		"nothing":    {``, "old", "old-token", "/register/c", 2},
		"token":      {`,"registration_access_token":"t"`, "old", "t", "/register/c", 2},
		"URI":        {`,"registration_client_uri":"HERE/d"`, "old", "old-token", "/d", 2},
		"secret":     {`,` + confident, "s", "old-token", "/register/c", 0},
		"ends alone": {`,"client_secret_expires_at":7`, "old", "old-token", "/register/c", 2},
		"nulls": {`,"client_secret":null,"registration_access_token":null`,
			"old", "old-token", "/register/c", 2},
		"empty strings": {`,"client_secret":"","registration_client_uri":""`,
			"old", "old-token", "/register/c", 2},
	} {
		s, _ := registrar(t, 200, `{`+client+test.body+`}`)
		r, err := manageable(t, s).Read(t.Context(), RegistrationOptions{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if r.Secret() != test.secret || r.AccessToken() != test.token ||
			r.ConfigurationEndpoint() != s.URL+test.uri ||
			unixOrZero(r.SecretExpiresAt) != test.ends || r.IssuedAt.Unix() != 1 {
			t.Errorf("%s: got %q %q %q %v", name, r.Secret(), r.AccessToken(),
				r.ConfigurationEndpoint(), r.SecretExpiresAt)
		}
	}
}

func list(of ...string) []string { return of }

// What management refuses, in each of the requests.
func TestManageRefusals(t *testing.T) {
	ways := map[string]func(*Registration, *server) error{
		"read": func(r *Registration, _ *server) error {
			_, err := r.Read(t.Context(), RegistrationOptions{})
			return err
		},
		"update": func(r *Registration, _ *server) error {
			_, err := r.Update(t.Context(), r.Metadata(), RegistrationOptions{})
			return err
		},
		"delete": func(r *Registration, _ *server) error {
			return r.Delete(t.Context(), RegistrationOptions{})
		},
	}
	const other = `{"client_id":"d","redirect_uris":["` + redirectURI + `"]}`
	const elsewhere = `,"registration_client_uri":"https://evil.example/c"`
	const invalid = `Bearer error="invalid_token"`
	for name, test := range map[string]struct {
		status          int
		challenge, body string
		want            []string // of read, update and delete; if one, of all
	}{
		"gone":      {401, invalid, ``, list("server invalid_token 401")},
		"unknown":   {401, `Bearer error="gone"`, ``, list("server  401")},
		"Basic":     {401, `Basic error="invalid_token"`, ``, list("server  401")},
		"forbidden": {403, ``, ``, list("server  403")},
		"method":    {405, ``, ``, list("server  405")},
		"metadata":  {400, ``, `{"error":"x"}`, list("server x 400")},
		"both":      {400, invalid, `{"error":"x"}`, list("server x 400")},
		"created":   {201, ``, `{` + client + `}`, list("server  201")},
		"no body":   {204, ``, ``, list("server  204", "server  204", "ok")},
		"another":   {200, ``, other, list("check client_id", "check client_id", "check status")},
		"elsewhere": {200, ``, `{` + client + elsewhere + `}`, list("check registration_client_uri",
			"check registration_client_uri", "check status")},
		"odd URI": {200, ``, `{` + client + `,"registration_client_uri":1}`, list(
			"check registration_client_uri", "check registration_client_uri", "check status")},
		"less":  {200, ``, `{"client_id":"c"}`, list("ok", "check redirect_uris", "check status")},
		"empty": {200, ``, ``, list("check body", "check body", "check status")},
	} {
		for i, way := range []string{"read", "update", "delete"} {
			want := test.want[min(i, len(test.want)-1)]
			s := newServer(t, func(w http.ResponseWriter, r *http.Request) {
				if test.challenge != "" {
					w.Header().Set("WWW-Authenticate", test.challenge)
				}
				answerJSON(test.status, test.body)(w, r)
			})
			if got := outcome(ways[way](manageable(t, s), s)); got != want {
				t.Errorf("%s, %s: %q, want %q", name, way, got, want)
			}
		}
	}
	for way, ask := range ways {
		for name, change := range map[string]func(*RegistrationRecord){
			"no token": func(r *RegistrationRecord) { r.AccessToken = "" },
			"no URI":   func(r *RegistrationRecord) { r.ConfigurationEndpoint = "" },
			"http": func(r *RegistrationRecord) {
				r.ConfigurationEndpoint = "http://as.example/c"
			},
			"downgraded": func(r *RegistrationRecord) { r.Issuer = "https://as.example" },
		} {
			s, _ := registrar(t, 200, `{`+client+`}`)
			record := manageable(t, s).Record()
			change(&record)
			r, err := RegistrationFromRecord(record)
			if err != nil {
				t.Fatal(err)
			}
			err = ask(r, s)
			if !errors.Is(err, &jose.CheckError{Check: "registration_client_uri"}) {
				t.Errorf("%s, %s: %v", way, name, err)
			}
			wantText(t, err, "(RFC 7592, Section 2)")
			if strings.HasPrefix(name, "no ") {
				wantText(t, err, "must be known")
			}
			if got := s.requests(); len(got) > 0 {
				t.Errorf("%s, %s: sent %q", way, name, got)
			}
		}
		var none *Registration
		if way == "update" {
			continue // which begins with the metadata
		}
		if err := ask(none, nil); outcome(err) != "check registration_client_uri" {
			t.Errorf("%s of nothing: %v", way, err)
		}
	}
}

// A server that repeats the secret, which was not sent, is not repeated.
func TestManageRedactsTheSecret(t *testing.T) {
	s, _ := registrar(t, 403, `{"error":"x","error_description":"not with old-secret"}`)
	record := manageable(t, s).Record()
	record.ClientSecret = "old-secret"
	r, err := RegistrationFromRecord(record)
	if err != nil {
		t.Fatal(err)
	}
	_, err = r.Read(t.Context(), RegistrationOptions{})
	e, ok := errors.AsType[*Error](err)
	if !ok || e.Description() != "not with [redacted]" || strings.Contains(e.Excerpt(), "old") {
		t.Errorf("%v: %q", err, e.Description())
	}
}

// RFC 7591, Section 3.2.1: what is registered otherwise is told, and handed over.
func TestRegisteredOtherwise(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*ClientMetadata)
		says   string
		check  string
	}{
		"redirect_uris": {func(m *ClientMetadata) {
			m.RedirectURIs = append(m.RedirectURIs, "https://rp.example/other")
		}, ``, "redirect_uris"},
		"public": {func(m *ClientMetadata) { m.TokenEndpointAuthMethod = "private_key_jwt" },
			`,"token_endpoint_auth_method":"none"`, "token_endpoint_auth_method"},
		"not said": {func(m *ClientMetadata) { m.TokenEndpointAuthMethod = "private_key_jwt" },
			``, "token_endpoint_auth_method"},
		"not said, as by default": {func(m *ClientMetadata) {
			m.TokenEndpointAuthMethod = "client_secret_basic"
		}, ``, ""},
		"not asked": {func(m *ClientMetadata) {}, `,"token_endpoint_auth_method":"none"`, ""},
		"another algorithm": {func(m *ClientMetadata) {
			m.AuthorizationSignedResponseAlg = "ES256"
		}, `,"authorization_signed_response_alg":"RS256"`, "authorization_signed_response_alg"},
		"no encryption": {func(m *ClientMetadata) {
			m.AuthorizationEncryptedResponseAlg = "ECDH-ES"
		}, ``, "authorization_encrypted_response_alg"},
		"another enc": {func(m *ClientMetadata) {
			m.AuthorizationEncryptedResponseAlg = "ECDH-ES"
			m.AuthorizationEncryptedResponseEnc = "A256GCM"
		}, `,"authorization_encrypted_response_alg":"ECDH-ES"`,
			"authorization_encrypted_response_enc"},
		"one of OpenID Connect": {func(m *ClientMetadata) {
			m.Extra = map[string]json.RawMessage{
				"id_token_signed_response_alg": json.RawMessage(`"ES256"`)}
		}, `,"id_token_signed_response_alg":"none"`, "id_token_signed_response_alg"},
		"no requirement": {func(m *ClientMetadata) { m.RequireSignedRequestObject = true },
			``, "require_signed_request_object"},
		"a requirement refused": {func(m *ClientMetadata) { m.DPoPBoundAccessTokens = true },
			`,"dpop_bound_access_tokens":false`, "dpop_bound_access_tokens"},
		"a requirement": {func(m *ClientMetadata) { m.RequireSignedRequestObject = true },
			`,"require_signed_request_object":true,"dpop_bound_access_tokens":false`, ""},
		"not required": {func(m *ClientMetadata) {
			m.Extra = map[string]json.RawMessage{"x": json.RawMessage(`false`)}
		}, `,"x":true`, ""},
		"public subjects": {func(m *ClientMetadata) {
			m.Extra = map[string]json.RawMessage{"subject_type": json.RawMessage(`"pairwise"`)}
		}, `,"subject_type":"public"`, "subject_type"},
		"spelt otherwise": {func(m *ClientMetadata) { m.AuthorizationSignedResponseAlg = "ES256" },
			`,"authorization_signed_response_alg":"\u0045S256"`, ""},
		"more": {func(m *ClientMetadata) {}, `,"client_name":"X","grant_types":["a"]`, ""},
	} {
		m := plainMetadata()
		test.change(&m)
		body := `{` + client + `,` + confident + `,` + managed + test.says + `}`
		s, as := registrar(t, 200, body)
		_, err := Register(t.Context(), as, m, RegistrationOptions{})
		_, errUpdate := manageable(t, s).Update(t.Context(), m, RegistrationOptions{})
		for _, err := range []error{err, errUpdate} {
			if test.check == "" {
				if err != nil {
					t.Errorf("%s: %v", name, err)
				}
				continue
			}
			wantCheck(t, err, test.check, "RFC 7591, Section 3.2.1")
			e, ok := errors.AsType[*RegistrationError](err)
			if !ok {
				t.Errorf("%s: %v", name, err)
				continue
			}
			if r := e.Registration(); r.ID != "c" || r.Secret() != "s" || r.AccessToken() != "t" {
				t.Errorf("%s: handed over %+v", name, r)
			}
			wantText(t, err, "oauth2: registered otherwise: ")
		}
	}
}

func TestRegistrationAuthentication(t *testing.T) {
	long := strings.Repeat("s", 32)
	key := plainKey(t)
	for name, test := range map[string]struct {
		method, alg, secret string
		key                 *jose.Key
		want                string
	}{
		"nothing said":       {"", "", "s", nil, "client_secret_basic"},
		"basic":              {"client_secret_basic", "", "s", key, "client_secret_basic"},
		"post":               {"client_secret_post", "", "s", nil, "client_secret_post"},
		"jwt":                {"client_secret_jwt", "HS256", long, nil, "client_secret_jwt"},
		"key":                {"private_key_jwt", "ES256", "s", key, "private_key_jwt"},
		"none":               {"none", "", "", nil, "none"},
		"none with a secret": {"none", "", "s", key, "none"},
		"no secret":          {"", "", "", nil, "check"},
		"post, no secret":    {"client_secret_post", "", "", nil, "check"},
		"jwt, no secret":     {"client_secret_jwt", "", "", nil, "check"},
		"no key":             {"private_key_jwt", "", "", nil, "check"},
		"secret for a key":   {"private_key_jwt", "", "s", nil, "check"},
		"another":            {"tls_client_auth", "", "s", key, "check"},
	} {
		metadata, _ := json.Marshal(map[string]string{"token_endpoint_auth_method": test.method,
			"token_endpoint_auth_signing_alg": test.alg})
		r, err := RegistrationFromRecord(RegistrationRecord{
			ClientID: "c", ClientSecret: test.secret, Metadata: metadata})
		if err != nil {
			t.Fatal(err)
		}
		a, err := r.Authentication(test.key)
		if test.want == "check" {
			if outcome(err) != "check client_authentication" || a != nil {
				t.Errorf("%s: %v, %v", name, a, err)
			}
			continue
		}
		if err != nil || a.Method() != test.want {
			t.Errorf("%s: %v, %v", name, a, err)
			continue
		}
		if assertion, ok := a.(clientAssertion); ok && assertion.options.Algorithm != test.alg {
			t.Errorf("%s: algorithm is %q", name, assertion.options.Algorithm)
		}
		config := configAt("https://as.example")
		config.Auth = a
		newClient(t, config)
	}
}

func TestRegistrationRecord(t *testing.T) {
	want := RegistrationRecord{
		Issuer:                "https://as.example",
		ClientID:              "c",
		ClientIDIssuedAt:      1,
		ClientSecret:          "s",
		ClientSecretExpiresAt: 2,
		AccessToken:           "t",
		ConfigurationEndpoint: "https://as.example/c",
		Metadata:              json.RawMessage(`{"client_name":"a","x":12345678901234567890}`),
	}
	text, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var stored RegistrationRecord
	if err := json.Unmarshal(text, &stored); err != nil {
		t.Fatal(err)
	}
	r, err := RegistrationFromRecord(stored)
	if err != nil || !reflect.DeepEqual(r.Record(), want) {
		t.Fatalf("%s: %v", text, err)
	}
	if _, err := json.Marshal(r); err == nil {
		t.Error("stored by accident")
	}
	for _, none := range []string{"", "null", "{}"} {
		r, err := RegistrationFromRecord(RegistrationRecord{ClientID: "c", Metadata: []byte(none)})
		if err != nil || string(r.Record().Metadata) != "{}" {
			t.Errorf("%q: got %v, %v", none, r, err)
		}
	}
	bare, err := RegistrationFromRecord(RegistrationRecord{ClientID: "c"})
	if err != nil || !bare.IssuedAt.IsZero() || !bare.SecretExpiresAt.IsZero() ||
		!reflect.DeepEqual(bare.Metadata(), ClientMetadata{Extra: map[string]json.RawMessage{}}) ||
		bare.Record().ClientIDIssuedAt != 0 {
		t.Errorf("got %v, %v", bare, err)
	}
	_, err = RegistrationFromRecord(RegistrationRecord{})
	wantCheck(t, err, "client_id", "RFC 7591, Section 3.2.1")
	for _, metadata := range []string{`{`, `[]`, `{"scope":1}`, `{"a":1,"a":2}`} {
		_, err = RegistrationFromRecord(RegistrationRecord{
			ClientID: "c", Metadata: []byte(metadata)})
		wantCheck(t, err, "metadata", "RFC 7591, Section 2")
	}
}

// A read is sent once: the server may have rotated the token in the answer that was lost.
func TestReadIsNotRepeated(t *testing.T) {
	s := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/lost" {
			panic(http.ErrAbortHandler)
		}
		answerJSON(200, `{`+client+`,"registration_client_uri":"http://`+r.Host+`/lost"}`)(w, r)
	})
	r, err := manageable(t, s).Read(t.Context(), RegistrationOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Read(t.Context(), RegistrationOptions{}); err == nil { // on the same connection
		t.Error("read")
	}
	if got := len(s.requests()); got != 2 {
		t.Errorf("%d requests", got)
	}
}

// The context ends a request, and its listener hears the checks.
func TestRegistrationIsHeard(t *testing.T) {
	_, as := registrar(t, 201, `{`+client+`,`+confident+`,`+managed+`}`)
	var heard []string
	ctx := verdict.With(t.Context(), func(check, _ string, _ error) {
		heard = append(heard, check)
	})
	if _, err := Register(ctx, as, plainMetadata(), RegistrationOptions{}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"registration_endpoint", "redirect_uris", "content_type",
		"client_id", "client_secret_expires_at", "registration_client_uri", "metadata",
		"token_endpoint_auth_method"} {
		if !slices.Contains(heard, want) {
			t.Errorf("%s is not heard of %q", want, heard)
		}
	}
}

// Whatever is read is written and read as the same, and never sends the token elsewhere.
func FuzzRegistration(f *testing.F) {
	for _, body := range []string{
		`{` + client + `}`,
		`{` + client + `,` + confident + `,"registration_access_token":"t",` +
			`"registration_client_uri":"https://as.example/c"}`,
		`{"client_id":"c","registration_access_token":"t",` +
			`"registration_client_uri":"https://evil.example"}`,
		`{"client_id":"c","jwks":{"keys":[]},"client_name#fr":"n","x":{"y":[1,null]}}`,
		`{"client_id":"c","jwks":null,"Scope":"a"}`, `{"client_id":"c","client_id":"d"}`,
		`{"client_id":"c","client_secret":"s","client_secret_expires_at":1e99}`, `{}`, `[]`, ``,
	} {
		f.Add(body)
	}
	const asked = "https://as.example/register"
	req := httptest.NewRequest("POST", asked, nil)
	f.Fuzz(func(t *testing.T, body string) {
		a := answer{&httpclient.Response{
			Status: 200,
			Header: http.Header{"Content-Type": {"application/json"}},
			Body:   []byte(body),
		}, start, req}
		var o RegistrationOptions
		r, err := o.readRegistration(t.Context(), a, &Registration{}, ClientMetadata{})
		e, handed := errors.AsType[*RegistrationError](err)
		if handed {
			r = e.Registration()
		} else if err != nil {
			return
		}
		if uri := r.ConfigurationEndpoint(); uri != "" && !httpclient.SameOrigin(uri, asked) ||
			!handed && (uri == "") != (r.AccessToken() == "") || r.ID == "" {
			t.Fatalf("%q is managed at %q", body, uri)
		}
		again, err := RegistrationFromRecord(r.Record())
		if err != nil || !reflect.DeepEqual(again.Metadata(), r.Metadata()) {
			t.Fatalf("%q became %+v, %v", body, r.Metadata(), err)
		}
		first, _ := json.Marshal(r.Record())
		second, _ := json.Marshal(again.Record())
		if !bytes.Equal(first, second) {
			t.Fatalf("%s became %s", first, second)
		}
	})
}
