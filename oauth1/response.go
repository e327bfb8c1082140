package oauth1

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"vouchsafe/httpclient"
	"vouchsafe/internal/strictjson"
	"vouchsafe/internal/verdict"
)

// readResponse reads the credentials of a response, RFC 5849, Sections 2.1 and 2.3.
func (c *Client) readResponse(
	ctx context.Context, resp *httpclient.Response, x exchange,
) (Record, error) {
	l := checks(ctx)
	values := c.readValues(l, resp, x)
	l.Check(values["oauth_token"] != "", "token",
		"must be in the response as oauth_token", x.clause)
	l.Check(values["oauth_token_secret"] != "" || c.config().InsecureNoTokenSecret,
		"token_secret", "must be in the response as oauth_token_secret", x.clause)
	if x.check != nil {
		x.check(l, values)
	}
	if err := l.Err(); err != nil {
		return Record{}, err
	}
	r := Record{
		Token:     values["oauth_token"],
		Secret:    values["oauth_token_secret"],
		ExpiresAt: c.expiry(values["oauth_expires_in"]),
		Extra:     values,
	}
	delete(values, "oauth_token")
	delete(values, "oauth_token_secret")
	return r, nil
}

// readValues reads the parameters of a response by its body, whatever its media
// type says: X, for one, declares text/html. They count only if no check of l has
// failed.
func (c *Client) readValues(
	l *verdict.List, resp *httpclient.Response, x exchange,
) map[string]string {
	params, err := parseResponse(string(resp.Body))
	values := valuesOf(params)
	l.Result("response_status", x.clause, c.refusal(resp, values, x))
	l.Check(err == nil, "response_form", "must be a form or a JSON object", x.clause)
	l.Check(len(values) == len(params), "response_parameters",
		"must each be there once", "RFC 5849, Section 3.1")
	l.Check(validUTF8(values), "response_text", "must be UTF-8", "RFC 5849, Section 3.6")
	return values
}

func valuesOf(params []Param) map[string]string {
	values := make(map[string]string, len(params))
	for _, p := range params {
		values[p.Name] = p.Value
	}
	return values
}

// parseResponse reads a form, which RFC 5849 asks for, or a JSON object.
func parseResponse(body string) ([]Param, error) {
	body = strings.TrimSpace(body)
	if strings.HasPrefix(body, "{") {
		return parseJSON(body)
	}
	if strings.HasPrefix(body, "<") || strings.HasPrefix(body, "[") {
		return nil, errors.New("neither a form nor a JSON object")
	}
	return ParseParams(body), nil
}

// parseJSON returns the members of an object: strings as what they mean, other
// values as they stand, null not at all.
func parseJSON(body string) ([]Param, error) {
	object, err := strictjson.Parse(body)
	if err != nil {
		return nil, err
	}
	var params []Param
	for name, value := range object.All() {
		text, isString := value.String()
		switch {
		case isString:
			params = append(params, Param{name, text})
		case !value.IsNull():
			params = append(params, Param{name, string(value.Raw())})
		}
	}
	return params, nil
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

// expiry returns the Unix time that seconds from now are, or zero if they are no
// number, or none that a token's life has.
func (c *Client) expiry(seconds string) int64 {
	n, err := strconv.ParseUint(seconds, 10, 32)
	if err != nil {
		return 0
	}
	return c.config().Now().Add(time.Duration(n) * time.Second).Unix()
}

// refusal returns an *Error unless the response grants what x asks for, and learns
// from it.
func (c *Client) refusal(
	resp *httpclient.Response, values map[string]string, x exchange,
) error {
	_, reported := values["oauth_problem"]
	if resp.Status/100 == 2 && !reported && !isErrorObject(values) {
		return nil
	}
	secrets := append(x.secrets, c.config().Secret, x.with.id, x.with.secret)
	e := newError(resp.Status, resp.Header, string(resp.Body), values, secrets)
	c.learn(e, resp.Header)
	return e
}

// isErrorObject reports whether a response is an error as MediaWiki has it, with
// status 200.
func isErrorObject(values map[string]string) bool {
	return values["error"] != "" && values["oauth_token"] == ""
}
