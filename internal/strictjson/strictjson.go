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
//   - bounded depth and number of members.
//
// Errors say where and what is wrong and never repeat the text.
package strictjson

import (
	"fmt"
	"strings"
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

// Get returns the value of the member called name, exactly, and "" if there is
// none.
func (o Object) Get(name string) Value {
	for i := range o {
		if o[i].Name == name {
			return o[i].Value
		}
	}
	return ""
}

// Parse reads data as one object. Names and values are parts of data, but for
// names with escapes. A member at its top whose name equals one of known but for
// its case is refused.
func Parse(data string, known ...string) (Object, error) {
	s := scanner{data: data}
	s.space()
	if s.peek() != '{' {
		return nil, s.fault("not an object")
	}
	s.members = make(Object, 0, min(len(data)/36+2, 64)) // most often enough
	if err := s.object(1); err != nil {
		return nil, err
	}
	s.space()
	if s.pos < len(data) {
		return nil, s.fault("data after the object")
	}
	if err := s.members.checkNames(known); err != nil {
		return nil, err
	}
	return s.members, nil
}

// checkNames refuses a name that equals one of known but for its case.
func (o Object) checkNames(known []string) error {
	for i := range o {
		if folds(o[i].Name, known) {
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
