package oauth1

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"os"
	"slices"
	"strings"
	"testing"

	"vouchsafe/internal/challenge"
)

// A vectorFile is what RFC 5849 publishes, or what others do.
type vectorFile struct {
	Source    string
	Keys      map[string]string // PEM
	Encodings []struct {
		vectorRow
		Text, Encoded string
	}
	URIs []struct {
		vectorRow
		URL, URI string
	}
	Params []struct {
		vectorRow
		Text       string
		Params     [][2]string
		Normalized string
	}
	BodyHashes []struct {
		vectorRow
		Method     SignatureMethod `json:"signature_method"`
		Body, Hash string
	} `json:"body_hashes"`
	Requests []requestVector
}

type vectorRow struct{ Source, About string }

func (r vectorRow) String() string { return r.Source + ": " + r.About }

// A requestVector has its protocol parameters in Params or in Authorization, and
// Base alone where no request is published. Printed is a signature that is
// published and wrong, for the Reason.
type requestVector struct {
	vectorRow
	Method, URL, Form, Authorization string
	Params                           [][2]string
	Base                             string
	SignatureMethod                  SignatureMethod `json:"signature_method"`
	ClientSecret                     string          `json:"client_secret"`
	TokenSecret                      string          `json:"token_secret"`
	Key                              string
	Signature                        string
	Printed, Reason                  string
}

var vectorFiles = []string{"rfc5849", "oauth1"}

func readVectorFile(name string) (v vectorFile) {
	text, err := os.ReadFile("../testdata/vectors/" + name + ".json")
	if err == nil {
		err = json.Unmarshal(text, &v)
	}
	if err != nil {
		panic(err)
	}
	return v
}

func pairs(list [][2]string) (params []Param) {
	for _, p := range list {
		params = append(params, Param{p[0], p[1]})
	}
	return params
}

func TestVectorsOfEncoding(t *testing.T) {
	for _, name := range vectorFiles {
		for _, v := range readVectorFile(name).Encodings {
			if got := escape(v.Text); got != v.Encoded {
				t.Errorf("%s: got %s, want %s", v, got, v.Encoded)
			}
			if got := unescape(v.Encoded); got != v.Text {
				t.Errorf("%s: got %q back, want %q", v, got, v.Text)
			}
		}
	}
}

func TestVectorsOfURIs(t *testing.T) {
	for _, name := range vectorFiles {
		for _, v := range readVectorFile(name).URIs {
			if got := BaseURI(parseURL(t, v.URL)); got != v.URI {
				t.Errorf("%s: got %s, want %s", v, got, v.URI)
			}
		}
	}
}

func TestVectorsOfParams(t *testing.T) {
	for _, name := range vectorFiles {
		for _, v := range readVectorFile(name).Params {
			params := ParseParams(v.Text)
			if !slices.Equal(params, pairs(v.Params)) {
				t.Errorf("%s: got %q", v, params)
			}
			if got := NormalizeParams(params); got != v.Normalized {
				t.Errorf("%s: got %s, want %s", v, got, v.Normalized)
			}
		}
	}
}

func TestVectorsOfBodyHashes(t *testing.T) {
	for _, v := range readVectorFile("oauth1").BodyHashes {
		want := Param{"oauth_body_hash", v.Hash}
		if got := v.Method.bodyHash([]byte(v.Body)); got != want {
			t.Errorf("%s: got %q, want %q", v, got, want)
		}
	}
}

func TestVectorsOfRequests(t *testing.T) {
	for _, name := range vectorFiles {
		file := readVectorFile(name)
		for _, v := range file.Requests {
			t.Run(v.String(), func(t *testing.T) { v.test(t, file.Keys) })
		}
	}
}

func (v requestVector) test(t *testing.T, keys map[string]string) {
	base := v.Base
	if v.URL != "" {
		base = BaseString(v.Method, parseURL(t, v.URL), v.params(t))
	}
	if v.Base != "" && base != v.Base {
		t.Fatalf("base string\n%s, want\n%s", base, v.Base)
	}
	if v.Signature == "" {
		return
	}
	key := Key{ClientSecret: v.ClientSecret, TokenSecret: v.TokenSecret}
	if v.Key != "" {
		key = Key{PrivateKey: wikiKey(), PublicKey: certifiedKey(t, keys[v.Key+", certificate"])}
	}
	got, err := Sign(v.SignatureMethod, base, key)
	if err != nil || got != v.Signature || got == v.Printed {
		t.Errorf("signature %s, %v; want %s", got, err, v.Signature)
	}
	if ok, err := v.SignatureMethod.verify(base, v.Signature, key); !ok || err != nil {
		t.Errorf("does not verify: %v", err)
	}
	if (v.Printed == "") != (v.Reason == "") {
		t.Error("a printed signature needs a reason")
	}
}

func (v requestVector) params(t *testing.T) []Param {
	t.Helper()
	params := slices.Concat(pairs(v.Params), ParseParams(v.Form))
	if v.Authorization == "" {
		return params
	}
	header := authorizationParams(t, v.Authorization)
	signature := header[len(header)-1]
	want := v.Signature
	if v.Printed != "" {
		want = v.Printed
	}
	if signature.Name != "oauth_signature" || signature.Value != want {
		t.Errorf("the header has %q", signature)
	}
	return append(params, header...)
}

// authorizationParams returns the parameters of an Authorization header, without
// its realm.
func authorizationParams(t *testing.T, header string) (params []Param) {
	t.Helper()
	list, ok := challenge.Parse(header)
	if !ok || len(list) != 1 || list[0].Scheme != "OAuth" {
		t.Fatalf("header %s", header)
	}
	for _, p := range list[0].Params {
		if !strings.EqualFold(p.Name, "realm") {
			params = append(params, Param{unescape(p.Name), unescape(p.Value)})
		}
	}
	return params
}

func certifiedKey(t *testing.T, text string) *rsa.PublicKey {
	t.Helper()
	block, _ := pem.Decode([]byte(text))
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return certificate.PublicKey.(*rsa.PublicKey)
}
