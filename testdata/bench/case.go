package main

// A suite is the cases that are printed in one table.
type suite struct {
	name    string
	columns []string // the libraries, vouchsafe first
	cases   []benchCase
}

func newSuites() ([]suite, error) {
	k, err := newKeys()
	if err != nil {
		return nil, err
	}
	j, err := newJOSEBench(k)
	if err != nil {
		return nil, err
	}
	o, err := newOAuth1Bench(k.rsa)
	if err != nil {
		return nil, err
	}
	p, err := newOAuth2Bench(k)
	if err != nil {
		return nil, err
	}
	i, err := newOIDCBench(k)
	if err != nil {
		return nil, err
	}
	return []suite{j.suite(), o.suite(), p.suite(), i.suite()}, nil
}

// A benchCase is a line of the table.
type benchCase struct {
	name     string
	parallel bool
	whole    bool // all that it costs: the collector's time too, and the bytes
	cells    []cell
	targets  []target
}

// A cell is one column's part in a case. Every goroutine makes its own operation.
type cell struct {
	column string
	make   func() operation
}

func shared(op operation) func() operation { return func() operation { return op } }

// raw is the column of the standard library alone.
const raw = "raw"
