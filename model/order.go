package model

import (
	"container/heap"
	"fmt"
)

// Order puts the ops in an order in which they can run, changing as little as possible. A cycle is an error.
func (g *Graph) Order() error {
	producer := make([]int32, len(g.Tensors))
	for i := range g.Ops {
		for _, id := range g.Ops[i].Outputs {
			if id != NoTensor {
				producer[id] = int32(i) + 1
			}
		}
	}
	if g.ordered(producer) {
		return nil
	}
	waits := make([]int, len(g.Ops)) // operands not yet there
	readers := make([][]int32, len(g.Ops))
	for i := range g.Ops {
		g.Ops[i].reads(func(id TensorID) {
			if p := producer[id]; p > 0 {
				waits[i]++
				readers[p-1] = append(readers[p-1], int32(i))
			}
		})
	}
	var ready indices
	for i, w := range waits {
		if w == 0 {
			ready = append(ready, int32(i))
		}
	}
	sorted := make([]Op, 0, len(g.Ops))
	for len(ready) > 0 { // the one that came first in the file
		i := heap.Pop(&ready).(int32)
		sorted = append(sorted, g.Ops[i])
		for _, r := range readers[i] {
			if waits[r]--; waits[r] == 0 {
				heap.Push(&ready, r)
			}
		}
	}
	if len(sorted) < len(g.Ops) {
		for i, w := range waits {
			if w > 0 {
				n := node{g: g, op: &g.Ops[i]}
				return fmt.Errorf("the graph has a cycle: op %q (%s) waits for its own output", n.label(), n.op.Kind)
			}
		}
	}
	g.Ops = sorted
	return nil
}

// ordered reports that every op comes after the ones it reads from.
func (g *Graph) ordered(producer []int32) bool {
	ok := true
	for i := range g.Ops {
		g.Ops[i].reads(func(id TensorID) { ok = ok && int(producer[id]) <= i })
	}
	return ok
}

// indices is a heap of op positions.
type indices []int32

func (h indices) Len() int           { return len(h) }
func (h indices) Less(i, j int) bool { return h[i] < h[j] }
func (h indices) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *indices) Push(v any)        { *h = append(*h, v.(int32)) }
func (h *indices) Pop() any {
	old := *h
	v := old[len(old)-1]
	*h = old[:len(old)-1]
	return v
}
