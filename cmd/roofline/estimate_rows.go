package main

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"roofline/estimate"
)

// row is the answer for one device: one result per load (nil where it is not known how large it is), or why there is none.
type row struct {
	target  estimate.Target
	results []*estimate.Result
	err     error // why there is no answer
}

// fits reports whether no load is known not to fit.
func (r *row) fits() bool { return r.unfit() == nil }

// unfit returns the estimate at the smallest load that does not fit, or nil.
func (r *row) unfit() *estimate.Result {
	for _, e := range r.results {
		if e != nil && e.Memory.Fits != nil && !*e.Memory.Fits {
			return e
		}
	}
	return nil
}

// within reports whether every load of which an answer is known meets the limits it was held against.
func (r *row) within() bool {
	return !slices.ContainsFunc(r.results, func(e *estimate.Result) bool { return e != nil && len(e.Missed()) > 0 })
}

// failed reports a row without an answer.
func (r *row) failed() bool { return r.err != nil }

// hold holds the answers against the limits.
func (c *estimateCmd) hold(rows []row) {
	for i := range rows {
		for _, e := range rows[i].results {
			if e != nil {
				e.Check(c.SLO)
			}
		}
	}
}

// missed says which limits the rows miss.
func missed(n namer, rows []row) (warnings []string) {
	for i := range rows {
		for _, e := range rows[i].results {
			if e == nil {
				continue
			}
			for _, v := range e.Missed() {
				warnings = append(warnings, fmt.Sprintf("%s, %s: %v", n.of(&rows[i].target), e.Workload, v))
			}
		}
	}
	return shortened(warnings)
}

// order sorts the rows as asked: those without a value, then those without an answer, come last.
func (c *estimateCmd) order(rows []row) {
	if c.Sort == "catalog" {
		return
	}
	slices.SortStableFunc(rows, func(a, b row) int {
		return cmp.Or(cmp.Compare(c.rank(&a), c.rank(&b)), cmp.Compare(speedRank(&a), speedRank(&b)))
	})
}

// rank is what rows are sorted by, least first.
func (c *estimateCmd) rank(r *row) float64 {
	if r.failed() {
		return math.Inf(1)
	}
	last := r.last()
	switch {
	case last == nil || last.Load != nil && !last.Load.Stable:
		return math.MaxFloat64
	case c.Sort == "latency":
		return float64(r.results[0].Latency.Expected)
	case c.Sort == "throughput":
		return speedRank(r)
	case last.Cost == nil || len(last.Cost.Per) == 0:
		return math.MaxFloat64
	}
	return float64(last.Cost.Per[0].Value)
}

// speedRank puts the highest throughput first.
func speedRank(r *row) float64 {
	if last := r.last(); last != nil {
		return -last.Throughput.Value
	}
	return math.Inf(1)
}

// last returns the result at the largest load, or nil.
func (r *row) last() *estimate.Result {
	if len(r.results) == 0 {
		return nil
	}
	return r.results[len(r.results)-1]
}
