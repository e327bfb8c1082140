package registry

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"vouchsafe/httpclient"
	"vouchsafe/internal/seal"
	"vouchsafe/internal/verdict"
)

const (
	// maxOpen is how many logins one browser may have in the making.
	maxOpen = 5

	// maxCookie bounds a login's cookie, name and value, in bytes: five of them must
	// fit in a request's header, for which many servers allow 8 KB.
	maxCookie = 1536

	// purposeLogin is the purpose of a login's record. A record of another purpose
	// is never a login's.
	purposeLogin = "login"

	sealPurpose = "transaction"
)

// A record is a login in the making: the protocol's transaction, and what else
// it is bound to.
type record struct {
	Purpose     string          `json:"p"`
	Client      string          `json:"c"`
	Provider    string          `json:"d"`           // the registration's digest
	User        string          `json:"u,omitempty"` // whose account is to be linked
	RedirectURI string          `json:"r"`
	ReturnTo    string          `json:"t,omitempty"`
	Posted      bool            `json:"f,omitempty"` // the provider's page posts the callback
	Expires     int64           `json:"e"`           // Unix seconds
	Transaction json.RawMessage `json:"x"`
}

// https reports whether the site is https, which is so if and only if its
// redirect URI is: what a proxy says of the request is no evidence.
func (r record) https() bool { return strings.HasPrefix(r.RedirectURI, "https://") }

// loopback reports whether the redirect URI is http on loopback.
func (r record) loopback() bool {
	u, err := url.Parse(r.RedirectURI)
	return err == nil && u.Scheme == "http" && httpclient.Loopback(u.Hostname())
}

// logins seals records, has the store keep them, and ties them to the browser by
// a cookie each.
type logins struct {
	ring  seal.Ring
	store Store
	life  time.Duration
	now   func() time.Time
}

// put keeps rec to be found by key, in this browser only.
func (l *logins) put(w http.ResponseWriter, r *http.Request, key string, rec record) error {
	if rec.Posted && !rec.https() {
		return errors.New("RedirectURI must be https for a callback that is posted: browsers send " +
			"no other cookie with it")
	}
	now := l.now()
	rec.Expires = now.Add(l.life).Unix()
	raw, err := json.Marshal(rec)
	if err != nil {
		return err
	}
	id := loginID(key)
	name := cookieName(id, rec.https())
	sealed, err := l.ring.Seal(raw, sealPurpose, name)
	if err != nil {
		return err
	}
	// Twice the life, so that one that is late can be told it is.
	held, err := l.store.put(r.Context(), id, sealed, 2*l.life)
	if err != nil {
		return err
	}
	value := strconv.FormatInt(now.Unix(), 10) + "." + held
	if len(name)+len(value) > maxCookie {
		return errors.New("login's cookie must have at most 1536 bytes: shorten ReturnTo or the scopes, " +
			"or use CacheStore")
	}
	l.evict(w, r, cookieName("", rec.https()))
	setCookie(w, name, value, 2*l.life, rec.Posted)
	return nil
}

// take returns the record found by key if it fits, and marks it as used whether
// it does or not.
func (l *logins) take(w http.ResponseWriter, r *http.Request, key string, e expected) (record, error) {
	const clause = "RFC 6749, Section 10.12"
	checks := verdict.New(r.Context(), nil)
	rec, err := l.find(w, r, key)
	if err == nil {
		err = rec.fits(e, l.now())
	}
	checks.Result("browser", clause, err)
	if err != nil {
		return record{}, err
	}
	return rec, nil
}

// An expected is what a record must be of.
type expected struct {
	purpose, client, provider string
	user                      string // who is logged in, which only a record with a user is held to
}

// fits reports why rec is not the record that is looked for.
func (r record) fits(e expected, now time.Time) error {
	switch {
	case r.Purpose != e.purpose:
		return because(ReasonOtherPurpose)
	case r.Client != e.client:
		return because(ReasonOtherClient)
	case r.Provider != e.provider:
		return because(ReasonOtherProvider)
	case r.User != "" && r.User != e.user:
		return because(ReasonOtherUser)
	case now.Unix() >= r.Expires:
		return because(ReasonExpired)
	}
	return nil
}

func (l *logins) find(w http.ResponseWriter, r *http.Request, key string) (record, error) {
	if key == "" {
		return record{}, because(ReasonNoState)
	}
	id := loginID(key)
	for _, https := range []bool{true, false} {
		name := cookieName(id, https)
		if cookie, err := r.Cookie(name); err == nil {
			setCookie(w, name, tombstone, 2*l.life, https && r.Method == http.MethodPost)
			return l.open(r.Context(), id, name, cookie.Value, https)
		}
	}
	return record{}, because(ReasonOtherBrowser)
}

// open returns the record that a cookie stands for. A cookie without the __Host-
// prefix could have been set by a neighbouring host, and counts on loopback only.
func (l *logins) open(ctx context.Context, id, name, value string, https bool) (record, error) {
	if value == tombstone {
		return record{}, because(ReasonUsed)
	}
	_, held, _ := strings.Cut(value, ".")
	sealed, err := l.store.take(ctx, id, held)
	if err != nil {
		return record{}, err
	}
	raw, err := l.ring.Open(sealed, sealPurpose, name)
	if err != nil {
		return record{}, because(ReasonTampered)
	}
	var rec record
	if err := json.Unmarshal(raw, &rec); err != nil || !https && !rec.loopback() {
		return record{}, because(ReasonTampered)
	}
	return rec, nil
}

// evict makes room for one more login: the oldest goes. It looks at the cookies of
// the site's own kind only, as a neighbouring host can set others, and forgets no
// more than it could have set.
func (l *logins) evict(w http.ResponseWriter, r *http.Request, prefix string) {
	open := slices.DeleteFunc(r.Cookies(), func(c *http.Cookie) bool { return !strings.HasPrefix(c.Name, prefix) })
	slices.SortStableFunc(open, func(a, b *http.Cookie) int { return cmp.Compare(beganAt(a), beganAt(b)) })
	excess := min(len(open)-maxOpen+1, maxOpen)
	for i := range max(excess, 0) {
		_, held, _ := strings.Cut(open[i].Value, ".")
		l.store.drop(r.Context(), strings.TrimPrefix(open[i].Name, prefix), held)
		setCookie(w, open[i].Name, "", -time.Second, false)
	}
}

// beganAt returns when a cookie's login began; used ones come first. The browser
// could lie, to its own harm only.
func beganAt(c *http.Cookie) int64 {
	seconds, _, _ := strings.Cut(c.Value, ".")
	n, _ := strconv.ParseInt(seconds, 10, 64)
	return n
}

// tombstone is the value of a cookie whose login was used.
const tombstone = "used"

// loginID returns the public name of a login, from what its callback is found by.
func loginID(key string) string {
	sum := sha256.Sum256([]byte("vouchsafe login " + key))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

// cookieName returns the name of a login's cookie. Browsers let a cookie with the
// prefix be set over https by the host itself only (RFC 6265bis, Section 4.1.3.2).
func cookieName(id string, https bool) string {
	if https {
		return "__Host-vouchsafe." + id
	}
	return "vouchsafe." + id
}

// setCookie sets a login's cookie, or has it forgotten if life is negative.
// SameSite=Lax lets it come along when the provider sends the browser back, and
// not with requests that other sites make; where the provider's page posts the callback,
// that is one (OAuth 2.0 Form Post Response Mode, Section 2).
func setCookie(w http.ResponseWriter, name, value string, life time.Duration, posted bool) {
	sameSite := http.SameSiteLaxMode
	if posted {
		sameSite = http.SameSiteNoneMode
	}
	http.SetCookie(w, &http.Cookie{
		Name:     name,
		Value:    value,
		Path:     "/",
		MaxAge:   int(life / time.Second),
		Secure:   strings.HasPrefix(name, "__Host-"),
		HttpOnly: true,
		SameSite: sameSite,
	})
}
