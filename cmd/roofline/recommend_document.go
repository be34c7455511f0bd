package main

import (
	"roofline/estimate"
	"roofline/estimate/recommend"
	"roofline/hardware/unit"
)

// recommendDocument is the JSON of `recommend`.
type recommendDocument struct {
	Schema      string       `json:"schema"`
	Version     string       `json:"version"`
	Catalog     string       `json:"catalog"`
	Command     string       `json:"command"`
	Assumptions []assumption `json:"assumptions"`
	Target      demanded     `json:"target"`
	Tried       int          `json:"tried"`
	Met         bool         `json:"met"`
	Answer      string       `json:"answer"`
	Options     []ranked     `json:"options"`
	FellOut     []fallen     `json:"fell_out"`
	Nearest     *fallen      `json:"nearest,omitempty"`
	Flips       *flips       `json:"flips,omitempty"`
	Measurement *measurement `json:"measurement,omitempty"`
	Spared      *ranked      `json:"with_spare,omitempty"`
}

// demanded is the target.
type demanded struct {
	Rate     float64    `json:"rate"`
	Unit     string     `json:"unit"`
	Headroom float64    `json:"headroom"`
	Spare    int        `json:"spare_replicas"`
	Limits   []limited  `json:"limits"`
	Budget   unit.USD   `json:"budget_usd_per_month,omitempty"`
	MaxPower unit.Watts `json:"max_power_w,omitempty"`
	SLOAt    string     `json:"slo_at"`
}

// limited is a limit that was set.
type limited struct {
	Limit  string       `json:"limit"`
	AtMost unit.Seconds `json:"at_most_s"`
}

// ranked is an option and its place.
type ranked struct {
	Rank int `json:"rank"`
	*recommend.Option
	PerHour  unit.USDPerHour `json:"usd_per_hour,omitempty"`
	PerMonth unit.USD        `json:"usd_per_month,omitempty"`
	Upfront  unit.USD        `json:"upfront_usd,omitempty"`
	Idle     int             `json:"idle_devices,omitempty"`  // of whole machines, paid for without work
	Against  *float64        `json:"against_first,omitempty"` // cost over the first's, less 1
	Unlike   string          `json:"no_comparison,omitempty"` // why there is none
}

// fallen is a device that is no option.
type fallen struct {
	Device string `json:"device"`
	*recommend.Miss
}

// flips is what would change rank 1.
type flips struct {
	Price    []recommend.PriceFlip `json:"price"`
	Slowdown *slowdown             `json:"slowdown,omitempty"`
	Settled  bool                  `json:"settled"` // no device is cheaper, wherever all are in their bands
}

type slowdown struct {
	*recommend.Slowdown
	Device string `json:"then"`
}

// measurement is the one that narrows the answer most, and where to take it.
type measurement struct {
	*recommend.Measurement
	Plan     estimate.Plan     `json:"plan"`
	Count    int               `json:"count"`
	Workload estimate.Workload `json:"workload"`
}

// document is the answer for programs.
func (x *choice) document(s *session) *recommendDocument {
	d := &recommendDocument{Schema: "roofline.recommend/v1", Version: version(), Catalog: s.catalog.Version(), Command: s.command(),
		Assumptions: x.space.assumptions(&x.decision), Tried: x.Tried, Met: len(x.Options) > 0, Answer: x.sentence(),
		Target: demanded{Rate: x.demand.Rate, Unit: x.space.counted() + "/s", Headroom: x.demand.Headroom, Spare: x.demand.Spare,
			Limits: []limited{}, Budget: x.demand.Budget, MaxPower: x.demand.Power, SLOAt: x.SLOAt},
		Options: []ranked{}, FellOut: []fallen{}}
	for _, l := range x.SLO {
		d.Target.Limits = append(d.Target.Limits, limited{l.Quantity().String(), l.Most})
	}
	for i, o := range x.PerDevice() {
		d.Options = append(d.Options, x.ranked(i+1, o))
	}
	for _, m := range x.FellOut() {
		d.FellOut = append(d.FellOut, fallen{x.deviceOf(m), m})
	}
	if m := x.Nearest(); m != nil && len(x.Options) == 0 {
		d.Nearest = &fallen{x.deviceOf(m), m}
	}
	if x.Best() == nil {
		return d
	}
	d.Flips = &flips{Price: x.PriceFlips(), Settled: x.Settled()}
	if f := x.Slowdown(); f != nil {
		d.Flips.Slowdown = &slowdown{f, f.Then.Result.Device}
	}
	if m := x.Measurement(); m != nil {
		e := m.Option.Result
		d.Measurement = &measurement{m, e.Plan, e.Count, e.Workload}
	}
	if o := x.Spared(); o != nil {
		r := x.ranked(0, o)
		d.Spared = &r
	}
	return d
}

// ranked returns an option with its place and its cost.
func (x *choice) ranked(rank int, o *recommend.Option) ranked {
	r := ranked{Rank: rank, Option: o, Idle: o.Target.Terms.Idle}
	if !o.Priced() {
		return r
	}
	r.PerHour, r.PerMonth, r.Upfront = o.Result.Cost.USDPerHour, o.PerMonth(), upfront(o)
	if d, ok := x.against(o); ok {
		r.Against = &d
	} else if best := x.Best(); best != nil {
		r.Unlike = unlike(best, o)
	}
	return r
}

// upfront returns what is paid at the purchase.
func upfront(o *recommend.Option) (sum unit.USD) {
	for i := range o.Result.Cost.Components {
		sum += o.Result.Cost.Components[i].Upfront
	}
	return sum
}
