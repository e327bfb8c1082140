package strictjson

import (
	"encoding/json"
	"testing"
)

// idToken is a payload of 900 bytes and 22 claims.
const idToken = `{"iss":"https://login.example.com/realms/customers",` +
	`"sub":"248289761001-7d1f0f3a5c9e","aud":["s6BhdRkqt3","https://api.example.com/"],` +
	`"azp":"s6BhdRkqt3","exp":1800003600,"iat":1800000000,"nbf":1799999990,"auth_time":1799999900,` +
	`"jti":"2f9c0a7e-6f3b-4b0e-9f64-0d5a3c1b7e21","nonce":"n-0S6_WzA2Mj-4lXyq0dTQhB7kz1vCw9",` +
	`"acr":"urn:mace:incommon:iap:silver","amr":["pwd","otp","mfa"],` +
	`"at_hash":"77QmUPtjPfzWtF2AnpK9RQ","c_hash":"LDktKdoQak3Pk0cnXxCltA",` +
	`"sid":"08a5019c-17e1-4977-8f42-65a12843ea02","name":"Jane Margaret Wilson Doe",` +
	`"given_name":"Jane M.","family_name":"Doe","email":"jane.w.doe@example.com",` +
	`"email_verified":true,` +
	`"picture":"https://images.example.com/users/2026/11/248289761001-7d1f0f3a5c9e/large.webp",` +
	`"address":{"formatted":"123 Example Street\nSpringfield",` +
	`"street_address":"123 Example Street","locality":"Springfield",` +
	`"region":"Springfield","postal_code":"12345-6789","country":"US"}}`

var registered = []string{"iss", "sub", "aud", "exp", "nbf", "iat", "jti"}

// Names and values are parts of the text, not copies.
func TestAllocations(t *testing.T) {
	obj, err := Parse(idToken, registered...)
	if err != nil || obj.Len() != 22 || len(idToken) != 900 {
		t.Fatalf("%d members in %d bytes, %v", obj.Len(), len(idToken), err)
	}
	for _, tt := range []struct {
		name string
		f    func()
		want float64
	}{
		{"Parse", func() { Parse(idToken, registered...) }, 1},
		{"Get and String", func() { obj.Get("iss").String() }, 0},
		{"String beyond ASCII", func() { Value(`"René, too long for a stack's buffer"`).String() }, 0},
		{"Array", func() { Value(`["a"]`).Array() }, 1},
		{"Strings", func() { Value(`["a"]`).Strings() }, 1},
		{"Seconds", func() { Value("1800000000").Seconds() }, 0},
	} {
		if n := testing.AllocsPerRun(100, tt.f); n != tt.want {
			t.Errorf("%s: %v allocations, want %v", tt.name, n, tt.want)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	b.Run("strictjson", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			Parse(idToken, registered...)
		}
	})
	data := []byte(idToken)
	b.Run("json.Valid", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			json.Valid(data)
		}
	})
}
