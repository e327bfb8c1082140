package oauth1_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"maps"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"vouchsafe/httpclient"
	"vouchsafe/oauth1"
	"vouchsafe/oauth1/oauth1test"
)

// logInForSuite is a login as the package documentation has it.
func logInForSuite(ctx context.Context, a *oauth1test.Attempt) error {
	client, err := oauth1.New(oauth1.Config{
		ID: a.ClientID, Secret: a.ClientSecret,
		SignatureMethod:        oauth1.HMACSHA256,
		TemporaryCredentialURL: a.TemporaryCredentialURL,
		AuthorizationURL:       a.AuthorizationURL,
		TokenURL:               a.TokenURL,
		CorrectClock:           a.Task == oauth1test.Clock,
	})
	if err != nil {
		return err
	}
	o := oauth1.AuthorizationOptions{RedirectURI: a.RedirectURI}
	req, err := client.Authorize(ctx, o)
	if e, ok := errors.AsType[*oauth1.Error](err); ok && e.Problem == "timestamp_refused" {
		req, err = client.Authorize(ctx, o)
	}
	if err != nil {
		return err
	}
	r, err := a.Browse(req.URL)
	if err != nil {
		return err
	}
	tok, err := client.Callback(ctx, r.URL.Query(), req.Transaction)
	if err != nil {
		return err
	}
	if a.Task == oauth1test.Renewal {
		if tok, err = client.Renew(ctx, tok); err != nil {
			return err
		}
	}
	return callForSuite(ctx, client, tok, a.APIURL)
}

func callForSuite(
	ctx context.Context, client *oauth1.Client, tok *oauth1.Token, api string,
) error {
	signing, err := client.Transport(tok, api)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, api, nil)
	if err != nil {
		return err
	}
	resp, err := (&http.Client{Transport: signing}).Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if err := oauth1.ResponseError(resp); err != nil {
		return err
	}
	var user struct{ ID string }
	if err := json.NewDecoder(resp.Body).Decode(&user); err != nil {
		return err
	}
	if user.ID != "alice" {
		return fmt.Errorf("user %q", user.ID)
	}
	return nil
}

// credentialEnds is what the faults of credentials end in, of all three answers that have
// some.
var credentialEnds = map[string]string{
	"identifier_missing":    "token",
	"identifier_empty":      "token",
	"identifier_twice":      "response_parameters",
	"secret_missing":        "token_secret",
	"secret_empty":          "token_secret",
	"secret_twice":          "response_parameters",
	"not_utf8":              "response_text",
	"html":                  "response_form",
	"json_cut_short":        "response_form",
	"json_identifier_twice": "response_form",
	"too_long":              "too large",
	"cut_short":             "unexpected EOF",
	"status_401":            "401 permission_unknown",
	"status_500":            "500",
	"problem":               "200 permission_unknown",
	"error_object":          "200 not-now",
	"redirect":              "307",
}

// otherEnds is what the other faults end in.
var otherEnds = map[string]string{
	"confirmed_missing":         "oauth_callback_confirmed",
	"confirmed_empty":           "oauth_callback_confirmed",
	"confirmed_false":           "oauth_callback_confirmed",
	"confirmed_twice":           "response_parameters",
	"oauth_1_0":                 "oauth_callback_confirmed",
	"callback_other_token":      "oauth_token",
	"callback_token_missing":    "oauth_token",
	"callback_token_empty":      "oauth_token",
	"callback_token_twice":      "callback_parameters",
	"callback_verifier_missing": "oauth_verifier",
	"callback_verifier_empty":   "oauth_verifier",
	"callback_verifier_twice":   "callback_parameters",
	"callback_denied":           "denied",
	"callback_problem":          "denied: user_refused",
	"session_handle_missing":    "session_handle",
	"session_handle_empty":      "session_handle",
	"api_redirect":              "origin",
	"api_redirect_with_token":   "parameters",
	"api_status_500":            "500",
	"api_token_expired":         "401 token_expired",
	"api_token_revoked":         "401 token_revoked",
	"api_nonce_used":            "401 nonce_used",
	"api_timestamp_refused":     "401 timestamp_refused",
}

// endOf returns what err is: a check, or the status and the problem of a refusal, or what
// else there is. It is empty for nil.
func endOf(err error) string {
	refused, _ := errors.AsType[*oauth1.Error](err)
	failed, _ := errors.AsType[*oauth1.CheckError](err)
	switch {
	case err == nil:
		return ""
	case failed != nil:
		return failed.Check
	case errors.Is(err, oauth1.ErrAccessDenied) && refused != nil:
		return "denied: " + refused.Problem
	case errors.Is(err, oauth1.ErrAccessDenied):
		return "denied"
	case refused != nil:
		return strings.TrimSpace(fmt.Sprint(refused.Status, " ", refused.Problem))
	case errors.Is(err, httpclient.ErrTooLarge):
		return "too large"
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "unexpected EOF"
	}
	return err.Error()
}

// runSuite returns what each misbehavior ended in, and the names of the checks that failed.
func runSuite(t *testing.T) (ends map[string]string, failed map[string]bool) {
	ends, failed = map[string]string{}, map[string]bool{}
	oauth1test.Suite(t, func(ctx context.Context, a *oauth1test.Attempt) error {
		ctx = oauth1.WithTrace(ctx, func(check, _ string, err error) {
			if err != nil {
				failed[check] = true
			}
		})
		err := logInForSuite(ctx, a)
		ends[a.Misbehavior] = endOf(err)
		return err
	})
	return ends, failed
}

// Each fault of a provider is found by the check that is there for it, and nothing else is
// refused.
func TestSuite(t *testing.T) {
	want := maps.Clone(otherEnds)
	for _, step := range []string{"temporary_", "token_", "renewal_"} {
		for name, end := range credentialEnds {
			want[step+name] = end
		}
	}
	ends, _ := runSuite(t)
	for _, m := range oauth1test.Misbehaviors() {
		end, ran := ends[m.Name]
		if fault := !m.Harmless && !m.Optional; !ran || end != want[m.Name] || fault != (end != "") {
			t.Errorf("%s: ended in %q, want %q", m.Name, end, want[m.Name])
		}
		delete(want, m.Name)
	}
	for name := range want {
		t.Errorf("there is no %s", name)
	}
}

// Checks that no provider makes fail.
var notOfProviders = map[string]string{
	"signature_method":            "the configuration's, or a client's for the Verifier",
	"client_id":                   "the configuration's",
	"private_key":                 "the configuration's",
	"client_secret":               "the configuration's",
	"placement":                   "the configuration's, or a client's for the Verifier",
	"body_hash":                   "the configuration's, or a client's for the Verifier",
	"realm":                       "the configuration's",
	"authorization_names":         "the configuration's",
	"temporary_credential_method": "the configuration's",
	"token_method":                "the configuration's",
	"temporary_credential_params": "the configuration's",
	"token_params":                "the configuration's",
	"urls":                        "the configuration's, or Transport's caller's",
	"temporary_credential_url":    "the configuration's",
	"authorization_url":           "the configuration's",
	"token_url":                   "the configuration's",
	"renewal_url":                 "the configuration's",
	"signing_key":                 "the configuration's, in FIPS 140-only mode",

	"redirect_uri":    "Authorize's caller's",
	"params":          "Authorize's caller's",
	"transaction":     "kept by the caller",
	"x_auth_username": "XAuth's caller's",
	"x_auth_password": "XAuth's caller's",
	"record":          "stored by the caller",
	"url":             "the URL of the caller's request",
	"authorization":   "the header of the caller's request, or a client's for the Verifier",
	"body":            "the body of the caller's request, or a client's for the Verifier",

	"methods":      "the Verifier's configuration",
	"key":          "the Verifier's configuration, or what its Key returns",
	"nonces":       "the Verifier's configuration",
	"window":       "the Verifier's configuration",
	"max_body":     "the Verifier's configuration",
	"nonce_store":  "the receiver's own trouble",
	"method":       "a client's, for the Verifier",
	"content_type": "a client's, for the Verifier",
	"size":         "a client's, for the Verifier",
	"form_size":    "a client's, for the Verifier",
	"timestamp":    "a client's, for the Verifier",
	"credentials":  "a client's, for the Verifier",
	"signature":    "a client's, for the Verifier",
	"nonce":        "a client's, for the Verifier",

	"oauth_consumer_key":     "a client's, for the Verifier",
	"oauth_signature_method": "a client's, for the Verifier",
	"oauth_signature":        "a client's, for the Verifier",
	"oauth_version":          "a client's, for the Verifier",
	"oauth_timestamp":        "a client's, for the Verifier",
	"oauth_nonce":            "a client's, for the Verifier",
}

// For every check of what a provider sends there is a provider that makes it fail.
func TestSuiteMakesEveryCheckFail(t *testing.T) {
	names := checkNames(t)
	_, failed := runSuite(t)
	for name := range names {
		if _, other := notOfProviders[name]; other == failed[name] {
			t.Errorf("%s: provoked %t, expected not to be %t", name, failed[name], other)
		}
	}
	for name := range failed {
		if !names[name] {
			t.Errorf("%s failed, which was not found in the source", name)
		}
	}
	for name := range notOfProviders {
		if !names[name] {
			t.Errorf("there is no check %s", name)
		}
	}
}

// checkNames returns the names of the checks that the source of the package makes.
func checkNames(t *testing.T) map[string]bool {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		syntax, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range syntax.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok {
				addCheckNames(t, names, f)
			}
		}
	}
	return names
}

// namedBy has the functions that are given the name of a check, and the argument that it is.
var namedBy = map[string]int{
	"Check": 1, "Result": 0, "because": 1, "checkEndpoint": 2, "checkPublicKey": 0, "present": 0,
}

// addCheckNames adds the names of the checks that f makes: constants, or the parameters of
// a function of namedBy, whose calls have them.
func addCheckNames(t *testing.T, names map[string]bool, f *ast.FuncDecl) {
	t.Helper()
	known := map[string]string{} // constants, and parameters as empty strings
	ast.Inspect(f, func(n ast.Node) bool {
		var x ast.Expr
		switch n := n.(type) {
		case *ast.ValueSpec:
			for i, name := range n.Names {
				if i < len(n.Values) {
					known[name.Name] = literal(n.Values[i])
				}
			}
		case *ast.Field:
			for _, name := range n.Names {
				known[name.Name] = ""
			}
		case *ast.CallExpr:
			x = nameIn(n)
		case *ast.CompositeLit:
			if kind, ok := n.Type.(*ast.Ident); ok && kind.Name == "CheckError" {
				x = n.Elts[0]
			}
			if field, ok := x.(*ast.KeyValueExpr); ok {
				x = field.Value
			}
		}
		if x == nil {
			return true
		}
		name := literal(x)
		ok := name != ""
		if variable, isVariable := x.(*ast.Ident); isVariable {
			name, ok = known[variable.Name]
		}
		if !ok {
			t.Errorf("%s: cannot tell what check %T is", f.Name, x)
		}
		if name != "" {
			names[name] = true
		}
		return true
	})
}

// nameIn returns the name of a check that a call has, or nil.
func nameIn(call *ast.CallExpr) ast.Expr {
	name := ""
	switch f := call.Fun.(type) {
	case *ast.Ident:
		name = f.Name
	case *ast.SelectorExpr:
		name = f.Sel.Name
	}
	if i, ok := namedBy[name]; ok && i < len(call.Args) {
		return call.Args[i]
	}
	return nil
}

// literal returns the string that x is, or the empty string.
func literal(x ast.Expr) string {
	if s, ok := x.(*ast.BasicLit); ok && s.Kind == token.STRING {
		text, _ := strconv.Unquote(s.Value)
		return text
	}
	return ""
}
