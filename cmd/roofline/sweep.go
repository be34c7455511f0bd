package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"time"

	"roofline/cmd/roofline/internal/show"
	"roofline/estimate"
	"roofline/estimate/sweep"
)

// sweepCmd evaluates every combination of what is listed.
type sweepCmd struct {
	decision     `embed:""`
	pictureFlags `embed:""`
}

// Help shows worked examples.
func (sweepCmd) Help() string {
	return `Examples:
  roofline sweep llama-3.1-8b --device h100-sxm,mi300x --tp 1,2,4,8 --concurrency 1..256*2
  roofline sweep llama-3.1-70b --dtype bf16,fp8 --format csv -o sweep.csv
  roofline sweep llama-3.1-70b --where 'memory>=80GB && vendor==nvidia' --count 8 --tp 1,2,4,8
  roofline sweep resnet50 --device l4,rtx-4090 --dtype fp16,int8 --batch 1..256*2
  roofline sweep llama-3.1-8b --device h100-sxm,mi300x --tp 1 -o load.svg      throughput and latency against the load

Lists are 1,2,4 or 1..8 or 1..256*2 (doubling); loads are 1..256*2 where nothing is said. Rows come device by device,
then by runtime, count, plan, number format and load, however many cores work on them. Ctrl-C keeps what is done.`
}

// Run evaluates all combinations. CSV and JSON are written as they come, other forms when all of them are there.
func (c *sweepCmd) Run(s *session) error {
	p, err := c.space(s)
	if err != nil {
		return err
	}
	if p.loads == nil {
		p.loads, _ = loads("load", defaultLoads)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	d := sweepDocument{Schema: "roofline.sweep/v1", Version: version(), Catalog: s.catalog.Version(), Command: s.command(),
		Assumptions: p.assumptions(&c.decision), Points: []*estimate.Result{}, Complete: true}
	var done int
	switch {
	case s.show == nil && s.Format == show.CSV:
		err = s.write(func(out io.Writer) (err error) { done, err = c.csv(ctx, s, p, out); return err })
	case s.show == nil && s.Format == show.JSON:
		err = s.write(func(out io.Writer) (err error) { done, err = d.stream(ctx, s, p, out); return err })
	default:
		if err = p.held(); err != nil {
			return err
		}
		done, err = each(ctx, s, p, func(points []*estimate.Result) []*estimate.Result { return points }, func(points []*estimate.Result) error {
			d.Points = append(d.Points, points...)
			return nil
		})
		d.Complete = done == len(p.cases)
		if err == nil {
			err = s.answer(sweepAnswer(c, s, p, &d))
		}
	}
	if err == nil && done < len(p.cases) {
		err = &failure{code: "interrupted", exit: exitNoAnswer,
			err: fmt.Errorf("stopped after %d of %d combinations: what was written holds these", done, len(p.cases))}
	}
	return err
}

// defaultLoads are the loads of a sweep where nothing is said.
const defaultLoads = "1..256*2"

// each evaluates the combinations on all cores at the loads of the space, prepares the answers of each beside the others,
// and emits what was prepared in order. It returns how many combinations there were time for before an interrupt.
func each[T any](ctx context.Context, s *session, p *space, prepare func([]*estimate.Result) T, emit func(T) error) (done int, err error) {
	meter := newProgress(s.errs, len(p.cases))
	defer meter.end()
	err = sweep.Run(ctx, runtime.GOMAXPROCS(0), len(p.cases), func(i int) T { return prepare(p.cases[i].Points(p.loads)) }, func(t T) error {
		if err := emit(t); err != nil {
			return err
		}
		done++
		meter.at(done, time.Now())
		return nil
	})
	if errors.Is(err, context.Canceled) {
		err = nil
	}
	return done, err
}

// mostHeld is how many points are held in memory at a time.
const mostHeld = 200_000

// held reports more points than can be held; those that are streamed need not be.
func (p *space) held() error {
	if n := len(p.cases) * len(p.loads); n > mostHeld {
		return fmt.Errorf("%s points; want at most %s, or sweep them into a file: -o sweep.csv", count(n), count(mostHeld))
	}
	return nil
}

// csv writes a line per point, with all columns.
func (c *sweepCmd) csv(ctx context.Context, s *session, p *space, out io.Writer) (done int, err error) {
	columns, names := p.columns(true), newNamer(s.catalog)
	empty := columns.table(names, nil)
	w := bufio.NewWriter(out)
	if err := empty.CSVHead(csv.NewWriter(w)); err != nil {
		return 0, err
	}
	done, err = each(ctx, s, p, func(points []*estimate.Result) []byte {
		var text bytes.Buffer
		t := columns.table(names, points)
		t.CSVRows(csv.NewWriter(&text)) // a buffer takes everything
		return text.Bytes()
	}, func(text []byte) error {
		_, err := w.Write(text)
		return err
	})
	if err != nil {
		return done, err
	}
	return done, w.Flush()
}

// sweepDocument is the JSON of `sweep`.
type sweepDocument struct {
	Schema      string             `json:"schema"`
	Version     string             `json:"version"`
	Catalog     string             `json:"catalog"`
	Command     string             `json:"command"`
	Assumptions []assumption       `json:"assumptions"`
	Points      []*estimate.Result `json:"points"`
	Complete    bool               `json:"complete"` // false: stopped before all combinations were there
}

// stream writes the document with a point per line as they come.
func (d *sweepDocument) stream(ctx context.Context, s *session, p *space, out io.Writer) (done int, err error) {
	head, _, err := d.around()
	if err != nil {
		return 0, err
	}
	w := bufio.NewWriter(out)
	w.Write(head) // its errors come back from Flush
	first := true
	done, err = each(ctx, s, p, lines, func(text []byte) error {
		if !first {
			w.WriteByte(',')
		}
		first = false
		_, err := w.Write(text)
		return err
	})
	if err != nil {
		return done, err
	}
	d.Complete = done == len(p.cases)
	_, tail, err := d.around()
	if err != nil {
		return done, err
	}
	w.Write(tail)
	return done, w.Flush()
}

// around returns what stands before and after the points.
func (d *sweepDocument) around() (head, tail []byte, err error) {
	text, err := show.Indented(d)
	if err != nil {
		return nil, nil, err
	}
	const points = `"points": [`
	i := bytes.LastIndex(text, []byte(points+"]")) + len(points)
	return text[:i], append([]byte("\n  "), text[i:]...), nil
}

// lines writes points as JSON, each on a line of its own.
func lines(points []*estimate.Result) []byte {
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	for i, r := range points {
		if i > 0 {
			text.WriteByte(',')
		}
		text.WriteString("\n    ")
		e.Encode(r) // numbers that can be written, into a buffer
		text.Truncate(text.Len() - 1)
	}
	return text.Bytes()
}
