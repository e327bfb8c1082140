package oidc

import "testing"

// OpenID Connect Core 1.0, Section 5.7: both together, byte for byte.
func TestIdentity(t *testing.T) {
	alice := Identity{"https://p.example", "alice"}
	accounts := map[Identity]string{alice: "account"}
	for _, test := range []struct {
		other Identity
		same  bool
	}{
		{Identity{"https://p.example", "alice"}, true},
		{Identity{"https://p.example/", "alice"}, false},
		{Identity{"https://q.example", "alice"}, false},
		{Identity{"https://p.example", "Alice"}, false},
		{Identity{"https://p.examplea", "lice"}, false},
		{Identity{"", "alice"}, false},
		{Identity{}, false},
	} {
		if _, found := accounts[test.other]; found != test.same ||
			(test.other == alice) != test.same {
			t.Errorf("%v is the same: %v", test.other, found)
		}
	}
	if !(Identity{}).IsZero() || alice.IsZero() || (Identity{Issuer: "a"}).IsZero() ||
		(Identity{Subject: "a"}).IsZero() {
		t.Error("who is nobody is wrong")
	}
}
