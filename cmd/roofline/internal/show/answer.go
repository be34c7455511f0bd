package show

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"
)

// Width is the most columns a text answer takes.
const Width = 100

// Answer is what a verb has found out. The first line answers the question, one line says what was assumed, tables and
// notes follow, warnings come last. JSON is the same answer for programs.
type Answer struct {
	Sentence string
	Assumed  string
	Tables   []Table
	Notes    []string
	Warnings []string // without the leading "! "
	Wide     bool     // tables may be wider than [Width]
	JSON     any
	Picture  func(w io.Writer, f Format) error // draws the picture that belongs to the answer; nil: none does
}

// Format is the form an answer is written in.
type Format string

// The forms of an answer.
const (
	Text     Format = "table"
	JSON     Format = "json"
	CSV      Format = "csv"
	Markdown Format = "markdown"
	TOML     Format = "toml" // of catalog templates only
	HTML     Format = "html" // of reports only
	SVG      Format = "svg"
	PNG      Format = "png"
	PDF      Format = "pdf"
)

// IsPicture reports whether a form is drawn.
func (f Format) IsPicture() bool { return f == SVG || f == PNG || f == PDF }

// Write writes the answer in a format.
func (a *Answer) Write(w io.Writer, f Format) error {
	switch f {
	case JSON:
		text, err := Indented(a.JSON)
		if err != nil {
			return err
		}
		_, err = w.Write(text)
		return err
	case CSV:
		if len(a.Tables) == 0 {
			return fmt.Errorf("this answer has no table: use --format table, json or markdown")
		}
		return a.Tables[0].CSV(w)
	case TOML:
		return fmt.Errorf("this answer has no form that is TOML: use .json, .csv, .md or .txt")
	case HTML:
		return fmt.Errorf("this answer has no form that is HTML: roofline report writes one; or use .json, .csv, .md or .txt")
	case SVG, PNG, PDF:
		if a.Picture == nil {
			return fmt.Errorf("no picture belongs to this answer: use .json, .csv, .md or .txt")
		}
		return a.Picture(w, f)
	case Markdown:
		_, err := io.WriteString(w, a.markdown())
		return err
	}
	_, err := io.WriteString(w, a.text())
	return err
}

// Indented returns a value as the JSON of an answer.
func Indented(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(v)
	return b.Bytes(), err
}

func (a *Answer) text() string {
	var b strings.Builder
	line := func(s string) {
		b.WriteString(Wrap(s, Width))
		b.WriteByte('\n')
	}
	if a.Sentence != "" {
		line(a.Sentence)
	}
	if a.Assumed != "" {
		line(a.Assumed)
	}
	for i := range a.Tables {
		b.WriteByte('\n')
		width := Width
		if a.Wide {
			width = 0
		}
		b.WriteString(a.Tables[i].Text(width))
	}
	if len(a.Notes)+len(a.Warnings) > 0 && len(a.Tables) > 0 {
		b.WriteByte('\n')
	}
	for _, n := range a.Notes {
		line(n)
	}
	for _, w := range a.Warnings {
		line("! " + w)
	}
	return b.String()
}

func (a *Answer) markdown() string {
	var b strings.Builder
	if a.Sentence != "" {
		fmt.Fprintf(&b, "**%s**\n\n", a.Sentence)
	}
	if a.Assumed != "" {
		fmt.Fprintf(&b, "%s\n\n", a.Assumed)
	}
	for i := range a.Tables {
		b.WriteString(a.Tables[i].Markdown())
		b.WriteByte('\n')
	}
	for _, n := range a.Notes {
		fmt.Fprintf(&b, "%s\n\n", n)
	}
	for _, w := range a.Warnings {
		fmt.Fprintf(&b, "- ! %s\n", w)
	}
	return b.String()
}

// Wrap breaks a line at spaces so that none is wider than width; continuation lines are indented by two more than the
// first. Text that is laid out by hand, with line breaks in it, is left alone.
func Wrap(s string, width int) string {
	if text.StringWidthWithoutEscSequences(s) <= width || strings.Contains(s, "\n") {
		return s
	}
	var lines []string
	bare := strings.TrimLeft(s, " ")
	indent := s[:len(s)-len(bare)]
	line := ""
	for _, word := range strings.Split(bare, " ") {
		if line != "" && text.StringWidthWithoutEscSequences(line)+1+text.StringWidthWithoutEscSequences(word) > width {
			lines = append(lines, line)
			line = indent + "  " + word
			continue
		}
		if line == "" {
			line = indent + word
			continue
		}
		line += " " + word
	}
	return strings.Join(append(lines, line), "\n")
}
