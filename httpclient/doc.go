// Package httpclient is the one door through which every other room of
// vouchsafe fetches: discovery documents, keys, tokens, UserInfo.
//
// Safety does not hang on a particular [http.Client], because users bring
// their own. [Do] takes any client, or nil for the one that [New] makes, and
// adds what a protocol exchange needs:
//
//   - the URL is https, or http on a loopback address (RFC 6749, Section 1.6;
//     RFC 8252, Section 8.3), and carries no user information;
//   - no redirect is followed: a redirected discovery document, key set or token
//     request is how keys get replaced and secrets get sent elsewhere;
//   - no cookie jar takes part;
//   - the exchange ends in time, and no more of the body is read than the
//     caller allows;
//   - an error names the method and the host and nothing else of the request.
//
// What is left to the caller: proxies, private certificate authorities and
// connection limits, by way of the http.Client handed in.
//
// The folder fixture has provider exchanges written down, for tests. It is not
// linked into production builds.
package httpclient
