package model

import "fmt"

// recurrentOps run a small product per time step.
var recurrentOps = map[string]spec{
	"LSTM": {Recurrent, recurrent(3), recurrentWork(4, 5*transcendental+4)},
	"GRU":  {Recurrent, recurrent(2), recurrentWork(3, 3*transcendental+5)},
	"RNN":  {Recurrent, recurrent(2), recurrentWork(1, transcendental+1)},

	contribDomain + "DynamicQuantizeLSTM": {Recurrent, recurrent(3), recurrentWork(4, 5*transcendental+4)},
}

// sequenceAxes returns which dimensions of X are time and batch.
func (n *node) sequenceAxes() (time, batch int) {
	if n.op.Attrs.Int("layout", 0) == 1 {
		return 1, 0
	}
	return 0, 1
}

// recurrent: X is time×batch×input; Y time×directions×batch×hidden, the last states directions×batch×hidden (layout 1
// puts the batch first).
func recurrent(outputs int) func(*node) error {
	return func(n *node) error {
		x, err := n.rank(0, 3)
		if err != nil {
			return err
		}
		r, err := n.rank(2, 3)
		if err != nil {
			return err
		}
		hidden := n.op.Attrs.Int("hidden_size", r[2])
		directions := int64(1)
		if n.op.Attrs.Text("direction", "forward") == "bidirectional" {
			directions = 2
		}
		time, batch := n.sequenceAxes()
		all, last := n.dimsOf(x[time], directions, x[batch], hidden), n.dimsOf(directions, x[batch], hidden)
		if batch == 0 {
			all, last = n.dimsOf(x[0], x[1], directions, hidden), n.dimsOf(x[0], directions, hidden)
		}
		if err := n.set(0, all, n.dtype(0)); err != nil {
			return err
		}
		for i := 1; i < outputs; i++ {
			if err := n.set(i, last, n.dtype(0)); err != nil {
				return err
			}
		}
		if w := n.shape(1); n.op.Kind != contribDomain+"DynamicQuantizeLSTM" && len(w) == 3 && w[2] != x[2] {
			return fmt.Errorf("its input %v has %d features, its weight %v wants %d", x, x[2], w, w[2])
		}
		return nil
	}
}

// recurrentWork: each gate multiplies the input and the hidden state by a matrix each, at every step in every direction.
//
//	MACs = directions · steps · batch · gates · hidden · (input + hidden)
//
// pointwise are the FLOPs of one hidden unit besides. The weights count once, as they do where they stay in cache.
func recurrentWork(gates, pointwise float64) func(*node, *Work) {
	return func(n *node, w *Work) {
		x, r := n.shape(0), n.shape(2)
		if len(x) != 3 || len(r) != 3 {
			return
		}
		time, batch := n.sequenceAxes()
		hidden := float64(n.op.Attrs.Int("hidden_size", r[2]))
		steps := float64(r[0]) * float64(x[time])
		w.product(steps, float64(x[batch]), gates*hidden, float64(x[2])+hidden)
		w.addFLOPs(pointwise * steps * float64(x[batch]) * hidden)
	}
}
