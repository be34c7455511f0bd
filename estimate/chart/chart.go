// Package chart draws answers as pictures for print and screen: rooflines, frontiers, load curves, bars with bands, memory
// stacks, elasticities, predictions against measurements.
//
// A chart is plain data. [SVG], [PNG] and [PDF] are pure functions of it and a [Style]: the same data gives the same bytes.
// Times are in seconds, memory in bytes, rates per second; axes choose the printed unit. Values that are not known are NaN
// and not drawn; a logarithmic axis leaves out what is not above zero. Whatever is left out is counted below the chart.
//
// Colours are told apart by colour-blind readers and, with dashes, hatches and marker shapes, in grey.
package chart

import (
	"io"
	"math"
)

// Chart is the data of one picture: a pointer to one of the types of this package.
type Chart interface {
	caption() *Caption
	// height returns the height that suits a width, without title and notes.
	height(p *pen, width float64) float64
	draw(p *pen, area box)
	// leaves says what of the data is not drawn, and why.
	leaves() []string
}

// Caption is what stands around a chart.
type Caption struct {
	Title    string   // the model and what is shown of it
	Finding  string   // the answer in a sentence
	Subtitle string   // the workload and what else was assumed
	Date     string   // of the answer: 2006-01-02
	Notes    []string // what was left out and why
}

func (c *Caption) caption() *Caption { return c }

// Style says how a picture looks. The zero value is 17 cm wide, as a page's text is, and light.
type Style struct {
	Width    Length
	Height   Length // 0: as suits the data
	FontSize Length // 0: as suits the width
	Theme    Theme
}

// defaultWidth is the width of the text on a page of A4, in points: 17 cm.
const defaultWidth = 17 / 2.54 * 72

func (s Style) width() float64 {
	if s.Width > 0 {
		return float64(s.Width)
	}
	return defaultWidth
}

// fontSize is 8.5 points at the width of a page and grows with the root of the width, as the distance people read at does.
func (s Style) fontSize() float64 {
	if s.FontSize > 0 {
		return float64(s.FontSize)
	}
	return max(6, 8.5*math.Sqrt(s.width()/defaultWidth))
}

// Format is the form of a picture's file.
type Format string

// The forms of a picture.
const (
	AsSVG Format = "svg"
	AsPNG Format = "png"
	AsPDF Format = "pdf"
)

// Write writes a chart in a format.
func Write(w io.Writer, c Chart, s Style, f Format) error {
	switch f {
	case AsPNG:
		return PNG(w, c, s)
	case AsPDF:
		return PDF(w, c, s)
	}
	return SVG(w, c, s)
}
