package main

import (
	"fmt"
	"strings"

	"roofline/cmd/roofline/internal/show"
)

type catalogDiffCmd struct {
	Paths []string `arg:"" name:"file" help:"Catalog files, or folders of them."`
}

// Help shows the command at work.
func (catalogDiffCmd) Help() string {
	return `Example:
  roofline catalog diff my.toml`
}

// changed is a value that a file changes, for programs.
type changed struct {
	Kind   string   `json:"kind"`
	ID     string   `json:"id"`
	Field  string   `json:"field,omitempty"`
	Before string   `json:"before,omitempty"`
	After  string   `json:"after,omitempty"`
	Ratio  *float64 `json:"ratio,omitempty"`
}

// Run tells what files change against the catalog (with what --catalog adds to it).
func (c *catalogDiffCmd) Run(s *session) error {
	files, err := catalogFiles(c.Paths)
	if err != nil {
		return err
	}
	after := *s.catalog
	for _, f := range files {
		if err := after.Overlay(f.Name, f.Data); err != nil {
			return err
		}
	}
	t := show.Table{Columns: []show.Column{{Title: "record", Left: true, Shrink: 16}, {Title: "field", Left: true}, {Title: "before"}, {Title: "after"}, {Title: "change"}}}
	out := []changed{}
	added, fields := 0, 0
	for _, d := range s.catalog.Diff(&after) {
		x := changed{d.Kind, d.ID, d.Field, d.Before, d.After, nil}
		change := ""
		switch {
		case d.Field == "":
			added++
			change = "new " + d.Kind
		case d.Ratio != 0:
			x.Ratio = &d.Ratio
			change = fmt.Sprintf("%+.1f %%", 100*(d.Ratio-1))
			fields++
		default:
			fields++
		}
		out = append(out, x)
		t.Add(d.ID, d.Field, orDash(d.Before), orDash(d.After), change)
	}
	a := &show.Answer{Sentence: fmt.Sprintf("%s: %s, %s.", strings.Join(c.Paths, ", "), plural(fields, "changed value"), plural(added, "new record")),
		JSON: diffDocument{"roofline.diff/v1", out}}
	if len(t.Rows) > 0 {
		a.Tables = []show.Table{t}
	}
	return s.answer(a)
}

// diffDocument is the JSON of catalog diff.
type diffDocument struct {
	Schema  string    `json:"schema"`
	Changes []changed `json:"changes"`
}
