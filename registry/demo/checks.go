package main

import "sync"

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
