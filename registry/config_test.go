package registry

import (
	"errors"
	"fmt"
	"net/http/httptest"
	"reflect"
	"testing"
	"time"

	"vouchsafe/compliance"
	"vouchsafe/internal/seal"
)

// full returns a value of a struct type whose fields all say text.
func full[T any](text string) T {
	var v T
	for _, f := range reflect.ValueOf(&v).Elem().Fields() {
		switch p := f.Addr().Interface().(type) {
		case *string:
			*p = text
		case *[]string:
			*p = []string{text}
		case *map[string]string:
			*p = map[string]string{text: text}
		}
	}
	return v
}

// A row fills every field that it has, where the Config leaves it empty, and no
// other.
func TestFill(t *testing.T) {
	row := reflect.ValueOf(full[compliance.Provider]("row"))
	filled := reflect.ValueOf(Config{}.merged(fromRow(row.Interface().(compliance.Provider)), false))
	own := full[Config]("own")
	kept := reflect.ValueOf(own.merged(fromRow(row.Interface().(compliance.Provider)), false))
	for field, want := range row.Fields() {
		if _, ok := reflect.TypeFor[Config]().FieldByName(field.Name); !ok {
			continue // which TestFields knows
		}
		if got := filled.FieldByName(field.Name); !reflect.DeepEqual(got.Interface(), want.Interface()) {
			t.Errorf("%s is not filled in: %v", field.Name, got)
		}
		if got, want := kept.FieldByName(field.Name), reflect.ValueOf(own).FieldByName(field.Name); !reflect.DeepEqual(
			got.Interface(), want.Interface()) {
			t.Errorf("%s is not kept: %v", field.Name, got)
		}
	}
}

func TestProtocol(t *testing.T) {
	const url = "https://provider.example/"
	tests := []struct {
		name   string
		config Config
		want   string
	}{
		{"request token URL", Config{RequestTokenURL: url, AuthorizeURL: url, AccessTokenURL: url, ClientSecret: "s"},
			"registry.oauth1Protocol"},
		{"two endpoints", Config{AuthorizeURL: url, AccessTokenURL: url}, "registry.oauth2Protocol"},
		{"two endpoints and an issuer", Config{AuthorizeURL: url, AccessTokenURL: url, Issuer: url},
			"registry.oauth2Protocol"},
		{"issuer", Config{Issuer: url}, "registry.oidcProtocol"},
		{"metadata URL", Config{ServerMetadataURL: url + ".well-known/openid-configuration"},
			"registry.oidcProtocol"},
		{"issuer and metadata URL", Config{Issuer: url, AuthorizeURL: url, ServerMetadataURL: url + "metadata"},
			"registry.oidcProtocol"},
		{"keys", Config{Issuer: url, AuthorizeURL: url, AccessTokenURL: url, JWKSURI: url},
			"registry.oidcProtocol"},
		{"scope openid", Config{Issuer: url, AuthorizeURL: url, AccessTokenURL: url, Scopes: []string{"openid"}},
			"registry.oidcProtocol"},
	}
	for _, test := range tests {
		test.config.ClientID = "client"
		p, err := test.config.protocol(Options{})
		if got := fmt.Sprintf("%T", p); err != nil || got != test.want {
			t.Errorf("%s: %s, %v", test.name, got, err)
		}
	}
}

// What other purposes will seal is no login, and neither is what was sealed for
// a site without the protection of its cookie's name.
func TestRecordOfAnotherKind(t *testing.T) {
	ring, err := seal.NewRing(make([]byte, seal.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	l := &logins{ring, CookieStore(), time.Minute, time.Now}
	tests := []struct {
		record record
		want   Reason
	}{
		{record{Purpose: purposeLogin, RedirectURI: "https://site.example/"}, ""},
		{record{Purpose: purposeLogin, RedirectURI: "http://127.0.0.1/"}, ""},
		{record{Purpose: "logout", RedirectURI: "https://site.example/"}, ReasonOtherPurpose},
		{record{Purpose: purposeLogin, RedirectURI: "http://site.example/"}, ReasonTampered},
		{record{Purpose: purposeLogin, RedirectURI: "ftp://127.0.0.1/"}, ReasonTampered},
	}
	for _, test := range tests {
		w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil)
		if err := l.put(w, r, "key", test.record); err != nil {
			t.Fatal(err)
		}
		for _, c := range w.Result().Cookies() {
			r.AddCookie(c)
		}
		_, err := l.take(httptest.NewRecorder(), r, "key", expected{purpose: purposeLogin})
		if test.want == "" && err != nil || test.want != "" && !errors.Is(err, because(test.want)) {
			t.Errorf("%+v: error is %v", test.record, err)
		}
	}
}

// What has been given to whom it is for is kept nowhere else.
func TestSecretsAreLetGo(t *testing.T) {
	var r Registry
	c, err := r.Register("name", Config{ClientID: "client", ClientSecret: "secret",
		AuthorizeURL: "https://a.example/", AccessTokenURL: "https://a.example/"})
	if err != nil {
		t.Fatal(err)
	}
	err = r.Init(Options{Keys: [][]byte{make([]byte, 32)}, Config: Flat{"NAME_REALM": ""}})
	if err != nil {
		t.Fatal(err)
	}
	if s := r.settings.Load(); s.options.Keys != nil || s.options.Config != nil {
		t.Error("the settings have the keys, or the source")
	}
	if c.pending != nil || c.current.Load().config.ClientSecret != "" {
		t.Error("the client has its secret")
	}
}
