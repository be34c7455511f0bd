package hf

import (
	"maps"
	"slices"
	"strings"

	"roofline/hardware/dtype"
	"roofline/model/transformer"
)

// quantization is what a checkpoint says about its number formats, and which modules have which.
type quantization struct {
	transformer.Quantization
	groups   []group
	excluded modules

	partly   bool                 // a part has projections in two formats
	unread   bool                 // a pattern that can't be read
	dominant *transformer.Storage // of the part that was read last: feed-forward networks come last and are the largest
}

// group is the modules of one format.
type group struct {
	storage transformer.Storage
	targets *modules // nil for all linear layers
}

// use says that all linear layers have a format, but those that are excluded.
func (q *quantization) use(d dtype.DType, weightOnly bool) {
	q.groups = append(q.groups, group{storage: transformer.Storage{Weights: d, WeightOnly: weightOnly}})
}

// apply sets the formats of a layer's parts.
func (q *quantization) apply(layer int, l *transformer.Layer) {
	if len(q.groups) == 0 {
		return
	}
	if a := &l.Attention; a.Heads > 0 {
		a.Unquantized, a.Storage = q.of(layer, attentionModules)
	}
	if a := &l.Cross; a.Heads > 0 {
		a.Unquantized, a.Storage = q.of(layer, attentionModules)
	}
	if a := &l.Latent; a.Heads > 0 {
		a.Unquantized, a.Storage = q.of(layer, latentModules)
	}
	if a := &l.DeltaNet; a.ValueHeads > 0 {
		a.Unquantized, a.Storage = q.of(layer, linearModules)
	}
	if a := &l.Mamba; a.Heads > 0 {
		a.Unquantized, a.Storage = q.of(layer, mambaModules)
	}
	if p := &l.MLP; p.Intermediate > 0 {
		names := denseModules
		if p.Gated {
			names = gatedModules
		}
		p.Unquantized, p.Storage = q.of(layer, names)
	}
	if e := &l.MoE; e.Experts > 0 {
		if e.Shared > 0 {
			e.SharedUnquantized, e.SharedStorage = q.of(layer, sharedModules)
		}
		e.Unquantized, e.Storage = q.of(layer, expertModules)
	}
}

// of returns the format of a part's projections.
func (q *quantization) of(layer int, projections [][]string) (unquantized bool, s transformer.Storage) {
	some, all := q.excluded.covering(layer, projections)
	q.partly = q.partly || some && !all
	if all {
		return true, s
	}
	for i := range q.groups {
		g := &q.groups[i]
		if g.targets != nil {
			some, all := g.targets.covering(layer, projections)
			q.partly = q.partly || some && !all
			if !some {
				continue
			}
		}
		q.dominant = &g.storage
		return false, g.storage
	}
	return true, s
}

// settle makes the format of most of the weights the model's, and leaves it out of the parts that have it.
func (q *quantization) settle(m *transformer.Model) {
	if len(q.groups) == 0 {
		return
	}
	main := q.groups[0].storage
	if q.dominant != nil {
		main = *q.dominant
	}
	q.Weights, q.WeightOnly = main.Weights, main.WeightOnly
	q.head(main)
	m.Quantization = q.Quantization
	for _, layers := range [][]transformer.Layer{m.Layers, sourceLayers(m)} {
		for i := range layers {
			l := &layers[i]
			for _, s := range []*transformer.Storage{&l.Attention.Storage, &l.Cross.Storage, &l.Latent.Storage, &l.DeltaNet.Storage,
				&l.Mamba.Storage, &l.MLP.Storage, &l.MoE.Storage, &l.MoE.SharedStorage} {
				if *s == main {
					*s = transformer.Storage{}
				}
			}
		}
	}
	if q.partly {
		m.Warnings = append(m.Warnings, "some projections are not quantised in the checkpoint, but others of the same "+
			"attention or MLP are: all of them are counted as quantised")
	}
	if q.unread {
		m.Warnings = append(m.Warnings, "some patterns of modules that are not quantised are not understood: what they stand for is "+
			"counted as quantised")
	}
}

func sourceLayers(m *transformer.Model) []transformer.Layer {
	if m.Source == nil {
		return nil
	}
	return m.Source.Layers
}

// head settles the format of the language-model head.
func (q *quantization) head(main transformer.Storage) {
	q.Head = q.Head && !q.excluded.hasHead()
	if !q.Head {
		return
	}
	for _, g := range q.groups {
		if g.targets == nil || g.targets.hasHead() {
			if g.storage != main {
				q.HeadStorage = g.storage
			}
			return
		}
	}
	q.Head = false
}

// quantization reads quantization_config in the dialects of the usual quantisers, or what lies beside the file.
func (c *config) quantization() *quantization {
	q := &quantization{}
	holder := c
	if !c.has("quantization_config") {
		holder = c.outermost()
	}
	if holder.has("quantization_config") {
		holder.object("quantization_config").formats(q)
	} else if c.beside != nil {
		c.beside.formats(q)
	}
	return q
}

// formats reads one quantiser's account.
func (o *config) formats(q *quantization) {
	q.Method = o.text("quant_method")
	switch {
	case o.has("config_groups") && !o.has("quantized_layers"): // the latter says the same, but per layer and of activations, too
		o.configGroups(q)
	case o.has("quant_algo") || q.Method == "modelopt":
		o.modelopt(q)
	case q.Method == "fp8", q.Method == "fbgemm_fp8":
		d := dtype.FP8
		if o.has("weight_block_size") {
			d = dtype.FP8Block
		}
		q.use(d, false)
	case q.Method == "awq", q.Method == "gptq":
		q.use(o.integers(o.size("bits", 16), o.groupSize("group_size")), true)
		q.Head = o.flagOr("lm_head", false)
	case q.Method == "bitsandbytes":
		if o.flagOr("load_in_4bit", o.flagOr("_load_in_4bit", false)) {
			q.use(dtype.NF4, true)
		} else {
			q.use(dtype.INT8, false)
		}
	case q.Method == "mxfp4": // of the experts only, whatever the list of exceptions says; multiplied in 16 bits
		experts := &modules{}
		for _, projection := range expertModules {
			for _, name := range projection {
				experts.add(name)
			}
		}
		q.groups = append(q.groups, group{transformer.Storage{Weights: dtype.MXFP4, WeightOnly: true}, experts})
	default:
		o.failf("%squant_method is %q: want fp8, awq, gptq, bitsandbytes, compressed-tensors, modelopt or mxfp4", o.prefix, clip(q.Method))
	}
	if o.eightBitCache() {
		q.KV = dtype.FP8
	}
	for _, key := range []string{"modules_to_not_convert", "llm_int8_skip_modules", "ignored_layers", "ignore", "exclude_modules"} {
		for _, pattern := range o.texts(key) {
			if !q.excluded.add(pattern) {
				q.unread = true
			}
		}
	}
}

// configGroups reads config_groups, the dialect of compressed-tensors, which modelopt writes too: a format each, and the
// modules it is for.
func (o *config) configGroups(q *quantization) {
	q.Head = true // unless it is on the list of what is ignored
	groups := o.object("config_groups")
	for _, name := range slices.Sorted(maps.Keys(groups.fields)) {
		object := groups.object(name)
		g := group{storage: transformer.Storage{Weights: object.object("weights").element(), WeightOnly: !object.has("input_activations")}}
		for _, target := range object.texts("targets") {
			if target == "Linear" {
				g.targets = nil
				break
			}
			if g.targets == nil {
				g.targets = &modules{}
			}
			q.unread = !g.targets.add(target) || q.unread
		}
		for _, other := range q.groups {
			if other.targets == nil && g.targets == nil && other.storage != g.storage {
				o.failf("%sconfig_groups has %s and %s, both for all linear layers: want one", o.prefix, other.storage.Weights, g.storage.Weights)
			}
		}
		q.groups = append(q.groups, g)
	}
	if len(groups.fields) == 0 {
		o.failf("%sconfig_groups is empty: want the format of the weights", o.prefix)
	}
	// Explicit targets come before a group for all the rest, of which there can be one.
	slices.SortStableFunc(q.groups, func(a, b group) int {
		switch {
		case a.targets != nil && b.targets == nil:
			return -1
		case a.targets == nil && b.targets != nil:
			return 1
		}
		return 0
	})
}

// element reads the format of a group's weights.
func (w *config) element() dtype.DType {
	bits, group := w.size("num_bits", 16), w.groupSize("group_size")
	switch kind := w.text("type"); {
	case kind == "int":
		return w.integers(bits, group)
	case kind == "float" && bits == 8 && w.text("strategy") == "block":
		return dtype.FP8Block
	case kind == "float" && bits == 8 && group == 32:
		return dtype.MXFP8
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

// algorithms are the short names of NVIDIA's quantiser.
var algorithms = map[string]transformer.Storage{
	"FP8":                       {Weights: dtype.FP8},
	"FP8_PER_CHANNEL_PER_TOKEN": {Weights: dtype.FP8},
	"FP8_PB_WO":                 {Weights: dtype.FP8Block},
	"FP8_PB_REAL":               {Weights: dtype.FP8Block},
	"NVFP4":                     {Weights: dtype.NVFP4},
	"NVFP4_AWQ":                 {Weights: dtype.NVFP4},
	"W4A16_NVFP4":               {Weights: dtype.NVFP4, WeightOnly: true},
	"W4A8_MXFP4_FP8":            {Weights: dtype.MXFP4},
	"W4A16_MXFP4":               {Weights: dtype.MXFP4, WeightOnly: true},
	"MXFP8":                     {Weights: dtype.MXFP8},
	"W4A16_AWQ":                 {Weights: dtype.INT4Group128, WeightOnly: true},
	"W4A8_AWQ":                  {Weights: dtype.INT4Group128, WeightOnly: true},
	"INT8_SQ":                   {Weights: dtype.INT8},
	"W8A8_SQ_PER_CHANNEL":       {Weights: dtype.INT8},
	"W8A16":                     {Weights: dtype.INT8, WeightOnly: true},
}

// modelopt reads quant_algo, the short form of NVIDIA's quantiser, or an algorithm for each layer.
func (o *config) modelopt(q *quantization) {
	q.Head = true
	algo := o.text("quant_algo")
	if algo != "MIXED_PRECISION" {
		s := o.algorithm(algo)
		q.use(s.Weights, s.WeightOnly)
		return
	}
	if !o.has("quantized_layers") {
		o.failf("%squant_algo is MIXED_PRECISION, but quantized_layers is missing", o.prefix)
		return
	}
	layers := o.object("quantized_layers")
	groups := map[transformer.Storage]*modules{}
	for _, name := range slices.Sorted(maps.Keys(layers.fields)) {
		s := layers.part(layers.fields[name], clip(name)).chosen()
		if groups[s] == nil {
			groups[s] = &modules{}
			q.groups = append(q.groups, group{s, groups[s]})
		}
		q.unread = !groups[s].add(name) || q.unread
	}
}

// chosen reads the algorithm of one layer.
func (o *config) chosen() transformer.Storage { return o.algorithm(o.text("quant_algo")) }

func (o *config) algorithm(name string) transformer.Storage {
	s, ok := algorithms[name]
	if !ok {
		o.failf("%squant_algo is %q: want %s", o.prefix, clip(name), strings.Join(slices.Sorted(maps.Keys(algorithms)), ", "))
	}
	return s
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
