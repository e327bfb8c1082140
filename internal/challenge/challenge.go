// Package challenge reads the header fields of HTTP authentication:
// WWW-Authenticate, which may hold several challenges, and Authorization, whose
// credentials are written alike (RFC 9110, Section 11).
package challenge

import "strings"

// A Challenge is an authentication scheme and its parameters, in their order and
// as often as they came. A token68 in their place is passed over.
type Challenge struct {
	Scheme string
	Params []Param
}

// A Param is a parameter with its value, unquoted.
type Param struct{ Name, Value string }

// Parse reads the value of a header field. It reports false, and gives nothing,
// if that is malformed.
func Parse(field string) ([]Challenge, bool) {
	var list []Challenge
	s := scanner{field}
	for s.skip(" \t,"); s.rest != ""; s.skip(" \t,") {
		if p, ok := s.param(); !ok {
			c, valid := s.challenge()
			if !valid {
				return nil, false
			}
			list = append(list, c)
		} else if len(list) > 0 {
			last := &list[len(list)-1]
			last.Params = append(last.Params, p)
		} else {
			return nil, false
		}
		if s.skip(" \t"); s.rest != "" && s.rest[0] != ',' {
			return nil, false
		}
	}
	return list, true
}

// A scanner holds what is yet to be read.
type scanner struct{ rest string }

func (s *scanner) skip(octets string) { s.rest = strings.TrimLeft(s.rest, octets) }

func (s *scanner) take(n int) string {
	taken := s.rest[:n]
	s.rest = s.rest[n:]
	return taken
}

// takeAll takes letters, digits and marks, as many as there are.
func (s *scanner) takeAll(marks string) string {
	other := func(r rune) bool {
		return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' ||
			strings.ContainsRune(marks, r))
	}
	if n := strings.IndexFunc(s.rest, other); n >= 0 {
		return s.take(n)
	}
	return s.take(len(s.rest))
}

// token takes a token, RFC 9110, Section 5.6.2.
func (s *scanner) token() string { return s.takeAll("!#$%&'*+-.^_`|~") }

// challenge takes a scheme and what follows it up to the next comma.
func (s *scanner) challenge() (Challenge, bool) {
	c := Challenge{Scheme: s.token()}
	if strings.HasPrefix(s.rest, " ") {
		s.skip(" ")
		if p, ok := s.param(); ok {
			c.Params = append(c.Params, p)
		} else {
			s.takeAll("-._~+/") // token68, RFC 9110, Section 11.2
			s.skip("=")
		}
	}
	return c, c.Scheme != ""
}

// param takes a name and a value, or nothing.
func (s *scanner) param() (p Param, ok bool) {
	before := s.rest
	p.Name = s.token()
	s.skip(" \t")
	if p.Name != "" && strings.HasPrefix(s.rest, "=") {
		s.take(1)
		s.skip(" \t")
		if p.Value, ok = s.value(); ok {
			return p, true
		}
	}
	s.rest = before
	return Param{}, false
}

// value takes a token or a quoted-string.
func (s *scanner) value() (string, bool) {
	if !strings.HasPrefix(s.rest, `"`) {
		v := s.token()
		return v, v != ""
	}
	var v []byte
	for i := 1; i < len(s.rest); i++ {
		switch s.rest[i] {
		case '"':
			s.take(i + 1)
			return string(v), true
		case '\\':
			i++
		}
		if i < len(s.rest) {
			v = append(v, s.rest[i])
		}
	}
	return "", false
}
