package calibrate

import (
	"math"
	"strings"

	"roofline/estimate"
	"roofline/estimate/runtime"
	"roofline/hardware"
	"roofline/hardware/dtype"
	"roofline/hardware/unit"
	"roofline/model"
)

// Part is what a parameter belongs to.
type Part string

// The parts of a machine.
const (
	Device  Part = "device"  // the same under every runtime
	Runtime Part = "runtime" // of this runtime on this device
	Link    Part = "link"    // between devices
)

// Parameter is a positive number that predictions are made of.
type Parameter struct {
	Name  string // as the catalog's files have it: bandwidth, sustained.bf16, per-layer, compute.conv
	Part  Part
	Title string  // in words
	Time  bool    // a time, in seconds; else a share
	Prior float64 // standard deviation of the logarithm before any run
	Needs string  // the runs that tell it
	Most  float64 // 0: no limit

	at func(*estimate.Target) *float64
}

// value returns the parameter's value u prior spreads away from before.
func (p *Parameter) value(before, u float64) float64 {
	v := before * math.Exp(u*p.Prior)
	if p.Most > 0 {
		v = min(v, max(p.Most, before))
	}
	return v
}

// How much the catalog's values may be off, as standard deviations of logarithms. Shares of published rates are known
// within some ten per cent; host times depend on the host, its software and its settings, within a factor of two.
const (
	shareSpread   = 0.12 // sustained share of a peak, of the memory bandwidth
	classSpread   = 0.15 // what a runtime's kernels reach of that, by class of work
	linkSpread    = 0.25 // share of a link's bandwidth
	floorSpread   = 0.15 // shortest kernel
	kernelSpread  = 0.4  // link latency
	hostSpread    = 0.7  // host times
	processorMost = 1.5  // the largest factor of a class on CPUs, whose clocks go beyond what a published or measured peak is of
)

// parameters lists what the times on a target can depend on.
func parameters(t *estimate.Target, doubt float64) []Parameter {
	most := 1.0
	if t.Device.Kind == hardware.CPU {
		most = processorMost
	}
	ps := []Parameter{{Name: "bandwidth", Part: Device, Title: "share of the memory bandwidth", Prior: doubt * shareSpread, Most: 1,
		Needs: "a run bound by memory", at: func(t *estimate.Target) *float64 { return &t.Efficiency.Bandwidth }}}
	for _, f := range t.Device.Formats() {
		ps = append(ps, Parameter{Name: "sustained." + f.String(), Part: Device, Title: "share of the " + f.String() + " peak", Prior: doubt * shareSpread, Most: 1,
			Needs: "a run bound by compute in " + f.String(), at: func(t *estimate.Target) *float64 { return &t.Efficiency.Sustained[f] }})
	}
	ps = append(ps, Parameter{Name: "kernel-floor", Part: Device, Title: "shortest kernel", Time: true, Prior: doubt * floorSpread,
		Needs: "a run of many small kernels", at: func(t *estimate.Target) *float64 { return (*float64)(&t.Efficiency.KernelFloor) }})
	for _, host := range hostTimes {
		ps = append(ps, Parameter{Name: host.name, Part: Runtime, Title: host.title, Time: true, Prior: host.spread, Needs: host.needs,
			at: func(t *estimate.Target) *float64 { return (*float64)(host.of(t.Runtime)) }})
	}
	for c := range model.ClassCount {
		class := model.Class(c)
		name := runtime.ClassName(class)
		for _, kind := range []struct {
			of    string
			title string
			at    func(*estimate.Target) *float64
		}{
			{"compute", "compute share of ", func(t *estimate.Target) *float64 { return &t.Runtime.Compute[class] }},
			{"bandwidth", "bandwidth share of ", func(t *estimate.Target) *float64 { return &t.Runtime.Bandwidth[class] }},
		} {
			ps = append(ps, Parameter{Name: kind.of + "." + name, Part: Runtime, Title: kind.title + strings.ReplaceAll(name, "-", " "), Prior: classSpread, Most: most,
				Needs: "a profile, or a model that is mostly " + strings.ReplaceAll(name, "-", " "), at: kind.at})
		}
	}
	return append(ps,
		Parameter{Name: "latency", Part: Link, Title: "latency of a collective", Time: true, Prior: kernelSpread,
			Needs: "a run over several devices at a small load", at: func(t *estimate.Target) *float64 { return (*float64)(&t.Fabric.Kind.Latency) }},
		Parameter{Name: "share", Part: Link, Title: "share of the link's bandwidth", Prior: linkSpread, Most: most,
			Needs: "a run over several devices at a large load", at: func(t *estimate.Target) *float64 { return &t.Fabric.Kind.Share }})
}

// hostTimes are the times of a runtime.
var hostTimes = []struct {
	name, title string
	spread      float64
	needs       string
	of          func(*runtime.Profile) *unit.Seconds
}{
	{"launch", "host time per kernel", hostSpread, "a run of many small kernels", func(p *runtime.Profile) *unit.Seconds { return &p.Launch }},
	{"per-layer", "host time per layer and step", hostSpread, "a decode run at low concurrency", func(p *runtime.Profile) *unit.Seconds { return &p.PerLayer }},
	{"per-step", "host time per step", hostSpread, "a decode run of a small model at low concurrency", func(p *runtime.Profile) *unit.Seconds { return &p.PerStep }},
	{"per-sequence", "host time per running sequence and step", hostSpread, "runs at low and high concurrency", func(p *runtime.Profile) *unit.Seconds { return &p.PerSequence }},
	{"per-request", "host time per request", hostSpread, "TTFT of short prompts, one request at a time", func(p *runtime.Profile) *unit.Seconds { return &p.PerRequest }},
	{"dispatch", "host time per kernel, ahead of the device", hostSpread, "a run of many small kernels", func(p *runtime.Profile) *unit.Seconds { return &p.Dispatch }},
}

// prepare gives a target a runtime profile of its own, in which every value that is said by a default stands.
func prepare(t *estimate.Target) {
	p := *t.Runtime
	t.Runtime = &p
	for f := range t.Efficiency.Sustained {
		t.Efficiency.Sustained[f] = t.Efficiency.Of(dtype.DType(f))
	}
	for c := range model.ClassCount {
		p.Compute[c], p.Bandwidth[c] = p.Compute.Of(model.Class(c)), p.Bandwidth.Of(model.Class(c))
	}
}
