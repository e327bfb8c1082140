package jose

import (
	"encoding/json"
	"errors"
	"strings"

	"vouchsafe/internal/strictjson"
)

// MaxSize is the greatest length, in bytes, of a compact serialization that is
// looked at.
const MaxSize = 16 << 10

// A Header is the part of a JOSE header that decides how a signature is
// verified, RFC 7515, Section 4.1. All of it was integrity protected.
type Header struct {
	Algorithm string // "alg"
	KeyID     string // "kid", empty if absent
	Type      string // "typ", empty if absent
}

// headerMembers are the registered header members, RFC 7515, Section 4.1 and
// RFC 7797, Section 3.
var headerMembers = []string{"alg", "jku", "jwk", "kid", "x5u", "x5c", "x5t", "x5t#S256",
	"typ", "cty", "crit", "b64"}

// parseHeader reads a protected header. The members jwk, jku, x5u and x5c are
// ignored: a token does not bring its own key (RFC 8725, Section 3.10).
func parseHeader(raw []byte) (Header, error) {
	const clause = "RFC 7515, Section 4.1"
	m, err := strictjson.Parse(raw, headerMembers...)
	if err != nil {
		return Header{}, checkError("header", "must be one strict JSON object", clause)
	}
	if m.Get("crit") != nil || m.Get("b64") != nil {
		return Header{}, checkError("crit", "must name no extension: none is implemented",
			"RFC 7515, Section 4.1.11")
	}
	var h Header
	for name, field := range map[string]*string{"alg": &h.Algorithm, "kid": &h.KeyID,
		"typ": &h.Type} {
		value := m.Get(name)
		text, ok := value.String()
		if value != nil && !ok || len(text) > maxKeyIDSize {
			return Header{}, checkError("header", "must have alg, kid and typ as short strings",
				clause)
		}
		*field = text
	}
	return h, nil
}

// An UnverifiedHeader is a header that nobody vouches for.
type UnverifiedHeader Header

// Peek reads the header of a compact serialization without verifying anything.
func Peek(compact string) (UnverifiedHeader, error) {
	j, err := parseCompact(compact)
	return UnverifiedHeader(j.header), err
}

// A jws is a compact serialization taken apart, RFC 7515, Section 7.1.
type jws struct {
	header       Header
	signingInput string // as received: never encoded anew
	payload      string // still encoded: not looked at before the signature
	signature    []byte
}

func parseCompact(compact string) (jws, error) {
	const clause = "RFC 7515, Section 7.1"
	if len(compact) > MaxSize {
		return jws{}, checkError("size", "must be at most 16 KiB", clause)
	}
	if strings.Count(compact, ".") != 2 {
		return jws{}, checkError("compact", "must have three parts", clause)
	}
	first, last := strings.IndexByte(compact, '.'), strings.LastIndexByte(compact, '.')
	rawHeader, okHeader := decode(compact[:first])
	signature, okSignature := decode(compact[last+1:])
	if !okHeader || !okSignature || len(signature) == 0 {
		return jws{}, checkError("compact",
			"must be base64url of one spelling and have a signature", clause)
	}
	h, err := parseHeader(rawHeader)
	if err != nil {
		return jws{}, err
	}
	return jws{h, compact[:last], compact[first+1 : last], signature}, nil
}

// verify reports whether one of keys, which serve the header's algorithm, made
// the signature. At most maxTries are tried, so that a set of many keys cannot
// be made to cost much by leaving out the key ID.
func (j jws) verify(keys []*Key) bool {
	const maxTries = 8
	alg, ok := findAlgorithm(j.header.Algorithm)
	if !ok {
		return false
	}
	d := digest(j.signingInput)
	for _, k := range keys[:min(len(keys), maxTries)] {
		if k.serves(alg.name) && alg.verify(k.public, d, j.signature) {
			return true
		}
	}
	return false
}

// SignOptions are the settings of [Sign]. The zero value will do.
type SignOptions struct {
	// Algorithm is the "alg". If empty, the first that the key serves.
	Algorithm string

	// Type is the "typ", RFC 7515, Section 4.1.9. If empty, there is none.
	Type string
}

// Sign returns payload signed by key in the compact serialization, RFC 7515,
// Section 5.1. The key's ID goes into the header.
func Sign(payload []byte, key *Key, o SignOptions) (string, error) {
	if key.signer == nil {
		return "", errors.New("jose: key cannot sign")
	}
	if o.Algorithm == "" {
		o.Algorithm = key.algorithms[0]
	}
	alg, ok := findAlgorithm(o.Algorithm)
	if !ok || !key.serves(alg.name) {
		return "", errors.New("jose: key does not serve the algorithm")
	}
	header, err := json.Marshal(struct {
		Algorithm string `json:"alg"`
		KeyID     string `json:"kid,omitempty"`
		Type      string `json:"typ,omitempty"`
	}{alg.name, key.id, o.Type})
	if err != nil {
		return "", err
	}
	input := encode(header) + "." + encode(payload)
	sig, err := alg.sign(*key.signer, digest(input))
	if err != nil {
		return "", err
	}
	return input + "." + encode(sig), nil
}
