package jose

import (
	"bytes"
	"encoding/json"
	"strconv"
	"unicode/utf8"
)

// A writer writes a JSON object member by member, without the time that
// encoding/json takes. Names are escaped like any string.
type writer struct {
	b       []byte
	notUTF8 bool // a name or string is not, and was not written as it is
}

// end returns the object.
func (w *writer) end() []byte {
	if len(w.b) == 0 {
		return []byte("{}")
	}
	return append(w.b, '}')
}

func (w *writer) name(name string) {
	if len(w.b) == 0 {
		w.b = append(w.b, '{')
	} else {
		w.b = append(w.b, ',')
	}
	w.string(name)
	w.b = append(w.b, ':')
}

// string writes s as RFC 8259, Section 7 says.
func (w *writer) string(s string) {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			text, _ := json.Marshal(s) // which is always possible
			w.notUTF8 = w.notUTF8 || !utf8.ValidString(s)
			w.b = append(w.b, text...)
			return
		}
	}
	w.b = append(w.b, '"')
	w.b = append(w.b, s...)
	w.b = append(w.b, '"')
}

// text writes a member that is a string, unless it is empty.
func (w *writer) text(name, value string) {
	if value != "" {
		w.name(name)
		w.string(value)
	}
}

// octets writes a member that is a string of base64url.
func (w *writer) octets(name string, b []byte) {
	w.name(name)
	w.b = append(strict.AppendEncode(append(w.b, '"'), b), '"')
}

// value writes a member of any value. What claims mostly are need not go through
// encoding/json.
func (w *writer) value(name string, value any) error {
	w.name(name)
	switch v := value.(type) {
	case string:
		w.string(v)
	case bool:
		w.b = strconv.AppendBool(w.b, v)
	case int:
		w.b = strconv.AppendInt(w.b, int64(v), 10)
	case int64:
		w.b = strconv.AppendInt(w.b, v, 10)
	case []string:
		w.strings(v)
	default:
		text, err := json.Marshal(v) // which writes \ufffd for what is not UTF-8
		w.notUTF8 = w.notUTF8 || bytes.Contains(text, []byte(`\ufffd`))
		w.b = append(w.b, text...)
		return err
	}
	return nil
}

func (w *writer) strings(list []string) {
	w.b = append(w.b, '[')
	for i, s := range list {
		if i > 0 {
			w.b = append(w.b, ',')
		}
		w.string(s)
	}
	w.b = append(w.b, ']')
}
