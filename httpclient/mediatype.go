package httpclient

import (
	"mime"
	"net/http"
)

// HasMediaType reports whether a header declares its body to be of the type called want,
// in lower case, whatever the type's parameters (RFC 9110, Section 8.3.1). A Content-Type
// that is absent or malformed declares nothing.
func HasMediaType(h http.Header, want string) bool {
	media, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	return err == nil && media == want
}
