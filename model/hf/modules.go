package hf

import (
	"path"
	"regexp"
	"strconv"
	"strings"
)

// modules is a set of modules' names and patterns, in the dialects of the usual quantisers: a name, which stands for all
// within it ("model.layers.0.mlp"), one with wildcards ("model.layers.*.self_attn*"), or a regular expression from the
// start of the name ("re:.*self_attn.*").
type modules struct {
	layer    map[int][]string // what follows the number of a layer; "" for all of it
	anywhere []string         // names without a layer, and wildcards that need none
	numbered []pattern        // patterns over the number of the layer

	known map[string]bool // answers of anywhere
}

// pattern is a wildcard or a regular expression.
type pattern struct {
	glob string
	re   *regexp.Regexp
}

// Limits of what is matched against every layer, of which real files have a handful, and against every module.
const (
	maxPatterns      = 100
	maxPatternLength = 1000
	maxNames         = 1 << 16
)

// add puts a name or pattern into the set. It reports one that it can't read.
func (s *modules) add(name string) bool {
	if s.layer == nil {
		s.layer, s.known = map[int][]string{}, map[string]bool{}
	}
	if expression, ok := strings.CutPrefix(name, "re:"); ok {
		if len(expression) > maxPatternLength || len(s.numbered) >= maxPatterns {
			return false
		}
		re, err := regexp.Compile("^(?:" + expression + ")")
		if err != nil {
			return false
		}
		s.numbered = append(s.numbered, pattern{re: re})
		return true
	}
	if before, after, ok := strings.Cut(name, "layers."); ok {
		if strings.Contains(before, "mtp") || strings.Contains(before, "vis") || strings.Contains(before, "audio") {
			return true // layers of something else
		}
		digits := len(after) - len(strings.TrimLeft(after, "0123456789"))
		n, err := strconv.Atoi(after[:digits])
		rest := after[digits:]
		switch {
		case digits > 0 && err != nil: // a layer there can't be
			return true
		case digits > 0 && !strings.HasPrefix(rest, "*"):
			s.layer[n] = append(s.layer[n], strings.TrimPrefix(rest, "."))
			return true
		}
		if len(name) > maxPatternLength || len(s.numbered) >= maxPatterns {
			return false
		}
		s.numbered = append(s.numbered, pattern{glob: "layers." + after})
		return true
	}
	if len(s.anywhere) >= maxNames {
		return false
	}
	s.anywhere = append(s.anywhere, name)
	return true
}

// has reports a module of a layer by its name in it: "self_attn.q_proj".
func (s *modules) has(layer int, name string) bool {
	for _, p := range s.layer[layer] {
		if p == "" || covers(p, name) {
			return true
		}
	}
	if len(s.numbered) > 0 {
		full := "layers." + strconv.Itoa(layer) + "." + name
		for _, p := range s.numbered {
			if p.re != nil && p.re.MatchString("model."+full) || p.re == nil && covers(p.glob, full) {
				return true
			}
		}
	}
	return s.everywhere(name)
}

// everywhere reports a module by a name without the layer's.
func (s *modules) everywhere(name string) bool {
	known, ok := s.known[name]
	if ok {
		return known
	}
	for _, p := range s.anywhere {
		if strings.Contains(p, "*") {
			known = covers(p, "model.layers.0."+name) || covers(p, name)
		} else {
			known = strings.Contains("."+name+".", "."+p+".")
		}
		if known {
			break
		}
	}
	if s.known != nil {
		s.known[name] = known
	}
	return known
}

// hasHead reports the language-model head, which is in no layer.
func (s *modules) hasHead() bool {
	for _, p := range s.anywhere {
		if strings.HasSuffix(p, "lm_head") || strings.Contains(p, "*") && covers(p, "lm_head") {
			return true
		}
	}
	for _, p := range s.numbered {
		if p.re != nil && p.re.MatchString("lm_head") {
			return true
		}
	}
	return false
}

// covers reports whether a name or a wildcard stands for a module or for what it is within.
func covers(pattern, name string) bool {
	wild := strings.Contains(pattern, "*")
	for {
		if pattern == name {
			return true
		}
		if wild {
			if ok, _ := path.Match(pattern, name); ok {
				return true
			}
		}
		dot := strings.LastIndexByte(name, '.')
		if dot < 0 {
			return false
		}
		name = name[:dot]
	}
}

// The projections of each part, each by the names it has in one repository or another.
var (
	attentionModules = [][]string{
		{"self_attn.q_proj", "self_attn.qkv_proj", "attention.q_proj", "mixer.q_proj"},
		{"self_attn.k_proj", "self_attn.qkv_proj", "attention.k_proj", "mixer.k_proj"},
		{"self_attn.v_proj", "self_attn.qkv_proj", "attention.v_proj", "mixer.v_proj"},
		{"self_attn.o_proj", "attention.o_proj", "mixer.o_proj"},
	}
	latentModules = [][]string{
		{"self_attn.q_b_proj", "self_attn.q_proj"},
		{"self_attn.kv_a_proj_with_mqa", "self_attn.fused_qkv_a_proj_with_mqa"},
		{"self_attn.kv_b_proj"},
		{"self_attn.o_proj"},
	}
	linearModules = [][]string{
		{"linear_attn.in_proj_qkv", "linear_attn.in_proj_qkvz"},
		{"linear_attn.in_proj_z", "linear_attn.in_proj_qkvz"},
		{"linear_attn.out_proj"},
	}
	mambaModules = [][]string{{"mixer.in_proj"}, {"mixer.out_proj"}}
	denseModules = [][]string{
		{"mlp.up_proj", "mlp.gate_up_proj", "feed_forward.up_proj", "mixer.up_proj"},
		{"mlp.down_proj", "feed_forward.down_proj", "mixer.down_proj"},
	}
	gatedModules = append([][]string{{"mlp.gate_proj", "mlp.gate_up_proj", "feed_forward.gate_proj"}}, denseModules...)
	// The first expert stands for all of them.
	expertModules = [][]string{
		{"mlp.experts.0.up_proj", "mlp.experts.gate_up_proj", "block_sparse_moe.experts.0.w3", "feed_forward.experts.gate_up_proj",
			"mixer.experts.0.up_proj"},
		{"mlp.experts.0.down_proj", "mlp.experts.down_proj", "block_sparse_moe.experts.0.w2", "feed_forward.experts.down_proj",
			"mixer.experts.0.down_proj"},
	}
	sharedModules = [][]string{
		{"mlp.shared_experts.up_proj", "mlp.shared_expert.up_proj", "feed_forward.shared_expert.up_proj",
			"mixer.shared_experts.up_proj"},
		{"mlp.shared_experts.down_proj", "mlp.shared_expert.down_proj", "feed_forward.shared_expert.down_proj",
			"mixer.shared_experts.down_proj"},
	}
)

// covering says how many of a part's projections a set has.
func (s *modules) covering(layer int, projections [][]string) (some, all bool) {
	all = true
	for _, names := range projections {
		has := false
		for _, name := range names {
			has = has || s.has(layer, name)
		}
		some, all = some || has, all && has
	}
	return some, all
}
