package main

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"roofline/cmd/roofline/internal/show"
	"roofline/estimate"
	"roofline/estimate/benchmark"
	"roofline/estimate/calibrate"
	"roofline/hardware/unit"
)

// calibrated is the answer of calibrate.
type calibrated struct {
	namer    namer
	files    []*benchmark.File
	lacks    map[*benchmark.Run][]string // what their runs did not say
	note     string                      // what had to be assumed of the runtime
	measured measuredTimes
	target   *estimate.Target
	solution *calibrate.Solution
	file     *calibrate.File
	carried  []carriedTo
	memory   string // what was found of the reserved memory
}

// carriedTo is a prediction for another model or device.
type carriedTo struct {
	To     string       `json:"to"`
	What   string       `json:"what"`
	Before unit.Seconds `json:"before_s"`
	After  unit.Seconds `json:"after_s"`
}

// carried predicts cases elsewhere, before and after a calibration.
func carried(own []calibrate.Case, to string, f *calibrate.File, name string, place func(*calibrate.Case) (*estimate.Target, calibrate.Subject, error)) ([]carriedTo, error) {
	var out []carriedTo
	for i := range own {
		t, subject, err := place(&own[i])
		if err != nil {
			return nil, err
		}
		if subject == nil {
			continue
		}
		_, before, err := subject.Predict(t)
		if err != nil {
			return nil, err
		}
		after := *t
		f.Apply(&after, name)
		f.Connect(&after)
		_, calibrated, err := subject.Predict(&after)
		if err != nil {
			return nil, err
		}
		out = append(out, carriedTo{To: to, What: own[i].Name, Before: before, After: calibrated})
	}
	return out, nil
}

// reserve finds what a server keeps of the memory for itself: what is left of what it may use when the weights, the
// activations and the cache it reports are taken off.
func (x *calibrated) reserve(q *calibrationQuestion) error {
	for _, m := range x.measured {
		if !m.memory {
			continue
		}
		t := *m.Target
		p := *t.Runtime
		t.Runtime = &p
		if share := m.run.Memory.Share; share > 0 {
			p.MemoryShare = share
		}
		p.Reserve = 0
		f := q.cmd.formatFlags.language()
		if f.Weights == 0 {
			f.Weights = m.run.DType
		}
		l, err := estimate.NewLanguage(q.loaded[""].Language, &t, f)
		if err != nil {
			return err
		}
		room, err := l.KVCapacity(mostAtATime)
		if errors.Is(err, estimate.ErrCapacity) {
			return fmt.Errorf("%s: %w", t.Device.ID, err)
		}
		kept := room - m.run.Memory.KVCache
		x.file.Host.MemoryShare = p.MemoryShare
		if kept <= 0 {
			x.memory = fmt.Sprintf("not identified  memory reserve: %v more is free than expected, so nothing is reserved", -kept)
			continue
		}
		x.file.Host.Reserve = unit.Bytes(math.Round(float64(kept/unit.MiB))) * unit.MiB
		x.memory = fmt.Sprintf("identified      memory reserve: %v (before %v), of %g of the memory", x.file.Host.Reserve, m.Target.Runtime.Reserve, p.MemoryShare)
		x.file.Changes = append(x.file.Changes, calibrate.Change{Name: "reserve", Before: m.Target.Runtime.Reserve.String(), After: x.file.Host.Reserve.String()})
	}
	return nil
}

// answer lays out what was found.
func (x *calibrated) answer(s *session) *show.Answer {
	a := &show.Answer{Sentence: x.sentence(), Assumed: x.read(), JSON: x.json(s)}
	if len(x.solution.Fits) > 0 {
		a.Tables = append(a.Tables, x.fits())
	}
	if x.identified() > 0 {
		a.Tables = append(a.Tables, x.values())
	}
	if len(x.carried) > 0 {
		a.Tables = append(a.Tables, x.transfers())
	}
	if x.memory != "" {
		a.Notes = append(a.Notes, x.memory)
	}
	if missing := x.unidentified(); missing != "" {
		a.Notes = append(a.Notes, "not identified  "+missing)
	}
	for _, b := range x.file.Bands {
		a.Notes = append(a.Notes, fmt.Sprintf("band            %s: %.2f–%.2f of the expected time, before %.2f–%.2f", b.Phase, b.Low, b.High, b.Low0, b.High0))
	}
	a.Warnings = x.warnings()
	if x.note != "" {
		a.Warnings = append(a.Warnings, x.note)
	}
	return a
}

func (x *calibrated) identified() int {
	n := 0
	for i := range x.solution.Parameters {
		if x.solution.Parameters[i].Identified {
			n++
		}
	}
	return n
}

// sentence says what the runs tell.
func (x *calibrated) sentence() string {
	where := fmt.Sprintf("%s with %s", x.namer[x.target.Device.ID], x.target.Runtime.ID)
	runs := "One run"
	if n := len(x.file.Runs); n > 1 {
		runs = fmt.Sprintf("%d runs", n)
	}
	tell := "tell"
	if runs == "One run" {
		tell = "tells"
	}
	best := -1
	for i := range x.solution.Parameters {
		p := &x.solution.Parameters[i]
		if p.Identified && (best < 0 || p.Spread/p.Prior < x.solution.Parameters[best].Spread/x.solution.Parameters[best].Prior) {
			best = i
		}
	}
	switch {
	case best >= 0:
		p := &x.solution.Parameters[best]
		return fmt.Sprintf("%s on %s %s above all the %s: %s, where the catalog has %s.", runs, where, tell, p.Title, p.Text(p.After), p.Text(p.Before))
	case x.memory != "":
		return fmt.Sprintf("%s on %s %s of memory alone.", runs, where, tell)
	}
	return fmt.Sprintf("%s on %s %s nothing that the catalog does not know as well: its values stay.", runs, where, tell)
}

// read says what was taken from each file, and what the file lacks.
func (x *calibrated) read() string {
	var lines []string
	for _, f := range x.files {
		var taken, lacks, notes []string
		for i := range f.Runs {
			r := &f.Runs[i]
			what := strings.Join(r.Taken, ", ")
			if !slices.Contains(taken, what) {
				taken = append(taken, what)
			}
			for _, l := range x.lacks[r] {
				if !slices.Contains(lacks, l) {
					lacks = append(lacks, l)
				}
			}
			for _, n := range r.Notes {
				if !slices.Contains(notes, n) {
					notes = append(notes, n)
				}
			}
		}
		const mostShown = 4
		more := ""
		if n := len(taken) - mostShown; n > 0 {
			taken, more = taken[:mostShown], fmt.Sprintf("; and %d more", n)
		}
		lines = append(lines, show.Wrap(fmt.Sprintf("read %s as %s: %s%s", f.Name, f.Tool, strings.Join(taken, "; "), more), show.Width))
		if len(lacks) > 0 {
			lines = append(lines, show.Wrap("  not in the file, taken from flags or defaults: "+x.defaults(lacks), show.Width))
		}
		for _, n := range notes {
			lines = append(lines, show.Wrap("  "+n, show.Width))
		}
	}
	return strings.Join(lines, "\n")
}

// defaults says what stands for what a file lacks.
func (x *calibrated) defaults(lacks []string) string {
	out := make([]string, len(lacks))
	for i, l := range lacks {
		switch l {
		case "device":
			l = "device " + x.namer[x.target.Device.ID]
		case "runtime":
			l = "runtime " + x.target.Runtime.ID
		case "tp":
			l = "tp 1"
		case "dtype":
			l = "dtype the model's"
		}
		out[i] = l
	}
	return strings.Join(out, ", ")
}

// fits has a row per measured time.
func (x *calibrated) fits() show.Table {
	t := show.Table{Columns: []show.Column{{Title: "run", Left: true, Shrink: 30}, {Title: "measured", Scales: milliseconds, Base: "s"}, {Title: "before", Scales: milliseconds, Base: "s"},
		{Title: "after", Scales: milliseconds, Base: "s"}, {Title: "note", Left: true}}}
	k := 0
	for i := range x.measured {
		m := &x.measured[i]
		if m.memory {
			continue
		}
		if !m.usable {
			_, before, err := m.Subject.Predict(m.Target)
			after := *m.Target
			x.solution.Apply(&after)
			_, now, err2 := m.Subject.Predict(&after)
			if err != nil || err2 != nil {
				continue
			}
			t.Add(m.Name, float64(m.Measured), float64(before), float64(now), "not used: "+m.why)
			continue
		}
		f := &x.solution.Fits[k]
		k++
		note := ""
		if f.Doubted() && len(x.solution.Fits) > 2 {
			note = fmt.Sprintf("counts %.0f %%: it does not agree", 100*f.Weight)
		}
		t.Add(f.Name, float64(f.Measured), float64(f.Before), float64(f.After), note)
	}
	return t
}

// values has a row per identified parameter.
func (x *calibrated) values() show.Table {
	t := show.Table{Columns: []show.Column{{Title: "identified", Left: true}, {Title: "of", Left: true}, {Title: "before"}, {Title: "after"}, {Title: "±", Unit: "%", Digits: 2}, {Title: "was ±", Unit: "%", Digits: 2}}}
	for i := range x.solution.Parameters {
		p := &x.solution.Parameters[i]
		if p.Identified {
			t.Add(p.Title, string(p.Part), p.Text(p.Before), p.Text(p.After), 100*p.Spread, 100*p.Prior)
		}
	}
	return t
}

// transfers has a row per prediction for another model or device.
func (x *calibrated) transfers() show.Table {
	t := show.Table{Columns: []show.Column{{Title: "carried to", Left: true}, {Title: "run", Left: true, Shrink: 30}, {Title: "before", Scales: milliseconds, Base: "s"}, {Title: "after", Scales: milliseconds, Base: "s"}}}
	for _, c := range x.carried {
		t.Add(c.To, c.What, float64(c.Before), float64(c.After))
	}
	return t
}

// unidentified names the parameters people ask about that the runs tell nothing of, and the runs that would.
func (x *calibrated) unidentified() string {
	var out []string
	for i := range x.solution.Parameters {
		p := &x.solution.Parameters[i]
		class := strings.Contains(p.Name, ".") && p.Part == calibrate.Runtime
		if p.Identified || class || !p.Matters {
			continue
		}
		text := p.Title
		if p.Part == calibrate.Device {
			text += " (needs " + p.Needs + ")"
		}
		out = append(out, text)
	}
	return strings.Join(out, ", ")
}

// warnings says what should be doubted.
func (x *calibrated) warnings() []string {
	var out []string
	for i := range x.solution.Fits {
		f := &x.solution.Fits[i]
		ratio := float64(f.Measured / f.After)
		switch {
		case f.Doubted() && len(x.solution.Fits) > 2:
			out = append(out, fmt.Sprintf("%s: %v measured, %v after calibration: it does not agree with the other runs and counts %.0f %%", f.Name, f.Measured, f.After, 100*f.Weight))
		case ratio > 1.25 || ratio < 0.8:
			out = append(out, fmt.Sprintf("%s: %v measured, %v after calibration: more than the parameters can plausibly be off; are dtype, batch, plan and device right?", f.Name, f.Measured, f.After))
		}
	}
	return shortened(out)
}
