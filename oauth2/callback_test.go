package oauth2

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"vouchsafe/jose"
)

// A browser's request to the redirect URI.
func browser(method, query, media, body string) *http.Request {
	r := httptest.NewRequest(method, "https://rp.example/cb?"+query, strings.NewReader(body))
	if media != "" {
		r.Header.Set("Content-Type", media)
	}
	return r
}

const formPostClause = "OAuth 2.0 Form Post Response Mode, Section 2"

// RFC 6749, Section 4.1.2, and OAuth 2.0 Form Post Response Mode, Section 2.
func TestReadCallback(t *testing.T) {
	for _, test := range []struct{ name, method, query, media, body, want string }{
		{"query", "GET", "code=c&state=s", "", "", "code=c&state=s"},
		{"escaped", "GET", "code=a%2Bb+c%26d", "", "", "code=a%2Bb+c%26d"},
		{"nothing", "GET", "", "", "", ""},
		{"a GET has no body", "GET", "code=c", formType, "code=d", "code=c"},
		{"of a GET nobody asks the type", "GET", "code=c", "text/html", "", "code=c"},
		{"query twice", "GET", "code=c&code=d", "", "", "code=c&code=d"},
		{"form", "POST", "", formType, "code=c&state=s", "code=c&state=s"},
		{"form with a charset", "POST", "", formType + "; charset=UTF-8", "code=c", "code=c"},
		{"form in capitals", "POST", "", strings.ToUpper(formType), "code=c", "code=c"},
		{"form twice", "POST", "", formType, "code=c&code=d", "code=c&code=d"},
		{"an empty form", "POST", "", formType, "", ""},
		{"query of the redirect URI", "POST", "a=1", formType, "code=c", "a=1&code=c"},
		{"query and form", "POST", "code=c", formType, "code=d&code=e", "code=c&code=d&code=e"},
		{"just not too much", "POST", "", formType, "a=" + strings.Repeat("x", 64<<10-3),
			"a=" + strings.Repeat("x", 64<<10-3)},
	} {
		t.Run(test.name, func(t *testing.T) {
			params, err := ReadCallback(browser(test.method, test.query, test.media, test.body))
			if err != nil || params.Encode() != test.want {
				t.Errorf("got %q, %v, want %q", params.Encode(), err, test.want)
			}
		})
	}
}

func TestReadCallbackRefuses(t *testing.T) {
	full := strings.Repeat("x", 64<<10-2)
	for _, test := range []struct{ name, method, query, media, body, check string }{
		{"HEAD", "HEAD", "code=c", "", "", "response_mode"},
		{"HEAD with a form", "HEAD", "code=c", formType, "", "response_mode"},
		{"PUT", "PUT", "", formType, "code=c", "response_mode"},
		{"get", "get", "code=c", "", "", "response_mode"},
		{"OPTIONS", "OPTIONS", "code=c", "", "", "response_mode"},
		{"JSON", "POST", "", "application/json", `{"code":"c"}`, "response_mode"},
		{"multipart", "POST", "", "multipart/form-data; boundary=b",
			"--b\r\nContent-Disposition: form-data; name=code\r\n\r\nc\r\n--b--", "response_mode"},
		{"text", "POST", "", "text/plain", "code=c", "response_mode"},
		{"no type", "POST", "code=c", "", "code=c", "response_mode"},
		{"an odd type", "POST", "", formType + "; charset", "code=c", "response_mode"},
		{"a longer type", "POST", "", formType + "x", "code=c", "response_mode"},
		{"query that is no form", "GET", "code=%zz", "", "", "parameters"},
		{"query with a semicolon", "GET", "code=c;state=s", "", "", "parameters"},
		{"query of a POST that is no form", "POST", "%", formType, "code=c", "parameters"},
		{"form that is none", "POST", "", formType, "code=%zz", "parameters"},
		{"form with a semicolon", "POST", "", formType, "code=c;state=s", "parameters"},
		{"64 KiB", "POST", "", formType, "a=" + full, "parameters"},
		{"more", "POST", "", formType, "a=" + full + full, "parameters"},
		{"more that begins well", "POST", "", formType, "code=c&state=s&a=" + full, "parameters"},
	} {
		t.Run(test.name, func(t *testing.T) {
			params, err := ReadCallback(browser(test.method, test.query, test.media, test.body))
			clause := formPostClause
			if test.check == "parameters" && strings.ContainsAny(test.query, "%;") {
				clause = "RFC 6749, Section 4.1.2"
			}
			wantCheck(t, err, test.check, clause)
			if params != nil {
				t.Errorf("parameters %q beside an error", params)
			}
		})
	}
}

// Not more of a body is read than a form may have.
func TestReadCallbackReadsNoMore(t *testing.T) {
	r := browser("POST", "", formType, "")
	endless := &counting{Reader: strings.NewReader(strings.Repeat("x", 1<<20))}
	r.Body = io.NopCloser(endless)
	if _, err := ReadCallback(r); outcome(err) != "check parameters" || endless.n != 64<<10 {
		t.Errorf("%d bytes read, %v", endless.n, err)
	}
}

type counting struct {
	io.Reader
	n int
}

func (c *counting) Read(b []byte) (int, error) {
	n, err := c.Reader.Read(b)
	c.n += n
	return n, err
}

// A body that breaks off is no form, however well it begins.
func TestReadCallbackBrokenOff(t *testing.T) {
	r := browser("POST", "", formType, "")
	r.Body = io.NopCloser(io.MultiReader(strings.NewReader("code=c&state=s"),
		iotest.ErrReader(errors.New("reset "+canary))))
	params, err := ReadCallback(r)
	wantCheck(t, err, "parameters", formPostClause)
	mustNotShow(t, "error", err)
	if params != nil {
		t.Errorf("parameters %q", params)
	}
}

// What a middleware has read is taken from where it is, and the query is no form.
func TestReadCallbackAfterParseForm(t *testing.T) {
	for _, test := range []struct{ name, query, body, want string }{
		{"form", "", "code=c&state=s", "code=c&state=s"},
		{"both", "a=1", "code=c", "a=1&code=c"},
		{"twice", "code=c", "code=d", "code=c&code=d"},
		{"the same twice", "code=c", "code=c", "code=c&code=c"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := browser("POST", test.query, formType, test.body)
			if err := r.ParseForm(); err != nil {
				t.Fatal(err)
			}
			for range 2 {
				params, err := ReadCallback(r)
				if err != nil || params.Encode() != test.want {
					t.Errorf("got %q, %v", params.Encode(), err)
				}
				params.Add("code", "x")
			}
		})
	}
	r := browser("GET", "code=c", "", "")
	if err := r.ParseForm(); err != nil {
		t.Fatal(err)
	}
	if params, err := ReadCallback(r); err != nil || params.Encode() != "code=c" {
		t.Errorf("GET: %q, %v", params.Encode(), err)
	}
	r = &http.Request{Method: "POST", URL: &url.URL{RawQuery: "a=1"},
		Header: http.Header{"Content-Type": {formType}}}
	if params, err := ReadCallback(r); err != nil || params.Encode() != "a=1" {
		t.Errorf("without a body: %q, %v", params.Encode(), err)
	}
}

// A parameter that is in query and form is one that comes twice.
func TestCallbackInQueryAndForm(t *testing.T) {
	s := newServer(t, answerJSON(200, goodToken))
	c := newClient(t, configAt(s.URL))
	for _, test := range []struct{ name, query, form, want string }{
		{"form", "", "code=CODE&state=STATE", "ok"},
		{"beside the redirect URI's own", "a=1", "code=CODE&state=STATE", "ok"},
		{"split", "state=STATE", "code=CODE", "ok"},
		{"code", "code=OTHER", "code=CODE&state=STATE", "check parameters"},
		{"state", "state=STATE", "code=CODE&state=STATE", "check parameters"},
		{"iss", "iss=ISS", "code=CODE&state=STATE&iss=ISS", "check parameters"},
		{"refused", "", "error=access_denied&state=STATE", "server access_denied 0"},
		{"refused without state", "", "error=access_denied", "check state"},
	} {
		t.Run(test.name, func(t *testing.T) {
			txn := begin(t, c).Transaction
			fill := strings.NewReplacer("STATE", txn.State(), "ISS", url.QueryEscape(s.URL)).Replace
			for _, parse := range []bool{false, true} {
				r := browser("POST", fill(test.query), formType, fill(test.form))
				if parse {
					if err := r.ParseForm(); err != nil {
						t.Fatal(err)
					}
				}
				params, err := ReadCallback(r)
				if err != nil {
					t.Fatal(err)
				}
				tok, err := c.Callback(t.Context(), params, txn)
				if outcome(err) != test.want || (tok == nil) != (err != nil) {
					t.Errorf("parsed %t: %q, want %q", parse, outcome(err), test.want)
				}
			}
		})
	}
}

// RFC 9207, Section 2.4, in every combination: with an issuer configured and iss
// promised, configured and not, neither. Promised and not configured there is no client.
func TestEveryIssuer(t *testing.T) {
	const right, wrong = "https://as.example", "https://evil.example"
	for _, test := range []struct {
		name string
		iss  []string
		want [3]string
	}{
		{"absent", nil, [3]string{"check iss", "ok", "ok"}},
		{"right", []string{right}, [3]string{"ok", "ok", "check iss"}},
		{"wrong", []string{wrong}, [3]string{"check iss", "check iss", "check iss"}},
		{"empty", []string{""}, [3]string{"check iss", "check iss", "check iss"}},
		{"right twice", []string{right, right}, [3]string{"check parameters",
			"check parameters", "check parameters"}},
		{"right and wrong", []string{right, wrong}, [3]string{"check parameters",
			"check parameters", "check parameters"}},
		{"wrong and right", []string{wrong, right}, [3]string{"check parameters",
			"check parameters", "check parameters"}},
	} {
		for i, want := range test.want {
			config := configAt(right)
			config.Server.AuthorizationResponseIssParameterSupported = i == 0
			if i >= 2 {
				config.Server.Issuer = ""
			}
			c := newClient(t, config)
			for _, with := range []string{"code", "error"} {
				txn := begin(t, c).Transaction
				params := url.Values{with: {"x"}, "state": {txn.State()}}
				if test.iss != nil {
					params["iss"] = test.iss
				}
				if want == "ok" && with == "error" {
					want = "server x 0"
				}
				_, err := c.AuthorizationResponse(t.Context(), params, txn)
				if outcome(err) != want {
					t.Errorf("%s, %d, %s: %q, want %q", test.name, i, with, outcome(err), want)
				}
			}
		}
	}
}

// What a browser says is believed in one order: repetition, state, iss, error, code.
// Of a callback in which several are wrong the first is the error.
func TestOrderOfChecks(t *testing.T) {
	wrongs := []struct {
		want   string
		params url.Values
	}{
		{"check parameters", url.Values{"x": {"1", "2"}}},
		{"check state", url.Values{"state": {"another"}}},
		{"check iss", url.Values{"iss": {"https://evil.example"}}},
		{"server access_denied 0", url.Values{"error": {"access_denied"}}},
		{"check code", url.Values{"code": {""}}},
	}
	c := newClient(t, configAt("https://as.example"))
	for set := range 1 << len(wrongs) {
		txn := begin(t, c).Transaction
		params, want := answered(txn), "ok"
		for i, wrong := range slices.Backward(wrongs) {
			if set>>i&1 == 1 {
				want = wrong.want
				for name, values := range wrong.params {
					params[name] = values
				}
			}
		}
		if _, err := c.AuthorizationResponse(t.Context(), params, txn); outcome(err) != want {
			t.Errorf("%q: outcome %q, want %q", params, outcome(err), want)
		}
	}
}

// FuzzCallback reads what comes to a redirect URI: it is refused by a check, or by the
// server if the state is right, or it has the state of its transaction, a code, no
// issuer but the server's, and no parameter twice. No error has a word of it.
func FuzzCallback(f *testing.F) {
	state := strings.Repeat("s", 43)
	right := "code=c&state=" + state
	for _, query := range []string{
		right,
		right + "&iss=https%3A%2F%2Fas.example",
		right + "&iss=https%3A%2F%2Fas.example%2F",
		"error=access_denied&error_description=no&error_uri=u&state=" + state,
		right + "&code=d",
		"state=" + state + "&state=",
		"code=c&state=%73" + state[1:],
		"code=c;state=" + state,
		"&&=&a=%ff&error=%00",
	} {
		f.Add("GET", "", query, "")
		f.Add("POST", formType, "", query)
		f.Add("POST", formType+"; charset=utf-8", query, query)
	}
	f.Add("POST", "application/json", right, `{"code":"c"}`)
	f.Add("HEAD", "", right, "")
	f.Add("POST", formType, "state="+state, "code="+strings.Repeat("c", maxCallback))
	config := configAt("https://as.example")
	c, err := New(config)
	if err != nil {
		f.Fatal(err)
	}
	txn := &Transaction{(&transactionData{Digest: c.digest, State: state}).hidden()}
	f.Fuzz(func(t *testing.T, method, media, query, body string) {
		params, err := ReadCallback(&http.Request{Method: method, URL: &url.URL{RawQuery: query},
			Header: http.Header{"Content-Type": {media}},
			Body:   io.NopCloser(strings.NewReader(body))})
		if err != nil {
			wantPlainError(t, err)
			return
		}
		if method == "GET" && params.Encode() != sorted(query) {
			t.Errorf("read %q as %q", query, params)
		}
		resp, err := c.AuthorizationResponse(t.Context(), params, txn)
		if err != nil {
			wantPlainError(t, err)
			if _, refused := errors.AsType[*Error](err); refused && params.Get("state") != state ||
				resp != nil {
				t.Errorf("%v and %v for %q", resp, err, params)
			}
			return
		}
		one := func(name, value string) bool { return slices.Equal(params[name], []string{value}) }
		if !one("state", state) || !one("code", resp.reveal().code) || params.Get("code") == "" ||
			params.Get("error") != "" || params.Has("iss") && !one("iss", config.Server.Issuer) {
			t.Errorf("accepted %q", params)
		}
	})
}

// sorted returns a query in the order of Encode.
func sorted(query string) string {
	values, _ := url.ParseQuery(query)
	return values.Encode()
}

// wantPlainError fails unless err is of a check or a server, in one line that prints.
func wantPlainError(t *testing.T, err error) {
	t.Helper()
	_, check := errors.AsType[*jose.CheckError](err)
	_, refused := errors.AsType[*Error](err)
	odd := func(r rune) bool { return r < ' ' || r > '~' }
	if check == refused || strings.ContainsFunc(fmt.Sprint(err), odd) {
		t.Errorf("error is %q", err)
	}
}
