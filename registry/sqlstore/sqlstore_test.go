package sqlstore

import (
	"bytes"
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"vouchsafe/internal/storetest"
	"vouchsafe/oauth1"
	"vouchsafe/oauth2"
)

var (
	_ oauth2.TokenStore = (*Store)(nil)
	_ oauth2.Locker     = (*Store)(nil)
)

func TestNew(t *testing.T) {
	db := sql.OpenDB(newMemory())
	defer db.Close()
	keys := [][]byte{testKey}
	tests := []struct {
		name    string
		options Options
		want    string
	}{
		{"nothing", Options{}, "Options.DB"},
		{"no database", Options{Dialect: SQLite, Keys: keys}, "Options.DB"},
		{"no dialect", Options{DB: db, Keys: keys}, "Options.Dialect"},
		{"another dialect", Options{DB: db, Dialect: "oracle", Keys: keys}, "Options.Dialect"},
		{"no keys", Options{DB: db, Dialect: SQLite}, "Options.Keys: seal: no key"},
		{"a short key", Options{DB: db, Dialect: SQLite, Keys: [][]byte{testKey, testKey[1:]}},
			"Options.Keys: seal: a key must have"},
		{"SQLite", Options{DB: db, Dialect: SQLite, Keys: keys}, ""},
		{"MySQL", Options{DB: db, Dialect: MySQL, Keys: keys}, ""},
		{"PostgreSQL", Options{DB: db, Dialect: PostgreSQL, Keys: keys}, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s, err := New(test.options)
			if (s == nil) != (test.want != "") || (err == nil) != (test.want == "") {
				t.Fatalf("got %v, %v", s, err)
			}
			if err != nil && !strings.HasPrefix(err.Error(), "sqlstore: "+test.want) {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}

// A key that a database would cut, change or refuse is refused before it is asked.
func TestKeysThatDoNotFit(t *testing.T) {
	m := newMemory()
	s := m.store(t)
	tests := []struct {
		name string
		key  oauth2.TokenKey
		want error
	}{
		{"longest name", oauth2.TokenKey{Name: strings.Repeat("n", 64)}, nil},
		{"longest user", oauth2.TokenKey{User: strings.Repeat("é", 127) + "u"}, nil},
		{"long name", oauth2.TokenKey{Name: strings.Repeat("n", 65)}, errName},
		{"long user", oauth2.TokenKey{User: strings.Repeat("u", 256)}, errUser},
		{"long in bytes", oauth2.TokenKey{Name: strings.Repeat("é", 33)}, errName},
		{"spaces", oauth2.TokenKey{Name: "n" + strings.Repeat(" ", 64)}, errName},
		{"name of no UTF-8", oauth2.TokenKey{Name: "\xff"}, errName},
		{"user of no UTF-8", oauth2.TokenKey{User: "a\xc3"}, errUser},
		{"name with NUL", oauth2.TokenKey{Name: "a\x00b"}, errName},
		{"user with NUL", oauth2.TokenKey{User: "\x00"}, errUser},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for name, err := range allMethods(t.Context(), t, s, test.key) {
				if !errors.Is(err, test.want) {
					t.Errorf("%s: got %v, want %v", name, err, test.want)
				}
			}
			if did := m.did(); (did == "") != (test.want != nil) {
				t.Errorf("did %s", did)
			}
		})
	}
}

// allMethods returns what each method says of a key.
func allMethods(
	ctx context.Context, t *testing.T, s *Store, key oauth2.TokenKey,
) map[string]error {
	errs := map[string]error{}
	tok := storetest.Token(t, "a")
	_, errs["Swap"] = s.Swap(ctx, key, nil, tok)
	_, errs["Load"] = s.Load(ctx, key)
	_, errs["Swap to nil"] = s.Swap(ctx, key, tok, nil)
	errs["SaveOAuth1"] = s.SaveOAuth1(ctx, key, token1(t, "a"))
	_, errs["LoadOAuth1"] = s.LoadOAuth1(ctx, key)
	errs["SaveOAuth1 of nil"] = s.SaveOAuth1(ctx, key, nil)
	unlock, err := s.Lock(ctx, key, time.Minute)
	if errs["Lock"] = err; err == nil {
		unlock()
	}
	return errs
}

func token1(t *testing.T, name string) *oauth1.Token {
	t.Helper()
	tok, err := oauth1.FromRecord(oauth1.Record{Token: "token " + name, Secret: "secret " + name,
		ExpiresAt: 2_000_000_000, Extra: map[string]string{"user_id": name}})
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

const canary = "CANARY7d8f3e4a"

func sings(text string) bool {
	octets := strings.Trim(fmt.Sprint([]byte(canary)), "[]")
	for _, form := range []string{canary, hex.EncodeToString([]byte(canary)), octets,
		fmt.Sprintf("% x", canary), strings.ReplaceAll(octets, " ", ", "), "Q0FOQVJZN2Q4ZjNlNG"} {
		if strings.Contains(strings.ToUpper(text), strings.ToUpper(form)) {
			return true
		}
	}
	return false
}

// A connector has an address, in which there may be a password.
type connector struct {
	*memory
	address string
}

func (c connector) Driver() driver.Driver { return c.memory }

// No way of printing or logging shows a key or the address of the database.
func TestPrintingShowsNothing(t *testing.T) {
	db := sql.OpenDB(connector{newMemory(), canary})
	defer db.Close()
	o := Options{DB: db, Dialect: SQLite, Keys: [][]byte{[]byte(canary + strings.Repeat("k", 32))}}
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	var open any = struct{ DB *sql.DB }{db}
	if !sings(fmt.Sprintf("%s", open)) {
		t.Error("the address would not show anyhow")
	}
	for _, v := range []any{o, &o, s, *s, struct{ Store *Store }{s}, struct{ o Options }{Options{}},
		struct{ s *Store }{s}, struct{ s Store }{*s}, []Options{o}, map[string]*Store{"a": s}} {
		for _, verb := range strings.Split("%v %+v %#v %s %q %x %X %#x %d %t", " ") {
			if text := fmt.Sprintf(verb, v); sings(text) {
				t.Errorf("%T as %s: %s", v, verb, text)
			}
		}
		text, err := json.Marshal(v)
		var log bytes.Buffer
		slog.New(slog.NewTextHandler(&log, nil)).Info("x", "v", v)
		slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "v", v)
		if sings(fmt.Sprint(string(text), err)) || sings(log.String()) {
			t.Errorf("%T: %s %v %s", v, text, err, log.String())
		}
	}
	for _, got := range []string{fmt.Sprint(o), o.LogValue().String()} {
		if got != "sqlstore.Options{...}" {
			t.Errorf("got %s", got)
		}
	}
}
