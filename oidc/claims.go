package oidc

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"vouchsafe/internal/strictjson"
)

// UserInfo is what a provider says of a user: the standard claims of OpenID Connect Core
// 1.0, Section 5.1. A field is empty if its claim is absent or of another type than the
// standard has, as some providers send updated_at as text; [UserInfo.Claims] has what was
// sent, and claims in other languages (Section 5.2).
//
// Everything but the Identity may change from one day to the next, and nothing else is
// unique (Section 5.7). The URLs are a stranger's.
type UserInfo struct {
	Identity Identity

	Name              string // "name"
	GivenName         string // "given_name"
	FamilyName        string // "family_name"
	MiddleName        string // "middle_name"
	Nickname          string // "nickname"
	PreferredUsername string // "preferred_username"
	Profile           string // "profile", a URL
	Picture           string // "picture", a URL
	Website           string // "website", a URL
	Gender            string // "gender": "female", "male", or another
	Birthdate         string // "birthdate": "2000-12-31", "0000-12-31" or "2000"
	ZoneInfo          string // "zoneinfo": "Europe/Paris"

	// Locale is "locale", a language tag as RFC 5646 writes it: "fr-CA". What is not
	// written so, "fr_CA" for example, counts as absent.
	Locale string

	Address   Address   // "address"
	UpdatedAt time.Time // "updated_at", zero if absent

	body *userInfoBody // fmt follows no pointer in a struct
}

// An Address is a postal address, OpenID Connect Core 1.0, Section 5.1.1: formatted as a
// whole, or its parts, or both. Formatted and StreetAddress may have several lines.
type Address struct {
	Formatted     string // "formatted"
	StreetAddress string // "street_address"
	Locality      string // "locality"
	Region        string // "region"
	PostalCode    string // "postal_code"
	Country       string // "country"
}

// A userInfoBody is what is behind the methods of a UserInfo.
type userInfoBody struct {
	claims       rawClaims
	flags        flags
	email, phone contact
}

// flags say how to read whether a contact was verified.
type flags struct{ stringBooleans, unchecked bool }

func (q Quirks) flags() flags { return flags{q.StringBooleans, q.UncheckedContacts} }

// A contact is an address or a number, and whether it is the user's.
type contact struct {
	value    string
	verified bool
}

// Email returns the e-mail address, if there is one, and whether the issuer of the
// Identity says that it verified that it is the user's: "email_verified", as the boolean
// true and nothing else, unless [Quirks] say otherwise. An address that is not
// verified may be somebody else's, and even one that is does not identify an account.
func (u *UserInfo) Email() (address string, verified bool) {
	if u.body == nil {
		return "", false
	}
	return u.body.email.value, u.body.email.verified
}

// PhoneNumber returns the telephone number, if there is one, and whether it was verified
// ("phone_number_verified"), on the terms of [UserInfo.Email].
func (u *UserInfo) PhoneNumber() (number string, verified bool) {
	if u.body == nil {
		return "", false
	}
	return u.body.phone.value, u.body.phone.verified
}

// Claims reads all claims as they were sent into v, as [jose.Token.Claims] does.
func (u *UserInfo) Claims(v any) error {
	if u.body == nil {
		return rawClaims{}.read(v)
	}
	return u.body.claims.read(v)
}

// Filter returns a copy that has only the claims of scopes, in every language: "profile",
// "email", "address" and "phone", as OpenID Connect Core 1.0, Section 5.4 has them. Its
// Identity remains. Other scopes have no claims.
func (u *UserInfo) Filter(scopes ...string) *UserInfo {
	if u.body == nil {
		return &UserInfo{Identity: u.Identity}
	}
	claims := rawClaims{}
	for name, value := range u.body.claims {
		standard, _, _ := strings.Cut(name, "#")
		if name == "sub" || slices.Contains(scopes, scopeOf(standard)) {
			claims[name] = value
		}
	}
	return newUserInfo(u.Identity, claims, u.body.flags)
}

// scopeOf returns the scope that asks for a claim, or nothing, which no scope is.
func scopeOf(claim string) string {
	switch claim {
	case "email", "email_verified":
		return "email"
	case "address":
		return "address"
	case "phone_number", "phone_number_verified":
		return "phone"
	case "name", "family_name", "given_name", "middle_name", "nickname", "preferred_username",
		"profile", "picture", "website", "gender", "birthdate", "zoneinfo", "locale",
		"updated_at":
		return "profile"
	}
	return " "
}

// UserInfo returns what the ID Token itself says of the user. Without an access token that
// is all there is (OpenID Connect Core 1.0, Section 5.4); otherwise [Client.UserInfo] may
// say more.
func (t *IDToken) UserInfo() *UserInfo {
	claims := rawClaims{}
	if t.token == nil || t.token.Claims(&claims) != nil {
		return &UserInfo{}
	}
	return newUserInfo(t.Identity(), claims, t.flags)
}

// userInfoMembers are the claims that this package reads.
func userInfoMembers() []string {
	return []string{"sub", "name", "given_name", "family_name", "middle_name", "nickname",
		"preferred_username", "profile", "picture", "website", "gender", "birthdate",
		"zoneinfo", "locale", "address", "updated_at", "email", "email_verified",
		"phone_number", "phone_number_verified", claimNames, claimSources}
}

// newUserInfo reads the standard claims.
func newUserInfo(who Identity, claims rawClaims, f flags) *UserInfo {
	return &UserInfo{
		Identity:          who,
		Name:              claims.text("name"),
		GivenName:         claims.text("given_name"),
		FamilyName:        claims.text("family_name"),
		MiddleName:        claims.text("middle_name"),
		Nickname:          claims.text("nickname"),
		PreferredUsername: claims.text("preferred_username"),
		Profile:           claims.text("profile"),
		Picture:           claims.text("picture"),
		Website:           claims.text("website"),
		Gender:            claims.text("gender"),
		Birthdate:         claims.text("birthdate"),
		ZoneInfo:          claims.text("zoneinfo"),
		Locale:            languageTag(claims.text("locale")),
		Address:           readAddress(claims.value("address")),
		UpdatedAt:         claims.time("updated_at"),
		body: &userInfoBody{
			claims: claims,
			flags:  f,
			email:  claims.contact("email", f),
			phone:  claims.contact("phone_number", f),
		},
	}
}

// rawClaims are claims as they were sent, from JSON that strictjson took.
type rawClaims map[string]json.RawMessage

func (c rawClaims) value(name string) strictjson.Value { return strictjson.Value(c[name]) }

// text returns a string, empty if the claim is none.
func (c rawClaims) text(name string) string {
	s, _ := c.value(name).String()
	return s
}

// time returns a NumericDate, zero if the claim is none.
func (c rawClaims) time(name string) time.Time {
	seconds, ok := c.value(name).Seconds()
	if !ok {
		return time.Time{}
	}
	return time.Unix(seconds, 0)
}

// contact reads the claim called name, and the one that says whether it was verified.
func (c rawClaims) contact(name string, f flags) contact {
	value, flag := c.text(name), name+"_verified"
	verified := c.value(flag) == "true"
	if f.stringBooleans && !verified {
		s, _ := c.value(flag).Text()
		verified = s == "true" || s == "1"
	}
	return contact{value, verified && value != "" && !f.unchecked}
}

// read reads all claims into v.
func (c rawClaims) read(v any) error {
	raw, err := json.Marshal(map[string]json.RawMessage(c))
	if err != nil {
		return err
	}
	return strictjson.Unmarshal(string(raw), v)
}

func readAddress(v strictjson.Value) Address {
	m, _ := strictjson.Parse(string(v)) // which is empty beside an error
	member := func(name string) string {
		s, _ := m.Get(name).String()
		return s
	}
	return Address{
		Formatted:     member("formatted"),
		StreetAddress: member("street_address"),
		Locality:      member("locality"),
		Region:        member("region"),
		PostalCode:    member("postal_code"),
		Country:       member("country"),
	}
}

const (
	letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	digits  = "0123456789"
)

// languageTag returns tag if it has the shape of one, RFC 5646, Section 2.1: subtags of 1
// to 8 letters and digits, the first a language of 2 letters or more, or "x" or "i" with
// more behind it.
func languageTag(tag string) string {
	subtags := strings.Split(tag, "-")
	for _, s := range subtags {
		if len(s) < 1 || len(s) > 8 || strings.Trim(s, letters+digits) != "" {
			return ""
		}
	}
	language := subtags[0]
	special := len(subtags) > 1 && strings.Trim(language, "xXiI") == ""
	if strings.Trim(language, letters) != "" || len(language) < 2 && !special {
		return ""
	}
	return tag
}
