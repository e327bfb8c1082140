package httpclient

import (
	"net/http"
	"strings"
	"syscall/js"
)

// restrictFetch asks fetch, with which net/http sends here, to follow no redirects and
// to leave cookies out. In Node.js net/http does not use it, and takes these for headers.
func restrictFetch(h http.Header) {
	process := js.Global().Get("process")
	if process.Type() == js.TypeObject && strings.HasPrefix(process.Get("argv0").String(), "node") {
		return
	}
	h.Set("js.fetch:redirect", "error")
	h.Set("js.fetch:credentials", "omit")
}
