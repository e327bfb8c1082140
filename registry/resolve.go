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
// kept, with what they have discovered unless their configuration changes. Options.Config has
// no part in it.
//
// Without Options.Resolve it is [Registry.Client].
func (r *Registry) Resolve(ctx context.Context, name string) (*Client, error) {
	c, err := r.Client(name)
	s := r.settings.Load()
	if err == nil || s == nil || s.options.Resolve == nil || !validName(name) {
		return c, err
	}
	t, held := r.resolved.get(name)
	if held.client != nil && s.options.Now().Before(held.until) {
		return held.client, nil
	}
	return t.flight.Do(ctx, func(ctx context.Context) (*Client, error) {
		held, err := r.resolve(ctx, s, name, held)
		if err != nil {
			r.resolved.drop(name)
			return nil, err
		}
		held.until = s.options.Now().Add(resolvedLife)
		r.resolved.keep(t, held)
		return held.client, nil
	})
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
	} else if reflect.DeepEqual(c, held.config) || held.client.unsaved() {
		return held, nil
	}
	m, err := s.register(name, c)
	if err != nil {
		return holding{}, configError(name, nil, advise(several(nil), name, err))
	}
	held.config = c.clone()
	held.client.current.Store(m)
	return held, nil
}

// known returns the client called name, if there is one at the moment. The caller holds r.mu.
func (r *Registry) known(name string) *Client {
	if c := r.clients[name]; c != nil {
		return c
	}
	return r.resolved.peek(name)
}

// resolved are the clients that Options.Resolve has the configuration of, the one used last
// first. The zero value has none.
type resolved struct {
	mu     sync.Mutex
	byName map[string]*list.Element
	order  list.List // of *tenant
}

// A tenant is such a client, or one that is still waited for.
type tenant struct {
	name   string
	flight flight.Group[*Client]
	held   holding // the mutex of resolved guards it
}

type holding struct {
	client *Client // nil if there is none yet
	config Config  // that it was made of
	until  time.Time
}

// get returns the tenant called name, which is a new one if there is none, and what it holds.
func (r *resolved) get(name string) (*tenant, holding) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if e := r.byName[name]; e != nil {
		r.order.MoveToFront(e)
		t := e.Value.(*tenant)
		return t, t.held
	}
	if r.byName == nil {
		r.byName = map[string]*list.Element{}
	}
	t := &tenant{name: name}
	r.byName[name] = r.order.PushFront(t)
	r.evict()
	return t, t.held
}

// evict makes room: whoever was not used for longest goes, unless it has a token that is
// nowhere else.
func (r *resolved) evict() {
	for e := r.order.Back(); e != nil && len(r.byName) > maxResolved; {
		t, next := e.Value.(*tenant), e.Prev()
		if t.held.client == nil || !t.held.client.unsaved() {
			delete(r.byName, t.name)
			r.order.Remove(e)
		}
		e = next
	}
}

func (r *resolved) keep(t *tenant, h holding) {
	r.mu.Lock()
	defer r.mu.Unlock()
	t.held = h
}

func (r *resolved) drop(name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if e := r.byName[name]; e != nil {
		delete(r.byName, name)
		r.order.Remove(e)
	}
}

func (r *resolved) peek(name string) *Client {
	r.mu.Lock()
	defer r.mu.Unlock()
	if e := r.byName[name]; e != nil {
		return e.Value.(*tenant).held.client
	}
	return nil
}
