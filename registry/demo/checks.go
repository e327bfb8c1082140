package main

import (
	"context"
	"net/http"
	"sync"

	"vouchsafe/registry"
)

// checks gathers the checks of a login in the order in which they are made.
type checks struct {
	mu   sync.Mutex
	made []check
}

// A check is one that was made, and how it ended.
type check struct {
	Name, Clause string
	Err          error // nil if it passed
}

// add is what registry.WithTrace calls.
func (c *checks) add(name, clause string, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.made = append(c.made, check{name, clause, err})
}

func (c *checks) list() []check {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.made[:len(c.made):len(c.made)]
}

type checksKey struct{}

// traced has the checks that a handler makes gathered, for checksOf.
func traced(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		made := &checks{}
		ctx := context.WithValue(r.Context(), checksKey{}, made)
		next.ServeHTTP(w, r.WithContext(registry.WithTrace(ctx, made.add)))
	})
}

// checksOf returns the checks of a request, none if its handler is not traced.
func checksOf(r *http.Request) *checks {
	if made, ok := r.Context().Value(checksKey{}).(*checks); ok {
		return made
	}
	return &checks{}
}
