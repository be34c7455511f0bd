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
	"roofline/hardware/dtype"
	"roofline/hardware/unit"
)

// tierCell is the cheapest way to a speed on a device, or why there is none.
type tierCell struct {
	Device   string           `json:"device"`
	DType    dtype.DType      `json:"dtype,omitzero"` // of the weights; absent: the model's, where no answer names it
	Speed    float64          `json:"tokens_per_s_per_user"`
	Cost     float64          `json:"usd_per_million,omitempty"`
	Estimate *estimate.Result `json:"estimate,omitempty"`
	Why      string           `json:"why,omitempty"` // there is none: one of the excuses
}

// Why there is no way to a speed, the least first.
var excuses = []string{cantRun, memoryUnknown, doesNotFit, tooSlow, overLimit, noPrice}

const (
	cantRun       = "can't run"
	memoryUnknown = "memory unknown"
	doesNotFit    = "does not fit"
	tooSlow       = "too slow"
	overLimit     = "over limit"
	noPrice       = "no price"
)

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

// tierRow is a row of the table: number formats are told apart, because they do not compute the same.
type tierRow struct {
	device string
	dtype  dtype.DType
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
	best := map[tierRow][]tierCell{}
	var order []tierRow
	err = sweep.Run(ctx, runtime.GOMAXPROCS(0), len(p.cases), func(i int) []tierCell { return c.cells(&p.cases[i], speeds) }, func(cells []tierCell) error {
		k := tierRow{cells[0].Device, cells[0].DType}
		if best[k] == nil {
			order = append(order, k)
			best[k] = cells
			return nil
		}
		for i := range cells {
			if cells[i].better(&best[k][i]) {
				best[k][i] = cells[i]
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("stopped before all %d combinations were tried", len(p.cases))
	}
	slices.SortStableFunc(order, func(a, b tierRow) int { return compareTiers(best[a], best[b]) })
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
		out[i] = tierCell{Device: k.Target.Device.ID, DType: k.DType, Speed: speed}
		cell := &out[i]
		if err != nil {
			cell.Why = cantRun
			continue
		}
		limits := append(slices.Clone(c.SLO), slo.Limit{Metric: slo.TPOT, Statistic: slo.Mean, Most: unit.Seconds(1 / speed)})
		load, e, err := sweep.Busiest(d, func(e *estimate.Result) bool { return limits.Met(e.Time) }, func(e *estimate.Result) float64 { return e.Throughput.Value })
		switch {
		case errors.Is(err, sweep.ErrMemory):
			cell.Why = doesNotFit
		case errors.Is(err, estimate.ErrCapacity):
			cell.Why = memoryUnknown
		case err != nil:
			cell.Why = cantRun
		case load == 0:
			cell.Why = tooSlow
		case c.over(e):
			cell.Why = overLimit
		case math.IsNaN(money(e)):
			cell.Why = noPrice
		default:
			cell.Cost, cell.Estimate = money(e), e
		}
	}
	return out
}

// tierAnswer lays the table out.
func (c *frontierCmd) tierAnswer(s *session, p *space, speeds []float64, order []tierRow, best map[tierRow][]tierCell) *show.Answer {
	n := newNamer(s.catalog)
	d := c.head(s, p)
	told := map[string]bool{}
	nothing := map[string][]string{}
	var rows []tierRow
	for _, k := range order {
		cells := best[k]
		d.Tiers = append(d.Tiers, cells...)
		priced := slices.ContainsFunc(cells, func(x tierCell) bool { return x.Why == "" })
		if !priced && len(order) > mostTierRows {
			nothing[cells[0].Why] = append(nothing[cells[0].Why], n[k.device])
			continue
		}
		told[k.device] = true
		rows = append(rows, k)
	}
	a := &show.Answer{Sentence: tierSentence(n, speeds, order, best, p), Assumed: p.assumed(&c.decision), JSON: d,
		Notes: []string{"each cell: the load of one replica that keeps the speed and the limits and puts through most, of the cheapest plan"}}
	abreast := len(speeds)
	if s.Format == show.Text && !s.Wide {
		abreast = mostTiersAbreast
	}
	for from := 0; from < len(speeds); from += abreast {
		a.Tables = append(a.Tables, c.tierTable(n, p, rows, best, from, min(from+abreast, len(speeds))))
	}
	for _, why := range excuses {
		if names := nothing[why]; len(names) > 0 {
			a.Notes = append(a.Notes, fmt.Sprintf("%s at %g tok/s/user: %s", why, speeds[0], list(names)))
		}
	}
	a.Warnings = p.warnings(s, n, &c.decision, p.targets(func(device string) bool { return told[device] }))
	return a
}

// mostTiersAbreast is how many speeds have room beside each other.
const mostTiersAbreast = 4

// tierTable shows some of the speeds.
func (c *frontierCmd) tierTable(n namer, p *space, rows []tierRow, best map[tierRow][]tierCell, from, to int) show.Table {
	t := show.Table{Columns: []show.Column{{Title: "device", Left: true, Shrink: 12}}}
	if len(c.DType) > 1 {
		t.Columns = append(t.Columns, show.Column{Title: "dtype", Left: true})
	}
	for i := from; i < to && len(rows) > 0; i++ {
		group := fmt.Sprintf("≥ %g tok/s/user", best[rows[0]][i].Speed)
		t.Columns = append(t.Columns, show.Column{Group: group, Title: perMillion(p.request)}, show.Column{Group: group, Title: "with", Left: true})
	}
	for _, k := range rows {
		cells := []show.Cell{n[k.device]}
		if len(c.DType) > 1 {
			cells = append(cells, k.dtype.String())
		}
		for _, cell := range best[k][from:to] {
			if cell.Why != "" {
				cells = append(cells, show.Unknown, cell.Why)
			} else {
				cells = append(cells, cell.Cost, planned(cell.Estimate))
			}
		}
		t.Add(cells...)
	}
	return t
}

// mostTierRows is from how many devices on those without any price are only named.
const mostTierRows = 24

// tierSentence names the cheapest device at every speed.
func tierSentence(n namer, speeds []float64, order []tierRow, best map[tierRow][]tierCell, p *space) string {
	var parts []string
	for i, speed := range speeds {
		var cheapest *tierCell
		for _, k := range order {
			if cell := &best[k][i]; cell.Why == "" && (cheapest == nil || cell.better(cheapest)) {
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
