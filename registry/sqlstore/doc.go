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
