package main

import (
	"fmt"
	"io"
	"strings"

	"roofline/catalog"
	"roofline/cmd/roofline/internal/deploy"
	"roofline/cmd/roofline/internal/show"
	"roofline/estimate"
	"roofline/estimate/chart"
	"roofline/hardware/dtype"
)

// whatifCmd asks what another device, runtime, price or load would change.
type whatifCmd struct {
	question     `embed:""`
	pictureFlags `embed:""`

	Set         []string  `help:"Another value for a field of the catalog (memory.bandwidth=4.8TB/s, matrix.bf16=*1.2, runtime.per-step=0us) or for a flag (osl=2k, dtype=fp8). Repeatable." placeholder:"FIELD=VALUE" sep:"none"`
	Sensitivity bool      `help:"By how many per cent latency, throughput and cost change for each per cent of bandwidth, peak, capacity, overhead, price …"`
	Require     []require `help:"The bandwidth, peak, capacity or price that a result takes: tpot=20ms, ttft, latency, throughput=5000, cost=0.5. Repeatable." placeholder:"METRIC=VALUE" sep:"none"`
}

// Help shows worked examples.
func (whatifCmd) Help() string {
	return `Examples:
  roofline whatif llama-3.1-8b --device h100-sxm --set memory.bandwidth=4.8TB/s
  roofline whatif llama-3.1-8b --device h100-sxm --set memory.capacity=*1.5 --set dtype=fp8
  roofline whatif llama-3.1-8b --device h100-sxm --concurrency 64 --sensitivity
  roofline whatif llama-3.1-70b --device h100-sxm --count 4 --concurrency 32 --require tpot=20ms
  roofline whatif resnet50 --device l4 --set memory.bandwidth=*2 -o my-l4.toml    a file for --catalog
  roofline whatif llama-3.1-8b --device h100-sxm -o decides.svg                   the elasticities as bars
Fields are those of roofline catalog show; those of what is around the device begin with runtime, link, system, site or
ownership.`
}

// whatif is the JSON of whatif.
type whatif struct {
	Schema      string             `json:"schema"`
	Version     string             `json:"version"`
	Catalog     string             `json:"catalog"`
	Command     string             `json:"command"`
	Device      string             `json:"device"`
	Set         []change           `json:"set,omitempty"`
	Before      []*estimate.Result `json:"before"`
	After       []*estimate.Result `json:"after,omitempty"`
	Differences []difference       `json:"differences,omitempty"`
	Sensitivity *sensitivities     `json:"sensitivity,omitempty"`
	Required    []requirement      `json:"required,omitempty"`
	Warnings    []string           `json:"warnings,omitempty"`
}

// Run answers with what is now, what would be, and what that depends on.
func (c *whatifCmd) Run(s *session) error {
	x, err := c.experiment(s)
	if err != nil {
		return err
	}
	if len(c.Set) == 0 && len(c.Require) == 0 || s.Format.IsPicture() {
		c.Sensitivity = true // nothing else was asked, or can be drawn
	}
	sets, err := x.settings(c.Set)
	if err != nil {
		return err
	}
	doc := whatif{Schema: "roofline.whatif/v1", Version: version(), Catalog: s.catalog.Version(), Command: s.command(),
		Device: x.before.target.Device.ID, Before: x.before.results}
	a := &show.Answer{Assumed: x.assumed(), JSON: &doc}
	if len(c.Set) > 0 {
		after, err := x.with(sets)
		if err != nil {
			return err
		}
		if s.Format == show.TOML {
			return s.write(func(w io.Writer) error { return writeHypothesis(w, s, x, after) })
		}
		doc.Set, doc.After = after.changes, after.row.results
		doc.Differences = differencesOf(x.before.results, after.row.results)
		x.showSet(a, &doc, after)
		x = x.from(after) // what else is asked is asked of what would be
	} else if s.Format == show.TOML {
		return fmt.Errorf("-o %s: there is no other device without --set", s.Output)
	}
	if c.Sensitivity {
		doc.Sensitivity = x.sensitivities()
		x.showSensitivity(a, doc.Sensitivity)
		a.Picture = c.draw(func() chart.Chart { return x.bars(a, doc.Sensitivity) })
	}
	for i := range c.Require {
		r, err := x.require(&c.Require[i])
		if err != nil {
			return err
		}
		doc.Required = append(doc.Required, *r)
		x.showRequired(a, r)
	}
	doc.Warnings = a.Warnings
	if err := s.answer(a); err != nil {
		return err
	}
	if c.Count > 0 && !x.before.fits() { // where values were set, before is after them
		return errDoesNotFit
	}
	return nil
}

// experiment is one device with its load, asked again and again with other values. The deployment stays what it was: as
// many devices, spread in the same way.
type experiment struct {
	s        *session
	catalog  *catalog.Catalog
	question question
	loaded   *deploy.Loaded
	graphs   *fused
	about    catalog.Subject
	before   row
	asked    *asked
}

// experiment answers the question as it stands.
func (c *whatifCmd) experiment(s *session) (*experiment, error) {
	loaded, err := c.load(s)
	if err != nil {
		return nil, err
	}
	x := &experiment{s: s, catalog: s.catalog, question: c.question, loaded: loaded, graphs: new(fused)}
	if loaded.Graph != nil && c.Batch == "" {
		x.question.Batch = "1"
	}
	x.asked, err = x.question.ask(s, loaded, x.graphs)
	if err != nil {
		return nil, err
	}
	if len(x.asked.rows) != 1 {
		return nil, fmt.Errorf("whatif asks about one device at a time; --device %s names %d", c.Device, len(x.asked.rows))
	}
	x.before = x.asked.rows[0]
	if x.before.failed() {
		return nil, x.before.err
	}
	for _, r := range x.before.results {
		if r == nil {
			return nil, fmt.Errorf("%s: %w", x.before.target.Device.ID, estimate.ErrCapacity)
		}
	}
	x.about, err = x.asked.deployer.Subject(&x.before.target)
	return x, err
}

// held returns the question with the deployment and the number format that were found for it.
func (x *experiment) held() question {
	q := x.question
	t := &x.before.target
	q.Count = t.Count
	if w := x.before.results[0].Workload; x.loaded.Graph != nil && q.DType == dtype.Unknown {
		q.DType, q.ActDType = w.DType, w.ActDType
	}
	if x.loaded.Language != nil {
		p := t.Plan.Filled()
		q.TP, q.PP, q.EP, q.DP = degree(p.TP), p.PP, p.EP, p.DP
	}
	return q
}

// altered is what the device would do with other values.
type altered struct {
	question question
	catalog  *catalog.Catalog
	changes  []change
	file     []byte // that makes the same of the catalog
	row      row
}

// change is a value that was set.
type change struct {
	Kind   string `json:"kind"` // device, runtime, link, system, site, ownership, or flag
	ID     string `json:"id,omitempty"`
	Field  string `json:"field"`
	Before string `json:"before,omitempty"` // absent: not known, or left to the tool
	After  string `json:"after"`
}

// path is how --set names what was changed.
func (c *change) path() string {
	switch c.Kind {
	case "device", "flag":
		return c.Field
	case "system":
		if strings.HasPrefix(c.Field, "link.") {
			return c.Field
		}
	case "link":
		return "link." + c.ID + "." + c.Field
	}
	return c.Kind + "." + c.Field
}

// with answers the question with other values.
func (x *experiment) with(set settings) (*altered, error) {
	a := &altered{question: set.question}
	var changes []catalog.Supposed
	var err error
	if a.catalog, changes, a.file, err = x.catalog.Suppose(x.about, set.fields...); err != nil {
		return nil, x.unknown(err)
	}
	for _, c := range changes {
		a.changes = append(a.changes, change{c.Section, c.ID, c.Field, c.Before, c.After})
	}
	a.changes = append(a.changes, set.flags...)
	a.row, err = x.answer(set.question, a.catalog)
	return a, err
}

// answer answers a question from a catalog.
func (x *experiment) answer(q question, k *catalog.Catalog) (row, error) {
	s := *x.s
	s.catalog = k
	found, err := q.ask(&s, x.loaded, x.graphs)
	if err != nil {
		return row{}, err
	}
	if len(found.rows) != 1 || found.rows[0].failed() {
		return row{}, fmt.Errorf("nothing can run this with the values that were set")
	}
	return found.rows[0], nil
}

// from continues an experiment where values were set.
func (x *experiment) from(a *altered) *experiment {
	next := *x
	next.catalog, next.question, next.before = a.catalog, a.question, a.row
	return &next
}

// fixed returns the question at the loads that were found, so that no change of a value changes them.
func (x *experiment) fixed() question {
	q := x.held()
	var loads []string
	for _, r := range x.before.results {
		if x.loaded.Graph != nil {
			loads = append(loads, fmt.Sprintf("%.0f", r.Workload.Batch))
		} else {
			loads = append(loads, fmt.Sprintf("%.0f", r.Workload.Concurrency))
		}
	}
	switch {
	case x.loaded.Graph != nil:
		q.Batch = strings.Join(loads, ",")
	case x.asked.step == nil:
		q.Concurrency = strings.Join(loads, ",")
	}
	return q
}

// assumed says in one line what is asked about.
func (x *experiment) assumed() string {
	n := newNamer(x.s.catalog)
	t := &x.before.target
	parts := []string{x.loaded.Name(), n.of(t)}
	r := x.before.results[0]
	if x.loaded.Language != nil {
		parts = append(parts, plan(t))
	}
	parts = append(parts, r.Workload.DType.String())
	if x.loaded.Language != nil && x.asked.step == nil {
		parts = append(parts, fmt.Sprintf("%v/%v tokens in/out", tokens(x.asked.request.ISL), tokens(x.asked.request.OSL)))
	}
	return strings.Join(append(parts, "runtime "+t.Runtime.ID), " · ")
}
