package model

import (
	"slices"
	"sort"
	"strconv"
	"strings"

	"roofline/hardware/unit"
)

// A group is a set of ops that run as one kernel. It runs where its last op stands.
type group struct {
	ops    []int
	anchor int // the op that gives the group its name, class and matrix form
	last   int
}

// fuser merges the ops of a graph into kernels. Tensors are followed through views (Reshape, Squeeze …), which share
// the memory of their source: root[t] is the tensor that holds the data of t.
type fuser struct {
	g         *Graph
	level     Fusion
	works     []Work
	root      []TensorID
	producer  []int   // op that writes a root tensor, -1 for inputs, weights and constants
	consumers [][]int // ops that read a root tensor, in order
	groupOf   []int   // op -> index in groups, -1: free
	groups    []group
}

// Work returns the work of the graph at its bound batch as a runtime with this level of fusion would run it, in
// running order. Within a group intermediate tensors are neither written nor read.
//
// Pointwise fusion lets an elementwise op join the kernel that made its latest input, where nothing else before it
// needs that kernel's output. Full fusion also merges reductions with the elementwise work around them (an exported
// layer norm is nine nodes), softmax(QKᵀ)V into one attention kernel, and reads transposed tensors with strides.
func (g *Graph) Work(level Fusion, f Formats) []Work {
	fu := newFuser(g, level, f)
	fu.fuse()
	out := make([]Work, 0, len(fu.groups))
	for i := range fu.groups {
		if w := fu.work(&fu.groups[i], f); w.Class != Free {
			out = append(out, w)
		}
	}
	return out
}

func newFuser(g *Graph, level Fusion, f Formats) *fuser {
	fu := &fuser{
		g: g, level: level,
		works:     make([]Work, len(g.Ops)),
		root:      make([]TensorID, len(g.Tensors)),
		producer:  make([]int, len(g.Tensors)),
		consumers: make([][]int, len(g.Tensors)),
		groupOf:   make([]int, len(g.Ops)),
	}
	for t := range g.Tensors {
		fu.root[t] = TensorID(t)
		fu.producer[t] = -1
	}
	for i := range g.Ops {
		op := &g.Ops[i]
		fu.works[i] = g.OpWork(i, f)
		fu.groupOf[i] = -1
		if fu.view(i) {
			for _, o := range op.Outputs {
				if o != NoTensor {
					fu.root[o] = fu.rootOf(op.Inputs[0])
				}
			}
			continue
		}
		for _, in := range op.Inputs {
			if r := fu.rootOf(in); r != NoTensor {
				fu.consumers[r] = append(fu.consumers[r], i)
			}
		}
		for _, o := range op.Outputs {
			if o != NoTensor {
				fu.producer[o] = i
			}
		}
	}
	return fu
}

// view reports ops whose output shares the memory of their first input. Full fusion reads transposes in place.
func (fu *fuser) view(i int) bool {
	op := &fu.g.Ops[i]
	if len(op.Inputs) == 0 || op.Inputs[0] == NoTensor {
		return false
	}
	return fu.works[i].Class == Free || fu.level == FusionFull && op.Kind == "Transpose"
}

func (fu *fuser) rootOf(t TensorID) TensorID {
	if t == NoTensor {
		return NoTensor
	}
	return fu.root[t]
}

func (fu *fuser) fuse() {
	for i := range fu.g.Ops {
		if fu.works[i].Class == Free || fu.view(i) {
			continue
		}
		gi := -1
		if fu.level > FusionNone {
			gi = fu.host(i)
		}
		if gi < 0 {
			gi = len(fu.groups)
			fu.groups = append(fu.groups, group{anchor: i})
		}
		gr := &fu.groups[gi]
		gr.ops = append(gr.ops, i)
		gr.last = i
		gr.anchor = fu.better(gr.anchor, i)
		fu.groupOf[i] = gi
	}
	sort.SliceStable(fu.groups, func(a, b int) bool { return fu.groups[a].last < fu.groups[b].last })
	for gi := range fu.groups {
		for _, i := range fu.groups[gi].ops {
			fu.groupOf[i] = gi
		}
	}
}

// host returns the group op i may join, or -1: the latest-made of its inputs' groups where the kinds of work go
// together and no op outside has read the group's results yet (it would have to run both before and after the group).
func (fu *fuser) host(i int) int {
	best := -1
	for _, in := range fu.g.Ops[i].Inputs {
		r := fu.rootOf(in)
		if r == NoTensor || fu.producer[r] < 0 {
			continue
		}
		gi := fu.groupOf[fu.producer[r]]
		if gi < 0 || gi == best || best >= 0 && fu.groups[gi].last < fu.groups[best].last {
			continue
		}
		if fu.compatible(&fu.groups[gi], i, r) && fu.unread(gi, i) {
			best = gi
		}
	}
	return best
}

// unread reports whether no op before i outside a group has read its results.
func (fu *fuser) unread(gi, i int) bool {
	for _, j := range fu.groups[gi].ops {
		for _, o := range fu.g.Ops[j].Outputs {
			if o == NoTensor {
				continue
			}
			for _, c := range fu.consumers[o] {
				if c < i && fu.groupOf[c] != gi {
					return false
				}
			}
		}
	}
	return true
}

// compatible reports whether a kernel doing the group's work can take in op i, which reads its result in.
func (fu *fuser) compatible(gr *group, i int, in TensorID) bool {
	anchor, op := &fu.works[gr.anchor], &fu.works[i]
	switch {
	case op.Class == Elementwise, fu.folds(anchor, i):
		switch anchor.Class {
		case MatMul, Conv, DepthwiseConv, Attention:
			// An epilogue works on what the kernel has at hand: it does not broadcast to something larger.
			return op.Shape.Elems() == fu.g.Tensors[in].Shape.Elems()
		case Pooling, Copy:
			// Libraries' pooling and copying kernels take no epilogue; compilers generate one.
			return fu.level == FusionFull
		case Recurrent, Unknown:
			return false
		}
		return true
	case fu.level != FusionFull:
		return false
	case op.Class == Normalization || op.Class == Pooling:
		if anchor.Class == MatMul {
			// softmax of a product of activations, on the way to attention
			return anchor.Weights == 0 && fu.g.Ops[i].Kind == "Softmax"
		}
		// Reductions and the elementwise work around them make one pass over a tensor; pooling windows do not.
		return (anchor.Class == Elementwise || fu.reduces(gr.anchor)) && fu.reduces(i)
	case op.Class == MatMul:
		// softmax(QKᵀ) V: the second product joins the first.
		return op.Weights == 0 && anchor.Class == MatMul && anchor.Weights == 0 && fu.hasSoftmax(gr)
	}
	return false
}

// folds reports a batch norm with stored statistics behind a product: it scales the product's weights.
func (fu *fuser) folds(anchor *Work, i int) bool {
	return fu.g.Ops[i].Kind == "BatchNormalization" && (anchor.Class == Conv || anchor.Class == DepthwiseConv || anchor.Class == MatMul)
}

// reduces reports norms, softmax and reductions over whole axes.
func (fu *fuser) reduces(i int) bool {
	c := fu.works[i].Class
	return c == Normalization || c == Pooling && strings.HasPrefix(fu.g.Ops[i].Kind, "Reduce")
}

func (fu *fuser) hasSoftmax(gr *group) bool {
	for _, i := range gr.ops {
		if fu.g.Ops[i].Kind == "Softmax" {
			return true
		}
	}
	return false
}

// better returns which of two ops names a kernel: the one with the heavier kind of work, the first among equals.
func (fu *fuser) better(a, b int) int {
	rank := func(i int) int {
		switch fu.works[i].Class {
		case MatMul, Conv, DepthwiseConv, Attention, Recurrent:
			return 3
		case Normalization, Pooling:
			return 2
		case Copy:
			return 1
		}
		return 0
	}
	if rank(b) > rank(a) {
		return b
	}
	return a
}

// work sums the ops of a group: all their arithmetic and weights, but only the activations that cross its border.
func (fu *fuser) work(gr *group, f Formats) Work {
	w := fu.works[gr.anchor]
	if len(gr.ops) == 1 {
		return w
	}
	w.MACs, w.FLOPs, w.Weights, w.KV, w.Read, w.Write = 0, 0, 0, 0, 0, 0
	inside := func(t TensorID) bool {
		p := fu.producer[t]
		return p >= 0 && fu.groupOf[p] == fu.groupOf[gr.anchor]
	}
	seen := map[TensorID]bool{}
	matmuls := 0
	for n, i := range gr.ops {
		m := &fu.works[i]
		w.MACs += m.MACs
		w.FLOPs += m.FLOPs
		w.Weights += m.Weights
		w.KV += m.KV
		if m.Class == MatMul {
			matmuls++
		}
		if i != gr.anchor {
			w.Fused = append(w.Fused, m.Name)
		}
		if n == 0 {
			w.Read += m.Read // nothing of it is inside yet, and its rule knows what it really reads
		}
		for _, in := range fu.g.Ops[i].Inputs {
			r := fu.rootOf(in)
			if r == NoTensor || seen[r] {
				continue
			}
			seen[r] = true
			if t := &fu.g.Tensors[r]; n > 0 && !inside(r) && (t.Role == Activation || t.Role == Input) {
				w.Read += t.Bytes(f.Activations)
			}
		}
		for _, o := range fu.g.Ops[i].Outputs {
			if o != NoTensor && fu.leaves(o, gr) {
				w.Write += fu.g.Tensors[o].Bytes(f.Activations)
				w.Shape = fu.g.Tensors[o].Shape
			}
		}
	}
	if matmuls == 2 {
		w.Class = Attention
	}
	w.Kind = fu.kinds(gr)
	return w
}

// leaves reports whether a tensor made in the group is needed outside it.
func (fu *fuser) leaves(t TensorID, gr *group) bool {
	for _, c := range fu.consumers[t] {
		if fu.groupOf[c] != fu.groupOf[gr.anchor] {
			return true
		}
	}
	for _, out := range fu.g.Outputs {
		if fu.rootOf(out) == t {
			return true
		}
	}
	return false
}

// kinds names a fused kernel after its ops, the anchor first: "Conv+Add+Relu", "MatMul+Softmax+MatMul", "ReduceMean+8".
// Batch norms folded into the weights leave no trace.
func (fu *fuser) kinds(gr *group) string {
	const most = 4
	names := []string{fu.g.Ops[gr.anchor].Kind}
	for _, i := range gr.ops {
		if i != gr.anchor && !fu.folds(&fu.works[gr.anchor], i) {
			names = append(names, fu.g.Ops[i].Kind)
		}
	}
	if len(names) > most {
		return names[0] + "+" + strconv.Itoa(len(names)-1)
	}
	return strings.Join(names, "+")
}

// PeakActivations returns the most memory activations take at any moment at the bound batch, when each kernel's
// outputs are allocated as it starts and a tensor is freed after its last reader, at once if there is none. Inputs count;
// weights and constants don't; views share their source's memory; tensors inside a fused kernel take none. Runtimes that
// fuse also let an elementwise kernel write over an input that nobody reads after it.
func (g *Graph) PeakActivations(level Fusion, f Formats) unit.Bytes {
	fu := newFuser(g, level, f)
	fu.fuse()
	const never = -2
	lastUse := make([]int, len(g.Tensors)) // group after which a root tensor is free
	for t := range lastUse {
		lastUse[t] = never
	}
	for t, readers := range fu.consumers {
		for _, c := range readers {
			if gi := fu.groupOf[c]; gi >= 0 {
				lastUse[t] = max(lastUse[t], gi)
			}
		}
	}
	for _, out := range g.Outputs {
		if r := fu.rootOf(out); r != NoTensor {
			lastUse[r] = len(fu.groups)
		}
	}
	var live, peak unit.Bytes
	freed := make([][]TensorID, len(fu.groups)+1)
	for _, in := range g.Inputs {
		live += g.Tensors[in].Bytes(f.Activations)
		if lastUse[in] >= 0 {
			freed[lastUse[in]] = append(freed[lastUse[in]], in)
		}
	}
	peak = live
	for gi := range fu.groups {
		gr := &fu.groups[gi]
		for _, i := range gr.ops {
			for _, o := range g.Ops[i].Outputs {
				unread := o != NoTensor && lastUse[o] == never
				if o == NoTensor || g.Tensors[o].Role != Activation || !unread && !fu.leaves(o, gr) {
					continue
				}
				bytes := g.Tensors[o].Bytes(f.Activations)
				if r, ok := fu.overwritten(gi, bytes, lastUse, f); ok {
					lastUse[r] = never // its memory goes on as the output's
					live -= bytes
					freed[gi] = slices.DeleteFunc(freed[gi], func(t TensorID) bool { return t == r })
				}
				live += bytes
				last := max(lastUse[o], gi)
				freed[last] = append(freed[last], o)
			}
		}
		peak = max(peak, live)
		for _, t := range freed[gi] {
			live -= g.Tensors[t].Bytes(f.Activations)
		}
	}
	return peak
}

// overwritten returns an input of an elementwise kernel whose memory its output of so many bytes can take over: it is
// computed, as large, and nobody reads it afterwards. The graph's inputs belong to the caller.
func (fu *fuser) overwritten(gi int, out unit.Bytes, lastUse []int, f Formats) (TensorID, bool) {
	gr := &fu.groups[gi]
	if fu.level == FusionNone || fu.works[gr.anchor].Class != Elementwise {
		return NoTensor, false
	}
	for _, i := range gr.ops {
		for _, in := range fu.g.Ops[i].Inputs {
			r := fu.rootOf(in)
			if r != NoTensor && lastUse[r] == gi && fu.g.Tensors[r].Role == Activation && fu.producer[r] >= 0 &&
				fu.groupOf[fu.producer[r]] != gi && fu.g.Tensors[r].Bytes(f.Activations) == out {
				return r, true
			}
		}
	}
	return NoTensor, false
}
