package benchmark

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// A jsonFormat is a kind of JSON file: recognised by the keys of its objects, read one object at a time. Objects may
// stand alone, in an array, on lines of their own or one right after the other.
type jsonFormat struct {
	tool string
	keys []string // all of them; a|b wants one of the two
	open func() reader
}

// jsonFormats are tried in this order.
var jsonFormats = []jsonFormat{
	{"llama-bench", []string{"n_prompt", "n_gen", "avg_ns"}, each(llamaBench)},
	{"vllm bench serve", []string{"request_throughput", "total_token_throughput", "endpoint_type|backend"}, each(vllmServe)},
	{"vllm bench latency", []string{"avg_latency", "percentiles"}, each(vllmLatency)},
	{"vllm bench throughput", []string{"total_num_tokens", "elapsed_time"}, each(vllmThroughput)},
	{"sglang bench_one_batch", []string{"prefill_latency", "batch_size"}, each(sglangOneBatch)},
	{"sglang bench_serving", []string{"total_input_tokens", "mean_e2e_latency_ms"}, each(sglangServing)},
	{"trtexec times", []string{"startComputeMs|startInMs", "latencyMs|endToEndMs"}, func() reader { return &trtexecTimes{} }},
	{"trtexec profile", []string{"count"}, func() reader { return &trtexecProfile{} }},
	{"aiperf", []string{"time_to_first_token", "input_config", "was_cancelled"}, each(genaiPerf)},
	{"genai-perf", []string{"time_to_first_token|request_latency", "input_config"}, each(genaiPerf)},
	{"aiperf records", []string{"metrics", "metadata"}, func() reader { return &aiperfRecords{} }},
	{"guidellm", []string{"benchmarks"}, func() reader { return &guideLLM{} }},
	{"trtllm-bench", []string{"world_info", "performance"}, each(trtllmBench)},
	{"inferencex", []string{"infmax_model_prefix", "tput_per_gpu"}, each(inferenceX)},
	{"ollama", []string{"eval_duration", "done"}, each(ollama)},
	{"onnxruntime profile", []string{"cat", "name", "dur|ph"}, func() reader { return &ortProfile{} }},
}

// each makes a reader of files in which every object is a run.
func each(read func(*object) Run) func() reader {
	return func() reader { return &perObject{read: read} }
}

type perObject struct {
	read func(*object) Run
	all  []Run
}

func (p *perObject) add(o *object) error {
	r := p.read(o)
	if len(p.all) == mostRuns {
		return fmt.Errorf("more than %d runs", mostRuns)
	}
	p.all = append(p.all, r)
	return o.Err()
}

func (p *perObject) runs() ([]Run, error) { return p.all, nil }

// traceEvents is the key under which traces hold their events where they aren't an array.
const traceEvents = "traceEvents"

// jsonFile walks a JSON file.
type jsonFile struct {
	name string
	in   *lenient
	dec  *json.Decoder
	tool string
	to   reader
	rows int
}

func readJSON(name string, r *bufio.Reader) (*File, error) {
	f := &jsonFile{name: name, in: &lenient{r: r}}
	f.dec = json.NewDecoder(f.in)
	for {
		token, err := f.dec.Token()
		if err == io.EOF {
			break
		}
		if err == nil {
			switch token {
			case json.Delim('['):
				err = f.array()
			case json.Delim('{'):
				err = f.topObject()
			default:
				err = &ForeignError{name, fmt.Sprintf("a bare %T", token)}
			}
		}
		if err != nil {
			return nil, f.explained(err)
		}
	}
	if f.to == nil {
		return nil, &ForeignError{name, "an empty list"}
	}
	runs, err := f.to.runs()
	if err != nil {
		return nil, err
	}
	return &File{Name: name, Tool: f.tool, Runs: runs}, nil
}

// array reads the objects of an array up to its end.
func (f *jsonFile) array() error {
	for f.dec.More() {
		var values map[string]json.RawMessage
		if err := f.dec.Decode(&values); err != nil {
			return err
		}
		if err := f.object(values); err != nil {
			return err
		}
	}
	_, err := f.dec.Token()
	return err
}

// topObject reads an object whose brace was read. The events of a trace are read as they come.
func (f *jsonFile) topObject() error {
	values := map[string]json.RawMessage{}
	traced := false
	for f.dec.More() {
		token, err := f.dec.Token()
		if err != nil {
			return err
		}
		key, _ := token.(string)
		if key == traceEvents {
			traced = true
			if token, err = f.dec.Token(); err != nil {
				return err
			}
			if token != json.Delim('[') {
				return fmt.Errorf("%s: want a list of events", traceEvents)
			}
			if err := f.array(); err != nil {
				return err
			}
			continue
		}
		var raw json.RawMessage
		if err := f.dec.Decode(&raw); err != nil {
			return err
		}
		values[key] = raw
	}
	if _, err := f.dec.Token(); err != nil || traced {
		return err
	}
	return f.object(values)
}

// object hands an object to the reader of the file, which the first object decides.
func (f *jsonFile) object(values map[string]json.RawMessage) error {
	f.in.taken = 0
	if f.rows++; f.rows > mostRows {
		return fmt.Errorf("more than %d rows", mostRows)
	}
	o := newObject(values)
	if f.to == nil {
		for _, format := range jsonFormats {
			if o.has(format.keys...) {
				f.tool, f.to = format.tool, format.open()
				break
			}
		}
		if f.to == nil {
			keys := o.keys()
			more := ""
			if len(keys) > 12 {
				keys, more = keys[:12], ", …"
			}
			return &ForeignError{f.name, "top-level keys: " + strings.Join(keys, ", ") + more}
		}
	}
	err := f.to.add(o)
	if err != nil && f.rows > 1 {
		return fmt.Errorf("object %d: %w", f.rows, err)
	}
	return err
}

// explained says of an error of the syntax where it is.
func (f *jsonFile) explained(err error) error {
	var syntax *json.SyntaxError
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return fmt.Errorf("the file ends in the middle, after the key %q: was it cut off?", shortened(f.in.lastKey()))
	case errors.As(err, &syntax):
		return fmt.Errorf("not JSON at byte %d: %v", syntax.Offset, err)
	}
	return err
}

// lenient passes JSON on, with the NaN and Infinity that Python writes put in quotes, so that they can be refused by
// name. It bounds how much is read for one value and remembers the last string that was read as a whole.
type lenient struct {
	r       *bufio.Reader
	taken   int
	quoted  bool // inside a string
	escaped bool
	current []byte
	last    []byte
	pending []byte
}

// nonNumbers are what Python writes where there is no number.
var nonNumbers = []string{"-Infinity", "Infinity", "NaN"}

func (l *lenient) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		if len(l.pending) > 0 {
			c := copy(p[n:], l.pending)
			l.pending, n = l.pending[c:], n+c
			continue
		}
		if n > 0 && l.r.Buffered() == 0 {
			break
		}
		c, err := l.r.ReadByte()
		if err != nil {
			return n, err
		}
		if l.taken++; l.taken > mostValue {
			return n, fmt.Errorf("the value of %q is larger than %d MiB", shortened(l.lastKey()), mostValue>>20)
		}
		if word := l.nonNumber(c); word != "" {
			l.r.Discard(len(word) - 1)
			l.pending = []byte(`"` + word + `"`)
			continue
		}
		l.follow(c)
		p[n] = c
		n++
	}
	return n, nil
}

// nonNumber returns the word that begins with c, outside of strings.
func (l *lenient) nonNumber(c byte) string {
	if l.quoted || c != '-' && c != 'I' && c != 'N' {
		return ""
	}
	for _, word := range nonNumbers {
		if word[0] == c {
			if rest, _ := l.r.Peek(len(word) - 1); string(rest) == word[1:] {
				return word
			}
		}
	}
	return ""
}

// follow keeps track of strings.
func (l *lenient) follow(c byte) {
	const longestKey = 64
	switch {
	case l.escaped:
		l.escaped = false
	case l.quoted && c == '\\':
		l.escaped = true
	case c == '"':
		if l.quoted = !l.quoted; l.quoted {
			l.current = l.current[:0]
		}
	case !l.quoted && c == ':':
		l.last = append(l.last[:0], l.current...)
	case l.quoted && len(l.current) < longestKey:
		l.current = append(l.current, c)
	}
}

// lastKey returns the last key that was read.
func (l *lenient) lastKey() string { return string(l.last) }
