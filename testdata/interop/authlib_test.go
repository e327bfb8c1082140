package interop

import (
	"bytes"
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
)

const plainSecret = "secret"

// An authlibCase is a login of rp.py, Authlib's client, at one of our test providers.
type authlibCase struct {
	name        string
	kind        string         // what of Authlib is used
	secret      string         // if not plainSecret
	options     map[string]any // further arguments
	redirectURI string         // if not testRedirectURI

	refused string   // what Authlib says, if the login fails
	faults  []string // what the provider has refused
	differs string   // from the specification, and how, if Authlib does
}

// test makes the login at the provider of that URL and certificate, decodes what rp.py prints
// into result, and adds the verdict when t is over.
func (c authlibCase) test(
	t *testing.T, rows *verdicts, provider, certificate string, result any,
) (ok bool) {
	t.Helper()
	t.Cleanup(func() { rows.add(t, c.name, c.differs == "", cmp.Or(c.differs, c.refused)) })
	settings, err := json.Marshal(map[string]any{
		"client":      c.arguments(),
		"redirectURI": cmp.Or(c.redirectURI, testRedirectURI),
		"provider":    provider,
		"certificate": certificate,
	})
	if err != nil {
		t.Fatal(err)
	}
	stdout, stderr, err := endPython(t, "rp.py", c.kind, string(settings))
	if said := string(bytes.TrimSpace(stderr)); (err != nil) != (c.refused != "") ||
		!strings.Contains(said, c.refused) {
		t.Errorf("it ended with %v %q, want %q", err, said, c.refused)
	}
	if err == nil {
		if err := json.Unmarshal(stdout, result); err != nil {
			t.Errorf("its output is not the JSON expected: %v", err)
		}
	}
	return err == nil
}

// arguments are those of a session, or of the registration in a registry.
func (c authlibCase) arguments() map[string]any {
	client := map[string]any{
		"client_id": testClientID, "client_secret": cmp.Or(c.secret, plainSecret)}
	if strings.HasPrefix(c.kind, "flask") {
		client["client_kwargs"] = c.options
	} else {
		maps.Copy(client, c.options)
	}
	return client
}

// checkFaults is for the faults of either test provider.
func checkFaults[F ~string](t *testing.T, got []F, want []string) {
	t.Helper()
	if !slices.EqualFunc(got, want, func(f F, s string) bool { return string(f) == s }) {
		t.Errorf("the provider refused %v, want %v", got, want)
	}
}
