package recommend

import (
	"errors"
	"fmt"
	"math"

	"roofline/estimate"
	"roofline/estimate/slo"
	"roofline/estimate/sweep"
	"roofline/hardware/unit"
)

// Candidate is one way to run a replica of the model, and what more of them cost.
type Candidate struct {
	sweep.Case
	Scale func(replicas int) (estimate.Target, error)
	Fixed bool // the case has all the replicas there are: none are added
}

// Option is a candidate with as many replicas as the job takes.
type Option struct {
	Case     int              `json:"-"`                // of the candidates
	Result   *estimate.Result `json:"estimate"`         // of all replicas under the demanded rate, each with the same load
	Load     float64          `json:"load_per_replica"` // requests in flight, or the batch of each device
	Most     float64          `json:"most_per_replica"` // the load within the limits that puts through most
	Capacity float64          `json:"capacity"`         // items a second all replicas put through within the limits
	Use      float64          `json:"use"`              // rate ÷ capacity
	Spare    int              `json:"spare_replicas,omitempty"`
	// Uncertain are the limits that the slow end of the band misses under the demanded rate.
	Uncertain []slo.Verdict `json:"uncertain,omitempty"`

	Target  estimate.Target `json:"-"`
	replica *replica        // for other views
}

// USDPerHour returns what a paid hour costs, infinite where that is not known.
func (o *Option) USDPerHour() float64 {
	if o.Result.Cost == nil {
		return math.Inf(1)
	}
	return float64(o.Result.Cost.USDPerHour)
}

// Priced reports whether the machines have a price.
func (o *Option) Priced() bool { return o.Result.Cost != nil }

// PerMonth returns what 730 hours cost.
func (o *Option) PerMonth() unit.USD { return unit.USD(o.USDPerHour() * unit.HoursPerMonth) }

// Miss is why a candidate is no option: what it would need beside what it may.
type Miss struct {
	Case   int              `json:"-"`
	Kind   string           `json:"kind"` // unavailable, memory, limit, throughput, budget, power
	What   string           `json:"what"` // what is missed: tpot, memory
	Value  float64          `json:"value,omitempty"`
	Most   float64          `json:"at_most,omitempty"`
	Unit   string           `json:"unit,omitempty"`
	Reason string           `json:"reason"`
	Result *estimate.Result `json:"estimate,omitempty"`
}

// The kinds of misses.
const (
	Budget      = "budget"
	Power       = "power"
	Throughput  = "throughput"
	Limit       = "limit"
	Memory      = "memory"
	Unavailable = "unavailable"
)

// Ratio returns how far the miss is: value ÷ most, infinite where that says nothing.
func (m *Miss) Ratio() float64 {
	if m.Most > 0 && m.Value > 0 {
		if m.Kind == Throughput {
			return m.Most / m.Value
		}
		return m.Value / m.Most
	}
	return math.Inf(1)
}

// replica remembers the answers of a candidate at the loads it was asked at.
type replica struct {
	candidate *Candidate
	ready     sweep.Deployment
	known     map[float64]*estimate.Result
}

func newReplica(c *Candidate) (*replica, error) {
	d, err := c.Deploy()
	return &replica{c, d, map[float64]*estimate.Result{}}, err
}

// At returns the answer at a load per replica.
func (r *replica) At(load float64) *estimate.Result {
	e := r.known[load]
	if e == nil {
		e = r.ready.At(load * r.ready.Shares())
		r.known[load] = e
	}
	return e
}

// Most returns the largest load per replica that fits.
func (r *replica) Most() (float64, error) {
	most, err := r.ready.Most()
	return most / r.ready.Shares(), err
}

// Tries returns how many loads a search for the busiest takes at least.
func (r *replica) Tries() float64 { return r.ready.Tries() }

// mostReplicas is more than anybody runs of one model.
const mostReplicas = 1 << 16

// plan finds the fewest replicas of the candidate that do the job as far as a view of their answers tells.
//
// A replica takes the load within the limits that puts through most; the peak rate over that, rounded up, are the replicas, and the spare ones come on top. Under the demanded rate each has the smallest load that together yields it.
func (r *replica) plan(d *Demand, v view) (*Option, *Miss) {
	most, full, err := sweep.Busiest(r, func(e *estimate.Result) bool { return v.keeps(e, d.Limits) }, v.rate)
	switch {
	case errors.Is(err, sweep.ErrMemory):
		m := full.Memory
		return nil, &Miss{Kind: Memory, What: "memory", Value: float64(m.Total), Most: float64(m.Capacity), Unit: "B", Result: full,
			Reason: fmt.Sprintf("does not fit, %v needed and %v there on each device", m.Total, m.Capacity)}
	case err != nil:
		return nil, &Miss{Kind: Unavailable, Reason: err.Error()}
	case most == 0:
		return nil, worst(full, d, v)
	}
	own := float64(r.candidate.Target.Replicas())
	each := v.rate(full) / own
	replicas := math.Max(1, math.Ceil(d.Peak()/each*(1-1e-12)))
	if r.candidate.Fixed && replicas+float64(d.Spare) > own {
		return nil, &Miss{Kind: Throughput, What: "throughput", Value: each * math.Max(own-float64(d.Spare), 0), Most: d.Peak(), Unit: full.Throughput.Unit, Result: full,
			Reason: fmt.Sprintf("puts through %s of %s %s", unit.Number(each*math.Max(own-float64(d.Spare), 0), 3), unit.Number(d.Peak(), 3), full.Throughput.Unit)}
	}
	if replicas > mostReplicas {
		return nil, &Miss{Kind: Throughput, What: "throughput", Value: each * mostReplicas, Most: d.Peak(), Unit: full.Throughput.Unit, Result: full,
			Reason: fmt.Sprintf("takes more than %d replicas", mostReplicas)}
	}
	all := replicas + float64(d.Spare)
	if r.candidate.Fixed {
		all = own
	}
	load, _ := sweep.Smallest(r, most, func(e *estimate.Result) bool { return v.rate(e)/own*all >= d.Rate })
	target, result, err := r.scaled(int(all), load)
	if err != nil {
		return nil, &Miss{Kind: Unavailable, Reason: err.Error()}
	}
	o := &Option{Target: target, Result: result, Load: load, Most: most, Capacity: each * all, Use: d.Rate / (each * all), Spare: d.Spare, replica: r}
	slow := view{High, v.slow}
	o.Uncertain = missed(d.Limits.Check(func(q slo.Quantity) unit.Seconds { return slow.time(result, q) }))
	if miss := o.over(d); miss != nil {
		return nil, miss
	}
	return o, nil
}

// scaled returns the answer of so many replicas, each at a load.
func (r *replica) scaled(replicas int, load float64) (estimate.Target, *estimate.Result, error) {
	target, err := r.candidate.Scale(replicas)
	if err != nil {
		return target, nil, err
	}
	ready, err := r.candidate.Model.Deploy(&target)
	if err != nil {
		return target, nil, err
	}
	return target, ready.At(load * ready.Shares()), nil
}

// over returns what an option takes beyond its demand's money and power.
func (o *Option) over(d *Demand) *Miss {
	r := o.Result
	if d.Budget > 0 && !o.Priced() {
		return &Miss{Kind: Unavailable, What: "budget", Result: r, Reason: "its price is not known"}
	}
	if d.Budget > 0 && o.PerMonth() > d.Budget {
		return &Miss{Kind: Budget, What: "budget", Value: float64(o.PerMonth()), Most: float64(d.Budget), Unit: "USD/month", Result: r,
			Reason: fmt.Sprintf("%v a month, above %v", o.PerMonth(), d.Budget)}
	}
	if d.Power > 0 && r.Power == nil {
		return &Miss{Kind: Unavailable, What: "power", Result: r, Reason: "its power is not known"}
	}
	if d.Power > 0 && r.Power.Watts > d.Power {
		return &Miss{Kind: Power, What: "power", Value: float64(r.Power.Watts), Most: float64(d.Power), Unit: "W", Result: r,
			Reason: fmt.Sprintf("draws %v, above %v", r.Power.Watts, d.Power)}
	}
	return nil
}

// worst returns the limit that an answer misses by most.
func worst(e *estimate.Result, d *Demand, v view) *Miss {
	var worst *Miss
	for _, verdict := range missed(d.Limits.Check(func(q slo.Quantity) unit.Seconds { return v.time(e, q) })) {
		m := &Miss{Kind: Limit, What: verdict.Limit, Value: float64(verdict.Value), Most: float64(verdict.Most), Unit: "s", Result: e, Reason: verdict.String()}
		if worst == nil || m.Ratio() > worst.Ratio() {
			worst = m
		}
	}
	return worst
}

// missed keeps the verdicts of limits that are not met.
func missed(all []slo.Verdict) (out []slo.Verdict) {
	for _, v := range all {
		if !v.Met {
			out = append(out, v)
		}
	}
	return out
}
