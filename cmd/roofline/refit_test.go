package main

import (
	"math"
	"slices"
	"testing"

	"roofline/catalog"
	"roofline/estimate"
	"roofline/estimate/runtime"
	"roofline/estimate/validate"
	"roofline/hardware"
	"roofline/hardware/dtype"
	"roofline/hardware/unit"
	"roofline/model"
)

// parameter is a positive number of the catalog that can be solved for. Where it stands in several places, such as for
// each of a few architectures, one value is meant.
type parameter struct {
	places []*float64
	most   float64 // 0: no limit
}

func (p *parameter) set(v float64) {
	if p.most > 0 {
		v = min(v, p.most)
	}
	for _, place := range p.places {
		*place = v
	}
}

// steps are the factors the descent tries, from coarse to fine.
var steps = []float64{1.4, 1.12, 1.03}

// mostSweeps ends the descent with one factor.
const mostSweeps = 12

// descend minimises a loss by coordinate descent over the logarithms of the parameters.
func descend(parameters []parameter, loss func() float64) float64 {
	for i := range parameters {
		parameters[i].set(*parameters[i].places[0])
	}
	best := loss()
	for _, step := range steps {
		for sweep, better := 0, true; better && sweep < mostSweeps; sweep++ {
			better = false
			for i := range parameters {
				p := &parameters[i]
				old := *p.places[0]
				for _, v := range []float64{old * step, old / step} {
					p.set(v)
					if l := loss(); l < best*(1-1e-5) {
						best, better = l, true
						break
					}
					p.set(old)
				}
			}
		}
	}
	return best
}

// The descent finds the bottom of a bowl in logarithms, and keeps to a limit.
func TestDescend(t *testing.T) {
	a, b, c := 1.0, 1.0, 0.5
	got := descend([]parameter{{places: []*float64{&a}}, {places: []*float64{&b}}, {places: []*float64{&c}, most: 1}}, func() float64 {
		return square(math.Log(a/7)) + square(math.Log(a*b)) + square(math.Log(c/2))
	})
	if math.Abs(a/7-1) > 0.05 || math.Abs(a*b-1) > 0.05 || c != 1 || got > square(math.Log(2))+0.01 {
		t.Errorf("a %g, b %g, c %g: %g", a, b, c, got)
	}
}

func square(x float64) float64 { return x * x }

// outlier is the logarithm beyond which the error of a kernel or a graph counts no more: what is off by more ran other
// kernels than it should, such as an engine's fallback, and says nothing of the parameters. Under load all errors count.
const outlier = 0.25

// refit solves for parameters of the catalog of a world: least mean absolute logarithm of expected ÷ measured, outliers cut.
func refit(w validate.World, ms []validate.Measurement, parameters []parameter) {
	descend(parameters, func() float64 {
		r := validate.Run(ms, w)
		sum := 0.0
		for i := range r.Points {
			e := math.Abs(math.Log1p(r.Points[i].Error))
			if r.Points[i].Quantity.Class() != "served" {
				e = min(e, outlier)
			}
			sum += e
		}
		return sum / float64(len(r.Points))
	})
}

// fresh returns a catalog whose parameters can be changed. What is measured on single devices is left out of it: a
// device that was never measured has only what its architecture lets expect.
func fresh() *catalog.Catalog {
	c := copied(catalog.Default())
	for i := range c.Devices {
		c.Devices[i].Efficiency = hardware.Efficiency{}
	}
	return c
}

// copied returns a catalog whose parameters can be changed on their own.
func copied(c *catalog.Catalog) *catalog.Catalog {
	own := *c
	own.Devices, own.Architectures = slices.Clone(c.Devices), slices.Clone(c.Architectures)
	own.Runtimes, own.Links = slices.Clone(c.Runtimes), slices.Clone(c.Links)
	return &own
}

// architectures is a parameter that architectures share.
func architectures(c *catalog.Catalog, most float64, of func(*hardware.Efficiency) *float64, ids ...string) parameter {
	p := parameter{most: most}
	for _, id := range ids {
		p.places = append(p.places, of(&c.Architecture(id).Efficiency))
	}
	return p
}

// generations are the architectures of the devices whose kernels were measured.
var generations = []string{"ampere", "hopper", "blackwell"}

// kernelProfiles are those of the engines whose kernels were measured, and the one for all others.
func kernelProfiles(c *catalog.Catalog) []*runtime.Profile {
	return []*runtime.Profile{c.Runtime("kernels"), c.Runtime("vllm-kernels"), c.Runtime("sglang-kernels"), c.Runtime("tensorrt-llm-kernels")}
}

// kernels is a parameter that the profiles of kernels share.
func kernels(c *catalog.Catalog, most float64, of func(*runtime.Profile) *float64) parameter {
	p := parameter{most: most}
	for _, profile := range kernelProfiles(c) {
		p.places = append(p.places, of(profile))
	}
	return p
}

// productParameters are what the time of a matrix product depends on, shared by the generations.
func productParameters(c *catalog.Catalog, formats ...dtype.DType) []parameter {
	ps := []parameter{
		architectures(c, 1, func(e *hardware.Efficiency) *float64 { return &e.Default }, generations...),
		architectures(c, 1, func(e *hardware.Efficiency) *float64 { return &e.Bandwidth }, generations...),
		architectures(c, 0, func(e *hardware.Efficiency) *float64 { return (*float64)(&e.KernelFloor) }, generations...),
		kernels(c, 1, func(p *runtime.Profile) *float64 { return &p.Overlap }),
		kernels(c, 0, func(p *runtime.Profile) *float64 { return &p.Fill }),
		kernels(c, 0, func(p *runtime.Profile) *float64 { return (*float64)(&p.SplitK) }),
	}
	for _, p := range kernelProfiles(c) {
		for _, place := range []*unit.Seconds{&p.Convert.FP8, &p.Convert.FP8Block, &p.Convert.FP4, &p.Convert.INT8, &p.Convert.INT4} {
			if *place > 0 {
				ps = append(ps, parameter{places: []*float64{(*float64)(place)}})
			}
		}
	}
	for _, f := range formats {
		p := architectures(c, 1, func(e *hardware.Efficiency) *float64 { return &e.Sustained[f] }, generations...)
		for _, place := range p.places {
			if *place == 0 {
				*place = c.Architecture(generations[0]).Efficiency.Default
			}
		}
		ps = append(ps, p)
	}
	return ps
}

// attentionParameters are those of attention beside them.
func attentionParameters(c *catalog.Catalog) []parameter {
	return []parameter{
		kernels(c, 0, func(p *runtime.Profile) *float64 { return &p.Compute[model.Attention] }),
		kernels(c, 0, func(p *runtime.Profile) *float64 { return &p.Bandwidth[model.Attention] }),
		kernels(c, 0, func(p *runtime.Profile) *float64 { return (*float64)(&p.Attention.Prefill) }),
		kernels(c, 0, func(p *runtime.Profile) *float64 { return (*float64)(&p.Attention.Decode) }),
		kernels(c, 0, func(p *runtime.Profile) *float64 { return (*float64)(&p.Attention.Block) }),
		kernels(c, 0, func(p *runtime.Profile) *float64 { return (*float64)(&p.Attention.Ramp) }),
	}
}

// linkParameters are those of NVLink, whatever its generation.
func linkParameters(c *catalog.Catalog) []parameter {
	var latency, share, ramp parameter
	for i := range c.Links {
		if l := &c.Links[i]; slices.Contains([]string{"nvlink3", "nvlink4", "nvlink5"}, l.ID) {
			latency.places = append(latency.places, (*float64)(&l.Latency))
			share.places = append(share.places, &l.Share)
			ramp.places = append(ramp.places, (*float64)(&l.Ramp))
		}
	}
	share.most = 1
	return []parameter{latency, share, ramp}
}

// hostParameters are the host times of a step of the runtimes that serve language models, one value for all of them.
func hostParameters(c *catalog.Catalog, ids ...string) []parameter {
	ps := make([]parameter, 3)
	for _, id := range ids {
		p := c.Runtime(id)
		for i, place := range []*unit.Seconds{&p.PerLayer, &p.PerStep, &p.PerSequence} {
			ps[i].places = append(ps[i].places, (*float64)(place))
		}
	}
	return ps
}

// refitGraphs solves for parameters like [refit], with graphs fused once.
func refitGraphs(t *testing.T, w validate.World, ms []validate.Measurement, parameters []parameter) {
	t.Helper()
	models := make([]*estimate.GraphModel, len(ms))
	target := func(m *validate.Measurement) *estimate.Target {
		target, err := w.Target(m.Device, m.Runtime, m.Quantity, m.Plan())
		if err != nil {
			t.Fatal(err)
		}
		return target
	}
	for i := range ms {
		g, err := w.Graph(ms[i].Model)
		if err != nil {
			t.Fatal(err)
		}
		p := target(&ms[i]).Runtime
		models[i] = estimate.NewGraphModel(g, p.Fusion, model.Formats{Weights: ms[i].Weights, Activations: ms[i].Weights, Autocast: p.Autocast})
	}
	descend(parameters, func() float64 {
		sum := 0.0
		for i := range ms {
			machine, err := models[i].Machine(target(&ms[i]))
			if err != nil {
				t.Fatal(err)
			}
			_, expected, _ := models[i].Time(machine, ms[i].Batch)
			sum += min(math.Abs(math.Log(float64(expected/ms[i].Measured))), outlier)
		}
		return sum / float64(len(ms))
	})
}

// graphParameters are what is solved for of the runtimes of graphs, and the share of the peak that their architectures
// sustain.
func graphParameters(c *catalog.Catalog, name string) []parameter {
	p := c.Runtime(name)
	graphics := architectures(c, 1.2, func(e *hardware.Efficiency) *float64 { return &e.Default }, "ampere-ga10x", "ada")
	switch name {
	case "torch-compile":
		return []parameter{graphics, {places: []*float64{&p.Overlap}, most: 1},
			{places: []*float64{&p.Bandwidth[model.DepthwiseConv]}}, {places: []*float64{&p.Bandwidth[model.Pooling]}}}
	case "onnxruntime":
		ps := []parameter{{places: []*float64{&p.Overlap}, most: 1}, {places: []*float64{(*float64)(&p.Launch)}}}
		for _, c := range []model.Class{model.DepthwiseConv, model.Elementwise, model.Normalization, model.Pooling} {
			ps = append(ps, parameter{places: []*float64{&p.Compute[c]}, most: 1})
		}
		for _, c := range []model.Class{model.MatMul, model.DepthwiseConv, model.Copy} {
			ps = append(ps, parameter{places: []*float64{&p.Bandwidth[c]}, most: 1})
		}
		return ps
	case "torch-compile-cpu":
		return []parameter{architectures(c, 1, func(e *hardware.Efficiency) *float64 { return &e.Default }, "alder-lake"),
			{places: []*float64{&p.Compute[model.Conv]}}, {places: []*float64{&p.Compute[model.DepthwiseConv]}},
			{places: []*float64{&p.Bandwidth[model.Elementwise]}}, {places: []*float64{&p.Bandwidth[model.Normalization]}}, {places: []*float64{&p.Bandwidth[model.Copy]}}}
	}
	return []parameter{graphics, {places: []*float64{&p.Compute[model.Conv]}},
		{places: []*float64{&p.Bandwidth[model.DepthwiseConv]}}, {places: []*float64{&p.Bandwidth[model.Copy]}}}
}

// stepParameters are those of llama.cpp.
func stepParameters(c *catalog.Catalog) []parameter {
	p := c.Runtime("llama-cpp")
	return []parameter{{places: []*float64{(*float64)(&p.PerClock)}}, {places: []*float64{&p.Compute[model.MatMul]}}, {places: []*float64{(*float64)(&p.PerLayer)}}}
}
