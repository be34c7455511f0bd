package chart

import "image/color"

// palette is the colours of a theme.
type palette struct {
	background, text, muted, axis, grid, shade color.NRGBA
	series                                     []color.NRGBA // told apart by colour-blind readers: M. Okabe, K. Ito, "Color Universal Design", 2008
	hatched                                    bool          // areas are told apart by hatches
}

func rgb(hex uint32) color.NRGBA {
	return color.NRGBA{R: uint8(hex >> 16), G: uint8(hex >> 8), B: uint8(hex), A: 255}
}

var (
	light = palette{
		background: rgb(0xffffff), text: rgb(0x1b1f23), muted: rgb(0x5a6067), axis: rgb(0x8b9197), grid: rgb(0xe4e6e9), shade: rgb(0xf1f2f4),
		series: []color.NRGBA{rgb(0x0072b2), rgb(0xd55e00), rgb(0x009e73), rgb(0xb8578c), rgb(0xe69f00), rgb(0x56b4e9), rgb(0x5a6067)},
	}
	dark = palette{
		background: rgb(0x14171a), text: rgb(0xe8eaed), muted: rgb(0xa2a9b0), axis: rgb(0x6f767d), grid: rgb(0x2b3036), shade: rgb(0x1f2429),
		series: []color.NRGBA{rgb(0x56b4e9), rgb(0xf28446), rgb(0x2fbf94), rgb(0xe79ac4), rgb(0xf0c541), rgb(0x8fa8ff), rgb(0xb4bac0)},
	}
	monochrome = palette{
		background: rgb(0xffffff), text: rgb(0x000000), muted: rgb(0x404040), axis: rgb(0x606060), grid: rgb(0xd4d4d4), shade: rgb(0xececec),
		series:  []color.NRGBA{rgb(0x000000), rgb(0x707070), rgb(0x303030), rgb(0x8c8c8c), rgb(0x505050), rgb(0x808080), rgb(0x181818)},
		hatched: true,
	}
)

// tint mixes a colour with the background: 1 leaves it, 0 gives the background.
func (p *palette) tint(c color.NRGBA, share float64) color.NRGBA {
	mix := func(a, b uint8) uint8 { return uint8(float64(a)*share + float64(b)*(1-share) + 0.5) }
	return color.NRGBA{R: mix(c.R, p.background.R), G: mix(c.G, p.background.G), B: mix(c.B, p.background.B), A: 255}
}

// faint lets what lies below a colour show through.
func faint(c color.NRGBA) color.NRGBA {
	c.A = 38
	return c
}

// look tells one series from the others: by colour, by dash and by shape.
type look struct {
	color color.NRGBA
	dash  []float64 // in line widths; nil: solid
	shape shape
	hatch hatch
}

var dashes = [][]float64{nil, {5, 2.5}, {1.5, 1.8}, {7, 2, 1.5, 2}, {9, 3}}

// look returns the look of the i-th series. The lists have lengths without a common factor, so that combinations recur late.
func (p *palette) look(i int) look {
	return look{p.series[i%len(p.series)], dashes[i%len(dashes)], shape(i % int(shapes)), hatch(i % int(hatches))}
}
