package oauth1

import (
	"cmp"
	"crypto/rand"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"vouchsafe/httpclient"
	"vouchsafe/internal/verdict"
)

// A Placement is where a request carries the protocol parameters, RFC 5849,
// Section 3.5. The values are Authlib's, which calls it signature_type.
type Placement string

// The placements. The zero value means PlacementHeader.
const (
	// PlacementHeader is the Authorization header, Section 3.5.1.
	PlacementHeader Placement = "HEADER"

	// PlacementBody is the form body, Section 3.5.2, of requests that have one and
	// of a POST without a body, which gets one. Other requests cannot carry them
	// there, and have them in the header.
	PlacementBody Placement = "BODY"

	// PlacementQuery is the query of the URL, Section 3.5.3, where logs and
	// histories may keep it: with PLAINTEXT, the secrets.
	PlacementQuery Placement = "QUERY"
)

// NoToken returns the token of requests that act for no user and are signed with
// the client's credentials alone (RFC 5849, Section 3.1): "two-legged".
func NoToken() *Token { return newToken(Record{}) }

// A Signer signs requests with the credentials of a client and of a token. It is
// safe for concurrent use. Printing it shows neither.
//
// It signs for whatever URL it is handed: [Client.Transport] is the safer choice
// where a response can name the next one.
type Signer struct{ held func() *signer }

type signer struct {
	config *settings
	clock  *clock
	fixed  []encoded // the protocol parameters that every request has
	sign   signFunc

	buffers sync.Pool // of *[]byte, for base strings
}

// Signer returns what signs requests with tok, or with [NoToken]. A token that
// cannot be signed with is a [*CheckError].
func (c *Client) Signer(tok *Token) (*Signer, error) {
	s, err := c.signerOf(tok)
	if err != nil {
		return nil, err
	}
	return &Signer{func() *signer { return s }}, nil
}

func (c *Client) signerOf(tok *Token) (*signer, error) {
	if tok == nil || tok.reveal == nil {
		return nil, &CheckError{"token", "must not be nil or empty", "RFC 5849, Section 3.1"}
	}
	r := tok.record()
	if r.Token != "" && r.Secret == "" && !c.config().InsecureNoTokenSecret {
		return nil, &CheckError{"token_secret", "must not be empty", "RFC 5849, Section 2.3"}
	}
	return c.newSigner(credentials{r.Token, r.Secret})
}

// newSigner is for credentials that may be temporary, or none.
func (c *Client) newSigner(t credentials) (*signer, error) {
	config := c.config()
	key := Key{ClientSecret: config.Secret, TokenSecret: t.secret, PrivateKey: config.PrivateKey}
	sign, err := config.signer(key)
	if err != nil {
		return nil, err
	}
	return &signer{
		config: config, clock: c.clock, fixed: config.fixedParams(t.id), sign: sign,
		buffers: sync.Pool{New: func() any { return new(make([]byte, 0, 1024)) }},
	}, nil
}

func (c *Config) fixedParams(token string) []encoded {
	var params []Param
	if !c.OmitVersion {
		params = append(params, Param{"oauth_version", "1.0"})
	}
	params = append(params, Param{"oauth_signature_method", string(c.SignatureMethod)},
		Param{"oauth_consumer_key", c.ID})
	if token != "" || c.EmptyToken {
		params = append(params, Param{"oauth_token", token})
	}
	return appendEncoded(nil, params)
}

// Header returns the value of the Authorization header of a request, RFC 5849,
// Section 3.5.1, for where there is no [http.Request] to sign, such as a
// WebSocket's handshake (u then has https for wss), and for where more is to be
// signed than what the request seems to have, such as the text fields of an
// upload. form are the parameters of its form body, if it has one; params are
// further protocol parameters.
//
// A URL that is not https, nor http on loopback, or has user information is a
// [*CheckError], and so is a protocol parameter that is there already; an error in
// signing is wrapped.
func (s *Signer) Header(
	method string, u *url.URL, form []Param, params ...Param,
) (string, error) {
	signer := s.held()
	if err := httpclient.CheckParsedURL(signer.config.HTTP, u); err != nil {
		return "", errURL(err)
	}
	others := appendEncoded(appendRecoded(make([]encoded, 0, 24), u.RawQuery), form)
	if err := checkParams(others, params); err != nil {
		return "", err
	}
	protocol, err := signer.appendProtocol(make([]encoded, 0, 12), method, u, others, params)
	if err != nil {
		return "", err
	}
	return authorization(signer.config.Realm, protocol), nil
}

// Sign returns a signed copy of req, as [Client.Transport] sends it, but to
// whatever URL req has. params are further protocol parameters, such as the
// oauth_callback that some want for other requests than those of a login.
//
// If Sign had to read the body of req, it has closed it and the copy has one of
// its own; otherwise they share it. It closes none of a request that it refuses.
// What cannot be signed is a [*CheckError], which wraps [httpclient.ErrInsecureURL]
// for a URL that is not https, nor http on loopback. Other errors are those of the
// body and of signing.
func (s *Signer) Sign(req *http.Request, params ...Param) (*http.Request, error) {
	signer := s.held()
	l := checks(req.Context())
	if !l.Result("url", urlClause, signer.checkURL(req)) {
		return nil, l.Err()
	}
	return signer.signRequest(l, req, params)
}

const urlClause = "RFC 5849, Section 2"

func (s *signer) checkURL(req *http.Request) error {
	// Its own origins: what remains is whatever else Origins.Check looks at.
	u := cmp.Or(req.URL, &url.URL{})
	named := url.URL{Scheme: u.Scheme, Host: u.Host}
	own := named.String()
	named.Host = cmp.Or(req.Host, u.Host)
	origins, err := httpclient.ParseOrigins(s.config.HTTP, own, named.String())
	if err == nil {
		err = origins.Check(req)
	}
	return errURL(err)
}

func errURL(err error) error {
	return because(err, "url",
		"must be https, or http on loopback, and so must the Host header", urlClause)
}

// signRequest returns a signed copy of req, whose URL has been checked.
func (s *signer) signRequest(
	l *verdict.List, req *http.Request, extra []Param,
) (*http.Request, error) {
	if !l.Check(len(httpclient.Fields(req.Header, "Authorization")) == 0, "authorization",
		"must not be in the request already", "RFC 5849, Section 3.5") {
		return nil, l.Err()
	}
	placement := s.placement(req)
	form := hasForm(req) || placement == PlacementBody
	read := form || s.config.BodyHash
	var body []byte
	var err error
	if read {
		body, err = readBody(req)
		l.Result("body", bodyClause, err)
	}
	others := appendRecoded(make([]encoded, 0, 24), req.URL.RawQuery)
	if form {
		others = appendRecoded(others, string(body))
	} else if read {
		extra = append(slices.Clip(extra), s.config.SignatureMethod.bodyHash(body))
	}
	l.Result("parameters", "RFC 5849, Section 3.5", checkParams(others, extra))
	if l.Err() != nil {
		return nil, l.Err()
	}
	params, err := s.appendProtocol(make([]encoded, 0, 12), req.Method, target(req), others, extra)
	if err != nil {
		return nil, err
	}
	signed := req.Clone(req.Context())
	if placement == PlacementBody {
		body = []byte(join(string(body), params))
		signed.ContentLength = int64(len(body))
	}
	if read {
		replaceBody(signed, body)
	}
	s.place(signed, placement, params)
	return signed, nil
}

// place puts the protocol parameters where there is no body to be replaced.
func (s *signer) place(signed *http.Request, placement Placement, params []encoded) {
	if signed.Header == nil {
		signed.Header = make(http.Header)
	}
	switch placement {
	case PlacementHeader:
		signed.Header.Set("Authorization", authorization(s.config.Realm, params))
	case PlacementQuery:
		signed.URL.RawQuery = join(signed.URL.RawQuery, params)
	case PlacementBody:
		if !hasForm(signed) {
			maps.DeleteFunc(signed.Header, func(name string, _ []string) bool {
				return strings.EqualFold(name, "Content-Type")
			})
			signed.Header.Set("Content-Type", formType)
		}
	}
}

// placement returns where req can have the protocol parameters.
func (s *signer) placement(req *http.Request) Placement {
	empty := req.Method == http.MethodPost && (req.Body == nil || req.Body == http.NoBody)
	if s.config.Placement == PlacementBody && !hasForm(req) && !empty {
		return PlacementHeader
	}
	return s.config.Placement
}

// target returns the URL of req with the host that the Host header will have
// (RFC 5849, Section 3.4.1.2).
func target(req *http.Request) *url.URL {
	if req.Host == "" || req.Host == req.URL.Host {
		return req.URL
	}
	u := *req.URL
	u.Host = req.Host
	return &u
}

// appendProtocol appends the protocol parameters of a request, oauth_signature last.
// others are what is signed beside them: the query and the form.
func (s *signer) appendProtocol(
	params []encoded, method string, u *url.URL, others []encoded, extra []Param,
) ([]encoded, error) {
	params = append(params,
		encoded{"oauth_nonce", rand.Text()}, // 128 bits or more, letters and digits
		encoded{"oauth_timestamp", s.clock.timestamp()})
	params = append(params, s.fixed...)
	params = appendEncoded(params, extra)
	all := append(append(make([]encoded, 0, 32), params...), others...)
	buffer := s.buffers.Get().(*[]byte)
	*buffer = appendBaseString((*buffer)[:0], method, BaseURI(u), all)
	signature, err := s.sign(*buffer)
	if cap(*buffer) <= 64<<10 {
		s.buffers.Put(buffer)
	}
	return append(params, encoded{"oauth_signature", escape(signature)}), err
}

// checkParams makes sure that each protocol parameter will be in one place, once:
// others, the query and the form, have none, and extra none of those that
// appendProtocol sets.
func checkParams(others []encoded, extra []Param) error {
	for _, p := range others {
		if strings.HasPrefix(p.Name, "oauth_") {
			return errPresent(p.Name)
		}
	}
	seen := []string{"", "realm", "oauth_nonce", "oauth_timestamp", "oauth_version",
		"oauth_signature_method", "oauth_consumer_key", "oauth_token", "oauth_signature"}
	for _, p := range extra {
		if slices.Contains(seen, p.Name) {
			return errPresent(p.Name)
		}
		seen = append(seen, p.Name)
	}
	return nil
}

func errPresent(name string) error {
	need := "must not contain one that begins with oauth_"
	if plain(name) {
		need = "must not contain " + name
	}
	return &CheckError{"parameters", need, "RFC 5849, Section 3.1"}
}

// authorization returns the value of an Authorization header, RFC 5849, Section
// 3.5.1. The realm is a quoted-string, never percent-encoded.
func authorization(realm string, params []encoded) string {
	b := append(make([]byte, 0, 512), "OAuth "...)
	if realm != "" {
		quoted := strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(realm)
		b = append(append(append(b, `realm="`...), quoted...), `", `...)
	}
	for i, p := range params {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = append(append(b, p.Name...), `="`...)
		b = append(append(b, p.Value...), '"')
	}
	return string(b)
}

// join appends parameters to a query or a form body, which stays as it is (RFC
// 5849, Sections 3.5.2 and 3.5.3).
func join(s string, params []encoded) string {
	return string(appendPairs([]byte(s), params))
}
