package main

import (
	"io"
	"time"

	"roofline/cmd/roofline/internal/show"
	"roofline/estimate/chart"
)

// pictureFlags say how the picture of an answer looks.
type pictureFlags struct {
	Width    chart.Length `help:"Width of a picture: 17cm, 1200px, 6.7in. Default: 17cm." placeholder:"LENGTH" group:"Pictures (-o x.svg, .png, .pdf)"`
	Height   chart.Length `help:"Height of a picture. Default: as suits the data." placeholder:"LENGTH" group:"Pictures (-o x.svg, .png, .pdf)"`
	FontSize chart.Length `help:"Size of its letters, such as 9pt. Default: as suits the width." placeholder:"LENGTH" group:"Pictures (-o x.svg, .png, .pdf)"`
	Theme    chart.Theme  `help:"Colours: light, dark, or print for a printer without colour." enum:"light,dark,print" default:"light" group:"Pictures (-o x.svg, .png, .pdf)"`
}

// draw returns what draws a chart, which is made only where it is asked for.
func (f *pictureFlags) draw(make func() chart.Chart) func(io.Writer, show.Format) error {
	return func(w io.Writer, form show.Format) error {
		style := chart.Style{Width: f.Width, Height: f.Height, FontSize: f.FontSize, Theme: f.Theme}
		return chart.Write(w, make(), style, chart.Format(form))
	}
}

// caption is what stands around the picture of an answer; title names the model and what is shown of it.
func (s *session) caption(a *show.Answer, title string) chart.Caption {
	return chart.Caption{Title: title, Finding: a.Sentence, Subtitle: a.Assumed, Date: s.now.Format(time.DateOnly)}
}
