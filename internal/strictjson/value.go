package strictjson

import (
	"encoding/json"
	"math"
	"strconv"
)

// A Value is the text of one value that [Parse] accepted; "" stands for a
// member that is absent. Its methods report false for a value of another type.
type Value string

// String returns a string's characters.
func (v Value) String() (string, bool) {
	if v == "" || v[0] != '"' {
		return "", false
	}
	s := newScanner(string(v))
	text, ok := s.text()
	if !ok || s.pos < len(v) {
		return "", false
	}
	return text, true
}

// Bool returns a boolean.
func (v Value) Bool() (value, ok bool) {
	return v == "true", v == "true" || v == "false"
}

// IsNull reports whether the value is null.
func (v Value) IsNull() bool { return v == "null" }

// maxSeconds is 9999-12-31T23:59:59Z: a later time is a mistake or an attack.
const maxSeconds = 253402300799

// Seconds returns a number of seconds, its fraction cut off, if it is within
// plus or minus the year 9999's: a NumericDate (RFC 7519, Section 2) or a
// lifetime.
func (v Value) Seconds() (int64, bool) {
	s := newScanner(string(v))
	if s.number() != nil || s.pos < len(v) {
		return 0, false
	}
	if n, err := strconv.ParseInt(string(v), 10, 64); err == nil { // most are whole
		if n < -maxSeconds || n > maxSeconds {
			return 0, false
		}
		return n, true
	}
	f, _ := strconv.ParseFloat(string(v), 64) // infinite if it is out of range
	if math.Abs(f) > maxSeconds {
		return 0, false
	}
	return int64(f), true
}

// Array returns an array's elements.
func (v Value) Array() ([]Value, bool) {
	s := newScanner(string(v))
	if !s.skip('[') {
		return nil, false
	}
	list := []Value{}
	for {
		more, err := s.next(len(list), ']')
		if err == nil && !more && s.pos == len(v) {
			return list, true
		}
		e, errElement := s.value(1)
		if err != nil || !more || errElement != nil {
			return nil, false
		}
		list = append(list, e)
	}
}

// Strings returns the elements of an array of strings.
func (v Value) Strings() ([]string, bool) { return v.appendStrings([]string{}) }

// appendStrings appends the elements of an array of strings to list.
func (v Value) appendStrings(list []string) ([]string, bool) {
	s := newScanner(string(v))
	if !s.skip('[') {
		return nil, false
	}
	for n := 0; ; n++ {
		more, err := s.next(n, ']')
		if err == nil && !more && s.pos == len(v) {
			return list, true
		}
		text, ok := s.text()
		if err != nil || !more || !ok {
			return nil, false
		}
		list = append(list, text)
	}
}

// AppendOneOrMore appends a string, or the elements of an array of strings, to list, as
// an audience is written (RFC 7519, Section 4.1.3).
func (v Value) AppendOneOrMore(list []string) ([]string, bool) {
	if all, ok := v.appendStrings(list); ok {
		return all, true
	}
	if s, ok := v.String(); ok {
		return append(list, s), true
	}
	return nil, false
}

// Raw returns the text, and nil for an absent member.
func (v Value) Raw() json.RawMessage {
	if v == "" {
		return nil
	}
	return json.RawMessage(v)
}
