package oidc

import (
	"encoding/json"
	"slices"
)

// A ClaimsRequest asks for single claims, beside those that scopes ask for: the claims
// parameter of OpenID Connect Core 1.0, Section 5.5, which a provider need not heed. The
// keys are names of claims, which may have a language: "name#de" (Section 5.5.2).
type ClaimsRequest struct {
	UserInfo map[string]ClaimRequest // from the UserInfo Endpoint
	IDToken  map[string]ClaimRequest // in the ID Token
}

// A ClaimRequest says how one claim is asked for, OpenID Connect Core 1.0, Section 5.5.1.
// The zero value asks for it in the default manner, as a voluntary claim.
//
// An essential claim may be absent all the same, but for two of the ID Token that are then
// checked: "acr" with Value or Values (Section 5.5.1.1), and "auth_time". So is a "sub"
// with a Value.
type ClaimRequest struct {
	Essential bool  // the login goes less smoothly without it
	Value     any   // what the claim must be, if not nil
	Values    []any // or must be one of, best first
}

// MarshalJSON returns the claims parameter. The same request is always the same text. The
// error is a [*jose.CheckError]: "acr" and "sub" must be asked for as strings, and of the
// ID Token if as particular ones.
func (r ClaimsRequest) MarshalJSON() ([]byte, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	return json.Marshal(struct {
		UserInfo map[string]ClaimRequest `json:"userinfo,omitempty"`
		IDToken  map[string]ClaimRequest `json:"id_token,omitempty"`
	}{r.UserInfo, r.IDToken})
}

// MarshalJSON returns null or an object, as [ClaimsRequest] has it.
func (r ClaimRequest) MarshalJSON() ([]byte, error) {
	if !r.Essential && r.takesAny() {
		return []byte("null"), nil
	}
	return json.Marshal(struct {
		Essential bool  `json:"essential,omitempty"`
		Value     any   `json:"value,omitempty"`
		Values    []any `json:"values,omitempty"`
	}(r))
}

// check refuses what means nothing, or what could not be compared later.
func (r ClaimsRequest) check() error {
	const clause = "OpenID Connect Core 1.0, Section 5.5.1"
	for _, claims := range []map[string]ClaimRequest{r.UserInfo, r.IDToken} {
		for name, claim := range claims {
			if name == "" || claim.Value != nil && len(claim.Values) > 0 {
				return checkError("claims", "must have names, and a value or values", clause)
			}
		}
	}
	subject := r.IDToken["sub"]
	if _, ok := texts(subject); !ok || len(subject.Values) > 0 || !r.UserInfo["sub"].takesAny() {
		return checkError("claims", "must ask for a subject by one string, in the ID Token", clause)
	}
	if _, ok := texts(r.IDToken["acr"]); !ok {
		return checkError("claims", "must ask for acr by strings",
			"OpenID Connect Core 1.0, Section 5.5.1.1")
	}
	return nil
}

// takesAny reports whether r asks for no value in particular.
func (r ClaimRequest) takesAny() bool { return r.Value == nil && len(r.Values) == 0 }

// texts returns the values asked for, if they are strings.
func texts(r ClaimRequest) (list []string, ok bool) {
	values := slices.Clone(r.Values)
	if r.Value != nil {
		values = append(values, r.Value)
	}
	for _, v := range values {
		s, isText := v.(string)
		if !isText || s == "" {
			return nil, false
		}
		list = append(list, s)
	}
	return list, true
}

// expected returns what the ID Token is held to: one of acr, unless that is empty, that it
// has auth_time, and a subject, unless that is empty.
func (r *ClaimsRequest) expected() (acr []string, authTime bool, subject string) {
	if r == nil {
		return nil, false, ""
	}
	if r.IDToken["acr"].Essential {
		acr, _ = texts(r.IDToken["acr"])
	}
	subject, _ = r.IDToken["sub"].Value.(string)
	return acr, r.IDToken["auth_time"].Essential, subject
}
