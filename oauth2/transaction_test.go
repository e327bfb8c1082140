package oauth2

import (
	"net/http/httptest"
	"strings"
	"testing"
)

func TestTransactionRoundTrip(t *testing.T) {
	s := newServer(t, answerJSON(200, goodToken))
	c := newClient(t, configAt(s.URL))
	req := begin(t, c, "read")
	stored, err := req.Transaction.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	var txn Transaction
	if err := txn.UnmarshalBinary(stored); err != nil {
		t.Fatal(err)
	}
	if txn.State() != req.Transaction.State() {
		t.Errorf("state is %q", txn.State())
	}
	tok, err := c.Callback(t.Context(), answered(&txn), &txn)
	if err != nil {
		t.Fatal(err)
	}
	if len(tok.Scopes) != 1 || tok.Scopes[0] != "read" {
		t.Errorf("scopes are %q", tok.Scopes)
	}
	sent := s.requests()[0]
	for _, want := range []string{req.Transaction.data().Verifier,
		"redirect_uri=https%3A%2F%2Frp.example%2Fcb"} {
		if !strings.Contains(sent, want) {
			t.Errorf("sent %q without what was stored", sent)
		}
	}
}

// What is no transaction is an error, and leaves the one there as it was.
func TestTransactionGarbage(t *testing.T) {
	verifier := strings.Repeat("v", 43)
	for _, garbage := range []string{
		"", " ", "null", "{}", "[]", `"x"`, "\x00", `{"s":1}`,
		`{"v":"` + verifier + `"}`,
		`{"s":"","v":"` + verifier + `"}`,
		`{"s":"s"}`,
		`{"s":"s","v":""}`,
		`{"s":"s","v":"` + verifier[1:] + `"}`,
		`{"s":"s","v":"` + verifier + `"`,
		`{"s":"s","v":"` + verifier + `"}{}`,
		`{"s":"s","v":"` + verifier + `","r":1}`,
		`{"s":"s","v":"` + verifier + `","t":"token"}`,
		`{"s":"s","v":"` + verifier + `","t":1}`,
		`{"s":"s","v":"` + verifier + `","j":"true"}`,
		`{"s":"s","t":"code id_token"}`,
		`{"s":"s","t":"code"}`,
		`{"v":"","t":"id_token"}`,
	} {
		txn := begin(t, newClient(t, configAt("https://as.example"))).Transaction
		before := txn.State()
		if got := outcome(txn.UnmarshalBinary([]byte(garbage))); got != "not transaction" {
			t.Errorf("%q: outcome %q", garbage, got)
		}
		if txn.State() != before {
			t.Errorf("%q: the transaction has changed", garbage)
		}
	}
	var txn Transaction
	if err := txn.UnmarshalBinary([]byte(`{"s":"s","v":"` + verifier + `"}`)); err != nil ||
		txn.State() != "s" {
		t.Errorf("the least there can be: %v", err)
	}
}

// The zero Transaction is that of no request.
func TestZeroTransaction(t *testing.T) {
	for name, txn := range map[string]*Transaction{"nil": nil, "zero": {}} {
		if txn.State() != "" {
			t.Errorf("%s: state %q", name, txn.State())
		}
		if b, err := txn.MarshalBinary(); outcome(err) != "not transaction" || b != nil {
			t.Errorf("%s: stored as %q, %v", name, b, err)
		}
	}
}

// A type without a code has no verifier.
func TestTransactionTypes(t *testing.T) {
	verifier := strings.Repeat("v", 43)
	for _, stored := range []string{
		`{"d":"d","s":"s","v":"","r":"r","t":"id_token"}`,
		`{"d":"d","s":"s","v":"","r":"r","t":"id_token token","j":true}`,
		`{"d":"d","s":"s","v":"` + verifier + `","r":"r","t":"code id_token"}`,
		`{"d":"d","s":"s","v":"` + verifier + `","r":"r","j":true}`,
	} {
		var txn Transaction
		if err := txn.UnmarshalBinary([]byte(stored)); err != nil {
			t.Errorf("%s: %v", stored, err)
			continue
		}
		if again, err := txn.MarshalBinary(); err != nil || string(again) != stored {
			t.Errorf("%s: stored again as %s, %v", stored, again, err)
		}
	}
}

// What is stored is read by later versions: a transaction outlives a deployment.
func TestTransactionAsStored(t *testing.T) {
	verifier := strings.Repeat("v", 43)
	stored := `{"d":"digest","s":"state","v":"` + verifier + `","r":"https://rp.example/cb",` +
		`"c":["read","write"],"p":{"resource":["urn:a","urn:b"]}}`
	var txn Transaction
	if err := txn.UnmarshalBinary([]byte(stored)); err != nil {
		t.Fatal(err)
	}
	if again, err := txn.MarshalBinary(); err != nil || string(again) != stored {
		t.Errorf("stored again as %s, %v", again, err)
	}
	d := txn.data()
	if d.Digest != "digest" || d.State != "state" || d.Verifier != verifier ||
		d.RedirectURI != redirectURI || len(d.Scopes) != 2 || len(d.Params["resource"]) != 2 {
		t.Errorf("read as %+v", d)
	}
}

// What there is none of takes no room in a cookie.
func TestTransactionIsShort(t *testing.T) {
	txn := begin(t, newClient(t, configAt("https://as.example"))).Transaction
	stored, err := txn.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	d := txn.data()
	want := `{"d":"` + d.Digest + `","s":"` + d.State + `","v":"` + d.Verifier +
		`","r":"https://rp.example/cb"}`
	if string(stored) != want {
		t.Errorf("stored as %s, want %s", stored, want)
	}
}

// A transaction whose bytes were exchanged for another's is that other's.
func TestTransactionOfAnotherStored(t *testing.T) {
	ours := newClient(t, configAt("https://as.example"))
	theirs := newClient(t, configAt("https://evil.example"))
	stored, err := begin(t, theirs).Transaction.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	var txn Transaction
	if err := txn.UnmarshalBinary(stored); err != nil {
		t.Fatal(err)
	}
	_, err = ours.AuthorizationResponse(t.Context(), answered(&txn), &txn)
	wantCheck(t, err, "transaction", "RFC 9700, Section 4.4.2")
}

// RFC 9700, Section 4.4.2.2: the path tells whose response it is, byte for byte.
func TestCheckRedirect(t *testing.T) {
	for _, test := range []struct {
		name, redirect, came string
		ok                   bool
	}{
		{"same", "https://rp.example/cb/a", "/cb/a?code=c", true},
		{"query of the redirect URI", "https://rp.example/cb/a?x=1", "/cb/a?x=1&code=c", true},
		{"another host, as behind a proxy", "https://rp.example/cb", "http://10.0.0.1/cb", true},
		{"no path", "https://rp.example", "/", true},
		{"the root", "https://rp.example/", "/?code=c", true},
		{"escaped", "https://rp.example/a%2Fb", "/a%2Fb", true},
		{"of an application", "com.example.app:/cb", "/cb", true},
		{"of another server", "https://rp.example/cb/a", "/cb/b", false},
		{"above", "https://rp.example/cb/a", "/cb", false},
		{"beneath", "https://rp.example/cb", "/cb/a", false},
		{"a slash more", "https://rp.example/cb", "/cb/", false},
		{"a slash less", "https://rp.example/cb/", "/cb", false},
		{"two slashes", "https://rp.example/cb/a", "/cb//a", false},
		{"a capital", "https://rp.example/cb", "/CB", false},
		{"an escaped slash", "https://rp.example/a/b", "/a%2Fb", false},
		{"a slash for an escaped one", "https://rp.example/a%2Fb", "/a/b", false},
		{"dots", "https://rp.example/cb/a", "/cb/b/../a", false},
		{"no path, another came", "https://rp.example", "/cb", false},
		{"the path in the query", "https://rp.example/cb", "/?/cb", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			req, err := newClient(t, configAt("https://as.example")).Authorize(t.Context(),
				AuthorizationOptions{RedirectURI: test.redirect})
			if err != nil {
				t.Fatal(err)
			}
			err = req.Transaction.CheckRedirect(httptest.NewRequest("GET", test.came, nil))
			if test.ok {
				if err != nil {
					t.Error(err)
				}
				return
			}
			wantCheck(t, err, "redirect_uri", "RFC 9700, Section 4.4.2.2")
		})
	}
	r := httptest.NewRequest("GET", "/", nil)
	for name, txn := range map[string]*Transaction{"nil": nil, "zero": {},
		"broken": {(&transactionData{RedirectURI: "https://rp.example/%zz"}).hidden()}} {
		if got := outcome(txn.CheckRedirect(r)); got != "check redirect_uri" {
			t.Errorf("%s: outcome %q", name, got)
		}
	}
}
