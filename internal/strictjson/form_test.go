package strictjson

import "testing"

func TestForm(t *testing.T) {
	for form, want := range map[string]string{
		"a=1&b=x%20y+z": `{"a":"1","b":"x y z"}`,
		"a":             `{"a":""}`,
		"":              `{}`,
		"a=%22%5C":      `{"a":"\"\\"}`,
		"a=1&a=1":       "",
		"a=%zz":         "",
		"a=1;b=2":       "",
	} {
		if got := Form(form); got != want {
			t.Errorf("%q is %s, want %s", form, got, want)
		}
	}
}
