package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"vouchsafe/oauth1/oauth1test"
	"vouchsafe/oidc/oidctest"
	"vouchsafe/registry"
)

// elsewhere starts a provider that the demo knows by a file and the environment alone. It
// approves at once.
func elsewhere(t *testing.T, o oidctest.Options) *oidctest.Server {
	t.Helper()
	o.Clients = []oidctest.Client{{ID: "theirs", Secret: "their secret"}}
	o.Users = []oidctest.User{{Subject: "carol", Name: "Carol Example"}}
	server := oidctest.NewServer(o)
	t.Cleanup(server.Close)
	t.Setenv("WORK_CLIENT_ID", "theirs")
	t.Setenv("WORK_CLIENT_SECRET", "their secret")
	return server
}

// work returns a file with a client of OpenID Connect.
func work(server *oidctest.Server) []byte {
	return fmt.Appendf(nil, `{"work": {
		"client_id": "the environment knows better",
		"server_metadata_url": "%[1]s/.well-known/openid-configuration",
		"api_base_url": "%[1]s",
		"client_kwargs": {"scope": "openid profile"}
	}}`, server.Issuer())
}

func TestConfigured(t *testing.T) {
	c := newClock()
	server := elsewhere(t, oidctest.Options{TokenLife: tokenLife, Now: c.now})
	for name, file := range map[string][]byte{
		"clients":  work(server),
		"a member": slices.Concat([]byte(`{"AUTHLIB_OAUTH_CLIENTS": `), work(server), []byte("}")),
	} {
		t.Run(name, func(t *testing.T) {
			s := startSite(t, file, c.now)
			b := newBrowser(t)
			b.get(s.base+"/").wants(t, http.StatusOK, `href="/login/oidc"`,
				"Or with a provider elsewhere", "work", "OpenID Connect",
				"<code>"+s.base+"/callback/work</code>", `href="/login/work"`)
			p := b.get(s.base + "/login/work")
			if p.url != s.base+"/account" {
				t.Fatalf("the login ended at %s:\n%s", p.url, p.text)
			}
			p.wants(t, http.StatusOK, "As Carol Example, by work.",
				"<code>"+server.Issuer()+"</code>", "<code>carol</code>", "not known",
				"ends at", "there is one", noRefresh, "An API call", "None yet.", "The checks")
			b.call(s.base, "me").wants(t, http.StatusOK, noRefresh, server.Issuer()+"/me", "200 OK")
			c.advance(2 * tokenLife)
			p = b.endAndCall(s.base)
			p.wants(t, http.StatusOK, "rotated", "200 OK")
			if strings.Contains(p.text, "End the token") {
				t.Error("the demo offers to end another's token")
			}
			b.post(s.base+"/logout", nil).wants(t, http.StatusOK, "Log in, three ways")
		})
	}
	if faults := server.Faults(); len(faults) > 0 {
		t.Errorf("the provider found %v", faults)
	}
}

func TestRefreshedWithTheSame(t *testing.T) {
	c := newClock()
	server := elsewhere(t, oidctest.Options{
		KeepRefreshToken: true, TokenLife: tokenLife, Now: c.now})
	s := startSite(t, work(server), c.now)
	b := newBrowser(t)
	b.get(s.base + "/login/work")
	c.advance(2 * tokenLife)
	b.call(s.base, "me").wants(t, http.StatusOK, at(c.now()), "refreshed",
		"a new access token, and the same refresh token", "200 OK")
}

// What is ended at a provider elsewhere may be more than the access token.
func TestEndsNoOtherToken(t *testing.T) {
	server := elsewhere(t, oidctest.Options{})
	s := startSite(t, work(server), time.Now)
	b := newBrowser(t)
	b.get(s.base + "/login/work")
	b.endAndCall(s.base).wants(t, http.StatusOK, noRefresh, "200 OK")
}

// A provider without UserInfo is one to log in with all the same: its ID Token says enough.
func TestNoUserInfo(t *testing.T) {
	server := elsewhere(t, oidctest.Options{
		EditMetadata: func(metadata map[string]any) { delete(metadata, "userinfo_endpoint") },
		EditIDToken:  func(claims map[string]any) { claims["name"] = "Carol Example" },
	})
	s := startSite(t, work(server), time.Now)
	p := newBrowser(t).get(s.base + "/login/work")
	p.wants(t, http.StatusOK, "As Carol Example, by work.", "<code>carol</code>")
	if strings.Contains(p.text, "Why there is no more") {
		t.Error("there is no more")
	}
}

// Of a user of whom UserInfo does not speak, the ID Token's claims are shown.
func TestOtherUserInfo(t *testing.T) {
	for _, test := range []struct {
		claim any
		name  string
	}{{"<i>Carol</i>", "<i>Carol</i>"}, {nil, "carol"}, {1, "carol"}} {
		server := elsewhere(t, oidctest.Options{
			EditUserInfo: func(claims map[string]any) { claims["sub"] = "mallory" },
			EditIDToken:  func(claims map[string]any) { claims["name"] = test.claim },
		})
		s := startSite(t, work(server), time.Now)
		p := newBrowser(t).get(s.base + "/login/work")
		p.wants(t, http.StatusOK, "As "+test.name+", by work.", "<code>carol</code>",
			"Why there is no more", "sub must be that of the ID Token", "What the ID Token says", `"sub": "carol"`)
		for _, text := range []string{`"nonce"`, `"at_hash"`, "<dt>Email"} {
			if strings.Contains(p.text, text) {
				t.Errorf("%s is shown", text)
			}
		}
		if strings.Contains(p.source, "<i>") {
			t.Error("a claim is not escaped")
		}
	}
}

func TestWithoutName(t *testing.T) {
	for _, test := range []struct{ username, want string }{{"caz", "caz"}, {"", "carol"}} {
		server := elsewhere(t, oidctest.Options{EditUserInfo: func(claims map[string]any) {
			delete(claims, "name")
			claims["preferred_username"] = test.username
		}})
		s := startSite(t, work(server), time.Now)
		p := newBrowser(t).get(s.base + "/login/work")
		p.wants(t, http.StatusOK, "As "+test.want+", by work.")
	}
}

// A token says nothing of who has it.
func TestNobody(t *testing.T) {
	server := elsewhere(t, oidctest.Options{})
	s := startSite(t, fmt.Appendf(nil, `{"work": {
		"issuer": "%[1]s", "authorize_url": "%[2]s", "access_token_url": "%[3]s"}}`,
		server.Issuer(), server.Endpoint("authorize"), server.Endpoint("token")), time.Now)
	b := newBrowser(t)
	b.get(s.base+"/").wants(t, http.StatusOK, "elsewhere", "OAuth 2.0", "/callback/work")
	p := b.get(s.base + "/login/work")
	p.wants(t, http.StatusOK, "As somebody, by work.", "Nobody knows", "Why there is no more",
		"Config.UserInfoEndpoint", "there is one")
	if strings.Contains(p.text, "What the ID Token says") {
		t.Error("there is an ID Token")
	}
	b.call(s.base, "me").wants(t, http.StatusOK, "The error", "APIBaseURL")
}

// A signature in the URL is not shown.
func TestSignedURL(t *testing.T) {
	server := oauth1test.NewServer(oauth1test.Options{})
	t.Cleanup(server.Close)
	t.Setenv("OLD_CLIENT_ID", "client")
	t.Setenv("OLD_CLIENT_SECRET", "secret")
	s := startSite(t, fmt.Appendf(nil, `{"old": {"api_base_url": "%[1]s",
		"request_token_url": "%[1]s/request_token", "authorize_url": "%[1]s/authorize",
		"access_token_url": "%[1]s/access_token",
		"client_kwargs": {"signature_type": "QUERY"}}}`, server.URL), time.Now)
	b := newBrowser(t)
	b.get(s.base+"/").wants(t, http.StatusOK, "elsewhere", "OAuth 1.0a", "/callback/old")
	b.get(s.base+"/login/old").wants(t, http.StatusOK, "As somebody, by old.", "does not end")
	p := b.call(s.base, "me?a=b")
	p.wants(t, http.StatusOK, server.URL+"/me?a=b\n", "200 OK")
	if strings.Contains(p.text, "oauth_signature=") || strings.Contains(p.text, "oauth_token=") {
		t.Errorf("the signature is shown:\n%s", p.text)
	}
}

func TestLeftOut(t *testing.T) {
	for _, test := range []struct{ id, secret, want string }{
		{"", "", "MY_WORK2_CLIENT_ID and MY_WORK2_CLIENT_SECRET must be set."},
		{"", "s", "MY_WORK2_CLIENT_ID must be set."},
	} {
		server := elsewhere(t, oidctest.Options{})
		t.Setenv("MY_WORK2_CLIENT_ID", test.id)
		t.Setenv("MY_WORK2_CLIENT_SECRET", test.secret)
		file := slices.Concat([]byte(`{"my.work2": {"provider": "google"}, `), work(server)[1:])
		s := startSite(t, file, time.Now)
		b := newBrowser(t)
		p := b.get(s.base + "/")
		p.wants(t, http.StatusOK, "elsewhere", `href="/login/work"`)
		if strings.Contains(p.text, "my.work2") {
			t.Error("there is a button for a client without an ID")
		}
		b.get(s.base+"/login/my.work2").wants(t, http.StatusNotFound, "Page not found")
		var out bytes.Buffer
		s.tell(&out)
		want := "work must know the callback URL " + s.base + "/callback/work\n" +
			"my.work2 is left out: " + test.want + "\n" +
			"Open " + s.base + "/ in a browser. Ctrl-C ends the demo.\n"
		if out.String() != want {
			t.Errorf("printed\n%s\nwant\n%s", out.String(), want)
		}
	}
}

// Each row of the table whose credentials are in the environment has a button, but for those of
// the file.
func TestEnvironment(t *testing.T) {
	for name, value := range map[string]string{
		"GITHUB_CLIENT_ID": "a", "GITHUB_CLIENT_SECRET": "s",
		"GOOGLE_CLIENT_ID": "b", "GOOGLE_CLIENT_SECRET": "s",
		"TWITTER_CLIENT_ID":    "c",
		"FLICKR_CLIENT_ID":     "d",
		"FLICKR_CLIENT_SECRET": "s",
		"NOBODY_CLIENT_ID":     "e",
		"NOBODY_CLIENT_SECRET": "s",
	} {
		t.Setenv(name, value)
	}
	for name, test := range map[string]struct {
		file []byte
		want []string
	}{
		"alone":  {nil, []string{"flickr", "github", "google"}},
		"beside": {[]byte(`{"google": {"provider": "google"}}`), []string{"google", "flickr", "github"}},
	} {
		s := startSite(t, test.file, time.Now)
		var got []string
		for _, p := range s.others {
			got = append(got, p.Name)
		}
		left := []string{"twitter is left out: TWITTER_CLIENT_SECRET must be set."}
		if !slices.Equal(got, test.want) || !slices.Equal(s.leftOut, left) {
			t.Errorf("%s: %q, without %q", name, got, s.leftOut)
		}
		newBrowser(t).get(s.base+"/").wants(t, http.StatusOK, "OAuth 1.0a",
			"<code>"+s.base+"/callback/flickr</code>", `href="/login/github"`)
	}
}

// A row without what it needs besides is left out, and so is one that posts its callback.
func TestEnvironmentLacks(t *testing.T) {
	for name, value := range map[string]string{
		"APPLE_CLIENT_ID": "a", "APPLE_PROVIDER_PARAMS": "team=A1B2C3D4E5&key=F6G7H8J9K0",
		"APPLE_PRIVATE_KEY":  `{"kty":"EC","crv":"P-256","kid":"ABC123DEFG",` + p256 + `}`,
		"KEYCLOAK_CLIENT_ID": "k", "KEYCLOAK_CLIENT_SECRET": "s",
	} {
		t.Setenv(name, value)
	}
	s := startSite(t, nil, time.Now)
	want := []string{
		`apple is left out: registry: "apple": Config.RedirectURI: must be https for a ` +
			`ResponseMode of form_post`,
		`keycloak is left out: registry: "keycloak": Config.ProviderParams: "host" must be given, ` +
			`such as sso.example.com`,
	}
	if !slices.Equal(s.leftOut, want) || len(s.others) > 0 {
		t.Errorf("%q are left out, %v is not", s.leftOut, s.others)
	}
}

// p256 is the key of RFC 7515, Appendix A.3.
const p256 = `"x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",` +
	`"y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",` +
	`"d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"`

func TestConfigRefused(t *testing.T) {
	t.Setenv("WORK_CLIENT_ID", "theirs")
	for _, test := range []struct{ name, file, client, text string }{
		{"empty", ``, "", "JSON object of clients"},
		{"not JSON", `{"work": `, "", "JSON object of clients"},
		{"not an object", `["work"]`, "", "JSON object of clients"},
		{"member not an object", `{"AUTHLIB_OAUTH_CLIENTS": 1}`, "", "JSON object of clients"},
		{"twice", `{"work": {}, "work": {}}`, "", "twice"},
		{"client not an object", `{"work": 1}`, "", "work"},
		{"unknown key", `{"work": {"provider": "google", "scopes": "x"}}`, "work", "scopes"},
		{"unknown row", `{"work": {"provider": "nobody"}}`, "work", "Provider"},
		{"no endpoints", `{"work": {}}`, "work", "must be set"},
		{"ID not a text", `{"gone": {"provider": "google", "client_id": 1}}`, "gone", "ClientID"},
		{"name taken", `{"oidc": {"provider": "google"}}`, "oidc", "is registered"},
		{"name", `{"a b": {"provider": "google"}}`, "a b", "a name must have"},
	} {
		s, err := newSite("http://127.0.0.1:1", []byte(test.file), time.Now)
		if err == nil || !strings.Contains(err.Error(), test.text) {
			t.Errorf("%s: %v, %v", test.name, s, err)
			continue
		}
		e, ok := errors.AsType[*registry.ConfigError](err)
		if test.client != "" && (!ok || e.Client != test.client) {
			t.Errorf("%s: the error is about another client: %v", test.name, err)
		}
	}
}

func TestRunConfigRefused(t *testing.T) {
	dir := t.TempDir()
	err := run(t.Context(), "127.0.0.1:0", filepath.Join(dir, "none.json"), io.Discard)
	if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "-config") {
		t.Error(err)
	}
	path := filepath.Join(dir, "clients.json")
	if err := os.WriteFile(path, []byte(`{"oidc": {}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	free, err := listen(freePort)
	if err != nil {
		t.Fatal(err)
	}
	free.Close()
	address := free.Addr().String()
	err = run(t.Context(), address, path, io.Discard)
	if e, ok := errors.AsType[*registry.ConfigError](err); !ok || e.Client != "oidc" ||
		!strings.Contains(err.Error(), "-config "+path) {
		t.Error(err)
	}
	if l, err := listen(address); err != nil {
		t.Errorf("it listens after its end: %v", err)
	} else {
		l.Close()
	}
	if l, err := net.Listen("tcp", defaultAddress); err == nil {
		defer l.Close() // else somebody has it already
	}
	// Providers know the callback URLs of one address.
	if err := run(t.Context(), "", path, io.Discard); !errors.Is(err, syscall.EADDRINUSE) {
		t.Error(err)
	}
}
