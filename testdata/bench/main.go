package main

import (
	"flag"
	"fmt"
	"log"
	"os"
	"regexp"
	"runtime"
	"time"
)

func main() {
	only := flag.String("run", "", "only cases whose names match the regular `expression`")
	rounds := flag.Int("rounds", 31, "rounds of every column, of which the fastest counts")
	slice := flag.Duration("time", 25*time.Millisecond, "length of a round")
	flag.Parse()
	cases, err := selected(*only)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s %s/%s, %d processors; fastest of %d rounds of %v\n\n",
		runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), *rounds, *slice)
	t := newTable(os.Stdout)
	for _, c := range cases {
		r, err := measure(c, *rounds, *slice)
		if err != nil {
			log.Fatalf("%s: %v", c.name, err)
		}
		t.add(c, r)
	}
	t.flush()
}

func selected(only string) ([]benchCase, error) {
	pattern, err := regexp.Compile(only)
	if err != nil {
		return nil, err
	}
	b, err := newBench()
	if err != nil {
		return nil, err
	}
	var cases []benchCase
	for _, c := range b.cases {
		if pattern.MatchString(c.name) {
			cases = append(cases, c)
		}
	}
	return cases, nil
}
