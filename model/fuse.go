package model

import (
	"sort"
	"strconv"
	"strings"
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
	piece     []TensorID // the tensor, or the part of one, whose elements a view has
	readers   [][]int    // ops that read a tensor itself, in order
	wide      []bool     // root tensors that autocasting keeps in fp32
	producer  []int      // op that writes a root tensor, -1 for inputs, weights and constants
	consumers [][]int    // ops that read a root tensor, in order
	groupOf   []int      // op -> index in groups, -1: free
	groups    []group
}

// Work returns the work of the graph at its bound batch as a runtime with this level of fusion would run it, in
// running order. Within a group intermediate tensors are neither written nor read.
//
// Pointwise fusion lets an elementwise op join the kernel that made its latest input, where nothing else before it
// needs that kernel's output. Full fusion also merges reductions with the elementwise work around them (an exported
// layer norm is nine nodes), softmax(QKᵀ)V into one attention kernel, and reads transposed tensors with strides.
// Generated fusion does all of this except with products, which libraries compute: only a bias joins them. Functions are
// what frameworks have as one operation and exporters break apart: norms, attention, and activation functions, chains
// of elementwise work on a single tensor.
func (g *Graph) Work(level Fusion, f Formats) []Work {
	fu := newFuser(g, level, f)
	fu.fuse()
	out := make([]Work, 0, len(fu.groups))
	for i := range fu.groups {
		w := fu.work(&fu.groups[i], f)
		read, write := fu.widened(&fu.groups[i], f)
		w.Read += read
		w.Write += write
		if w.Class != Free {
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
		piece:     make([]TensorID, len(g.Tensors)),
		readers:   make([][]int, len(g.Tensors)),
		wide:      make([]bool, len(g.Tensors)),
		producer:  make([]int, len(g.Tensors)),
		consumers: make([][]int, len(g.Tensors)),
		groupOf:   make([]int, len(g.Ops)),
	}
	for t := range g.Tensors {
		fu.root[t], fu.piece[t] = TensorID(t), TensorID(t)
		fu.producer[t] = -1
	}
	for i := range g.Ops {
		for _, in := range g.Ops[i].Inputs {
			if in != NoTensor {
				fu.readers[in] = append(fu.readers[in], i)
			}
		}
		fu.works[i] = g.OpWork(i, f)
	}
	for i := range g.Ops {
		op := &g.Ops[i]
		fu.groupOf[i] = -1
		if fu.view(i) {
			for _, o := range op.Outputs {
				if o != NoTensor {
					fu.root[o] = fu.rootOf(op.Inputs[0])
					if !fu.part(i) {
						fu.piece[o] = fu.piece[op.Inputs[0]]
					}
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
				fu.wide[o] = f.autocasts() && fu.widens(i)
			}
		}
	}
	return fu
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

// work sums the ops of a group: all their arithmetic and weights, but only the activations that cross its border.
func (fu *fuser) work(gr *group, f Formats) Work {
	w := fu.works[gr.anchor]
	if len(gr.ops) == 1 {
		return w
	}
	w.MACs, w.FLOPs, w.Weights, w.KV, w.Read, w.Write = 0, 0, 0, 0, 0, 0
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
			if r == NoTensor || seen[fu.piece[in]] {
				continue
			}
			seen[fu.piece[in]] = true
			if t := &fu.g.Tensors[fu.piece[in]]; n > 0 && !fu.inside(r, gr) && (t.Role == Activation || t.Role == Input) {
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
	if w.Class == Pooling && fu.level.functions() && fu.reduces(gr.anchor) && w.Shape.Elems() > fu.works[gr.anchor].Shape.Elems() {
		w.Class = Normalization // an exported norm: reductions, and what they reduced scaled by them
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
