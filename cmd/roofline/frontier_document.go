package main

import (
	"slices"
	"strings"

	"roofline/estimate"
	"roofline/estimate/frontier"
)

// frontierDocument is the JSON of `frontier`.
type frontierDocument struct {
	Schema      string       `json:"schema"`
	Version     string       `json:"version"`
	Catalog     string       `json:"catalog"`
	Command     string       `json:"command"`
	Assumptions []assumption `json:"assumptions"`
	Limits      []limited    `json:"limits"`
	By          []objective  `json:"by,omitempty"`
	Tried       int          `json:"points_tried,omitempty"`
	Unfit       int          `json:"points_that_do_not_fit,omitempty"`
	Missed      int          `json:"points_that_miss_a_limit,omitempty"`
	Unknown     int          `json:"points_without_an_objective,omitempty"`
	Points      []placed     `json:"points,omitempty"`
	Tiers       []tierCell   `json:"tiers,omitempty"`
}

type objective struct {
	Name   string `json:"name"`
	Unit   string `json:"unit,omitempty"`
	Better string `json:"better"`
}

// placed is a point and where it is.
type placed struct {
	Status   string           `json:"status"`
	Values   []float64        `json:"values"`
	Best     []float64        `json:"values_at_best"`
	Estimate *estimate.Result `json:"estimate"`
}

// head is what all JSON of `frontier` begins with.
func (c *frontierCmd) head(s *session, p *space) *frontierDocument {
	d := &frontierDocument{Schema: "roofline.frontier/v1", Version: version(), Catalog: s.catalog.Version(), Command: s.command(),
		Assumptions: p.assumptions(&c.decision), Limits: []limited{}}
	for _, l := range c.SLO {
		d.Limits = append(d.Limits, limited{l.Quantity().String(), l.Most})
	}
	return d
}

// document is the answer for programs: the points on the frontier and those that overlap it, with --all every point.
func (f *front) document(s *session, c *frontierCmd) *frontierDocument {
	d := c.head(s, f.space)
	d.Tried, d.Unfit, d.Missed, d.Unknown = f.tried, f.unfit, f.missed, f.tried-f.unfit-f.missed-len(f.points)
	for _, o := range f.by {
		better := "lower"
		if o.More {
			better = "higher"
		}
		d.By = append(d.By, objective{o.Name, f.unit(o), better})
	}
	rows := append(slices.Clone(f.on), f.near...)
	if c.All {
		rows = f.rows(true)
	}
	frontier.Order(f.values, rows)
	for _, i := range rows {
		x := placed{Status: f.status(i), Estimate: f.points[i]}
		for k, o := range f.by {
			sign := 1.0
			if o.More {
				sign = -1
			}
			x.Values, x.Best = append(x.Values, sign*f.values[i][k]), append(x.Best, sign*f.best[i][k])
		}
		d.Points = append(d.Points, x)
	}
	return d
}

// unit names what an objective's values are in.
func (f *front) unit(o frontier.Objective) string {
	item := f.space.counted()
	switch o.Name {
	case "cost":
		return "USD/M " + item
	case "throughput", "per-device":
		return item + "/s"
	case "speed":
		return "output tokens/s"
	case "energy":
		return "J per " + strings.TrimSuffix(item, "s")
	}
	return o.Unit
}
