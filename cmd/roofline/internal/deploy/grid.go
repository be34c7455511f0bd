package deploy

import (
	"roofline/estimate"
	"roofline/estimate/parallel"
)

// Grid lists what deployments are to be made of; every combination is one.
type Grid struct {
	Runtimes []string        // "" is the default one of each device
	Counts   []int           // devices in all; none: one replica of each plan
	Plans    []parallel.Plan // of a language model
	// Linked leaves out plans that the links of a device do not connect: no network is taken for granted.
	Linked bool
}

// Placement is one combination, or why there is none.
type Placement struct {
	Target estimate.Target
	Err    error
}

// Placements returns the combinations of the devices that were asked for with a grid: device by device, and of each the
// runtimes, counts and plans in their order. Counts that are no multiple of a plan's devices are left out.
func (d *Deployer) Placements(g Grid) ([]Placement, error) {
	var byRuntime [][]estimate.Target
	var order []estimate.Target // each device once, in the order of the catalog
	var failed error
	for _, id := range g.Runtimes {
		named := *d
		named.Wish.Runtime = id
		targets, err := named.Targets()
		d.systems = named.systems
		if err != nil && len(g.Runtimes) == 1 {
			return nil, err
		}
		if err != nil {
			failed = err
		}
		byRuntime = append(byRuntime, targets)
		for i := range targets {
			if find(order, targets[i].Device.ID) == nil {
				order = append(order, targets[i])
			}
		}
	}
	if len(order) == 0 {
		return nil, failed
	}
	var out []Placement
	for i := range order {
		for _, targets := range byRuntime {
			if t := find(targets, order[i].Device.ID); t != nil {
				out = d.placements(out, *t, g)
			}
		}
	}
	return out, nil
}

func find(targets []estimate.Target, device string) *estimate.Target {
	for i := range targets {
		if targets[i].Device.ID == device {
			return &targets[i]
		}
	}
	return nil
}

// placements adds those of one device under one runtime.
func (d *Deployer) placements(out []Placement, t estimate.Target, g Grid) []Placement {
	plans, counts := g.Plans, g.Counts
	if d.Serves == Graph {
		plans = []parallel.Plan{{}}
	}
	if len(counts) == 0 {
		counts = []int{0}
	}
	for _, count := range counts {
		for _, p := range plans {
			p = p.Filled()
			if count%p.Devices() != 0 {
				continue
			}
			t.Count = max(count, p.Devices())
			var beyond parallel.Network
			if !g.Linked {
				beyond = d.between(&t)
			}
			err := d.place(&t, p, beyond)
			if g.Linked && err != nil {
				continue
			}
			out = append(out, Placement{t, err})
		}
	}
	return out
}

// Replicate returns a target with so many replicas of what it runs, and what they cost.
func (d *Deployer) Replicate(t estimate.Target, replicas int) (estimate.Target, error) {
	t.Count = replicas * t.Plan.Devices()
	return t, d.pay(&t)
}
