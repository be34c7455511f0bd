package catalog

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"

	"roofline/hardware"
	"roofline/hardware/document"
)

// AmbiguousError is a name that several things answer to: nothing is guessed.
type AmbiguousError struct {
	What       string // "device"
	Query      string
	Candidates []string // ids
}

func (e *AmbiguousError) Error() string {
	return fmt.Sprintf("%s %q could be %s", e.What, e.Query, strings.Join(e.Candidates, ", "))
}

// UnknownError is a name that nothing answers to.
type UnknownError struct {
	What        string // "device"
	Query       string
	Suggestions []string // ids that may have been meant, likeliest first
}

func (e *UnknownError) Error() string {
	s := fmt.Sprintf("unknown %s %q", e.What, e.Query)
	if len(e.Suggestions) > 0 {
		s += ", did you mean " + strings.Join(e.Suggestions, " or ") + "?"
	}
	return s
}

// Find returns the device a name means: its id, or a short name that no other device answers to.
func (c *Catalog) Find(name string) (*hardware.Device, error) {
	id, err := Resolve("device", c.ids(), name)
	if err != nil {
		return nil, err
	}
	return c.Device(id), nil
}

// FindSystem returns the system a name means: its id, or a short name that no other system answers to.
func (c *Catalog) FindSystem(name string) (*hardware.System, error) {
	id, err := Resolve("system", idsOf(c.Systems, func(s *hardware.System) string { return s.ID }), name)
	if err != nil {
		return nil, err
	}
	return c.System(id), nil
}

// FindSite returns the site a name means: its id, or a short name that no other site answers to.
func (c *Catalog) FindSite(name string) (*hardware.Site, error) {
	id, err := Resolve("site", idsOf(c.Sites, func(s *hardware.Site) string { return s.ID }), name)
	if err != nil {
		return nil, err
	}
	return c.Site(id), nil
}

// Select returns the devices a name, a pattern ("h100*") or "all" means, in the order of the catalog.
func (c *Catalog) Select(query string) ([]hardware.Device, error) {
	name := normal(query)
	if name == "all" {
		return c.Devices, nil
	}
	if !strings.ContainsAny(name, "*?[") {
		d, err := c.Find(query)
		if err != nil {
			return nil, err
		}
		return []hardware.Device{*d}, nil
	}
	var out []hardware.Device
	for i := range c.Devices {
		id := c.Devices[i].ID
		if glob(name, id) || glob(name, withoutVendor(id)) {
			out = append(out, c.Devices[i])
		}
	}
	if out == nil {
		return nil, &UnknownError{What: "device", Query: query, Suggestions: suggest(c.ids(), strings.Trim(name, "*?[]"))}
	}
	return out, nil
}

func glob(pattern, name string) bool {
	ok, err := path.Match(pattern, name)
	return ok && err == nil
}

// Resolve returns the id a name means, an [AmbiguousError] or an [UnknownError]; what is the kind of thing, for messages.
func Resolve(what string, ids []string, query string) (string, error) {
	switch hits := Match(ids, query); len(hits) {
	case 1:
		return hits[0], nil
	case 0:
		return "", &UnknownError{What: what, Query: query, Suggestions: suggest(ids, query)}
	default:
		return "", &AmbiguousError{What: what, Query: query, Candidates: hits}
	}
}

// Match returns the ids a name matches, in their order: in any case, with "-", "_" or space between the parts.
//
// An id matches if the name's parts are, in order, beginnings of parts of the id. Better matches hide worse ones: the id
// itself; the id without its vendor; parts that are equal and not only beginnings (h20 is not h200); beginnings; and,
// if there is none of these, names written without separators (rtx4090).
func Match(ids []string, query string) []string { return newIndex(ids).match(normal(query)) }

// index holds ids cut into parts, so that many names can be matched against them.
type index struct {
	ids   []string
	parts [][]string
}

func newIndex(ids []string) *index {
	x := &index{ids: ids, parts: make([][]string, len(ids))}
	for i, id := range ids {
		x.parts[i] = strings.Split(normal(id), "-")
	}
	return x
}

// match expects a normal name.
func (x *index) match(name string) []string {
	if name == "" {
		return nil
	}
	for _, id := range x.ids {
		if id == name {
			return []string{id}
		}
	}
	var without, equal, begun []string
	parts := strings.Split(name, "-")
	for i, id := range x.ids {
		if withoutVendor(id) == name {
			without = append(without, id)
		}
		switch allEqual, ok := inOrder(parts, x.parts[i]); {
		case ok && allEqual:
			equal = append(equal, id)
			begun = append(begun, id)
		case ok:
			begun = append(begun, id)
		}
	}
	switch {
	case without != nil:
		return without
	case equal != nil:
		return equal
	case begun != nil:
		return begun
	}
	var joined []string
	bare := strings.ReplaceAll(name, "-", "")
	for i, id := range x.ids {
		if strings.HasPrefix(strings.Join(x.parts[i], ""), bare) || strings.HasPrefix(strings.ReplaceAll(withoutVendor(id), "-", ""), bare) {
			joined = append(joined, id)
		}
	}
	return joined
}

// inOrder reports whether the name's parts are, in order, beginnings of an id's parts, and whether all can be equal.
func inOrder(name, id []string) (allEqual, ok bool) {
	follow := func(same func(part, begin string) bool) bool {
		i := 0
		for _, part := range id {
			if i < len(name) && same(part, name[i]) {
				i++
			}
		}
		return i == len(name)
	}
	if !follow(strings.HasPrefix) {
		return false, false
	}
	return follow(func(part, begin string) bool { return part == begin }), true
}

// normal returns a name in lower case with single "-" between its parts.
func normal(name string) string {
	return strings.Join(strings.FieldsFunc(strings.ToLower(name), func(r rune) bool {
		return r == '-' || r == '_' || r == ' ' || r == '\t'
	}), "-")
}

// vendors are the first parts of ids that a name may leave out.
var vendors = []string{"nvidia", "amd", "intel", "google", "aws", "apple", "groq", "cerebras", "qualcomm", "tenstorrent",
	"microsoft", "meta", "huawei", "graphcore", "sambanova", "furiosa", "rebellions", "arm", "ampere"}

func withoutVendor(id string) string {
	if vendor, rest, ok := strings.Cut(id, "-"); ok && slices.Contains(vendors, vendor) {
		return rest
	}
	return id
}

// ShortNames returns the name each id is printed by: without vendor, without the memory's size and without the revision
// of the socket (sxm5), as far as it then still means this id alone. Other parts stay, because a name must not look like
// another product's: an rtx-5070-ti is not to be called rtx-5070, though no other device answers to that.
func ShortNames(ids []string) map[string]string {
	x := newIndex(ids)
	names := make(map[string]string, len(ids))
	for i, id := range ids {
		names[id] = id
		vendor := len(x.parts[i]) - len(strings.Split(withoutVendor(id), "-"))
		for _, short := range shorter(x.parts[i], vendor) {
			if hits := x.match(short); len(hits) == 1 && hits[0] == id {
				names[id] = short
				break
			}
		}
	}
	return names
}

// shorter returns the names an id could be printed by, shortest first; vendor is 1 if the first part is one.
func shorter(parts []string, vendor int) []string {
	full := slices.Clone(parts)
	for i := range full {
		if base := strings.TrimRight(full[i], "0123456789"); base == "sxm" {
			full[i] = base
		}
	}
	var out []string
	for _, from := range []int{vendor, 0} {
		rest := full[from:]
		if size := rest[len(rest)-1]; len(rest) > 1 && isSize(size) {
			out = append(out, strings.Join(rest[:len(rest)-1], "-"))
		}
		out = append(out, strings.Join(rest, "-"), strings.Join(parts[from:], "-"))
	}
	return out
}

// isSize reports whether a part of an id is the size of a memory, such as 80gb.
func isSize(part string) bool {
	digits, ok := strings.CutSuffix(part, "gb")
	return ok && digits != "" && strings.Trim(digits, "0123456789") == ""
}

// suggest returns up to three ids a misspelt name may have meant.
func suggest(ids []string, query string) []string {
	name := normal(query)
	type candidate struct {
		id       string
		distance int
	}
	short := ShortNames(ids)
	var near []candidate
	for _, id := range ids {
		d := min(document.Distance(name, id), document.Distance(name, withoutVendor(id)), document.Distance(name, short[id]))
		first, _, _ := strings.Cut(withoutVendor(id), "-")
		d = min(d, document.Distance(name, first)) // h101 for all of h100
		if d <= len(name)/4+1 && d < len(name) {
			near = append(near, candidate{id, d})
		}
	}
	slices.SortStableFunc(near, func(a, b candidate) int { return cmp.Compare(a.distance, b.distance) })
	var out []string
	for _, c := range near {
		if len(out) < 3 && c.distance <= near[0].distance+1 {
			out = append(out, c.id)
		}
	}
	return out
}

// Nearest returns the candidate a misspelt word most likely means, "" if none is like it.
func Nearest(word string, candidates []string) string { return document.Nearest(word, candidates) }
