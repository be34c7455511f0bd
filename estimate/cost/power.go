package cost

import (
	"cmp"

	"roofline/hardware"
	"roofline/hardware/unit"
)

// Power is what machines draw: a share of their nameplate that depends on what they do.
type Power struct {
	Nameplate unit.Watts // 0: not known
	Idle      unit.Watts
	Compute   unit.Watts // at work that arithmetic binds
	Memory    unit.Watts // at other work: arithmetic units wait, for memory, links or the host
	Host      bool       // the machines' hosts and fans are included
	Origin    hardware.Origin
}

// Power returns what the machines draw: the nameplate of whole machines, host included, else the devices' TDP, times the
// shares that the owner reckons with. A device's own idle power goes before the share.
func (d *Deployment) Power() Power {
	o := d.Owner
	p := Power{Nameplate: d.Device.Power.TDP * unit.Watts(d.Count), Origin: o.Of("load")}
	if s := d.System; s != nil && s.Power.Max > 0 {
		p.Nameplate, p.Host = s.Power.Max*unit.Watts(d.machines()), true
	}
	p.Compute = p.Nameplate * unit.Watts(o.Load)
	p.Memory = p.Nameplate * unit.Watts(cmp.Or(o.LoadMemory, o.Load))
	p.Idle = p.Nameplate * unit.Watts(o.Idle)
	if idle := d.Device.Power.Idle; idle > 0 && !p.Host {
		p.Idle = idle * unit.Watts(d.Count)
	}
	return p
}

// Draw returns the power at work, by whether arithmetic binds it.
func (p *Power) Draw(computeBound bool) unit.Watts {
	if computeBound {
		return p.Compute
	}
	return p.Memory
}
