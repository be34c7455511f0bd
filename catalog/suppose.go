package catalog

import (
	"encoding"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"roofline/estimate/runtime"
	"roofline/hardware"
	"roofline/hardware/document"
	"roofline/hardware/unit"
)

// Setting gives a value of the catalog another one: memory.bandwidth=4.8TB/s, or *1.2, /2, +20%, -10% of what it is.
type Setting struct{ Path, Value string }

func (s Setting) String() string { return s.Path + "=" + s.Value }

// Subject says whose values the paths of settings name: a device's as they stand, and those of what drives, houses and
// owns it behind the words runtime, system, site and ownership. Ids that are "" have no values.
type Subject struct{ Device, Runtime, System, Site, Ownership string }

// Supposed is one value of a record that is taken to be another.
type Supposed struct {
	Section string `json:"kind"` // device, runtime, link, system, site or ownership
	ID      string `json:"id"`
	Field   string `json:"field"`
	Before  string `json:"before,omitempty"` // "" if it is not known
	After   string `json:"after"`

	literal string // as TOML
}

// SettingError says which setting can't be, and what would be right.
type SettingError struct {
	Setting Setting
	Problem string
}

func (e *SettingError) Error() string { return e.Setting.String() + ": " + e.Problem }

// hypothetical is the source of values that somebody supposes.
const hypothetical = "hypothetical value"

// Suppose returns the catalog with other values for a device and what is around it, the values, and the file that makes
// the same of the catalog ([Catalog.Overlay]): with the changed values, hypothetical by their source, and nothing else.
func (c *Catalog) Suppose(about Subject, settings ...Setting) (*Catalog, []Supposed, []byte, error) {
	if len(settings) == 0 {
		return c, nil, nil, nil
	}
	var changes []Supposed
	from := map[string]Setting{}
	for _, s := range settings {
		x, err := c.suppose(about, s)
		if err != nil {
			return nil, nil, nil, err
		}
		changes = slices.DeleteFunc(changes, x.same) // of two that say something, the later one holds
		changes = append(changes, x)
		from[x.key()] = s
	}
	changes = c.consistent(changes)
	file, keys := c.hypothesis(changes)
	next := *c
	if err := next.Overlay("what-if.toml", file); err != nil {
		return nil, nil, nil, refused(err, keys, from)
	}
	for i := range changes {
		changes[i].After = next.reads(changes[i])
	}
	return &next, changes, file, nil
}

// reads returns a value as the catalog has it.
func (c *Catalog) reads(x Supposed) string {
	if kind, field, ok := strings.Cut(strings.TrimPrefix(x.Field, "link."), "."); ok && strings.HasPrefix(x.Field, "link.") {
		about := Subject{Device: x.ID}
		if x.Section == "system" {
			about = Subject{Device: c.System(x.ID).Device, System: x.ID}
		}
		for _, l := range c.LinksOf(about) {
			if l.Kind == kind && field == "domain" {
				return strconv.Itoa(l.Domain)
			} else if l.Kind == kind {
				return l.Bandwidth.String()
			}
		}
	}
	var fields []hardware.Field
	switch x.Section {
	case "device":
		fields = hardware.Fields(c.Device(x.ID))
	case "runtime":
		fields = hardware.Fields(c.Runtime(x.ID))
	case "link":
		l := c.LinkKind(x.ID)
		fields = hardware.Fields(&l)
	case "system":
		fields = hardware.Fields(c.System(x.ID))
	case "site":
		fields = hardware.Fields(c.Site(x.ID))
	case "ownership":
		fields = hardware.Fields(c.Ownership(x.ID))
	}
	for _, f := range fields {
		if f.Name == x.Field {
			return f.String()
		}
	}
	return x.After
}

// consistent adds what a change brings with it: a capacity beyond the label's needs another label.
func (c *Catalog) consistent(changes []Supposed) []Supposed {
	i := slices.IndexFunc(changes, func(x Supposed) bool { return x.Section == "device" && x.Field == "memory.capacity" })
	if i < 0 || slices.ContainsFunc(changes, func(x Supposed) bool { return x.Section == "device" && x.Field == "memory.nominal" }) {
		return changes
	}
	x := changes[i]
	var capacity unit.Bytes
	nominal := c.Device(x.ID).Memory.Nominal
	if err := capacity.UnmarshalText([]byte(strings.Trim(x.literal, `"`))); err != nil || nominal == 0 || capacity <= nominal {
		return changes
	}
	x.Field, x.Before = "memory.nominal", nominal.String()
	return append(changes, x)
}

func (x Supposed) key() string          { return x.Section + " " + x.ID + " " + x.Field }
func (x Supposed) same(o Supposed) bool { return x.key() == o.key() }

// refused names the setting that a problem of the file comes from.
func refused(err error, keys map[int]string, from map[string]Setting) error {
	for _, p := range document.Problems(err) {
		problem := "want " + p.Want
		if p.Want == "" {
			problem = p.Message
		}
		if s, ok := from[keys[p.Line]]; ok {
			return &SettingError{s, problem}
		}
	}
	return err
}

// suppose resolves one setting.
func (c *Catalog) suppose(about Subject, s Setting) (Supposed, error) {
	section, rest, _ := strings.Cut(s.Path, ".")
	known := func(id string) bool { return id != "" }
	switch {
	case section == "link":
		return c.supposeLink(about, s, rest)
	case section == "runtime" && known(about.Runtime):
		return supposed(s, Supposed{Section: section, ID: about.Runtime, Field: rest}, c.Runtime(about.Runtime))
	case section == "system" && known(about.System):
		return supposed(s, Supposed{Section: section, ID: about.System, Field: rest}, c.System(about.System))
	case section == "site" && known(about.Site):
		return supposed(s, Supposed{Section: section, ID: about.Site, Field: rest}, c.Site(about.Site))
	case section == "ownership" && known(about.Ownership):
		return supposed(s, Supposed{Section: section, ID: about.Ownership, Field: rest}, c.Ownership(about.Ownership))
	}
	d := *c.Device(about.Device)
	d.Efficiency = c.Efficiency(&d) // its architecture's where it has none of its own
	return supposed(s, Supposed{Section: "device", ID: d.ID, Field: s.Path}, &d)
}

// supposed completes a change of a record's field with the values before and after.
func supposed[T any](s Setting, x Supposed, record *T) (Supposed, error) {
	all := hardware.Paths[T]()
	i := slices.IndexFunc(all, func(p hardware.Path) bool {
		prefix, wild := strings.CutSuffix(p.Name, "*")
		return p.Name == x.Field || wild && strings.HasPrefix(x.Field, prefix)
	})
	if i < 0 {
		return x, &SettingError{s, "no such field"}
	}
	fields := hardware.Fields(record)
	j := slices.IndexFunc(fields, func(f hardware.Field) bool { return f.Name == x.Field })
	now := hardware.Field{Name: x.Field, Number: math.NaN()}
	if j >= 0 {
		now = fields[j]
		x.Before = now.String()
	}
	return x.with(s, now, all[i].Type)
}

// with completes a change with the new value: as given, or by a factor of the old one.
func (x Supposed) with(s Setting, now hardware.Field, t reflect.Type) (Supposed, error) {
	factor, relative := Factor(s.Value)
	v := reflect.New(t).Elem()
	quoted := v.Kind() == reflect.String || reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]())
	switch {
	case relative && math.IsNaN(now.Number) && now.Value != nil:
		return x, &SettingError{s, fmt.Sprintf("%s is not a number: give a value, not a factor", x.Field)}
	case relative && math.IsNaN(now.Number):
		return x, &SettingError{s, fmt.Sprintf("%s of %s is not known: give a value, not a factor", x.Field, x.ID)}
	case relative:
		v.Set(reflect.ValueOf(now.Value))
		scale(v, factor)
		f := hardware.Field{Name: x.Field, Value: v.Interface()}
		x.After, x.literal = f.String(), literal(f)
	case quoted:
		x.After, x.literal = s.Value, strconv.Quote(s.Value)
	default:
		n, err := strconv.ParseFloat(s.Value, 64)
		if err != nil || math.IsNaN(n) || math.IsInf(n, 0) || v.Kind() == reflect.Int && n != math.Trunc(n) {
			want := "a number such as 0.8"
			if v.Kind() == reflect.Int {
				want = "a whole number such as 132"
			}
			return x, &SettingError{s, "want " + want + ", or a factor of what it is such as *1.2"}
		}
		x.After, x.literal = s.Value, strconv.FormatFloat(n, 'f', -1, 64)
	}
	return x, nil
}

// scale multiplies a number, rounding it where it has to be whole, or an amount of money.
func scale(v reflect.Value, factor float64) {
	switch v.Kind() {
	case reflect.Int:
		v.SetInt(int64(math.Round(float64(v.Int()) * factor)))
	case reflect.Float64:
		v.SetFloat(v.Float() * factor)
	case reflect.Struct: // money
		amount := v.FieldByName("Amount")
		amount.SetFloat(amount.Float() * factor)
	}
}

// Factor returns the factor that a relative value stands for: *1.2, /2, +20%, -10%.
func Factor(value string) (float64, bool) {
	number := func(text string) (float64, bool) {
		v, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
		return v, err == nil && !math.IsNaN(v) && !math.IsInf(v, 0)
	}
	var f float64
	var ok bool
	switch percent, isPercent := strings.CutSuffix(value, "%"); {
	case strings.HasPrefix(value, "*"):
		f, ok = number(value[1:])
	case strings.HasPrefix(value, "/"):
		f, ok = number(value[1:])
		f = 1 / f
	case isPercent && strings.HasPrefix(value, "+") || isPercent && strings.HasPrefix(value, "-"):
		f, ok = number(percent)
		f = 1 + f/100
	}
	return f, ok && f > 0 && !math.IsInf(f, 0)
}

// hypothesis writes changes as a catalog file; keys tell which change stands on which line.
func (c *Catalog) hypothesis(changes []Supposed) (file []byte, keys map[int]string) {
	keys = map[int]string{}
	line := 0
	add := func(text string) {
		file = append(append(file, text...), '\n')
		line++
	}
	done := map[string]bool{}
	for _, first := range changes {
		table := first.Section + "." + first.ID
		if first.Section == "device" {
			table = first.ID
		}
		if done[table] {
			continue
		}
		done[table] = true
		add("[" + table + "]")
		var origins, links []Supposed
		for _, x := range changes {
			if x.Section != first.Section || x.ID != first.ID {
				continue
			}
			keys[line+1] = x.key()
			if strings.HasPrefix(x.Field, "link.") {
				links = append(links, x)
				continue
			}
			add(x.Field + " = " + x.literal)
			origins = append(origins, x)
		}
		if links != nil {
			keys[line+1] = links[0].key()
			add("link = " + c.linksWith(first, links))
			origins = append(origins, Supposed{Field: "link"})
		}
		if first.Section == "link" {
			add(fmt.Sprintf("source = %q", hypothetical))
			add(fmt.Sprintf("status = %q", hardware.Assumed))
			continue
		}
		for _, x := range origins {
			add(fmt.Sprintf("sources.%q = [%q, %q]", x.Field, hypothetical, hardware.Assumed))
		}
	}
	return file, keys
}

// Paths lists the fields that settings about a subject can name.
func (c *Catalog) Paths(about Subject) []string {
	var out []string
	add := func(prefix string, paths []hardware.Path) {
		for _, p := range paths {
			out = append(out, prefix+p.Name)
		}
	}
	add("", hardware.Paths[hardware.Device]())
	if c.Device(about.Device) != nil {
		for _, l := range c.LinksOf(about) {
			for _, field := range []string{"bandwidth", "domain", "latency", "share"} {
				out = append(out, "link."+l.Kind+"."+field)
			}
		}
	}
	for _, s := range []struct {
		prefix, id string
		paths      []hardware.Path
	}{
		{"runtime.", about.Runtime, hardware.Paths[runtime.Profile]()},
		{"system.", about.System, hardware.Paths[hardware.System]()},
		{"site.", about.Site, hardware.Paths[hardware.Site]()},
		{"ownership.", about.Ownership, hardware.Paths[hardware.Ownership]()},
	} {
		if s.id != "" {
			add(s.prefix, s.paths)
		}
	}
	return out
}
