package oauth1

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"vouchsafe/httpclient"
)

const formType = "application/x-www-form-urlencoded"

// bodyLimit bounds the body of a request that is signed, or hashed to be signed,
// in bytes: it is held in memory.
const bodyLimit = 10 << 20

const bodyClause = "RFC 5849, Section 3.4.1.3.1"

// hasForm reports whether the body of req is signed with its parameters.
func hasForm(req *http.Request) bool {
	types := httpclient.Fields(req.Header, "Content-Type")
	return req.Body != nil && slices.ContainsFunc(types, isForm)
}

func isForm(contentType string) bool {
	mediaType, _, _ := strings.Cut(contentType, ";")
	return strings.TrimSpace(strings.ToLower(mediaType)) == formType // as net/http has it
}

// readBody returns the body of req, or nil if it has none.
func readBody(req *http.Request) ([]byte, error) {
	if req.Body == nil {
		return nil, nil
	}
	body, err := io.ReadAll(io.LimitReader(req.Body, bodyLimit+1))
	if err != nil {
		return nil, fmt.Errorf("oauth1: body: %w", err)
	}
	if len(body) > bodyLimit {
		return nil, &CheckError{"body", "must be at most 10 MiB to be signed", bodyClause}
	}
	return body, nil
}

// replaceBody gives req a body that can be sent more than once.
func replaceBody(req *http.Request, body []byte) {
	if req.Body != nil {
		req.Body.Close()
	}
	req.GetBody = func() (io.ReadCloser, error) {
		if len(body) == 0 {
			return http.NoBody, nil
		}
		return io.NopCloser(bytes.NewReader(body)), nil
	}
	req.Body, _ = req.GetBody()
	if req.ContentLength <= 0 { // else net/http finds out whether it is right
		req.ContentLength = int64(len(body))
	}
}

// bodyHash is the parameter of the extension "OAuth Request Body Hash", whose
// Section 3.2 has the hash function be that of the signature method.
func (m SignatureMethod) bodyHash(body []byte) Param {
	h := m.hash().New()
	h.Write(body)
	return Param{"oauth_body_hash", base64.StdEncoding.EncodeToString(h.Sum(nil))}
}
