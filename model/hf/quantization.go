package hf

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"roofline/hardware/dtype"
	"roofline/model/transformer"
)

// quantization is what a checkpoint says about its number formats, and which layers it leaves out.
type quantization struct {
	transformer.Quantization
	everywhere projections
	layers     map[int]projections
}

// projections is a set of the linear layers of a decoder layer.
type projections uint8

const (
	queryProjection projections = 1 << iota
	keyProjection
	valueProjection
	outProjection
	gateProjection
	upProjection
	downProjection

	attentionProjections = queryProjection | keyProjection | valueProjection | outProjection
	mlpProjections       = gateProjection | upProjection | downProjection
)

// kept reports whether the attention and the MLP of a layer are left out of the quantisation: all of their projections.
func (q *quantization) kept(layer int) (attention, mlp bool) {
	p := q.everywhere | q.layers[layer]
	return p&attentionProjections == attentionProjections, p&mlpProjections == mlpProjections
}

// exclude takes a module's name or pattern out of the quantisation: "lm_head", "model.layers.0.mlp.down_proj",
// "re:.*self_attn.*", "*.mlp". It goes by the names in it, since patterns come in several dialects.
func (q *quantization) exclude(pattern string) {
	for _, other := range []string{"mtp", "visual", "vision", "norm", "embed"} {
		if strings.Contains(pattern, other) {
			return
		}
	}
	if strings.Contains(pattern, "lm_head") {
		q.Head = false
		return
	}
	parts := projectionsIn(pattern)
	_, after, numbered := strings.Cut(pattern, "layers.")
	layer, err := strconv.Atoi(after[:len(after)-len(strings.TrimLeft(after, "0123456789"))])
	switch {
	case !numbered || err != nil:
		q.everywhere |= parts
	case parts == 0:
		q.layers[layer] |= attentionProjections | mlpProjections
	default:
		q.layers[layer] |= parts
	}
}

// projectionsIn returns the projections a module's name stands for.
func projectionsIn(name string) projections {
	var p projections
	for _, known := range []struct {
		name string
		projections
	}{
		{"q_proj", queryProjection}, {"k_proj", keyProjection}, {"v_proj", valueProjection}, {"o_proj", outProjection},
		{"qkv_proj", attentionProjections &^ outProjection},
		{"gate_proj", gateProjection}, {"up_proj", upProjection}, {"down_proj", downProjection},
		{"gate_up_proj", gateProjection | upProjection},
	} {
		if strings.Contains(name, known.name) {
			p |= known.projections
		}
	}
	switch {
	case p != 0:
		return p
	case strings.Contains(name, "attn"), strings.Contains(name, "attention"):
		return attentionProjections
	case strings.Contains(name, "mlp"):
		return mlpProjections
	}
	return 0
}

// quantization reads quantization_config in the dialects of the usual quantisers.
func (c *config) quantization(m *transformer.Model) *quantization {
	q := &quantization{layers: map[int]projections{}}
	holder := c
	if !c.has("quantization_config") {
		holder = c.outermost()
	}
	if !holder.has("quantization_config") {
		return q
	}
	o := holder.object("quantization_config")
	q.Method = o.text("quant_method")
	switch {
	case o.has("config_groups"):
		o.groups(q)
	case o.has("quant_algo") || q.Method == "modelopt":
		o.modelopt(q)
	case q.Method == "fp8":
		q.Weights = dtype.FP8
		if o.has("weight_block_size") {
			q.Weights = dtype.FP8Block
		}
	case q.Method == "awq", q.Method == "gptq":
		bits := o.size("bits", 16)
		q.Weights, q.WeightOnly = o.integers(bits, o.groupSize("group_size")), true
		q.Head = o.flagOr("lm_head", false)
	case q.Method == "bitsandbytes":
		q.Weights = dtype.INT8
		if o.flagOr("load_in_4bit", false) {
			q.Weights = dtype.NF4
		}
	default:
		o.failf("%squant_method is %q: want fp8, awq, gptq, bitsandbytes, compressed-tensors or modelopt", o.prefix, clip(q.Method))
	}
	if o.eightBitCache() {
		q.KV = dtype.FP8
	}
	for _, key := range []string{"modules_to_not_convert", "ignored_layers", "ignore", "exclude_modules"} {
		for _, pattern := range o.texts(key) {
			q.exclude(pattern)
		}
	}
	q.warn(m)
	return q
}

// warn says where a layer is left out only in part, which is not followed.
func (q *quantization) warn(m *transformer.Model) {
	partial := func(p projections) bool {
		a, mlp := p&attentionProjections, p&mlpProjections
		return a != 0 && a != attentionProjections || mlp != 0 && mlp != mlpProjections
	}
	some := partial(q.everywhere)
	for _, p := range q.layers {
		some = some || partial(q.everywhere|p)
	}
	if some {
		m.Warnings = append(m.Warnings, "some projections are not quantised in the checkpoint, but others of the same "+
			"attention or MLP are: all of them are counted as quantised")
	}
}

// groups reads config_groups, the dialect of compressed-tensors, which modelopt writes too. One format is known for all
// of the linear layers.
func (o *config) groups(q *quantization) {
	q.Head = true // unless it is on the list of what is ignored
	groups := o.object("config_groups")
	for _, name := range slices.Sorted(maps.Keys(groups.fields)) {
		group := groups.object(name)
		weights := group.object("weights")
		d := weights.element()
		if q.Weights != dtype.Unknown && q.Weights != d {
			o.failf("%sconfig_groups has %s and %s: more than one format is not read yet", o.prefix, q.Weights, d)
		}
		q.Weights = d
		q.WeightOnly = !group.has("input_activations")
	}
	if len(groups.fields) == 0 {
		o.failf("%sconfig_groups is empty: want the format of the weights", o.prefix)
	}
}

// element reads the format of a group's weights.
func (w *config) element() dtype.DType {
	bits, group := w.size("num_bits", 16), w.groupSize("group_size")
	switch kind := w.text("type"); {
	case kind == "int":
		return w.integers(bits, group)
	case kind == "float" && bits == 8 && w.text("strategy") == "block":
		return dtype.FP8Block
	case kind == "float" && bits == 8:
		return dtype.FP8
	case kind == "float" && bits == 4 && group == 16:
		return dtype.NVFP4
	case kind == "float" && bits == 4 && group == 32:
		return dtype.MXFP4
	default:
		w.failf("%s: %d-bit %q in groups of %d is not known: want 8-bit float or int, 4-bit int, or 4-bit float in groups of "+
			"16 or 32", strings.TrimSuffix(w.prefix, "."), bits, clip(kind), group)
		return dtype.Unknown
	}
}

// modelopt reads quant_algo, the short form of NVIDIA's quantiser.
func (o *config) modelopt(q *quantization) {
	q.Head = true
	switch algo := o.text("quant_algo"); algo {
	case "FP8":
		q.Weights = dtype.FP8
	case "NVFP4":
		q.Weights = dtype.NVFP4
	case "W4A16_NVFP4":
		q.Weights, q.WeightOnly = dtype.NVFP4, true
	case "W4A16_AWQ":
		q.Weights, q.WeightOnly = dtype.INT4Group128, true
	default:
		o.failf("%squant_algo is %q: want FP8, NVFP4, W4A16_NVFP4 or W4A16_AWQ", o.prefix, clip(algo))
	}
}

// groupSize reads how many elements share a scale; 0 for a whole row, which files write as -1.
func (o *config) groupSize(key string) int {
	name, v := o.get(key)
	if v == nil || string(v) == "-1" {
		return 0
	}
	return o.number(name, v, 0, maxHidden)
}

// integers returns the format of integer weights whose groups share a scale.
func (o *config) integers(bits, group int) dtype.DType {
	switch {
	case bits == 8:
		return dtype.INT8
	case bits == 4 && group == 128:
		return dtype.INT4Group128
	case bits == 4 && group == 64:
		return dtype.INT4Group64
	case bits == 4 && group == 32:
		return dtype.INT4Group32
	case bits == 4 && group == 0:
		return dtype.INT4
	}
	o.failf("%s: %d-bit integers in groups of %d are not known: want 8 bits, or 4 bits in groups of 32, 64 or 128",
		strings.TrimSuffix(o.prefix, "."), bits, group)
	return dtype.Unknown
}

// eightBitCache reports a checkpoint with scales for an fp8 key-value cache.
func (o *config) eightBitCache() bool {
	for _, key := range []string{"kv_cache_scheme", "kv_cache_quant_algo"} {
		_, v := o.get(key)
		if v != nil && v[0] == '{' {
			scheme := o.object(key)
			return scheme.text("type") == "float" && scheme.sizeOr("num_bits", 16, 0) == 8
		}
		if v != nil {
			return strings.EqualFold(o.text(key), "fp8")
		}
	}
	return false
}
