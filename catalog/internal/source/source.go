// Package source reads the catalog's TOML files: what go generate compiles, and what a test compares the result with.
package source

import (
	"fmt"
	"io/fs"
	"reflect"
	"slices"
	"strings"

	"roofline/estimate/runtime"
	"roofline/hardware"
	"roofline/hardware/document"
	"roofline/hardware/dtype"
	"roofline/model"
)

// Source says where the values with a key come from.
type Source struct {
	Key   string `toml:"-"`
	Where string `toml:"where"` // site or repository, and the path in it
	What  string `toml:"what"`
	Trust string `toml:"trust"`
}

// Data is everything in the catalog's files.
type Data struct {
	Version       string
	Devices       []hardware.Device
	Architectures []hardware.Architecture
	Links         []hardware.LinkKind
	Instances     []hardware.Instance // by device, then in the order of the files
	Runtimes      []runtime.Profile
	Systems       []hardware.System
	Sites         []hardware.Site
	Ownerships    []hardware.Ownership
	Sources       []Source
}

// Load reads the files of a catalog: devices, systems, prices and so on, each file in the order of its name.
// An id in two files is an error: only users' files override.
func Load(dir fs.FS) (*Data, error) {
	d := &Data{}
	files, err := fs.Glob(dir, "*/*.toml")
	if err != nil {
		return nil, err
	}
	for _, name := range files {
		text, err := fs.ReadFile(dir, name)
		if err != nil {
			return nil, err
		}
		doc, err := document.Parse(name, text)
		if err != nil {
			return nil, err
		}
		devices := hardware.OverlayDevices(nil, doc)
		architectures := hardware.OverlayArchitectures(nil, doc)
		links := hardware.OverlayLinkKinds(nil, doc)
		runtimes := runtime.Overlay(nil, doc)
		systems := hardware.OverlaySystems(nil, doc)
		sites := hardware.OverlaySites(nil, doc)
		ownerships := hardware.OverlayOwnerships(nil, doc)
		d.Instances = append(d.Instances, hardware.Instances(doc)...)
		if err := doc.Err(); err != nil {
			return nil, err
		}
		d.Devices = append(d.Devices, devices...)
		d.Architectures = append(d.Architectures, architectures...)
		d.Runtimes = append(d.Runtimes, runtimes...)
		d.Links = append(d.Links, links...)
		d.Systems = append(d.Systems, systems...)
		d.Sites = append(d.Sites, sites...)
		d.Ownerships = append(d.Ownerships, ownerships...)
	}
	slices.SortStableFunc(d.Instances, func(a, b hardware.Instance) int { return strings.Compare(a.Device, b.Device) })
	if err := d.loadSources(dir); err != nil {
		return nil, err
	}
	return d, d.check()
}

func (d *Data) loadSources(dir fs.FS) error {
	text, err := fs.ReadFile(dir, "sources.toml")
	if err != nil {
		return err
	}
	doc, err := document.Parse("sources.toml", text)
	if err != nil {
		return err
	}
	root := doc.Root()
	for _, key := range root.Keys() {
		if key == "version" {
			root.Value(key, &d.Version)
			continue
		}
		s := Source{Key: key}
		root.Table(key).Decode(&s)
		d.Sources = append(d.Sources, s)
	}
	return doc.Err()
}

// check reports ids that are there twice and references to what isn't there.
func (d *Data) check() error {
	ids := map[string]bool{}
	unique := func(what, id string) error {
		if ids[what+" "+id] {
			return fmt.Errorf("%s %q is in the catalog twice", what, id)
		}
		ids[what+" "+id] = true
		return nil
	}
	for i := range d.Architectures {
		if err := unique("architecture", d.Architectures[i].ID); err != nil {
			return err
		}
	}
	for i := range d.Links {
		if err := unique("link", d.Links[i].ID); err != nil {
			return err
		}
	}
	for i := range d.Runtimes {
		if err := unique("runtime", d.Runtimes[i].ID); err != nil {
			return err
		}
	}
	for i := range d.Devices {
		dev := &d.Devices[i]
		if err := unique("device", dev.ID); err != nil {
			return err
		}
		if dev.Architecture != "" && !ids["architecture "+dev.Architecture] {
			return fmt.Errorf("device %q: no architecture %q in the catalog", dev.ID, dev.Architecture)
		}
	}
	for i := range d.Systems {
		s := &d.Systems[i]
		if err := unique("system", s.ID); err != nil {
			return err
		}
		if ids["device "+s.ID] {
			return fmt.Errorf("system %q: that is the id of a device", s.ID)
		}
		if !ids["device "+s.Device] {
			return fmt.Errorf("system %q: no device %q in the catalog", s.ID, s.Device)
		}
	}
	for i := range d.Sites {
		if err := unique("site", d.Sites[i].ID); err != nil {
			return err
		}
	}
	for i := range d.Ownerships {
		if err := unique("ownership", d.Ownerships[i].ID); err != nil {
			return err
		}
	}
	for i := range d.Instances {
		if in := &d.Instances[i]; !ids["device "+in.Device] {
			return fmt.Errorf("%s %s: no device %q in the catalog", in.Provider, in.ID, in.Device)
		}
	}
	return nil
}

// IndexName returns the Go name of an index of a table in the catalog: dtype.BF16 of rates, model.Conv of factors.
func IndexName(array reflect.Type, i int) string {
	if array == reflect.TypeFor[runtime.ByClass]() {
		return "model." + model.Class(i).String()
	}
	return "dtype." + strings.ToUpper(dtype.DType(i).String())
}
