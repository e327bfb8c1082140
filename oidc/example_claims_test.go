package oidc_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"

	"vouchsafe/oidc"
)

// Claims that are not standard, and those in other languages, are read by their names.
func ExampleUserInfo_Claims() {
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"sub":"7","name":"Jane Doe","name#ja-Hani-JP":"ジェーン・ドウ",
			"updated_at":"2025-01-01T00:00:00Z","groups":["staff"]}`)
	}))
	defer api.Close()
	user, err := oidc.FetchUserInfo(context.Background(), api.Client(), oidc.UserInfoSource{
		Endpoint: api.URL, Issuer: "https://provider.example"})
	if err != nil {
		log.Fatal(err)
	}
	var more struct {
		Japanese  string   `json:"name#ja-Hani-JP"`
		UpdatedAt string   `json:"updated_at"`
		Groups    []string `json:"groups"`
	}
	if err := user.Claims(&more); err != nil {
		log.Fatal(err)
	}
	fmt.Println(user.Name, user.UpdatedAt.IsZero()) // which the standard has as a number
	fmt.Println(more.Japanese, more.UpdatedAt, more.Groups)
	// Output:
	// Jane Doe true
	// ジェーン・ドウ 2025-01-01T00:00:00Z [staff]
}

// A request for an address that is known, and for a login of a certain kind.
func ExampleClaimsRequest() {
	request := oidc.ClaimsRequest{
		UserInfo: map[string]oidc.ClaimRequest{"email": {Essential: true}, "picture": {}},
		IDToken:  map[string]oidc.ClaimRequest{"acr": {Essential: true, Value: "phrh"}},
	}
	parameter, err := json.MarshalIndent(request, "", "  ")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(parameter))
	// Output:
	// {
	//   "userinfo": {
	//     "email": {
	//       "essential": true
	//     },
	//     "picture": null
	//   },
	//   "id_token": {
	//     "acr": {
	//       "essential": true,
	//       "value": "phrh"
	//     }
	//   }
	// }
}
