// Package deploy turns what the user named (devices, runtime, counts, prices) into the targets that estimates run on.
package deploy

import (
	"fmt"
	"slices"
	"strings"

	"roofline/catalog"
	"roofline/estimate"
	"roofline/estimate/runtime"
	"roofline/hardware"
	"roofline/hardware/unit"
)

// Wish is what the user asked for; zero values leave the choice to the tool.
type Wish struct {
	Devices    string // names, comma lists, globs, "all"
	Runtime    string
	Count      int
	TP         int
	Memory     unit.Bytes
	USDPerHour float64 // per device, in place of the catalog's prices
	Price      hardware.PriceKind
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
	Serves  string // Language or Graph
}

// Targets returns one target per device asked for, in the order of the catalog, each with one device.
// Devices no runtime serves are left out of lists and an error when named.
func (d *Deployer) Targets() ([]estimate.Target, error) {
	devices, err := d.Devices()
	if err != nil {
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
		t := estimate.Target{Device: &devices[i], Runtime: profile, Memory: d.Wish.Memory}
		t.Efficiency = d.Catalog.Efficiency(&devices[i])
		d.Spread(&t, 1)
		targets = append(targets, t)
	}
	if len(targets) == 0 && failed != nil {
		return nil, failed
	}
	return targets, nil
}

// Devices returns the devices of a comma list of names and globs, each once.
func (d *Deployer) Devices() ([]hardware.Device, error) {
	var out []hardware.Device
	for _, name := range strings.Split(d.Wish.Devices, ",") {
		selected, err := d.Catalog.Select(name)
		if err != nil {
			return nil, err
		}
		for _, dev := range selected {
			if !slices.ContainsFunc(out, func(o hardware.Device) bool { return o.ID == dev.ID }) {
				out = append(out, dev)
			}
		}
	}
	return out, nil
}

// Named reports whether the user named a single device.
func (d *Deployer) Named() bool {
	return d.Wish.Devices != "all" && !strings.ContainsAny(d.Wish.Devices, ",*?")
}

// runtime returns the runtime the user named, or the default one for the kind of model and device.
func (d *Deployer) runtime(kind hardware.Kind) (*runtime.Profile, error) {
	all := d.Catalog.Runtimes
	if d.Wish.Runtime != "" {
		id, err := catalog.Resolve("runtime", runtimeIDs(all), d.Wish.Runtime)
		if err != nil {
			return nil, err
		}
		p := d.Catalog.Runtime(id)
		switch {
		case p.Serves != "both" && p.Serves != d.Serves:
			return nil, fmt.Errorf("runtime %s does not run %s models; %s do", p.ID, d.Serves, strings.Join(d.serving(kind), ", "))
		case !p.RunsOn(kind):
			return nil, fmt.Errorf("runtime %s does not run on a %s; %s do", p.ID, kind, strings.Join(d.serving(kind), ", "))
		}
		return p, nil
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
	ids := make([]string, len(all))
	for i := range all {
		ids[i] = all[i].ID
	}
	return ids
}

// Spread sets how many devices the target has and over how many of them a model is split, as the user asked or else
// all of them, and what that costs.
func (d *Deployer) Spread(t *estimate.Target, devices int) {
	t.Count, t.TP = devices, devices
	if d.Serves == Graph {
		t.TP = 1 // every device runs its own batches
	}
	if d.Wish.Count > 0 {
		t.Count = d.Wish.Count
		t.TP = min(t.TP, t.Count)
	}
	if d.Wish.TP > 0 {
		t.TP = d.Wish.TP
		if d.Wish.Count == 0 {
			t.Count = t.TP
		}
	}
	link, _ := t.Device.LinkOf(t.TP)
	t.Link = d.Catalog.LinkKind(link.Kind)
	t.Price = d.price(t)
}

// price returns what the target costs an hour: the user's figure, or the cheapest offer of whole instances.
func (d *Deployer) price(t *estimate.Target) *estimate.Price {
	if d.Wish.USDPerHour > 0 {
		return &estimate.Price{USDPerHour: unit.USDPerHour(d.Wish.USDPerHour * float64(t.Count)), Source: "--usd-per-hour"}
	}
	offer, ok := d.Catalog.Cheapest(t.Device.ID, t.Count, t.TP, d.Wish.Price)
	if !ok {
		return nil
	}
	source := strings.Join(strings.Fields(offer.Instance.Provider+" "+offer.Instance.ID+" "+offer.Instance.Region), " ") + ", " + string(d.Wish.Price)
	if offer.Instances > 1 {
		source = fmt.Sprintf("%d × %s", offer.Instances, source)
	}
	return &estimate.Price{USDPerHour: offer.USDPerHour, AsOf: offer.Instance.Date, Source: source, Idle: offer.IdleDevices}
}
