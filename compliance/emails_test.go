package compliance

import (
	"strings"
	"testing"
)

// Which address counts, and that nothing but true verifies it.
func TestEmailsFind(t *testing.T) {
	list := Emails{Email: "email", Primary: "primary", Verified: "verified"}
	inside := list
	inside.List = "/data/emails"
	named := Emails{List: "emails", Email: "email", Verified: "verified"}
	first := Emails{Email: "email", Verified: "verified"}
	none := Emails{Email: "email", Primary: "primary"}
	const rosa = `{"email":"rosa@app.example","primary":true,"verified":true}`
	for _, test := range []struct {
		name     string
		e        Emails
		answer   string
		want     string
		verified bool
	}{
		{"the primary one", list, `[{"email":"old@app.example","primary":false,"verified":true},` +
			rosa + `]`, "rosa@app.example", true},
		{"the primary one, not verified", list,
			`[{"email":"old@app.example","primary":false,"verified":true},` +
				`{"email":"rosa@app.example","primary":true,"verified":false}]`,
			"rosa@app.example", false},
		{"none is primary", list, `[{"email":"a@app.example","primary":false,"verified":true}]`,
			"", false},
		{"primary by a text", list, `[{"email":"a@app.example","primary":"true","verified":true}]`,
			"", false},
		{"primary by a number", list, `[{"email":"a@app.example","primary":1,"verified":true}]`,
			"", false},
		{"primary is not said", list, `[{"email":"a@app.example","verified":true}]`, "", false},
		{"verified by a text", list,
			`[{"email":"a@app.example","primary":true,"verified":"true"}]`, "a@app.example", false},
		{"verified is not said", list, `[{"email":"a@app.example","primary":true}]`,
			"a@app.example", false},
		{"verified in other letters", list,
			`[{"email":"a@app.example","primary":true,"Verified":true}]`, "a@app.example", false},
		{"no address", list, `[{"primary":true,"verified":true},` + rosa + `]`, "", false},
		{"an empty address", list, `[{"email":"","primary":true,"verified":true}]`, "", false},
		{"an address that is no text", list, `[{"email":["a@app.example"],"primary":true,` +
			`"verified":true}]`, "", false},
		{"of two the first", list, `[` + rosa + `,` + strings.Replace(rosa, "rosa", "eve", 1) + `]`,
			"rosa@app.example", true},
		{"what is no object", list, `["eve@app.example",null,[` + rosa + `],` + rosa + `]`,
			"rosa@app.example", true},
		{"one object", list, rosa, "rosa@app.example", true},
		{"empty", list, `[]`, "", false},
		{"null", list, `null`, "", false},
		{"a text", list, `"rosa@app.example"`, "", false},
		{"nothing", list, ``, "", false},
		{"no JSON", list, `[` + rosa, "", false},
		{"a member twice", list, `[{"email":"a@app.example","email":"b@app.example",` +
			`"primary":true}]`, "", false},
		{"more behind it", list, rosa + `,"answer":` + rosa, "", false},

		{"inside", inside, `{"data":{"emails":[` + rosa + `]}}`, "rosa@app.example", true},
		{"inside, one object", inside, `{"data":{"emails":` + rosa + `}}`,
			"rosa@app.example", true},
		{"elsewhere", inside, `{"emails":[` + rosa + `]}`, "", false},
		{"by name", named, `{"emails":[` + rosa + `]}`, "rosa@app.example", true},
		{"by an odd name", Emails{List: "a/b~1", Email: "email"}, `{"a/b~1":` + rosa + `}`,
			"rosa@app.example", false},
		{"not the answer itself", named, `[` + rosa + `]`, "", false},

		{"the first", first, `[{"email":"a@app.example","primary":false,"verified":true},` + rosa +
			`]`, "a@app.example", true},
		{"the first is no object", first, `[5,` + rosa + `]`, "rosa@app.example", true},
		{"none is verified", none, `[` + rosa + `]`, "rosa@app.example", false},
		{"none is verified by no name", none, `[{"email":"a@app.example","primary":true,"":true}]`,
			"a@app.example", false},
	} {
		if got, verified := test.e.Find([]byte(test.answer)); got != test.want ||
			verified != test.verified {
			t.Errorf("%s: %q, verified %t", test.name, got, verified)
		}
	}
}
