package sqlstore

import (
	"bytes"
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// A memory is a database with the statements of this package and no others, in MySQL's
// dialect. What databases really do is tested in testdata/interop.
type memory struct {
	mu         sync.Mutex
	rows       map[string]map[string]driver.Value // by table, name and user_id
	statements []string                           // that were done, in order
	arguments  []any
	clock      func() time.Time
	noCount    bool // of rows

	// fault, if there is one, is asked before and after each statement, and may make it
	// fail: after it, what it does is done all the same.
	fault func(ctx context.Context, n int, done bool) error
}

func newMemory() *memory {
	return &memory{rows: map[string]map[string]driver.Value{}, clock: time.Now}
}

var (
	errDuplicate = errors.New("memory: duplicate key")
	errSyntax    = errors.New("memory: syntax error")

	selection = regexp.MustCompile(`^SELECT (.*) FROM (\w+) WHERE (.*)$`)
	insertion = regexp.MustCompile(`^INSERT INTO (\w+) \((.*)\) VALUES \((.*)\)$`)
	updating  = regexp.MustCompile(`^UPDATE (\w+) SET (.*) WHERE (.*)$`)
	deletion  = regexp.MustCompile(`^DELETE FROM (\w+) WHERE (.*)$`)
)

// around runs a statement between the faults.
func (m *memory) around(
	ctx context.Context, query string, args []driver.NamedValue, do func(),
) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := len(m.statements)
	m.statements = append(m.statements, query)
	for _, arg := range args {
		m.arguments = append(m.arguments, arg.Value)
	}
	if m.fault != nil {
		if err := m.fault(ctx, n, false); err != nil {
			return err
		}
	}
	do()
	if m.fault != nil {
		return m.fault(ctx, n, true)
	}
	return nil
}

func (m *memory) QueryContext(
	ctx context.Context, query string, args []driver.NamedValue,
) (found driver.Rows, err error) {
	fault := m.around(ctx, query, args, func() {
		part := selection.FindStringSubmatch(query)
		if part == nil {
			err = errSyntax
			return
		}
		columns := strings.Split(part[1], ", ")
		rows := &memoryRows{columns: columns}
		if row := m.where(part[2], part[3], args); row != nil {
			for _, column := range columns {
				rows.row = append(rows.row, m.value(row, column, nil))
			}
		}
		found = rows
	})
	return found, errors.Join(fault, err)
}

func (m *memory) ExecContext(
	ctx context.Context, query string, args []driver.NamedValue,
) (result driver.Result, err error) {
	fault := m.around(ctx, query, args, func() {
		var n int64
		n, err = m.change(query, args)
		if result = driver.RowsAffected(n); m.noCount {
			result = driver.ResultNoRows
		}
	})
	return result, errors.Join(fault, err)
}

func (m *memory) change(query string, args []driver.NamedValue) (int64, error) {
	if part := insertion.FindStringSubmatch(query); part != nil {
		row := map[string]driver.Value{}
		values := strings.Split(part[3], ", ")
		for i, column := range strings.Split(part[2], ", ") {
			row[column] = m.value(nil, values[i], args[i].Value)
		}
		id := rowID(part[1], row["name"], row["user_id"])
		if m.rows[id] != nil {
			return 0, errDuplicate
		}
		m.rows[id] = row
		return 1, nil
	}
	if part := updating.FindStringSubmatch(query); part != nil {
		set := strings.Split(part[2], ", ")
		given := strings.Count(part[2], "?")
		row := m.where(part[1], part[3], args[given:])
		if row == nil {
			return 0, nil
		}
		for i, assignment := range set {
			column, value, _ := strings.Cut(assignment, " = ")
			row[column] = m.value(nil, value, args[min(i, given)].Value)
		}
		return 1, nil
	}
	part := deletion.FindStringSubmatch(query)
	if part == nil {
		return 0, errSyntax
	}
	row := m.where(part[1], part[2], args)
	if row == nil {
		return 0, nil
	}
	delete(m.rows, rowID(part[1], row["name"], row["user_id"]))
	return 1, nil
}

func rowID(table string, name, user driver.Value) string {
	return fmt.Sprintf("%s %q %q", table, name, user)
}

// where returns the row of which columns have the arguments.
func (m *memory) where(table, conditions string, args []driver.NamedValue) map[string]driver.Value {
	row := m.rows[rowID(table, args[0].Value, args[1].Value)]
	for i, condition := range strings.Split(conditions, " AND ") {
		if column, ok := strings.CutSuffix(condition, " = ?"); !ok || row[column] != args[i].Value {
			return nil
		}
	}
	return row
}

// value returns what an expression is in a row, or with an argument.
func (m *memory) value(
	row map[string]driver.Value, expression string, arg driver.Value,
) driver.Value {
	now := m.clock().Unix()
	switch expression {
	case "?":
		return arg
	case "UNIX_TIMESTAMP() + ?":
		return now + arg.(int64)
	case "expires_at < UNIX_TIMESTAMP()":
		return row["expires_at"].(int64) < now
	}
	return row[expression]
}

type memoryRows struct {
	columns []string
	row     []driver.Value
}

func (r *memoryRows) Columns() []string { return r.columns }
func (r *memoryRows) Close() error      { return nil }

func (r *memoryRows) Next(dest []driver.Value) error {
	if r.row == nil {
		return io.EOF
	}
	copy(dest, r.row)
	r.row = nil
	return nil
}

// A memory is its own connection, and the driver that makes it.
func (m *memory) Connect(context.Context) (driver.Conn, error) { return m, nil }
func (m *memory) Driver() driver.Driver                        { return m }
func (m *memory) Open(string) (driver.Conn, error)             { return m, nil }
func (m *memory) Prepare(string) (driver.Stmt, error)          { return nil, errSyntax }
func (m *memory) Begin() (driver.Tx, error)                    { return nil, errSyntax }
func (m *memory) Close() error                                 { return nil }

var testKey = bytes.Repeat([]byte{7}, 32)

// store returns a Store of m, whose statements so far are forgotten.
func (m *memory) store(t *testing.T, keys ...[]byte) *Store {
	t.Helper()
	db := sql.OpenDB(m)
	t.Cleanup(func() { db.Close() })
	if keys == nil {
		keys = [][]byte{testKey}
	}
	s, err := New(Options{DB: db, Dialect: MySQL, Keys: keys})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// did returns the verbs of the statements that were done, and forgets them.
func (m *memory) did() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var verbs []string
	for _, statement := range m.statements {
		verb, _, _ := strings.Cut(statement, " ")
		verbs = append(verbs, verb)
	}
	m.statements = nil
	return strings.Join(verbs, " ")
}

// only returns the one row there is.
func (m *memory) only(t *testing.T) map[string]driver.Value {
	t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	rows := slices.Collect(maps.Values(m.rows))
	if len(rows) != 1 {
		t.Fatalf("there are %d rows", len(rows))
	}
	return rows[0]
}
