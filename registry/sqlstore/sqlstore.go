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
