// Package oauth1test is an OAuth 1.0a provider for tests, RFC 5849, in the
// manner of net/http/httptest: a real server on loopback whose signatures,
// nonces, timestamps, verifiers and tokens are real, and which tells the faults
// of a client apart by name.
//
//	provider := oauth1test.NewServer(oauth1test.Options{})
//	defer provider.Close()
//	client, err := oauth1.New(provider.Config())
//	req, err := client.Authorize(ctx, oauth1.AuthorizationOptions{RedirectURI: "oob"})
//	params, err := provider.Approve(req.URL) // or the browser does, at req.URL
//
// Below its base URL it serves
//
//	/request_token  temporary credentials (Section 2.1), POST or GET
//	/authorize      approves as the first user, or shows a form (Section 2.2)
//	/access_token   token credentials (Section 2.3), POST or GET
//	/me             an API: the user as JSON with id, name and email
//	/echo           an API: what is signed of the request, as JSON
//
// It accepts every signature method of package oauth1, whose [oauth1.Verifier] it
// has examine requests, and every placement. Besides logins it knows xAuth, for the
// users that have a password, requests that name no token, for /echo alone, and
// renewal by oauth_session_handle.
//
// [Options].Misbehave has it do one thing that no provider should, or that an honest one
// may, out of [Misbehaviors]; [Suite] tests a login against all of them:
//
//	func TestLogin(t *testing.T) { oauth1test.Suite(t, logIn) }
//
// It is no provider for production: users and secrets are kept in the clear, and
// everything is remembered until the process ends.
package oauth1test
