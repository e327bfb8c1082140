package interop

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"vouchsafe/registry"
)

// A keptSite is an application, with a middleware of its own, that keeps logins in the making in
// a store.
type keptSite struct {
	client  *registry.Client
	around  func(http.Handler) http.Handler
	answers atomic.Int32 // of the provider's token endpoint
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func newKeptSite(
	t *testing.T, store registry.Store, around func(http.Handler) http.Handler,
) *keptSite {
	t.Helper()
	s := &keptSite{around: around}
	const token = `{"access_token":"token","token_type":"Bearer"}`
	provider := roundTrip(func(r *http.Request) (*http.Response, error) {
		s.answers.Add(1)
		return &http.Response{
			StatusCode: http.StatusOK,
			Header:     http.Header{"Content-Type": {"application/json"}},
			Body:       io.NopCloser(strings.NewReader(token)),
		}, nil
	})
	s.client = registered(t, registry.Options{
		EphemeralKey: true, BaseURL: "https://site.example", Store: store,
		HTTP: &http.Client{Transport: provider},
	}, registry.Config{
		ClientID:       "client",
		AuthorizeURL:   "https://provider.example/authorize",
		AccessTokenURL: "https://provider.example/token",
	})
	return s
}

// A visitor is a browser that keeps cookies, the oldest first (RFC 6265, Section 5.4).
type visitor struct{ cookies []*http.Cookie }

func (v *visitor) keep(c *http.Cookie) {
	i := slices.IndexFunc(v.cookies, func(kept *http.Cookie) bool { return kept.Name == c.Name })
	switch {
	case i < 0 && c.MaxAge >= 0:
		v.cookies = append(v.cookies, c)
	case i >= 0 && c.MaxAge < 0:
		v.cookies = slices.Delete(v.cookies, i, i+1)
	case i >= 0:
		v.cookies[i] = c
	}
}

func (v *visitor) clone() *visitor { return &visitor{slices.Clone(v.cookies)} }

// visit has a browser make a request, which handle answers.
func (s *keptSite) visit(in *visitor, target string, handle http.HandlerFunc) http.Header {
	r := httptest.NewRequest("GET", target, nil)
	for _, c := range in.cookies {
		r.AddCookie(&http.Cookie{Name: c.Name, Value: c.Value})
	}
	w := httptest.NewRecorder()
	s.around(handle).ServeHTTP(w, r)
	for _, c := range w.Result().Cookies() {
		in.keep(c)
	}
	return w.Header()
}

// begin begins a login and returns the callback that would follow.
func (s *keptSite) begin(in *visitor) (callback string, err error) {
	header := s.visit(in, "/login", func(w http.ResponseWriter, r *http.Request) {
		err = s.client.AuthorizeRedirect(w, r, "/callback")
	})
	if err != nil {
		return "", err
	}
	to, err := url.Parse(header.Get("Location"))
	if err != nil {
		return "", err
	}
	return "/callback?code=code&state=" + to.Query().Get("state"), nil
}

func (s *keptSite) mustBegin(t *testing.T, in *visitor) (callback string) {
	t.Helper()
	callback, err := s.begin(in)
	if err != nil {
		t.Fatal(err)
	}
	return callback
}

func (s *keptSite) complete(in *visitor, callback string) (err error) {
	s.visit(in, callback, func(w http.ResponseWriter, r *http.Request) {
		_, err = s.client.AuthorizeAccessToken(w, r)
	})
	return err
}

// refused asserts why a callback is refused, and that no code was spent on it.
func (s *keptSite) refused(t *testing.T, in *visitor, callback string, want registry.Reason) {
	t.Helper()
	before := s.answers.Load()
	err := s.complete(in, callback)
	if !errors.Is(err, &registry.TransactionError{Reason: want}) || s.answers.Load() != before {
		t.Errorf("error is %v, want the reason %q", err, want)
	}
}

// testLogins runs what must be so whatever keeps the logins.
func testLogins(t *testing.T, s *keptSite) {
	t.Run("used once", func(t *testing.T) {
		in := &visitor{}
		callback := s.mustBegin(t, in)
		if err := s.complete(in, callback); err != nil {
			t.Error(err)
		}
		s.refused(t, in, callback, registry.ReasonUsed)
	})
	t.Run("two browsers", func(t *testing.T) {
		one, two := &visitor{}, &visitor{}
		first, second := s.mustBegin(t, one), s.mustBegin(t, two)
		s.refused(t, one, second, registry.ReasonOtherBrowser)
		s.refused(t, &visitor{}, second, registry.ReasonOtherBrowser)
		if err := errors.Join(s.complete(one, first), s.complete(two, second)); err != nil {
			t.Error(err)
		}
	})
	t.Run("abandoned", func(t *testing.T) {
		in := &visitor{}
		var callbacks []string
		for range 20 {
			callbacks = append(callbacks, s.mustBegin(t, in))
		}
		for i, callback := range callbacks {
			if i < 15 {
				s.refused(t, in, callback, registry.ReasonOtherBrowser)
			} else if err := s.complete(in, callback); err != nil {
				t.Error(err)
			}
		}
	})
}
