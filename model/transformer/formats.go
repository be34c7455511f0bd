package transformer

import "roofline/hardware/dtype"

// Formats are the number formats of one run. What is Unknown is taken from the checkpoint: see [Model.Resolve].
type Formats struct {
	// Weights is the format of the linear layers. Narrower than 16 bits it is a quantisation, and leaves embeddings,
	// head, norms and biases in the format of the activations, as the usual fp8 and int4 checkpoints do; those of GGUF leave
	// norms and biases only ([dtype.DType.GGUF]). Parts a checkpoint leaves out ([Attention.Unquantized],
	// [MLP.Unquantized]) stay out of another quantisation, too.
	Weights dtype.DType
	// Activations is the format of everything between the layers; weight-only formats are multiplied in it.
	Activations dtype.DType
	// KV is the format of the key-value cache.
	KV dtype.DType
	// Compute is the arithmetic of the quantised linear layers where it is not the one of Weights: W8A16 and W4A16
	// checkpoints, or a device without the format.
	Compute dtype.DType
}

// Quantization is how a checkpoint's linear layers are stored. The zero value is a checkpoint without.
type Quantization struct {
	Method  string      // the name the checkpoint gives it: fp8, awq, …
	Weights dtype.DType // Unknown where the checkpoint is not quantised
	KV      dtype.DType // format of the cache the checkpoint brings scales for, or Unknown
	// WeightOnly checkpoints multiply in the format of the activations, whatever the one of the weights.
	WeightOnly  bool
	Head        bool    // the head is quantised too
	HeadStorage Storage // its format, where it is another
}

// Storage is how the linear layers of a part are stored where it is not as [Quantization] says: checkpoints mix formats,
// such as fp8 for attention and nvfp4 for experts. It holds as long as the checkpoint's own weights are used. The zero
// value is the model's format.
type Storage struct {
	Weights    dtype.DType
	WeightOnly bool // as in [Quantization]
}

// Resolve fills in the formats that are not given. Weights come from the checkpoint. Activations follow weights of 16
// bits or more, else they are the format the checkpoint was quantised from. The cache follows the checkpoint when its
// own weights are used, else the activations.
func (m *Model) Resolve(f Formats) Formats {
	q := &m.Quantization
	if f.Weights == dtype.Unknown {
		f.Weights = first(q.Weights, m.DType)
	}
	if quantized(f.Weights) {
		f.Activations = first(f.Activations, m.DType)
	} else {
		f.Activations = first(f.Activations, f.Weights)
	}
	if q.Weights == f.Weights {
		f.KV = first(f.KV, q.KV)
		if q.WeightOnly {
			f.Compute = first(f.Compute, f.Activations.Arithmetic())
		}
	}
	f.KV = first(f.KV, f.Activations)
	f.Compute = first(f.Compute, f.Weights.Arithmetic(), f.Activations.Arithmetic())
	return f
}

// quantized reports a format that only linear layers are stored in.
func quantized(d dtype.DType) bool { return d.Bits() < 16 }

// wide returns the format of what is never quantised.
func (f *Formats) wide() dtype.DType {
	if quantized(f.Weights) {
		return f.Activations
	}
	return f.Weights
}

// format is how weights are stored and multiplied.
type format struct{ stored, compute dtype.DType }

// unquantized returns the format of what is never quantised.
func (c *compiler) unquantized() format { return format{c.wide, c.wide.Arithmetic()} }

// format returns the format of a part's linear layers.
func (c *compiler) format(unquantized bool, s Storage) format {
	f := &c.Formats
	switch {
	case unquantized || !quantized(f.Weights):
		return c.unquantized()
	case s.Weights == dtype.Unknown || f.Weights != c.model.Quantization.Weights:
		return format{f.Weights, f.Compute}
	case s.WeightOnly:
		return format{s.Weights, first(c.given.Compute, c.vector)}
	}
	return format{s.Weights, first(c.given.Compute, s.Weights.Arithmetic(), c.vector)}
}

// first returns the first known format.
func first(formats ...dtype.DType) dtype.DType {
	for _, d := range formats {
		if d != dtype.Unknown {
			return d
		}
	}
	return dtype.Unknown
}
