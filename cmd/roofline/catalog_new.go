package main

import (
	"fmt"
	"io"

	"roofline/catalog"
)

type catalogNewCmd struct {
	Kind string `arg:"" help:"What: device, system, site or instance." enum:"device,system,site,instance"`
	ID   string `arg:"" optional:"" help:"Its id: lower case, such as acme-x1-96gb."`
	Like string `help:"Fill in the values of a record that is there." placeholder:"NAME"`
}

// Help shows the command at work.
func (catalogNewCmd) Help() string {
	return `Example:
  roofline catalog new device acme-x1-96gb --like h100-sxm -o my.toml
  roofline catalog check my.toml
  roofline estimate llama-3.1-8b --device acme-x1 --catalog my.toml`
}

// Run writes a template.
func (c *catalogNewCmd) Run(s *session) error {
	id := c.ID
	if id == "" {
		id = map[string]string{"device": "acme-x1-96gb", "system": "acme-box-8", "site": "our-hall"}[c.Kind]
	}
	like, err := c.like(s.catalog)
	if err != nil {
		return err
	}
	text, err := catalog.Template(c.Kind, id, like)
	if err != nil {
		return err
	}
	return s.write(func(w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	})
}

// like returns a pointer to the record that values are taken from, nil for none.
func (c *catalogNewCmd) like(k *catalog.Catalog) (any, error) {
	switch {
	case c.Like == "":
		return nil, nil
	case c.Kind == "device":
		return k.Find(c.Like)
	case c.Kind == "system":
		return k.FindSystem(c.Like)
	case c.Kind == "site":
		return k.FindSite(c.Like)
	}
	return nil, fmt.Errorf("--like: an instance has a price of its own: fill in the blank ones")
}
