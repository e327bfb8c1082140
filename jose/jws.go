package jose

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"vouchsafe/internal/verdict"
)

// DefaultMaxSize is the greatest length, in bytes, of what is looked at unless an
// option says otherwise.
const DefaultMaxSize = 16 << 10

// A token cannot be made to cost much: it may have so many signatures or recipients,
// and so many keys are tried for all of them, and as many newer ones.
const maxParts, maxTries = 8, 16

// A budget is what is left of the tries with keys, and with newer ones.
type budget struct{ keys, newer int }

func newBudget() budget { return budget{maxTries, maxTries} }

// VerifyOptions say what [VerifySignature] accepts.
type VerifyOptions struct {
	// Algorithms are the values of "alg" accepted. Required.
	Algorithms []string

	// Payload is the payload of a JWS that comes without it, RFC 7515, Appendix F.
	// If nil, the JWS must have its own: one without it is then one with an empty
	// payload, which does not verify.
	Payload []byte

	// Critical names the extensions of the header that the caller understands and
	// heeds, RFC 7515, Section 4.1.11. "b64" (RFC 7797) is always understood.
	Critical []string

	// MaxSize is the greatest length of the JWS and Payload, in bytes. Zero means
	// DefaultMaxSize.
	MaxSize int
}

// A JWS is a JSON Web Signature that verified.
type JWS struct {
	Header  Header // of the signature that verified
	Payload []byte
	Key     *Key // which made it
}

// VerifySignature verifies a JSON Web Signature, RFC 7515, Section 5.2, in the
// compact, flattened or general serialization, with its payload encoded or, by RFC
// 7797, not. Of several signatures (at most 8), all of which must be well formed, one
// by a key of keys suffices, and the JWS says which; if none does, the error is
// ErrSignature, whatever the cause. For a JSON Web Token use a [Verifier].
//
// The algorithm must be protected by the signature, must be one of o.Algorithms, and
// the key must serve it. The error is a [*CheckError] that names the check,
// [ErrSignature], or that of keys. The JWS is nil beside an error.
func VerifySignature(ctx context.Context, jws string, keys KeySource, o VerifyOptions) (
	*JWS, error) {
	p, err := newPolicy(keys, o.Algorithms, o.Critical, o.MaxSize)
	if err != nil {
		return nil, err
	}
	l := verdict.New(ctx, checkError)
	if !l.Check(len(jws)+len(o.Payload) <= p.maxSize, "size", "must be at most MaxSize",
		"RFC 7515, Section 7") {
		return nil, l.Err()
	}
	parse, shape := parseCompactJWS, "compact"
	if isJSON(jws) {
		parse, shape = parseJSONJWS, "JSON"
	}
	m, err := parse(jws, o.Payload, append(slices.Clip(o.Critical), "b64"))
	if !parsed(l, shape, "RFC 7515, Section 7", err) {
		return nil, l.Err()
	}
	payload, ok := []byte(m.payload), true
	if m.b64 {
		payload, ok = decode(m.payload)
	}
	if !l.Check(ok, "payload", "must be base64url of one spelling", "RFC 7515, Section 2") {
		return nil, l.Err()
	}
	return m.verify(ctx, p, payload)
}

// parsed records how reading a serialization ended: with the check that failed in it,
// or with what stands for all of them.
func parsed(l *verdict.List, check, clause string, err error) bool {
	if e, ok := errors.AsType[*CheckError](err); ok {
		check, clause = e.Check, e.Clause
	}
	return l.Result(check, clause, err)
}

// isJSON tells the JSON serializations from the compact one.
func isJSON(text string) bool { return strings.HasPrefix(strings.TrimLeft(text, " \t\r\n"), "{") }

// A message is a JWS taken apart, before anything of it is believed.
type message struct {
	headers    []Header
	signatures []signature // as many
	payload    string      // as received: still encoded, unless b64 is false
	b64        bool
}

// A signature is one of a JWS. Its header is apart from it, so that the octets can
// stay on the stack.
type signature struct {
	input  string // what was signed, as received: never encoded anew
	octets []byte
}

// verify tries the signatures in turn.
func (m message) verify(ctx context.Context, p policy, payload []byte) (*JWS, error) {
	tries := newBudget()
	for i, s := range m.signatures {
		l := verdict.New(ctx, checkError)
		key, err := p.verify(ctx, l, m.headers[i], s, &tries)
		if key != nil {
			return &JWS{m.headers[i], payload, key}, nil
		}
		if err != nil || len(m.signatures) == 1 {
			return nil, l.Err()
		}
	}
	return nil, ErrSignature
}

// parseCompactJWS reads the compact serialization, RFC 7515, Section 7.1.
func parseCompactJWS(compact string, detached []byte, understood []string) (message, error) {
	h, s, payload, err := parseCompact(nil, compact, understood)
	if err != nil {
		return message{}, err
	}
	m := message{headers: []Header{h}, payload: payload, b64: isEncoded(h)}
	if !m.b64 && !isCompactText(payload) {
		return message{}, errCompactText()
	}
	if detached != nil {
		if payload != "" {
			return message{}, errDetached()
		}
		m.payload = encodePayload(detached, m.b64)
		s.input += m.payload
	}
	m.signatures = []signature{s}
	return m, nil
}

func errDetached() error {
	return checkError("payload", "must be absent, since it is given apart", "RFC 7515, Appendix F")
}

// encodePayload returns the payload as it is signed, RFC 7797, Section 3.
func encodePayload(payload []byte, b64 bool) string {
	if b64 {
		return encode(payload)
	}
	return string(payload)
}

// isEncoded reads "b64", RFC 7797, Section 3. Anything but false means true.
func isEncoded(h Header) bool { return string(h.Get("b64")) != "false" }

// parseCompact takes a compact serialization apart and returns its payload as it
// stands. The signature's octets are appended to dst.
func parseCompact(dst []byte, compact string, understood []string) (
	Header, signature, string, error) {
	const clause = "RFC 7515, Section 7.1"
	first, last := strings.IndexByte(compact, '.'), strings.LastIndexByte(compact, '.')
	if first == last || strings.IndexByte(compact[first+1:], '.') != last-first-1 {
		return Header{}, signature{}, "", checkError("compact", "must have three parts", clause)
	}
	protected, okHeader := decodeText(compact[:first])
	octets, okSignature := appendDecode(dst, compact[last+1:])
	if !okHeader || !okSignature || len(octets) == 0 {
		return Header{}, signature{}, "", checkError("compact",
			"must be base64url of one spelling and have a signature", clause)
	}
	h, err := parseHeader(protected, understood)
	return h, signature{compact[:last], octets}, compact[first+1 : last], err
}

// A policy is what a signature is held to.
type policy struct {
	keys       KeySource
	algorithms []string
	critical   []string
	maxSize    int
}

func newPolicy(keys KeySource, algorithms, critical []string, maxSize int) (policy, error) {
	switch {
	case isEmpty(keys):
		return policy{}, errors.New("jose: keys are required")
	case len(algorithms) == 0:
		return policy{}, errors.New("jose: Algorithms is required")
	case maxSize < 0:
		return policy{}, errors.New("jose: MaxSize must not be negative")
	}
	for _, name := range algorithms {
		if _, ok := findSignatureAlgorithm(name); !ok {
			return policy{}, fmt.Errorf("jose: Algorithms: %q is none of SignatureAlgorithms", name)
		}
	}
	if maxSize == 0 {
		maxSize = DefaultMaxSize
	}
	return policy{keys, slices.Clone(algorithms), slices.Clone(critical), maxSize},
		checkExtensions(critical)
}

// verify makes the checks of one signature, and returns the key that made it, or nil.
// The error is that of the key source.
func (p policy) verify(ctx context.Context, l *verdict.List, h Header, s signature,
	tries *budget) (*Key, error) {
	if !l.Check(slices.Contains(p.algorithms, h.Algorithm),
		"alg", "must be one of those expected", "RFC 8725, Section 3.1") {
		return nil, nil
	}
	keys, err := p.keys.Keys(ctx, h)
	if !l.Result("keys", "RFC 7515, Section 6", err) {
		return nil, err
	}
	if !l.Check(len(keys) > 0, "key", "must be known, by its ID and algorithm",
		"RFC 7515, Section 6") {
		return nil, nil
	}
	key := s.madeBy(keys, h, &tries.keys)
	if key == nil {
		key = s.madeBy(p.newerKeys(ctx, h), h, &tries.newer)
	}
	if key == nil {
		err = ErrSignature
	}
	l.Result("signature", "RFC 7515, Section 5.2", err)
	return key, nil
}

// newerKeys returns what a key source that can look for newer keys finds.
func (p policy) newerKeys(ctx context.Context, h Header) []*Key {
	source, ok := p.keys.(RenewingKeySource)
	if !ok {
		return nil
	}
	keys, err := source.Renew(ctx, h)
	if err != nil {
		return nil
	}
	return keys
}

// madeBy returns the one of keys that made s, or nil.
func (s signature) madeBy(keys []*Key, h Header, tries *int) *Key {
	alg, ok := findSignatureAlgorithm(h.Algorithm)
	if !ok {
		return nil
	}
	var array [2048]byte // on the stack; longer tokens move to the heap
	input := append(array[:0], s.input...)
	for _, k := range keys {
		if !k.may(toVerify) || !k.serves(alg.name) {
			continue
		}
		if *tries--; *tries < 0 {
			return nil
		}
		if alg.verify(k, input, s.octets) {
			return k
		}
	}
	return nil
}
