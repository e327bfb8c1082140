// Package vouchsafe is the map of a module that logs users in and calls APIs on
// their behalf, from the client's side: OAuth 1.0a, OAuth 2.0 and OpenID Connect,
// written from scratch on the standard library alone. The package itself is
// empty. Begin with vouchsafe/registry.
//
// From top to bottom, each room knows only those below it:
//
//   - registry: register a provider by name, redirect, handle the callback, call
//     the API; the same code for every protocol. registry/sqlstore keeps users' tokens
//     in a database. registry/demo is a page to try it on: go run ./registry/demo
//   - compliance: what real providers look like and do differently, as data
//   - oidc: OpenID Connect Core 1.0, in every flow, Discovery 1.0, registration and
//     logout; oidc/oidctest is a provider for tests, which misbehaves on demand
//   - oauth2: RFC 6749 with RFC 9700 and its family: grants, client authentication,
//     metadata, remote keys, signed requests and responses, introspection, revocation,
//     registration, sources of tokens that are refreshed and kept; oauth2/native is for
//     logins from the command line
//   - oauth1: RFC 5849; oauth1/oauth1test is a provider for tests, which misbehaves too
//   - jose: JSON Web Tokens, signatures, encryption and keys, RFC 7515 to RFC 7519
//     and RFC 8725, without HTTP
//   - pkce: RFC 7636, S256 only
//   - httpclient: the one door through which every room fetches;
//     httpclient/fixture replays exchanges with providers in tests, and records them
//
// Each room can be used without those above it, and each package documentation
// says what it leaves to its caller.
//
// # True everywhere
//
// Checks are strict unless a field called InsecureSomething says otherwise, and an
// empty setting never switches one off. An error names the check, what it must be
// and the clause that asks for it, and never a secret. Tokens, secrets and
// verifiers do not show when printed, logged or marshalled. What comes from a
// provider or a browser is bounded in size and time, and a failed call returns a
// zero value beside its error. Options are structs whose zero values are safe;
// clients are immutable and safe for concurrent use.
package vouchsafe
