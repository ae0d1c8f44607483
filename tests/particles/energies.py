"""Energies of known normaliser as TorchScript, and exact samples, made without Otto."""

import h5py
import numpy as np
import torch


class Normal(torch.nn.Module):
    """-log N(mean, L L^T) + shift: log Z is -shift."""

    def __init__(self, mean, factor, shift):
        super().__init__()
        self.register_buffer("mean", torch.tensor(mean))
        self.register_buffer("inverse", torch.linalg.inv(torch.tensor(factor)))
        self.constant = float(np.log(np.diag(factor)).sum()
                              + 0.5 * len(mean) * np.log(2 * np.pi) + shift)

    def forward(self, x):
        z = (x.double() - self.mean) @ self.inverse.t()
        return 0.5 * (z * z).sum(1) + self.constant


class Ring(torch.nn.Module):
    """factor * sum_i b (x_i^2 - 1)^2 + J/2 (x_(i+1) - x_i)^2, with a reference if one is given."""

    def __init__(self, b, J, factor=1.0, shift=0.0, reference=None):
        super().__init__()
        self.b, self.J, self.factor, self.shift = b, J, factor, shift
        if reference is not None:
            self.register_buffer("reference_mean", torch.tensor(reference[0]))
            self.register_buffer("reference_factor", torch.tensor(reference[1]))

    def forward(self, x):
        step = torch.roll(x, [-1], [1]) - x
        u = self.b * (x * x - 1) ** 2 + 0.5 * self.J * step * step
        return self.factor * u.sum(1) + self.shift


def save(module, file):
    torch.jit.script(module.double()).save(file)


def ring_log_z(d, b, J, nodes=400):
    """log tr K^d by the eigenvalues of the symmetric K."""
    x, K = ring_matrix(b, J, nodes)
    w = np.linalg.eigvalsh(K)
    return d * np.log(w[-1]) + np.log(np.sum(np.clip(w / w[-1], 0, None) ** d))


def ring_mean_energy(d, b, J, nodes=400):
    """E U: neighbours have the law K(x, y) K^(d-1)(y, x), K symmetric."""
    x, K = ring_matrix(b, J, nodes)
    w, v = np.linalg.eigh(K)
    pairs = K * (v * (w / w[-1]) ** (d - 1) @ v.T)
    u = b * (x * x - 1) ** 2 + .5 * J * (x[:, None] - x) ** 2
    return d * np.sum(pairs * u) / np.sum(pairs)


def ring_matrix(b, J, nodes):
    x = np.linspace(-3.2, 3.2, nodes)
    V = b * (x * x - 1) ** 2
    return x, np.exp(-.5 * V[:, None] - .5 * V - .5 * J * (x[:, None] - x) ** 2) * (x[1] - x[0])


def ring_samples(d, b, J, n, rng, nodes=300):
    """Exact samples: x_0 from the diagonal of K^d, then along the chain back to x_0."""
    x, K = ring_matrix(b, J, nodes)
    powers = [np.eye(nodes)]
    for _ in range(d):
        M = powers[-1] @ K
        powers.append(M / M.max())
    start = np.diag(powers[d]) / np.trace(powers[d])
    first = rng.choice(nodes, n, p=start)
    out = np.empty((n, d), int)
    out[:, 0] = at = first
    for i in range(1, d):
        weights = np.cumsum(K[at] * powers[d - i][:, first].T, axis=1)
        at = (weights < rng.random(n)[:, None] * weights[:, -1:]).sum(1)
        out[:, i] = at
    return x[out] + (x[1] - x[0]) * (rng.random((n, d)) - .5)


def write_data(file, noise=None, **parts):
    with h5py.File(file, "w") as f:
        for name, rows in parts.items():
            f[name] = rows
        if noise is not None:
            f.attrs["noise"] = noise


def read_samples(file):
    with h5py.File(file) as f:
        return f["samples"][()]
