package benchmark

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"

	"roofline/hardware/unit"
)

// genaiPerf reads the JSON export of genai-perf, and that of AIPerf, which has the same shape: an object per metric with
// its unit and statistics.
func genaiPerf(o *object) Run {
	if o.text("was_cancelled") == "true" {
		o.fail("was_cancelled", "is true: the run did not end")
	}
	o.require("request_latency")
	if o.has("time_to_first_token") {
		o.require("input_sequence_length", "output_sequence_length")
	}
	var r Run
	ttft, itl, latency := o.object("time_to_first_token"), o.object("inter_token_latency"), o.object("request_latency")
	r.ISL, r.OSL = math.Round(o.object("input_sequence_length").middle(mostTokens)), math.Round(o.object("output_sequence_length").middle(mostTokens))
	r.TTFT, r.Latency = ttft.time(), latency.time()
	if r.OSL != 1 {
		r.TPOT = itl.time()
		r.Spread = itl.spread("std", itl.unit(), r.TPOT)
	}
	r.OutputRate = o.object("output_token_throughput").middle(highestRate)
	rate := o.object("request_throughput").middle(highestRate)
	r.N = int(o.object("request_count").middle(mostRequests))
	config := o.object("input_config")
	limit := config.search("concurrency", 3)
	r.Model = cmp.Or(config.name("model_names", "model", "model_name"), config.object("endpoint").name("model_names"))
	r.aiConcurrency(limit, rate)
	return r
}

// aiConcurrency takes what was in flight and says what was taken.
func (r *Run) aiConcurrency(limit, rate float64) {
	switch {
	case limit > 0:
		r.Concurrency = limit
	case rate > 0 && r.Latency > 0:
		r.Concurrency = max(1, math.Round(rate*float64(r.Latency)))
	}
	r.took("%g/%g tokens", r.ISL, r.OSL)
	r.took("concurrency %g", r.Concurrency)
	for _, x := range []struct {
		name string
		time unit.Seconds
	}{{"TTFT p50", r.TTFT}, {"TPOT p50 from inter token latency", r.TPOT}, {"request latency p50", r.Latency}} {
		if x.time > 0 {
			r.took("%s", x.name)
		}
	}
}

// middle returns the median of a metric, else its mean.
func (o *object) middle(most float64) float64 {
	return o.number(o.first("p50", "avg"), most)
}

// time returns the median of a metric that is a time.
func (o *object) time() unit.Seconds { return o.seconds(o.first("p50", "avg"), o.unit()) }

// timeUnits are the names of the units of times.
var timeUnits = map[string]unit.Seconds{"s": 1, "sec": 1, "seconds": 1, "ms": 1e-3, "milliseconds": 1e-3, "us": 1e-6, "µs": 1e-6, "microseconds": 1e-6, "ns": 1e-9, "nanoseconds": 1e-9}

// unit returns the unit a metric names, milliseconds where it names none.
func (o *object) unit() unit.Seconds {
	name := strings.ToLower(o.text("unit"))
	if name == "" {
		return milliseconds
	}
	u, ok := timeUnits[name]
	if !ok {
		o.fail("unit", "%q: want ms", name)
		return milliseconds
	}
	return u
}

// search finds a number below, some levels deep: versions nest the settings of a load generator differently.
func (o *object) search(key string, depth int) float64 {
	if raw, ok := o.values[key]; ok && len(raw) > 0 && (raw[0] == '"' || raw[0] >= '0' && raw[0] <= '9' || raw[0] == '-') {
		return o.number(key, mostRequests)
	}
	if depth == 0 {
		return 0
	}
	for _, k := range o.keys() {
		raw, ok := o.values[k]
		if !ok || len(raw) == 0 || raw[0] != '{' {
			continue
		}
		inner := &object{path: o.path + k + ".", err: o.err}
		if json.Unmarshal(raw, &inner.values) == nil {
			if v := inner.search(key, depth-1); v > 0 {
				return v
			}
		}
	}
	return 0
}

// name returns the first of some keys that is a name or a list that begins with one.
func (o *object) name(keys ...string) string {
	for _, key := range keys {
		if s := o.text(key); s != "" {
			return s
		}
		var list []string
		if json.Unmarshal(o.values[key], &list) == nil && len(list) > 0 {
			return clean(list[0])
		}
	}
	return ""
}

// genaiHeader is how the CSV of genai-perf and AIPerf begins.
const genaiHeader = "Metric,avg,"

// csvMetric is the name of a row: "Time To First Token (ms)".
var csvMetric = pattern(`^(.*?) \(([^)]*)\)$`)

// genaiPerfCSV reads the tables of the CSV export: rows of statistics, then rows of one value. GPU telemetry, a third
// table, is left alone.
func genaiPerfCSV(records [][]string) (Run, error) {
	values := map[string]json.RawMessage{}
	var header []string
	for _, cells := range records {
		switch {
		case len(cells) > 1 && cells[0] == "Metric":
			header = cells
			continue
		case len(header) == 0:
			continue
		case len(cells) < 2 || cells[0] == "":
			continue
		}
		m := csvMetric().FindStringSubmatch(cells[0])
		if m == nil {
			continue
		}
		key := strings.ReplaceAll(strings.ToLower(m[1]), " ", "_")
		metric := map[string]string{}
		switch {
		case slices.Contains(header, "avg") && len(cells) < len(header):
			return Run{}, fmt.Errorf("%s: %s is missing: was the file cut off?", cells[0], header[len(cells)])
		case slices.Contains(header, "avg"):
			for i := 1; i < len(header); i++ {
				metric[header[i]] = cells[i]
			}
		default:
			metric["avg"] = cells[1]
		}
		if _, ok := timeUnits[strings.ToLower(m[2])]; ok {
			metric["unit"] = m[2]
		}
		if _, there := values[key]; !there {
			values[key], _ = json.Marshal(metric)
		}
	}
	o := newObject(values)
	r := genaiPerf(o)
	return r, o.Err()
}

// aiperfRecords reads AIPerf's file of single requests: the medians over them count.
type aiperfRecords struct {
	ttft, itl, latency, input, output []float64
}

func (a *aiperfRecords) add(o *object) error {
	m := o.object("metrics")
	for _, x := range []struct {
		key    string
		to     *[]float64
		isTime bool
	}{
		{"time_to_first_token", &a.ttft, true}, {"inter_token_latency", &a.itl, true}, {"request_latency", &a.latency, true},
		{"input_sequence_length", &a.input, false}, {"output_sequence_length", &a.output, false},
	} {
		if !m.has(x.key) {
			continue
		}
		metric := m.object(x.key)
		v := metric.count("value")
		if x.isTime {
			v = float64(metric.seconds("value", metric.unit()))
		}
		if len(*x.to) < mostSamples {
			*x.to = append(*x.to, v)
		}
	}
	return o.Err()
}

func (a *aiperfRecords) runs() ([]Run, error) {
	if len(a.latency)+len(a.ttft) == 0 {
		return nil, fmt.Errorf("metrics.time_to_first_token is missing")
	}
	r := Run{N: max(len(a.latency), len(a.ttft)), Spread: relativeSpread(a.itl), TTFT: unit.Seconds(median(a.ttft)), TPOT: unit.Seconds(median(a.itl)),
		Latency: unit.Seconds(median(a.latency)), ISL: math.Round(median(a.input)), OSL: math.Round(median(a.output))}
	r.took("medians of %d requests", r.N)
	r.took("%g/%g tokens", r.ISL, r.OSL)
	return []Run{r}, nil
}
