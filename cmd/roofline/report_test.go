package main

import (
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// reported runs report and returns the file.
func reported(t *testing.T, ending string, args ...string) (string, string) {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "report"+ending)
	var errs strings.Builder
	if exit := run(append(append([]string{"report"}, args...), "-o", file), io.Discard, &errs); exit != exitAnswered {
		t.Fatalf("%v: exit %d, %s", args, exit, errs.String())
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text), dir
}

// inOrder reports the first of some texts that does not follow the ones before it.
func inOrder(text string, wanted ...string) (missing string) {
	for _, w := range wanted {
		i := strings.Index(text, w)
		if i < 0 {
			return w
		}
		text = text[i+len(w):]
	}
	return ""
}

// TestReport: one file that needs nothing else, in the order it is read in.
func TestReport(t *testing.T) {
	for name, c := range map[string]struct{ args, parts []string }{
		"language": {[]string{"llama-3.1-70b", "--device", "h100-sxm,h200-sxm", "--count", "8", "--target", "2000tok/s", "--slo", "ttft=2s,tpot=50ms"},
			[]string{"llama-3.1-70b, 2,000 tok/s, TTFT ≤ 2s, TPOT ≤ 50ms", `class="answer">Rent 8 × `, `id="scorecard"`, "≥ 100 tok/s/user", `id="frontier"`, "<svg",
				`id="choices"`, `id="changes"`, `id="comparison"`, "data-filter", `id="roofline"`, `id="memory"`, `id="cost"`, `id="layers"`, `id="assumptions"`, `id="check"`,
				"vllm bench serve", `id="reproduce"`, "SHA-256", "Cite as"}},
		"graph": {[]string{"resnet50", "--device", "l4,rtx-4090,t4"},
			[]string{"resnet50, speed, memory and cost", `id="scorecard"`, "within 5.00 ms", `id="frontier"`, `id="changes"`, `id="comparison"`, `id="roofline"`, `id="cost"`,
				`id="layers"`, `id="assumptions"`, `id="check"`, `id="reproduce"`}},
	} {
		text, _ := reported(t, ".html", c.args...)
		if missing := inOrder(text, c.parts...); missing != "" {
			t.Errorf("%s: no %q, or too early", name, missing)
		}
		if len(text) > 2<<20 {
			t.Errorf("%s: %d bytes, want at most 2 MiB", name, len(text))
		}
		for _, loads := range []string{`src=`, `@import`, `url(`, `<link`, `<iframe`, `NaN`, `Inf`} {
			if strings.Contains(text, loads) {
				t.Errorf("%s: the file holds %q", name, loads)
			}
		}
		if ids := regexp.MustCompile(` id="([^"]*)"`).FindAllString(text, -1); len(ids) != len(set(ids)) {
			t.Errorf("%s: an id is there twice: %v", name, ids)
		}
	}
}

func set(names []string) map[string]bool {
	out := map[string]bool{}
	for _, n := range names {
		out[n] = true
	}
	return out
}

// TestReportIsTheCommand: a part holds what its command prints.
func TestReportIsTheCommand(t *testing.T) {
	text, _ := reported(t, ".html", "llama-3.1-8b", "--device", "h100-sxm,l4", "--isl", "2k")
	for _, args := range [][]string{{"frontier", "llama-3.1-8b", "--device", "h100-sxm,l4", "--isl", "2k", "--tiers", tiers}, {"estimate", "llama-3.1-8b", "--device", "h100-sxm,l4", "--isl", "2k"}} {
		if !strings.Contains(text, "<code>roofline "+quoted(args)+"</code>") {
			t.Errorf("no command %v", args)
		}
		sentence, _, _ := strings.Cut(answer(t, exitAnswered, append(args, "--format", "markdown")...), "\n")
		if sentence = strings.Trim(sentence, "*"); args[0] == "estimate" && !strings.Contains(text, sentence) {
			t.Errorf("no %q", sentence)
		}
	}
}

// TestReportMarkdown: the same with its pictures beside it.
func TestReportMarkdown(t *testing.T) {
	text, dir := reported(t, ".md", "llama-3.1-8b", "--device", "h100-sxm,l4")
	pictures := regexp.MustCompile(`\]\((report-[a-z]+\.svg)\)`).FindAllStringSubmatch(text, -1)
	if len(pictures) < 4 {
		t.Errorf("%d pictures in the document", len(pictures))
	}
	for _, p := range pictures {
		if svg, err := os.ReadFile(filepath.Join(dir, p[1])); err != nil || !strings.HasPrefix(string(svg), "<svg") {
			t.Errorf("%s: %v", p[1], err)
		}
	}
	if missing := inOrder(text, "# llama-3.1-8b", "## Scorecard", "## Frontier", "## What would change", "## Reproduce", "Cite as"); missing != "" {
		t.Errorf("no %q, or too early", missing)
	}
}

// TestReportEscapes: names that are markup stay names.
func TestReportEscapes(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	net := "name = \"<script>alert(1)</script>\"\n[[input]]\nname = \"x\"\nshape = [1, 8]\n[[op]]\nkind = \"Relu\"\nname = \"<img src=x>\"\n"
	if err := os.WriteFile("net.toml", []byte(net), 0o644); err != nil {
		t.Fatal(err)
	}
	text, _ := reported(t, ".html", "net.toml", "--device", "l4")
	if strings.Contains(text, "<script>alert") || strings.Contains(text, "<img") {
		t.Error("a name became markup")
	}
	if !strings.Contains(text, "&lt;script&gt;alert(1)") || !strings.Contains(text, "model file net.toml") {
		t.Error("the name is gone")
	}
}
