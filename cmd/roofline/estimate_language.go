package main

import (
	"fmt"
	"math"
	"sort"
	"strings"

	"roofline/cmd/roofline/internal/deploy"
	"roofline/cmd/roofline/internal/show"
	"roofline/estimate"
	"roofline/hardware/unit"
	"roofline/model/transformer"
)

// keys returns the sorted keys of a set.
func keys[K ~string | ~uint8](set map[K]bool) []string {
	var out []string
	for k := range set {
		out = append(out, fmt.Sprint(k))
	}
	sort.Strings(out)
	return out
}

// languageAnswer lays out the estimates of a language model that serves requests.
func languageAnswer(c *estimateCmd, s *session, loaded *deploy.Loaded, rows []row, q estimate.Request, users []float64) *show.Answer {
	n := newNamer(s.catalog)
	a := &show.Answer{
		Assumed: strings.Join(append([]string{languageAssumed(loaded, q, rows)}, c.words()...), " · "),
		JSON: newDocument(s, rows, assumption{Name: "model", Value: loaded.Name(), Source: loaded.Source},
			assumption{Name: "isl", Value: q.ISL}, assumption{Name: "osl", Value: q.OSL},
			c.utilization()),
	}
	if c.rates == nil {
		a.Sentence = languageSentence(n, rows, q)
	} else {
		a.Sentence = rateSentence(n, rows)
	}
	switch {
	case c.rates != nil:
		a.Tables = []show.Table{perRate(n, rows, q)}
	case len(rows) == 1 && len(rows[0].results) == 2 && c.Concurrency == "" && rows[0].results[1] != nil && s.Format == show.Text:
		a.Tables = []show.Table{decomposition(&rows[0], q)}
	case len(users) == 2 && c.Concurrency == "":
		a.Tables = []show.Table{twoLoads(n, rows, q)}
	default:
		a.Tables = []show.Table{perLoad(n, rows, q)}
	}
	asOf, priceWarnings := s.priceNotes(n, rows, c.Price)
	if asOf != "" {
		a.Notes = append(a.Notes, fmt.Sprintf("%s: all cost on %s; %s %s; %s", perMillion(q), q.Tokens, c.offer(), asOf, c.busy()))
	}
	a.Notes = append(a.Notes, splitNotes(n, rows)...)
	a.Notes = append(a.Notes, goodputNotes(n, rows, c.SLO)...)
	if note := basisNote(rows); note != "" {
		a.Notes = append(a.Notes, note)
	}
	if len(rows) == 1 && !rows[0].failed() && rows[0].fits() {
		a.Notes = append(a.Notes, checkNotes(&rows[0], q)...)
	}
	a.Warnings = append(a.Warnings, failures(n, rows)...)
	for i := range rows {
		r := &rows[i]
		if r.failed() {
			continue
		}
		if last := r.last(); last == nil || last.Memory.Fits == nil {
			a.Warnings = append(a.Warnings, n[r.target.Device.ID]+": its memory capacity is not known, so neither is the full load; give one with --memory")
		}
	}
	a.Warnings = append(a.Warnings, rowWarnings(n, rows, narrower, priceWarnings)...)
	a.Warnings = append(a.Warnings, loaded.Warnings()...)
	return a
}

// narrower is what to do where a language model does not fit.
const narrower = "take more with --count, or a narrower --dtype"

func languageAssumed(loaded *deploy.Loaded, q estimate.Request, rows []row) string {
	m := loaded.Language
	parts := []string{m.Name, parameters(m.Parameters())}
	runtimes, formats := map[string]bool{}, map[string]bool{}
	for i := range rows {
		for _, e := range rows[i].results {
			if e == nil {
				continue
			}
			runtimes[e.Runtime] = true
			f := e.Workload.DType.String()
			if e.Workload.KVDType != e.Workload.ActDType {
				f += ", KV " + e.Workload.KVDType.String()
			}
			formats[f] = true
		}
	}
	if len(formats) > 0 {
		parts = append(parts, strings.Join(keys(formats), ", "))
	}
	if q.ISL > 0 {
		parts = append(parts, fmt.Sprintf("%v/%v tokens in/out", tokens(q.ISL), tokens(q.OSL)))
	}
	if len(runtimes) > 0 {
		parts = append(parts, "runtime "+strings.Join(keys(runtimes), ", "))
	}
	return strings.Join(parts, " · ")
}

func languageSentence(n namer, rows []row, q estimate.Request) string {
	alone := best(rows, func(r *row) float64 {
		if r.results[0].Decode == nil {
			return math.NaN()
		}
		return seconds(r.results[0].Decode.TPOT.Expected)
	})
	loaded := func(value func(*estimate.Result) float64) *row {
		return best(rows, func(r *row) float64 {
			if r.last() == nil {
				return math.NaN()
			}
			return value(r.last())
		})
	}
	fastest := loaded(func(e *estimate.Result) float64 { return -e.Throughput.Value })
	if len(rows) == 1 && !rows[0].failed() {
		return oneDeviceSentence(n, &rows[0], q)
	}
	if fastest == nil && alone == nil {
		return nothingRuns
	}
	var parts []string
	if cheapest := loaded(money); cheapest != nil {
		low, high := costRange(cheapest.last())
		parts = append(parts, fmt.Sprintf("%s is cheapest under load, %s$%s per M %s (%s–%s)", n.of(&cheapest.target), atLeast(cheapest.last().Cost),
			unit.Number(money(cheapest.last()), 3), q.Tokens, unit.Number(low, 2), unit.Number(high, 2)))
	}
	if alone != nil {
		parts = append(parts, fmt.Sprintf("%s is fastest for one user, %s tok/s", n.of(&alone.target), unit.Number(alone.results[0].Decode.UserSpeed, 3)))
	}
	return strings.Join(parts, "; ") + "."
}

// costRange returns the cost per unit at the ends of the latency band: throughput follows it by Little's law.
func costRange(e *estimate.Result) (low, high float64) {
	k := money(e) / float64(e.Latency.Expected)
	return k * float64(e.Latency.Low), k * float64(e.Latency.High)
}

func oneDeviceSentence(n namer, r *row, q estimate.Request) string {
	if !r.fits() {
		m := r.unfit().Memory
		return fmt.Sprintf("%s does not fit on %d × %s: %s needed on each, %s there; roofline fit says how many it takes.",
			r.results[0].Model.Name, r.target.Count, n[r.target.Device.ID], m.Total, m.Capacity)
	}
	e := r.last()
	if e == nil {
		e = r.results[0]
	}
	text := fmt.Sprintf("%s %s for %.0f users", unit.Number(e.Throughput.Value, 3), perSecond(q), e.Workload.Concurrency)
	if e.Workload.Concurrency == 1 {
		text = unit.Number(e.Throughput.Value, 3) + " " + perSecond(q) + " for one user"
	} else if e.Decode != nil {
		text += fmt.Sprintf(" at %s tok/s each", unit.Number(e.Decode.UserSpeed, 2))
	}
	if m := money(e); !math.IsNaN(m) {
		text += fmt.Sprintf(", %s$%s per M %s", atLeast(e.Cost), unit.Number(m, 3), q.Tokens)
	}
	if first := r.results[0]; first != nil && first != e && first.Decode != nil && first.Workload.Concurrency == 1 {
		text += fmt.Sprintf("; one user alone: %s tok/s", unit.Number(first.Decode.UserSpeed, 3))
	}
	return text + "."
}

// twoLoads shows one request alone and the full load side by side.
func twoLoads(n namer, rows []row, q estimate.Request) show.Table {
	const alone, full = "one request alone", "full load: most that fit, ≤ 256 each"
	t := show.Table{Columns: []show.Column{
		{Title: "device", Left: true, Shrink: 12},
		{Group: alone, Title: "TTFT", Scales: milliseconds, Base: "s"},
		{Group: alone, Title: "TPOT", Scales: milliseconds, Base: "s"},
		{Group: alone, Title: "bound–high", Scales: milliseconds, Base: "s", Digits: 2},
		{Group: alone, Title: "tok/s"},
		{Group: full, Title: "users", Whole: true},
		{Group: full, Title: "tok/s/user", Digits: 2},
		{Group: full, Title: perSecond(q), Whole: true},
		{Group: full, Title: perMillion(q)},
		{Group: full, Title: "memory"},
	}}
	for i := range rows {
		r := &rows[i]
		cells := []show.Cell{n.of(&r.target)}
		if r.failed() || !r.fits() {
			use := "–"
			if !r.failed() {
				use = memoryUse(r.results[0])
			}
			t.Add(append(cells, show.NotSupported, show.Unknown, show.Unknown, show.Unknown, show.Unknown, show.Unknown, show.Unknown, show.Unknown, use)...)
			continue
		}
		e := r.results[0]
		cells = append(cells, seconds(e.Prefill.TTFT.Expected))
		if e.Decode != nil {
			cells = append(cells, seconds(e.Decode.TPOT.Expected),
				show.Range{Low: seconds(e.Decode.TPOT.Bound), High: seconds(e.Decode.TPOT.High)}, e.Decode.UserSpeed)
		} else {
			cells = append(cells, show.Unknown, show.Unknown, show.Unknown)
		}
		if e := r.last(); e != nil {
			speed := show.Unknown
			if e.Decode != nil {
				speed = e.Decode.UserSpeed
			}
			cells = append(cells, e.Workload.Concurrency, speed, e.Throughput.Value, money(e), memoryUse(e))
		} else {
			cells = append(cells, show.Unknown, show.Unknown, show.Unknown, show.Unknown, "–")
		}
		t.Add(cells...)
	}
	return t
}

// perLoad shows one line per device and load.
func perLoad(n namer, rows []row, q estimate.Request) show.Table {
	t := show.Table{Columns: []show.Column{
		{Title: "device", Left: true, Shrink: 12}, {Title: "plan", Left: true}, {Title: "users", Whole: true},
		{Title: "TTFT", Scales: milliseconds, Base: "s"},
		{Title: "TPOT", Scales: milliseconds, Base: "s"}, {Title: "bound–high", Scales: milliseconds, Base: "s", Digits: 2},
		{Title: "tok/s/user"}, {Title: perSecond(q)}, {Title: "E2E", Scales: unit.Scales{{Factor: 1, Symbol: "s"}}},
		{Title: perMillion(q)}, {Title: "memory"},
	}}
	for i := range rows {
		r := &rows[i]
		name := n.of(&r.target)
		if r.failed() {
			t.Add(name, plan(&r.target), show.Unknown, show.NotSupported, show.Unknown, show.Unknown, show.Unknown, show.Unknown, show.Unknown, show.Unknown, "–")
			continue
		}
		for _, e := range r.results {
			if e == nil {
				t.Add(name, plan(&r.target), show.Unknown, show.Unknown, show.Unknown, show.Unknown, show.Unknown, show.Unknown, show.Unknown, show.Unknown, "–")
				continue
			}
			cells := []show.Cell{name, plan(&r.target), e.Workload.Concurrency, seconds(e.Prefill.TTFT.Expected)}
			if d := e.Decode; d != nil {
				cells = append(cells, seconds(d.TPOT.Expected), show.Range{Low: seconds(d.TPOT.Bound), High: seconds(d.TPOT.High)}, d.UserSpeed)
			} else {
				cells = append(cells, show.Unknown, show.Unknown, show.Unknown)
			}
			t.Add(append(cells, e.Throughput.Value, seconds(e.Latency.Expected), money(e), memoryUse(e))...)
		}
	}
	return t
}

// decomposition shows one device in detail: a line per quantity, a column per load, and what limits it.
func decomposition(r *row, q estimate.Request) show.Table {
	one, full := r.results[0], r.results[1]
	t := show.Table{Columns: []show.Column{{Left: true}, {Title: "one request"}, {Title: "full load"}, {Title: "what limits", Left: true, Shrink: 20}}}
	add := func(name, limits string, value func(*estimate.Result) string) {
		t.Add(name, value(one), value(full), limits)
	}
	ttft := func(b estimate.Band) string { return b.Expected.String() }
	span := func(b estimate.Band) string {
		s := unit.TimeScales.For(float64(b.High))
		return unit.Number(float64(b.Bound)/s.Factor, 3) + "–" + unit.Number(float64(b.High)/s.Factor, 3) + " " + s.Symbol
	}
	add("TTFT", limitText(full.Prefill.BoundBy), func(e *estimate.Result) string { return ttft(e.Prefill.TTFT) })
	if full.Decode != nil {
		add("TPOT", limitText(full.Decode.BoundBy), func(e *estimate.Result) string { return e.Decode.TPOT.Expected.String() })
		add("  bound–high", "loaded steps carry other users' prefill", func(e *estimate.Result) string { return span(e.Decode.TPOT) })
		add("speed per user", "", func(e *estimate.Result) string { return unit.Number(e.Decode.UserSpeed, 3) + " tok/s" })
	}
	add("end to end", "", func(e *estimate.Result) string { return e.Latency.Expected.String() })
	add("users", fmt.Sprintf("%.0f per replica", full.Workload.Concurrency/float64(full.Replicas)), func(e *estimate.Result) string {
		return unit.Group(fmt.Sprintf("%.0f", e.Workload.Concurrency))
	})
	add(q.Tokens.String(), unit.Number(full.Throughput.PerDevice, 3)+" per device under load", func(e *estimate.Result) string {
		return unit.Number(e.Throughput.Value, 3) + " tok/s"
	})
	price := "no price known; --usd-per-hour"
	if full.Cost != nil {
		price = fmt.Sprintf("%s%s, %s", atLeast(full.Cost), full.Cost.USDPerHour, full.Cost.Source)
	}
	add("cost", price, func(e *estimate.Result) string {
		if m := money(e); !math.IsNaN(m) {
			return "$" + unit.Number(m, 3) + " " + strings.TrimPrefix(perMillion(q), "$")
		}
		return "–"
	})
	if p := full.Power; p != nil {
		add("power (estimated)", fmt.Sprintf("%s J per %s", unit.Number(p.WattHours*unit.SecondsPerHour, 3), strings.TrimSuffix(p.Unit, "s")),
			func(e *estimate.Result) string { return e.Power.Watts.String() })
	}
	m := full.Memory
	add("memory per device", fmt.Sprintf("weights %s, KV %s, other %s", m.Weights, m.KVCache, m.Activations+m.Reserved), func(e *estimate.Result) string {
		if e.Memory.Capacity == 0 {
			return e.Memory.Total.String()
		}
		return fmt.Sprintf("%s of %s", unit.Number(float64(e.Memory.Total/unit.GiB), 3), e.Memory.Capacity)
	})
	return t
}

// checkNotes say how to check the answer of a runtime that brings a benchmark on the real thing.
func checkNotes(r *row, q estimate.Request) []string {
	if r.target.Runtime.ID != "vllm" {
		return nil
	}
	e := r.last()
	if e == nil {
		e = r.results[0]
	}
	load := fmt.Sprintf("--max-concurrency %.0f", e.Workload.Concurrency)
	if e.Workload.Rate > 0 {
		load = fmt.Sprintf("--request-rate %.4g", e.Workload.Rate)
	}
	return []string{fmt.Sprintf("to check on the real thing:\n  vllm bench serve --dataset-name random --random-input-len %.0f --random-output-len %.0f \\\n      %s --save-result",
		q.ISL, q.OSL, load)}
}

// phaseAnswer lays out the estimates of one bare phase.
func phaseAnswer(c *estimateCmd, s *session, loaded *deploy.Loaded, rows []row, step transformer.Step) *show.Answer {
	n := newNamer(s.catalog)
	what := fmt.Sprintf("decode step of %.0f sequences at %v tokens of context", step.Batch, tokens(step.Context))
	if step.Prompts > 0 {
		what = fmt.Sprintf("prefill of %s of %v tokens", plural(int(step.Prompts), "prompt"), tokens(step.Tokens))
	}
	a := &show.Answer{
		Assumed: languageAssumed(loaded, estimate.Request{}, rows) + " · " + what,
		JSON: newDocument(s, rows, assumption{Name: "model", Value: loaded.Name(), Source: loaded.Source},
			assumption{Name: "phase", Value: c.Phase}, c.utilization()),
	}
	fastest := best(rows, func(r *row) float64 { return seconds(r.results[0].Latency.Expected) })
	if fastest == nil {
		a.Sentence = nothingRuns
	} else {
		e := fastest.results[0]
		a.Sentence = fmt.Sprintf("%s: %s expected, %s bound; limited by %s.", n.of(&fastest.target), e.Latency.Expected, e.Latency.Bound, limitText(*e.BoundBy))
		if len(rows) > 1 {
			a.Sentence = "Fastest is " + a.Sentence
		}
	}
	t := show.Table{Columns: []show.Column{{Title: "device", Left: true, Shrink: 12}, {Title: "plan", Left: true},
		{Title: c.Phase, Scales: milliseconds, Base: "s"}, {Title: "bound", Scales: milliseconds, Base: "s"}, {Title: "low–high", Scales: milliseconds, Base: "s"},
		{Title: "tok/s"}, {Title: "$/M"}, {Title: "memory"}, {Title: "limit", Left: true}}}
	for i := range rows {
		r := &rows[i]
		if r.failed() {
			t.Add(n.of(&r.target), plan(&r.target), show.NotSupported, show.Unknown, show.Unknown, show.Unknown, show.Unknown, "–", "see below")
			continue
		}
		e := r.results[0]
		t.Add(n.of(&r.target), plan(&r.target), seconds(e.Latency.Expected), seconds(e.Latency.Bound),
			show.Range{Low: seconds(e.Latency.Low), High: seconds(e.Latency.High)}, e.Throughput.Value, money(e), memoryUse(e), e.BoundBy.String())
	}
	a.Tables = []show.Table{t}
	if note := basisNote(rows); note != "" {
		a.Notes = append(a.Notes, note)
	}
	_, priceWarnings := s.priceNotes(n, rows, c.Price)
	a.Warnings = append(a.Warnings, failures(n, rows)...)
	a.Warnings = append(a.Warnings, rowWarnings(n, rows, narrower, priceWarnings)...)
	a.Warnings = append(a.Warnings, loaded.Warnings()...)
	return a
}
