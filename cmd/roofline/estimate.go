package main

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"sync"

	"roofline/cmd/roofline/internal/deploy"
	"roofline/cmd/roofline/internal/show"
	"roofline/estimate"
	"roofline/estimate/chart"
	"roofline/estimate/parallel"
	"roofline/estimate/serving"
	"roofline/estimate/slo"
	"roofline/hardware/unit"
	"roofline/model"
	"roofline/model/transformer"
)

// estimateCmd answers the four questions of a buyer: latency, throughput, memory use, cost.
type estimateCmd struct {
	question     `embed:""`
	pictureFlags `embed:""`

	SLO  slo.Limits `name:"slo" help:"Limits to hold the answer against, on the mean unless p95 or p99 is said: ttft.p95=1s,tpot=50ms, or interactive, chat." placeholder:"LIMITS"`
	Sort string     `help:"Order of the devices: cost, throughput, latency, or catalog." enum:"cost,throughput,latency,catalog" default:"cost"`

	Rate     string  `help:"Requests per second in all, or a list, instead of a number of users: an open loop." placeholder:"N"`
	Disagg   string  `help:"Disaggregated serving: replicas that prefill and replicas that decode, such as 1P2D; auto finds the best split of --count." placeholder:"xPyD|auto"`
	Trace    string  `help:"Requests as they came, instead of a rate: a CSV file with arrival (s), isl and osl. Simulated, too." placeholder:"FILE"`
	Simulate bool    `help:"Run the scheduler step by step beside the estimate, on simulated requests."`
	Seed     *uint64 `help:"With --simulate: what chance starts from. Default: 1." placeholder:"N"`

	Explain bool `help:"Print what the cost is made of, and what it rests on."`
}

// Help shows worked examples.
func (estimateCmd) Help() string {
	return `Examples:
  roofline estimate resnet50 --device all
  roofline estimate model.onnx --device l4,rtx-4090 --dtype fp16 --batch 1,max
  roofline estimate llama-3.1-8b --device h100-sxm,mi300x --workload 4k/512
  roofline estimate llama-3.1-70b --device h100-sxm --count 8 --tp 4 --dtype fp8
  roofline estimate llama-3.1-8b --device h100-sxm,mi300x --rate 4 --chunk 2k --slo ttft.p95=1s,tpot=50ms
  roofline estimate llama-3.1-8b --device h100-sxm --phase decode --context 2048 --batch 16
  roofline estimate llama-3.1-70b --device dgx-h100 --price purchase --site korea --utilization 0.6 --explain`
}

// Run answers for every device.
func (c *estimateCmd) Run(s *session) error {
	loaded, err := c.load(s)
	if err != nil {
		return err
	}
	if err := c.limits(loaded); err != nil {
		return err
	}
	if err := c.traffic(s, loaded); err != nil {
		return err
	}
	c.kept = c.SLO
	x, err := c.ask(s, loaded, new(fused))
	if err != nil {
		return err
	}
	c.order(x.rows)
	c.hold(x.rows)
	var a *show.Answer
	switch {
	case loaded.Graph != nil:
		a = graphAnswer(c, s, loaded, x.rows, x.batches)
	case x.step != nil:
		a = phaseAnswer(c, s, loaded, x.rows, *x.step)
	default:
		a = languageAnswer(c, s, loaded, x.rows, x.request, x.users)
	}
	a.Tables = append(a.Tables, simulations(newNamer(s.catalog), x.rows)...)
	a.Picture = c.draw(func() chart.Chart { return bars(s, a, loaded, x) })
	c.explain(s, a, x.rows)
	if err := s.answer(a); err != nil {
		return err
	}
	return c.verdict(x.deployer, x.rows)
}

// limits reports limits on what is not predicted of a kind of model.
func (c *estimateCmd) limits(loaded *deploy.Loaded) error {
	for _, l := range c.SLO {
		if loaded.Graph != nil && l.Quantity() != (slo.Quantity{Metric: slo.Latency, Statistic: slo.Mean}) {
			return fmt.Errorf("--slo %v: a batch of a graph has one time: limit its latency", c.SLO)
		}
	}
	return nil
}

// graphKey tells apart what a graph has to be fused for again.
type graphKey struct {
	fusion  model.Fusion
	formats model.Formats
}

// fused holds the graphs fused so far, for several rows at a time.
type fused struct {
	mu     sync.Mutex
	models map[graphKey]*estimate.GraphModel
}

// model returns the graph made ready, which it fuses at most once.
func (f *fused) model(g *model.Graph, key graphKey) *estimate.GraphModel {
	f.mu.Lock()
	defer f.mu.Unlock()
	m := f.models[key]
	if m == nil {
		m = estimate.NewGraphModel(g, key.fusion, key.formats)
		if f.models == nil {
			f.models = map[graphKey]*estimate.GraphModel{}
		}
		f.models[key] = m
	}
	return m
}

// paying stands for the batch from which a larger one stops paying.
const paying = -2

// graphRow estimates a graph on one target; ready holds the graphs fused so far.
func (c *question) graphRow(g *model.Graph, t estimate.Target, batches []float64, ready *fused) row {
	r := row{target: t}
	key := graphKey{t.Runtime.Fusion, c.formatFlags.graph(&t)}
	if c.Fusion != "" {
		_ = key.fusion.UnmarshalText([]byte(c.Fusion)) // kong has checked it
	}
	m := ready.model(g, key)
	machine, err := m.Machine(&t)
	if err != nil {
		r.err = err
		return r
	}
	largest, err := m.MaxBatch(&t)
	for _, b := range batches {
		switch {
		case b == paying:
			b = m.PayingBatch(machine, &t)
		case b == most && err != nil:
			r.err = fmt.Errorf("%s: %w", t.Device.ID, err)
			return r
		case b == most:
			b = largest
		}
		if err == nil && largest < 1 {
			b = max(b, 1) // the answer says that it does not fit
		}
		r.results = append(r.results, m.Estimate(&t, machine, b))
	}
	return r
}

// step returns the bare step that was asked for, or nil.
func (c *question) step() (*transformer.Step, error) {
	if c.Phase == "" {
		if c.Context > 0 || c.Batch != "" {
			return nil, fmt.Errorf("--context and --batch of a language model need --phase decode or --phase prefill; for serving use --isl, --osl, --concurrency")
		}
		return nil, nil
	}
	if c.ISL > 0 || c.OSL > 0 || c.Workload != "" || c.Concurrency != "" || c.batchFlags.said() {
		return nil, fmt.Errorf("--isl, --osl, --workload, --concurrency and how requests are batched are for serving; a bare phase takes --batch and --context")
	}
	if c.Tokens != "output" {
		return nil, fmt.Errorf("--tokens is for serving: a bare phase has tokens of one kind")
	}
	context := float64(cmp.Or(c.Context, 1024))
	batch := 1.0
	if c.Batch != "" {
		b, err := loads("batch", c.Batch)
		if err != nil || len(b) != 1 || b[0] < 1 {
			return nil, fmt.Errorf("--batch %s: a bare phase takes one batch size", c.Batch)
		}
		batch = b[0]
	}
	if c.Phase == "prefill" {
		return &transformer.Step{Prompts: batch, Tokens: context}, nil
	}
	return &transformer.Step{Batch: batch, Context: context}, nil
}

// languageRow estimates a language model on one target.
func (c *question) languageRow(d *deploy.Deployer, m *transformer.Model, t estimate.Target, q estimate.Request, users []float64, step *transformer.Step) row {
	l, err := c.deployed(d, m, &t, q)
	if err != nil {
		if !d.Wish.Given() {
			t.Count, t.Plan = 1, parallel.Plan{}.Filled() // the row is about the device, not the last group that was tried
		}
		return row{target: t, err: err}
	}
	r := row{target: t}
	switch {
	case step != nil:
		r.results = []*estimate.Result{l.EstimatePhase(*step)}
	case c.disagg != nil:
		r.results, r.err = c.splitResults(d, l, &t, q, users)
		r.target = t
	default:
		r.results = c.served(l, q, users)
	}
	return r
}

// served estimates a language model at every load.
func (c *question) served(l *estimate.Language, q estimate.Request, users []float64) (results []*estimate.Result) {
	for _, rate := range c.rates {
		results = append(results, l.EstimateRate(rate, q))
	}
	if c.rates == nil {
		full, err := l.MaxUsers(q)
		for _, u := range users {
			switch {
			case u == most && err != nil: // how many fit is not known
				results = append(results, nil)
				continue
			case u == most:
				u = full * float64(l.Target.Replicas()) // 0 gives the answer for one, which says that it does not fit
			}
			// Fewer requests than replicas leave replicas idle: each that works has one.
			results = append(results, l.Estimate(max(u, 1), q))
		}
	}
	var goodput *float64
	if len(c.kept) > 0 {
		most := l.Goodput(c.kept, q)
		goodput = &most
	}
	for _, e := range results {
		if e == nil {
			continue
		}
		e.Load.Goodput = goodput
		if c.simulate != nil && e.Load.Stable {
			e.Simulated = c.simulate.run(e, func(t serving.Traffic) *serving.Outcome { return l.Simulate(t, q) })
		}
	}
	return results
}

// deployed compiles the model for as many devices as the user asked for, or for the fewest, a power of two, that hold it
// with one request.
func (c *question) deployed(d *deploy.Deployer, m *transformer.Model, t *estimate.Target, q estimate.Request) (*estimate.Language, error) {
	f := c.formatFlags.language()
	if c.TP == auto {
		if !d.Wish.Given() && t.Count == 1 { // of how many devices, nobody said
			if _, err := fewest(d, m, t, f, q); err != nil {
				return nil, err
			}
		}
		return widest(d, m, t, f, q)
	}
	if d.Wish.Given() || t.Count > 1 {
		if err := d.Spread(t, max(d.Wish.Count, d.Wish.Plan.Devices(), t.Count)); err != nil {
			return nil, err
		}
		return estimate.NewLanguage(m, t, f)
	}
	return fewest(d, m, t, f, q)
}

// fewest compiles the model for the fewest devices, a power of two, that hold it with one request.
func fewest(d *deploy.Deployer, m *transformer.Model, t *estimate.Target, f transformer.Formats, q estimate.Request) (*estimate.Language, error) {
	var last error
	for n := 1; n <= mostDevices; n *= 2 {
		var l *estimate.Language
		err := d.Spread(t, n)
		if err == nil {
			l, err = estimate.NewLanguage(m, t, f)
		}
		if err != nil {
			var format *estimate.FormatError
			if errors.As(err, &format) || last == nil {
				return nil, err
			}
			return nil, last // a larger group is not possible: what kept it from fitting is the reason
		}
		users, err := l.MaxUsers(q)
		if users >= 1 || errors.Is(err, estimate.ErrCapacity) {
			return l, nil
		}
		last = fmt.Errorf("does not fit on %d × %s: %s of weights, %s of memory", n, t.Device.ID,
			m.WeightBytes(f), capacity(t)*unit.Bytes(n))
	}
	return nil, last
}

// widest tries every tensor parallelism that divides the devices and compiles the model for the one with the highest
// throughput at full load; --tp auto.
func widest(d *deploy.Deployer, m *transformer.Model, t *estimate.Target, f transformer.Formats, q estimate.Request) (*estimate.Language, error) {
	count := max(d.Wish.Count, t.Count)
	rest := d.Wish.Plan.Filled().PP * d.Wish.Plan.Filled().DP
	best, fastest := *t, 0.0
	var failed error
	for tp := 1; tp*rest <= count; tp++ {
		if count%(tp*rest) != 0 {
			continue
		}
		try := *t
		wish := *d
		wish.Wish.Plan.TP, wish.Wish.Count = tp, count
		err := wish.Spread(&try, count)
		var l *estimate.Language
		if err == nil {
			l, err = estimate.NewLanguage(m, &try, f)
		}
		if err != nil {
			if failed == nil {
				failed = err
			}
			continue
		}
		users, err := l.MaxUsers(q)
		if err != nil {
			users = 1
		}
		if users < 1 {
			failed = fmt.Errorf("does not fit on %d × %s: %s of weights, %s of memory", count, t.Device.ID,
				m.WeightBytes(f), capacity(t)*unit.Bytes(count))
			continue
		}
		replicas := float64(try.Replicas())
		if rate := l.Estimate(users*replicas, q).Throughput.Value; rate > fastest {
			best, fastest = try, rate
		}
	}
	if fastest == 0 {
		return nil, failed
	}
	*t = best
	return estimate.NewLanguage(m, t, f)
}

// mostDevices ends the search for a group that holds a model.
const mostDevices = 64

func capacity(t *estimate.Target) unit.Bytes {
	b, _ := t.Capacity()
	return b
}

// verdict returns the exit status of an answer: whether the one device named with --count holds the model, and whether
// the limits are met. Of one device they are met at every load; of a list, on one device at least.
func (c *estimateCmd) verdict(d *deploy.Deployer, rows []row) error {
	if d.Named() && c.Count > 0 && len(rows) == 1 && !rows[0].fits() {
		return errDoesNotFit
	}
	if len(c.SLO) > 0 && !slices.ContainsFunc(rows, func(r row) bool { return !r.failed() && r.fits() && r.within() }) {
		return errLimitMissed
	}
	return nil
}
