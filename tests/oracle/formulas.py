"""The objectives in PyTorch, for objectives.py and trajectory.py.

A regulariser is added to the reconstruction loss and minimised. mean, logvar, z and noise are
[batch, latents]; kl is the analytic KL to N(0, I), summed over latents, mean over the batch.

    beta-VAE        beta * kl                                       (Higgins et al., ICLR 2017)
    AnnealedVAE     gamma * |kl - c|                                (arXiv 1804.03599)
    beta-TCVAE      kl + (beta - 1) * TC                            (arXiv 1802.04942)
    FactorVAE       kl + gamma * mean(logit 0 - logit 1)            (arXiv 1802.05983)
    DIP-VAE-I, -II  kl + lambda_od * off + lambda_d * diagonal      (arXiv 1711.00848)
"""
import math

import torch

CLIP = 1e-6  # of the discriminator's probabilities, as disentanglement_lib


def kl(mean, logvar):
    return (0.5 * (mean**2 + logvar.exp() - logvar - 1)).sum(1).mean()


def capacity(c_max, step, iteration_threshold):
    """AnnealedVAE's c; the first step is 0."""
    return min(c_max, c_max * step / iteration_threshold)


# ---- the decomposition of the KL, from one batch ----

def log_normal(x, mean, logvar):
    return -0.5 * ((x - mean) ** 2 * torch.exp(-logvar) + logvar + math.log(2 * math.pi))


def log_weights(estimator, batch, examples):
    """log of the weight [j, i] of q(z_j | x_i) in the estimate of q(z_j).

    weighted:    1: minibatch weighted sampling without its constants, as disentanglement_lib
    constants:   1 / (N B): minibatch weighted sampling of Chen et al.
    stratified:  with M = B - 1, 1/N where i = j, (N - M) / (N M) where i = j + 1 mod B, else 1/M
    """
    n, m = examples, batch - 1
    if estimator == "weighted":
        return torch.zeros(batch, batch, dtype=torch.float64)
    if estimator == "constants":
        return torch.full((batch, batch), -math.log(n * batch), dtype=torch.float64)
    assert estimator == "stratified" and batch > 1
    weight = torch.full((batch, batch), 1 / m, dtype=torch.float64)
    row = torch.arange(batch)
    weight[row, row] = 1 / n
    weight[row, (row + 1) % batch] = (n - m) / (n * m)
    return weight.log()


def decomposition(z, mean, logvar, log_weight):
    """Of each row: mutual information, total correlation, dimension-wise KL. Their sum is the
    Monte-Carlo KL of the drawn z, log q(z|x) - log p(z)."""
    log_weight = log_weight.to(z)
    log_q = log_normal(z[:, None], mean[None], logvar[None])  # [j, i, d]
    joint = torch.logsumexp(log_q.sum(2) + log_weight, 1)
    product = torch.logsumexp(log_q + log_weight[:, :, None], 1).sum(1)
    posterior = log_normal(z, mean, logvar).sum(1)
    prior = log_normal(z, torch.zeros_like(z), torch.zeros_like(z)).sum(1)
    return posterior - joint, joint - product, product - prior


# ---- DIP-VAE ----

def dip_terms(mean, logvar, second):
    """Sum of the squares of the off-diagonal covariances, and of the variances less one. The
    covariance is that of the means over the batch (divided by B); of DIP-VAE-II plus the batch
    mean of the posterior variances."""
    x = mean - mean.mean(0)
    covariance = x.T @ x / len(x)
    if second:
        covariance = covariance + torch.diag(logvar.exp().mean(0))
    diagonal = torch.diagonal(covariance)
    off = covariance - torch.diag(diagonal)
    return (off**2).sum(), ((diagonal - 1) ** 2).sum()


# ---- FactorVAE ----

def discriminator_tc(logits):
    return (logits[:, 0] - logits[:, 1]).mean()


def discriminator_loss(joint, permuted):
    """Of logits of z and of permuted z. No gradient where a probability is clipped."""
    p0 = torch.softmax(joint, 1)[:, 0].clamp(CLIP, 1 - CLIP)
    p1 = torch.softmax(permuted, 1)[:, 1].clamp(CLIP, 1 - CLIP)
    return -(0.5 * p0.log().mean() + 0.5 * p1.log().mean())


def discriminator_accuracy(joint, permuted):
    """Share of the 2 B rows whose larger logit is that of their class."""
    right = (joint[:, 0] > joint[:, 1]).sum() + (permuted[:, 1] > permuted[:, 0]).sum()
    return right.double() / (len(joint) + len(permuted))
