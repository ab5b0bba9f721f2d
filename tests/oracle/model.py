"""What train_step.py and trajectory.py share: hashed numbers, the networks, Adam.

The networks are those of disentanglement_lib. Layouts are the engine's: dense [out, in]; conv
[filters, kernel, kernel, channels]; transposed conv [its input's channels, kernel, kernel, its
output's]; images and flattening in the order height, width, channel.
"""
import math
import pathlib

import numpy as np
import torch
import torch.nn.functional as F

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "golden"


# ---- one hash of 32-bit words ----

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

def leaky_relu(x):
    return F.leaky_relu(x, 0.2)


def dense(name, n_in, n_out, f=None):
    return name, "dense", (n_out, n_in), f


def layers(network, kernel, channels, latents):
    """Encoder up to the heads, heads, decoder."""
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


def tensors(part, layer_list):
    """(name, shape, limit of Glorot's uniform or None for a bias) of weight and bias in turn."""
    for name, kind, shape, _ in layer_list:
        yield f"{part}/{name}/weight", shape, np.sqrt(6.0 / fans(kind, shape))
        yield f"{part}/{name}/bias", (shape[-1] if kind == "deconv" else shape[0],), None


class Network:
    """Layers applied with the tensors of `parameters`: {"encoder/conv1/weight": tensor, ...}."""

    def __init__(self):
        self.parameters, self.margin = {}, 1.0

    def tensors(self):
        return [t for part, layer_list in self.parts for t in tensors(part, layer_list)]

    def apply(self, part, layer, x):
        """x is [batch, features], or [batch, channels, height, width] around convolutions.
        `margin` becomes how near a rectifier is to its kink, relative to the largest of its
        layer."""
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


class Vae(Network):
    def __init__(self, network, kernel, channels, latents):
        super().__init__()
        self.channels, self.latents = channels, latents
        self.encoder, self.heads, self.decoder = layers(network, kernel, channels, latents)
        self.parts = (("encoder", self.encoder + self.heads), ("decoder", self.decoder))

    def encode(self, image):
        """Mean and log-variance, [batch, latents]; image [batch, height, width, channels]."""
        x = image.permute(0, 3, 1, 2)
        for layer in self.encoder:
            x = self.apply("encoder", layer, x)
        return [self.apply("encoder", head, x) for head in self.heads]

    def decode(self, z):
        """Logits [batch, pixels]."""
        y = z
        for layer in self.decoder:
            y = self.apply("decoder", layer, y)
        return (y.permute(0, 2, 3, 1) if y.dim() == 4 else y).flatten(1)


class Discriminator(Network):
    """FactorVAE's: logits [batch, 2]; class 0 is the joint q(z), class 1 the permuted z."""

    def __init__(self, latents):
        super().__init__()
        widths = [latents] + 6 * [1000]
        self.layers = [dense(f"dense{i + 1}", widths[i], 1000, leaky_relu) for i in range(6)]
        self.layers.append(dense("logits", 1000, 2))
        self.parts = (("discriminator", self.layers),)

    def __call__(self, z):
        for layer in self.layers:
            z = self.apply("discriminator", layer, z)
        return z


def sample(mean, logvar, noise):
    return mean + torch.exp(logvar / 2) * noise


def reconstruction_loss(logits, image):
    """Bernoulli, summed over pixels, mean over the batch."""
    loss = F.binary_cross_entropy_with_logits(logits, image.flatten(1), reduction="none")
    return loss.sum(1).mean()


# ---- the optimiser ----

class Adam:
    """On lists of arrays or tensors. placement "tensorflow": TF1's placement of epsilon ("epsilon
    hat"); "torch": beside the bias-corrected root, as the paper's algorithm 1."""

    def __init__(self, rate, beta1, beta2, epsilon, placement):
        assert placement in ("tensorflow", "torch")
        self.rate, self.beta1, self.beta2, self.epsilon = rate, beta1, beta2, epsilon
        self.placement, self.t, self.m, self.v = placement, 0, None, None

    def step(self, values, gradients):
        """The new values."""
        self.t += 1
        if self.m is None:
            self.m, self.v = [0.0 * x for x in values], [0.0 * x for x in values]
        one, two = 1 - self.beta1**self.t, 1 - self.beta2**self.t
        result = []
        for i, (x, g) in enumerate(zip(values, gradients)):
            m = self.m[i] = self.beta1 * self.m[i] + (1 - self.beta1) * g
            v = self.v[i] = self.beta2 * self.v[i] + (1 - self.beta2) * g * g
            if self.placement == "tensorflow":
                x = x - self.rate * math.sqrt(two) / one * m / (v**0.5 + self.epsilon)
            else:
                x = x - self.rate / one * m / ((v / two) ** 0.5 + self.epsilon)
            result.append(x)
        return result
