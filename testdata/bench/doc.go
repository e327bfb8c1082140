// Command bench compares vouchsafe/jose with go-jose v4, golang-jwt v5 and
// jwx v3, and each of them with the standard library alone.
//
// It is a module of its own, so that none of them is a dependency of vouchsafe.
//
// # Running it
//
// "make bench" at the top of the repository first runs the contract test and
// then prints the table, in about two minutes. The program takes flags
//
//	go run . -run HS256 -rounds 31 -time 25ms
//
// and for benchstat there is an ordinary benchmark of every cell:
//
//	go test -run '^$' -bench '/^verify_HS256$' -count 10 | tee new.txt
//	benchstat -col /lib new.txt
//
// # What is compared
//
// Every column verifies the same ID Token, whose payload has 900 bytes and 22
// claims, and issues one from the same claims as Go values, each in its
// library's own way: structs for go-jose and golang-jwt, a token builder for jwx,
// jose.Claims for vouchsafe. What can be made once is made once: keys, sets,
// parsers, signers. The cases "made before" leave out making the library's claims
// from the Go values, and then encoding them.
//
// A verification checks the signature, alg, iss, aud, exp (required), nbf and
// iat, with a minute of leeway, and leaves all claims at hand. The case with
// "registered only" lets a rival decode no other claims; that with "into a
// struct" makes vouchsafe, which otherwise leaves the rest as text, decode them
// too. jwx is in neither: its tokens always hold every claim as a value.
// golang-jwt is not where there is a set of keys, a thumbprint, or a payload that
// is no claims: it has none of these.
//
// The raw column is the cheapest call of the standard library that does the
// cryptography, the hash included: a keyed hash that is used again, a signature
// that is decoded already, the text of a key that is in order. The set of ten
// keys has no such call.
//
// The contract test shows that every column is worth its time: that it accepts
// the good token and refuses, by that check, one that is expired, without exp,
// not valid yet, issued in the future, of another issuer, for another audience,
// changed by a byte, or of another algorithm; and that what one column signs all
// others accept, with the claims it began with.
//
// # Reading it
//
// The columns of a case take turns, a round each, and the fastest round of each
// column counts: other work on the machine only ever makes a round slower, and
// many short rounds are likelier to have one that it spares. Trust ratios and
// allocations, not the last 15 % of a time. A cell is
//
//	raw         time, allocations
//	vouchsafe   time, allocations (what that is beyond raw)
//	the rivals  time, allocations (times raw, times vouchsafe)
//
// Parallel cases use every processor and count the time that passes; theirs
// for one processor are measured beside them, with GOMAXPROCS=1. What two gain
// over one can only be seen while nothing else runs: where raw does not double,
// nothing will.
//
// The last column says whether vouchsafe meets its target. A target missed is no
// failure: time is nothing to build a test on.
package main
