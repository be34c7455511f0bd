package model

import (
	"fmt"
	"strings"

	"roofline/hardware/dtype"
)

// matmulOps are matrix products.
var matmulOps = map[string]spec{
	"MatMul":        {MatMul, matmul, matmulWork},
	"Gemm":          {MatMul, gemm, gemmWork},
	"Einsum":        {MatMul, einsum, einsumWork},
	"MatMulInteger": {MatMul, matmulInteger, matmulWork},
	"QLinearMatMul": {MatMul, qLinearMatMul, qLinearMatMulWork},
	"Det":           {Elementwise, det, detWork},
}

// matmul follows numpy: the last two dimensions multiply, the others broadcast, vectors gain and lose a dimension.
func matmul(n *node) error { return n.matmul(1, n.dtype(0)) }

func (n *node) matmul(at int, d dtype.DType) error {
	a, err := n.rank(0, 1)
	if err != nil {
		return err
	}
	b, err := n.rank(at, 1)
	if err != nil {
		return err
	}
	m, k, batchA := matrix(a, true)
	k2, cols, batchB := matrix(b, false)
	batch, err := n.broadcast(batchA, batchB)
	if err != nil {
		return err
	}
	out := batch
	switch {
	case len(a) > 1 && len(b) > 1:
		out = n.join(batch, []int64{m, cols})
	case len(a) > 1:
		out = n.join(batch, []int64{m})
	case len(b) > 1:
		out = n.join(batch, []int64{cols})
	}
	if err := n.set(0, out, d); err != nil {
		return err
	}
	if k != k2 {
		return fmt.Errorf("%v times %v: %d columns and %d rows", a, b, k, k2)
	}
	return nil
}

// matrix splits a shape into the rows and columns of its matrix and what comes before; a vector is one row on the left
// and one column on the right.
func matrix(s Shape, left bool) (rows, cols int64, batch Shape) {
	if len(s) >= 2 {
		return s[len(s)-2], s[len(s)-1], s[:len(s)-2]
	}
	if left {
		return 1, s[0], Shape{}
	}
	return s[0], 1, Shape{}
}

// matmulWork: MACs = output elements × the inner dimension. Against a single matrix the rows of all batches are one
// product; otherwise every batch is a product of its own.
func matmulWork(n *node, w *Work) { n.matmulWork(w, 1) }

func (n *node) matmulWork(w *Work, at int) {
	a, b := n.shape(0), n.shape(at)
	if len(a) == 0 || len(b) == 0 {
		return
	}
	m, k, _ := matrix(a, true)
	_, cols, batchB := matrix(b, false)
	if out := n.outShape().Elems(); batchB.Elems() == 1 {
		w.product(1, out/float64(max(cols, 1)), float64(cols), float64(k))
	} else {
		w.product(out/max(float64(m)*float64(cols), 1), float64(m), float64(cols), float64(k))
	}
}

func matmulInteger(n *node) error {
	quantisedWeight(n.in(1))
	return n.matmul(1, dtype.INT32)
}

// qLinearMatMul: a, its scale and zero point, b, its scale and zero point, the scale and zero point of y.
func qLinearMatMul(n *node) error {
	quantisedWeight(n.in(3), n.in(1), n.in(4), n.in(6))
	return n.matmul(3, n.dtype(7))
}

func qLinearMatMulWork(n *node, w *Work) {
	n.matmulWork(w, 3)
	w.addFLOPs(quantizeFLOPs * n.outShape().Elems())
}

// gemm: Y = alpha·A'·B' + beta·C, A' being A or its transpose.
func gemm(n *node) error {
	m, k, cols, err := n.gemmSizes(1)
	if err != nil {
		return err
	}
	if err := n.set(0, n.dimsOf(m, cols), n.dtype(0)); err != nil {
		return err
	}
	b, _ := n.rank(1, 2)
	if have := b[0] + b[1] - cols; have != k {
		return fmt.Errorf("%v times %v: inner dimensions of %d and %d", n.shape(0), b, k, have)
	}
	return nil
}

// gemmSizes returns the sizes of a Gemm, M×K by K×N.
func (n *node) gemmSizes(at int) (m, k, cols int64, err error) {
	a, err := n.rank(0, 2)
	if err != nil {
		return 0, 0, 0, err
	}
	b, err := n.rank(at, 2)
	if err != nil {
		return 0, 0, 0, err
	}
	m, k, cols = a[0], a[1], b[1]
	if n.op.Attrs.Int("transA", 0) != 0 {
		m, k = k, m
	}
	if n.op.Attrs.Int("transB", 0) != 0 {
		cols = b[0]
	}
	return m, k, cols, nil
}

func gemmWork(n *node, w *Work) {
	m, k, cols, err := n.gemmSizes(1)
	if err != nil {
		return
	}
	w.product(1, float64(m), float64(cols), float64(k))
	if n.in(2) != nil {
		w.addFLOPs(float64(m) * float64(cols))
	}
}

// terms is a parsed Einsum equation: the indices of each operand and of the output, one letter each. An ellipsis
// becomes capital letters from the end of the alphabet, aligned to the right.
type terms struct {
	in   []string
	out  string
	size [128]int64
}

// terms parses the equation of an Einsum and measures its indices.
func (n *node) terms() (*terms, error) {
	equation := strings.ReplaceAll(n.op.Attrs.Text("equation", ""), " ", "")
	left, right, explicit := strings.Cut(equation, "->")
	t := &terms{in: strings.Split(left, ",")}
	if len(t.in) != len(n.op.Inputs) {
		return nil, fmt.Errorf("equation %q for %d operands", equation, len(n.op.Inputs))
	}
	ellipsis := 0
	for i, term := range t.in {
		s, err := n.rank(i, 0)
		if err != nil {
			return nil, err
		}
		if strings.Contains(term, "...") {
			ellipsis = max(ellipsis, len(s)-(len(term)-3))
		}
	}
	if ellipsis > 8 {
		return nil, fmt.Errorf("equation %q stands for %d dimensions", equation, ellipsis)
	}
	for i, term := range t.in {
		s := n.shape(i)
		have := min(max(len(s)-(len(term)-3), 0), 8)
		t.in[i] = strings.Replace(term, "...", "STUVWXYZ"[8-have:], 1)
		if len(t.in[i]) != len(s) {
			return nil, fmt.Errorf("equation %q for an operand of shape %v", equation, s)
		}
		for k, c := range []byte(t.in[i]) {
			if c >= 128 {
				return nil, fmt.Errorf("equation %q", equation)
			}
			if have := t.size[c]; have > 1 && s[k] > 1 && have != s[k] {
				return nil, fmt.Errorf("equation %q: index %c is %d and %d", equation, c, have, s[k])
			}
			t.size[c] = max(t.size[c], s[k])
		}
	}
	t.out = strings.Replace(right, "...", "STUVWXYZ"[8-ellipsis:], 1)
	if !explicit {
		t.out = "STUVWXYZ"[8-ellipsis:] + implicitOutput(t.in)
	}
	for _, c := range []byte(t.out) {
		if c >= 128 || !strings.ContainsRune(strings.Join(t.in, ""), rune(c)) {
			return nil, fmt.Errorf("equation %q: no operand has output index %c", equation, c)
		}
	}
	return t, nil
}

// implicitOutput lists, in order, the indices that appear once.
func implicitOutput(in []string) string {
	all, out := strings.Join(in, ""), ""
	for c := 'A'; c <= 'z'; c++ {
		if strings.Count(all, string(c)) == 1 && (c < 'S' || c > 'Z') {
			out += string(c)
		}
	}
	return out
}

func einsum(n *node) error {
	t, err := n.terms()
	if err != nil {
		return err
	}
	out := n.dims(len(t.out))
	for k, c := range []byte(t.out) {
		out[k] = t.size[c]
	}
	return n.set(0, out, n.dtype(0))
}

// einsumWork: MACs = the product of all index sizes, for every operand after the first; one operand alone is only
// moved or summed. Of two operands, an index is a batch where both and the output have it, a row where the first and
// the output do, a column where the second and the output do, and otherwise summed over.
func einsumWork(n *node, w *Work) {
	t, err := n.terms()
	if err != nil {
		return
	}
	if len(t.in) == 1 {
		w.Class = Copy
		w.addFLOPs(n.shape(0).Elems() - n.outShape().Elems())
		return
	}
	groups, m, cols, k := 1.0, 1.0, 1.0, 1.0
	for c, size := range t.size {
		name := string(rune(c))
		a, b, out := strings.Contains(t.in[0], name), strings.Contains(t.in[1], name), strings.Contains(t.out, name)
		switch d := float64(size); {
		case size == 0:
		case a && b && out:
			groups *= d
		case a && out:
			m *= d
		case b && out:
			cols *= d
		default:
			k *= d
		}
	}
	w.product(groups, m, cols, k)
	w.addMACs(float64(len(t.in)-2) * groups * m * cols * k)
}

func det(n *node) error {
	s, err := n.rank(0, 2)
	if err != nil {
		return err
	}
	return n.set(0, s[:len(s)-2], n.dtype(0))
}

// detWork: ⅔·N³ of an LU decomposition.
func detWork(n *node, w *Work) {
	s := n.shape(0)
	if len(s) < 2 {
		return
	}
	w.addFLOPs(2.0 / 3 * s.Elems() * float64(s[len(s)-1]))
}
