package compliance

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"vouchsafe/jose"
	"vouchsafe/oauth2"
)

func secretClient(t *testing.T, a oauth2.ClientAuthentication, now time.Time) *oauth2.Client {
	t.Helper()
	client, err := oauth2.New(oauth2.Config{ID: "client", Auth: a,
		Server: oauth2.AuthorizationServer{TokenEndpoint: "https://p.example/token"},
		Now:    func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// The secret is a token of the client's own, which ends soon.
func TestSignedSecret(t *testing.T) {
	key, err := jose.GenerateKey("ES256")
	if err != nil {
		t.Fatal(err)
	}
	a := Dialect{SecretIssuer: "team", SecretAudience: "https://p.example"}.Authentication(key)
	if a.Method() != "signed_client_secret" {
		t.Errorf("method is %s", a.Method())
	}
	now := time.Date(2026, 11, 17, 12, 0, 0, 0, time.UTC)
	client := secretClient(t, a, now)
	var secrets []string
	for range 2 {
		req := &http.Request{Header: http.Header{}, PostForm: url.Values{"code": {"c"}}}
		if err := a.Authenticate(t.Context(), client, req); err != nil {
			t.Fatal(err)
		}
		if req.PostForm.Get("client_id") != "client" || req.PostForm.Get("code") != "c" ||
			len(req.PostForm) != 3 || len(req.Header) > 0 {
			t.Errorf("sends %v, %v", req.PostForm, req.Header)
		}
		secrets = append(secrets, req.PostForm.Get("client_secret"))
	}
	if secrets[0] == secrets[1] {
		t.Error("a secret was sent twice")
	}
	v, err := jose.NewVerifier(jose.VerifierConfig{Keys: jose.OneKey(key),
		Algorithms: []string{"ES256"}, Issuer: "team", Audience: "https://p.example",
		Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	tok, err := v.Verify(t.Context(), secrets[0])
	if err != nil {
		t.Fatal(err)
	}
	var claims struct {
		Sub      string
		Aud      json.RawMessage
		Iat, Exp int64
	}
	if err := tok.Claims(&claims); err != nil {
		t.Fatal(err)
	}
	if claims.Sub != "client" || claims.Iat != now.Unix() || claims.Exp != now.Unix()+300 ||
		!strings.Contains(string(claims.Aud), `"https://p.example"`) {
		t.Errorf("claims are %+v", claims)
	}
}

// Without a key nothing is sent.
func TestSignedSecretWithoutKey(t *testing.T) {
	for name, key := range map[string]*jose.Key{"none": nil, "empty": {}} {
		a := Dialect{SecretIssuer: "team", SecretAudience: "https://p.example"}.Authentication(key)
		req := &http.Request{Header: http.Header{}, PostForm: url.Values{}}
		err := a.Authenticate(t.Context(), secretClient(t, a, time.Now()), req)
		if err == nil || len(req.PostForm) > 0 {
			t.Errorf("%s: sends %v, %v", name, req.PostForm, err)
		}
	}
}
