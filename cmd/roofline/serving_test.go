package main

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"sync"
	"testing"

	"roofline/catalog"
	"roofline/cmd/roofline/internal/deploy"
	"roofline/cmd/roofline/internal/show"
	"roofline/estimate"
	"roofline/estimate/parallel"
	"roofline/estimate/serving"
	"roofline/hardware/unit"
	"roofline/model"
	"roofline/model/transformer"
)

// operation is a point at which the closed form is held against the simulation: so many users, or a share of what the
// machine can keep up with.
type operation struct {
	machine    int
	request    estimate.Request
	chunk      float64
	draft      serving.Draft
	users      float64
	load       float64
	ttft, tpot [2]serving.Times // of the closed form, and simulated
}

// machines are models on devices: dense models and mixtures of experts, small and large, on one device and on several.
var machines = []struct {
	model, device string
	plan          parallel.Plan
	runtime       string
}{
	{"llama-3.1-8b", "h100-sxm", parallel.Plan{}, ""},
	{"llama-3.1-8b", "l4", parallel.Plan{}, ""},
	{"qwen3-32b", "mi300x", parallel.Plan{}, ""},
	{"llama-3.1-70b", "h100-sxm", parallel.Plan{TP: 4}, ""},
	{"gpt-oss-120b", "h200-sxm", parallel.Plan{TP: 2}, ""},
	{"deepseek-v3", "h200-sxm", parallel.Plan{TP: 8}, ""},
	{"llama-3.1-8b", "h100-sxm", parallel.Plan{}, "sglang"},
	{"qwen3-32b", "h100-sxm", parallel.Plan{TP: 2}, "sglang"},
}

// operations are the points of the table.
func operations() (ops []operation) {
	lengths := []estimate.Request{{ISL: 1024, OSL: 1024}, {ISL: 4096, OSL: 256}}
	for m := range machines {
		if machines[m].runtime != "" {
			continue
		}
		for i, request := range lengths {
			chunk := float64(2048 * ((m + i) % 2))
			for _, users := range []float64{8, 24, 96} {
				ops = append(ops, operation{machine: m, request: request, chunk: chunk, users: users})
			}
			for _, load := range []float64{0.4, 0.8} {
				ops = append(ops, operation{machine: m, request: request, chunk: 2048 - chunk, load: load})
			}
		}
	}
	for m := range machines {
		if machines[m].runtime == "" {
			continue
		}
		for _, request := range append(lengths, estimate.Request{ISL: 1024, OSL: 128}) {
			for _, users := range []float64{4, 16, 64} {
				ops = append(ops, operation{machine: m, request: request, users: users})
			}
			for _, load := range []float64{0.3, 0.6, 0.8} {
				ops = append(ops, operation{machine: m, request: request, load: load})
			}
		}
		ops = append(ops,
			operation{machine: m, request: estimate.Request{ISL: 2048, OSL: 256, ISLSpread: 0.5, OSLSpread: 0.5}, users: 32},
			operation{machine: m, request: estimate.Request{ISL: 2048, OSL: 512, OSLSpread: 0.1}, users: 32},
			operation{machine: m, request: estimate.Request{ISL: 2048, OSL: 256, ISLSpread: 0.5, OSLSpread: 0.5}, load: 0.6},
			operation{machine: m, request: estimate.Request{ISL: 20_000, OSL: 256}, users: 8},
			operation{machine: m, request: estimate.Request{ISL: 4096, OSL: 256}, chunk: 4096, users: 16},
			operation{machine: m, request: estimate.Request{ISL: 4096, OSL: 512}, users: 160}, // the cache does not hold all of them
		)
	}
	return append(ops,
		operation{machine: 0, request: estimate.Request{ISL: 2048, OSL: 256, ISLSpread: 0.5, OSLSpread: 0.5}, load: 0.7},
		operation{machine: 3, request: estimate.Request{ISL: 2048, OSL: 256, ISLSpread: 0.5, OSLSpread: 0.5}, load: 0.5},
		operation{machine: 0, request: estimate.Request{ISL: 2048, OSL: 256, ISLSpread: 0.5, OSLSpread: 0.5}, users: 16},
		operation{machine: 3, request: estimate.Request{ISL: 2048, OSL: 1024, ISLSpread: 0.3, OSLSpread: 0.3}, users: 64},
		operation{machine: 2, request: estimate.Request{ISL: 2048, OSL: 512, OSLSpread: 0.1}, users: 32},
		operation{machine: 0, request: estimate.Request{ISL: 4096, OSL: 256, Hit: 0.75}, users: 16},
		operation{machine: 0, request: estimate.Request{ISL: 4096, OSL: 256, Hit: 0.75}, load: 0.7},
		operation{machine: 3, request: estimate.Request{ISL: 1024, OSL: 1024}, draft: serving.Draft{Tokens: 3, Accept: 0.7}, users: 16},
		operation{machine: 3, request: estimate.Request{ISL: 1024, OSL: 1024}, draft: serving.Draft{Tokens: 3, Accept: 0.7}, load: 0.6},
		operation{machine: 1, request: estimate.Request{ISL: 2048, OSL: 512}, users: 64}, // the cache holds half of them
	)
}

// simulatedRequests is how many requests are simulated of a rate that is all a machine can take, and of others as many
// fewer: with a load of 0.8 that leaves a few percent to chance.
const simulatedRequests = 25_000

// work fills in both sides of a point.
func (o *operation) work(l *estimate.Language) {
	t := l.Target
	t.Batching = estimate.Batching{Chunk: o.chunk, Draft: o.draft}
	out := &serving.Outcome{}
	if o.users > 0 {
		s := l.Serve(o.users, o.request)
		o.ttft[0], o.tpot[0], o.load = s.TTFT, s.TPOT, s.Utilization()
		for seed := range uint64(max(2, 240/o.users)) {
			one := l.Simulate(serving.Traffic{Users: int(o.users), Seed: seed}, o.request)
			out.Served = append(out.Served, one.Served...)
		}
	} else {
		rate := o.load * l.ServeRate(1e-9, o.request).Capacity
		s := l.ServeRate(rate, o.request)
		o.ttft[0], o.tpot[0] = s.TTFT, s.TPOT
		requests := int(simulatedRequests * o.load)
		if s.Wait > s.TTFT.Mean/10 { // lines for room in the cache are rare and long
			requests *= 4
		}
		out = l.Simulate(serving.Traffic{Rate: rate, Requests: requests, Seed: 1}, o.request)
	}
	o.ttft[1], o.tpot[1] = out.Times((*serving.Served).TTFT), out.Times((*serving.Served).TPOT)
}

func off(a, b unit.Seconds) float64 { return float64(a/b) - 1 }

// TestSimulation holds the closed form against the simulation: TPOT within 5 %, mean TTFT within 15 %, and its 95th
// percentile within 25 %. docs/serving.md has the table: go test ./cmd/roofline -run Simulation -update
func TestSimulation(t *testing.T) {
	t.Parallel()
	ops := operations()
	compiled := make([]*estimate.Language, len(machines))
	for i, m := range machines {
		d := &deploy.Deployer{Catalog: catalog.Default(), Serves: deploy.Language, Wish: deploy.Wish{Devices: m.device, Plan: m.plan, Runtime: m.runtime}}
		targets, err := d.Targets()
		if err != nil {
			t.Fatal(err)
		}
		loaded, err := deploy.Load(m.model, model.Bindings{})
		if err != nil {
			t.Fatal(err)
		}
		if compiled[i], err = estimate.NewLanguage(loaded.Language, &targets[0], transformer.Formats{}); err != nil {
			t.Fatal(err)
		}
	}
	var all sync.WaitGroup
	for m := range machines { // a compiled model is not safe for concurrent use
		all.Go(func() {
			for i := range ops {
				if ops[i].machine == m {
					ops[i].work(compiled[m])
				}
			}
		})
	}
	all.Wait()
	table := show.Table{Columns: []show.Column{{Title: "machine", Left: true}, {Title: "tokens in/out", Left: true}, {Title: "prompts", Left: true},
		{Title: "load", Left: true}, {Title: "utilization %"}, {Title: "TPOT ms"}, {Title: "simulated"}, {Title: "off %"},
		{Title: "TTFT ms"}, {Title: "simulated "}, {Title: "off % "}, {Title: "TTFT p95 ms"}, {Title: "simulated  "}, {Title: "off %  "}}}
	for i := range ops {
		o := &ops[i]
		ms := func(s unit.Seconds) string { return unit.Number(float64(s)*1e3, 3) }
		errors := []float64{off(o.tpot[0].Mean, o.tpot[1].Mean), off(o.ttft[0].Mean, o.ttft[1].Mean), off(o.ttft[0].P95, o.ttft[1].P95)}
		for k, most := range []float64{0.05, 0.15, 0.25} {
			if !(math.Abs(errors[k]) <= most) {
				t.Errorf("%s: %s off by %.1f %%", o, []string{"TPOT", "TTFT", "TTFT p95"}[k], 100*errors[k])
			}
		}
		m, lengths, prompts, load := o.names()
		signed := func(x float64) string { return fmt.Sprintf("%+.1f", 100*x) }
		table.Add(m, lengths, prompts, load, fmt.Sprintf("%.0f", 100*o.load), ms(o.tpot[0].Mean), ms(o.tpot[1].Mean), signed(errors[0]),
			ms(o.ttft[0].Mean), ms(o.ttft[1].Mean), signed(errors[1]), ms(o.ttft[0].P95), ms(o.ttft[1].P95), signed(errors[2]))
	}
	if len(ops) < 50 {
		t.Errorf("%d points", len(ops))
	}
	const file = "../../docs/serving.md"
	old, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	text, err := between(string(old), "simulation", table.Markdown())
	switch {
	case err != nil:
		t.Error(err)
	case *update:
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Error(err)
		}
	case !bytes.Equal(old, []byte(text)):
		t.Errorf("the table in %s is not what the tool finds: go test ./cmd/roofline -run Simulation -update", file)
	}
}

func (o *operation) names() (machine, lengths, prompts, load string) {
	m := machines[o.machine]
	machine = fmt.Sprintf("%s, %d × %s", m.model, m.plan.Devices(), m.device)
	lengths = fmt.Sprintf("%v/%v", tokens(o.request.ISL), tokens(o.request.OSL))
	if o.request.ISLSpread > 0 {
		lengths += fmt.Sprintf(" ± %.0f %%", 100*o.request.ISLSpread)
	}
	prompts = "whole"
	if m.runtime != "" {
		prompts = "go first"
	}
	switch {
	case o.chunk > 0 && m.runtime == "":
		prompts = fmt.Sprintf("in chunks of %v", tokens(o.chunk))
	case o.chunk > 0:
		prompts += fmt.Sprintf(" in chunks of %v", tokens(o.chunk))
	}
	if o.request.Hit > 0 {
		prompts += fmt.Sprintf(", %.0f %% found", 100*o.request.Hit)
	}
	if o.draft.Tokens > 0 {
		prompts += fmt.Sprintf(", draft of %.0f", o.draft.Tokens)
	}
	load = "by rate"
	if o.users > 0 {
		load = fmt.Sprintf("%.0f users", o.users)
	}
	return machine, lengths, prompts, load
}

func (o *operation) String() string {
	machine, lengths, prompts, load := o.names()
	return fmt.Sprintf("%s, %s, %s, %s, utilization %.2f", machine, lengths, prompts, load, o.load)
}
