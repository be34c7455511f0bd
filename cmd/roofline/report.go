package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"roofline/cmd/roofline/internal/report"
	"roofline/cmd/roofline/internal/show"
	"roofline/model"
)

// reportCmd writes a decision as one file to send.
type reportCmd struct {
	decision `embed:""`

	Target   string `help:"What it has to put through: 2000tok/s, 20req/s, 5000img/s. The answer is then the cheapest that does it." placeholder:"RATE"`
	SLO      string `name:"slo" help:"Limits it has to keep: ttft=2s,tpot=50ms; of a graph latency=20ms." placeholder:"LIMITS"`
	SLOAt    string `name:"slo-at" help:"Plan for what is expected, or for the slow end of the bands: expected or high." enum:"expected,high" default:"expected"`
	Budget   string `help:"The most it may cost, such as 10000USD/month." placeholder:"MONEY"`
	MaxPower string `name:"max-power" help:"The most all devices may draw, such as 10kW." placeholder:"POWER"`
	Headroom string `help:"Share beyond the target that must be possible, such as 30%." placeholder:"SHARE"`
	Spare    bool   `name:"n+1" help:"One replica more than it takes."`
}

// Help shows worked examples.
func (reportCmd) Help() string {
	return `Examples:
  roofline report llama-3.1-70b --device 'dgx-*' --target 2000tok/s --slo ttft=2s,tpot=50ms -o decision.html
  roofline report resnet50 -o resnet50.html
  roofline report llama-3.1-8b --device h100-sxm,mi300x,l40s -o report.md

The file needs nothing else: it opens offline, prints on A4 with the decision on the first page, and follows the light or
dark of the screen. Markdown has its pictures beside it. Each part names the command it comes from.`
}

// Run collects the answers and writes them as one document.
func (c *reportCmd) Run(s *session) error {
	ending := strings.ToLower(filepath.Ext(s.Output))
	if ending != ".html" && ending != ".md" {
		return &failure{code: "usage", err: errors.New("a report is a file: -o report.html, or -o report.md with its pictures beside it"), exit: exitUsage}
	}
	loaded, err := s.files.Model(c.Model, model.Bindings{})
	if err != nil {
		return err
	}
	r, err := newReporter(c, s, loaded)
	if err != nil {
		return err
	}
	d, err := r.document()
	if err != nil {
		return err
	}
	if ending == ".html" {
		return s.write(func(w io.Writer) error { return report.HTML(w, d) })
	}
	text, pictures := report.Markdown(d, strings.TrimSuffix(filepath.Base(s.Output), ending))
	for _, name := range slices.Sorted(maps.Keys(pictures)) {
		err := s.create(filepath.Join(filepath.Dir(s.Output), name), func(w io.Writer) error {
			_, err := w.Write(pictures[name])
			return err
		})
		if err != nil {
			return err
		}
	}
	return s.write(func(w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	})
}

// asker asks other verbs what a report needs to know, with the flags of the report that they have too.
type asker struct {
	session *session
	model   string
	given   []given
	flags   map[string]map[string]bool // of each verb
}

// given is a flag as it was typed.
type given struct{ name, value string }

func newAsker(s *session, name string) (*asker, error) {
	var line cli
	parser, err := kong.New(&line)
	if err != nil {
		return nil, err
	}
	a := &asker{session: s, model: name, flags: map[string]map[string]bool{}}
	marks := map[string]bool{}
	for _, node := range parser.Model.Children {
		set := map[string]bool{}
		for _, f := range slices.Concat(node.Flags, parser.Model.Flags) {
			set[f.Name] = true
			if f.IsBool() {
				marks[f.Name] = true
			}
		}
		a.flags[node.Name] = set
	}
	for i := 0; i < len(s.args); i++ {
		flag, ok := strings.CutPrefix(s.args[i], "--")
		if !ok {
			continue
		}
		name, value, joined := strings.Cut(flag, "=")
		if !joined && !marks[name] && i+1 < len(s.args) {
			i++
			value = s.args[i]
		}
		if name != "output" && name != "format" && name != "quiet" {
			a.given = append(a.given, given{name, value})
		}
	}
	return a, nil
}

// arguments is the command line of a verb: the flags of the report that it has, and more, which replace those of the
// report; a value of "" takes one away.
func (a *asker) arguments(verb string, more ...given) []string {
	args := []string{verb, a.model}
	add := func(g given) {
		args = append(args, "--"+g.name)
		if g.value != "" {
			args = append(args, g.value)
		}
	}
	for _, g := range a.given {
		if a.flags[verb][g.name] && !slices.ContainsFunc(more, func(m given) bool { return m.name == g.name }) {
			add(g)
		}
	}
	for _, g := range more {
		if a.flags[verb][g.name] && g.value != "" {
			if g.value == on {
				g.value = ""
			}
			add(g)
		}
	}
	return args
}

// on is the value of a flag that has none.
const on = "\x00"

// answered is an answer and the command it is of.
type answered struct {
	*show.Answer
	Command string
	args    []string
}

// ask runs a verb.
func (a *asker) ask(verb string, more ...given) (*answered, error) {
	return a.run(a.arguments(verb, more...))
}

func (a *asker) run(args []string) (*answered, error) {
	found := &answered{Command: "roofline " + quoted(args), args: args}
	var errs bytes.Buffer
	c := call{args: append(slices.Clone(args), "--format", "json"), files: a.session.files, show: func(x *show.Answer) { found.Answer = x }}
	c.run(io.Discard, &errs)
	if found.Answer == nil {
		return nil, fmt.Errorf("%s: %s", found.Command, message(errs.Bytes()))
	}
	return found, nil
}

// figure draws the picture of an answer for light and for dark surroundings; nil where there is none.
func (a *asker) figure(name string, x *answered) ([]report.Figure, error) {
	if x.Picture == nil {
		return nil, nil
	}
	f := report.Figure{Name: name, Alt: x.Sentence}
	for theme, to := range map[string]*[]byte{"light": &f.Light, "dark": &f.Dark} {
		themed, err := a.run(append(slices.Clone(x.args), "--theme", theme))
		if err != nil {
			return nil, err
		}
		var b bytes.Buffer
		if err := themed.Picture(&b, show.SVG); err != nil {
			return nil, err
		}
		*to = b.Bytes()
	}
	return []report.Figure{f}, nil
}

// quoted makes one line for a shell of arguments.
func quoted(args []string) string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-"
	words := make([]string, len(args))
	for i, w := range args {
		if words[i] = w; w == "" || strings.Trim(w, plain) != "" {
			words[i] = "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
		}
	}
	return strings.Join(words, " ")
}

// day is the date of a report.
func (s *session) day() string { return s.now.Format(time.DateOnly) }
