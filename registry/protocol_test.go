package registry

import (
	"cmp"
	"crypto/ed25519"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"vouchsafe/jose"
	"vouchsafe/oauth2"
	"vouchsafe/oidc"
)

// setField gives the field at a path of names a value that is not zero.
func setField(t *testing.T, c *Config, path string) {
	t.Helper()
	v := reflect.ValueOf(c).Elem()
	for name := range strings.SplitSeq(path, ".") {
		if v = v.FieldByName(name); !v.IsValid() {
			t.Fatalf("there is no field %s", path)
		}
	}
	setValue(t, v)
}

func setValue(t *testing.T, v reflect.Value) {
	t.Helper()
	switch v.Kind() {
	case reflect.String:
		v.SetString("https://provider.example/x")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int64:
		v.SetInt(1)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
	case reflect.Func:
		v.Set(reflect.MakeFunc(v.Type(), func([]reflect.Value) []reflect.Value { return nil }))
	case reflect.Struct:
		setValue(t, v.Field(0))
	case reflect.Interface:
		for _, some := range []any{oauth2.None(), ed25519.PrivateKey{}, &jose.Set{}, &noReplays{}} {
			if reflect.TypeOf(some).AssignableTo(v.Type()) {
				v.Set(reflect.ValueOf(some))
			}
		}
	}
	if v.IsZero() {
		t.Fatalf("no value for a %s", v.Type())
	}
}

// noReplays is a ReplayStore that is never asked.
type noReplays struct{ oidc.ReplayStore }

// What a protocol has not is refused, by name, and what it has is not.
func TestFieldsOfProtocols(t *testing.T) {
	own := map[string]string{"OAuth1": "OAuth1.EmptyToken", "OAuth2": "OAuth2.RequestObject",
		"OIDC": "OIDC.TrustedAudiences"} // which Config itself has not
	for _, l := range limited {
		for field := range strings.FieldsSeq(l.fields) {
			for _, p := range []Protocol{ProtocolOAuth1, ProtocolOAuth2, ProtocolOIDC} {
				var c Config
				setField(t, &c, cmp.Or(own[field], field))
				err := c.check(p, nil)
				nested, _, _ := strings.Cut(field, ".")
				e, ok := errors.AsType[*ConfigError](err)
				if slices.Contains(l.of, p) && err != nil ||
					!slices.Contains(l.of, p) && (!ok || e.Field != field && e.Field != nested) {
					t.Errorf("%s of %s: error is %v", field, p, err)
				}
			}
		}
	}
}

// What is nested must not say again what Config says.
func TestNestedFields(t *testing.T) {
	protocols := map[string]Protocol{
		"OAuth1": ProtocolOAuth1, "OAuth2": ProtocolOAuth2, "OIDC": ProtocolOIDC}
	for _, l := range limited {
		for field := range strings.FieldsSeq(l.fields) {
			nested, _, ok := strings.Cut(field, ".")
			if !ok || protocols[nested] == "" {
				continue
			}
			var c Config
			setField(t, &c, field)
			err := c.check(protocols[nested], nil)
			if e, ok := errors.AsType[*ConfigError](err); !ok || e.Field != field {
				t.Errorf("%s: error is %v", field, err)
			}
		}
	}
}

// Every field is either of all protocols or said to be of some.
func TestFieldsAreLimited(t *testing.T) {
	ofAll := strings.Fields("Provider Protocol ClientID ClientSecret AuthorizeURL AuthorizeParams " +
		"AccessTokenURL AccessTokenParams APIBaseURL UserInfoEndpoint UserInfoBody UserInfoNames " +
		"UserInfoEmails UserInfoFix RedirectURI Timeout UserAgent HTTP FetchToken UpdateToken " +
		"OverwriteFromConfig ProviderParams Quirks Dialect Hooks")
	for _, l := range limited {
		ofAll = append(ofAll, strings.Fields(l.fields)...)
	}
	for field := range reflect.TypeFor[Config]().Fields() {
		if n := len(slices.DeleteFunc(slices.Clone(ofAll), func(s string) bool { return s != field.Name })); n != 1 {
			t.Errorf("%s is there %d times", field.Name, n)
		}
	}
}
