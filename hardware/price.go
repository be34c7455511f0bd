package hardware

import "roofline/hardware/unit"

// Instance is what can be rented: a machine or a share of one, with the devices in it. A price belongs to an instance:
// a device sold only by eights has no price of its own.
type Instance struct {
	Provider string // the file's provider
	ID       string // the provider's name of it
	Device   string // id of the device in it
	Count    int    // how many of them
	Region   string
	OnDemand unit.USDPerHour // 0: not offered, or not known
	Spot     unit.USDPerHour
	Date     string // when the price was seen
	Scope    string // "whole instance", "per GPU", …: what the price covers
	Suspect  string // why the row should not be believed; such rows are never used for an answer
	Source   string
}

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
	}
	return 0
}
