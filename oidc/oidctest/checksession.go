package oidctest

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"strings"

	"vouchsafe/internal/webpage"
)

// browserCookie holds what OpenID Connect Session Management 1.0, Section 3.2 calls the OP
// User Agent state. A browser in which somebody is logged in has it, and says nothing else
// by it. Other providers of the same host share it.
const browserCookie = "oidctest_browser_state"

// browserState returns the state of a browser, empty while nobody is logged in. A login
// begins one; one more login does not change it, lest the clients of a browser log in again
// by turns.
func (p *Provider) browserState(w http.ResponseWriter, r *http.Request, loggedIn bool) string {
	if cookie, err := r.Cookie(browserCookie); err == nil && cookie.Value != "" {
		return cookie.Value
	}
	if !loggedIn {
		return ""
	}
	state := rand.Text()
	p.setBrowserState(w, state, 0)
	return state
}

// forgetBrowserState has the browser know that nobody is logged in.
func (p *Provider) forgetBrowserState(w http.ResponseWriter) { p.setBrowserState(w, "", -1) }

// setBrowserState sets a cookie that a script can read, and by https one that also comes to
// a frame in another site.
func (p *Provider) setBrowserState(w http.ResponseWriter, value string, maxAge int) {
	cookie := &http.Cookie{Name: browserCookie, Value: value, Path: "/", MaxAge: maxAge}
	if strings.HasPrefix(p.Issuer(), "https:") {
		cookie.Secure, cookie.SameSite = true, http.SameSiteNoneMode
	}
	http.SetCookie(w, cookie)
}

// sessionState is OpenID Connect Session Management 1.0, Section 3.2.
func sessionState(clientID, origin, browser, salt string) string {
	sum := sha256.Sum256([]byte(clientID + " " + origin + " " + browser + " " + salt))
	return hex.EncodeToString(sum[:]) + "." + salt
}

// origin returns the origin of a URI, RFC 6454, Section 4 and 6.2.
func origin(u *url.URL) string {
	usual := map[string]string{"http": ":80", "https": ":443"}[u.Scheme]
	return u.Scheme + "://" + strings.TrimSuffix(strings.ToLower(u.Host), usual)
}

// checkSessionScript answers a client's frame, OpenID Connect Session Management 1.0, Section
// 3.2. The origin is in the hash, so that to any other origin than that of the client
// all is changed.
const checkSessionScript = `addEventListener("message", async (e) => {
  const asked = /^(.+) ([^ .]+)\.([^ .]+)$/.exec(e.data);
  let answer = "error";
  if (asked && e.origin !== "null" && crypto.subtle) {
    const [, client, hash, salt] = asked;
    const cookies = new Map(document.cookie.split("; ").map((c) => c.split("=", 2)));
    const browser = cookies.get("` + browserCookie + `") || "";
    const text = [client, e.origin, browser, salt].join(" ");
    const sum = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
    const hex = Array.from(new Uint8Array(sum), (b) => b.toString(16).padStart(2, "0")).join("");
    answer = hash === hex ? "unchanged" : "changed";
  }
  e.source.postMessage(answer, e.origin === "null" ? "*" : e.origin);
})`

const checkSessionPage = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Session</title>
<script>` + checkSessionScript + `</script>
</html>
`

// serveCheckSession serves the page that clients have in a frame.
func (p *Provider) serveCheckSession(w http.ResponseWriter, r *http.Request) {
	webpage.Protect(w.Header(), "script-src", checkSessionScript)
	policy := w.Header().Get("Content-Security-Policy")
	w.Header().Set("Content-Security-Policy",
		strings.Replace(policy, "frame-ancestors 'none'; ", "", 1))
	w.Write([]byte(checkSessionPage))
}
