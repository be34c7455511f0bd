package unit

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"sync"
)

// Error says what was wrong with the text of a quantity and what would be right.
type Error struct {
	Text     string // what was given
	Quantity string // what was wanted, such as "bandwidth"
	Example  string // a right value, such as "3.35 TB/s"
	Reason   string // "has no unit", "unknown unit \"fast\"", "is negative" …
}

func (e *Error) Error() string {
	return fmt.Sprintf("%q %s: want %s with unit such as %q", e.Text, e.Reason, e.Quantity, e.Example)
}

// quantity describes the text form of one type: its unit symbols and their values in base units.
type quantity struct {
	name    string
	example string
	symbols map[string]float64
	max     float64 // larger values are certainly a slip of the pen
}

var siPrefixes = []struct {
	symbol string
	value  float64
}{{"", 1}, {"k", 1e3}, {"K", 1e3}, {"M", 1e6}, {"G", 1e9}, {"T", 1e12}, {"P", 1e15}, {"E", 1e18}}

var iecPrefixes = []struct {
	symbol string
	value  float64
}{{"Ki", 1 << 10}, {"Mi", 1 << 20}, {"Gi", 1 << 30}, {"Ti", 1 << 40}, {"Pi", 1 << 50}}

// si returns symbols for every SI prefix of every unit name.
func si(scale float64, names ...string) map[string]float64 {
	m := map[string]float64{}
	for _, name := range names {
		for _, p := range siPrefixes {
			m[p.symbol+name] = p.value * scale
		}
	}
	return m
}

// iec adds the binary prefixes of a unit name to m.
func iec(m map[string]float64, name string) map[string]float64 {
	for _, p := range iecPrefixes {
		m[p.symbol+name] = p.value
	}
	return m
}

func merge(ms ...map[string]float64) map[string]float64 {
	out := map[string]float64{}
	for _, m := range ms {
		for k, v := range m {
			out[k] = v
		}
	}
	return out
}

// The tables are built at the first parse, not at start-up: most runs of the command parse a handful of quantities.
var (
	flopsQuantity    = sync.OnceValue(func() quantity { return quantity{"operations", "8.2 GFLOP", si(1, "FLOP", "OP"), 1e27} })
	bytesQuantity    = sync.OnceValue(func() quantity { return quantity{"an amount of memory", "80 GiB", iec(si(1, "B"), "B"), 1e18} })
	flopRateQuantity = sync.OnceValue(func() quantity {
		return quantity{"a compute rate", "989 TFLOP/s", si(1, "FLOP/s", "OP/s"), 1e21}
	})
	byteRateQuantity = sync.OnceValue(func() quantity {
		return quantity{"a bandwidth", "3.35 TB/s", merge(iec(si(1, "B/s"), "B/s"), si(1.0/8, "bit/s")), 1e17}
	})
	secondsQuantity = sync.OnceValue(func() quantity {
		return quantity{"a time", "50 ms", map[string]float64{
			"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1, "min": 60, "h": 3600}, 1e12}
	})
	wattsQuantity      = sync.OnceValue(func() quantity { return quantity{"a power", "700 W", si(1, "W"), 1e9} })
	hertzQuantity      = sync.OnceValue(func() quantity { return quantity{"a clock", "1830 MHz", si(1, "Hz"), 1e12} })
	usdQuantity        = sync.OnceValue(func() quantity { return quantity{"an amount of money", "30000 USD", si(1, "USD", "$"), 1e12} })
	usdPerHourQuantity = sync.OnceValue(func() quantity {
		return quantity{"a price per hour", "2.69 USD/h", map[string]float64{"USD/h": 1, "$/h": 1}, 1e9}
	})
)

// parse reads "number unit", and "$number" where the unit is money.
func (q quantity) parse(text string) (float64, error) {
	fail := func(reason string) (float64, error) {
		return 0, &Error{Text: text, Quantity: q.name, Example: q.example, Reason: reason}
	}
	s := strings.TrimSpace(text)
	dollars := strings.HasPrefix(s, "$")
	number, symbol := split(strings.TrimPrefix(s, "$"))
	if dollars {
		symbol = "$" + symbol
	}
	number, ok := plain(number)
	if !ok {
		return fail("is not a number")
	}
	if symbol == "" {
		return fail("has no unit")
	}
	scale, ok := q.symbols[symbol]
	if !ok {
		if near := nearSymbol(symbol, q.symbols); near != "" {
			return fail(fmt.Sprintf("has the unknown unit %q, did you mean %q?", symbol, near))
		}
		return fail(fmt.Sprintf("has the unknown unit %q", symbol))
	}
	v, err := scaled(number, scale)
	switch {
	case err != nil || math.IsNaN(v) || v > q.max:
		return fail("is absurdly large")
	case v < 0:
		return fail("is negative")
	}
	return v, nil
}

// split cuts a text into its number and its unit. An exponent belongs to the number only when digits follow and it is
// written with a small e: "1e9 B/s", but "3 EB".
func split(s string) (number, symbol string) {
	digits := func(from int, set string) int {
		for from < len(s) && strings.IndexByte(set, s[from]) >= 0 {
			from++
		}
		return from
	}
	end := digits(0, "0123456789.+-_,")
	if end > 0 && end < len(s) && s[end] == 'e' {
		start := end + 1
		if start < len(s) && (s[start] == '-' || s[start] == '+') {
			start++
		}
		if stop := digits(start, "0123456789"); stop > start {
			end = stop
		}
	}
	return s[:end], strings.TrimSpace(s[end:])
}

// plain removes the thousands separators of a number: "_" anywhere between digits, "," only before groups of three, so
// that a decimal comma is an error and not a thousandfold.
func plain(number string) (string, bool) {
	whole, _, _ := strings.Cut(strings.TrimLeft(number, "+-"), ".")
	whole, _, _ = strings.Cut(whole, "e")
	if groups := strings.Split(whole, ","); len(groups) > 1 {
		for i, g := range groups {
			if i == 0 && (len(g) == 0 || len(g) > 3) || i > 0 && len(g) != 3 {
				return "", false
			}
		}
	}
	number = strings.NewReplacer(",", "", "_", "").Replace(number)
	_, err := strconv.ParseFloat(number, 64)
	return number, err == nil || errors.Is(err, strconv.ErrRange)
}

// scaled returns number × scale, as exact as the decimal text: 66.9 TFLOP/s is 6.69e13 and nothing beside it.
func scaled(number string, scale float64) (float64, error) {
	if exponent := math.Round(math.Log10(scale)); math.Pow(10, exponent) == scale && !strings.Contains(number, "e") {
		return strconv.ParseFloat(fmt.Sprintf("%se%d", number, int(exponent)), 64)
	}
	v, err := strconv.ParseFloat(number, 64)
	return v * scale, err
}

// nearSymbol finds the known symbol that differs from s only in case or in a missing "/s" or "/h".
func nearSymbol(s string, symbols map[string]float64) string {
	best := ""
	for k := range symbols {
		if strings.EqualFold(k, s) || strings.EqualFold(k, s+"/s") || strings.EqualFold(k, s+"/h") || strings.EqualFold(strings.ReplaceAll(s, "FLOPS", "FLOP/s"), k) {
			if best == "" || k < best {
				best = k
			}
		}
	}
	return best
}

func unmarshal[T ~float64](dst *T, q quantity, text []byte) error {
	v, err := q.parse(string(text))
	if err != nil {
		return err
	}
	*dst = T(v)
	return nil
}

// UnmarshalText reads a count such as "8.2 GFLOP".
func (w *FLOPs) UnmarshalText(text []byte) error { return unmarshal(w, flopsQuantity(), text) }

// UnmarshalText reads an amount such as "80 GiB" or "80 GB".
func (b *Bytes) UnmarshalText(text []byte) error { return unmarshal(b, bytesQuantity(), text) }

// UnmarshalText reads a rate such as "989 TFLOP/s" or "1979 TOP/s".
func (r *FLOPRate) UnmarshalText(text []byte) error { return unmarshal(r, flopRateQuantity(), text) }

// UnmarshalText reads a rate such as "3.35 TB/s" or "400 Gbit/s".
func (r *ByteRate) UnmarshalText(text []byte) error { return unmarshal(r, byteRateQuantity(), text) }

// UnmarshalText reads a time such as "50 ms".
func (t *Seconds) UnmarshalText(text []byte) error { return unmarshal(t, secondsQuantity(), text) }

// UnmarshalText reads a power such as "700 W".
func (p *Watts) UnmarshalText(text []byte) error { return unmarshal(p, wattsQuantity(), text) }

// UnmarshalText reads a clock such as "1830 MHz".
func (f *Hertz) UnmarshalText(text []byte) error { return unmarshal(f, hertzQuantity(), text) }

// UnmarshalText reads an amount such as "30000 USD".
func (m *USD) UnmarshalText(text []byte) error { return unmarshal(m, usdQuantity(), text) }

// UnmarshalText reads an hourly price such as "2.69 USD/h".
func (p *USDPerHour) UnmarshalText(text []byte) error {
	return unmarshal(p, usdPerHourQuantity(), text)
}
