package native_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"vouchsafe/oauth2"
	"vouchsafe/oauth2/native"
	"vouchsafe/oidc/oidctest"
)

// A program that logs its user in once and finds the token again at its next run.
func Example() {
	server := oidctest.NewServer(oidctest.Options{Clients: []oidctest.Client{{ID: "program"}}})
	defer server.Close()
	dir, err := os.MkdirTemp("", "example") // os.UserConfigDir in a real program
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)

	client, err := oauth2.New(oauth2.Config{
		ID: "program",
		Server: oauth2.AuthorizationServer{
			Issuer:                server.Issuer(),
			AuthorizationEndpoint: server.Endpoint("authorize"),
			TokenEndpoint:         server.Endpoint("token"),
		},
		Auth: oauth2.None(),
	})
	if err != nil {
		log.Fatal(err)
	}
	store, err := native.NewFileStore(filepath.Join(dir, "program", "tokens.json"))
	if err != nil {
		log.Fatal(err)
	}
	source, err := client.TokenSource(oauth2.TokenSourceOptions{
		Store: store,
		Key:   oauth2.TokenKey{Name: "provider"},
	})
	if err != nil {
		log.Fatal(err)
	}

	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	tok, err := native.Login(ctx, client, native.Options{
		Scopes: []string{"read"},
		Tell: func(_ context.Context, i native.Instruction) error {
			if i.Device != nil {
				fmt.Println("Enter", i.Device.UserCode, "at", i.Device.VerificationURI)
			} else {
				fmt.Println("Your browser opens. Log in there.") // and i.URL, if it does not
			}
			return nil
		},
		// A real program leaves this out: the system's browser is what it wants.
		Open: func(_ context.Context, u string) error {
			go http.Get(u)
			return nil
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	if err := source.Save(ctx, tok); err != nil {
		log.Fatal(err)
	}
	again, err := source.Token(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(again.Same(tok), again.Scopes)
	// Output:
	// Your browser opens. Log in there.
	// true [read]
}
