package main

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// allowed lists, for each part of the project, the parts it may import: data flows one way.
var allowed = map[string][]string{
	"hardware/unit":           {},
	"hardware/dtype":          {},
	"hardware/document":       {"hardware/unit", "hardware/dtype"},
	"hardware":                {"hardware/unit", "hardware/dtype", "hardware/document"},
	"model":                   {"hardware/unit", "hardware/dtype"},
	"model/*":                 {"hardware/unit", "hardware/dtype", "hardware/document", "model", "model/*"},
	"estimate/runtime":        {"hardware", "hardware/unit", "hardware/dtype", "hardware/document", "model"},
	"estimate/parallel":       {"hardware", "hardware/unit"},
	"estimate/cost":           {"hardware", "hardware/unit"},
	"estimate/slo":            {"hardware/unit"},
	"estimate/serving":        {"estimate/slo", "hardware/unit", "hardware/document"},
	"estimate":                {"estimate/cost", "estimate/parallel", "estimate/slo", "estimate/serving", "hardware", "hardware/unit", "hardware/dtype", "model", "model/*", "estimate/runtime"},
	"estimate/*":              {"hardware/document", "estimate/cost", "estimate/parallel", "estimate/slo", "estimate/serving", "hardware", "hardware/unit", "hardware/dtype", "model", "model/*", "estimate/runtime", "estimate"},
	"estimate/recommend":      {"estimate/cost", "estimate/parallel", "estimate/slo", "hardware", "hardware/unit", "estimate", "estimate/sweep"},
	"estimate/benchmark":      {"hardware/document", "hardware/unit", "hardware/dtype"},
	"estimate/calibrate":      {"estimate", "estimate/benchmark", "estimate/runtime", "hardware", "hardware/document", "hardware/unit", "hardware/dtype", "model", "model/*"},
	"catalog":                 {"hardware", "hardware/unit", "hardware/dtype", "hardware/document", "model", "estimate/runtime", "catalog/internal/source"},
	"catalog/check":           {"hardware", "hardware/unit", "hardware/dtype", "hardware/document", "catalog"},
	"catalog/filter":          {"hardware/document", "hardware", "hardware/unit", "hardware/dtype"},
	"catalog/internal/*":      {"hardware", "hardware/unit", "hardware/dtype", "hardware/document", "model", "estimate/runtime", "catalog/internal/source"},
	"cmd/roofline":            {"*"},
	"cmd/roofline/internal/*": {"*"},
	"examples/*":              {"*"},
}

// TestImports keeps the import rule: unit, dtype ← model, hardware ← estimate/runtime, parallel and cost ← estimate ← its other
// subpackages ← cmd; model and hardware don't know each other, and only cmd knows the catalog.
func TestImports(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}}{{range .Imports}} {{.}}{{end}}`, "roofline/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	checked := 0
	for _, line := range strings.Split(strings.TrimSpace(string(out)), "\n") {
		fields := strings.Fields(line)
		pkg := strings.TrimPrefix(fields[0], "roofline/")
		rule, ok := ruleOf(pkg)
		if !ok {
			t.Errorf("%s: no import rule; where does it belong?", pkg)
			continue
		}
		for _, imported := range fields[1:] {
			ours, ok := strings.CutPrefix(imported, "roofline/")
			if !ok {
				continue
			}
			checked++
			if !matches(rule, ours) {
				t.Errorf("%s must not import %s", pkg, ours)
			}
		}
	}
	if checked < 20 {
		t.Errorf("only %d imports seen: is the list command right?", checked)
	}
}

// TestLibraryIsLean: who only estimates links neither the command line nor plots nor a web server.
func TestLibraryIsLean(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "roofline/examples/library").Output()
	if err != nil {
		t.Fatal(err)
	}
	deps := strings.Fields(string(out))
	if !slices.Contains(deps, "roofline/estimate") {
		t.Fatalf("dependencies without the estimate: %q", deps)
	}
	for _, pkg := range deps {
		for _, heavy := range []string{"gonum.org/", "github.com/alecthomas/", "github.com/jedib0t/", "net/http", "html/template", "roofline/cmd/"} {
			if strings.HasPrefix(pkg, heavy) {
				t.Errorf("the library needs %s", pkg)
			}
		}
	}
}

func ruleOf(pkg string) ([]string, bool) {
	if rule, ok := allowed[pkg]; ok {
		return rule, true
	}
	for pattern, rule := range allowed {
		if prefix, ok := strings.CutSuffix(pattern, "/*"); ok && strings.HasPrefix(pkg, prefix+"/") {
			return rule, true
		}
	}
	return nil, false
}

func matches(rule []string, pkg string) bool {
	for _, r := range rule {
		prefix, all := strings.CutSuffix(r, "*")
		if r == pkg || all && strings.HasPrefix(pkg, prefix) && pkg != strings.TrimSuffix(prefix, "/") {
			return true
		}
	}
	return false
}

// TestDrawingIsOptional checks that who uses the library without charts does not link what draws them.
func TestDrawingIsOptional(t *testing.T) {
	deps := func(pkg string) string {
		out, err := exec.Command("go", "list", "-deps", pkg).Output()
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	}
	for _, pkg := range []string{"roofline/catalog", "roofline/estimate", "roofline/estimate/validate", "roofline/model/zoo"} {
		if strings.Contains(deps(pkg), "gonum.org/v1/plot") {
			t.Errorf("%s links gonum.org/v1/plot", pkg)
		}
	}
	if !strings.Contains(deps("roofline/estimate/chart"), "gonum.org/v1/plot") {
		t.Error("estimate/chart does not link gonum.org/v1/plot: is the test right?")
	}
}
