package main

import (
	"encoding/json"
	"time"
)

const (
	issuer   = "https://issuer.example"
	audience = "https://api.example"
	leeway   = time.Minute
)

// registered are the claims of RFC 7519, Section 4.1, as every library names
// them in its own way.
type registered struct {
	Issuer    string   `json:"iss"`
	Subject   string   `json:"sub"`
	Audience  []string `json:"aud"`
	ExpiresAt int64    `json:"exp,omitempty"`
	NotBefore int64    `json:"nbf"`
	IssuedAt  int64    `json:"iat"`
	ID        string   `json:"jti"`
}

// extra are the other claims of an ID Token.
type extra struct {
	AuthTime  int64    `json:"auth_time"`
	Nonce     string   `json:"nonce"`
	Party     string   `json:"azp"`
	Context   string   `json:"acr"`
	Methods   []string `json:"amr"`
	TokenHash string   `json:"at_hash"`
	Session   string   `json:"sid"`
	Name      string   `json:"name"`
	Username  string   `json:"preferred_username"`
	Email     string   `json:"email"`
	Verified  bool     `json:"email_verified"`
	Locale    string   `json:"locale"`
	Picture   string   `json:"picture"`
	Address   address  `json:"address"`
	Groups    []string `json:"groups"`
}

type address struct {
	Street  string `json:"street_address"`
	City    string `json:"locality"`
	Code    string `json:"postal_code"`
	Country string `json:"country"`
}

type claims struct {
	registered
	extra
}

func newClaims(now time.Time) claims {
	return claims{newRegistered(now), newExtra(now)}
}

func newRegistered(now time.Time) registered {
	return registered{
		Issuer:    issuer,
		Subject:   "248289761001",
		Audience:  []string{audience, "https://app.example"},
		ExpiresAt: now.Add(time.Hour).Unix(),
		NotBefore: now.Unix(),
		IssuedAt:  now.Unix(),
		ID:        "dQ3f7Zk1Rr2mVw8sXo5tYb",
	}
}

func newExtra(now time.Time) extra {
	return extra{
		AuthTime:  now.Add(-time.Minute).Unix(),
		Nonce:     "n-0S6_WzA2Mj9rT4uKp3xLq8eHc",
		Party:     "https://app.example",
		Context:   "urn:mace:incommon:iap:silver",
		Methods:   []string{"pwd", "otp", "mfa"},
		TokenHash: "77QmUPtjPfzWtF2AnpK9RQ",
		Session:   "08a5019c-17e1-4977-8f42-65a12843ea02",
		Name:      "Jane \"JD\" Müller-Doe",
		Username:  "j.doe",
		Email:     "janedoe@mail.example",
		Verified:  true,
		Locale:    "de-AT",
		Picture:   "https://app.example/people/248289761001/portraits/large-2x.jpg?version=20261121T090807Z",
		Address:   address{"Mariahilfer Straße 101/2/14", "Wien", "1060", "Austria"},
		Groups: []string{"admin", "editor", "billing-readonly", "support-tier-2",
			"reports-eu-central", "on-call-secondary", "beta-testers-in-vienna"},
	}
}

func (c claims) json() ([]byte, error) { return json.Marshal(c) }
