package hf

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"roofline/hardware/dtype"
	"roofline/model/transformer"
)

// Limits no real model comes near: beyond them a configuration is broken, or made to exhaust something.
const (
	maxLayers  = 1000
	maxHidden  = 1 << 20
	maxHeads   = 1 << 16
	maxVocab   = 1 << 24
	maxContext = 1 << 40
)

// config is a JSON object of a configuration and the first error met while reading it.
type config struct {
	prefix string // path of the object in the file, such as "text_config."
	fields map[string]json.RawMessage
	root   *config // of a nested object: some things are said there for the whole model; nil for the root itself

	names    map[string]string // what the family calls a field
	defaults map[string]int    // what the family's configuration class fills in
	err      *error            // shared by nested objects
	beside   *config           // the quantiser's own file, if there is one
}

// parse reads the outermost object.
func parse(data []byte, file string) (*config, error) {
	if len(data) > maxSize {
		return nil, fmt.Errorf("%s: too large for a configuration: want at most %d MiB", file, maxSize>>20)
	}
	c := &config{err: new(error)}
	err := json.Unmarshal(data, &c.fields)
	if err != nil {
		if plain := withoutInfinities(data); plain != nil {
			err = json.Unmarshal(plain, &c.fields)
		}
	}
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &syntax):
		line, column := position(data, syntax.Offset)
		return nil, fmt.Errorf("%s:%d:%d: not JSON: %s", file, line, column, syntax)
	case err != nil || c.fields == nil:
		return nil, fmt.Errorf("%s: is %s: want a JSON object with the model's dimensions", file, excerpt(data))
	}
	return c, nil
}

// withoutInfinities replaces the numbers JSON does not have, but Python writes, by null. It returns nil if there are none.
func withoutInfinities(data []byte) []byte {
	quoted := regexp.MustCompile(`"(?:[^"\\]|\\.)*"|-?Infinity|NaN`)
	found := false
	plain := quoted.ReplaceAllFunc(data, func(token []byte) []byte {
		if token[0] == '"' {
			return token
		}
		found = true
		return []byte("null")
	})
	if !found {
		return nil
	}
	return plain
}

// position turns the number of bytes read until an error into a line and a column, from 1.
func position(data []byte, read int64) (line, column int) {
	before := data[:max(0, min(read-1, int64(len(data))))]
	return 1 + bytes.Count(before, []byte("\n")), len(before) - bytes.LastIndexByte(before, '\n')
}

// language returns the object with the language model's dimensions: multimodal models nest it.
func (c *config) language() *config {
	if !c.has("text_config") {
		return c
	}
	return c.object("text_config")
}

// object returns a nested object; a field that is none is an error.
func (c *config) object(key string) *config {
	nested := &config{prefix: c.prefix + key + ".", root: c.outermost(), err: c.err, beside: c.beside}
	if err := json.Unmarshal(c.fields[key], &nested.fields); err != nil {
		nested.failf("%s is %s: want an object", c.prefix+key, excerpt(c.fields[key]))
	}
	return nested
}

// outermost returns the object of the whole file.
func (c *config) outermost() *config {
	if c.root == nil {
		return c
	}
	return c.root
}

// failf keeps the first error.
func (c *config) failf(format string, args ...any) {
	if *c.err == nil {
		*c.err = errors.New(oneLine(fmt.Sprintf(format, args...)))
	}
}

// get returns a field under the family's name for it, or nil if it is missing or null.
func (c *config) get(key string) (name string, value json.RawMessage) {
	if n, ok := c.names[key]; ok {
		key = n
	}
	if v := c.fields[key]; string(v) != "null" {
		return c.prefix + key, v
	}
	return c.prefix + key, nil
}

// has reports a field that is there and not null.
func (c *config) has(key string) bool {
	_, v := c.get(key)
	return v != nil
}

// size reads a positive whole number that must be there.
func (c *config) size(key string, limit int) int {
	name, v := c.get(key)
	if v != nil {
		return c.number(name, v, 1, limit)
	}
	if n, ok := c.defaults[key]; ok {
		return n
	}
	c.failf("%s is missing: want a whole number from 1 to %d", name, limit)
	return 1
}

// sizeOr reads a positive whole number, or falls back to the family's default and then the given one.
func (c *config) sizeOr(key string, limit, fallback int) int {
	if c.has(key) {
		return c.size(key, limit)
	}
	if n, ok := c.defaults[key]; ok {
		return n
	}
	return fallback
}

// countOr reads a whole number that may be 0, or falls back to the given one.
func (c *config) countOr(key string, fallback int) int {
	name, v := c.get(key)
	if v == nil {
		return fallback
	}
	return c.number(name, v, 0, maxVocab)
}

// numbers reads a list of whole numbers, or nil.
func (c *config) numbers(key string, low, high int) []int {
	name, v := c.get(key)
	if v == nil {
		return nil
	}
	var raw []json.RawMessage
	if json.Unmarshal(v, &raw) != nil || len(raw) > maxLayers {
		c.failf("%s is %s: want a list of at most %d whole numbers", name, excerpt(v), maxLayers)
		return nil
	}
	list := make([]int, len(raw))
	for i, n := range raw {
		list[i] = c.number(name, n, low, high)
	}
	return list
}

// number reads a whole number; 4096.0 is one too.
func (c *config) number(name string, v json.RawMessage, low, high int) int {
	f, err := strconv.ParseFloat(string(v), 64)
	if err != nil || f != float64(int64(f)) || f < float64(low) || f > float64(high) {
		c.failf("%s is %s: want a whole number from %d to %d", name, excerpt(v), low, high)
		return low
	}
	return int(f)
}

// fractionOr reads a number from 0 to 1.
func (c *config) fractionOr(key string, fallback float64) float64 {
	name, v := c.get(key)
	if v == nil {
		return fallback
	}
	f, err := strconv.ParseFloat(string(v), 64)
	if err != nil || !(f >= 0 && f <= 1) {
		c.failf("%s is %s: want a number from 0 to 1", name, excerpt(v))
		return fallback
	}
	return f
}

// flagOr reads true or false. Multimodal models may give it for the whole model.
func (c *config) flagOr(key string, fallback bool) bool {
	name, v := c.get(key)
	if v == nil {
		name, v = c.outermost().get(key)
	}
	switch string(v) {
	case "":
		return fallback
	case "true", "false":
		return string(v) == "true"
	}
	c.failf("%s is %s: want true or false", name, excerpt(v))
	return fallback
}

// text reads a string, or "".
func (c *config) text(key string) string {
	name, v := c.get(key)
	if v == nil {
		return ""
	}
	var s string
	if json.Unmarshal(v, &s) != nil {
		c.failf("%s is %s: want text", name, excerpt(v))
	}
	return s
}

// texts reads a list of strings, or nil.
func (c *config) texts(key string) []string {
	name, v := c.get(key)
	if v == nil {
		return nil
	}
	var list []string
	if json.Unmarshal(v, &list) != nil {
		c.failf("%s is %s: want a list of texts", name, excerpt(v))
	}
	return list
}

// modelType returns the family, without the suffix of a nested language model's.
func (c *config) modelType() string {
	return strings.TrimSuffix(cmp.Or(c.text("model_type"), c.outermost().text("model_type")), "_text")
}

// dtype reads the format of the weights that are not quantised. Old files don't say; 16 bits is what is served.
func (c *config) dtype(m *transformer.Model) dtype.DType {
	for _, from := range []*config{c, c.outermost()} {
		for _, key := range []string{"dtype", "torch_dtype"} {
			name := from.text(key)
			if name == "" {
				continue
			}
			d, err := dtype.Parse(name)
			if err != nil || d.Bits() < 16 {
				c.failf("%s%s is %q: want bfloat16, float16 or float32", from.prefix, key, clip(name))
			}
			return d
		}
	}
	m.Warnings = append(m.Warnings, "the file gives no dtype: bf16 weights are assumed; --dtype changes it")
	return dtype.BF16
}

// excerpt quotes a value from the file in an error.
func excerpt(v []byte) string { return clip(string(bytes.Join(bytes.Fields(v), []byte(" ")))) }

// oneLine keeps what a file says from breaking a message's line.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, s)
}

// clip bounds what a message quotes.
func clip(s string) string {
	const most = 40
	s = oneLine(s)
	if len(s) > most {
		return s[:most] + "…"
	}
	return s
}
