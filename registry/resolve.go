package registry

import (
	"container/list"
	"context"
	"reflect"
	"sync"
	"time"

	"vouchsafe/internal/flight"
)

const (
	// maxResolved is how many clients are kept that Options.Resolve has the configuration of.
	maxResolved = 1000

	// resolvedLife is how long such a configuration is believed.
	resolvedLife = 5 * time.Minute
)

// Resolve returns the client called name: the one that is registered, or else one of the
// configuration that Options.Resolve returns, an error of which is wrapped. That is asked
// once however many wait, and again after five minutes; the thousand clients used last are
// kept, with what they have discovered unless their configuration changes: one with functions
// counts as changed each time, and so does one with another Config.HTTP: keep that.
// Options.Config has no part in it.
//
// Without Options.Resolve it is [Registry.Client].
func (r *Registry) Resolve(ctx context.Context, name string) (*Client, error) {
	c, err := r.Client(name)
	s := r.settings.Load()
	if err == nil || s == nil || s.options.Resolve == nil || !validName(name) {
		return c, err
	}
	t, held := r.resolved.get(name)
	if held.fresh(s.options.Now()) {
		return held.client, nil
	}
	c, err = t.flight.Do(ctx, func(ctx context.Context) (*Client, error) {
		held := r.resolved.holding(t) // another flight may just have brought it
		if held.fresh(s.options.Now()) {
			return held.client, nil
		}
		defer func() { r.resolved.settle(t, held) }() // also if the application panics
		resolved, err := r.resolve(ctx, s, name, held)
		if err != nil {
			held.until = time.Time{}
			return nil, err
		}
		held = resolved
		held.until = s.options.Now().Add(resolvedLife)
		return held.client, nil
	})
	if _, ok := err.(*ConfigError); err != nil && !ok { // a panic of Options.Resolve, say
		err = &ConfigError{Client: name, Err: err}
	}
	return c, err
}

// resolve asks for a configuration. Who holds a client already has it changed if that has.
func (r *Registry) resolve(
	ctx context.Context, s *settings, name string, held holding,
) (holding, error) {
	c, err := s.options.Resolve(ctx, name)
	if err != nil {
		return holding{}, &ConfigError{Client: name, Err: err}
	}
	if held.client == nil {
		held.client = newClient(r, name)
	} else if same(c, held.config) {
		return held, nil
	}
	m, err := s.register(name, c)
	if err != nil {
		return holding{}, configError(name, nil, advise(several(nil), name, err))
	}
	if held.client.unsaved() && held.client.provider() == m.digest {
		return held, nil // until its tokens are saved; with another provider they are of no use
	}
	held.config = c.clone()
	held.client.current.Store(m)
	return held, nil
}

// same reports whether two configurations are. One http.Client is none but itself: others may
// be using what is in it.
func same(a, b Config) bool {
	if a.HTTP != b.HTTP {
		return false
	}
	a.HTTP, b.HTTP = nil, nil
	return reflect.DeepEqual(a, b)
}

// resolved are the clients that Options.Resolve has the configuration of, the one used last
// first. The zero value has none.
type resolved struct {
	mu     sync.Mutex
	byName map[string]*tenant
	order  list.List // of *tenant that have a client
}

// A tenant is such a client, or one that is still waited for.
type tenant struct {
	name   string
	flight flight.Group[*Client]
	held   holding       // the mutex of resolved guards it
	place  *list.Element // and this, nil while it is waited for
}

type holding struct {
	client *Client // nil if there is none yet
	config Config  // that it was made of
	until  time.Time
}

func (h holding) fresh(now time.Time) bool { return h.client != nil && now.Before(h.until) }

// get returns the tenant called name, which is a new one if there is none, and what it holds.
func (r *resolved) get(name string) (*tenant, holding) {
	r.mu.Lock()
	defer r.mu.Unlock()
	t := r.byName[name]
	if t == nil {
		if r.byName == nil {
			r.byName = map[string]*tenant{}
		}
		t = &tenant{name: name}
		r.byName[name] = t
	}
	if t.place != nil {
		r.order.MoveToFront(t.place)
	}
	return t, t.held
}

func (r *resolved) holding(t *tenant) holding {
	r.mu.Lock()
	defer r.mu.Unlock()
	return t.held
}

// settle keeps what a flight of t has brought. One that brought nothing leaves no tenant
// behind, but who has a token that is nowhere else.
func (r *resolved) settle(t *tenant, h holding) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch r.byName[t.name] {
	case t:
	case nil:
		r.byName[t.name] = t // it was forgotten meanwhile, and is asked for again
	default:
		return
	}
	t.held = h
	switch {
	case h.client == nil || h.until.IsZero() && !h.client.unsaved():
		r.forget(t)
	case t.place == nil:
		t.place = r.order.PushFront(t)
		r.evict()
	}
}

// evict makes room: whoever was not used for longest goes, unless it has a token that is
// nowhere else. Names that are only asked for push nobody out.
func (r *resolved) evict() {
	for e := r.order.Back(); e != nil && r.order.Len() > maxResolved; {
		t, next := e.Value.(*tenant), e.Prev()
		if !t.held.client.unsaved() {
			r.forget(t)
		}
		e = next
	}
}

func (r *resolved) forget(t *tenant) {
	delete(r.byName, t.name)
	if t.place != nil {
		r.order.Remove(t.place)
		t.place = nil
	}
}
