package main

import (
	"bytes"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"roofline/catalog"
	"roofline/estimate/validate"
)

var update = flag.Bool("update", false, "write the tables of README.md and docs/accuracy.md anew")

// predicted returns the measurements that ship with the catalog and their predictions.
func predicted(t testing.TB) *validate.Report {
	t.Helper()
	ms, err := shipped(catalog.Measurements())
	if err != nil {
		t.Fatal(err)
	}
	return validate.Run(ms, newWorld(catalog.Default()))
}

// What ships is small, fully predicted, and says where it is from.
func TestMeasurements(t *testing.T) {
	var size int64
	err := fs.WalkDir(catalog.Measurements(), ".", func(_ string, d fs.DirEntry, err error) error {
		if info, infoErr := d.Info(); err == nil && infoErr == nil {
			size += info.Size()
		}
		return err
	})
	if err != nil || size > 150_000 {
		t.Errorf("%d bytes of measurements, %v", size, err)
	}
	begin := time.Now()
	r := predicted(t)
	if d := time.Since(begin); d > 2*time.Second {
		t.Errorf("predicting them took %v", d)
	}
	if n := len(r.Points); n < 1000 || n > 1500 {
		t.Errorf("%d measurements", n)
	}
	for _, s := range r.Skipped {
		t.Errorf("%s: %s", s.Place, s.Reason)
	}
	sources := map[string]bool{}
	for _, s := range catalog.Sources() {
		sources[s.Key] = true
	}
	for _, p := range r.Points {
		if !sources[p.Source] {
			t.Errorf("%s: no source %q in the catalog", p.Place, p.Source)
		}
	}
}

// No prediction is below its bound; a published measurement that is says why.
func TestNeverBelowBound(t *testing.T) {
	r := predicted(t)
	checkBands(t, r)
	for _, p := range r.BelowBound() {
		if p.Note == "" {
			t.Errorf("%s: %s on %s took %v, bound %v, and no note explains it", p.Place, p.Name(), p.Device, p.Measured, p.Predicted.Bound)
		}
	}
}

// checkBands checks the order of the four numbers of every prediction.
func checkBands(t *testing.T, r *validate.Report) {
	t.Helper()
	for _, p := range r.Points {
		if b := p.Predicted; !(b.Bound >= 0 && b.Bound <= b.Low && b.Low <= b.Expected && b.Expected <= b.High && b.Expected > 0) {
			t.Errorf("%s: %s on %s: bound %v, low %v, expected %v, high %v", p.Place, p.Name(), p.Device, b.Bound, b.Low, b.Expected, b.High)
		}
	}
}

// The tables of README.md and docs/accuracy.md are what the tool finds: go test ./cmd/roofline -run AccuracyDoc -update
func TestAccuracyDoc(t *testing.T) {
	r := predicted(t)
	for file, by := range map[string][]string{
		"../../README.md":        {"quantity"},
		"../../docs/accuracy.md": {"quantity", "runtime", "device"},
	} {
		c := validateCmd{By: by}
		table := groupTable(newNamer(catalog.Default()), by, r.By(c.keys()...))
		old, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		text, err := between(string(old), "accuracy", table.Markdown())
		switch {
		case err != nil:
			t.Errorf("%s: %v", file, err)
		case *update:
			if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
				t.Error(err)
			}
		case !bytes.Equal(old, []byte(text)):
			t.Errorf("the table in %s is not what the tool finds: go test ./cmd/roofline -run AccuracyDoc -update", file)
		}
	}
}

// between replaces what is between the marks <!-- name --> and <!-- /name --> of a document.
func between(text, name, content string) (string, error) {
	before, rest, begun := strings.Cut(text, "<!-- "+name+" -->\n")
	_, after, ended := strings.Cut(rest, "<!-- /"+name+" -->\n")
	if !begun || !ended {
		return "", fmt.Errorf("no marks <!-- %s --> and <!-- /%s -->", name, name)
	}
	return before + "<!-- " + name + " -->\n" + content + "<!-- /" + name + " -->\n" + after, nil
}

// The keys of --by are those there are.
func TestValidateKeys(t *testing.T) {
	for _, name := range keyNames {
		if validate.Keys[name] == nil {
			t.Errorf("no key %s", name)
		}
	}
	for name := range validate.Keys {
		if !slices.Contains(keyNames, name) {
			t.Errorf("--by does not offer %s", name)
		}
	}
}
