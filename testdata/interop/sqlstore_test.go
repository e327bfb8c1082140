package interop

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"vouchsafe/internal/storetest"
	"vouchsafe/oauth1"
	"vouchsafe/oauth2"
	"vouchsafe/registry/sqlstore"
)

func TestPostgreSQL(t *testing.T) {
	dsn := startPostgreSQL(t)
	testDatabase(t, database{
		sqlstore.PostgreSQL,
		openDatabase(t, "pgx", dsn),
		openDatabase(t, "pgx", dsn+" default_transaction_isolation=serializable"),
	})
}

func TestMariaDB(t *testing.T) {
	dsn := startMariaDB(t)
	testDatabase(t, database{
		sqlstore.MySQL,
		openDatabase(t, "mysql", dsn+"?sql_mode=%27%27"), // which cuts what is too long
		openDatabase(t, "mysql", dsn+"?clientFoundRows=true&tx_isolation=%27SERIALIZABLE%27"),
	})
}

func TestSQLite(t *testing.T) {
	dsn := startSQLite(t)
	testDatabase(t, database{
		sqlstore.SQLite, openDatabase(t, "sqlite3", dsn), openDatabase(t, "sqlite3", dsn),
	})
}

func openDatabase(t *testing.T, driver, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// A database is asked over two pools of connections, as two processes would.
type database struct {
	dialect  sqlstore.Dialect
	one, two *sql.DB
}

func testDatabase(t *testing.T, d database) {
	for range 2 { // the second time they are there
		d.makeTables(t)
	}
	both := &both{one: d.store(t, d.one, "1"), two: d.store(t, d.two, "1")}
	t.Run("Store", func(t *testing.T) { storetest.Store(t, both) })
	t.Run("Locker", func(t *testing.T) { storetest.Locker(t, both) })
	t.Run("Expiry", func(t *testing.T) { storetest.Expiry(t, both) })
	t.Run("OAuth 1.0", func(t *testing.T) { testOAuth1(t, both.one, both.two) })
	t.Run("key rotation", func(t *testing.T) { testKeyRotation(t, d) })
	t.Run("at rest", func(t *testing.T) { testAtRest(t, d) })
	t.Run("tampering", func(t *testing.T) { testTampering(t, d) })
	t.Run("sizes", func(t *testing.T) { testSizes(t, both.one, both.two) })
	t.Run("lease in seconds", func(t *testing.T) { testLeaseInSeconds(t, d) })
	t.Run("storm", func(t *testing.T) { testStorm(t, both) })
	t.Run("no tables", func(t *testing.T) { testNoTables(t, d) })
}

func (d database) store(t *testing.T, db *sql.DB, keys string) *sqlstore.Store {
	t.Helper()
	o := sqlstore.Options{DB: db, Dialect: d.dialect}
	for _, key := range keys {
		o.Keys = append(o.Keys, bytes.Repeat([]byte{byte(key)}, 32))
	}
	s, err := sqlstore.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (d database) makeTables(t *testing.T) {
	t.Helper()
	for _, statement := range d.dialect.Schema() {
		d.exec(t, statement)
	}
}

func (d database) exec(t *testing.T, statement string) {
	t.Helper()
	if _, err := d.one.ExecContext(t.Context(), statement); err != nil {
		t.Fatalf("%v in %s", err, statement)
	}
}

// both asks two stores in turn.
type both struct {
	one, two *sqlstore.Store
	asked    atomic.Int64
}

func (b *both) next() *sqlstore.Store {
	if b.asked.Add(1)%2 == 0 {
		return b.one
	}
	return b.two
}

func (b *both) Load(ctx context.Context, key oauth2.TokenKey) (*oauth2.Token, error) {
	return b.next().Load(ctx, key)
}

func (b *both) Swap(
	ctx context.Context, key oauth2.TokenKey, old, replacement *oauth2.Token,
) (bool, error) {
	return b.next().Swap(ctx, key, old, replacement)
}

func (b *both) Lock(
	ctx context.Context, key oauth2.TokenKey, life time.Duration,
) (unlock func(), err error) {
	return b.next().Lock(ctx, key, life)
}

func token1(t *testing.T, r oauth1.Record) *oauth1.Token {
	t.Helper()
	tok, err := oauth1.FromRecord(r)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

func testOAuth1(t *testing.T, one, two *sqlstore.Store) {
	keys := []oauth2.TokenKey{{}, {Name: "a"}, {Name: "a ", User: "b"}, {Name: "A", User: "b"}}
	load := func(key oauth2.TokenKey, want *oauth1.Token) {
		t.Helper()
		got, err := two.LoadOAuth1(t.Context(), key)
		if err != nil || (got == nil) != (want == nil) {
			t.Fatalf("%q: loaded %v, %v", key, got, err)
		}
		if got != nil && !reflect.DeepEqual(got.Record(), want.Record()) {
			t.Errorf("%q: loaded another token", key)
		}
	}
	save := func(key oauth2.TokenKey, tok *oauth1.Token) {
		t.Helper()
		if err := one.SaveOAuth1(t.Context(), key, tok); err != nil {
			t.Fatal(err)
		}
	}
	tokens := map[oauth2.TokenKey]*oauth1.Token{}
	for i, key := range keys {
		load(key, nil)
		save(key, nil)
		save(key, token1(t, oauth1.Record{Token: "first"}))
		load(key, token1(t, oauth1.Record{Token: "first"}))
		tokens[key] = token1(t, oauth1.Record{Token: fmt.Sprint("é'\"\\", i), Secret: "secret",
			ExpiresAt: 2_000_000_000, Extra: map[string]string{"user_id": "7"}})
		save(key, tokens[key])
	}
	for _, key := range keys {
		load(key, tokens[key])
		if tok, err := one.Load(t.Context(), key); tok != nil || err != nil {
			t.Errorf("%q: OAuth 2.0 has %v, %v", key, tok, err)
		}
		save(key, nil)
		load(key, nil)
	}
}

func swapped(t *testing.T, s *sqlstore.Store, key oauth2.TokenKey, old, replacement *oauth2.Token) {
	t.Helper()
	if ok, err := s.Swap(t.Context(), key, old, replacement); !ok || err != nil {
		t.Fatalf("%q: swapped %t, %v", key, ok, err)
	}
}

// What an old key has sealed opens as long as that is one of the keys, and what is stored
// from then on is sealed under the new one.
func testKeyRotation(t *testing.T, d database) {
	key := oauth2.TokenKey{Name: "rotation"}
	first, both, last := d.store(t, d.one, "1"), d.store(t, d.two, "21"), d.store(t, d.one, "2")
	one, two := storetest.Token(t, "one"), storetest.Token(t, "two")
	swapped(t, first, key, nil, one)
	_, err := last.Load(t.Context(), key)
	notOpened(t, err, "oauth2_token: access_token")
	_, err = last.Swap(t.Context(), key, nil, two)
	notOpened(t, err, "oauth2_token: access_token")
	swapped(t, both, key, one, two)
	_, err = first.Load(t.Context(), key)
	notOpened(t, err, "oauth2_token: access_token")
	swapped(t, last, key, two, nil)
}

func notOpened(t *testing.T, err error, where string) {
	t.Helper()
	if !errors.Is(err, sqlstore.ErrNotOpened) || !strings.Contains(err.Error(), where) {
		t.Errorf("got %v, want %v in %s", err, sqlstore.ErrNotOpened, where)
	}
}

const sqlCanary = "CANARY7d8f3e4a"

// Nothing of a token can be read in the tables but its type and its end.
func testAtRest(t *testing.T, d database) {
	key := oauth2.TokenKey{Name: "at rest", User: "u"}
	s := d.store(t, d.one, "1")
	tok := storetest.Make(t, oauth2.Record{
		AccessToken: "access-" + sqlCanary, RefreshToken: "refresh-" + sqlCanary,
		IDToken: "id-" + sqlCanary, Scope: "scope-" + sqlCanary, ExpiresAt: 2_000_000_000,
		Extra: map[string]json.RawMessage{sqlCanary: json.RawMessage(`"` + sqlCanary + `"`)},
	})
	swapped(t, s, key, nil, tok)
	err := s.SaveOAuth1(t.Context(), key, token1(t, oauth1.Record{Token: sqlCanary,
		Secret: sqlCanary, Extra: map[string]string{sqlCanary: sqlCanary}}))
	if err != nil {
		t.Fatal(err)
	}
	seen := ""
	for _, table := range []string{"oauth2_token", "oauth1_token"} {
		rows := readAll(t, d.two, table)
		if !strings.Contains(rows, "at rest") {
			t.Errorf("%s has %s", table, rows)
		}
		seen += rows
	}
	if strings.Contains(seen, sqlCanary) {
		t.Errorf("in the clear: %s", seen)
	}
	if !strings.Contains(seen, "Bearer") || !strings.Contains(seen, "2000000000") {
		t.Errorf("not in the clear: %s", seen)
	}
	swapped(t, s, key, tok, nil)
	if err := s.SaveOAuth1(t.Context(), key, nil); err != nil {
		t.Fatal(err)
	}
	for _, table := range []string{"oauth2_token", "oauth1_token", "oauth2_lease"} {
		if left := readAll(t, d.two, table); left != "" {
			t.Errorf("%s has %s", table, left)
		}
	}
}

// readAll returns all columns of all rows.
func readAll(t *testing.T, db *sql.DB, table string) string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), "SELECT * FROM "+table)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for rows.Next() {
		row := make([]any, len(columns))
		for i := range row {
			row[i] = new(string)
		}
		if err := rows.Scan(row...); err != nil {
			t.Fatal(err)
		}
		for i, column := range columns {
			fmt.Fprintf(&all, "%s=%s ", column, *row[i].(*string))
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all.String()
}

func testTampering(t *testing.T, d database) {
	const mine = " WHERE name = 'mine' AND user_id = 'u'"
	set2 := func(set string) []string { return []string{"UPDATE oauth2_token SET " + set + mine} }
	set1 := func(set string) []string { return []string{"UPDATE oauth1_token SET " + set + mine} }
	move := func(name, user string) []string {
		return []string{"DELETE FROM oauth2_token" + mine,
			"UPDATE oauth2_token SET name = 'mine', user_id = 'u'" +
				" WHERE name = '" + name + "' AND user_id = '" + user + "'"}
	}
	const access, refresh, rest = "oauth2_token: access_token", "oauth2_token: refresh_token",
		"oauth2_token: rest"
	const token, secret, extra = "oauth1_token: oauth_token", "oauth1_token: oauth_token_secret",
		"oauth1_token: extra"
	tests := []struct {
		name       string
		statements []string
		where      string
	}{
		{"plain text", set2("access_token = 'plain'"), access},
		{"plain JWT", set2("access_token = 'a.b.c'"), access},
		{"empty", set2("access_token = ''"), access},
		{"refresh token removed", set2("refresh_token = ''"), refresh},
		{"another column's token", set2("access_token = refresh_token"), access},
		{"another column's rest", set2("rest = access_token"), rest},
		{"another user's", move("mine", "v"), access},
		{"another client's", move("his", "u"), access},
		{"a boundary moved", move("min", "eu"), access},
		{"cut", set2("rest = SUBSTR(rest, 1, 40)"), rest},
		{"cut short", set2("rest = SUBSTR(rest, 1, 4)"), rest},
		{"another secret", set1("oauth_token_secret = oauth_token"), secret},
		{"another token", set1("oauth_token = oauth_token_secret"), token},
		{"another extra", set1("extra = oauth_token_secret"), extra},
		{"the other table's", set1("oauth_token = (SELECT access_token FROM oauth2_token" +
			mine + ")"), token},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) { tamper(t, d, test.statements, test.where) })
	}
}

func tamper(t *testing.T, d database, statements []string, where string) {
	s := d.store(t, d.two, "1")
	mine := oauth2.TokenKey{Name: "mine", User: "u"}
	for _, key := range []oauth2.TokenKey{mine, {Name: "mine", User: "v"}, {Name: "his", User: "u"},
		{Name: "min", User: "eu"}} {
		swapped(t, s, key, nil, storetest.Token(t, "mine"))
	}
	err := s.SaveOAuth1(t.Context(), mine, token1(t, oauth1.Record{Token: "a", Secret: "b"}))
	if err != nil {
		t.Fatal(err)
	}
	for _, statement := range statements {
		d.exec(t, statement)
	}
	_, err2 := s.Load(t.Context(), mine)
	_, err1 := s.LoadOAuth1(t.Context(), mine)
	err = errors.Join(err2, err1)
	notOpened(t, err, where)
	if err2 != nil && err1 != nil {
		t.Errorf("both fail: %v", err)
	}
	d.exec(t, "DELETE FROM oauth2_token")
	d.exec(t, "DELETE FROM oauth1_token")
}

// Keys as long as they may be, and tokens as long as nobody has, come back whole.
func testSizes(t *testing.T, one, two *sqlstore.Store) {
	longest := oauth2.TokenKey{Name: strings.Repeat("é", 32), User: strings.Repeat("日", 85)}
	large := storetest.Make(t, oauth2.Record{AccessToken: strings.Repeat("a", 200_000),
		RefreshToken: strings.Repeat("r", 200_000), IDToken: strings.Repeat("i", 200_000)})
	swapped(t, one, longest, nil, large)
	got, err := two.Load(t.Context(), longest)
	if err != nil || !reflect.DeepEqual(got.Record(), large.Record()) {
		t.Errorf("got %v", err)
	}
	for _, key := range []oauth2.TokenKey{
		{Name: longest.Name + "a", User: longest.User},
		{Name: longest.Name, User: longest.User + "a"},
	} {
		if ok, err := two.Swap(t.Context(), key, nil, large); ok || err == nil {
			t.Errorf("%q: swapped %t", key, ok)
		}
		if unlock, err := two.Lock(t.Context(), key, time.Minute); unlock != nil || err == nil {
			t.Errorf("%q: locked", key)
		}
	}
	unlock, err := one.Lock(t.Context(), longest, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	unlock()
	swapped(t, one, longest, large, nil)
}

// A lease is at least as long as was asked for, of which the database keeps the end.
func testLeaseInSeconds(t *testing.T, d database) {
	s := d.store(t, d.one, "1")
	now := map[sqlstore.Dialect]string{
		sqlstore.PostgreSQL: "extract(epoch FROM now())",
		sqlstore.MySQL:      "UNIX_TIMESTAMP()",
		sqlstore.SQLite:     "strftime('%s', 'now')",
	}[d.dialect]
	for life, want := range map[time.Duration]float64{
		1: 1, time.Second - 1: 1, time.Second: 1, time.Second + 1: 2, time.Hour: 3600,
	} {
		key := oauth2.TokenKey{Name: "life", User: life.String()}
		unlock, err := s.Lock(t.Context(), key, life)
		if err != nil {
			t.Fatal(err)
		}
		var left float64
		err = d.two.QueryRowContext(t.Context(), "SELECT expires_at - "+now+
			" FROM oauth2_lease WHERE name = 'life' AND user_id = '"+key.User+"'").Scan(&left)
		want++ // for what passes until Lock returns
		if err != nil || left > want || left < want-10 {
			t.Errorf("%s: %g s are left, %v", life, left, err)
		}
		unlock()
	}
}

// Where many insert, update and remove one row, and take and give back one lease, nobody
// sees an error, whatever the databases make of it.
func testStorm(t *testing.T, s *both) {
	key := oauth2.TokenKey{Name: "storm"}
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 50 {
				var next *oauth2.Token
				if (i+j)%2 == 0 {
					next = storetest.Token(t, fmt.Sprint(i, j))
				}
				held, err := s.Load(t.Context(), key)
				if err == nil {
					_, err = s.Swap(t.Context(), key, held, next)
				}
				unlock, errLock := s.Lock(t.Context(), key, time.Minute)
				if err != nil || errLock != nil {
					t.Error(err, errLock)
					return
				}
				unlock()
			}
		})
	}
	wg.Wait()
}

func testNoTables(t *testing.T, d database) {
	s := d.store(t, d.one, "1")
	key := oauth2.TokenKey{Name: "a"}
	for _, table := range []string{"oauth2_token", "oauth1_token", "oauth2_lease"} {
		d.exec(t, "DROP TABLE "+table)
	}
	_, errLoad := s.Load(t.Context(), key)
	_, errSwap := s.Swap(t.Context(), key, nil, storetest.Token(t, "a"))
	_, errLock := s.Lock(t.Context(), key, time.Minute)
	_, errLoad1 := s.LoadOAuth1(t.Context(), key)
	errSave1 := s.SaveOAuth1(t.Context(), key, token1(t, oauth1.Record{Token: "a"}))
	for err, table := range map[error]string{errLoad: "oauth2_token", errSwap: "oauth2_token",
		errLock: "oauth2_lease", errLoad1: "oauth1_token", errSave1: "oauth1_token"} {
		if err == nil || !strings.Contains(err.Error(), "sqlstore: "+table) {
			t.Errorf("%s: got %v", table, err)
		}
	}
}
