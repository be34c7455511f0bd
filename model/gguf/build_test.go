package gguf

import (
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"

	"roofline/model/transformer"
)

// builder writes headers as a quantiser does. The data of the tensors is never there: files are sparse.
type builder struct {
	keys, tensors []byte
	nKeys, nTens  uint64
	next, end     uint64 // in the data
	parameters    float64
	bytes         float64
}

func (b *builder) str(to []byte, s string) []byte {
	return append(binary.LittleEndian.AppendUint64(to, uint64(len(s))), s...)
}

// key adds a key with a number, a string, or an array.
func (b *builder) key(name string, v any) *builder {
	b.nKeys++
	b.keys = b.str(b.keys, name)
	u32 := binary.LittleEndian.AppendUint32
	u64 := binary.LittleEndian.AppendUint64
	switch v := v.(type) {
	case string:
		b.keys = b.str(u32(b.keys, uint32(typeString)), v)
	case int:
		b.keys = u32(u32(b.keys, uint32(typeUint32)), uint32(v))
	case uint16:
		b.keys = binary.LittleEndian.AppendUint16(u32(b.keys, uint32(typeUint16)), v)
	case int64:
		b.keys = u64(u32(b.keys, uint32(typeInt64)), uint64(v))
	case float32:
		b.keys = u32(u32(b.keys, uint32(typeFloat32)), math.Float32bits(v))
	case bool:
		b.keys = append(u32(b.keys, uint32(typeBool)), map[bool]byte{true: 1}[v])
	case []bool:
		b.keys = u64(u32(u32(b.keys, uint32(typeArray)), uint32(typeBool)), uint64(len(v)))
		for _, e := range v {
			b.keys = append(b.keys, map[bool]byte{true: 1}[e])
		}
	case []int:
		b.keys = u64(u32(u32(b.keys, uint32(typeArray)), uint32(typeInt32)), uint64(len(v)))
		for _, e := range v {
			b.keys = u32(b.keys, uint32(e))
		}
	case []string:
		b.keys = u64(u32(u32(b.keys, uint32(typeArray)), uint32(typeString)), uint64(len(v)))
		for _, e := range v {
			b.keys = b.str(b.keys, e)
		}
	default:
		panic(fmt.Sprintf("no way to write a %T", v))
	}
	return b
}

// tensor adds a tensor of a ggml type.
func (b *builder) tensor(name string, kind uint32, shape ...int) *builder {
	elements := 1
	for _, n := range shape {
		elements *= n
	}
	f := formats[kind]
	size := float64(elements) / float64(f.block) * float64(f.blockBytes())
	b.raw(name, kind, b.next, shape...)
	b.end = b.next + uint64(size)
	b.next = (b.end + 31) / 32 * 32
	b.parameters += float64(elements)
	b.bytes += size
	return b
}

// raw adds a tensor's description as it is.
func (b *builder) raw(name string, kind uint32, offset uint64, shape ...int) *builder {
	b.nTens++
	b.tensors = binary.LittleEndian.AppendUint32(b.str(b.tensors, name), uint32(len(shape)))
	for _, n := range shape {
		b.tensors = binary.LittleEndian.AppendUint64(b.tensors, uint64(n))
	}
	b.tensors = binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint32(b.tensors, kind), offset)
	return b
}

// header returns the bytes up to the data.
func (b *builder) header() []byte { return b.counted(b.nTens, b.nKeys) }

// counted returns a header that claims other numbers of tensors and keys than it has.
func (b *builder) counted(tensors, keys uint64) []byte {
	h := binary.LittleEndian.AppendUint32([]byte("GGUF"), 3)
	h = binary.LittleEndian.AppendUint64(h, tensors)
	h = binary.LittleEndian.AppendUint64(h, keys)
	return append(append(h, b.keys...), b.tensors...)
}

// size returns the bytes of the whole file.
func (b *builder) size() int64 { return int64((len(b.header())+31)/32*32) + int64(b.end) }

// write makes a file of the right size with a hole for the data.
func (b *builder) write(t testing.TB, dir, name string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, b.header(), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, b.size()); err != nil {
		t.Fatal(err)
	}
	return path
}

// ggml's numbers of the types the tests name.
const (
	f32  = 0
	f16  = 1
	q4_k = 12
	q5_k = 13
	q6_k = 14
	q8_0 = 8
)

// recipe says which type a tensor of a layer gets.
type recipe func(name string, layer, layers int) uint32

func plain(kind uint32) recipe { return func(string, int, int) uint32 { return kind } }

// q4km is llama.cpp's Q4_K_M (llama_tensor_get_type): Q4_K, and Q6_K for the head and for values and the down
// projection of the layers at both ends and every third between.
func q4km(name string, i, n int) uint32 {
	more := i < n/8 || i >= 7*n/8 || (i-n/8)%3 == 2
	if name == "output" || more && (name == "attn_v" || name == "ffn_down") {
		return q6_k
	}
	return q4_k
}

// build writes the tensors of a model as llama.cpp's converter lays them out; fused puts queries, keys and values in one
// tensor, and gate and up.
func build(m *transformer.Model, arch string, fused bool, types recipe) *builder {
	b := new(builder)
	a, p := m.Layers[0].Attention, m.Layers[0].MLP
	b.key("general.architecture", arch).key("general.name", m.Name)
	b.key(arch+".block_count", m.LayerCount()).key(arch+".embedding_length", m.Hidden)
	b.key(arch+".feed_forward_length", p.Intermediate).key(arch+".context_length", m.MaxContext)
	b.key(arch+".attention.head_count", a.Heads).key(arch+".attention.head_count_kv", a.KVHeads)
	if a.HeadDim*a.Heads != m.Hidden {
		b.key(arch+".attention.key_length", a.HeadDim).key(arch+".attention.value_length", a.HeadDim)
	}
	for _, l := range m.Layers {
		if l.Attention.Window > 0 {
			b.key(arch+".attention.sliding_window", l.Attention.Window)
			break
		}
	}
	n := m.LayerCount()
	b.tensor("token_embd.weight", types("token_embd", 0, n), m.Hidden, m.Vocab)
	b.norm("output_norm", m.FinalNorm, m.Hidden)
	if !m.TiedEmbeddings {
		b.tensor("output.weight", types("output", 0, n), m.Hidden, m.Vocab)
	}
	if m.Positions > 0 {
		b.tensor("position_embd.weight", f32, m.Hidden, m.Positions)
	}
	for i := range n {
		b.layer(i, m, fused, types)
	}
	return b
}

func (b *builder) norm(name string, n transformer.Norm, width int) {
	b.tensor(name+".weight", f32, width)
	if n == transformer.LayerNorm {
		b.tensor(name+".bias", f32, width)
	}
}

func (b *builder) layer(i int, m *transformer.Model, fused bool, types recipe) {
	l := m.Layers[0]
	a, p, h, n := l.Attention, l.MLP, m.Hidden, m.LayerCount()
	q, kv := a.Heads*a.HeadDim, a.KVHeads*a.HeadDim
	linear := func(name string, bias bool, in, out int) {
		b.tensor(fmt.Sprintf("blk.%d.%s.weight", i, name), types(name, i, n), in, out)
		if bias {
			b.tensor(fmt.Sprintf("blk.%d.%s.bias", i, name), f32, out)
		}
	}
	for _, name := range []string{"attn_norm", "ffn_norm", "post_attention_norm", "post_ffw_norm"}[:l.Norms] {
		b.norm(fmt.Sprintf("blk.%d.%s", i, name), l.Norm, h)
	}
	if fused {
		linear("attn_qkv", a.QKVBias, h, q+2*kv)
	} else {
		linear("attn_q", a.QKVBias, h, q)
		linear("attn_k", a.QKVBias, h, kv)
		linear("attn_v", a.QKVBias, h, kv)
	}
	linear("attn_output", a.OutBias, q, h)
	if a.QKNorm == transformer.QKNormHead {
		b.tensor(fmt.Sprintf("blk.%d.attn_q_norm.weight", i), f32, a.HeadDim)
		b.tensor(fmt.Sprintf("blk.%d.attn_k_norm.weight", i), f32, a.HeadDim)
	}
	up := p.Intermediate
	switch {
	case p.Gated && fused:
		up *= 2
	case p.Gated:
		linear("ffn_gate", p.Bias, h, up)
	}
	linear("ffn_up", p.Bias, h, up)
	linear("ffn_down", p.Bias, p.Intermediate, h)
}
