// Package slo holds service-level objectives: the most that a time may take under load, in its mean or a percentile.
package slo

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"roofline/hardware/unit"
)

// Metric is a time that users feel.
type Metric string

// The metrics that can be limited.
const (
	TTFT    Metric = "ttft"    // from arrival to the first token
	TPOT    Metric = "tpot"    // per token after the first
	Latency Metric = "latency" // a request end to end; of a graph one batch
)

// Statistic says of which requests a limit speaks.
type Statistic string

// The statistics that can be limited. A percentile is over requests.
const (
	Mean Statistic = "mean"
	P95  Statistic = "p95"
	P99  Statistic = "p99"
)

// metrics are the names of the metrics, other tools' too.
var metrics = map[string]Metric{"ttft": TTFT, "tpot": TPOT, "itl": TPOT, "latency": Latency, "e2e": Latency, "e2el": Latency}

var statistics = []Statistic{Mean, P95, P99}

// Presets are named limits that can stand in place of any.
var Presets = map[string]Limits{
	"interactive": {{TTFT, Mean, 0.450}, {TPOT, Mean, 0.040}},
	"chat":        {{TTFT, Mean, 2}, {TPOT, Mean, 0.050}},
}

// Quantity is what is limited: a statistic of a metric.
type Quantity struct {
	Metric    Metric
	Statistic Statistic
}

// String names a quantity: ttft, or ttft.p95. Where nothing is said the mean is meant.
func (q Quantity) String() string {
	if q.Statistic == Mean {
		return string(q.Metric)
	}
	return string(q.Metric) + "." + string(q.Statistic)
}

// Limit is the most a statistic of a metric may be.
type Limit struct {
	Metric    Metric
	Statistic Statistic
	Most      unit.Seconds
}

// Quantity returns what is limited.
func (l Limit) Quantity() Quantity { return Quantity{l.Metric, l.Statistic} }

// String prints a limit as it can be read: ttft.p95=1s.
func (l Limit) String() string {
	if l.Most < 1 {
		return fmt.Sprintf("%v=%sms", l.Quantity(), strconv.FormatFloat(float64(l.Most)*1e3, 'g', 6, 64))
	}
	return fmt.Sprintf("%v=%ss", l.Quantity(), strconv.FormatFloat(float64(l.Most), 'g', -1, 64))
}

// Limits are what a service has to keep, at most one for each quantity. None is no limit.
type Limits []Limit

// String prints limits as they can be read: ttft=2s,tpot.p95=50ms.
func (ls Limits) String() string {
	parts := make([]string, len(ls))
	for i := range ls {
		parts[i] = ls[i].String()
	}
	return strings.Join(parts, ",")
}

// Of returns the limits on a metric.
func (ls Limits) Of(m Metric) (out Limits) {
	for _, l := range ls {
		if l.Metric == m {
			out = append(out, l)
		}
	}
	return out
}

// UnmarshalText reads limits such as ttft=2s,tpot.p95=50ms, vLLM's ttft:2000 in milliseconds, and presets. What is said
// beside a preset replaces what the preset says of the same quantity.
func (ls *Limits) UnmarshalText(text []byte) error {
	var preset, said Limits
	for _, part := range strings.Split(string(text), ",") {
		part = strings.ToLower(strings.TrimSpace(part))
		if p, ok := Presets[part]; ok {
			if preset != nil {
				return fmt.Errorf("%s: a second preset; want one", part)
			}
			preset = p
			continue
		}
		l, err := parse(part)
		if err != nil {
			return err
		}
		if said.has(l.Quantity()) {
			return fmt.Errorf("%s: %v is limited twice", part, l.Quantity())
		}
		said = append(said, l)
	}
	out := Limits{}
	for _, l := range preset {
		if !said.has(l.Quantity()) {
			out = append(out, l)
		}
	}
	*ls = append(out, said...)
	return nil
}

func (ls Limits) has(q Quantity) bool {
	return slices.ContainsFunc(ls, func(l Limit) bool { return l.Quantity() == q })
}

// longest is more than anybody waits: a day.
const longest = 86400

// parse reads one limit.
func parse(text string) (Limit, error) {
	i := strings.IndexAny(text, "=:")
	if i < 0 {
		return Limit{}, fmt.Errorf("%q: want a limit such as ttft=2s or tpot.p95=50ms, or interactive or chat", text)
	}
	name, value := strings.TrimSpace(text[:i]), strings.TrimSpace(text[i+1:])
	metric, statistic, said := strings.Cut(name, ".")
	l := Limit{Metric: metrics[metric], Statistic: Mean}
	if l.Metric == "" {
		return l, fmt.Errorf("%s: no time %q; want ttft, tpot or latency", text, metric)
	}
	if said {
		l.Statistic = Statistic(statistic)
	}
	if !slices.Contains(statistics, l.Statistic) {
		return l, fmt.Errorf("%s: no statistic %q; want mean, p95 or p99, the mean where nothing is said", text, statistic)
	}
	if bare, err := strconv.ParseFloat(value, 64); err == nil {
		if text[i] == '=' {
			return l, fmt.Errorf("%s: needs a unit, such as %sms (a bare number is milliseconds only after a colon)", text, value)
		}
		l.Most = unit.Seconds(bare / 1e3)
	} else if err := l.Most.UnmarshalText([]byte(value)); err != nil {
		return l, fmt.Errorf("%s: %q is not a time: want one such as 50ms or 2s", text, value)
	}
	if !(l.Most > 0) || l.Most > longest || math.IsNaN(float64(l.Most)) {
		return l, fmt.Errorf("%s: want more than 0 and at most a day", text)
	}
	return l, nil
}

// Verdict is a limit held against what is expected.
type Verdict struct {
	Limit string       `json:"limit"`             // such as ttft.p95: the mean where no percentile is named
	Most  unit.Seconds `json:"at_most_s"`         //
	Value unit.Seconds `json:"value_s,omitempty"` // absent: there is none, such as a time that grows without end
	Met   bool         `json:"met"`
}

// String says in words how a limit fares: "ttft.p95 1.2 s, above 1 s".
func (v Verdict) String() string {
	switch {
	case v.Met:
		return fmt.Sprintf("%s %v, within %v", v.Limit, v.Value, v.Most)
	case v.Value == 0:
		return fmt.Sprintf("%s without end, above %v", v.Limit, v.Most)
	}
	return fmt.Sprintf("%s %v, above %v", v.Limit, v.Value, v.Most)
}

// Check holds the limits against what is expected of each quantity: infinite where it grows without end, not a number
// where there is nothing to limit, such as the time per token after the first of one token.
func (ls Limits) Check(expected func(Quantity) unit.Seconds) []Verdict {
	var out []Verdict
	for _, l := range ls {
		value := expected(l.Quantity())
		v := Verdict{Limit: l.Quantity().String(), Most: l.Most, Met: !(value > l.Most)}
		if f := float64(value); !math.IsNaN(f) && !math.IsInf(f, 0) {
			v.Value = value
		}
		out = append(out, v)
	}
	return out
}

// Met reports whether all limits are.
func (ls Limits) Met(expected func(Quantity) unit.Seconds) bool {
	for _, l := range ls {
		if expected(l.Quantity()) > l.Most {
			return false
		}
	}
	return true
}
