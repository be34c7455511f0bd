package benchmark

import (
	"bufio"
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"strings"

	"roofline/hardware/document"
	"roofline/hardware/unit"
)

// readText reads what is not JSON: our own TOML, tables and logs.
func readText(name string, b *bufio.Reader) (*File, error) {
	head, _ := b.Peek(b.Size())
	line, _, _ := strings.Cut(string(head), "\n")
	line = strings.TrimSpace(line)
	switch {
	case strings.HasPrefix(line, genaiHeader):
		records, err := table(b)
		if err != nil {
			return nil, err
		}
		r, err := genaiPerfCSV(records)
		tool := "genai-perf"
		if strings.HasPrefix(line, genaiHeader+"min,max,p1,") {
			tool = "aiperf"
		}
		return &File{Name: name, Tool: tool, Runs: []Run{r}}, err
	case IsCSV(line):
		runs, err := llamaCSV(b)
		return &File{Name: name, Tool: "llama-bench", Runs: runs}, err
	case ownFile().Match(head):
		return readOwn(name, b)
	}
	return readLog(name, line, b)
}

// IsCSV reports whether a file that begins with a line is CSV that a benchmark wrote.
func IsCSV(line string) bool {
	return strings.HasPrefix(line, genaiHeader) || strings.Contains(line, "n_prompt") && strings.Contains(line, ",")
}

// table reads a whole CSV file, the lines of which may differ in length.
func table(b *bufio.Reader) ([][]string, error) {
	data, err := io.ReadAll(io.LimitReader(b, mostValue+1))
	if err != nil {
		return nil, err
	}
	if len(data) > mostValue {
		return nil, fmt.Errorf("the table is larger than %d MiB", mostValue>>20)
	}
	c := csv.NewReader(strings.NewReader(string(data)))
	c.FieldsPerRecord, c.LazyQuotes = -1, true
	return c.ReadAll()
}

func llamaCSV(b *bufio.Reader) ([]Run, error) {
	records, err := table(b)
	if err != nil {
		return nil, err
	}
	header := records[0]
	if len(records) > mostRuns {
		return nil, fmt.Errorf("more than %d runs", mostRuns)
	}
	var runs []Run
	for i, cells := range records[1:] {
		if len(cells) < len(header) {
			return nil, fmt.Errorf("line %d: %s is missing: was the file cut off?", i+2, header[len(cells)])
		}
		o := row(header, cells)
		r := llamaBench(o)
		if err := o.Err(); err != nil {
			return nil, fmt.Errorf("line %d: %w", i+2, err)
		}
		runs = append(runs, r)
	}
	if len(runs) == 0 {
		return nil, fmt.Errorf("avg_ns: no row below the header")
	}
	return runs, nil
}

// lines hands on the lines of a text; longer ones than any real one are cut.
type lines struct {
	r   *bufio.Reader
	n   int
	err error
}

func (l *lines) next() (string, bool) {
	if l.n++; l.n > mostRows {
		l.err = fmt.Errorf("more than %d lines", mostRows)
		return "", false
	}
	var b strings.Builder
	for {
		part, prefix, err := l.r.ReadLine()
		if err != nil {
			if err != io.EOF {
				l.err = err
			}
			return b.String(), b.Len() > 0
		}
		if b.Len() < longLine {
			b.Write(part)
		}
		if !prefix {
			return b.String(), true
		}
	}
}

// logFormat is a log or a summary in text: a mark in one of its lines tells which.
type logFormat struct {
	tool  string
	marks []string
	open  func() logReader
}

type logReader interface {
	line(string) error
	done() (Run, error)
}

var logFormats = []logFormat{
	{"trtexec log", []string{trtexecBegin}, func() logReader { return &trtexecLog{} }},
	{"mlperf summary", []string{"MLPerf Results Summary"}, func() logReader { return &mlperfSummary{values: map[string]string{}} }},
	{"vllm log", []string{"KV cache size:", "Available KV cache memory:"}, func() logReader { return &vllmLog{} }},
}

// readLog reads a log of a tool that its lines tell. What stands before the mark counts, too: all readers are fed until
// one's mark is seen.
func readLog(name, first string, b *bufio.Reader) (*File, error) {
	readers := make([]logReader, len(logFormats))
	errs := make([]error, len(logFormats))
	for i := range readers {
		readers[i] = logFormats[i].open()
	}
	found := -1
	l := &lines{r: b}
	for line, ok := l.next(); ok; line, ok = l.next() {
		if found < 0 && isLlamaTable(line) {
			runs, err := llamaMarkdownTable(line, l.next)
			if err == nil && len(runs) == 0 {
				err = fmt.Errorf("t/s: no row below the head of the table")
			}
			return &File{Name: name, Tool: "llama-bench", Runs: runs}, err
		}
		for i := range readers {
			if found >= 0 && found != i {
				continue
			}
			for _, mark := range logFormats[i].marks {
				if strings.Contains(line, mark) {
					found = i
				}
			}
			if err := readers[i].line(line); err != nil && errs[i] == nil {
				errs[i] = fmt.Errorf("line %d: %w", l.n, err)
			}
		}
	}
	if l.err != nil {
		return nil, l.err
	}
	if found < 0 {
		return nil, &ForeignError{name, fmt.Sprintf("begins with %q", shortened(first))}
	}
	if errs[found] != nil {
		return nil, errs[found]
	}
	r, err := readers[found].done()
	return &File{Name: name, Tool: logFormats[found].tool, Runs: []Run{r}}, err
}

// mlperfSummary reads mlperf_log_summary.txt.
type mlperfSummary struct{ values map[string]string }

var mlperfLine = pattern(`^\s*([^:]{1,80}?)\s*:\s*(.*?)\s*$`)

func (m *mlperfSummary) line(line string) error {
	const mostValues = 1000
	if x := mlperfLine().FindStringSubmatch(line); x != nil && len(m.values) < mostValues {
		if _, there := m.values[x[1]]; !there {
			m.values[x[1]] = x[2]
		}
	}
	return nil
}

func (m *mlperfSummary) done() (Run, error) {
	var header, cells []string
	for k, v := range m.values {
		header, cells = append(header, k), append(cells, v)
	}
	o := row(header, cells)
	var r Run
	if o.require("Scenario", "Result is"); o.Err() == nil && o.text("Result is") != "VALID" {
		o.fail("Result is", "%s: want VALID", o.text("Result is"))
	}
	tokens := o.rate(o.first("Tokens per second", "Completed tokens per second"))
	samples := o.rate(o.first("Samples per second", "Completed samples per second"))
	r.TTFT = o.seconds("50.00 percentile first token latency (ns)", nanoseconds)
	r.TPOT = o.seconds("50.00 percentile time to output token (ns)", nanoseconds)
	r.Latency = o.seconds("50.00 percentile latency (ns)", nanoseconds)
	switch scenario := o.text("Scenario"); {
	case scenario == "SingleStream":
		r.Batch, r.TTFT = 1, 0
		r.took("SingleStream: p50 latency")
	case tokens > 0:
		r.OutputRate = tokens
		if samples > 0 {
			r.OSL = math.Round(tokens / samples)
			r.took("%g output tokens per sample", r.OSL)
		}
		if samples > 0 && r.Latency > 0 {
			r.Concurrency = max(1, math.Round(samples*float64(r.Latency)))
			r.took("concurrency %g (samples/s · latency)", r.Concurrency)
		}
		r.took("%s: tokens/s", scenario)
	case samples > 0:
		r.RequestRate, r.Latency, r.TTFT = samples, 0, 0
		r.took("%s: samples/s", scenario)
		r.note("latency under load is not used: it has queueing in it")
	default:
		o.require("Samples per second")
	}
	return r, o.Err()
}

// ownFile recognises TOML with runs; that other keys come first, as in a calibration, does not matter.
var ownFile = pattern(`(?m)^\s*(\[\[run\]\]|schema\s*=)`)

// readOwn reads the runs of a TOML file: one of runs, or a calibration, which keeps those it was solved from.
func readOwn(name string, b *bufio.Reader) (*File, error) {
	data, err := io.ReadAll(io.LimitReader(b, document.MaxSize+1))
	if err != nil {
		return nil, err
	}
	doc, err := document.Parse(name, data)
	if err != nil {
		return nil, err
	}
	f := &File{Name: name, Tool: "TOML"}
	f.Runs = Runs(doc.Root())
	if root := doc.Root(); !root.Has("schema") { // else a calibration, which its own reader checks
		for _, key := range root.Keys() {
			if key != "run" {
				root.Unknown(key, []string{"run"})
			}
		}
	}
	if err := doc.Err(); err != nil {
		return nil, err
	}
	if len(f.Runs) == 0 {
		return nil, fmt.Errorf("no [[run]] in it")
	}
	return f, nil
}

// Runs reads the [[run]] tables of a parsed file; problems are left in it.
func Runs(root document.Table) []Run {
	var runs []Run
	for _, t := range root.Tables("run") {
		var r Run
		t.Decode(&r)
		for key, v := range map[string]unit.Seconds{"ttft": r.TTFT, "tpot": r.TPOT, "latency": r.Latency} {
			if t.Has(key) && v <= 0 {
				t.Bad(key, "a time above 0")
			}
		}
		r.took("as written")
		runs = append(runs, r)
	}
	return runs
}
