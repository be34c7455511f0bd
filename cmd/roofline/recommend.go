package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"slices"

	"roofline/estimate"
	"roofline/estimate/recommend"
	"roofline/estimate/slo"
	"roofline/hardware/unit"
)

// recommendCmd answers what to rent or buy.
type recommendCmd struct {
	decision `embed:""`

	Target   goal       `help:"What it has to put through: 2000tok/s, 20req/s, 5000img/s." required:"" placeholder:"RATE"`
	SLO      slo.Limits `name:"slo" help:"Limits it has to keep under that load, on the mean unless p95 or p99 is said: ttft.p95=1s,tpot=50ms, or interactive, chat; of a graph latency=20ms." placeholder:"LIMITS"`
	SLOAt    string     `name:"slo-at" help:"Plan for what is expected, or for the slow end of the bands: expected or high." enum:"expected,high" default:"expected"`
	Budget   budget     `help:"The most it may cost, such as 10000USD/month." placeholder:"MONEY"`
	MaxPower unit.Watts `name:"max-power" help:"The most all devices may draw, such as 10kW." placeholder:"POWER"`
	Headroom fraction   `help:"Share beyond the target that must be possible, for peaks, such as 30%." placeholder:"SHARE"`
	Spare    bool       `name:"n+1" help:"One replica more than it takes, for the failure of one."`
}

// Help shows worked examples.
func (recommendCmd) Help() string {
	return `Examples:
  roofline recommend llama-3.1-70b --target 2000tok/s --slo tpot=50ms,ttft=2s
  roofline recommend llama-3.1-70b --target 20req/s --workload 4k/512 --slo chat --slo-at high --n+1
  roofline recommend resnet50 --target 5000img/s --slo latency=20ms --budget 1000USD/month
  roofline recommend llama-3.1-8b --target 5000tok/s --slo tpot=30ms --price purchase --site korea

Every device and plan gets as many replicas as the target takes, each with as much load as the limits allow. Of those
that also keep the budget the cheapest an hour is the answer. docs/decide.md has the search, worked by hand.`
}

// Run chooses among all combinations.
func (c *recommendCmd) Run(s *session) error {
	if c.Concurrency != "" || c.Batch != "" {
		return fmt.Errorf("--concurrency and --batch are searched: the largest load that keeps the limits; name a --target")
	}
	p, err := c.space(s)
	if err != nil {
		return err
	}
	demand, err := c.demand(p)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	chosen, err := recommend.Choose(ctx, runtime.GOMAXPROCS(0), p.candidates(c.Count != ""), demand)
	if err != nil {
		return fmt.Errorf("stopped before all %d combinations were held against the target", len(p.cases))
	}
	if miss := chosen.Nearest(); len(chosen.Options) == 0 && miss.Kind == recommend.Unavailable {
		return fmt.Errorf("nothing that was asked for can run %s: %s", p.loaded.Name(), miss.Reason)
	}
	if err := s.answer(c.answer(s, p, &demand, chosen)); err != nil {
		return err
	}
	if len(chosen.Options) == 0 {
		return errLimitMissed
	}
	return nil
}

// demand returns what the flags ask for.
func (c *recommendCmd) demand(p *space) (recommend.Demand, error) {
	d := recommend.Demand{Headroom: float64(c.Headroom), Limits: c.SLO, Budget: unit.USD(c.Budget), Power: c.MaxPower}
	if c.Spare {
		d.Spare = 1
	}
	if c.SLOAt == "high" {
		d.At = recommend.High
	}
	if err := p.limited(c.SLO); err != nil {
		return d, err
	}
	var err error
	d.Rate, err = c.Target.rate(p)
	return d, err
}

// limited refuses limits on what is not predicted of a kind of model.
func (p *space) limited(limits slo.Limits) error {
	batch := slo.Quantity{Metric: slo.Latency, Statistic: slo.Mean}
	if p.loaded.Language == nil && slices.ContainsFunc(limits, func(l slo.Limit) bool { return l.Quantity() != batch }) {
		return fmt.Errorf("--slo %v: a batch of a graph has one time: limit its latency", limits)
	}
	return nil
}

// candidates returns the combinations with what more replicas of each cost.
func (p *space) candidates(fixed bool) []recommend.Candidate {
	out := make([]recommend.Candidate, len(p.cases))
	for i := range p.cases {
		target := p.cases[i].Target
		out[i] = recommend.Candidate{Case: p.cases[i], Fixed: fixed, Scale: func(replicas int) (estimate.Target, error) {
			return p.deployer.Replicate(target, replicas)
		}}
	}
	return out
}
