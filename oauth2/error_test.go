package oauth2

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"vouchsafe/httpclient"
	"vouchsafe/jose"
)

func TestErrorText(t *testing.T) {
	for _, test := range []struct {
		err  *Error
		want string
	}{
		{&Error{Code: "access_denied"}, "oauth2: server refused: access_denied"},
		{&Error{Code: "invalid_grant", Status: 400},
			"oauth2: server refused: invalid_grant (400 Bad Request)"},
		{&Error{Status: 502}, "oauth2: server refused (502 Bad Gateway)"},
		{&Error{}, "oauth2: server refused"},
	} {
		if got := test.err.Error(); got != test.want {
			t.Errorf("text is %q, want %q", got, test.want)
		}
		if test.err.Description() != "" || test.err.URI() != "" {
			t.Errorf("%v has words", test.err)
		}
	}
}

// A check says what it asks for and which clause does.
func TestCheckErrorText(t *testing.T) {
	_, err := read(200, "application/json", `{}`)
	const want = "access_token must be a printable string (RFC 6749, Section 5.1)"
	if err == nil || err.Error() != want {
		t.Errorf("text is %v, want %s", err, want)
	}
}

// Errors are the same by their code, if they have one.
func TestErrorIs(t *testing.T) {
	denied := &Error{Code: "access_denied"}
	for _, test := range []struct {
		err, target error
		want        bool
	}{
		{&Error{Code: "access_denied", Status: 400}, denied, true},
		{fmt.Errorf("login: %w", &Error{Code: "access_denied"}), denied, true},
		{&Error{Code: "server_error"}, denied, false},
		{&Error{Status: 500}, denied, false},
		{&Error{Status: 500}, &Error{}, false},
		{denied, io.EOF, false},
		{denied, (*Error)(nil), false},
	} {
		if got := errors.Is(test.err, test.target); got != test.want {
			t.Errorf("%v is %v: %v, want %v", test.err, test.target, got, test.want)
		}
	}
}

// Errors of the same code are the same whatever else they have, and no others are.
func TestErrorIsByCodeOnly(t *testing.T) {
	a := &Error{Code: "x", Status: 400, RetryAfter: 1, words: words{description: "a"}.hidden()}
	if !errors.Is(a, &Error{Code: "x"}) || errors.Is(a, &Error{Code: "X"}) ||
		errors.Is(a, &jose.CheckError{Check: "x"}) {
		t.Error("compared by something else")
	}
}

// RFC 6749, Appendix A.7: what a code may be of, and no longer than any that exists.
func TestErrorCode(t *testing.T) {
	const no = "(unprintable)"
	for code, want := range map[string]string{
		"":                      "",
		"invalid_grant":         "invalid_grant",
		"!~#[]":                 "!~#[]",
		"a b":                   no,
		"a\tb":                  no,
		"a\nb":                  no,
		"a\x00":                 no,
		"a\x7f":                 no,
		`a"b`:                   no,
		`a\b`:                   no,
		"\u00e9":                no,
		"\xff":                  no,
		strings.Repeat("e", 64): strings.Repeat("e", 64),
		strings.Repeat("e", 65): no,
	} {
		if got := errorCode(code); got != want {
			t.Errorf("%q: code is %q, want %q", code, got, want)
		}
	}
}

// The excerpt is the beginning of the body, as it can be shown.
func TestErrorExcerpt(t *testing.T) {
	for body, want := range map[string]string{
		"":                          "",
		"<html>\n\x1b[2Jno\u00e9":   "<html>  [2Jno\u00e9",
		"bad \xff byte":             "bad  byte",
		strings.Repeat("x", 200):    strings.Repeat("x", 200),
		strings.Repeat("y", 201):    strings.Repeat("y", 200),
		`{"client_secret":"abc"}`:   `{"client_secret":"[redacted]"}`,
		"told me refresh_token=abc": "told me refresh_token=[redacted]",
	} {
		_, err := read(500, "text/html", body)
		e, ok := errors.AsType[*Error](err)
		if !ok || e.Excerpt() != want {
			t.Errorf("%q: excerpt is %q, want %q", body, e.Excerpt(), want)
		}
		if strings.Contains(fmt.Sprintf("%v %+v %#v %s", e, e, e, e), "html") {
			t.Errorf("printed as %+v", e)
		}
	}
	if (&Error{}).Excerpt() != "" || (&Error{}).Challenges() != nil {
		t.Error("the zero Error has words")
	}
}

// Each check that the grants make says what must be and which clause asks for it.
func TestCheckTexts(t *testing.T) {
	c := newClient(t, configAt("https://as.example"))
	bare := newClient(t, Config{ID: "client", Auth: ClientSecretBasic("s"),
		Server: AuthorizationServer{RevocationEndpoint: "https://as.example"}})
	ctx, o := t.Context(), TokenOptions{}
	for want, do := range map[string]func() error{
		"token_endpoint must be configured (RFC 6749, Section 3.2)": func() error {
			_, err := bare.ClientCredentials(ctx, o)
			return err
		},
		"device_authorization_endpoint must be configured (RFC 8628, Section 3.1)": func() error {
			_, err := bare.DeviceAuthorization(ctx, o)
			return err
		},
		"token_endpoint must be a URL (RFC 6749, Section 3.2)": func() error {
			s := c.tokenStep()
			s.url = "https://as.example/\x7f"
			_, err := c.request(ctx, s, nil)
			return err
		},
		`params must not have "scope", which this package sets ` +
			"(RFC 6749, Section 3.2)": func() error {
			_, err := c.ClientCredentials(ctx, TokenOptions{Params: url.Values{"scope": nil}})
			return err
		},
		"scope must be printable ASCII without space, quote or backslash " +
			"(RFC 6749, Section 3.3)": func() error {
			_, err := c.ClientCredentials(ctx, TokenOptions{Scopes: []string{"a b"}})
			return err
		},
		"resource must be an absolute URI without a fragment (RFC 8707, Section 2)": func() error {
			_, err := c.ClientCredentials(ctx, TokenOptions{Resources: []string{"x"}})
			return err
		},
		"assertion must not be empty (RFC 7521, Section 4.1)": func() error {
			_, err := c.JWTBearer(ctx, "", o)
			return err
		},
		"grant_type must be that of an extension (RFC 6749, Section 4.5)": func() error {
			_, err := c.ExtensionGrant(ctx, "", o)
			return err
		},
		"refresh_token must be held to refresh (RFC 6749, Section 6)": func() error {
			_, err := c.Refresh(ctx, nil, o)
			return err
		},
		"device_code must be of a request by this client to this server " +
			"(RFC 8628, Section 3.4)": func() error {
			_, err := c.DeviceToken(ctx, nil)
			return err
		},
		"expires_in must not have passed (RFC 8628, Section 3.2)": func() error {
			_, err := c.DeviceToken(ctx, &DeviceAuthorization{digest: c.digest,
				device: hide("dc"), ExpiresAt: start})
			return err
		},
		"subject_token must be given with its type (RFC 8693, Section 2.1)": func() error {
			_, err := c.TokenExchange(ctx, TokenExchange{}, o)
			return err
		},
		"actor_token must be given with its type, and the type with it " +
			"(RFC 8693, Section 2.1)": func() error {
			_, err := c.TokenExchange(ctx, TokenExchange{SubjectToken: "s", SubjectTokenType: "t",
				ActorToken: "a"}, o)
			return err
		},
		"oauth2: client authentication: no key at hand": func() error {
			config := configAt("https://as.example")
			config.Auth = failing{}
			_, err := newClient(t, config).JWTBearer(ctx, "a", o)
			return err
		},
	} {
		if err := do(); err == nil || err.Error() != want {
			t.Errorf("text is %v, want %s", err, want)
		}
	}
}

// So does each check of a response.
func TestResponseCheckTexts(t *testing.T) {
	const device = `{"device_code":"d","user_code":"u","verification_uri":"https://as.example"`
	for body, want := range map[string]string{
		`[`: "body must be one strict JSON object (RFC 8628, Section 3.2): " +
			"strictjson: not an object at offset 0",
		`{"device_code":1}`: "device_code must be a printable string (RFC 8628, Section 3.2)",
		device + `}`:        "expires_in must be a number of seconds (RFC 8628, Section 3.2)",
		device + `,"expires_in":1,"interval":[]}`: "interval must be a number of seconds " +
			"(RFC 8628, Section 3.2)",
	} {
		if _, err := authorizeDevice(t, 200, body); err == nil || err.Error() != want {
			t.Errorf("text is %v, want %s", err, want)
		}
	}
	config := configAt(newServer(t, answerJSON(200, goodToken)).URL)
	_, err := askExchange(t, t.Context(), newClient(t, config), TokenOptions{})
	const want = "issued_token_type must be present (RFC 8693, Section 2.2.1)"
	if err == nil || err.Error() != want {
		t.Errorf("text is %v, want %s", err, want)
	}
	no := func(context.Context, *httpclient.Response) error { return errFailing }
	config.Hooks.AccessTokenResponse = []ResponseHook{no}
	_, err = newClient(t, config).ClientCredentials(t.Context(), TokenOptions{})
	if want := "oauth2: token_endpoint: hook: no key at hand"; err == nil || err.Error() != want {
		t.Errorf("text is %v, want %s", err, want)
	}
	config.Hooks.AccessTokenRequest = []RequestHook{
		func(context.Context, *http.Request) error { return errFailing }}
	_, err = newClient(t, config).ClientCredentials(t.Context(), TokenOptions{})
	if want := "oauth2: token_endpoint: hook: no key at hand"; err == nil || err.Error() != want {
		t.Errorf("text is %v, want %s", err, want)
	}
}
