package registry_test

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"log"
	"net/http"
	"net/url"
	"os"
	"time"

	"vouchsafe/httpclient"
	"vouchsafe/jose"
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
	const base = "https://login.microsoftonline.com/"
	reg, err := registry.New(registry.Options{EphemeralKey: true, BaseURL: "https://app.example"})
	if err != nil {
		log.Fatal(err)
	}

	own := os.Getenv("ENTRA_TENANT_ID")
	_, err = reg.Register("staff", registry.Config{
		ClientID:     os.Getenv("ENTRA_CLIENT_ID"),
		ClientSecret: os.Getenv("ENTRA_CLIENT_SECRET"),
		Issuer:       base + own + "/v2.0",
		Scopes:       []string{"openid", "profile", "email", "offline_access"},
	})
	if err != nil {
		log.Fatal(err)
	}

	customers := map[string]bool{own: true} // tenant IDs
	_, err = reg.Register("customers", registry.Config{
		ClientID:          os.Getenv("ENTRA_CLIENT_ID"),
		ClientSecret:      os.Getenv("ENTRA_CLIENT_SECRET"),
		Issuer:            base + "{tenantid}/v2.0",
		ServerMetadataURL: base + "organizations/v2.0/.well-known/openid-configuration",
		Scopes:            []string{"openid", "profile", "email"},
		OIDC: oidc.Config{Tenants: oidc.Tenants{
			Allow: func(tenant string) bool { return customers[tenant] },
			Claim: "tid",
		}},
	})
	if err != nil {
		log.Fatal(err)
	}
}

// An appleSecret is the client secret that Apple wants: a JSON Web Token of the application's
// own, signed with the key from Apple's developer pages.
type appleSecret struct {
	team string
	key  *jose.Key
}

func (appleSecret) Method() string { return "apple" }

func (s appleSecret) Authenticate(_ context.Context, c *oauth2.Client, req *http.Request) error {
	now := c.Now()
	secret, err := jose.Issue(jose.Claims{
		Issuer:    s.team,
		Subject:   c.ID(),
		Audience:  []string{"https://appleid.apple.com"},
		IssuedAt:  now,
		ExpiresAt: now.Add(5 * time.Minute),
	}, s.key, jose.SignOptions{})
	if err != nil {
		return err
	}
	req.PostForm.Set("client_id", c.ID())
	req.PostForm.Set("client_secret", secret)
	return nil
}

// Apple posts the callback if a name or an e-mail address is asked for, has a secret that is
// made for each request, and says the name once: at the first login, beside the ID Token,
// unsigned.
func Example_apple() {
	reg, err := registry.New(registry.Options{EphemeralKey: true, BaseURL: "https://app.example"})
	if err != nil {
		log.Fatal(err)
	}
	block, _ := pem.Decode([]byte(os.Getenv("APPLE_PRIVATE_KEY"))) // the file AuthKey_….p8
	if block == nil {
		log.Fatal("APPLE_PRIVATE_KEY is not PEM")
	}
	private, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		log.Fatal(err)
	}
	key, err := jose.NewKey(private, jose.KeyOptions{ID: os.Getenv("APPLE_KEY_ID")})
	if err != nil {
		log.Fatal(err)
	}
	apple, err := reg.Register("apple", registry.Config{
		ClientID:             os.Getenv("APPLE_CLIENT_ID"),
		Issuer:               "https://appleid.apple.com",
		Scopes:               []string{"openid", "name", "email"},
		ResponseMode:         "form_post",
		ClientAuthentication: appleSecret{os.Getenv("APPLE_TEAM_ID"), key},
		Quirks:               oidc.Quirks{StringBooleans: true},
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
		email, verified := login.IDToken.UserInfo().Email()
		name := r.PostFormValue("user") // JSON; good for greeting the user, and nothing else
		_, _, _ = email, verified, name
		// Here the application starts a new session for login.Identity.
	})
}

// verifiedEmail completes what GitHub says of a user, which has the e-mail address on the
// profile, if any, and not whether it is verified.
func verifiedEmail(ctx context.Context, api *registry.BoundClient, claims map[string]any) (
	map[string]any, error) {
	resp, err := api.Get(ctx, "user/emails")
	if err != nil {
		return nil, err
	}
	var emails []struct {
		Email             string
		Primary, Verified bool
	}
	if err := registry.DecodeJSON(resp, &emails); err != nil {
		return nil, err
	}
	delete(claims, "email")
	for _, e := range emails {
		if e.Primary {
			claims["email"], claims["email_verified"] = e.Email, e.Verified
		}
	}
	return claims, nil
}

// GitHub has the e-mail addresses of a user in a place of their own, behind a scope of its own.
func Example_githubEmail() {
	reg, err := registry.New(registry.Options{
		EphemeralKey: true, BaseURL: "https://app.example", Config: registry.Env()})
	if err != nil {
		log.Fatal(err)
	}
	github, err := reg.Register("github", registry.Config{
		Provider:    "github",
		Scopes:      []string{"read:user", "user:email"},
		UserInfoFix: verifiedEmail,
	})
	if err != nil {
		log.Fatal(err)
	}

	http.HandleFunc("GET /callback/github", func(w http.ResponseWriter, r *http.Request) {
		login, err := github.AuthorizeAccessToken(w, r)
		if err != nil {
			registry.ErrorPage(w, r, err)
			return
		}
		user, err := github.UserInfo(r.Context(), login)
		if err != nil {
			registry.ErrorPage(w, r, err)
			return
		}
		email, verified := user.Email()
		_, _ = email, verified
		// Here the application starts a new session for user.Identity.
	})
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
