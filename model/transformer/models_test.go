package transformer

import "roofline/hardware/dtype"

func mixtral() *Model {
	return &Model{
		Name: "mixtral-8x7b", Hidden: 4096, Vocab: 32_000, DType: dtype.BF16,
		Layers: []Layer{{
			Count: 32, Norms: 2,
			Attention: Attention{Heads: 32, KVHeads: 8, HeadDim: 128, Rotary: 128},
			MoE:       MoE{Experts: 8, TopK: 2, Intermediate: 14_336, Gated: true},
		}},
	}
}

func deepseekV3() *Model {
	latent := Latent{Heads: 128, QueryRank: 1536, Rank: 512, NopeDim: 128, RopeDim: 64, ValueDim: 128}
	return &Model{
		Name: "deepseek-v3", Hidden: 7168, Vocab: 129_280, DType: dtype.BF16,
		Layers: []Layer{
			{Count: 3, Norms: 2, Latent: latent, MLP: MLP{Intermediate: 18_432, Gated: true}},
			{Count: 58, Norms: 2, Latent: latent,
				MoE: MoE{Experts: 256, TopK: 8, Intermediate: 2048, Gated: true, ScoreBias: true, Shared: 2048}},
		},
	}
}

// deepseekV32 is DeepSeek-V3 with the indexer.
func deepseekV32() *Model {
	m := deepseekV3()
	m.Name = "deepseek-v3.2"
	for i := range m.Layers {
		m.Layers[i].Latent.Indexer = Indexer{Heads: 64, HeadDim: 128, TopK: 2048, QueryRank: 1536, Weighted: true, KeyNorm: true, FP8: true}
	}
	return m
}

func gptOSS() *Model {
	layer := Layer{Count: 18, Norms: 2,
		Attention: Attention{Heads: 64, KVHeads: 8, HeadDim: 64, Rotary: 64, Window: 128, QKVBias: true, OutBias: true, Sinks: true,
			Unquantized: true},
		MoE: MoE{Experts: 128, TopK: 4, Intermediate: 2880, Gated: true, Bias: true, RouterBias: true}}
	full := layer
	full.Attention.Window = 0
	return &Model{
		Name: "gpt-oss-120b", Hidden: 2880, Vocab: 201_088, DType: dtype.BF16, Layers: []Layer{layer, full},
		Quantization: Quantization{Method: "mxfp4", Weights: dtype.MXFP4, WeightOnly: true},
	}
}

// scout has Llama-4-Scout's layers: 36 in chunks of 8192, 12 without positions.
func scout() *Model {
	layer := Layer{Count: 36, Norms: 2,
		Attention: Attention{Heads: 40, KVHeads: 8, HeadDim: 128, Rotary: 128, Window: 8192, Chunked: true, QKNorm: QKNormUnweighted},
		MoE:       MoE{Experts: 16, TopK: 1, Intermediate: 8192, Gated: true, Shared: 8192}}
	full := layer
	full.Count, full.Attention = 12, Attention{Heads: 40, KVHeads: 8, HeadDim: 128}
	return &Model{Name: "llama-4-scout", Hidden: 5120, Vocab: 202_048, DType: dtype.BF16, Layers: []Layer{layer, full}}
}

// qwenHybrid has Qwen3-Next-80B-A3B's layers.
func qwenHybrid() *Model {
	moe := MoE{Experts: 512, TopK: 10, Intermediate: 512, Gated: true, Shared: 512, SharedGate: true}
	return &Model{
		Name: "qwen3-next-80b-a3b", Hidden: 2048, Vocab: 151_936, DType: dtype.BF16,
		Layers: []Layer{
			{Count: 36, Norms: 2, DeltaNet: DeltaNet{KeyHeads: 16, ValueHeads: 32, KeyDim: 128, ValueDim: 128, Kernel: 4}, MoE: moe},
			{Count: 12, Norms: 2, Attention: Attention{Heads: 16, KVHeads: 2, HeadDim: 256, Rotary: 64, QKNorm: QKNormHead, Gate: true},
				MoE: moe},
		},
	}
}

// nemotron has Nemotron-3-Super's layers, each of one part.
func nemotron() *Model {
	return &Model{
		Name: "nemotron-3-super", Hidden: 4096, Vocab: 131_072, DType: dtype.BF16,
		Layers: []Layer{
			{Count: 40, Norms: 1, Mamba: Mamba{Heads: 128, HeadDim: 64, Groups: 8, StateDim: 128, Kernel: 4, ConvBias: true}},
			{Count: 40, Norms: 1, MoE: MoE{Experts: 512, TopK: 22, Intermediate: 2688, ScoreBias: true, Latent: 1024, Shared: 5376}},
			{Count: 8, Norms: 1, Attention: Attention{Heads: 32, KVHeads: 2, HeadDim: 128}},
		},
	}
}

func bert() *Model {
	return &Model{
		Name: "bert-base", Kind: Encoder, Hidden: 768, Vocab: 30_522, Positions: 512, Segments: 2, Pooler: true, TiedEmbeddings: true,
		FinalNorm: LayerNorm, DType: dtype.FP32,
		Layers: []Layer{{Count: 12, Norms: 2, Norm: LayerNorm,
			Attention: Attention{Heads: 12, KVHeads: 12, HeadDim: 64, QKVBias: true, OutBias: true, Bidirectional: true},
			MLP:       MLP{Intermediate: 3072, Bias: true}}},
	}
}

func whisperTiny() *Model {
	attention := Attention{Heads: 6, KVHeads: 6, HeadDim: 64, QKVBias: true, NoKeyBias: true, OutBias: true}
	mlp := MLP{Intermediate: 1536, Bias: true}
	hears := attention
	hears.Bidirectional = true
	return &Model{
		Name: "whisper-tiny", Kind: EncoderDecoder, Hidden: 384, Vocab: 51_865, TiedEmbeddings: true, Positions: 448,
		FinalNorm: LayerNorm, DType: dtype.FP16,
		Source: &Source{Tokens: 1500, Positions: 1500, Mels: 80, FinalNorm: LayerNorm,
			Layers: []Layer{{Count: 4, Norms: 2, Norm: LayerNorm, Attention: hears, MLP: mlp}}},
		Layers: []Layer{{Count: 4, Norms: 3, Norm: LayerNorm, Attention: attention, Cross: attention, MLP: mlp}},
	}
}

func t5Base() *Model {
	attention := Attention{Heads: 12, KVHeads: 12, HeadDim: 64}
	reads := attention
	reads.Bidirectional = true
	return &Model{
		Name: "t5-base", Kind: EncoderDecoder, Hidden: 768, Vocab: 32_128, TiedEmbeddings: true, Buckets: 32, DType: dtype.BF16,
		Source: &Source{Buckets: 32, Layers: []Layer{{Count: 12, Norms: 2, Attention: reads, MLP: MLP{Intermediate: 3072}}}},
		Layers: []Layer{{Count: 12, Norms: 3, Attention: attention, Cross: attention, MLP: MLP{Intermediate: 3072}}},
	}
}

// every is a model of each kind of part.
func every() []*Model {
	return []*Model{tiny(), llama8B(), gemma3(), mixtral(), deepseekV3(), deepseekV32(), gptOSS(), scout(), qwenHybrid(), nemotron(),
		bert(), whisperTiny(), t5Base()}
}
