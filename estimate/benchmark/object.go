package benchmark

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"roofline/hardware/dtype"
	"roofline/hardware/unit"
)

// object is a JSON object, or a row of a table, whose values are asked for by name. The first value that can't be is
// kept as an error with its name; what isn't there is zero.
type object struct {
	path   string // of the object in its file, with a final dot
	values map[string]json.RawMessage
	err    *error // shared with the objects inside
}

func newObject(values map[string]json.RawMessage) *object {
	return &object{values: values, err: new(error)}
}

// row returns a line of a table as an object.
func row(header, cells []string) *object {
	values := make(map[string]json.RawMessage, len(header))
	for i, name := range header {
		if i < len(cells) && strings.TrimSpace(cells[i]) != "" {
			values[strings.TrimSpace(name)], _ = json.Marshal(cells[i])
		}
	}
	return newObject(values)
}

// Err returns the first thing that was wrong.
func (o *object) Err() error { return *o.err }

func (o *object) fail(key, format string, args ...any) {
	if *o.err == nil {
		*o.err = fmt.Errorf("%s%s %s", o.path, key, fmt.Sprintf(format, args...))
	}
}

// has reports whether all keys are there and not null; a|b wants one of the two.
func (o *object) has(keys ...string) bool {
	for _, key := range keys {
		if !slices.ContainsFunc(strings.Split(key, "|"), func(k string) bool { v, ok := o.values[k]; return ok && string(v) != "null" }) {
			return false
		}
	}
	return true
}

// require reports keys that are missing.
func (o *object) require(keys ...string) {
	for _, key := range keys {
		if !o.has(key) {
			o.fail(strings.ReplaceAll(key, "|", " or "), "is missing")
		}
	}
}

// number returns a finite number from 0 to most; numbers in quotes and thousands separators are taken, too.
func (o *object) number(key string, most float64) float64 {
	raw, ok := o.values[key]
	if !ok || string(raw) == "null" {
		return 0
	}
	text := string(raw)
	if raw[0] == '"' {
		if json.Unmarshal(raw, &text) != nil {
			o.fail(key, "%s: want a number", shortened(text))
			return 0
		}
		text = strings.ReplaceAll(strings.TrimSpace(text), ",", "")
		if text == "" {
			return 0
		}
	}
	v, err := strconv.ParseFloat(text, 64)
	switch {
	case math.IsInf(v, 0) || math.IsNaN(v):
		o.fail(key, "%s: want a finite number", shortened(text))
	case err != nil:
		o.fail(key, "%s: want a number", shortened(text))
	case v < 0 || v == 0 && math.Signbit(v):
		o.fail(key, "%s: is negative", shortened(text))
	case v > most:
		o.fail(key, "%s: more than anything that is measured", shortened(text))
	default:
		return v
	}
	return 0
}

// count returns a number of tokens or requests.
func (o *object) count(key string) float64 { return o.number(key, mostTokens) }

// total returns a number of tokens over all requests.
func (o *object) total(key string) float64 { return o.number(key, mostTokens*1e3) }

// rate returns tokens or requests per second.
func (o *object) rate(key string) float64 { return o.number(key, highestRate) }

// seconds returns a time above 0, or 0 where there is none; scale is the unit of the file.
func (o *object) seconds(key string, scale unit.Seconds) unit.Seconds {
	if !o.has(key) {
		return 0
	}
	v := unit.Seconds(o.number(key, longestTime/float64(scale))) * scale
	if v == 0 && *o.err == nil && string(o.values[key]) != `""` {
		o.fail(key, "is 0: no time; a server that does not stream reports that")
	}
	return v
}

// spread returns the standard deviation at a key over a mean.
func (o *object) spread(key string, scale, mean unit.Seconds) float64 {
	if mean <= 0 {
		return 0
	}
	return float64(unit.Seconds(o.number(key, longestTime/float64(scale))) * scale / mean)
}

// text returns a string; numbers are taken as they are written.
func (o *object) text(key string) string {
	raw, ok := o.values[key]
	if !ok || string(raw) == "null" {
		return ""
	}
	var s string
	if raw[0] == '"' && json.Unmarshal(raw, &s) == nil {
		return clean(s)
	}
	if raw[0] == '{' || raw[0] == '[' {
		return ""
	}
	return clean(string(raw))
}

// integer returns a small whole number, such as a degree of parallelism.
func (o *object) integer(key string) int {
	v := o.number(key, 1<<20)
	if v != math.Trunc(v) {
		o.fail(key, "%g: want a whole number", v)
		return 0
	}
	return int(v)
}

// format returns a number format, as far as it is a known one.
func (o *object) format(key string) dtype.DType {
	d, err := dtype.Parse(strings.ToLower(o.text(key)))
	if err != nil {
		return dtype.Unknown
	}
	return d
}

// object returns the object at a key, empty where there is none.
func (o *object) object(key string) *object {
	inner := &object{path: o.path + key + ".", err: o.err}
	if raw, ok := o.values[key]; ok && string(raw) != "null" && json.Unmarshal(raw, &inner.values) != nil {
		o.fail(key, "%s: want an object", shortened(string(raw)))
	}
	return inner
}

// objects returns the list of objects at a key.
func (o *object) objects(key string) []*object {
	var list []map[string]json.RawMessage
	if raw, ok := o.values[key]; ok && json.Unmarshal(raw, &list) != nil {
		o.fail(key, "%s: want a list of objects", shortened(string(raw)))
	}
	out := make([]*object, len(list))
	for i := range list {
		out[i] = &object{path: fmt.Sprintf("%s%s[%d].", o.path, key, i), values: list[i], err: o.err}
	}
	return out
}

// numbers returns the list of numbers at a key.
func (o *object) numbers(key string) []float64 {
	var list []float64
	if raw, ok := o.values[key]; ok && string(raw) != "null" && json.Unmarshal(raw, &list) != nil {
		o.fail(key, "%s: want a list of numbers", shortened(string(raw)))
	}
	for _, v := range list {
		if !(v >= 0 && v <= 1e18) {
			o.fail(key, "%g: want numbers, 0 or more", v)
		}
	}
	return list
}

// keys returns the names of the values, in order.
func (o *object) keys() []string {
	keys := make([]string, 0, len(o.values))
	for k := range o.values {
		keys = append(keys, clean(k))
	}
	slices.Sort(keys)
	return keys
}

// shortened keeps what is quoted of a file readable.
func shortened(s string) string {
	s = clean(s)
	if r := []rune(s); len(r) > 40 {
		return string(r[:39]) + "…"
	}
	return s
}

// clean takes what is not printable out of a text, and what is too long for a name.
func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == '\uFFFD' || !strconv.IsPrint(r) {
			return -1
		}
		return r
	}, s)
	if len(s) > 200 {
		s = strings.ToValidUTF8(s[:200], "")
	}
	return s
}

// median returns the middle of samples; it sorts them.
func median(v []float64) float64 {
	if len(v) == 0 {
		return 0
	}
	slices.Sort(v)
	if n := len(v); n%2 == 0 {
		return (v[n/2-1] + v[n/2]) / 2
	}
	return v[len(v)/2]
}

// relativeSpread returns the standard deviation of samples over their mean, as far as they are more than one.
func relativeSpread(v []float64) float64 {
	if len(v) < 2 {
		return 0
	}
	sum, squares := 0.0, 0.0
	for _, x := range v {
		sum += x
	}
	mean := sum / float64(len(v))
	for _, x := range v {
		squares += (x - mean) * (x - mean)
	}
	if mean <= 0 {
		return 0
	}
	return math.Sqrt(squares/float64(len(v)-1)) / mean
}
