package native

import (
	"maps"
	"slices"

	"roofline/model"
)

// attributeKind is what an attribute holds.
type attributeKind uint8

const (
	integer attributeKind = iota
	integers
	real
	reals
	text
)

// attributeKinds are the attributes an op can be given, under the names of the ONNX operators. Those that change neither
// a shape nor the work are accepted too, so that an op can be copied as it is.
var attributeKinds = map[string]attributeKind{
	"K": integer, "N": integer, "allowzero": integer, "auto_pad": text, "axes": integers, "axis": integer,
	"batch_dims": integer, "bits": integer, "block_size": integer, "blocksize": integer, "ceil_mode": integer,
	"channels_last": integer, "count_include_pad": integer, "depth": integer, "dilations": integers, "direction": text,
	"do_rotary": integer, "end": integer, "ends": integers, "equation": text, "exclusive": integer,
	"expert_weight_bits": integer, "fmod": integer, "group": integer, "hidden_size": integer, "is_causal": integer,
	"k": integer, "keep_aspect_ratio_policy": text, "keepdims": integer, "kernel_shape": integers, "kv_num_heads": integer,
	"largest": integer, "layout": integer, "max": real, "min": real, "mode": text, "new_axis": integer,
	"noop_with_empty_axes": integer, "num_groups": integer, "num_heads": integer, "num_outputs": integer,
	"output_height": integer, "output_padding": integers, "output_shape": integers, "output_width": integer,
	"pads": integers, "perm": integers, "pooled_shape": integers, "q_num_heads": integer, "qkv_hidden_sizes": integers,
	"repeats": integers, "reverse": integer, "sample_size": integer, "sampling_ratio": integer, "scales": reals,
	"shape": integers, "size": integer, "sorted": integer, "split": integers, "start": integer, "starts": integers,
	"steps": integers, "strides": integers, "to": text, "training_mode": integer, "transA": integer, "transB": integer,
	"transBatchA": integer, "transBatchB": integer, "unidirectional": integer,

	"alpha": real, "beta": real, "epsilon": real, "momentum": real, "gamma": real, "scale": real, "softcap": real,
	"ratio": real, "spatial_scale": real, "approximate": text, "coordinate_transformation_mode": text, "nearest_mode": text,
	"cubic_coeff_a": real, "linear_before_reset": integer, "activation": text, "activation_type": text, "stash_type": integer,
}

// attributes takes what is left of an op's keys where they name attributes.
func (t *table) attributes() []model.Attr {
	var out []model.Attr
	for _, key := range slices.Sorted(maps.Keys(t.values)) {
		kind, ok := attributeKinds[key]
		if !ok {
			continue // done says so
		}
		v, _ := t.take(key)
		if a, ok := attribute(key, kind, v); ok {
			out = append(out, a)
		} else {
			t.fail(key, "%s is %s", key, [...]string{"a whole number", "a list of whole numbers", "a number", "a list of numbers", "text"}[kind])
		}
	}
	return out
}

// attribute converts a value to what an attribute holds. A flag may be written true.
func attribute(key string, kind attributeKind, v any) (model.Attr, bool) {
	switch kind {
	case integer:
		switch v := v.(type) {
		case int64:
			return model.IntAttr(key, v), true
		case bool:
			n := int64(0)
			if v {
				n = 1
			}
			return model.IntAttr(key, n), true
		}
	case integers:
		if list, ok := v.([]any); ok && len(list) <= maxCount {
			ints, ok := wholes(list)
			return model.IntsAttr(key, ints...), ok
		}
	case real:
		f, ok := number(v)
		return model.FloatAttr(key, f), ok
	case reals:
		list, ok := v.([]any)
		if !ok || len(list) > maxCount {
			return model.Attr{}, false
		}
		floats := make([]float64, len(list))
		for i, e := range list {
			f, ok := number(e)
			if !ok {
				return model.Attr{}, false
			}
			floats[i] = f
		}
		return model.Attr{Name: key, Floats: floats}, true
	case text:
		s, ok := v.(string)
		return model.StringAttr(key, s), ok
	}
	return model.Attr{}, false
}

func number(v any) (float64, bool) {
	switch v := v.(type) {
	case int64:
		return float64(v), true
	case float64:
		return v, true
	}
	return 0, false
}

// known lists the keys a table may have.
func known(kind string) []string {
	switch kind {
	case "input", "weight":
		return []string{"name", "shape", "dtype"}
	case "op":
		return append([]string{"kind", "name", "input", "weight", "weights", "bias", "output"}, slices.Collect(maps.Keys(attributeKinds))...)
	}
	return []string{"name", "opset", "dtype", "input", "weight", "op", "output"}
}

// didYouMean suggests the known key nearest to an unknown one, where one is near.
func didYouMean(key string, names []string) string {
	best, distance := "", 3
	slices.Sort(names)
	for _, n := range names {
		if d := editDistance(key, n); d < distance && d < len(n) {
			best, distance = n, d
		}
	}
	if best == "" {
		return ""
	}
	return "; did you mean \"" + best + "\"?"
}

// editDistance counts the insertions, deletions and replacements between two short words (Levenshtein).
func editDistance(a, b string) int {
	if len(a) > 64 {
		return len(a)
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
