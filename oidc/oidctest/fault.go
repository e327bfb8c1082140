package oidctest

import "slices"

// A Fault names what a client did wrong.
type Fault string

// The faults of authorization requests.
const (
	UnknownClient     Fault = "unknown_client"        // RFC 6749, Section 2.2
	WrongRedirectURI  Fault = "wrong_redirect_uri"    // RFC 9700, Section 2.1
	RepeatedParameter Fault = "repeated_parameter"    // RFC 6749, Section 3.1
	WrongResponseType Fault = "wrong_response_type"   // RFC 6749, Section 3.1.1
	MissingChallenge  Fault = "missing_challenge"     // RFC 7636, Section 4.4.1
	WrongChallenge    Fault = "wrong_challenge"       // RFC 7636, Section 4.2
	MissingState      Fault = "missing_state"         // RFC 6749, Section 10.12
	RepeatedState     Fault = "repeated_state"        // RFC 9700, Section 2.1
	RepeatedNonce     Fault = "repeated_nonce"        // OpenID Connect Core 1.0, Section 15.5.2
	RepeatedChallenge Fault = "repeated_challenge"    // RFC 9700, Section 2.1.1
	UserDenied        Fault = "denied_by_the_user"    // RFC 6749, Section 4.1.2.1
	WrongPassword     Fault = "wrong_password"        // of the user, not the client
	UnknownLogin      Fault = "unknown_login_request" // the form's, which lives once
	UnknownUserCode   Fault = "unknown_user_code"     // RFC 8628, Section 3.3
)

// More faults of authorization requests: those of OpenID Connect. Core is OpenID Connect
// Core 1.0; an unknown prompt is OpenID Connect Prompt Create 1.0, Section 4.1.
const (
	WrongResponseMode    Fault = "wrong_response_mode"     // JARM, Section 2.3.1
	MissingNonce         Fault = "missing_nonce"           // Core, Section 3.2.2.1
	IDTokenWithoutOpenID Fault = "id_token_without_openid" // Core, Section 3.1.2.1
	WrongPrompt          Fault = "wrong_prompt"            // Core, Section 3.1.2.1
	WrongMaxAge          Fault = "wrong_max_age"           // Core, Section 3.1.2.1
	WrongClaims          Fault = "wrong_claims"            // Core, Section 5.5
	WrongIDTokenHint     Fault = "wrong_id_token_hint"     // Core, Section 3.1.2.1
	LoginRequired        Fault = "login_required"          // Core, Section 3.1.2.6
)

// The faults of request objects.
const (
	SeveralRequestObjects      Fault = "several_request_objects"      // RFC 9101, Section 5
	MissingRequestObject       Fault = "missing_request_object"       // RFC 9101, Section 10.5
	WrongRequestURI            Fault = "wrong_request_uri"            // RFC 9101, Section 5.2
	UnfetchedRequestObject     Fault = "unfetched_request_object"     // RFC 9101, Section 5.2.3
	UndecryptableRequestObject Fault = "undecryptable_request_object" // RFC 9101, Section 6.1
	UnsignedRequestObject      Fault = "unsigned_request_object"      // RFC 9101, Section 6.2
	RequestObjectType          Fault = "request_object_type"          // RFC 9101, Section 10.8
	RequestObjectIssuer        Fault = "request_object_issuer"        // RFC 9101, Section 4
	RequestObjectAudience      Fault = "request_object_audience"      // RFC 9101, Section 4
	RequestObjectExpiry        Fault = "request_object_expiry"        // RFC 7519, Section 4.1.4
	RequestObjectSubject       Fault = "request_object_subject"       // RFC 9101, Section 10.8
	RequestObjectContent       Fault = "request_object_content"       // RFC 9101, Section 4
	OtherClientID              Fault = "other_client_id"              // RFC 9101, Section 6.3
	OtherResponseType          Fault = "other_response_type"          // Core, Section 6.1
	OpenIDInObjectAlone        Fault = "openid_in_object_alone"       // Core, Section 6.1
)

// The faults of token requests. Repeated parameters, unknown clients, and a client_id other
// than that of the authentication (RFC 6749, Section 2.3) are among them too. That a device
// asks while its user has not answered is no fault.
const (
	WrongSecret         Fault = "wrong_secret"            // RFC 6749, Section 2.3
	SeveralSecrets      Fault = "several_authentications" // RFC 6749, Section 2.3
	WrongContentType    Fault = "wrong_content_type"      // RFC 6749, Section 4.1.3
	WrongGrantType      Fault = "wrong_grant_type"        // RFC 6749, Section 4.1.3
	UnknownCode         Fault = "unknown_code"            // RFC 6749, Section 4.1.3
	ReusedCode          Fault = "reused_code"             // RFC 6749, Section 4.1.2
	ExpiredCode         Fault = "expired_code"            // RFC 6749, Section 4.1.2
	OtherClientsCode    Fault = "code_of_another_client"  // RFC 6749, Section 4.1.3
	OtherRedirectURI    Fault = "other_redirect_uri"      // RFC 6749, Section 4.1.3
	MissingVerifier     Fault = "missing_verifier"        // RFC 7636, Section 4.5
	WrongVerifier       Fault = "wrong_verifier"          // RFC 7636, Section 4.6
	UnknownRefreshToken Fault = "unknown_refresh_token"   // RFC 6749, Section 6
	ReusedRefreshToken  Fault = "reused_refresh_token"    // RFC 9700, Section 4.14.2
	RevokedRefreshToken Fault = "revoked_refresh_token"   // RFC 6749, Section 5.2
	WidenedScope        Fault = "widened_scope"           // RFC 6749, Section 6
	PublicClient        Fault = "public_client"           // RFC 6749, Section 4.4
	ScopeWithoutUser    Fault = "scope_without_a_user"    // openid for the client itself
	UnknownDeviceCode   Fault = "unknown_device_code"     // RFC 8628, Section 3.4
	ReusedDeviceCode    Fault = "reused_device_code"      // RFC 8628, Section 3.5
	ExpiredDeviceCode   Fault = "expired_device_code"     // RFC 8628, Section 3.5
	PolledTooFast       Fault = "polled_too_fast"         // RFC 8628, Section 3.5
)

// The faults of revocation requests, beside those of the client.
const (
	MissingToken      Fault = "missing_token"           // RFC 7009, Section 2.1
	OtherClientsToken Fault = "token_of_another_client" // RFC 7009, Section 2.1
)

// The faults of logout requests, and of what clients answer to those of the provider.
// Repeated parameters, unknown clients, a wrong hint, and a client_id other than that of the
// hint are among them too (OpenID Connect RP-Initiated Logout 1.0, Section 2), and so is what
// the user does with the form.
const (
	// OpenID Connect RP-Initiated Logout 1.0, Section 3
	WrongPostLogoutRedirectURI Fault = "wrong_post_logout_redirect_uri"

	// OpenID Connect Back-Channel Logout 1.0, Section 2.5, and twice Section 2.8
	UndeliveredLogoutToken  Fault = "undelivered_logout_token"
	WrongLogoutResponse     Fault = "wrong_logout_response"
	CacheableLogoutResponse Fault = "cacheable_logout_response"
)

// The faults of requests with an access token.
const (
	UnusableAccessToken Fault = "unusable_access_token" // RFC 6750, Section 3.1
	AccessTokenInQuery  Fault = "access_token_in_query" // RFC 9700, Section 4.3.2
	InsufficientScope   Fault = "insufficient_scope"    // RFC 6750, Section 3.1
	SeveralAccessTokens Fault = "several_access_tokens" // RFC 6750, Section 2
)

// The faults of registration. Registration is OpenID Connect Dynamic Client Registration 1.0,
// and what it leaves to the specifications of logout.
const (
	UnusableInitialToken      Fault = "unusable_initial_token"      // RFC 7591, Section 3
	RegistrationContentType   Fault = "registration_content_type"   // RFC 7591, Section 3.1
	UnreadableRegistration    Fault = "unreadable_registration"     // RFC 7591, Section 3.1
	RegisteredRedirectURI     Fault = "registered_redirect_uri"     // Registration, Section 2
	RegisteredGrantTypes      Fault = "registered_grant_types"      // Registration, Section 2
	RegisteredMethod          Fault = "registered_method"           // Registration, Section 2
	RegisteredSubjectType     Fault = "registered_subject_type"     // Registration, Section 2
	RegisteredKeys            Fault = "registered_keys"             // Registration, Section 2
	RegisteredAlgorithm       Fault = "registered_algorithm"        // Registration, Section 2
	RegisteredEncryption      Fault = "registered_encryption"       // Registration, Section 2
	RegisteredLogoutURI       Fault = "registered_logout_uri"       // Registration, Section 2
	OtherMethod               Fault = "other_method"                // Registration, Section 2
	UnusableRegistrationToken Fault = "unusable_registration_token" // RFC 7592, Section 2.1
	ServersMember             Fault = "member_of_the_server"        // RFC 7592, Section 2.2
	OtherRegistration         Fault = "another_registration"        // RFC 7592, Section 2.2
	ChosenSecret              Fault = "chosen_secret"               // RFC 7592, Section 2.2
)

// MissingResource is the fault of a WebFinger request (RFC 7033, Section 4.2).
const MissingResource Fault = "missing_resource"

// refuse keeps a fault.
func (p *Provider) refuse(f Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults = append(p.faults, f)
}

// Faults returns what has been refused so far, in order. It is safe for
// concurrent use.
func (p *Provider) Faults() []Fault {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.faults)
}
