package interop

import (
	"database/sql"
	"testing"

	"vouchsafe/internal/storetest"
	"vouchsafe/oauth2"
	"vouchsafe/registry/sqlstore"
)

// Of several processes that share a database one refreshes for all, and of one that is
// killed the next recovers.
func testProcesses(
	t *testing.T, driver string, dialect sqlstore.Dialect, start func(testing.TB) (dsn string),
) {
	var dsn string
	if !storetest.Started() {
		dsn = start(t)
		makeTables(t, driver, dialect, dsn)
	}
	storetest.Processes(t, dsn, func(t *testing.T, dsn string) oauth2.TokenStore {
		db, err := sql.Open(driver, dsn)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close() })
		s, err := sqlstore.New(sqlstore.Options{
			DB: db, Dialect: dialect, Keys: [][]byte{make([]byte, 32)}})
		if err != nil {
			t.Fatal(err)
		}
		return s
	})
}

func makeTables(t *testing.T, driver string, dialect sqlstore.Dialect, dsn string) {
	t.Helper()
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, statement := range dialect.Schema() {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
}

func TestPostgreSQLProcesses(t *testing.T) {
	testProcesses(t, "pgx", sqlstore.PostgreSQL, startPostgreSQL)
}

func TestMariaDBProcesses(t *testing.T) {
	testProcesses(t, "mysql", sqlstore.MySQL, startMariaDB)
}

func TestSQLiteProcesses(t *testing.T) {
	testProcesses(t, "sqlite3", sqlstore.SQLite, startSQLite)
}
