package registry

import (
	"cmp"
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

	// maxRecord bounds what one login takes in a cache or a session, in bytes: part of it is
	// the provider's.
	maxRecord = 8192

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

// An entry is what a browser holds of one login.
type entry struct {
	Name  string `json:"n"` // which the record is sealed for
	Value string `json:"v"` // when it began, a dot, and what the vault gave; or one of those below
	Until int64  `json:"u"` // Unix seconds; zero where the browser itself forgets

	life   time.Duration // from now on
	weak   bool          // a neighbouring host could have set it
	posted bool          // it is to come along when another site's page posts the callback
}

// The values of an entry whose login was used, and of one that the application has taken too.
const (
	tombstone = "used"
	completed = "done"
)

// began returns when the login began; used ones come first. The browser could lie, to its own
// harm only.
func (e entry) began() int64 {
	seconds, _, _ := strings.Cut(e.Value, ".")
	n, _ := strconv.ParseInt(seconds, 10, 64)
	return n
}

// held returns what the vault gave.
func (e entry) held() string {
	_, held, _ := strings.Cut(e.Value, ".")
	return held
}

// logins seals records, has the store keep them, and ties them to the browser by
// what it holds.
type logins struct {
	ring  seal.Ring
	store Store
	life  time.Duration
	now   func() time.Time
}

// put keeps rec to be found by key, in this browser only.
func (l *logins) put(w http.ResponseWriter, r *http.Request, key string, rec record) error {
	if rec.Posted && !rec.https() {
		return errors.New("RedirectURI must be https for a callback that is posted: " +
			"browsers send no other cookie with it")
	}
	open, err := l.open(r)
	if err != nil && !errors.Is(err, because(ReasonTampered)) { // garbage makes room
		return err
	}
	e := l.store.entry(loginID(key), rec.https())
	sealed, err := l.seal(rec, e.Name)
	if err != nil {
		return err
	}
	held, err := l.store.put(r.Context(), e.Name, sealed, l.kept())
	if err != nil {
		return err
	}
	e.Value = strconv.FormatInt(l.now().Unix(), 10) + "." + held
	e.posted = rec.Posted
	gone := oldest(open, e.weak)
	if err := l.hold(w, r, open, gone, e); err != nil {
		return err
	}
	for _, g := range gone {
		l.store.drop(r.Context(), g.Name, g.held())
	}
	return nil
}

func (l *logins) seal(rec record, name string) ([]byte, error) {
	rec.Expires = l.now().Add(l.life).Unix()
	raw, err := json.Marshal(rec)
	if err == nil && len(raw) > maxRecord {
		err = errors.New("login's record must have at most 8192 bytes: shorten ReturnTo, " +
			"TokenParams or the scopes")
	}
	if err != nil {
		return nil, err
	}
	return l.ring.Seal(raw, sealPurpose, name)
}

// kept is how long a login is kept: twice its life, so that one that is late can be told it is.
func (l *logins) kept() time.Duration { return 2 * l.life }

// open returns what the browser holds and has not outlived.
func (l *logins) open(r *http.Request) ([]entry, error) {
	held, err := l.store.entries(r)
	now := l.now().Unix()
	return slices.DeleteFunc(held, func(e entry) bool { return e.Until > 0 && now >= e.Until }), err
}

func (l *logins) hold(w http.ResponseWriter, r *http.Request, open, gone []entry, e entry,
) error {
	e.life = l.kept()
	e.Until = l.now().Add(e.life).Unix()
	return l.store.hold(w, r, open, gone, e)
}

// oldest returns the entries that make room for one more. Those of the other kind are left
// alone, as a neighbouring host can set them, and no more go than it could have set.
func oldest(open []entry, weak bool) []entry {
	same := slices.DeleteFunc(slices.Clone(open), func(e entry) bool { return e.weak != weak })
	slices.SortStableFunc(same, func(a, b entry) int { return cmp.Compare(a.began(), b.began()) })
	return same[:max(min(len(same)-maxOpen+1, maxOpen), 0)]
}

// take returns the record found by key if it fits, and marks it as used whether
// it does or not.
func (l *logins) take(w http.ResponseWriter, r *http.Request, key string, e expected,
) (record, error) {
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
	open, err := l.open(r)
	if err != nil {
		return record{}, err
	}
	for _, https := range []bool{true, false} {
		name := l.store.entry(loginID(key), https).Name
		i := slices.IndexFunc(open, func(e entry) bool { return e.Name == name })
		if i >= 0 {
			return l.use(w, r, open, open[i])
		}
	}
	return record{}, because(ReasonOtherBrowser)
}

// use marks e as used and returns the record that it stood for.
func (l *logins) use(w http.ResponseWriter, r *http.Request, open []entry, e entry,
) (record, error) {
	if e.Value == completed {
		return record{}, because(ReasonCompleted)
	}
	if err := l.mark(w, r, open, e, tombstone); err != nil {
		return record{}, err
	}
	if e.Value == tombstone {
		return record{}, because(ReasonUsed)
	}
	sealed, err := l.store.take(r.Context(), e.Name, e.held())
	if err != nil {
		return record{}, err
	}
	return l.unseal(sealed, e)
}

// mark has the browser hold value in place of what e stood for.
func (l *logins) mark(w http.ResponseWriter, r *http.Request, open []entry, e entry, value string,
) error {
	e.Value = value
	e.posted = r.Method == http.MethodPost && !e.weak
	return l.hold(w, r, open, nil, e)
}

// complete notes that the application has taken the login of key. If that fails, a callback
// which comes twice is told that it was used.
func (l *logins) complete(w http.ResponseWriter, r *http.Request, key string, https bool) {
	e := l.store.entry(loginID(key), https)
	open, err := l.open(r)
	if err == nil && slices.ContainsFunc(open, func(o entry) bool { return o.Name == e.Name }) {
		l.mark(w, r, open, e, completed) // in a session that is gone it would begin another
	}
}

// unseal returns the record that was sealed for e. One for an entry that a neighbouring host
// could have set counts on loopback only.
func (l *logins) unseal(sealed []byte, e entry) (record, error) {
	raw, err := l.ring.Open(sealed, sealPurpose, e.Name)
	if err != nil {
		return record{}, because(ReasonTampered)
	}
	var rec record
	if err := json.Unmarshal(raw, &rec); err != nil || e.weak && !rec.loopback() {
		return record{}, because(ReasonTampered)
	}
	return rec, nil
}

// loginID returns the public name of a login, from what its callback is found by.
func loginID(key string) string {
	sum := sha256.Sum256([]byte("vouchsafe login " + key))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}
