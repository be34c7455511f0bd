package hardware

import (
	"fmt"

	"roofline/hardware/unit"
)

// Instance is what can be rented: a machine or a share of one, with the devices in it. A price belongs to an instance:
// a device sold only by eights has no price of its own. Prices that are not offered or not known are 0.
type Instance struct {
	Provider   string          `toml:"provider"`
	ID         string          `toml:"id"` // the provider's name of it
	Device     string          `toml:"-"`  // id of the device in it
	Count      int             `toml:"-"`  // how many of them; 0 where only a share of one is rented
	Share      float64         `toml:"-"`  // that share of one device; 0 otherwise
	Region     string          `toml:"region"`
	OnDemand   unit.USDPerHour `toml:"on-demand"`
	Spot       unit.USDPerHour `toml:"spot"`
	Reserved1y unit.USDPerHour `toml:"reserved-1y"`
	Reserved3y unit.USDPerHour `toml:"reserved-3y"`
	Date       string          `toml:"date,date"` // when the price was seen
	Scope      Scope           `toml:"scope"`     // what the price covers
	Market     bool            `toml:"market"`    // the lowest offer of a marketplace at that time, not a list price
	Suspect    string          `toml:"suspect"`   // why the row should not be believed; such rows are never used for an answer
	Note       string          `toml:"note"`
	Source     string          `toml:"source"`
	Accepted   Acceptances     `toml:"accepted"`
}

// Scope is what an hourly price covers.
type Scope string

// The scopes of prices.
const (
	WholeInstance Scope = "instance"    // a machine with everything in it
	PerDevice     Scope = "device"      // one device with its share of the host
	DeviceOnly    Scope = "device-only" // one device; the host's processors and memory are billed apart
)

// UnmarshalText reads instance, device or device-only.
func (s *Scope) UnmarshalText(text []byte) error {
	switch v := Scope(text); v {
	case WholeInstance, PerDevice, DeviceOnly:
		*s = v
		return nil
	}
	return fmt.Errorf("unknown scope %q: want instance, device or device-only", text)
}

// Firm reports whether the price is one that anybody pays for the whole thing: not the floor of a marketplace, nothing
// billed apart, nothing suspect.
func (i *Instance) Firm() bool { return !i.Market && i.Scope != DeviceOnly && i.Suspect == "" }

// PriceKind is the way capacity is paid for.
type PriceKind string

// The kinds of prices.
const (
	OnDemand    PriceKind = "on-demand"
	Spot        PriceKind = "spot"
	Reserved1y  PriceKind = "reserved-1y"
	Reserved3y  PriceKind = "reserved-3y"
	PurchaseBuy PriceKind = "purchase"
)

// Price returns the instance's hourly price of a kind, 0 where there is none.
func (i *Instance) Price(kind PriceKind) unit.USDPerHour {
	switch kind {
	case OnDemand:
		return i.OnDemand
	case Spot:
		return i.Spot
	case Reserved1y:
		return i.Reserved1y
	case Reserved3y:
		return i.Reserved3y
	}
	return 0
}
