package check

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"roofline/catalog"
)

var update = flag.Bool("update", false, "write the golden files")

var today = time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)

// The embedded catalog passes: what the rules find in it has a recorded reason.
func TestEmbedded(t *testing.T) {
	r := Embedded(today)
	for i := range r.Findings {
		if f := &r.Findings[i]; f.Severity != Info {
			t.Errorf("%s:%d:%d: %s: %s (%s)", f.File, f.Line, f.Column, f.Severity, f, f.Rule)
		}
	}
	if r.Devices < 120 || r.Systems < 20 || r.Instances < 500 {
		t.Errorf("%d devices, %d systems, %d instances looked at", r.Devices, r.Systems, r.Instances)
	}
	if r.Accepted == 0 {
		t.Error("no finding with a reason: are the rules run?")
	}
	c := catalog.Default()
	known := 0
	for i := range c.Sites {
		if s := &c.Sites[i]; s.Electricity.Price.Currency != "" || s.Carbon.Intensity > 0 {
			known++
		}
	}
	if known < 40 {
		t.Errorf("%d sites with electricity or carbon", known)
	}
}

// Each rule finds the fault that was planted for it.
func TestPlantedFaults(t *testing.T) {
	var out strings.Builder
	for _, rule := range Rules() {
		name := rule.ID + ".toml"
		data, err := os.ReadFile(filepath.Join("testdata", "rules", name))
		if err != nil {
			t.Errorf("%s: no test file: %v", rule.ID, err)
			continue
		}
		files := []File{{name, data}}
		if rule.ID == "duplicate-id" {
			files = append(files, File{"other.toml", []byte("[site.acme-hall]\nsource = \"a bill\"\npue = 1.2\n")})
		}
		r := Files(catalog.Default(), files, today)
		found := 0
		for i := range r.Findings {
			f := &r.Findings[i]
			if f.Rule != rule.ID {
				continue
			}
			found++
			if f.Line == 0 || f.Column == 0 || f.Snippet == "" || f.Severity != rule.Severity {
				t.Errorf("%s: a finding without place, or of another severity: %+v", rule.ID, f)
			}
			fmt.Fprintf(&out, "%s:%d:%d: %s: %s\n", f.File, f.Line, f.Column, f.Severity, f)
		}
		if found == 0 {
			t.Errorf("%s finds nothing in %s: %+v", rule.ID, name, r.Findings)
		}
		if rule.Doc == "" || strings.HasSuffix(rule.Doc, ".") {
			t.Errorf("%s: doc line %q", rule.ID, rule.Doc)
		}
	}
	golden := filepath.Join("testdata", "rules.golden")
	if *update {
		if err := os.WriteFile(golden, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil || out.String() != string(want) {
		t.Errorf("not as in %s (go test -update writes it): %v\n%s", golden, err, out.String())
	}
}

// Real errors of other catalogs are found, with the right figure.
func TestStatedElsewhere(t *testing.T) {
	data, err := os.ReadFile("testdata/stated.toml")
	if err != nil {
		t.Fatal(err)
	}
	r := Files(catalog.Default(), []File{{"stated.toml", data}}, today)
	for _, c := range []struct{ record, field, want string }{
		{"nvidia-a10", "memory.nominal", "25.77 GB"},            // 24 GiB
		{"nvidia-v100-sxm2-16gb", "memory.nominal", "17.18 GB"}, // 16 GiB
		{"amd-mi100", "matrix.int8", "184.6 TFLOP/s"},
		{"amd-mi210", "matrix.int8", "181 TFLOP/s"},
		{"amd-mi250", "matrix.int8", "362.1 TFLOP/s"},
		{"amd-mi250x", "matrix.int8", "383 TFLOP/s"},
		{"nvidia-h100-sxm5-80gb", "memory.bandwidth", "3350 GB/s"},
		{"nvidia-gh200-144gb", "matrix.bf16", "989 TFLOP/s"},
		{"nvidia-gb200-186gb", "matrix.bf16", "2500 TFLOP/s"},
		{"intel-gaudi3", "matrix.bf16", "1677 TFLOP/s"},
		{"nvidia-a100-sxm4-80gb", "link[1].bandwidth", "300 GB/s"},
		{"google-tpu-v4", "link[1].bandwidth", "150 GB/s"},
		{"google-tpu-v5e", "link[1].bandwidth", "200 GB/s"},
		{"google-tpu-v6e", "link[1].bandwidth", "400 GB/s"},
		{"nvidia-a40", "memory.capacity", "46068 MiB"},
		{"intel-arc-pro-b60", "matrix.fp8", ""},
	} {
		found := false
		for i := range r.Findings {
			f := &r.Findings[i]
			found = found || f.Record == c.record && f.Field == c.field && f.Severity == Error && strings.HasPrefix(f.Want, c.want)
		}
		if !found {
			t.Errorf("%s %s: not found, want %s", c.record, c.field, c.want)
		}
	}
	for i := range r.Findings {
		if f := &r.Findings[i]; f.Severity != Info && (f.Record == "nvidia-h100-pcie-80gb" || f.Record == "nvidia-l40s") {
			t.Errorf("right within rounding, but found: %s", f)
		}
		if f := &r.Findings[i]; testing.Verbose() && f.Severity != Info {
			t.Logf("%d:%d %s: %s (%s)", f.Line, f.Column, f.Severity, f, f.Rule)
		}
	}
}

// A value that the user measured or assumes may differ from the catalog's.
func TestOwnValues(t *testing.T) {
	for _, text := range []string{
		"[nvidia-h100-sxm5-80gb]\nmemory = { bandwidth = \"3 TB/s\" }\n",
		"[nvidia-h100-sxm5-80gb]\nmemory = { bandwidth = \"3 TB/s\" }\nsources = { \"memory.bandwidth\" = [\"our lab\", \"measured\"] }\n",
		"[nvidia-h100-sxm5-80gb]\nmemory = { bandwidth = \"3 TB/s\" }\nsource = \"a datasheet\"\naccepted = { contradiction = \"of the early boards\" }\n",
	} {
		r := Files(catalog.Default(), []File{{"my.toml", []byte(text)}}, today)
		if n := r.Count(Error) + r.Count(Warning); n > 0 {
			t.Errorf("%s: %+v", text, r.Findings)
		}
	}
}

func BenchmarkEmbedded(b *testing.B) {
	for b.Loop() {
		Embedded(today)
	}
}

// docs/catalog.md lists the rules as they are.
func TestDocs(t *testing.T) {
	text, err := os.ReadFile("../../docs/catalog.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range Rules() {
		if line := fmt.Sprintf("| `%s` | %s | %s |\n", r.ID, r.Severity, r.Doc); !strings.Contains(string(text), line) {
			t.Errorf("docs/catalog.md lacks the line %s", line)
		}
	}
}

// No file makes the check fall over, and every finding has a place.
func FuzzFiles(f *testing.F) {
	paths, err := filepath.Glob("testdata/*/*.toml")
	if err != nil || len(paths) < 20 {
		f.Fatalf("%d seeds, %v", len(paths), err)
	}
	for _, p := range paths {
		data, err := os.ReadFile(p)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(data))
	}
	f.Fuzz(func(t *testing.T, text string) {
		r := Files(catalog.Default(), []File{{"my.toml", []byte(text)}}, today)
		for i := range r.Findings {
			if p := &r.Findings[i]; p.Line < 1 || p.Column < 1 || p.Problem == "" {
				t.Errorf("without place or problem: %+v", p)
			}
		}
	})
}
