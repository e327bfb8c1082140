package oauth1

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"vouchsafe/httpclient"
	"vouchsafe/internal/challenge"
	"vouchsafe/internal/verdict"
)

// A VerifierConfig says which signed requests a receiver accepts. All fields but
// the last four are required.
type VerifierConfig struct {
	// Origin is the scheme, host and port that clients send their requests to:
	// "https://tool.example.com". It is configured, because behind a proxy neither
	// the Host header nor the connection tells it. It is https, or http on loopback.
	Origin string

	// Methods are the signature methods accepted. With [Plaintext] among them, the
	// secrets come over the wire.
	Methods []SignatureMethod

	// Key returns the key of a client, and of the token if the request names one:
	// the client's secret with the token's, or the client's public key. It is
	// called before the signature is verified, and safe for concurrent use. An
	// error of its own, for a client or a token it does not know or the client may
	// not use, is the cause of the [*CheckError].
	Key func(ctx context.Context, clientID, token string) (Key, error)

	// Nonces remembers the requests accepted.
	Nonces NonceStore

	// Window is how far from now a timestamp may be, at most a day. If zero, five
	// minutes.
	Window time.Duration

	// MaxBody bounds the body of a request, in bytes. If zero, 1 MiB.
	MaxBody int64

	// InsecureUnsignedBody accepts a body that is neither a form nor covered by an
	// oauth_body_hash. What is lost is that nobody else can have written the body (RFC
	// 5849, Section 4.12).
	InsecureUnsignedBody bool

	// Now reports the time that timestamps are compared with. If nil, time.Now.
	Now func() time.Time
}

// A Verifier verifies signed requests, RFC 5849, Section 3.2: what a webhook, an
// LTI 1.1 tool or a provider receives. Make one with [NewVerifier]. It does not
// change and is safe for concurrent use.
type Verifier struct {
	config VerifierConfig
	origin string
}

// A SignedRequest is what a request says whose signature has been verified.
type SignedRequest struct {
	ClientID        string
	Token           string // empty if there is none
	SignatureMethod SignatureMethod
	Placement       Placement

	// Protocol are the protocol parameters, decoded, without oauth_signature.
	Protocol map[string]string

	// Params are the other parameters, decoded: those of the query, and then those of
	// the form body. They are what was signed, which [http.Request.Form] need not be:
	// net/http drops some and reads others differently. Whether one came in the query
	// or the form is not signed, nor is the order of those of one name, nor Placement.
	Params []Param
}

// Param returns the parameter called name, one of Params. If there is none, or
// several, whose order nobody has signed, it is the empty string.
func (r *SignedRequest) Param(name string) string {
	var values []string
	for _, p := range r.Params {
		if p.Name == name {
			values = append(values, p.Value)
		}
	}
	if len(values) != 1 {
		return ""
	}
	return values[0]
}

const maxWindow = 24 * time.Hour

// NewVerifier returns the verifier that c describes. A configuration that cannot
// work is a [*CheckError].
func NewVerifier(c VerifierConfig) (*Verifier, error) {
	const clause = "RFC 5849, Section 3.2"
	l := checks(context.Background())
	u, err := httpclient.CheckURL(nil, c.Origin)
	l.Result("origin", clause,
		because(err, "origin", "must be an absolute URL, https or http on loopback", clause))
	l.Check(u == nil || strings.Trim(u.Path, "/")+u.RawQuery == "", "origin",
		"must have no path and no query", clause)
	l.Check(len(c.Methods) > 0, "methods", "must not be empty", clause)
	for _, m := range c.Methods {
		l.Check(m.check() == nil, "methods",
			"must be this package's, and allowed in FIPS mode", clause)
	}
	l.Check(c.Key != nil, "key", "must not be nil", clause)
	l.Check(c.Nonces != nil, "nonces", "must not be nil", "RFC 5849, Section 3.3")
	l.Check(0 <= c.Window && c.Window <= maxWindow, "window", "must be at most a day",
		"RFC 5849, Section 3.3")
	l.Check(c.MaxBody >= 0, "max_body", "must not be negative", bodyClause)
	if l.Err() != nil {
		return nil, l.Err()
	}
	c.Methods = slices.Clone(c.Methods)
	c.Window = cmp.Or(c.Window, 5*time.Minute)
	c.MaxBody = cmp.Or(c.MaxBody, 1<<20)
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Verifier{c, strings.ToLower(u.Scheme) + "://" + authority(u)}, nil
}

// Verify returns what r says, if it is signed as RFC 5849 has it by a client that
// Key knows, and comes for the first time; one of PLAINTEXT without timestamp and
// nonce can come again. Otherwise the error is a [*CheckError], but for one of reading
// the body or of Nonces, which is wrapped.
//
// It comes before anything that reads the body of r, and leaves one in its place
// that can be read again. An empty body of no declared length is refused, unless
// it has an oauth_body_hash: it cannot be told from one read before. So is a
// method in lower case, a second Content-Type, and an Authorization header with a
// parameter that does not begin with oauth_. Of r the signature covers the
// method, the path, the query and a form body, or one with an oauth_body_hash;
// that of PLAINTEXT covers nothing. Use what Verify returns rather than r.
//
// The answer to a request that is refused is 401 for the checks timestamp,
// credentials, key, signature, body_hash and nonce, and 400 for the others (RFC 5849,
// Section 3.2). The check nonce_store and errors of Nonces or of what Key asks are the
// receiver's own trouble.
func (v *Verifier) Verify(r *http.Request) (*SignedRequest, error) {
	l := checks(r.Context())
	p := v.parse(l, r)
	v.checkShape(l, p)
	if l.Err() != nil {
		return nil, l.Err()
	}
	v.checkSignature(r.Context(), l, p)
	v.checkBody(l, p)
	if l.Err() == nil {
		l.Result("nonce", "RFC 5849, Section 3.3", v.checkNonce(r.Context(), p))
	}
	if l.Err() != nil {
		return nil, l.Err()
	}
	return &p.SignedRequest, nil
}

// A parsed request is one that has been taken apart.
type parsed struct {
	SignedRequest
	method, path string
	signed       []Param // what the base string is of
	signature    string
	isForm       bool
	body         []byte // nil if it has not been read
}

// maxParams bounds the parameters of a request, which are taken apart before
// anything is known of who sent them. net/http has the same limit for a query.
const maxParams = 10_000

const maxParamsNeed = "must have at most 10,000 parameters"

// parse takes r apart. What it returns counts only if no check of l has failed.
func (v *Verifier) parse(l *verdict.List, r *http.Request) *parsed {
	path, query := requestTarget(r)
	p := &parsed{method: r.Method, path: path, isForm: hasForm(r)}
	l.Check(r.Method == strings.ToUpper(r.Method), "method", "must be in upper case",
		"RFC 5849, Section 3.4.1.1")
	header, err := parseAuthorization(r.Header["Authorization"])
	l.Result("authorization", "RFC 5849, Section 3.5.1", err)
	// net/http goes by the first.
	l.Check(len(r.Header["Content-Type"]) <= 1, "content_type", "must be there once",
		"RFC 9110, Section 5.3")
	room := maxParams - len(header) - countParams(query)
	if !l.Check(room >= 0, "size", maxParamsNeed, bodyClause) {
		return p
	}
	inQuery := ParseParams(query)
	hashed := hasBodyHash(header) || hasBodyHash(inQuery)
	if p.isForm || !v.config.InsecureUnsignedBody || hashed {
		p.body, err = v.readBody(r, hashed)
		l.Result("body", bodyClause, err)
	}
	form := ""
	if p.isForm {
		form = string(p.body)
	}
	if l.Check(countParams(form) <= room, "form_size", maxParamsNeed, bodyClause) {
		p.place(l, header, inQuery, ParseParams(form))
	}
	return p
}

// countParams returns how many parameters a query or a form has at most.
func countParams(s string) int {
	if s == "" {
		return 0
	}
	return strings.Count(s, "&") + 1
}

func hasBodyHash(params []Param) bool {
	return slices.ContainsFunc(params, func(p Param) bool { return p.Name == "oauth_body_hash" })
}

// requestTarget returns the path and the query of r as they were sent, or as net/http
// writes those of a target in absolute form.
func requestTarget(r *http.Request) (path, query string) {
	// RequestURI is what no handler before us changes.
	if strings.HasPrefix(r.RequestURI, "/") {
		path, query, _ = strings.Cut(r.RequestURI, "?")
		return path, query
	}
	u := r.URL // of a request that was made by hand
	if absolute, err := url.ParseRequestURI(r.RequestURI); err == nil {
		u = absolute
	}
	// What is no path must not become part of the host.
	return "/" + strings.TrimPrefix(u.EscapedPath(), "/"), u.RawQuery
}

// parseAuthorization returns the parameters of an Authorization header, or none if it
// is not of the scheme OAuth.
func parseAuthorization(fields []string) ([]Param, error) {
	if len(fields) == 0 {
		return nil, nil
	}
	if len(fields) > 1 {
		return nil, errAuthorization()
	}
	return ParseAuthorization(fields[0])
}

func errAuthorization() error {
	return &CheckError{"authorization",
		"must be there once, well-formed, and have parameters alone that begin with oauth_",
		"RFC 5849, Section 3.5.1"}
}

// ParseAuthorization returns the parameters of an Authorization header, RFC 5849,
// Section 3.5.1, without its realm: what [BaseString] needs of a request that was
// sent. They are none if the header is not of the scheme OAuth; one that is malformed,
// or has parameters that do not begin with oauth_, is a [*CheckError].
func ParseAuthorization(header string) ([]Param, error) {
	list, ok := challenge.Parse(header)
	if !ok || len(list) != 1 {
		return nil, errAuthorization()
	}
	if !strings.EqualFold(list[0].Scheme, "OAuth") {
		return nil, nil
	}
	var params []Param
	for _, p := range list[0].Params {
		if strings.EqualFold(p.Name, "realm") {
			continue
		}
		// One that was signed in the query or the form would be hidden here from whoever
		// reads those.
		if recode(p.Name) != p.Name || recode(p.Value) != p.Value ||
			!strings.HasPrefix(p.Name, "oauth_") {
			return nil, errAuthorization()
		}
		params = append(params, Param{unescape(p.Name), unescape(p.Value)})
	}
	return params, nil
}

// readBody reads the body of r, of which there is a hash or not, and lets it be read
// again.
func (v *Verifier) readBody(r *http.Request, hashed bool) ([]byte, error) {
	var body []byte
	if r.Body != nil {
		var err error
		body, err = io.ReadAll(http.MaxBytesReader(nil, r.Body, v.config.MaxBody))
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			return nil, &CheckError{"body", "must not be longer than MaxBody", bodyClause}
		}
		if err != nil {
			return nil, fmt.Errorf("oauth1: body: %w", err)
		}
		r.Body.Close()
	}
	// A body that others have read would pass for none, which needs no signature.
	read := len(r.PostForm) > 0 || r.MultipartForm != nil || r.ContentLength < 0 && !hashed
	if len(body) == 0 && read || r.ContentLength > 0 && int64(len(body)) != r.ContentLength {
		return nil, &CheckError{"body", "must be whole, and not have been read before", bodyClause}
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	return body, nil
}

// place tells the protocol parameters, which must be in one place and each there
// once, from the others.
func (p *parsed) place(l *verdict.List, header, query, form []Param) {
	var protocol []Param
	var places []Placement
	sort := func(place Placement, params []Param) {
		before := len(protocol)
		for _, q := range params {
			if strings.HasPrefix(q.Name, "oauth_") {
				protocol = append(protocol, q)
			} else {
				p.Params = append(p.Params, q)
			}
		}
		if len(protocol) > before {
			places = append(places, place)
		}
	}
	sort(PlacementHeader, header)
	sort(PlacementQuery, query)
	sort(PlacementBody, form)
	p.Protocol, p.signed = valuesOf(protocol), slices.Concat(header, query, form)
	l.Check(len(p.Protocol) == len(protocol), "parameters", "must each be there once",
		"RFC 5849, Section 3.1")
	l.Check(len(places) <= 1, "placement", "must be one of header, query and form",
		"RFC 5849, Section 3.5")
	if len(places) == 1 {
		p.Placement = places[0]
	}
}

// checkShape makes the checks that need no key.
func (v *Verifier) checkShape(l *verdict.List, p *parsed) {
	const clause = "RFC 5849, Section 3.1"
	present := func(name string) {
		l.Check(p.Protocol[name] != "", name, "must be present", clause)
	}
	present("oauth_consumer_key")
	present("oauth_signature_method")
	present("oauth_signature")
	version, ok := p.Protocol["oauth_version"]
	l.Check(!ok || version == "1.0", "oauth_version", "must be 1.0", clause)
	p.SignatureMethod = SignatureMethod(p.Protocol["oauth_signature_method"])
	l.Check(slices.Contains(v.config.Methods, p.SignatureMethod), "signature_method",
		"must be one of those accepted", "RFC 5849, Section 3.2")
	p.ClientID, p.Token = p.Protocol["oauth_consumer_key"], p.Protocol["oauth_token"]
	if p.timed() {
		present("oauth_timestamp")
		present("oauth_nonce")
		l.Check(v.inWindow(p.Protocol["oauth_timestamp"]), "timestamp",
			"must be a number of seconds within Window of now", "RFC 5849, Section 3.3")
	}
	p.signature = p.Protocol["oauth_signature"]
	delete(p.Protocol, "oauth_signature")
}

// timed reports whether p has, or must have, a timestamp and a nonce: PLAINTEXT may
// do without (RFC 5849, Section 3.1).
func (p *parsed) timed() bool {
	return p.SignatureMethod != Plaintext ||
		p.Protocol["oauth_timestamp"]+p.Protocol["oauth_nonce"] != ""
}

func (v *Verifier) inWindow(timestamp string) bool {
	seconds, err := strconv.ParseUint(timestamp, 10, 40)
	return err == nil && v.config.Now().Sub(time.Unix(int64(seconds), 0)).Abs() <= v.config.Window
}

func (v *Verifier) checkSignature(ctx context.Context, l *verdict.List, p *parsed) {
	const clause = "RFC 5849, Section 3.2"
	key, err := v.config.Key(ctx, p.ClientID, p.Token)
	err = because(err, "credentials",
		"must be those of a client and a token that Key knows", clause)
	if !l.Result("credentials", clause, err) {
		return
	}
	base := appendBaseString(nil, p.method, v.origin+p.path, appendEncoded(nil, p.signed))
	valid, err := p.SignatureMethod.verify(string(base), p.signature, key)
	err = because(err, "key", "must be one that the method can use", "RFC 5849, Section 3.4")
	l.Result("key", "RFC 5849, Section 3.4", err)
	l.Check(valid, "signature", "must be that of the request", clause)
}

// checkBody makes sure that the signature covers the body.
func (v *Verifier) checkBody(l *verdict.List, p *parsed) {
	const check, extension = "body_hash", "OAuth Request Body Hash"
	hash, ok := p.Protocol["oauth_body_hash"]
	switch {
	case p.isForm && len(p.body) > 0:
		l.Check(!ok, check, "must not be there with a form", extension+", Section 4.1.1")
	case ok:
		l.Check(v.isHash(p, hash), check, "must be that of the body", extension+", Section 3.2")
	default:
		l.Check(len(p.body) == 0, check,
			"must be there with a body that is not a form, unless InsecureUnsignedBody",
			"RFC 5849, Section 4.12")
	}
}

// isHash reports whether hash is that of the body. PLAINTEXT signs none.
func (v *Verifier) isHash(p *parsed, hash string) bool {
	if p.SignatureMethod == Plaintext {
		return v.config.InsecureUnsignedBody
	}
	return equal(hash, p.SignatureMethod.bodyHash(p.body).Value)
}

// checkNonce comes last, so that nobody else can use a nonce up.
func (v *Verifier) checkNonce(ctx context.Context, p *parsed) error {
	if !p.timed() {
		return nil
	}
	key := sha256.Sum256(fmt.Appendf(nil, "%q", []string{
		p.ClientID, p.Token, p.Protocol["oauth_timestamp"], p.Protocol["oauth_nonce"]}))
	// Past this the timestamp is refused.
	until := v.config.Now().Add(2*v.config.Window + time.Second)
	fresh, err := v.config.Nonces.Add(ctx, hex.EncodeToString(key[:]), until)
	if err != nil {
		return fmt.Errorf("oauth1: nonce store: %w", err)
	}
	if !fresh {
		return &CheckError{"nonce", "must not have been used before", "RFC 5849, Section 3.3"}
	}
	return nil
}
