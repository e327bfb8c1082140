package sqlstore

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Every dialect has every table with every column, and with nothing that may be missing.
func TestSchema(t *testing.T) {
	column := regexp.MustCompile(`(?m)^    ([a-z_]+) +([A-Z]+(?:\(\d+\))?) +NOT NULL,`)
	for _, dialect := range []Dialect{PostgreSQL, MySQL, SQLite} {
		statements := dialect.Schema()
		if len(statements) != 3 {
			t.Fatalf("%s has %d statements", dialect, len(statements))
		}
		for i, table := range []table{tokens2, tokens1, leases} {
			text := statements[i]
			if !strings.Contains(text, "CREATE TABLE IF NOT EXISTS "+table.name+" (\n") ||
				!strings.Contains(text, "    PRIMARY KEY (name, user_id)\n)") {
				t.Errorf("%s: %s: %s", dialect, table.name, text)
			}
			var got []string
			for _, found := range column.FindAllStringSubmatch(text, -1) {
				got = append(got, found[1])
			}
			want := append([]string{"name", "user_id"}, table.columns...)
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Errorf("%s: %s has %q, want %q", dialect, table.name, got, want)
			}
		}
	}
	for _, dialect := range []Dialect{"", "oracle"} {
		if got := dialect.Schema(); len(got) != 0 {
			t.Errorf("%q: got %q", dialect, got)
		}
	}
}

func TestStatements(t *testing.T) {
	t2 := table{"oauth2_token", []string{"access_token", "expires_at"}}
	const postgresNow = "CAST(floor(extract(epoch FROM clock_timestamp())) AS BIGINT)"
	tests := []struct {
		dialect   Dialect
		got, want string
	}{
		{MySQL, t2.load(),
			"SELECT access_token, expires_at FROM oauth2_token WHERE name = ? AND user_id = ?"},
		{PostgreSQL, t2.load(),
			"SELECT access_token, expires_at FROM oauth2_token WHERE name = $1 AND user_id = $2"},
		{SQLite, t2.version(),
			"SELECT access_token FROM oauth2_token WHERE name = ? AND user_id = ?"},
		{PostgreSQL, t2.insert(),
			"INSERT INTO oauth2_token (access_token, expires_at, name, user_id)" +
				" VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING"},
		{PostgreSQL, t2.update(), "UPDATE oauth2_token SET access_token = $1, expires_at = $2" +
			" WHERE name = $3 AND user_id = $4 AND access_token = $5"},
		{MySQL, t2.remove(),
			"DELETE FROM oauth2_token WHERE name = ? AND user_id = ? AND access_token = ?"},
		{PostgreSQL, seeLease, "SELECT holder, expires_at < " + postgresNow +
			" FROM oauth2_lease WHERE name = $1 AND user_id = $2"},
		{MySQL, seeLease, "SELECT holder, expires_at < UNIX_TIMESTAMP()" +
			" FROM oauth2_lease WHERE name = ? AND user_id = ?"},
		{SQLite, seeLease, "SELECT holder, expires_at < CAST(strftime('%s', 'now') AS INTEGER)" +
			" FROM oauth2_lease WHERE name = ? AND user_id = ?"},
		{PostgreSQL, makeLease, "INSERT INTO oauth2_lease (holder, expires_at, name, user_id)" +
			" VALUES ($1, " + postgresNow + " + $2, $3, $4) ON CONFLICT DO NOTHING"},
		{PostgreSQL, takeLease, "UPDATE oauth2_lease SET holder = $1, expires_at = " + postgresNow +
			" + $2 WHERE name = $3 AND user_id = $4 AND holder = $5"},
		{SQLite, makeLease, "INSERT INTO oauth2_lease (holder, expires_at, name, user_id)" +
			" VALUES (?, CAST(strftime('%s', 'now') AS INTEGER) + ?, ?, ?) ON CONFLICT DO NOTHING"},
		{MySQL, makeLease, "INSERT INTO oauth2_lease (holder, expires_at, name, user_id)" +
			" VALUES (?, UNIX_TIMESTAMP() + ?, ?, ?)"},
		{SQLite, endLease,
			"DELETE FROM oauth2_lease WHERE name = ? AND user_id = ? AND holder = ?"},
	}
	for _, test := range tests {
		if got := test.dialect.bind(test.got); got != test.want {
			t.Errorf("%s\n got %s\nwant %s", test.dialect, got, test.want)
		}
	}
}
