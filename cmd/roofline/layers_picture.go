package main

import (
	"fmt"

	"roofline/cmd/roofline/internal/deploy"
	"roofline/cmd/roofline/internal/show"
	"roofline/estimate"
	"roofline/estimate/chart"
	"roofline/hardware/dtype"
	"roofline/hardware/unit"
)

// mostRoofs is how many devices a roofline can show and still be read.
const mostRoofs = 6

// roofline draws the layers under the roofs of one device or several.
func (c *layersCmd) roofline(s *session, a *show.Answer, loaded *deploy.Loaded, targets []*estimate.Target, bs []*breakdown) *chart.Roofline {
	n := newNamer(s.catalog)
	r := &chart.Roofline{Caption: s.caption(a, loaded.Name()+" under the roofline of "+n.of(targets[0]))}
	if len(targets) > 1 { // the answer is about the first
		r.Title, r.Finding = fmt.Sprintf("%s under the rooflines of %d devices", loaded.Name(), len(targets)), bs[0].what
	}
	for i, t := range targets {
		roof := chart.Roof{Device: n.of(t), Bandwidth: t.Device.Memory.Bandwidth, Peaks: bs[i].peaks()}
		for _, l := range c.layers(bs[i]) {
			dot := chart.Dot{Name: l.Name, Intensity: l.Intensity, Time: *l.Time, Limit: l.BoundBy}
			if *l.Time > 0 {
				dot.Rate = unit.FLOPRate(float64(l.FLOPs) * l.Count / float64(*l.Time))
			}
			roof.Work = append(roof.Work, dot)
		}
		r.Roofs = append(r.Roofs, roof)
	}
	return r
}

// peaks are the rates of the formats the work is done in.
func (b *breakdown) peaks() (out []chart.Peak) {
	seen := map[dtype.DType]bool{}
	for i := range b.work {
		if f := b.work[i].Format; b.work[i].MACs > 0 && !seen[f] && b.machine.Device.Peak(f) > 0 {
			seen[f] = true
			out = append(out, chart.Peak{Format: f.String(), Rate: b.machine.Device.Peak(f)})
		}
	}
	return out
}

// times draws the time of each kind of layer, by what limits it.
func (c *layersCmd) times(s *session, a *show.Answer, loaded *deploy.Loaded, b *breakdown) *chart.Times {
	t := &chart.Times{Caption: s.caption(a, loaded.Name()+": where the time goes")}
	at := map[string]int{}
	for _, l := range c.layers(b) {
		i, ok := at[l.Kind]
		if !ok {
			i = len(t.Rows)
			at[l.Kind] = i
			t.Rows = append(t.Rows, chart.Spent{Name: l.Kind, By: map[string]unit.Seconds{}})
		}
		t.Rows[i].By[l.BoundBy] += *l.Time
	}
	return t
}
