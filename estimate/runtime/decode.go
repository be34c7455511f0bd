package runtime

import (
	"slices"
	"strings"
	"sync"

	"roofline/hardware"
	"roofline/hardware/document"
	"roofline/hardware/unit"
	"roofline/model"
)

// Decode reads the runtime profiles of a catalog file: [runtime.vllm]. Problems are [hardware.DecodeError]s.
func Decode(file string, data []byte) ([]Profile, error) {
	doc, err := document.Parse(file, data)
	if err != nil {
		return nil, err
	}
	hardware.CheckTopLevel(doc.Root())
	profiles := Overlay(nil, doc)
	if err := doc.Err(); err != nil {
		return nil, err
	}
	return profiles, nil
}

// Overlay returns base with the profiles of a parsed file: of one that is there already only the named fields change.
// Base stays as it is; problems are left in the file.
func Overlay(base []Profile, doc *document.Document) []Profile {
	out := slices.Clone(base)
	section := doc.Root().Table(hardware.RuntimeSection)
	for _, id := range section.Keys() {
		t := section.Table(id).Topic()
		i := slices.IndexFunc(out, func(p Profile) bool { return p.ID == id })
		isNew := i < 0
		if isNew {
			i = len(out)
			out = append(out, Profile{Name: id, Serves: "both", MemoryShare: 1, Source: doc.File})
		}
		p := &out[i]
		if isNew && t.Has(likeKey) {
			p.like(t, out[:i])
		}
		p.ID = id
		before := p.Origins
		p.Origins, p.Bands = nil, slices.Clone(p.Bands)
		t.Decode(p, likeKey)
		p.Origins = append(p.Origins, before...) // the first that is said of a field is what holds
		p.check(t, isNew && !t.Has(likeKey))
	}
	return out
}

// likeKey names the profile whose values a new one starts from.
const likeKey = "like"

// like takes the values of the profile that the table says this one is like, but for being anybody's default.
func (p *Profile) like(t document.Table, known []Profile) {
	var id string
	t.Value(likeKey, &id)
	i := slices.IndexFunc(known, func(k Profile) bool { return k.ID == id })
	if i < 0 {
		t.Bad(likeKey, "the id of a profile before it in the file")
		return
	}
	*p = known[i]
	p.DefaultFor, p.GGUF = nil, false
}

// phases are what bands are of; "" is all of them.
var phases = []string{"", "graph", "prefill", "decode", "prefill-moe", "decode-moe", "gemm", "gemm-low-bit", "prefill-attention", "decode-attention", "collective"}

// check reports what a profile lacks and values that can't be.
func (p *Profile) check(t document.Table, isNew bool) {
	if isNew && !t.Has("fusion") {
		t.Missing("fusion", "none, functions, layers, pointwise, generated or full")
	}
	if t.Has("serves") && !slices.Contains([]string{"graph", "language", "both", "kernel"}, p.Serves) {
		t.Bad("serves", "graph, language, both or kernel")
	}
	share(t, "overlap", p.Overlap, 0)
	share(t, "memory-share", p.MemoryShare, 0.01)
	for key, v := range map[string]unit.Seconds{
		"launch": p.Launch, "dispatch": p.Dispatch, "per-layer": p.PerLayer, "per-step": p.PerStep, "per-sequence": p.PerSequence, "per-request": p.PerRequest} {
		if t.Has(key) && v > 10 {
			t.Bad(key, "at most 10 s")
		}
	}
	if t.Has("chunk") && p.Chunk < 1 {
		t.Bad("chunk", "how many tokens, such as 512")
	}
	if p.PrefillFirst && p.Chunk == 0 {
		t.Bad("prefill-first", "with chunk, the most prompt tokens of a step")
	}
	if t.Has("bytes-per-clock") && !(p.PerClock > 0 && p.PerClock <= 1024) {
		t.Bad("bytes-per-clock", "bytes per core and clock, such as \"8 B\"")
	}
	if !t.Has("band") {
		return
	}
	for i, b := range t.Tables("band") {
		band := p.Bands[i]
		if b.Has("phase") && !slices.Contains(phases, band.Phase) {
			b.Bad("phase", strings.Join(phases[1:], ", "))
		}
		for _, key := range []string{"low", "high"} {
			if !b.Has(key) {
				b.Missing(key, "a factor of the expected time, such as 1.2")
			}
		}
		if b.Has("low") && !(band.Low > 0 && band.Low <= 1) {
			b.Bad("low", "a factor above 0 and at most 1")
		}
		if b.Has("high") && !(band.High >= 1) {
			b.Bad("high", "a factor of at least 1")
		}
		share(b, "coverage", band.Coverage, 0)
		if b.Has("measurements") && band.Measurements < 0 {
			b.Bad("measurements", "a count")
		}
	}
}

// share reports a share outside of low … 1.
func share(t document.Table, key string, v, low float64) {
	if t.Has(key) && (v < low || v > 1) {
		t.Bad(key, "a share of at most 1, such as 0.9")
	}
}

// DecodeTable reads { matmul = 0.9, depthwise-conv = 0.5 }.
func (b *ByClass) DecodeTable(t document.Table) {
	for _, key := range t.Keys() {
		i := slices.Index(classKeys(), key)
		if i < 0 {
			t.Unknown(key, classKeys())
			continue
		}
		t.Value(key, &b[i])
		if b[i] <= 0 || b[i] > 2 {
			t.Bad(key, "a factor above 0 and at most 2, such as 0.9")
		}
	}
}

// classKeys are the names of the classes of work in files, indexed by model.Class: lower-case, words joined by "-".
var classKeys = sync.OnceValue(func() []string {
	keys := make([]string, model.ClassCount)
	for c := range keys {
		keys[c] = kebab(model.Class(c).String())
	}
	return keys
})

// ClassName returns the name of a class of work in files.
func ClassName(c model.Class) string { return classKeys()[c] }

// kebab turns DepthwiseConv into depthwise-conv; MatMul is one word to most people: matmul.
func kebab(name string) string {
	if name == "MatMul" {
		return "matmul"
	}
	var b strings.Builder
	for i, r := range name {
		if i > 0 && r >= 'A' && r <= 'Z' {
			b.WriteByte('-')
		}
		b.WriteRune(r)
	}
	return strings.ToLower(b.String())
}
