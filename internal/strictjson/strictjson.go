// Package strictjson reads JSON that decides about security: headers, claims,
// keys, metadata, token responses. It accepts less than encoding/json does:
//
//   - one object, and nothing after it but white space (RFC 8259, Section 2);
//   - no member name twice in one object, at any depth, however it is escaped
//     (RFC 7515, Section 4; RFC 7519, Section 4);
//   - no member whose name differs only in case from one that the caller knows,
//     because encoding/json would let it fill that field;
//   - valid UTF-8, and no escaped half of a surrogate pair (RFC 7493, Section 2.1);
//   - bounded depth and number of members.
//
// Errors say where and what is wrong and never repeat the text.
package strictjson

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// The bounds of what is read.
const (
	MaxDepth   = 16   // objects and arrays inside one another
	MaxNames   = 256  // members of one object, each compared with all before it
	MaxMembers = 4096 // object members and array elements in all
)

// A SyntaxError tells where a text is not the JSON that this package accepts.
type SyntaxError struct {
	Offset int    // bytes before the fault
	Reason string // what is wrong, without the text
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("strictjson: %s at offset %d", e.Reason, e.Offset)
}

// A Member is one member of an object.
type Member struct {
	Name  string // unescaped
	Value Value
}

// An Object is a checked object: its members in the order they came.
type Object []Member

// Get returns the value of the member called name, exactly, and nil if there is
// none.
func (o Object) Get(name string) Value {
	for _, m := range o {
		if m.Name == name {
			return m.Value
		}
	}
	return nil
}

// Parse reads data as one object. A member at its top whose name equals one of
// known but for its case is refused.
func Parse(data []byte, known ...string) (Object, error) {
	s := scanner{data: data}
	s.space()
	if s.peek() != '{' {
		return nil, s.fault("not an object")
	}
	obj, err := s.object(1)
	if err != nil {
		return nil, err
	}
	s.space()
	if s.pos < len(data) {
		return nil, s.fault("data after the object")
	}
	for _, m := range obj {
		for _, k := range known {
			if m.Name != k && strings.EqualFold(m.Name, k) {
				return nil, &SyntaxError{0, "a member name differs from a known one only in case"}
			}
		}
	}
	return obj, nil
}

// Unmarshal reads data as one object into the struct that v points to, as
// encoding/json does once [Parse] has accepted data with the names in the struct's
// tags as the known ones. A field without a tag takes the one member whose name
// is its own but for the case of ASCII letters; two, or one in other letters that
// fold to the same, are an error. Objects inside data are not held to that.
func Unmarshal(data []byte, v any) error {
	tagged, untagged := fieldNames(reflect.TypeOf(v))
	obj, err := Parse(data, tagged...)
	if err != nil {
		return err
	}
	for _, name := range untagged {
		same := func(m Member) bool { return strings.EqualFold(m.Name, name) }
		i := slices.IndexFunc(obj, same)
		if i >= 0 && (len(obj[i].Name) != len(name) || slices.ContainsFunc(obj[i+1:], same)) {
			return &SyntaxError{0, "two member names, or other letters, fold to one field's"}
		}
	}
	if err := json.Unmarshal(data, v); err != nil {
		return &SyntaxError{0, "a member is of the wrong type"}
	}
	return nil
}

// fieldNames lists the member names of a pointer's struct, those of embedded
// structs included: the ones in tags, and the names of fields without.
func fieldNames(t reflect.Type) (tagged, untagged []string) {
	if t == nil || t.Kind() != reflect.Pointer || t.Elem().Kind() != reflect.Struct {
		return nil, nil
	}
	for _, f := range reflect.VisibleFields(t.Elem()) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case !f.IsExported():
		case name != "":
			tagged = append(tagged, name)
		case !f.Anonymous:
			untagged = append(untagged, f.Name)
		}
	}
	return tagged, untagged
}

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
