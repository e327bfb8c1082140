package strictjson

import (
	"encoding/json"
	"net/url"
)

// Form returns an object of the parameters of a form, each a string, and "", which is no
// object, if it is no form or one comes twice.
func Form(form string) string {
	values, err := url.ParseQuery(form)
	if err != nil {
		return ""
	}
	members := map[string]string{}
	for name, list := range values {
		if len(list) > 1 {
			return ""
		}
		members[name] = list[0]
	}
	text, _ := json.Marshal(members)
	return string(text)
}
