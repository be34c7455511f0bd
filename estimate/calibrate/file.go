package calibrate

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"roofline/estimate"
	"roofline/estimate/benchmark"
	"roofline/estimate/runtime"
	"roofline/hardware"
	"roofline/hardware/document"
	"roofline/hardware/dtype"
	"roofline/hardware/unit"
	"roofline/model"
)

// Schema names the form of calibration files.
const Schema = "roofline.calibration/v1"

// File is a calibration as it is kept: what was found of one device under one runtime, and the runs it was found from.
// docs/calibration.md explains every key.
type File struct {
	Name string `toml:"-"` // of the file it was read from

	Schema  string `toml:"schema"`
	Device  string `toml:"device"` // catalog id
	Runtime string `toml:"runtime"`
	Date    string `toml:"date,date"`
	Command string `toml:"command"`

	// Efficiency holds of the device under every runtime, Host of the runtime on the device, Link of its links.
	Efficiency hardware.Efficiency `toml:"efficiency"`
	Host       Host                `toml:"host"`
	Link       LinkPart            `toml:"link"`

	// Transfer says that the host times hold for the runtime on other devices, too.
	Transfer bool           `toml:"transfer"`
	Models   []ModelFactors `toml:"model"`

	Bands   []Band          `toml:"band"`
	Changes []Change        `toml:"change"`
	Runs    []benchmark.Run `toml:"run"`
}

// Host is what a calibration says of a runtime; 0 is nothing.
type Host struct {
	Launch      unit.Seconds    `toml:"launch"`
	PerLayer    unit.Seconds    `toml:"per-layer"`
	PerStep     unit.Seconds    `toml:"per-step"`
	PerSequence unit.Seconds    `toml:"per-sequence"`
	PerRequest  unit.Seconds    `toml:"per-request"`
	Dispatch    unit.Seconds    `toml:"dispatch"`
	Compute     runtime.ByClass `toml:"compute"`
	Bandwidth   runtime.ByClass `toml:"bandwidth"`
	Reserve     unit.Bytes      `toml:"reserve"`
	MemoryShare float64         `toml:"memory-share"`
}

// LinkPart is what a calibration says of the links between devices.
type LinkPart struct {
	Kind    string       `toml:"kind"`
	Latency unit.Seconds `toml:"latency"`
	Share   float64      `toml:"share"`
}

// Change says what was solved for, for people: the value before and after, and how well it is known now (the standard
// deviation of its logarithm, about a relative error).
type Change struct {
	Name   string  `toml:"name"`
	Before string  `toml:"before"`
	After  string  `toml:"after"`
	Spread float64 `toml:"spread"`
}

// NewFile returns a solution as a file.
func NewFile(s *Solution, t *estimate.Target) *File {
	f := &File{Schema: Schema, Device: t.Device.ID, Runtime: t.Runtime.ID}
	to := estimate.Target{Runtime: &runtime.Profile{}}
	for _, p := range s.Parameters {
		if !p.Identified {
			continue
		}
		*p.at(&to) = p.After
		if p.Part == Link {
			f.Link.Kind = t.Fabric.Kind.ID
		}
		f.Changes = append(f.Changes, Change{Name: p.Name, Before: p.Text(p.Before), After: p.Text(p.After), Spread: rounded(p.Spread)})
	}
	r := to.Runtime
	f.Efficiency = to.Efficiency
	f.Host = Host{Launch: r.Launch, PerLayer: r.PerLayer, PerStep: r.PerStep, PerSequence: r.PerSequence, PerRequest: r.PerRequest,
		Dispatch: r.Dispatch, Compute: r.Compute, Bandwidth: r.Bandwidth}
	f.Link.Latency, f.Link.Share = to.Fabric.Kind.Latency, to.Fabric.Kind.Share
	f.Bands = s.Bands
	return f
}

// Text prints a value of the parameter.
func (p *Parameter) Text(v float64) string {
	if p.Time {
		return unit.Seconds(v).String()
	}
	return strconv.FormatFloat(v, 'g', 3, 64)
}

// Apply puts what the file says into a target on which a model runs, and reports whether it says anything of it. The
// device's part holds under every runtime and for every model, the runtime's part on this device; what a model takes goes
// with it to other devices.
func (f *File) Apply(t *estimate.Target, name string) bool {
	if t.Runtime.Ideal {
		return false
	}
	own, same := t.Device.ID == f.Device, t.Runtime.ID == f.Runtime
	applied := false
	if own && f.Efficiency != (hardware.Efficiency{}) {
		t.Efficiency = f.Efficiency.Or(t.Efficiency)
		applied = true
	}
	if f.covers(t) {
		p := *t.Runtime
		t.Runtime = &p
		f.Host.apply(&p)
		for _, b := range f.Bands {
			p.Bands = slices.Insert(slices.Clone(p.Bands), 0, runtime.Band{Class: f.class(), Phase: b.Phase, Low: b.Low, High: b.High, Measurements: b.Runs, Source: f.Name})
		}
		return true
	}
	if !own && same && f.Transfer {
		p := *t.Runtime
		t.Runtime = &p
		times := f.Host.times()
		times.apply(&p)
		applied = times != Host{}
	}
	if own {
		return applied
	}
	for _, m := range f.Models {
		if m.Name == name {
			m.Apply(t)
			applied = true
		}
	}
	return applied
}

// Connect puts what the file says of the links of its device into a target whose devices were placed.
func (f *File) Connect(t *estimate.Target) {
	if k := &t.Fabric.Kind; f.Link.Kind != "" && k.ID == f.Link.Kind && f.covers(t) {
		k.Latency, k.Share = cmp.Or(f.Link.Latency, k.Latency), cmp.Or(f.Link.Share, k.Share)
	}
}

// covers reports whether a target is what was calibrated.
func (f *File) covers(t *estimate.Target) bool {
	return f.Device == t.Device.ID && f.Runtime == t.Runtime.ID
}

// class says where a band is from.
func (f *File) class() string {
	runs := "1 run"
	if len(f.Runs) > 1 {
		runs = fmt.Sprintf("%d runs", len(f.Runs))
	}
	return fmt.Sprintf("calibrated on %s of %s with %s", runs, f.Device, f.Runtime)
}

// times returns the host's times alone: they depend on the host and the runtime, not on the device.
func (h Host) times() Host {
	return Host{Launch: h.Launch, PerLayer: h.PerLayer, PerStep: h.PerStep, PerSequence: h.PerSequence, PerRequest: h.PerRequest, Dispatch: h.Dispatch}
}

func (h *Host) apply(p *runtime.Profile) {
	for _, x := range []struct {
		from unit.Seconds
		to   *unit.Seconds
	}{{h.Launch, &p.Launch}, {h.PerLayer, &p.PerLayer}, {h.PerStep, &p.PerStep}, {h.PerSequence, &p.PerSequence},
		{h.PerRequest, &p.PerRequest}, {h.Dispatch, &p.Dispatch}} {
		if x.from > 0 {
			*x.to = x.from
		}
	}
	for c := range model.ClassCount {
		p.Compute[c], p.Bandwidth[c] = cmp.Or(h.Compute[c], p.Compute[c]), cmp.Or(h.Bandwidth[c], p.Bandwidth[c])
	}
	p.Reserve, p.MemoryShare = cmp.Or(h.Reserve, p.Reserve), cmp.Or(h.MemoryShare, p.MemoryShare)
}

// Read reads a calibration. Problems are errors with file, line and column.
func Read(name string, data []byte) (*File, error) {
	doc, err := document.Parse(name, data)
	if err != nil {
		return nil, err
	}
	f := &File{Name: name}
	root := doc.Root()
	root.Decode(f)
	f.check(root)
	return f, doc.Err()
}

// check reports what a calibration lacks and values that can't be.
func (f *File) check(root document.Table) {
	if !root.Has("schema") {
		root.Missing("schema", fmt.Sprintf("%q: is this a calibration?", Schema))
	} else if f.Schema != Schema {
		root.Bad("schema", fmt.Sprintf("%q", Schema))
	}
	for _, key := range []string{"device", "runtime"} {
		if !root.Has(key) {
			root.Missing(key, "the id of what was calibrated")
		}
	}
	share := func(t document.Table, key string, v, most float64) {
		if t.Has(key) && !(v > 0 && v <= most) {
			t.Bad(key, fmt.Sprintf("a number above 0 and at most %g", most))
		}
	}
	if root.IsTable("efficiency") {
		t := root.Table("efficiency")
		share(t, "sustained-default", f.Efficiency.Default, 1)
		share(t, "bandwidth", f.Efficiency.Bandwidth, 1)
		share(t, "kernel-floor", float64(f.Efficiency.KernelFloor), mostHostTime)
		if t.IsTable("sustained") {
			s := t.Table("sustained")
			for i, v := range f.Efficiency.Sustained {
				share(s, dtype.DType(i).String(), v, 1)
			}
		}
	}
	if root.IsTable("host") {
		t, h := root.Table("host"), &f.Host
		for key, v := range map[string]unit.Seconds{"launch": h.Launch, "per-layer": h.PerLayer, "per-step": h.PerStep, "per-sequence": h.PerSequence,
			"per-request": h.PerRequest, "dispatch": h.Dispatch} {
			share(t, key, float64(v), mostHostTime)
		}
		share(t, "memory-share", h.MemoryShare, 1)
	}
	if root.IsTable("link") {
		t := root.Table("link")
		if !t.Has("kind") {
			t.Missing("kind", "the id of a kind of link, such as nvlink4")
		}
		share(t, "latency", float64(f.Link.Latency), mostHostTime)
		share(t, "share", f.Link.Share, 1)
	}
	for i, t := range root.Tables("band") {
		if b := f.Bands[i]; !(b.Low > 0 && b.Low <= 1 && b.High >= 1 && b.High <= 100) {
			t.Bad("low", "low above 0 and at most 1, high from 1 to 100: factors of the expected time")
		}
	}
	for i, t := range root.Tables("model") {
		for key, v := range map[string]float64{"compute": f.Models[i].Compute, "memory": f.Models[i].Memory} {
			if !(v >= 1.0/mostFactor && v <= mostFactor) {
				t.Bad(key, fmt.Sprintf("a factor from %g to %g", 1.0/mostFactor, mostFactor))
			}
		}
	}
}

// mostHostTime is more than any host time, in seconds; mostFactor more than any model takes beyond others.
const (
	mostHostTime = 10
	mostFactor   = 20.0
)

// TOML writes the calibration.
func (f *File) TOML() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# What real runs say of one device under one runtime. Use it with --calibration; docs/calibration.md explains the keys.\n")
	fmt.Fprintf(&b, "schema  = %q\ndevice  = %q\nruntime = %q\n", Schema, f.Device, f.Runtime)
	if f.Date != "" {
		fmt.Fprintf(&b, "date    = %s\n", f.Date)
	}
	if f.Command != "" {
		fmt.Fprintf(&b, "command = %s\n", quoted(f.Command))
	}
	if f.Transfer {
		b.WriteString("transfer = true # host times hold for the runtime on other devices, too\n")
	}
	var e keys
	e.table("sustained", func(k *keys) {
		for i, v := range f.Efficiency.Sustained {
			k.number(dtype.DType(i).String(), v)
		}
	})
	e.number("sustained-default", f.Efficiency.Default)
	e.number("bandwidth", f.Efficiency.Bandwidth)
	e.time("kernel-floor", f.Efficiency.KernelFloor)
	e.write(&b, "\n[efficiency] # of the device, under every runtime: shares of its published rates\n")

	h := &f.Host
	var k keys
	k.time("launch", h.Launch)
	k.time("per-layer", h.PerLayer)
	k.time("per-step", h.PerStep)
	k.time("per-sequence", h.PerSequence)
	k.time("per-request", h.PerRequest)
	k.time("dispatch", h.Dispatch)
	k.classes("compute", h.Compute)
	k.classes("bandwidth", h.Bandwidth)
	if h.Reserve > 0 {
		k = append(k, fmt.Sprintf("reserve = \"%s MiB\"", number(float64(h.Reserve/unit.MiB))))
	}
	k.number("memory-share", h.MemoryShare)
	k.write(&b, "\n[host] # of the runtime on this device\n")

	var l keys
	l.time("latency", f.Link.Latency)
	l.number("share", f.Link.Share)
	if len(l) > 0 {
		l.write(&b, fmt.Sprintf("\n[link]\nkind = %q\n", f.Link.Kind))
	}
	for _, m := range f.Models {
		fmt.Fprintf(&b, "\n[[model]] # factors of the time this model takes, here and on other devices\nname = %s\ncompute = %s\nmemory = %s\n", quoted(m.Name), number(m.Compute), number(m.Memory))
	}
	for _, x := range f.Bands {
		fmt.Fprintf(&b, "\n[[band]] # 10th and 90th percentile of measured ÷ expected\nphase = %q\nlow = %s\nhigh = %s\nruns = %d\n", x.Phase, number(x.Low), number(x.High), x.Runs)
	}
	for _, x := range f.Changes {
		fmt.Fprintf(&b, "\n[[change]]\nname = %q\nbefore = %q\nafter = %q\nspread = %s\n", x.Name, x.Before, x.After, number(x.Spread))
	}
	for i := range f.Runs {
		b.WriteString("\n" + f.Runs[i].TOML())
	}
	return b.String()
}

// keys are lines of a table.
type keys []string

func (k *keys) number(key string, v float64) {
	if v > 0 {
		*k = append(*k, fmt.Sprintf("%s = %s", key, number(v)))
	}
}

func (k *keys) time(key string, t unit.Seconds) {
	if t > 0 {
		*k = append(*k, fmt.Sprintf("%s = \"%s us\"", key, number(float64(t)*1e6)))
	}
}

func (k *keys) table(key string, fill func(*keys)) {
	var inner keys
	fill(&inner)
	if len(inner) > 0 {
		*k = append(*k, fmt.Sprintf("%s = { %s }", key, strings.Join(inner, ", ")))
	}
}

func (k *keys) classes(key string, by runtime.ByClass) {
	k.table(key, func(inner *keys) {
		for c := range model.ClassCount {
			inner.number(runtime.ClassName(model.Class(c)), by[c])
		}
	})
}

func (k keys) write(b *strings.Builder, head string) {
	if len(k) > 0 {
		b.WriteString(head + strings.Join(k, "\n") + "\n")
	}
}

// number writes a number as TOML has it, with the digits that are known.
func number(v float64) string {
	s := strconv.FormatFloat(v, 'g', 6, 64)
	if !strings.ContainsAny(s, ".e") {
		s += ".0"
	}
	return s
}

// quoted writes a string as TOML has it.
func quoted(s string) string { return benchmark.Quoted(s) }
