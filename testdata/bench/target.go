package main

import (
	"fmt"
	"time"
)

// A target is something that vouchsafe should reach in a case.
type target struct {
	text string
	met  func(r results) bool
}

// results are a case's figures by column.
type results map[string]result

const ours = "vouchsafe"

func atMost(ns float64) target {
	return target{fmt.Sprintf("%v in all", time.Duration(ns)), func(r results) bool {
		return r[ours].ns <= ns
	}}
}

func overRaw(ns float64) target {
	return target{fmt.Sprintf("raw + %v", time.Duration(ns)), func(r results) bool {
		return r[ours].ns <= r[raw].ns+ns
	}}
}

func allocsOverRaw(n float64) target {
	return target{fmt.Sprintf("raw + %v allocs", n), func(r results) bool {
		return r[ours].allocs <= r[raw].allocs+n
	}}
}

func timesRaw(times float64) target {
	return target{fmt.Sprintf("%vx raw", times), func(r results) bool {
		return r[ours].ns <= r[raw].ns*times
	}}
}

func allocsAtMost(n float64) target {
	return target{fmt.Sprintf("%v allocs", n), func(r results) bool {
		return r[ours].allocs <= n
	}}
}

func timesFaster(rival string, times float64) target {
	return target{fmt.Sprintf("%vx %s", times, rival), func(r results) bool {
		return r[ours].ns*times <= r[rival].ns
	}}
}

// timesFasterBeyondRaw compares what is left when raw is taken off.
func timesFasterBeyondRaw(rival string, times float64) target {
	return target{fmt.Sprintf("%vx %s beyond raw", times, rival), func(r results) bool {
		return (r[ours].ns-r[raw].ns)*times <= r[rival].ns-r[raw].ns
	}}
}

func timesFewerAllocs(rival string, times float64) target {
	return target{fmt.Sprintf("%vx fewer allocs than %s", times, rival), func(r results) bool {
		return r[ours].allocs*times <= r[rival].allocs
	}}
}

// allocsOf asks for no more allocations than a rival's.
func allocsOf(rival string) target {
	return target{"allocs of " + rival, func(r results) bool {
		return r[ours].allocs <= r[rival].allocs
	}}
}

// scales asks for the throughput of all processors in terms of one's.
func scales(times float64) target {
	return target{fmt.Sprintf("%vx one processor", times), func(r results) bool {
		return r[ours].scale() >= times
	}}
}
