package main

import (
	"cmp"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"roofline/catalog"
	"roofline/cmd/roofline/internal/deploy"
	"roofline/cmd/roofline/internal/show"
	"roofline/estimate"
	"roofline/estimate/chart"
	"roofline/estimate/parallel"
	"roofline/estimate/runtime"
	"roofline/estimate/validate"
	"roofline/hardware"
	"roofline/hardware/unit"
	"roofline/model"
	"roofline/model/transformer"
)

// validateCmd compares predictions with measurements.
type validateCmd struct {
	From         []string `help:"Add measurements of your own: a CSV file as docs/accuracy.md describes, or what a benchmark wrote, as docs/calibration.md lists. Repeatable." placeholder:"FILE"`
	Device       string   `help:"Only measurements on these devices: names, a comma list, a glob, or all." default:"all" placeholder:"ID"`
	pictureFlags `embed:""`
	runFlags     `embed:""`

	By []string `help:"Group by: ${enum}. A comma list groups by all of them." enum:"quantity,class,phase,device,runtime,model,format,limit,source" default:"quantity" placeholder:"KEY"`
}

// Help shows worked examples.
func (validateCmd) Help() string {
	return `Examples:
  roofline validate
  roofline validate --by device,quantity
  roofline validate --device h100-sxm --by runtime,model
  roofline validate --from my-runs.csv --by source
  roofline validate --from vllm-serve.json --model llama-3.1-8b --device h100-sxm --by source,quantity
  roofline validate --format csv -o rows.csv      one row per measurement`
}

// Run answers how right the predictions are.
func (c *validateCmd) Run(s *session) error {
	ms, err := c.measurements(s)
	if err != nil {
		return err
	}
	w := newWorld(s.catalog)
	w.calibrations = s.calibrations
	report := validate.Run(ms, w)
	if len(report.Points) == 0 {
		if len(report.Skipped) > 0 {
			return fmt.Errorf("no measurement could be predicted: %s", report.Skipped[0].Reason)
		}
		return fmt.Errorf("no measurements on %s: roofline validate --by device lists the devices there are", c.Device)
	}
	groups := report.By(c.keys()...)
	n := newNamer(s.catalog)
	a := &show.Answer{
		Sentence: accuracySentence(report),
		Assumed:  "Error: |expected ÷ measured − 1| · bias above 0: predicted too slow · inside: from low to high.",
		Tables:   []show.Table{groupTable(n, c.By, groups)},
		Notes:    []string{"--format csv: every measurement · --by " + strings.Join(keyNames, ",")},
		Warnings: validateWarnings(n, report),
		JSON:     validateDocument{"roofline.validate/v1", s.catalog.Version(), c.By, validate.Summarize(report.All()), groups, report},
	}
	if s.Format == show.CSV {
		a.Tables = []show.Table{pointTable(report)}
	}
	a.Picture = c.draw(func() chart.Chart { return c.scatter(s, a, groups) })
	return s.answer(a)
}

// keyNames are the keys of --by, in the order people read them in.
var keyNames = []string{"quantity", "class", "phase", "device", "runtime", "model", "format", "limit", "source"}

func (c *validateCmd) keys() []validate.Key {
	keys := make([]validate.Key, len(c.By))
	for i, name := range c.By {
		keys[i] = validate.Keys[name]
	}
	return keys
}

// measurements returns the published measurements and the user's, on the devices asked for.
func (c *validateCmd) measurements(s *session) ([]validate.Measurement, error) {
	ms, err := shipped(catalog.Measurements())
	if err != nil {
		return nil, err
	}
	for _, name := range c.From {
		own, err := c.own(s, name)
		if err != nil {
			return nil, err
		}
		for i := range own {
			if own[i].Source == "" {
				own[i].Source = name
			}
		}
		ms = append(ms, own...)
	}
	return c.onDevices(s, ms)
}

// shipped reads the tables that ship with the catalog.
func shipped(files fs.FS) ([]validate.Measurement, error) {
	names, err := fs.Glob(files, "measurements/*.csv")
	if err != nil {
		return nil, err
	}
	var all []validate.Measurement
	for _, name := range names {
		f, err := files.Open(name)
		ms, err := readTable(name, f, err)
		if err != nil {
			return nil, err
		}
		all = append(all, ms...)
	}
	return all, nil
}

// readTable reads and closes a table that was opened.
func readTable(name string, f fs.File, err error) ([]validate.Measurement, error) {
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return validate.Read(name, f)
}

// onDevices gives devices their ids and keeps the measurements on those asked for.
func (c *validateCmd) onDevices(s *session, ms []validate.Measurement) ([]validate.Measurement, error) {
	d := deploy.Deployer{Catalog: s.catalog, Wish: deploy.Wish{Devices: c.Device}}
	wanted, err := d.Devices()
	if err != nil {
		return nil, err
	}
	ids := map[string]string{} // by the name in the table; "" where the device is not wanted
	var out []validate.Measurement
	for _, m := range ms {
		id, known := ids[m.Device]
		if !known {
			dev, err := s.catalog.Find(m.Device)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", m.Place, err)
			}
			if slices.ContainsFunc(wanted, func(w hardware.Device) bool { return w.ID == dev.ID }) {
				id = dev.ID
			}
			ids[m.Device] = id
		}
		if id != "" {
			m.Device = id
			out = append(out, m)
		}
	}
	return out, nil
}

// accuracySentence is the answer in one line.
func accuracySentence(r *validate.Report) string {
	s := validate.Summarize(r.All())
	devices := len(r.By(validate.Keys["device"]))
	on := "one device"
	if devices > 1 {
		on = fmt.Sprintf("%d devices", devices)
	}
	return fmt.Sprintf("On %s, half of %s predictions are within %s of the measurement, %s inside the band.",
		on, unit.Number(float64(s.N), 1), percent(s.MedianError), percent(s.Inside))
}

// groupTable has a row per group.
func groupTable(n namer, by []string, groups []validate.Group) show.Table {
	var t show.Table
	for _, name := range by {
		t.Columns = append(t.Columns, show.Column{Title: name, Left: true, Shrink: 12})
	}
	const share = "%"
	t.Columns = append(t.Columns, show.Column{Title: "n", Whole: true},
		show.Column{Group: "error", Title: "median", Unit: share, Digits: 2}, show.Column{Group: "error", Title: "mean", Unit: share, Digits: 2},
		show.Column{Title: "bias", Unit: share, Digits: 2}, show.Column{Title: "rank corr."}, show.Column{Title: "inside", Unit: share, Digits: 2},
		show.Column{Title: "high÷low"}, show.Column{Title: "below bound", Whole: true})
	for i := range groups {
		g := &groups[i]
		var cells []show.Cell
		for k, name := range g.Names {
			if by[k] == "device" {
				name = n[name]
			}
			cells = append(cells, cmp.Or(name, "–"))
		}
		rank := show.Unknown
		if g.RankCorrelation != nil {
			rank = *g.RankCorrelation
		}
		t.Add(append(cells, float64(g.N), 100*g.MedianError, 100*g.MeanError, 100*g.Bias, rank, 100*g.Inside, g.HighOverLow, float64(g.BelowBound))...)
	}
	return t
}

// pointTable has a row per measurement.
func pointTable(r *validate.Report) show.Table {
	t := show.Table{}
	for _, name := range []string{"quantity", "device", "runtime", "predicted as", "model", "what", "bound by"} {
		t.Columns = append(t.Columns, show.Column{Title: name, Left: true})
	}
	for _, name := range []string{"measured", "bound", "low", "expected", "high"} {
		t.Columns = append(t.Columns, show.Column{Title: name, Scales: unit.TimeScales})
	}
	t.Columns = append(t.Columns, show.Column{Title: "error"}, show.Column{Title: "source", Left: true}, show.Column{Title: "place", Left: true})
	for i := range r.Points {
		p := &r.Points[i]
		b := p.Predicted
		t.Add(string(p.Quantity), p.Device, p.Runtime, p.As, p.Model, p.Name(), p.Limit.String(), float64(p.Measured),
			float64(b.Bound), float64(b.Low), float64(b.Expected), float64(b.High), p.Error, p.Source, p.Place)
	}
	return t
}

// validateWarnings names the measurements below their bound, and those without a prediction.
func validateWarnings(n namer, r *validate.Report) (warnings []string) {
	below := r.BelowBound()
	for _, p := range below[:min(len(below), mostListed)] {
		w := fmt.Sprintf("%s: %s on %s took %v, less than the bound of %v", p.Place, p.Name(), n[p.Device], p.Measured, p.Predicted.Bound)
		if p.Note != "" {
			w += ": " + p.Note
		}
		warnings = append(warnings, w)
	}
	if more := len(below) - mostListed; more > 0 {
		warnings = append(warnings, fmt.Sprintf("%d more measurements are below their bound: --format csv lists them", more))
	}
	said := map[string]bool{} // one line per reason
	for _, skipped := range r.Skipped {
		if !said[skipped.Reason] {
			said[skipped.Reason] = true
			warnings = append(warnings, fmt.Sprintf("%s: not predicted: %s", skipped.Place, skipped.Reason))
		}
	}
	return warnings
}

// world is what measurements name, in a catalog.
type world struct {
	catalog      *catalog.Catalog
	calibrations *deploy.Calibrations
	models       map[string]*deploy.Loaded
}

func newWorld(c *catalog.Catalog) *world {
	return &world{catalog: c, models: map[string]*deploy.Loaded{}}
}

// Target implements [validate.World].
func (w *world) Target(device, name string, q validate.Quantity, plan parallel.Plan) (*estimate.Target, error) {
	d, err := w.catalog.Find(device)
	if err != nil {
		return nil, err
	}
	p := w.runtime(d, name, q)
	if p == nil {
		return nil, fmt.Errorf("no runtime predicts %s on a %s", q, d.Kind)
	}
	t := &estimate.Target{Device: d, Efficiency: w.catalog.Efficiency(d), Runtime: p}
	w.calibrations.Apply(t, "")
	deployer := deploy.Deployer{Catalog: w.catalog, Calibrations: w.calibrations, Wish: deploy.Wish{Plan: plan}, Serves: serves[q.Class()]}
	return t, deployer.Spread(t, plan.Devices())
}

// runtime returns the named profile, of single kernels that of the named engine, or the one that stands in for it: the
// default on the device, or else any.
func (w *world) runtime(d *hardware.Device, name string, q validate.Quantity) *runtime.Profile {
	if p := runtime.Named(w.catalog.Runtimes, name, d.Kind); p != nil && runs(p, serves[q.Class()]) {
		return p
	}
	var standIn *runtime.Profile
	for i := range w.catalog.Runtimes {
		p := &w.catalog.Runtimes[i]
		switch isDefault := slices.Contains(p.DefaultFor, d.Kind); {
		case !p.RunsOn(d.Kind) || !runs(p, serves[q.Class()]):
		case p.Engine == name && name != "":
			return p
		case !p.Ideal && (standIn == nil || isDefault):
			standIn = p
		}
	}
	return standIn
}

// serves says what kind of model a class of measurements is of; single kernels are of none.
var serves = map[string]string{"served": deploy.Language, "step": deploy.Language, "graph": deploy.Graph}

// runs reports whether a profile is for language models or graphs, or, kind being "", for single kernels.
func runs(p *runtime.Profile, kind string) bool {
	if kind == "" {
		return p.Serves == "kernel"
	}
	return p.Serves == kind || p.Serves == "both"
}

func (w *world) load(name string) (*deploy.Loaded, error) {
	if l := w.models[name]; l != nil {
		return l, nil
	}
	l, err := deploy.Load(name, model.Bindings{})
	if err == nil {
		w.models[name] = l
	}
	return l, err
}

// Language implements [validate.World].
func (w *world) Language(name string) (*transformer.Model, error) {
	l, err := w.load(name)
	if err == nil && l.Language == nil {
		err = fmt.Errorf("%s is not a language model", name)
	}
	if err != nil {
		return nil, err
	}
	return l.Language, nil
}

// Graph implements [validate.World].
func (w *world) Graph(name string) (*model.Graph, error) {
	l, err := w.load(name)
	if err == nil && l.Graph == nil {
		err = fmt.Errorf("%s is a language model", name)
	}
	if err != nil {
		return nil, err
	}
	return l.Graph, nil
}

// validateDocument is the JSON of validate.
type validateDocument struct {
	Schema  string           `json:"schema"`
	Catalog string           `json:"catalog"`
	By      []string         `json:"by"`
	All     validate.Summary `json:"all"`
	Groups  []validate.Group `json:"groups"`
	*validate.Report
}
