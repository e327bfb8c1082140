package oauth2

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// A foreign token is that of another package, and a foreignSource what it asks for one.
type foreign struct{ bearer string }

type foreignSource interface{ Token() (*foreign, error) }

func toForeign(tok *Token) *foreign { return &foreign{tok.AccessToken()} }

func TestAdapt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, -time.Second)
		var src foreignSource = Adapt(t.Context(), r.TokenSource, toForeign)
		got, err := src.Token()
		if err != nil || got.bearer != "access 1" {
			t.Errorf("got %v, %v", got, err)
		}
		time.Sleep(2 * time.Hour)
		if got, err = src.Token(); err != nil || got.bearer != "access 2" {
			t.Errorf("got %v, %v", got, err)
		}
	})
}

// An error comes through, and nothing is converted.
func TestAdaptFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, -time.Second)
		r.server.fails = []error{invalidGrant()}
		got, err := Adapt(t.Context(), r.TokenSource, toForeign).Token()
		if got != nil || !errors.Is(err, &TokenError{Outcome: OutcomeLoginRequired}) {
			t.Errorf("got %v, %v", got, err)
		}
	})
}

// The context bounds each call.
func TestAdaptContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, -time.Second)
		r.server.takes = 10 * time.Second
		gone := errors.New("gone")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(gone) })
		began := time.Now()
		if got, err := Adapt(ctx, r.TokenSource, toForeign).Token(); got != nil || err != gone {
			t.Errorf("got %v, %v", got, err)
		}
		if took := time.Since(began); took != time.Second {
			t.Errorf("took %v", took)
		}
		rest(9 * time.Second)
	})
}
