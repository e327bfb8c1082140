package jose

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"

	"vouchsafe/internal/strictjson"
	"vouchsafe/internal/verdict"
)

// A DecrypterConfig says what a [Decrypter] accepts. Keys, Algorithms and
// Encryptions are required.
type DecrypterConfig struct {
	// Keys finds the private or symmetric keys that may decrypt.
	Keys KeySource

	// Algorithms are the values of "alg" accepted, of KeyManagementAlgorithms.
	Algorithms []string

	// Encryptions are the values of "enc" accepted, of ContentEncryptions.
	Encryptions []string

	// Critical names the header parameters that the caller understands and heeds,
	// RFC 7515, Section 4.1.11.
	Critical []string

	// MaxSize is the greatest length of a JWE in bytes. Zero means DefaultMaxSize.
	MaxSize int
}

// A Decrypter decrypts what is encrypted for one party. It is immutable and safe
// for concurrent use.
type Decrypter struct{ config DecrypterConfig }

// NewDecrypter makes a Decrypter, or says what is missing in c.
func NewDecrypter(c DecrypterConfig) (*Decrypter, error) {
	switch {
	case isEmpty(c.Keys):
		return nil, errors.New("jose: DecrypterConfig.Keys is required")
	case len(c.Algorithms) == 0:
		return nil, errors.New("jose: DecrypterConfig.Algorithms is required")
	case len(c.Encryptions) == 0:
		return nil, errors.New("jose: DecrypterConfig.Encryptions is required")
	case c.MaxSize < 0:
		return nil, errors.New("jose: DecrypterConfig.MaxSize must not be negative")
	}
	for _, name := range c.Algorithms {
		if _, ok := findKeyManagement(name); !ok {
			return nil, fmt.Errorf("jose: Algorithms: %q is none of KeyManagementAlgorithms", name)
		}
	}
	for _, name := range c.Encryptions {
		if _, ok := findEncryption(name); !ok {
			return nil, fmt.Errorf("jose: Encryptions: %q is none of ContentEncryptions", name)
		}
	}
	if c.MaxSize == 0 {
		c.MaxSize = DefaultMaxSize
	}
	c.Algorithms, c.Encryptions = slices.Clone(c.Algorithms), slices.Clone(c.Encryptions)
	c.Critical = slices.Clone(c.Critical)
	if err := checkExtensions(c.Critical); err != nil {
		return nil, err
	}
	return &Decrypter{c}, nil
}

// A JWE is what was in a JSON Web Encryption. Whoever has the recipient's public key
// can make one: it says nothing of who did.
type JWE struct {
	Header         Header
	AdditionalData []byte // "aad" of a JSON serialization, RFC 7516, Section 7.2.1
	Key            *Key   // which decrypted it

	plaintext func() []byte // hidden from fmt
}

// Plaintext returns what was encrypted.
func (j *JWE) Plaintext() []byte {
	if j.plaintext == nil {
		return nil
	}
	return j.plaintext()
}

// Decrypt decrypts a JSON Web Encryption, RFC 7516, Section 5.2, in the compact,
// flattened or general serialization. Of several recipients (at most 8) the first
// whose key is at hand is taken. Claims are not read from a JWE: what it holds must
// be signed for that; see VerifierConfig.Decrypter.
//
// The error is a [*CheckError] that names the check, [ErrDecryption], or that of
// the key source. What a key in an HSM or a KMS fails with is ErrDecryption, too. The
// JWE is nil beside an error.
func (d *Decrypter) Decrypt(ctx context.Context, jwe string) (*JWE, error) {
	l := verdict.New(ctx, checkError)
	if !l.Check(len(jwe) <= d.config.MaxSize, "size", "must be at most MaxSize",
		"RFC 7516, Section 7") {
		return nil, l.Err()
	}
	parse, shape := parseCompactJWE, "compact"
	if isJSON(jwe) {
		parse, shape = parseJSONJWE, "JSON"
	}
	m, err := parse(jwe, d.config.Critical)
	if !parsed(l, shape, "RFC 7516, Section 7", err) {
		return nil, l.Err()
	}
	tries := maxTries
	for _, r := range m.recipients {
		l := verdict.New(ctx, checkError)
		result, err := d.decrypt(ctx, l, m, r, &tries)
		if result != nil {
			return result, nil
		}
		if err != nil || len(m.recipients) == 1 {
			return nil, l.Err()
		}
	}
	return nil, ErrDecryption
}

// nested returns the token inside an encrypted one, RFC 7519, Section 5.2, and the
// header of that.
func (d *Decrypter) nested(ctx context.Context, compact string) (string, Header, error) {
	l := verdict.New(ctx, checkError)
	if !l.Check(!isJSON(compact), "compact", "must be the serialization of a token",
		"RFC 7519, Section 1") {
		return "", Header{}, l.Err()
	}
	jwe, err := d.Decrypt(ctx, compact)
	if err != nil {
		return "", Header{}, err
	}
	l.Check(equalTypes(jwe.Header.ContentType, "JWT"), "cty", "must be JWT, for a nested one",
		"RFC 7519, Section 5.2")
	return string(jwe.Plaintext()), jwe.Header, l.Err()
}

// An encrypted is a JWE taken apart.
type encrypted struct {
	recipients          []recipient
	protected, aad      string // as received: never encoded anew
	iv, ciphertext, tag []byte
}

type recipient struct {
	header       Header
	parameters   parameters
	encryptedKey []byte
}

// newRecipient reads the header, parts of which may be unprotected.
func newRecipient(encryptedKey []byte, protected string, understood []string,
	unprotected ...strictjson.Object) (recipient, error) {
	m, err := parseMembers(protected)
	if err != nil {
		return recipient{}, err
	}
	h, err := newHeader(protected, m, understood, unprotected)
	return recipient{h, append(parameters{m}, unprotected...), encryptedKey}, err
}

// authenticated returns what the content's tag covers beside it, RFC 7516, Section
// 5.1, step 14.
func (m encrypted) authenticated() []byte {
	if m.aad != "" {
		return []byte(m.protected + "." + m.aad)
	}
	return []byte(m.protected)
}

// decrypt makes the checks of one recipient. The error is that of the key source.
func (d *Decrypter) decrypt(ctx context.Context, l *verdict.List, m encrypted, r recipient,
	tries *int) (*JWE, error) {
	l.Check(slices.Contains(d.config.Algorithms, r.header.Algorithm),
		"alg", "must be one of those expected", "RFC 8725, Section 3.1")
	l.Check(slices.Contains(d.config.Encryptions, r.header.Encryption),
		"enc", "must be one of those expected", "RFC 8725, Section 3.1")
	l.Check(r.parameters.Get("zip") == "", "zip", "must be absent", "RFC 8725, Section 3.6")
	a, _ := findKeyManagement(r.header.Algorithm)
	l.Check(!a.isDirect() || len(r.encryptedKey) == 0, "encrypted_key",
		"must be empty where the key is agreed on", "RFC 7516, Section 5.2")
	if l.Err() != nil {
		return nil, nil
	}
	keys, err := d.config.Keys.Keys(ctx, r.header)
	if !l.Result("keys", "RFC 7516, Section 6", err) {
		return nil, err
	}
	if !l.Check(len(keys) > 0, "key", "must be known, by its ID and algorithm",
		"RFC 7516, Section 6") {
		return nil, nil
	}
	result := m.open(a, keys, r, tries)
	if result == nil {
		err = ErrDecryption
	}
	l.Result("decryption", "RFC 7516, Section 5.2", err)
	return result, nil
}

// open tries keys in turn.
func (m encrypted) open(a keyManagement, keys []*Key, r recipient, tries *int) *JWE {
	e, ok := findEncryption(r.header.Encryption)
	if !ok {
		return nil
	}
	for _, k := range keys {
		if !k.may(toDecrypt) || !k.answers(r.header) {
			continue
		}
		if *tries--; *tries < 0 {
			return nil
		}
		cek, ok := a.decrypt(k, r, e)
		if !ok {
			cek = make([]byte, e.keySize) // go on with another key: RFC 7516, Section 11.5
			rand.Read(cek)                // never fails
		}
		if plaintext, ok := e.open(cek, m.iv, m.ciphertext, m.tag, m.authenticated()); ok {
			aad, _ := decode(m.aad)
			return &JWE{r.header, aad, k, func() []byte { return plaintext }}
		}
	}
	return nil
}

// parseCompactJWE reads the compact serialization, RFC 7516, Section 7.1.
func parseCompactJWE(compact string, understood []string) (encrypted, error) {
	const clause = "RFC 7516, Section 7.1"
	if strings.Count(compact, ".") != 4 {
		return encrypted{}, checkError("compact", "must have five parts", clause)
	}
	parts := strings.Split(compact, ".")
	var octets [5][]byte
	for i, part := range parts {
		var ok bool
		if octets[i], ok = decode(part); !ok || len(octets[0]) == 0 {
			return encrypted{}, checkError("compact", "must be base64url of one spelling", clause)
		}
	}
	r, err := newRecipient(octets[1], string(octets[0]), understood)
	return encrypted{
		recipients: []recipient{r},
		protected:  parts[0],
		iv:         octets[2], ciphertext: octets[3], tag: octets[4],
	}, err
}
