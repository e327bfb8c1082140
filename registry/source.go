package registry

// A Source is where the configuration of clients comes from: [Env], [Flat], [Nested], [JSON],
// or several of them by [Sources].
type Source interface {
	// TODO(config)
	todo()
}

// Env returns the Source that is the environment, and files such as ".env" for what the
// environment does not have, the first file first. A client's keys are NAME_CLIENT_ID and so on.
// The files are read by [Registry.Init].
func Env(files ...string) Source { return nil }

// Flat is a Source of keys such as GITHUB_CLIENT_ID, like Flask's app.config. Values are texts,
// or what the key is of: lists, maps, numbers. A nil is as if it were not there.
type Flat map[string]any

func (Flat) todo() {}

// Nested is a Source of the keys of each client, like AUTHLIB_OAUTH_CLIENTS of a Django site:
//
//	registry.Nested{"github": {"client_id": "...", "client_kwargs": map[string]any{"scope": "user:email"}}}
type Nested map[string]map[string]any

func (Nested) todo() {}

// JSON is a Source like [Nested], as the text of a JSON object: of the clients, or with a
// member AUTHLIB_OAUTH_CLIENTS that is it.
type JSON string

func (JSON) todo() {}

// Sources returns the Source that has what the first of sources has that has it.
func Sources(sources ...Source) Source { return nil }
