package main

import (
	"roofline/estimate/calibrate"
	"roofline/hardware/unit"
)

// calibrateDocument is the JSON of calibrate.
type calibrateDocument struct {
	Schema     string                `json:"schema"`
	Version    string                `json:"version"`
	Catalog    string                `json:"catalog"`
	Command    string                `json:"command"`
	Device     string                `json:"device"`
	Runtime    string                `json:"runtime"`
	Read       []readRun             `json:"read"`
	Runs       []fittedRun           `json:"runs"`
	Parameters []calibratedParameter `json:"parameters"`
	Bands      []calibratedBand      `json:"bands,omitempty"`
	Reserve    unit.Bytes            `json:"reserved_bytes,omitempty"`
	Carried    []carriedTo           `json:"carried,omitempty"`
}

// readRun is what was taken of a run in a file, and what the file lacks.
type readRun struct {
	File  string   `json:"file"`
	Tool  string   `json:"tool"`
	Taken []string `json:"taken"`
	Lacks []string `json:"lacks,omitempty"`
	Notes []string `json:"notes,omitempty"`
}

// fittedRun is a measured time and its predictions, or why it is not used.
type fittedRun struct {
	Name     string       `json:"name"`
	Measured unit.Seconds `json:"measured_s"`
	Bound    unit.Seconds `json:"bound_s,omitempty"`
	Before   unit.Seconds `json:"before_s,omitempty"`
	After    unit.Seconds `json:"after_s,omitempty"`
	Weight   float64      `json:"weight"`
	Unused   string       `json:"unused,omitempty"`
}

// calibratedParameter is a parameter before and after. Spreads are standard deviations of its logarithm.
type calibratedParameter struct {
	Name       string         `json:"name"`
	Part       calibrate.Part `json:"part"`
	Unit       string         `json:"unit,omitempty"` // s of times; shares have none
	Before     float64        `json:"before"`
	After      float64        `json:"after"`
	Prior      float64        `json:"prior_spread"`
	Spread     float64        `json:"spread"`
	Identified bool           `json:"identified"`
	Needs      string         `json:"needs,omitempty"`
}

// calibratedBand is the band of a phase, as factors of the expected time, before and after.
type calibratedBand struct {
	Phase   string  `json:"phase"`
	Runs    int     `json:"runs"`
	LowWas  float64 `json:"low_before"`
	HighWas float64 `json:"high_before"`
	Low     float64 `json:"low"`
	High    float64 `json:"high"`
}

// json is the answer for programs.
func (x *calibrated) json(s *session) *calibrateDocument {
	out := &calibrateDocument{Schema: schemaID("calibrate"), Version: version(), Catalog: s.catalog.Version(), Command: s.command(), Device: x.target.Device.ID,
		Runtime: x.target.Runtime.ID, Read: []readRun{}, Runs: []fittedRun{}, Parameters: []calibratedParameter{}, Reserve: x.file.Host.Reserve, Carried: x.carried}
	for _, f := range x.files {
		for i := range f.Runs {
			r := &f.Runs[i]
			out.Read = append(out.Read, readRun{r.Place, f.Tool, r.Taken, x.lacks[r], r.Notes})
		}
	}
	k := 0
	for i := range x.measured {
		switch m := &x.measured[i]; {
		case m.usable:
			f := &x.solution.Fits[k]
			k++
			out.Runs = append(out.Runs, fittedRun{f.Name, f.Measured, f.Bound, f.Before, f.After, f.Weight, ""})
		case !m.memory:
			out.Runs = append(out.Runs, fittedRun{Name: m.Name, Measured: m.Measured, Unused: m.why})
		}
	}
	for i := range x.solution.Parameters {
		p := &x.solution.Parameters[i]
		q := calibratedParameter{Name: p.Name, Part: p.Part, Before: p.Before, After: p.After, Prior: p.Prior, Spread: p.Spread, Identified: p.Identified}
		if p.Time {
			q.Unit = "s"
		}
		if !p.Identified {
			q.Needs = p.Needs
		}
		out.Parameters = append(out.Parameters, q)
	}
	for _, b := range x.file.Bands {
		out.Bands = append(out.Bands, calibratedBand{b.Phase, b.Runs, b.Low0, b.High0, b.Low, b.High})
	}
	return out
}
