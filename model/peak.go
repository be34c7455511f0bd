package model

import (
	"slices"

	"roofline/hardware/unit"
)

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
		live += fu.kept(in, f)
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
				bytes := fu.kept(o, f)
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
			live -= fu.kept(t, f)
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
				fu.groupOf[fu.producer[r]] != gi && fu.kept(r, f) == out {
				return r, true
			}
		}
	}
	return NoTensor, false
}

// kept returns the size of a tensor in the format in which it is kept.
func (fu *fuser) kept(t TensorID, f Formats) unit.Bytes {
	if fu.wide[t] {
		return unit.Bytes(fu.g.Tensors[t].Shape.Elems() * wideBytes)
	}
	return fu.g.Tensors[t].Bytes(f.Activations)
}
