// Command bench compares vouchsafe/jose with go-jose v4, golang-jwt v5 and
// jwx v3, vouchsafe/oauth1 with dghubble/oauth1 and gomodule/oauth1, vouchsafe/oauth2
// with golang.org/x/oauth2, vouchsafe/oidc with go-oidc v3 on top of that, and each of
// them with the standard library alone.
//
// It is a module of its own, so that none of them is a dependency of vouchsafe.
//
// # Running it
//
// "make bench" at the top of the repository first runs the contract test and
// then prints the four tables, in about five minutes. The program takes flags
//
//	go run . -run jose/.*HS256 -rounds 31 -time 25ms
//	go run . -run oauth1
//	go run . -run oauth2 -rounds 31
//	go run . -run oidc -rounds 61
//
// and for benchstat there is an ordinary benchmark of every cell:
//
//	go test -run '^$' -bench '/jose/^verify_HS256$' -count 10 | tee new.txt
//	benchstat -col /lib new.txt
//
// # What is compared for jose
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
// # What is compared for oauth1
//
// Every column signs the same request with the same credentials: a GET with 6
// parameters in its query, or a POST with 10 in a form body, by HMAC-SHA1 unless
// the case says otherwise. A timestamp and a nonce are made each time, in each
// library's own way: gomodule counts its nonces, the others draw them at random.
// What can be made once is made once: clients, tokens, the request itself, and its
// form as the library takes it.
//
// To sign is to make an Authorization header: Signer.Header of vouchsafe,
// AuthorizationHeader of gomodule, which is deprecated, but does no more than its
// successor. In public dghubble signs in a RoundTripper alone, which copies the
// request and reads the form out of its body, so that is its column there too. The
// cases "transport" are like with like: the RoundTripper of each library over one
// that sends nothing. gomodule has none.
//
// The raw column is the signature of a base string that is ready, in base64, with
// a key that is ready: a new HMAC each time, where vouchsafe keeps some for
// further use, or PKCS #1 v1.5. It does not read the request, make a nonce or
// write a header.
//
// The contract test shows that what all columns sign is the same text, nonce and
// timestamp aside; that the signatures are those which the standard library makes
// of it; that no column hands out the same header again; that a transport passes
// the rest of the request on; and that a Verifier of vouchsafe accepts all, once,
// and none of them for another method, another query or with another signature.
//
// # What is compared for oauth2
//
// Every column sends by an http.Client with the same timeout, over a transport that
// answers from memory. What can be made once is made once: clients, registrations,
// tokens, the transaction of a login, the request to a resource.
//
// A token request begins with the parameters of its grant and ends with the token in
// hand: access and refresh token, expiry, scopes. That of a code begins with the
// parameters of a callback, whose state is compared in each column; PKCE is in all.
// x/oauth2 is told how to authenticate, and does not have to find out. The raw column
// sends a form that is ready and decodes three members of the response; it looks at
// neither status nor media type, and lets any body be as long as it likes.
//
// The case "transport" is a GET with three header fields. Raw is the http.Client
// alone, so that what is beyond raw is what the token costs: vouchsafe also looks
// whether the request goes to the origin that the token is for, by URL and by Host
// field, and whether it has a token already. x/oauth2 sends its token anywhere.
//
// The cases "keys" read one key by its ID out of a hundred that were fetched and are
// fresh. Raw is a map behind an atomic pointer, and a look at the clock. x/oauth2 has
// no key sets.
//
// The contract test shows that every column sends one request each time, with the
// form and the credentials of its grant and no others, and reads the token that was
// issued; that vouchsafe and x/oauth2 refuse a callback of another login's state, and
// an error response; that a transport adds the token, passes the rest of the request
// on and leaves the caller's own as it is; and that keys are fetched once.
//
// # What is compared for oidc
//
// Every column is a relying party as its library's documentation has it written. That of
// go-oidc compares state, nonce and at_hash itself, which it leaves to its users, and has
// x/oauth2 do the rest; vouchsafe makes all checks in each case, as it always does.
//
// The cases "verify" are of a signed ID Token of 900 bytes, with 11 claims, whose issuer's
// metadata and keys are held: signature, claims, nonce, and at_hash of an access token as
// long as a JSON Web Token. That with 22 claims has the claims of jose's cases, and is not
// held to a target.
//
// A login begins with the URL that the browser is sent to, with state, nonce and a code
// challenge made at random, and ends with the verified user: the callback's parameters,
// token request, ID Token. The provider answers from memory, so that the relying party's
// own time is measured, and answers the same each time: what is begun is thrown away, and
// what is finished is a login that began before. A first login is that of a relying party
// that knows its issuer alone; it fetches metadata and keys. These cases run on one
// processor, so that the time has the collector's part in it, and show the bytes that
// were allocated.
//
// The raw column is the verification of the signature alone, which costs every column the
// same and most of all. Half the time in all may be out of reach for that reason; the
// target beyond raw takes it off both columns.
//
// A login at oidctest is one with a provider and a browser of this machine, by HTTP on
// loopback. Most of its time is theirs.
//
// The contract test shows that every column discovers, sends the same requests and no
// others (two for discovery and the first verification, one for each login after the
// first), never sends the same state, nonce or challenge twice, and refuses the callback
// of another login; and, of an ID Token that is verified alone or comes with a login, that
// they accept the same and refuse a wrong signature, nonce, at_hash, issuer, audience or
// time. It also says what go-oidc accepts and vouchsafe doesn't.
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
