package hardware

import (
	"reflect"
	"strings"
	"testing"

	"roofline/hardware/document"
	"roofline/hardware/unit"
)

const box = `
source = "a;b"
[system.box-8]
name = "Box"
vendor = "Acme"
device = "nvidia-h100-sxm5-80gb"
count = 8
host = { cpu = "2 × Xeon", memory = "2048 GB" }
link = { kind = "nvlink4", topology = "switch", bandwidth = "450 GB/s" }
network = { cards = "8 × 400G", bandwidth = "400 GB/s" }
power = { max = "10.2 kW", typical = "8.5 kW" }
rack = { units = 8, cooling = "air" }
purchase = { price = "270000 USD", basis = "analyst estimate", date = "2023-05" }
sources = { power = ["c", "unverified"] }
accepted = { system-power = "as measured" }
`

func TestDecodeSystems(t *testing.T) {
	got, err := DecodeSystems("s.toml", []byte(box))
	if err != nil {
		t.Fatal(err)
	}
	want := []System{{ID: "box-8", Name: "Box", Vendor: "Acme", Device: "nvidia-h100-sxm5-80gb", Count: 8,
		Host: Host{"2 × Xeon", 2048e9}, Link: Link{Kind: "nvlink4", Topology: "switch", Bandwidth: 450e9}, Network: Network{"8 × 400G", 400e9},
		Power: SystemPower{10200, 8500}, Rack: Rack{8, "air"}, Purchase: Offer{270000, "analyst estimate", "2023-05"},
		Source: "a;b", Origins: Origins{{"power", "c", Unverified}}, Accepted: Acceptances{{"system-power", "as measured"}}}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	s := &got[0]
	if o := s.Of("power.max"); o.Status != Unverified || o.Source != "c" {
		t.Errorf("origin of power.max: %+v", o)
	}
	if l, ok := s.Fabric(&Device{}); !ok || l.Domain != 8 || l.Bandwidth != 450e9 {
		t.Errorf("fabric: %+v", l)
	}
	own := Device{Links: []Link{{Kind: "pcie5", Bandwidth: 63e9}}}
	if l, ok := (&System{Count: 4}).Fabric(&own); !ok || l.Kind != "pcie5" {
		t.Errorf("fabric of a system without one: %+v", l)
	}
	if s.Accepted.Of("system-power") != "as measured" || s.Accepted.Of("derived-peak") != "" {
		t.Errorf("accepted: %+v", s.Accepted)
	}
}

func TestOverlaySystems(t *testing.T) {
	base, _ := DecodeSystems("s.toml", []byte(box))
	before, _ := DecodeSystems("s.toml", []byte(box))
	doc, err := document.Parse("my.toml", []byte("[system.box-8]\npower = { max = \"11 kW\" }\n[system.new]\ndevice = \"x\"\ncount = 2\n"))
	if err != nil {
		t.Fatal(err)
	}
	got := OverlaySystems(base, doc)
	if err := doc.Err(); err != nil {
		t.Fatal(err)
	}
	s := &got[0]
	if len(got) != 2 || s.Power.Max != 11000 || s.Power.Typical != 8500 || s.Source != "a;b" || len(s.Accepted) != 1 || got[1].Source != "my.toml" {
		t.Errorf("overlaid: %+v", got)
	}
	if o, rest := s.Of("power.max"), s.Of("host.memory"); o.Source != "my.toml" || o.Status != Assumed || rest.Source != "a;b" {
		t.Errorf("origins: %+v, %+v", o, rest)
	}
	if !reflect.DeepEqual(base, before) {
		t.Error("the base has changed")
	}
}

func TestSystemErrors(t *testing.T) {
	good := "[system.box]\ndevice = \"x\"\ncount = 8\n"
	for text, want := range map[string]string{
		"[system.box]\ncount = 8\n":                                    "s.toml:1:1: system.box lacks device: want the id of the device in it",
		"[system.box]\ndevice = \"x\"\n":                               "s.toml:1:1: system.box lacks count: want how many devices it holds",
		"[system.box]\ndevice = \"x\"\ncount = 0\n":                    "s.toml:3:9: count 0: want at least 1",
		good + "link = { bandwidth = \"450 GB/s\" }\n":                 "s.toml:4:1: system.box lacks link.kind",
		good + "power = { max = \"5 kW\", typical = \"6 kW\" }\n":      "s.toml:4:36: power.typical \"6 kW\": want no more than power.max",
		good + "rack = { units = 0 }\n":                                "s.toml:4:18: rack.units 0: want at least 1",
		good + "host = { ram = \"2 TB\" }\n":                           "s.toml:4:10: unknown key \"host.ram\"",
		good + "sources = { \"power.most\" = [\"a\", \"derived\"] }\n": "s.toml:4:28: sources: a system has no field \"power.most\"",
		good + "accepted = { derived-peak = \"\" }\n":                  "s.toml:4:30: accepted.derived-peak \"\": want the reason why the rule does not hold here",
		"[system.\"My Box\"]\ndevice = \"x\"\ncount = 8\n":             "s.toml:1:1: bad system id \"My Box\"",
		"system = 3\n":             "s.toml:1:10: system 3: want a table",
		"[site.hall]\npue = 0.9\n": "s.toml:2:7: pue 0.9: want at least 1, such as 1.3",
		"[site.hall]\nelectricity = { price = \"182.7\" }\n":         "s.toml:2:26: electricity.price \"182.7\": want an amount with currency such as \"182.7 KRW/kWh\"",
		"[site.hall]\nelectricity = { price = \"182.7 KRW/kWh\" }\n": "s.toml:2:26: electricity.price \"182.7 KRW/kWh\": want USD, or beside the table exchange = \"1.5 KRW/USD\" with its rate",
		"[site.hall]\nelectricity = { demand = \"5 USD/kWh\" }\n":    "s.toml:2:27: electricity.demand \"5 USD/kWh\": want an amount with currency such as \"7470 KRW/kW-month\"",
		"[site.hall]\ncarbon = { intensity = \"0.4\" }\n":            "s.toml:2:25: carbon.intensity \"0.4\": want a number with unit such as \"430.6 g/kWh\"",
		"[site.hall]\ncarbon = { carbon-free = 40 }\n":               "s.toml:2:26: carbon.carbon-free 40: want a share from 0 to 1",
		"[ownership.ours]\nresidual = 0.3\n":                         "s.toml:1:1: ownership.ours lacks years",
		"[ownership.ours]\nyears = 4\nmaintenance = 15\n":            "s.toml:3:15: maintenance 15: want a share from 0 to 1",
	} {
		doc, err := document.Parse("s.toml", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		OverlaySystems(nil, doc)
		OverlaySites(nil, doc)
		OverlayOwnerships(nil, doc)
		if err := doc.Err(); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q:\ngot  %v\nwant %s", text, err, want)
		}
	}
}

func TestDecodeSites(t *testing.T) {
	got, err := DecodeSites("s.toml", []byte(`
[site.korea]
exchange = "1380 KRW/USD"
electricity = { price = "182.7 KRW/kWh", off-peak = "90.8 KRW/kWh", demand = "7470 KRW/kW-month", date = 2024-10-24 }
pue = 1.3
colocation = { power = "217.3 USD/kW-month", rack-unit = "25 USD/U-month" }
carbon = { intensity = "430.567 g/kWh", carbon-free = 0.37, date = "2023" }
source = "a"
`))
	if err != nil {
		t.Fatal(err)
	}
	want := []Site{{ID: "korea", Name: "korea", Exchange: ExchangeRate{1380, "KRW"}, PUE: 1.3, Source: "a",
		Electricity: Electricity{Price: EnergyPrice{182.7, "KRW"}, OffPeak: EnergyPrice{90.8, "KRW"}, Demand: CapacityPrice{7470, "KRW"}, Date: "2024-10-24"},
		Colocation:  Colocation{Power: CapacityPrice{217.3, "USD"}, RackUnit: RackPrice{25, "USD"}},
		Carbon:      Carbon{430.567, 0.37, "2023"}}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	s := &got[0]
	// By hand: 182.7 ÷ 1380 = 0.1324 USD/kWh.
	if usd, ok := s.USD(Money(s.Electricity.Price)); !ok || usd < 0.1323 || usd > 0.1325 {
		t.Errorf("%v USD/kWh", usd)
	}
	if usd, ok := s.USD(Money(s.Colocation.Power)); !ok || usd != 217.3 {
		t.Errorf("%v USD/kW-month", usd)
	}
	if _, ok := s.USD(Money{3, "EUR"}); ok {
		t.Error("euros without their rate")
	}
	if _, ok := s.USD(Money{}); ok {
		t.Error("unknown money is worth something")
	}
}

// What is printed is read as the same.
func TestMoney(t *testing.T) {
	for _, text := range []string{"182.7 KRW/kWh", "0.0929 USD/kWh", "0 USD/kWh"} {
		var p EnergyPrice
		if err := p.UnmarshalText([]byte(text)); err != nil || p.String() != text {
			t.Errorf("%q: %q, %v", text, p, err)
		}
	}
	for _, text := range []string{"", "5", "5 USD", "USD/kWh", "5 usd/kWh", "5 US/kWh", "-1 USD/kWh", "nan USD/kWh", "inf USD/kWh", "1e13 USD/kWh", "5  USD/kWh"} {
		var p EnergyPrice
		if err := p.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is read as %v", text, p)
		}
	}
}

func TestFields(t *testing.T) {
	d := Device{Name: "X", Kind: GPU, Memory: Memory{Bandwidth: 4e12}, Links: []Link{{Kind: "pcie4", Bandwidth: 31.5e9, Topology: "host"}, {Kind: "pcie4", Domain: 4}},
		Purchase: Offer{Price: 30000}, Source: "a", Accepted: Acceptances{{"r", "why"}}}
	d.Matrix[4] = 8e14
	var got []string
	for _, f := range Fields(&d) {
		got = append(got, f.Name+"="+f.String())
	}
	want := "name=X kind=gpu memory.bandwidth=4.00 TB/s matrix." + d.Formats()[0].String() + "=800 TFLOP/s link.pcie4=31.5 GB/s one way, host link.pcie4.2=of unknown bandwidth of 4 purchase.price=$30,000"
	if s := strings.Join(got, " "); s != want {
		t.Errorf("got  %s\nwant %s", s, want)
	}
}

func FuzzDecodeSystemsAndSites(f *testing.F) {
	f.Add(box)
	f.Add("[site.korea]\nexchange = \"1380 KRW/USD\"\nelectricity = { price = \"182.7 KRW/kWh\", date = 2024-10-24 }\ncarbon = { intensity = \"430 g/kWh\" }\n")
	f.Add("[ownership.default]\nyears = 4\nresidual = 0.3\nlicence = \"4500 USD\"\n")
	f.Add("[system]\nx = 1\n[site]\n[ownership]")
	f.Add("system = [ { device = \"x\" } ]\nsite.x.pue = 2\n")
	f.Fuzz(func(t *testing.T, text string) {
		doc, err := document.Parse("f.toml", []byte(text))
		if err != nil {
			return
		}
		systems, sites, ownerships := OverlaySystems(nil, doc), OverlaySites(nil, doc), OverlayOwnerships(nil, doc)
		if doc.Err() != nil {
			return
		}
		for i := range systems {
			s := &systems[i]
			if s.ID == "" || s.Device == "" && s.Count == 0 || s.Power.Max < 0 || s.Link.Bandwidth < 0 || s.Host.Memory > 1000*unit.TiB {
				t.Errorf("decoded to %+v", s)
			}
			Fields(s)
		}
		for i := range sites {
			s := &sites[i]
			if usd, ok := s.USD(Money(s.Electricity.Price)); ok && !(usd >= 0) || s.PUE != 0 && s.PUE < 1 {
				t.Errorf("decoded to %+v", s)
			}
			Fields(s)
		}
		for i := range ownerships {
			if o := &ownerships[i]; !(o.Years >= 0.5) || o.Residual > 1 {
				t.Errorf("decoded to %+v", o)
			}
		}
	})
}
