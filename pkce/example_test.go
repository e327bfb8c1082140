package pkce_test

import (
	"fmt"
	"net/url"

	"vouchsafe/pkce"
)

// A login sends the challenge with the authorization request, keeps the verifier,
// and sends that with the token request.
func Example() {
	verifier := pkce.New()

	authorization := url.Values{
		"response_type":         {"code"},
		"code_challenge":        {verifier.Challenge()},
		"code_challenge_method": {pkce.Method},
	}
	kept := verifier.Reveal() // sealed, or on the server

	again, err := pkce.Parse(kept)
	if err != nil {
		fmt.Println(err)
		return
	}
	token := url.Values{
		"grant_type":    {"authorization_code"},
		"code_verifier": {again.Reveal()},
	}
	fmt.Println(len(authorization.Get("code_challenge")), len(token.Get("code_verifier")))
	// Output: 43 43
}

func ExampleParse() {
	v, err := pkce.Parse("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
	fmt.Println(v.Challenge(), err)
	// Output: E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM <nil>
}

func ExampleParse_tooShort() {
	_, err := pkce.Parse("secret")
	fmt.Println(err)
	// Output: pkce: code verifier must have 43 to 128 unreserved characters (RFC 7636, Section 4.1)
}
