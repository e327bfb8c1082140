package jose

import (
	"context"
	"crypto/fips140"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// The attacks are rows of testdata/attacks/jose.json: what other libraries were fooled
// by, and what refuses it here.
type attacks struct {
	Source                    string
	Issuer, Audience, Payload string // Payload is that of every JWS accepted
	Now                       int64
	Algorithms, Critical      []string
	JWKS, Secrets, Decryption json.RawMessage
	Accepted                  map[string][]attack // by what they are given to, as in attack.To
	Rows                      []attackRow
}

type attackRow struct {
	Class     string
	ID        []string // advisories, or the library
	Inputs    []attack
	Elsewhere string   // why nothing more can be given to this package
	Tests     []string // that answer instead, as package.Test
}

// An attack has one fault: without it, it would be one of those accepted.
type attack struct {
	To        string // the function, or type, that it is given to
	What      string // of one accepted
	Fault     string
	Input     string
	Base64    string // instead of Input, if it is no text
	Pieces    []piece
	Payload   *piece // detached, of a JWS
	MaxSize   int    `json:"max_size"`
	NoFIPS    bool   `json:"no_fips"`    // FIPS 140-only mode lacks the algorithm
	GoodKey   bool   `json:"good_key"`   // one of ours made it, and only its ID is wrong
	RefusedBy string `json:"refused_by"` // see wantRefusedBy
}

// A piece is a part of an input, which may come many times.
type piece struct {
	Text  string
	Times int
}

func (p piece) text() string { return strings.Repeat(p.Text, max(p.Times, 1)) }

func (a attack) text() string {
	b, _ := decode(a.Base64)
	text := a.Input + string(b)
	for _, p := range a.Pieces {
		text += p.text()
	}
	return text
}

// classes are those of attacks on JOSE libraries that have been published.
var classes = []string{"alg none", "alg confusion, RSA key as HMAC secret", "union/zero key",
	"empty or short secret", "alg taken from unprotected header", "key in the token",
	"jku, x5u, JWKS URL", "unknown kid refetch", "stale keys kept", "kid as a path or query",
	"crit ignored", "b64", "psychic signature", "ECDSA length or DER", "curve and alg mismatch",
	"invalid curve", "RSA signature encodings", "weak RSA key", "huge RSA key",
	"several signatures", "base64 malleability", "polyglot and JSON vs compact",
	"JWS/JWE confusion", "nested without signature", "duplicate members",
	"case-insensitive names", "trailing data, BOM, bad UTF-8, lone surrogates",
	"member-name injection when writing", "claim types", "at_hash and c_hash", "error handling",
	"cache collisions", "non-constant-time MAC", "HMAC key depends on the token",
	"file paths as keys", "many dots", "deep or wide JSON", "large input",
	"nil dereference, panic", "PBES2 billion hashes", "zip bomb", "GCM or Poly1305 tag length",
	"padding oracles", "dir / ECDH-ES with an encrypted key"}

// errEscaped stands for what is accepted, but not taken for what the attacker meant,
// and errUnknown for an answer that is no error.
var errEscaped, errUnknown = errors.New("escaped"), errors.New("unknown")

// A target is what is attacked, with the keys of who verifies and of who decrypts.
type target struct {
	attacks
	keys, private KeySource
}

func newTarget(t *testing.T) target {
	t.Helper()
	var a attacks
	readJSON(t, "../testdata/attacks/jose.json", &a)
	public, err := ParseSet(a.JWKS)
	secret, err2 := ParsePrivateSet(a.Secrets)
	private, err3 := ParsePrivateSet(a.Decryption)
	if err := errors.Join(err, err2, err3); err != nil {
		t.Fatal(err)
	}
	return target{a, NewSet(append(public.All(), secret.All()...)...), private}
}

// A carelessSource gives all its keys for any header.
type carelessSource struct{ *Set }

func (s carelessSource) Keys(context.Context, Header) ([]*Key, error) { return s.All(), nil }

// givenTo gives a to what it attacks and returns the error. Nothing comes beside an
// error.
func (g target) givenTo(t *testing.T, a attack) error {
	t.Helper()
	text := a.text()
	switch a.To {
	case "Verifier":
		token, err := g.verifier(t, a, nil).Verify(t.Context(), text)
		return either(t, token, err)
	case "Verifier of nested tokens":
		token, err := g.verifier(t, a, g.decrypter(t, a)).Verify(t.Context(), text)
		return either(t, token, err)
	case "VerifySignature":
		return g.verifySignature(t, a)
	case "Decrypter":
		jwe, err := g.decrypter(t, a).Decrypt(t.Context(), text)
		return either(t, jwe, err)
	case "ParseKey":
		k, err := ParseKey([]byte(text))
		return either(t, k, err)
	case "ParsePrivateKey":
		k, err := ParsePrivateKey([]byte(text))
		return either(t, k, err)
	case "NewKey":
		k, err := NewKey([]byte(text), KeyOptions{Algorithm: "HS256"})
		return either(t, k, err)
	case "ParseSet":
		return parseHostileSet(t, text)
	case "SignatureHash":
		if _, ok := SignatureHash(text); !ok {
			return errUnknown
		}
		return nil
	case "Issue":
		return g.issue(t, text)
	}
	t.Fatalf("%s: no such target", a.To)
	return nil
}

// verifySignature fails also if what verified is not what the JWS names, or not what
// was signed.
func (g target) verifySignature(t *testing.T, a attack) error {
	t.Helper()
	o := VerifyOptions{Algorithms: g.Algorithms, Critical: g.Critical, MaxSize: a.MaxSize}
	want := g.Payload
	if a.Payload != nil {
		want = a.Payload.text()
		o.Payload = []byte(want)
	}
	jws, err := VerifySignature(t.Context(), a.text(), g.keys, o)
	if err == nil && (string(jws.Payload) != want || jws.Key.ID() != jws.Header.KeyID) {
		t.Errorf("%s: got %s of %s", a.What, jws.Payload, jws.Key.ID())
	}
	return either(t, jws, err)
}

func (g target) verifier(t *testing.T, a attack, d *Decrypter) *Verifier {
	t.Helper()
	v, err := NewVerifier(VerifierConfig{Keys: g.keys, Algorithms: g.Algorithms,
		Issuer: g.Issuer, Audience: g.Audience, Critical: g.Critical, MaxSize: a.MaxSize,
		Decrypter: d, Now: func() time.Time { return time.Unix(g.Now, 0) }})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func (g target) decrypter(t *testing.T, a attack) *Decrypter {
	t.Helper()
	d, err := NewDecrypter(DecrypterConfig{Keys: g.private,
		Algorithms: KeyManagementAlgorithms(), Encryptions: ContentEncryptions(),
		Critical: g.Critical, MaxSize: a.MaxSize})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// either returns err, and fails unless there is either a result or an error.
func either[T any](t *testing.T, result *T, err error) error {
	t.Helper()
	if (result == nil) == (err == nil) {
		t.Errorf("a result beside the error %v, or neither", err)
	}
	return err
}

// parseHostileSet returns why nothing of a set is taken.
func parseHostileSet(t *testing.T, text string) error {
	t.Helper()
	s, err := ParseSet([]byte(text))
	if either(t, s, err) != nil || len(s.Skipped()) == 0 {
		return err
	}
	if len(s.All()) > 0 {
		t.Errorf("the set has %d keys", len(s.All()))
	}
	return errors.Join(s.Skipped()...)
}

// issue writes name wherever the caller of this package chooses a text, and reads
// it again.
func (g target) issue(t *testing.T, name string) error {
	t.Helper()
	key := newKey(t, []byte(strings.Repeat("k", 32)), KeyOptions{ID: name})
	token, err := Issue(Claims{Issuer: g.Issuer, Audience: []string{g.Audience}, Subject: name,
		ExpiresAt: time.Unix(g.Now+60, 0), Other: map[string]any{name: []string{name}}}, key,
		SignOptions{Algorithm: "HS256", ContentType: name, Header: map[string]any{name: 1}})
	if err != nil {
		return err
	}
	g.keys = NewSet(key)
	got, err := g.verifier(t, attack{}, nil).Verify(t.Context(), token)
	if err != nil {
		return err
	}
	header, rest, _ := strings.Cut(token, ".")
	claims, _, _ := strings.Cut(rest, ".")
	if got.Subject != name || got.Header.KeyID != name || got.Header.ContentType != name ||
		string(got.Header.Get(name)) != "1" || got.Claim(name) == "" ||
		countMembers(t, header) != 5 || countMembers(t, claims) != 5 {
		t.Errorf("%q is written as %s", name, token)
	}
	if name == "admin" {
		return nil
	}
	return errEscaped
}

// countMembers counts those of a JSON object in base64url, as encoding/json sees them.
func countMembers(t *testing.T, encoded string) int {
	t.Helper()
	var m map[string]any
	raw, _ := decode(encoded)
	if err := json.Unmarshal(raw, &m); err != nil {
		t.Error(err)
	}
	return len(m)
}

// wantRefusedBy fails unless err is what the attack says: a CheckError by the name of
// its check, "signature", "decryption", "JSON" for what is not strict JSON, "escaped"
// or "unknown".
func wantRefusedBy(t *testing.T, a attack, err error) {
	t.Helper()
	ok := errors.Is(err, &CheckError{Check: a.RefusedBy})
	switch a.RefusedBy {
	case "signature":
		ok = err == ErrSignature
	case "decryption":
		ok = err == ErrDecryption
	case "escaped":
		ok = err == errEscaped
	case "unknown":
		ok = err == errUnknown
	case "JSON":
		ok = ok || err != nil && strings.Contains(err.Error(), "strictjson: ")
	}
	if !ok {
		t.Errorf("got %v, want %s", err, a.RefusedBy)
	}
}

func TestAttacks(t *testing.T) {
	g := newTarget(t)
	for _, row := range g.Rows {
		for _, a := range row.Inputs {
			if a.NoFIPS && fips140.Enforced() {
				continue
			}
			t.Run(row.Class+"/"+a.To+"/"+a.Fault, func(t *testing.T) {
				err := g.givenTo(t, a)
				wantRefusedBy(t, a, err)
				wantQuiet(t, a, err)
			})
		}
	}
}

// Each attack lacks one thing only: with it, it is accepted.
func TestAttacksAccepted(t *testing.T) {
	g := newTarget(t)
	for to, list := range g.Accepted {
		for _, a := range list {
			a.To = to
			if a.NoFIPS && fips140.Enforced() {
				continue
			}
			if err := g.givenTo(t, a); err != nil {
				t.Errorf("%s, %s: %v", to, a.What, err)
			}
		}
	}
	for _, row := range g.Rows {
		for _, a := range row.Inputs {
			if len(g.Accepted[a.To]) == 0 {
				t.Errorf("nothing is accepted by %s", a.To)
			}
		}
	}
}

// A key source that does not look at the header is no way to have a key serve what it
// is not for.
func TestAttacksOnACarelessKeySource(t *testing.T) {
	g := newTarget(t)
	g.keys = carelessSource{g.keys.(*Set)}
	for _, row := range g.Rows {
		for _, a := range row.Inputs {
			if a.RefusedBy != "key" || a.GoodKey || !strings.HasPrefix(a.To, "Ver") {
				continue
			}
			if err := g.givenTo(t, a); err != ErrSignature {
				t.Errorf("%s, %s: got %v", row.Class, a.Fault, err)
			}
		}
	}
}

// Every class is there, and has inputs or a reason why not. The tests that answer
// elsewhere exist.
func TestAttackClasses(t *testing.T) {
	var got []string
	for _, row := range newTarget(t).Rows {
		got = append(got, row.Class)
		if len(row.ID) == 0 || len(row.Inputs) == 0 && row.Elsewhere == "" {
			t.Errorf("%s: no ids, or neither inputs nor a reason", row.Class)
		}
		for _, name := range row.Tests {
			if dir, test, _ := strings.Cut(name, "."); !hasTest(t, dir, test) {
				t.Errorf("%s: there is no %s", row.Class, name)
			}
		}
	}
	if !slices.Equal(got, classes) {
		t.Errorf("got %q, want %q", got, classes)
	}
}

func hasTest(t *testing.T, dir, name string) bool {
	t.Helper()
	files, _ := filepath.Glob("../" + dir + "/*_test.go")
	return slices.ContainsFunc(files, func(file string) bool {
		text, err := os.ReadFile(file)
		return err == nil && strings.Contains(string(text), "\nfunc "+name+"(t *testing.T) {")
	})
}

// wantQuiet fails if the error repeats a part of the input: a word of it, or of what
// it encodes, that the specifications have not chosen.
func wantQuiet(t *testing.T, a attack, err error) {
	t.Helper()
	if err == nil || a.To == "Issue" {
		return
	}
	text := a.text()
	for part := range strings.FieldsFuncSeq(text[:min(len(text), 1<<15)], isNoBase64url) {
		if raw, ok := decode(part); ok {
			text += " " + string(raw)
		}
	}
	message := err.Error()
	for word := range strings.FieldsFuncSeq(text[:min(len(text), 1<<16)], isNoBase64url) {
		if len(word) > 4 && !slices.Contains(knownWords, word) && strings.Contains(message, word) {
			t.Errorf("the error repeats %q: %v", word, err)
		}
	}
}

var knownWords = []string{"encrypted_key", "protected", "unprotected", "header", "payload",
	"signature", "signatures", "recipients", "ciphertext", "key_ops", "verify", "issuer",
	"P-256", "P-384"}

func isNoBase64url(r rune) bool {
	return r != '-' && r != '_' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') &&
		(r < 'a' || r > 'z')
}
