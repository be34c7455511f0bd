// Package report lays out a decision as one file to send: HTML that needs nothing else, or Markdown with its pictures
// beside it. A document is what answers of the command line say, each part with the command it comes from.
package report

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"regexp"
	"strings"

	"roofline/cmd/roofline/internal/show"
)

// Document is a report, in the order it is read in. What the first printed page holds stands before Rest.
type Document struct {
	Title    string // the model and the question
	Answer   string
	Assumed  string
	Facts    []Fact
	First    []Part // of the first page
	Rest     []Part
	Command  string
	Date     string
	Version  string
	Catalog  string
	Cite     string
	Language string
}

// Fact is one number a decision rests on, and what it is of.
type Fact struct{ Value, What string }

// Part answers one question of the report.
type Part struct {
	ID, Title string
	Lead      string
	Figures   []Figure
	Tables    []Table
	Notes     []Note
	Warnings  []string
	Command   string // what it comes from
}

// Note is a line below the tables, of which some have a label and some are laid out by hand.
type Note struct {
	Label, Text string
	Laid        bool
}

// Notes reads the notes of an answer: those that begin with a word and a gap have a label, others with line breaks are
// laid out by hand.
func Notes(lines []string) []Note {
	var out []Note
	for _, line := range lines {
		m := labelled.FindStringSubmatch(line)
		switch {
		case m != nil:
			out = append(out, Note{Label: m[1], Text: strings.Join(strings.Fields(m[2]), " ")})
		default:
			out = append(out, Note{Text: line, Laid: strings.Contains(line, "\n")})
		}
	}
	return out
}

// labelled is a note such as "decided by   h100-sxm would win below $2".
var labelled = regexp.MustCompile(`(?s)^(\S[^\n]{0,15}?) {2,}(\S.*)$`)

// Table is a table of a part; a long one sorts and filters.
type Table struct {
	Caption string
	show.Table
	Filter bool
}

// Figure is a picture twice, for light and for dark surroundings.
type Figure struct {
	Name        string // of its file beside a Markdown document
	Alt         string
	Light, Dark []byte // SVG
}

// Grid is the table with its numbers as text and as values.
func (t *Table) Grid() show.Grid { return t.Table.Grid() }

//go:embed report.html
var page string

//go:embed report.css
var style string

//go:embed report.js
var script string

// HTML writes the document as one file. Its policy lets it load nothing, and run only the script that is in it.
func HTML(w io.Writer, d *Document) error {
	t, err := template.New("report").Funcs(template.FuncMap{
		"svg":      func(b []byte) template.HTML { return template.HTML(b) }, // drawn by estimate/chart, which escapes its words
		"wide":     func(s string) bool { return len(s) > longText },
		"indented": func(s string) bool { return strings.HasPrefix(s, "  ") },
	}).Parse(page)
	if err != nil {
		return err
	}
	sum := sha256.Sum256([]byte(script))
	return t.Execute(w, struct {
		*Document
		Policy string
		Style  template.CSS
		Script template.JS
	}{d, fmt.Sprintf("default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-%s'; img-src data:", base64.StdEncoding.EncodeToString(sum[:])),
		template.CSS(style), template.JS(script)})
}

// longText is from how many bytes on text in a table breaks.
const longText = 44

// Markdown returns the document as Markdown, whose pictures lie in files named prefix-NAME.svg beside it.
func Markdown(d *Document, prefix string) (text string, pictures map[string][]byte) {
	var b strings.Builder
	pictures = map[string][]byte{}
	fmt.Fprintf(&b, "# %s\n\n%s · %s · catalog %s\n\n**%s**\n\n%s\n\n", d.Title, d.Date, d.Version, d.Catalog, d.Answer, d.Assumed)
	for _, f := range d.Facts {
		fmt.Fprintf(&b, "- **%s** %s\n", f.Value, f.What)
	}
	for _, parts := range [][]Part{d.First, d.Rest} {
		for i := range parts {
			parts[i].markdown(&b, prefix, pictures)
		}
	}
	fmt.Fprintf(&b, "\n---\nCite as: %s\n", d.Cite)
	return b.String(), pictures
}

func (p *Part) markdown(b *strings.Builder, prefix string, pictures map[string][]byte) {
	fmt.Fprintf(b, "\n## %s\n\n", p.Title)
	if p.Lead != "" {
		fmt.Fprintf(b, "%s\n\n", p.Lead)
	}
	for _, f := range p.Figures {
		name := prefix + "-" + f.Name + ".svg"
		pictures[name] = f.Light
		fmt.Fprintf(b, "![%s](%s)\n\n", f.Alt, name)
	}
	for i := range p.Tables {
		if p.Tables[i].Caption != "" {
			fmt.Fprintf(b, "%s\n\n", p.Tables[i].Caption)
		}
		fmt.Fprintf(b, "%s\n", p.Tables[i].Markdown())
	}
	for _, n := range p.Notes {
		switch {
		case n.Laid:
			fmt.Fprintf(b, "```\n%s\n```\n\n", n.Text)
		case n.Label != "":
			fmt.Fprintf(b, "*%s* %s\n\n", n.Label, n.Text)
		default:
			fmt.Fprintf(b, "%s\n\n", n.Text)
		}
	}
	for _, w := range p.Warnings {
		fmt.Fprintf(b, "- ! %s\n", w)
	}
	if p.Command != "" {
		fmt.Fprintf(b, "\n    %s\n", p.Command)
	}
}
