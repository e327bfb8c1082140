package oauth2

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
)

// RelayFragment answers a request to the redirect URI that may have its parameters in the
// URL's fragment, which a browser does not send (OAuth 2.0 Multiple Response Type Encoding
// Practices, Section 2.1): a GET whose query has none of a response's parameters. It then
// serves a page whose script posts the fragment as a form to the same URL, query included,
// and returns true; the next request is one for [ReadCallback]. For any other request it
// returns false and has written nothing.
//
// Unlike a response in mode form_post, that POST comes from this very site: cookies that
// are SameSite=Lax come along, and its Origin is the site's. Mount it at redirect URIs
// alone: what it posts is what any site put into the fragment. The script takes the fragment
// out of the address bar and the history before anything else, splits it at & and =,
// decodes it, and does nothing more with it. A fragment that is empty, or cannot be
// decoded, gets a note, and so does a browser without scripts. The page may post to its own
// origin alone, and browsers hold the redirects after that to it as well: end the login on a
// page of the same origin.
func RelayFragment(w http.ResponseWriter, r *http.Request) bool {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil || r.Method != http.MethodGet ||
		slices.ContainsFunc(responseParams(), query.Has) {
		return false
	}
	sum := sha256.Sum256([]byte(relayScript))
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; base-uri 'none'; "+
		"frame-ancestors 'none'; form-action 'self'; "+
		"script-src 'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'")
	h.Set("Referrer-Policy", "same-origin") // with none, the Origin of the POST is null
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	w.Write([]byte(relayPage))
	return true
}

// relayScript calls submit by the prototype, as an input of that name would hide the
// form's own, and sets what the form needs before there is any input.
const relayScript = `
(function () {
  "use strict";
  var fragment = location.hash.slice(1);
  var here = location.href.split("#")[0];
  history.replaceState(null, "", here);
  var decode = function (text) { return decodeURIComponent(text.replace(/\+/g, " ")); };
  try {
    if (fragment === "") { throw new Error("empty"); }
    var form = document.createElement("form");
    form.setAttribute("method", "post");
    form.setAttribute("action", here);
    form.setAttribute("hidden", "");
    fragment.split("&").forEach(function (pair) {
      var at = pair.indexOf("=");
      if (at < 0) { at = pair.length; }
      var input = document.createElement("input");
      input.setAttribute("type", "hidden");
      input.setAttribute("name", decode(pair.slice(0, at)));
      input.setAttribute("value", decode(pair.slice(at + 1)));
      form.appendChild(input);
    });
    document.body.appendChild(form);
    HTMLFormElement.prototype.submit.call(form);
  } catch (e) {
    document.getElementById("wait").hidden = true;
    document.getElementById("nothing").hidden = false;
  }
})();
`

const relayPage = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Logging in</title>
<body>
<p id="wait">One moment: your login goes on by itself.</p>
<p id="nothing" hidden>There is no login to finish here. Go back to where you
came from and log in once more.</p>
<noscript><p>Your browser runs no scripts, and this login cannot go on without. Allow
scripts for this site, then go back to where you came from and log in once more.</p></noscript>
<script>` + relayScript + `</script>
</body>
</html>
`
