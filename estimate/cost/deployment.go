package cost

import (
	"cmp"
	"fmt"

	"roofline/hardware"
)

// Deployment is a number of devices that somebody pays for, where they stand and how they are used.
type Deployment struct {
	Device      *hardware.Device
	Count       int              // devices at work
	System      *hardware.System // the machines they are in; nil: bare devices
	Owner       *hardware.Ownership
	Site        *hardware.Site // nil: not known
	Utilization float64        // share of the paid hours at the stated load
}

// machines returns how many whole machines hold the devices.
func (d *Deployment) machines() int { return (d.Count-1)/d.System.Count + 1 }

// terms returns what all terms of the deployment share.
func (d *Deployment) terms(source string, capacity ...Component) *Terms {
	t := &Terms{Capacity: capacity, Power: d.Power(), Site: d.Site, Utilization: d.Utilization, Source: source}
	if o := d.Owner; t.Power.Nameplate > 0 {
		t.assume("power at work", fmt.Sprintf("%.3g %% of the nameplate where compute binds, else %.3g %%", 100*o.Load, 100*cmp.Or(o.LoadMemory, o.Load)), o.Of("load"))
		t.assume("power idle", fmt.Sprintf("%.3g %% of the nameplate", 100*o.Idle), o.Of("idle"))
	}
	if pue, known := t.PUE(); known {
		t.assume("PUE", fmt.Sprintf("%.3g", pue), t.Site.Of("pue"))
	}
	if s := t.Site; s != nil && s.Carbon.Intensity > 0 {
		t.assume("carbon", s.Carbon.Intensity.String(), s.Of("carbon.intensity"))
	}
	if s := t.Site; s != nil && s.Exchange.Amount > 0 {
		t.assume("exchange rate", s.Exchange.String(), s.Of("exchange"))
	}
	return t
}

func (t *Terms) assume(name, value string, o hardware.Origin) {
	t.Assumptions = append(t.Assumptions, Assumption{name, value, o})
}
