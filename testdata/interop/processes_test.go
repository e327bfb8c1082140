package interop

import (
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
	open := func(t *testing.T, dsn string) database {
		return database{dialect: dialect, one: openDatabase(t, driver, dsn)}
	}
	var dsn string
	if !storetest.Started() {
		dsn = start(t)
		open(t, dsn).makeTables(t)
	}
	storetest.Processes(t, dsn, func(t *testing.T, dsn string) oauth2.TokenStore {
		d := open(t, dsn)
		return d.store(t, d.one, "1")
	})
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
