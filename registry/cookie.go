package registry

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"
)

const (
	// maxCookie bounds a login's cookie, name and value, in bytes: five of them must
	// fit in a request's header, for which many servers allow 8 KB.
	maxCookie = 1536

	// hostPrefix is that of cookies which browsers let be set over https by the host itself
	// only (RFC 6265bis, Section 4.1.3.2).
	hostPrefix = "__Host-"

	cookiePrefix = "vouchsafe."
)

// cookies is the holder that has a cookie for each login.
type cookies struct{}

// entry's name has the prefix if the site is https. One without could have been set by a
// neighbouring host.
func (cookies) entry(id string, https bool) entry {
	if https {
		return entry{Name: hostPrefix + cookiePrefix + id}
	}
	return entry{Name: cookiePrefix + id, weak: true}
}

func (cookies) entries(r *http.Request) ([]entry, error) {
	var held []entry
	for _, c := range r.Cookies() {
		bare, strong := strings.CutPrefix(c.Name, hostPrefix)
		if strings.HasPrefix(bare, cookiePrefix) {
			held = append(held, entry{Name: c.Name, Value: c.Value, weak: !strong})
		}
	}
	return held, nil
}

func (cookies) hold(w http.ResponseWriter, _ *http.Request, _, gone []entry, e entry) error {
	if len(e.Name)+len(e.Value) > maxCookie {
		return errors.New("login's cookie must have at most 1536 bytes: use CacheStore, or shorten " +
			"ReturnTo or the scopes")
	}
	for _, g := range gone {
		setCookie(w, entry{Name: g.Name, life: -time.Second})
	}
	setCookie(w, e)
	return nil
}

// setCookie sets a login's cookie, or has it forgotten if its life is negative.
// SameSite=Lax lets it come along when the provider sends the browser back, and
// not with requests that other sites make; where the provider's page posts the callback,
// that is one (OAuth 2.0 Form Post Response Mode, Section 2).
func setCookie(w http.ResponseWriter, e entry) {
	sameSite := http.SameSiteLaxMode
	if e.posted {
		sameSite = http.SameSiteNoneMode
	}
	h := w.Header()
	h["Set-Cookie"] = slices.DeleteFunc(h["Set-Cookie"], func(line string) bool {
		return strings.HasPrefix(line, e.Name+"=") // at most one of a name: RFC 6265, Section 4.1.1
	})
	http.SetCookie(w, &http.Cookie{
		Name:     e.Name,
		Value:    e.Value,
		Path:     "/",
		MaxAge:   int(e.life / time.Second),
		Secure:   strings.HasPrefix(e.Name, hostPrefix),
		HttpOnly: true,
		SameSite: sameSite,
	})
}
