package transformer

import "testing"

func TestDescribe(t *testing.T) {
	for _, c := range []struct {
		m    *Model
		want string
	}{
		{llama8B(), "32 heads, 8 key-value heads of 128; MLP 14336"},
		{deepseekV32(), "latent attention, 128 heads, rank 512 + 64, top 2048 of the context; MLP 18432"},
		{scout(), "40 heads, 8 key-value heads of 128, chunks of 8192; 16 experts of 8192, 1 a token, 8192 shared"},
		{qwenHybrid(), "linear attention, 32 states of 128 × 128; 512 experts of 512, 10 a token, 512 shared"},
		{nemotron(), "Mamba-2, 128 states of 64 × 128"},
		{whisperTiny(), "6 heads, 6 key-value heads of 64; cross-attention, 6 heads, 6 key-value heads of 64; MLP 1536"},
	} {
		if got := c.m.Layers[0].String(); got != c.want {
			t.Errorf("%s: %q, want %q", c.m.Name, got, c.want)
		}
	}
}
