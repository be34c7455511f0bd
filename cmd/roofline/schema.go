package main

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"roofline/catalog"
	"roofline/cmd/roofline/internal/schema"
	"roofline/cmd/roofline/internal/show"
)

// schemaCmd prints the JSON Schema of an answer.
type schemaCmd struct {
	Name string `arg:"" optional:"" help:"A schema, such as estimate or roofline.estimate/v1; none lists them."`
}

// Help shows the command at work.
func (schemaCmd) Help() string {
	return `Examples:
  roofline schema                                       what there is
  roofline schema estimate -o estimate.schema.json      JSON Schema 2020-12`
}

// documents are the answers that are written as JSON, by the name in their schema, and the commands that write them.
var documents = []struct {
	name, by string
	answer   any
}{
	{"estimate", "estimate", document{}},
	{"layers", "layers", layersDocument{}},
	{"fit", "fit", fitDocument{}},
	{"sweep", "sweep", sweepDocument{}},
	{"frontier", "frontier", frontierDocument{}},
	{"recommend", "recommend", recommendDocument{}},
	{"whatif", "whatif", whatif{}},
	{"compare", "compare", comparison{}},
	{"calibrate", "calibrate", calibrateDocument{}},
	{"validate", "validate", validateDocument{}},
	{"explain", "explain", explanation{}},
	{"models", "models list", modelsDocument{}},
	{"model", "models show", modelDocument{}},
	{"catalog", "catalog list", catalogDocument{}},
	{"systems", "catalog list --systems", recordsDocument{}},
	{"sites", "catalog list --sites", recordsDocument{}},
	{"runtimes", "catalog list --runtimes", recordsDocument{}},
	{"links", "catalog list --links", recordsDocument{}},
	{"device", "catalog show, of a device", sheet{}},
	{"system", "catalog show, of a system", sheet{}},
	{"site", "catalog show, of a site", sheet{}},
	{"runtime", "catalog show, of a runtime", sheet{}},
	{"link", "catalog show, of a link", sheet{}},
	{"architecture", "catalog show, of an architecture", sheet{}},
	{"ownership", "catalog show, of a way of owning", sheet{}},
	{"check", "catalog check", checkDocument{}},
	{"rules", "catalog check --rules", rulesDocument{}},
	{"diff", "catalog diff", diffDocument{}},
	{"version", "version", versionDocument{}},
	{"schemas", "schema", schemasDocument{}},
}

// schemasDocument is the JSON of schema without a name.
type schemasDocument struct {
	Schema  string       `json:"schema"`
	Schemas []schemaLine `json:"schemas"`
}

// schemaLine is one schema and the command whose answers have it.
type schemaLine struct {
	ID string `json:"id"`
	By string `json:"by"`
}

// schemaID is the id of a schema by its name.
func schemaID(name string) string { return "roofline." + name + "/v1" }

// Run prints a schema, or lists them.
func (c *schemaCmd) Run(s *session) error {
	if c.Name == "" {
		return s.answer(schemaList())
	}
	name := strings.TrimSuffix(strings.TrimPrefix(strings.ToLower(c.Name), "roofline."), "/v1")
	var names []string
	for _, d := range documents {
		if d.name == name {
			if s.Format != show.Text && s.Format != show.JSON {
				return fmt.Errorf("a schema is JSON: use -o %s.schema.json", name)
			}
			a := &show.Answer{JSON: schema.Of(schemaID(name), d.answer)}
			return s.write(func(w io.Writer) error { return a.Write(w, show.JSON) })
		}
		names = append(names, d.name)
	}
	near := cmp.Or(catalog.Nearest(name, names), "estimate")
	return fmt.Errorf("unknown schema %q, did you mean %s? roofline schema lists them", c.Name, near)
}

func schemaList() *show.Answer {
	t := show.Table{Columns: []show.Column{{Title: "schema", Left: true}, {Title: "written by roofline … --format json", Left: true}}}
	doc := schemasDocument{Schema: schemaID("schemas")}
	for _, d := range documents {
		t.Add(schemaID(d.name), d.by)
		doc.Schemas = append(doc.Schemas, schemaLine{schemaID(d.name), d.by})
	}
	return &show.Answer{Sentence: fmt.Sprintf("%d schemas; roofline schema NAME prints one as JSON Schema.", len(documents)), Tables: []show.Table{t}, JSON: doc}
}
