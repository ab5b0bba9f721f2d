"""Writes tests/golden/step_*.h5 and adam.h5: one training step of a beta-VAE, and the optimiser.

PyTorch in float64 on the CPU; nothing of the engine is used. The networks are those of
disentanglement_lib, the loss is mean(reconstruction) + beta * mean(KL).

    pip install -r tests/oracle/requirements.txt
    python3 tests/oracle/train_step.py

Inputs are not stored: both sides make them from one hash of 32-bit words,

    hash(x):  x ^= x >> 16;  x *= 0x7feb352d;  x ^= x >> 15;  x *= 0x846ca68b;  x ^= x >> 16
    word(key, i) = hash(hash(key) + i),    u(key, i) = word(key, i) / 2^31 - 1    in [-1, 1)

and round to float32. Tensor t of the parameters (in the order of `tensor` below, which is weight
and bias of each layer in turn) has element i

    weight:  gain * sqrt(6 / (fan in + fan out)) * u(100 + t, i)        bias:  0.1 * u(100 + t, i)

Images and noise repeat after 3 rows: row r of the batch is row r mod 3 of

    pixel i:  word(key, i) & 1 with one channel, (word(key, i) & 255) / 255 with three
    noise i:  2 * u(key + 1, i)

with the first key for which no rectifier is so near its kink that rounding might flip it: a flip
moves a gradient by 1e-3, and would hide everything below. Networks and layouts are in model.py.

A step_*.h5 holds terms = (reconstruction, kl, loss), and of each tensor's gradient: norm, sum,
largest magnitude, and `value` at `position` word(900 + t, j) mod size for j in 0..199.
"""
import h5py
import numpy as np
import torch

import formulas
from model import GOLDEN, Adam, Vae, reconstruction_loss, rounded, sample, u, word

PROBES, ROWS = 200, 3
MARGIN = 6e-6  # of the largest: several times the rounding of the engine

# name: network, kernel of encoder layers 3 and 4, channels, latents, batch, beta, gain
STEPS = {
    "step_conv2": ("conv", 2, 1, 10, 37, 4.0, 1.8),
    "step_conv4": ("conv", 4, 1, 10, 16, 1.0, 1.8),
    "step_conv2_colour": ("conv", 2, 3, 7, 5, 6.0, 1.8),
    "step_conv4_colour": ("conv", 4, 3, 10, 17, 8.0, 1.8),
    "step_fc": ("fc", 0, 1, 10, 18, 2.0, 1.4),
}


# ---- inputs ----

class Model(Vae):
    def __init__(self, network, kernel, channels, latents, gain):
        super().__init__(network, kernel, channels, latents)
        for name, shape, limit in self.tensors():
            scale = 0.1 if limit is None else gain * limit
            x = scale * u(100 + len(self.parameters), int(np.prod(shape)))
            self.parameters[name] = rounded(x).reshape(shape).requires_grad_()

    def terms(self, image, noise):
        """Mean reconstruction loss and mean KL."""
        self.margin = 1.0
        mean, logvar = self.encode(image)
        logits = self.decode(sample(mean, logvar, noise))
        self.range = [f"{t.abs().max():.2f}" for t in (mean, logvar, logits)]
        return reconstruction_loss(logits, image), formulas.kl(mean, logvar)

    def rows(self, key):
        count = ROWS * 64 * 64 * self.channels
        pixels = word(key, count) & 1 if self.channels == 1 else (word(key, count) & 255) / 255.0
        return (rounded(pixels).reshape(ROWS, 64, 64, self.channels),
                rounded(2.0 * u(key + 1, ROWS * self.latents)).reshape(ROWS, self.latents))

    def key(self):
        with torch.no_grad():
            for key in range(1000, 9000, 2):
                self.terms(*self.rows(key))
                if self.margin > MARGIN:
                    return key
        raise SystemExit("every key has a rectifier near its kink")


# ---- the step ----

def write_step(name, network, kernel, channels, latents, batch, beta, gain):
    model = Model(network, kernel, channels, latents, gain)
    key = model.key()
    repeat = torch.arange(batch) % ROWS
    image, noise = (x[repeat] for x in model.rows(key))
    reconstruction, kl = model.terms(image, noise)
    loss = reconstruction + beta * kl
    loss.backward()
    terms = [t.item() for t in (reconstruction, kl, loss)]
    print(name, key, f"margin {model.margin:.1e}, terms", terms, "|mean, logvar, logits|", model.range)
    gradient = [p.grad.flatten().numpy() for p in model.parameters.values()]
    position = np.array([word(900 + t, PROBES) % len(g) for t, g in enumerate(gradient)])
    with h5py.File(GOLDEN / f"{name}.h5", "w") as f:
        f.attrs.update(network=int(network == "fc"), kernel=kernel, channels=channels,
                       latents=latents, batch=batch, beta=beta, gain=gain, key=key)
        f["terms"] = np.array(terms)
        f["tensor"] = np.array([key.encode() for key in model.parameters], dtype="S32")
        f["size"] = np.array([len(g) for g in gradient], dtype=np.int64)
        f["norm"] = np.array([np.sqrt((g * g).sum()) for g in gradient])
        f["sum"] = np.array([g.sum() for g in gradient])
        f["largest"] = np.array([np.abs(g).max() for g in gradient])
        f["position"] = position.astype(np.int64)
        f["value"] = np.array([g[p] for g, p in zip(gradient, position)])


# ---- Adam ----

def write_adam():
    """Five updates; the decays are those that a float32 holds. tensorflow: TF1's placement of
    epsilon ("epsilon hat"); torch: torch.optim.Adam."""
    steps, n, rate, epsilon = 5, 64, 1e-3, 1e-8
    beta1, beta2 = float(np.float32(0.9)), float(np.float32(0.999))
    start = rounded(u(1, n)).numpy()
    scale = 10.0 ** (word(2, n) % 12 - 9.0)
    gradient = np.array([rounded(scale * u(3 + t, n)).numpy() for t in range(steps)])
    gradient[:, 0] = 0.0
    gradient[1:, 1] = 0.0
    result = {"tensorflow": [], "torch": []}

    value, adam = [start.copy()], Adam(rate, beta1, beta2, epsilon, "tensorflow")
    for g in gradient:
        value = adam.step(value, [g])
        result["tensorflow"].append(value[0])

    weight = torch.from_numpy(start.copy()).requires_grad_()
    adam = torch.optim.Adam([weight], lr=rate, betas=(beta1, beta2), eps=epsilon)
    for g in gradient:
        weight.grad = torch.from_numpy(g.copy())
        adam.step()
        result["torch"].append(weight.detach().numpy().copy())

    with h5py.File(GOLDEN / "adam.h5", "w") as f:
        f.attrs.update(learning_rate=rate, beta1=beta1, beta2=beta2, epsilon=epsilon)
        f["start"], f["gradient"] = start, gradient
        for name, values in result.items():
            f[name] = np.array(values)


if __name__ == "__main__":
    for name, arguments in STEPS.items():
        write_step(name, *arguments)
    write_adam()
