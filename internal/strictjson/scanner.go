package strictjson

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// A scanner reads one text from its start to its end.
type scanner struct {
	Object  // its members are those of the objects around pos, the innermost last
	pos     int
	counted int // members and elements read
}

func newScanner(data string) scanner { return scanner{Object: Object{data: data}} }

func (s *scanner) fault(reason string) error {
	return &SyntaxError{min(s.pos, len(s.data)), reason}
}

// peek returns the next byte, and 0 at the end.
func (s *scanner) peek() byte {
	if s.pos < len(s.data) {
		return s.data[s.pos]
	}
	return 0
}

// skip reads one c, if that is next.
func (s *scanner) skip(c byte) bool {
	if s.peek() != c {
		return false
	}
	s.pos++
	return true
}

func (s *scanner) space() {
	for c := s.peek(); c == ' ' || c == '\n' || c == '\t' || c == '\r'; c = s.peek() {
		s.pos++
	}
}

// object reads an object whose first byte is '{' and leaves its members as the
// last ones.
func (s *scanner) object(depth int) error {
	obj := names{first: len(s.members)}
	if err := s.enter(depth); err != nil {
		return err
	}
	for n := 0; ; n++ {
		if more, err := s.next(n, '}'); !more {
			return err
		}
		if err := s.member(&obj, depth); err != nil {
			return err
		}
	}
}

// array reads an array whose first byte is '['.
func (s *scanner) array(depth int) error {
	if err := s.enter(depth); err != nil {
		return err
	}
	for n := 0; ; n++ {
		if more, err := s.next(n, ']'); !more {
			return err
		}
		if _, err := s.value(depth); err != nil {
			return err
		}
	}
}

// enter reads an opening bracket.
func (s *scanner) enter(depth int) error {
	if depth > MaxDepth {
		return s.fault("nested too deeply")
	}
	s.pos++
	return nil
}

// next reads what comes before the next member or element, after n of them, and
// reports whether there is one or else the closing bracket.
func (s *scanner) next(n int, end byte) (more bool, err error) {
	s.space()
	if s.skip(end) {
		return false, nil
	}
	if n > 0 && !s.skip(',') {
		return false, s.fault("no comma between members")
	}
	if s.counted++; s.counted > MaxMembers {
		return false, s.fault("too many members")
	}
	s.space()
	return true, nil
}

// member reads one member of obj.
func (s *scanner) member(obj *names, depth int) error {
	start := s.pos + 1
	name, escaped, err := s.str()
	if err != nil {
		return err
	}
	m := member{nameStart: uint32(start), nameEnd: uint32(start + len(name))}
	if escaped {
		m.nameStart, m.nameEnd = uint32(len(s.unescaped)), isUnescaped
		s.unescaped = append(s.unescaped, unescape(name))
	}
	s.space()
	if !s.skip(':') {
		return s.fault("no colon after a member name")
	}
	s.space()
	m.valueStart = uint32(s.pos)
	if _, err := s.value(depth); err != nil {
		return err
	}
	m.valueEnd = uint32(s.pos)
	return s.add(obj, m)
}

// names are those of an object that is being read: where its members begin, and a bit
// for each name. A name whose bit is new needs no comparing with those before it.
type names struct {
	first int
	bits  uint64
}

// add appends a member to obj. Get answers "" for new names alone: no value's text is
// empty.
func (s *scanner) add(obj *names, m member) error {
	if len(s.members)-obj.first == MaxNames {
		return s.fault("too many members")
	}
	name := s.name(m)
	bit := uint64(1)
	if name != "" {
		bit = 1 << ((len(name) + 7*int(name[0]) + int(name[len(name)-1])) % 64)
	}
	if obj.bits&bit != 0 && s.find(obj.first, name) != "" {
		return s.fault("a member name comes twice")
	}
	obj.bits |= bit
	s.members = append(s.members, m)
	return nil
}

// value reads any value, that of a member or element at depth, and drops the
// members of objects in it.
func (s *scanner) value(depth int) (Value, error) {
	s.space()
	start, outer := s.pos, len(s.members)
	var err error
	switch c := s.peek(); {
	case c == '"':
		_, _, err = s.str()
	case c == '{':
		err = s.object(depth + 1)
		s.members = s.members[:outer]
	case c == '[':
		err = s.array(depth + 1)
	case c == '-' || '0' <= c && c <= '9':
		err = s.number()
	default:
		err = s.literal()
	}
	if err != nil {
		return "", err
	}
	return Value(s.data[start:s.pos]), nil
}

func (s *scanner) literal() error {
	for _, word := range [...]string{"true", "false", "null"} {
		if strings.HasPrefix(s.data[s.pos:], word) {
			s.pos += len(word)
			return nil
		}
	}
	return s.fault("not a value")
}

// number reads a number (RFC 8259, Section 6) within the range of a float64.
func (s *scanner) number() error {
	start := s.pos
	s.skip('-')
	if !s.skip('0') && s.digits() == 0 {
		return s.fault("a number without digits")
	}
	if s.skip('.') && s.digits() == 0 {
		return s.fault("a fraction without digits")
	}
	if s.skip('e') || s.skip('E') {
		_ = s.skip('+') || s.skip('-')
		if s.digits() == 0 {
			return s.fault("an exponent without digits")
		}
	} else if s.pos-start < 300 {
		return nil
	}
	if _, err := strconv.ParseFloat(s.data[start:s.pos], 64); err != nil {
		return s.fault("a number out of range")
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

// str reads a string (RFC 8259, Section 7) and returns what is between its quotes,
// and whether that has escapes.
func (s *scanner) str() (text string, escaped bool, err error) {
	if !s.skip('"') {
		return "", false, s.fault("not a string")
	}
	start := s.pos
	for {
		s.plain()
		switch c := s.peek(); {
		case c == '"':
			s.pos++
			return s.data[start : s.pos-1], escaped, nil
		case c == '\\':
			if _, err := s.escape(); err != nil {
				return "", false, err
			}
			escaped = true
		case c >= utf8.RuneSelf:
			r, size := utf8.DecodeRuneInString(s.data[s.pos:])
			if r == utf8.RuneError && size == 1 {
				return "", false, s.fault("invalid UTF-8")
			}
			s.pos += size
		case s.pos == len(s.data):
			return "", false, s.fault("a string without end")
		default:
			return "", false, s.fault("a control character in a string")
		}
	}
}

// text reads a string and returns its characters.
func (s *scanner) text() (string, bool) {
	text, escaped, err := s.str()
	if escaped && err == nil {
		text = unescape(text)
	}
	return text, err == nil
}

// special are the bytes that do not stand for themselves in a string, or that are
// not ASCII.
var special = func() (t [256]bool) {
	for c := range t {
		t[c] = c < 0x20 || c == '"' || c == '\\' || c >= utf8.RuneSelf
	}
	return t
}()

// plain reads up to a special byte.
func (s *scanner) plain() {
	rest := s.data[s.pos:]
	for i := range len(rest) {
		if special[rest[i]] {
			s.pos += i
			return
		}
	}
	s.pos = len(s.data)
}

// unescape returns the characters of text, which str returned with escapes.
func unescape(text string) string {
	s := newScanner(text)
	var out []byte
	for i := strings.IndexByte(text, '\\'); i >= 0; i = strings.IndexByte(text[s.pos:], '\\') {
		out = append(out, text[s.pos:s.pos+i]...)
		s.pos += i
		r, _ := s.escape()
		out = utf8.AppendRune(out, r)
	}
	return string(append(out, text[s.pos:]...))
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
	if utf16.IsSurrogate(r) {
		ok = strings.HasPrefix(s.data[s.pos:], `\u`)
		s.pos += 2
		low, _ := s.hex4() // 0, which is no half of a pair, if there are not four
		r = utf16.DecodeRune(r, low)
		ok = ok && r != utf8.RuneError
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
	for _, c := range []byte(s.data[s.pos : s.pos+4]) {
		d := strings.IndexByte("0123456789abcdef", c|0x20)
		if d < 0 || c < '0' {
			return 0, false
		}
		r = r<<4 | rune(d)
	}
	s.pos += 4
	return r, true
}
