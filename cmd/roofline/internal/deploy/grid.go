package deploy

import (
	"fmt"

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

// MostCombinations is how many combinations are made ready at a time.
const MostCombinations = 100_000

// ErrCombinations refuses a grid of more.
var ErrCombinations = fmt.Errorf("more than %d combinations of devices, runtimes, counts and plans: list fewer", MostCombinations)

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
	spreads := d.spreads(g)
	if len(order)*len(g.Runtimes)*len(spreads) > MostCombinations {
		return nil, ErrCombinations
	}
	var out []Placement
	for i := range order {
		for _, targets := range byRuntime {
			if t := find(targets, order[i].Device.ID); t != nil {
				out = d.placements(out, *t, spreads, g.Linked)
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

// spread is a number of devices, 0 for those of one replica, and a plan that divides it.
type spread struct {
	count int
	plan  parallel.Plan
}

// spreads lists the counts and plans of a grid that go together.
func (d *Deployer) spreads(g Grid) (out []spread) {
	plans, counts := g.Plans, g.Counts
	if d.Serves == Graph {
		plans = []parallel.Plan{{}}
	}
	if len(counts) == 0 {
		counts = []int{0}
	}
	for _, count := range counts {
		for _, p := range plans {
			if p = p.Filled(); count%p.Devices() == 0 && len(out) <= MostCombinations { // one too many is enough to know
				out = append(out, spread{count, p})
			}
		}
	}
	return out
}

// placements adds those of one device under one runtime.
func (d *Deployer) placements(out []Placement, t estimate.Target, spreads []spread, linked bool) []Placement {
	for _, s := range spreads {
		t.Count = max(s.count, s.plan.Devices())
		var beyond parallel.Network
		if !linked {
			beyond = d.between(&t)
		}
		err := d.place(&t, s.plan, beyond)
		if linked && err != nil {
			continue
		}
		out = append(out, Placement{t, err})
	}
	return out
}

// Replicate returns a target with so many replicas of what it runs, and what they cost.
func (d *Deployer) Replicate(t estimate.Target, replicas int) (estimate.Target, error) {
	t.Count = replicas * t.Plan.Devices()
	return t, d.pay(&t)
}
