package chart

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Length is a length on paper, in points of 1/72 inch.
type Length float64

// Units of length; a pixel is 1/96 inch.
var lengthUnits = []struct {
	symbol string
	points float64
}{{"mm", 72 / 25.4}, {"cm", 72 / 2.54}, {"in", 72}, {"px", 0.75}, {"pt", 1}}

// largestLength is five metres: more than any printer takes.
const largestLength = 500 / 2.54 * 72

// UnmarshalText reads "17cm", "170mm", "6.7in", "1200px" or "8.5pt"; a bare number is in pixels.
func (l *Length) UnmarshalText(text []byte) error {
	s, points := strings.TrimSpace(string(text)), 0.75
	for _, u := range lengthUnits {
		if number, ok := strings.CutSuffix(s, u.symbol); ok {
			s, points = strings.TrimSpace(number), u.points
			break
		}
	}
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || !(v > 0) || v*points > largestLength {
		return fmt.Errorf("%q is not a length: want 17cm, 1200px, 6.7in or 8.5pt, at most 5 m", text)
	}
	*l = Length(v * points)
	return nil
}

// Theme is how a picture is coloured.
type Theme string

// The themes: for white and for dark screens, and for print in black and white.
const (
	Light Theme = "light"
	Dark  Theme = "dark"
	Print Theme = "print"
)

func (t Theme) palette() *palette {
	switch t {
	case Dark:
		return &dark
	case Print:
		return &monochrome
	}
	return &light
}

// pixelsPerInch of a PNG: a width in pixels gives so many, one in centimetres the resolution of a printer.
const (
	screenPPI = 96
	printPPI  = 300
)

// The least a picture can be: a thumbnail, with letters that can be told apart; and the largest letters of a poster.
const (
	leastSide       = 3 / 2.54 * 72
	smallestLetters = 3
	largestLetters  = 144
)

// check reports sizes no picture can be drawn in.
func (s Style) check() error {
	switch {
	case s.Width != 0 && s.Width < leastSide, s.Height != 0 && s.Height < leastSide:
		return fmt.Errorf("a picture less than 3 cm wide or high has no room for anything")
	case s.FontSize != 0 && !(s.FontSize >= smallestLetters && s.FontSize <= largestLetters):
		return fmt.Errorf("letters of %.3g pt: want %d to %d", float64(s.FontSize), smallestLetters, largestLetters)
	}
	return nil
}

// ppi is the screen's where the width is a whole number of screen pixels, else the printer's.
func (s Style) ppi() int {
	if px := s.width() / 72 * screenPPI; s.Width > 0 && math.Abs(px-math.Round(px)) < 1e-6 {
		return screenPPI
	}
	return printPPI
}
