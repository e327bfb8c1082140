package oauth2

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"vouchsafe/jose"
)

const canary = "CANARY7d8f3e4a"

// mustNotShow fails if any way of printing or logging v shows the canary.
func mustNotShow(t *testing.T, name string, v any) {
	t.Helper()
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "% x", "%#x", "%d",
		"%t", "%c", "%10v", "%-5s"} {
		noCanary(t, name+" as "+verb, fmt.Sprintf(verb, v))
	}
	text, err := json.Marshal(v)
	noCanary(t, name+" as JSON", fmt.Sprint(string(text), err))
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "v", v, slog.Group("g", "v", v))
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "v", v, slog.Group("g", "v", v))
	noCanary(t, name+" logged", log.String())
}

// canaries are the canary as it may come out: as it is, in hexadecimal, in base64, alone
// and in the credentials of client_secret_basic, and as a list of octets.
func canaries() []string {
	octets := fmt.Sprint([]byte(canary))
	forms := []string{canary, hex.EncodeToString([]byte(canary)), strings.Trim(octets, "[]"),
		fmt.Sprintf("% x", canary), strings.ReplaceAll(strings.Trim(octets, "[]"), " ", ", ")}
	for _, before := range []string{"", "client:", `{"`, `"`} {
		text := base64.RawStdEncoding.EncodeToString([]byte(before + canary))
		start := (len(before)*4 + 2) / 3 // what the letters before do not change
		forms = append(forms, text[start:len(text)-1])
	}
	return forms
}

func noCanary(t *testing.T, name, text string) {
	t.Helper()
	if sings(text) {
		t.Errorf("%s shows a secret: %s", name, text)
	}
}

func sings(text string) bool {
	return slices.ContainsFunc(canaries(), func(form string) bool {
		return strings.Contains(strings.ToUpper(text), strings.ToUpper(form))
	})
}

// What would show is seen.
func TestTheCanarySings(t *testing.T) {
	type open struct{ Secret string }
	secret := open{"x" + canary}
	for _, text := range []string{canary, "x" + strings.ToLower(canary), fmt.Sprint(secret),
		fmt.Sprintf("%+v", &secret), fmt.Sprintf("%#v", []open{secret}), fmt.Sprintf("%x", secret),
		fmt.Sprintf("% x", canary), fmt.Sprintf("%X", canary), fmt.Sprint([]byte(canary)),
		fmt.Sprintf("%#v", []byte(canary)),
		base64.StdEncoding.EncodeToString([]byte("client:" + canary)),
		base64.StdEncoding.EncodeToString([]byte(canary)), url.QueryEscape(canary)} {
		if !sings(text) && !strings.Contains(text, "0x43, 0x41") {
			t.Errorf("%s goes unseen", text)
		}
	}
	for _, text := range []string{"", "CANARY", "oauth2.Record{...}", "[67 65]"} {
		if sings(text) {
			t.Errorf("%s is seen", text)
		}
	}
}

// wrapped returns v in all that it may be printed within.
func wrapped(v any) map[string]any {
	pointer := reflect.New(reflect.TypeOf(v))
	pointer.Elem().Set(reflect.ValueOf(v))
	p := pointer.Interface()
	list := reflect.MakeSlice(reflect.SliceOf(reflect.TypeOf(v)), 0, 1)
	return map[string]any{
		"bare":              v,
		"pointer":           p,
		"pointer twice":     &p,
		"struct":            struct{ V any }{v},
		"unexported":        struct{ v any }{v},
		"pointer to struct": &struct{ V, v any }{p, v},
		"map":               map[string]any{"a": v, "b": p},
		"list":              []any{v, p},
		"typed list":        reflect.Append(list, reflect.ValueOf(v)).Interface(),
		"lists":             [][]any{{v}, {p}},
	}
}

// canaryConfig is a configuration all of whose secrets are canaries.
func canaryConfig(auth ClientAuthentication) Config {
	config := configAt("https://as.example")
	config.Auth, config.RevocationAuth = auth, ClientSecretPost(canary)
	secret := canary
	hook := func(_ context.Context, r *http.Request) error {
		r.Header.Set("X-Api-Key", secret)
		return nil
	}
	config.Hooks.AccessTokenRequest = []RequestHook{hook}
	config.Hooks.ProtectedRequest = []RequestHook{hook}
	return config
}

// canaryRegistration is one whose credentials are canaries, managed at base.
func canaryRegistration(t *testing.T, base string) *Registration {
	t.Helper()
	r, err := RegistrationFromRecord(RegistrationRecord{ClientID: "client", ClientSecret: canary,
		AccessToken: canary, ConfigurationEndpoint: base + "/register/client",
		Metadata: json.RawMessage(
			`{"redirect_uris":["` + redirectURI + `"],"x":"` + canary + `"}`)})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func canaryToken(t *testing.T) *Token {
	t.Helper()
	tok, err := FromRecord(Record{AccessToken: canary, RefreshToken: canary, IDToken: canary,
		Extra: map[string]json.RawMessage{"x": json.RawMessage(`"` + canary + `"`)}})
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// A canarySigner is a private key that shows when it is printed.
type canarySigner struct {
	crypto.Signer
	Secret string
}

func canaryKey(t *testing.T) *jose.Key {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	key, err := jose.NewKey(canarySigner{private, canary}, jose.KeyOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// canaryAuthentications are all there are.
func canaryAuthentications(t *testing.T) map[string]ClientAuthentication {
	t.Helper()
	return map[string]ClientAuthentication{
		"client_secret_basic": ClientSecretBasic(canary),
		"raw":                 ClientSecretBasicRaw(canary),
		"client_secret_post":  ClientSecretPost(canary),
		"ClientSecret":        ClientSecret(canary),
		"client_secret_jwt":   ClientSecretJWT(strings.Repeat(canary, 3), AssertionOptions{}),
		"private_key_jwt":     PrivateKeyJWT(canaryKey(t), AssertionOptions{}),
	}
}

func TestNoTypeShowsItsSecrets(t *testing.T) {
	values := map[string]any{}
	for name, auth := range canaryAuthentications(t) {
		config := canaryConfig(auth)
		values[name], values["Config of "+name] = auth, config
		values["Client of "+name] = *newClient(t, config)
		values["Credentials of "+name] = Credentials{Custom: auth}
	}
	c := newClient(t, canaryConfig(ClientSecret(canary)))
	txn := &Transaction{(&transactionData{
		Digest: c.digest, State: "state", Verifier: canary, RedirectURI: redirectURI,
		Params: url.Values{"x": {canary}},
	}).hidden()}
	resp, err := c.AuthorizationResponse(t.Context(),
		url.Values{"code": {canary}, "state": {"state"}}, txn)
	if err != nil {
		t.Fatal(err)
	}
	tok := canaryToken(t)
	transport, err := c.Transport(tok, "https://api.example")
	if err != nil {
		t.Fatal(err)
	}
	refusal := &Error{Code: "x", Status: 400, words: words{canary, canary, canary,
		[]Challenge{of("Bearer", "error_description", canary)}}.hidden()}
	for name, v := range map[string]any{
		"Transaction":           *txn,
		"AuthorizationRequest":  AuthorizationRequest{"https://as.example", txn},
		"AuthorizationResponse": *resp,
		"Token":                 *tok,
		"RoundTripper":          transport,
		"Error":                 *refusal,
		"Credentials with key":  Credentials{Key: canaryKey(t)},
		"Assertion":             Assertion{Key: canaryKey(t)},
		"Key":                   canaryKey(t),
		"DeviceAuthorization":   DeviceAuthorization{UserCode: "U", device: hide(canary)},
		"Introspection":         Introspection{Active: true, text: hide(canary)},
		"Hooks":                 canaryConfig(nil).Hooks,
		"Registration":          *canaryRegistration(t, "https://as.example"),
		"RegistrationError": RegistrationError{errFailing, func() *Registration {
			return canaryRegistration(t, "https://as.example")
		}},
		"struct of all": struct {
			T *Token
			X Transaction
			R AuthorizationResponse
			E Error
			S ClientAuthentication
			c *Client
		}{tok, *txn, *resp, *refusal, ClientSecret(canary), c},
	} {
		values[name] = v
	}
	for name, v := range values {
		for how, w := range wrapped(v) {
			mustNotShow(t, name+", "+how, w)
		}
	}
}

// Structs of a caller's own secrets, which fmt asks for what to print, unless they are in
// unexported fields of others: there it asks nobody.
func TestNoOptionShowsItsSecrets(t *testing.T) {
	for name, v := range map[string]any{
		"Credentials":   Credentials{Secret: canary},
		"TokenExchange": TokenExchange{SubjectToken: canary, ActorToken: canary},

		"RegistrationOptions": RegistrationOptions{InitialAccessToken: canary},
	} {
		for how, w := range wrapped(v) {
			if how != "unexported" && how != "pointer to struct" {
				mustNotShow(t, name+", "+how, w)
			}
		}
		if got, want := fmt.Sprint(v), "oauth2."+name+"{...}"; got != want {
			t.Errorf("%s is printed as %s", name, got)
		}
		if v, ok := v.(slog.LogValuer); !ok || v.LogValue().String() != "oauth2."+name+"{...}" {
			t.Errorf("%s is logged otherwise", name)
		}
	}
}

// A Record is for JSON; fmt and logs do not show it.
func TestRecordIsNotLogged(t *testing.T) {
	r := Record{AccessToken: canary, RefreshToken: canary, IDToken: canary, Scope: canary,
		Extra: map[string]json.RawMessage{"x": json.RawMessage(canary)}}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%q"} {
		noCanary(t, verb, fmt.Sprintf(verb, r)+fmt.Sprintf(verb, &r)+fmt.Sprintf(verb, []Record{r}))
	}
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "v", r)
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "v", r)
	noCanary(t, "logged", log.String())
	if !strings.Contains(log.String(), "oauth2.Record{...}") {
		t.Errorf("logged as %s", log.String())
	}
	registration := canaryRegistration(t, "https://as.example").Record()
	noCanary(t, "registration", fmt.Sprintf("%v %+v %#v %s %x", registration, &registration,
		registration, registration, []RegistrationRecord{registration}))
	log.Reset()
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "v", registration)
	noCanary(t, "registration, logged", log.String())
	if b, err := json.Marshal(Record{AccessToken: canary}); err != nil ||
		!strings.Contains(string(b), canary) {
		t.Errorf("JSON is %s, %v", b, err)
	}
}

// An echo is a server that says what it was asked, in one way or another.
func echoes() map[string]func(w http.ResponseWriter, said string) {
	body := func(status int, format string) func(http.ResponseWriter, string) {
		return func(w http.ResponseWriter, said string) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
			fmt.Fprintf(w, strings.ReplaceAll(format, "%", "%[1]s"), said)
		}
	}
	header := func(name, format string, status int) func(http.ResponseWriter, string) {
		return func(w http.ResponseWriter, said string) {
			w.Header().Set(name, fmt.Sprintf(format, said))
			w.WriteHeader(status)
		}
	}
	return map[string]func(http.ResponseWriter, string){
		"as the error":         body(400, `{"error":"%"}`),
		"in the error":         body(401, `{"error":"x:%"}`),
		"in an error of two":   body(400, `{"error":"% %"}`),
		"as the error in 200":  body(200, `{"error":"%"}`),
		"as an odd error":      body(400, `{"error":{"%":"%"}}`),
		"as the description":   body(400, `{"error":"e","error_description":"%","error_uri":"%"}`),
		"in the description":   body(503, `{"error_description":"not %","error_uri":"%"}`),
		"as a name":            body(400, `{"error":"e","%":"%"}`),
		"cut short":            body(200, `{"access_token":"%"`),
		"cut short, refused":   body(500, `{"error":"%`),
		"twice":                body(200, `{"%":1,"%":2}`),
		"as text":              body(200, `%`),
		"as a list":            body(200, `["%"]`),
		"as another type":      body(200, `{"access_token":"%","token_type":"%","active":"%"}`),
		"as an object":         body(200, `{"access_token":{"%":1},"active":{"%":1}}`),
		"as two lines":         body(200, `{"access_token":"%\n","active":0,"device_code":"%\n"}`),
		"as members":           body(200, `{"access_token":"a","scope":{"%":1},"active":true}`),
		"as a URL":             body(200, `{"device_code":"d","verification_uri":"%"}`),
		"in a page":            header("Content-Type", "text/html; x=%s", 200),
		"as the media type":    header("Content-Type", "%s", 200),
		"as the media type, 2": header("Content-Type", "%s; %[1]s", 403),
		"as Location":          header("Location", "https://%s.example/%[1]s", 302),
		"as Location, 307":     header("Location", "/%s?%[1]s", 307),
		"as Location, odd":     header("Location", "%%zz%s", 308),
		"as Retry-After":       header("Retry-After", "%s", 429),
		"as a challenge":       header("WWW-Authenticate", `Bearer error_description="%s"`, 401),
		"as a malformed one":   header("WWW-Authenticate", `Bearer error="%s`, 401),
		"as an encoding":       header("Content-Encoding", "%s", 200),
		"as a length":          header("Content-Range", "%s", 206),
		"in an unheard-of one": header("X-Echo", "%s", 599),
		"and the line is lost": func(http.ResponseWriter, string) { panic(http.ErrAbortHandler) },
		"and it is not HTTP": func(w http.ResponseWriter, said string) {
			conn, _, err := w.(http.Hijacker).Hijack()
			if err == nil {
				fmt.Fprintf(conn, "%s %s\r\n%s\r\n\r\n", said, said, said)
				conn.Close()
			}
		},
		"and a field is malformed": func(w http.ResponseWriter, said string) {
			conn, _, err := w.(http.Hijacker).Hijack()
			if err == nil {
				fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\n%s\r\nContent-Length: %s\r\n\r\n", said, said)
				conn.Close()
			}
		},
	}
}

// asks are the requests there are, each with nothing but canaries for secrets.
func asks(t *testing.T) map[string]func(*Client) error {
	t.Helper()
	tok := canaryToken(t)
	ctx := t.Context()
	one := func(_ any, err error) error { return err }
	return map[string]func(*Client) error{
		"Callback": func(c *Client) error {
			txn := begin(t, c).Transaction
			txn.data().Verifier = canary + strings.Repeat("v", 43)
			return one(c.Callback(ctx, url.Values{"code": {canary}, "state": {txn.State()}}, txn))
		},
		"ClientCredentials": func(c *Client) error {
			return one(c.ClientCredentials(ctx, TokenOptions{}))
		},
		"InsecurePassword": func(c *Client) error {
			return one(c.InsecurePassword(ctx, "user", canary, TokenOptions{}))
		},
		"JWTBearer": func(c *Client) error { return one(c.JWTBearer(ctx, canary, TokenOptions{})) },
		"SAMLBearer": func(c *Client) error {
			return one(c.SAMLBearer(ctx, []byte(canary), TokenOptions{}))
		},
		"ExtensionGrant": func(c *Client) error {
			return one(c.ExtensionGrant(ctx, "urn:x", TokenOptions{
				Params: url.Values{"x_token": {canary}}}))
		},
		"Refresh": func(c *Client) error { return one(c.Refresh(ctx, tok, TokenOptions{})) },
		"TokenExchange": func(c *Client) error {
			x := TokenExchange{SubjectToken: canary, SubjectTokenType: "x", ActorToken: canary,
				ActorTokenType: "x"}
			return one(c.TokenExchange(ctx, x, TokenOptions{}))
		},
		"DeviceAuthorization": func(c *Client) error {
			return one(c.DeviceAuthorization(ctx, TokenOptions{}))
		},
		"DeviceToken": func(c *Client) error { // asks so, when it has waited
			return one(c.pollDevice(ctx, &DeviceAuthorization{device: hide(canary)}))
		},
		"Introspect":      func(c *Client) error { return one(c.Introspect(ctx, canary, "")) },
		"Revoke":          func(c *Client) error { return c.Revoke(ctx, tok, HintRefreshToken) },
		"Revoke, another": func(c *Client) error { return c.Revoke(ctx, tok, HintAccessToken) },
	}
}

// endpointsAt has all endpoints at base, and says that the client is to use GET or not.
func endpointsAt(base string, auth ClientAuthentication, get bool) Config {
	config := configAt(base)
	config.Auth, config.Quirks.InsecureTokenGET = auth, get
	config.Server.RevocationEndpoint = base + "/revoke"
	config.Server.IntrospectionEndpoint = base + "/introspect"
	config.Server.DeviceAuthorizationEndpoint = base + "/device"
	return config
}

// No error repeats what was sent, whatever the server says, and nor do the server's words
// in it.
func TestNoErrorShowsSecrets(t *testing.T) {
	auths := []ClientAuthentication{ClientSecretPost(canary), ClientSecretBasic(canary),
		ClientSecretBasicRaw(canary)}
	for how, echo := range echoes() {
		base := echoServer(t, echo)
		for _, get := range []bool{false, true} {
			for _, auth := range auths {
				c := newClient(t, endpointsAt(base, auth, get))
				for what, ask := range asks(t) {
					mustNotTell(t, what+" "+how, ask(c))
				}
			}
		}
	}
}

// No error of registration repeats a token or the secret.
func TestNoRegistrationErrorShowsSecrets(t *testing.T) {
	for how, echo := range echoes() {
		base := echoServer(t, echo)
		server := AuthorizationServer{Issuer: base, RegistrationEndpoint: base + "/register"}
		r := canaryRegistration(t, base)
		_, err := Register(t.Context(), server, plainMetadata(),
			RegistrationOptions{InitialAccessToken: canary})
		_, errRead := r.Read(t.Context(), RegistrationOptions{})
		_, errUpdate := r.Update(t.Context(), r.Metadata(), RegistrationOptions{})
		for what, err := range map[string]error{"Register": err, "Read": errRead,
			"Update": errUpdate, "Delete": r.Delete(t.Context(), RegistrationOptions{})} {
			if err == nil {
				t.Errorf("%s %s: no error", what, how)
			}
			mustNotTell(t, what+" "+how, err)
		}
	}
	for _, body := range []string{
		`{"client_id":"c","client_secret":"` + canary + `"}`,
		`{"client_id":"c","registration_access_token":"` + canary + `"}`,
		`{"client_id":"c","registration_access_token":"` + canary + `",
			"registration_client_uri":"https://evil.example/` + canary + `"}`,
		`{"client_id":"c","client_secret":"` + canary + `","client_secret_expires_at":0,
			"registration_access_token":"` + canary + `","registration_client_uri":"HERE/c"}`,
	} {
		_, err := registerAt(t, 201, body, plainMetadata())
		if err == nil {
			t.Errorf("%s: accepted", body)
		}
		mustNotTell(t, body, err)
	}
	for _, metadata := range []string{canary, `{"scope":{"` + canary + `":1}}`} {
		_, err := RegistrationFromRecord(RegistrationRecord{
			ClientID: "c", Metadata: json.RawMessage(metadata)})
		mustNotShow(t, "record", err)
	}
}

// echoServer returns the URL of a server that answers so, and hears secrets in each request.
func echoServer(t *testing.T, echo func(http.ResponseWriter, string)) string {
	t.Helper()
	s := httptest.NewUnstartedServer(http.HandlerFunc(
		func(w http.ResponseWriter, r *http.Request) {
			r.ParseForm()
			if !sings(fmt.Sprint(r.URL, r.Form, r.Header)) {
				t.Errorf("sent nothing that sings: %v", r.Form)
			}
			echo(w, canary)
		}))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.Start()
	t.Cleanup(s.Close)
	return s.URL
}

// mustNotTell fails if an error shows the canary, or has it in the words of its server.
func mustNotTell(t *testing.T, name string, err error) {
	t.Helper()
	mustNotShow(t, name, err)
	if e, ok := errors.AsType[*Error](err); ok {
		noCanary(t, name+", its words", e.Description()+e.URI()+e.Excerpt())
	}
}

// An error of the transport's may have the URL, which may have all there is.
func TestNoTransportErrorShowsSecrets(t *testing.T) {
	for name, fail := range map[string]func(*http.Request) error{
		"url.Error": func(r *http.Request) error {
			return &url.Error{Op: "Get", URL: r.URL.String(), Err: io.EOF}
		},
		"quoted": func(r *http.Request) error { return fmt.Errorf("dial %q: no", r.URL) },
		"nested": func(r *http.Request) error {
			return &url.Error{Op: "Get", URL: r.URL.String(), Err: &url.Error{URL: r.URL.String(),
				Err: io.EOF}}
		},
	} {
		for _, get := range []bool{false, true} {
			config := endpointsAt("https://as.example", ClientSecretPost(canary), get)
			config.HTTP = &http.Client{Transport: tripper(
				func(r *http.Request) (*http.Response, error) { return nil, fail(r) })}
			c := newClient(t, config)
			for what, ask := range asks(t) {
				err := ask(c)
				if err == nil {
					t.Errorf("%s, %s: no error", what, name)
				}
				noCanary(t, what+", "+name, fmt.Sprint(err))
				noCanary(t, what+", "+name, fmt.Sprintf("%v %s %q", err, err, err))
			}
		}
	}
}

// What a hook or a client authentication fails with is its own, and comes along; the
// request does not.
func TestNoHookErrorShowsSecrets(t *testing.T) {
	config := endpointsAt("https://as.example", ClientSecretPost(canary), true)
	fail := []RequestHook{func(context.Context, *http.Request) error { return errFailing }}
	config.Hooks = Hooks{AccessTokenRequest: fail, RefreshTokenRequest: fail,
		DeviceAuthorizationRequest: fail, RevokeTokenRequest: fail, IntrospectTokenRequest: fail,
		ProtectedRequest: fail}
	c := newClient(t, config)
	for what, ask := range asks(t) {
		err := ask(c)
		if !errors.Is(err, errFailing) {
			t.Errorf("%s: %v", what, err)
		}
		mustNotShow(t, what, err)
	}
}

// What a browser brings is a stranger's, and may be a secret of the login.
func TestNoCallbackErrorShowsSecrets(t *testing.T) {
	c := newClient(t, configAt("https://as.example"))
	txn := begin(t, c).Transaction
	state := []string{txn.State()}
	for name, params := range map[string]url.Values{
		"state":    {"state": {canary}, "code": {canary}},
		"iss":      {"state": state, "iss": {canary}, "code": {canary}},
		"repeated": {canary: {canary, canary}},
		"error": {"state": state, "error": {"x"}, "error_description": {canary},
			"error_uri": {canary}},
		"odd error":  {"state": state, "error": {canary + " " + canary}},
		"long error": {"state": state, "error": {strings.Repeat(canary, 9)}},
		"no code":    {"state": state, canary: {canary}},
	} {
		_, err := c.Callback(t.Context(), params, txn)
		if err == nil {
			t.Errorf("%s: accepted", name)
		}
		mustNotShow(t, name, err)
	}
	for name, r := range map[string]*http.Request{
		"query": httptest.NewRequest("GET", "/?code="+canary+"&%25", nil),
		"form":  httptest.NewRequest("POST", "/?code="+canary, strings.NewReader(canary+"=%zz")),
		"media": httptest.NewRequest("POST", "/?code="+canary, strings.NewReader(canary)),
	} {
		r.Header.Set("Content-Type", formType)
		switch name {
		case "query":
			r.URL.RawQuery = "code=" + canary + "&%zz=" + canary
		case "media":
			r.Header.Set("Content-Type", canary)
		}
		_, err := ReadCallback(r)
		if err == nil {
			t.Errorf("%s: accepted", name)
		}
		mustNotShow(t, name, err)
	}
	for _, b := range []string{canary, `{"s":"` + canary + `","v":"` + canary + `"}`,
		`{"` + canary + `"`} {
		err := new(Transaction).UnmarshalBinary([]byte(b))
		if err == nil {
			t.Errorf("%s: accepted", b)
		}
		mustNotShow(t, "transaction", err)
	}
	_, err := FromRecord(Record{AccessToken: canary + "\n", TokenType: canary})
	mustNotShow(t, "record", err)
	_, err = FromRecord(Record{AccessToken: canary, TokenType: canary})
	mustNotShow(t, "record of another type", err)
}

// A resource's refusals, and what is not sent to it, in every placement.
func TestNoResourceErrorShowsSecrets(t *testing.T) {
	s := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("WWW-Authenticate", `Bearer error="`+canary+` x", realm="`+canary+`"`)
		w.Header().Set("Location", "http://evil.example/"+canary)
		w.WriteHeader(302 + 99*(len(r.URL.Path)%2)) // 302 or 401
	})
	for _, p := range []Placement{PlacementHeader, PlacementBody, InsecurePlacementQuery} {
		config := configAt("https://as.example")
		config.TokenPlacement = p
		transport, err := newClient(t, config).Transport(canaryToken(t), s.URL)
		if err != nil {
			t.Fatal(err)
		}
		client := &http.Client{Transport: transport}
		for _, path := range []string{"/", "/a"} {
			resp, err := client.Post(s.URL+path, formType, strings.NewReader("a=b"))
			if err == nil {
				resp.Body.Close()
				err = ResponseError(resp)
			}
			if err == nil {
				t.Errorf("%s: accepted", path)
			}
			if e, ok := errors.AsType[*url.Error](err); ok {
				err = e.Err // its URL is the caller's, or the server's
			}
			noCanary(t, string(p), strings.ReplaceAll(fmt.Sprint(err), "evil.example/"+canary, ""))
		}
		for name, r := range map[string]*http.Request{
			"origin": httptest.NewRequest("GET", "https://evil.example/"+canary, nil),
			"header": httptest.NewRequest("GET", s.URL+"/?a="+canary, nil),
			"body":   httptest.NewRequest("POST", s.URL, strings.NewReader("access_token="+canary)),
		} {
			r.Header.Set("Content-Type", formType)
			if name == "header" {
				r.Header.Set("Authorization", canary)
			}
			_, err := transport.RoundTrip(r)
			if name == "body" && p != PlacementBody {
				continue
			}
			if err == nil {
				t.Errorf("%s, %s: accepted", name, p)
			}
			mustNotShow(t, name, err)
		}
	}
}

// What is fetched may be at a URL with a secret in it, and is a stranger's words.
func TestNoFetchErrorShowsSecrets(t *testing.T) {
	for how, echo := range echoes() {
		t.Run(how, func(t *testing.T) {
			t.Parallel() // some are asked again, after a while
			base := echoServer(t, echo)
			s, err := NewRemoteKeySet(base+"/"+canary+"?access_token="+canary, nil, nil)
			if err != nil {
				t.Fatal(err)
			}
			_, err = s.Set(t.Context())
			if err == nil {
				t.Error("a key set")
			}
			mustNotShow(t, "the error", err)
			mustNotShow(t, "the key set", s)
			_, err = Discover(t.Context(), nil, base+"/"+canary)
			if err == nil {
				t.Error("metadata")
			}
			mustNotShow(t, "the error of discovery", err)
		})
	}
}

// What a client cannot be made of, or cannot ask for, is not repeated.
func TestNoOptionErrorShowsSecrets(t *testing.T) {
	c := newClient(t, endpointsAt("https://as.example", ClientSecretPost(canary), false))
	params := url.Values{"client_secret": {canary}}
	for name, o := range map[string]TokenOptions{
		"params":    {Params: params},
		"resources": {Resources: []string{canary + "#"}},
	} {
		_, err := c.ClientCredentials(t.Context(), o)
		if err == nil {
			t.Errorf("%s: accepted", name)
		}
		mustNotShow(t, name, err)
	}
	for name, o := range map[string]AuthorizationOptions{
		"params":        {RedirectURI: redirectURI, Params: url.Values{"state": {canary}}},
		"token params":  {RedirectURI: redirectURI, TokenParams: url.Values{"code": {canary}}},
		"response mode": {RedirectURI: redirectURI, ResponseMode: canary},
	} {
		_, err := c.Authorize(t.Context(), o)
		if err == nil {
			t.Errorf("%s: accepted", name)
		}
		mustNotShow(t, name, err)
	}
	_, err := AuthenticationFor(canary, Credentials{Secret: canary})
	mustNotShow(t, "method", err)
	for name, a := range map[string]Assertion{
		"lifetime":  {Key: canaryKey(t), Lifetime: 2 * time.Hour},
		"algorithm": {Key: canaryKey(t), Algorithm: canary},
		"claims":    {Key: canaryKey(t), Claims: map[string]any{canary: func() {}}},
		"a claim":   {Key: canaryKey(t), Claims: map[string]any{"iss": canary}},
	} {
		_, err := c.SignAssertion(a)
		if err == nil {
			t.Errorf("%s: accepted", name)
		}
		mustNotShow(t, name, err)
	}
	config := configAt("https://as.example")
	config.Auth = ClientSecretJWT(canary, AssertionOptions{})
	_, err = New(config)
	mustNotShow(t, "short secret", err)
	config.Auth, config.TokenPlacement = ClientSecretPost(canary), Placement(canary)
	_, err = New(config)
	mustNotShow(t, "placement", err)
}

// A secret that a URL has is not repeated by the error that refuses the URL.
func TestNoConfigErrorShowsSecrets(t *testing.T) {
	for _, raw := range []string{
		"https://u:" + canary + "@as.example/", "http://as.example/?k=" + canary, "https://[" +
			canary, canary,
	} {
		config := configAt("https://as.example")
		config.Server.TokenEndpoint = raw
		_, err := New(config)
		mustNotShow(t, "token endpoint", err)
		config = configAt("https://as.example")
		config.Server.AuthorizationEndpoint = raw
		_, err = New(config)
		mustNotShow(t, "authorization endpoint", err)
		_, err = NewRemoteKeySet(raw, nil, nil)
		mustNotShow(t, "key set", err)
		_, err = newClient(t, configAt("https://as.example")).Transport(held(t), raw)
		mustNotShow(t, "transport", err)
		_, err = newClient(t, configAt("https://as.example")).Authorize(t.Context(),
			AuthorizationOptions{RedirectURI: raw + "#"})
		mustNotShow(t, "redirect URI", err)
	}
}
