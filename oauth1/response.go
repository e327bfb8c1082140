package oauth1

import (
	"context"
	"strings"
	"unicode/utf8"

	"vouchsafe/httpclient"
	"vouchsafe/internal/verdict"
)

// readTemporaryCredentials reads the response of RFC 5849, Section 2.1.
func readTemporaryCredentials(ctx context.Context, resp *httpclient.Response) (credentials, error) {
	const clause = "RFC 5849, Section 2.1"
	l := checks(ctx)
	values := readForm(l, resp, clause)
	l.Check(values["oauth_token"] != "", "temporary_token",
		"must be in the response as oauth_token", clause)
	l.Check(values["oauth_token_secret"] != "", "temporary_token_secret",
		"must be in the response as oauth_token_secret", clause)
	// A server of OAuth 1.0, not 1.0a, would not make the verifier that ties the
	// user who approves to the user who comes back.
	l.Check(values["oauth_callback_confirmed"] == "true", "oauth_callback_confirmed",
		"must be true in the response", clause)
	if err := l.Err(); err != nil {
		return credentials{}, err
	}
	return credentials{values["oauth_token"], values["oauth_token_secret"]}, nil
}

// readToken reads the response of RFC 5849, Section 2.3.
func readToken(ctx context.Context, resp *httpclient.Response) (*Token, error) {
	const clause = "RFC 5849, Section 2.3"
	l := checks(ctx)
	values := readForm(l, resp, clause)
	l.Check(values["oauth_token"] != "", "token",
		"must be in the response as oauth_token", clause)
	l.Check(values["oauth_token_secret"] != "", "token_secret",
		"must be in the response as oauth_token_secret", clause)
	if err := l.Err(); err != nil {
		return nil, err
	}
	r := Record{Token: values["oauth_token"], Secret: values["oauth_token_secret"], Extra: values}
	delete(values, "oauth_token")
	delete(values, "oauth_token_secret")
	return newToken(r), nil
}

// readForm reads a form-encoded response by its body, whatever its media type
// says: X, for one, declares text/html. The values count only if no check of l
// has failed.
func readForm(l *verdict.List, resp *httpclient.Response, clause string) map[string]string {
	body := strings.TrimSpace(string(resp.Body))
	params := ParseParams(body)
	values := make(map[string]string, len(params))
	for _, p := range params {
		values[p.Name] = p.Value
	}
	l.Result("response_status", clause, responseRefusal(resp, values))
	l.Check(strings.IndexAny(body, "<{[") != 0, "response_form",
		"must be form-encoded, not HTML, XML or JSON", clause)
	l.Check(len(values) == len(params), "response_parameters",
		"must each be there once", "RFC 5849, Section 3.1")
	l.Check(validUTF8(values), "response_text", "must be UTF-8", "RFC 5849, Section 3.6")
	return values
}

// validUTF8 reports whether values survive being stored as text.
func validUTF8(values map[string]string) bool {
	for name, value := range values {
		if !utf8.ValidString(name) || !utf8.ValidString(value) {
			return false
		}
	}
	return true
}

// responseRefusal returns an error unless the response grants what was asked.
func responseRefusal(resp *httpclient.Response, values map[string]string) error {
	problem, reported := values["oauth_problem"]
	if resp.Status/100 == 2 && !reported {
		return nil
	}
	return newError(resp.Status, problem, string(resp.Body))
}
