package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"roofline/hardware/unit"
)

// progress shows on a terminal how far a long answer is, from half a second on, and leaves nothing behind.
type progress struct {
	to    io.Writer // nil: nobody watches
	total int
	began time.Time
	drawn time.Time
}

// patience is how long an answer takes before its progress shows, redraw how often it then changes.
const (
	patience = 500 * time.Millisecond
	redraw   = 100 * time.Millisecond
)

// newProgress shows progress on a terminal; on anything else it stays silent.
func newProgress(w io.Writer, total int) *progress {
	p := &progress{total: total, began: time.Now()}
	if f, ok := w.(*os.File); ok {
		if info, err := f.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
			p.to = w
		}
	}
	return p
}

// at draws the progress when so many are done.
func (p *progress) at(done int, now time.Time) {
	if p.to == nil || now.Sub(p.began) < patience || now.Sub(p.drawn) < redraw {
		return
	}
	p.drawn = now
	const width = 30
	filled := width * done / max(p.total, 1)
	fmt.Fprintf(p.to, "\r%s%s %3d %% of %s ", strings.Repeat("█", filled), strings.Repeat("░", width-filled),
		100*done/max(p.total, 1), unit.Group(fmt.Sprint(p.total)))
}

// end takes the progress off the terminal.
func (p *progress) end() {
	if !p.drawn.IsZero() {
		fmt.Fprint(p.to, "\r\x1b[K")
	}
}
