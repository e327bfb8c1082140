package main

import (
	"encoding/json"
	"fmt"
	"time"
)

// withLibraries appends a cell for every library that make has an operation for.
func withLibraries(cells []cell, make func(lib library) (operation, error)) ([]cell, error) {
	for _, lib := range libraries() {
		op, err := make(lib)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", lib.name, err)
		}
		if op != nil {
			cells = append(cells, cell{lib.name, shared(op)})
		}
	}
	return cells, nil
}

// A joseBench is what the cases of jose have in common.
type joseBench struct {
	keys    *keys
	claims  claims
	payload []byte
	cases   []benchCase
}

func newJOSEBench(k *keys) (*joseBench, error) {
	b := &joseBench{keys: k, claims: newClaims(time.Now())}
	var err error
	if b.payload, err = b.claims.json(); err != nil {
		return nil, err
	}
	steps := []func() error{
		b.verify, b.lean, b.full, b.set, b.parallel,
		b.issue, b.issueReady, b.sign, b.parse, b.thumbprint,
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return b, nil
}

func (b *joseBench) suite() suite {
	s := suite{name: "jose", cases: b.cases}
	for _, lib := range libraries() {
		s.columns = append(s.columns, lib.name)
	}
	return s
}

func (b *joseBench) add(name string, cells []cell, targets ...target) {
	b.cases = append(b.cases, benchCase{name: name, cells: cells, targets: targets})
}

func (b *joseBench) token(alg string) (string, error) {
	return token(alg, header(alg, keyID), b.keys, b.payload)
}

func (b *joseBench) verify() error {
	for _, alg := range algorithms {
		cells, err := b.verifyCells(alg)
		if err != nil {
			return err
		}
		b.add("verify "+alg, cells, verifyTargets(alg)...)
	}
	return nil
}

func verifyTargets(alg string) []target {
	switch alg {
	case "HS256":
		return []target{atMost(4500), timesFaster("golang-jwt", 3), allocsOverRaw(6)}
	case "PS256":
		return []target{allocsOverRaw(6)}
	default:
		return []target{overRaw(4000), allocsOverRaw(6)}
	}
}

func (b *joseBench) verifyCells(alg string) ([]cell, error) {
	return b.cells(alg, func(lib library, signed string) (operation, error) {
		verify, err := lib.verifier(alg, b.keys)
		return func() error { return verify(signed) }, err
	})
}

// cells are what verifying one token signed with alg takes, by hand and in each
// library that make has an operation for.
func (b *joseBench) cells(
	alg string, make func(lib library, signed string) (operation, error),
) ([]cell, error) {
	signed, err := b.token(alg)
	if err != nil {
		return nil, err
	}
	cells, err := b.rawVerifyCell(alg)
	if err != nil {
		return nil, err
	}
	return withLibraries(cells, func(lib library) (operation, error) { return make(lib, signed) })
}

func (b *joseBench) rawVerifyCell(alg string) ([]cell, error) {
	input := signingInput(header(alg, keyID), b.payload)
	sig, err := rawSigner(alg, b.keys)(input)
	return []cell{{raw, func() operation { return rawVerify(alg, b.keys, input, sig) }}}, err
}

// lean is what HS256 costs where the rivals have fewer claims to decode.
func (b *joseBench) lean() error {
	cells, err := b.cells("HS256", func(lib library, signed string) (operation, error) {
		if lib.lean == nil {
			return nil, nil
		}
		verify, err := lib.lean("HS256", b.keys)
		return func() error { return verify(signed) }, err
	})
	b.add("verify HS256, registered only", cells, timesFaster("golang-jwt", 3))
	return err
}

// full is what HS256 costs where vouchsafe has all claims to decode.
func (b *joseBench) full() error {
	cells, err := b.cells("HS256", func(lib library, signed string) (operation, error) {
		if lib.reader == nil {
			return nil, nil
		}
		read, err := lib.reader("HS256", b.keys)
		return func() error { _, err := read(signed); return err }, err
	})
	b.add("verify HS256, into a struct", cells)
	return err
}

func (b *joseBench) set() error {
	text, err := bigSet(b.keys)
	if err != nil {
		return err
	}
	cells, err := b.cells("RS256", func(lib library, signed string) (operation, error) {
		if lib.setVerifier == nil {
			return nil, nil
		}
		verify, err := lib.setVerifier(text)
		return func() error { return verify(signed) }, err
	})
	b.add("verify RS256, 100-key set", cells, overRaw(4000), allocsOverRaw(6))
	return err
}

func (b *joseBench) parallel() error {
	for _, alg := range []string{"HS256", "RS256", "ES256"} {
		cells, err := b.verifyCells(alg)
		if err != nil {
			return err
		}
		c := benchCase{name: "parallel verify " + alg, parallel: true, cells: cells}
		if alg == "HS256" {
			c.targets = []target{scales(1.8)}
		}
		b.cases = append(b.cases, c)
	}
	return nil
}

func (b *joseBench) issue() error {
	for _, alg := range []string{"HS256", "RS256", "ES256", "EdDSA"} {
		cells, err := b.issueCells(alg)
		if err != nil {
			return err
		}
		var targets []target
		if alg == "HS256" {
			targets = []target{atMost(3000)}
		}
		b.add("issue "+alg, cells, targets...)
	}
	return nil
}

func (b *joseBench) issueCells(alg string) ([]cell, error) {
	return withLibraries(b.rawSignCell(alg), func(lib library) (operation, error) {
		issue, err := lib.issuer(alg, b.keys)
		return func() error {
			c, err := lib.native(&b.claims)
			if err == nil {
				_, err = issue(c)
			}
			return err
		}, err
	})
}

func (b *joseBench) rawSignCell(alg string) []cell {
	input := signingInput(header(alg, keyID), b.payload)
	return []cell{{raw, func() operation {
		sign := rawSigner(alg, b.keys)
		return func() error { _, err := sign(input); return err }
	}}}
}

// issueReady is what is left of issue where each library's claims are ready.
func (b *joseBench) issueReady() error {
	cells, err := withLibraries(b.rawSignCell("HS256"), func(lib library) (operation, error) {
		c, err := lib.native(&b.claims)
		if err != nil {
			return nil, err
		}
		issue, err := lib.issuer("HS256", b.keys)
		return func() error { _, err := issue(c); return err }, err
	})
	b.add("issue HS256, claims made before", cells, atMost(3000))
	return err
}

// sign is what is left of issue where the payload is ready.
func (b *joseBench) sign() error {
	cells, err := withLibraries(b.rawSignCell("HS256"), func(lib library) (operation, error) {
		if lib.signer == nil {
			return nil, nil
		}
		sign, err := lib.signer("HS256", b.keys)
		return func() error { _, err := sign(b.payload); return err }, err
	})
	b.add("sign HS256, payload made before", cells, atMost(3000))
	return err
}

func (b *joseBench) parse() error {
	text, err := smallSet()
	if err != nil {
		return err
	}
	cells, err := withLibraries(nil, func(lib library) (operation, error) {
		if lib.parseSet == nil {
			return nil, nil
		}
		return func() error { _, err := lib.parseSet(text); return err }, nil
	})
	b.add("parse a set of 5 RSA, 5 EC", cells, atMost(25_000))
	return err
}

func (b *joseBench) thumbprint() error {
	ec, err := ecJWK(keyID, &b.keys.ec.PublicKey)
	if err != nil {
		return err
	}
	rsa := rsaJWK(keyID, &b.keys.rsa.PublicKey)
	if err := b.thumbprintOf(rsa, atMost(700)); err != nil {
		return err
	}
	return b.thumbprintOf(ec)
}

func (b *joseBench) thumbprintOf(k publicKey, targets ...target) error {
	canonical := k.canonical()
	text, err := json.Marshal(k)
	if err != nil {
		return err
	}
	cells := []cell{{raw, shared(func() error { rawThumbprint(canonical); return nil })}}
	cells, err = withLibraries(cells, func(lib library) (operation, error) {
		if lib.thumbprint == nil {
			return nil, nil
		}
		compute, err := lib.thumbprint(text)
		return func() error { _, err := compute(); return err }, err
	})
	b.add("thumbprint "+k.Type, cells, targets...)
	return err
}
