package oauth1test

import (
	"fmt"
	"net/http"
)

// A Fault is what a client did wrong.
type Fault string

// The faults, in the order in which a request is examined for them.
const (
	MalformedHeader            Fault = "malformed_header"
	MalformedBody              Fault = "malformed_body" // or one that is too long
	DuplicateParameter         Fault = "duplicate_parameter"
	MisplacedParameter         Fault = "misplaced_parameter" // in two of header, query and form
	MissingParameter           Fault = "missing_parameter"
	UnsupportedVersion         Fault = "unsupported_version"
	UnsupportedSignatureMethod Fault = "unsupported_signature_method" // or not that of the client
	StaleTimestamp             Fault = "stale_timestamp"              // five minutes from now
	UnknownClient              Fault = "unknown_client"
	UnknownTemporaryToken      Fault = "unknown_temporary_token" // or renewed, or another's
	UnknownToken               Fault = "unknown_token"           // or another client's
	ExpiredToken               Fault = "expired_token"
	WrongSignature             Fault = "wrong_signature" // or a wrong secret
	WrongBodyHash              Fault = "wrong_body_hash" // or one with a form
	RepeatedNonce              Fault = "repeated_nonce"
	WrongCallback              Fault = "wrong_callback"
	UsedTemporaryToken         Fault = "used_temporary_token"
	NotApproved                Fault = "not_approved" // or denied
	MissingVerifier            Fault = "missing_verifier"
	WrongVerifier              Fault = "wrong_verifier"
	WrongPassword              Fault = "wrong_password"
	WrongSessionHandle         Fault = "wrong_session_handle"
)

// answer returns the status (RFC 5849, Section 3.2) and the oauth_problem that
// f is refused with.
func (f Fault) answer() (status int, problem string) {
	switch f {
	case UnknownClient:
		return http.StatusUnauthorized, "consumer_key_unknown"
	case UnknownTemporaryToken, UnknownToken, WrongSessionHandle:
		return http.StatusUnauthorized, "token_rejected"
	case StaleTimestamp:
		return http.StatusUnauthorized, "timestamp_refused"
	case WrongSignature:
		return http.StatusUnauthorized, "signature_invalid"
	case RepeatedNonce:
		return http.StatusUnauthorized, "nonce_used"
	case UsedTemporaryToken:
		return http.StatusUnauthorized, "token_used"
	case NotApproved:
		return http.StatusUnauthorized, "permission_denied"
	case WrongVerifier:
		return http.StatusUnauthorized, "verifier_invalid"
	case WrongPassword:
		return http.StatusUnauthorized, "parameter_rejected"
	case ExpiredToken:
		return http.StatusUnauthorized, "token_expired"
	case MissingParameter, MissingVerifier:
		return http.StatusBadRequest, "parameter_absent"
	case UnsupportedVersion:
		return http.StatusBadRequest, "version_rejected"
	case UnsupportedSignatureMethod:
		return http.StatusBadRequest, "signature_method_rejected"
	}
	return http.StatusBadRequest, "parameter_rejected"
}

// refuse records f and answers with it. The caller holds p.mu.
func (p *Provider) refuse(w http.ResponseWriter, f Fault) {
	p.faults = append(p.faults, f)
	status, problem := f.answer()
	w.Header().Set("Content-Type", "application/x-www-form-urlencoded")
	if status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", fmt.Sprintf("OAuth realm=%q", p.base))
	}
	w.WriteHeader(status)
	fmt.Fprintf(w, "oauth_problem=%s", problem)
}
