package deploy

import (
	"fmt"
	"strings"
	"sync"

	"roofline/estimate"
	"roofline/estimate/calibrate"
)

// Calibrations are what real runs say of machines. They remember which of them were used.
type Calibrations struct {
	files []*calibrate.File
	mu    sync.Mutex
	used  map[*calibrate.File]bool
}

// Add adds a calibration; one that comes later decides.
func (c *Calibrations) Add(f *calibrate.File) { c.files = append(c.files, f) }

// Apply puts what the calibrations say into a target a model of this name runs on.
func (c *Calibrations) Apply(t *estimate.Target, model string) {
	if c == nil {
		return
	}
	for _, f := range c.files {
		if f.Apply(t, model) {
			c.mu.Lock()
			if c.used == nil {
				c.used = map[*calibrate.File]bool{}
			}
			c.used[f] = true
			c.mu.Unlock()
		}
	}
}

// Connect puts what they say of links into a target whose devices were placed.
func (c *Calibrations) Connect(t *estimate.Target) {
	if c == nil {
		return
	}
	for _, f := range c.files {
		f.Connect(t)
	}
}

// Used says which calibrations an answer rests on, "" for none, and which have nothing to say about it.
func (c *Calibrations) Used() (used string, unused []string) {
	var names []string
	for _, f := range c.files {
		if c.used[f] {
			names = append(names, fmt.Sprintf("%s (%s, %s)", f.Name, f.Device, f.Runtime))
		} else {
			unused = append(unused, fmt.Sprintf("--calibration %s changes nothing here: it is of %s with %s", f.Name, f.Device, f.Runtime))
		}
	}
	if len(names) > 0 {
		used = "calibrated with " + strings.Join(names, ", ")
	}
	return used, unused
}
