package strictjson

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
)

// Unmarshal reads data as one object into the struct that v points to, as
// encoding/json does once [Parse] has accepted data with the names in the struct's
// tags as the known ones. A field without a tag takes the one member whose name
// is its own but for the case of ASCII letters; two, or one in other letters that
// fold to the same, are an error. Objects inside data are not held to that.
func Unmarshal(data string, v any) error {
	obj, err := Parse(data)
	if err != nil {
		return err
	}
	return obj.Unmarshal(data, v)
}

// Unmarshal is the function of that name for data that was parsed as o.
func (o Object) Unmarshal(data string, v any) error {
	tagged, untagged := fieldNames(reflect.TypeOf(v))
	if err := o.checkNames(tagged); err != nil {
		return err
	}
	for _, field := range untagged {
		found := 0
		for _, m := range o.members {
			name := o.name(m)
			if !strings.EqualFold(name, field) {
				continue
			}
			if found++; found > 1 || len(name) != len(field) {
				return &SyntaxError{0, "two member names, or other letters, fold to one field's"}
			}
		}
	}
	err := json.Unmarshal([]byte(data), v)
	switch e := err.(type) {
	case nil, *json.InvalidUnmarshalError:
		return err
	case *json.UnmarshalTypeError:
		return &SyntaxError{int(e.Offset), "a member is of the wrong type for field " + e.Field}
	}
	return &SyntaxError{0, "a member is of the wrong type"}
}

// fieldNames lists the member names of a pointer's struct, those of embedded
// structs included: the ones in tags, and the names of fields without. within are
// the structs that t is embedded in.
func fieldNames(t reflect.Type, within ...reflect.Type) (tagged, untagged []string) {
	t = pointedTo(t)
	if t == nil || t.Kind() != reflect.Struct || slices.Contains(within, t) {
		return nil, nil
	}
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous && name == "" && pointedTo(f.Type).Kind() == reflect.Struct:
			a, b := fieldNames(f.Type, append(within, t)...)
			tagged, untagged = append(tagged, a...), append(untagged, b...)
		case !f.IsExported():
		case name != "":
			tagged = append(tagged, name)
		default:
			untagged = append(untagged, f.Name)
		}
	}
	return tagged, untagged
}

// pointedTo returns the type at the end of pointers.
func pointedTo(t reflect.Type) reflect.Type {
	for t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t
}
