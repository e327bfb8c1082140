package compliance_test

import (
	"maps"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"

	"vouchsafe/compliance"
)

// urlsIn returns the strings of a row that are URLs.
func urlsIn(v reflect.Value) []string {
	var urls []string
	switch v.Kind() {
	case reflect.String:
		if s := v.String(); strings.Contains(s, "://") {
			urls = append(urls, s)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if name := v.Type().Field(i).Name; name != "Params" && name != "Waived" {
				urls = append(urls, urlsIn(v.Field(i))...)
			}
		}
	}
	return urls
}

func examples(p compliance.Provider) map[string]string {
	values := map[string]string{}
	for name, param := range p.Params {
		values[name] = param.Example
	}
	return values
}

// Every URL of every row is https, as it stands and with its parameters filled in.
func TestURLs(t *testing.T) {
	for _, name := range compliance.Names() {
		row, _ := compliance.Lookup(name)
		p, err := row.With(examples(row))
		if err != nil {
			t.Errorf("%s: its own examples: %v", name, err)
			continue
		}
		for _, raw := range urlsIn(reflect.ValueOf(p)) {
			u, err := url.Parse(raw)
			if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil ||
				strings.ContainsAny(u.Host, "{}%") || strings.Contains(u.Path, "//") {
				t.Errorf("%s has the URL %s: %v", name, raw, err)
			}
		}
		if strings.Contains(p.Issuer, "{") && p.OIDC.Tenants.Allow == nil {
			t.Errorf("%s has the issuer %s", name, p.Issuer)
		}
	}
}

// A hostile value of a parameter is refused, or leads nowhere else: neither to another host
// nor to another place there.
func TestHostileParams(t *testing.T) {
	hostile := []string{"evil.example/", "evil.example/x", "a@evil.example", "evil.example#",
		"evil.example?x", "evil.example\\", "127.0.0.1", "0x7f.1", "2130706433", "localhost",
		"[::1]", "169.254.169.254", "metadata", "..", ".", "a..b", "../x", "a/../b", "%2e%2e",
		"a%2fb", "a b", "a\nb", "a.example\n", "a.example:0", "a.example:80@x", "a.example:", ":80",
		"-a.example", "a-.example", "a_b.example", "A.EXAMPLE", "é.example", "evil.example%00",
		"{host}", "}", strings.Repeat("a", 300), strings.Repeat("a.", 200) + "example",
		"//evil.example", "http:", "a;b", "a&b=c", "a=b", "*", "", " "}
	for _, name := range compliance.Names() {
		row, _ := compliance.Lookup(name)
		good, err := row.With(examples(row))
		if err != nil {
			continue // TestURLs says so
		}
		want := urlsIn(reflect.ValueOf(good))
		for param := range row.Params {
			for _, value := range hostile {
				values := maps.Clone(examples(row))
				values[param] = value
				p, err := row.With(values)
				if err != nil {
					if value != "" && strings.Contains(err.Error(), value) && len(value) > 3 {
						t.Errorf("%s: the error repeats %q: %v", name, value, err)
					}
					continue
				}
				if value == "" { // the default
					continue
				}
				got := urlsIn(reflect.ValueOf(p))
				if !slices.EqualFunc(got, want, sameSite) {
					t.Errorf("%s with %s %q leads to %q", name, param, value, got)
				}
			}
		}
	}
}

// sameSite reports whether two URLs have the same host but for its first label, if there are
// two behind it, and as many path segments, and whether a has nothing that would be resolved away.
func sameSite(a, b string) bool {
	ua, errA := url.Parse(a)
	ub, errB := url.Parse(b)
	if errA != nil || errB != nil {
		return false
	}
	_, restA, _ := strings.Cut(ua.Host, ".")
	_, restB, _ := strings.Cut(ub.Host, ".")
	sameHost := ua.Host == ub.Host || restA == restB && strings.Contains(restA, ".")
	return sameHost && ua.User == nil &&
		strings.Count(ua.EscapedPath(), "/") == strings.Count(ub.EscapedPath(), "/") &&
		!slices.ContainsFunc(strings.Split(ua.Path, "/"), isDots) &&
		len(ua.Query()) == len(ub.Query()) && ua.Fragment == ub.Fragment
}

func isDots(segment string) bool { return segment == "." || segment == ".." }

// A row does not share with its copies what they may change.
func TestLookupCopies(t *testing.T) {
	for _, name := range compliance.Names() {
		first, _ := compliance.Lookup(name)
		for i := range first.Scopes {
			first.Scopes[i] = "changed"
		}
		for claim := range first.UserInfoNames {
			first.UserInfoNames[claim] = "changed"
		}
		for _, values := range first.AuthorizeParams {
			values[0] = "changed"
		}
		for header := range first.Dialect.Headers {
			first.Dialect.Headers[header] = "changed"
		}
		second, _ := compliance.Lookup(name)
		if slices.Contains(second.Scopes, "changed") ||
			slices.Contains(slices.Collect(maps.Values(second.UserInfoNames)), "changed") ||
			slices.Contains(slices.Collect(maps.Values(second.Dialect.Headers)), "changed") {
			t.Errorf("%s has changed", name)
		}
		for param, values := range second.AuthorizeParams {
			if values[0] == "changed" {
				t.Errorf("%s: %s has changed", name, param)
			}
		}
	}
}

// Each row can be registered by its name, an ID, and what its provider gives a client.
func TestRegister(t *testing.T) {
	for _, name := range compliance.Names() {
		t.Run(name, func(t *testing.T) { registerRow(t, name) })
	}
}
