"""What a GPU sustains, in the terms of a catalog entry. Needs PyTorch with CUDA or ROCm; takes about two minutes.

    python gpu.py > measured.txt

Prints a TOML table for --catalog (efficiency: shares of the published rates you pass), and runs for `roofline calibrate`.
Every figure is the median of many runs after a warm-up; the clocks are the device's own. Pass the published rates:

    python gpu.py --peak 989e12 --bandwidth 3.35e12
"""

import argparse
import shutil
import statistics
import subprocess

import torch


def seconds(run, repeat=50, warm=10):
    """The median time of a run on the device, from events around it."""
    for _ in range(warm):
        run()
    times = []
    for _ in range(repeat):
        begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        begin.record()
        run()
        end.record()
        end.synchronize()
        times.append(begin.elapsed_time(end) / 1e3)
    return statistics.median(times)


def watts():
    """The power drawn now, where nvidia-smi tells."""
    if not shutil.which("nvidia-smi"):
        return None
    out = subprocess.run(["nvidia-smi", "--query-gpu=power.draw", "--format=csv,noheader,nounits"], capture_output=True, text=True)
    try:
        return float(out.stdout.split()[0])
    except (IndexError, ValueError):
        return None


def graph(run):
    """The same run as a CUDA graph: without the host's time per launch."""
    stream = torch.cuda.Stream()
    with torch.cuda.stream(stream):
        for _ in range(3):
            run()
    torch.cuda.synchronize()
    captured = torch.cuda.CUDAGraph()
    with torch.cuda.graph(captured):
        run()
    return captured.replay


def block(width=4096, heads=32):
    """One transformer block."""
    return torch.nn.TransformerEncoderLayer(width, heads, 4 * width, batch_first=True, norm_first=True, activation="gelu").cuda().to(torch.bfloat16).eval()


def models():
    """Models to run as a whole, with their inputs, as far as torchvision is there."""
    yield "transformer block, 8 x 1024 tokens", 8, block(), torch.randn(8, 1024, 4096, device="cuda", dtype=torch.bfloat16)
    try:
        import torchvision
    except ImportError:
        return
    for name in ("resnet50", "vit_b_16"):
        net = getattr(torchvision.models, name)().cuda().half().eval()
        for batch in (1, 64):
            yield name, batch, net, torch.randn(batch, 3, 224, 224, device="cuda", dtype=torch.float16)


@torch.inference_mode()
def main():
    options = argparse.ArgumentParser()
    options.add_argument("--peak", type=float, help="published dense bf16 peak, FLOP/s")
    options.add_argument("--bandwidth", type=float, help="published memory bandwidth, byte/s")
    o = options.parse_args()
    print(f"# {torch.cuda.get_device_name()}, PyTorch {torch.__version__}")
    idle = watts()

    # Bandwidth: a copy reads and writes every byte once.
    a = torch.empty(1 << 30, device="cuda", dtype=torch.uint8)
    b = torch.empty_like(a)
    rate = 2 * a.numel() / seconds(lambda: b.copy_(a))
    print(f"# copy of 1 GiB: {rate / 1e9:.0f} GB/s")
    del a, b

    # Matrix products, of which the best counts.
    best = 0.0
    for m, n, k in ((8192, 8192, 8192), (4096, 8192, 8192), (16384, 8192, 1280)):
        x, w = torch.randn(m, k, device="cuda", dtype=torch.bfloat16), torch.randn(k, n, device="cuda", dtype=torch.bfloat16)
        flops = 2 * m * n * k / seconds(lambda: x @ w)
        best = max(best, flops)
        print(f"# bf16 {m} x {k} x {n}: {flops / 1e12:.0f} TFLOP/s")
    loaded = watts()

    # Causal attention of a prefill and of a decode step.
    for batch, queries, keys in ((1, 8192, 8192), (64, 1, 4096)):
        q = torch.randn(batch, 32, queries, 128, device="cuda", dtype=torch.bfloat16)
        kv = torch.randn(batch, 32, keys, 128, device="cuda", dtype=torch.bfloat16)
        t = seconds(lambda: torch.nn.functional.scaled_dot_product_attention(q, kv, kv, is_causal=queries > 1))
        print(f"# attention, {batch} x {queries} queries over {keys} keys: {t * 1e6:.0f} us")

    # The shortest kernel, and what launching one takes the host.
    small = torch.zeros(1, device="cuda")
    many = 1000

    def chain():
        for _ in range(many):
            small.add_(1)

    floor = seconds(graph(chain)) / many
    launch = seconds(chain) / many - floor
    print(f"# shortest kernel {floor * 1e6:.2f} us, launch {launch * 1e6:.2f} us")

    print("[your-device-id]\nefficiency = {", end=" ")
    if o.peak:
        print(f"sustained = {{ bf16 = {best / o.peak:.2f} }},", end=" ")
    if o.bandwidth:
        print(f"bandwidth = {rate / o.bandwidth:.2f},", end=" ")
    print(f'kernel-floor = "{floor * 1e6:.1f} us" }}')
    if idle and loaded:
        print(f'power = {{ idle = "{idle:.0f} W" }} # {loaded:.0f} W after the products')

    for name, batch, net, x in models():
        for runtime, run in (("pytorch-eager", net), ("torch-compile", torch.compile(net))):
            print(f'\n[[run]]\nmodel = "{name}"\nruntime = "{runtime}"\nbatch = {batch}\nlatency = "{seconds(lambda: run(x)) * 1e3:.4f} ms"')


main()
