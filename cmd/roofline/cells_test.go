package main

import (
	"io"
	"regexp"
	"strings"
	"testing"

	"roofline/cmd/roofline/internal/deploy"
	"roofline/cmd/roofline/internal/show"
)

// captured runs a command line and returns the answer as it is before it is written.
func captured(t *testing.T, args ...string) *show.Answer {
	t.Helper()
	var a *show.Answer
	if code := (call{args: args, files: deploy.Disk{}, show: func(x *show.Answer) { a = x }}).run(io.Discard, io.Discard); code != 0 || a == nil {
		t.Fatalf("roofline %s: exit %d, answer %v", strings.Join(args, " "), code, a)
	}
	return a
}

// TestCellsHaveTheirColumnsUnit: in tables of deployments the unit stands in the header. A column of numbers holds numbers and
// ranges, in the column's unit, and words only for what is not known; a column of text holds no bare numbers.
func TestCellsHaveTheirColumnsUnit(t *testing.T) {
	word := regexp.MustCompile(`^(–|n/a|[-+]\d+|)$`)
	bare := regexp.MustCompile(`^[-+]?[\d.,]+$`)
	checked := 0
	for _, args := range [][]string{
		{"sweep", "llama-3.1-8b", "--concurrency", "1,max", "--dtype", "bf16,fp8"}, {"sweep", "resnet50", "--batch", "1,max", "--wide"},
		{"frontier", "llama-3.1-70b"}, {"frontier", "llama-3.1-8b", "--by", "headroom,energy,devices", "--all"}, {"frontier", "resnet50"},
		{"frontier", "llama-3.1-8b", "--tiers", "10,30,100,300,500"},
		{"recommend", "llama-3.1-70b", "--target", "2000tok/s", "--slo", "tpot=50ms,ttft=2s"}, {"recommend", "resnet50", "--target", "5000img/s", "--slo", "latency=20ms"},
	} {
		for _, table := range captured(t, args...).Tables {
			for c, column := range table.Columns {
				if strings.ContainsAny(column.Title, "()") {
					t.Errorf("%v: unit within the title %q", args, column.Title)
				}
				for r := range table.Rows {
					checked++
					text, isText := table.Rows[r][c].(string)
					switch {
					case !column.Left && isText && !word.MatchString(text):
						t.Errorf("%v: %q under %s %s", args, text, column.Title, column.Unit)
					case column.Left && isText && bare.MatchString(text):
						t.Errorf("%v: number %q in the text column %s", args, text, column.Title)
					case column.Left && !isText:
						t.Errorf("%v: %v in the text column %s", args, table.Rows[r][c], column.Title)
					}
				}
			}
		}
	}
	if checked < 5000 {
		t.Errorf("only %d cells checked", checked)
	}
}

// FuzzAmounts: what is read of a target, a budget and a share is a number in its range, whatever is typed.
func FuzzAmounts(f *testing.F) {
	for _, s := range []string{"2000tok/s", "5kimg/s", "1,000 req/s", "10000USD/month", "$12/h", "120kUSD/year", "30%", "0.3", "1e309tok/s", "NaN/h", "-1USD/h"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var g goal
		if g.UnmarshalText([]byte(text)) == nil && !(g.Rate > 0 && g.Rate <= 1e12) {
			t.Errorf("%q: %v", text, g)
		}
		var b budget
		if b.UnmarshalText([]byte(text)) == nil && !(b > 0 && b < 1e300) {
			t.Errorf("%q: %v", text, b)
		}
		var h fraction
		if h.UnmarshalText([]byte(text)) == nil && !(h >= 0 && h <= 100) {
			t.Errorf("%q: %v", text, h)
		}
	})
}

// TestAmounts: by hand.
func TestAmounts(t *testing.T) {
	for text, want := range map[string]goal{"2000tok/s": {2000, "tok"}, "5k img/s": {5000, "item"}, "1,500 Req/s": {1500, "req"}, "2.5kqps": {2500, "req"}} {
		var g goal
		if err := g.UnmarshalText([]byte(text)); err != nil || g != want {
			t.Errorf("%s: %v, %v", text, g, err)
		}
	}
	for text, want := range map[string]budget{"10000USD/month": 10000, "$12/h": 8760, "120kUSD/year": 10000, "1 USD/day": 730.0 / 24} {
		var b budget
		if err := b.UnmarshalText([]byte(text)); err != nil || b != want {
			t.Errorf("%s: %v, %v", text, b, err)
		}
	}
	for text, want := range map[string]fraction{"30%": 0.3, "0.3": 0.3, "150 %": 1.5, "0": 0} {
		var h fraction
		if err := h.UnmarshalText([]byte(text)); err != nil || h != want {
			t.Errorf("%s: %v, %v", text, h, err)
		}
	}
}
