package sweep

import (
	"math"

	"roofline/estimate"
	"roofline/hardware/dtype"
	"roofline/model/transformer"
)

// Case is one machine, plan and number format, which a sweep asks at every load.
type Case struct {
	Target estimate.Target
	Model  Model
	DType  dtype.DType // of the weights; unknown: the checkpoint's
	Err    error       // why there is no such case: no link that connects the devices, no such plan
}

// Model is what can be swept: made ready on a target once, it answers at any load.
type Model interface {
	Deploy(t *estimate.Target) (Deployment, error)
}

// Deployment is a model that is ready on a target. It is not safe for concurrent use.
type Deployment interface {
	// At returns the answer at a load: requests in flight over all replicas, or the batch that every device runs.
	At(load float64) *estimate.Result
	// Shares returns over how many replicas a load is spread: 1 where every device runs its own.
	Shares() float64
	// Most returns the largest load that fits, 0 if none does; [estimate.ErrCapacity] where the memory is not known.
	Most() (float64, error)
	// Tries returns how many loads a search for the busiest takes at least.
	Tries() float64
}

// Most stands for the largest load that fits, in a list of loads.
const Most = -1

// Points returns the answers of a case at the loads. Where there is none, one result says why; a largest load that is
// not known leaves one such result in its place.
func (c *Case) Points(loads []float64) []*estimate.Result {
	d, err := c.Deploy()
	if err != nil {
		return []*estimate.Result{c.unavailable(err)}
	}
	points := make([]*estimate.Result, len(loads))
	for i, load := range loads {
		if load == Most {
			most, err := d.Most()
			if err != nil {
				points[i] = c.unavailable(err)
				continue
			}
			load = max(most, 1) // the answer for one says that it does not fit
		}
		points[i] = d.At(load)
	}
	return points
}

// Deploy makes the model ready on the case's target.
func (c *Case) Deploy() (Deployment, error) {
	if c.Err != nil {
		return nil, c.Err
	}
	return c.Model.Deploy(&c.Target)
}

// unavailable is the result of a case without an answer.
func (c *Case) unavailable(err error) *estimate.Result {
	t := &c.Target
	return &estimate.Result{Device: t.Device.ID, Count: t.Count, Replicas: t.Replicas(), Runtime: t.Runtime.ID,
		Plan: estimate.Plan(t.Plan.Filled()), Workload: estimate.Workload{DType: c.DType}, Unavailable: err.Error()}
}

// Language is a language model that serves requests of one length, in the given number formats.
type Language struct {
	Model   *transformer.Model
	Formats transformer.Formats
	Request estimate.Request
}

// Deploy compiles the model for the target.
func (l Language) Deploy(t *estimate.Target) (Deployment, error) {
	compiled, err := estimate.NewLanguage(l.Model, t, l.Formats)
	if err != nil {
		return nil, err
	}
	return serving{compiled, l.Request}, nil
}

type serving struct {
	*estimate.Language
	request estimate.Request
}

func (s serving) At(load float64) *estimate.Result { return s.Estimate(load, s.request) }

func (s serving) Shares() float64 { return float64(s.Target.Replicas()) }

// Tries is small: waves of tiles begin at multiples of 64 requests.
func (s serving) Tries() float64 { return 16 }

func (s serving) Most() (float64, error) {
	users, err := s.MaxUsers(s.request)
	return users * float64(s.Target.Replicas()), err
}

// Graph is a graph that was fused for one set of number formats.
type Graph struct{ *estimate.GraphModel }

// Deploy resolves the target for the graph.
func (g Graph) Deploy(t *estimate.Target) (Deployment, error) {
	machine, err := g.Machine(t)
	if err != nil {
		return nil, err
	}
	return batches{g.GraphModel, t, machine}, nil
}

type batches struct {
	model   *estimate.GraphModel
	target  *estimate.Target
	machine *estimate.Machine
}

func (b batches) At(load float64) *estimate.Result {
	return b.model.Estimate(b.target, b.machine, math.Max(load, 1))
}

func (b batches) Shares() float64 { return 1 }

// Tries is large: images are many rows of a product each, so that waves begin at any batch.
func (b batches) Tries() float64 { return 128 }

func (b batches) Most() (float64, error) { return b.model.MaxBatch(b.target) }
