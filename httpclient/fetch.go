//go:build !js

package httpclient

import "net/http"

// restrictFetch is of use in js/wasm only.
func restrictFetch(http.Header) {}
