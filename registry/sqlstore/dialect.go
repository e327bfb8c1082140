package sqlstore

import (
	"embed"
	"strconv"
	"strings"
)

// A Dialect is the SQL of one kind of database.
type Dialect string

// The dialects there are.
const (
	PostgreSQL Dialect = "postgresql" // 9.5 or later
	MySQL      Dialect = "mysql"      // 5.7 or later, and MariaDB
	SQLite     Dialect = "sqlite"     // 3.24 or later
)

//go:embed schema
var schemas embed.FS

// Schema returns the statements that make the tables that are not there yet. They can be run
// one after another by [database/sql.DB.Exec].
func (d Dialect) Schema() []string {
	text, _ := schemas.ReadFile("schema/" + string(d) + ".sql")
	statements := strings.SplitAfter(string(text), ";\n")
	return statements[:len(statements)-1]
}

// now returns the expression for the database's time, in whole seconds of Unix time: it is
// the one clock that all processes share.
func (d Dialect) now() string {
	switch d {
	case PostgreSQL:
		return "CAST(floor(extract(epoch FROM clock_timestamp())) AS BIGINT)"
	case MySQL:
		return "UNIX_TIMESTAMP()"
	case SQLite:
		return "CAST(strftime('%s', 'now') AS INTEGER)"
	}
	return ""
}

// orNothing returns what makes an INSERT do nothing if the row is there. MySQL's IGNORE would
// ignore much more, so there it is an error.
func (d Dialect) orNothing() string {
	if d == MySQL {
		return ""
	}
	return " ON CONFLICT DO NOTHING"
}

// bind returns a query as d wants it, in which {now} stands for the database's time.
func (d Dialect) bind(query string) string {
	query = strings.NewReplacer("{now}", d.now(), " {or nothing}", d.orNothing()).Replace(query)
	if d != PostgreSQL {
		return query
	}
	var b strings.Builder
	for i, part := range strings.Split(query, "?") {
		if i > 0 {
			b.WriteString("$" + strconv.Itoa(i))
		}
		b.WriteString(part)
	}
	return b.String()
}
