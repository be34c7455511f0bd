// Package parallel says how a model is spread over devices, what connects them, and how long they communicate.
package parallel

import (
	"cmp"
	"fmt"

	"roofline/hardware"
	"roofline/hardware/unit"
)

// Plan is how one replica of a model is spread. Degrees of 0 count as 1.
type Plan struct {
	TP int // tensor parallelism: devices that share every layer
	PP int // pipeline parallelism: stages of consecutive layers
	EP int // expert parallelism: groups among the TP·DP devices of a stage that each hold their share of the experts
	DP int // data-parallel attention: groups of TP devices that attend for their own sequences and share the experts
}

// Filled returns the degrees with 1 where nothing is said.
func (p Plan) Filled() Plan {
	return Plan{cmp.Or(p.TP, 1), cmp.Or(p.PP, 1), cmp.Or(p.EP, 1), cmp.Or(p.DP, 1)}
}

// Devices returns how many devices a replica takes: TP·PP·DP.
func (p Plan) Devices() int {
	p = p.Filled()
	return p.TP * p.PP * p.DP
}

// String prints a plan as people do: TP8, TP4·PP2, TP2·DP4·EP8.
func (p Plan) String() string {
	p = p.Filled()
	s := fmt.Sprintf("TP%d", p.TP)
	for _, part := range []struct {
		name string
		n    int
	}{{"PP", p.PP}, {"DP", p.DP}, {"EP", p.EP}} {
		if part.n > 1 {
			s += fmt.Sprintf("·%s%d", part.name, part.n)
		}
	}
	return s
}

// Stages returns the share of the layers the fullest pipeline stage of a model with so many layers holds: 1 without
// pipeline parallelism, ⌈layers ÷ PP⌉ ÷ layers with.
func (p Plan) Stages(layers int) float64 {
	pp := p.Filled().PP
	if pp == 1 || layers == 0 {
		return 1
	}
	return float64((layers+pp-1)/pp) / float64(layers)
}

// Network is what connects devices beyond the reach of their links.
type Network struct {
	Bandwidth unit.ByteRate // per device, in one direction
	Assumed   bool          // the machine, and with it the bandwidth, is not known
	hardware.LinkKind
}

// Fabric connects the devices of a replica: those of a pipeline stage by their own link within a domain and by the
// network between domains, the stages by whichever reaches from one to the next.
type Fabric struct {
	Link   hardware.Link
	Kind   hardware.LinkKind
	Domain int // devices of a stage in one domain
	// OneStep and TwoStep are the largest results for which the runtime has all-reduce kernels of its own.
	OneStep, TwoStep unit.Bytes
	Network          Network
	Handoff          Network // between stages; without a bandwidth where there is one stage only
}

// Assumed reports whether the devices communicate over a network of assumed bandwidth.
func (f *Fabric) Assumed() bool { return f.Network.Assumed || f.Handoff.Assumed }

// Place returns what connects the devices of a plan: the fastest link that reaches all of a stage, else the one that
// reaches most, and the network between the domains it reaches. A device without a link of its own is on the network
// alone.
func Place(d *hardware.Device, p Plan, kinds func(string) hardware.LinkKind, network Network) (Fabric, error) {
	p = p.Filled()
	f, err := stage(d, p.TP*p.DP, kinds, network)
	if err != nil || p.PP == 1 {
		return f, err
	}
	f.Handoff = network
	if l, ok := d.LinkOf(p.Devices()); ok {
		f.Handoff = Network{Bandwidth: l.Bandwidth, LinkKind: kinds(l.Kind)}
	}
	if f.Handoff.Bandwidth == 0 {
		return f, fmt.Errorf("%s: no known link connects %d pipeline stages; --count takes a network for granted", d.ID, p.PP)
	}
	return f, nil
}

// stage places n devices that share every layer.
func stage(d *hardware.Device, n int, kinds func(string) hardware.LinkKind, network Network) (Fabric, error) {
	if n <= 1 {
		return Fabric{Domain: 1}, nil
	}
	if l, ok := d.LinkOf(n); ok {
		return Fabric{Link: l, Kind: kinds(l.Kind), Domain: n}, nil
	}
	f := Fabric{Domain: 1, Network: network}
	for domain := n - 1; domain > 1; domain-- {
		if l, ok := d.LinkOf(domain); ok && n%domain == 0 {
			f.Link, f.Kind, f.Domain = l, kinds(l.Kind), domain
			break
		}
	}
	if network.Bandwidth == 0 {
		return f, fmt.Errorf("%s: its links connect %d devices and no network is known for %d; --count takes one for granted", d.ID, f.Domain, n)
	}
	return f, nil
}

// bandwidth returns the one-way bandwidth each of n devices has to the others of its domain. In a mesh of pairs a group
// smaller than the domain leaves the links to the others idle.
func (f *Fabric) bandwidth(n int) unit.ByteRate {
	if f.Link.Topology == "mesh" && f.Link.Domain > n && n > 1 {
		return f.Link.Bandwidth * unit.ByteRate(n-1) / unit.ByteRate(f.Link.Domain-1)
	}
	return f.Link.Bandwidth
}

// ring returns how many times the result of a collective each of n devices sends on a ring, or to all the others: an
// all-reduce 2(n−1)/n, all others (n−1)/n.
func ring(kind string, n int) float64 {
	passes := 1.0
	if kind == "AllReduce" {
		passes = 2
	}
	return passes * float64(n-1) / float64(n)
}

// What a ring takes to start, and each step around it, as shares of the latency of a step in which all write to each other:
// solved for from NCCL's shortest all-reduces and all-gathers on 2, 4 and 8 devices of three generations of NVLink.
const (
	ringStart = 1.8
	ringStep  = 0.2
)

// within returns the latency of a collective over the n devices of a domain, and the time its bytes take on the wire, by
// the α–β model. Around a ring, of n−1 steps or for an all-reduce twice as many, it is
//
//	α · (1.8 + steps ÷ 5) + bytes sent ÷ achieved bandwidth
//
// where the first of the bytes go at half the bandwidth: chunks have to fill the ring. An all-reduce of few bytes has
// faster ways, where the runtime has kernels for them. (R. Thakur, R. Rabenseifner, W. Gropp, "Optimization of Collective
// Communication Operations in MPICH", 2005.)
func (f *Fabric) within(kind string, n int, bytes unit.Bytes) (latency, wire unit.Seconds) {
	rate := f.bandwidth(n) * unit.ByteRate(f.Kind.Share)
	step := f.Kind.Latency
	sent := bytes * unit.Bytes(ring(kind, n))
	latency, wire = step*unit.Seconds(ringStart+ringStep*ring(kind, n)*float64(n)), (sent + min(sent, f.Kind.Ramp)).At(rate)
	if kind != "AllReduce" {
		return latency, wire
	}
	if all := (bytes * unit.Bytes(n-1)).At(rate); bytes <= f.OneStep && step+all < latency+wire {
		latency, wire = step, all
	}
	if shares := sent.At(rate); bytes <= f.TwoStep && 2*step+shares < latency+wire {
		latency, wire = 2*step, shares
	}
	return latency, wire
}

// Time returns how long a collective over n devices takes that leaves bytes on each of them, and the part of it that grows
// with the bytes.
//
// Between domains it is done in steps: within each domain, then across them with the share of the bytes that falls to
// each device, at the network's bandwidth, and within again.
func (f *Fabric) Time(kind string, n int, bytes unit.Bytes) (total, wire unit.Seconds) {
	if n <= 1 {
		return 0, 0
	}
	inside := min(n, max(f.Domain, 1))
	var latency unit.Seconds
	if inside > 1 {
		latency, wire = f.within(kind, inside, bytes)
	}
	if domains := (n + inside - 1) / inside; domains > 1 {
		across := bytes
		if kind != "AllToAll" { // each device carries its share of what its domain holds
			across /= unit.Bytes(inside)
		}
		wire += (across * unit.Bytes(ring(kind, domains))).At(f.Network.Bandwidth * unit.ByteRate(f.Network.Share))
		latency += f.Network.Latency
	}
	return latency + wire, wire
}

// Floor returns the time no algorithm gets under, in-network reduction included: what a device lacks of the result must
// cross its link once, at the published bandwidth.
func (f *Fabric) Floor(kind string, n int, bytes unit.Bytes) unit.Seconds {
	if n <= 1 {
		return 0
	}
	inside := min(n, max(f.Domain, 1))
	var t unit.Seconds
	if inside > 1 {
		t = (bytes * unit.Bytes(min(1, ring(kind, inside)))).At(f.Link.Bandwidth)
	}
	if domains := (n + inside - 1) / inside; domains > 1 {
		t = max(t, (bytes / unit.Bytes(inside) * unit.Bytes(min(1, ring(kind, domains)))).At(f.Network.Bandwidth))
	}
	return t
}

// Send returns the time to hand bytes to the next stage of a pipeline.
func (f *Fabric) Send(bytes unit.Bytes) unit.Seconds {
	return f.Handoff.Latency + bytes.At(f.Handoff.Bandwidth*unit.ByteRate(f.Handoff.Share))
}
