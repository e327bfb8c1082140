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
	"fmt"
	"strings"
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
