package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"roofline/catalog"
	"roofline/cmd/roofline/internal/deploy"
	"roofline/cmd/roofline/internal/report"
	"roofline/cmd/roofline/internal/show"
	"roofline/estimate"
)

// reporter puts a report together.
type reporter struct {
	*asker
	cmd    *reportCmd
	loaded *deploy.Loaded
	name   namer

	choice   *answered // what to rent or buy; nil without a target
	compared *answered // the devices side by side
	answer   *estimate.Result
}

func newReporter(c *reportCmd, s *session, loaded *deploy.Loaded) (*reporter, error) {
	a, err := newAsker(s, c.Model)
	return &reporter{asker: a, cmd: c, loaded: loaded, name: newNamer(s.catalog)}, err
}

// document collects the parts in the order they are read in.
func (r *reporter) document() (*report.Document, error) {
	if err := r.decide(); err != nil {
		return nil, err
	}
	main := r.compared
	if r.choice != nil {
		main = r.choice
	}
	d := &report.Document{Title: r.title(), Answer: main.Sentence, Assumed: main.Assumed, Facts: r.facts(), Command: r.session.command(),
		Date: r.session.day(), Version: version(), Catalog: r.session.catalog.Version()}
	d.Cite = fmt.Sprintf("roofline %s, catalog %s, %q, %s", d.Version, d.Catalog, d.Title, d.Date)
	for _, part := range []func() (*report.Part, error){r.scorecard, r.frontier} {
		p, err := part()
		if err != nil {
			return nil, err
		}
		if p != nil {
			d.First = append(d.First, *p)
		}
	}
	for _, part := range []func() (*report.Part, error){r.choices, r.changes, r.comparison, r.roofline, r.memory, r.cost, r.layers, r.assumptions, r.check, r.reproduce} {
		p, err := part()
		if err != nil {
			return nil, err
		}
		if p != nil {
			d.Rest = append(d.Rest, *p)
		}
	}
	return d, nil
}

// decide asks what the report is about: which deployment, among which devices.
func (r *reporter) decide() error {
	var err error
	if r.cmd.Target != "" {
		if r.choice, err = r.ask("recommend"); err != nil {
			return err
		}
		var d struct {
			Options []struct {
				Estimate *estimate.Result `json:"estimate"`
			} `json:"options"`
		}
		if err := reread(r.choice.JSON, &d); err != nil {
			return err
		}
		if len(d.Options) > 0 {
			r.answer = d.Options[0].Estimate
		}
	}
	r.compared, err = r.ask("estimate", r.single("count"), r.single("tp"), given{"dtype", firstOf(r.cmd.flag("dtype", r.given))})
	if err != nil {
		return err
	}
	for _, e := range r.estimates() {
		if r.answer == nil && e.Unavailable == "" && (e.Memory == nil || e.Memory.Fits == nil || *e.Memory.Fits) {
			r.answer = e
		}
	}
	if r.answer == nil {
		return fmt.Errorf("%s: %s", r.compared.Command, r.compared.Sentence)
	}
	return nil
}

// flag returns the value a flag was given.
func (c *reportCmd) flag(name string, all []given) string {
	for _, g := range all {
		if g.name == name {
			return g.value
		}
	}
	return ""
}

// single keeps a flag that a verb without lists takes too: lists are left to the verbs that have them.
func (r *reporter) single(name string) given {
	value := r.cmd.flag(name, r.given)
	if strings.ContainsAny(value, ",.") {
		value = ""
	}
	return given{name, value}
}

// firstOf is the head of a comma list.
func firstOf(list string) string {
	head, _, _ := strings.Cut(list, ",")
	return head
}

// estimates are those of the devices side by side.
func (r *reporter) estimates() []*estimate.Result {
	if d, ok := r.compared.JSON.(*document); ok {
		return d.Estimates
	}
	return nil
}

// reread turns the JSON of one verb into what another part needs of it.
func reread(from, to any) error {
	text, err := json.Marshal(from)
	if err == nil {
		err = json.Unmarshal(text, to)
	}
	return err
}

// only are the flags that make a verb ask about the deployment that is the answer.
func (r *reporter) only(more ...given) []given {
	e := r.answer
	flags := append([]given{{"device", r.place(e.Device)}, {"count", ""}, {"tp", ""}, {"pp", ""}, {"ep", ""}, {"dp", ""}, {"where", ""}, {"runtime", e.Runtime},
		{"dtype", e.Workload.DType.String()}, {"slo", ""}}, more...)
	if r.choice != nil && r.loaded.Language != nil {
		flags = append(flags, given{"concurrency", fmt.Sprintf("%.0f", e.Workload.Concurrency)})
	}
	if e.Count > 1 {
		flags[1].value = fmt.Sprint(e.Count)
	}
	if r.loaded.Language == nil {
		return flags
	}
	for i, degree := range []int{e.Plan.TP, e.Plan.PP, e.Plan.EP, e.Plan.DP} {
		if degree > 1 {
			flags[2+i].value = fmt.Sprint(degree)
		}
	}
	if e.Count > 1 && e.Plan.TP == 1 {
		flags[2].value = "1"
	}
	return flags
}

// mostDrawn is how many devices a picture shows.
const mostDrawn = 8

// leading names the first devices of the comparison that fit: those a picture has room for.
func (r *reporter) leading() string {
	var names []string
	seen := map[string]bool{}
	for _, e := range r.estimates() {
		if e.Unavailable == "" && e.Memory != nil && (e.Memory.Fits == nil || *e.Memory.Fits) && !seen[e.Device] && len(names) < mostDrawn {
			seen[e.Device] = true
			names = append(names, r.place(e.Device))
		}
	}
	return strings.Join(names, ",")
}

// place is what a device was named by: a machine that holds it, or itself.
func (r *reporter) place(id string) string {
	for _, name := range strings.Split(r.cmd.Device, ",") {
		if _, err := r.session.catalog.Select(name); err == nil {
			continue
		}
		if system, err := r.session.catalog.FindSystem(name); err == nil && system.Device == id {
			return name
		}
	}
	return r.name[id]
}

// partOf makes a part of an answer: its tables from one on, notes and warnings.
func partOf(id, title string, x *answered, figures []report.Figure, from int) *report.Part {
	p := &report.Part{ID: id, Title: title, Lead: x.Sentence, Figures: figures, Notes: report.Notes(x.Notes), Warnings: x.Warnings, Command: x.Command}
	for i := from; i < len(x.Tables); i++ {
		p.Tables = append(p.Tables, report.Table{Table: x.Tables[i], Filter: len(x.Tables[i].Rows) > 2*mostDrawn})
	}
	return p
}

// frontier shows what is not beaten, of the devices that lead.
func (r *reporter) frontier() (*report.Part, error) {
	x, err := r.ask("frontier", given{"device", r.leading()}, given{"where", ""}, given{"budget", ""})
	if err != nil {
		return nil, err
	}
	figures, err := r.figure("frontier", x)
	return &report.Part{ID: "frontier", Title: "Frontier", Lead: x.Sentence, Figures: figures, Command: x.Command}, err
}

// choices are the answer and its runners-up.
func (r *reporter) choices() (*report.Part, error) {
	if r.choice == nil {
		return nil, nil
	}
	p := partOf("choices", "What does it, cheapest first", r.choice, nil, 0)
	p.Lead, p.Notes = "", p.Notes[:min(1, len(p.Notes))]
	return p, nil
}

// changes says what would change the answer.
func (r *reporter) changes() (*report.Part, error) {
	x, err := r.ask("whatif", r.only(given{"sensitivity", on})...)
	if err != nil {
		return nil, err
	}
	figures, err := r.figure("changes", x)
	p := partOf("changes", "What would change the answer", x, figures, 0)
	if r.choice != nil {
		p.Notes = append(report.Notes(r.choice.Notes), p.Notes...)
	}
	return p, err
}

// comparison is every device that was asked about.
func (r *reporter) comparison() (*report.Part, error) {
	drawn, err := r.ask("estimate", r.single("count"), r.single("tp"), given{"where", ""}, given{"device", r.leading()}, given{"dtype", firstOf(r.cmd.flag("dtype", r.given))})
	if err != nil {
		return nil, err
	}
	figures, err := r.figure("comparison", drawn)
	if err != nil {
		return nil, err
	}
	p := partOf("comparison", "All devices", r.compared, figures, 0)
	for i := range p.Tables {
		p.Tables[i].Filter = true
	}
	return p, nil
}

// roofline shows where the work of the answer lies.
func (r *reporter) roofline() (*report.Part, error) {
	x, err := r.ask("layers", r.only(given{"sort", "time"}, given{"count", ""}, given{"batch", ""})...)
	if err != nil {
		return nil, err
	}
	figures, err := r.figure("roofline", x)
	return &report.Part{ID: "roofline", Title: "Roofline of " + r.name[r.answer.Device], Lead: x.Sentence, Figures: figures, Notes: report.Notes(x.Notes[:min(1, len(x.Notes))]), Command: x.Command}, err
}

// memory shows what fills the devices.
func (r *reporter) memory() (*report.Part, error) {
	if r.loaded.Language == nil {
		return nil, nil
	}
	x, err := r.ask("fit", r.only(given{"count", ""}, given{"tp", ""}, given{"pp", ""}, given{"ep", ""}, given{"dp", ""})...)
	if err != nil {
		return nil, err
	}
	figures, err := r.figure("memory", x)
	x.Notes = slices.DeleteFunc(x.Notes, func(n string) bool { return strings.Contains(n, "█") }) // the picture shows it
	return partOf("memory", "Memory", x, figures, 0), err
}

// cost takes an hour of the answer apart.
func (r *reporter) cost() (*report.Part, error) {
	x, err := r.ask("estimate", r.only(given{"explain", on})...)
	if err != nil {
		return nil, err
	}
	p := partOf("cost", "What an hour costs", x, nil, 1)
	if len(p.Tables) > 0 {
		p.Tables = p.Tables[:1]
	}
	return p, nil
}

// layers lists the work by kind.
func (r *reporter) layers() (*report.Part, error) {
	x, err := r.ask("layers", r.only(given{"sort", "time"}, given{"count", ""}, given{"top", "25"}, given{"batch", ""})...)
	if err != nil {
		return nil, err
	}
	return partOf("layers", "Layers", x, nil, 0), nil
}

// assumptions are the values that nobody gave, and the values of the device, each with where it is from.
func (r *reporter) assumptions() (*report.Part, error) {
	t := show.Table{Columns: []show.Column{{Title: "assumed", Left: true}, {Title: "value", Left: true}, {Title: "source", Left: true}, {Title: "status", Left: true}}}
	seen := map[string]bool{}
	for _, x := range []*answered{r.choice, r.compared} {
		if x == nil {
			continue
		}
		var d struct {
			Assumptions []assumption `json:"assumptions"`
		}
		if err := reread(x.JSON, &d); err != nil {
			return nil, err
		}
		for _, a := range d.Assumptions {
			if !seen[a.Name] {
				seen[a.Name] = true
				t.Add(a.Name, fmt.Sprint(a.Value), a.Source, a.Status)
			}
		}
	}
	prices := show.Table{Columns: []show.Column{{Title: "price of", Left: true}, {Title: "$/h", Digits: 4}, {Title: "offer", Left: true}, {Title: "source", Left: true}, {Title: "status", Left: true}}}
	priced := map[string]bool{}
	for _, e := range r.estimates() {
		if e.Cost == nil || priced[r.label(e)] || len(e.Cost.Components) == 0 {
			continue
		}
		priced[r.label(e)] = true
		k := e.Cost.Components[0]
		prices.Add(r.label(e), float64(e.Cost.USDPerHour), k.Basis, k.Source, string(k.Status))
	}
	device, err := r.run(append([]string{"catalog", "show", r.name[r.answer.Device]}, r.overlays()...))
	if err != nil {
		return nil, err
	}
	p := &report.Part{ID: "assumptions", Title: "Assumptions and sources", Tables: []report.Table{{Table: t, Caption: "What nobody said"},
		{Table: prices, Caption: "Prices", Filter: len(prices.Rows) > mostDrawn}}, Notes: report.Notes(device.Notes), Command: device.Command}
	for i := range device.Tables {
		p.Tables = append(p.Tables, report.Table{Table: device.Tables[i], Caption: r.name[r.answer.Device]})
	}
	return p, nil
}

// overlays are the catalog files that were given.
func (r *reporter) overlays() (args []string) {
	for _, file := range r.session.Catalog {
		args = append(args, "--catalog", file)
	}
	return args
}

// check says how to see whether the answer is right.
func (r *reporter) check() (*report.Part, error) {
	x, err := r.ask("estimate", r.only()...)
	if err != nil {
		return nil, err
	}
	p := &report.Part{ID: "check", Title: "How to check it", Lead: "Measure the deployment that is the answer, and hold the result against its band.", Command: x.Command}
	for _, n := range x.Notes {
		if strings.HasPrefix(n, "to check") || strings.HasPrefix(n, "compare with") || strings.HasPrefix(n, "bands") {
			p.Notes = append(p.Notes, report.Notes([]string{n})...)
		}
	}
	e := r.answer
	band := e.Latency
	what := "latency of a batch"
	if e.Decode != nil {
		band, what = &e.Decode.TPOT, fmt.Sprintf("TPOT with %.0f requests in flight", e.Workload.Concurrency)
	}
	t := show.Table{Columns: []show.Column{{Title: "to measure", Left: true}, {Title: "floor", Left: true}, {Title: "low", Left: true}, {Title: "expected", Left: true}, {Title: "high", Left: true}}}
	t.Add(what, band.Bound.String(), band.Low.String(), band.Expected.String(), band.High.String())
	p.Tables = []report.Table{{Table: t, Caption: r.label(e)}}
	return p, nil
}

// reproduce is what it takes to get the same file again.
func (r *reporter) reproduce() (*report.Part, error) {
	t := show.Table{Columns: []show.Column{{Title: "", Left: true}, {Title: "", Left: true}}}
	t.Add("command", "roofline "+quoted(r.session.args))
	t.Add("version", version())
	sum := sha256.New()
	for _, f := range catalog.Files() {
		fmt.Fprintf(sum, "%s\n%d\n%s", f.Name, len(f.Data), f.Data)
	}
	t.Add("catalog", fmt.Sprintf("%s, SHA-256 %s", r.session.catalog.Version(), hex.EncodeToString(sum.Sum(nil))))
	for _, name := range r.session.Catalog {
		documents, err := r.session.files.TOML(name)
		if err != nil {
			return nil, err
		}
		for _, name := range documents {
			hash, err := r.session.files.Sum(name)
			if err != nil {
				return nil, err
			}
			t.Add("catalog file "+name, "SHA-256 "+hash)
		}
	}
	if hash, err := r.session.files.Sum(r.cmd.Model); err == nil {
		t.Add("model file "+r.cmd.Model, "SHA-256 "+hash)
	} else {
		t.Add("model", r.loaded.Name()+", built in: "+r.loaded.Source)
	}
	return &report.Part{ID: "reproduce", Title: "Reproduce", Tables: []report.Table{{Table: t}}}, nil
}
