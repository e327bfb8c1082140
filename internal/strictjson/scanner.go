package strictjson

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// A scanner reads one text from its start to its end.
type scanner struct {
	data    []byte
	pos     int
	members int
}

func (s *scanner) fault(reason string) error {
	return &SyntaxError{s.pos, reason}
}

// peek returns the next byte, and 0 at the end.
func (s *scanner) peek() byte {
	if s.pos < len(s.data) {
		return s.data[s.pos]
	}
	return 0
}

func (s *scanner) space() {
	for s.pos < len(s.data) {
		switch s.data[s.pos] {
		case ' ', '\t', '\n', '\r':
			s.pos++
		default:
			return
		}
	}
}

// count counts one more member and refuses too many.
func (s *scanner) count() error {
	if s.members++; s.members > MaxMembers {
		return s.fault("too many members")
	}
	return nil
}

// object reads an object whose first byte is '{'.
func (s *scanner) object(depth int) (Object, error) {
	if depth > MaxDepth {
		return nil, s.fault("nested too deeply")
	}
	s.pos++
	obj := Object{}
	for s.space(); s.peek() != '}'; s.space() {
		if len(obj) > 0 {
			if err := s.comma(); err != nil {
				return nil, err
			}
		}
		m, err := s.member(depth)
		if err != nil {
			return nil, err
		}
		if len(obj) == MaxNames {
			return nil, s.fault("too many members")
		}
		if obj.Get(m.Name) != nil {
			return nil, s.fault("a member name comes twice")
		}
		obj = append(obj, m)
	}
	s.pos++
	return obj, nil
}

func (s *scanner) member(depth int) (Member, error) {
	if err := s.count(); err != nil {
		return Member{}, err
	}
	name, err := s.str()
	if err != nil {
		return Member{}, err
	}
	s.space()
	if s.peek() != ':' {
		return Member{}, s.fault("no colon after a member name")
	}
	s.pos++
	value, err := s.value(depth)
	return Member{name, value}, err
}

// array reads an array whose first byte is '[' and returns its elements.
func (s *scanner) array(depth int) ([]Value, error) {
	if depth > MaxDepth {
		return nil, s.fault("nested too deeply")
	}
	s.pos++
	list := []Value{}
	for s.space(); s.peek() != ']'; s.space() {
		if len(list) > 0 {
			if err := s.comma(); err != nil {
				return nil, err
			}
		}
		if err := s.count(); err != nil {
			return nil, err
		}
		v, err := s.value(depth)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	s.pos++
	return list, nil
}

// comma reads the comma between two members and the space after it.
func (s *scanner) comma() error {
	if s.peek() != ',' {
		return s.fault("no comma between members")
	}
	s.pos++
	s.space()
	return nil
}

// value reads any value, that of a member of an object at depth.
func (s *scanner) value(depth int) (Value, error) {
	s.space()
	start := s.pos
	var err error
	switch c := s.peek(); {
	case c == '{':
		_, err = s.object(depth + 1)
	case c == '[':
		_, err = s.array(depth + 1)
	case c == '"':
		_, err = s.str()
	case c == '-' || '0' <= c && c <= '9':
		err = s.number()
	default:
		err = s.literal()
	}
	if err != nil {
		return nil, err
	}
	return Value(s.data[start:s.pos]), nil
}

func (s *scanner) literal() error {
	for _, word := range []string{"true", "false", "null"} {
		if strings.HasPrefix(string(s.data[s.pos:min(s.pos+5, len(s.data))]), word) {
			s.pos += len(word)
			return nil
		}
	}
	return s.fault("not a value")
}

// number reads a number (RFC 8259, Section 6).
func (s *scanner) number() error {
	if s.peek() == '-' {
		s.pos++
	}
	if s.peek() == '0' {
		s.pos++
	} else if s.digits() == 0 {
		return s.fault("a number without digits")
	}
	if s.peek() == '.' {
		s.pos++
		if s.digits() == 0 {
			return s.fault("a fraction without digits")
		}
	}
	if c := s.peek(); c == 'e' || c == 'E' {
		s.pos++
		if c := s.peek(); c == '+' || c == '-' {
			s.pos++
		}
		if s.digits() == 0 {
			return s.fault("an exponent without digits")
		}
	}
	return nil
}

func (s *scanner) digits() int {
	start := s.pos
	for c := s.peek(); '0' <= c && c <= '9'; c = s.peek() {
		s.pos++
	}
	return s.pos - start
}

// str reads a string and unescapes it (RFC 8259, Section 7).
func (s *scanner) str() (string, error) {
	if s.peek() != '"' {
		return "", s.fault("not a string")
	}
	s.pos++
	start := s.pos
	var unescaped []byte // used from the first escape on
	for s.pos < len(s.data) {
		switch c := s.data[s.pos]; {
		case c == '"':
			text := s.data[start:s.pos]
			s.pos++
			if unescaped != nil {
				text = append(unescaped, text...)
			}
			return string(text), nil
		case c < 0x20:
			return "", s.fault("a control character in a string")
		case c == '\\':
			unescaped = append(unescaped, s.data[start:s.pos]...)
			r, err := s.escape()
			if err != nil {
				return "", err
			}
			unescaped = utf8.AppendRune(unescaped, r)
			start = s.pos
		case c < utf8.RuneSelf:
			s.pos++
		default:
			r, size := utf8.DecodeRune(s.data[s.pos:])
			if r == utf8.RuneError && size == 1 {
				return "", s.fault("invalid UTF-8")
			}
			s.pos += size
		}
	}
	return "", s.fault("a string without end")
}

const escapes, escaped = `"\/bfnrt`, "\"\\/\b\f\n\r\t"

// escape reads an escape sequence, both halves of a surrogate pair.
func (s *scanner) escape() (rune, error) {
	s.pos++
	c := s.peek()
	s.pos++
	if i := strings.IndexByte(escapes, c); i >= 0 {
		return rune(escaped[i]), nil
	}
	if c != 'u' {
		return 0, s.fault("an unknown escape")
	}
	r, ok := s.hex4()
	if ok && utf16.IsSurrogate(r) {
		ok = s.peek() == '\\' && s.pos+1 < len(s.data) && s.data[s.pos+1] == 'u'
		s.pos += 2
		if ok {
			var low rune
			low, ok = s.hex4()
			r = utf16.DecodeRune(r, low)
			ok = ok && r != utf8.RuneError
		}
	}
	if !ok {
		return 0, s.fault("an escape that is no character")
	}
	return r, nil
}

// hex4 reads four hexadecimal digits.
func (s *scanner) hex4() (rune, bool) {
	if s.pos+4 > len(s.data) {
		return 0, false
	}
	var r rune
	for _, c := range s.data[s.pos : s.pos+4] {
		d := strings.IndexByte("0123456789abcdef", c|0x20)
		if d < 0 || c < '0' {
			return 0, false
		}
		r = r<<4 | rune(d)
	}
	s.pos += 4
	return r, true
}
