package interop

import (
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"

	"vouchsafe/jose"
	"vouchsafe/oauth2"
	"vouchsafe/oidc"
)

const (
	clientSite  = "https://client.example.com" // op.mjs asks tests for what is there
	deviceGrant = "urn:ietf:params:oauth:grant-type:device_code"

	minCases = 60
)

// A row is one case of the table.
type row struct {
	name, note string
	run        func(*testing.T) // nil where one of the two lacks it
}

type group struct {
	name string
	add  func(*table) // its rows
	rows []*row
}

// A table is what works with the npm package oidc-provider, and what is refused by whom: one
// provider that has the clients of all rows. Rows are added before it is started, and run
// one after the other, since some turn its keys and its clock.
type table struct {
	rows    []*row // of the group that is being added
	cases   int    // that are run, in all groups
	keys    keyring
	clients []map[string]any // of the provider
	site    *http.ServeMux   // what it finds at clientSite

	issuer string
	server oauth2.AuthorizationServer
}

// client adds a client that may do everything, but for what metadata says (RFC 7591,
// Section 2), where nil takes away, and returns its ID.
func (tb *table) client(metadata map[string]any) (id string) {
	id = "client " + strconv.Itoa(len(tb.clients))
	m := map[string]any{
		"client_id":                  id,
		"client_secret":              longSecret,
		"redirect_uris":              []string{siteRedirectURI},
		"token_endpoint_auth_method": "client_secret_basic",
		"grant_types": []string{"authorization_code", "implicit", "refresh_token",
			"client_credentials", deviceGrant},
		"response_types": responseTypes(),
		"jwks":           tb.keys.public(),
	}
	maps.Copy(m, metadata)
	maps.DeleteFunc(m, func(_ string, value any) bool { return value == nil })
	tb.clients = append(tb.clients, m)
	return id
}

func (tb *table) row(name, note string, run func(*testing.T)) {
	tb.rows = append(tb.rows, &row{name, note, run})
	tb.cases++
}

// lacks adds a row that is not run, for the reason that note gives.
func (tb *table) lacks(name, note string) {
	tb.rows = append(tb.rows, &row{name: name, note: note})
}

// logins adds a row for each case, with a client of its own.
func (tb *table) logins(cases []openIDCase) {
	for _, c := range cases {
		id := tb.client(c.provider)
		tb.row(c.name, c.outcome(), func(t *testing.T) { c.run(t, tb.party(t, id, c.config)) })
	}
}

// start starts the provider.
func (tb *table) start(t *testing.T) {
	t.Helper()
	site := httptest.NewServer(tb.site)
	t.Cleanup(site.Close)
	t.Setenv("OP_CLIENTS", site.URL)
	text, err := json.Marshal(tb.clients)
	if err != nil {
		t.Fatal(err)
	}
	tb.issuer = startProvider(t, testClientID, testSecret, testRedirectURI, string(text))
	tb.server, err = oauth2.Discover(t.Context(), nil, tb.issuer)
	if err != nil {
		t.Fatal(err)
	}
}

// turn has the provider turn its keys or its clock, see op.mjs.
func (tb *table) turn(t *testing.T, what string) {
	t.Helper()
	resp, err := http.Post(tb.issuer+"/test/"+what, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("turning %s: %s", what, resp.Status)
	}
}

// later has the provider's clock go ahead until the end of the test.
func (tb *table) later(t *testing.T, seconds int) {
	t.Helper()
	tb.turn(t, "clock?ahead="+strconv.Itoa(seconds))
	t.Cleanup(func() { tb.turn(t, "clock?ahead=0") })
}

// party makes the relying party that the provider knows as id.
func (tb *table) party(
	t *testing.T, id string, change func(keyring, *oidc.Config),
) *oidc.Client {
	t.Helper()
	config := oidc.Config{Issuer: tb.issuer, ID: id, Auth: oauth2.ClientSecretBasic(longSecret)}
	if change != nil {
		change(tb.keys, &config)
	}
	client, err := oidc.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// oauth makes the client that the provider knows as id.
func (tb *table) oauth(
	t *testing.T, id string, auth oauth2.ClientAuthentication,
) *oauth2.Client {
	t.Helper()
	client, err := oauth2.New(oauth2.Config{ID: id, Server: tb.server, Auth: auth})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// login has alice log in, with a browser of her own.
func (tb *table) login(
	t *testing.T, client *oidc.Client, o oidc.AuthorizationOptions,
) *oidc.Login {
	t.Helper()
	login, err := openIDCase{options: o}.
		logIn(t.Context(), client, newBrowser("alice", redirectOf(o)))
	if err != nil {
		t.Fatal(err)
	}
	return login
}

func groups() []*group {
	return []*group{
		{name: "discovery", add: discovery},
		{name: "client authentication", add: clientAuthentication},
		{name: "clients refused", add: clientsRefused},
		{name: "signatures", add: signatures},
		{name: "encryption", add: encryption},
		{name: "disagreements", add: disagreements},
		{name: "responses", add: responses},
		{name: "request objects", add: requestObjects},
		{name: "requests", add: requests},
		{name: "sessions", add: sessions},
		{name: "codes", add: codes},
		{name: "attacks", add: attacks},
		{name: "other grants", add: otherGrants},
		{name: "refresh", add: refreshes},
		{name: "device", add: devices},
		{name: "access tokens", add: accessTokens},
		{name: "introspection", add: introspections},
		{name: "revocation", add: revocations},
		{name: "resources", add: resources},
		{name: "subjects", add: subjects},
		{name: "keys that change", add: keyChanges},
		{name: "registration", add: registrations},
		{name: "logout", add: logouts},
		{name: "back-channel logout", add: backChannelLogouts},
	}
}

// A provider that is certified, and all that both can: each row says what came of it.
func TestTableAtProvider(t *testing.T) {
	tb := &table{keys: newKeyring(), site: http.NewServeMux()}
	all := groups()
	for _, g := range all {
		tb.rows = nil
		g.add(tb)
		g.rows = tb.rows
	}
	if tb.cases < minCases {
		t.Errorf("there are %d cases, want %d", tb.cases, minCases)
	}
	tb.start(t)
	v := newVerdicts(t)
	for _, g := range all {
		t.Run(g.name, func(t *testing.T) {
			for _, r := range g.rows {
				r.test(t, v, g.name+": "+r.name)
			}
		})
	}
}

func (r *row) test(t *testing.T, v *verdicts, name string) {
	if r.run == nil {
		v.lacks(name, r.note)
		return
	}
	t.Run(r.name, func(t *testing.T) {
		t.Cleanup(func() { v.add(t, name, true, r.note) })
		r.run(t)
	})
}

// outcome says whose refusal err is.
func outcome(err error) string {
	if c, ok := errors.AsType[*jose.CheckError](err); ok {
		return "we refuse: " + c.Check
	}
	if e, ok := errors.AsType[*oauth2.Error](err); ok {
		return "it refuses: " + e.Code
	}
	if errors.Is(err, jose.ErrSignature) {
		return "we refuse: signature"
	}
	return ""
}

func wants(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("error is %v, want %v", err, want)
	}
}

// refused adds a row of what must fail in that way.
func (tb *table) refused(name string, want error, do func(*testing.T) error) {
	tb.row(name, outcome(want), func(t *testing.T) {
		err := do(t)
		wants(t, err, want)
	})
}
