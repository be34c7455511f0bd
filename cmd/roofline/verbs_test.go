package main

import (
	"io"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/jedib0t/go-pretty/v6/text"

	"roofline/catalog"
	"roofline/cmd/roofline/internal/deploy"
	"roofline/cmd/roofline/internal/show"
)

// leaves lists the verbs that can be executed, by their words.
func leaves(t *testing.T) map[string]*kong.Node {
	t.Helper()
	app, err := kong.New(&cli{})
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]*kong.Node{}
	for _, n := range app.Model.Leaves(false) {
		out[strings.TrimPrefix(n.FullPath(), app.Model.Name+" ")] = n
	}
	return out
}

// longest returns the longest of names.
func longest(names []string) string {
	return slices.MaxFunc(names, func(a, b string) int { return len(a) - len(b) })
}

// samples are command lines of every verb that answers with more than a text of its own, with the longest names there are.
func samples(t *testing.T) map[string][]string {
	t.Helper()
	var devices, graphs []string
	k := catalog.Default()
	for _, short := range newNamer(k) {
		devices = append(devices, short)
	}
	slices.Sort(devices)
	device := longest(slices.DeleteFunc(devices, func(name string) bool { // that serves a language model
		d, err := k.Find(name)
		usable, _ := d.Memory.Usable()
		return err != nil || d.Kind != "gpu" || usable < 70e9 || d.Matrix.Of(1) == 0
	}))
	for _, e := range entries() {
		if e.Task != "language model" {
			graphs = append(graphs, e.Name)
		}
	}
	slices.Sort(graphs)
	graph, language := longest(graphs), "mistral-small-3.1-24b"
	if !slices.Contains(deploy.Names(), language) {
		language = "llama-3.1-8b"
	}
	recorded := filepath.Join(t.TempDir(), "a-long-name-of-a-recorded-answer.json")
	answer(t, 0, "estimate", language, "--device", device, "-o", recorded)
	overlay := filepath.Join(filepath.Dir(recorded), "my.toml")
	answer(t, 0, "whatif", language, "--device", device, "--set", "memory.bandwidth=*1.1", "-o", overlay)
	return map[string][]string{
		"estimate": {"estimate " + graph, "estimate " + graph + " --device " + device, "estimate " + language, "estimate " + language + " --device " + device + " --count 8 --explain",
			"estimate " + language + " --device " + device + " --phase decode", "estimate llama-3.1-405b --tokens total --concurrency 1,max"},
		"layers":        {"layers " + graph + " --device " + device, "layers " + language + " --device " + device + " --count 8 --tp 8"},
		"fit":           {"fit " + language + " --device " + device, "fit llama-3.1-405b --device all --context 128k"},
		"sweep":         {"sweep " + language + " --device " + device + " --tp 1,2 --concurrency 1..4"},
		"recommend":     {"recommend " + language + " --target 2000tok/s --slo ttft=2s,tpot=50ms"},
		"frontier":      {"frontier " + language + " --device h100-sxm," + device, "frontier llama-3.1-8b --device all --tiers 30,50,75,100"},
		"whatif":        {"whatif " + language + " --device " + device + " --set memory.bandwidth=*1.1 --set osl=2k --sensitivity --require tpot=5ms --require cost=0.1", "whatif " + graph + " --device " + device},
		"compare":       {"compare " + recorded + " " + recorded},
		"validate":      {"validate", "validate --by device,runtime,quantity"},
		"explain":       {"explain", "explain throughput", "explain band"},
		"schema":        {"schema"},
		"models list":   {"models list"},
		"models show":   {"models show " + language, "models show " + graph},
		"catalog list":  {"catalog list", "catalog list --value", "catalog list --formats", "catalog list --systems", "catalog list --sites", "catalog list --runtimes", "catalog list --links"},
		"catalog show":  {"catalog show " + device, "catalog show dgx-h100", "catalog show vllm"},
		"catalog check": {"catalog check --rules"},
		"catalog diff":  {"catalog diff " + overlay},
	}
}

// own are the verbs whose answer is a text, a page or a program: the forms of answers are not theirs.
var own = []string{"version", "completion", "man", "serve", "report", "catalog new", "calibrate"}

// Every verb answers in every form, in the file whose ending asks for it, and within 100 columns for the longest names.
func TestEveryVerbEveryForm(t *testing.T) {
	all := samples(t)
	for verb := range leaves(t) {
		if len(all[verb]) == 0 && !slices.Contains(own, verb) {
			t.Errorf("no sample of %s", verb)
		}
	}
	dir := t.TempDir()
	for verb, lines := range all {
		t.Run(verb, func(t *testing.T) {
			t.Parallel()
			for _, line := range lines {
				checkForms(t, line)
			}
			for _, ending := range []string{".json", ".csv", ".md"} {
				file := filepath.Join(dir, strings.ReplaceAll(verb, " ", "-")+ending)
				if out := answer(t, 0, append(strings.Fields(lines[0]), "-o", file)...); out != "" {
					t.Errorf("roofline %s -o %s prints to the terminal too", lines[0], ending)
				}
			}
		})
	}
}

// checkForms asks one command line in every form.
func checkForms(t *testing.T, line string) {
	args := strings.Fields(line)
	for _, form := range []string{"json", "csv", "markdown"} {
		if out := answer(t, 0, append(args, "--format", form)...); strings.TrimSpace(out) == "" {
			t.Errorf("roofline %s --format %s prints nothing", line, form)
		}
	}
	for _, l := range strings.Split(answer(t, 0, args...), "\n") {
		if w := text.StringWidthWithoutEscSequences(l); w > show.Width {
			t.Errorf("roofline %s: %d columns: %s", line, w, l)
		}
	}
	if quiet := answer(t, 0, append(args, "--quiet")...); strings.Contains(quiet, "\n! ") {
		t.Errorf("roofline %s --quiet warns", line)
	}
}

// A cell whose column has a unit in its header is a number of that unit, or a word.
func TestUnitsInHeaders(t *testing.T) {
	measured := regexp.MustCompile(`^[−+~]?[\d.,]+([–-][\d.,]+)? ?(ns|µs|us|ms|s|k?B|[KMGT]i?B|[kMGT]?B/s|[GTP]?FLOP(/s)?|W|kW|\$.*|%|tok/s)$`)
	for _, lines := range samples(t) {
		for _, line := range lines {
			look := func(a *show.Answer) {
				for i := range a.Tables {
					table := &a.Tables[i]
					for c := range table.Columns {
						if table.Columns[c].Unit == "" && table.Columns[c].Scales == nil {
							continue
						}
						for _, row := range table.Rows {
							if cell, ok := row[c].(string); ok && measured.MatchString(cell) {
								t.Errorf("roofline %s: %q in column %s, whose header has a unit", line, cell, table.Columns[c].Title)
							}
						}
					}
				}
			}
			if code := (call{args: strings.Fields(line), files: deploy.Disk{}, show: look}).run(io.Discard, io.Discard); code != 0 {
				t.Errorf("roofline %s: exit %d", line, code)
			}
		}
	}
}

// Help has a worked example of every verb, and an unknown flag of any verb gets a suggestion.
func TestEveryVerbHelps(t *testing.T) {
	for verb, n := range leaves(t) {
		if !strings.Contains(n.Detail, "roofline "+verb) && verb != "version" {
			t.Errorf("the help of %s has no worked example", verb)
		}
	}
	page := answer(t, 0, "man")
	for verb, n := range leaves(t) {
		if !strings.Contains(page, ".SS "+roff(verb)) {
			t.Errorf("the manual lacks %s", verb)
		}
		for _, f := range n.Flags {
			if !f.Hidden && f.Name != "help" && !strings.Contains(page, `\fB`+roff("--"+f.Name)) && f.Short == 0 {
				t.Errorf("the manual lacks --%s of %s", f.Name, verb)
			}
		}
	}
}
