package unit

import (
	"fmt"
	"strconv"
)

// In JSON quantities are numbers in base units. Without these methods a decoder would expect the text form.

func unmarshalNumber[T ~float64](dst *T, data []byte) error {
	if string(data) == "null" {
		return nil
	}
	v, err := strconv.ParseFloat(string(data), 64)
	if err != nil {
		return fmt.Errorf("%s is not a number in base units", data)
	}
	*dst = T(v)
	return nil
}

// UnmarshalJSON reads a number of operations.
func (w *FLOPs) UnmarshalJSON(data []byte) error { return unmarshalNumber(w, data) }

// UnmarshalJSON reads a number of bytes.
func (b *Bytes) UnmarshalJSON(data []byte) error { return unmarshalNumber(b, data) }

// UnmarshalJSON reads a number of operations per second.
func (r *FLOPRate) UnmarshalJSON(data []byte) error { return unmarshalNumber(r, data) }

// UnmarshalJSON reads a number of bytes per second.
func (r *ByteRate) UnmarshalJSON(data []byte) error { return unmarshalNumber(r, data) }

// UnmarshalJSON reads a number of seconds.
func (t *Seconds) UnmarshalJSON(data []byte) error { return unmarshalNumber(t, data) }

// UnmarshalJSON reads a number of watts.
func (p *Watts) UnmarshalJSON(data []byte) error { return unmarshalNumber(p, data) }

// UnmarshalJSON reads a number of hertz.
func (f *Hertz) UnmarshalJSON(data []byte) error { return unmarshalNumber(f, data) }

// UnmarshalJSON reads a number of dollars.
func (m *USD) UnmarshalJSON(data []byte) error { return unmarshalNumber(m, data) }

// UnmarshalJSON reads a number of dollars per hour.
func (p *USDPerHour) UnmarshalJSON(data []byte) error { return unmarshalNumber(p, data) }
