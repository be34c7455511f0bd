package main

import (
	"fmt"
	"math"
	"strings"

	"roofline/cmd/roofline/internal/deploy"
	"roofline/cmd/roofline/internal/show"
	"roofline/estimate"
	"roofline/estimate/serving"
	"roofline/estimate/slo"
	"roofline/hardware/unit"
)

// traffic reads what was said of rates and of simulating.
func (c *estimateCmd) traffic(s *session, loaded *deploy.Loaded) (err error) {
	switch {
	case loaded.Language == nil && (c.Rate != "" || c.Simulate):
		return fmt.Errorf("--rate and --simulate are for language models; %s is a graph", loaded.Name())
	case c.Phase != "" && (c.Rate != "" || c.Simulate):
		return fmt.Errorf("--rate and --simulate are for serving; a bare phase takes --batch and --context")
	case c.Rate != "" && c.Concurrency != "":
		return fmt.Errorf("--rate and --concurrency: requests come at a rate, or users send one after the other; want one of them")
	case loaded.Language == nil && c.Trace != "":
		return fmt.Errorf("--trace is for language models; %s is a graph", loaded.Name())
	case c.Seed != nil && !c.Simulate && c.Trace == "":
		return fmt.Errorf("--seed is of a simulation: add --simulate")
	}
	if c.Simulate || c.Seed != nil {
		seed := uint64(1)
		if c.Seed != nil {
			seed = *c.Seed
		}
		c.simulate = &simulation{seed: seed, limits: c.SLO}
	}
	if c.Disagg != "" {
		if loaded.Language == nil || c.Phase != "" {
			return fmt.Errorf("--disagg is for language models that serve")
		}
		if c.disagg, err = disaggregated(c.Disagg); err != nil {
			return err
		}
	}
	if c.Trace != "" {
		return c.replay(s)
	}
	c.rates, err = rates(c.Rate)
	return err
}

// replay reads a trace, whose rate and lengths are those of the request.
func (c *estimateCmd) replay(s *session) error {
	if c.Rate != "" || c.ISL > 0 || c.OSL > 0 || c.Workload != "" || c.Concurrency != "" || c.Spread > 0 {
		return fmt.Errorf("--trace has the times and lengths of requests: leave out --rate, --concurrency, --isl, --osl, --workload and --spread")
	}
	f, err := s.files.Open(c.Trace)
	if err != nil {
		return fmt.Errorf("--trace %s: no such file", c.Trace)
	}
	defer f.Close()
	trace, err := serving.ReadTrace(c.Trace, f)
	if err != nil {
		return err
	}
	rate, uneven, l := serving.Describe(trace)
	c.rates = []float64{rate}
	c.traced = &estimate.Request{ISL: l.ISL, OSL: l.OSL, ISLSpread: l.ISLSpread, OSLSpread: l.OSLSpread, Uneven: max(uneven, 1e-9)}
	if c.simulate == nil {
		c.simulate = &simulation{seed: 1, limits: c.SLO}
	}
	c.simulate.trace = trace
	return nil
}

// run simulates the load of an estimate.
func (x *simulation) run(e *estimate.Result, simulate func(serving.Traffic) *serving.Outcome) *estimate.Simulated {
	t := serving.Traffic{Rate: e.Workload.Rate, Requests: estimate.SimulatedRequests, Trace: x.trace, Seed: x.seed}
	if e.Workload.Rate == 0 {
		t.Users = int(e.Workload.Concurrency)
	}
	return estimate.Summarize(simulate(t), x.seed, x.limits)
}

// mostReplicas is more than any deployment has.
const mostReplicas = 4096

// disaggregated reads 1P2D, or auto, which is a split of no replicas.
func disaggregated(text string) (*estimate.Disagg, error) {
	d := &estimate.Disagg{}
	if text == "auto" {
		return d, nil
	}
	var end string
	n, _ := fmt.Sscanf(strings.ToUpper(text), "%dP%dD%s", &d.Prefill, &d.Decode, &end)
	if n != 2 || d.Prefill < 1 || d.Decode < 1 || d.Prefill+d.Decode > mostReplicas {
		return nil, fmt.Errorf("--disagg %s: want replicas that prefill and that decode, such as 1P2D, or auto with --count", text)
	}
	return d, nil
}

// split spreads a target over the replicas of a split, or finds the best split of the replicas it has.
func (c *question) split(d *deploy.Deployer, l *estimate.Language, t *estimate.Target, q estimate.Request) (*estimate.Language, estimate.Disagg, error) {
	if c.disagg.Prefill == 0 {
		if t.Replicas() < 2 {
			return nil, estimate.Disagg{}, fmt.Errorf("--disagg auto: %d replica of %v; want --count for two at least", t.Replicas(), t.Plan)
		}
		return l, l.BestSplit(q), nil
	}
	want := (c.disagg.Prefill + c.disagg.Decode) * t.Plan.Devices()
	if d.Wish.Count > 0 && d.Wish.Count != want {
		return nil, estimate.Disagg{}, fmt.Errorf("--disagg %v takes %d devices of %v; --count is %d", c.disagg, want, t.Plan, d.Wish.Count)
	}
	wish := *d
	wish.Wish.Count, wish.Wish.Plan = want, t.Plan
	if err := wish.Spread(t, want); err != nil {
		return nil, estimate.Disagg{}, err
	}
	l, err := estimate.NewLanguage(l.Model, t, c.formatFlags.language())
	return l, *c.disagg, err
}

// splitResults estimates a deployment of replicas that prefill or decode at every load.
func (c *question) splitResults(d *deploy.Deployer, l *estimate.Language, t *estimate.Target, q estimate.Request, users []float64) ([]*estimate.Result, error) {
	l, split, err := c.split(d, l, t, q)
	if err != nil {
		return nil, err
	}
	var out []*estimate.Result
	for _, rate := range c.rates {
		out = append(out, l.EstimateSplit(split, 0, rate, q))
	}
	if c.rates == nil {
		full, err := l.MaxUsers(q)
		for _, u := range users {
			switch {
			case u == most && err != nil:
				out = append(out, nil)
				continue
			case u == most:
				u = full * float64(split.Decode)
			}
			out = append(out, l.EstimateSplit(split, max(u, 1), 0, q))
		}
	}
	for _, e := range out {
		if c.simulate == nil || e == nil || !e.Load.Stable {
			continue
		}
		e.Simulated = c.simulate.run(e, func(t serving.Traffic) *serving.Outcome { return l.SimulateSplit(split, t, q) })
	}
	return out, nil
}

// splitNotes say how replicas are divided.
func splitNotes(n namer, rows []row) (notes []string) {
	for i := range rows {
		if e := rows[i].last(); !rows[i].failed() && e != nil && e.Disagg != nil {
			notes = append(notes, fmt.Sprintf("%s: %v, replicas for prefill %d, for decode %d; a prompt's cache takes %v from one to the other",
				n.of(&rows[i].target), e.Disagg, e.Disagg.Prefill, e.Disagg.Decode, e.Disagg.Transfer))
		}
	}
	return shortened(notes)
}

// rateSentence says which devices keep up with the highest rate.
func rateSentence(n namer, rows []row) string {
	if len(rows) == 1 && !rows[0].failed() && rows[0].fits() {
		e := rows[0].last()
		if !e.Load.Stable {
			return fmt.Sprintf("Unstable: %s keeps up with %s requests/s, not with %s.", n.of(&rows[0].target), unit.Number(e.Load.Capacity, 3), unit.Number(e.Workload.Rate, 3))
		}
		text := fmt.Sprintf("%s requests/s: TTFT %v, p95 %v", unit.Number(e.Workload.Rate, 3), e.Prefill.TTFT.Expected, e.Prefill.P95)
		if e.Decode != nil {
			text += fmt.Sprintf("; %s tok/s per user", unit.Number(e.Decode.UserSpeed, 3))
		}
		return text + fmt.Sprintf("; %s of what %s can take.", percent(e.Load.Utilization), n.of(&rows[0].target))
	}
	cheapest := best(rows, func(r *row) float64 {
		if !r.last().Load.Stable {
			return math.NaN()
		}
		return money(r.last())
	})
	if cheapest != nil {
		e := cheapest.last()
		return fmt.Sprintf("%s is the cheapest that keeps up with %s requests/s, $%s per M output tokens, at %s of what it can.", n.of(&cheapest.target),
			unit.Number(e.Workload.Rate, 3), unit.Number(money(e), 3), percent(e.Load.Utilization))
	}
	for i := range rows {
		if r := &rows[i]; !r.failed() && r.fits() && r.last().Load.Stable {
			return fmt.Sprintf("%s keeps up; no price is known.", n.of(&r.target))
		}
	}
	return "Nothing that was asked for keeps up with this rate."
}

// perRate shows one line per device and rate.
func perRate(n namer, rows []row, q estimate.Request) show.Table {
	whole := unit.Scales{{Factor: 1, Symbol: "s"}}
	t := show.Table{Columns: []show.Column{
		{Title: "device", Left: true, Shrink: 12}, {Title: "plan", Left: true}, {Title: "req/s"}, {Title: "use"}, {Title: "users"},
		{Title: "TTFT", Scales: milliseconds, Base: "s"}, {Title: "TTFT p95", Scales: milliseconds, Base: "s"},
		{Title: "TPOT", Scales: milliseconds, Base: "s"}, {Title: "E2E", Scales: whole}, {Title: perSecond(q)},
		{Title: perMillion(q)}, {Title: "memory"},
	}}
	for i := range rows {
		r := &rows[i]
		name := n.of(&r.target)
		if r.failed() {
			t.Add(name, plan(&r.target), show.Unknown, "–", show.Unknown, show.NotSupported, show.Unknown, show.Unknown, show.Unknown, show.Unknown, show.Unknown, "–")
			continue
		}
		for _, e := range r.results {
			cells := []show.Cell{name, plan(&r.target), e.Workload.Rate}
			if !e.Load.Stable {
				t.Add(append(cells, "unstable", show.Unknown, show.Unknown, show.Unknown, show.Unknown, show.Unknown, e.Throughput.Value, money(e), memoryUse(e))...)
				continue
			}
			tpot := show.Unknown
			if e.Decode != nil {
				tpot = seconds(e.Decode.TPOT.Expected)
			}
			t.Add(append(cells, percent(e.Load.Utilization), e.Workload.Concurrency, seconds(e.Prefill.TTFT.Expected), seconds(e.Prefill.P95), tpot,
				seconds(e.Latency.Expected), e.Throughput.Value, money(e), memoryUse(e))...)
		}
	}
	return t
}

// simulations shows what was simulated beside what was estimated, a line per load and source.
func simulations(n namer, rows []row) (tables []show.Table) {
	t := show.Table{Columns: []show.Column{{Title: "device", Left: true, Shrink: 12}, {Title: "load", Left: true}, {Title: "by", Left: true},
		{Group: "TTFT", Title: "mean", Scales: milliseconds, Base: "s"}, {Group: "TTFT", Title: "p95", Scales: milliseconds, Base: "s"}, {Group: "TTFT", Title: "p99", Scales: milliseconds, Base: "s"},
		{Group: "TPOT", Title: "mean", Scales: milliseconds, Base: "s"}, {Group: "TPOT", Title: "p95", Scales: milliseconds, Base: "s"},
		{Title: "req/s"}, {Title: "within limits"}}}
	for i := range rows {
		for _, e := range rows[i].results {
			if e == nil || e.Simulated == nil {
				continue
			}
			name, load := n.of(&rows[i].target), e.Workload.String()
			tpot := &serving.Times{Mean: unit.Seconds(math.NaN()), P95: unit.Seconds(math.NaN())}
			if e.Decode != nil {
				tpot = &serving.Times{Mean: e.Decode.TPOT.Expected, P95: e.Decode.P95}
			}
			t.Add(name, load, "formula", seconds(e.Prefill.TTFT.Expected), seconds(e.Prefill.P95), seconds(e.Prefill.P99), seconds(tpot.Mean), seconds(tpot.P95), e.Load.Rate, "–")
			s := e.Simulated
			if s.TPOT != nil {
				tpot = s.TPOT
			}
			within := "–"
			if s.Within != nil {
				within = percent(*s.Within)
			}
			t.Add("", "", "simulation", seconds(s.TTFT.Mean), seconds(s.TTFT.P95), seconds(s.TTFT.P99), seconds(tpot.Mean), seconds(tpot.P95), s.Rate, within)
		}
	}
	if len(t.Rows) == 0 {
		return nil
	}
	return []show.Table{t}
}

// goodputNotes say up to which rate the limits are kept.
func goodputNotes(n namer, rows []row, limits slo.Limits) (notes []string) {
	for i := range rows {
		e := rows[i].last()
		if rows[i].failed() || e == nil || e.Load == nil || e.Load.Goodput == nil {
			continue
		}
		text := fmt.Sprintf("%s: no rate keeps %v", n.of(&rows[i].target), limits)
		if g := *e.Load.Goodput; g > 0 {
			text = fmt.Sprintf("%s: goodput %s requests/s, the most that come at a rate while %v is kept, %s of what it can take",
				n.of(&rows[i].target), unit.Number(g, 3), limits, percent(min(1, g/e.Load.Capacity)))
		}
		notes = append(notes, text)
	}
	return shortened(notes)
}
