package main

import (
	"fmt"
	"slices"
	"strings"

	"roofline/cmd/roofline/internal/deploy"
	"roofline/cmd/roofline/internal/show"
	"roofline/hardware"
	"roofline/hardware/dtype"
	"roofline/hardware/unit"
)

type catalogListCmd struct {
	Devices string             `arg:"" optional:"" default:"all" help:"Names, a comma list, a glob, or all."`
	Where   string             `help:"A condition, such as 'memory>=80GB && vendor==nvidia'." placeholder:"CONDITION"`
	Sort    string             `help:"Order: catalog, or any column: name, memory, bandwidth, price, value, released, bf16 … A number format shows all formats side by side." default:"catalog" placeholder:"COLUMN"`
	Formats bool               `help:"Dense peaks of all number formats side by side." xor:"columns"`
	Value   bool               `help:"What a TFLOP/s, a GB and a GB/s cost." xor:"columns"`
	Price   hardware.PriceKind `help:"Kind of price." enum:"on-demand,spot,reserved-1y,reserved-3y,purchase" default:"on-demand"`

	Systems  bool `help:"List the systems instead." xor:"what"`
	Sites    bool `help:"List the sites instead." xor:"what"`
	Runtimes bool `help:"List the runtime profiles instead." xor:"what"`
	Links    bool `help:"List the kinds of links instead." xor:"what"`
}

// Help shows the list at work.
func (catalogListCmd) Help() string {
	return `Examples:
  roofline catalog list --where 'memory>=80GB && vendor==nvidia' --sort bf16
  roofline catalog list 'h100*,mi300x' --value
  roofline catalog list --sites

A condition compares fields (memory, bandwidth, price, released, vendor, kind, name, bf16 …) with values in their
units; && and || join, ! turns around. What is not known meets nothing but ==unknown.`
}

// listed is a device in the list, for programs: base units, unknown values absent.
type listed struct {
	ID           string             `json:"id"`
	Name         string             `json:"name"`
	Kind         hardware.Kind      `json:"kind"`
	Vendor       string             `json:"vendor,omitempty"`
	Architecture string             `json:"architecture,omitempty"`
	Released     string             `json:"released,omitempty"`
	Memory       unit.Bytes         `json:"memory_bytes,omitempty"`
	Nominal      bool               `json:"memory_is_nominal,omitempty"`
	Bandwidth    unit.ByteRate      `json:"bandwidth_bytes_per_s"`
	Peaks        map[string]float64 `json:"dense_peak_flops"`
	Ridge        *float64           `json:"ridge_flops_per_byte,omitempty"`
	TDP          unit.Watts         `json:"tdp_w,omitempty"`
	Price        *float64           `json:"usd_per_device_hour,omitempty"`
	Purchase     *float64           `json:"usd_per_device,omitempty"`
	PerTFLOPs    *float64           `json:"usd_per_tflops,omitempty"` // of a month, or to buy
	PerGB        *float64           `json:"usd_per_gb,omitempty"`
	PerGBPerS    *float64           `json:"usd_per_gb_per_s,omitempty"`
	AsOf         string             `json:"price_as_of,omitempty"`
	Stale        bool               `json:"price_is_stale,omitempty"`
	Offer        string             `json:"offer,omitempty"`
	device       *hardware.Device
}

// Run lists devices, or what was asked for instead.
func (c *catalogListCmd) Run(s *session) error {
	if c.Systems || c.Sites || c.Runtimes || c.Links {
		if c.Where != "" || c.Sort != catalogOrder || c.Formats || c.Value {
			return &failure{code: "usage", err: fmt.Errorf("--where, --sort, --formats and --value are about devices"), exit: exitUsage}
		}
		return c.others(s)
	}
	d := deploy.Deployer{Catalog: s.catalog, Wish: deploy.Wish{Devices: c.Devices}}
	devices, err := d.Devices()
	if err != nil {
		return err
	}
	ls := make([]listed, len(devices))
	for i := range devices {
		ls[i] = c.listed(s, &devices[i])
	}
	fields := listFields(s.catalog)
	if ls, err = where(ls, c.Where, fields); err != nil {
		return err
	}
	if err := sortBy(ls, c.Sort, fields); err != nil {
		return err
	}
	_, err = dtype.Parse(c.Sort)
	t, notes := c.table(s, ls, c.Formats || err == nil)
	return s.answer(&show.Answer{
		Sentence: fmt.Sprintf("%d of %d devices; all peaks dense, 32-bit accumulate.", len(ls), len(s.catalog.Devices)),
		Tables:   []show.Table{t},
		Notes:    append(notes, "roofline catalog show NAME tells where each value comes from"),
		JSON:     catalogDocument{"roofline.catalog/v1", s.catalog.Version(), ls},
	})
}

func (c *catalogListCmd) listed(s *session, d *hardware.Device) listed {
	l := listed{ID: d.ID, Name: d.Name, Kind: d.Kind, Vendor: vendorOf(d), Architecture: d.Architecture, Released: d.Released,
		Bandwidth: d.Memory.Bandwidth, TDP: d.Power.TDP, Peaks: map[string]float64{}, device: d}
	var reported bool
	l.Memory, reported = d.Memory.Usable()
	l.Nominal = !reported && l.Memory > 0
	for _, f := range d.Formats() {
		l.Peaks[f.String()] = float64(d.Peak(f))
	}
	main, ok := mainFormat(d)
	if ok && l.Bandwidth > 0 {
		ridge := float64(d.RidgePoint(main))
		l.Ridge = &ridge
	}
	if p, ok := priceOf(s.catalog, d, c.Price); ok {
		usd := p.USD
		l.Price = &usd
		l.AsOf, l.Stale, l.Offer = p.AsOf, s.stale(p.AsOf), p.Offer
		scale := float64(unit.HoursPerMonth)
		if c.Price == hardware.PurchaseBuy {
			l.Price, l.Purchase, scale = nil, &usd, 1
		}
		per := func(amount, of float64) *float64 {
			if amount == 0 {
				return nil
			}
			v := usd * scale / (amount / of)
			return &v
		}
		l.PerTFLOPs, l.PerGB, l.PerGBPerS = per(float64(d.Peak(main)), 1e12), per(float64(l.Memory), 1e9), per(float64(l.Bandwidth), 1e9)
	}
	return l
}

// mainFormat is the format that ridge points and prices of compute are told for.
func mainFormat(d *hardware.Device) (dtype.DType, bool) {
	for _, f := range []dtype.DType{dtype.BF16, dtype.FP16, dtype.FP32} {
		if d.Peak(f) > 0 {
			return f, true
		}
	}
	return dtype.BF16, false
}

const mainFormatNote = "bf16, else fp16, fp32"

// table lays devices out in the columns that were asked for.
func (c *catalogListCmd) table(s *session, ls []listed, formats bool) (show.Table, []string) {
	columns := deviceColumns(newNamer(s.catalog))
	var notes []string
	switch {
	case s.Wide:
		columns = append(columns, formatColumns(allFormats)...)
		columns = append(columns, c.priceColumns()...)
		columns = append(columns, c.valueColumns()...)
	case c.Value:
		columns = append(columns, formatColumns(fewFormats[1:2])...)
		columns = append(columns, c.priceColumns()...)
		columns = append(columns, c.valueColumns()...)
	case formats:
		columns = append(columns, formatColumns(allFormats)...)
		columns = append(columns, ridgeColumn)
	default:
		columns = append(columns, formatColumns(fewFormats)...)
		columns = append(columns, ridgeColumn, powerColumn)
		columns = append(columns, c.priceColumns()...)
	}
	if s.Wide {
		columns = append(columns, ridgeColumn, powerColumn)
	}
	notes = append(notes, "* vendor's label, driver's figure unknown · ? unverified · ridge: FLOP/byte at "+mainFormatNote)
	switch {
	case c.Value || s.Wide:
		notes = append(notes, "$: cheapest "+string(c.Price)+" offer, per device; a month has 730 hours; TFLOP/s of "+mainFormatNote)
	case !formats:
		notes[0] += " · $: cheapest " + string(c.Price) + " offer, per device"
	default:
		notes[0] += " · bf16: fp16 where there is no bf16"
	}
	if slices.ContainsFunc(ls, func(l listed) bool { return l.Stale }) && (c.Value || s.Wide || !formats) {
		notes = append(notes, "! a price older than six months")
	}
	var t show.Table
	for _, column := range columns {
		t.Columns = append(t.Columns, column.Column)
	}
	for i := range ls {
		var row []show.Cell
		for _, column := range columns {
			row = append(row, column.cell(&ls[i]))
		}
		t.Add(row...)
	}
	return t, notes
}

// vendorOf returns the vendor of a device: the first part of its id.
func vendorOf(d *hardware.Device) string {
	vendor, _, _ := strings.Cut(d.ID, "-")
	return vendor
}

// joined joins what is not empty with spaces.
func joined(parts ...string) string {
	return strings.Join(strings.Fields(strings.Join(parts, " ")), " ")
}

// catalogDocument is the JSON of catalog list.
type catalogDocument struct {
	Schema  string   `json:"schema"`
	Catalog string   `json:"catalog"`
	Devices []listed `json:"devices"`
}
