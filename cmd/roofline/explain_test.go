package main

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"roofline/cmd/roofline/internal/metric"
)

// The tables of docs/definitions.md are those of explain: go test ./cmd/roofline -run DefinitionsDoc -update
func TestDefinitionsDoc(t *testing.T) {
	const file = "../../docs/definitions.md"
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	page, written := string(data), 0
	now := regexp.MustCompile(`(?s)<!-- metrics (\w+) -->\n.*?<!-- /metrics -->`).ReplaceAllStringFunc(page, func(block string) string {
		section := metric.Section(strings.Fields(block)[2])
		var b strings.Builder
		fmt.Fprintf(&b, "<!-- metrics %s -->\n| quantity | definition |\n|---|---|\n", section)
		for _, m := range metric.All() {
			if m.Section == section {
				written++
				fmt.Fprintf(&b, "| %s | %s |\n", m.Label, m.Definition)
			}
		}
		return b.String() + "<!-- /metrics -->"
	})
	if written != len(metric.All()) {
		t.Errorf("the page has %d of %d metrics: is a section missing?", written, len(metric.All()))
	}
	switch {
	case now == page:
	case *update:
		if err := os.WriteFile(file, []byte(now), 0o644); err != nil {
			t.Error(err)
		}
	default:
		t.Error("docs/definitions.md is not what explain says: go test ./cmd/roofline -run DefinitionsDoc -update")
	}
}

// Every metric is found by every name it has.
func TestExplainFinds(t *testing.T) {
	for _, c := range []struct{ name, want string }{
		{"TPOT", "tpot"}, {"itl", "tpot"}, {"decode.tpot_s", "tpot"}, {"tpot_s", "tpot"}, {"inter_token_latency_ms", "tpot"}, {"tput_per_gpu", "throughput"},
		{"qps", "throughput"}, {"Active Parameters", "active-parameters"}, {"$/M", "cost"}, {"E2EL", "e2e"}, {"interactivity", "speed"}, {"ridge", "ridge-point"},
	} {
		m, err := metric.Find(c.name)
		if err != nil || m.ID != c.want {
			t.Errorf("%s: %v, %v, want %s", c.name, m, err, c.want)
		}
	}
	ids := map[string]bool{}
	for _, m := range metric.All() {
		if ids[m.ID] || m.Definition == "" || m.Example == "" || m.Section == "" {
			t.Errorf("%s: twice, or without a definition, an example or a section", m.ID)
		}
		ids[m.ID] = true
		if strings.Contains(m.Definition, "|") {
			t.Errorf("%s: its definition breaks the table of the page", m.ID)
		}
	}
}
