package main

import (
	"roofline/cmd/roofline/internal/deploy"
	"roofline/cmd/roofline/internal/show"
	"roofline/estimate/chart"
)

// decisive returns the first layout that holds the model, or the largest that was tried.
func decisive(layouts []fitting) []fitting {
	for i := range layouts {
		if f := layouts[i].Fits; f == nil || *f {
			return layouts[i : i+1]
		}
	}
	return layouts[len(layouts)-1:]
}

// stack draws what fills the memory of every group of devices.
func (c *fitCmd) stack(s *session, a *show.Answer, loaded *deploy.Loaded, all [][]fitting, failed []row) *chart.Memory {
	n := newNamer(s.catalog)
	m := &chart.Memory{Caption: s.caption(a, loaded.Name()+": what fills the memory of each device")}
	for _, layouts := range all {
		if len(all) > 1 {
			layouts = decisive(layouts)
		}
		for i := range layouts {
			f := &layouts[i]
			row := chart.Filled{Name: counted(n, f), Detail: plan(&f.target), Weights: f.Memory.Weights, KVCache: f.Memory.KVCache,
				Activations: f.Memory.Activations, Reserved: f.Memory.Reserved, Capacity: f.Memory.Capacity, Short: f.Short}
			if f.Fits == nil || !*f.Fits {
				row.KVCache = 0 // there is no room for one
			} else {
				row.Detail += " · " + plural(int(f.Users), "user")
			}
			m.Rows = append(m.Rows, row)
		}
	}
	if len(failed) > 0 {
		names := make([]string, len(failed))
		for i := range failed {
			names[i] = n[failed[i].target.Device.ID]
		}
		m.Notes = append(m.Notes, "No answer, for reasons the table gives: "+list(names)+".")
	}
	return m
}
