package sqlstore

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"vouchsafe/internal/storetest"
	"vouchsafe/oauth2"
)

var aKey = oauth2.TokenKey{Name: "client", User: "user"}

var errFault = errors.New("fault")

func swapped(t *testing.T, s *Store, old, replacement *oauth2.Token) {
	t.Helper()
	if ok, err := s.Swap(t.Context(), aKey, old, replacement); !ok || err != nil {
		t.Fatalf("swapped %t, %v", ok, err)
	}
}

const (
	loses  = "the answer is lost" // of the first
	fails  = "fails"              // all of them
	failed = "fails once"
)

// spoil makes the statements fail that begin with a verb.
func (m *memory) spoil(verb, how string) {
	m.fault = func(_ context.Context, n int, done bool) error {
		if !strings.HasPrefix(m.statements[n], verb) || done != (how == loses) {
			return nil
		}
		if how != fails {
			m.fault = nil
		}
		return errFault
	}
}

// Whichever statement fails, what is answered is what is stored; and it is an error only if
// nothing is.
func TestFaults(t *testing.T) {
	one, two := storetest.Token(t, "one"), storetest.Token(t, "two")
	five := func(verb string) string { return "SELECT" + strings.Repeat(" "+verb+" SELECT", 5) }
	tests := []struct {
		verb, how string
		old, tok  *oauth2.Token
		want      error
		did       string
	}{
		{"SELECT", failed, nil, two, errFault, "SELECT"},
		{"SELECT", loses, one, two, errFault, "SELECT"},
		{"INSERT", fails, nil, two, errFault, five("INSERT")},
		{"INSERT", failed, nil, two, nil, "SELECT INSERT SELECT INSERT"},
		{"INSERT", loses, nil, two, nil, "SELECT INSERT SELECT"},
		{"UPDATE", fails, one, two, errFault, five("UPDATE")},
		{"UPDATE", failed, one, two, nil, "SELECT UPDATE SELECT UPDATE"},
		{"UPDATE", loses, one, two, nil, "SELECT UPDATE SELECT"},
		{"DELETE", fails, one, nil, errFault, five("DELETE")},
		{"DELETE", failed, one, nil, nil, "SELECT DELETE SELECT DELETE"},
		{"DELETE", loses, one, nil, nil, "SELECT DELETE SELECT"},
	}
	for _, test := range tests {
		t.Run(test.verb+" "+test.how, func(t *testing.T) {
			m := newMemory()
			s := m.store(t)
			swapped(t, s, nil, test.old)
			m.did()
			m.spoil(test.verb, test.how)
			ok, err := s.Swap(t.Context(), aKey, test.old, test.tok)
			if m.fault = nil; ok != (test.want == nil) || !errors.Is(err, test.want) {
				t.Errorf("swapped %t, %v", ok, err)
			}
			if did := m.did(); did != test.did {
				t.Errorf("did %s", did)
			}
			want := test.old
			if ok {
				want = test.tok
			}
			if held, err := s.Load(t.Context(), aKey); !held.Same(want) || err != nil {
				t.Errorf("loaded %v, %v", held, err)
			}
		})
	}
}

// Nothing can be told if the row cannot be asked either.
func TestFaultsThatLast(t *testing.T) {
	m := newMemory()
	s := m.store(t)
	m.fault = func(_ context.Context, i int, done bool) error {
		if i >= 1 && done {
			return errFault
		}
		return nil
	}
	ok, err := s.Swap(t.Context(), aKey, nil, storetest.Token(t, "one"))
	if ok || !errors.Is(err, errFault) || err.Error() != "sqlstore: oauth2_token: fault" {
		t.Errorf("swapped %t, %v", ok, err)
	}
	if did := m.did(); did != "SELECT INSERT SELECT" {
		t.Errorf("did %s", did)
	}
}

// Another writer comes between the statements, and the database says so with no row or with
// an error.
func TestLostToAnother(t *testing.T) {
	one, two := storetest.Token(t, "one"), storetest.Token(t, "two")
	three := storetest.Token(t, "three")
	tests := []struct {
		name                      string
		old, replacement, between *oauth2.Token
	}{
		{"both insert", nil, two, three},
		{"both insert the same", nil, two, two},
		{"both update", one, two, three},
		{"both update to the same", one, two, two},
		{"sealed anew", one, two, one},
		{"remove and update", one, nil, three},
		{"update and remove", one, two, nil},
		{"both remove", one, nil, nil},
	}
	for _, test := range tests {
		for _, conflict := range []error{nil, errFault} {
			m := newMemory()
			s := m.store(t)
			swapped(t, s, nil, test.old)
			m.did()
			m.fault = func(_ context.Context, i int, done bool) error {
				switch {
				case i == 0 && done:
					m.intrude(t, test.between)
				case i == 1 && !done:
					return conflict
				}
				return nil
			}
			ok, err := s.Swap(t.Context(), aKey, test.old, test.replacement)
			m.fault = nil
			// Two that remove the row and meet have both removed it.
			want := conflict != nil && test.replacement == nil && test.between == nil
			if ok != want || err != nil {
				t.Errorf("%s, %v: swapped %t, %v", test.name, conflict, ok, err)
			}
			if held, err := s.Load(t.Context(), aKey); !held.Same(test.between) || err != nil {
				t.Errorf("%s, %v: loaded %v, %v", test.name, conflict, held, err)
			}
		}
	}
}

// intrude changes the row as another process would, while m does a statement.
func (m *memory) intrude(t *testing.T, replacement *oauth2.Token) {
	t.Helper()
	other := newMemory()
	swapped(t, other.store(t), nil, replacement)
	id := rowID("oauth2_token", aKey.Name, aKey.User)
	delete(m.rows, id)
	if replacement != nil {
		m.rows[id] = other.only(t)
	}
}

// A driver that does not say how many rows were affected is no worse than a lost answer.
func TestNoCount(t *testing.T) {
	m := newMemory()
	m.noCount = true
	s := m.store(t)
	if ok, err := s.Swap(t.Context(), aKey, nil, storetest.Token(t, "one")); !ok || err != nil {
		t.Errorf("swapped %t, %v", ok, err)
	}
}

// A value opens under its key, in its column, in its row, and nowhere else.
func TestNotOpened(t *testing.T) {
	tests := []struct {
		name   string
		forge  func(row map[string]string) string
		column string
	}{
		{"plain text", func(map[string]string) string { return "plain" }, "access_token"},
		{"no base64", func(map[string]string) string { return "{}" }, "rest"},
		{"empty", func(map[string]string) string { return "" }, "refresh_token"},
		{"another column", func(r map[string]string) string { return r["rest"] }, "refresh_token"},
		{"cut", func(r map[string]string) string { return r["rest"][:60] }, "rest"},
		{"longer", func(r map[string]string) string { return r["rest"] + "AAAA" }, "rest"},
		{"with more", func(r map[string]string) string {
			return r["refresh_token"] + "!" // which the decoder sees after all that was sealed
		}, "refresh_token"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			m := newMemory()
			s := m.store(t)
			tok := storetest.Make(t, oauth2.Record{AccessToken: "a", RefreshToken: "rrrr"})
			swapped(t, s, nil, tok)
			row := map[string]string{}
			for column, value := range m.only(t) {
				row[column], _ = value.(string)
			}
			m.only(t)[test.column] = test.forge(row)
			_, loaded := s.Load(t.Context(), aKey)
			ok, stored := s.Swap(t.Context(), aKey, tok, storetest.Token(t, "b"))
			for _, err := range []error{loaded, stored} {
				if !errors.Is(err, ErrNotOpened) || ok ||
					!strings.HasPrefix(err.Error(), "sqlstore: oauth2_token: "+test.column+": ") {
					t.Errorf("got %v", err)
				}
			}
		})
	}
}

func TestNotOpenedElsewhere(t *testing.T) {
	m := newMemory()
	s := m.store(t)
	swapped(t, s, nil, storetest.Token(t, "a"))
	row := m.only(t)
	for _, key := range []oauth2.TokenKey{
		{Name: "other", User: "user"}, {Name: "client", User: "other"},
		{Name: "clientu", User: "ser"}, {Name: "clien", User: "tuser"},
	} {
		copied := maps.Clone(row)
		copied["name"], copied["user_id"] = key.Name, key.User
		m.rows[rowID("oauth2_token", key.Name, key.User)] = copied
		if _, err := s.Load(t.Context(), key); !errors.Is(err, ErrNotOpened) {
			t.Errorf("%q: got %v", key, err)
		}
	}
	other := m.store(t, slices.Repeat([]byte{8}, 32))
	if _, err := other.Load(t.Context(), aKey); !errors.Is(err, ErrNotOpened) {
		t.Errorf("another key: got %v", err)
	}
	both := m.store(t, slices.Repeat([]byte{8}, 32), testKey)
	if tok, err := both.Load(t.Context(), aKey); err != nil || !tok.Same(storetest.Token(t, "a")) {
		t.Errorf("both keys: got %v", err)
	}
}

// What was sealed here and is no token is an error that names the table.
func TestSealedButNoToken(t *testing.T) {
	tests := []struct {
		name, column, value string
		table               table
	}{
		{"no JSON", "rest", "{", tokens2},
		{"no JSON", "extra", "{", tokens1},
		{"no token", "oauth_token", "", tokens1},
		{"not printable", "access_token", "a\nb", tokens2},
		{"token type", "token_type", "mac", tokens2},
	}
	for _, test := range tests {
		t.Run(test.name+" "+test.column, func(t *testing.T) {
			m := newMemory()
			s := m.store(t)
			var err error
			if test.table.name == tokens2.name {
				swapped(t, s, nil, storetest.Token(t, "a"))
			} else if err = s.SaveOAuth1(t.Context(), aKey, token1(t, "a")); err != nil {
				t.Fatal(err)
			}
			i := slices.Index(test.table.columns, test.column)
			sealed, err := s.seal(test.table, aKey, slices.Repeat([]string{test.value}, i+1)...)
			if err != nil {
				t.Fatal(err)
			}
			if m.only(t)[test.column] = sealed[i]; test.column == "token_type" {
				m.only(t)[test.column] = test.value
			}
			_, err2 := s.Load(t.Context(), aKey)
			_, err1 := s.LoadOAuth1(t.Context(), aKey)
			err = errors.Join(err2, err1)
			if err == nil || errors.Is(err, ErrNotOpened) ||
				!strings.HasPrefix(err.Error(), "sqlstore: "+test.table.name+": ") {
				t.Errorf("got %v", err)
			}
		})
	}
}

// Nothing secret is given to the database, in statements or in arguments.
func TestSealed(t *testing.T) {
	m := newMemory()
	s := m.store(t)
	one := storetest.Make(t, oauth2.Record{AccessToken: canary, RefreshToken: canary, Scope: canary,
		IDToken: canary})
	swapped(t, s, nil, one)
	row := maps.Clone(m.only(t))
	if row["token_type"] != "Bearer" || row["expires_at"] != int64(0) {
		t.Errorf("got %v", row)
	}
	access, refresh, rest := row["access_token"].(string), row["refresh_token"].(string),
		row["rest"].(string)
	if err := s.open(tokens2, aKey, &access, &refresh, &rest); err != nil {
		t.Fatal(err)
	}
	if want := `{"access_token":"","token_type":"","scope":"` + canary + `","id_token":"` + canary +
		`"}`; access != canary || refresh != canary || rest != want {
		t.Errorf("sealed %s, %s and %s", access, refresh, rest)
	}
	swapped(t, s, one, one)
	if m.only(t)["access_token"] == row["access_token"] || m.only(t)["rest"] == row["rest"] {
		t.Error("not sealed anew")
	}
	swapped(t, s, one, nil)
	if err := s.SaveOAuth1(t.Context(), aKey, token1(t, canary)); err != nil {
		t.Fatal(err)
	}
	if got := m.only(t)["expires_at"]; got != int64(2_000_000_000) {
		t.Errorf("expires_at is %v", got)
	}
	for _, argument := range m.arguments {
		if text, ok := argument.(string); ok && sings(text) {
			t.Errorf("in the clear: %s", text)
		}
	}
	if did := m.did(); did != "SELECT INSERT SELECT UPDATE SELECT DELETE SELECT INSERT" {
		t.Errorf("did %s", did)
	}
}
