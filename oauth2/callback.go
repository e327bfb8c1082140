package oauth2

import (
	"io"
	"net/http"
	"net/url"

	"vouchsafe/httpclient"
)

// maxCallback bounds the body of a callback.
const maxCallback = 64 << 10

// ReadCallback returns the parameters of the request that the browser came back with,
// for [Client.Callback]: those of the query of a GET (RFC 6749, Section 4.1.2), or of the
// form, of less than 64 KiB, of a POST (OAuth 2.0 Form Post Response Mode, Section 2).
// A POST may have a query too, that of the redirect URI: its parameters come along, so
// that one which is in both is refused as one that comes twice. No cookie that is
// SameSite=Lax comes with a POST.
//
// The error is a [*jose.CheckError].
func ReadCallback(r *http.Request) (url.Values, error) {
	const clause = "OAuth 2.0 Form Post Response Mode, Section 2"
	params, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, checkError("parameters", "must be a form", "RFC 6749, Section 4.1.2")
	}
	if r.Method == http.MethodGet {
		return params, nil
	}
	if r.Method != http.MethodPost || !httpclient.HasMediaType(r.Header, formType) {
		return nil, checkError("response_mode", "must be a GET, or a POST with a form", clause)
	}
	if r.PostForm != nil || r.Body == nil { // somebody has read it, or there is none
		return both(params, r.PostForm), nil
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxCallback))
	form, errForm := url.ParseQuery(string(body))
	if err != nil || errForm != nil || len(body) == maxCallback {
		return nil, checkError("parameters", "must be a form of less than 64 KiB", clause)
	}
	return both(params, form), nil
}

// both returns the values of query and form together.
func both(query, form url.Values) url.Values {
	for name, values := range form {
		query[name] = append(query[name], values...)
	}
	return query
}
