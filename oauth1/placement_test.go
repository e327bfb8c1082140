package oauth1

import (
	"errors"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"vouchsafe/httpclient"
)

// A request in each placement: where the parameters are, and what stays.
var placementTests = []struct {
	name              string
	placement         Placement
	method            string
	contentType, body string
	want              Placement
	form              bool // the parameters of the body are signed
}{
	{"form in header placement", PlacementHeader, "POST", formType, "a=1", PlacementHeader, true},
	{"form in query placement", PlacementQuery, "POST", formType, "a=1", PlacementQuery, true},
	{"form in body placement", PlacementBody, "POST", formType, "a=1&b=+;%zz", PlacementBody, true},
	{"PUT of a form", PlacementBody, "PUT", formType, "a=1", PlacementBody, true},
	{"GET of a form", PlacementBody, "GET", formType, "a=1", PlacementBody, true},
	{"DELETE of a form", PlacementHeader, "DELETE", formType, "a=1", PlacementHeader, true},
	{"form with charset", PlacementHeader, "POST", "Application/X-WWW-form-urlencoded ; charset=x",
		"a=1", PlacementHeader, true},
	{"form with charset in body placement", PlacementBody, "POST", formType + ";charset=x",
		"a=1", PlacementBody, true},
	{"POST without a body", PlacementBody, "POST", "", "", PlacementBody, true},
	{"POST of nothing called JSON", PlacementBody, "POST", "application/json", "", PlacementBody,
		true},
	{"GET without a body", PlacementBody, "GET", "", "", PlacementHeader, false},
	{"PUT without a body", PlacementBody, "PUT", "", "", PlacementHeader, false},
	{"JSON", PlacementBody, "POST", "application/json", "{}", PlacementHeader, false},
	{"JSON in query placement", PlacementQuery, "POST", "application/json", "a=1", PlacementQuery,
		false},
	{"multipart", PlacementHeader, "POST", "multipart/form-data; boundary=x", "a=1",
		PlacementHeader, false},
}

func TestPlacement(t *testing.T) {
	for _, tt := range placementTests {
		t.Run(tt.name, func(t *testing.T) {
			const query = "x=1;y&z=%zz&[]='&x=2"
			c := signerConfig()
			c.Placement = tt.placement
			req := unsigned(t, tt.method, "https://provider.test/p?"+query, tt.contentType, tt.body)
			before := req.Clone(t.Context())
			signed := mustSign(t, newSigner(t, c, signerToken()), req)
			parts := signedBy(t, signed, HMACSHA256, signerKey)
			if parts.place != tt.want {
				t.Errorf("parameters in %s", parts.place)
			}
			if raw := signed.URL.RawQuery; !strings.HasPrefix(raw, query) ||
				raw != query && parts.place != PlacementQuery {
				t.Errorf("query %s", raw)
			}
			others := len(ParseParams(query))
			if tt.form {
				others += len(ParseParams(tt.body))
			}
			if len(parts.others) != others {
				t.Errorf("others %q", parts.others)
			}
			wantBody(t, signed, tt.want, tt.body)
			wantType := tt.contentType
			if tt.want == PlacementBody && !isForm(tt.contentType) {
				wantType = formType
			}
			if got := signed.Header.Get("Content-Type"); got != wantType {
				t.Errorf("Content-Type %q, want %q", got, wantType)
			}
			if !maps.EqualFunc(req.Header, before.Header, slices.Equal) ||
				*req.URL != *before.URL || req.ContentLength != before.ContentLength {
				t.Error("the caller's request was changed")
			}
		})
	}
}

// wantBody fails unless signed has the text for a body, with the protocol parameters
// behind it if they are in the body, and of the length that it says.
func wantBody(t *testing.T, signed *http.Request, place Placement, text string) {
	t.Helper()
	if signed.Body == nil {
		if text != "" || place == PlacementBody || signed.ContentLength != 0 {
			t.Errorf("no body, length %d", signed.ContentLength)
		}
		return
	}
	got := bodyOf(t, signed)
	rest, ok := strings.CutPrefix(got, text)
	if place == PlacementBody {
		joint := ""
		if text != "" {
			joint = "&"
		}
		ok = ok && strings.HasPrefix(rest, joint+"oauth_nonce=")
	} else {
		ok = ok && rest == ""
	}
	if !ok || signed.ContentLength != int64(len(got)) {
		t.Errorf("body %s, length %d", got, signed.ContentLength)
	}
	sendsTwice(t, signed, got)
}

// A POST without a body gets one, whether net/http or the caller says so.
func TestBodyPlacementOfNoBody(t *testing.T) {
	c := signerConfig()
	c.Placement = PlacementBody
	s := newSigner(t, c, signerToken())
	for _, body := range []io.ReadCloser{nil, http.NoBody} {
		req := unsigned(t, "POST", "https://provider.test/", "", "")
		req.Body = body
		signed := mustSign(t, s, req)
		signedBy(t, signed, HMACSHA256, signerKey)
		contentType := signed.Header.Get("Content-Type")
		if partsOf(t, signed).place != PlacementBody || contentType != formType {
			t.Errorf("%T: not in the body", body)
		}
	}
	req := unsigned(t, "POST", "https://provider.test/", "text/plain", "")
	req.Body = newCountedBody("")
	if place := partsOf(t, mustSign(t, s, req)).place; place != PlacementHeader {
		t.Errorf("a body that may have something was replaced: %s", place)
	}
}

// net/http sends a field in whatever case the map has it, and so two of them.
func TestBodyPlacementSendsOneContentType(t *testing.T) {
	c := signerConfig()
	c.Placement = PlacementBody
	s := newSigner(t, c, signerToken())
	for _, tt := range []struct{ contentType, body string }{
		{formType + ";charset=utf-8", "a=1"}, {"application/json", ""},
	} {
		req := unsigned(t, "POST", "https://provider.test/", "", tt.body)
		req.Header["content-type"] = []string{tt.contentType}
		got := httpclient.Fields(mustSign(t, s, req).Header, "Content-Type")
		if len(got) != 1 || !isForm(got[0]) {
			t.Errorf("%s: Content-Type %q", tt.contentType, got)
		}
	}
}

func TestQueryPlacementOfNoQuery(t *testing.T) {
	c := signerConfig()
	c.Placement = PlacementQuery
	s := newSigner(t, c, signerToken())
	for _, raw := range []string{"https://provider.test/p", "https://provider.test/p?"} {
		signed := mustSign(t, s, unsigned(t, "GET", raw, "", ""))
		signedBy(t, signed, HMACSHA256, signerKey)
		if !strings.HasPrefix(signed.URL.String(), "https://provider.test/p?oauth_nonce=") {
			t.Errorf("%s: %s", raw, signed.URL)
		}
	}
}

// A form is read, closed and replaced; the signed request has its own.
func TestSignReadsAForm(t *testing.T) {
	b := newCountedBody("a=1")
	req := unsigned(t, "POST", "https://provider.test/", formType, "")
	req.Body, req.ContentLength = b, -1
	signed := mustSign(t, newSigner(t, signerConfig(), signerToken()), req)
	if b.closed != 1 || b.read != 3 || req.Body != b || req.ContentLength != -1 {
		t.Errorf("closed %d times, %d bytes read", b.closed, b.read)
	}
	if signed.ContentLength != 3 {
		t.Errorf("length %d", signed.ContentLength)
	}
	sendsTwice(t, signed, "a=1")
}

// Any other body passes through, neither read nor closed.
func TestSignStreamsOtherBodies(t *testing.T) {
	for _, tt := range isFormTests {
		if tt.want {
			continue
		}
		for _, placement := range placements {
			c := signerConfig()
			c.Placement = placement
			b := newCountedBody("a=1&oauth_token=x")
			req := unsigned(t, "POST", "https://provider.test/", tt.contentType, "")
			req.Body, req.ContentLength = b, -1
			signed := mustSign(t, newSigner(t, c, signerToken()), req)
			if signed.Body != b || signed.GetBody != nil || signed.ContentLength != -1 ||
				b.read != 0 || b.closed != 0 {
				t.Errorf("%s, %s: body not handed on as it is", tt.name, placement)
			}
			signedBy(t, signed, HMACSHA256, signerKey)
		}
	}
}

// A length that is the caller's is net/http's to refuse, but for a body that we make.
func TestSignKeepsADeclaredLength(t *testing.T) {
	for _, tt := range []struct {
		placement Placement
		want      func(body string) int64
	}{
		{PlacementHeader, func(string) int64 { return 7 }},
		{PlacementBody, func(body string) int64 { return int64(len(body)) }},
	} {
		c := signerConfig()
		c.Placement = tt.placement
		req := unsigned(t, "POST", "https://provider.test/", formType, "a=1")
		req.ContentLength = 7
		signed := mustSign(t, newSigner(t, c, signerToken()), req)
		if want := tt.want(bodyOf(t, signed)); signed.ContentLength != want {
			t.Errorf("%s: length %d, want %d", tt.placement, signed.ContentLength, want)
		}
	}
}

func TestSignWithoutHeaders(t *testing.T) {
	s := newSigner(t, signerConfig(), signerToken())
	req := &http.Request{URL: parseURL(t, "https://provider.test/")}
	signed := mustSign(t, s, req)
	if parts := signedBy(t, signed, HMACSHA256, signerKey); parts.place != PlacementHeader {
		t.Errorf("parameters in %q", parts.place)
	}
	if req.Header != nil {
		t.Error("the caller's request was changed")
	}
}

// OAuth Request Body Hash, Section 3: of whatever is no form, the absent body too.
func TestBodyHash(t *testing.T) {
	const ofNothing = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
	for _, tt := range []struct {
		name, method, contentType, body, want string
		placement                             Placement
	}{
		{"GET", "GET", "", "", ofNothing, PlacementHeader},
		{"POST of nothing", "POST", "", "", ofNothing, PlacementHeader},
		{"JSON", "POST", "application/json", `{"foõ":"bar"}`,
			"+Z+PWW2TJDnPvRcTgol+nKO3LT7xm8smnsg+//XMIyI=", PlacementHeader},
		{"in the query", "PUT", "application/json", `{"foõ":"bar"}`,
			"+Z+PWW2TJDnPvRcTgol+nKO3LT7xm8smnsg+//XMIyI=", PlacementQuery},
		{"no type", "POST", "", "Hello World!", "f4OxZX/x/FO5LcGBSKHWXfwtSx+j1ncoSt3SABJtkGk=",
			PlacementHeader},
		{"form", "POST", formType, "a=1", "", PlacementHeader},
		{"form in the body", "POST", formType, "a=1", "", PlacementBody},
		{"form that we make", "POST", "", "", "", PlacementBody},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := signerConfig()
			c.BodyHash, c.Placement = true, tt.placement
			req := unsigned(t, tt.method, "https://provider.test/", tt.contentType, tt.body)
			signed := mustSign(t, newSigner(t, c, signerToken()), req)
			parts := signedBy(t, signed, HMACSHA256, signerKey)
			if got := parts.get("oauth_body_hash"); got != tt.want {
				t.Errorf("hash %q, want %q", got, tt.want)
			}
			if parts.place != PlacementBody {
				sendsTwice(t, signed, tt.body)
			}
		})
	}
}

// A caller may send a hash of its own, but not beside ours.
func TestBodyHashOfTheCaller(t *testing.T) {
	own := Param{"oauth_body_hash", "own"}
	c := signerConfig()
	req := unsigned(t, "POST", "https://provider.test/", "application/json", "{}")
	parts := signedBy(t, mustSign(t, newSigner(t, c, signerToken()), req, own), HMACSHA256, signerKey)
	if got := parts.get("oauth_body_hash"); got != "own" {
		t.Errorf("hash %q", got)
	}
	c.BodyHash = true
	req = unsigned(t, "POST", "https://provider.test/", "application/json", "{}")
	signed, err := newSigner(t, c, signerToken()).Sign(req, own)
	wantPresent(t, err, "", "must not contain oauth_body_hash")
	if signed != nil {
		t.Error("signed")
	}
}

// The caller's parameters have room behind them that is the caller's.
func TestBodyHashLeavesParamsAlone(t *testing.T) {
	c := signerConfig()
	c.BodyHash = true
	params := []Param{{"oauth_callback", "oob"}, {"mine", "1"}}
	req := unsigned(t, "GET", "https://provider.test/", "", "")
	mustSign(t, newSigner(t, c, signerToken()), req, params[:1]...)
	if params[1] != (Param{"mine", "1"}) {
		t.Errorf("became %q", params[1])
	}
}

func TestSignRefusesBodies(t *testing.T) {
	broken := errors.New("broken")
	for _, tt := range []struct {
		name, contentType string
		hash              bool
		body              io.Reader
		want              error
	}{
		{"form of more than 10 MiB", formType, false, endless{}, &CheckError{Check: "body"}},
		{"JSON of more than 10 MiB", "application/json", true, endless{},
			&CheckError{Check: "body"}},
		{"form that breaks", formType, false, iotest.ErrReader(broken), broken},
		{"JSON that breaks", "application/json", true, iotest.ErrReader(broken), broken},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := signerConfig()
			c.BodyHash = tt.hash
			req := unsigned(t, "POST", "https://provider.test/", tt.contentType, "")
			req.Body = io.NopCloser(tt.body)
			signed, err := newSigner(t, c, signerToken()).Sign(req)
			if signed != nil || !errors.Is(err, tt.want) {
				t.Errorf("got error %v, want %v", err, tt.want)
			}
		})
	}
}
