package hardware

import (
	"reflect"
	"strings"

	"roofline/hardware/document"
	"roofline/hardware/dtype"
)

// Path is a single value that a record can have, by the name it has in the files.
type Path struct {
	Name string       // dotted, such as memory.capacity; compute.* stands for every key of a table
	Type reflect.Type // of the value
}

// Paths lists the single values that a record of type T can have, in the order of its struct: everything but the id,
// where the values come from, and lists.
func Paths[T any]() []Path { return paths(nil, "", reflect.TypeFor[T]()) }

func paths(out []Path, prefix string, s reflect.Type) []Path {
	for i := range s.NumField() {
		tag, _, _ := strings.Cut(s.Field(i).Tag.Get("toml"), ",")
		t := s.Field(i).Type
		if tag == "" || tag == "-" || tag == "source" || tag == "sources" || tag == "accepted" {
			continue
		}
		switch name := prefix + tag; {
		case t == reflect.TypeFor[Rates]() || t == reflect.TypeFor[Fractions]():
			for _, f := range dtype.Arithmetics {
				out = append(out, Path{name + "." + f.String(), t.Elem()})
			}
		case reflect.PointerTo(t).Implements(reflect.TypeFor[document.TableDecoder]()):
			out = append(out, Path{name + ".*", t.Elem()})
		case t.Kind() == reflect.Slice || t == reflect.TypeFor[Link](): // links go by their kind, which only a record has
		case t.Kind() == reflect.Struct && !isMoney(t):
			out = paths(out, name+".", t)
		default:
			out = append(out, Path{name, t})
		}
	}
	return out
}

// isMoney reports an amount with its currency: one value, though a struct.
func isMoney(t reflect.Type) bool { return t.ConvertibleTo(reflect.TypeFor[Money]()) }
