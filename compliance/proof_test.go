package compliance_test

import (
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"vouchsafe/compliance"
	"vouchsafe/oauth2"
)

// A shape is what a fixture says of itself.
type shape struct {
	Provider  string
	Exchanges []struct{ Name, Grounding string }
}

func readShape(t *testing.T, name string) (shape, bool) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(folder, name+".json"))
	if err != nil {
		return shape{}, false
	}
	var s shape
	if err := json.Unmarshal(data, &s); err != nil {
		t.Fatal(err)
	}
	return s, true
}

// grounded reports whether the last exchange of one of these names is better known than from
// memory. Without names it is the last of all.
func (s shape) grounded(names ...string) (found, grounded bool) {
	for _, e := range s.Exchanges {
		if len(names) == 0 || slices.Contains(names, e.Name) {
			found, grounded = true, e.Grounding != "unverified"
		}
	}
	return found, grounded
}

// proven returns the parts of a row that fixtures prove.
func proven(t *testing.T, name string) map[string]bool {
	t.Helper()
	parts := map[string]bool{}
	if _, replayed := logins[name]; replayed {
		s, _ := readShape(t, name)
		_, parts["login"] = s.grounded("token", "access token")
		asked, known := s.grounded("user")
		parts["identity"] = known || !asked && parts["login"]
	}
	for failure := range failures {
		if s, _ := readShape(t, failure); s.Provider == name {
			if _, grounded := s.grounded(); grounded {
				parts["error"] = true
			}
		}
	}
	if _, replayed := refreshes[name]; replayed {
		s, _ := readShape(t, name+"-refresh")
		_, parts["refresh"] = s.grounded()
	}
	return parts
}

func isOIDC(p compliance.Provider) bool {
	return p.ServerMetadataURL != "" || slices.Contains(p.Scopes, "openid") ||
		p.Issuer != "" && p.AuthorizeURL == ""
}

// partsOf are the parts that a row has to prove.
func partsOf(p compliance.Provider) []string {
	parts := []string{"login"}
	if p.IdentityIssuer != "" || isOIDC(p) {
		parts = append(parts, "identity")
	}
	parts = append(parts, "error")
	if p.RequestTokenURL == "" && p.Facts.Refresh != "none" {
		parts = append(parts, "refresh")
	}
	return parts
}

// Each row marks what is unproven, no more and no less.
func TestUnproven(t *testing.T) {
	var rows, logIn, refused, renewed int
	protocols := map[string]int{}
	for _, name := range compliance.Names() {
		p, _ := compliance.Lookup(name)
		is := proven(t, name)
		unproven := slices.DeleteFunc(partsOf(p), func(part string) bool { return is[part] })
		if !slices.Equal(p.Unproven, unproven) {
			t.Errorf("%s has Unproven %q, must have %q", name, p.Unproven, unproven)
		}
		rows++
		protocols[protocol(p)]++
		if is["login"] && is["identity"] && slices.Contains(partsOf(p), "identity") {
			logIn++
			if is["error"] {
				refused++
			}
		}
		if is["refresh"] {
			renewed++
		}
	}
	t.Logf("%d rows %v: login and identity of %d, error too of %d, refresh of %d",
		rows, protocols, logIn, refused, renewed)
	if rows < 100 || logIn < 70 || refused < 35 || renewed < 16 || len(protocols) != 3 {
		t.Errorf("%d rows, %d, %d and %d of them proven", rows, logIn, refused, renewed)
	}
}

func protocol(p compliance.Provider) string {
	switch {
	case p.RequestTokenURL != "":
		return "oauth1"
	case isOIDC(p):
		return "oidc"
	}
	return "oauth2"
}

// waives are the fields that waive a check without being called Insecure, and the check.
var waives = map[string]string{
	"AssumeBearer":       "token_type",
	"TokenType":          "token_type",
	"FormTokenResponse":  "content_type",
	"UntypedUserInfo":    "content_type",
	"StringBooleans":     "boolean",
	"StandardBase64Keys": "base64url",
	"TrustedAudiences":   "aud",
	"Allow":              "tenant",

	"InsecureTokenGET":            "POST",
	"InsecureMissingNonce":        "nonce",
	"InsecureNoTokenSecret":       "secret",
	"InsecureNoCallbackConfirmed": "1.0a",
	"InsecurePlacementQuery":      "header",
	"UserInfoEndpoint":            "header",
}

// waived returns the fields of a row that waive a check.
func waived(v reflect.Value) []string {
	var fields []string
	for i := range v.NumField() {
		f, name := v.Field(i), v.Type().Field(i).Name
		switch {
		case f.IsZero():
		case f.Interface() == oauth2.InsecurePlacementQuery:
			fields = append(fields, "InsecurePlacementQuery")
		case name == "UserInfoEndpoint" && strings.Contains(f.String(), "{access_token}"),
			strings.HasPrefix(name, "Insecure"), name != "UserInfoEndpoint" && waives[name] != "":
			fields = append(fields, name)
		case f.Kind() == reflect.Struct:
			fields = append(fields, waived(f)...)
		}
	}
	slices.Sort(fields)
	return fields
}

// Each check that a row waives stands in a file that is changed by hand, with its source.
func TestWaived(t *testing.T) {
	golden, err := os.ReadFile(filepath.Join(folder, "waived.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, name := range compliance.Names() {
		p, _ := compliance.Lookup(name)
		fields := waived(reflect.ValueOf(p))
		if named := slices.Sorted(maps.Keys(p.Waived)); !slices.Equal(fields, named) {
			t.Errorf("%s waives %q and names the source of %q", name, fields, named)
		}
		for _, field := range fields {
			lines = append(lines, fmt.Sprintf("%s\t%s\t%s\n", name, field, p.Waived[field]))
			if waives[field] == "" {
				t.Errorf("%s: which check does %s waive?", name, field)
			}
		}
	}
	if got := "row\tfield\tsource\n" + strings.Join(lines, ""); got != string(golden) {
		t.Errorf("waived.tsv must be, by hand:\n%s", got)
	}
}

var update = flag.Bool("update", false, "write the table of the documentation anew")

// The table of the package documentation is that of the rows.
func TestTable(t *testing.T) {
	const begin, end = "// # The table\n", "// # Parameters\n"
	source, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(source), begin)
	_, after, ok2 := strings.Cut(rest, "package compliance")
	if !ok || !ok2 {
		t.Fatal("doc.go has no table")
	}
	want := before + begin + table(t) + end + parameters() + "package compliance" + after
	if want == string(source) {
		return
	}
	if !*update {
		t.Fatal("the table is not that of the rows: go test ./compliance -run TestTable -update")
	}
	if err := os.WriteFile("doc.go", []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}

func table(t *testing.T) string {
	var b strings.Builder
	b.WriteString(`//
// Identity is where the subject is: in the ID Token, in UserInfo, or beside the token; a dash is
// none that never changes. Refresh is what becomes of a refresh token, PKCE whether the provider
// looks at the challenge, which it gets anyway, and logout whether it has RP-initiated logout; a
// question mark is what is not known. Proven are, by a fixture, Login, Identity, Error and
// Refresh; a dot is unproven, a dash not to be had. Waived are the checks that the provider does
// not pass: [Provider].Waived says how that is known.
//
//	name                 protocol identity refresh PKCE     logout proven waived
`)
	for _, name := range compliance.Names() {
		p, _ := compliance.Lookup(name)
		var checks []string
		for _, field := range waived(reflect.ValueOf(p)) {
			if !slices.Contains(checks, waives[field]) {
				checks = append(checks, waives[field])
			}
		}
		refresh, pkce := cmp.Or(p.Facts.Refresh, "?"), cmp.Or(p.Facts.PKCE, "?")
		if protocol(p) == "oauth1" {
			refresh, pkce = "-", "-"
		}
		line := fmt.Sprintf("//\t%-20s %-8s %-8s %-7s %-8s %-6s %-6s ", name, protocol(p),
			identity(p), refresh, pkce, cmp.Or(p.Facts.Logout, "?"), letters(t, name, p))
		for len(checks) > 2 {
			b.WriteString(line + strings.Join(checks[:2], ", ") + ",\n")
			line, checks = "//\t"+strings.Repeat(" ", len(line)-3), checks[2:]
		}
		b.WriteString(strings.TrimRight(line+strings.Join(checks, ", "), " ") + "\n")
	}
	b.WriteString("//\n")
	return b.String()
}

func identity(p compliance.Provider) string {
	switch {
	case isOIDC(p):
		return "ID Token"
	case p.IdentityIssuer == "":
		return "-"
	case p.UserInfoEndpoint == "":
		return "token"
	}
	return "UserInfo"
}

// letters returns the first letters of the parts that are proven.
func letters(t *testing.T, name string, p compliance.Provider) string {
	is, has := proven(t, name), partsOf(p)
	var b strings.Builder
	for _, part := range []string{"login", "identity", "error", "refresh"} {
		switch {
		case !slices.Contains(has, part):
			b.WriteByte('-')
		case is[part]:
			b.WriteString(strings.ToUpper(part[:1]))
		default:
			b.WriteByte('.')
		}
	}
	return b.String()
}

func parameters() string {
	var b strings.Builder
	b.WriteString(`//
// These rows have parameters, which registry.Config.ProviderParams fills in; those with an equals
// sign have this value if nothing else is said. A value is one client's: where users say theirs,
// such as a shop or an instance, registry.Options.Resolve has a client for each.
//
`)
	for _, name := range compliance.Names() {
		p, _ := compliance.Lookup(name)
		var params []string
		for _, param := range slices.Sorted(maps.Keys(p.Params)) {
			text := param + " (" + p.Params[param].Example + ")"
			if value := p.Params[param].Default; value != "" {
				text = param + "=" + value
			}
			params = append(params, text)
		}
		if params != nil {
			fmt.Fprintf(&b, "//\t%-20s %s\n", name,
				strings.Join(params, ",\n//\t"+strings.Repeat(" ", 21)))
		}
	}
	return b.String()
}
