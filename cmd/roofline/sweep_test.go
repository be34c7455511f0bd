package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// wholeCatalog is the sweep that is measured: every device, four plans, three number formats, nine loads.
var wholeCatalog = []string{"sweep", "llama-3.1-70b", "--device", "all", "--tp", "1,2,4,8", "--concurrency", "1..256*2", "--dtype", "bf16,fp8,int4_g128"}

// TestSweepIsDeterministic: the same bytes on one core and on four, in every form.
func TestSweepIsDeterministic(t *testing.T) {
	for _, format := range []string{"csv", "json", "table"} {
		args := []string{"sweep", "llama-3.1-8b", "--tp", "1,2", "--concurrency", "1,64,max", "--dtype", "bf16,fp8", "--format", format}
		on := func(cores int) string {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(cores))
			return answer(t, 0, args...)
		}
		if one, four := on(1), on(4); one != four {
			t.Errorf("%s: %d bytes on one core, other %d bytes on four", format, len(one), len(four))
		}
	}
}

// TestSweepIsEstimate: a point of a sweep is what estimate says of it.
func TestSweepIsEstimate(t *testing.T) {
	type point struct{ Estimates, Points []json.RawMessage }
	read := func(args ...string) (p point) {
		if err := json.Unmarshal([]byte(answer(t, 0, append(args, "--format", "json")...)), &p); err != nil {
			t.Fatal(err)
		}
		return p
	}
	compact := func(raw json.RawMessage) string {
		var b bytes.Buffer
		json.Compact(&b, raw)
		return b.String()
	}
	for _, load := range []string{"1", "40", "max"} {
		swept := read("sweep", "llama-3.1-70b", "--device", "h100-sxm", "--count", "8", "--tp", "2,4", "--concurrency", load, "--dtype", "fp8").Points
		for i, tp := range []string{"2", "4"} {
			one := read("estimate", "llama-3.1-70b", "--device", "h100-sxm", "--count", "8", "--tp", tp, "--concurrency", load, "--dtype", "fp8").Estimates
			if compact(swept[i]) != compact(one[0]) {
				t.Errorf("TP%s at %s: the sweep says\n%s\nestimate says\n%s", tp, load, swept[i], one[0])
			}
		}
	}
}

// TestSweepForms: CSV, JSON and the plain document hold the same points.
func TestSweepForms(t *testing.T) {
	args := []string{"sweep", "resnet50", "--device", "l4,h100*,i7-12700h", "--batch", "1,8,max", "--dtype", "fp32,fp16"}
	rows, err := csv.NewReader(strings.NewReader(answer(t, 0, append(args, "--format", "csv")...))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var doc sweepDocument
	if err := json.Unmarshal([]byte(answer(t, 0, append(args, "--format", "json")...)), &doc); err != nil {
		t.Fatal(err)
	}
	if len(rows)-1 != len(doc.Points) || len(doc.Points) < 12 || !doc.Complete || doc.Schema != "roofline.sweep/v1" {
		t.Errorf("%d lines, %d points, complete %v", len(rows)-1, len(doc.Points), doc.Complete)
	}
	limit := slices.Index(rows[0], "limit")
	for i, e := range doc.Points {
		if (e.Unavailable != "") != (e.Unavailable == rows[i+1][limit] || strings.Contains(rows[i+1][limit], "arithmetic")) {
			t.Errorf("line %v is not point %+v", rows[i+1], e)
		}
	}
}

// TestInterrupt: a sweep that is stopped leaves whole lines and closed JSON, says so, and does not take that for an answer.
func TestInterrupt(t *testing.T) {
	self, err := os.FindProcess(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	for _, format := range []string{"csv", "json"} {
		out, in := io.Pipe()
		var errs bytes.Buffer
		code := make(chan int)
		go func() {
			exit := run([]string{"sweep", "llama-3.1-8b", "--concurrency", "1..1024", "--format", format}, in, &errs)
			in.Close()
			code <- exit
		}()
		head := make([]byte, 200)
		if _, err := io.ReadFull(out, head); err != nil { // it has begun, and waits for the reader
			t.Fatal(err)
		}
		if err := self.Signal(os.Interrupt); err != nil {
			t.Skip("no interrupts here:", err)
		}
		rest, err := io.ReadAll(out)
		if err != nil {
			t.Fatal(err)
		}
		all := append(head, rest...)
		if exit := <-code; exit != exitNoAnswer || !strings.Contains(errs.String(), "stopped after") {
			t.Errorf("%s: exit %d: %s", format, exit, errs.String())
		}
		switch format {
		case "csv":
			rows, err := csv.NewReader(bytes.NewReader(all)).ReadAll()
			if err != nil || len(rows) < 2 || all[len(all)-1] != '\n' {
				t.Errorf("%d rows, %v", len(rows), err)
			}
		case "json":
			var doc sweepDocument
			if err := json.Unmarshal(all, &doc); err != nil || doc.Complete || len(doc.Points) == 0 {
				t.Errorf("%d points, complete %v, %v", len(doc.Points), doc.Complete, err)
			}
		}
	}
}

// TestProgress: silent for half a second and where nobody watches, then a line that ends up gone.
func TestProgress(t *testing.T) {
	var w bytes.Buffer
	p := newProgress(&w, 200)
	p.at(100, p.began.Add(time.Second))
	if w.Len() > 0 {
		t.Error("progress into a buffer")
	}
	p.to = &w
	p.at(1, p.began.Add(patience/2))
	p.end()
	if w.Len() > 0 {
		t.Error("progress before half a second")
	}
	p.at(100, p.began.Add(time.Second))
	p.at(101, p.began.Add(time.Second+redraw/2))
	if got := w.String(); got != "\r███████████████░░░░░░░░░░░░░░░  50 % of 200 " {
		t.Errorf("%q", got)
	}
	p.end()
	if !strings.HasSuffix(w.String(), "\r\x1b[K") {
		t.Error("the line stays")
	}
}

// BenchmarkSweep evaluates the whole catalog at all plans, formats and loads, and writes it: 1 core and 2.
func BenchmarkSweep(b *testing.B) {
	for _, format := range []string{"csv", "json"} {
		for _, cores := range []int{1, 2, 4} {
			b.Run(format+"/cores="+string(rune('0'+cores)), func(b *testing.B) {
				defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(cores))
				points := 0
				for b.Loop() {
					var out, errs bytes.Buffer
					if code := run(append(wholeCatalog, "--format", format), &out, &errs); code != 0 {
						b.Fatal(errs.String())
					}
					points += strings.Count(out.String(), "\n")
				}
				b.ReportMetric(float64(points)/b.Elapsed().Seconds(), "points/s")
			})
		}
	}
}
