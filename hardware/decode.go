package hardware

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"roofline/hardware/document"
	"roofline/hardware/dtype"
	"roofline/hardware/unit"
)

// DecodeError is one problem of a file that people edit: place, message, what would be right, and the line itself.
type DecodeError = document.Error

// A catalog file holds devices as tables at the top level, [nvidia-t4], and the sections below; a price file is one that
// has only instances. The file's provider, region, date, scope and source hold for every instance in it that does not
// say otherwise, and the source for its devices too.
const (
	architectureSection = "architecture"
	instanceSection     = "instance"
	linkSection         = "link"
)

var (
	sections     = []string{architectureSection, RuntimeSection, instanceSection, linkSection, SystemSection, SiteSection, OwnershipSection}
	fileDefaults = []string{"provider", "region", "date", "scope", "market", "source"}
)

// RuntimeSection is the table of a catalog file that holds runtime profiles by id.
const RuntimeSection = "runtime"

// DecodeDevices reads the devices of a catalog file, in its order.
func DecodeDevices(file string, data []byte) ([]Device, error) {
	return Overlay(nil, file, data)
}

// Overlay returns base with the devices of a catalog file: of a device that is there already only the named fields
// change, a new one needs its required fields. Base stays as it is, whatever happens.
func Overlay(base []Device, file string, data []byte) ([]Device, error) {
	doc, err := document.Parse(file, data)
	if err != nil {
		return nil, err
	}
	devices := OverlayDevices(base, doc)
	if err := doc.Err(); err != nil {
		return nil, err
	}
	return devices, nil
}

// OverlayDevices is [Overlay] for a parsed file: problems are left in it.
func OverlayDevices(base []Device, doc *document.Document) []Device {
	root := doc.Root()
	CheckTopLevel(root)
	var source string
	if root.Has("source") {
		root.Value("source", &source)
	}
	devices := slices.Clone(base)
	at := make(map[string]int, len(base))
	for i := range base {
		at[base[i].ID] = i
	}
	for _, id := range root.Keys() {
		if !isDevice(root, id) {
			continue
		}
		t := root.Table(id).Topic()
		if !validID(id) {
			root.Fail(id, fmt.Sprintf("bad device id %q: want lower-case letters, digits, \"-\" and \".\", such as nvidia-h100-sxm5-80gb", id))
			continue
		}
		i, known := at[id]
		if !known {
			i = len(devices)
			devices = append(devices, Device{ID: id, Name: id, Source: cmp.Or(source, doc.File)})
		}
		d := &devices[i]
		before := *d
		d.Links, d.Origins, d.Accepted = slices.Clone(d.Links), nil, slices.Clone(d.Accepted)
		t.Decode(d)
		if known { // the file's source is that of what it changes, not of the rest
			origin := overriddenBy(doc, t, d.Source, source)
			d.Source = before.Source
			d.Origins = append(d.Origins, overridden(t, d.Origins, origin)...)
			d.Origins = append(d.Origins, before.Origins...)
		}
		d.check(t, !known)
	}
	return devices
}

// CheckTopLevel reports the top-level keys of a catalog file that mean nothing.
func CheckTopLevel(root document.Table) {
	for _, key := range root.Keys() {
		if !root.IsTable(key) && !slices.Contains(sections, key) && !slices.Contains(fileDefaults, key) {
			root.Unknown(key, append(slices.Clone(sections), fileDefaults...))
		}
	}
}

// DeviceIDs returns the ids of the devices that a parsed file defines or changes, in its order.
func DeviceIDs(doc *document.Document) []string {
	root := doc.Root()
	return slices.DeleteFunc(root.Keys(), func(key string) bool { return !isDevice(root, key) })
}

func isDevice(root document.Table, key string) bool {
	return root.IsTable(key) && !slices.Contains(sections, key) && !slices.Contains(fileDefaults, key)
}

func validID(id string) bool {
	for _, r := range id {
		if !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' || r == '.') {
			return false
		}
	}
	return id != "" && id[0] != '-' && id[len(id)-1] != '-' && !strings.Contains(id, "--")
}

// overriddenBy returns the origin of what a table changes: its own source, its file's, or the file itself.
func overriddenBy(doc *document.Document, t document.Table, own, files string) Origin {
	switch {
	case t.Has("source"):
		return Origin{Source: own, Status: Published}
	case files != "":
		return Origin{Source: files, Status: Published}
	}
	return Origin{Source: doc.File, Status: Assumed}
}

// overridden returns the origin of the values that a file changes in a device of another file, where the file does not
// state it itself.
func overridden(t document.Table, stated Origins, origin Origin) Origins {
	var out Origins
	add := func(field string) {
		for _, o := range stated {
			if o.covers(field) {
				return
			}
		}
		origin.Field = field
		out = append(out, origin)
	}
	for _, key := range t.Keys() {
		switch {
		case key == "sources" || key == "source" || key == "accepted":
		case t.IsTable(key):
			for _, inner := range t.Table(key).Keys() {
				add(key + "." + inner)
			}
		default:
			add(key)
		}
	}
	return out
}

// check reports what a device lacks and values that can't be.
func (d *Device) check(t document.Table, isNew bool) {
	memory, cores, power := t.Table("memory"), t.Table("cores"), t.Table("power")
	if isNew {
		if !t.Has("kind") {
			t.Missing("kind", "gpu, cpu, tpu or npu")
		}
		if !t.Has("memory") || t.IsTable("memory") && !memory.Has("bandwidth") {
			t.Missing("memory.bandwidth", `a number with unit such as "3.35 TB/s"`)
		}
		if !t.Has("matrix") && !t.Has("vector") {
			t.Missing("matrix", `dense rates such as { bf16 = "989 TFLOP/s" }, or {} where they are not known`)
		}
	}
	fastest := 200 * tera // on-chip memory reaches far beyond what is attached
	if strings.EqualFold(d.Memory.Kind, "SRAM") {
		fastest = 100e3 * tera
	}
	within(memory, "bandwidth", d.Memory.Bandwidth, giga, unit.ByteRate(fastest), "at least 1 GB/s and at most 200 TB/s")
	within(memory, "capacity", d.Memory.Capacity, unit.MiB, 100*unit.TiB, "at least 1 MiB and at most 100 TiB")
	within(memory, "nominal", d.Memory.Nominal, unit.MiB, 100*unit.TiB, "at least 1 MiB and at most 100 TiB")
	within(t.Table("cache"), "last-level", d.Cache.LastLevel, unit.KiB, unit.TiB, "at least 1 KiB and at most 1 TiB")
	within(cores, "count", d.Cores.Count, 1, 10_000_000, "at least 1")
	within(cores, "threads", d.Cores.Threads, 1, 100_000, "at least 1")
	within(cores, "tensor-clock", d.Cores.TensorClock, 10e6, 20e9, "at least 10 MHz and at most 20 GHz")
	within(cores, "boost-clock", d.Cores.BoostClock, 10e6, 20e9, "at least 10 MHz and at most 20 GHz")
	within(power, "tdp", d.Power.TDP, 0.1, 100e3, "at least 0.1 W and at most 100 kW")
	within(power, "idle", d.Power.Idle, 0.01, 100e3, "at least 0.01 W and at most 100 kW")
	within(t.Table("purchase"), "price", d.Purchase.Price, 1, 100e6, "at least 1 USD and at most 100 MUSD")
	if d.Memory.Capacity > 0 && d.Memory.Nominal > 0 && float64(d.Memory.Capacity) > 1.1*float64(d.Memory.Nominal) && memory.Has("capacity") {
		memory.Bad("capacity", "no more than the nominal capacity")
	}
	checkEfficiency(t, &d.Efficiency)
	if t.Has("link") {
		for i, l := range t.Tables("link") {
			link := d.Links[i]
			if !l.Has("kind") {
				l.Missing("kind", "a name such as nvlink4, xgmi or pcie5")
			}
			within(l, "bandwidth", link.Bandwidth, 10e6, 20*tera, "one direction, at most 20 TB/s")
			within(l, "domain", link.Domain, 1, 1_000_000, "at least 1")
		}
	}
	checkOriginFields(t, Device{}, "device")
}

// checkOriginFields reports sources of fields that a record of the type of v does not have.
func checkOriginFields(t document.Table, v any, what string) {
	if !t.Has("sources") {
		return
	}
	sources := t.Table("sources")
	for _, field := range sources.Keys() {
		if !document.HasField(v, field) {
			sources.Fail(field, fmt.Sprintf("sources: a %s has no field %q", what, field))
		}
	}
}

const (
	giga = 1e9
	tera = 1e12
)

// within reports a value that the table gives and that lies outside of low … high.
func within[T ~float64 | ~int](t document.Table, key string, v, low, high T, want string) {
	if t.Has(key) && (v < low || v > high) {
		t.Bad(key, want)
	}
}

// DecodeTable reads { bf16 = "989 TFLOP/s" }.
func (r *Rates) DecodeTable(t document.Table) {
	for _, key := range t.Keys() {
		if f, ok := arithmetic(t, key); ok {
			t.Value(key, &r[f])
			if r[f] > 1e18 || r[f] != 0 && r[f] < 1e6 {
				t.Bad(key, "at least 1 MFLOP/s and at most 1 EFLOP/s")
			}
		}
	}
}

// DecodeTable reads { bf16 = 0.8 }.
func (f *Fractions) DecodeTable(t document.Table) {
	for _, key := range t.Keys() {
		if d, ok := arithmetic(t, key); ok {
			t.Value(key, &f[d])
			fraction(t, key, f[d])
		}
	}
}

// fraction reports a share that is not above 0 and at most 1.
func fraction(t document.Table, key string, v float64) {
	if t.Has(key) && !(v > 0 && v <= 1) {
		t.Bad(key, "a share above 0 and at most 1, such as 0.8")
	}
}

func arithmetic(t document.Table, key string) (dtype.DType, bool) {
	d, err := dtype.Parse(key)
	if err == nil && int(d) < dtype.ArithmeticCount {
		return d, true
	}
	var names []string
	for _, a := range dtype.Arithmetics {
		names = append(names, a.String())
	}
	t.Unknown(key, names)
	return dtype.Unknown, false
}

// DecodeTable reads { "memory.capacity" = ["source", "status"] }; the field's name is checked by the table's owner.
func (o *Origins) DecodeTable(t document.Table) {
	for _, field := range t.Keys() {
		var pair []string
		t.Value(field, &pair)
		switch {
		case pair == nil:
		case len(pair) != 2 || !slices.Contains(statuses, Status(pair[1])):
			t.Bad(field, `["source", "status"], with the status published, derived, measured, fitted, assumed or unverified`)
		default:
			*o = append(*o, Origin{Field: field, Source: pair[0], Status: Status(pair[1])})
		}
	}
}

// UnmarshalText reads published, derived, measured, fitted, assumed or unverified.
func (s *Status) UnmarshalText(text []byte) error {
	if v := Status(text); slices.Contains(statuses, v) {
		*s = v
		return nil
	}
	return fmt.Errorf("unknown status %q: want published, derived, measured, fitted, assumed or unverified", text)
}

var statuses = []Status{Published, Derived, Measured, Fitted, Assumed, Unverified}

// DecodeArchitectures reads the architectures of a catalog file: [architecture.hopper].
func DecodeArchitectures(file string, data []byte) ([]Architecture, error) {
	doc, err := document.Parse(file, data)
	if err != nil {
		return nil, err
	}
	CheckTopLevel(doc.Root())
	architectures := OverlayArchitectures(nil, doc)
	if err := doc.Err(); err != nil {
		return nil, err
	}
	return architectures, nil
}

// OverlayArchitectures returns base with the architectures of a parsed file, in the manner of [Overlay].
func OverlayArchitectures(base []Architecture, doc *document.Document) []Architecture {
	out := slices.Clone(base)
	section := doc.Root().Table(architectureSection)
	for _, id := range section.Keys() {
		t := section.Table(id).Topic()
		i := slices.IndexFunc(out, func(a Architecture) bool { return a.ID == id })
		if i < 0 {
			i = len(out)
			out = append(out, Architecture{ID: id, Name: id, Source: doc.File})
		}
		a := &out[i]
		a.Origins = slices.Clone(a.Origins)
		t.Decode(a)
		checkEfficiency(t, &a.Efficiency)
	}
	return out
}

// OverlayLinkKinds returns base with the kinds of links of a parsed file, [link.nvlink4], in the manner of [Overlay].
func OverlayLinkKinds(base []LinkKind, doc *document.Document) []LinkKind {
	out := slices.Clone(base)
	section := doc.Root().Table(linkSection)
	for _, id := range section.Keys() {
		t := section.Table(id).Topic()
		i := slices.IndexFunc(out, func(l LinkKind) bool { return l.ID == id })
		isNew := i < 0
		if isNew {
			i = len(out)
			out = append(out, LinkKind{ID: id, Source: doc.File, Status: Assumed})
		}
		l := &out[i]
		t.Decode(l)
		if isNew && !t.Has("latency") {
			t.Missing("latency", `a number with unit such as "5 us"`)
		}
		if isNew && !t.Has("share") {
			t.Missing("share", "a share above 0 and at most 1, such as 0.8")
		}
		within(t, "latency", l.Latency, 0, 1, "less than a second")
		fraction(t, "share", l.Share)
	}
	return out
}

// DecodeInstances reads the instances of a price file, in its order.
func DecodeInstances(file string, data []byte) ([]Instance, error) {
	doc, err := document.Parse(file, data)
	if err != nil {
		return nil, err
	}
	CheckTopLevel(doc.Root())
	instances := Instances(doc)
	if err := doc.Err(); err != nil {
		return nil, err
	}
	return instances, nil
}

// Instances returns the instances of a parsed file; problems are left in it.
func Instances(doc *document.Document) []Instance {
	root := doc.Root()
	defaults := Instance{Scope: WholeInstance, Source: doc.File}
	for _, key := range fileDefaults {
		if root.Has(key) {
			root.Field(key, &defaults)
		}
	}
	var out []Instance
	for _, t := range root.Tables(instanceSection) {
		t = t.Topic()
		i := defaults
		t.Decode(&i, "devices")
		i.devices(t)
		if !t.Has("id") {
			t.Missing("id", "the provider's name of it")
		}
		prices := 0
		for _, kind := range []PriceKind{OnDemand, Spot, Reserved1y, Reserved3y} {
			if t.Has(string(kind)) {
				prices++
				within(t, string(kind), i.Price(kind), 0.0001, 100_000, "at least 0.0001 USD/h and at most 100000 USD/h")
			}
		}
		if prices == 0 {
			t.Missing("on-demand", `an hourly price such as "2.69 USD/h", or spot, reserved-1y or reserved-3y`)
		}
		out = append(out, i)
	}
	return out
}

// devices reads { nvidia-h100-sxm5-80gb = 8 }, or a share of a device, { nvidia-a10 = 0.5 }.
func (i *Instance) devices(t document.Table) {
	const want = "one device and how many, such as { nvidia-h100-sxm5-80gb = 8 }"
	if !t.Has("devices") {
		t.Missing("devices", want)
		return
	}
	devices := t.Table("devices")
	keys := devices.Keys()
	if len(keys) != 1 {
		if t.IsTable("devices") {
			t.Bad("devices", want)
		}
		return
	}
	var n float64
	devices.Value(keys[0], &n)
	i.Device = keys[0]
	switch {
	case n > 0 && n < 1:
		i.Share = n
	case n >= 1 && n <= 100_000 && n == float64(int(n)):
		i.Count = int(n)
	default:
		devices.Bad(keys[0], "how many, such as 8, or the share of one, such as 0.5")
	}
}

// mostSustained is above 1 because peaks are listed at a clock that graphics cards exceed.
const mostSustained = 1.2

// checkEfficiency reports efficiencies that can't be.
func checkEfficiency(t document.Table, e *Efficiency) {
	table := t.Table("efficiency")
	if table.Has("sustained-default") && !(e.Default > 0 && e.Default <= mostSustained) {
		table.Bad("sustained-default", "a share above 0 and at most 1.2, such as 0.8")
	}
	fraction(table, "bandwidth", e.Bandwidth)
	if table.Has("cache-bandwidth") && !(e.CacheBandwidth >= 1 && e.CacheBandwidth <= 100) {
		table.Bad("cache-bandwidth", "how many times the memory's, such as 3")
	}
	within(table, "kernel-floor", e.KernelFloor, 0, 1, "less than a second")
}
