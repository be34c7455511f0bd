package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"

	"roofline/catalog"
	"roofline/estimate"
	"roofline/estimate/frontier"
	"roofline/estimate/slo"
	"roofline/hardware/unit"
)

// frontierCmd answers what is not beaten.
type frontierCmd struct {
	decision     `embed:""`
	pictureFlags `embed:""`

	By       []string   `help:"Two or three of cost, price, ttft, tpot, latency, throughput, per-device, speed, energy, power, headroom, devices. Default: speed,cost; of a graph latency,cost." placeholder:"LIST"`
	SLO      slo.Limits `name:"slo" help:"Only points that keep limits, on the mean unless p95 or p99 is said: ttft.p95=1s,tpot=50ms, or interactive, chat; of a graph latency=20ms." placeholder:"LIMITS"`
	Budget   budget     `help:"Only points that cost no more, such as 10000USD/month." placeholder:"MONEY"`
	MaxPower unit.Watts `name:"max-power" help:"Only points that draw no more, such as 10kW." placeholder:"POWER"`
	Tiers    string     `help:"A table of the cheapest at fixed speeds instead: output tokens per second for each user, such as 30,50,75,100." placeholder:"LIST"`
	All      bool       `help:"Print dominated points too."`
}

// Help shows worked examples.
func (frontierCmd) Help() string {
	return `Examples:
  roofline frontier llama-3.1-70b --slo ttft=2s,tpot=50ms
  roofline frontier llama-3.1-70b --device h100-sxm,h200-sxm,mi300x --by speed,per-device -o frontier.svg
  roofline frontier llama-3.1-70b --tiers 30,50,75,100
  roofline frontier resnet50 --by latency,cost,energy --max-power 500W

A point is on the frontier if no other is at least as good in all and better in one. Points marked ~ would be on it at
the good end of their band. docs/decide.md defines both.`
}

// Run finds the frontier, or the cheapest at fixed speeds.
func (c *frontierCmd) Run(s *session) error {
	p, err := c.space(s)
	if err != nil {
		return err
	}
	if err := p.limited(c.SLO); err != nil {
		return err
	}
	if c.Tiers != "" {
		return c.tiers(s, p)
	}
	by, err := c.objectives(p)
	if err != nil {
		return err
	}
	if p.loads == nil {
		p.loads, _ = loads("load", defaultLoads)
	}
	if err := p.held(); err != nil {
		return err
	}
	f := &front{by: by, space: p, names: newNamer(s.catalog)}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	done, err := each(ctx, s, p, func(points []*estimate.Result) []*estimate.Result { return points }, func(points []*estimate.Result) error {
		c.take(f, points)
		return nil
	})
	switch {
	case err != nil:
		return err
	case done < len(p.cases):
		return fmt.Errorf("stopped after %d of %d combinations: the frontier takes all of them", done, len(p.cases))
	}
	f.find()
	if err := s.answer(c.answer(s, f)); err != nil {
		return err
	}
	if len(f.points) == 0 && f.missed > 0 {
		return errLimitMissed
	}
	return nil
}

// objectives returns what points are judged by.
func (c *frontierCmd) objectives(p *space) (by []frontier.Objective, err error) {
	names := c.By
	language := p.loaded.Language != nil
	switch {
	case names == nil && language:
		names = []string{"speed", "cost"}
	case names == nil:
		names = []string{"latency", "cost"}
	}
	for i, name := range names {
		name = strings.ToLower(strings.TrimSpace(name))
		o, known, ok := frontier.Find(name)
		switch {
		case !ok:
			if near := catalog.Nearest(name, known); near != "" {
				return nil, fmt.Errorf("--by %s: no such objective, did you mean %s?", name, near)
			}
			return nil, fmt.Errorf("--by %s: no such objective; want %s", name, strings.Join(known, ", "))
		case !language && slices.Contains([]string{"ttft", "tpot", "speed"}, name):
			return nil, fmt.Errorf("--by %s is for language models; %s is a graph: latency", name, p.loaded.Name())
		case slices.ContainsFunc(by, func(b frontier.Objective) bool { return b.Name == o.Name }):
			return nil, fmt.Errorf("--by %s: %s is there twice", strings.Join(c.By, ","), names[i])
		}
		by = append(by, o)
	}
	if len(by) < 2 || len(by) > 3 {
		return nil, fmt.Errorf("--by %s: want two or three objectives, such as speed,cost", strings.Join(names, ","))
	}
	return by, nil
}

// front collects points and finds out which are not beaten.
type front struct {
	by    []frontier.Objective
	space *space
	names namer

	points       []*estimate.Result // that run, keep the limits and have all objectives
	values, best [][]float64        // less is better
	on, near     []int
	tried        int // points with an answer
	unfit        int // that do not fit
	missed       int // that miss a limit
	unknown      map[string]int
}

// take keeps the points that take part.
func (c *frontierCmd) take(f *front, points []*estimate.Result) {
	for _, e := range points {
		if e.Unavailable != "" {
			continue
		}
		f.tried++
		if !holds(e) {
			f.unfit++
			continue
		}
		e.Check(c.SLO)
		if len(e.Missed()) > 0 || c.over(e) {
			f.missed++
			continue
		}
		values, best, ok := frontier.Coordinates(e, f.by)
		if !ok {
			f.lacks(e)
			continue
		}
		f.points, f.values, f.best = append(f.points, e), append(f.values, values), append(f.best, best)
	}
}

// over reports whether a point costs or draws too much; what is not known may.
func (c *frontierCmd) over(e *estimate.Result) bool {
	if c.Budget > 0 && !(hourly(e)*unit.HoursPerMonth <= float64(c.Budget)) {
		return true
	}
	return c.MaxPower > 0 && (e.Power == nil || e.Power.Watts > c.MaxPower)
}

// lacks notes what keeps a point from taking part.
func (f *front) lacks(e *estimate.Result) {
	if f.unknown == nil {
		f.unknown = map[string]int{}
	}
	for i := range f.by {
		if v := f.by[i].Value(e); v != v {
			f.unknown[f.by[i].Name]++
		}
	}
}

// find finds the frontier and what overlaps it, in the order of the first objective.
func (f *front) find() {
	f.on = frontier.Pareto(f.values)
	f.near = frontier.Overlapping(f.values, f.best, f.on)
	frontier.Order(f.values, f.near)
}

// status says where a point is.
func (f *front) status(i int) string {
	if _, on := slices.BinarySearch(f.on, i); on {
		return "frontier"
	}
	if slices.Contains(f.near, i) {
		return "overlaps"
	}
	return "dominated"
}
