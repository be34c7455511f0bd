package chart

import (
	"image/color"
	"strings"
	"sync"

	"codeberg.org/go-fonts/liberation/liberationsansbold"
	"codeberg.org/go-fonts/liberation/liberationsansregular"
	xfont "golang.org/x/image/font"
	"golang.org/x/image/font/opentype"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
)

// Liberation Sans has the widths of Arial and Helvetica, which take its place where an SVG is shown without it. The fonts are
// parsed when the first picture is drawn: starting the command does not pay for them.
var (
	regular = sync.OnceValue(func() *opentype.Font { return parse(liberationsansregular.TTF) })
	bold    = sync.OnceValue(func() *opentype.Font { return parse(liberationsansbold.TTF) })
)

func parse(ttf []byte) *opentype.Font {
	f, err := opentype.Parse(ttf)
	if err != nil {
		panic(err) // the font is linked into the binary: no input can cause it
	}
	return f
}

// face returns a font in a size in points.
func face(size float64, isBold bool) font.Face {
	f := font.Face{Font: font.Font{Typeface: "Liberation", Variant: "Sans", Size: vg.Length(size)}}
	if isBold {
		f.Font.Weight, f.Face = xfont.WeightBold, bold()
	} else {
		f.Face = regular()
	}
	return f
}

// lettering is how text is written.
type lettering struct {
	color color.NRGBA
	size  float64 // of the font, in em; 0 means 1
	bold  bool
	align float64 // 0: x is the left end, 0.5 the middle, 1 the right end
}

func (p *pen) face(l lettering) font.Face {
	size := l.size
	if size == 0 {
		size = 1
	}
	return face(size*p.em, l.bold)
}

// The height of capitals and the depth of descenders of Liberation Sans, in font sizes.
const (
	capital   = 0.73
	descender = 0.21
	leading   = 1.3 // from line to line
)

// width measures a line of text.
func (p *pen) width(l lettering, s string) float64 {
	f := p.face(l)
	return float64(f.Width(s))
}

// write writes a line of text whose baseline is at y.
func (p *pen) write(l lettering, x, y float64, s string) {
	if s == "" {
		return
	}
	f := p.face(l)
	p.canvas.SetColor(l.color)
	shift := -l.align * float64(f.Width(s))
	p.canvas.FillString(f, vg.Point{X: vg.Length(x + shift), Y: vg.Length(y)}, s)
}

// middle writes a line of text whose capitals are centred at y.
func (p *pen) middle(l lettering, x, y float64, s string) {
	size := l.size
	if size == 0 {
		size = 1
	}
	p.write(l, x, y-capital*size*p.em/2, s)
}

// wrap breaks text at spaces into lines of at most a width; a word that is wider stands alone.
func (p *pen) wrap(l lettering, s string, width float64) []string {
	var lines, words []string
	for _, word := range strings.Fields(s) {
		if n := len(words); n > 0 && word == "·" { // what parts things ends a line rather than begin one
			words[n-1] += " ·"
			continue
		}
		words = append(words, word)
	}
	line := ""
	for _, word := range words {
		switch {
		case line == "":
			line = word
		case p.width(l, line+" "+word) <= width+slack:
			line += " " + word
		default:
			lines = append(lines, line)
			line = word
		}
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}

// slack is what sums of widths may be off by.
const slack = 1e-6

// fit shortens text to a width: it loses its middle, because the ends of names tell them apart.
func (p *pen) fit(l lettering, s string, width float64) string {
	if p.width(l, s) <= width+slack {
		return s
	}
	r := []rune(s)
	for keep := len(r) - 1; keep > 2; keep-- {
		head := (keep + 1) / 2
		short := string(r[:head]) + "…" + string(r[len(r)-(keep-head):])
		if p.width(l, short) <= width {
			return short
		}
	}
	return "…"
}
