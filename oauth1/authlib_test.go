package oauth1

import (
	"cmp"
	"slices"
	"strings"
	"testing"
)

// Cases 14 to 29 of Authlib's behaviour map: client foo, HMAC-SHA1, and signatures
// for nonce abc and timestamp 123, each computed by several independent programs.
var authlibTests = []struct {
	name, method, url, contentType, body string
	secret                               string
	token                                Record
	config                               func(*Config)
	extra                                []Param
	want                                 string
}{
	{name: "case 14: empty path", method: "POST", url: "https://provider.test",
		want: "GuqiSr5/Hajrrmc/FprUV4cCGbw="},
	{name: "case 14: root path", method: "POST", url: "https://provider.test/",
		want: "GuqiSr5/Hajrrmc/FprUV4cCGbw="},
	{name: "case 15: UTF-8 in the query", method: "POST",
		url:  "https://provider.test?cjk=%E5%95%A6%E5%95%A6",
		want: "USkqQvV76SCKBewYI9cut6FfYcI="},
	{name: "case 16: repeated names, token, callback, verifier, realm", method: "GET",
		url:    "https://provider.test:443/p?a=1&a=0&b=%20x",
		secret: "s e/c", token: Record{Token: "t", Secret: "ts"},
		config: func(c *Config) { c.Realm = "A" },
		extra:  []Param{{"oauth_callback", "https://c/cb?x=1"}, {"oauth_verifier", "v"}},
		want:   "bnmckSVwuvOuQjw86nbE9iLSjT8="},
	{name: "case 17: query and form", method: "POST", url: "https://provider.test/p?q=1",
		contentType: formType, body: "foo=bar&sp=a+b", secret: "s",
		want: "Fuxq0Z+oH7U1B88EemkcRgOvO3o="},
	{name: "case 18: JSON", method: "POST", url: "https://provider.test/p",
		contentType: "application/json", body: `{"a":1}`, secret: "s",
		want: "stbkmF3x7WhAg6TapGXPa4fSYKo="},
	{name: "case 19: JSON and a body hash", method: "POST", url: "https://provider.test/p",
		contentType: "application/json", body: `{"a":1}`, secret: "s",
		config: func(c *Config) { c.BodyHash = true },
		want:   "MMK/k75sHgu2Xh5cl1t+3k9LZ3s="},
	{name: "case 20: body placement", method: "POST", url: "https://provider.test/p",
		contentType: formType, body: "a=1", secret: "s",
		config: func(c *Config) { c.Placement = PlacementBody },
		want:   "qqIPGDwHATXjnNaopNX0UQAYaiY="},
	{name: "case 21: query placement", method: "GET", url: "https://provider.test/p?a=1",
		secret: "s",
		config: func(c *Config) { c.Placement = PlacementQuery },
		want:   "6QoGdoy9gKlt8LEKiNMYgbE/nhs="},
}

func TestAuthlibCases(t *testing.T) {
	for _, tt := range authlibTests {
		t.Run(tt.name, func(t *testing.T) {
			c := Config{ID: "foo", Secret: tt.secret, InsecureNoSecret: true}
			if tt.config != nil {
				tt.config(&c)
			}
			req := unsigned(t, tt.method, tt.url, tt.contentType, tt.body)
			signed := mustSign(t, newSigner(t, c, newToken(tt.token)), req, tt.extra...)
			key := Key{ClientSecret: tt.secret, TokenSecret: tt.token.Secret}
			parts := signedBy(t, signed, HMACSHA1, key)
			if want := cmp.Or(c.Placement, PlacementHeader); parts.place != want {
				t.Errorf("parameters in %s", parts.place)
			}
			base := parts.base(map[string]string{"oauth_nonce": "abc", "oauth_timestamp": "123"})
			if got, err := Sign(HMACSHA1, base, key); err != nil || got != tt.want {
				t.Errorf("signature %s, %v; want %s", got, err, tt.want)
			}
			header := signed.Header.Get("Authorization")
			if c.Realm != "" && !strings.HasPrefix(header, `OAuth realm="A", oauth_nonce=`) {
				t.Errorf("header %s", header)
			}
			if tt.body != "" && !strings.HasPrefix(bodyOf(t, signed), tt.body) {
				t.Errorf("body %s", bodyOf(t, signed))
			}
		})
	}
}

func TestAuthlibCaseOfTheRFC(t *testing.T) {
	t.Run("case 23: the request of RFC 5849, Section 3.4.1.1", func(t *testing.T) {
		i := slices.IndexFunc(readVectorFile("rfc5849").Requests, func(v requestVector) bool {
			return v.Printed != "" && v.Signature == "r6/TJjbCOr97/+UU0NsvSne7s5g="
		})
		readVectorFile("rfc5849").Requests[i].test(t, nil)
	})
}

// The sample of X's guide, for both versions of its API.
func TestAuthlibCaseOfX(t *testing.T) {
	key := Key{ClientSecret: "kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw",
		TokenSecret: "LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE"}
	s := newSigner(t, Config{ID: "xvz1evFS4wEEPTGEFPHBog", Secret: key.ClientSecret},
		newToken(Record{Token: "370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb",
			Secret: key.TokenSecret}))
	for _, tt := range []struct{ name, version, want string }{
		{"case 24: version 1", "1", "tnnArxj06cWHq44gCs1OSKk/jLY="},
		{"case 24: version 1.1", "1.1", "hCtSmYh+iHYCEqBWrE7C7hYmtUk="},
	} {
		t.Run(tt.name, func(t *testing.T) {
			req := unsigned(t, "POST", "https://api.twitter.com/"+tt.version+
				"/statuses/update.json?include_entities=true", formType,
				"status=Hello%20Ladies%20%2b%20Gentlemen%2c%20a%20signed%20OAuth%20request%21")
			parts := signedBy(t, mustSign(t, s, req), HMACSHA1, key)
			base := parts.base(map[string]string{"oauth_timestamp": "1318622958",
				"oauth_nonce": "kYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg"})
			if got, err := Sign(HMACSHA1, base, key); err != nil || got != tt.want {
				t.Errorf("signature %s, %v; want %s", got, err, tt.want)
			}
		})
	}
}

func TestAuthlibCasesOfConfig(t *testing.T) {
	for _, tt := range []struct {
		name, check, clause string
		spoil               func(*Config)
	}{
		{"case 28: unknown method", "signature_method", "RFC 5849, Section 3.4",
			func(c *Config) { c.SignatureMethod = "HMAC-MD5" }},
		{"case 28: unknown placement", "placement", "RFC 5849, Section 3.5",
			func(c *Config) { c.Placement = "header" }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := signerConfig()
			tt.spoil(&c)
			_, err := New(c)
			failsWith(t, err, tt.check, tt.clause)
		})
	}
}
