package compliance

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// A Param is a parameter of a row: a tenant, say, whose name is in the provider's URLs.
type Param struct {
	Pattern string // a regular expression, for the whole of the value
	Example string // of a value
	Default string // if empty, the parameter is required
}

// What values look like that become a part of a URL: nothing that could end a host or a path
// segment, or begin another.
const (
	// dnsLabel is one label of a domain name.
	dnsLabel = `[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?`

	// dnsName is the name of a host that has a dot, not an address, and perhaps a port.
	dnsName = `(` + dnsLabel + `\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?(:[1-9][0-9]{0,4})?`

	// segment is a segment of a path.
	segment = `[A-Za-z0-9_][A-Za-z0-9._~-]{0,127}`
)

// maxValue is as long as a domain name can be.
const maxValue = 253

// With returns the row with its parameters filled in. The error says which is missing, or not
// as it must be, and never repeats a value.
func (p Provider) With(values map[string]string) (Provider, error) {
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if _, ok := p.Params[name]; !ok {
			return Provider{}, fmt.Errorf("%q is no parameter of this provider, which has %s",
				name, cmp.Or(strings.Join(slices.Sorted(maps.Keys(p.Params)), ", "), "none"))
		}
	}
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(p.Params)) {
		value, err := p.Params[name].value(values[name])
		if err != nil {
			return Provider{}, fmt.Errorf("%q %w", name, err)
		}
		pairs = append(pairs, "{"+name+"}", value)
	}
	return p.mapped(strings.NewReplacer(pairs...).Replace), nil
}

func (p Param) value(given string) (string, error) {
	if given == "" {
		given = p.Default
	}
	if given == "" {
		return "", errors.New("must be given, such as " + p.Example)
	}
	if len(given) > maxValue || !regexp.MustCompile(`\A(?:`+p.Pattern+`)\z`).MatchString(given) {
		return "", errors.New("must be such as " + p.Example)
	}
	return given, nil
}

// mapped returns a copy of p that shares nothing with it that could be changed, with f of
// every string.
func (p Provider) mapped(f func(string) string) Provider {
	return mapped(reflect.ValueOf(p), f).Interface().(Provider)
}

func mapped(v reflect.Value, f func(string) string) reflect.Value {
	to := reflect.New(v.Type()).Elem()
	switch v.Kind() {
	case reflect.String:
		to.SetString(f(v.String()))
	case reflect.Struct:
		for i := range v.NumField() {
			to.Field(i).Set(mapped(v.Field(i), f))
		}
	case reflect.Slice:
		for i := range v.Len() {
			to = reflect.Append(to, mapped(v.Index(i), f))
		}
	case reflect.Map:
		if v.IsNil() {
			break
		}
		to.Set(reflect.MakeMapWithSize(v.Type(), v.Len()))
		for key, value := range v.Seq2() {
			to.SetMapIndex(key, mapped(value, f))
		}
	default: // a function, a key or a number
		to.Set(v)
	}
	return to
}
