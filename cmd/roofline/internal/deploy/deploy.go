// Package deploy turns what the user named (devices, runtime, counts, prices) into the targets that estimates run on.
package deploy

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"roofline/catalog"
	"roofline/estimate"
	"roofline/estimate/parallel"
	"roofline/estimate/runtime"
	"roofline/hardware"
	"roofline/hardware/dtype"
	"roofline/hardware/unit"
)

// Wish is what the user asked for; zero values leave the choice to the tool.
type Wish struct {
	Devices  string // names, comma lists, globs, "all"
	Runtime  string
	Count    int
	Plan     parallel.Plan // degrees of 0 are left to the tool
	Memory   unit.Bytes
	Money    Money
	Batching estimate.Batching
}

// Language and Graph are the two kinds of models a runtime can serve.
const (
	Language = "language"
	Graph    = "graph"
)

// Deployer resolves wishes against a catalog.
type Deployer struct {
	Catalog *catalog.Catalog
	Wish    Wish
	Serves  string                      // Language or Graph
	Where   func(*hardware.Device) bool // which of the devices asked for are meant; nil: all

	Calibrations *Calibrations // nil: none
	Model        string        // that will run, by name: calibrations can be of a model

	gguf    bool               // its weights are in block formats of GGUF
	systems []*hardware.System // that were named in the place of devices
}

// Runs says which model will run, and in which formats of its weights; Unknown is its own.
func (d *Deployer) Runs(l *Loaded, weights ...dtype.DType) {
	d.Model, d.gguf = l.Name(), l.Language != nil && len(weights) > 0
	for _, w := range weights {
		if d.gguf && w == dtype.Unknown {
			w = l.Language.Quantization.Weights
		}
		d.gguf = d.gguf && w.GGUF()
	}
}

// Targets returns one target per device asked for, in the order of the catalog, each with one device.
// Devices no runtime serves are left out of lists and an error when named.
func (d *Deployer) Targets() ([]estimate.Target, error) {
	devices, err := d.Devices()
	if err != nil {
		return nil, err
	}
	if _, _, err := d.Wish.Money.parties(d.Catalog); err != nil {
		return nil, err
	}
	var targets []estimate.Target
	var failed error
	for i := range devices {
		profile, err := d.runtime(devices[i].Kind)
		if err != nil {
			failed = err
			continue
		}
		t := estimate.Target{Device: &devices[i], Runtime: profile, Memory: d.Wish.Memory, Batching: d.Wish.Batching}
		if known, _ := devices[i].Memory.Usable(); known > 0 && t.Memory > 0 && d.Named() {
			return nil, fmt.Errorf("--memory is for devices whose memory the catalog does not have; %s has %s", devices[i].ID, known)
		}
		t.Efficiency = d.Catalog.Efficiency(&devices[i])
		d.Calibrations.Apply(&t, d.Model)
		devices := 1
		if s := d.system(t.Device.ID); s != nil {
			devices = s.Count
		}
		if err := d.Spread(&t, devices); err != nil && failed == nil {
			failed = err
		}
		targets = append(targets, t)
	}
	if len(targets) == 0 && failed != nil {
		return nil, failed
	}
	return targets, nil
}

// Devices returns the devices of a comma list of names and globs, each once. A system stands for its device, with the
// links of the machine in the place of the device's own.
func (d *Deployer) Devices() ([]hardware.Device, error) {
	var out []hardware.Device
	for _, name := range strings.Split(d.Wish.Devices, ",") {
		selected, err := d.Catalog.Select(name)
		if err != nil {
			if s, unknown := d.Catalog.FindSystem(name); unknown == nil {
				dev := *d.Catalog.Device(s.Device)
				if l, ok := s.Fabric(&dev); ok {
					dev.Links = append([]hardware.Link{l}, dev.Links...)
				}
				d.systems = append(d.systems, s)
				selected, err = []hardware.Device{dev}, nil
			}
		}
		if err != nil {
			return nil, err
		}
		for _, dev := range selected {
			if d.Where != nil && !d.Where(&dev) {
				continue
			}
			if !slices.ContainsFunc(out, func(o hardware.Device) bool { return o.ID == dev.ID }) {
				out = append(out, dev)
			}
		}
	}
	return out, nil
}

// system returns the machine the user named that holds a device, or nil.
func (d *Deployer) system(device string) *hardware.System {
	for _, s := range d.systems {
		if s.Device == device {
			return s
		}
	}
	return nil
}

// Subject says whose values decide about a target: its device, what drives, houses and owns it.
func (d *Deployer) Subject(t *estimate.Target) (catalog.Subject, error) {
	about := catalog.Subject{Device: t.Device.ID, Runtime: t.Runtime.ID}
	if s := d.system(t.Device.ID); s != nil {
		about.System = s.ID
	}
	if name := d.Wish.Money.Site; name != "" {
		site, err := d.Catalog.FindSite(name)
		if err != nil {
			return about, err
		}
		about.Site = site.ID
	}
	if d.Wish.Money.Price == hardware.PurchaseBuy {
		owner, err := d.Wish.Money.owner(d.Catalog)
		if err != nil {
			return about, err
		}
		about.Ownership = owner.ID
	}
	return about, nil
}

// Named reports whether the user named a single device.
func (d *Deployer) Named() bool {
	return d.Wish.Devices != "all" && !strings.ContainsAny(d.Wish.Devices, ",*?")
}

// runtime returns the runtime the user named, or the default one for the kind of model and device, or for GGUF.
func (d *Deployer) runtime(kind hardware.Kind) (*runtime.Profile, error) {
	all := d.Catalog.Runtimes
	if d.Wish.Runtime != "" {
		id, err := catalog.Resolve("runtime", runtimeIDs(all), d.Wish.Runtime)
		if err != nil {
			return nil, err
		}
		p := runtime.Named(all, id, kind)
		if p == nil {
			p = d.Catalog.Runtime(id)
		}
		switch {
		case p.Serves != "both" && p.Serves != d.Serves:
			return nil, fmt.Errorf("runtime %s does not run %s models; %s do", p.ID, d.Serves, strings.Join(d.serving(kind), ", "))
		case !p.RunsOn(kind):
			return nil, fmt.Errorf("runtime %s does not run on a %s; %s do", p.ID, kind, strings.Join(d.serving(kind), ", "))
		}
		return p, nil
	}
	for i := range all {
		if p := &all[i]; d.gguf && p.GGUF && p.RunsOn(kind) {
			return p, nil
		}
	}
	for i := range all {
		if p := &all[i]; (p.Serves == "both" || p.Serves == d.Serves) && slices.Contains(p.DefaultFor, kind) {
			return p, nil
		}
	}
	return nil, fmt.Errorf("no runtime for %s models on a %s: name one with --runtime", d.Serves, kind)
}

// serving lists the runtimes that could be named instead.
func (d *Deployer) serving(kind hardware.Kind) []string {
	var out []string
	for i := range d.Catalog.Runtimes {
		if p := &d.Catalog.Runtimes[i]; (p.Serves == "both" || p.Serves == d.Serves) && p.RunsOn(kind) {
			out = append(out, p.ID)
		}
	}
	return out
}

func runtimeIDs(all []runtime.Profile) []string {
	var ids []string
	for i := range all {
		if all[i].Serves != "kernel" { // those run no models
			ids = append(ids, all[i].ID)
		}
	}
	return ids
}

// Given reports whether the user said how many devices there are or how a model is spread.
func (w *Wish) Given() bool { return w.Count > 0 || w.Plan != parallel.Plan{} }

// Spread sets how many devices the target has and how a model is spread over them: as the user asked, where nothing was
// asked by tensor parallelism over all of them. It also finds what connects them and what they cost.
func (d *Deployer) Spread(t *estimate.Target, devices int) error {
	p := d.Wish.Plan.Filled()
	t.Count = devices
	if d.Wish.Plan.TP == 0 {
		p.TP = max(1, devices/(p.PP*p.DP))
	}
	if d.Serves == Graph {
		p = parallel.Plan{}.Filled() // every device runs its own batches
	}
	switch {
	case d.Wish.Count > 0:
		t.Count = d.Wish.Count
		if d.Serves != Graph && t.Count%p.Devices() != 0 {
			return fmt.Errorf("--count %d is not a multiple of the %d devices of %v: count = replicas × tp × pp × dp", t.Count, p.Devices(), p)
		}
	case d.Serves != Graph:
		t.Count = p.Devices()
	}
	return d.place(t, p, d.network(t))
}

// place spreads the target over its devices by a plan: it finds what connects them and what they cost.
func (d *Deployer) place(t *estimate.Target, p parallel.Plan, beyond parallel.Network) error {
	t.Plan = p
	t.Between = d.between(t)
	if l, ok := t.Device.LinkOf(t.Count); ok && t.Count > 1 {
		t.Between = parallel.Network{Bandwidth: l.Bandwidth, LinkKind: d.Catalog.LinkKind(l.Kind)}
	}
	var err error
	t.Fabric, err = parallel.Place(t.Device, p, d.Catalog.LinkKind, beyond)
	d.Calibrations.Connect(t)
	return errors.Join(err, d.pay(t))
}

// networkBandwidth is what a device is taken to have to other hosts where its machine is not known: 400 Gbit/s each, as
// in the eight-device machines of 2022 to 2025. An answer that uses it says so.
const networkBandwidth = 50e9

// network returns what connects a target's devices beyond their links, where the user asked for so many; it is not taken
// for granted when the tool chooses.
func (d *Deployer) network(t *estimate.Target) parallel.Network {
	if !d.Wish.Given() {
		return parallel.Network{}
	}
	return d.between(t)
}

// between returns what connects the machines of a target: as known of the machine that was named, else as is usual.
func (d *Deployer) between(t *estimate.Target) parallel.Network {
	n := parallel.Network{Bandwidth: networkBandwidth, Assumed: true, LinkKind: d.Catalog.LinkKind("network")}
	if s := d.system(t.Device.ID); s != nil && s.Network.Bandwidth > 0 {
		n.Bandwidth, n.Assumed = s.Network.Bandwidth/unit.ByteRate(s.Count), false
	}
	return n
}
