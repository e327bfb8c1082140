package compliance

import (
	"strings"

	"vouchsafe/internal/strictjson"
)

// Emails says where the addresses of a user are, if they have a list of their own.
type Emails struct {
	// Endpoint is where to ask for them, relative to APIBaseURL. If empty, they are in the
	// answer of the UserInfo Endpoint.
	Endpoint string

	// List is where the list is in the answer, as in UserInfoNames; if empty, it is the answer.
	// One object there is a list of one.
	List string

	// Email, Primary and Verified are members of one address: what it is, whether it is the
	// one that counts, and whether the provider has verified that it is the user's: by the
	// boolean true, and nothing else. If Primary is empty, the first counts; if Verified is
	// empty, none is verified.
	Email, Primary, Verified string
}

// Find returns the address that counts, in an answer that is JSON, and whether it was
// verified; empty if there is none.
func (e Emails) Find(answer []byte) (address string, verified bool) {
	m, err := strictjson.Parse(`{"answer":` + string(answer) + `}`)
	if err != nil {
		return "", false
	}
	place := "/answer"
	if e.List != "" {
		list := e.List
		if list[0] != '/' {
			list = "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(list)
		}
		place += list
	}
	list, ok := m.At(place).Array()
	if !ok {
		list = []strictjson.Value{m.At(place)}
	}
	for _, v := range list {
		each, err := strictjson.Parse(string(v))
		if err != nil || e.Primary != "" && each.Get(e.Primary) != "true" {
			continue
		}
		address, _ = each.Get(e.Email).String()
		return address, address != "" && e.Verified != "" && each.Get(e.Verified) == "true"
	}
	return "", false
}
