package recommend

import (
	"cmp"
	"context"
	"math"
	"slices"

	"roofline/estimate/sweep"
)

// Answer is the choice and what it is held against.
type Answer struct {
	Options []*Option // that do the job, the cheapest first; those without a price last
	Misses  []*Miss   // of the other candidates, in their order
	Tried   int       // candidates

	outcomes []outcome
	demand   *Demand
}

// outcome is what became of a candidate, and what it costs an hour at the ends of its bands: infinite if it is no option
// then, or has no price.
type outcome struct {
	replica       *replica // nil: it can't be made ready
	option        *Option
	miss          *Miss
	cost          float64
	atLow, atHigh float64
	device        string
}

// Choose holds every candidate against a demand, on so many workers.
func Choose(ctx context.Context, workers int, candidates []Candidate, d Demand) (*Answer, error) {
	a := &Answer{Tried: len(candidates), demand: &d}
	err := sweep.Run(ctx, workers, len(candidates), func(i int) outcome { return judge(&candidates[i], &d) }, func(o outcome) error {
		i := len(a.outcomes)
		if o.option != nil {
			o.option.Case = i
			a.Options = append(a.Options, o.option)
		} else {
			o.miss.Case = i
			a.Misses = append(a.Misses, o.miss)
		}
		a.outcomes = append(a.outcomes, o)
		return nil
	})
	slices.SortStableFunc(a.Options, func(o, p *Option) int {
		return cmp.Or(cmp.Compare(o.USDPerHour(), p.USDPerHour()), cmp.Compare(o.Result.Count, p.Result.Count), cmp.Compare(o.Use, p.Use))
	})
	return a, err
}

// judge plans a candidate as demanded and at both ends of its bands.
func judge(c *Candidate, d *Demand) outcome {
	o := outcome{device: c.Target.Device.ID, cost: math.Inf(1), atLow: math.Inf(1), atHigh: math.Inf(1)}
	r, err := newReplica(c)
	if err != nil {
		o.miss = &Miss{Kind: Unavailable, Reason: err.Error()}
		return o
	}
	o.replica = r
	o.option, o.miss = r.plan(d, view{d.At, 1})
	o.cost, o.atLow, o.atHigh = hourly(o.option), r.cost(d, view{Low, 1}), r.cost(d, view{High, 1})
	clear(r.known) // of many candidates few are asked again
	return o
}

// cost returns what an hour costs where answers are taken so, infinite if the candidate is then no option.
func (r *replica) cost(d *Demand, v view) float64 {
	o, _ := r.plan(d, v)
	return hourly(o)
}

func hourly(o *Option) float64 {
	if o == nil {
		return math.Inf(1)
	}
	return o.USDPerHour()
}

// Best returns the cheapest option with a price, or nil.
func (a *Answer) Best() *Option {
	if len(a.Options) > 0 && a.Options[0].Priced() {
		return a.Options[0]
	}
	return nil
}

// PerDevice returns the cheapest option of every device, runtime and number format, the cheapest first.
func (a *Answer) PerDevice() []*Option {
	type kind struct{ device, runtime, format string }
	seen := map[kind]bool{}
	var out []*Option
	for _, o := range a.Options {
		k := kind{o.Result.Device, o.Result.Runtime, o.Result.Workload.DType.String()}
		if !seen[k] {
			seen[k] = true
			out = append(out, o)
		}
	}
	return out
}

// FellOut returns for every device without an option the miss that came nearest, in the order of the candidates.
func (a *Answer) FellOut() []*Miss {
	has := map[string]bool{}
	for _, o := range a.Options {
		has[o.Result.Device] = true
	}
	nearest := map[string]*Miss{}
	var order []string
	for _, m := range a.Misses {
		device := a.outcomes[m.Case].device
		if has[device] {
			continue
		}
		if nearest[device] == nil {
			order = append(order, device)
			nearest[device] = m
		} else if m.nearer(nearest[device]) {
			nearest[device] = m
		}
	}
	out := make([]*Miss, len(order))
	for i, device := range order {
		out[i] = nearest[device]
	}
	return out
}

// Nearest returns the miss that came nearest of all, nil where there is none.
func (a *Answer) Nearest() *Miss {
	var nearest *Miss
	for _, m := range a.Misses {
		if nearest == nil || m.nearer(nearest) {
			nearest = m
		}
	}
	return nearest
}

// nearer reports whether a miss is nearer to an answer than another: what is only too dear, too hungry or too small before
// what misses a limit, before what does not fit, before what can't be; of one kind the smaller ratio.
func (m *Miss) nearer(o *Miss) bool {
	return cmp.Or(cmp.Compare(m.rank(), o.rank()), cmp.Compare(m.Ratio(), o.Ratio())) < 0
}

func (m *Miss) rank() int {
	switch m.Kind {
	case Unavailable:
		return 3
	case Memory:
		return 2
	case Limit:
		return 1
	}
	return 0
}
