#!/usr/bin/env python3
"""What a training step costs on the CUDA device, on paper: nothing here was measured on a GPU.

    python3 benchmarks/model.py                     the tables of benchmarks/README.md
    python3 benchmarks/model.py --kernels factor_vae   where the time of a step goes, on an H100
    python3 benchmarks/model.py --check build/polarvae are these the kernels of the program's steps?

A step is a list of kernels; kernels/cuda makes one or more graph nodes of each. A node costs a gap
and the longest of: what any kernel takes, its arithmetic, its memory traffic, its longest chain of
loads that wait for each other.
"""
import argparse
import json
import math
import subprocess
from collections import Counter, namedtuple

# NVIDIA's data sheets: A100 (SXM), H100 (SXM), H200 (SXM); without sparsity. SMs and clocks: the
# architecture white papers; 2 x 128 (A100: 64) x SMs x clock is the fp32 peak.
GPUS = {  # SMs, GHz, TFLOP/s: fp32, tf32, bf16; GB/s
    "A100 40 GB": (108, 1.41, {"fp32": 19.5, "tf32": 156, "bf16": 312}, 1555),
    "A100 80 GB": (108, 1.41, {"fp32": 19.5, "tf32": 156, "bf16": 312}, 2039),
    "H100": (132, 1.98, {"fp32": 67, "tf32": 494.7, "bf16": 989}, 3350),
    "H200": (132, 1.98, {"fp32": 67, "tf32": 494.7, "bf16": 989}, 4800),
}

# Assumptions; benchmarks/README.md says where each comes from.
GAP = 0.8e-6       # seconds from a node's end to the next one's first instruction
LEAST = 1.2e-6     # of any kernel: it reads what the one before wrote, and writes
HOST = 8e-6        # of a step: starting the graph, and waking the thread that waits for it
FRONT = 0.3e-6     # the chip starts no more than a node in this time, from however many streams
OF_PEAK = {"fp32": 0.5, "tf32": 0.25, "bf16": 0.2}  # of products that fill the chip
OF_BANDWIDTH = 0.8
TILE, NARROW, SPLIT = 64, 32, 256  # a block makes 64 x 64 sums of 256 products; 32 sums at least
ROUND_TRIP = 270   # cycles until data comes from the L2 cache
IN_FLIGHT = 4      # loads of a plain loop that wait together: nvcc unrolls by four
GATHER = 100       # cycles of a word of bits: seven of eight are in the L1 cache
BATCH, LATENTS = 64, 10
CHUNK_ROWS, MOST_CHUNKS, WARP, BLOCK, LONG_ROW = 256, 1024, 32, 256, 1024  # kernels/cuda/drivers.cuh

OBJECTIVES = ["beta_vae", "annealed_vae", "factor_vae", "beta_tcvae", "dip_vae_i", "dip_vae_ii"]


# By whom: "own" kernels, a call of "cublas" or "cudnn", or a further kernel "inside" of such a call.
# flops: of the layer; padded: of the product that is made of it; cycles: of the longest chain.
Node = namedtuple("Node", "kernel by flops padded bytes blocks cycles")


class Step:
    """The kernels of a step, and the nodes that they become."""

    def __init__(self, objective, kernel, channels, precision):
        self.precision, self.nodes, self.kernels, self.parameters = precision, [], [], 0
        record(self, objective, kernel, channels)

    def call(self, name):
        self.kernels.append(name)

    def node(self, bytes=0, cycles=0, flops=0, padded=0, blocks=math.inf, by="own"):
        self.nodes.append(Node(self.kernels[-1], by, flops, padded, bytes, blocks, cycles))

    def small(self, name, numbers=0, cycles=0):
        self.call(name)
        self.node(bytes=4 * numbers, cycles=cycles)

    # ---- layers ----

    def product(self, m, n, k, flops, more, by="cublas", bytes=None):
        """[m, n] sums of k products; more: the library has a second kernel, which adds or clears."""
        def up(x, to):
            return math.ceil(x / to)
        self.node(flops=flops, padded=2 * up(m, NARROW) * up(n, NARROW) * NARROW ** 2 * k,
                  blocks=up(m, TILE) * up(n, TILE) * up(k, SPLIT), by=by,
                  bytes=bytes or 4 * (m * k + k * n + m * n))
        if more:
            self.node(bytes=8 * m * n, by="inside")

    def leave(self, numbers, fields):
        self.node(bytes=4 * numbers * (2 + fields))

    def bias(self, rows, cols, paired=False):
        """paired: the columns have been summed when their matrix left the layer that made it."""
        chunk = max(CHUNK_ROWS, math.ceil(rows / MOST_CHUNKS))
        chunks = math.ceil(rows / chunk)
        if not paired:
            self.node(bytes=4 * rows * cols, cycles=chunk / 8 * ROUND_TRIP / IN_FLIGHT)
        self.node(bytes=8 * chunks * cols, cycles=math.ceil(chunks / WARP) * ROUND_TRIP)

    def dense(self, rows, n_in, n_out):
        self.parameters += (n_in + 1) * n_out
        self.call("dense")
        self.product(rows, n_out, n_in, 2 * rows * n_in * n_out, n_in > SPLIT)
        self.leave(rows * n_out, 0)

    def dense_back(self, rows, n_in, n_out, fields, data=True, scaled=False, paired=False):
        """`fields`: of mask and plus, how many there are."""
        flops = 2 * rows * n_in * n_out
        self.call("dense_weight_grad")
        if scaled:
            self.node(bytes=8 * rows * n_out)
        self.product(n_out, n_in, rows, flops, rows > SPLIT)
        self.bias(rows, n_out, paired)
        if data:
            self.call("dense")
            self.product(rows, n_in, n_out, flops, n_out > SPLIT)
            if fields:
                self.leave(rows * n_in, fields)

    def convolve(self, name, layer, which):
        """`which`: down (from big to small), up, or weights; before what leaves."""
        side, channels, filters, kernel = layer
        small, big, taps = BATCH * (side // 2) ** 2, BATCH * side ** 2, kernel * kernel
        flops, copies = 2 * small * taps * channels * filters, self.precision == "bf16"
        self.call(name)
        # As products over patches; the patches are never stored.
        m, n, k = {"down": (small, filters, taps * channels),
                   "up": (big, channels, taps * filters // 4),
                   "weights": (filters, taps * channels, small)}[which]
        sizes = big * channels, small * filters, taps * channels * filters
        for size in sizes if copies else ():
            self.node(bytes=6 * size)
        self.product(m, n, k, flops, which != "down", by="cudnn", bytes=4 * sum(sizes))

    def conv(self, layer, up=False):
        side, channels, filters, kernel = layer
        self.parameters += kernel * kernel * channels * filters + (channels if up else filters)
        self.convolve("conv", layer, "up" if up else "down")
        self.leave(BATCH * (side ** 2 * channels if up else (side // 2) ** 2 * filters), 0)

    def conv_back(self, layer, up=False, data=True, paired=True):
        """Of a convolution, or (up) of its transpose."""
        side, channels, filters, _ = layer
        self.convolve("conv_weight_grad", layer, "weights")
        if up:
            self.bias(BATCH * side ** 2, channels, paired)
        else:
            self.bias(BATCH * (side // 2) ** 2, filters, paired)
        if data:
            self.convolve("conv", layer, "down" if up else "up")
            self.leave(BATCH * ((side // 2) ** 2 * filters if up else side ** 2 * channels), 1)

    # ---- the rest ----

    def rows(self, name, numbers, width, cycles):
        """A warp a row, or a block of a long one: a load, its arithmetic and a store before the next."""
        self.small(name, numbers, math.ceil(width / (BLOCK if width >= LONG_ROW else WARP)) * cycles)

    def optimiser(self, count):
        self.small("adam_rates")
        self.small("adam", 7 * count)


def record(s, objective, kernel, channels):
    """As host/train/step.c and host/objectives."""
    pixels, codes = 64 * 64 * channels, BATCH * LATENTS
    down = [(64, channels, 32, 4), (32, 32, 32, 4), (16, 32, 64, kernel), (8, 64, 64, kernel)]
    up = [(8, 64, 64, 4), (16, 32, 64, 4), (32, 32, 32, 4), (64, channels, 32, 4)]

    s.small("pick", BATCH)
    if channels == 1:
        s.rows("gather_bits", BATCH * pixels, pixels, GATHER)
    else:
        s.rows("gather_bytes", 1.25 * BATCH * pixels, pixels, ROUND_TRIP + 50)
    s.small("noise", codes)
    for layer in down:
        s.conv(layer)
    s.dense(BATCH, 1024, 256)
    s.dense(BATCH, 256, LATENTS)
    s.dense(BATCH, 256, LATENTS)
    s.small("reparameterise", 4 * codes)
    s.dense(BATCH, LATENTS, 256)
    s.dense(BATCH, 256, 1024)
    for layer in up:
        s.conv(layer, up=True)
    s.rows("bernoulli", 3 * BATCH * pixels, pixels, ROUND_TRIP + 150)
    s.small("column_sum", BATCH)
    for layer in reversed(up):
        s.conv_back(layer, up=True, paired=layer is not up[-1])
    s.dense_back(BATCH, 256, 1024, fields=1)
    s.dense_back(BATCH, LATENTS, 256, fields=0, paired=True)
    vae = s.parameters
    s.small("kl", 2 * codes)
    s.small("column_sum", BATCH)
    regularise(s, objective, codes)
    s.dense_back(BATCH, 256, LATENTS, fields=0)
    s.dense_back(BATCH, 256, LATENTS, fields=2)
    s.dense_back(BATCH, 1024, 256, fields=1, paired=True)
    for layer in reversed(down):
        s.conv_back(layer, data=layer is not down[0], paired=layer is not down[-1])
    s.optimiser(vae)
    s.small("end_step")


def regularise(s, objective, codes):
    if objective == "annealed_vae":
        s.small("anneal")
    elif objective == "beta_tcvae":
        s.small("precision", 2 * codes)
        # per code three passes of a warp over the batch
        s.rows("total_correlation", BATCH * BATCH, 3 * LATENTS * BATCH, 150)
        for _ in range(3):
            s.small("column_sum", BATCH)
    elif objective.startswith("dip"):
        s.small("column_mean", codes)
        if objective == "dip_vae_ii":
            s.small("variance", 2 * codes)
            s.small("column_mean", codes)
        s.small("covariance", codes)
        s.small("dip", LATENTS * LATENTS)
    elif objective == "factor_vae":
        discriminate(s, codes)
    s.small("posterior_grad", 6 * codes)
    if objective == "beta_tcvae":
        s.rows("total_correlation_grad", BATCH * BATCH, LATENTS * BATCH, 150)
    elif objective.startswith("dip"):
        s.small("dip_grad", 6 * codes)
    elif objective == "factor_vae":
        s.optimiser(s.parameters - s.before)


def discriminate(s, codes):
    rows, widths = 2 * BATCH, [LATENTS] + 6 * [1000] + [2]
    s.before = s.parameters
    s.small("keys", codes)
    s.small("ranks", codes, cycles=BATCH * ROUND_TRIP / IN_FLIGHT)
    s.small("pair", 4 * codes)
    for n_in, n_out in zip(widths, widths[1:]):
        s.dense(rows, n_in, n_out)
    s.small("discriminate", 12 * BATCH)
    for _ in range(3):
        s.small("column_sum", BATCH)
    for n_in, n_out in reversed(list(zip(widths, widths[1:]))):
        s.dense_back(rows, n_in, n_out, fields=n_in != LATENTS, scaled=True)
    s.small("unpair", 4 * codes)


# ---- times ----

def seconds(node, gpu, precision, full=False):
    """Of a node; `full`: on a chip that other lanes keep busy meanwhile."""
    processors, clock, peak, bandwidth = GPUS[gpu]
    share = 1 if full else min(1, node.blocks / processors)
    busy = max(node.padded / (1e12 * peak[precision] * OF_PEAK[precision] * share),
               node.bytes / (1e9 * bandwidth * OF_BANDWIDTH))
    return busy if full else GAP + max(LEAST, busy, node.cycles / (1e9 * clock))


def rate(step, gpu, lanes):
    """Steps a second of all lanes together."""
    alone = HOST + sum(seconds(n, gpu, step.precision) for n in step.nodes)
    full = sum(seconds(n, gpu, step.precision, full=True) for n in step.nodes)
    return min(lanes / alone, 1 / max(full, FRONT * len(step.nodes)))


def study_hours(gpu, precision, lanes):
    """12,600 models: 6 objectives of 6 strengths with 50 seeds on 7 data sets, of which 2 have one
    channel; 2x2 kernels; 300,000 steps, 150,000 of a FactorVAE."""
    total = 0
    for objective in OBJECTIVES:
        steps = 150e3 if objective == "factor_vae" else 300e3
        for channels, data_sets in (1, 2), (3, 5):
            total += 300 * data_sets * steps / rate(Step(objective, 2, channels, precision), gpu, lanes)
    return total / 3600


# ---- what is printed ----

def heading(*columns):
    print("| " + " | ".join(columns) + " |\n|" + "---|" * len(columns))


def tables():
    heading("a step", "kernels", "own nodes", "cuBLAS", "cuDNN", "inside of them", "GFLOP, 4x4 and 2x2",
            "MB moved")
    for objective in OBJECTIVES:
        steps = [Step(objective, kernel, 1, "fp32") for kernel in (4, 2)]
        by = Counter(n.by for n in steps[0].nodes)
        gflop = ", ".join(f"{1e-9 * sum(n.flops for n in s.nodes):.2f}" for s in steps)
        print(f"| {objective} | {len(steps[0].kernels)} | {by['own']} | {by['cublas']} | {by['cudnn']} "
              f"| {by['inside']} | {gflop} | {1e-6 * sum(n.bytes for n in steps[0].nodes):.0f} |")
    print()
    heading("steps/s at 1 and 32 lanes", *GPUS)
    for precision in OF_PEAK:
        for objective in OBJECTIVES if precision == "fp32" else ("beta_vae", "factor_vae"):
            step = Step(objective, 4, 1, precision)
            print(f"| {objective}, {precision} | " + " | ".join(
                f"{rate(step, g, 1):.0f}, {rate(step, g, 32):.0f}" for g in GPUS) + " |")
    print()
    heading("the study, GPU-hours at 1 and 32 lanes", *GPUS)
    for precision in OF_PEAK:
        print(f"| {precision} | " + " | ".join(
            f"{study_hours(g, precision, 1):.0f}, {study_hours(g, precision, 32):.0f}" for g in GPUS) + " |")


def kernels(objective):
    step = Step(objective, 4, 1, "fp32")
    for n in step.nodes:
        us, busy = (1e6 * seconds(n, "H100", "fp32", full) for full in (False, True))
        print(f"{n.kernel:24s} {n.by:6s} {us:6.1f} us, {busy:5.1f} us of the whole chip; "
              f"{1e-6 * n.flops:6.1f} MFLOP ({1e-6 * n.padded:6.1f} padded), {1e-6 * n.bytes:6.2f} MB")


def check(program):
    for objective in OBJECTIVES:
        told = json.loads(subprocess.run(
            [program, "bench", "kernels", "--json", "--device", "cpu", "--objective", objective],
            capture_output=True, check=True).stdout)
        step = Step(objective, 4, 1, "fp32")
        names = [k["kernel"] for k in told["kernels"]]
        gflop = 1e-9 * sum(n.flops for n in step.nodes)
        if names != step.kernels or abs(gflop - told["gflop"]) > 1e-6 * gflop:
            raise SystemExit(f"{objective}: the program's step is another one: {names}, {told['gflop']} "
                             f"GFLOP, not {step.kernels}, {gflop}")
        print(f"{objective}: {len(names)} kernels and {gflop:.3f} GFLOP, as the program's step")


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--kernels", metavar="OBJECTIVE", choices=OBJECTIVES)
    p.add_argument("--check", metavar="PROGRAM")
    a = p.parse_args()
    if a.check:
        check(a.check)
    elif a.kernels:
        kernels(a.kernels)
    else:
        tables()


if __name__ == "__main__":
    main()
