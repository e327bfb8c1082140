package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"vouchsafe/oauth2"
)

// runLines runs the command line's part and hands each line that it prints to see.
func runLines(t *testing.T, c cli, see func(line string)) (printed string, err error) {
	t.Helper()
	in, out := io.Pipe()
	c.out = out
	ended := make(chan error, 1)
	go func() {
		err := runCLI(t.Context(), c)
		out.Close()
		ended <- err
	}()
	var all strings.Builder
	for lines := bufio.NewScanner(in); lines.Scan(); {
		all.WriteString(lines.Text() + "\n")
		see(lines.Text())
	}
	return all.String(), <-ended
}

// wantLines reports texts that were not printed in their order.
func wantLines(t *testing.T, printed string, texts ...string) {
	t.Helper()
	rest := printed
	for _, text := range texts {
		_, after, ok := strings.Cut(rest, text)
		if !ok {
			t.Fatalf("no %q where it was expected in\n%s", text, printed)
		}
		rest = after
	}
}

// What follows a login, however it was made.
var afterLogin = []string{
	"A token has been stored: saved.",
	"tokens.json until this program ends.",
	"/me: 200 OK, the user is alice (Alice Example).",
	"Now the provider ends the access token",
	"A token has been stored: rotated.",
	"/me: 200 OK, the user is alice (Alice Example).",
}

func TestCLIWithBrowser(t *testing.T) {
	b := newBrowser(t)
	open := func(_ context.Context, rawURL string) error {
		go func() { // a program does not wait for its browser
			last := b.fill(b.get(rawURL), typed("alice", password))
			if last.status != 200 || !strings.Contains(last.text, "You can close this page") {
				t.Errorf("the browser shows %d, %s", last.status, last.text)
			}
		}()
		return nil
	}
	printed, err := runLines(t, cli{open: open}, func(string) {})
	if err != nil {
		t.Fatal(err)
	}
	wantLines(t, printed, append([]string{"Your browser opens.", "/authorize?"}, afterLogin...)...)
}

func TestCLIRefused(t *testing.T) {
	b := newBrowser(t)
	open := func(_ context.Context, rawURL string) error {
		go func() { b.fill(b.get(rawURL), url.Values{"action": {"deny"}}) }()
		return nil
	}
	printed, err := runLines(t, cli{open: open}, func(string) {})
	if !errors.Is(err, &oauth2.Error{Code: "access_denied"}) || strings.Contains(printed, "stored") {
		t.Errorf("%v after\n%s", err, printed)
	}
}

var (
	deviceURL  = regexp.MustCompile(`^    (http\S+/device)$`)
	deviceCode = regexp.MustCompile(`^    (\S{4}-\S{4})$`)
)

// Where there is no browser, the user enters a code in one elsewhere.
func TestCLIWithoutBrowser(t *testing.T) {
	none := func(context.Context, string) error { return errors.New("no browser here") }
	for name, c := range map[string]cli{"asked for": {device: true}, "no browser": {open: none}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // each waits for some seconds
			b := newBrowser(t)
			var at string
			printed, err := runLines(t, c, func(line string) {
				if m := deviceURL.FindStringSubmatch(line); m != nil {
					at = m[1]
				}
				if m := deviceCode.FindStringSubmatch(line); m != nil {
					form := b.show(b.client.PostForm(at, url.Values{"user_code": {m[1]}}))
					b.fill(form, typed("alice", password))
				}
			})
			if err != nil {
				t.Fatal(err)
			}
			wantLines(t, printed, append([]string{"enter the code"}, afterLogin...)...)
		})
	}
}
