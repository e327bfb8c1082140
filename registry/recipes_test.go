package registry_test

import (
	"context"
	"crypto/x509"
	"errors"
	"log"
	"net/http"
	"net/url"
	"os"

	"vouchsafe/compliance"
	"vouchsafe/httpclient"
	"vouchsafe/oauth2"
	"vouchsafe/oidc"
	"vouchsafe/registry"
)

// Google gives a refresh token when it is asked for access_type offline, and for certain only
// together with the prompt consent. The ID and the secret come from the environment:
// GOOGLE_CLIENT_ID and GOOGLE_CLIENT_SECRET.
func Example_googleOffline() {
	reg, err := registry.New(registry.Options{
		EphemeralKey: true, // in production: Keys
		BaseURL:      "https://app.example",
		Config:       registry.Env(),
		TokenStore:   &oauth2.MemoryStore{}, // in production: package sqlstore
	})
	if err != nil {
		log.Fatal(err)
	}
	google, err := reg.Register("google", registry.Config{
		Provider: "google",
		Scopes:   []string{"openid", "email", "https://www.googleapis.com/auth/calendar.readonly"},
		AuthorizeParams: url.Values{
			"access_type": {"offline"},
			"prompt":      {"consent"},
		},
	})
	if err != nil {
		log.Fatal(err)
	}

	http.HandleFunc("GET /callback/google", func(w http.ResponseWriter, r *http.Request) {
		login, err := google.AuthorizeAccessToken(w, r)
		if err == nil {
			err = google.SaveToken(r.Context(), login.Identity.Subject, login.Token)
		}
		if err != nil {
			registry.ErrorPage(w, r, err)
			return
		}
		// Here the application starts a new session for login.Identity.
	})

	// Any time later, without the user: the token is refreshed when it has to be.
	resp, err := google.WithUser("the user's subject").Get(context.Background(), "calendar/v3/users/me/calendarList")
	if err != nil {
		log.Fatal(err)
	}
	var list struct{ Items []struct{ Summary string } }
	if err := registry.DecodeJSON(resp, &list); err != nil {
		log.Fatal(err)
	}
}

// Entra ID has an issuer for each tenant. One tenant is an issuer like any other; users of
// several log in at a template of an issuer, and the application says whose.
func Example_entraTenant() {
	reg, err := registry.New(registry.Options{EphemeralKey: true, BaseURL: "https://app.example"})
	if err != nil {
		log.Fatal(err)
	}

	own := os.Getenv("ENTRA_TENANT_ID")
	_, err = reg.Register("staff", registry.Config{
		Provider:       "entra",
		ProviderParams: map[string]string{"tenant": own},
		ClientID:       os.Getenv("ENTRA_CLIENT_ID"),
		ClientSecret:   os.Getenv("ENTRA_CLIENT_SECRET"),
	})
	if err != nil {
		log.Fatal(err)
	}

	customers := map[string]bool{own: true} // tenant IDs
	_, err = reg.Register("customers", registry.Config{
		Provider:     "microsoft", // which without Allow is for users of any tenant
		ClientID:     os.Getenv("ENTRA_CLIENT_ID"),
		ClientSecret: os.Getenv("ENTRA_CLIENT_SECRET"),
		OIDC: oidc.Config{Tenants: oidc.Tenants{
			Allow: func(tenant string) bool { return customers[tenant] },
		}},
	})
	if err != nil {
		log.Fatal(err)
	}
}

// Apple posts the callback, has a secret that is signed for each request, and says the name
// once: at the first login, beside the ID Token, unsigned. APPLE_PRIVATE_KEY is what the file
// AuthKey_….p8 has in it.
func Example_apple() {
	reg, err := registry.New(registry.Options{
		EphemeralKey: true,
		BaseURL:      "https://app.example",
		Config:       registry.Env(), // APPLE_CLIENT_ID and APPLE_PRIVATE_KEY
	})
	if err != nil {
		log.Fatal(err)
	}
	apple, err := reg.Register("apple", registry.Config{
		Provider:       "apple",
		ProviderParams: map[string]string{"team": "A1B2C3D4E5", "key": "F6G7H8J9K0"},
	})
	if err != nil {
		log.Fatal(err)
	}

	http.HandleFunc("POST /callback/apple", func(w http.ResponseWriter, r *http.Request) {
		login, err := apple.AuthorizeAccessToken(w, r)
		if err != nil {
			registry.ErrorPage(w, r, err)
			return
		}
		user, err := apple.UserInfo(r.Context(), login) // asks nobody: the ID Token says it all
		if err != nil {
			registry.ErrorPage(w, r, err)
			return
		}
		email, verified := user.Email()
		name := user.Name // good for greeting the user, and nothing else
		_, _, _ = email, verified, name
		// Here the application starts a new session for login.Identity.
	})
}

// What a provider that is not in the table does otherwise is said in the words of the table.
func Example_unlistedProvider() {
	reg, err := registry.New(registry.Options{
		EphemeralKey: true, BaseURL: "https://app.example", Config: registry.Env()})
	if err != nil {
		log.Fatal(err)
	}
	_, err = reg.Register("odd", registry.Config{ // ODD_CLIENT_ID and ODD_CLIENT_SECRET
		AuthorizeURL:            "https://odd.example/authorize",
		AccessTokenURL:          "https://odd.example/token",
		TokenEndpointAuthMethod: "client_secret_post",
		APIBaseURL:              "https://odd.example/api/",
		Scopes:                  []string{"me", "mail"},
		Quirks:                  oidc.Quirks{Quirks: oauth2.Quirks{ScopeSeparator: ","}},
		Dialect: compliance.Dialect{
			ParameterNames: map[string]string{"client_id": "app_id", "client_secret": "app_secret"},
			Headers:        map[string]string{"X-Api-Version": "2"},
			TokenResponse: compliance.Response{ // {"code": 0, "data": {"token": "..."}}
				Success:          map[string]string{"code": "0"}, // else it is an error, in a 200
				Error:            "code",
				ErrorDescription: "message",
				Codes:            map[string]string{"1003": "invalid_grant"},
				Unwrap:           "data",
				Names:            map[string]string{"access_token": "token"},
				TokenType:        "Bearer",
			},
		},
		UserInfoEndpoint: "https://odd.example/api/users?id={uid}", // the uid comes with the token
		UserInfoNames: map[string]string{
			"sub":     "/data/0/id",
			"name":    "{/data/0/first} {/data/0/last}",
			"picture": "/data/0/avatar/large",
		},
		UserInfoEmails: compliance.Emails{Endpoint: "emails", List: "items", Email: "address",
			Primary: "primary", Verified: "confirmed"},
		IdentityIssuer: "https://odd.example",
	})
	if err != nil {
		log.Fatal(err)
	}
}

// Keycloak in a container has a certificate of one's own authority. The name in the issuer
// must be the one that browsers and this process both reach it by.
func Example_keycloak() {
	authority, err := os.ReadFile("/etc/keycloak/ca.pem")
	if err != nil {
		log.Fatal(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(authority) {
		log.Fatal("ca.pem has no certificate")
	}
	reg, err := registry.New(registry.Options{
		EphemeralKey: true,
		BaseURL:      "https://app.example",
		Config:       registry.Env(".env"), // KEYCLOAK_CLIENT_ID, KEYCLOAK_CLIENT_SECRET
		HTTP: httpclient.New(httpclient.Options{
			RootCAs: roots,
			// Without TLS, in a network of containers only:
			// InsecureHTTPHosts: []string{"keycloak:8080"},
		}),
	})
	if err != nil {
		log.Fatal(err)
	}
	_, err = reg.Register("keycloak", registry.Config{
		Issuer: "https://keycloak:8443/realms/demo",
		Scopes: []string{"openid", "profile", "email"},
	})
	var problem *registry.ConfigError
	if errors.As(err, &problem) {
		log.Fatalf("%s is not configured: %v", problem.Field, problem.Err)
	}
}
