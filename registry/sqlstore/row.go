package sqlstore

import (
	"context"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"vouchsafe/internal/seal"
	"vouchsafe/oauth2"
)

// A table has the two columns of the key, name and user_id, and its own. Whatever changes a
// row gives the first of these a value that it never had: it is the version of the row.
type table struct {
	name    string
	columns []string
}

const tries = 5 // of a statement that changes a row

const (
	ofKey     = " WHERE name = ? AND user_id = ?"
	ofVersion = ofKey + " AND %s = ?"
)

func (t table) load() string {
	return "SELECT " + strings.Join(t.columns, ", ") + " FROM " + t.name + ofKey
}

func (t table) version() string { return "SELECT " + t.columns[0] + " FROM " + t.name + ofKey }

func (t table) insert() string {
	return "INSERT INTO " + t.name + " (" + strings.Join(t.columns, ", ") + ", name, user_id)" +
		" VALUES (" + strings.Repeat("?, ", len(t.columns)) + "?, ?) {or nothing}"
}

func (t table) update() string {
	return "UPDATE " + t.name + " SET " + strings.Join(t.columns, " = ?, ") + " = ?" +
		fmt.Sprintf(ofVersion, t.columns[0])
}

func (t table) remove() string {
	return "DELETE FROM " + t.name + fmt.Sprintf(ofVersion, t.columns[0])
}

func (t table) wrap(err error) error {
	if err != nil {
		err = fmt.Errorf("sqlstore: %s: %w", t.name, err)
	}
	return err
}

// read reads the columns of key's row, and reports whether there is one.
func (s *Store) read(
	ctx context.Context, t table, key oauth2.TokenKey, columns ...any,
) (bool, error) {
	if err := checkKey(key); err != nil {
		return false, err
	}
	err := s.query(ctx, t.load(), key.Name, key.User).Scan(columns...)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, t.wrap(err)
}

// version returns the version of key's row, empty if there is none.
func (s *Store) version(ctx context.Context, t table, key oauth2.TokenKey) (string, error) {
	if err := checkKey(key); err != nil {
		return "", err
	}
	var version string
	err := s.query(ctx, t.version(), key.Name, key.User).Scan(&version)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return version, t.wrap(err)
}

// A change makes the row of key one of version to, empty if there is to be none, if it is of
// version from.
type change struct {
	table    table
	key      oauth2.TokenKey
	from, to string
}

// put stores values as the row of a version that they begin with; none remove the row. It
// reports whether there was the row of version from, empty if there is to be none.
func (s *Store) put(
	ctx context.Context, t table, key oauth2.TokenKey, from string, values []any,
) (bool, error) {
	c := change{table: t, key: key, from: from}
	if values == nil {
		if from == "" {
			return true, nil
		}
		return s.do(ctx, c, t.remove(), key.Name, key.User, from)
	}
	c.to, _ = values[0].(string)
	values = append(values, key.Name, key.User)
	if from == "" {
		return s.do(ctx, c, t.insert(), values...)
	}
	return s.do(ctx, c, t.update(), append(values, from)...)
}

// do makes a change with a statement, and reports whether the row was there to be changed.
//
// Another writer at the same time is no row in some databases and isolation levels, and an
// error in others, which database/sql does not tell from the rest. So the row has to tell,
// and where it is as before, perhaps again, the statement is tried again.
func (s *Store) do(
	ctx context.Context, c change, query string, args ...any,
) (done bool, err error) {
	for range tries {
		if done, err = s.affects(ctx, query, args...); err == nil {
			return done, nil
		}
		found, failed := s.version(ctx, c.table, c.key)
		if failed != nil {
			break
		}
		if found != c.from {
			return found == c.to, nil // if only the answer was lost
		}
		if pause(ctx, minWait) != nil {
			break
		}
	}
	return false, c.table.wrap(err)
}

// affects runs a statement, and reports whether it affected a row.
func (s *Store) affects(ctx context.Context, query string, args ...any) (bool, error) {
	result, err := s.exec(ctx, query, args...)
	if err != nil {
		return false, err
	}
	n, err := result.RowsAffected()
	return n == 1, err
}

// seal returns values as they are stored in the first columns of t.
func (s *Store) seal(t table, key oauth2.TokenKey, values ...string) ([]any, error) {
	var all []any
	for i, value := range values {
		sealed, err := s.ring.Seal([]byte(value), t.purpose(i), place(key))
		if err != nil {
			return nil, t.wrap(err)
		}
		all = append(all, base64.RawURLEncoding.EncodeToString(sealed))
	}
	return all, nil
}

// open opens in place what the first columns of t have.
func (s *Store) open(t table, key oauth2.TokenKey, values ...*string) error {
	for i, value := range values {
		sealed, err := base64.RawURLEncoding.DecodeString(*value)
		if err != nil {
			return t.wrap(fmt.Errorf("%s: %w", t.columns[i], ErrNotOpened))
		}
		opened, err := s.ring.Open(sealed, t.purpose(i), place(key))
		if errors.Is(err, seal.ErrOpen) {
			err = ErrNotOpened
		}
		if err != nil {
			return t.wrap(fmt.Errorf("%s: %w", t.columns[i], err))
		}
		*value = string(opened)
	}
	return nil
}

func (t table) purpose(column int) string { return "sqlstore " + t.name + "." + t.columns[column] }

func place(key oauth2.TokenKey) string { return key.Name + "\x00" + key.User }
