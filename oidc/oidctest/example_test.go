package oidctest_test

import (
	"context"
	"errors"
	"fmt"

	"vouchsafe/jose"
	"vouchsafe/oauth2"
	"vouchsafe/oidc"
	"vouchsafe/oidc/oidctest"
)

// One thing that a provider may do wrong, in a test of one's own.
func ExampleOptions_misbehave() {
	srv := oidctest.NewServer(oidctest.Options{Misbehave: "metadata_of_another_issuer"})
	defer srv.Close()
	client, err := oidc.New(oidc.Config{
		Issuer: srv.Issuer(), ID: "client", Auth: oauth2.ClientSecret("secret")})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = client.Provider(context.Background())
	fmt.Println(errors.Is(err, &jose.CheckError{Check: "issuer"}))
	// Output: true
}
