package main

import (
	"fmt"
	"strings"

	"roofline/cmd/roofline/internal/metric"
	"roofline/cmd/roofline/internal/show"
)

// explainCmd says what a number means.
type explainCmd struct {
	Metric string `arg:"" optional:"" help:"A metric by its name here or elsewhere, such as tpot, ITL or output_throughput; none lists them."`
}

// Help shows the command at work.
func (explainCmd) Help() string {
	return `Examples:
  roofline explain                 what there is
  roofline explain tpot            definition, formula, an example by hand, what others call it
  roofline explain tput_per_gpu    by the name another tool has for it`
}

// explanation is the JSON of explain.
type explanation struct {
	Schema  string          `json:"schema"`
	Metrics []metric.Metric `json:"metrics"`
}

// Run explains one metric, or lists them.
func (c *explainCmd) Run(s *session) error {
	if c.Metric == "" {
		return s.answer(metricList())
	}
	m, err := metric.Find(c.Metric)
	if err != nil {
		return fmt.Errorf("%w; roofline explain lists them", err)
	}
	return s.answer(explained(m, s.Format))
}

func metricList() *show.Answer {
	a := &show.Answer{
		Sentence: fmt.Sprintf("%d metrics; roofline explain NAME tells more of one, also by the name another tool has for it.", len(metric.All())),
		JSON:     explanation{"roofline.explain/v1", metric.All()},
	}
	t := show.Table{Columns: []show.Column{{Title: "metric", Left: true}, {Title: "label", Left: true}, {Title: "unit", Left: true},
		{Title: "in JSON", Left: true}, {Title: "elsewhere", Left: true, Shrink: 12}}}
	for _, m := range metric.All() {
		var names []string
		for _, e := range m.Elsewhere {
			names = append(names, e.Name)
		}
		t.Add(m.ID, m.Label, m.Unit, m.Field, strings.Join(names, ", "))
	}
	a.Tables = []show.Table{t}
	return a
}

// explained lays out what is known of a metric.
func explained(m *metric.Metric, form show.Format) *show.Answer {
	a := &show.Answer{
		Sentence: fmt.Sprintf("%s: %s.", m.Label, strings.TrimSuffix(m.Definition, ".")),
		JSON:     explanation{"roofline.explain/v1", []metric.Metric{*m}},
	}
	var about []string
	if m.Unit != "" {
		about = append(about, "in "+m.Unit)
	}
	if m.Better != "" {
		about = append(about, string(m.Better)+" is better")
	}
	if m.Field != "" {
		about = append(about, m.Field+" in JSON")
	}
	a.Assumed = strings.Join(about, " · ")
	if form == show.CSV || form == show.Markdown {
		t := show.Table{Columns: []show.Column{{Title: "who", Left: true}, {Title: "name", Left: true}, {Title: "difference", Left: true}}}
		for _, e := range m.Elsewhere {
			t.Add(e.Who, e.Name, e.Trap)
		}
		a.Tables = []show.Table{t}
	}
	if m.Formula != "" {
		a.Notes = append(a.Notes, "formula: "+m.Formula)
	}
	if m.Example != "" {
		a.Notes = append(a.Notes, "by hand: "+m.Example)
	}
	if form == show.Markdown {
		return a
	}
	for _, e := range m.Elsewhere {
		line := fmt.Sprintf("%s: %s, the same", e.Who, e.Name)
		if e.Trap != "" {
			line = fmt.Sprintf("! %s: %s, not the same: %s", e.Who, e.Name, e.Trap)
		}
		a.Notes = append(a.Notes, line)
	}
	return a
}
