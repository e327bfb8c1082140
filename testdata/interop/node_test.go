package interop

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"
)

const (
	startLimit = 30 * time.Second // for a server to say that it is ready
	stopLimit  = 10 * time.Second // for a server to end once it was told to
	runLimit   = 60 * time.Second // for a script that runs to its end
)

// needNode skips the test where node, or what npm installs, is missing.
func needNode(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("node"); err != nil {
		t.Skip("SKIP: node is not installed; with it, run: make interop")
	}
	for _, name := range []string{"oidc-provider", "openid-client"} {
		if _, err := os.Stat("node_modules/" + name); err != nil {
			t.Skipf("SKIP: npm package %s is not installed; run: make interop", name)
		}
	}
}

// startProvider starts op.mjs for one client, and the further ones of a JSON array,
// and returns its issuer. The provider ends with the test.
func startProvider(
	t *testing.T, clientID, secret, redirectURI string, clients ...string,
) (issuer string) {
	t.Helper()
	args := []string{clientID, secret, redirectURI}
	for _, list := range clients { // which may be longer than an argument
		file := t.TempDir() + "/clients.json"
		if err := os.WriteFile(file, []byte(list), 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, file)
	}
	issuer, _ = startProviderAgain(t, args)
	return issuer
}

// startProviderAgain starts op.mjs, and returns how to stop it as well.
func startProviderAgain(t *testing.T, args []string) (issuer string, stop func()) {
	t.Helper()
	var ready struct{ Issuer string }
	stop = startNode(t, &ready, "op.mjs", args...)
	if ready.Issuer == "" {
		t.Fatal("node op.mjs: ready, but names no issuer")
	}
	return ready.Issuer, stop
}

// startNode starts a script that prints one line of JSON when it is ready, and
// decodes that line into ready. The returned function stops the script by its
// process ID and waits for its end; the end of the test does so too.
func startNode(t *testing.T, ready any, script string, args ...string) (stop func()) {
	t.Helper()
	needNode(t)
	return startScript(t, ready, "node", append([]string{script}, args...))
}

func startScript(t *testing.T, ready any, program string, args []string) (stop func()) {
	t.Helper()
	s, err := startServer(program, args)
	if err != nil {
		t.Fatalf("%s %s: %v", program, args[0], err)
	}
	stop = func() { s.stop(t) }
	t.Cleanup(stop)
	if err := s.readLine(ready); err != nil {
		t.Fatalf("%s %s: not ready: %v", program, args[0], err)
	}
	return stop
}

// A server is a script that runs until it is stopped.
type server struct {
	cmd    *exec.Cmd
	stdout io.Reader
	stderr bytes.Buffer // to be read only after the end
	ended  bool
}

// startServer gives the script a pipe for its standard input. It closes with
// this process, however that dies, and the script then ends as well.
func startServer(program string, args []string) (*server, error) {
	s := &server{cmd: exec.Command(program, args...)}
	s.cmd.Stderr = &s.stderr
	if _, err := s.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	stdout, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	s.stdout = stdout
	return s, s.cmd.Start()
}

// readLine decodes the first line of JSON that the script prints.
func (s *server) readLine(v any) error {
	tooLate := time.AfterFunc(startLimit, func() { s.cmd.Process.Kill() })
	defer tooLate.Stop()
	line, err := bufio.NewReader(s.stdout).ReadBytes('\n')
	if err != nil {
		return err
	}
	return json.Unmarshal(line, v)
}

// stop may be called again, and then does nothing.
func (s *server) stop(t *testing.T) {
	if s.ended {
		return
	}
	s.ended = true
	s.cmd.Process.Signal(syscall.SIGTERM)
	tooLate := time.AfterFunc(stopLimit, func() { s.cmd.Process.Kill() })
	defer tooLate.Stop()
	if err := s.cmd.Wait(); err != nil {
		t.Errorf("%q: did not end cleanly: %v", s.cmd.Args[:2], err)
	}
	if t.Failed() {
		t.Logf("%q: standard error:\n%s", s.cmd.Args[:2], s.stderr.Bytes())
	}
}

// runNode runs a script to its end and decodes the JSON it printed into result.
// If the script fails, so does the test, with the script's standard error.
func runNode(t *testing.T, result any, script string, args ...string) {
	t.Helper()
	stdout, stderr, err := endNode(t, script, args)
	if err != nil {
		t.Fatalf("node %s: %v\n%s", script, err, stderr)
	}
	if err := json.Unmarshal(stdout, result); err != nil {
		t.Fatalf("node %s: its output is not the JSON expected: %v", script, err)
	}
}

// failNode runs a script that must fail, and returns its standard error.
func failNode(t *testing.T, script string, args ...string) string {
	t.Helper()
	_, stderr, err := endNode(t, script, args)
	if err == nil {
		t.Fatalf("node %s: did not fail", script)
	}
	return string(stderr)
}

func endNode(t *testing.T, script string, args []string) (stdout, stderr []byte, err error) {
	t.Helper()
	needNode(t)
	return endScript(t, "node", append([]string{script}, args...))
}

func endScript(t *testing.T, program string, args []string) (stdout, stderr []byte, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), runLimit)
	defer cancel()
	var buf bytes.Buffer
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Stderr = &buf
	stdout, err = cmd.Output()
	return stdout, buf.Bytes(), err
}
