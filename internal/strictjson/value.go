package strictjson

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
)

// A Value is the text of one value that [Parse] accepted; nil stands for a
// member that is absent. Its methods report false for a value of another type.
type Value []byte

// String returns a string's characters.
func (v Value) String() (string, bool) {
	s := scanner{data: v}
	str, err := s.str()
	return str, err == nil
}

// Bool returns a boolean.
func (v Value) Bool() (value, ok bool) {
	return string(v) == "true", string(v) == "true" || string(v) == "false"
}

// IsNull reports whether the value is null.
func (v Value) IsNull() bool { return string(v) == "null" }

// maxSeconds is 9999-12-31T23:59:59Z: a later time is a mistake or an attack.
const maxSeconds = 253402300799

// Seconds returns a number of seconds, its fraction cut off, if it is within
// plus or minus the year 9999's: a NumericDate (RFC 7519, Section 2) or a
// lifetime.
func (v Value) Seconds() (int64, bool) {
	s := scanner{data: v}
	if s.number() != nil || s.pos < len(v) {
		return 0, false
	}
	f, err := strconv.ParseFloat(string(v), 64)
	if err != nil || math.Abs(f) > maxSeconds {
		return 0, false
	}
	return int64(f), true
}

// Array returns an array's elements.
func (v Value) Array() ([]Value, bool) {
	if len(v) == 0 || v[0] != '[' {
		return nil, false
	}
	s := scanner{data: v}
	list, err := s.array(1)
	return list, err == nil
}

// Strings returns the elements of an array of strings.
func (v Value) Strings() ([]string, bool) {
	list, ok := v.Array()
	if !ok {
		return nil, false
	}
	strs := make([]string, len(list))
	for i, e := range list {
		if strs[i], ok = e.String(); !ok {
			return nil, false
		}
	}
	return strs, true
}

// Raw returns a copy of the text.
func (v Value) Raw() json.RawMessage { return bytes.Clone(v) }
