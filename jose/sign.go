package jose

import (
	"cmp"
	"encoding/json"
	"strings"
	"unicode/utf8"
)

// SignOptions are the settings of [Sign], [SignJSON] and [Issue]. The zero value will
// do.
type SignOptions struct {
	// Algorithm is the "alg". If empty, the first that the key serves.
	Algorithm string

	// KeyID is the "kid", RFC 7515, Section 4.1.4. If empty, the key's ID.
	KeyID string

	// Type is the "typ", RFC 7515, Section 4.1.9. If empty, there is none; for
	// Issue it is then "JWT".
	Type string

	// ContentType is the "cty", RFC 7515, Section 4.1.10. If empty, there is none.
	ContentType string

	// Header holds further parameters of the protected header. They must not be
	// those that this package sets.
	Header map[string]any

	// Critical names the parameters of Header that whoever verifies must
	// understand, RFC 7515, Section 4.1.11.
	Critical []string

	// Detached leaves the payload out of the result, RFC 7515, Appendix F.
	Detached bool

	// Unencoded signs the payload as it is, RFC 7797. If it is not Detached it must
	// be text, and in the compact serialization printable ASCII without a full stop.
	Unencoded bool
}

// Sign returns payload signed by key in the compact serialization, RFC 7515,
// Section 5.1. The key's ID goes into the header.
func Sign(payload []byte, key *Key, o SignOptions) (string, error) {
	if o.Unencoded && !o.Detached && !isCompactText(string(payload)) {
		return "", errCompactText()
	}
	alg, err := o.algorithm(key)
	if err != nil {
		return "", err
	}
	header, err := o.header(alg, key)
	if err != nil {
		return "", err
	}
	b := make([]byte, 0, strict.EncodedLen(len(header)+len(payload)+maxRSABits/8)+2)
	b = appendInput(b, header, payload, o.Unencoded)
	sig, err := alg.sign(key, b)
	if err != nil {
		return "", err
	}
	if o.Detached {
		b = appendInput(b[:0], header, nil, false)
	}
	return string(strict.AppendEncode(append(b, '.'), sig)), nil
}

// isCompactText reports whether a payload can stand unencoded in the compact
// serialization.
func isCompactText(payload string) bool {
	return !strings.ContainsFunc(payload, func(r rune) bool {
		return r < ' ' || r > '~' || r == '.'
	})
}

func errCompactText() error {
	return checkError("payload", "must be printable ASCII without a full stop",
		"RFC 7797, Section 5.2")
}

// header returns the protected header.
func (o SignOptions) header(alg signatureAlgorithm, key *Key) ([]byte, error) {
	w := writer{b: make([]byte, 0, 256)}
	w.text("alg", alg.name)
	w.text("kid", cmp.Or(o.KeyID, key.id))
	w.text("typ", o.Type)
	w.text("cty", o.ContentType)
	if !o.Unencoded {
		return w.finish(o.Header, o.Critical)
	}
	w.value("b64", false) // which never fails
	return w.finish(o.Header, o.Critical, "b64")
}

// appendInput appends what is signed, RFC 7515, Section 5.1 and RFC 7797, Section 3.
func appendInput(b, header, payload []byte, unencoded bool) []byte {
	b = append(strict.AppendEncode(b, header), '.')
	if unencoded {
		return append(b, payload...)
	}
	return strict.AppendEncode(b, payload)
}

// algorithm returns the one to sign with.
func (o SignOptions) algorithm(key *Key) (signatureAlgorithm, error) {
	name := o.Algorithm
	if name == "" && key != nil && len(key.algorithms) > 0 {
		name = key.algorithms[0]
	}
	alg, ok := findSignatureAlgorithm(name)
	if !ok || key == nil || !key.serves(name) || !key.may(toSign) ||
		!key.symmetric() && key.signer() == nil {
		return signatureAlgorithm{}, errCannotSign()
	}
	return alg, nil
}

// CanSign reports whether [Sign] can use the key with the algorithm called name, or if
// that is empty with the first that the key serves: it then has a private key, or a
// secret. Nothing is signed.
func (k *Key) CanSign(name string) bool {
	_, err := SignOptions{Algorithm: name}.algorithm(k)
	return err == nil
}

func errCannotSign() error {
	return checkError("key", "must be one that signs with the algorithm", "RFC 7515, Section 5.1")
}

// A jwsJSON is a JWS in the general serialization, RFC 7515, Section 7.2.1, or, with
// the members of one signature, flattened, RFC 7515, Section 7.2.2.
type jwsJSON struct {
	Payload    *string         `json:"payload,omitempty"`
	Signatures []signatureJSON `json:"signatures,omitempty"`
	*signatureJSON
}

type signatureJSON struct {
	Protected string `json:"protected"`
	Signature string `json:"signature"`
}

// SignJSON returns payload signed by each of keys (at most 8), each with its own
// algorithm, in the JSON serialization: flattened if there is one key, else general
// (RFC 7515, Section 7.2). The keys' IDs go into the protected headers.
func SignJSON(payload []byte, keys []*Key, o SignOptions) ([]byte, error) {
	if len(keys) == 0 || len(keys) > maxParts {
		return nil, checkError("keys", "must be 1 to 8", "RFC 7515, Section 7.2.1")
	}
	if o.Unencoded && !o.Detached && !utf8.Valid(payload) {
		return nil, checkError("payload", "must be UTF-8", "RFC 7797, Section 5.3")
	}
	m, text := jwsJSON{}, encodePayload(payload, !o.Unencoded)
	if !o.Detached {
		m.Payload = &text
	}
	for _, key := range keys {
		alg, err := o.algorithm(key)
		if err != nil {
			return nil, err
		}
		header, err := o.header(alg, key)
		if err != nil {
			return nil, err
		}
		sig, err := alg.sign(key, appendInput(nil, header, payload, o.Unencoded))
		if err != nil {
			return nil, err
		}
		m.Signatures = append(m.Signatures, signatureJSON{encode(header), encode(sig)})
	}
	if len(keys) == 1 {
		m.signatureJSON, m.Signatures = &m.Signatures[0], nil
	}
	return json.Marshal(m)
}
