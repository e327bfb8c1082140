package oauth1

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"vouchsafe/httpclient"
)

// An arrival is a request that a server got.
type arrival struct {
	*http.Request
	body string
	from *SignedRequest
	err  error
}

// newRedirecting starts a server that redirects within itself once, or elsewhere.
func newRedirecting(
	t *testing.T, elsewhere string, status int,
) (*httptest.Server, func() []arrival) {
	t.Helper()
	var mu sync.Mutex
	var seen []arrival
	var tool *Verifier
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		from, err := tool.Verify(r)
		data, _ := io.ReadAll(r.Body)
		mu.Lock()
		seen = append(seen, arrival{r, string(data), from, err})
		mu.Unlock()
		switch r.URL.Path {
		case "/first":
			http.Redirect(w, r, "/second?b=2", status)
		case "/away":
			http.Redirect(w, r, elsewhere, status)
		}
	}))
	t.Cleanup(server.Close)
	tool = newTool(t, acceptUnsigned, func(c *VerifierConfig) { c.Origin = server.URL })
	return server, func() []arrival {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(seen)
	}
}

// Within the origin each hop is signed anew, with the body again where it goes along,
// and no hop tells the next what the one before had in its URL.
func TestTransportRedirectWithin(t *testing.T) {
	for _, m := range []SignatureMethod{HMACSHA256, Plaintext} {
		for _, place := range []Placement{PlacementHeader, PlacementBody, PlacementQuery} {
			for _, status := range []int{http.StatusTemporaryRedirect, http.StatusSeeOther} {
				server, seen := newRedirecting(t, "", status)
				rt := newAPIAt(t, nil, []string{server.URL}, func(c *Config) {
					c.Placement, c.SignatureMethod = place, m
				})
				hc := &http.Client{Transport: rt}
				resp, err := hc.PostForm(server.URL+"/first?a=1", url.Values{"c": {"3"}})
				if err != nil {
					t.Fatal(err)
				}
				resp.Body.Close()
				checkHops(t, seen(), status)
			}
		}
	}
}

func checkHops(t *testing.T, hops []arrival, status int) {
	t.Helper()
	if len(hops) != 2 || hops[0].err != nil || hops[1].err != nil {
		t.Fatalf("%d hops, %v", len(hops), hops)
	}
	first, second := hops[0].from, hops[1].from
	if first.Protocol["oauth_nonce"] == second.Protocol["oauth_nonce"] {
		t.Error("a nonce was used twice")
	}
	if second.Param("b") != "2" || second.Param("a") != "" {
		t.Errorf("second hop with %v", second.Params)
	}
	again := status == http.StatusTemporaryRedirect
	if (second.Param("c") == "3") != again || first.Param("c") != "3" {
		t.Errorf("status %d: second hop with body %q", status, hops[1].body)
	}
	if strings.Contains(hops[1].Referer(), "oauth_") {
		t.Errorf("Referer %s", hops[1].Referer())
	}
}

// A redirect elsewhere ends the request before anything is sent there, as
// GHSA-pp92-crg2-gfv9 of another library shows it must; under PLAINTEXT, it would be
// the secrets.
func TestTransportRedirectElsewhere(t *testing.T) {
	var called atomic.Int32
	attacker := httptest.NewServer(http.HandlerFunc(
		func(http.ResponseWriter, *http.Request) { called.Add(1) }))
	defer attacker.Close()
	for _, m := range []SignatureMethod{HMACSHA256, Plaintext} {
		for _, place := range []Placement{PlacementHeader, PlacementBody, PlacementQuery} {
			for _, status := range []int{301, 302, 303, 307, 308} {
				server, seen := newRedirecting(t, attacker.URL, status)
				rt := newAPIAt(t, nil, []string{server.URL}, func(c *Config) {
					c.SignatureMethod, c.Placement = m, place
				})
				hc := &http.Client{Transport: rt}
				_, err := hc.PostForm(server.URL+"/away", url.Values{"a": {"1"}})
				wantKind(t, err, "origin", "RFC 5849, Section 4.3")
				if !errors.Is(err, httpclient.ErrOrigin) {
					t.Errorf("got %v, want ErrOrigin", err)
				}
				if hops := seen(); len(hops) != 1 || hops[0].err != nil {
					t.Errorf("%d hops", len(hops))
				}
			}
		}
	}
	if called.Load() != 0 {
		t.Error("the other origin was called")
	}
}

// A server that sends back what was in the URL gets no second signature for it.
func TestTransportRedirectWithItsParameters(t *testing.T) {
	var calls atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		http.Redirect(w, r, "/again?"+r.URL.RawQuery, http.StatusFound)
	}))
	defer server.Close()
	hc := &http.Client{Transport: newAPIAt(t, nil, []string{server.URL}, func(c *Config) {
		c.Placement = PlacementQuery
	})}
	_, err := hc.Get(server.URL)
	wantKind(t, err, "parameters", "RFC 5849, Section 3.1")
	if calls.Load() != 1 {
		t.Errorf("%d calls", calls.Load())
	}
}
