package strictjson

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
)

// Unmarshal reads data as one object into what v points to, as encoding/json does,
// but a member fills a field of a struct, however deep, only by the field's own name:
// a name that differs from that in a field's tag only in case is an error. A field
// without a tag takes the one member whose name is its own but for the case of ASCII
// letters; two, or one in other letters that fold to the same, are an error. What a
// pointer inside an interface inside v points to is not looked at.
func Unmarshal(data string, v any) error {
	obj, err := Parse(data)
	if err != nil {
		return err
	}
	return obj.Unmarshal(data, v)
}

// Unmarshal is the function of that name for data that was parsed as o.
func (o Object) Unmarshal(data string, v any) error {
	if err := o.checkFields(destination(v)); err != nil {
		return err
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

// destination returns the type that encoding/json fills, which a pointer to an
// interface that holds a pointer hides.
func destination(v any) reflect.Type {
	r := reflect.ValueOf(v)
	for range 16 { // more would be a pointer to itself
		if r.Kind() != reflect.Pointer && r.Kind() != reflect.Interface || r.IsNil() {
			break
		}
		r = r.Elem()
	}
	if !r.IsValid() {
		return nil
	}
	return r.Type()
}

// checkFields refuses names that encoding/json would take for those of t's fields.
func (o *Object) checkFields(t reflect.Type) error {
	if t = pointedTo(t); t == nil {
		return nil
	}
	if t.Kind() == reflect.Map {
		return o.checkValues(t.Elem())
	}
	var tagged []string
	fields := fieldsOf(t)
	for _, f := range fields {
		if f.tagged {
			tagged = append(tagged, f.name)
		}
	}
	if err := o.checkNames(tagged); err != nil {
		return err
	}
	for _, f := range fields {
		value, err := o.valueOf(f)
		if err == nil {
			err = checkValue(value, f.typ)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// checkValues is checkFields for what each value holds.
func (o *Object) checkValues(t reflect.Type) error {
	for _, value := range o.All() {
		if err := checkValue(value, t); err != nil {
			return err
		}
	}
	return nil
}

// valueOf returns the value that encoding/json gives a field.
func (o *Object) valueOf(f field) (Value, error) {
	if f.tagged {
		return o.Get(f.name), nil
	}
	var found Value
	for name, value := range o.All() {
		if !strings.EqualFold(name, f.name) {
			continue
		}
		if found != "" || len(name) != len(f.name) {
			return "", &SyntaxError{0, "two member names, or other letters, fold to one field's"}
		}
		found = value
	}
	return found, nil
}

// checkValue is checkFields for what a value holds. A type that reads its JSON itself
// is left to that.
func checkValue(v Value, t reflect.Type) error {
	t = pointedTo(t)
	if v == "" || reflect.PointerTo(t).Implements(reflect.TypeFor[json.Unmarshaler]()) {
		return nil
	}
	switch t.Kind() {
	case reflect.Struct, reflect.Map:
		if obj, err := Parse(string(v)); err == nil { // else encoding/json says what is wrong
			return obj.checkFields(t)
		}
	case reflect.Slice, reflect.Array:
		list, _ := v.Array()
		for _, e := range list {
			if err := checkValue(e, t.Elem()); err != nil {
				return err
			}
		}
	}
	return nil
}

// A field is one that encoding/json fills.
type field struct {
	name   string
	tagged bool
	typ    reflect.Type
}

// fieldsOf lists the fields of a struct, those of embedded structs included. within are
// the structs that t is embedded in.
func fieldsOf(t reflect.Type, within ...reflect.Type) []field {
	if t.Kind() != reflect.Struct || slices.Contains(within, t) {
		return nil
	}
	fields := make([]field, 0, t.NumField())
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous && name == "" && pointedTo(f.Type).Kind() == reflect.Struct:
			fields = append(fields, fieldsOf(pointedTo(f.Type), append(within, t)...)...)
		case !f.IsExported():
		case name != "":
			fields = append(fields, field{name, true, f.Type})
		default:
			fields = append(fields, field{f.Name, false, f.Type})
		}
	}
	return fields
}

// pointedTo returns the type at the end of pointers.
func pointedTo(t reflect.Type) reflect.Type {
	for t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t
}
