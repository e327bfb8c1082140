package oauth1

import (
	"crypto/fips140"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"vouchsafe/httpclient"
)

// In FIPS 140-only mode there is no HMAC-SHA1, which nearly every test signs with.
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

// wantClause is wantCheck, with the clause that is broken.
func wantClause(t *testing.T, err error, check, clause string) {
	t.Helper()
	wantCheck(t, err, check)
	if e, ok := errors.AsType[*CheckError](err); ok && e.Clause != clause {
		t.Errorf("got clause %q of %s, want %q", e.Clause, check, clause)
	}
}

const (
	section2   = "RFC 5849, Section 2"
	section21  = "RFC 5849, Section 2.1"
	section22  = "RFC 5849, Section 2.2"
	section23  = "RFC 5849, Section 2.3"
	section3   = "RFC 5849, Section 3"
	section343 = section3 + ".4.3"
)

func customHalf(string, string) func(string) (string, error) {
	return func(string) (string, error) { return "half", nil }
}

// withRSA signs with a private key, which has no use for a secret.
func withRSA(c *Config) {
	c.SignatureMethod, c.Secret, c.PrivateKey = RSASHA256, "", flowKey()
}

var newRefusals = []struct {
	name          string
	spoil         func(*Config)
	check, clause string
}{
	{"unknown method", func(c *Config) { c.SignatureMethod = "HMAC-MD5" },
		"signature_method", section3 + ".4"},
	{"method in other case", func(c *Config) { c.SignatureMethod = "hmac-sha1" },
		"signature_method", section3 + ".4"},
	{"one name for token and client", func(c *Config) {
		c.AuthorizationNames = AuthorizationNames{Token: "a", Client: "a"}
	}, "authorization_names", "RFC 5849, Section 2.2"},
	{"one name for token and callback", func(c *Config) {
		c.AuthorizationNames = AuthorizationNames{Callback: "oauth_token"}
	}, "authorization_names", "RFC 5849, Section 2.2"},
	{"name that the authorization URL has", func(c *Config) {
		c.AuthorizationNames = AuthorizationNames{Client: "key"}
		c.AuthorizationURL += "?k%65y=1"
	}, "authorization_names", "RFC 5849, Section 2.2"},
	{"name of the token that the authorization URL has", func(c *Config) {
		c.AuthorizationNames = AuthorizationNames{Token: "token"}
		c.AuthorizationURL += "?token"
	}, "authorization_names", "RFC 5849, Section 2.2"},
	{"name of the callback that the authorization URL has", func(c *Config) {
		c.AuthorizationNames = AuthorizationNames{Callback: "back"}
		c.AuthorizationURL += "?a=1&back=2"
	}, "authorization_names", "RFC 5849, Section 2.2"},
	{"one name for client and callback", func(c *Config) {
		c.AuthorizationNames = AuthorizationNames{Client: "a", Callback: "a"}
	}, "authorization_names", "RFC 5849, Section 2.2"},
	{"custom signature beside a key", func(c *Config) {
		c.SignatureMethod, c.CustomSignature = RSASHA256, customHalf
		c.PrivateKey = flowKey()
	}, "private_key", section343},
	{"no ID", func(c *Config) { c.ID = "" }, "client_id", section3 + ".1"},
	{"no secret", func(c *Config) { c.Secret = "" }, "client_secret", section3 + ".4.2"},
	{"no secret for PLAINTEXT", func(c *Config) { c.Secret, c.SignatureMethod = "", Plaintext },
		"client_secret", section3 + ".4.2"},
	{"RSA-SHA1 without a key", func(c *Config) { c.SignatureMethod = RSASHA1 },
		"private_key", section343},
	{"RSA-SHA256 without a key", func(c *Config) { c.SignatureMethod = RSASHA256 },
		"private_key", section343},
	{"RSA-SHA512 without a key", func(c *Config) { c.SignatureMethod = RSASHA512 },
		"private_key", section343},
	{"key without a method of RSA", func(c *Config) { c.PrivateKey = flowKey() },
		"private_key", section343},
	{"unknown placement", func(c *Config) { c.Placement = "URL" }, "placement", section3 + ".5"},
	{"placement in other case", func(c *Config) { c.Placement = "header" },
		"placement", section3 + ".5"},
	{"body hash of PLAINTEXT", func(c *Config) {
		c.SignatureMethod, c.BodyHash = Plaintext, true
	}, "body_hash", "OAuth Request Body Hash, Section 3.2"},
	{"body hash of a custom method", func(c *Config) {
		c.SignatureMethod, c.CustomSignature, c.BodyHash = "X-HALF", customHalf, true
	}, "body_hash", "OAuth Request Body Hash, Section 3.2"},
	{"line break in realm", func(c *Config) { c.Realm = "a\r\nb" },
		"realm", "RFC 9110, Section 5.6.4"},
	{"last control in realm", func(c *Config) { c.Realm = "a\x1f" },
		"realm", "RFC 9110, Section 5.6.4"},
	{"delete in realm", func(c *Config) { c.Realm = "a\x7f" },
		"realm", "RFC 9110, Section 5.6.4"},
	{"PUT for temporary credentials", func(c *Config) { c.TemporaryCredentialMethod = "PUT" },
		"temporary_credential_method", section2},
	{"get for temporary credentials", func(c *Config) { c.TemporaryCredentialMethod = "get" },
		"temporary_credential_method", section2},
	{"HEAD for a token", func(c *Config) { c.TokenMethod = "HEAD" }, "token_method", section2},
	{"oauth_ in temporary credential params", func(c *Config) {
		c.TemporaryCredentialParams = url.Values{"a": {"1"}, "oauth_callback": {"x"}}
	}, "temporary_credential_params", section2},
	{"oauth_ in token params", func(c *Config) {
		c.TokenParams = url.Values{"oauth_": nil, "a": {"1"}}
	}, "token_params", section2},
	{"no temporary credential URL", func(c *Config) { c.TemporaryCredentialURL = "" },
		"urls", section2},
	{"no token URL", func(c *Config) { c.TokenURL = "" }, "urls", section2},
	{"authorization URL alone", func(c *Config) {
		c.TemporaryCredentialURL, c.TokenURL = "", ""
	}, "urls", section2},
	{"temporary credential URL alone", func(c *Config) {
		c.AuthorizationURL, c.TokenURL = "", ""
	}, "urls", section2},
	{"oauth_ in the temporary credential URL", func(c *Config) {
		c.TemporaryCredentialURL += "?oauth_callback=oob"
	}, "temporary_credential_url", section2},
	{"oauth_ in the authorization URL", func(c *Config) { c.AuthorizationURL += "?oauth_x" },
		"authorization_url", section2},
	{"oauth_ encoded in the token URL", func(c *Config) { c.TokenURL += "?a=1&oauth%5Ftoken=x" },
		"token_url", section2},
	{"oauth_ in the renewal URL", func(c *Config) {
		c.RenewalURL = "https://provider.example/renew?oauth_token="
	}, "renewal_url", section2},
	{"host not in ASCII", func(c *Config) { c.TokenURL = "https://b\u00fccher.example/" },
		"token_url", section2},
}

func TestNewRefuses(t *testing.T) {
	for _, tt := range newRefusals {
		t.Run(tt.name, func(t *testing.T) {
			c := goodConfig()
			tt.spoil(&c)
			client, err := New(c)
			wantClause(t, err, tt.check, tt.clause)
			if client != nil {
				t.Error("a client beside the error")
			}
		})
	}
}

func TestNewTakes(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"what is needed": func(*Config) {},
		"no URL at all": func(c *Config) {
			c.TemporaryCredentialURL, c.AuthorizationURL, c.TokenURL = "", "", ""
		},
		"no authorization URL": func(c *Config) { c.AuthorizationURL = "" },
		"token URL alone": func(c *Config) {
			c.TemporaryCredentialURL, c.AuthorizationURL = "", ""
		},
		"renewal URL alone": func(c *Config) {
			*c = Config{ID: "a", Secret: "b", RenewalURL: "https://provider.example/renew"}
		},
		"named opt-out of a secret": func(c *Config) { c.Secret, c.InsecureNoSecret = "", true },
		"RSA-SHA1":                  func(c *Config) { withRSA(c); c.SignatureMethod = RSASHA1 },
		"RSA-SHA256":                withRSA,
		"RSA-SHA512":                func(c *Config) { withRSA(c); c.SignatureMethod = RSASHA512 },
		"RSA with a body hash":      func(c *Config) { withRSA(c); c.BodyHash = true },
		"HMAC-SHA512 with a body hash": func(c *Config) {
			c.SignatureMethod, c.BodyHash = HMACSHA512, true
		},
		"PLAINTEXT": func(c *Config) { c.SignatureMethod = Plaintext },
		"custom method": func(c *Config) {
			c.SignatureMethod, c.CustomSignature = "X-HALF", customHalf
		},
		"placement in the header": func(c *Config) { c.Placement = PlacementHeader },
		"placement in the body":   func(c *Config) { c.Placement = PlacementBody },
		"placement in the query":  func(c *Config) { c.Placement = PlacementQuery },
		"realm":                   func(c *Config) { c.Realm = " !\"\\~\u0080é" },
		"GET and POST": func(c *Config) {
			c.TemporaryCredentialMethod, c.TokenMethod = "GET", "POST"
		},
		"POST and GET": func(c *Config) {
			c.TemporaryCredentialMethod, c.TokenMethod = "POST", "GET"
		},
		"parameters": func(c *Config) {
			c.TemporaryCredentialParams = url.Values{"xoauth_name": {"n"}, "oauth": {""}}
			c.TokenParams = url.Values{"OAUTH_X": {"n"}}
		},
		"oauth_ in a parameter's value": func(c *Config) { c.TokenURL += "?a=oauth_token&b" },
	} {
		t.Run(name, func(t *testing.T) {
			c := goodConfig()
			change(&c)
			newClient(t, c)
		})
	}
}

func TestNewRefusesInsecureURLs(t *testing.T) {
	for _, raw := range []string{
		"http://provider.example/", "http://localhost.provider.test/", "http://0.0.0.0/",
		"http://[::ffff:93.184.216.34]/", "ftp://127.0.0.1/", "urn:x", "javascript:alert(1)",
		"http://localhost:80@attacker.test/", "http://[not-an-ip]/",
		"https://user@provider.example/",
		"https://provider.example/#f", "https:///x", "//provider.example/", "/x", "?",
	} {
		var c Config
		for check, field := range map[string]*string{
			"temporary_credential_url": &c.TemporaryCredentialURL,
			"authorization_url":        &c.AuthorizationURL,
			"token_url":                &c.TokenURL,
			"renewal_url":              &c.RenewalURL,
		} {
			c = goodConfig()
			*field = raw
			_, err := New(c)
			wantClause(t, err, check, section2)
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
		c.RenewalURL = raw
		newClient(t, c)
	}
}

func TestDefaults(t *testing.T) {
	c := newClient(t, goodConfig()).config()
	if c.SignatureMethod != HMACSHA1 || c.Placement != PlacementHeader ||
		c.TemporaryCredentialMethod != "POST" || c.TokenMethod != "POST" ||
		c.AuthorizationNames != (AuthorizationNames{Token: "oauth_token"}) ||
		c.RenewalURL != c.TokenURL {
		t.Errorf("method %s, placement %s, requests %s and %s, names %v, renewal at %s",
			c.SignatureMethod, c.Placement, c.TemporaryCredentialMethod, c.TokenMethod,
			c.AuthorizationNames, c.RenewalURL)
	}
	if since := time.Since(c.Now()); since < 0 || since > time.Hour {
		t.Error("no clock")
	}
}

func TestOwnHTTPClientAndClock(t *testing.T) {
	config := goodConfig()
	config.HTTP = new(http.Client)
	config.Now = func() time.Time { return time.Unix(7, 0) }
	c := newClient(t, config)
	if c.config().HTTP != config.HTTP {
		t.Error("own HTTP client not used")
	}
	if got := c.clock.timestamp(); got != "7" {
		t.Errorf("timestamp %s of another clock", got)
	}
}

// What the caller does with its maps later is of no account.
func TestConfigIsCopied(t *testing.T) {
	config := goodConfig()
	config.TemporaryCredentialParams = url.Values{"a": {"1"}}
	config.TokenParams = url.Values{"b": {"2"}}
	c := newClient(t, config)
	config.TemporaryCredentialParams.Set("a", "changed")
	config.TokenParams.Set("b", "changed")
	if c.config().temporaryParams != "a=1" || c.config().tokenParams != "b=2" {
		t.Errorf("parameters %s, %s", c.config().temporaryParams, c.config().tokenParams)
	}
}

func TestConfigDoesNotPrintItsSecret(t *testing.T) {
	c := goodConfig()
	c.Secret = canary
	c.PrivateKey = canaryKey()
	c.TokenParams = url.Values{"a": {canary}}
	mustNotShow(t, "Config", c)
	mustNotShow(t, "*Config", &c)
	mustNotShow(t, "Config in a struct", struct{ C Config }{c})
	if text := fmt.Sprint(c); text != `oauth1.Config{ID: "client", ...}` {
		t.Errorf("%s does not say which", text)
	}
	text, err := json.Marshal(c)
	if want := `"oauth1.Config{ID: \"client\", ...}"`; err != nil || string(text) != want {
		t.Errorf("as JSON %s, %v", text, err)
	}
}

// HMAC-SHA1 would be a panic in this mode, which only a new process can enter.
func TestFIPS140Only(t *testing.T) {
	if fips140.Enforced() {
		refusesSHA1(t)
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

func refusesSHA1(t *testing.T) {
	_, err := New(goodConfig())
	wantClause(t, err, "signature_method", section3+".4")
	c := goodConfig()
	withRSA(&c)
	newClient(t, c)
	c.SignatureMethod = RSASHA1
	_, err = New(c)
	wantClause(t, err, "signature_method", section3+".4")
	c = goodConfig()
	c.SignatureMethod = HMACSHA256
	_, err = newClient(t, c).Authorize(t.Context(), redirectOOB)
	wantCheck(t, err, "signing_key")
}

// What is not sent has no name to be taken.
func TestAuthorizationURLMayHaveItsOwnParameters(t *testing.T) {
	c := goodConfig()
	c.AuthorizationURL += "?=1&perms=read"
	newClient(t, c)
}
