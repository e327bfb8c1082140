package interop

import (
	"cmp"

	"vouchsafe/oidc"
)

// Every response type in every mode that it may come in.
func responses(tb *table) {
	var cases []openIDCase
	for _, responseType := range responseTypes() {
		modes := []string{"", "fragment", "form_post", "jwt", "fragment.jwt", "form_post.jwt"}
		if responseType == "code" {
			modes = append(modes, "query", "query.jwt")
		}
		for _, mode := range modes {
			cases = append(cases, openIDCase{
				name:    responseType + " by " + cmp.Or(mode, "default"),
				options: oidc.AuthorizationOptions{ResponseType: responseType, ResponseMode: mode},
			})
		}
	}
	tb.logins(cases)
}
