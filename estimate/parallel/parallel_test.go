package parallel

import (
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"roofline/hardware"
	"roofline/hardware/unit"
)

var kinds = func(string) hardware.LinkKind { return hardware.LinkKind{Latency: 10e-6, Share: 0.8} }

func near(t *testing.T, what string, got unit.Seconds, want float64) {
	t.Helper()
	if math.Abs(float64(got)-want) > 1e-9*math.Abs(want) {
		t.Errorf("%s: got %g s, want %g", what, float64(got), want)
	}
}

func TestPlan(t *testing.T) {
	p := Plan{TP: 2, DP: 4, EP: 8, PP: 3}
	if p.Devices() != 24 || p.String() != "TP2·PP3·DP4·EP8" || (Plan{}).Devices() != 1 || (Plan{TP: 8}).String() != "TP8" {
		t.Errorf("%v takes %d devices", p, p.Devices())
	}
	// 61 layers on 4 stages: 16 on the fullest.
	if got := (Plan{PP: 4}).Stages(61); got != 16.0/61 {
		t.Errorf("share of the fullest stage %g", got)
	}
}

// TestPlace: eight devices on a switch, more over the network in groups of eight; pairs of a mesh share its links.
func TestPlace(t *testing.T) {
	d := &hardware.Device{ID: "d", Links: []hardware.Link{{Kind: "switch", Bandwidth: 400e9, Domain: 8}, {Kind: "pcie", Bandwidth: 50e9, Domain: 2}}}
	network := Network{Bandwidth: 40e9, LinkKind: hardware.LinkKind{Latency: 20e-6, Share: 0.5}}
	f, err := Place(d, Plan{TP: 8}, kinds, network)
	if err != nil || f.Domain != 8 || f.Network.Bandwidth != 0 {
		t.Fatalf("8 devices: %+v, %v", f, err)
	}
	// 80 MB over 8, 14 steps around the ring: 10 µs · (1.8 + 14/5) + 2·7/8·80 MB ÷ (0.8 · 400 GB/s) = 46 + 437.5 µs
	total, _ := f.Time("AllReduce", 8, 80e6)
	near(t, "all-reduce within", total, 483.5e-6)
	near(t, "its floor", f.Floor("AllReduce", 8, 80e6), 200e-6)

	f, err = Place(d, Plan{TP: 16}, kinds, network)
	if err != nil || f.Domain != 8 || f.Network.Bandwidth == 0 {
		t.Fatalf("16 devices: %+v, %v", f, err)
	}
	// Then the two halves exchange 10 MB each: 20 µs + 2·1/2·10 MB ÷ (0.5 · 40 GB/s) = 20 + 500 µs on top.
	total, _ = f.Time("AllReduce", 16, 80e6)
	near(t, "all-reduce across", total, 1003.5e-6)

	if _, err := Place(d, Plan{TP: 16}, kinds, Network{}); err == nil || !strings.Contains(err.Error(), "its links connect 8 devices and no network is known for 16; --count takes one for granted") {
		t.Errorf("16 devices without a network: %v", err)
	}

	// Two stages of eight hand 4 MB on over the network: 20 µs + 4 MB ÷ (0.5 · 40 GB/s) = 220 µs; two of one over the link.
	f, err = Place(d, Plan{TP: 8, PP: 2}, kinds, network)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "hand-off over the network", f.Send(4e6), 220e-6)
	f, err = Place(d, Plan{PP: 2}, kinds, Network{})
	if err != nil {
		t.Fatal(err)
	}
	near(t, "hand-off over the link", f.Send(3.2e6), 20e-6)

	mesh := &hardware.Device{ID: "m", Links: []hardware.Link{{Kind: "xgmi", Topology: "mesh", Bandwidth: 448e9, Domain: 8}}}
	f, err = Place(mesh, Plan{TP: 2}, kinds, Network{})
	if err != nil {
		t.Fatal(err)
	}
	// One of seven links: 64 GB/s. 10 µs + 2·1/2·64 MB ÷ (0.8 · 64 GB/s) = 10 · (1.8 + 2/5) + 1250 µs.
	total, _ = f.Time("AllReduce", 2, 64e6)
	near(t, "a pair of a mesh", total, 1272e-6)
}

// TestDirectReduce: 8 devices, 10 µs, 0.8 · 400 GB/s. 80 kB in one step: 10 µs + 7 · 80 kB ÷ 320 GB/s = 11.75 µs. 8 MB would
// take 185 µs so, and in two steps 20 µs + 2·7/8 · 8 MB ÷ 320 GB/s = 63.75 µs. Around the ring, its first 16 MB at half the
// bandwidth, 46 + 2 · 43.75 µs.
func TestDirectReduce(t *testing.T) {
	f := Fabric{Domain: 8, Link: hardware.Link{Bandwidth: 400e9}, Kind: hardware.LinkKind{Latency: 10e-6, Share: 0.8, Ramp: 16e6}}
	for _, c := range []struct {
		name        string
		once, twice unit.Bytes
		bytes       unit.Bytes
		want        float64
	}{
		{"one step", 1e6, 1e7, 80e3, 11.75e-6},
		{"two steps", 1e7, 1e7, 8e6, 63.75e-6},
		{"too large", 1e6, 1e6, 8e6, 133.5e-6},
		{"no kernels", 0, 0, 8e6, 133.5e-6},
	} {
		f.OneStep, f.TwoStep = c.once, c.twice
		total, _ := f.Time("AllReduce", 8, c.bytes)
		near(t, c.name, total, c.want)
		gather, _ := f.Time("AllGather", 8, c.bytes)
		f.OneStep, f.TwoStep = 0, 0
		same, _ := f.Time("AllGather", 8, c.bytes)
		near(t, "others go around the ring", gather, float64(same))
	}
}

// TestCollectives: no collective is faster than its floor, and none gets faster by more bytes.
func TestCollectives(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := &hardware.Device{Links: []hardware.Link{{Kind: "l", Bandwidth: unit.ByteRate(rapid.Float64Range(1e9, 1e12).Draw(t, "link")), Domain: 8,
			Topology: rapid.SampledFrom([]string{"switch", "mesh", "ring"}).Draw(t, "topology")}}}
		n := rapid.SampledFrom([]int{1, 2, 4, 8, 16, 64}).Draw(t, "devices")
		share := rapid.Float64Range(0.1, 1).Draw(t, "share")
		f, err := Place(d, Plan{TP: n}, func(string) hardware.LinkKind { return hardware.LinkKind{Latency: 1e-6, Share: share} },
			Network{Bandwidth: unit.ByteRate(rapid.Float64Range(1e9, 1e11).Draw(t, "network")), LinkKind: hardware.LinkKind{Share: share}})
		if err != nil {
			t.Fatal(err)
		}
		kind := rapid.SampledFrom([]string{"AllReduce", "AllGather", "ReduceScatter", "AllToAll"}).Draw(t, "kind")
		bytes := unit.Bytes(rapid.Float64Range(0, 1e10).Draw(t, "bytes"))
		total, wire := f.Time(kind, n, bytes)
		if floor := f.Floor(kind, n, bytes); total < floor*(1-1e-12) || wire > total {
			t.Fatalf("%s of %v over %d: %v, of it on the wire %v, floor %v", kind, bytes, n, total, wire, floor)
		}
		if more, _ := f.Time(kind, n, 2*bytes); more < total {
			t.Fatalf("twice the bytes take %v instead of %v", more, total)
		}
	})
}
