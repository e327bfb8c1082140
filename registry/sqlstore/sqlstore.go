// Package sqlstore keeps the tokens of users in a database, sealed: an
// [oauth2.TokenStore] over database/sql for PostgreSQL, MySQL (and MariaDB) and SQLite, with
// a lease that lets one process at a time refresh a token, and the same for OAuth 1.0.
//
//	db, err := sql.Open("pgx", address) // the driver is yours to choose
//	for _, statement := range sqlstore.PostgreSQL.Schema() { // or sqlstore.MySQL, sqlstore.SQLite
//		_, err = db.ExecContext(ctx, statement)
//	}
//	store, err := sqlstore.New(sqlstore.Options{DB: db, Dialect: sqlstore.PostgreSQL, Keys: keys})
//	reg, err := registry.New(registry.Options{TokenStore: store, Keys: keys, BaseURL: base})
//
// The tables are those that Authlib's pages suggest, with their column names;
// [Dialect.Schema] has the statements that make them, to run once or to copy to where the
// application keeps its migrations. What Authlib calls the foreign key user is user_id, as
// Django calls that column: user alone is a reserved word in PostgreSQL.
//
// # What is sealed
//
// Access token, refresh token, token secret and all else that came with a token are sealed
// with AES-256-GCM under [Options].Keys, bound to table, column and key: copied to another
// row or column they do not open. token_type and expires_at are in the clear, so that the
// application can query them; who can write to the table can change these two, remove rows,
// and bring older values back. The names of clients and users are in the clear too.
//
// A value that does not open is [ErrNotOpened], and so is a row in plain text, as Authlib
// writes it: it is never taken for a token. To bring such rows along, read them with
// [oauth2.FromRecord], remove them, and [Store.Swap] them in. A row whose key is lost must
// be removed, by [Store.Delete], before the user can log in again.
//
// # What the database must do
//
// Each statement is a transaction of its own. Nothing depends on the isolation level, but
// all must be asked of the server that takes writes: a replica that lags behind would hand
// out refresh tokens that were used. SQLite should be opened with a busy timeout, as by
// _busy_timeout=10000 in the address of mattn/go-sqlite3.
package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"unicode/utf8"

	"vouchsafe/internal/seal"
	"vouchsafe/oauth2"
)

// Options are the settings of a [Store]. All are required.
type Options struct {
	// DB is the database. It is not closed by the Store.
	DB *sql.DB `json:"-"`

	// Dialect is what DB speaks.
	Dialect Dialect

	// Keys seal what is stored: each at least 32 random bytes, kept secret, out of the
	// database and its backups, and shared by all processes that use it. The first seals;
	// the others still open, so that a new one can be put before an old one. A token is
	// sealed anew when it is refreshed.
	//
	// Printing Options does not show them.
	Keys [][]byte `json:"-"`
}

// Format prints that o is Options and nothing of it, whatever the verb.
func (o Options) Format(f fmt.State, _ rune) { fmt.Fprint(f, "sqlstore.Options{...}") }

// LogValue gives a log what Format prints.
func (o Options) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(o)) }

// A Store keeps tokens in a database. It is an [oauth2.TokenStore] and an [oauth2.Locker],
// and safe for concurrent use. Printing it shows neither keys nor the database's address.
//
// Of a key, Name has at most 64 bytes and User at most 255, in UTF-8 and without NUL. A
// longer one is an error, and never cut. Two keys are one if all their bytes are, whatever
// the database does with case and spaces elsewhere.
type Store struct {
	db      func() *sql.DB // a function, since fmt looks into none
	dialect Dialect
	ring    seal.Ring
}

var (
	errDB      = errors.New("sqlstore: Options.DB is required")
	errDialect = errors.New("sqlstore: Options.Dialect must be PostgreSQL, MySQL or SQLite")
	errName    = errors.New("sqlstore: a key's Name must be at most 64 bytes of UTF-8 without NUL")
	errUser    = errors.New("sqlstore: a key's User must be at most 255 bytes of UTF-8 without NUL")
)

// ErrNotOpened is the error for a value that was not sealed under one of the keys, or was not
// for this place in the table, or was changed. That which wraps it names table and column.
var ErrNotOpened = errors.New("not sealed here under one of Options.Keys")

// New returns the Store of o, or says what is missing in o. It asks nothing of the
// database.
func New(o Options) (*Store, error) {
	ring, err := seal.NewRing(o.Keys...)
	switch {
	case o.DB == nil:
		return nil, errDB
	case o.Dialect.now() == "":
		return nil, errDialect
	case err != nil:
		return nil, fmt.Errorf("sqlstore: Options.Keys: %w", err)
	}
	return &Store{func() *sql.DB { return o.DB }, o.Dialect, ring}, nil
}

func checkKey(key oauth2.TokenKey) error {
	switch {
	case !fits(key.Name, 64):
		return errName
	case !fits(key.User, 255):
		return errUser
	}
	return nil
}

// fits reports whether every database keeps text as it is in a column of size.
func fits(text string, size int) bool {
	return len(text) <= size && utf8.ValidString(text) && !strings.Contains(text, "\x00")
}

func (s *Store) query(ctx context.Context, query string, args ...any) *sql.Row {
	return s.db().QueryRowContext(ctx, s.dialect.bind(query), args...)
}

func (s *Store) exec(ctx context.Context, query string, args ...any) (sql.Result, error) {
	return s.db().ExecContext(ctx, s.dialect.bind(query), args...)
}
