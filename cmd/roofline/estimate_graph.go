package main

import (
	"fmt"
	"strings"

	"roofline/cmd/roofline/internal/deploy"
	"roofline/cmd/roofline/internal/show"
	"roofline/estimate"
	"roofline/hardware/dtype"
	"roofline/hardware/unit"
)

// graphAnswer lays out the estimates of a graph.
func graphAnswer(c *estimateCmd, s *session, loaded *deploy.Loaded, rows []row, batches []float64) *show.Answer {
	n := newNamer(s.catalog)
	items := "items"
	runtimes, formats := map[string]bool{}, map[dtype.DType]bool{}
	for i := range rows {
		for _, e := range rows[i].results {
			items, _ = strings.CutSuffix(e.Throughput.Unit, "/s")
			runtimes[e.Runtime], formats[e.Workload.DType] = true, true
		}
	}
	item := strings.TrimSuffix(items, "s")
	a := &show.Answer{
		Sentence: graphSentence(n, rows, items),
		Assumed:  graphAssumed(loaded, item, keys(runtimes), rows),
		Tables:   []show.Table{graphTable(n, rows, batches, items, s.Wide)},
		JSON:     newDocument(s, rows, graphAssumptions(c, loaded, rows)...),
	}
	if c.Batch == "" {
		a.Notes = append(a.Notes, "batch where it stops paying: doubling it again adds less than 5 % throughput, or does not fit")
	}
	asOf, priceWarnings := s.priceNotes(n, rows, c.Price)
	if asOf != "" {
		a.Notes = append(a.Notes, fmt.Sprintf("$/M: %s %s, %s", c.offer(), asOf, c.busy()))
	}
	if note := basisNote(rows); note != "" {
		a.Notes = append(a.Notes, note)
	}
	a.Notes = append(a.Notes, `compare with trtexec "GPU Compute Time" or ONNX Runtime "model_run", not with end-to-end latency`)
	if c.DType == dtype.Unknown && loaded.Graph != nil && onAccelerator(rows) {
		a.Warnings = append(a.Warnings, fmt.Sprintf("%s is computed in %s on accelerators; fp32, tf32 and fp16 are up to 16 × apart: choose with --dtype",
			loaded.Name(), strings.Join(accelerated(rows), " or ")))
	}
	a.Warnings = append(a.Warnings, failures(n, rows)...)
	a.Warnings = append(a.Warnings, rowWarnings(n, rows, "take a smaller --batch", priceWarnings)...)
	a.Warnings = append(a.Warnings, loaded.Warnings()...)
	return a
}

// milliseconds is the scale of latencies people compare.
var milliseconds = unit.Scales{{Factor: 1e-3, Symbol: "ms"}}

func graphTable(n namer, rows []row, batches []float64, items string, wide bool) show.Table {
	t := show.Table{Columns: []show.Column{{Title: "device", Left: true, Shrink: 12}, {Title: "dtype", Left: true}}}
	for k, b := range batches {
		group := fmt.Sprintf("batch %.0f", b)
		switch b {
		case most:
			group = "largest batch that fits"
		case paying:
			group = "batch where it stops paying"
		}
		if b < 1 {
			t.Columns = append(t.Columns, show.Column{Group: group, Title: "batch", Whole: true})
		}
		t.Columns = append(t.Columns, show.Column{Group: group, Title: "time", Scales: milliseconds, Base: "s"})
		if banded(k, wide) {
			t.Columns = append(t.Columns, show.Column{Group: group, Title: "bound–high", Scales: milliseconds, Base: "s", Digits: 2})
		}
		t.Columns = append(t.Columns, show.Column{Group: group, Title: items + "/s"})
	}
	last := t.Columns[len(t.Columns)-1].Group
	t.Columns = append(t.Columns, show.Column{Group: last, Title: "$/M"}, show.Column{Group: last, Title: "memory"},
		show.Column{Group: last, Title: "limit", Left: true})
	for i := range rows {
		t.Add(graphCells(n, &rows[i], batches, wide)...)
	}
	return t
}

// banded reports whether the k-th load's band is shown: of the first only, where space is short.
func banded(k int, wide bool) bool { return k == 0 || wide }

func graphCells(n namer, r *row, batches []float64, wide bool) []show.Cell {
	cells := []show.Cell{n.of(&r.target)}
	if r.failed() {
		cells = append(cells, show.NotSupported)
	} else {
		cells = append(cells, r.results[0].Workload.DType.String())
	}
	for k, b := range batches {
		batch, time, span, rate := show.Unknown, show.Unknown, show.Range{Low: show.Unknown}, show.Unknown
		if !r.failed() {
			e := r.results[k]
			batch, time, rate = e.Workload.Batch, seconds(e.Latency.Expected), e.Throughput.Value
			span = show.Range{Low: seconds(e.Latency.Bound), High: seconds(e.Latency.High)}
		}
		if b < 1 {
			cells = append(cells, batch)
		}
		cells = append(cells, time)
		if banded(k, wide) {
			cells = append(cells, span)
		}
		cells = append(cells, rate)
	}
	if r.failed() {
		return append(cells, show.Unknown, "–", "see below")
	}
	last := r.last()
	return append(cells, money(last), memoryUse(last), last.BoundBy.String())
}

// graphSentence answers: which is cheapest, which is fastest; or, for one device, how fast and what limits it.
func graphSentence(n namer, rows []row, items string) string {
	fastest := best(rows, func(r *row) float64 { return seconds(r.results[0].Latency.Expected) })
	if fastest == nil {
		return nothingRuns
	}
	if len(rows) == 1 {
		first, last := fastest.results[0], fastest.last()
		text := fmt.Sprintf("%s: %s at batch %.0f, %s %s/s", n.of(&fastest.target), first.Latency.Expected, first.Workload.Batch,
			unit.Number(first.Throughput.Value, 3), items)
		if last != first && last.Workload.Batch != first.Workload.Batch {
			text += fmt.Sprintf("; %s %s/s at batch %.0f", unit.Number(last.Throughput.Value, 3), items, last.Workload.Batch)
		}
		return text + "; limited by " + limitText(*last.BoundBy) + "."
	}
	busiest := best(rows, func(r *row) float64 { return -r.last().Throughput.Value })
	cheapest := best(rows, func(r *row) float64 { return money(r.last()) })
	var parts []string
	say := func(r *row, what string) {
		if name := n.of(&r.target); len(parts) > 0 && strings.HasPrefix(parts[len(parts)-1], name+" ") {
			parts[len(parts)-1] += " and " + what
		} else {
			parts = append(parts, name+" "+what)
		}
	}
	if cheapest != nil {
		say(cheapest, fmt.Sprintf("is cheapest, %s$%s per M %s", atLeast(cheapest.last().Cost), unit.Number(money(cheapest.last()), 3), items))
	}
	say(fastest, fmt.Sprintf("answers fastest, %s", fastest.results[0].Latency.Expected))
	say(busiest, fmt.Sprintf("does most, %s %s/s", unit.Number(busiest.last().Throughput.Value, 3), items))
	return strings.Join(parts, "; ") + "."
}

// limitText names a limit in words.
func limitText(l estimate.Limit) string {
	switch l {
	case estimate.MemoryBandwidth:
		return "memory bandwidth"
	case estimate.Overhead:
		return "launch and host overhead"
	}
	return l.String()
}

// graphAssumed says what was assumed, in one line.
func graphAssumed(loaded *deploy.Loaded, item string, runtimes []string, rows []row) string {
	g := loaded.Graph
	parts := []string{g.Name, parameters(g.Parameters())}
	if e := best(rows, func(*row) float64 { return 0 }); e != nil {
		m := e.results[0]
		perItem := unit.FLOPs(float64(m.Model.FLOPs) / m.Workload.Batch)
		parts = append(parts, fmt.Sprintf("%s GMAC (%s) per %s", unit.Number(m.Model.MACs/m.Workload.Batch/1e9, 4), perItem, item))
	}
	for _, id := range g.Inputs {
		if t := g.Tensor(id); len(g.Inputs) <= 3 {
			parts = append(parts, "input "+perSample(t.Shape, g.Batch))
		}
	}
	if f := apart(rows); len(f) > 0 {
		parts = append(parts, "activations "+strings.Join(f, ", "))
	}
	return strings.Join(append(parts, "runtime "+strings.Join(runtimes, ", ")), " · ")
}

// apart lists the formats of activations that are not those of the weights.
func apart(rows []row) []string {
	formats := map[string]bool{}
	for i := range rows {
		if r := &rows[i]; !r.failed() {
			if w := r.results[0].Workload; w.ActDType != w.DType {
				formats[w.ActDType.String()] = true
			}
		}
	}
	return keys(formats)
}

// perSample prints the shape of an input without its batch.
func perSample(s []int64, batch int64) string {
	if len(s) > 1 && s[0] == batch {
		s = s[1:]
	}
	var parts []string
	for _, d := range s {
		parts = append(parts, fmt.Sprint(d))
	}
	return strings.Join(parts, "x")
}

func graphAssumptions(c *estimateCmd, loaded *deploy.Loaded, rows []row) []assumption {
	out := []assumption{{Name: "model", Value: loaded.Name(), Source: loaded.Source}}
	if c.DType == dtype.Unknown {
		out = append(out, assumption{Name: "dtype", Value: "fp32 on CPUs, else the faster 16-bit format", Source: "default", Status: "assumed"})
	}
	if c.Runtime == "" {
		out = append(out, assumption{Name: "runtime", Value: "the default of each kind of device", Source: "default", Status: "assumed"})
	}
	return append(out, c.utilization())
}

func onAccelerator(rows []row) bool { return len(accelerated(rows)) > 0 }

// accelerated lists the formats used on other devices than CPUs.
func accelerated(rows []row) []string {
	set := map[string]bool{}
	for i := range rows {
		if r := &rows[i]; !r.failed() && r.target.Device.Kind != "cpu" {
			set[r.results[0].Workload.DType.String()] = true
		}
	}
	return keys(set)
}
