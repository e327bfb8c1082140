package jose

import (
	"slices"

	"vouchsafe/internal/strictjson"
)

// A use is what a key may do, RFC 7517, Sections 4.2 and 4.3.
type use uint8

const (
	toVerify use = 1 << iota
	toSign
	toEncrypt
	toDecrypt

	forSignatures = toVerify | toSign
	forEncryption = toEncrypt | toDecrypt
	anyUse        = forSignatures | forEncryption
)

// usesOf reads the member "use". One that is not registered allows nothing.
func usesOf(name string) use {
	switch name {
	case "":
		return anyUse
	case "sig":
		return forSignatures
	case "enc":
		return forEncryption
	}
	return 0
}

// usesFor returns what a key that serves algorithm is for.
func usesFor(algorithm string) use {
	if _, ok := findSignatureAlgorithm(algorithm); ok {
		return forSignatures
	}
	return forEncryption
}

// name returns the member "use", empty if there is none to write.
func (u use) name() string {
	switch {
	case u&forEncryption == 0:
		return "sig"
	case u&forSignatures == 0:
		return "enc"
	}
	return ""
}

// keyOps are the values of "key_ops". Deriving serves both sides of ECDH.
var keyOps = []struct {
	name string
	uses use
}{
	{"verify", toVerify},
	{"sign", toSign},
	{"encrypt", toEncrypt},
	{"decrypt", toDecrypt},
	{"wrapKey", toEncrypt},
	{"unwrapKey", toDecrypt},
	{"deriveKey", forEncryption},
	{"deriveBits", forEncryption},
}

// parseKeyOps reads the member "key_ops". Values that are not registered allow
// nothing.
func parseKeyOps(v strictjson.Value) (use, error) {
	if v == "" {
		return anyUse, nil
	}
	list, ok := v.Strings()
	var uses use
	for i, name := range list {
		ok = ok && !slices.Contains(list[:i], name)
		for _, op := range keyOps {
			if op.name == name {
				uses |= op.uses
			}
		}
	}
	if !ok {
		return 0, checkError("key_ops", "must be distinct strings", "RFC 7517, Section 4.3")
	}
	return uses, nil
}

// operations returns the member "key_ops" for a key that may do one side only of
// what its use says, else nil.
func (u use) operations() []string {
	if u == forSignatures || u == forEncryption || u == anyUse {
		return nil
	}
	var names []string
	for _, op := range keyOps {
		if op.uses&u == op.uses {
			names = append(names, op.name)
		}
	}
	return names
}
