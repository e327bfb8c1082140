package oauth2_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"vouchsafe/httpclient"
	"vouchsafe/httpclient/fixture"
	"vouchsafe/jose"
	"vouchsafe/oauth2"
)

const (
	fixtureFolder   = "../testdata/providers/oauth2"
	fixtureRedirect = "https://app.example/auth"
)

// A provider is how a client of it is configured, without what its fixtures have.
type provider struct {
	config oauth2.Config
	auth   func(secret string) oauth2.ClientAuthentication
}

func public(string) oauth2.ClientAuthentication { return oauth2.None() }

var providers = map[string]provider{
	"auth0": {
		config: oauth2.Config{Server: oauth2.AuthorizationServer{
			AuthorizationEndpoint: "https://fixture.auth0.example/authorize",
			TokenEndpoint:         "https://fixture.auth0.example/oauth/token",
		}},
		auth: oauth2.ClientSecretPost,
	},
	"dropbox": {
		config: oauth2.Config{
			Server: oauth2.AuthorizationServer{
				AuthorizationEndpoint: "https://www.dropbox.com/oauth2/authorize",
				TokenEndpoint:         "https://api.dropboxapi.com/oauth2/token",
				RevocationEndpoint:    "https://api.dropboxapi.com/2/auth/token/revoke",
			},
			Hooks: oauth2.Hooks{RevokeTokenRequest: []oauth2.RequestHook{
				func(_ context.Context, req *http.Request) error {
					req.Header.Set("Authorization", "Bearer "+req.PostForm.Get("token"))
					req.Header.Del("Content-Type")
					req.PostForm = nil
					return nil
				},
			}},
		},
		auth: oauth2.ClientSecretBasic,
	},
	"ebay": {
		config: oauth2.Config{
			Server: oauth2.AuthorizationServer{
				TokenEndpoint: "https://api.ebay.com/identity/v1/oauth2/token",
			},
			Hooks: oauth2.Hooks{
				AccessTokenResponse: []oauth2.ResponseHook{setBearer},
				RefreshTokenResponse: []oauth2.ResponseHook{setBearer,
					members(func(m map[string]json.RawMessage) {
						if string(m["refresh_token"]) == `"N/A"` {
							delete(m, "refresh_token")
						}
					})},
			},
		},
		auth: oauth2.ClientSecretBasic,
	},
	"facebook": {
		config: oauth2.Config{
			Server: oauth2.AuthorizationServer{
				AuthorizationEndpoint: "https://www.facebook.com/v21.0/dialog/oauth",
				TokenEndpoint:         "https://graph.facebook.com/v21.0/oauth/access_token",
			},
			Quirks: oauth2.Quirks{ScopeSeparator: ",", InsecureTokenGET: true},
			Hooks: oauth2.Hooks{ProtectedRequest: []oauth2.RequestHook{
				func(_ context.Context, req *http.Request) error {
					token := strings.TrimPrefix(req.Header.Get("Authorization"), "Bearer ")
					mac := hmac.New(sha256.New, []byte("0f1e2d3c4b5a69788796a5b4c3d2e1f0"))
					mac.Write([]byte(token))
					req.URL.RawQuery += "&appsecret_proof=" + hex.EncodeToString(mac.Sum(nil))
					return nil
				},
			}},
		},
		auth: oauth2.ClientSecretPost,
	},
	"fitbit": {
		config: oauth2.Config{
			Server: oauth2.AuthorizationServer{
				AuthorizationEndpoint: "https://www.fitbit.com/oauth2/authorize",
				TokenEndpoint:         "https://api.fitbit.com/oauth2/token",
			},
			Hooks: oauth2.Hooks{
				AccessTokenResponse:  []oauth2.ResponseHook{firstError},
				RefreshTokenResponse: []oauth2.ResponseHook{firstError},
			},
		},
		auth: oauth2.ClientSecretBasic,
	},
	"github": {
		config: oauth2.Config{
			Server: oauth2.AuthorizationServer{
				Issuer:                      "https://github.com/login/oauth",
				AuthorizationEndpoint:       "https://github.com/login/oauth/authorize",
				TokenEndpoint:               "https://github.com/login/oauth/access_token",
				DeviceAuthorizationEndpoint: "https://github.com/login/device/code",
				RevocationEndpoint: "https://api.github.com/applications/Ov23liVouchsafe00017" +
					"/token",
			},
			RevocationAuth: oauth2.ClientSecretBasic("invented-github-client-secret"),
			Quirks:         oauth2.Quirks{GrantedScopeSeparator: ","},
			Hooks: oauth2.Hooks{
				RevokeTokenRequest: []oauth2.RequestHook{
					func(_ context.Context, req *http.Request) error {
						req.Method = "DELETE"
						req.Header.Set("Accept", "application/vnd.github+json")
						return setJSON(req, url.Values{"access_token": req.PostForm["token"]})
					},
				},
			},
		},
		auth: oauth2.ClientSecretPost,
	},
	"google": {
		config: oauth2.Config{
			Server: oauth2.AuthorizationServer{
				AuthorizationEndpoint: "https://accounts.google.com/o/oauth2/v2/auth",
				TokenEndpoint:         "https://oauth2.googleapis.com/token",
				RevocationEndpoint:    "https://oauth2.googleapis.com/revoke",
			},
			Hooks: oauth2.Hooks{
				AccessTokenResponse: []oauth2.ResponseHook{
					replace("https://www.googleapis.com/auth/userinfo.", ""),
				},
			},
		},
		auth: oauth2.ClientSecretPost,
	},
	"keycloak": {
		config: oauth2.Config{Server: oauth2.AuthorizationServer{
			Issuer:                "https://sso.example/realms/demo",
			AuthorizationEndpoint: "https://sso.example/realms/demo/protocol/openid-connect/auth",
			TokenEndpoint:         "https://sso.example/realms/demo/protocol/openid-connect/token",
			IntrospectionEndpoint: "https://sso.example/realms/demo/protocol/openid-connect" +
				"/token/introspect",

			AuthorizationResponseIssParameterSupported: true,
		}},
		auth: oauth2.ClientSecretBasic,
	},
	"linkedin": {
		config: oauth2.Config{
			Server: oauth2.AuthorizationServer{
				AuthorizationEndpoint: "https://www.linkedin.com/oauth/v2/authorization",
				TokenEndpoint:         "https://www.linkedin.com/oauth/v2/accessToken",
			},
			Quirks: oauth2.Quirks{GrantedScopeSeparator: ","},
		},
		auth: oauth2.ClientSecretPost,
	},
	"mailchimp": {
		config: oauth2.Config{
			Server: oauth2.AuthorizationServer{
				AuthorizationEndpoint: "https://login.mailchimp.com/oauth2/authorize",
				TokenEndpoint:         "https://login.mailchimp.com/oauth2/token",
			},
			Quirks: oauth2.Quirks{AssumeBearer: true},
			Hooks: oauth2.Hooks{
				AccessTokenResponse: []oauth2.ResponseHook{
					members(func(m map[string]json.RawMessage) { delete(m, "expires_in") }),
				},
				ProtectedRequest: []oauth2.RequestHook{
					func(_ context.Context, req *http.Request) error {
						_, token, _ := strings.Cut(req.Header.Get("Authorization"), " ")
						req.Header.Set("Authorization", "OAuth "+token)
						return nil
					},
				},
			},
		},
		auth: oauth2.ClientSecretPost,
	},
	"microsoft": {
		config: oauth2.Config{Server: oauth2.AuthorizationServer{
			AuthorizationEndpoint: "https://login.microsoftonline.com/common/oauth2/v2.0/authorize",
			TokenEndpoint:         "https://login.microsoftonline.com/common/oauth2/v2.0/token",
			DeviceAuthorizationEndpoint: "https://login.microsoftonline.com" +
				"/common/oauth2/v2.0/devicecode",
		}},
		auth: oauth2.ClientSecretPost,
	},
	"notion": {
		config: oauth2.Config{
			Server: oauth2.AuthorizationServer{
				AuthorizationEndpoint: "https://api.notion.com/v1/oauth/authorize?owner=user",
				TokenEndpoint:         "https://api.notion.com/v1/oauth/token",
			},
			Hooks: oauth2.Hooks{
				AccessTokenRequest:  []oauth2.RequestHook{notionVersion, sendJSON},
				RefreshTokenRequest: []oauth2.RequestHook{notionVersion, sendJSON},
				ProtectedRequest:    []oauth2.RequestHook{notionVersion},
			},
		},
		auth: oauth2.ClientSecretBasic,
	},
	"reddit": {
		config: oauth2.Config{
			Server: oauth2.AuthorizationServer{
				AuthorizationEndpoint: "https://www.reddit.com/api/v1/authorize",
				TokenEndpoint:         "https://www.reddit.com/api/v1/access_token",
				RevocationEndpoint:    "https://www.reddit.com/api/v1/revoke_token",
			},
			Hooks: oauth2.Hooks{
				AccessTokenRequest:  []oauth2.RequestHook{redditAgent},
				RefreshTokenRequest: []oauth2.RequestHook{redditAgent},
				RevokeTokenRequest:  []oauth2.RequestHook{redditAgent},
				ProtectedRequest:    []oauth2.RequestHook{redditAgent},
			},
		},
		auth: oauth2.ClientSecretBasic,
	},
	"salesforce": {
		config: oauth2.Config{Server: oauth2.AuthorizationServer{
			AuthorizationEndpoint: "https://login.salesforce.com/services/oauth2/authorize",
			TokenEndpoint:         "https://login.salesforce.com/services/oauth2/token",
			RevocationEndpoint:    "https://login.salesforce.com/services/oauth2/revoke",
			IntrospectionEndpoint: "https://login.salesforce.com/services/oauth2/introspect",

			TokenEndpointAuthMethodsSupported:      []string{"client_secret_post"},
			RevocationEndpointAuthMethodsSupported: []string{"client_secret_post"},
		}},
		auth: oauth2.ClientSecret,
	},
	"slack": {
		config: oauth2.Config{
			Server: oauth2.AuthorizationServer{
				AuthorizationEndpoint: "https://slack.com/oauth/v2/authorize",
				TokenEndpoint:         "https://slack.com/api/oauth.v2.access",
			},
			Quirks: oauth2.Quirks{ScopeSeparator: ","},
			Hooks: oauth2.Hooks{
				AccessTokenResponse: []oauth2.ResponseHook{unwrap("authed_user"), setBearer},
			},
		},
		auth: oauth2.ClientSecretBasic,
	},
	"spotify": {
		config: oauth2.Config{Server: oauth2.AuthorizationServer{
			AuthorizationEndpoint: "https://accounts.spotify.com/authorize",
			TokenEndpoint:         "https://accounts.spotify.com/api/token",
		}},
		auth: oauth2.ClientSecretBasic,
	},
	"stackexchange": {
		config: oauth2.Config{
			Server: oauth2.AuthorizationServer{
				AuthorizationEndpoint: "https://stackoverflow.com/oauth",
				TokenEndpoint:         "https://stackoverflow.com/oauth/access_token",
			},
			TokenPlacement: oauth2.InsecurePlacementQuery,
			Quirks: oauth2.Quirks{FormTokenResponse: true, AssumeBearer: true,
				ScopeSeparator: ","},
			Hooks: oauth2.Hooks{
				AccessTokenResponse: []oauth2.ResponseHook{replace("&expires=", "&expires_in=")},
			},
		},
		auth: oauth2.ClientSecretPost,
	},
	"strava": {
		config: oauth2.Config{
			Server: oauth2.AuthorizationServer{
				AuthorizationEndpoint: "https://www.strava.com/oauth/authorize",
				TokenEndpoint:         "https://www.strava.com/api/v3/oauth/token",
				RevocationEndpoint:    "https://www.strava.com/oauth/deauthorize",
			},
			Quirks: oauth2.Quirks{ScopeSeparator: ","},
			Hooks: oauth2.Hooks{RevokeTokenRequest: []oauth2.RequestHook{
				func(_ context.Context, req *http.Request) error {
					req.PostForm = url.Values{"access_token": req.PostForm["token"]}
					return nil
				},
			}},
		},
		auth: oauth2.ClientSecretPost,
	},
	"twitch": {
		config: oauth2.Config{
			Server: oauth2.AuthorizationServer{
				AuthorizationEndpoint: "https://id.twitch.tv/oauth2/authorize",
				TokenEndpoint:         "https://id.twitch.tv/oauth2/token",
				RevocationEndpoint:    "https://id.twitch.tv/oauth2/revoke",
			},
			RevocationAuth: oauth2.None(),
			Hooks: oauth2.Hooks{
				AccessTokenResponse:  []oauth2.ResponseHook{joinScope},
				RefreshTokenResponse: []oauth2.ResponseHook{joinScope},
				ProtectedRequest: []oauth2.RequestHook{
					setHeader("Client-Id", "inventedtwitchclient0000000017"),
				},
			},
		},
		auth: oauth2.ClientSecretPost,
	},
	"weibo": {
		config: oauth2.Config{
			Server: oauth2.AuthorizationServer{
				AuthorizationEndpoint: "https://api.weibo.com/oauth2/authorize",
				TokenEndpoint:         "https://api.weibo.com/oauth2/access_token",
			},
			TokenPlacement: oauth2.InsecurePlacementQuery,
			Quirks: oauth2.Quirks{FormTokenResponse: true, AssumeBearer: true,
				ScopeSeparator: ","},
		},
		auth: oauth2.ClientSecretPost,
	},
	"withings": {
		config: oauth2.Config{
			Server: oauth2.AuthorizationServer{
				AuthorizationEndpoint: "https://account.withings.com/oauth2_user/authorize2",
				TokenEndpoint:         "https://wbsapi.withings.net/v2/oauth2",
			},
			Quirks: oauth2.Quirks{ScopeSeparator: ","},
			Hooks: oauth2.Hooks{
				AccessTokenRequest:   []oauth2.RequestHook{withingsAction},
				AccessTokenResponse:  []oauth2.ResponseHook{unwrap("body")},
				RefreshTokenRequest:  []oauth2.RequestHook{withingsAction},
				RefreshTokenResponse: []oauth2.ResponseHook{unwrap("body")},
			},
		},
		auth: oauth2.ClientSecretPost,
	},
	"x": {
		config: oauth2.Config{Server: oauth2.AuthorizationServer{
			AuthorizationEndpoint: "https://x.com/i/oauth2/authorize",
			TokenEndpoint:         "https://api.x.com/2/oauth2/token",
		}},
		auth: public,
	},
	"yahoo": {
		config: oauth2.Config{Server: oauth2.AuthorizationServer{
			AuthorizationEndpoint: "https://api.login.yahoo.com/oauth2/request_auth",
			TokenEndpoint:         "https://api.login.yahoo.com/oauth2/get_token",
			RevocationEndpoint:    "https://api.login.yahoo.com/oauth2/revoke",
		}},
		auth: oauth2.ClientSecretBasic,
	},
	"zoom": {
		config: oauth2.Config{Server: oauth2.AuthorizationServer{
			AuthorizationEndpoint: "https://zoom.us/oauth/authorize",
			TokenEndpoint:         "https://zoom.us/oauth/token",
			RevocationEndpoint:    "https://zoom.us/oauth/revoke",
		}},
		auth: oauth2.ClientSecretBasic,
	},
}

// The hooks that several providers need, as an application would write them.

// members has change edit the members of a JSON answer.
func members(change func(m map[string]json.RawMessage)) oauth2.ResponseHook {
	return func(_ context.Context, resp *httpclient.Response) error {
		var m map[string]json.RawMessage
		if err := json.Unmarshal(resp.Body, &m); err != nil {
			return err
		}
		change(m)
		var err error
		resp.Body, err = json.Marshal(m)
		return err
	}
}

// unwrap puts the members of an object in the place of the member that it is.
func unwrap(name string) oauth2.ResponseHook {
	return members(func(m map[string]json.RawMessage) {
		inner := m[name]
		delete(m, name)
		_ = json.Unmarshal(inner, &m)
	})
}

func replace(from, to string) oauth2.ResponseHook {
	return func(_ context.Context, resp *httpclient.Response) error {
		resp.Body = bytes.ReplaceAll(resp.Body, []byte(from), []byte(to))
		return nil
	}
}

var setBearer = members(func(m map[string]json.RawMessage) {
	if m["token_type"] != nil {
		m["token_type"] = json.RawMessage(`"Bearer"`)
	}
})

// joinScope takes a scope that is an array.
var joinScope = members(func(m map[string]json.RawMessage) {
	var list []string
	if json.Unmarshal(m["scope"], &list) == nil {
		m["scope"], _ = json.Marshal(strings.Join(list, " "))
	}
})

// firstError takes the code of an error from the first of a list.
var firstError = members(func(m map[string]json.RawMessage) {
	var list []struct{ ErrorType json.RawMessage }
	if json.Unmarshal(m["errors"], &list) == nil && len(list) > 0 {
		m["error"] = list[0].ErrorType
	}
})

func setHeader(name, value string) oauth2.RequestHook {
	return func(_ context.Context, req *http.Request) error {
		req.Header.Set(name, value)
		return nil
	}
}

var (
	notionVersion = setHeader("Notion-Version", "2022-06-28")
	redditAgent   = setHeader("User-Agent", "linux:vouchsafe.example:v1 (by /u/rita_fixture)")
)

func sendJSON(_ context.Context, req *http.Request) error { return setJSON(req, req.PostForm) }

func setJSON(req *http.Request, form url.Values) error {
	object := map[string]string{}
	for name := range form {
		object[name] = form.Get(name)
	}
	body, err := json.Marshal(object)
	req.Header.Set("Content-Type", "application/json")
	req.Body, req.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return err
}

func withingsAction(_ context.Context, req *http.Request) error {
	req.PostForm.Set("action", "requesttoken")
	return nil
}

// A granted is what a token must be.
type granted struct {
	access, refresh string
	life            int    // seconds from the fixture's time; 0 if not known
	scopes, refused string // joined by spaces
	issued          string // the type, after a token exchange
	kind            string // the token type, if it is not Bearer
	extra           map[string]string
}

// A refusal is what an Error must be.
type refusal struct {
	code   string
	status int
	uri    string

	description, excerpt string // parts of them
	without              string // which must not be in the server's words
}

// A player plays the user and the application.
type player struct {
	*testing.T
	fixture *fixture.Fixture
	client  *oauth2.Client
	sent    *[]replay
}

// A replay sends again what was sent.
type replay func(f *fixture.Fixture)

// A recorder keeps the requests that go through it.
type recorder struct {
	fixture *fixture.Fixture
	sent    *[]replay
}

func (r recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	var body []byte
	if req.Body != nil {
		var err error
		if body, err = io.ReadAll(req.Body); err != nil {
			return nil, err
		}
		req.Body.Close()
	}
	send := func(f *fixture.Fixture) (*http.Response, error) {
		again := req.Clone(context.WithoutCancel(req.Context()))
		again.Body = io.NopCloser(bytes.NewReader(body))
		return f.Client().Transport.RoundTrip(again)
	}
	*r.sent = append(*r.sent, func(f *fixture.Fixture) { _, _ = send(f) })
	return send(r.fixture)
}

// fixtureRows are what the application does with each fixture.
var fixtureRows = map[string]func(p player){
	"auth0": func(p player) {
		tok := p.login([]string{"profile", "offline_access"}, "audience=https://api.example/",
			granted{access: "eyJinvented.auth0.access1", refresh: "v1.inventedAuth0Refresh1",
				life: 86400, scopes: "profile offline_access"})
		p.refresh(tok, granted{access: "eyJinvented.auth0.access2",
			refresh: "v1.inventedAuth0Refresh2", life: 86400, scopes: "profile offline_access"})
	},
	"auth0-bad-code": func(p player) {
		p.loginRefused([]string{"profile"}, "audience=https://api.example/",
			refusal{code: "invalid_grant", status: 403, description: "Invalid authorization code"})
	},
	"dropbox": func(p player) {
		tok := p.login([]string{"account_info.read"}, "token_access_type=offline",
			granted{access: "sl.inventedDropboxAccess1", refresh: "inventedDropboxRefresh",
				life: 13220, scopes: "account_info.read", kind: "bearer",
				extra: map[string]string{"uid": `"9000017"`,
					"account_id": `"dbid:inventedDropboxAccount17"`}})
		p.call(tok, "POST", "https://api.dropboxapi.com/2/users/get_current_account",
			"dora@example.com")
		tok = p.refresh(tok, granted{access: "sl.inventedDropboxAccess2",
			refresh: "inventedDropboxRefresh", life: 14400, scopes: "account_info.read",
			kind: "bearer"})
		p.revoke(tok, oauth2.HintAccessToken)
	},
	"dropbox-bad-code": func(p player) {
		p.loginRefused(nil, "", refusal{code: "invalid_grant", status: 400,
			description: "code doesn't exist or has expired"})
	},
	"ebay": func(p player) {
		const scope = "https://api.ebay.com/oauth/api_scope"
		tok, err := p.client.ClientCredentials(p.Context(),
			oauth2.TokenOptions{Scopes: []string{scope}})
		p.got(tok, err, granted{access: "v^1.1#i^1#inventedEbayApplication17", life: 7200,
			scopes: scope})
		held := p.held("v^1.1#i^1#inventedEbayRefresh17")
		p.refresh(held, granted{access: "v^1.1#i^1#inventedEbayUser18", life: 7200,
			refresh: "v^1.1#i^1#inventedEbayRefresh17", scopes: "kept"})
		p.refresh(held, granted{access: "v^1.1#i^1#inventedEbayUser19", life: 7200,
			refresh: "v^1.1#i^1#inventedEbayRefresh17", scopes: "kept"})
	},
	"facebook": func(p player) {
		tok := p.login([]string{"email", "public_profile"}, "",
			granted{access: "EAAinventedFacebookShort17", life: 5183,
				scopes: "email public_profile", kind: "bearer"})
		tok, err := p.client.ExtensionGrant(p.Context(), "fb_exchange_token", oauth2.TokenOptions{
			Params: url.Values{"fb_exchange_token": {tok.AccessToken()}}})
		p.got(tok, err, granted{access: "EAAinventedFacebookLong17", life: 5183944, kind: "bearer"})
		p.call(tok, "GET", "https://graph.facebook.com/v21.0/me?fields=id,name",
			"900000000000000017")
		p.callRefused(tok, "https://graph.facebook.com/v21.0/me?fields=id", refusal{status: 400})
	},
	"facebook-denied": func(p player) {
		p.loginRefused([]string{"email"}, "", refusal{code: "access_denied",
			description: "Permissions error"})
	},
	"facebook-used-code": func(p player) {
		p.loginRefused([]string{"email"}, "", refusal{status: 400,
			excerpt: `"error_subcode":36009`})
	},
	"fitbit": func(p player) {
		user := map[string]string{"user_id": `"17FXTR"`}
		tok := p.login([]string{"profile", "sleep"}, "", granted{
			access: "eyJinvented.fitbit.access1", refresh: "inventedfitbitrefresh1", life: 28800,
			scopes: "profile", refused: "sleep", extra: user})
		p.call(tok, "GET", "https://api.fitbit.com/1/user/-/profile.json", `"encodedId":"17FXTR"`)
		p.refresh(tok, granted{access: "eyJinvented.fitbit.access2",
			refresh: "inventedfitbitrefresh2", life: 28800, scopes: "profile", extra: user})
	},
	"fitbit-bad-code": func(p player) {
		p.loginRefused([]string{"profile"}, "", refusal{code: "invalid_grant", status: 400,
			excerpt: "Authorization code invalid", without: "inventedfitbitdead17"})
	},
	"fitbit-bad-refresh": func(p player) {
		p.refreshRefused("inventedfitbitdead18", refusal{code: "invalid_grant", status: 400,
			excerpt: "Refresh token invalid", without: "inventedfitbitdead18"})
	},
	"github": func(p player) {
		tok := p.login([]string{"repo", "gist", "read:org"}, "", granted{
			access: "gho_inventedGithubAccess000000000000017", scopes: "repo gist",
			refused: "read:org", kind: "bearer"})
		p.call(tok, "GET", "https://api.github.com/user", `"id":9000000017`)
		p.revoke(tok, oauth2.HintAccessToken)
	},
	"github-app": func(p player) {
		extra := map[string]string{"refresh_token_expires_in": "15897600"}
		tok := p.login(nil, "", granted{access: "ghu_inventedGithubUser1",
			refresh: "ghr_inventedGithubRefresh1", life: 28800, kind: "bearer", extra: extra})
		p.refresh(tok, granted{access: "ghu_inventedGithubUser2",
			refresh: "ghr_inventedGithubRefresh2", life: 28800, kind: "bearer", extra: extra})
	},
	"github-bad-code": func(p player) {
		p.loginRefused([]string{"repo"}, "", refusal{code: "bad_verification_code", status: 200,
			description: "The code passed is incorrect or expired.",
			uri: "https://docs.github.com/apps/managing-oauth-apps/troubleshooting-oauth-app-" +
				"access-token-request-errors/#bad-verification-code"})
	},
	"github-device": func(p player) {
		p.device([]string{"repo", "gist"}, "FXTR-0017", "https://github.com/login/device",
			20*time.Second, granted{access: "gho_inventedGithubDevice000000000000017",
				scopes: "repo gist", kind: "bearer"})
	},
	"github-form": func(p player) {
		p.login([]string{"repo", "gist"}, "", granted{scopes: "repo gist", kind: "bearer",
			access: "gho_inventedGithubForm00000000000000017"})
	},
	"google": func(p player) {
		const drive = "https://www.googleapis.com/auth/drive.file"
		const calendar = "https://www.googleapis.com/auth/calendar"
		tok := p.login([]string{"email", drive, calendar}, "access_type=offline&prompt=consent",
			granted{access: "ya29.inventedGoogleAccess1", refresh: "1//inventedGoogleRefresh17",
				life: 3599, scopes: "email " + drive, refused: calendar})
		p.call(tok, "GET", "https://www.googleapis.com/drive/v3/files?fields=files(id)",
			"inventedGoogleFile17")
		tok = p.refresh(tok, granted{access: "ya29.inventedGoogleAccess2",
			refresh: "1//inventedGoogleRefresh17", life: 3599,
			scopes: "https://www.googleapis.com/auth/userinfo.email " + drive})
		p.revoke(tok, "")
	},
	"google-bad-code": func(p player) {
		p.loginRefused([]string{"email"}, "", refusal{code: "invalid_grant", status: 400,
			description: "Malformed auth code."})
	},
	"keycloak": playKeycloak,
	"keycloak-bad-code": func(p player) {
		p.loginRefused(nil, "", refusal{code: "invalid_grant", status: 400,
			description: "Code not valid"})
	},
	"keycloak-without-iss": func(p player) {
		tok, err := p.authorize(nil, "")
		if e, ok := errors.AsType[*jose.CheckError](err); tok != nil || !ok || e.Check != "iss" {
			p.Errorf("got a token: %t, and %v", tok != nil, err)
		}
	},
	"linkedin": func(p player) {
		tok := p.login([]string{"profile", "email", "w_member_social"}, "", granted{
			access: "AQXinventedLinkedAccess17", life: 5183999, scopes: "email profile",
			refused: "w_member_social"})
		p.call(tok, "GET", "https://api.linkedin.com/v2/userinfo", `"sub":"inventedLi17"`)
	},
	"linkedin-bad-code": func(p player) {
		p.loginRefused([]string{"openid"}, "", refusal{code: "invalid_request", status: 400,
			description: "Or external member binding exists"})
	},
	"linkedin-cancelled": func(p player) {
		p.loginRefused([]string{"openid"}, "", refusal{code: "user_cancelled_authorize",
			description: "The user cancelled the authorization"})
	},
	"mailchimp": func(p player) {
		tok := p.login(nil, "", granted{access: "inventedmailchimpaccess17"})
		p.call(tok, "GET", "https://login.mailchimp.com/oauth2/metadata",
			"https://us17.api.mailchimp.com")
	},
	"microsoft": func(p player) {
		extra := map[string]string{"ext_expires_in": "3736"}
		tok := p.login([]string{"User.Read", "offline_access"}, "", granted{
			access: "EwAinventedMicrosoftAccess1", refresh: "M.C17_inventedMicrosoftRefresh1",
			life: 3736, scopes: "User.Read", refused: "offline_access", extra: extra})
		p.call(tok, "GET", "https://graph.microsoft.com/v1.0/me", "Mina Fixture")
		p.refresh(tok, granted{access: "EwAinventedMicrosoftAccess2",
			refresh: "M.C17_inventedMicrosoftRefresh2", life: 3736, scopes: "User.Read",
			extra: extra})
	},
	"microsoft-bad-code": func(p player) {
		p.loginRefused([]string{"User.Read"}, "", refusal{code: "invalid_grant", status: 400,
			description: "malformed or invalid.\r\nTrace ID: 17000000",
			uri:         "https://login.microsoftonline.com/error?code=70000"})
	},
	"microsoft-device": func(p player) {
		p.device([]string{"User.Read"}, "FXTR00017", "https://microsoft.com/devicelogin",
			10*time.Second, granted{access: "EwAinventedMicrosoftAccess3", life: 3736,
				scopes: "User.Read", extra: map[string]string{"ext_expires_in": "3736"}})
	},
	"microsoft-device-declined": func(p player) {
		p.deviceRefused([]string{"User.Read"}, refusal{code: "authorization_declined", status: 400,
			description: "AADSTS70018", uri: "https://login.microsoftonline.com/error?code=70018"})
	},
	"notion": func(p player) {
		extra := map[string]string{
			"bot_id":                 `"17000000-0000-4000-8000-0000000000b0"`,
			"duplicated_template_id": "null",
			"owner": `{"type":"user","user":{"object":"user",` +
				`"id":"17000000-0000-4000-8000-000000000001"}}`,
			"workspace_name": `"Fixture"`,
		}
		tok := p.login(nil, "", granted{access: "ntn_inventedNotion1",
			refresh: "nrt_inventedNotion1", kind: "bearer", extra: extra})
		p.call(tok, "GET", "https://api.notion.com/v1/users/me", "Nora Fixture")
		p.refresh(tok, granted{access: "ntn_inventedNotion2", refresh: "nrt_inventedNotion2",
			kind: "bearer", extra: extra})
	},
	"notion-bad-refresh": func(p player) {
		p.refreshRefused("nrt_inventedNotionDead", refusal{code: "invalid_grant", status: 400,
			description: "Token has been expired or revoked."})
	},
	"reddit": func(p player) {
		tok := p.login([]string{"identity", "history"}, "duration=permanent", granted{
			access: "inventedRedditAccess1", refresh: "inventedRedditRefresh", life: 3600,
			scopes: "identity history", kind: "bearer"})
		p.call(tok, "GET", "https://oauth.reddit.com/api/v1/me", `"name":"rita_fixture"`)
		tok = p.refresh(tok, granted{access: "inventedRedditAccess2",
			refresh: "inventedRedditRefresh", life: 86400, scopes: "identity history",
			kind: "bearer"})
		p.revoke(tok, "")
	},
	"reddit-installed": func(p player) {
		p.loginRefused([]string{"identity"}, "", refusal{code: "invalid_grant", status: 200})
	},
	"reddit-wrong-client": func(p player) {
		p.loginRefused([]string{"identity"}, "", refusal{status: 401, excerpt: `"error":401`})
	},
	"salesforce": playSalesforce,
	"salesforce-expired-code": func(p player) {
		p.loginRefused([]string{"api"}, "", refusal{code: "invalid_grant", status: 400,
			description: "expired authorization code"})
	},
	"slack": func(p player) {
		tok := p.login(nil, "user_scope=identity.basic,identity.email", granted{
			access: "xoxp-invented-slack-user-17", scopes: "identity.basic identity.email",
			extra: map[string]string{"app_id": `"A017FIXTURE"`, "enterprise": "null",
				"id": `"U017FIXTURE"`, "is_enterprise_install": "false", "ok": "true",
				"team": `{"id":"T017FIXTURE"}`}})
		p.call(tok, "GET", "https://slack.com/api/users.identity", "Sloane Fixture")
	},
	"slack-bad-code": func(p player) {
		p.loginRefused(nil, "user_scope=identity.basic", refusal{code: "invalid_code", status: 200,
			excerpt: `"ok":false`})
	},
	"spotify": func(p player) {
		const api = "https://api.spotify.com/v1/me"
		tok := p.login([]string{"user-read-email", "user-read-private"}, "", granted{
			access: "inventedSpotifyAccess1", refresh: "inventedSpotifyRefresh", life: 3600,
			scopes: "user-read-email", refused: "user-read-private"})
		p.call(tok, "GET", api, "spencer@example.com")
		p.callRefused(tok, api, refusal{code: "invalid_token", status: 401,
			description: "The access token expired"})
		p.refresh(tok, granted{access: "inventedSpotifyAccess2",
			refresh: "inventedSpotifyRefresh", life: 3600, scopes: "user-read-email"})
	},
	"spotify-bad-code": func(p player) {
		p.loginRefused([]string{"user-read-email"}, "", refusal{code: "invalid_grant", status: 400,
			description: "Invalid authorization code"})
	},
	"stackexchange": func(p player) {
		tok := p.login([]string{"read_inbox", "private_info"}, "", granted{
			access: "inventedStackToken17))", life: 86400, scopes: "read_inbox private_info"})
		p.call(tok, "GET", "https://api.stackexchange.com/2.3/me?site=stackoverflow"+
			"&key=inventedStackKey((", "Stella Fixture")
	},
	"stackexchange-bad-code": func(p player) {
		p.loginRefused([]string{"private_info"}, "", refusal{status: 400,
			excerpt: "Authorization code not found"})
	},
	"strava": func(p player) {
		tok := p.login([]string{"read", "activity:read"}, "approval_prompt=auto", granted{
			access: "inventedstravaaccess1", refresh: "inventedstravarefresh1", life: 17000,
			scopes: "read activity:read",
			extra: map[string]string{"expires_at": "1790000000", "athlete": `{"id":` +
				`9007199254740993017,"username":"strid_fixture","resource_state":2}`}})
		p.call(tok, "GET", "https://www.strava.com/api/v3/athlete", "9007199254740993017")
		tok = p.refresh(tok, granted{access: "inventedstravaaccess2",
			refresh: "inventedstravarefresh2", life: 21600, scopes: "read activity:read",
			extra: map[string]string{"expires_at": "1790004600"}})
		p.revoke(tok, oauth2.HintAccessToken)
	},
	"strava-bad-code": func(p player) {
		p.loginRefused([]string{"read"}, "", refusal{status: 400,
			excerpt: `"resource":"AuthorizationCode"`})
	},
	"strava-bad-refresh": func(p player) {
		p.refreshRefused("inventedstravadead18", refusal{status: 400,
			excerpt: `"resource":"RefreshToken"`})
	},
	"twitch": func(p player) {
		tok := p.login([]string{"user:read:email", "chat:read"}, "", granted{
			access: "inventedtwitchaccess1", refresh: "inventedtwitchrefresh1", life: 14124,
			scopes: "user:read:email chat:read", kind: "bearer"})
		p.call(tok, "GET", "https://api.twitch.tv/helix/users", "tess_fixture")
		tok = p.refresh(tok, granted{access: "inventedtwitchaccess2",
			refresh: "inventedtwitchrefresh2", life: 14346, scopes: "user:read:email chat:read",
			kind: "bearer"})
		p.revoke(tok, oauth2.HintAccessToken)
	},
	"twitch-bad-code": func(p player) {
		p.loginRefused([]string{"chat:read"}, "", refusal{status: 400,
			excerpt: "Invalid authorization code"})
	},
	"twitch-bad-refresh": func(p player) { // a space is in no error code
		p.refreshRefused("inventedtwitchdead18", refusal{code: "(unprintable)", status: 400,
			excerpt: "Invalid refresh token"})
	},
	"weibo": func(p player) {
		tok := p.login([]string{"email", "follow_app_official_microblog"}, "", granted{
			access: "2.00inventedWeibo17", life: 157679999,
			scopes: "email follow_app_official_microblog",
			extra: map[string]string{"remind_in": `"157679999"`, "uid": `"9000000017"`,
				"isRealName": `"true"`}})
		p.call(tok, "GET", "https://api.weibo.com/2/users/show.json?uid=9000000017", "wei_fixture")
	},
	"weibo-bad-code": func(p player) {
		p.loginRefused(nil, "", refusal{code: "invalid_grant", status: 400,
			uri: "/oauth2/access_token", description: "invalid authorization code:",
			excerpt: `"error_code":21325`, without: "17inventedweibodead17"})
	},
	"withings": func(p player) {
		extra := map[string]string{"status": "0", "userid": `"9000017"`}
		tok := p.login([]string{"user.info", "user.metrics"}, "", granted{
			access: "inventedwithingsaccess1", refresh: "inventedwithingsrefresh1", life: 10800,
			scopes: "user.info user.metrics", extra: extra})
		p.refresh(tok, granted{access: "inventedwithingsaccess2", life: 10800, extra: extra,
			refresh: "inventedwithingsrefresh2", scopes: "user.info user.metrics"})
	},
	"withings-bad-code": func(p player) { // a space is in no error code
		p.loginRefused([]string{"user.info"}, "", refusal{code: "(unprintable)", status: 200,
			excerpt: "Invalid Params: invalid code"})
	},
	"x": func(p player) {
		const scopes = "users.read tweet.read offline.access"
		tok := p.login(strings.Fields(scopes), "", granted{access: "inventedXAccess1",
			refresh: "inventedXRefresh1", life: 7200, scopes: scopes, kind: "bearer"})
		p.call(tok, "GET", "https://api.x.com/2/users/me?user.fields=verified", "xenia_fixture")
		p.refresh(tok, granted{access: "inventedXAccess2", refresh: "inventedXRefresh2",
			life: 7200, scopes: scopes, kind: "bearer"})
	},
	"x-bad-refresh": func(p player) {
		p.refreshRefused("inventedXDead17", refusal{code: "invalid_request", status: 400,
			description: "Value passed for the token was invalid."})
	},
	"yahoo": func(p player) {
		tok := p.login([]string{"openid"}, "", granted{access: "inventedYahooAccess1",
			refresh: "inventedYahooRefresh", life: 3600, scopes: "openid", kind: "bearer",
			extra: map[string]string{"xoauth_yahoo_guid": `"FIXTURE17FIXTURE17FIXTURE17"`}})
		renewed := p.refresh(tok, granted{access: "inventedYahooAccess2",
			refresh: "inventedYahooRefresh", life: 3600, scopes: "openid", kind: "bearer"})
		if renewed.IDToken() != tok.IDToken() || strings.Count(tok.IDToken(), ".") != 2 {
			p.Errorf("the ID Token is %q, and was %q", renewed.IDToken(), tok.IDToken())
		}
		p.revoke(renewed, "")
	},
	"yahoo-bad-refresh": func(p player) {
		p.refreshRefused("inventedYahooDead", refusal{code: "INVALID_REFRESH_TOKEN", status: 400,
			description: "Failed to decode/encode refresh token"})
	},
	"zoom": func(p player) {
		tok := p.login(nil, "", granted{access: "eyJinvented.zoom.access1",
			refresh: "eyJinvented.zoom.refresh1", life: 3599, scopes: "user:read:user",
			kind: "bearer", extra: map[string]string{"api_url": `"https://api.zoom.us"`}})
		p.call(tok, "GET", "https://api.zoom.us/v2/users/me", "Zack Fixture")
		tok = p.refresh(tok, granted{access: "eyJinvented.zoom.access2",
			refresh: "eyJinvented.zoom.refresh2", life: 3599, scopes: "user:read:user",
			kind: "bearer"})
		p.revoke(tok, oauth2.HintAccessToken)
	},
	"zoom-bad-client": func(p player) {
		p.loginRefused(nil, "", refusal{code: "invalid_client", status: 400,
			excerpt: "Invalid client_id or client_secret"})
	},
	"zoom-bad-refresh": func(p player) {
		p.refreshRefused("eyJinvented.zoom.dead17", refusal{code: "invalid_grant", status: 400,
			excerpt: "Invalid Token!"})
	},
}

func playKeycloak(p player) {
	session := map[string]string{"not-before-policy": "0",
		"session_state": `"17000000-0000-4000-8000-00000000cccc"`}
	first := maps.Clone(session)
	first["refresh_expires_in"] = "1800"
	tok := p.login([]string{"profile", "email"}, "", granted{
		access: "eyJinvented.keycloak.access1", refresh: "eyJinvented.keycloak.refresh1",
		life: 300, scopes: "email profile", extra: first})
	tok, err := p.client.TokenExchange(p.Context(), oauth2.TokenExchange{
		SubjectToken:       tok.AccessToken(),
		SubjectTokenType:   oauth2.TokenTypeAccessToken,
		RequestedTokenType: oauth2.TokenTypeAccessToken,
		Audiences:          []string{"fixture-api"},
	}, oauth2.TokenOptions{Scopes: []string{"email"}})
	p.got(tok, err, granted{access: "eyJinvented.keycloak.access2", life: 300, scopes: "email",
		issued: oauth2.TokenTypeAccessToken, extra: session})

	i := p.introspect(tok, oauth2.HintAccessToken)
	if !i.Active || i.Issuer != "https://sso.example/realms/demo" || i.ID == "" ||
		!slices.Equal(i.Audience, []string{"fixture-api", "account"}) ||
		!slices.Equal(i.Scopes, []string{"email"}) ||
		!i.ExpiresAt.Equal(p.fixture.Now().Add(300*time.Second)) {
		p.Errorf("the token is %+v", i)
	}
	var claims struct {
		Party string `json:"azp"`
	}
	if err := i.Claims(&claims); err != nil || claims.Party != "fixture-client" {
		p.Errorf("got %+v, %v", claims, err)
	}

	tok, err = p.client.ClientCredentials(p.Context(), oauth2.TokenOptions{})
	p.got(tok, err, granted{access: "eyJinvented.keycloak.access3", life: 300,
		scopes: "email profile",
		extra:  map[string]string{"not-before-policy": "0", "refresh_expires_in": "0"}})
}

func playSalesforce(p player) {
	extra := map[string]string{
		"id":           `"https://login.salesforce.com/id/00D170000000017EAA/005170000000017AAA"`,
		"instance_url": `"https://instance.salesforce.example"`,
		"issued_at":    `"1789983000123"`,
		"signature":    `"aW52ZW50ZWQ="`,
	}
	tok := p.login([]string{"api", "id", "refresh_token"}, "", granted{
		access: "00D170000000017!inventedAccess1", refresh: "5Aep861inventedRefresh17",
		scopes: "refresh_token api id", extra: extra})
	var instance string
	if err := json.Unmarshal(tok.Extra("instance_url"), &instance); err != nil {
		p.Fatal(err)
	}
	p.call(tok, "GET", instance+"/services/data/v60.0/limits", "14983")

	i := p.introspect(tok, oauth2.HintAccessToken)
	if !i.Active || i.TokenType != "access_token" || i.Username != "saul@example.com" ||
		i.ClientID != p.client.ID() || !strings.HasSuffix(i.Subject, "005170000000017AAA") ||
		!i.NotBefore.Equal(p.fixture.Now()) || !i.IssuedAt.Equal(p.fixture.Now()) {
		p.Errorf("the token is %+v", i)
	}

	extra["issued_at"] = `"1789990200123"`
	tok = p.refresh(tok, granted{access: "00D170000000017!inventedAccess2",
		refresh: "5Aep861inventedRefresh17", scopes: "refresh_token api id", extra: extra})
	p.revoke(tok, oauth2.HintRefreshToken)
	if p.introspect(tok, "").Active {
		p.Error("a token that was revoked is active")
	}
}

// authorize plays the browser: to the server, and back.
func (p player) authorize(scopes []string, params string) (*oauth2.Token, error) {
	p.Helper()
	more, err := url.ParseQuery(params)
	if err != nil {
		p.Fatal(err)
	}
	req, err := p.client.Authorize(p.Context(), oauth2.AuthorizationOptions{
		RedirectURI: fixtureRedirect, Scopes: scopes, Params: more})
	if err != nil {
		p.Fatal(err)
	}
	*p.sent = append(*p.sent, func(f *fixture.Fixture) { _, _ = f.Authorize(req.URL) })
	callback, err := p.fixture.Authorize(req.URL)
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(callback)
	if err != nil {
		p.Fatal(err)
	}
	return p.client.Callback(p.Context(), u.Query(), req.Transaction)
}

func (p player) login(scopes []string, params string, want granted) *oauth2.Token {
	p.Helper()
	tok, err := p.authorize(scopes, params)
	p.got(tok, err, want)
	return tok
}

func (p player) loginRefused(scopes []string, params string, want refusal) {
	p.Helper()
	tok, err := p.authorize(scopes, params)
	p.refused(tok, err, want)
}

// held returns a token that was stored once, with a refresh token.
func (p player) held(refresh string) *oauth2.Token {
	p.Helper()
	tok, err := oauth2.FromRecord(oauth2.Record{AccessToken: "old", RefreshToken: refresh,
		Scope: "kept"})
	if err != nil {
		p.Fatal(err)
	}
	return tok
}

func (p player) refresh(tok *oauth2.Token, want granted) *oauth2.Token {
	p.Helper()
	renewed, err := p.client.Refresh(p.Context(), tok, oauth2.TokenOptions{})
	p.got(renewed, err, want)
	return renewed
}

func (p player) refreshRefused(refresh string, want refusal) {
	p.Helper()
	tok, err := p.client.Refresh(p.Context(), p.held(refresh), oauth2.TokenOptions{})
	p.refused(tok, err, want)
}

func (p player) revoke(tok *oauth2.Token, hint string) {
	p.Helper()
	if err := p.client.Revoke(p.Context(), tok, hint); err != nil {
		p.Error(err)
	}
}

func (p player) introspect(tok *oauth2.Token, hint string) *oauth2.Introspection {
	p.Helper()
	i, err := p.client.Introspect(p.Context(), tok.AccessToken(), hint)
	if err != nil {
		p.Fatal(err)
	}
	return i
}

// device logs in on another device, whose user must be shown code and page, in as much
// time as the server wants the client to wait.
func (p player) device(scopes []string, code, page string, wait time.Duration, want granted) {
	p.Helper()
	synctest.Test(p.T, func(t *testing.T) {
		p.T = t
		d, err := p.client.DeviceAuthorization(t.Context(), oauth2.TokenOptions{Scopes: scopes})
		if err != nil {
			t.Fatal(err)
		}
		if d.UserCode != code || d.VerificationURI != page || d.Interval != 5*time.Second ||
			!d.ExpiresAt.Equal(p.fixture.Now().Add(900*time.Second)) {
			t.Errorf("the user is shown %+v", d)
		}
		begin := time.Now()
		tok, err := p.client.DeviceToken(t.Context(), d)
		p.got(tok, err, want)
		if got := time.Since(begin); got != wait {
			t.Errorf("the token came after %v, want %v", got, wait)
		}
	})
}

func (p player) deviceRefused(scopes []string, want refusal) {
	p.Helper()
	synctest.Test(p.T, func(t *testing.T) {
		p.T = t
		d, err := p.client.DeviceAuthorization(t.Context(), oauth2.TokenOptions{Scopes: scopes})
		if err != nil {
			t.Fatal(err)
		}
		tok, err := p.client.DeviceToken(t.Context(), d)
		p.refused(tok, err, want)
	})
}

// got checks a token and what came with it.
func (p player) got(tok *oauth2.Token, err error, want granted) {
	p.Helper()
	if err != nil {
		p.Fatal(err)
	}
	if want.kind == "" {
		want.kind = "Bearer"
	}
	end := time.Time{}
	if want.life != 0 {
		end = p.fixture.Now().Add(time.Duration(want.life) * time.Second)
	}
	if !tok.ExpiresAt.Equal(end) {
		p.Errorf("the token ends at %v, want %v", tok.ExpiresAt, end)
	}
	got := granted{
		access:  tok.AccessToken(),
		refresh: tok.RefreshToken(),
		life:    want.life,
		scopes:  strings.Join(tok.Scopes, " "),
		refused: strings.Join(tok.NotGranted, " "),
		issued:  tok.IssuedTokenType,
		kind:    tok.TokenType,
		extra:   map[string]string{},
	}
	for name, value := range tok.Record().Extra {
		got.extra[name] = string(value)
	}
	if !maps.Equal(got.extra, want.extra) {
		p.Errorf("beside the token came %q, want %q", got.extra, want.extra)
	}
	got.extra, want.extra = nil, nil
	if !reflect.DeepEqual(got, want) {
		p.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// refused checks a refusal, and that its words are kept out of its text.
func (p player) refused(tok *oauth2.Token, err error, want refusal) {
	p.Helper()
	e, ok := errors.AsType[*oauth2.Error](err)
	if tok != nil || !ok {
		p.Fatalf("got a token: %t, and %v", tok != nil, err)
	}
	if e.Code != want.code || e.Status != want.status || e.URI() != want.uri ||
		!strings.Contains(e.Description(), want.description) ||
		!strings.Contains(e.Excerpt(), want.excerpt) {
		p.Errorf("got %v with %q, %q", e, e.Description(), e.Excerpt())
	}
	words := e.Description() + e.URI() + e.Excerpt()
	if want.without != "" && strings.Contains(words, want.without) {
		p.Errorf("%q repeats %q", words, want.without)
	}
	for _, word := range []string{want.description, want.excerpt} {
		if word != "" && strings.Contains(err.Error(), word) {
			p.Errorf("%q has the server's words", err)
		}
	}
}

// send calls an API with a token.
func (p player) send(tok *oauth2.Token, method, api string) (*http.Response, string) {
	p.Helper()
	rt, err := p.client.Transport(tok, api)
	if err != nil {
		p.Fatal(err)
	}
	req, err := http.NewRequestWithContext(p.Context(), method, api, nil)
	if err != nil {
		p.Fatal(err)
	}
	req.Header.Set("User-Agent", httpclient.UserAgent)
	resp, err := rt.RoundTrip(req)
	if err != nil {
		p.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		p.Fatal(err)
	}
	return resp, string(body)
}

func (p player) call(tok *oauth2.Token, method, api, says string) {
	p.Helper()
	resp, body := p.send(tok, method, api)
	if err := oauth2.ResponseError(resp); err != nil || !strings.Contains(body, says) {
		p.Errorf("got %v, %s", err, body)
	}
}

func (p player) callRefused(tok *oauth2.Token, api string, want refusal) {
	p.Helper()
	resp, _ := p.send(tok, "GET", api)
	p.refused(nil, oauth2.ResponseError(resp), want)
}

// variants are fixtures whose client is configured otherwise than its provider's others.
var variants = map[string]func(c *oauth2.Config){
	"github-device": func(c *oauth2.Config) { c.Auth = oauth2.None() },
	"github-form": func(c *oauth2.Config) {
		c.Quirks = oauth2.Quirks{FormTokenResponse: true}
		c.Hooks.AccessTokenRequest = []oauth2.RequestHook{setHeader("Accept", "*/*")}
		c.Hooks.AccessTokenResponse = []oauth2.ResponseHook{replace("%2C", "+")}
	},
	"microsoft-device":          func(c *oauth2.Config) { c.Auth = oauth2.None() },
	"microsoft-device-declined": func(c *oauth2.Config) { c.Auth = oauth2.None() },
}

func newPlayer(t *testing.T, name string, f *fixture.Fixture) player {
	t.Helper()
	row := providers[f.Provider()]
	if row.auth == nil {
		t.Fatalf("no provider is called %s", f.Provider())
	}
	c := row.config
	sent := new([]replay)
	c.ID, c.Auth, c.Now = f.ClientID(), row.auth(f.ClientSecret()), f.Now
	c.HTTP = &http.Client{Transport: recorder{f, sent}}
	if vary := variants[name]; vary != nil {
		vary(&c)
	}
	client, err := oauth2.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return player{t, f, client, sent}
}

// Each provider's exchanges come out as they should.
func TestFixtures(t *testing.T) {
	for name, play := range fixtureRows {
		t.Run(name, func(t *testing.T) {
			f, err := fixture.Load(filepath.Join(fixtureFolder, name+".json"))
			if err != nil {
				t.Fatal(err)
			}
			play(newPlayer(t, name, f))
			if err := f.Done(); err != nil {
				t.Error(err)
			}
		})
	}
}

// A fixture in which one octet of a request is another is not what the client sends.
func TestFixtureOctets(t *testing.T) {
	for name, play := range fixtureRows {
		t.Run(name, func(t *testing.T) {
			data, err := os.ReadFile(filepath.Join(fixtureFolder, name+".json"))
			if err != nil {
				t.Fatal(err)
			}
			f, err := fixture.Parse(data)
			if err != nil {
				t.Fatal(err)
			}
			p := newPlayer(t, name, f)
			play(p)
			if err := playAgain(t, data, *p.sent); err != nil {
				t.Errorf("the same is refused: %v", err)
			}
			checkOctets(t, data, *p.sent)
		})
	}
}

func playAgain(t *testing.T, data []byte, sent []replay) error {
	t.Helper()
	f, err := fixture.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	for _, again := range sent {
		again(f)
	}
	return f.Done()
}

// checkOctets changes the texts of the requests, one after the other.
func checkOctets(t *testing.T, data []byte, sent []replay) {
	t.Helper()
	var file map[string]any
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	for i, exchange := range file["exchanges"].([]any) {
		for _, text := range requestTexts(exchange.(map[string]any)) {
			original := text.in[text.name].(string)
			for _, other := range edited(original) {
				text.in[text.name] = other
				changed, err := json.Marshal(file)
				if err != nil {
					t.Fatal(err)
				}
				if playAgain(t, changed, sent) == nil {
					t.Errorf("exchange %d: %s is as good as %s", i+1, other, original)
				}
			}
			text.in[text.name] = original
		}
	}
}

// A requestText is a text of a request or of a visit: a member, or a header.
type requestText struct {
	in   map[string]any
	name string
}

func requestTexts(exchange map[string]any) []requestText {
	var list []requestText
	for _, part := range []string{"authorization", "request"} {
		members, _ := exchange[part].(map[string]any)
		headers, _ := members["headers"].(map[string]any)
		for _, in := range []map[string]any{members, headers} {
			for name, value := range in {
				if _, ok := value.(string); ok && name != "callback" {
					list = append(list, requestText{in, name})
				}
			}
		}
	}
	return list
}

// edited returns text with its first octet changed, and with its last, which may be of a
// placeholder.
func edited(text string) []string {
	list := []string{"~" + text[1:]}
	if last := len(text) - 1; text[last] != '}' {
		list = append(list, text[:last]+"~")
	}
	return list
}

// Every file is replayed by a test above, for the provider that its name says.
func TestNoOtherFixtures(t *testing.T) {
	entries, err := os.ReadDir(fixtureFolder)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		name := strings.TrimSuffix(entry.Name(), ".json")
		f, err := fixture.Load(filepath.Join(fixtureFolder, entry.Name()))
		if err != nil {
			t.Error(err)
			continue
		}
		provider, _, _ := strings.Cut(name, "-")
		if fixtureRows[name] == nil || f.Provider() != provider {
			t.Errorf("%s, of %s: nothing replays it, or of another provider", entry.Name(),
				f.Provider())
		}
	}
}
