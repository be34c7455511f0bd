package unit

import (
	"errors"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestParse(t *testing.T) {
	parse := func(q func() quantity) func(string) (float64, error) {
		return func(s string) (float64, error) { return q().parse(s) }
	}
	for _, c := range []struct {
		quantity func() quantity
		text     string
		want     float64
	}{
		{byteRateQuantity, "3.35 TB/s", 3.35e12},
		{byteRateQuantity, "3.35TB/s", 3.35e12},
		{byteRateQuantity, " 3350 GB/s ", 3.35e12},
		{byteRateQuantity, "3,350 GB/s", 3.35e12},
		{byteRateQuantity, "400 Gbit/s", 50e9},
		{byteRateQuantity, "1 GiB/s", 1 << 30},
		{byteRateQuantity, "1e9 B/s", 1e9},
		{byteRateQuantity, "1.5e-3 TB/s", 1.5e9},
		{byteRateQuantity, "3 EB/s", 3e18 * 0}, // above the limit: see below
		{bytesQuantity, "80 GB", 80e9},
		{bytesQuantity, "80 GiB", 80 * 1 << 30},
		{bytesQuantity, "81559 MiB", 81559 * 1 << 20},
		{flopRateQuantity, "66.9 TFLOP/s", 6.69e13},
		{flopRateQuantity, "1979 TOP/s", 1.979e15},
		{flopsQuantity, "8.2 GFLOP", 8.2e9},
		{secondsQuantity, "50ms", 0.05},
		{secondsQuantity, "3 µs", 3e-6},
		{secondsQuantity, "3 us", 3e-6},
		{hertzQuantity, "1830 MHz", 1.83e9},
		{wattsQuantity, "10.2 kW", 10200},
		{usdQuantity, "30000 USD", 30000},
		{usdQuantity, "$30,000", 30000},
		{usdPerHourQuantity, "2.69 USD/h", 2.69},
		{usdPerHourQuantity, "$2.69/h", 2.69},
	} {
		got, err := parse(c.quantity)(c.text)
		if c.want == 0 {
			if err == nil {
				t.Errorf("%q = %g, want an error", c.text, got)
			}
			continue
		}
		if err != nil || math.Abs(got-c.want) > 1e-12*c.want {
			t.Errorf("%q = %g, %v; want %g", c.text, got, err, c.want)
		}
	}
	var r FLOPRate
	if err := r.UnmarshalText([]byte("66.9 TFLOP/s")); err != nil || r != 66.9e12 {
		t.Errorf("66.9 TFLOP/s = %v, %v: want exactly 66.9e12", float64(r), err)
	}
}

func TestParseErrors(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"3.35", `"3.35" has no unit: want a bandwidth with unit such as "3.35 TB/s"`},
		{"fast", `"fast" is not a number: want a bandwidth with unit such as "3.35 TB/s"`},
		{"", `"" is not a number: want a bandwidth with unit such as "3.35 TB/s"`},
		{"3,35 TB/s", `"3,35 TB/s" is not a number: want a bandwidth with unit such as "3.35 TB/s"`},
		{"3.35 TB", `"3.35 TB" has the unknown unit "TB", did you mean "TB/s"?: want a bandwidth with unit such as "3.35 TB/s"`},
		{"3.35 tb/s", `"3.35 tb/s" has the unknown unit "tb/s", did you mean "TB/s"?: want a bandwidth with unit such as "3.35 TB/s"`},
		{"3.35 TFLOP/s", `"3.35 TFLOP/s" has the unknown unit "TFLOP/s": want a bandwidth with unit such as "3.35 TB/s"`},
		{"-3 TB/s", `"-3 TB/s" is negative: want a bandwidth with unit such as "3.35 TB/s"`},
		{"3e300 TB/s", `"3e300 TB/s" is absurdly large: want a bandwidth with unit such as "3.35 TB/s"`},
		{"NaN TB/s", `"NaN TB/s" is not a number: want a bandwidth with unit such as "3.35 TB/s"`},
		{"Inf TB/s", `"Inf TB/s" is not a number: want a bandwidth with unit such as "3.35 TB/s"`},
		{"1.2.3 TB/s", `"1.2.3 TB/s" is not a number: want a bandwidth with unit such as "3.35 TB/s"`},
	} {
		r := ByteRate(7)
		err := r.UnmarshalText([]byte(c.text))
		if err == nil || err.Error() != c.want {
			t.Errorf("%q: got  %v\n          want %s", c.text, err, c.want)
		}
		if r != 7 {
			t.Errorf("%q: a failed parse changed the value", c.text)
		}
		var e *Error
		if !errors.As(err, &e) || e.Example != "3.35 TB/s" {
			t.Errorf("%q: the error has no example", c.text)
		}
	}
}

func TestFormat(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{ByteRate(3.35e12).String(), "3.35 TB/s"},
		{ByteRate(864e9).String(), "864 GB/s"},
		{FLOPRate(989e12).String(), "989 TFLOP/s"},
		{FLOPRate(1979e12).String(), "1.98 PFLOP/s"},
		{Bytes(80 * GiB).String(), "80.0 GiB"},
		{Bytes(0).String(), "0 B"},
		{Seconds(3e-6).String(), "3.00 µs"},
		{Seconds(0.9996e-3).String(), "1.00 ms"},
		{Watts(10200).String(), "10.2 kW"},
		{Hertz(1.83e9).String(), "1.83 GHz"},
		{USD(30000).String(), "$30,000"},
		{USDPerHour(2.69).String(), "$2.69/h"},
		{Intensity(295.2).String(), "295 FLOP/byte"},
		{Number(1571, 3), "1,571"},
		{Number(20.86, 3), "20.9"},
		{Number(0.4757, 3), "0.476"},
		{Number(9.996, 3), "10.0"},
		{Number(99.96, 3), "100"},
		{Number(999.6, 3), "1,000"},
		{Number(0, 3), "0"},
		{Number(-1234567, 3), "-1,234,567"},
		{Number(math.Inf(1), 3), "–"},
		{ByteRateScales.Common([]float64{0, 300e9, 864e9, 8e12}).Symbol, "GB/s"},
		{ByteRateScales.Common([]float64{0, 0}).Symbol, "B/s"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

func TestOperations(t *testing.T) {
	// By hand: 2 × 10^12 operations at 10^13 per second take 0.2 s; 3350 GB at 3.35 TB/s take a second.
	if got := FLOPs(2e12).At(1e13); got != 0.2 {
		t.Errorf("2 TFLOP at 10 TFLOP/s = %v", got)
	}
	if got := Bytes(3350e9).At(3.35e12); got != 1 {
		t.Errorf("3350 GB at 3.35 TB/s = %v", got)
	}
	if got := FLOPs(0).At(0); got != 0 {
		t.Errorf("no work takes %v", got)
	}
	if got := FLOPRate(989e12).Per(3.35e12); math.Abs(float64(got)-295.22) > 0.01 {
		t.Errorf("ridge point of an H100 = %v, want 295.2", float64(got))
	}
	if got := USDPerHour(3.6).For(10); math.Abs(float64(got)-0.01) > 1e-12 {
		t.Errorf("3.60 $/h for 10 s = %v, want a cent", float64(got))
	}
}

// quantities pairs the text form of each type with its parser.
var quantities = map[string]struct {
	format func(float64) string
	parse  func() quantity
	low    float64 // smaller ones are printed with fewer digits
}{
	"FLOPs":      {func(v float64) string { return FLOPs(v).String() }, flopsQuantity, 1},
	"Bytes":      {func(v float64) string { return Bytes(v).String() }, bytesQuantity, 1},
	"FLOPRate":   {func(v float64) string { return FLOPRate(v).String() }, flopRateQuantity, 1},
	"ByteRate":   {func(v float64) string { return ByteRate(v).String() }, byteRateQuantity, 1},
	"Seconds":    {func(v float64) string { return Seconds(v).String() }, secondsQuantity, 1e-9},
	"Watts":      {func(v float64) string { return Watts(v).String() }, wattsQuantity, 1e-3},
	"Hertz":      {func(v float64) string { return Hertz(v).String() }, hertzQuantity, 1},
	"USD":        {func(v float64) string { return USD(v).String() }, usdQuantity, 1e-6},
	"USDPerHour": {func(v float64) string { return USDPerHour(v).String() }, usdPerHourQuantity, 1e-6},
}

func TestParseOfFormat(t *testing.T) {
	for name, q := range quantities {
		t.Run(name, rapid.MakeCheck(func(t *rapid.T) {
			v := q.low * math.Pow(10, rapid.Float64Range(0, 8).Draw(t, "exponent"))
			text := q.format(v)
			got, err := q.parse().parse(text)
			if err != nil || math.Abs(got-v) > 0.00501*v {
				t.Fatalf("%g prints as %q, reads as %g, %v", v, text, got, err)
			}
		}))
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"3.35 TB/s", "80 GiB", "$2.69/h", "1e9 B", "1,000 W", "3 us", "-1 s", "∞ Hz", "1e-", "e", "$", "+.e5 B"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for name, q := range quantities {
			v, err := q.parse().parse(s)
			if err != nil {
				var e *Error
				if !errors.As(err, &e) {
					t.Fatalf("%s %q: %T is not an *Error", name, s, err)
				}
				continue
			}
			if !(v >= 0) || math.IsInf(v, 0) {
				t.Fatalf("%s %q = %g", name, s, v)
			}
			if !strings.ContainsAny(s, "0123456789") {
				t.Fatalf("%s %q = %g without a digit", name, s, v)
			}
			q.format(v)
		}
	})
}
