package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strings"

	"roofline/cmd/roofline/internal/show"
	"roofline/estimate"
	"roofline/estimate/slo"
	"roofline/estimate/sweep"
	"roofline/hardware/unit"
)

// tierCell is the cheapest way to a speed on a device, or why there is none.
type tierCell struct {
	Device   string           `json:"device"`
	Speed    float64          `json:"tokens_per_s_per_user"`
	Cost     float64          `json:"usd_per_million,omitempty"`
	Estimate *estimate.Result `json:"estimate,omitempty"`
	Why      string           `json:"why,omitempty"` // there is none: can't run, does not fit, too slow, no price
}

// Why there is no way to a speed, the least first.
var excuses = []string{"can't run", "does not fit", "too slow", "over limit", "no price"}

// better reports whether a cell says more than another: a price, the lower the better, else the later excuse.
func (c *tierCell) better(o *tierCell) bool {
	if (c.Why == "") != (o.Why == "") {
		return c.Why == ""
	}
	if c.Why != "" {
		return slices.Index(excuses, c.Why) > slices.Index(excuses, o.Why)
	}
	return c.Cost < o.Cost
}

// tiers prints the cheapest configuration of every device at fixed speeds.
func (c *frontierCmd) tiers(s *session, p *space) error {
	if p.loaded.Language == nil {
		return fmt.Errorf("--tiers are tokens per second for each user; %s is a graph: recommend %s --slo latency=20ms", p.loaded.Name(), p.loaded.Name())
	}
	if p.loads != nil || c.By != nil {
		return fmt.Errorf("--tiers searches the loads and prints the cost: leave out --concurrency and --by")
	}
	speeds, err := loads("tiers", c.Tiers)
	if err != nil || slices.Contains(speeds, most) {
		return fmt.Errorf("--tiers %s: want tokens per second for each user, such as 30,50,75,100", c.Tiers)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	best := map[string][]tierCell{}
	var order []string
	err = sweep.Run(ctx, runtime.GOMAXPROCS(0), len(p.cases), func(i int) []tierCell { return c.cells(&p.cases[i], speeds) }, func(cells []tierCell) error {
		device := cells[0].Device
		if best[device] == nil {
			order = append(order, device)
			best[device] = cells
			return nil
		}
		for k := range cells {
			if cells[k].better(&best[device][k]) {
				best[device][k] = cells[k]
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("stopped before all %d combinations were tried", len(p.cases))
	}
	slices.SortStableFunc(order, func(a, b string) int { return compareTiers(best[a], best[b]) })
	return s.answer(c.tierAnswer(s, p, speeds, order, best))
}

// compareTiers puts the device that is cheapest at the first speed first, those without a price last.
func compareTiers(a, b []tierCell) int {
	for k := range a {
		x, y := math.Inf(1), math.Inf(1)
		if a[k].Why == "" {
			x = a[k].Cost
		}
		if b[k].Why == "" {
			y = b[k].Cost
		}
		if order := cmp.Compare(x, y); order != 0 {
			return order
		}
	}
	return 0
}

// cells asks one combination for the busiest load at every speed.
func (c *frontierCmd) cells(k *sweep.Case, speeds []float64) []tierCell {
	out := make([]tierCell, len(speeds))
	d, err := k.Deploy()
	for i, speed := range speeds {
		out[i] = tierCell{Device: k.Target.Device.ID, Speed: speed}
		cell := &out[i]
		if err != nil {
			cell.Why = excuses[0]
			continue
		}
		limits := append(slices.Clone(c.SLO), slo.Limit{Metric: slo.TPOT, Statistic: slo.Mean, Most: unit.Seconds(1 / speed)})
		load, e, err := sweep.Busiest(d, func(e *estimate.Result) bool { return limits.Met(e.Time) }, func(e *estimate.Result) float64 { return e.Throughput.Value })
		switch {
		case errors.Is(err, sweep.ErrMemory):
			cell.Why = excuses[1]
		case err != nil:
			cell.Why = excuses[0]
		case load == 0:
			cell.Why = excuses[2]
		case c.over(e):
			cell.Why = excuses[3]
		case math.IsNaN(money(e)):
			cell.Why = excuses[4]
		default:
			cell.Cost, cell.Estimate = money(e), e
		}
	}
	return out
}

// tierAnswer lays the table out.
func (c *frontierCmd) tierAnswer(s *session, p *space, speeds []float64, order []string, best map[string][]tierCell) *show.Answer {
	n := newNamer(s.catalog)
	d := c.head(s, p)
	t := show.Table{Columns: []show.Column{{Title: "device", Left: true, Shrink: 12}}}
	for _, speed := range speeds {
		group := fmt.Sprintf("≥ %g tok/s/user", speed)
		t.Columns = append(t.Columns, show.Column{Group: group, Title: perMillion(p.request)}, show.Column{Group: group, Title: "with", Left: true})
	}
	told := map[string]bool{}
	nothing := map[string][]string{}
	for _, device := range order {
		cells := best[device]
		row := []show.Cell{n[device]}
		priced := false
		for i := range cells {
			d.Tiers = append(d.Tiers, cells[i])
			if cells[i].Why != "" {
				row = append(row, show.Unknown, cells[i].Why)
				continue
			}
			priced = true
			row = append(row, cells[i].Cost, c.with(cells[i].Estimate))
		}
		if !priced && len(order) > mostTierRows {
			nothing[cells[0].Why] = append(nothing[cells[0].Why], n[device])
			continue
		}
		told[device] = true
		t.Add(row...)
	}
	a := &show.Answer{Sentence: tierSentence(n, speeds, order, best, p), Assumed: p.assumed(&c.decision), Tables: []show.Table{t}, JSON: d,
		Notes: []string{"each cell: the load of one replica that keeps the speed and the limits and puts through most, of the cheapest plan"}}
	for _, why := range excuses {
		if names := nothing[why]; len(names) > 0 {
			a.Notes = append(a.Notes, fmt.Sprintf("%s at %g tok/s/user: %s", why, speeds[0], list(names)))
		}
	}
	a.Warnings = p.warnings(s, n, &c.decision, func(t *estimate.Target) bool { return told[t.Device.ID] })
	return a
}

// mostTierRows is from how many devices on those without any price are only named.
const mostTierRows = 24

// with says what a cell's cost is of: TP4, and the format where there are several.
func (c *frontierCmd) with(e *estimate.Result) string {
	text := planned(e)
	if len(c.DType) > 1 {
		text += " " + e.Workload.DType.String()
	}
	return text
}

// tierSentence names the cheapest device at every speed.
func tierSentence(n namer, speeds []float64, order []string, best map[string][]tierCell, p *space) string {
	var parts []string
	for i, speed := range speeds {
		var cheapest *tierCell
		for _, device := range order {
			if cell := &best[device][i]; cell.Why == "" && (cheapest == nil || cell.better(cheapest)) {
				cheapest = cell
			}
		}
		if cheapest == nil {
			parts = append(parts, fmt.Sprintf("%g: none", speed))
			continue
		}
		parts = append(parts, fmt.Sprintf("%g: %s $%s", speed, n.deployed(cheapest.Estimate), unit.Number(cheapest.Cost, 3)))
	}
	return fmt.Sprintf("Cheapest per M %s at so many tok/s for each user: %s.", p.counted(), strings.Join(parts, "; "))
}
