package oauth1test

import (
	"crypto/fips140"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/subtle"
	"encoding/base64"
	"io"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"vouchsafe/oauth1"
)

// A request is a signed request as it came in.
type request struct {
	client *Client
	oauth  map[string]string // the protocol parameters
	base   string            // the signature base string
}

// A use of a nonce must be the only one, RFC 5849, Section 3.3.
type use struct{ client, token, timestamp, nonce string }

// signed lets endpoint answer a request that has the required parameters and
// those that every request has. endpoint authenticates it, holding p.mu.
func (p *Provider) signed(w http.ResponseWriter, r *http.Request,
	endpoint func(http.ResponseWriter, *request) Fault, required string) {
	req, fault := p.read(r, required)
	p.mu.Lock()
	defer p.mu.Unlock()
	if fault == "" {
		fault = endpoint(w, req)
	}
	if fault != "" {
		p.refuse(w, fault)
	}
}

// read takes a request apart and says whether it has the shape of RFC 5849,
// Section 3.1.
func (p *Provider) read(r *http.Request, required string) (*request, Fault) {
	header, ok := parseHeader(r.Header.Values("Authorization"))
	if !ok {
		return nil, MalformedHeader
	}
	form := readForm(r)
	oauth, fault := protocol(header, slices.Concat(form, oauth1.ParseParams(r.URL.RawQuery)))
	if fault != "" {
		return nil, fault
	}
	if fault := p.checkShape(oauth, required); fault != "" {
		return nil, fault
	}
	u := *r.URL
	u.Scheme, u.Host = p.base.Scheme, r.Host
	base := oauth1.BaseString(r.Method, &u, slices.Concat(header, form))
	req := &request{oauth: oauth, base: base}
	if req.client = p.client(oauth["oauth_consumer_key"]); req.client == nil {
		return nil, UnknownClient
	}
	return req, ""
}

func (p *Provider) client(id string) *Client {
	for i := range p.options.Clients {
		if c := &p.options.Clients[i]; c.ID == id {
			return c
		}
	}
	return nil
}

// protocol returns the parameters of the header, each of which must be the only
// one of its name, as must every one that begins with oauth_.
func protocol(header, others []oauth1.Param) (map[string]string, Fault) {
	oauth := make(map[string]string)
	for _, q := range header {
		if _, ok := oauth[q.Name]; ok {
			return nil, DuplicateParameter
		}
		oauth[q.Name] = q.Value
	}
	for _, q := range others {
		if _, ok := oauth[q.Name]; ok {
			return nil, DuplicateParameter
		}
		if strings.HasPrefix(q.Name, "oauth_") {
			return nil, MisplacedParameter
		}
	}
	return oauth, ""
}

func (p *Provider) checkShape(oauth map[string]string, required string) Fault {
	for _, name := range []string{
		"oauth_consumer_key", "oauth_signature_method", "oauth_signature",
		"oauth_timestamp", "oauth_nonce", required,
	} {
		if oauth[name] == "" {
			return MissingParameter
		}
	}
	if version, ok := oauth["oauth_version"]; ok && version != "1.0" {
		return UnsupportedVersion
	}
	if oauth["oauth_signature_method"] != "HMAC-SHA1" || fips140.Enforced() {
		return UnsupportedSignatureMethod
	}
	return ""
}

// authenticate verifies a request as RFC 5849, Section 3.2, says.
func (p *Provider) authenticate(r *request, tokenSecret string) Fault {
	seconds, err := strconv.ParseInt(r.oauth["oauth_timestamp"], 10, 64)
	if err != nil || p.options.Now().Sub(time.Unix(seconds, 0)).Abs() > 5*time.Minute {
		return StaleTimestamp
	}
	if !equal(r.oauth["oauth_signature"], sign(r.base, r.client.Secret, tokenSecret)) {
		return WrongSignature
	}
	u := use{
		r.client.ID, r.oauth["oauth_token"], r.oauth["oauth_timestamp"], r.oauth["oauth_nonce"],
	}
	if p.uses[u] {
		return RepeatedNonce
	}
	p.uses[u] = true
	return ""
}

// sign computes HMAC-SHA1, RFC 5849, Section 3.4.2, by other means than package
// oauth1, which it examines.
func sign(base, clientSecret, tokenSecret string) string {
	mac := hmac.New(sha1.New, []byte(escape(clientSecret)+"&"+escape(tokenSecret)))
	io.WriteString(mac, base)
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// escape is the percent encoding of RFC 5849, Section 3.6.
func escape(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

func equal(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

var headerField = regexp.MustCompile(`^[ \t]*([^ \t="]+)="((?:[^"\\]|\\.)*)"[ \t]*(?:,|$)`)

// parseHeader reads the Authorization header, RFC 5849, Section 3.5.1, without
// its realm.
func parseHeader(values []string) (params []oauth1.Param, ok bool) {
	if len(values) != 1 {
		return nil, false
	}
	scheme, rest, _ := strings.Cut(values[0], " ")
	for rest != "" {
		m := headerField.FindStringSubmatch(rest)
		if m == nil {
			return nil, false
		}
		rest = rest[len(m[0]):]
		if m[1] == "realm" {
			continue
		}
		name, value := unescape(m[1]), unescape(m[2])
		if escape(name) != m[1] || escape(value) != m[2] {
			return nil, false
		}
		params = append(params, oauth1.Param{Name: name, Value: value})
	}
	return params, strings.EqualFold(scheme, "OAuth")
}

func unescape(s string) string {
	u, _ := url.PathUnescape(s)
	return u
}

// readForm returns the parameters of a form body, at most 10 MiB of it.
func readForm(r *http.Request) []oauth1.Param {
	mediaType, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if mediaType != "application/x-www-form-urlencoded" {
		return nil
	}
	body, _ := io.ReadAll(io.LimitReader(r.Body, 10<<20))
	return oauth1.ParseParams(string(body))
}
