// Package httpclient is the one door through which every other room of
// vouchsafe fetches: discovery documents, keys, tokens, UserInfo.
//
//	hc := httpclient.New(httpclient.Options{}) // or any other http.Client, or nil
//	keys, err := httpclient.Get(ctx, hc, "https://issuer.example/jwks", 1<<20)
//	resp, err := httpclient.Do(ctx, hc, req, 1<<20) // resp.Body is all of it, read and bounded
//
// Safety does not hang on a particular [http.Client], because users bring
// their own. [Do] takes any client, or nil for the one that [New] makes, and
// adds what a protocol exchange needs:
//
//   - the URL is https, or http on a loopback address (RFC 6749, Section 1.6;
//     RFC 8252, Section 8.3) or a host that [Options] names, and carries no user
//     information; no Host header says otherwise;
//   - no redirect is followed: a redirected discovery document, key set or token
//     request is how keys get replaced and secrets get sent elsewhere;
//   - no request is sent twice, nor does net/http repeat one that has a body;
//   - no cookie jar takes part;
//   - the exchange ends in time, no more of the body is read than the caller
//     allows, decompressed, and the header has a bounded number of fields;
//   - an error names the method and the host and nothing else of the request.
//
// [Get] is Do for metadata and keys. It alone repeats, once, what a moment's trouble
// may have stopped.
//
// URLs that strangers choose, such as an issuer that a customer types in, need one
// thing more, which only the client can do: not to connect to the hosts of its own
// network. [Options].PublicOnly sees to that.
//
// In js/wasm, where the browser's fetch sends, a redirect is an error instead of a
// response.
//
// What is left to the caller: proxies, private certificate authorities and
// connection limits, by way of the http.Client handed in.
//
// The folder fixture has provider exchanges written down, for tests. It is not
// linked into production builds.
package httpclient
