package chart

import (
	"fmt"
	"image/color"
	"math"
	"strings"
	"testing"

	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
	"pgregory.net/rapid"

	"roofline/hardware/unit"
)

// witness is a surface that remembers where words were written.
type witness struct {
	nowhere
	words []word
}

type word struct {
	box
	text string
}

func (w *witness) FillString(f font.Face, at vg.Point, text string) {
	size := float64(f.Font.Size)
	x, y := float64(at.X), float64(at.Y)
	w.words = append(w.words, word{box{x, y, x + float64(f.Width(text)), y + 0.5*size}, text}) // the height of small letters
}

// written returns where the words of a picture stand, and the page.
func written(c Chart, s Style) ([]word, box) {
	p, w := s.pen(), &witness{}
	p.canvas = w
	all := box{0, 0, s.width(), s.height(p, c)}
	page(p, c, all)
	return w.words, all
}

// TestWordsDoNotOverlap checks, in all sizes and themes that are asked for, that words stand on the page and not on each other.
func TestWordsDoNotOverlap(t *testing.T) {
	for name, c := range samples() {
		for _, s := range []Style{{}, {Width: 8.5 / 2.54 * 72}, {Width: 900}, {Width: 900, Height: 500, FontSize: 14}} {
			for _, theme := range []Theme{Light, Dark, Print} {
				s.Theme = theme
				words, all := written(c, s)
				for i, a := range words {
					if !a.within(all.grown(0.01)) {
						t.Errorf("%s, %+v: %q lies off the page", name, s, a.text)
					}
					for _, b := range words[:i] {
						if a.overlaps(b.box) {
							t.Errorf("%s, %+v: %q is written over %q", name, s, a.text, b.text)
						}
					}
				}
			}
		}
	}
}

// TestHostileData draws charts of whatever numbers there are, in whatever size, and checks that no place is nowhere.
func TestHostileData(t *testing.T) {
	number := rapid.OneOf(rapid.Float64(), rapid.SampledFrom([]float64{0, 1, -1, math.NaN(), math.Inf(1), math.Inf(-1), 5e-324, math.MaxFloat64, 1e-9, 1e15}))
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 6).Draw(t, "n")
		at := func() float64 { return number.Draw(t, "value") }
		measure := func() Measure { return Measure{Name: "m", Log: rapid.Bool().Draw(t, "log")} }
		band := func() Band { return Band{at(), at()} }
		f := &Frontier{X: measure(), Y: measure(), Limits: Limits{at(), at(), at(), at()}, Series: []Series{{Name: "s"}}}
		l := &Load{Throughput: measure(), Latency: measure(), LatencyMax: at(), Curves: []Curve{{Full: at(), Knee: at()}}}
		b := &Bars{Measures: []Measure{measure(), measure()}}
		r := &Roofline{Roofs: []Roof{{Bandwidth: unit.ByteRate(at()), Peaks: []Peak{{"bf16", unit.FLOPRate(at())}}}}}
		a := &Accuracy{Factor: at(), Classes: []Class{{}}}
		e := &Elasticities{Measures: []string{"x"}}
		m := &Memory{}
		for i := range n {
			name := fmt.Sprint("row ", i)
			f.Series[0].Points = append(f.Series[0].Points, Configuration{X: at(), Y: at(), XBand: band(), YBand: band(), Label: name, Dominated: i%3 == 1, Answer: i == 2})
			l.Curves[0].Points = append(l.Curves[0].Points, AtLoad{at(), at(), at(), band(), band()})
			b.Rows = append(b.Rows, Bar{Name: name, Values: []Estimated{{at(), at(), at(), at(), ""}, {Value: at()}}})
			r.Roofs[0].Work = append(r.Roofs[0].Work, Dot{Name: name, Intensity: unit.Intensity(at()), Rate: unit.FLOPRate(at()), Time: unit.Seconds(at())})
			a.Classes[0].Points = append(a.Classes[0].Points, Compared{name, unit.Seconds(at()), unit.Seconds(at())})
			e.Rows = append(e.Rows, Elasticity{name, []float64{at()}})
			m.Rows = append(m.Rows, Filled{Name: name, Weights: unit.Bytes(at()), Capacity: unit.Bytes(at())})
		}
		s := Style{Width: Length(rapid.Float64Range(90, 2000).Draw(t, "width")), Height: Length(rapid.SampledFrom([]float64{0, 90, 1000}).Draw(t, "height")),
			FontSize: Length(rapid.SampledFrom([]float64{0, 3, 144}).Draw(t, "font"))}
		for _, c := range []Chart{f, l, b, r, a, e, m} {
			var out strings.Builder
			if err := SVG(&out, c, s); err != nil {
				t.Fatal(err)
			}
			if svg := out.String(); strings.Contains(svg, "NaN") || strings.Contains(svg, "Inf") {
				t.Fatalf("%T: a place is not a number", c)
			}
		}
	})
}

// TestTicks checks that ticks lie on their axis, in order, and are neither none nor crowds.
func TestTicks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := Measure{Log: rapid.Bool().Draw(t, "log")}
		a := m.span([]float64{math.Pow(10, rapid.Float64Range(-9, 15).Draw(t, "a")), math.Pow(10, rapid.Float64Range(-9, 15).Draw(t, "b"))})
		about := rapid.IntRange(2, 12).Draw(t, "about")
		last, labelled := math.Inf(-1), 0
		for _, tick := range m.ticks(&a, about, m.scale(a.max)) {
			if !a.holds(tick.value) {
				t.Fatalf("tick %g off the axis %g to %g", tick.value, a.min, a.max)
			}
			if tick.label == "" {
				continue
			}
			if labelled++; tick.value <= last {
				t.Fatalf("tick %g after %g", tick.value, last)
			}
			last = tick.value
		}
		if labelled < 1 || labelled > 2*about+2 {
			t.Fatalf("%d labelled ticks, about %d wanted, on %g to %g", labelled, about, a.min, a.max)
		}
	})
}

// TestTickLabels spells round values as people do.
func TestTickLabels(t *testing.T) {
	plain, flops := &Measure{}, &Measure{Log: true, Scales: rateAxis.Scales}
	times := &Measure{Log: true, Scales: measured.Scales}
	for _, c := range []struct {
		m    *Measure
		v    float64
		want string
	}{
		{plain, 0, "0"}, {plain, 0.30000000000000004, "0.3"}, {plain, 12000, "12,000"}, {plain, 250000, "250 k"}, {plain, -5, "−5"}, {plain, 0.0005, "0.0005"},
		{times, 1e-5, "10 µs"}, {times, 0.1, "100 ms"}, {times, 100, "100 s"}, {flops, 1e11, "100 G"}, {flops, 1e15, "1 P"},
	} {
		if got := c.m.prefixed(c.v, c.v); got != c.want {
			t.Errorf("%g: %q, want %q", c.v, got, c.want)
		}
	}
}

// TestLengths reads lengths as people write them.
func TestLengths(t *testing.T) {
	for text, want := range map[string]float64{"2.54cm": 72, "25.4mm": 72, "1in": 72, "96px": 72, "96": 72, "72 pt": 72} {
		var l Length
		if err := l.UnmarshalText([]byte(text)); err != nil || math.Abs(float64(l)-want) > 1e-9 {
			t.Errorf("%s: %g, %v; want %g points", text, float64(l), err, want)
		}
	}
	for _, text := range []string{"", "cm", "-1cm", "0", "NaN", "inf", "1e9cm", "wide", "3m"} {
		var l Length
		if err := l.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is no length", text)
		}
	}
}

// TestThemesAreReadable checks the contrast of words and lines with what they stand on: 4.5 to 1 for words and 3 to 1 for
// marks, as WCAG 2.1 has it, amber and sky blue of the light theme apart, which dashes and shapes help.
func TestThemesAreReadable(t *testing.T) {
	for _, theme := range []Theme{Light, Dark, Print} {
		p := theme.palette()
		for _, c := range []color.NRGBA{p.text, p.muted} {
			for _, ground := range []color.NRGBA{p.background, p.shade} {
				if r := contrast(c, ground); r < 4.5 {
					t.Errorf("%s: words of %v on %v: %.1f", theme, c, ground, r)
				}
			}
		}
		for i, c := range p.series {
			if r := contrast(c, p.background); r < 3 && !(theme == Light && i >= 4) {
				t.Errorf("%s: series %d: %.1f", theme, i, r)
			}
		}
	}
}

// contrast is the ratio of two colours' relative luminances, each plus 0.05.
func contrast(a, b color.NRGBA) float64 {
	la, lb := luminance(a), luminance(b)
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

func luminance(c color.NRGBA) float64 {
	linear := func(v uint8) float64 {
		s := float64(v) / 255
		if s <= 0.04045 {
			return s / 12.92
		}
		return math.Pow((s+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(c.R) + 0.7152*linear(c.G) + 0.0722*linear(c.B)
}

// TestNamesAreWhole checks that names for which there is room are not shortened.
func TestNamesAreWhole(t *testing.T) {
	for _, width := range []Length{0, 8.5 / 2.54 * 72, 600, 900, 1234.5} {
		c := &Bars{Measures: []Measure{{Name: "a"}, {Name: "b"}}, Rows: []Bar{{Name: "h100-sxm", Detail: "TP8", Values: []Estimated{{Value: 1}, {Value: 2}}}, {Name: "l4"}}}
		words, _ := written(c, Style{Width: width})
		whole := false
		for _, w := range words {
			whole = whole || w.text == "h100-sxm"
		}
		if !whole {
			t.Errorf("at %g points: %+v", width, words)
		}
	}
}

// TestWrap breaks lines after what parts things, never before, and leaves words whole.
func TestWrap(t *testing.T) {
	p := Style{}.pen()
	text := "llama-3.1-8b · 8.03 B parameters · bf16 · averyveryveryverylongword"
	for width := 1.0; width < 400; width += 7 {
		lines := p.wrap(lettering{}, text, width)
		if got := strings.Join(lines, " "); got != text {
			t.Fatalf("at %g: %q", width, got)
		}
		for _, line := range lines {
			if strings.HasPrefix(line, "·") || strings.Contains(line, " ") && p.width(lettering{}, line) > width+1 && !strings.HasSuffix(line, "·") {
				t.Errorf("at %g: %q", width, line)
			}
		}
	}
}
