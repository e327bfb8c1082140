// Package strictjson reads JSON that decides about security: headers, claims,
// keys, metadata, token responses. It accepts less than encoding/json does:
//
//   - one object, and nothing after it but white space (RFC 8259, Section 2);
//   - no member name twice in one object, at any depth, however it is escaped
//     (RFC 7515, Section 4; RFC 7519, Section 4);
//   - no member whose name differs only in case from one that the caller knows,
//     because encoding/json would let it fill that field;
//   - valid UTF-8, and no escaped half of a surrogate pair (RFC 7493, Section 2.1);
//   - no number that a float64 cannot hold (RFC 7493, Section 2.2);
//   - bounded length, depth and number of members.
//
// Errors say where and what is wrong and never repeat the text.
package strictjson

import (
	"fmt"
	"iter"
	"math"
	"strings"
	"unicode/utf8"
)

// The bounds of what is read.
const (
	MaxLength  = 64 << 20 // bytes
	MaxDepth   = 16       // objects and arrays inside one another
	MaxNames   = 256      // members of one object, each compared with all before it
	MaxMembers = 4096     // object members and array elements in all
)

// A SyntaxError tells where a text is not the JSON that this package accepts.
type SyntaxError struct {
	Offset int    // bytes before the fault
	Reason string // what is wrong, without the text
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("strictjson: %s at offset %d", e.Reason, e.Offset)
}

// An Object is a checked object: its text, and where its members are in it, in the
// order they came. The zero Object has none.
type Object struct {
	data      string
	members   []member
	unescaped []string // the names that have escapes
}

// A member says where the name, without its quotes, and the value are. It holds no
// pointers, which makes a list of members half as large and spares the collector.
type member struct{ nameStart, nameEnd, valueStart, valueEnd uint32 }

// isUnescaped stands for nameEnd where nameStart is the name's index in unescaped.
const isUnescaped = math.MaxUint32

func (o *Object) name(m member) string {
	if m.nameEnd == isUnescaped {
		return o.unescaped[m.nameStart]
	}
	return o.data[m.nameStart:m.nameEnd]
}

// Len returns how many members there are.
func (o Object) Len() int { return len(o.members) }

// Get returns the value of the member called name, exactly, and "" if there is
// none.
func (o Object) Get(name string) Value { return o.find(0, name) }

// find is Get for the members from first on.
func (o *Object) find(first int, name string) Value {
	for _, m := range o.members[first:] {
		if o.name(m) == name {
			return Value(o.data[m.valueStart:m.valueEnd])
		}
	}
	return ""
}

// All returns the members, names unescaped.
func (o Object) All() iter.Seq2[string, Value] {
	return func(yield func(string, Value) bool) {
		for _, m := range o.members {
			if !yield(o.name(m), Value(o.data[m.valueStart:m.valueEnd])) {
				return
			}
		}
	}
}

// Parse reads data as one object. Names and values are parts of data, but for
// names with escapes. A member at its top whose name equals one of known but for
// its case is refused.
func Parse(data string, known ...string) (Object, error) {
	s := newScanner(data)
	if len(data) > MaxLength {
		return Object{}, s.fault("too long")
	}
	s.space()
	if s.peek() != '{' {
		return Object{}, s.fault("not an object")
	}
	s.members = make([]member, 0, min(len(data)/32+4, 32)) // most often enough
	if err := s.object(1); err != nil {
		return Object{}, err
	}
	s.space()
	if s.pos < len(data) {
		return Object{}, s.fault("data after the object")
	}
	if err := s.checkNames(known); err != nil {
		return Object{}, err
	}
	return s.Object, nil
}

// checkNames refuses a name that equals one of known but for its case.
func (o *Object) checkNames(known []string) error {
	for _, m := range o.members {
		if folds(o.name(m), known) {
			return &SyntaxError{0, "a member name differs from a known one only in case"}
		}
	}
	return nil
}

// folds reports whether name differs from one of known only in case.
func folds(name string, known []string) bool {
	for _, k := range known {
		if initialsFold(name, k) && name != k && strings.EqualFold(name, k) {
			return true
		}
	}
	return false
}

// initialsFold reports whether two names could differ only in case, by a look at
// their first bytes: other ASCII characters than one letter's two never fold.
func initialsFold(a, b string) bool {
	if a == "" || b == "" {
		return false
	}
	return a[0]|0x20 == b[0]|0x20 || (a[0]|b[0]) >= utf8.RuneSelf
}
