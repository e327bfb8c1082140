package jose

import (
	"encoding/json"
	"slices"
	"strings"

	"vouchsafe/internal/strictjson"
)

// A Header is a JOSE header, RFC 7515, Section 4 and RFC 7516, Section 4. All of it
// was protected, with two exceptions in a JSON serialization: KeyID, which only helps
// to find a key, and a JWE's Algorithm and Encryption, which the key and the caller
// decide.
type Header struct {
	Algorithm   string // "alg"
	Encryption  string // "enc", only in a JWE
	KeyID       string // "kid", empty if absent
	Type        string // "typ", empty if absent
	ContentType string // "cty", empty if absent

	protected string // the JSON text
}

// Get returns the JSON text of the protected header parameter called name, exactly,
// and nil if there is none. What it says of keys (jwk, jku, x5u, x5c) is no reason
// to trust them.
func (h Header) Get(name string) json.RawMessage {
	m, _ := parseMembers(h.protected)
	return m.Get(name).Raw()
}

// An UnverifiedHeader is a header that nobody vouches for.
type UnverifiedHeader Header

// Get is [Header.Get] of what nobody vouches for.
func (h UnverifiedHeader) Get(name string) json.RawMessage { return Header(h).Get(name) }

// headerParameters are the registered ones: RFC 7515, Section 4.1, RFC 7516,
// Section 4.1, RFC 7518, Section 4 and RFC 7797, Section 3.
var headerParameters = []string{"alg", "jku", "jwk", "kid", "x5u", "x5c", "x5t", "x5t#S256",
	"typ", "cty", "crit", "enc", "zip", "epk", "apu", "apv", "iv", "tag", "p2s", "p2c", "b64"}

// parameters are those of a whole header: the protected ones, and the others.
type parameters []strictjson.Object

// Get returns the parameter called name, "" if there is none.
func (p parameters) Get(name string) strictjson.Value {
	for _, o := range p {
		if v := o.Get(name); v != "" {
			return v
		}
	}
	return ""
}

// parseHeader reads a protected header. The parameters jwk, jku, x5u and x5c are
// ignored: a token does not bring its own key (RFC 8725, Section 3.10). understood are
// the extensions that "crit" may name.
func parseHeader(protected string, understood []string, unprotected ...strictjson.Object) (
	Header, error) {
	m, err := parseMembers(protected)
	if err != nil {
		return Header{}, err
	}
	return newHeader(protected, m, understood, unprotected)
}

// newHeader is parseHeader once the protected header's text has been read.
func newHeader(text string, protected strictjson.Object, understood []string,
	unprotected parameters) (Header, error) {
	if err := checkCritical(protected, understood, unprotected); err != nil {
		return Header{}, err
	}
	return readHeader(text, protected, unprotected...)
}

func parseMembers(header string) (strictjson.Object, error) {
	m, err := strictjson.Parse(header, headerParameters...)
	if err != nil {
		return m, checkError("header", "must be one strict JSON object", "RFC 7515, Section 4")
	}
	return m, nil
}

// readHeader reads the parameters, each of which is in one place.
func readHeader(text string, protected strictjson.Object, unprotected ...strictjson.Object) (
	Header, error) {
	h := Header{protected: text}
	ok := h.readSelection(protected) &&
		stringMembers(protected, stringMember{"typ", &h.Type}, stringMember{"cty", &h.ContentType})
	for _, o := range unprotected {
		ok = ok && h.readSelection(o)
	}
	if !ok || max(len(h.Algorithm), len(h.Encryption), len(h.KeyID), len(h.Type),
		len(h.ContentType)) > maxKeyIDSize {
		return Header{}, checkError("header",
			"must have alg, enc, kid, typ and cty as short strings", "RFC 7515, Section 4.1")
	}
	return h, nil
}

// readSelection reads what helps to find a key.
func (h *Header) readSelection(m strictjson.Object) bool {
	return stringMembers(m, stringMember{"alg", &h.Algorithm}, stringMember{"enc", &h.Encryption},
		stringMember{"kid", &h.KeyID})
}

// orEmpty returns the header that no text stands for.
func orEmpty(header string) string {
	if header == "" {
		return "{}"
	}
	return header
}

// parseUnprotected reads an unprotected header, if there is one.
func parseUnprotected(v strictjson.Value) (strictjson.Object, error) {
	if v == "" {
		return strictjson.Object{}, nil
	}
	m, err := strictjson.Parse(string(v), headerParameters...)
	if err != nil {
		return m, checkError("header", "must be a strict JSON object", "RFC 7515, Section 7.2.1")
	}
	return m, nil
}

// Peek reads the header of a compact JWS or JWE without verifying anything.
func Peek(compact string) (UnverifiedHeader, error) {
	dots := strings.Count(compact, ".")
	first, _, _ := strings.Cut(compact, ".")
	if len(first) > DefaultMaxSize || dots != 2 && dots != 4 {
		return UnverifiedHeader{}, checkError("compact",
			"must be three or five parts, the first of at most 16 KiB", "RFC 7516, Section 9")
	}
	protected, ok := decodeText(first)
	if !ok {
		return UnverifiedHeader{}, checkError("compact", "must be base64url of one spelling",
			"RFC 7515, Section 7.1")
	}
	m, err := parseMembers(protected)
	if err != nil {
		return UnverifiedHeader{}, err
	}
	h, err := readHeader(protected, m)
	return UnverifiedHeader(h), err
}

// checkCritical makes the checks of RFC 7515, Section 4.1.11 and RFC 7797, Section 6:
// whatever is critical, and "b64", is protected, and known to whoever reads it.
func checkCritical(protected strictjson.Object, understood []string, others parameters) error {
	const clause = "RFC 7515, Section 4.1.11"
	for i, o := range others {
		for name := range o.All() {
			if protected.Get(name) != "" || others[:i].Get(name) != "" {
				return checkError("header", "must have no parameter in two places",
					"RFC 7515, Section 7.2.1")
			}
		}
	}
	if others.Get("crit") != "" || others.Get("b64") != "" {
		return checkError("crit", "must be protected, and b64 too", clause)
	}
	list, ok := protected.Get("crit").Strings()
	if protected.Get("crit") != "" && (!ok || len(list) == 0) {
		return checkError("crit", "must be an array of names", clause)
	}
	b64 := protected.Get("b64")
	if _, ok := b64.Bool(); b64 != "" && (!ok || !slices.Contains(list, "b64")) {
		return checkError("crit", "must list b64, which must be a boolean", "RFC 7797, Section 6")
	}
	for i, name := range list {
		if !slices.Contains(understood, name) || slices.Contains(list[:i], name) ||
			protected.Get(name) == "" {
			return checkError("crit", "must name, once, extensions that are there and understood",
				clause)
		}
	}
	return nil
}

// checkExtensions refuses names that cannot be extensions that a caller understands.
func checkExtensions(names []string) error {
	for _, name := range names {
		if name == "" || slices.Contains(headerParameters, name) {
			return checkError("crit", "must not name a registered parameter",
				"RFC 7515, Section 4.1.11")
		}
	}
	return nil
}

// ownParameters are those that this package sets, and nobody else.
var ownParameters = []string{"alg", "enc", "kid", "typ", "cty", "crit", "zip", "epk", "apu", "apv",
	"iv", "tag", "p2s", "p2c", "b64"}

// finish writes the caller's own header parameters in the order of their names, and
// "crit" with those of them that are to be understood and those of ours that are. A
// header that this package would not read is refused.
func (w *writer) finish(parameters map[string]any, critical []string, ours ...string) (
	[]byte, error) {
	for _, name := range sortedKeys(parameters) {
		err := w.value(name, parameters[name])
		if err != nil || slices.Contains(ownParameters, name) {
			return nil, checkError("header", "must have parameters that JSON can say, and none "+
				"that this package sets", "RFC 7515, Section 4")
		}
	}
	names := slices.Concat(critical, ours)
	if len(names) > 0 {
		w.name("crit")
		w.strings(names)
	}
	header := w.end()
	if w.notUTF8 {
		return nil, checkError("header", "must be UTF-8", "RFC 8259, Section 8.1")
	}
	if err := checkExtensions(critical); err != nil {
		return nil, err
	}
	_, err := parseHeader(string(header), names)
	return header, err
}
