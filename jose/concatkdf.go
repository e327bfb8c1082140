package jose

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"
)

// concatKDF derives a key of size bytes from the shared secret z (RFC 7518, Section
// 4.6.2). algorithm is the "enc" for ECDH-ES, or else the "alg"; apu and apv are the
// decoded parameters, empty if absent.
func concatKDF(z []byte, algorithm string, apu, apv []byte, size int) []byte {
	var info []byte
	for _, data := range [][]byte{[]byte(algorithm), apu, apv} {
		info = binary.BigEndian.AppendUint32(info, uint32(len(data)))
		info = append(info, data...)
	}
	info = binary.BigEndian.AppendUint32(info, uint32(8*size)) // SuppPubInfo
	var key []byte
	for round := uint32(1); len(key) < size; round++ {
		counter := binary.BigEndian.AppendUint32(nil, round)
		sum := sha256.Sum256(slices.Concat(counter, z, info))
		key = append(key, sum[:]...)
	}
	return key[:size]
}
