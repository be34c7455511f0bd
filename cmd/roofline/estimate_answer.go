package main

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"roofline/catalog"
	"roofline/cmd/roofline/internal/show"
	"roofline/estimate"
	"roofline/hardware"
	"roofline/hardware/unit"
)

// document is the JSON of `estimate`.
type document struct {
	Schema      string             `json:"schema"`
	Version     string             `json:"version"`
	Catalog     string             `json:"catalog"`
	Command     string             `json:"command"`
	Assumptions []assumption       `json:"assumptions"`
	Estimates   []*estimate.Result `json:"estimates"`
}

// assumption is a value the answer rests on that the user did not give.
type assumption struct {
	Name   string `json:"name"`
	Value  any    `json:"value"`
	Source string `json:"source,omitempty"`
	Status string `json:"status,omitempty"`
}

func newDocument(s *session, rows []row, assumed ...assumption) *document {
	d := &document{Schema: "roofline.estimate/v1", Version: version(), Catalog: s.catalog.Version(), Command: s.command(),
		Assumptions: append([]assumption{}, assumed...), Estimates: []*estimate.Result{}}
	if used, _ := s.calibrations.Used(); used != "" {
		d.assume(assumption{Name: "calibration", Value: used, Source: strings.Join(s.Calibration, ","), Status: "measured"})
	}
	for i := range rows {
		r := &rows[i]
		if !r.failed() {
			for _, x := range r.target.Terms.Assumptions {
				d.assume(assumption{x.Name, x.Value, x.Origin.Source, string(x.Origin.Status)})
			}
		}
		if r.failed() || slices.Contains(r.results, nil) {
			reason := "full load: memory capacity is not known"
			if r.failed() {
				reason = r.err.Error()
			}
			d.Estimates = append(d.Estimates, &estimate.Result{Device: r.target.Device.ID, Count: r.target.Count,
				Replicas: r.target.Replicas(), Runtime: r.target.Runtime.ID, Unavailable: reason,
				Plan: estimate.Plan(r.target.Plan.Filled())})
		}
		for _, e := range r.results {
			if e != nil {
				d.Estimates = append(d.Estimates, e)
			}
		}
	}
	return d
}

// assume adds an assumption unless it is there already.
func (d *document) assume(a assumption) {
	if !slices.Contains(d.Assumptions, a) {
		d.Assumptions = append(d.Assumptions, a)
	}
}

// namer prints the shortest unambiguous names of devices.
type namer map[string]string

func newNamer(c *catalog.Catalog) namer {
	ids := make([]string, len(c.Devices))
	for i := range c.Devices {
		ids[i] = c.Devices[i].ID
	}
	return catalog.ShortNames(ids)
}

// of returns the name of a target's device, with how many there are.
func (n namer) of(t *estimate.Target) string {
	name := n[t.Device.ID]
	if t.Count > 1 {
		return fmt.Sprintf("%d × %s", t.Count, name)
	}
	return name
}

// plan names how a language model is spread: TP8, TP4·PP2, or 2×TP4 for two replicas.
func plan(t *estimate.Target) string {
	p := t.Plan.String()
	if r := t.Replicas(); r > 1 {
		p = fmt.Sprintf("%d×%s", r, p)
	}
	return p
}

// staleAfter is the age from which a price is marked.
const staleAfter = 6 // months

// stale reports a price older than six months.
func (s *session) stale(date string) bool {
	for _, layout := range []string{"2006-01-02", "2006-01", "2006"} {
		if t, err := time.Parse(layout, date); err == nil {
			return t.AddDate(0, staleAfter, 0).Before(s.now)
		}
	}
	return true
}

// priceNotes says which devices have no price and which prices are old, and when the others are of.
func (s *session) priceNotes(n namer, rows []row, kind hardware.PriceKind) (asOf string, warnings []string) {
	var missing, old, idle []string
	first, last := "", ""
	for i := range rows {
		r := &rows[i]
		if r.failed() {
			continue
		}
		p := r.target.Terms
		switch {
		case !p.Priced():
			missing = append(missing, n.of(&r.target))
			continue
		case p.AsOf == "": // given by the user
			continue
		case s.stale(p.AsOf):
			old = append(old, fmt.Sprintf("%s (%s)", n.of(&r.target), p.AsOf))
		}
		if p.Idle > 0 {
			idle = append(idle, fmt.Sprintf("%s (%d idle)", n.of(&r.target), p.Idle))
		}
		if first == "" || p.AsOf < first {
			first = p.AsOf
		}
		last = max(last, p.AsOf)
	}
	give, blocks := "--usd-per-hour", "rented only in larger blocks"
	if kind == hardware.PurchaseBuy {
		give, blocks = "purchase.price in a --catalog file", "sold only as larger machines"
	}
	switch {
	case first != "" && first == last:
		asOf = "of " + first
	case first != "":
		asOf = "of " + first + " to " + last
	}
	if len(missing) > 0 {
		warnings = append(warnings, "no price in the catalog: "+list(missing)+"; give one with "+give)
	}
	if len(old) > 0 {
		warnings = append(warnings, "price older than six months: "+list(old)+"; give today's with "+give)
	}
	if len(idle) > 0 {
		warnings = append(warnings, blocks+", idle devices paid for: "+list(idle)+"; use more with --count")
	}
	return asOf, warnings
}

// mostListed is how many names a warning lists.
const mostListed = 8

// list joins names, the first few of many.
func list(names []string) string {
	if len(names) > mostListed {
		return strings.Join(names[:mostListed], ", ") + fmt.Sprintf(" and %d more", len(names)-mostListed)
	}
	return strings.Join(names, ", ")
}

// failures says in one line per reason which rows have no answer.
func failures(n namer, rows []row) (warnings []string) {
	for i := range rows {
		if r := &rows[i]; r.failed() {
			warnings = append(warnings, strings.ReplaceAll(r.err.Error(), r.target.Device.ID, n[r.target.Device.ID]))
		}
	}
	return shortened(warnings)
}

// nothingRuns is the answer where there is none.
const nothingRuns = "Nothing that was asked for can hold and run this; the reasons are below."

// unfit says of the rows that do not fit how much they need, and what to do about it.
func unfit(n namer, rows []row, remedy string) (warnings []string) {
	for i := range rows {
		if e := rows[i].unfit(); e != nil {
			warnings = append(warnings, fmt.Sprintf("%s: does not fit, %s needed and %s there on each device; %s",
				n.of(&rows[i].target), e.Memory.Total, e.Memory.Capacity, remedy))
		}
	}
	return shortened(warnings)
}

// rowWarnings returns what is to be said of rows that have an answer; advice is for those that do not fit.
func rowWarnings(n namer, rows []row, advice string, prices []string) []string {
	return slices.Concat(missed(n, rows), unfit(n, rows, advice), resultWarnings(n, rows), prices, gaps(rows), deviceNotes(n, rows))
}

// resultWarnings returns what the estimates warn of, each once per device.
func resultWarnings(n namer, rows []row) (warnings []string) {
	for i := range rows {
		for _, e := range rows[i].results {
			if e == nil {
				continue
			}
			for _, w := range e.Warnings {
				if text := n.of(&rows[i].target) + ": " + w; !slices.Contains(warnings, text) {
					warnings = append(warnings, text)
				}
			}
		}
	}
	return shortened(warnings)
}

// shortened keeps a list of warnings readable.
func shortened(warnings []string) []string {
	if more := len(warnings) - mostListed; more > 0 {
		warnings = append(warnings[:mostListed], fmt.Sprintf("%d more rows like these; --format json has all", more))
	}
	return warnings
}

// deviceNotes warns of catalog values of the devices in the answer that decide it and should be doubted.
func deviceNotes(n namer, rows []row) (warnings []string) {
	var unverified, nominal []string
	for i := range rows {
		r := &rows[i]
		if r.failed() {
			continue
		}
		d := r.target.Device
		for _, field := range []string{"memory.bandwidth", "matrix", "vector"} {
			if o := d.Of(field); o.Status == "unverified" {
				unverified = append(unverified, n[d.ID])
				break
			}
		}
		if c, isNominal := r.target.Capacity(); isNominal && c > 0 {
			nominal = append(nominal, n[d.ID])
		}
	}
	if len(unverified) > 0 {
		warnings = append(warnings, "peak or bandwidth from memory, unverified: "+list(unverified)+"; see roofline catalog show")
	}
	if len(nominal) > 0 && len(rows) > 0 {
		warnings = append(warnings, "memory is the label's, the driver's figure is not known: "+list(nominal))
	}
	return warnings
}

// basisNote says what the bands rest on.
func basisNote(rows []row) string {
	seen := map[string]bool{}
	var out []string
	for i := range rows {
		for _, e := range rows[i].results {
			if e == nil || seen[e.Basis.Class] {
				continue
			}
			seen[e.Basis.Class] = true
			text := e.Basis.Class
			if e.Basis.Measurements > 0 {
				text += fmt.Sprintf(", %d measurements", e.Basis.Measurements)
				if e.Basis.Coverage > 0 {
					text += fmt.Sprintf(", %.0f %% inside", 100*e.Basis.Coverage)
				}
			} else {
				text += " (assumed, wide)"
			}
			out = append(out, text)
		}
	}
	if len(out) == 0 {
		return ""
	}
	return "bands: " + strings.Join(out, "; ")
}

// percent prints a share: "49 %".
func percent(share float64) string {
	if math.IsNaN(share) {
		return "–"
	}
	p := 100 * share
	if p > 0 && p < 1 {
		return "<1 %"
	}
	return fmt.Sprintf("%.0f %%", p)
}

// memoryUse prints footprint ÷ capacity.
func memoryUse(e *estimate.Result) string {
	switch m := e.Memory; {
	case m.Fits == nil:
		return "–"
	case !*m.Fits:
		return percent(m.Ratio) + " !"
	default:
		return percent(m.Ratio)
	}
}

// money prints an amount with three significant digits, or "–".
func money(e *estimate.Result) float64 {
	if e.Cost == nil || len(e.Cost.Per) == 0 {
		return show.Unknown
	}
	return float64(e.Cost.Per[0].Value)
}

func seconds(t unit.Seconds) float64 { return float64(t) }

// best returns the row with the least value, or nil; rows for which value is not known don't take part.
func best(rows []row, value func(*row) float64) *row {
	var least *row
	for i := range rows {
		r := &rows[i]
		if r.failed() || !r.fits() || r.results[0] == nil {
			continue
		}
		if v := value(r); !math.IsNaN(v) && (least == nil || v < value(least)) {
			least = r
		}
	}
	return least
}

// parameters prints a parameter count: 25.6 M, 8.03 B.
func parameters(n float64) string {
	switch {
	case n >= 1e9:
		return unit.Number(n/1e9, 3) + " B parameters"
	case n >= 1e6:
		return unit.Number(n/1e6, 3) + " M parameters"
	}
	return unit.Group(fmt.Sprintf("%.0f", n)) + " parameters"
}
