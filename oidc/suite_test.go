package oidc

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	gotoken "go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"vouchsafe/httpclient"
	"vouchsafe/jose"
	"vouchsafe/oauth2"
	"vouchsafe/oidc/oidctest"
)

// An attempted is one attempt of the suite by a client of this package.
type attempted struct {
	*oidctest.Attempt
	client *Client
}

var errOtherIssuer = errors.New("the issuer found is not the one allowed")

// attempt does all that the suite has to do.
func attempt(ctx context.Context, a *oidctest.Attempt) error {
	issuer := a.Issuer
	if a.Task == oidctest.WebFinger {
		found, err := DiscoverIssuer(ctx, a.HTTP, a.Identifier)
		if err != nil {
			return err
		}
		if issuer = found; found != a.Issuer {
			return errOtherIssuer
		}
	}
	client, err := newAttempting(issuer, a)
	if err != nil {
		return err
	}
	w := attempted{a, client}
	login, err := w.logIn(ctx)
	if err != nil || a.ResponseType == "id_token" {
		return err
	}
	who := login.IDToken.Identity()
	switch a.Task {
	case oidctest.Twice:
		login, err = w.logIn(ctx)
	case oidctest.Refresh:
		login, err = client.Refresh(ctx, login.Token)
	case oidctest.ClaimSources:
		return w.claims(ctx, login)
	}
	if err != nil {
		return err
	}
	_, err = client.UserInfoOf(ctx, login.Token, who) // a refresh need not bring an ID Token
	return err
}

func newAttempting(issuer string, a *oidctest.Attempt) (*Client, error) {
	idToken, err := registration(a.Client.IDTokenAlgorithm, a.Client.IDTokenEncryption)
	if err != nil {
		return nil, err
	}
	userInfo, err := registration(a.Client.UserInfoAlgorithm, a.Client.UserInfoEncryption)
	if err != nil {
		return nil, err
	}
	return New(Config{
		Issuer:   issuer,
		ID:       a.Client.ID,
		Auth:     oauth2.ClientSecret(a.Client.Secret),
		IDToken:  idToken,
		UserInfo: userInfo,
		HTTP:     a.HTTP,
		ClaimsProviders: []ClaimsProvider{{
			Issuer:    a.ClaimsProvider.Issuer,
			Keys:      a.ClaimsProvider.Keys,
			Endpoints: []string{a.ClaimsProvider.Endpoint},
		}},
	})
}

// registration is how a client gets what is signed, and encrypted.
func registration(algorithm string, to oidctest.Recipient) (oauth2.SignedResponse, error) {
	s := oauth2.SignedResponse{SigningAlgorithm: algorithm}
	if to.Key == nil {
		return s, nil
	}
	var err error
	s.Decrypter, err = jose.NewDecrypter(jose.DecrypterConfig{
		Keys:        jose.NewSet(to.Key),
		Algorithms:  []string{to.Algorithm},
		Encryptions: []string{"A128CBC-HS256"},
	})
	return s, err
}

func (w attempted) logIn(ctx context.Context) (*Login, error) {
	o := AuthorizationOptions{
		RedirectURI:  w.RedirectURI,
		ResponseType: w.ResponseType,
		ResponseMode: w.ResponseMode,
		ACRValues:    strings.Fields(w.Params.Get("acr_values")),
	}
	if w.Params.Has("max_age") {
		seconds, err := strconv.Atoi(w.Params.Get("max_age"))
		if err != nil {
			return nil, err
		}
		age := time.Duration(seconds) * time.Second
		o.MaxAge = &age
	}
	req, err := w.client.Authorize(ctx, o)
	if err != nil {
		return nil, err
	}
	came, err := w.Browse(req.URL)
	if err != nil {
		return nil, err
	}
	params, err := oauth2.ReadCallback(came)
	if err != nil {
		return nil, err
	}
	return w.client.Callback(ctx, params, req.Transaction)
}

func (w attempted) claims(ctx context.Context, login *Login) error {
	user, err := w.client.UserInfo(ctx, login)
	if err != nil {
		return err
	}
	for _, source := range user.Sources() {
		if _, err := w.client.ClaimsFrom(ctx, source); err != nil {
			return err
		}
	}
	return nil
}

// A record is what became of the attempts of a suite.
type record struct {
	mu       sync.Mutex
	outcomes map[string][]string        // distinct ones, by the name of the misbehavior
	failed   map[jose.CheckError]string // checks without their clause, by which misbehavior
}

// attempt attempts as all do, and records what comes of it.
func (r *record) attempt(ctx context.Context, a *oidctest.Attempt) error {
	err := attempt(jose.WithTrace(ctx, func(check, _ string, err error) {
		if err != nil {
			r.note(a.Misbehavior, jose.CheckError{Check: check})
		}
	}), a)
	eachCheck(err, func(e jose.CheckError) { r.note(a.Misbehavior, e) })
	r.mu.Lock()
	defer r.mu.Unlock()
	if got := suiteOutcome(err); !slices.Contains(r.outcomes[a.Misbehavior], got) {
		r.outcomes[a.Misbehavior] = append(r.outcomes[a.Misbehavior], got)
	}
	return err
}

func (r *record) note(misbehavior string, e jose.CheckError) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e.Clause = ""
	r.failed[e] = misbehavior
}

// eachCheck calls f with each check in an error.
func eachCheck(err error, f func(jose.CheckError)) {
	if e, ok := err.(*jose.CheckError); ok {
		f(*e)
	}
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		eachCheck(e.Unwrap(), f)
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			eachCheck(inner, f)
		}
	}
}

// suiteOutcome names an error, and of a signed response what was wrong inside.
func suiteOutcome(err error) string {
	if status, ok := errors.AsType[*httpclient.StatusError](err); ok {
		return fmt.Sprintf("status %d", status.Status)
	}
	if errors.Is(err, jose.ErrDecryption) {
		return "decryption"
	}
	var checks []string
	eachCheck(err, func(e jose.CheckError) { checks = append(checks, e.Check) })
	if len(checks) > 1 {
		return "check " + strings.Join(checks, ", ")
	}
	return refusedBy(err)
}

// played is a suite played once, for the tests that look at what came of it.
func played(t *testing.T) *record {
	r := &record{outcomes: map[string][]string{}, failed: map[jose.CheckError]string{}}
	oidctest.Suite(t, r.attempt)
	return r
}

// A site is where a check is made: its name and what must be, empty where the source has no
// literal. What the source puts together is cut at the first part that is no literal.
type site struct {
	check, need string
	place       string
}

// sites are those of files, which are told apart by what they call.
func sites(t *testing.T, files ...string) []site {
	t.Helper()
	var list []site
	fset := gotoken.NewFileSet()
	for _, name := range files {
		file, err := parser.ParseFile(fset, name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			first, ok := map[string]int{"checkError": 0, "Check": 1, "Result": 0,
				"Because": 1}[called(call)]
			if !ok || len(call.Args) < first+2 {
				return true
			}
			s := site{check: literal(call.Args[first]), place: fset.Position(n.Pos()).String()}
			if called(call) != "Result" {
				s.need = literal(call.Args[first+1])
			}
			if s.check+s.need != "" {
				list = append(list, s)
			}
			return true
		})
	}
	return list
}

// called is the name of what is called.
func called(call *ast.CallExpr) string {
	switch f := call.Fun.(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		return f.Sel.Name
	}
	return ""
}

// literal is the text that an expression begins with.
func literal(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		text, _ := strconv.Unquote(e.Value)
		return text
	case *ast.BinaryExpr:
		left := literal(e.X)
		if whole, ok := e.X.(*ast.BasicLit); ok && whole.Kind == gotoken.STRING {
			return left + literal(e.Y)
		}
		return left
	}
	return ""
}

func TestSuite(t *testing.T) {
	r := played(t)
	for _, s := range sites(t, globbed(t)...) {
		found := ""
		for e, by := range r.failed {
			if (s.check == "" || s.check == e.Check) && strings.HasPrefix(e.Need, s.need) {
				found = by
			}
		}
		if found == "" {
			fmt.Printf("%s: %s: %q\n", s.place, s.check, s.need)
		}
	}
}

func globbed(t *testing.T) []string {
	all, _ := filepath.Glob("*.go")
	all = slices.DeleteFunc(all, func(s string) bool { return strings.HasSuffix(s, "_test.go") })
	for _, n := range []string{"authorizationresponse", "callback", "jarm", "tokenresponse"} {
		all = append(all, "../oauth2/"+n+".go")
	}
	return all
}
