package main

import (
	"cmp"
	"encoding"
	"fmt"
	"math"
	"slices"
	"strings"

	"roofline/catalog"
	"roofline/catalog/filter"
	"roofline/hardware"
	"roofline/hardware/dtype"
	"roofline/hardware/unit"
)

// listField is something a list of devices can be filtered and sorted by.
type listField struct {
	filter.Field
	of     func(*listed) filter.Value
	upward bool // sorts from the lowest up: prices, names
}

func quantityField[T ~float64](name string, of func(*hardware.Device) T) listField {
	return listField{filter.Field{Name: name, Number: parseAs[T]}, func(l *listed) filter.Value { return filter.Number(float64(of(l.device))) }, false}
}

// parseAs reads a quantity with its unit.
func parseAs[T ~float64](text string) (float64, error) {
	v := new(T)
	err := any(v).(encoding.TextUnmarshaler).UnmarshalText([]byte(text))
	return float64(*v), err
}

func parseNumber(text string) (float64, error) {
	var v float64
	if n, err := fmt.Sscanf(text, "%g", &v); n != 1 || err != nil || math.IsNaN(v) {
		return 0, fmt.Errorf("want a number")
	}
	return v, nil
}

// parseDollars reads 2.5 or $2.50, an hour or to buy as --price says.
func parseDollars(text string) (float64, error) { return parseNumber(strings.TrimPrefix(text, "$")) }

func textField(name string, values []string, of func(*listed) string) listField {
	return listField{filter.Field{Name: name, Values: values}, func(l *listed) filter.Value { return filter.Text(of(l)) }, true}
}

func numberField(name string, parse func(string) (float64, error), upward bool, of func(*listed) float64) listField {
	return listField{filter.Field{Name: name, Number: parse}, func(l *listed) filter.Value { return filter.Number(of(l)) }, upward}
}

// listFields returns what --where and --sort know.
func listFields(c *catalog.Catalog) []listField {
	var vendors, architectures []string
	for i := range c.Devices {
		d := &c.Devices[i]
		if v := vendorOf(d); !slices.Contains(vendors, v) {
			vendors = append(vendors, v)
		}
		if a := d.Architecture; a != "" && !slices.Contains(architectures, a) {
			architectures = append(architectures, a)
		}
	}
	fields := []listField{
		quantityField("memory", func(d *hardware.Device) unit.Bytes { b, _ := d.Memory.Usable(); return b }),
		quantityField("bandwidth", func(d *hardware.Device) unit.ByteRate { return d.Memory.Bandwidth }),
		quantityField("cache", func(d *hardware.Device) unit.Bytes { return d.Cache.LastLevel }),
		quantityField("power", func(d *hardware.Device) unit.Watts { return d.Power.TDP }),
		quantityField("link", func(d *hardware.Device) unit.ByteRate { return fastestLink(d) }),
		numberField("cores", parseNumber, false, func(l *listed) float64 { return float64(l.device.Cores.Count) }),
		numberField("ridge", parseNumber, false, func(l *listed) float64 { return orZero(l.Ridge) }),
		numberField("price", parseDollars, true, func(l *listed) float64 { return orZero(l.Price) }),
		numberField("value", parseDollars, true, func(l *listed) float64 { return orZero(l.PerTFLOPs) }),
		textField("vendor", vendors, func(l *listed) string { return l.Vendor }),
		textField("kind", []string{"gpu", "cpu", "tpu", "npu"}, func(l *listed) string { return string(l.Kind) }),
		textField("architecture", architectures, func(l *listed) string { return l.device.Architecture }),
		textField("form-factor", nil, func(l *listed) string { return l.device.FormFactor }),
		textField("memory-kind", nil, func(l *listed) string { return l.device.Memory.Kind }),
		textField("name", nil, func(l *listed) string { return l.ID }),
		{filter.Field{Name: "released", Date: true}, func(l *listed) filter.Value { return filter.Text(l.device.Released) }, false},
	}
	for _, f := range dtype.Arithmetics {
		fields = append(fields, quantityField(f.String(), func(d *hardware.Device) unit.FLOPRate { return d.Peak(f) }))
	}
	return fields
}

func fastestLink(d *hardware.Device) unit.ByteRate {
	var most unit.ByteRate
	for _, l := range d.Links {
		most = max(most, l.Bandwidth)
	}
	return most
}

func orZero(v *float64) float64 {
	if v == nil {
		return 0
	}
	return *v
}

// where returns the devices that meet a condition.
func where(ls []listed, condition string, fields []listField) ([]listed, error) {
	if condition == "" {
		return ls, nil
	}
	known := make([]filter.Field, len(fields))
	for i := range fields {
		known[i] = fields[i].Field
	}
	c, err := filter.Parse(condition, known)
	if err != nil {
		return nil, fmt.Errorf("--where: %w", err)
	}
	return slices.DeleteFunc(ls, func(l listed) bool {
		return !c.Meets(func(name string) filter.Value { return fieldNamed(fields, name).of(&l) })
	}), nil
}

func fieldNamed(fields []listField, name string) *listField {
	for i := range fields {
		if fields[i].Name == name {
			return &fields[i]
		}
	}
	return nil
}

// catalogOrder leaves a list as it is in the catalog.
const catalogOrder = "catalog"

// sortBy orders devices by a field, what is not known last.
func sortBy(ls []listed, name string, fields []listField) error {
	if name == catalogOrder {
		return nil
	}
	f := fieldNamed(fields, name)
	if format, err := dtype.Parse(name); f == nil && err == nil { // another name of a number format
		f = fieldNamed(fields, format.String())
	}
	if f == nil {
		names := []string{catalogOrder}
		for i := range fields {
			names = append(names, fields[i].Name)
		}
		if near := catalog.Nearest(name, names); near != "" {
			return fmt.Errorf("--sort %s: no such column, did you mean %s?", name, near)
		}
		return fmt.Errorf("--sort %s: no such column: want %s", name, strings.Join(names, ", "))
	}
	slices.SortStableFunc(ls, func(a, b listed) int {
		x, y := f.of(&a), f.of(&b)
		order := cmp.Or(cmp.Compare(x.Number, y.Number), strings.Compare(x.Text, y.Text))
		if !f.upward {
			order = -order
		}
		return cmp.Or(known(y)-known(x), order)
	})
	return nil
}

func known(v filter.Value) int {
	if v.Known {
		return 1
	}
	return 0
}
