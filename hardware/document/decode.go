package document

import (
	"encoding"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"time"

	"roofline/hardware/unit"
)

// TableDecoder is a type that reads itself from a table whose keys no struct can name.
type TableDecoder interface{ DecodeTable(Table) }

// Decode fills the struct dst points to from the table, by toml tags. What the table does not name stays as it is; lists
// are replaced as a whole. Keys in except are left alone.
//
// A tag may say ",date": a TOML date, or a string or year as precise as known ("2022-09").
func (t Table) Decode(dst any, except ...string) {
	t.decode(reflect.ValueOf(dst).Elem(), except)
}

func (t Table) decode(v reflect.Value, except []string) {
	if d, ok := v.Addr().Interface().(TableDecoder); ok {
		d.DecodeTable(t)
		return
	}
	names, fields := fieldsOf(v.Type())
	for _, key := range t.Keys() {
		if slices.Contains(except, key) {
			continue
		}
		f, ok := fields[key]
		if !ok {
			t.Unknown(key, names)
			continue
		}
		t.value(key, v.Field(f.index), f.date)
	}
}

type field struct {
	index int
	date  bool
}

func fieldsOf(s reflect.Type) (names []string, fields map[string]field) {
	fields = map[string]field{}
	for i := range s.NumField() {
		tag, option, _ := strings.Cut(s.Field(i).Tag.Get("toml"), ",")
		if tag == "" || tag == "-" {
			continue
		}
		names = append(names, tag)
		fields[tag] = field{i, option == "date"}
	}
	return names, fields
}

// Value reads the value of one key into what dst points to.
func (t Table) Value(key string, dst any) { t.value(key, reflect.ValueOf(dst).Elem(), false) }

func (t Table) value(key string, v reflect.Value, date bool) {
	raw := t.values[key]
	if date {
		if text, ok := dateText(raw); ok {
			v.SetString(text)
		} else {
			t.Bad(key, "a date such as 2026-07-20, or \"2026-07\"")
		}
		return
	}
	if _, ok := v.Addr().Interface().(TableDecoder); ok {
		if sub := t.Table(key); sub.values != nil {
			sub.decode(v, nil)
		}
		return
	}
	if u, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		t.text(key, raw, u)
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		if sub := t.Table(key); sub.values != nil {
			sub.decode(v, nil)
		}
	case reflect.String:
		s, ok := raw.(string)
		if !ok {
			t.Bad(key, "a string in quotes")
			return
		}
		v.SetString(s)
	case reflect.Bool:
		b, ok := raw.(bool)
		if !ok {
			t.Bad(key, "true or false")
			return
		}
		v.SetBool(b)
	case reflect.Int:
		n, ok := raw.(int64)
		if !ok {
			t.Bad(key, "a whole number without quotes")
			return
		}
		v.SetInt(n)
	case reflect.Float64:
		switch n := raw.(type) {
		case float64:
			if math.IsNaN(n) || math.IsInf(n, 0) {
				t.Bad(key, "a finite number")
				return
			}
			v.SetFloat(n)
		case int64:
			v.SetFloat(float64(n))
		default:
			t.Bad(key, "a number without quotes")
		}
	case reflect.Slice:
		t.list(key, raw, v)
	default:
		panic(fmt.Sprintf("document: no rule for %s", v.Type()))
	}
}

// list reads an array of tables into structs, or of strings into anything made of text.
func (t Table) list(key string, raw any, v reflect.Value) {
	element := v.Type().Elem()
	if element.Kind() == reflect.Struct {
		tables := t.Tables(key)
		out := reflect.MakeSlice(v.Type(), len(tables), len(tables))
		for i, sub := range tables {
			sub.decode(out.Index(i), nil)
		}
		v.Set(out)
		return
	}
	items, ok := raw.([]any)
	if !ok {
		t.Bad(key, `a list such as ["a", "b"]`)
		return
	}
	out := reflect.MakeSlice(v.Type(), len(items), len(items))
	for i, item := range items {
		s, ok := item.(string)
		if !ok {
			t.Bad(key, `a list of strings such as ["a", "b"]`)
			return
		}
		if u, ok := out.Index(i).Addr().Interface().(encoding.TextUnmarshaler); ok {
			if err := u.UnmarshalText([]byte(s)); err != nil {
				t.Bad(key, wanted(err))
				return
			}
		} else {
			out.Index(i).SetString(s)
		}
	}
	v.Set(out)
}

// text reads a string into a quantity or another type made of text.
func (t Table) text(key string, raw any, u encoding.TextUnmarshaler) {
	s, ok := raw.(string)
	if !ok {
		t.Bad(key, wanted(u.UnmarshalText([]byte("?"))))
		return
	}
	err := u.UnmarshalText([]byte(s))
	if err == nil {
		return
	}
	var q *unit.Error
	if errors.As(err, &q) && q.Reason != "" && q.Reason != "has no unit" && q.Reason != "is not a number" {
		t.Badly(key, q.Reason, wanted(err))
		return
	}
	t.Bad(key, wanted(err))
}

// wanted says what would have been right, from the error of an UnmarshalText.
func wanted(err error) string {
	var q *unit.Error
	if errors.As(err, &q) {
		return fmt.Sprintf("a number with unit such as %q", q.Example)
	}
	if err == nil {
		return "a string in quotes"
	}
	_, want, found := strings.Cut(err.Error(), "want ")
	if found {
		return want
	}
	return "something else: " + err.Error()
}

// dateText returns a date as text, as precise as given.
func dateText(raw any) (string, bool) {
	switch v := raw.(type) {
	case time.Time:
		return v.Format(time.DateOnly), true
	case int64:
		s := fmt.Sprint(v)
		return s, validDate(s)
	case string:
		return v, validDate(v)
	}
	return "", false
}

func validDate(s string) bool {
	for _, layout := range []string{"2006", "2006-01", time.DateOnly} {
		if d, err := time.Parse(layout, s); err == nil && d.Year() > 1900 && d.Year() < 2200 {
			return true
		}
	}
	return false
}

// HasField reports whether a dotted path such as memory.bandwidth names a field of the struct v, by toml tags. What a
// [TableDecoder] reads is taken on trust.
func HasField(v any, path string) bool {
	s := reflect.TypeOf(v)
	for path != "" {
		part, rest, _ := strings.Cut(path, ".")
		if reflect.PointerTo(s).Implements(reflect.TypeFor[TableDecoder]()) {
			return true
		}
		if s.Kind() == reflect.Slice {
			s = s.Elem()
		}
		if s.Kind() != reflect.Struct {
			return false
		}
		_, fields := fieldsOf(s)
		f, ok := fields[part]
		if !ok {
			return false
		}
		s, path = s.Field(f.index).Type, rest
	}
	return true
}

// Field reads the value of one key into the field of the struct dst points to that has its name.
func (t Table) Field(key string, dst any) {
	v := reflect.ValueOf(dst).Elem()
	names, fields := fieldsOf(v.Type())
	f, ok := fields[key]
	if !ok {
		t.Unknown(key, names)
		return
	}
	t.value(key, v.Field(f.index), f.date)
}
