package interop

import (
	"slices"
	"testing"

	"vouchsafe/oauth2"
	"vouchsafe/oidc"
)

func discovery(tb *table) {
	id := tb.client(nil)
	tb.row("at the issuer", "", func(t *testing.T) {
		p, err := tb.party(t, id, nil).Provider(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if p.Issuer != tb.issuer || p.UserInfoEndpoint == "" || p.EndSessionEndpoint == "" ||
			!p.AuthorizationResponseIssParameterSupported {
			t.Errorf("the metadata is %+v", p)
		}
		if want := []string{"S256"}; !slices.Equal(p.CodeChallengeMethodsSupported, want) {
			t.Errorf("the methods are %v, want %v", p.CodeChallengeMethodsSupported, want)
		}
	})
	tb.row("by RFC 8414", "", func(t *testing.T) {
		s, err := oauth2.Discover(t.Context(), nil, tb.issuer)
		if err != nil {
			t.Fatal(err)
		}
		if s.Issuer != tb.issuer || s.IntrospectionEndpoint == "" || s.RevocationEndpoint == "" ||
			s.DeviceAuthorizationEndpoint == "" {
			t.Errorf("the metadata is %+v", s)
		}
	})
	tb.refused("the issuer with a slash", check("issuer"), func(t *testing.T) error {
		client := tb.party(t, id, func(_ keyring, c *oidc.Config) { c.Issuer += "/" })
		_, err := client.Provider(t.Context())
		return err
	})
}
