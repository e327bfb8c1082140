package jose

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/asn1"
	"errors"
	"io"
	"math/big"
	"slices"
	"strings"
	"testing"
)

func TestAlgorithms(t *testing.T) {
	names := Algorithms()
	if !slices.Equal(names, []string{"RS256", "ES256"}) {
		t.Errorf("got %q", names)
	}
	names[0] = "none"
	if _, ok := findAlgorithm("none"); ok || Algorithms()[0] != "RS256" {
		t.Error("the list can be changed")
	}
	for _, name := range []string{"", "none", "None", "rs256", "RS256 ", "HS256", "ES384",
		"RS512", "PS256"} {
		if a, ok := findAlgorithm(name); ok || a.verify != nil {
			t.Errorf("%q is an algorithm", name)
		}
	}
}

const input = "header.payload"

// verifies reports whether sig is one of input by key, through every layer.
func verifies(key *Key, sig []byte) bool {
	j := jws{header: Header{Algorithm: key.algorithms[0]}, signingInput: input, signature: sig}
	return j.verify([]*Key{key})
}

// fill returns the signature whose numbers are r and s.
func fill(r, s *big.Int) []byte {
	return append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
}

func TestES256Signatures(t *testing.T) {
	private := ecPrivate(t)
	key := newKey(t, private, KeyOptions{})
	sum := sha256.Sum256([]byte(input))
	r, s, err := ecdsa.Sign(rand.Reader, private, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	der, err := asn1.Marshal(struct{ R, S *big.Int }{r, s})
	if err != nil {
		t.Fatal(err)
	}
	sig, n := fill(r, s), elliptic.P256().Params().N
	zero, one, max := new(big.Int), big.NewInt(1), new(big.Int).Lsh(big.NewInt(1), 256)
	max.Sub(max, one)
	for _, tt := range []struct {
		name string
		sig  []byte
		want bool
	}{
		{"as signed", sig, true},
		{"empty", nil, false},
		{"63 bytes", sig[:63], false},
		{"63 bytes, the first dropped", sig[1:], false},
		{"65 bytes", append(slices.Clone(sig), 0), false},
		{"65 bytes, the first zero", append([]byte{0}, sig...), false},
		{"66 bytes, each number padded", slices.Concat([]byte{0}, sig[:32], []byte{0}, sig[32:]),
			false},
		{"128 bytes", slices.Concat(sig, sig), false},
		{"ASN.1", der, false},
		{"swapped", fill(s, r), false},
		{"both zero", make([]byte, 64), false},
		{"r zero", fill(zero, s), false},
		{"s zero", fill(r, zero), false},
		{"r and s of the group's order", fill(n, n), false},
		{"r of the group's order", fill(n, s), false},
		{"s of the group's order", fill(r, n), false},
		{"r and s one", fill(one, one), false},
		{"all bits", fill(max, max), false},
	} {
		if got := verifies(key, tt.sig); got != tt.want {
			t.Errorf("%s: got %v", tt.name, got)
		}
	}
}

func TestRS256Signatures(t *testing.T) {
	private := rsaPrivate(t)
	key := newKey(t, private, KeyOptions{})
	sum, sum512 := sha256.Sum256([]byte(input)), sha512.Sum512([]byte(input))
	sign := func(digest []byte, opts crypto.SignerOpts) []byte {
		sig, err := private.Sign(rand.Reader, digest, opts)
		if err != nil {
			t.Fatal(err)
		}
		return sig
	}
	sig := sign(sum[:], crypto.SHA256)
	number := new(big.Int).SetBytes(sig)
	for _, tt := range []struct {
		name string
		sig  []byte
		want bool
	}{
		{"as signed", sig, true},
		{"empty", nil, false},
		{"a byte short", sig[:255], false},
		{"a zero before", append([]byte{0}, sig...), false},
		{"a zero behind", append(slices.Clone(sig), 0), false},
		{"with the modulus added", new(big.Int).Add(number, private.N).Bytes(), false},
		{"the modulus", private.N.Bytes(), false},
		{"zero", make([]byte, 256), false},
		{"one", big.NewInt(1).FillBytes(make([]byte, 256)), false},
		{"all bits", slices.Repeat([]byte{0xff}, 256), false},
		{"PSS", sign(sum[:], &rsa.PSSOptions{Hash: crypto.SHA256}), false},
		{"SHA-512", sign(sum512[:], crypto.SHA512), false},
		{"no DigestInfo", sign(sum[:], crypto.Hash(0)), false},
		{"another message", sign(make([]byte, 32), crypto.SHA256), false},
	} {
		if got := verifies(key, tt.sig); got != tt.want {
			t.Errorf("%s: got %v", tt.name, got)
		}
	}
}

// A device is a crypto.Signer of another type than those of the standard library,
// like one in an HSM or KMS. If sig or err is set, it returns that.
type device struct {
	crypto.Signer
	sig  []byte
	err  error
	opts *crypto.SignerOpts // of the last signature, if any
}

func (d device) Sign(random io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	if d.opts != nil {
		*d.opts = opts
	}
	if d.sig != nil || d.err != nil {
		return d.sig, d.err
	}
	return d.Signer.Sign(random, digest, opts)
}

func TestSignByDevice(t *testing.T) {
	for name, signer := range map[string]crypto.Signer{"RS256": rsaPrivate(t),
		"ES256": ecPrivate(t)} {
		var opts crypto.SignerOpts
		key := newKey(t, device{Signer: signer, opts: &opts}, KeyOptions{})
		compact, err := Sign([]byte("payload"), key, SignOptions{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		j, err := parseCompact(compact)
		public := newKey(t, signer.Public(), KeyOptions{})
		if err != nil || j.header.Algorithm != name || !j.verify([]*Key{public}) {
			t.Errorf("%s: does not verify: %v", name, err)
		}
		if opts != crypto.SHA256 {
			t.Errorf("%s: signed with %v", name, opts)
		}
	}
}

func TestSignByBrokenDevice(t *testing.T) {
	der := func(r, s *big.Int) []byte {
		b, err := asn1.Marshal(struct{ R, S *big.Int }{r, s})
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	one, long := big.NewInt(1), new(big.Int).Lsh(big.NewInt(1), 256)
	failure := errors.New("the device is locked")
	const none = "jose: key returned no ECDSA signature"
	for _, tt := range []struct {
		name string
		sig  []byte
		err  error
		want string
	}{
		{"its error", nil, failure, failure.Error()},
		{"empty", []byte{}, nil, none},
		{"the numbers as they are", make([]byte, 64), nil, none},
		{"bytes behind", append(der(one, one), 0), nil, none},
		{"r too long", der(long, one), nil, none},
		{"s too long", der(one, long), nil, none},
		{"r negative", der(big.NewInt(-1), one), nil, none},
		{"s zero", der(one, new(big.Int)), nil, none},
	} {
		key := newKey(t, device{Signer: ecPrivate(t), sig: tt.sig, err: tt.err}, KeyOptions{})
		compact, err := Sign(nil, key, SignOptions{})
		if compact != "" || err == nil || err.Error() != tt.want {
			t.Errorf("%s: got %q, %v", tt.name, compact, err)
		}
	}
}

// Numbers that are short are padded to the curve's size.
func TestSignES256Pads(t *testing.T) {
	key := newKey(t, device{Signer: ecPrivate(t), sig: []byte{0x30, 6, 2, 1, 5, 2, 1, 9}},
		KeyOptions{})
	compact, err := Sign(nil, key, SignOptions{})
	if err != nil {
		t.Fatal(err)
	}
	sig, _ := decode(compact[strings.LastIndexByte(compact, '.')+1:])
	if !slices.Equal(sig, fill(big.NewInt(5), big.NewInt(9))) {
		t.Errorf("got %x", sig)
	}
}
