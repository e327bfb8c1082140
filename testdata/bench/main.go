package main

import (
	"flag"
	"fmt"
	"log"
	"os"
	"regexp"
	"runtime"
	"slices"
	"time"
)

func main() {
	only := flag.String("run", "",
		"only cases that match the regular `expression`, each as jose/verify HS256")
	rounds := flag.Int("rounds", 31, "rounds of every column, of which the fastest counts")
	slice := flag.Duration("time", 25*time.Millisecond, "length of a round")
	flag.Parse()
	suites, err := selected(*only)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s %s/%s, %d processors; fastest of %d rounds of %v\n\n",
		runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), *rounds, *slice)
	for _, s := range suites {
		if err := printSuite(s, *rounds, *slice); err != nil {
			log.Fatal(err)
		}
	}
}

func printSuite(s suite, rounds int, slice time.Duration) error {
	t := newTable(os.Stdout, s)
	for _, c := range s.cases {
		r, err := measure(c, rounds, slice)
		if err != nil {
			return fmt.Errorf("%s/%s: %w", s.name, c.name, err)
		}
		t.add(c, r)
	}
	t.flush()
	return nil
}

// selected returns the suites that have such cases, with no others.
func selected(only string) ([]suite, error) {
	pattern, err := regexp.Compile(only)
	if err != nil {
		return nil, err
	}
	all, err := newSuites()
	if err != nil {
		return nil, err
	}
	var suites []suite
	for _, s := range all {
		s.cases = slices.DeleteFunc(s.cases, func(c benchCase) bool {
			return !pattern.MatchString(s.name + "/" + c.name)
		})
		if len(s.cases) > 0 {
			suites = append(suites, s)
		}
	}
	return suites, nil
}
