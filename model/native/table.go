package native

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"roofline/hardware/dtype"
	"roofline/model"
)

// table is one table of the document while it is read. The first problem is kept until done asks for it; keys that were
// not taken by then are nobody's.
type table struct {
	r      *reader
	values map[string]any
	kind   string // "input", "weight", "op", "" at the top
	index  int    // which of that kind, in the order of the file
	inner  bool   // an inline table within it
	err    error
}

func (r *reader) table(values map[string]any, kind string, index int) *table {
	return &table{r: r, values: maps.Clone(values), kind: kind, index: index}
}

// errorf is an error at the line of a key, or at the head of the table.
func (t *table) errorf(key, format string, args ...any) error {
	return fmt.Errorf("%s:%d: %s", t.r.file, lineOf(t.r.text, t.kind, t.index, key), fmt.Sprintf(format, args...))
}

func (t *table) fail(key, format string, args ...any) {
	if t.err == nil {
		t.err = t.errorf(key, format, args...)
	}
}

// done returns the first problem; a key that is left is one.
func (t *table) done() error {
	if t.err != nil || len(t.values) == 0 {
		return t.err
	}
	key := slices.Min(slices.Collect(maps.Keys(t.values)))
	where := "at the top of a graph"
	switch {
	case t.inner:
		where = "in an operand"
	case t.kind != "":
		where = "in [[" + t.kind + "]]"
	}
	return t.errorf(key, "unknown key %q %s%s", key, where, didYouMean(key, known(t.kind)))
}

func (t *table) has(key string) bool {
	_, ok := t.values[key]
	return ok
}

func (t *table) take(key string) (any, bool) {
	v, ok := t.values[key]
	delete(t.values, key)
	return v, ok
}

func (t *table) text(key, def string) string {
	v, ok := t.take(key)
	if !ok {
		return def
	}
	s, ok := v.(string)
	if !ok {
		t.fail(key, "%s is text, such as %s = \"…\"", key, key)
	}
	return s
}

func (t *table) integer(key string, def int64) int64 {
	v, ok := t.take(key)
	if !ok {
		return def
	}
	n, ok := v.(int64)
	if !ok || n < 0 || n > math.MaxInt32 {
		t.fail(key, "%s is a whole number", key)
	}
	return n
}

func (t *table) format(key string, def dtype.DType) dtype.DType {
	name := t.text(key, "")
	if name == "" {
		return def
	}
	d, err := dtype.Parse(name)
	if err != nil {
		t.fail(key, "%v", err)
	}
	return d
}

// texts reads a text or a list of texts; nil where the key isn't there.
func (t *table) texts(key string) []string {
	v, ok := t.take(key)
	if !ok {
		return nil
	}
	if s, ok := v.(string); ok {
		return []string{s}
	}
	list, ok := v.([]any)
	out := make([]string, 0, len(list))
	for _, e := range list {
		s, isText := e.(string)
		ok = ok && isText
		out = append(out, s)
	}
	if !ok || len(out) == 0 {
		t.fail(key, "%s is a name or a list of names", key)
	}
	return out
}

// tables reads an array of tables.
func (t *table) tables(key string) []map[string]any {
	v, ok := t.take(key)
	if !ok {
		return nil
	}
	list, ok := v.([]map[string]any)
	if !ok {
		t.fail(key, "%s is written as [[%s]]", key, key)
	}
	return list
}

// shape reads [64, 3, 7, 7], and where symbols are allowed ["batch", 3, 224, 224].
func (t *table) shape(key string, symbols bool) (model.Shape, []string) {
	v, ok := t.take(key)
	list, isList := v.([]any)
	if !ok || !isList || len(list) > maxDims {
		t.fail(key, "%s is a list of at most %d dimensions, such as [64, 3, 7, 7]", key, maxDims)
		return nil, nil
	}
	return t.dims(key, list, symbols)
}

func (t *table) dims(key string, list []any, symbols bool) (model.Shape, []string) {
	shape, names := make(model.Shape, len(list)), make([]string, len(list))
	for i, e := range list {
		switch e := e.(type) {
		case int64:
			if shape[i] = e; e < 0 || e > 1<<40 {
				t.fail(key, "a dimension of %d", e)
			}
		case string:
			if shape[i], names[i] = -1, e; !symbols || e == "" {
				t.fail(key, "dimension %q: a stored tensor has numbers", e)
			}
		default:
			t.fail(key, "dimension %v is not a whole number", e)
		}
	}
	return shape, names
}

// shapes reads a list of shapes.
func (t *table) shapes(key string) []model.Shape {
	v, ok := t.take(key)
	if !ok {
		return nil
	}
	list, ok := v.([]any)
	if !ok || len(list) > maxCount {
		t.fail(key, "%s is a list of shapes, such as [[64], [64]]", key)
	}
	var out []model.Shape
	for _, e := range list {
		dims, ok := e.([]any)
		if !ok || len(dims) > maxDims {
			t.fail(key, "%s is a list of shapes, such as [[64], [64]]", key)
			return nil
		}
		s, _ := t.dims(key, dims, false)
		out = append(out, s)
	}
	return out
}

// constant reads { value = … }: a number or a list of numbers.
func (t *table) constant(b *model.Builder, name string) model.TensorID {
	name = t.text("name", name)
	format := t.format("dtype", dtype.FP32)
	v, _ := t.take("value")
	switch v := v.(type) {
	case int64:
		return b.Scalar(name, v)
	case float64:
		return b.ConstFloat(name, format, v)
	case []any:
		ints, ok := wholes(v)
		if ok && len(v) <= maxCount {
			return b.Const(name, ints...)
		}
	}
	t.fail("input", "a value is a number or a list of whole numbers")
	return model.NoTensor
}

// wholes converts a list of whole numbers.
func wholes(list []any) ([]int64, bool) {
	out := make([]int64, len(list))
	for i, e := range list {
		n, ok := e.(int64)
		if !ok {
			return nil, false
		}
		out[i] = n
	}
	return out, true
}

// lineOf finds the line of a key in the index-th table of a kind, or of the table's head. The TOML decoder keeps the
// positions of keys to itself; hand-written files put a key at the start of a line or within an inline table.
func lineOf(text, kind string, index int, key string) int {
	head, inside, seen := 1, kind == "", -1
	for i, line := range strings.Split(text, "\n") {
		trimmed := strings.TrimSpace(line)
		if strings.HasPrefix(trimmed, "[") && !strings.Contains(trimmed, "=") {
			if inside {
				break
			}
			if strings.HasPrefix(strings.ReplaceAll(trimmed, " ", ""), "[["+kind+"]]") {
				if seen++; seen == index {
					inside, head = true, i+1
				}
			}
			continue
		}
		if inside && key != "" && hasKey(trimmed, key) {
			return i + 1
		}
	}
	return head
}

// hasKey reports a line that gives a key a value.
func hasKey(line, key string) bool {
	for at := 0; ; {
		i := strings.Index(line[at:], key)
		if i < 0 {
			return false
		}
		at += i
		before, after := strings.TrimRight(line[:at], " \t\""), strings.TrimLeft(line[at+len(key):], " \t\"")
		if strings.HasPrefix(after, "=") && (before == "" || strings.HasSuffix(before, "{") || strings.HasSuffix(before, ",")) {
			return true
		}
		at += len(key)
	}
}
