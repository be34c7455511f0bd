package unit

import (
	"math"
	"strconv"
	"strings"
)

// Scale is one prefix of a unit: a value in base units divided by Factor is a number of Symbol.
type Scale struct {
	Factor float64
	Symbol string
}

// Scales are the prefixes a quantity is printed with, smallest first.
type Scales []Scale

// The printed scales of each quantity: decimal for rates and money, binary for memory.
var (
	FLOPScales     = Scales{{1, "FLOP"}, {1e3, "kFLOP"}, {1e6, "MFLOP"}, {1e9, "GFLOP"}, {1e12, "TFLOP"}, {1e15, "PFLOP"}}
	MemoryScales   = Scales{{1, "B"}, {1 << 10, "KiB"}, {1 << 20, "MiB"}, {1 << 30, "GiB"}, {1 << 40, "TiB"}}
	TrafficScales  = Scales{{1, "B"}, {1e3, "kB"}, {1e6, "MB"}, {1e9, "GB"}, {1e12, "TB"}}
	FLOPRateScales = Scales{{1, "FLOP/s"}, {1e9, "GFLOP/s"}, {1e12, "TFLOP/s"}, {1e15, "PFLOP/s"}}
	ByteRateScales = Scales{{1, "B/s"}, {1e6, "MB/s"}, {1e9, "GB/s"}, {1e12, "TB/s"}}
	TimeScales     = Scales{{1e-9, "ns"}, {1e-6, "µs"}, {1e-3, "ms"}, {1, "s"}}
	WattScales     = Scales{{1, "W"}, {1e3, "kW"}, {1e6, "MW"}}
	HertzScales    = Scales{{1, "Hz"}, {1e6, "MHz"}, {1e9, "GHz"}}
)

// For returns the largest scale in which v is at least one.
func (s Scales) For(v float64) Scale {
	best := s[0]
	for _, c := range s {
		if v >= c.Factor*0.9995 {
			best = c
		}
	}
	return best
}

// Common returns one scale for a whole table column: the one of the median of its positive values,
// so that neither an outlier nor a column of zeros decides it.
func (s Scales) Common(values []float64) Scale {
	positive := make([]float64, 0, len(values))
	for _, v := range values {
		if v > 0 && !math.IsInf(v, 0) {
			positive = append(positive, v)
		}
	}
	if len(positive) == 0 {
		return s[0]
	}
	// Insertion sort: columns are short.
	for i := 1; i < len(positive); i++ {
		for j := i; j > 0 && positive[j] < positive[j-1]; j-- {
			positive[j], positive[j-1] = positive[j-1], positive[j]
		}
	}
	return s.For(positive[len(positive)/2])
}

// Format prints v in the scale that suits it, with three significant digits: "3.35 TB/s".
func (s Scales) Format(v float64) string {
	c := s.For(v)
	return Number(v/c.Factor, 3) + " " + c.Symbol
}

// Number prints v with at least the given significant digits, never an exponent, thousands grouped: 1,571 · 20.9 · 0.476.
func Number(v float64, digits int) string {
	if v == 0 {
		return "0"
	}
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return "–"
	}
	exponent := int(math.Floor(math.Log10(math.Abs(v))))
	decimals := max(digits-1-exponent, 0)
	// Rounding may carry into the next power of ten: 9.996 is 10.0, not 10.00.
	rounded := math.Abs(v)
	if p := math.Pow(10, float64(decimals)); decimals < 300 && math.Round(rounded*p)/p >= math.Pow(10, float64(exponent+1)) && decimals > 0 {
		decimals--
	}
	return Group(strconv.FormatFloat(v, 'f', decimals, 64))
}

// Group puts thousands separators into a decimal number.
func Group(number string) string {
	sign := ""
	if strings.HasPrefix(number, "-") {
		sign, number = "-", number[1:]
	}
	whole, fraction, found := strings.Cut(number, ".")
	var b strings.Builder
	b.WriteString(sign)
	for i, r := range whole {
		if i > 0 && (len(whole)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(r)
	}
	if found {
		b.WriteByte('.')
		b.WriteString(fraction)
	}
	return b.String()
}

func (w FLOPs) String() string    { return FLOPScales.Format(float64(w)) }
func (b Bytes) String() string    { return MemoryScales.Format(float64(b)) }
func (r FLOPRate) String() string { return FLOPRateScales.Format(float64(r)) }
func (r ByteRate) String() string { return ByteRateScales.Format(float64(r)) }
func (t Seconds) String() string  { return TimeScales.Format(float64(t)) }
func (p Watts) String() string    { return WattScales.Format(float64(p)) }
func (f Hertz) String() string    { return HertzScales.Format(float64(f)) }
func (i Intensity) String() string {
	return Number(float64(i), 3) + " FLOP/byte"
}
func (m USD) String() string        { return "$" + Number(float64(m), 3) }
func (p USDPerHour) String() string { return "$" + Number(float64(p), 3) + "/h" }
