package main

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"roofline/cmd/roofline/internal/compare"
	"roofline/cmd/roofline/internal/metric"
	"roofline/cmd/roofline/internal/show"
	"roofline/hardware/unit"
)

// compareCmd sets two recorded answers side by side.
type compareCmd struct {
	A string `arg:"" help:"An answer of estimate or whatif as JSON: roofline estimate … -o a.json."`
	B string `arg:"" help:"Another one."`
}

// Help shows the command at work.
func (compareCmd) Help() string {
	return `Example:
  roofline estimate llama-3.1-8b --device h100-sxm --concurrency 1,64 -o a.json
  roofline estimate llama-3.1-8b --device h200-sxm --concurrency 1,64 -o b.json
  roofline compare a.json b.json
A change is given only between estimates of the same model, number formats and load.`
}

// comparison is the JSON of compare.
type comparison struct {
	Schema  string `json:"schema"`
	Version string `json:"version"`
	Command string `json:"command"`
	*compare.Comparison
	Warnings []string `json:"warnings,omitempty"`
}

// Run compares the two answers.
func (c *compareCmd) Run(s *session) error {
	var sides [2]*compare.Side
	for i, name := range []string{c.A, c.B} {
		data, err := s.files.Read(name)
		if errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%s: no such file", name)
		}
		if err == nil {
			sides[i], err = compare.Read(name, data)
		}
		if err != nil {
			return err
		}
	}
	x := compare.Compare(sides[0], sides[1])
	a := &show.Answer{Sentence: compareSentence(x), Assumed: fmt.Sprintf("A: %s · B: %s", c.A, c.B)}
	if len(x.Assumptions) > 0 {
		a.Tables = append(a.Tables, assumptionTable(x))
	}
	if len(x.Pairs) > 0 {
		a.Tables = append(a.Tables, s.pairTable(x))
	}
	if s.Format == show.CSV {
		slices.Reverse(a.Tables) // of several tables it takes the first
	}
	if slices.ContainsFunc(x.Pairs, func(p compare.Pair) bool {
		return slices.ContainsFunc(p.Values, func(v compare.Values) bool { return v.Overlap })
	}) {
		a.Notes = append(a.Notes, "~ the bands overlap: the difference is within what predictions are off by; of two answers for one device and runtime both are off alike")
	}
	a.Warnings = compareWarnings(x)
	a.JSON = comparison{"roofline.compare/v1", version(), s.command(), x, a.Warnings}
	return s.answer(a)
}

// compareSentence says what B is against A, over all that can be compared.
func compareSentence(x *compare.Comparison) string {
	var parts []string
	for _, id := range []string{"latency", "tpot", "throughput", "cost"} {
		for _, sum := range x.Summary {
			if sum.Metric == id {
				parts = append(parts, fmt.Sprintf("%s %s %%", metric.Get(id).Label, signed(100*(sum.Ratio-1))))
			}
		}
	}
	comparable := 0
	for _, p := range x.Pairs {
		if p.Comparable {
			comparable++
		}
	}
	switch {
	case len(x.Pairs) == 0:
		return "The two answers have nothing in common: no deployment or load is in both."
	case len(x.Assumptions) == 0 && !slices.ContainsFunc(x.Pairs, changes):
		return "The two answers say the same."
	case comparable == 0:
		return "The two answers are not of the same thing, so no change is given; the reasons are below."
	case comparable == 1:
		return "B against A: " + strings.Join(parts, ", ") + "."
	}
	return fmt.Sprintf("B against A, geometric mean of %d estimates: %s.", comparable, strings.Join(parts, ", "))
}

// changes reports a pair of which anything differs.
func changes(p compare.Pair) bool {
	return !p.Comparable || slices.ContainsFunc(p.Values, func(v compare.Values) bool { return v.Ratio == nil || *v.Ratio != 1 })
}

// assumptionTable lists what the answers do not have in common.
func assumptionTable(x *compare.Comparison) show.Table {
	t := show.Table{Columns: []show.Column{{Title: "not the same", Left: true, Shrink: 12}, {Title: "A", Left: true, Shrink: 16}, {Title: "B", Left: true, Shrink: 16}}}
	for _, n := range x.Assumptions {
		t.Add(n.Name, orDash(n.A), orDash(n.B))
	}
	return t
}

// pairTable lists what the answers say, a row per estimate and quantity.
func (s *session) pairTable(x *compare.Comparison) show.Table {
	t := show.Table{Columns: []show.Column{{Title: "device", Left: true, Shrink: 12}, {Title: "load", Left: true, Shrink: 10}, {Title: "quantity", Left: true},
		{Title: "unit", Left: true, Shrink: 10}, {Title: "A"}, {Title: "B"}, {Title: "change", Unit: "%"}, {}}}
	names := newNamer(s.catalog)
	for _, p := range x.Pairs {
		device, load := p.Name, p.Load
		for id, short := range names {
			device = replaceWord(device, id, short)
		}
		for _, v := range p.Values {
			m := metric.Get(v.Metric)
			change, mark := "–", ""
			if v.Ratio != nil {
				change = signed(100 * (*v.Ratio - 1))
			}
			if v.Overlap {
				mark = "~"
			}
			t.Add(device, load, m.Label, v.Unit, shown(m, v.A), shown(m, v.B), change, mark)
			if s.Format == show.Text { // said once
				device, load = "", ""
			}
		}
	}
	return t
}

// replaceWord replaces a word of a text.
func replaceWord(text, word, by string) string {
	if !strings.Contains(text, word) {
		return text
	}
	words := strings.Split(text, " ")
	for i := range words {
		if words[i] == word {
			words[i] = by
		}
	}
	return strings.Join(words, " ")
}

// shown is a value in the unit its metric is shown in.
func shown(m *metric.Metric, v *float64) show.Cell {
	if v == nil {
		return show.Unknown
	}
	return *v / m.Scale()
}

// compareWarnings says why no change is given, once for each reason, and what only one of the answers has.
func compareWarnings(x *compare.Comparison) (warnings []string) {
	at := map[string][]string{}
	var reasons []string
	for _, p := range x.Pairs {
		if p.Comparable {
			continue
		}
		if at[p.Reason] == nil {
			reasons = append(reasons, p.Reason)
		}
		at[p.Reason] = append(at[p.Reason], p.Load)
	}
	for _, reason := range reasons {
		n := len(at[reason])
		what := at[reason][0]
		if n > 1 {
			what = unit.Group(fmt.Sprint(n)) + " estimates"
		}
		warnings = append(warnings, fmt.Sprintf("%s: no change is given, %s", what, reason))
	}
	for _, only := range []struct {
		side  string
		names []string
	}{{"A", x.OnlyA}, {"B", x.OnlyB}} {
		if len(only.names) > 0 {
			warnings = append(warnings, fmt.Sprintf("only in %s: %s", only.side, list(only.names)))
		}
	}
	return shortened(warnings)
}
