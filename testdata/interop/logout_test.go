package interop

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"vouchsafe/oidc/oidctest"
)

// statePage asks the provider's frame about a session state, and then nonsense, tells the
// site of both answers, and goes on.
const statePage = `<iframe src="%s/check_session"></iframe>
<script>
  const answers = [];
  const frame = document.querySelector("iframe");
  const ask = (text) => frame.contentWindow.postMessage(text, "%[1]s");
  addEventListener("message", async (e) => {
    if (e.origin !== "%[1]s") return;
    if (answers.push(e.data) < 2) return ask("nonsense");
    await fetch("/seen", {method: "POST", body: answers.join(" ")});
    if ("%[3]s") location.href = "%[3]s";
  });
  frame.onload = () => ask("client %[2]s");
</script>`

// OpenID Connect Session Management 1.0, Section 3.2, and OpenID Connect Front-Channel Logout
// 1.0, Section 3: the pages of the test provider do in a browser what they are for.
func TestChromiumLogsOut(t *testing.T) {
	browser := startChromium(t)
	seen := make(chan string, 8)
	mux := http.NewServeMux()
	site := httptest.NewServer(mux)
	defer site.Close()
	provider := oidctest.NewServer(oidctest.Options{Clients: []oidctest.Client{{
		ID: "client", Secret: "secret", FrontChannelLogoutURI: site.URL + "/front?a=b"}}})
	defer provider.Close()
	end := provider.Endpoint("end_session") + "?" + url.Values{"client_id": {"client"},
		"post_logout_redirect_uri": {site.URL + "/after"}}.Encode()
	state := "" // of the callback, which is served before the page after it
	mux.HandleFunc("GET /callback", func(w http.ResponseWriter, r *http.Request) {
		state = r.URL.Query().Get("session_state")
		fmt.Fprintf(w, statePage, provider.Issuer(), state, end)
	})
	mux.HandleFunc("GET /front", func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		seen <- fmt.Sprint("front ", q.Get("a"), " ", q.Get("iss") == provider.Issuer(), " ",
			q.Has("sid"))
	})
	mux.HandleFunc("GET /after", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, statePage, provider.Issuer(), state, "")
	})
	mux.HandleFunc("POST /seen", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(io.LimitReader(r.Body, maxPage))
		seen <- string(body)
	})
	browser.open(t, provider.Endpoint("authorize")+"?"+url.Values{"response_type": {"code"},
		"client_id": {"client"}, "redirect_uri": {site.URL + "/callback"}, "scope": {"openid"},
		"state": {"s"}, "nonce": {"n"}, "code_challenge_method": {"S256"},
		"code_challenge": {strings.Repeat("A", 43)}}.Encode())
	want := []string{"unchanged error", "front b true true", "changed error"}
	var got []string
	for len(got) < len(want) {
		select {
		case s := <-seen:
			got = append(got, s)
		case <-time.After(startLimit):
			t.Fatalf("the site saw no more than %q", got)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("the site saw %q, want %q", got, want)
	}
}
