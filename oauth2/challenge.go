package oauth2

import (
	"net/http"
	"strings"

	"vouchsafe/internal/challenge"
)

// A Challenge is one of the challenges of a WWW-Authenticate header, RFC 9110,
// Section 11.6.1.
type Challenge struct {
	Scheme string            // "Bearer", in the server's spelling
	Params map[string]string // by name in lower case: "error", "scope", ...
}

// maxChallenges bounds the WWW-Authenticate fields that are read, in bytes.
const maxChallenges = 16 << 10

// ParseChallenges returns the challenges of the WWW-Authenticate fields of h, of which
// there may be several, with several challenges each. A field that is malformed is
// passed over, and so is a challenge that has a parameter twice (RFC 9110, Section
// 11.2). What a challenge says is a stranger's word.
func ParseChallenges(h http.Header) []Challenge {
	var list []Challenge
	room := maxChallenges
	for _, field := range h.Values("WWW-Authenticate") {
		if room -= len(field); room < 0 {
			break
		}
		parsed, _ := challenge.Parse(field)
		for _, c := range parsed {
			params := make(map[string]string, len(c.Params))
			for _, p := range c.Params {
				params[strings.ToLower(p.Name)] = p.Value
			}
			if len(params) == len(c.Params) {
				list = append(list, Challenge{c.Scheme, params})
			}
		}
	}
	return list
}
