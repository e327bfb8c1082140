package interop

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	_ "github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib"
	_ "github.com/mattn/go-sqlite3"
)

const installDatabases = "apt-get install -y --no-install-recommends postgresql mariadb-server redis-server"

// A databaseServer is a program that runs in a directory of its own while a test does.
type databaseServer struct {
	t    testing.TB
	user string // it runs as, if the test runs as root
	dir  string // which is that user's, and nobody else's
}

func newServer(t testing.TB, user string) *databaseServer {
	t.Helper()
	dir, err := os.MkdirTemp("", "sql") // a socket's name has to be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	s := &databaseServer{t, user, dir}
	if os.Geteuid() == 0 {
		s.run("chown", user, dir)
	}
	return s
}

// command returns that of a program to be run as the server's user. It ends if the test is
// killed.
func (s *databaseServer) command(program string, args ...string) *exec.Cmd {
	if os.Geteuid() == 0 {
		args = append([]string{"--reuid", s.user, "--regid", s.user, "--init-groups",
			"--pdeathsig", "TERM", program}, args...)
		program = "setpriv"
	}
	cmd := exec.Command(program, args...)
	cmd.Dir = s.dir
	cmd.Env = append(os.Environ(), "LC_ALL=C", "HOME="+s.dir)
	return cmd
}

func (s *databaseServer) run(program string, args ...string) {
	s.t.Helper()
	cmd := exec.Command(program, args...)
	if program != "chown" {
		cmd = s.command(program, args...)
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		s.t.Fatalf("%s: %v\n%s", program, err, out)
	}
}

// start starts the server, waits until it says that it is ready, and stops it with a signal
// at the end of the test.
func (s *databaseServer) start(ready string, stop os.Signal, program string, args ...string) {
	s.t.Helper()
	cmd := s.command(program, args...)
	output, w, err := os.Pipe()
	if err != nil {
		s.t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = w, w
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	w.Close()
	said := make(chan string, 1)
	go listen(output, ready, said)
	s.t.Cleanup(func() {
		cmd.Process.Signal(stop)
		kill := time.AfterFunc(time.Minute, func() { cmd.Process.Kill() })
		defer kill.Stop()
		if err := cmd.Wait(); err != nil {
			s.t.Errorf("%s: %v", program, err)
		}
	})
	if heard := <-said; !strings.Contains(heard, ready) {
		s.t.Fatalf("%s ended:\n%s", program, heard)
	}
}

// listen reads a program's output to the end, and says what it was until it was ready.
func listen(output *os.File, ready string, said chan<- string) {
	defer output.Close()
	var heard bytes.Buffer
	for lines := bufio.NewScanner(output); lines.Scan(); {
		if heard.Write(append(lines.Bytes(), '\n')); strings.Contains(lines.Text(), ready) {
			select {
			case said <- heard.String():
			default:
			}
		}
	}
	select {
	case said <- heard.String():
	default:
	}
}

// find returns the path of a program, and skips the test if it is not installed.
func find(t testing.TB, program string, patterns ...string) string {
	t.Helper()
	if path, err := exec.LookPath(program); err == nil {
		return path
	}
	for _, pattern := range patterns {
		if found, _ := filepath.Glob(pattern); len(found) > 0 {
			return slices.Max(found)
		}
	}
	t.Skipf("SKIP: %s is not installed: %s", program, installDatabases)
	return ""
}

// startPostgreSQL starts a PostgreSQL server for this test alone, which listens to a socket
// in a directory of its own, and returns the data source name for driver pgx.
func startPostgreSQL(t testing.TB) (dsn string) {
	t.Helper()
	initdb := find(t, "initdb", "/usr/lib/postgresql/*/bin/initdb")
	s := newServer(t, "postgres")
	data := filepath.Join(s.dir, "data")
	s.run(initdb, "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "-N")
	s.start("ready to accept connections", syscall.SIGINT,
		filepath.Join(filepath.Dir(initdb), "postgres"), "-D", data, "-k", s.dir,
		"-c", "listen_addresses=", "-c", "fsync=off")
	return "host=" + s.dir + " user=postgres dbname=postgres sslmode=disable"
}

// startMariaDB starts a MariaDB server for this test alone, as startPostgreSQL does, and
// returns the data source name for driver mysql.
func startMariaDB(t testing.TB) (dsn string) {
	t.Helper()
	program := find(t, "mariadbd", "/usr/sbin/mariadbd")
	install := find(t, "mariadb-install-db")
	s := newServer(t, "mysql")
	data, socket := filepath.Join(s.dir, "data"), filepath.Join(s.dir, "socket")
	s.run(install, "--no-defaults", "--datadir="+data, "--auth-root-authentication-method=normal")
	s.start("ready for connections", syscall.SIGTERM, program, "--no-defaults", "--datadir="+data,
		"--socket="+socket, "--pid-file="+filepath.Join(s.dir, "pid"), "--skip-networking",
		"--innodb-flush-log-at-trx-commit=0")
	return "root@unix(" + socket + ")/test"
}

// startSQLite returns the data source name, for driver sqlite3, of a file for this test.
func startSQLite(t testing.TB) (dsn string) {
	t.Helper()
	dsn = "file:" + filepath.Join(t.TempDir(), "db") + "?_journal_mode=WAL&_busy_timeout=20000"
	db, err := sql.Open("sqlite3", dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Ping(); err != nil {
		if strings.Contains(err.Error(), "requires cgo") {
			t.Skip("SKIP: SQLite's driver needs cgo and a C compiler: CGO_ENABLED=1")
		}
		t.Fatal(err)
	}
	return dsn
}

// The server's end is that of the test, and a second one does not meet the first.
func TestServersEnd(t *testing.T) {
	for name, start := range map[string]func(testing.TB) string{
		"pgx": startPostgreSQL, "mysql": startMariaDB,
	} {
		t.Run(name, func(t *testing.T) {
			var dsn string
			t.Run("first", func(t *testing.T) {
				dsn = start(t)
				ping(t, name, dsn, true)
			})
			if dsn == "" {
				t.Skip("SKIP: not installed: " + installDatabases)
			}
			ping(t, name, dsn, false)
		})
	}
}

func ping(t *testing.T, driver, dsn string, want bool) {
	t.Helper()
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	err = db.PingContext(ctx)
	if (err == nil) != want || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%s: got %v", driver, err)
	}
}
