#!/usr/bin/env python3
"""The same beta-VAE training step in PyTorch, and `polarvae bench train`, in turn.

    python3 benchmarks/pytorch_step.py build/polarvae [--kernel 2|4] [--threads N] [--rounds N]

Batch 64, 64x64x1, float32, Adam, data already in memory: what polarvae's step does, less the
gathering of the batch. Prints the median step of each round of both and the ratio of the medians.
Needs torch (pip install torch); run it on an idle machine.
"""
import argparse
import json
import statistics
import subprocess
import time

import torch
from torch import nn


class Vae(nn.Module):
    """The study's networks; PyTorch keeps images as channels, height, width."""

    def __init__(self, kernel):
        super().__init__()
        pad = (kernel - 2) // 2
        self.encoder = nn.Sequential(
            nn.Conv2d(1, 32, 4, 2, 1), nn.ReLU(), nn.Conv2d(32, 32, 4, 2, 1), nn.ReLU(),
            nn.Conv2d(32, 64, kernel, 2, pad), nn.ReLU(), nn.Conv2d(64, 64, kernel, 2, pad), nn.ReLU(),
            nn.Flatten(), nn.Linear(1024, 256), nn.ReLU())
        self.mean, self.logvar = nn.Linear(256, 10), nn.Linear(256, 10)
        self.decoder = nn.Sequential(
            nn.Linear(10, 256), nn.ReLU(), nn.Linear(256, 1024), nn.ReLU(), nn.Unflatten(1, (64, 4, 4)),
            nn.ConvTranspose2d(64, 64, 4, 2, 1), nn.ReLU(), nn.ConvTranspose2d(64, 32, 4, 2, 1), nn.ReLU(),
            nn.ConvTranspose2d(32, 32, 4, 2, 1), nn.ReLU(), nn.ConvTranspose2d(32, 1, 4, 2, 1))

    def loss(self, x, beta=1.0):
        h = self.encoder(x)
        mean, logvar = self.mean(h), self.logvar(h)
        logits = self.decoder(mean + torch.exp(0.5 * logvar) * torch.randn_like(mean))
        rec = nn.functional.binary_cross_entropy_with_logits(logits, x, reduction="sum") / len(x)
        kl = 0.5 * (mean * mean + torch.expm1(logvar) - logvar).sum() / len(x)
        return rec + beta * kl


def torch_rounds(kernel, channels_last, seconds):
    model = Vae(kernel)
    images = (torch.rand(64, 1, 64, 64) < 0.1).float()
    if channels_last:
        model, images = model.to(memory_format=torch.channels_last), images.contiguous(
            memory_format=torch.channels_last)
    adam = torch.optim.Adam(model.parameters(), lr=1e-4, fused=True)

    def measure():
        times, end = [], time.perf_counter() + seconds
        while time.perf_counter() < end:
            start = time.perf_counter()
            adam.zero_grad(set_to_none=True)
            model.loss(images).backward()
            adam.step()
            times.append(1e3 * (time.perf_counter() - start))
        return statistics.median(times)

    measure()
    return measure


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("polarvae")
    p.add_argument("--kernel", type=int, default=4)
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--rounds", type=int, default=5)
    p.add_argument("--seconds", type=int, default=3)
    a = p.parse_args()
    torch.set_num_threads(a.threads)
    rivals = {"torch": torch_rounds(a.kernel, False, a.seconds),
              "torch channels_last": torch_rounds(a.kernel, True, a.seconds)}
    ms = {name: [] for name in ["polarvae", *rivals]}
    for _ in range(a.rounds):
        out = subprocess.run([a.polarvae, "bench", "train", "--quiet", "--json", "--kernel", str(a.kernel),
                              "--threads", str(a.threads), "--seconds", str(a.seconds)],
                             capture_output=True, check=True)
        ms["polarvae"].append(json.loads(out.stdout)["median_ms"])
        for name, measure in rivals.items():
            ms[name].append(measure())
    print(f"torch {torch.__version__}, kernel {a.kernel}, {a.threads} threads, batch 64")
    ours = statistics.median(ms["polarvae"])
    for name, values in ms.items():
        median = statistics.median(values)
        print(f"{name:20s} median {median:7.2f} ms ({min(values):.2f} to {max(values):.2f}), "
              f"{median / ours:.2f} times ours")


if __name__ == "__main__":
    main()
