// Package schema derives JSON Schemas (2020-12) from the Go types that answers are made of, so that what is documented is
// what is written.
package schema

import (
	"encoding"
	"fmt"
	"reflect"
	"strings"

	"roofline/hardware/unit"
)

// Schema is a JSON Schema, or a part of one.
type Schema map[string]any

// Of returns the schema of an answer: of the type of v, whose field "schema" has the given id.
func Of(id string, v any) Schema {
	g := &generator{defs: Schema{}, names: map[reflect.Type]string{}}
	t := reflect.TypeOf(v)
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	s := g.object(t)
	s["$schema"], s["$id"], s["title"] = "https://json-schema.org/draft/2020-12/schema", id, id
	s["description"] = "Numbers are in base units; a value that is not known is absent, never 0."
	s["properties"].(Schema)["schema"] = Schema{"const": id}
	if len(g.defs) > 0 {
		s["$defs"] = g.defs
	}
	return s
}

// generator collects the definitions of named types.
type generator struct {
	defs  Schema
	names map[reflect.Type]string
}

// units describe the quantities, which are numbers in base units.
var units = map[reflect.Type]string{
	reflect.TypeFor[unit.Seconds]():    "seconds",
	reflect.TypeFor[unit.Bytes]():      "bytes",
	reflect.TypeFor[unit.FLOPs]():      "floating-point operations",
	reflect.TypeFor[unit.FLOPRate]():   "floating-point operations per second",
	reflect.TypeFor[unit.ByteRate]():   "bytes per second",
	reflect.TypeFor[unit.Intensity]():  "floating-point operations per byte",
	reflect.TypeFor[unit.Watts]():      "watts",
	reflect.TypeFor[unit.Hertz]():      "hertz",
	reflect.TypeFor[unit.USD]():        "US dollars",
	reflect.TypeFor[unit.USDPerHour](): "US dollars per hour",
}

func (g *generator) of(t reflect.Type) Schema {
	if name, ok := units[t]; ok {
		return Schema{"type": "number", "description": name}
	}
	if t.Implements(reflect.TypeFor[encoding.TextMarshaler]()) {
		return Schema{"type": "string"}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return g.of(t.Elem())
	case reflect.Struct:
		return Schema{"$ref": "#/$defs/" + g.define(t)}
	case reflect.Slice, reflect.Array:
		return Schema{"type": "array", "items": g.of(t.Elem())}
	case reflect.Map:
		return Schema{"type": "object", "additionalProperties": g.of(t.Elem())}
	case reflect.String:
		return Schema{"type": "string"}
	case reflect.Bool:
		return Schema{"type": "boolean"}
	case reflect.Float32, reflect.Float64:
		return Schema{"type": "number"}
	case reflect.Interface:
		return Schema{}
	}
	return Schema{"type": "integer"}
}

// define adds the definition of a struct and returns its name.
func (g *generator) define(t reflect.Type) string {
	if name, ok := g.names[t]; ok {
		return name
	}
	base := t.Name()
	if base == "" {
		base = "part" // of a struct that has no name
	}
	name := strings.ToLower(base[:1]) + base[1:]
	for n := 2; g.defs[name] != nil; n++ { // types of different packages
		name = fmt.Sprintf("%s%d", strings.ToLower(base[:1])+base[1:], n)
	}
	g.names[t] = name
	g.defs[name] = Schema{} // taken, should the type contain itself
	g.defs[name] = g.object(t)
	return name
}

// object is the schema of a struct, written as encoding/json writes it.
func (g *generator) object(t reflect.Type) Schema {
	properties := Schema{}
	var required []string
	g.fields(t, properties, &required)
	s := Schema{"type": "object", "properties": properties}
	if len(required) > 0 {
		s["required"] = required
	}
	return s
}

func (g *generator) fields(t reflect.Type, properties Schema, required *[]string) {
	for i := range t.NumField() {
		f := t.Field(i)
		tag, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		embedded := f.Type
		if embedded.Kind() == reflect.Pointer {
			embedded = embedded.Elem()
		}
		switch {
		case tag == "-":
			continue
		case f.Anonymous && tag == "" && embedded.Kind() == reflect.Struct:
			g.fields(embedded, properties, required)
			continue
		case !f.IsExported():
			continue
		case tag == "":
			tag = f.Name
		}
		properties[tag] = g.of(f.Type)
		if !strings.Contains(options, "omitempty") && !strings.Contains(options, "omitzero") {
			*required = append(*required, tag)
		}
	}
}
