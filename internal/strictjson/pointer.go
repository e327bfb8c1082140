package strictjson

import (
	"strconv"
	"strings"
)

// At returns the value at a place in o: that of the member of this name, or where a JSON
// Pointer (RFC 6901), which begins with a slash, leads to. It is "" if there is none.
func (o Object) At(place string) Value {
	rest, ok := strings.CutPrefix(place, "/")
	if !ok {
		return o.Get(place)
	}
	first, rest, more := strings.Cut(rest, "/")
	v := o.Get(unescapeToken(first))
	for more {
		var token string
		token, rest, more = strings.Cut(rest, "/")
		v = v.child(unescapeToken(token))
	}
	return v
}

// unescapeToken decodes a reference token, RFC 6901, Section 4.
func unescapeToken(token string) string {
	return strings.ReplaceAll(strings.ReplaceAll(token, "~1", "/"), "~0", "~")
}

// child returns the member of an object, or the element of an array.
func (v Value) child(token string) Value {
	if list, ok := v.Array(); ok {
		i, err := strconv.ParseUint(token, 10, 16)
		if err != nil || i >= uint64(len(list)) || strconv.FormatUint(i, 10) != token {
			return ""
		}
		return list[i]
	}
	o, err := Parse(string(v))
	if err != nil {
		return ""
	}
	return o.Get(token)
}

// Text returns a string's characters, or all the digits of a whole number that has no sign.
func (v Value) Text() (string, bool) {
	if s, ok := v.String(); ok {
		return s, true
	}
	if v == "" || strings.Trim(string(v), "0123456789") != "" {
		return "", false
	}
	return string(v), true
}
