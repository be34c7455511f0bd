package chart

import (
	"image/color"
	"io"
	"time"

	"codeberg.org/go-fonts/liberation/liberationsansbold"
	"codeberg.org/go-fonts/liberation/liberationsansregular"
	"codeberg.org/go-pdf/fpdf"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
)

// PDF writes a chart as a page of its size, with its fonts embedded and its words as text.
func PDF(w io.Writer, c Chart, s Style) error {
	if err := s.check(); err != nil {
		return err
	}
	p := s.pen()
	height := s.height(p, c)
	doc := fpdf.NewCustom(&fpdf.InitType{UnitStr: "pt", Size: fpdf.SizeType{Wd: s.width(), Ht: height}})
	doc.SetCatalogSort(true)
	date, _ := time.Parse(time.DateOnly, c.caption().Date) // without one the year 1
	doc.SetCreationDate(date)
	doc.SetModificationDate(date)
	doc.SetTitle(join(c.caption().Title, c.caption().Subtitle), true)
	doc.SetProducer("roofline", false)
	doc.SetMargins(0, 0, 0)
	doc.SetAutoPageBreak(false, 0)
	doc.AddUTF8FontFromBytes(family, "", liberationsansregular.TTF)
	doc.AddUTF8FontFromBytes(family, "B", liberationsansbold.TTF)
	doc.AddPage()
	canvas := &pdfCanvas{doc: doc, height: height}
	p.canvas = canvas
	page(p, c, box{0, 0, s.width(), height})
	return doc.Output(w)
}

const family = "Liberation Sans"

// pdfCanvas writes text in Unicode. gonum's own knows Windows code page 1252, which lacks → and ≤, and
// dates its pages by the clock.
type pdfCanvas struct {
	doc    *fpdf.Fpdf
	height float64
}

func (c *pdfCanvas) at(p vg.Point) (x, y float64) { return float64(p.X), c.height - float64(p.Y) }

func (c *pdfCanvas) SetLineWidth(w vg.Length) { c.doc.SetLineWidth(float64(w)) }

func (c *pdfCanvas) SetLineDash(pattern []vg.Length, offset vg.Length) {
	dash := make([]float64, len(pattern))
	for i, d := range pattern {
		dash[i] = float64(d)
	}
	c.doc.SetDashPattern(dash, float64(offset))
}

func (c *pdfCanvas) SetColor(col color.Color) {
	n := color.NRGBAModel.Convert(col).(color.NRGBA)
	r, g, b := int(n.R), int(n.G), int(n.B)
	c.doc.SetFillColor(r, g, b)
	c.doc.SetDrawColor(r, g, b)
	c.doc.SetTextColor(r, g, b)
	c.doc.SetAlpha(float64(n.A)/255, "Normal")
}

func (c *pdfCanvas) Stroke(p vg.Path) { c.draw(p, "D") }

func (c *pdfCanvas) Fill(p vg.Path) { c.draw(p, "F") }

// draw draws a path; of arcs it knows whole circles, which is what markers are.
func (c *pdfCanvas) draw(p vg.Path, how string) {
	for _, comp := range p {
		x, y := c.at(comp.Pos)
		switch comp.Type {
		case vg.MoveComp:
			c.doc.MoveTo(x, y)
		case vg.LineComp:
			c.doc.LineTo(x, y)
		case vg.ArcComp:
			r := float64(comp.Radius)
			k := r * 0.5522847498 // of a Bézier curve that is a quarter of a circle: 4/3 · (√2 − 1)
			c.doc.CurveBezierCubicTo(x+r, y-k, x+k, y-r, x, y-r)
			c.doc.CurveBezierCubicTo(x-k, y-r, x-r, y-k, x-r, y)
			c.doc.CurveBezierCubicTo(x-r, y+k, x-k, y+r, x, y+r)
			c.doc.CurveBezierCubicTo(x+k, y+r, x+r, y+k, x+r, y)
		case vg.CloseComp:
			c.doc.ClosePath()
		}
	}
	c.doc.DrawPath(how)
}

func (c *pdfCanvas) FillString(f font.Face, pt vg.Point, s string) {
	style := ""
	if f.Font.Weight > 0 {
		style = "B"
	}
	c.doc.SetFont(family, style, float64(f.Font.Size))
	x, y := c.at(pt)
	c.doc.Text(x, y, s)
}
