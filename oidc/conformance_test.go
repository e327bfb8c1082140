package oidc

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"vouchsafe/jose"
	"vouchsafe/oauth2"
	"vouchsafe/oidc/oidctest"
)

// suiteModules are those of the OpenID conformance suite, version 5.2.4, for relying parties of
// OpenID Connect, and those for FAPI that are about ID Tokens, responses, the token response
// and discovery.
const suiteModules = `
oidcc-client-test
oidcc-client-test-invalid-iss
oidcc-client-test-missing-sub
oidcc-client-test-invalid-aud
oidcc-client-test-missing-aud
oidcc-client-test-missing-iat
oidcc-client-test-kid-absent-single-jwks
oidcc-client-test-kid-absent-multiple-jwks
oidcc-client-test-idtoken-sig-rs256
oidcc-client-test-idtoken-sig-none
oidcc-client-test-invalid-sig-rs256
oidcc-client-test-invalid-sig-es256
oidcc-client-test-invalid-sig-hs256
oidcc-client-test-userinfo-invalid-sub
oidcc-client-test-nonce-invalid
oidcc-client-test-nonce-unless-code-flow
oidcc-client-test-scope-userinfo-claims
oidcc-client-test-client-secret-basic
oidcc-client-test-invalid-chash
oidcc-client-test-missing-chash
oidcc-client-test-invalid-athash
oidcc-client-test-missing-athash
oidcc-client-test-discovery-openid-config
oidcc-client-test-discovery-jwks-uri-keys
oidcc-client-test-discovery-issuer-mismatch
oidcc-client-test-signing-key-rotation
oidcc-client-test-signing-key-rotation-just-before-signing
oidcc-client-test-discovery-webfinger-acct
oidcc-client-test-discovery-webfinger-url
oidcc-client-test-request-uri-signed-rs256
oidcc-client-test-userinfo-signed
oidcc-client-test-userinfo-bearer-header
oidcc-client-test-userinfo-bearer-body
oidcc-client-test-form-post-error
oidcc-client-test-aggregated-claims
oidcc-client-test-distributed-claims
oidcc-client-test-refresh-token
oidcc-client-test-refresh-token-invalid-issuer
oidcc-client-test-refresh-token-invalid-sub
oidcc-client-test-3rd-party-init-login
oidcc-client-test-dynamic-registration
oidcc-client-test-request-uri-signed-none
oidcc-client-test-mtls-endpoint-aliases
oidcc-client-test-rp-init-logout
oidcc-client-test-rp-init-logout-other-state
oidcc-client-test-rp-init-logout-no-state
oidcc-client-test-rp-backchannel-rpinitlogout
oidcc-client-test-rp-backchannel-rpinitlogout-alg-none
oidcc-client-test-rp-backchannel-rpinitlogout-wrong-alg
oidcc-client-test-rp-backchannel-rpinitlogout-no-event
oidcc-client-test-rp-backchannel-rpinitlogout-wrong-event
oidcc-client-test-rp-backchannel-rpinitlogout-with-nonce
oidcc-client-test-rp-backchannel-rpinitlogout-wrong-aud
oidcc-client-test-rp-backchannel-rpinitlogout-wrong-iss
oidcc-client-test-rp-frontchannel-rpinitlogout
oidcc-client-test-rp-frontchannel-opinitlogout
oidcc-client-test-session-management
fapi1-advanced-final-client-test-discovery-issuer-mismatch
fapi1-advanced-final-client-test-invalid-iss
fapi1-advanced-final-client-test-invalid-missing-iss
fapi1-advanced-final-client-test-invalid-aud
fapi1-advanced-final-client-test-invalid-missing-aud
fapi1-advanced-final-client-test-invalid-secondary-aud
fapi1-advanced-final-client-test-valid-aud-as-array
fapi1-advanced-final-client-test-invalid-null-alg
fapi1-advanced-final-client-test-invalid-alternate-alg
fapi1-advanced-final-client-test-invalid-signature
fapi1-advanced-final-client-test-invalid-expired-exp
fapi1-advanced-final-client-test-invalid-missing-exp
fapi1-advanced-final-client-test-iat-is-week-in-past
fapi1-advanced-final-client-test-invalid-nonce
fapi1-advanced-final-client-test-invalid-missing-nonce
fapi1-advanced-final-client-test-invalid-shash
fapi1-advanced-final-client-test-invalid-chash
fapi1-advanced-final-client-test-missing-athash
fapi1-advanced-final-client-test-encrypted-idtoken
fapi1-advanced-final-client-test-encrypted-idtoken-usingrsa15
fapi2-security-profile-final-client-test-discovery-issuer-mismatch
fapi2-security-profile-final-client-test-invalid-iss
fapi2-security-profile-final-client-test-invalid-missing-iss
fapi2-security-profile-final-client-test-invalid-aud
fapi2-security-profile-final-client-test-invalid-missing-aud
fapi2-security-profile-final-client-test-invalid-secondary-aud
fapi2-security-profile-final-client-test-valid-aud-as-array
fapi2-security-profile-final-client-test-invalid-null-alg
fapi2-security-profile-final-client-test-invalid-alternate-alg
fapi2-security-profile-final-client-test-invalid-expired-exp
fapi2-security-profile-final-client-test-invalid-missing-exp
fapi2-security-profile-final-client-test-invalid-nonce
fapi2-security-profile-final-client-test-invalid-missing-nonce
fapi2-security-profile-final-client-test-invalid-authorization-response-iss
fapi2-security-profile-final-client-test-remove-authorization-response-iss
fapi2-security-profile-final-client-test-ensure-jarm-without-iss-fails
fapi2-security-profile-final-client-test-ensure-jarm-with-invalid-iss-fails
fapi2-security-profile-final-client-test-ensure-jarm-without-aud-fails
fapi2-security-profile-final-client-test-ensure-jarm-with-invalid-aud-fails
fapi2-security-profile-final-client-test-ensure-jarm-without-exp-fails
fapi2-security-profile-final-client-test-ensure-jarm-with-expired-exp-fails
fapi2-security-profile-final-client-test-ensure-jarm-with-invalid-sig-fails
fapi2-security-profile-final-client-test-ensure-jarm-signature-is-not-none
fapi1-advanced-final-client-test-invalid-missing-shash
fapi1-advanced-final-client-test-no-scope-in-token-endpoint-response
fapi2-security-profile-final-client-test-token-endpoint-response-without-expires_in
fapi2-security-profile-final-client-test-token-type-case-insensitivity
fapi2-security-profile-final-client-test-ensure-authorization-response-with-invalid-state-fails
fapi2-security-profile-final-client-test-ensure-authorization-response-with-invalid-missing-state-fails
`

// notInSuite are those of them that no misbehavior stands for, and why.
var notInSuite = map[string]string{
	"oidcc-client-test-mtls-endpoint-aliases": "there is no authentication by certificates " +
		"here yet (RFC 8705)",
	"fapi1-advanced-final-client-test-invalid-missing-shash": "OpenID Connect has no s_hash: " +
		"it is checked if it is there",
}

// Each module is in the suite of oidctest, or it is said why not.
func TestConformanceIsWhole(t *testing.T) {
	want := slices.Sorted(strings.FieldsSeq(suiteModules))
	var got []string
	for _, m := range oidctest.Misbehaviors() {
		got = append(got, m.Modules...)
	}
	for name := range notInSuite {
		if slices.Contains(got, name) {
			t.Errorf("%s is in the suite", name)
		}
		got = append(got, name)
	}
	slices.Sort(got)
	if got = slices.Compact(got); !slices.Equal(got, want) {
		t.Errorf("modules are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// A module is a provider whose ID Tokens become something else when they are signed.
type module struct {
	options oidctest.Options
	config  func(*Config)
	made    func(compact string) string
}

const (
	codeType, idTokenType    = "code", "id_token"
	hybridType, hybridTokens = "code id_token", "code id_token token"
)

func (m module) world(t *testing.T) *world {
	t.Helper()
	return newWorld(t, m.options, answerer{"/token": edit(func(members map[string]any) {
		if idToken, ok := members["id_token"].(string); ok && m.made != nil {
			members["id_token"] = m.made(idToken)
		}
	})}, m.config)
}

// come has a browser go to the provider and come back.
func (m module) come(w *world, asked AuthorizationOptions) (url.Values, *Transaction) {
	w.t.Helper()
	req := w.begin(asked)
	sent := paramsOf(w.t, req.URL)
	if !slices.Contains(strings.Fields(sent.Get("scope")), "openid") || sent.Get("nonce") == "" ||
		sent.Get("response_type") != asked.ResponseType {
		w.t.Errorf("asked for %v", sent)
	}
	params := w.visit(req.URL)
	if idToken := params.Get("id_token"); idToken != "" && m.made != nil {
		params.Set("id_token", m.made(idToken))
	}
	return params, req.Transaction
}

// hasOutcome reports whether err has an outcome, which may be behind a check that reports it.
func hasOutcome(err error, want string) bool {
	check, ok := strings.CutPrefix(want, "check ")
	return outcome(err) == want || ok && errors.Is(err, &jose.CheckError{Check: check})
}

const stranger = "https://stranger.example"

// unsigned makes a token one that nobody signed.
func unsigned(compact string) string {
	return b64(`{"alg":"none"}`) + "." + strings.Split(compact, ".")[1] + "."
}

// forged changes a signature.
func forged(compact string) string {
	parts := strings.Split(compact, ".")
	other := "A"
	if parts[2][9] == 'A' {
		other = "B"
	}
	return parts[0] + "." + parts[1] + "." + parts[2][:9] + other + parts[2][10:]
}

func editing(edit func(map[string]any)) oidctest.Options {
	return oidctest.Options{EditIDToken: edit}
}

const suiteSecret = "a secret that is as long as the hash of the HMAC, or longer"

func withHMAC(c *Config) {
	c.Auth, c.IDToken.SigningAlgorithm = oauth2.ClientSecret(suiteSecret), "HS256"
}

// serve starts a server and returns its URL.
func serve(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(handler)
	t.Cleanup(s.Close)
	return s.URL
}

// Claims are asked for by scope, and found in UserInfo or the ID Token.
func TestClaimsByScope(t *testing.T) {
	options := oidctest.Options{Users: []oidctest.User{{
		Subject: "alice", Name: "Alice", Email: "a@example.com", Claims: map[string]any{
			"phone_number": "+1 555 0100",
			"address":      map[string]string{"country": "NL"},
		}}}}
	for _, responseType := range responseTypes {
		w := newWorld(t, options, nil, nil)
		login, err := w.enter(AuthorizationOptions{ResponseType: responseType,
			Scopes: []string{"profile", "email", "address", "phone"}})
		if err != nil {
			t.Fatal(err)
		}
		user := login.IDToken.UserInfo()
		if responseType != idTokenType {
			if user, err = w.client.UserInfo(t.Context(), login); err != nil {
				t.Fatal(err)
			}
		}
		email, verified := user.Email()
		phone, _ := user.PhoneNumber()
		if user.Name != "Alice" || email != "a@example.com" || !verified ||
			phone != "+1 555 0100" || user.Address.Country != "NL" {
			t.Errorf("%s: user is %+v, %s, %t, %s", responseType, user, email, verified, phone)
		}
	}
}

// The provider fetches the request, and takes no other.
func TestRequestByReference(t *testing.T) {
	key := generate(t, "RS256")
	var objects *oauth2.RequestObjects
	place := serve(t, func(w http.ResponseWriter, r *http.Request) { objects.ServeHTTP(w, r) })
	objects, err := oauth2.NewRequestObjects(place)
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, oidctest.Options{Clients: []oidctest.Client{{ID: "client", Secret: "secret",
		Keys: jose.NewSet(key), RequireRequestObject: true}}}, nil, func(c *Config) {
		c.RequestObject = oauth2.RequestObject{Key: key, Algorithm: "RS256",
			Publish: objects.Publish}
	})
	req := w.begin(AuthorizationOptions{})
	if sent := paramsOf(t, req.URL); !strings.HasPrefix(sent.Get("request_uri"), place) ||
		sent.Has("nonce") || sent.Has("state") {
		t.Errorf("sent %v", sent)
	}
	if _, err := w.client.Callback(t.Context(), w.visit(req.URL), req.Transaction); err != nil {
		t.Error(err)
	}
}
