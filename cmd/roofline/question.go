package main

import "roofline/cmd/roofline/internal/deploy"

// question is what most verbs are asked about: a model, what it runs on, how that is paid for, and the load.
type question struct {
	Model string `arg:"" help:"A file (.onnx, .gguf, .toml, config.json), a folder with a config.json, or a built-in model."`

	deviceFlags  `embed:""`
	moneyFlags   `embed:""`
	formatFlags  `embed:""`
	bindFlags    `embed:""`
	requestFlags `embed:""`

	Batch  string `help:"Batch sizes of a graph: N, max, or a list. With --phase: sequences in the step. Default: 1 and where a larger batch stops paying." placeholder:"N|max"`
	Fusion string `help:"How far ops are fused: none, pointwise or full. Default: as the runtime does." enum:",none,pointwise,full" default:""`
}

// check reports values that can't be.
func (c *question) check() error {
	if err := c.deviceFlags.check(); err != nil {
		return err
	}
	return c.moneyFlags.check()
}

// deployer resolves the devices and what they cost.
func (c *question) deployer(s *session, serves string) *deploy.Deployer {
	d := c.deviceFlags.deployer(s, serves)
	d.Wish.Money = c.money()
	return d
}
