package main

import (
	"roofline/cmd/roofline/internal/show"
	"roofline/hardware"
	"roofline/hardware/dtype"
	"roofline/hardware/unit"
)

// listColumn is a column of the list of devices and what stands in it.
type listColumn struct {
	show.Column
	cell func(*listed) show.Cell
}

var (
	gibibytes     = unit.Scales{{Factor: float64(unit.GiB), Symbol: "GiB"}}
	gigabytesRate = unit.Scales{{Factor: 1e9, Symbol: "GB/s"}}
	teraOnly      = unit.Scales{{Factor: 1e12}}
)

func deviceColumns(n namer) []listColumn {
	return []listColumn{
		{show.Column{Title: "device", Left: true, Shrink: 12}, func(l *listed) show.Cell { return n[l.ID] }},
		{show.Column{Title: "memory", Scales: gibibytes, Base: "B"}, func(l *listed) show.Cell { return orUnknown(float64(l.Memory)) }},
		{show.Column{Left: true}, func(l *listed) show.Cell { return marks(l) }},
		{show.Column{Title: "bandw.", Scales: gigabytesRate, Base: "B/s"}, func(l *listed) show.Cell { return orUnknown(float64(l.Bandwidth)) }},
	}
}

// marks are * for a vendor's label in place of the driver's figure and ? for values from memory.
func marks(l *listed) string {
	mark := ""
	if l.Nominal {
		mark = "*"
	}
	for _, field := range []string{"matrix", "vector", "memory.bandwidth"} {
		if l.device.Of(field).Status == hardware.Unverified {
			return mark + "?"
		}
	}
	return mark
}

// The peaks in the table; bf16 stands for fp16 too where the table has all.
var (
	fewFormats = []dtype.DType{dtype.FP32, dtype.BF16, dtype.FP8, dtype.FP4, dtype.INT8}
	allFormats = []dtype.DType{dtype.FP64, dtype.FP32, dtype.TF32, dtype.BF16, dtype.FP8, dtype.FP4, dtype.INT8}
)

func formatColumns(formats []dtype.DType) []listColumn {
	var out []listColumn
	for _, f := range formats {
		title := f.String()
		both := f == dtype.BF16 && len(formats) == len(allFormats)
		if both {
			title = "bf16/fp16"
		}
		out = append(out, listColumn{show.Column{Group: "dense TFLOP/s", Title: title, Scales: teraOnly, Base: "FLOP/s"}, func(l *listed) show.Cell {
			p := l.device.Peak(f)
			if p == 0 && both {
				p = l.device.Peak(dtype.FP16)
			}
			if p == 0 {
				return show.NotSupported
			}
			return float64(p)
		}})
	}
	return out
}

var (
	ridgeColumn = listColumn{show.Column{Title: "ridge"}, func(l *listed) show.Cell { return orNaN(l.Ridge) }}
	powerColumn = listColumn{show.Column{Title: "power", Unit: "W", Whole: true}, func(l *listed) show.Cell { return orUnknown(float64(l.TDP)) }}
)

func (c *catalogListCmd) priceColumns() []listColumn {
	price := listColumn{show.Column{Title: "$/h"}, func(l *listed) show.Cell { return orNaN(l.Price) }}
	if c.Price == hardware.PurchaseBuy {
		price = listColumn{show.Column{Title: "$", Whole: true}, func(l *listed) show.Cell { return orNaN(l.Purchase) }}
	}
	return []listColumn{price, {show.Column{Title: "as of", Left: true}, func(l *listed) show.Cell {
		if l.AsOf == "" {
			return "–"
		}
		return month(l.AsOf)
	}}, {show.Column{Left: true}, func(l *listed) show.Cell {
		if l.Stale {
			return "!"
		}
		return ""
	}}}
}

func (c *catalogListCmd) valueColumns() []listColumn {
	group := "$ a month per"
	if c.Price == hardware.PurchaseBuy {
		group = "$ per"
	}
	return []listColumn{
		{show.Column{Group: group, Title: "TFLOP/s"}, func(l *listed) show.Cell { return orNaN(l.PerTFLOPs) }},
		{show.Column{Group: group, Title: "GB"}, func(l *listed) show.Cell { return orNaN(l.PerGB) }},
		{show.Column{Group: group, Title: "GB/s"}, func(l *listed) show.Cell { return orNaN(l.PerGBPerS) }},
	}
}

func orUnknown(v float64) show.Cell {
	if v == 0 {
		return show.Unknown
	}
	return v
}

func orNaN(v *float64) show.Cell {
	if v == nil {
		return show.Unknown
	}
	return *v
}
