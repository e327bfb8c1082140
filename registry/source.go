package registry

import (
	"fmt"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
)

// A Source is where the configuration of clients comes from: [Env], [Flat], [Nested], [JSON],
// or several of them by [Sources]. It fills the fields that are empty in the [Config] that
// [Registry.Register] is given, or goes before them, see Config.OverwriteFromConfig. What is
// empty in it is as if it were not there.
//
// # Keys
//
// The keys are Authlib's names of Config's fields: provider, protocol, client_id,
// client_secret, private_key, request_token_url, request_token_params, authorize_url,
// authorize_params, access_token_url, access_token_params, refresh_token_url,
// refresh_token_params, api_base_url, issuer, server_metadata_url, jwks_uri, jwks,
// userinfo_endpoint, userinfo_body, userinfo_names, end_session_endpoint, identity_issuer,
// provider_params, redirect_uri, scope, response_type, response_mode,
// token_endpoint_auth_method, revocation_endpoint_auth_method, token_placement,
// signature_method, signature_type, rsa_key, realm, force_include_body, leeway, timeout,
// user_agent, overwrite, code_challenge_method, and client_kwargs.
//
// client_kwargs is an object, whose members may be: signature_method, signature_type, rsa_key,
// realm, force_include_body, redirect_uri, scope, response_type, response_mode,
// token_endpoint_auth_method, revocation_endpoint_auth_method, token_placement, leeway,
// timeout and default_timeout; token_endpoint, which is access_token_url; prompt and login_hint,
// which are of authorize_params; code_challenge_method, which is S256; grant_type, which is
// authorization_code; and verify, which is true. What is there twice, in client_kwargs and as a
// key, is an error.
//
// # Values
//
// Values are texts. A list is words with spaces between them, or JSON. Parameters are JSON or
// a query, a=1&b=2; each is a text or a list of texts. A flag is true, false, 1 or 0. Times are
// in seconds; a leeway of 0 means none. token_placement is header, headers or body. A
// private_key and an rsa_key are PEM; the former may be a JSON Web Key, which can have an ID.
// jwks is a JWK Set.
//
// UserInfoEmails, Quirks, Dialect and Hooks have no key: they are for Go to say, or for the row
// that provider names.
//
// Where Go says them, lists, maps, booleans, numbers and durations may be values too, as well
// as a [*jose.Key], a [crypto.Signer] and a [*jose.Set]. A client has copies of them; a Source
// itself must not be changed while a Registry has it.
type Source interface {
	// open reads what the source is made of.
	open() (opened, error)
}

// A part is a source that is not made of others.
type part interface {
	// get returns the value of a client's key, nil if there is none, and where it is from.
	get(client, key string) (value any, from string)
}

// An opened is a Source that has been read.
type opened interface {
	// parts are what it is made of. What one has goes before what the next has.
	parts() []part

	// place says where the value would be.
	place(client, key string) string

	// check refuses what is wrong about a client called so, beside others.
	check(client string, others []string) error

	// unread returns what looks like the client's and is no client's.
	unread(client string, others []string) []string
}

// open reads a Source, which may be nil.
func open(s Source) (opened, error) {
	if s == nil {
		return several(nil), nil
	}
	return s.open()
}

// Env returns the Source that is the environment, and files such as ".env" for what the
// environment does not have, the first file first. A client's keys are NAME_CLIENT_ID and so
// on: name and key in capitals, with an underscore for what is neither letter nor digit. Two
// clients that would read the same variable are an error. Variables that begin with a client's
// name and that no client reads are told to Options.Logger.
//
// A file has lines NAME=value, blank ones, and comments after a #, which stands at the
// beginning of a line or after white space. A value may be in single quotes, in which
// everything is itself, or in double quotes, which may span lines and have the escapes
// \n \r \t \\ \". NAME may have "export" before it and spaces behind it. Nothing is expanded.
// What is not like that is an error, and so is a name that is there twice, and a file that is
// not there or longer than 1 MiB. The files are read by [Registry.Init].
func Env(files ...string) Source { return env(files) }

type env []string

func (e env) open() (opened, error) {
	all := flat{}
	for _, file := range slices.Backward(e) {
		variables, err := readDotenv(file)
		if err != nil {
			return nil, err
		}
		for _, v := range variables {
			all.set(v.name, v.value, file+":"+strconv.Itoa(v.line)+": "+v.name)
		}
	}
	for _, variable := range os.Environ() {
		name, value, _ := strings.Cut(variable, "=")
		all.set(name, value, "environment variable "+name)
	}
	return all, nil
}

// Flat is a Source of keys such as GITHUB_CLIENT_ID, like Flask's app.config, which are those
// of [Env]. Values are texts, or what the key is of: lists, maps, numbers. A nil is as if it
// were not there.
type Flat map[string]any

// Format prints what it is and nothing of what is in it, whatever the verb.
func (f Flat) Format(s fmt.State, _ rune) { fmt.Fprint(s, "registry.Flat{...}") }

// LogValue gives a log what Format prints.
func (f Flat) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(f)) }

func (f Flat) open() (opened, error) {
	all := flat{}
	for name, value := range f {
		all.set(name, value, "key "+name)
	}
	return all, nil
}

// A flat is values by the name of a variable.
type flat map[string]located

type located struct {
	value any
	from  string
}

func (f flat) set(name string, value any, from string) {
	if !absent(value) {
		f[name] = located{value, from}
	}
}

func absent(value any) bool { return value == nil || value == "" }

// variable returns the name of the variable of a client's key.
func variable(client, key string) string {
	return strings.Map(func(c rune) rune {
		if 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' {
			return c
		}
		return '_'
	}, strings.ToUpper(client+"_"+key))
}

func (f flat) get(client, key string) (any, string) {
	found := f[variable(client, key)]
	return found.value, found.from
}

func (f flat) parts() []part { return []part{f} }

func (f flat) place(client, key string) string { return variable(client, key) }

// check refuses a client that would read another's variable.
func (f flat) check(client string, others []string) error {
	for _, other := range others {
		if one, two := variable(client, ""), variable(other, ""); !strings.HasPrefix(one, two) &&
			!strings.HasPrefix(two, one) {
			continue
		}
		for _, k := range table {
			if name := variable(client, k.name); reads(client, name) && reads(other, name) {
				return fmt.Errorf("the client %q reads %s too: give one another name", other, name)
			}
		}
	}
	return nil
}

// reads reports whether a client reads a variable.
func reads(client, name string) bool {
	rest, ok := strings.CutPrefix(name, variable(client, ""))
	return ok && slices.ContainsFunc(table, func(k setting) bool {
		return k.at != inKwargs && strings.ToUpper(k.name) == rest
	})
}

func (f flat) unread(client string, others []string) []string {
	prefix, clients := variable(client, ""), append([]string{client}, others...)
	var names []string
	for name := range f {
		if strings.HasPrefix(name, prefix) && !slices.ContainsFunc(clients,
			func(each string) bool { return reads(each, name) }) {
			names = append(names, name)
		}
	}
	return names
}

// Nested is a Source of the keys of each client, like AUTHLIB_OAUTH_CLIENTS of a Django site:
//
//	registry.Nested{"github": {
//		"client_id":     "...",
//		"client_kwargs": map[string]any{"scope": "user:email"},
//	}}
//
// A key that is not one is an error of its client's.
type Nested map[string]map[string]any

// Format prints what it is and nothing of what is in it, whatever the verb.
func (n Nested) Format(s fmt.State, _ rune) { fmt.Fprint(s, "registry.Nested{...}") }

// LogValue gives a log what Format prints.
func (n Nested) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(n)) }

func (n Nested) open() (opened, error) {
	return nested{n, "key "}, nil
}

type nested struct {
	clients map[string]map[string]any
	label   string
}

func (n nested) get(client, key string) (any, string) {
	return n.clients[client][key], n.place(client, key)
}

func (n nested) parts() []part { return []part{n} }

func (n nested) place(_, key string) string { return n.label + strconv.Quote(key) }

func (n nested) check(client string, _ []string) error {
	return unknown(n.label, n.clients[client], inKwargs)
}

func (n nested) unread(string, []string) []string { return nil }

// unknown returns an error that lists what in values is no key, or one that only stands
// elsewhere.
func unknown(label string, values map[string]any, elsewhere level) error {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if _, ok := lookup(name, elsewhere); !ok {
			names = append(names, label+strconv.Quote(name))
		}
	}
	if names == nil {
		return nil
	}
	return fmt.Errorf("%s: not known", strings.Join(names, ", "))
}

// JSON is a Source like [Nested], as the text of a JSON object: of the clients, 256 at most, or
// with a member AUTHLIB_OAUTH_CLIENTS that is it. It is read strictly: a member that is there
// twice is an error.
type JSON string

// Format prints what it is and nothing of what is in it, whatever the verb.
func (j JSON) Format(s fmt.State, _ rune) { fmt.Fprint(s, "registry.JSON{...}") }

// LogValue gives a log what Format prints.
func (j JSON) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(j)) }

func (j JSON) open() (opened, error) {
	all, err := object(string(j))
	if err != nil {
		return nil, fmt.Errorf("the JSON of the configuration: %w", err)
	}
	const django = "AUTHLIB_OAUTH_CLIENTS"
	if clients, ok := all[django]; ok {
		if all, ok = clients.(map[string]any); !ok {
			return nil, fmt.Errorf("the JSON of the configuration: %q %w", django, errMap)
		}
	}
	clients := map[string]map[string]any{}
	for name, values := range all {
		client, ok := values.(map[string]any)
		if !ok && values != nil {
			return nil, fmt.Errorf("the JSON of the configuration: %q %w", name, errMap)
		}
		clients[name] = client
	}
	return nested{clients, "JSON key "}, nil
}

// Sources returns the Source that has of each field of [Config] what the first of sources has
// that has it.
func Sources(sources ...Source) Source {
	sources = slices.Clone(sources)
	return inOrder{func() []Source { return sources }}
}

// An inOrder has its sources where printing does not reach.
type inOrder struct{ sources func() []Source }

func (l inOrder) open() (opened, error) {
	var all several
	for _, source := range l.sources() {
		o, err := open(source)
		if err != nil {
			return nil, err
		}
		all = append(all, o)
	}
	return all, nil
}

type several []opened

func (s several) parts() []part {
	var all []part
	for _, each := range s {
		all = append(all, each.parts()...)
	}
	return all
}

func (s several) place(client, key string) string {
	var places []string
	for _, each := range s {
		places = append(places, each.place(client, key))
	}
	places = slices.DeleteFunc(places, func(place string) bool { return place == "" })
	return strings.Join(slices.Compact(places), " or ")
}

func (s several) check(client string, others []string) error {
	for _, each := range s {
		if err := each.check(client, others); err != nil {
			return err
		}
	}
	return nil
}

func (s several) unread(client string, others []string) []string {
	var names []string
	for _, each := range s {
		names = append(names, each.unread(client, others)...)
	}
	return names
}
