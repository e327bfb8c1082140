package oauth1

import (
	"context"
	"crypto/fips140"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

const jsonType = "application/json"

func TestNewVerifierRefuses(t *testing.T) {
	const clause = "RFC 5849, Section 3.2"
	for _, tt := range []struct {
		name          string
		spoil         func(*VerifierConfig)
		check, clause string
	}{
		{"no origin", func(c *VerifierConfig) { c.Origin = "" }, "origin", clause},
		{"a host", func(c *VerifierConfig) { c.Origin = "tool.example" }, "origin", clause},
		{"not loopback", func(c *VerifierConfig) { c.Origin = "http://tool.example" },
			"origin", clause},
		{"other scheme", func(c *VerifierConfig) { c.Origin = "ftp://127.0.0.1" },
			"origin", clause},
		{"user", func(c *VerifierConfig) { c.Origin = "https://u@tool.example" }, "origin", clause},
		{"fragment", func(c *VerifierConfig) { c.Origin += "#f" }, "origin", clause},
		{"path", func(c *VerifierConfig) { c.Origin += "/launch" }, "origin", clause},
		{"query", func(c *VerifierConfig) { c.Origin += "?a" }, "origin", clause},
		{"path and query", func(c *VerifierConfig) { c.Origin += "/?a=1" }, "origin", clause},
		{"no methods", func(c *VerifierConfig) { c.Methods = nil }, "methods", clause},
		{"no method by that name", func(c *VerifierConfig) {
			c.Methods = []SignatureMethod{HMACSHA256, "HMAC-MD5"}
		}, "methods", clause},
		{"empty method", func(c *VerifierConfig) { c.Methods = []SignatureMethod{""} },
			"methods", clause},
		{"no key", func(c *VerifierConfig) { c.Key = nil }, "key", clause},
		{"no nonces", func(c *VerifierConfig) { c.Nonces = nil },
			"nonces", "RFC 5849, Section 3.3"},
		{"negative window", func(c *VerifierConfig) { c.Window = -1 },
			"window", "RFC 5849, Section 3.3"},
		{"window of more than a day", func(c *VerifierConfig) { c.Window = 24*time.Hour + 1 },
			"window", "RFC 5849, Section 3.3"},
		{"negative limit", func(c *VerifierConfig) { c.MaxBody = -1 },
			"max_body", "RFC 5849, Section 3.4.1.3.1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v, err := NewVerifier(toolConfig(tt.spoil))
			wantKind(t, err, tt.check, tt.clause)
			if v != nil {
				t.Error("a verifier beside the error")
			}
		})
	}
}

func TestNewVerifierOfSHA1(t *testing.T) {
	for _, m := range []SignatureMethod{HMACSHA1, RSASHA1} {
		c := toolConfig()
		c.Methods = []SignatureMethod{m}
		_, err := NewVerifier(c)
		if fips140.Enforced() {
			wantKind(t, err, "signature_method", "RFC 5849, Section 3.4")
		} else if err != nil {
			t.Errorf("%s: %v", m, err)
		}
	}
}

func TestVerifierOrigins(t *testing.T) {
	for given, want := range map[string]string{
		"https://tool.example":      "https://tool.example",
		"https://tool.example/":     "https://tool.example",
		"HTTPS://Tool.Example:443":  "https://tool.example",
		"https://tool.example:80":   "https://tool.example:80",
		"https://tool.example:8443": "https://tool.example:8443",
		"http://LOCALHOST:80":       "http://localhost",
		"http://[::1]:8080":         "http://[::1]:8080",
	} {
		if v := newTool(t, func(c *VerifierConfig) { c.Origin = given }); v.origin != want {
			t.Errorf("%s: %s, want %s", given, v.origin, want)
		}
	}
}

func TestVerifierDefaults(t *testing.T) {
	v := newTool(t, func(c *VerifierConfig) { c.Now = nil })
	if d := time.Since(v.config.Now()); d < 0 || d > time.Hour {
		t.Error("no clock")
	}
	if v.config.Window != 5*time.Minute || v.config.MaxBody != 1<<20 {
		t.Errorf("Window %v, MaxBody %d", v.config.Window, v.config.MaxBody)
	}
	methods := []SignatureMethod{HMACSHA256}
	v = newTool(t, func(c *VerifierConfig) { c.Methods, c.Window, c.MaxBody = methods, 1, 2 })
	methods[0] = Plaintext
	if v.config.Methods[0] != HMACSHA256 || v.config.Window != 1 || v.config.MaxBody != 2 {
		t.Errorf("got %v", v.config.Methods)
	}
}

// All placements of all methods, with a token and without.
func TestVerifier(t *testing.T) {
	for _, m := range toolMethods() {
		for _, place := range []Placement{PlacementHeader, PlacementBody, PlacementQuery} {
			for _, token := range []string{"tok", ""} {
				t.Run(fmt.Sprint(m, place, token), func(t *testing.T) {
					c := newCraft()
					c.place = place
					if place == PlacementHeader {
						c.place = "" // the zero value of a craft
					}
					if m.isRSA() {
						c.asRSA()
					}
					c.set("oauth_signature_method", string(m))
					c.set("oauth_token", token)
					if token == "" {
						c.key.TokenSecret = ""
					}
					c.post(formType, "c=3&a=%2B")
					got, err := newTool(t).Verify(c.request(t))
					if err != nil {
						t.Fatal(err)
					}
					wantRequest(t, got, c, place)
				})
			}
		}
	}
}

func wantRequest(t *testing.T, got *SignedRequest, c *craft, place Placement) {
	t.Helper()
	if got.ClientID != c.get("oauth_consumer_key") || got.Token != c.get("oauth_token") ||
		string(got.SignatureMethod) != c.get("oauth_signature_method") || got.Placement != place {
		t.Errorf("got %+v", got)
	}
	if len(got.Protocol) != len(c.params) {
		t.Errorf("protocol parameters %v", got.Protocol)
	}
	for _, p := range c.params {
		if got.Protocol[p.Name] != p.Value {
			t.Errorf("%s is %q, want %q", p.Name, got.Protocol[p.Name], p.Value)
		}
	}
	want := []Param{{"a", "1"}, {"b", "2"}, {"c", "3"}, {"a", "+"}}
	if !slices.Equal(got.Params, want) {
		t.Errorf("parameters %v, want %v", got.Params, want)
	}
	// One of several might be anyone's choice.
	if got.Param("a") != "" || got.Param("c") != "3" || got.Param("oauth_nonce") != "" {
		t.Errorf("Param: %q, %q", got.Param("a"), got.Param("c"))
	}
}

const (
	sec31  = "RFC 5849, Section 3.1"
	sec32  = "RFC 5849, Section 3.2"
	sec33  = "RFC 5849, Section 3.3"
	sec34  = "RFC 5849, Section 3.4"
	sec35  = "RFC 5849, Section 3.5"
	sec351 = "RFC 5849, Section 3.5.1"
	sec412 = "RFC 5849, Section 4.12"
	hash32 = "OAuth Request Body Hash, Section 3.2"
)

// Requests that are wrong in one thing.
var verifierRefuses = []struct {
	name          string
	spoil         func(*craft)
	check, clause string
}{
	{"no header", spoiltLate(func(r *http.Request) { r.Header.Del("Authorization") }),
		"oauth_consumer_key", sec31},
	{"two headers", spoiltLate(func(r *http.Request) {
		r.Header.Add("Authorization", "OAuth a=b")
	}), "authorization", sec351},
	{"the header twice", spoiltLate(func(r *http.Request) {
		r.Header["Authorization"] = slices.Repeat(r.Header["Authorization"], 2)
	}), "authorization", sec351},
	{"no comma", withHeader(`OAuth a="1" b="2"`), "authorization", sec351},
	{"open quote", withHeader(`OAuth a="1`), "authorization", sec351},
	{"empty header", withHeader(``), "authorization", sec351},
	{"two challenges", editedHeader(`, oauth_token`, `, OAuth oauth_token`),
		"authorization", sec351},
	{"another scheme beside it", editedHeader("OAuth ", "Basic YTpi, OAuth "),
		"authorization", sec351},
	{"other scheme", editedHeader("OAuth ", "Bearer "), "oauth_consumer_key", sec31},
	{"longer scheme", editedHeader("OAuth ", "OAuth2 "), "oauth_consumer_key", sec31},
	{"Basic", withHeader("Basic YTpi"), "oauth_consumer_key", sec31},
	{"no parameters in the header", withHeader("OAuth"), "oauth_consumer_key", sec31},
	{"realm alone", withHeader(`OAuth realm="x"`), "oauth_consumer_key", sec31},
	{"plus in a value", editedHeader(`"client"`, `"client+"`), "authorization", sec351},
	{"octet not encoded", editedHeader(`"client"`, `"client/"`), "authorization", sec351},
	{"escape in lower case", editedHeader(`"client"`, `"client%2f"`), "authorization", sec351},
	{"escape of a letter", editedHeader(`"client"`, `"clien%74"`), "authorization", sec351},
	{"no escape", editedHeader(`"client"`, `"client%"`), "authorization", sec351},
	{"escape in a name", editedHeader(`oauth_nonce`, `oauth%5Fnonce`), "authorization", sec351},
	{"escape of the name's letter in lower case", editedHeader(`oauth_version`, `oauth_version%c3`),
		"authorization", sec351},

	{"twice in the header", func(c *craft) { c.set("oauth_nonce", "a", "b") }, "parameters", sec31},
	{"twice alike", func(c *craft) { c.set("oauth_version", "1.0", "1.0") }, "parameters", sec31},
	{"unknown one twice", func(c *craft) { c.set("oauth_x", "1", "2") }, "parameters", sec31},
	{"signature twice", editedHeader(`oauth_signature=`, `oauth_signature="x", oauth_signature=`),
		"parameters", sec31},
	{"again in the query", func(c *craft) { c.target += "&oauth_version=1.0" },
		"parameters", sec31},
	{"again in the form", func(c *craft) { c.post(formType, "oauth_version=1.0") },
		"parameters", sec31},
	{"twice in the query", func(c *craft) {
		c.place, c.target = PlacementQuery, c.target+"&oauth%5Fversion=1.0"
	}, "parameters", sec31},
	{"twice in the form", func(c *craft) {
		c.post(formType, "oauth_version=1.0")
		c.place = PlacementBody
	}, "parameters", sec31},
	{"header and query", func(c *craft) { c.target += "&oauth_x=1" }, "placement", sec35},
	{"header and form", func(c *craft) { c.post(formType, "oauth_x=1") }, "placement", sec35},
	{"query and form", func(c *craft) {
		c.post(formType, "oauth_x=1")
		c.place = PlacementQuery
	}, "placement", sec35},
	{"form and query", func(c *craft) {
		c.post(formType, "x=1")
		c.place, c.target = PlacementBody, c.target+"&oauth_x"
	}, "placement", sec35},
	{"another parameter in the header, the rest in the query", func(c *craft) {
		c.place = PlacementQuery
		withHeader(`OAuth x="1"`)(c)
	}, "authorization", sec351},
	{"a parameter of the query moved to the header", editedHeader(`OAuth `, `OAuth b="2", `),
		"authorization", sec351},

	{"no client", withoutParam("oauth_consumer_key"), "oauth_consumer_key", sec31},
	{"empty client", withEmptyParam("oauth_consumer_key"), "oauth_consumer_key", sec31},
	{"no method", withoutParam("oauth_signature_method"), "oauth_signature_method", sec31},
	{"empty method", withEmptyParam("oauth_signature_method"), "oauth_signature_method", sec31},
	{"no signature", editedHeader("oauth_signature=", "oauth_x="), "oauth_signature", sec31},
	{"empty signature", withEmptyParam("oauth_signature"), "oauth_signature", sec31},
	{"no timestamp", withoutParam("oauth_timestamp"), "oauth_timestamp", sec31},
	{"empty timestamp", withEmptyParam("oauth_timestamp"), "oauth_timestamp", sec31},
	{"no nonce", withoutParam("oauth_nonce"), "oauth_nonce", sec31},
	{"empty nonce", withEmptyParam("oauth_nonce"), "oauth_nonce", sec31},
	{"neither timestamp nor nonce", func(c *craft) {
		c.set("oauth_timestamp")
		c.set("oauth_nonce")
	}, "oauth_timestamp", sec31},

	{"version 2.0", withParam("oauth_version", "2.0"), "oauth_version", sec31},
	{"version 1.0a", withParam("oauth_version", "1.0a"), "oauth_version", sec31},
	{"empty version", withParam("oauth_version", ""), "oauth_version", sec31},
	{"unknown method", withParam("oauth_signature_method", "HMAC-MD5"), "signature_method", sec32},
	{"method in lower case", withParam("oauth_signature_method", "hmac-sha256"),
		"signature_method", sec32},

	{"timestamp no number", withParam("oauth_timestamp", "now"), "timestamp", sec33},
	{"timestamp negative", withParam("oauth_timestamp", "-1700000000"), "timestamp", sec33},
	{"timestamp with a sign", withParam("oauth_timestamp", "+1700000000"), "timestamp", sec33},
	{"timestamp with a space", withParam("oauth_timestamp", " 1700000000"), "timestamp", sec33},
	{"timestamp with a fraction", withParam("oauth_timestamp", "1700000000.5"), "timestamp", sec33},
	{"timestamp in hexadecimal", withParam("oauth_timestamp", "0x6553f100"), "timestamp", sec33},
	{"timestamp in milliseconds", withParam("oauth_timestamp", "1700000000000"),
		"timestamp", sec33},
	{"timestamp of more than 64 bits", withParam("oauth_timestamp", "18446744075409551616"),
		"timestamp", sec33},
	{"timestamp zero", withParam("oauth_timestamp", "0"), "timestamp", sec33},
	{"too old", withParam("oauth_timestamp", strconv.Itoa(toolNow-301)), "timestamp", sec33},
	{"too new", withParam("oauth_timestamp", strconv.Itoa(toolNow+301)), "timestamp", sec33},

	{"unknown client", withParam("oauth_consumer_key", "nobody"), "credentials", sec32},
	{"unknown token", withParam("oauth_token", "x"), "credentials", sec32},
	{"client without a key", withParam("oauth_consumer_key", "none"), "key", sec34},
	{"RSA method of a client without a key", func(c *craft) {
		c.asRSA()
		c.set("oauth_consumer_key", "client")
	}, "key", "RFC 5849, Section 3.4"},

	{"wrong client secret", func(c *craft) { c.key.ClientSecret += "x" }, "signature", sec32},
	{"wrong token secret", func(c *craft) { c.key.TokenSecret += "x" }, "signature", sec32},
	{"token's secret missing", func(c *craft) { c.key.TokenSecret = "" }, "signature", sec32},
	{"secrets the wrong way round", func(c *craft) {
		c.key = Key{ClientSecret: toolTokenKey, TokenSecret: toolSecret}
	}, "signature", sec32},
	{"token left out", editedHeader(`oauth_token="tok", `, ""), "signature", sec32},
	{"version left out", editedHeader(`oauth_version="1.0", `, ""), "signature", sec32},
	{"nonce changed", editedHeader(`oauth_nonce="nonce"`, `oauth_nonce="other"`),
		"signature", sec32},
	{"parameter added", editedHeader("OAuth ", `OAuth oauth_callback="x", `), "signature", sec32},
	{"not base64", withParam("oauth_signature", "!"), "signature", sec32},
	{"a prefix of it", func(c *craft) {
		c.sign = func(base string) string { return orPanic(Sign(HMACSHA256, base, c.key))[:20] }
	}, "signature", sec32},
	{"more than it", func(c *craft) {
		c.sign = func(base string) string { return orPanic(Sign(HMACSHA256, base, c.key)) + "=" }
	}, "signature", sec32},
	{"two methods", func(c *craft) {
		c.sign = func(string) string { return "x" }
		c.set("oauth_signature_method", string(HMACSHA512), string(HMACSHA256))
	}, "parameters", sec31},
	{"of another method", func(c *craft) {
		c.sign = func(base string) string { return orPanic(Sign(HMACSHA512, base, c.key)) }
	}, "signature", sec32},
	{"wrong secret of PLAINTEXT", func(c *craft) {
		c.set("oauth_signature_method", string(Plaintext))
		c.key.TokenSecret += "x"
	}, "signature", sec32},

	{"JSON", func(c *craft) { c.post(jsonType, "{}") }, "body_hash", sec412},
	{"body of no type", func(c *craft) { c.post("", "x") }, "body_hash", sec412},
	{"multipart", func(c *craft) { c.post("multipart/form-data; boundary=x", "--x--") },
		"body_hash", sec412},
	{"GET with a body", func(c *craft) { c.body = "x" }, "body_hash", sec412},
	{"wrong hash", func(c *craft) {
		c.post(jsonType, "{}")
		c.hash("{ }")
	}, "body_hash", hash32},
	{"empty hash", func(c *craft) {
		c.post(jsonType, "{}")
		c.set("oauth_body_hash", "")
	}, "body_hash", hash32},
	{"hash of another body than none", func(c *craft) { c.hash("x") }, "body_hash", hash32},
	{"hash by another function", func(c *craft) {
		c.post(jsonType, "{}")
		c.set("oauth_body_hash", HMACSHA512.bodyHash([]byte("{}")).Value)
	}, "body_hash", hash32},
	{"hash with a form", func(c *craft) {
		c.post(formType, "c=3")
		c.hash("c=3")
	}, "body_hash", "OAuth Request Body Hash, Section 4.1.1"},
	{"hash with PLAINTEXT", func(c *craft) {
		c.post(jsonType, "{}")
		c.hash("{}")
		c.set("oauth_signature_method", string(Plaintext))
	}, "body_hash", hash32},
	{"wrong hash in the query", func(c *craft) {
		c.post(jsonType, "{}")
		c.hash("{ }")
		c.place = PlacementQuery
	}, "body_hash", hash32},
}

func orPanic(s string, err error) string {
	if err != nil {
		panic(err)
	}
	return s
}

func spoiltLate(f func(*http.Request)) func(*craft) { return func(c *craft) { c.late = f } }

func withHeader(header string) func(*craft) {
	return spoiltLate(func(r *http.Request) { r.Header["Authorization"] = []string{header} })
}

// editedHeader changes the header after it was signed.
func editedHeader(before, after string) func(*craft) {
	return spoiltLate(func(r *http.Request) {
		header := r.Header.Get("Authorization")
		r.Header.Set("Authorization", strings.Replace(header, before, after, 1))
	})
}

func withoutParam(name string) func(*craft) {
	return func(c *craft) {
		c.sign = func(string) string { return "x" }
		c.set(name)
	}
}

func withEmptyParam(name string) func(*craft) { return withParam(name, "") }

// withParam signs something, whatever the values are.
func withParam(name string, values ...string) func(*craft) {
	return func(c *craft) {
		m := SignatureMethod(c.get("oauth_signature_method"))
		c.sign = func(base string) string { return orPanic(Sign(m, base, c.key)) }
		c.set(name, values...)
	}
}

// countedNonces counts what it is asked.
type countedNonces struct {
	NonceStore
	n int
}

func (c *countedNonces) Add(ctx context.Context, key string, until time.Time) (bool, error) {
	c.n++
	return c.NonceStore.Add(ctx, key, until)
}

func TestVerifierRefuses(t *testing.T) {
	for _, tt := range verifierRefuses {
		t.Run(tt.name, func(t *testing.T) {
			used := &countedNonces{NonceStore: NewMemoryNonces(0, atToolNow)}
			v := newTool(t, func(c *VerifierConfig) { c.Nonces = used })
			c := newCraft()
			tt.spoil(c)
			got, err := v.Verify(c.request(t))
			wantKind(t, err, tt.check, tt.clause)
			if got != nil {
				t.Error("a request beside the error")
			}
			if used.n != 0 {
				t.Errorf("%d nonces used up", used.n)
			}
		})
	}
}

func TestVerifierAccepts(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*craft)
	}{
		{"scheme in another case", editedHeader("OAuth ", "oAUTH ")},
		{"realm, which is not signed", editedHeader("OAuth ", `OAuth Realm="a b, \"c\" é", `)},
		{"realm and the rest in the query", func(c *craft) {
			c.place = PlacementQuery
			withHeader(`OAuth realm="x"`)(c)
		}},
		{"other scheme and the rest in the query", func(c *craft) {
			c.place = PlacementQuery
			withHeader("Basic YTpi")(c)
		}},
		{"tokens without quotes", editedHeader(`"nonce"`, `nonce`)},
		{"commas", editedHeader(", oauth_token", " ,,\toauth_token")},
		{"no version", func(c *craft) { c.set("oauth_version") }},
		{"parameters of an extension", func(c *craft) {
			c.set("oauth_callback", "about:blank")
			c.set("oauth_requestor", "é ")
		}},
		{"octets that are not UTF-8", func(c *craft) { c.set("oauth_nonce", "\xff\x00\" ,=") }},
		{"no query", func(c *craft) { c.target = "/" }},
		{"empty query", func(c *craft) { c.target = "/?" }},
		{"odd escapes in the path",
			func(c *craft) { c.target = "/a%2Fb;c/%7e/*'()!/%C3%A9//x/../" }},
		{"odd query", func(c *craft) { c.target = "/?&a&=&a=1;b=2&%zz&é=[1]&a=%2525+" }},
		{"two slashes", func(c *craft) { c.target = "//other.example/x?a" }},
		{"body that is not there", func(c *craft) {
			c.method = "POST"
			c.late = func(r *http.Request) { r.Body = nil }
		}},
		{"form that is not there", func(c *craft) {
			c.post(formType, "")
			c.late = func(r *http.Request) { r.Body = nil }
		}},
		{"hash of no body", func(c *craft) { c.hash("") }},
		{"hash", func(c *craft) {
			c.post(jsonType, "{}")
			c.hash("{}")
		}},
		{"hash in the query", func(c *craft) {
			c.post(jsonType, "{}")
			c.hash("{}")
			c.place = PlacementQuery
		}},
		{"hash with RSA", func(c *craft) {
			c.asRSA()
			c.post(jsonType, "{}")
			c.hash("{}")
		}},
		{"form with parameters of its type", func(c *craft) {
			c.post("Application/X-WWW-Form-urlencoded ; charset=utf-8", "a=1;b&%")
		}},
		{"form of a GET", func(c *craft) { c.contentType, c.body = formType, "a=1" }},
		{"Host header that lies",
			spoiltLate(func(r *http.Request) { r.Host = "attacker.example" })},
		{"proxy's headers", spoiltLate(func(r *http.Request) {
			r.Header.Set("X-Forwarded-Host", "attacker.example")
			r.Header.Set("X-Forwarded-Proto", "http")
		})},
		{"the oldest", func(c *craft) { c.set("oauth_timestamp", strconv.Itoa(toolNow-300)) }},
		{"the newest", func(c *craft) { c.set("oauth_timestamp", strconv.Itoa(toolNow+300)) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newCraft()
			tt.change(c)
			if _, err := newTool(t).Verify(c.request(t)); err != nil {
				t.Error(err)
			}
		})
	}
}

// The cause that the function gave is there to be found.
func TestVerifierWrapsTheKeysError(t *testing.T) {
	c := newCraft()
	withParam("oauth_consumer_key", "nobody")(c)
	if _, err := newTool(t).Verify(c.request(t)); !errors.Is(err, errNobody) {
		t.Errorf("got %v", err)
	}
}

func TestVerifierAsksForTheKeyOnce(t *testing.T) {
	type name struct{ client, token string }
	var asked []name
	v := newTool(t, func(c *VerifierConfig) {
		c.Key = func(ctx context.Context, clientID, token string) (Key, error) {
			if ctx.Value(name{}) != 1 {
				t.Error("not the context of the request")
			}
			asked = append(asked, name{clientID, token})
			return sharedKey, nil
		}
	})
	req := newCraft().request(t)
	req = req.WithContext(context.WithValue(req.Context(), name{}, 1))
	if _, err := v.Verify(req); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(asked, []name{{"client", "tok"}}) {
		t.Errorf("asked for %v", asked)
	}
}

// A request that is wrong in itself is nobody's, and costs no look at the keys.
func TestVerifierAsksForNoKeyInVain(t *testing.T) {
	v := newTool(t, func(c *VerifierConfig) {
		c.Key = func(context.Context, string, string) (Key, error) {
			t.Error("asked")
			return sharedKey, nil
		}
	})
	c := newCraft()
	withParam("oauth_timestamp", "1")(c)
	_, err := v.Verify(c.request(t))
	wantKind(t, err, "timestamp", sec33)
}

// Of a client that signs with a private key everybody knows the public one, and
// that its secrets are empty.
func TestVerifierDoesNotConfuseKeys(t *testing.T) {
	public := &toolRSAKey().PublicKey
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	guesses := []Key{
		{}, {ClientSecret: toolSecret}, {ClientSecret: string(der)},
		{ClientSecret: string(x509.MarshalPKCS1PublicKey(public))},
		{ClientSecret: public.N.String()}, {ClientSecret: string(public.N.Bytes())},
		{ClientSecret: base64.StdEncoding.EncodeToString(der)}, {TokenSecret: toolTokenKey},
	}
	for _, m := range toolMethods() {
		for _, guess := range guesses {
			if m.isRSA() || fips140.Enforced() && m != Plaintext && len(guess.secrets()) < 14 {
				continue
			}
			c := newCraft()
			c.asRSA()
			c.set("oauth_signature_method", string(m))
			c.key = guess
			_, err := newTool(t).Verify(c.request(t))
			wantKind(t, err, "key", sec34)
		}
	}
}

// What everybody can compute is no signature, even if the receiver has a client with
// no secret.
func TestVerifierRefusesEmptySecrets(t *testing.T) {
	for _, m := range []SignatureMethod{HMACSHA256, Plaintext} {
		if fips140.Enforced() && m != Plaintext {
			continue
		}
		c := newCraft()
		c.set("oauth_consumer_key", "none")
		c.set("oauth_signature_method", string(m))
		c.key = Key{}
		_, err := newTool(t).Verify(c.request(t))
		wantKind(t, err, "key", sec34)
	}
}

// A secret of one of the two will do.
func TestVerifierWithOneSecret(t *testing.T) {
	for _, key := range []Key{{ClientSecret: toolSecret}, {TokenSecret: toolTokenKey}} {
		v := newTool(t, func(c *VerifierConfig) {
			c.Key = func(context.Context, string, string) (Key, error) { return key, nil }
		})
		c := newCraft()
		c.key = key
		if _, err := v.Verify(c.request(t)); err != nil {
			t.Error(err)
		}
	}
}

func TestVerifierOnlyMethodsAccepted(t *testing.T) {
	accepted := []SignatureMethod{HMACSHA512, RSASHA256}
	v := newTool(t, func(c *VerifierConfig) { c.Methods = accepted })
	for m, ok := range map[SignatureMethod]bool{
		HMACSHA256: false, Plaintext: false, HMACSHA512: true,
	} {
		c := newCraft()
		c.set("oauth_signature_method", string(m))
		_, err := v.Verify(c.request(t))
		if !ok {
			wantKind(t, err, "signature_method", sec32)
		} else if err != nil {
			t.Errorf("%s: %v", m, err)
		}
	}
}

// One signature has one writing, or a log of those seen would be of no use.
func TestVerifierOneWritingOfRSA(t *testing.T) {
	for name, rewrite := range map[string]func(string) string{
		"line break":         func(s string) string { return s[:76] + "\n" + s[76:] },
		"line break of DOS":  func(s string) string { return s[:76] + "\r\n" + s[76:] },
		"line break at last": func(s string) string { return s + "\n" },
		"other padding bits": func(s string) string {
			return strings.TrimRight(s, "=")[:len(s)-3] + nextDigit(s[len(s)-3]) + "=="
		},
		"no padding": func(s string) string { return strings.TrimRight(s, "=") },
		"of URLs": func(s string) string {
			return strings.NewReplacer("+", "-", "/", "_").Replace(s)
		},
		"leading zero": func(s string) string {
			octets, _ := base64.StdEncoding.DecodeString(s)
			return base64.StdEncoding.EncodeToString(append([]byte{0}, octets...))
		},
		"a space": func(s string) string { return " " + s },
		"empty":   func(string) string { return "====" },
	} {
		c := newCraft()
		c.asRSA()
		c.sign = func(base string) string {
			s := orPanic(Sign(RSASHA256, base, c.key))
			if name == "of URLs" && !strings.ContainsAny(s, "+/") {
				return "-"
			}
			return rewrite(s)
		}
		_, err := newTool(t).Verify(c.request(t))
		if err == nil {
			t.Errorf("%s: accepted", name)
		}
		wantKind(t, err, "signature", sec32)
	}
}

// nextDigit is the base64 digit after c, whose last bits are others.
func nextDigit(c byte) string {
	const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	return digits[strings.IndexByte(digits, c)+1:][:1]
}

func TestVerifierOnce(t *testing.T) {
	v := newTool(t)
	c := newCraft()
	if _, err := v.Verify(c.request(t)); err != nil {
		t.Fatal(err)
	}
	_, err := v.Verify(c.request(t))
	wantKind(t, err, "nonce", sec33)
	for name, value := range map[string]string{
		"oauth_nonce": "another", "oauth_timestamp": strconv.Itoa(toolNow + 1),
	} {
		c := newCraft()
		c.set(name, value)
		if _, err := v.Verify(c.request(t)); err != nil {
			t.Errorf("another %s: %v", name, err)
		}
	}
}

// A nonce is of its client and its token (RFC 5849, Section 3.3), whatever they are
// made of.
func TestVerifierTellsNoncesApart(t *testing.T) {
	v := newTool(t, func(c *VerifierConfig) {
		c.Key = func(context.Context, string, string) (Key, error) { return sharedKey, nil }
	})
	timestamp := strconv.Itoa(toolNow)
	for _, p := range [][3]string{
		{"a", "bc", "n"}, {"ab", "c", "n"}, {"abc", "", "n"}, {"a", "b", "cn"},
		{`a" "b`, "c", "n"}, {"a", `b" "c`, "n"}, {"a", "b", `c" "n`},
		{"a\xff", "b", "n"}, {"a\ufffd", "b", "n"}, {`a\xff`, "b", "n"}, {"a b", "c", "n"}, {"a", "b c", "n"},
		{"a", "b", timestamp}, {"a", timestamp, "b"},
	} {
		c := newCraft()
		c.set("oauth_consumer_key", p[0])
		c.set("oauth_token", p[1])
		c.set("oauth_nonce", p[2])
		if _, err := v.Verify(c.request(t)); err != nil {
			t.Errorf("%q: %v", p, err)
		}
	}
}

// A store keeps what it is told, or says that it cannot.
type storeFunc func(key string, until time.Time) (bool, error)

func (f storeFunc) Add(_ context.Context, key string, until time.Time) (bool, error) {
	return f(key, until)
}

func TestVerifierStoreFails(t *testing.T) {
	errStore := errors.New("store is down")
	v := newTool(t, func(c *VerifierConfig) {
		c.Nonces = storeFunc(func(string, time.Time) (bool, error) { return true, errStore })
	})
	got, err := v.Verify(newCraft().request(t))
	if !errors.Is(err, errStore) || got != nil {
		t.Errorf("got %v, %v", got, err)
	}
}

// A nonce is remembered for as long as its timestamp would be accepted.
func TestVerifierRemembersLongEnough(t *testing.T) {
	for _, early := range []int{-300, 0, 300} {
		now := atToolNow()
		v := newTool(t, func(c *VerifierConfig) {
			c.Now = func() time.Time { return now }
			c.Nonces = NewMemoryNonces(1, c.Now)
		})
		c := newCraft()
		c.set("oauth_timestamp", strconv.Itoa(toolNow+early))
		if _, err := v.Verify(c.request(t)); err != nil {
			t.Fatal(err)
		}
		now = time.Unix(toolNow+int64(early)+300, 0) // the last moment it could come
		_, err := v.Verify(c.request(t))
		wantKind(t, err, "nonce", sec33)
		now = now.Add(1)
		_, err = v.Verify(c.request(t))
		wantKind(t, err, "timestamp", sec33)
	}
}

func TestVerifierTellsTheStore(t *testing.T) {
	var keys []string
	v := newTool(t, func(c *VerifierConfig) {
		c.Window = time.Minute
		c.Nonces = storeFunc(func(key string, until time.Time) (bool, error) {
			keys = append(keys, key)
			if d := until.Sub(atToolNow()); d < 2*time.Minute || d > 3*time.Minute {
				t.Errorf("to remember for %v", d)
			}
			return true, nil
		})
	})
	c := newCraft()
	for range 2 {
		if _, err := v.Verify(c.request(t)); err != nil {
			t.Fatal(err)
		}
	}
	// Whoever sees the store sees nothing of the client's, and every key is as long.
	if len(keys) != 2 || keys[0] != keys[1] || len(keys[0]) != 64 {
		t.Errorf("keys %q", keys)
	}
}

func TestVerifierWindow(t *testing.T) {
	for _, tt := range []struct {
		window time.Duration
		now    time.Time
		stamp  int
		ok     bool
	}{
		{time.Minute, atToolNow(), toolNow - 60, true},
		{time.Minute, atToolNow(), toolNow + 60, true},
		{time.Minute, atToolNow(), toolNow - 61, false},
		{time.Minute, atToolNow(), toolNow + 61, false},
		{time.Minute, atToolNow().Add(1), toolNow - 60, false},
		{time.Minute, atToolNow().Add(-1), toolNow + 60, false},
		{24 * time.Hour, atToolNow(), toolNow - 86400, true},
		{24 * time.Hour, atToolNow(), toolNow - 86401, false},
		{time.Minute, time.Unix(0, 0), 1<<40 - 1, false},
		{time.Minute, time.Unix(30, 0), 0, true},
	} {
		v := newTool(t, func(c *VerifierConfig) {
			c.Window, c.Now = tt.window, func() time.Time { return tt.now }
			c.Nonces = storeFunc(func(string, time.Time) (bool, error) { return true, nil })
		})
		c := newCraft()
		c.set("oauth_timestamp", strconv.Itoa(tt.stamp))
		_, err := v.Verify(c.request(t))
		if !tt.ok {
			wantKind(t, err, "timestamp", sec33)
		} else if err != nil {
			t.Errorf("%v, %d: %v", tt.window, tt.stamp, err)
		}
	}
}

// What is no number is not zero either.
func TestVerifierAtTheEpoch(t *testing.T) {
	v := newTool(t, func(c *VerifierConfig) {
		c.Now = func() time.Time { return time.Unix(0, 0) }
	})
	c := newCraft()
	withParam("oauth_timestamp", "now")(c)
	_, err := v.Verify(c.request(t))
	wantKind(t, err, "timestamp", sec33)
}

// PLAINTEXT may do without both (RFC 5849, Section 3.1), but not without one.
func TestVerifierPlaintext(t *testing.T) {
	for _, tt := range []struct {
		name, timestamp, nonce, check string
		times                         int
	}{
		{"both", strconv.Itoa(toolNow), "n", "nonce", 1},
		{"none", "", "", "", 2},
		{"timestamp alone", strconv.Itoa(toolNow), "", "oauth_nonce", 0},
		{"nonce alone", "", "n", "oauth_timestamp", 0},
		{"stale", "1", "n", "timestamp", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v, c := newTool(t), newCraft()
			c.set("oauth_signature_method", string(Plaintext))
			c.set("oauth_timestamp", ifAny(tt.timestamp)...)
			c.set("oauth_nonce", ifAny(tt.nonce)...)
			for range tt.times {
				if _, err := v.Verify(c.request(t)); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := v.Verify(c.request(t)); tt.check != "" {
				wantKind(t, err, tt.check, "")
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}

func ifAny(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}

// The checks in the order that the package documentation has them in.
func TestVerifierTellsOfItsChecks(t *testing.T) {
	c := newCraft()
	c.post(formType, "c=3")
	var heard []string
	req := c.request(t)
	ctx := WithTrace(req.Context(), func(check, _ string, err error) {
		heard = append(heard, check)
		if err != nil {
			t.Errorf("%s: %v", check, err)
		}
	})
	if _, err := newTool(t).Verify(req.WithContext(ctx)); err != nil {
		t.Fatal(err)
	}
	want := strings.Fields(`method authorization content_type size body form_size parameters placement
		oauth_consumer_key
		oauth_signature_method oauth_signature oauth_version signature_method oauth_timestamp
		oauth_nonce timestamp credentials key signature body_hash nonce`)
	if !slices.Equal(heard, want) {
		t.Errorf("heard %q", heard)
	}
}

// No error repeats what others wrote.
func TestVerifierErrorsShowNothing(t *testing.T) {
	for _, spoil := range []func(*craft){
		func(c *craft) { c.set("oauth_nonce", canary, canary) },
		func(c *craft) { c.set("oauth_"+canary, "1", "2") },
		withParam("oauth_version", canary), withParam("oauth_timestamp", canary),
		withParam("oauth_signature_method", canary), withParam("oauth_consumer_key", canary),
		withParam("oauth_token", canary), withParam("oauth_signature", canary),
		withHeader(`OAuth ` + canary + `="+"`), withHeader(canary + `"`),
		func(c *craft) { c.post(jsonType, canary) },
	} {
		c := newCraft()
		spoil(c)
		_, err := newTool(t).Verify(c.request(t))
		if err == nil {
			t.Error("accepted")
		}
		mustNotShow(t, "error", err)
	}
}

func TestVerifierIsSafeForConcurrentUse(t *testing.T) {
	v := newTool(t)
	var mu sync.Mutex
	var wg sync.WaitGroup
	accepted := 0
	for range 32 {
		req := newCraft().request(t)
		wg.Go(func() {
			if _, err := v.Verify(req); err == nil {
				mu.Lock()
				defer mu.Unlock()
				accepted++
			} else if !errors.Is(err, &CheckError{Check: "nonce"}) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if accepted != 1 {
		t.Errorf("one request accepted %d times", accepted)
	}
}

// RFC 5849, Section 3.5.1.
func TestParseAuthorization(t *testing.T) {
	got, err := ParseAuthorization(`OAuth realm="a", oauth_token="b%20c", oauth_x=""`)
	if want := []Param{{"oauth_token", "b c"}, {"oauth_x", ""}}; err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v", got, err)
	}
	if got, err = ParseAuthorization("Basic YTpi"); got != nil || err != nil {
		t.Errorf("another scheme: got %v, %v", got, err)
	}
	for _, header := range []string{`OAuth a="b"`, `OAuth oauth_token="b c"`, `OAuth oauth_token="`,
		"", `OAuth oauth_a="b", Basic YTpi`} {
		got, err := ParseAuthorization(header)
		wantKind(t, err, "authorization", "RFC 5849, Section 3.5.1")
		if got != nil {
			t.Errorf("%s: %v beside the error", header, got)
		}
	}
}
