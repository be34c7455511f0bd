// Package unit holds the physical quantities of the project as typed float64 values in base units.
//
// Only dimensionally valid operations exist: work at a rate gives seconds, work per byte gives an arithmetic intensity.
// One text form serves TOML, flags and messages: a number, an optional space, a unit ("3.35 TB/s", "80 GiB", "50ms").
// SI prefixes are powers of 1000 and IEC prefixes (Ki, Mi, Gi, Ti) powers of 1024; the suffix always says which.
// Parsing never yields a negative, infinite or NaN quantity.
package unit

// FLOPs counts floating-point (or integer) operations; a multiply-accumulate is two.
type FLOPs float64

// Bytes is an amount of memory or traffic.
type Bytes float64

// FLOPRate is operations per second.
type FLOPRate float64

// ByteRate is bytes per second; of a link, in one direction.
type ByteRate float64

// Seconds is a duration. It is not time.Duration, because small operations take less than a nanosecond.
type Seconds float64

// Intensity is arithmetic intensity: operations per byte moved.
type Intensity float64

// Watts is electrical power.
type Watts float64

// Hertz is a clock frequency.
type Hertz float64

// USD is an amount of money.
type USD float64

// USDPerHour is an hourly price.
type USDPerHour float64

// SecondsPerHour converts an hourly price to a price per second.
const SecondsPerHour = 3600

// HoursPerMonth is the month every monthly price is given for.
const HoursPerMonth = 730

// Binary prefixes, in bytes.
const (
	KiB Bytes = 1 << 10
	MiB Bytes = 1 << 20
	GiB Bytes = 1 << 30
	TiB Bytes = 1 << 40
)

// At returns the time w takes at rate r; zero work takes no time whatever the rate.
func (w FLOPs) At(r FLOPRate) Seconds {
	if w == 0 {
		return 0
	}
	return Seconds(float64(w) / float64(r))
}

// At returns the time b takes at rate r; no bytes take no time whatever the rate.
func (b Bytes) At(r ByteRate) Seconds {
	if b == 0 {
		return 0
	}
	return Seconds(float64(b) / float64(r))
}

// Per returns the arithmetic intensity of w operations over b bytes.
func (w FLOPs) Per(b Bytes) Intensity { return Intensity(float64(w) / float64(b)) }

// Per returns the ridge point: the intensity above which a machine of compute rate r and bandwidth b is compute-bound.
func (r FLOPRate) Per(b ByteRate) Intensity { return Intensity(float64(r) / float64(b)) }

// For returns the money an hourly price costs over t.
func (p USDPerHour) For(t Seconds) USD { return USD(float64(p) * float64(t) / SecondsPerHour) }
