package chart

import (
	"bytes"
	"fmt"
	"html"
	"image/color"
	"io"
	"math"
	"strconv"

	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
)

// SVG writes a chart as a document that also stands alone within an HTML page: it has no style attributes, which a content
// security policy may forbid, no ids, which may clash, and its words are text. Marks carry titles that browsers show.
func SVG(w io.Writer, c Chart, s Style) error {
	if err := s.check(); err != nil {
		return err
	}
	p := s.pen()
	height := s.height(p, c)
	canvas := &svgCanvas{height: height}
	p.canvas = canvas
	page(p, c, box{0, 0, s.width(), height})
	var head bytes.Buffer
	fmt.Fprintf(&head, `<svg xmlns="http://www.w3.org/2000/svg" width="%s" height="%s" viewBox="0 0 %s %s" role="img" aria-label="%s" font-family="'Liberation Sans', Arial, Helvetica, sans-serif">`+"\n",
		decimal(s.width()/0.75), decimal(height/0.75), decimal(s.width()), decimal(height), html.EscapeString(join(c.caption().Title, c.caption().Finding, c.caption().Subtitle)))
	head.Write(canvas.body.Bytes())
	head.WriteString("</svg>\n")
	_, err := head.WriteTo(w)
	return err
}

// decimal prints a length to a hundredth of a point.
func decimal(v float64) string {
	v = math.Round(v*100) / 100
	if v == 0 {
		return "0" // not -0
	}
	return strconv.FormatFloat(v, 'f', -1, 64)
}

// svgCanvas writes presentation attributes. gonum's own writes style attributes, and fonts without a substitute.
type svgCanvas struct {
	body   bytes.Buffer
	height float64 // of the document
	color  color.NRGBA
	width  float64 // of lines
	dash   string
}

// at returns where a point lies in the document, whose y grows downwards.
func (c *svgCanvas) at(p vg.Point) (x, y float64) { return float64(p.X), c.height - float64(p.Y) }

func (c *svgCanvas) SetLineWidth(w vg.Length) { c.width = float64(w) }

func (c *svgCanvas) SetLineDash(pattern []vg.Length, _ vg.Length) {
	dash := ""
	for i, d := range pattern {
		if i > 0 {
			dash += " "
		}
		dash += decimal(float64(d))
	}
	c.dash = dash
}

func (c *svgCanvas) SetColor(col color.Color) {
	c.color = color.NRGBAModel.Convert(col).(color.NRGBA)
}

// begin opens a group with a title.
func (c *svgCanvas) begin(title string) {
	fmt.Fprintf(&c.body, "<g><title>%s</title>\n", html.EscapeString(title))
}

func (c *svgCanvas) end() { c.body.WriteString("</g>\n") }

func (c *svgCanvas) paint(attribute string) string {
	col := c.color
	s := fmt.Sprintf(` %s="#%02x%02x%02x"`, attribute, col.R, col.G, col.B)
	if col.A < 255 {
		s += fmt.Sprintf(` %s-opacity="%s"`, attribute, decimal(float64(col.A)/255))
	}
	return s
}

func (c *svgCanvas) Stroke(p vg.Path) {
	dash := ""
	if c.dash != "" {
		dash = fmt.Sprintf(` stroke-dasharray="%s"`, c.dash)
	}
	fmt.Fprintf(&c.body, `<path d="%s" fill="none"%s stroke-width="%s"%s/>`+"\n", c.data(p), c.paint("stroke"), decimal(c.width), dash)
}

func (c *svgCanvas) Fill(p vg.Path) {
	fmt.Fprintf(&c.body, `<path d="%s"%s/>`+"\n", c.data(p), c.paint("fill"))
}

// data writes a path; of arcs it knows whole circles, which is what markers are.
func (c *svgCanvas) data(p vg.Path) string {
	var b bytes.Buffer
	for _, comp := range p {
		x, y := c.at(comp.Pos)
		switch comp.Type {
		case vg.MoveComp:
			fmt.Fprintf(&b, "M%s %s", decimal(x), decimal(y))
		case vg.LineComp:
			fmt.Fprintf(&b, "L%s %s", decimal(x), decimal(y))
		case vg.ArcComp:
			r := decimal(float64(comp.Radius))
			left, right := decimal(x-float64(comp.Radius)), decimal(x+float64(comp.Radius))
			fmt.Fprintf(&b, "A%s %s 0 0 0 %s %sA%s %s 0 0 0 %s %s", r, r, left, decimal(y), r, r, right, decimal(y))
		case vg.CloseComp:
			b.WriteString("Z")
		}
	}
	return b.String()
}

// FillString writes text with its measured length, so that it takes the same room in whatever font it is shown.
func (c *svgCanvas) FillString(f font.Face, pt vg.Point, s string) {
	x, y := c.at(pt)
	weight := ""
	if f.Font.Weight > 0 {
		weight = ` font-weight="bold"`
	}
	fmt.Fprintf(&c.body, `<text x="%s" y="%s" font-size="%s"%s textLength="%s" lengthAdjust="spacingAndGlyphs"%s>%s</text>`+"\n",
		decimal(x), decimal(y), decimal(float64(f.Font.Size)), weight, decimal(float64(f.Width(s))), c.paint("fill"), html.EscapeString(s))
}
