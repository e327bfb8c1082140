package oidc

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"vouchsafe/oidc/oidctest"
)

// everything has all claims of OpenID Connect Core 1.0, Section 5.1.
const everything = `{"sub":"alice","name":"Alice Example","given_name":"Alice",
	"family_name":"Example","middle_name":"B.","nickname":"Al","preferred_username":"al",
	"profile":"https://p.example/al","picture":"https://p.example/al.png",
	"website":"https://al.example","email":"alice@example.com","email_verified":true,
	"gender":"female","birthdate":"0000-03-22","zoneinfo":"Europe/Paris","locale":"fr-CA",
	"phone_number":"+1 (604) 555-1234;ext=5678","phone_number_verified":true,
	"address":{"formatted":"1 Way\nTown","street_address":"1 Way","locality":"Town",
	"region":"Shire","postal_code":"1234","country":"Land"},"updated_at":1311280970,
	"name#de":"Alice Beispiel","https://p.example/groups":["a"]}`

func mustRead(t *testing.T, body string, s UserInfoSource) *UserInfo {
	t.Helper()
	user, err := readUserInfo([]byte(body), s)
	if err != nil {
		t.Fatal(err)
	}
	return user
}

// flat returns all that a UserInfo says.
func flat(u *UserInfo) map[string]any {
	said := map[string]any{}
	address, verified := u.Email()
	said["email"], said["email_verified"] = address, verified
	number, verified := u.PhoneNumber()
	said["phone_number"], said["phone_number_verified"] = number, verified
	shown := *u
	shown.body = nil
	text, _ := json.Marshal(shown)
	json.Unmarshal(text, &said)
	return said
}

func TestStandardClaims(t *testing.T) {
	user := mustRead(t, everything, UserInfoSource{Issuer: "https://p.example"})
	want := UserInfo{
		Identity: Identity{"https://p.example", "alice"},
		Name:     "Alice Example", GivenName: "Alice", FamilyName: "Example", MiddleName: "B.",
		Nickname: "Al", PreferredUsername: "al", Profile: "https://p.example/al",
		Picture: "https://p.example/al.png", Website: "https://al.example", Gender: "female",
		Birthdate: "0000-03-22", ZoneInfo: "Europe/Paris", Locale: "fr-CA",
		Address: Address{Formatted: "1 Way\nTown", StreetAddress: "1 Way", Locality: "Town",
			Region: "Shire", PostalCode: "1234", Country: "Land"},
		UpdatedAt: time.Unix(1311280970, 0),
		body:      user.body,
	}
	if *user != want {
		t.Errorf("user is %+v, want %+v", *user, want)
	}
	if address, verified := user.Email(); address != "alice@example.com" || !verified {
		t.Errorf("%s %v", address, verified)
	}
	if number, ok := user.PhoneNumber(); number != "+1 (604) 555-1234;ext=5678" || !ok {
		t.Errorf("%s %v", number, ok)
	}
	var sent, got map[string]any
	if err := json.Unmarshal([]byte(everything), &sent); err != nil {
		t.Fatal(err)
	}
	if err := user.Claims(&got); err != nil {
		t.Fatal(err)
	}
	if !maps.EqualFunc(sent, got, sameJSON) || got["name#de"] != "Alice Beispiel" {
		t.Errorf("claims are %v, want %v", got, sent)
	}
}

// No claim that is read comes in another case.
func TestClaimsInAnotherCase(t *testing.T) {
	var names map[string]any
	if err := json.Unmarshal([]byte(everything), &names); err != nil {
		t.Fatal(err)
	}
	delete(names, "name#de")
	delete(names, "https://p.example/groups")
	names[claimNames], names[claimSources] = nil, nil
	for name := range names {
		user, err := readUserInfo([]byte(`{"sub":"alice","`+strings.ToUpper(name)+`":"x"}`),
			UserInfoSource{})
		if outcome(err) != "check body" || user != nil {
			t.Errorf("%s: %+v, %v", name, user, err)
		}
	}
}

// Claims that do not fit what they are read into are an error.
func TestClaimsThatDoNotFit(t *testing.T) {
	var into struct {
		Sub int `json:"sub"`
	}
	raw := rawClaims{"sub": json.RawMessage(`"alice"`)}
	for name, read := range map[string]func(any) error{
		"UserInfo":      mustRead(t, everything, UserInfoSource{}).Claims,
		"SourcedClaims": (&SourcedClaims{bankIssuer, &raw}).Claims,
	} {
		if err := read(&into); err == nil || into.Sub != 0 {
			t.Errorf("%s: %v, %v", name, into, err)
		}
	}
	var list []string
	for name, read := range map[string]func(any) error{
		"UserInfo": new(UserInfo).Claims, "SourcedClaims": new(SourcedClaims).Claims} {
		if err := read(&list); err == nil {
			t.Errorf("%s: an object is %q", name, list)
		}
	}
}

func sameJSON(a, b any) bool {
	textA, _ := json.Marshal(a)
	textB, _ := json.Marshal(b)
	return string(textA) == string(textB)
}

// A claim of the wrong type counts as absent, and remains to be had.
func TestClaimsOfTheWrongType(t *testing.T) {
	var names map[string]any
	if err := json.Unmarshal([]byte(everything), &names); err != nil {
		t.Fatal(err)
	}
	none := flat(mustRead(t, `{"sub":"alice"}`, UserInfoSource{}))
	delete(names, "sub")
	for name := range names {
		for _, value := range []string{`null`, `7`, `true`, `[]`, `{}`, `["alice"]`, `{"a":"b"}`,
			`"2025-01-01T00:00:00.000Z"`, `1e300`} {
			suits := map[string]bool{"updated_at": value == `7`,
				"email_verified": value == `true`, "phone_number_verified": value == `true`}
			if suits[name] || value[0] == '"' && name != "updated_at" && name != "address" &&
				!strings.HasSuffix(name, "_verified") {
				continue
			}
			user := mustRead(t, `{"sub":"alice","`+name+`":`+value+`}`, UserInfoSource{})
			if got := flat(user); !maps.EqualFunc(got, none, sameJSON) {
				t.Errorf("%s %s: user is %v", name, value, got)
			}
			var claims map[string]json.RawMessage
			if err := user.Claims(&claims); err != nil || string(claims[name]) != value {
				t.Errorf("%s %s: claims are %s, %v", name, value, claims, err)
			}
		}
	}
}

// Within an address, too.
func TestAddress(t *testing.T) {
	for _, test := range []struct {
		value string
		want  Address
	}{
		{`{"country":"Land"}`, Address{Country: "Land"}},
		{`{"country":"Land","region":7,"locality":null,"street_address":["x"]}`,
			Address{Country: "Land"}},
		{`{"Country":"Land","more":{"country":"x"}}`, Address{}},
		{`"1 Way"`, Address{}}, {`[{"country":"Land"}]`, Address{}}, {`null`, Address{}},
	} {
		user := mustRead(t, `{"sub":"a","address":`+test.value+`}`, UserInfoSource{})
		if user.Address != test.want {
			t.Errorf("%s: %+v, want %+v", test.value, user.Address, test.want)
		}
	}
}

// Verified says the boolean true, and with the quirk the string "true", and 1.
func TestVerified(t *testing.T) {
	for _, test := range []struct {
		value          string
		strict, quirky bool
	}{
		{`true`, true, true}, {`"true"`, false, true}, {`"tr\u0075e"`, false, true},
		{`false`, false, false}, {`"false"`, false, false}, {`"True"`, false, false},
		{`"TRUE"`, false, false}, {`" true"`, false, false}, {`"1"`, false, true},
		{`1`, false, true}, {`0`, false, false}, {`11`, false, false}, {`null`, false, false}, {`["true"]`, false, false},
		{`[true]`, false, false}, {`{"true":true}`, false, false}, {`""`, false, false},
		{`"yes"`, false, false},
	} {
		for _, quirk := range []bool{false, true} {
			user := mustRead(t, `{"sub":"a","email":"a@b.example","email_verified":`+test.value+
				`,"phone_number":"1","phone_number_verified":`+test.value+`}`,
				UserInfoSource{Quirks: Quirks{StringBooleans: quirk}})
			want := test.strict || quirk && test.quirky
			if address, verified := user.Email(); verified != want || address != "a@b.example" {
				t.Errorf("%s: %s %v", test.value, address, verified)
			}
			if number, verified := user.PhoneNumber(); verified != want || number != "1" {
				t.Errorf("%s: %s %v", test.value, number, verified)
			}
		}
	}
	user := mustRead(t, `{"sub":"a","email":"a@b.example","email_verified":true,
		"phone_number":"1","phone_number_verified":"true"}`,
		UserInfoSource{Quirks: Quirks{StringBooleans: true, UncheckedContacts: true}})
	_, email := user.Email()
	if _, phone := user.PhoneNumber(); email || phone {
		t.Error("what nobody checks is verified")
	}
	user = mustRead(t, `{"sub":"a","email_verified":true,"phone_number":7,
		"phone_number_verified":true}`, UserInfoSource{})
	_, email = user.Email()
	if _, phone := user.PhoneNumber(); email || phone {
		t.Error("what is not there is verified")
	}
	user = mustRead(t, `{"sub":"a","email":"a@b.example","phone_number":"1",
		"email_verified":true}`, UserInfoSource{})
	_, email = user.Email()
	if _, phone := user.PhoneNumber(); !email || phone {
		t.Error("one says that the other is verified")
	}
}

// A client with the quirk reads UserInfo and ID Tokens by it, others do not.
func TestStringBooleans(t *testing.T) {
	for _, quirk := range []bool{false, true} {
		w := newWorld(t,
			oidctest.Options{EditIDToken: claims("email", "a@b.example", "email_verified", "true")},
			answerer{"/userinfo": say(200, typeJSON,
				`{"sub":"alice","email":"a@b.example","email_verified":"true"}`)},
			func(c *Config) { c.Quirks.StringBooleans = quirk })
		login := w.mustLogin(AuthorizationOptions{})
		user, err := w.client.UserInfo(t.Context(), login)
		if err != nil {
			t.Fatal(err)
		}
		for name, u := range map[string]*UserInfo{
			"UserInfo": user, "ID Token": login.IDToken.UserInfo()} {
			if address, verified := u.Email(); verified != quirk || address != "a@b.example" {
				t.Errorf("%s: %s %v", name, address, verified)
			}
		}
		if _, verified := user.Filter("email").Email(); verified != quirk {
			t.Error("filtered, it is another")
		}
	}
}

// What RFC 5646 does not write so is no locale.
func TestLocale(t *testing.T) {
	for _, test := range []struct {
		locale string
		ok     bool
	}{
		{"fr", true}, {"fr-CA", true}, {"zh-Hans-CN", true}, {"sl-rozaj-biske", true},
		{"es-419", true}, {"de-CH-1996", true}, {"x-private", true}, {"i-klingon", true},
		{"EN-us", true}, {"en-a-bbb-x-a", true}, {"abcdefgh", true},
		{"fr_FR", false}, {"", false}, {"f", false}, {"x", false}, {"i", false}, {"a-DE", false},
		{"fr-", false}, {"-fr", false}, {"fr--CA", false}, {"fr-CA-", false}, {"f2-CA", false},
		{"fr CA", false}, {"français", false}, {"abcdefghi", false}, {"fr-abcdefghi", false},
		{"z-a", false}, {"fr-CA.UTF8", false}, {"419", false}, {"xi-a", true}, {"../../etc", false},
	} {
		text, _ := json.Marshal(test.locale)
		user := mustRead(t, `{"sub":"a","locale":`+string(text)+`}`, UserInfoSource{})
		want := ""
		if test.ok {
			want = test.locale
		}
		if user.Locale != want {
			t.Errorf("%q is %q", test.locale, user.Locale)
		}
		var claims struct{ Locale string }
		if err := user.Claims(&claims); err != nil || claims.Locale != test.locale {
			t.Errorf("%q was %q, %v", test.locale, claims.Locale, err)
		}
	}
}

// OpenID Connect Core 1.0, Section 5.4.
func TestFilter(t *testing.T) {
	body := strings.Replace(everything, `{`, `{"iss":"x","_claim_names":{"a":"b"},
		"_claim_sources":{"b":{"JWT":"c"}},"email#de":"x","other#de":"y","sub#de":"z",`, 1)
	user := mustRead(t, body, UserInfoSource{Issuer: "https://p.example"})
	const profile = "birthdate family_name gender given_name locale middle_name name name#de " +
		"nickname picture preferred_username profile sub updated_at website zoneinfo"
	for _, test := range []struct {
		scopes []string
		want   string
	}{
		{nil, "sub"},
		{[]string{"openid", "offline_access", "groups", ""}, "sub"},
		{[]string{"profile"}, profile},
		{[]string{"email"}, "email email#de email_verified sub"},
		{[]string{"address"}, "address sub"},
		{[]string{"phone"}, "phone_number phone_number_verified sub"},
		{[]string{"address", "phone"}, "address phone_number phone_number_verified sub"},
		{[]string{"Email", "email phone"}, "sub"},
	} {
		filtered := user.Filter(test.scopes...)
		var claims map[string]any
		if err := filtered.Claims(&claims); err != nil {
			t.Fatal(err)
		}
		names := strings.Join(slices.Sorted(maps.Keys(claims)), " ")
		if names != test.want || filtered.Identity != user.Identity {
			t.Errorf("%q: %s of %v, want %s", test.scopes, names, filtered.Identity, test.want)
		}
	}
	email := user.Filter("email")
	address, verified := email.Email()
	number, _ := email.PhoneNumber()
	if email.Name+email.Locale+number != "" || email.Address != (Address{}) ||
		!email.UpdatedAt.IsZero() || address != "alice@example.com" || !verified {
		t.Errorf("e-mail is %+v, %s %v, %s", email, address, verified, number)
	}
	if all := user.Filter("profile", "email", "address", "phone"); !maps.EqualFunc(flat(all),
		flat(user), sameJSON) || len(all.Sources()) > 0 {
		t.Errorf("all is %+v", all)
	}
	if address, _ := user.Email(); user.Name == "" || address == "" {
		t.Error("the original was changed")
	}
	if nobody := new(UserInfo).Filter("profile"); !nobody.Identity.IsZero() || nobody.Name != "" {
		t.Errorf("nobody is %+v", nobody)
	}
	made := UserInfo{Identity: user.Identity, Name: "Mallory"}
	if filtered := made.Filter("profile"); filtered.Identity != user.Identity ||
		filtered.Name != "" {
		t.Errorf("one that nobody sent is %+v", filtered)
	}
}

// What the ID Token says is read as what the UserInfo Endpoint says.
func TestIDTokenUserInfo(t *testing.T) {
	w := newWorld(t, oidctest.Options{EditIDToken: claims("name", "Alice Example",
		"locale", "fr-CA", "email", "alice@example.com", "email_verified", true,
		"phone_number", "1",
		"updated_at", "yesterday", "address", map[string]any{"country": "Land"},
		"Name", "Mallory")}, nil, nil)
	id := w.mustLogin(AuthorizationOptions{}).IDToken
	user := id.UserInfo()
	address, verified := user.Email()
	number, known := user.PhoneNumber()
	if user.Identity != id.Identity() || user.Name != "Alice Example" || user.Locale != "fr-CA" ||
		user.Address != (Address{Country: "Land"}) || !user.UpdatedAt.IsZero() ||
		address != "alice@example.com" || !verified || number != "1" || known {
		t.Errorf("user is %+v, %s %v, %s %v", user, address, verified, number, known)
	}
	claims := map[string]any{}
	if err := user.Claims(&claims); err != nil || claims["updated_at"] != "yesterday" ||
		claims["iss"] != w.Issuer() {
		t.Errorf("claims are %v, %v", claims, err)
	}
	made := IDToken{Issuer: "https://p.example", Subject: "mallory"}
	if user := made.UserInfo(); !user.Identity.IsZero() {
		t.Errorf("of an ID Token that nobody verified: %+v", user)
	}
}
