package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// A table prints the cases of a suite in columns.
type table struct {
	out         io.Writer
	w           *tabwriter.Writer
	columns     []string // without raw
	met, missed int
}

func newTable(w io.Writer, s suite) *table {
	t := &table{out: w, w: tabwriter.NewWriter(w, 0, 0, 2, ' ', 0), columns: s.columns}
	line := append([]string{s.name, raw}, s.columns...)
	fmt.Fprintln(t.w, strings.Join(append(line, "target"), "\t"))
	return t
}

func (t *table) add(c benchCase, r results) {
	line := c.name + "\t" + rawText(r)
	for _, column := range t.columns {
		line += "\t" + libraryText(column, r)
	}
	fmt.Fprintln(t.w, line+"\t"+t.judge(c.targets, r))
	if c.parallel {
		t.addScale(r)
	}
}

// addScale is a second line: the throughput by that of one processor.
func (t *table) addScale(r results) {
	line := "  by one processor's"
	for _, column := range append([]string{raw}, t.columns...) {
		line += "\t" + scaleText(r[column])
	}
	fmt.Fprintln(t.w, line+"\t")
}

func scaleText(r result) string {
	if r == (result{}) {
		return "-"
	}
	return fmt.Sprintf("%.2fx", r.scale())
}

func (t *table) flush() {
	t.w.Flush()
	fmt.Fprintf(t.out, "\ntargets: %d met, %d missed\n\n", t.met, t.missed)
}

func rawText(r results) string {
	v, ok := r[raw]
	if !ok {
		return "-"
	}
	return fmt.Sprintf("%.0f ns %s", v.ns, allocsText(v))
}

func libraryText(name string, r results) string {
	v, ok := r[name]
	if !ok {
		return "-"
	}
	text := fmt.Sprintf("%.2f µs %s", v.ns/1000, allocsText(v))
	return text + compared(name, r)
}

// compared is how a column stands to raw, and a rival to vouchsafe.
func compared(name string, r results) string {
	v, our := r[name], r[ours]
	base, ok := r[raw]
	switch {
	case name == ours && ok:
		return fmt.Sprintf(" (%+.2f µs %+.0fa)", (v.ns-base.ns)/1000, v.allocs-base.allocs)
	case name == ours:
		return ""
	case ok:
		return fmt.Sprintf(" (x%.2f, x%.2f)", v.ns/base.ns, v.ns/our.ns)
	default:
		return fmt.Sprintf(" (-, x%.2f)", v.ns/our.ns)
	}
}

func allocsText(r result) string {
	text := fmt.Sprintf("%.0fa", r.allocs)
	if r.bytes > 0 {
		text += fmt.Sprintf(" %.1fkB", r.bytes/1000)
	}
	return text
}

func (t *table) judge(targets []target, r results) string {
	var texts []string
	for _, target := range targets {
		if target.met(r) {
			texts, t.met = append(texts, "met "+target.text), t.met+1
		} else {
			texts, t.missed = append(texts, "MISSED "+target.text), t.missed+1
		}
	}
	return strings.Join(texts, "; ")
}
