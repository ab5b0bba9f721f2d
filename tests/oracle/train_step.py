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
moves a gradient by 1e-3, and would hide everything below. Layouts are the engine's: dense [out, in]; conv [filters, kernel, kernel,
channels]; transposed conv [its input's channels, kernel, kernel, its output's]; images and
flattening in the order height, width, channel.

A step_*.h5 holds terms = (reconstruction, kl, loss), and of each tensor's gradient: norm, sum,
largest magnitude, and `value` at `position` word(900 + t, j) mod size for j in 0..199.
"""
import pathlib

import h5py
import numpy as np
import torch
import torch.nn.functional as F

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "golden"
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

def hash32(x):
    x = np.atleast_1d(np.asarray(x, dtype=np.uint32))
    x = (x ^ (x >> np.uint32(16))) * np.uint32(0x7FEB352D)
    x = (x ^ (x >> np.uint32(15))) * np.uint32(0x846CA68B)
    return x ^ (x >> np.uint32(16))


def word(key, n):
    return hash32(hash32(key) + np.arange(n, dtype=np.uint32))


def u(key, n):
    return word(key, n) / 2.0**31 - 1.0


def rounded(x):
    return torch.from_numpy(x.astype(np.float32).astype(np.float64))


# ---- networks: layers are (name, kind, shape of the weight, activation) ----

def layers(network, kernel, channels, latents):
    """Encoder up to the heads, heads, decoder."""
    dense = lambda name, n_in, n_out, f=None: (name, "dense", (n_out, n_in), f)
    conv = lambda name, k, c, filters: (name, "conv", (filters, k, k, c), torch.relu)
    deconv = lambda name, c_in, c_out, f: (name, "deconv", (c_in, 4, 4, c_out), f)
    pixels = 64 * 64 * channels
    if network == "conv":
        encoder = [conv("conv1", 4, channels, 32), conv("conv2", 4, 32, 32),
                   conv("conv3", kernel, 32, 64), conv("conv4", kernel, 64, 64),
                   dense("dense1", 1024, 256, torch.relu)]
        decoder = [dense("dense1", latents, 256, torch.relu), dense("dense2", 256, 1024, torch.relu),
                   deconv("deconv1", 64, 64, torch.relu), deconv("deconv2", 64, 32, torch.relu),
                   deconv("deconv3", 32, 32, torch.relu), deconv("deconv4", 32, channels, None)]
        width = 256
    else:
        encoder = [dense("dense1", pixels, 1200, torch.relu), dense("dense2", 1200, 1200, torch.relu)]
        decoder = [dense("dense1", latents, 1200, torch.tanh), dense("dense2", 1200, 1200, torch.tanh),
                   dense("dense3", 1200, 1200, torch.tanh), dense("dense4", 1200, pixels, None)]
        width = 1200
    return encoder, [dense("mean", width, latents), dense("logvar", width, latents)], decoder


def fans(kind, shape):
    area = shape[1] * shape[2] if kind != "dense" else 1
    return area * (shape[0] + shape[-1])


def make_parameters(parts, gain):
    """{"encoder/conv1/weight": tensor, ...}, in order."""
    parameters = {}
    for part, layer_list in parts:
        for name, kind, shape, _ in layer_list:
            n_bias = shape[-1] if kind == "deconv" else shape[0]
            limit = gain * np.sqrt(6.0 / fans(kind, shape))
            for what, size, scale in (("weight", shape, limit), ("bias", (n_bias,), 0.1)):
                x = scale * u(100 + len(parameters), int(np.prod(size)))
                parameters[f"{part}/{name}/{what}"] = rounded(x).reshape(size).requires_grad_()
    return parameters


class Model:
    def __init__(self, network, kernel, channels, latents, gain):
        self.channels, self.latents = channels, latents
        self.encoder, self.heads, self.decoder = layers(network, kernel, channels, latents)
        parts = (("encoder", self.encoder + self.heads), ("decoder", self.decoder))
        self.parameters = make_parameters(parts, gain)

    def apply(self, part, layer, x):
        """x is [batch, features], or [batch, channels, height, width] around convolutions."""
        name, kind, shape, activation = layer
        weight, bias = (self.parameters[f"{part}/{name}/{what}"] for what in ("weight", "bias"))
        if kind == "dense":
            if x.dim() == 4:
                x = x.permute(0, 2, 3, 1).flatten(1)
            y = F.linear(x, weight, bias)
        else:
            if x.dim() == 2:
                x = x.reshape(len(x), 4, 4, 64).permute(0, 3, 1, 2)
            padding = (shape[1] - 2) // 2
            function = F.conv2d if kind == "conv" else F.conv_transpose2d
            y = function(x, weight.permute(0, 3, 1, 2), bias, stride=2, padding=padding)
        if activation is torch.relu:
            size = y.detach().abs()
            self.margin = min(self.margin, (size.min() / size.max()).item())
        return activation(y) if activation else y

    def terms(self, image, noise):
        """Mean reconstruction loss and mean KL; `margin` is how near a rectifier is to its kink,
        relative to the largest of its layer."""
        self.margin = 1.0
        x = image.permute(0, 3, 1, 2)
        for layer in self.encoder:
            x = self.apply("encoder", layer, x)
        mean, logvar = (self.apply("encoder", head, x) for head in self.heads)
        y = mean + torch.exp(logvar / 2) * noise
        for layer in self.decoder:
            y = self.apply("decoder", layer, y)
        logits = (y.permute(0, 2, 3, 1) if y.dim() == 4 else y).flatten(1)
        loss = F.binary_cross_entropy_with_logits(logits, image.flatten(1), reduction="none")
        kl = 0.5 * (mean**2 + logvar.exp() - logvar - 1)
        self.range = [f"{t.abs().max():.2f}" for t in (mean, logvar, logits)]
        return loss.sum(1).mean(), kl.sum(1).mean()

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

    value, m, v = start.copy(), np.zeros(n), np.zeros(n)
    for t, g in enumerate(gradient, 1):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g * g
        value = value - rate * np.sqrt(1 - beta2**t) / (1 - beta1**t) * m / (np.sqrt(v) + epsilon)
        result["tensorflow"].append(value)

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


for name, arguments in STEPS.items():
    write_step(name, *arguments)
write_adam()
