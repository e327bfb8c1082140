package oauth1

import (
	"crypto/fips140"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"vouchsafe/httpclient"
)

// In FIPS 140-only mode there is nothing to test but the refusal.
func TestMain(m *testing.M) {
	flag.Parse()
	if fips140.Enforced() {
		flag.Set("test.run", "^TestFIPS")
	}
	os.Exit(m.Run())
}

func goodConfig() Config {
	return Config{
		ID: "client", Secret: "secret",
		TemporaryCredentialURL: "https://provider.example/request_token",
		AuthorizationURL:       "https://provider.example/authorize",
		TokenURL:               "https://provider.example/access_token",
	}
}

func newClient(t *testing.T, c Config) *Client {
	t.Helper()
	client, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// wantCheck fails unless err is the failure of the named check.
func wantCheck(t *testing.T, err error, check string) {
	t.Helper()
	if !errors.Is(err, &CheckError{Check: check}) {
		t.Errorf("got error %v, want one of check %s", err, check)
	}
}

func TestNewRefuses(t *testing.T) {
	for _, tt := range []struct {
		name  string
		spoil func(*Config)
		check string
	}{
		{"no ID", func(c *Config) { c.ID = "" }, "client_id"},
		{"no secret", func(c *Config) { c.Secret = "" }, "client_secret"},
		{"no temporary credential URL", func(c *Config) { c.TemporaryCredentialURL = "" },
			"temporary_credential_url"},
		{"no authorization URL", func(c *Config) { c.AuthorizationURL = "" }, "authorization_url"},
		{"no token URL", func(c *Config) { c.TokenURL = "" }, "token_url"},
		{"oauth_ in an endpoint's query",
			func(c *Config) { c.TokenURL += "?a=1&oauth%5Ftoken=x" }, "token_url"},
		{"oauth_ in the authorization URL", func(c *Config) { c.AuthorizationURL += "?oauth_x" },
			"authorization_url"},
		{"host not in ASCII",
			func(c *Config) { c.TokenURL = "https://b\u00fccher.example/" }, "token_url"},
		{"line break in realm", func(c *Config) { c.Realm = "a\r\nb" }, "realm"},
		{"delete in realm", func(c *Config) { c.Realm = "a\x7f" }, "realm"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := goodConfig()
			tt.spoil(&c)
			_, err := New(c)
			wantCheck(t, err, tt.check)
		})
	}
}

func TestNewRefusesInsecureURLs(t *testing.T) {
	for _, raw := range []string{
		"http://provider.example/", "http://localhost.provider.test/", "http://0.0.0.0/",
		"http://[::ffff:93.184.216.34]/", "ftp://127.0.0.1/", "urn:x", "javascript:alert(1)", "",
		"http://localhost:80@attacker.test/", "http://[not-an-ip]/",
		"https://user@provider.example/",
		"https://provider.example/#f", "https:///x", "//provider.example/",
	} {
		var c Config
		for check, field := range map[string]*string{
			"temporary_credential_url": &c.TemporaryCredentialURL,
			"authorization_url":        &c.AuthorizationURL,
			"token_url":                &c.TokenURL,
		} {
			c = goodConfig()
			*field = raw
			_, err := New(c)
			wantCheck(t, err, check)
			if !errors.Is(err, httpclient.ErrInsecureURL) {
				t.Errorf("%s: got error %v, want ErrInsecureURL", raw, err)
			}
		}
	}
}

func TestNewTakesLoopback(t *testing.T) {
	for _, raw := range []string{
		"http://localhost/", "http://127.0.0.2:8080/?a=1", "http://[::1]/",
		"http://[::ffff:127.0.0.1]/",
		"https://provider.example/index.php?title=Special:OAuth/initiate",
	} {
		c := goodConfig()
		c.TemporaryCredentialURL, c.AuthorizationURL, c.TokenURL = raw, raw, raw
		newClient(t, c)
	}
}

// HMAC-SHA1 would be a panic in this mode, which only a new process can enter.
func TestFIPS140Only(t *testing.T) {
	if fips140.Enforced() {
		_, err := New(goodConfig())
		wantCheck(t, err, "signature_method")
		return
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestFIPS140Only$", "-test.v")
	cmd.Env = append(os.Environ(), "GODEBUG=fips140=only")
	out, err := cmd.CombinedOutput()
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skip("no processes here: set GODEBUG=fips140=only and run the test again")
	}
	if err != nil || !strings.Contains(string(out), "--- PASS: TestFIPS140Only") {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestConfigDoesNotPrintItsSecret(t *testing.T) {
	c := goodConfig()
	c.Secret = canary
	mustNotShow(t, "Config", c)
	mustNotShow(t, "*Config", &c)
	mustNotShow(t, "Config in a struct", struct{ C Config }{c})
	if text := fmt.Sprint(c); !strings.Contains(text, c.ID) {
		t.Errorf("%s does not say which", text)
	}
	if _, err := json.Marshal(c); err != nil {
		t.Error(err)
	}
}

func TestSign(t *testing.T) {
	config := goodConfig()
	config.Now = func() time.Time { return time.Unix(1000, 0) }
	c := newClient(t, config)
	u := parseURL(t, "https://api.example/x")
	seen := make(map[string]bool)
	for range 100 {
		params := headerParams(t, c.sign("GET", u, nil, credentials{"tok", "tok secret"}))
		nonce := params["oauth_nonce"]
		if len(nonce) != 52 || seen[nonce] || strings.Trim(nonce, unreserved[:62]) != "" {
			t.Fatalf("nonce %q", nonce)
		}
		seen[nonce] = true
		if params["oauth_timestamp"] != "1000" || params["oauth_token"] != "tok" ||
			params["oauth_version"] != "1.0" || params["oauth_consumer_key"] != "client" {
			t.Fatalf("parameters %v", params)
		}
	}
	if params := headerParams(t, c.sign("GET", u, nil, credentials{})); len(params) != 6 {
		t.Errorf("without a token: %v", params)
	}
}

// headerParams reads an Authorization header that has each parameter once.
func headerParams(t *testing.T, header string) map[string]string {
	t.Helper()
	fields, ok := strings.CutPrefix(header, "OAuth ")
	if !ok {
		t.Fatalf("header %q", header)
	}
	params := make(map[string]string)
	for field := range strings.SplitSeq(fields, ", ") {
		name, value, _ := strings.Cut(field, `="`)
		value, ok := strings.CutSuffix(value, `"`)
		if _, twice := params[name]; twice || !ok {
			t.Fatalf("header %q", header)
		}
		params[name] = unescape(value)
	}
	return params
}

// Some providers refuse timestamps that fall, FatSecret and Schoology for two.
func TestTimestampsDoNotFall(t *testing.T) {
	var now int64
	config := goodConfig()
	config.Now = func() time.Time { return time.Unix(now, 0) }
	c := newClient(t, config)
	for _, step := range []struct{ now, want int64 }{
		{-5, 1}, {0, 1}, {1000, 1000}, {999, 1000}, {0, 1000}, {1001, 1001}, {1001, 1001},
	} {
		now = step.now
		if got := c.timestamp(); got != step.want {
			t.Errorf("at %d: %d, want %d", step.now, got, step.want)
		}
	}
}

func TestClientIsSafeForConcurrentUse(t *testing.T) {
	c := newClient(t, goodConfig())
	u := parseURL(t, "https://api.example/x")
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				c.sign("GET", u, nil, credentials{"tok", "tok secret"})
			}
		})
	}
	wg.Wait()
}

func TestDefaults(t *testing.T) {
	c := newClient(t, goodConfig())
	if since := time.Since(c.now()); since < 0 || since > time.Hour {
		t.Error("no clock")
	}
	own := &http.Client{}
	config := goodConfig()
	config.HTTP = own
	if newClient(t, config).http != own {
		t.Error("own HTTP client not used")
	}
}
