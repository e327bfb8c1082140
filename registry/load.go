package registry

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/url"
	"reflect"
	"slices"
	"strings"

	"vouchsafe/jose"
	"vouchsafe/oauth1"
)

// load makes the registration of a configuration that Options.Config completes. others are
// the names of the clients beside it.
func (s *settings) load(name string, c Config, others []string) (*registration, error) {
	source := s.source
	others = slices.DeleteFunc(slices.Clone(others),
		func(other string) bool { return other == name })
	s.warn(name, source.unread(name, others))
	found, err := find(source, name, others)
	if err != nil {
		return nil, configError(name, nil, err)
	}
	wins := c.OverwriteFromConfig || found.config.OverwriteFromConfig
	m, err := s.register(name, c.merged(found.config, wins))
	if err != nil {
		return nil, configError(name, found.used(c, wins), advise(source, name, err))
	}
	return m, nil
}

func (s *settings) warn(name string, variables []string) {
	if s.options.Logger != nil && len(variables) > 0 {
		slices.Sort(variables)
		variables = slices.Compact(variables)
		s.options.Logger.Warn("registry: no client reads these variables",
			slog.String("client", name), slog.Any("variables", variables))
	}
}

// A found is what a source has for a client, and where the fields are from.
type found struct {
	config  Config
	origins map[string]string
}

// field returns a field of the configuration, to be set.
func (f *found) field(name string) reflect.Value {
	return reflect.ValueOf(&f.config).Elem().FieldByName(name)
}

func find(source opened, name string, others []string) (*found, error) {
	if err := source.check(name, others); err != nil {
		return nil, err
	}
	all := &found{origins: map[string]string{}}
	for _, each := range source.parts() {
		f := &found{origins: map[string]string{}}
		if err := f.read(each, name); err != nil {
			return nil, err
		}
		for field, from := range f.origins {
			if _, said := all.origins[field]; !said {
				all.field(field).Set(f.field(field))
				all.origins[field] = from
			}
		}
	}
	return all, nil
}

// read takes all that a part of a source has.
func (f *found) read(p part, name string) error {
	for _, s := range table {
		if s.at == inKwargs || s.read == nil {
			continue
		}
		value, from := p.get(name, s.name)
		if err := f.take(s, value, from); err != nil {
			return err
		}
	}
	return f.takeKwargs(p.get(name, "client_kwargs"))
}

// takeKwargs takes the members of client_kwargs.
func (f *found) takeKwargs(value any, from string) error {
	if absent(value) {
		return nil
	}
	kwargs, err := mapping(value)
	if err == nil {
		err = unknown("", kwargs, onTop)
		s, ok := value.(string)
		if ok && err != nil && !strings.HasPrefix(strings.TrimSpace(s), "{") {
			err = errMember // what is no query in truth may be a secret
		}
	}
	if err != nil {
		return wrongAt(from, err)
	}
	for _, name := range slices.Sorted(maps.Keys(kwargs)) {
		s, _ := lookup(name, onTop)
		if err := f.take(s, kwargs[name], fmt.Sprintf("%s: %q", from, name)); err != nil {
			return err
		}
	}
	return nil
}

// take reads a value into its field.
func (f *found) take(s setting, value any, from string) error {
	if absent(value) {
		return nil
	}
	value, err := s.read(value)
	if err == nil {
		err = f.put(s.field, value, from)
	}
	switch {
	case err != nil && s.field == "":
		return wrongAt(from, err)
	case err != nil:
		return &ConfigError{Field: s.field, From: from, Err: err}
	}
	return nil
}

// wrongAt returns an error that is about no field.
func wrongAt(from string, err error) error {
	return &ConfigError{From: from, Err: fmt.Errorf("%s: %w", from, err)}
}

// put sets a field that is not set yet, or a parameter that is not.
func (f *found) put(field string, value any, from string) error {
	if empty(value) && value != false {
		return nil
	}
	to := f.field(field)
	origin, taken := f.origins[field]
	if taken {
		params, ok := value.(url.Values)
		if !ok || overlap(params, to.Interface().(url.Values)) {
			return errors.New("is set twice: " + origin + " has it too")
		}
		value, from = overlaid(params, to.Interface().(url.Values)), origin+" and "+from
	}
	to.Set(reflect.ValueOf(value).Convert(to.Type()))
	f.origins[field] = from
	return nil
}

func empty(value any) bool {
	v := reflect.ValueOf(value)
	return value == nil || v.IsZero() ||
		(v.Kind() == reflect.Map || v.Kind() == reflect.Slice) && v.Len() == 0
}

func overlap(a, b url.Values) bool {
	for name := range a {
		if b.Has(name) {
			return true
		}
	}
	return false
}

// used returns where the fields are from that the source has filled beside those of c.
func (f *found) used(c Config, wins bool) map[string]string {
	used := maps.Clone(f.origins)
	maps.DeleteFunc(used, func(field, _ string) bool { return !wins && !c.at(field).IsZero() })
	return used
}

// advise returns err as that of a field if it is one, and says where a source would have what
// is missing.
func advise(source opened, client string, err error) error {
	e, ok := errors.AsType[*ConfigError](err)
	if !ok {
		return &ConfigError{Field: checkedField(err), Err: err}
	}
	for _, key := range table {
		place := source.place(client, key.name)
		if key.field != e.Field || !errors.Is(e.Err, errRequired) || place == "" {
			continue
		}
		if errors.Is(e.Err, errEndpoint) {
			place += " or " + source.place(client, "provider")
		}
		return &ConfigError{Field: e.Field, Err: fmt.Errorf("%w, or %s", e.Err, place)}
	}
	return err
}

// checkedField returns the field that a protocol's check is about, if it is about one.
func checkedField(err error) string {
	var check string
	if e, ok := errors.AsType[*jose.CheckError](err); ok {
		check = e.Check
	}
	if e, ok := errors.AsType[*oauth1.CheckError](err); ok {
		if check = e.Check; check == "private_key" {
			check = "rsa_key"
		}
	}
	s, _ := lookup(cmp.Or(checked[check], check), inKwargs)
	return s.field
}

// checked are the keys that the protocols' packages check under another name.
var checked = map[string]string{
	"placement":                   "signature_type",
	"body_hash":                   "force_include_body",
	"temporary_credential_url":    "request_token_url",
	"temporary_credential_params": "request_token_params",
	"authorization_url":           "authorize_url",
	"token_url":                   "access_token_url",
	"token_params":                "access_token_params",
	"client_authentication":       "token_endpoint_auth_method",
	"revocation_authentication":   "revocation_endpoint_auth_method",
}
