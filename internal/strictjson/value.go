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
	s := scanner{data: string(v)}
	text, escaped, err := s.str()
	if err != nil || s.pos < len(v) {
		return "", false
	}
	if escaped {
		text = unescape(text)
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
	s := scanner{data: string(v)}
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
	list := []Value{}
	if !v.each(func(e Value) bool { list = append(list, e); return true }) {
		return nil, false
	}
	return list, true
}

// Strings returns the elements of an array of strings.
func (v Value) Strings() ([]string, bool) {
	list := []string{}
	add := func(e Value) bool {
		text, ok := e.String()
		list = append(list, text)
		return ok
	}
	if !v.each(add) {
		return nil, false
	}
	return list, true
}

// each gives keep an array's elements until it refuses one.
func (v Value) each(keep func(Value) bool) bool {
	if len(v) == 0 || v[0] != '[' {
		return false
	}
	s := scanner{data: string(v)}
	return s.array(1, keep) == nil && s.pos == len(v)
}

// Raw returns the text, and nil for an absent member.
func (v Value) Raw() json.RawMessage {
	if v == "" {
		return nil
	}
	return json.RawMessage(v)
}
