package main

import (
	"cmp"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"roofline/catalog/check"
	"roofline/cmd/roofline/internal/show"
)

type catalogCheckCmd struct {
	Paths []string `arg:"" optional:"" name:"file" help:"Files, or folders of them; none: the embedded catalog."`
	All   bool     `help:"Also what is only good to know: missing, old and unverified values."`
	Rules bool     `help:"List the rules."`
}

// Help shows the command at work.
func (catalogCheckCmd) Help() string {
	return `Example:
  roofline catalog check my.toml

Prints file, line and column of what can't be, and what would be right; exit 1 where there is an error. A value that is
right all the same says why in its table: accepted = { derived-peak = "rated below its clock" }.`
}

// errCheckFailed ends a check whose complete answer is what it found.
var errCheckFailed = &failure{code: "catalog.check", exit: exitNoAnswer}

// Run checks files.
func (c *catalogCheckCmd) Run(s *session) error {
	if c.Rules {
		return c.rules(s)
	}
	var report *check.Report
	if len(c.Paths) == 0 {
		report = check.Embedded(s.now)
	} else {
		files, err := catalogFiles(c.Paths)
		if err != nil {
			return err
		}
		report = check.Files(s.catalog, files, s.now)
	}
	if err := s.answer(c.answer(report, s.Format)); err != nil {
		return err
	}
	if report.Count(check.Error) > 0 {
		return errCheckFailed
	}
	return nil
}

func (c *catalogCheckCmd) answer(r *check.Report, f show.Format) *show.Answer {
	var text strings.Builder
	text.WriteString(summary(r))
	a := &show.Answer{}
	t := show.Table{Columns: []show.Column{{Title: "file", Left: true}, {Title: "line", Whole: true}, {Title: "column", Whole: true}, {Title: "severity", Left: true},
		{Title: "rule", Left: true}, {Title: "record", Left: true}, {Title: "field", Left: true}, {Title: "problem", Left: true}, {Title: "want", Left: true}}}
	shown := []check.Finding{}
	for i := range r.Findings {
		p := &r.Findings[i]
		if p.Severity == check.Info && !c.All {
			continue
		}
		shown = append(shown, *p)
		t.Add(p.File, float64(p.Line), float64(p.Column), string(p.Severity), p.Rule, p.Record, p.Field, p.Problem, p.Want)
		fmt.Fprintf(&text, "\n\n%s:%d:%d: %s: %s (%s)\n%s", p.File, p.Line, p.Column, p.Severity, p, p.Rule, p.Snippet)
	}
	if f == show.Text {
		a.Sentence = text.String()
		if len(shown) > 0 {
			a.Sentence += "\n"
		}
	} else {
		a.Sentence, _, _ = strings.Cut(text.String(), "\n")
		a.Tables = []show.Table{t}
	}
	if r.Count(check.Info) > 0 && !c.All {
		a.Notes = append(a.Notes, "--all lists the notes: missing, old and unverified values")
	}
	if r.Count(check.Error)+r.Count(check.Warning) > 0 {
		a.Notes = append(a.Notes, `where a value is right all the same: accepted = { RULE = "reason" } in its table`)
	}
	a.JSON = checkDocument{"roofline.check/v1", r.Devices, r.Systems, r.Sites, r.Instances, r.Files, r.Count(check.Error), r.Count(check.Warning), r.Count(check.Info), r.Accepted, shown}
	return a
}

// summary says what was looked at and what was found in it.
func summary(r *check.Report) string {
	var looked []string
	for _, n := range []struct {
		count int
		what  string
	}{{r.Devices, "device"}, {r.Systems, "system"}, {r.Sites, "site"}, {r.Instances, "price"}} {
		if n.count > 0 {
			looked = append(looked, plural(n.count, n.what))
		}
	}
	s := fmt.Sprintf("%s: %s, %s, %s", cmp.Or(strings.Join(looked, ", "), plural(r.Files, "file")),
		plural(r.Count(check.Error), "error"), plural(r.Count(check.Warning), "warning"), plural(r.Count(check.Info), "note"))
	if r.Accepted > 0 {
		s += fmt.Sprintf("; %d more accepted", r.Accepted)
	}
	return s + "."
}

func (c *catalogCheckCmd) rules(s *session) error {
	t := show.Table{Columns: []show.Column{{Title: "rule", Left: true}, {Title: "severity", Left: true}, {Title: "what holds otherwise", Left: true}}}
	var out []rule
	for _, r := range check.Rules() {
		out = append(out, rule{r.ID, r.Severity, r.Doc})
		t.Add(r.ID, string(r.Severity), r.Doc)
	}
	return s.answer(&show.Answer{Sentence: plural(len(t.Rows), "rule") + ".", Tables: []show.Table{t},
		JSON: rulesDocument{"roofline.rules/v1", out}})
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// catalogFiles reads files, and every .toml below folders.
func catalogFiles(paths []string) ([]check.File, error) {
	var out []check.File
	read := func(path string) error {
		data, err := os.ReadFile(path)
		out = append(out, check.File{Name: path, Data: data})
		return err
	}
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return nil, fmt.Errorf("%s: no such file or folder", path)
		}
		if !info.IsDir() {
			if err := read(path); err != nil {
				return nil, err
			}
			continue
		}
		before := len(out)
		err = filepath.WalkDir(path, func(p string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || filepath.Ext(p) != ".toml" {
				return err
			}
			return read(p)
		})
		if err != nil {
			return nil, err
		}
		if len(out) == before {
			return nil, fmt.Errorf("%s: no .toml file in this folder", path)
		}
	}
	return out, nil
}

// checkDocument is the JSON of catalog check.
type checkDocument struct {
	Schema   string          `json:"schema"`
	Devices  int             `json:"devices"`
	Systems  int             `json:"systems"`
	Sites    int             `json:"sites"`
	Prices   int             `json:"prices"`
	Files    int             `json:"files"`
	Errors   int             `json:"errors"`
	Warnings int             `json:"warnings"`
	Notes    int             `json:"notes"`
	Accepted int             `json:"accepted"`
	Findings []check.Finding `json:"findings"`
}

// rulesDocument is the JSON of catalog check --rules.
type rulesDocument struct {
	Schema string `json:"schema"`
	Rules  []rule `json:"rules"`
}

// rule is one rule of the check.
type rule struct {
	ID       string         `json:"id"`
	Severity check.Severity `json:"severity"`
	Doc      string         `json:"doc"`
}
