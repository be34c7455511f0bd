package hardware

import (
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"

	"roofline/hardware/dtype"
)

// Field is one value of a record, by the name it has in the files.
type Field struct {
	Name   string // dotted, such as memory.capacity; a link's is link and its kind
	Value  any
	Number float64 // in base units; NaN for text
}

func (f Field) String() string {
	switch v := f.Value.(type) {
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	}
	return fmt.Sprint(f.Value)
}

// Fields lists what is known of a record (a [Device], [System], [Site] …) in the order of its struct: everything but
// the id and where the values come from.
func Fields[T any](record *T) []Field {
	return fields(nil, "", reflect.ValueOf(record).Elem())
}

// Table is a value that lists what it holds by name, such as a factor for each class of work.
type Table interface{ Entries() []Field }

func fields(out []Field, prefix string, s reflect.Value) []Field {
	for i := range s.NumField() {
		tag, _, _ := strings.Cut(s.Type().Field(i).Tag.Get("toml"), ",")
		v := s.Field(i)
		if tag == "" || tag == "-" || tag == "source" || tag == "sources" || tag == "accepted" || v.IsZero() {
			continue
		}
		name := prefix + tag
		switch x := v.Interface().(type) {
		case Rates:
			for _, f := range dtype.Arithmetics {
				if r := x[f]; r > 0 {
					out = append(out, Field{name + "." + f.String(), r, float64(r)})
				}
			}
		case Fractions:
			for _, f := range dtype.Arithmetics {
				if r := x[f]; r > 0 {
					out = append(out, Field{name + "." + f.String(), r, r})
				}
			}
		case Table:
			for _, e := range x.Entries() {
				out = append(out, Field{name + "." + e.Name, e.Value, e.Number})
			}
		case []Link:
			kinds := map[string]int{}
			for _, l := range x {
				label := name + "." + l.Kind
				if kinds[l.Kind]++; kinds[l.Kind] > 1 { // another of the same kind
					label += fmt.Sprintf(".%d", kinds[l.Kind])
				}
				out = append(out, Field{label, l, float64(l.Bandwidth)})
			}
		case Link:
			out = append(out, Field{name + "." + x.Kind, x, float64(x.Bandwidth)})
		default:
			out = leaf(out, name, v)
		}
	}
	return out
}

func leaf(out []Field, name string, v reflect.Value) []Field {
	number := math.NaN()
	switch v.Kind() {
	case reflect.Struct:
		if m, ok := v.Type().FieldByName("Amount"); ok { // money
			number = v.FieldByIndex(m.Index).Float()
			break
		}
		return fields(out, name+".", v)
	case reflect.Slice, reflect.Array: // of a runtime: not values of a datasheet
		return out
	case reflect.Float64:
		number = v.Float()
	case reflect.Int:
		number = float64(v.Int())
	}
	return append(out, Field{name, v.Interface(), number})
}

func (l Link) String() string {
	text := "of unknown bandwidth"
	if l.Bandwidth > 0 {
		text = fmt.Sprintf("%s one way", l.Bandwidth)
	}
	if l.Topology != "" {
		text += ", " + l.Topology
	}
	if l.Domain > 0 {
		text += fmt.Sprintf(" of %d", l.Domain)
	}
	return text
}
