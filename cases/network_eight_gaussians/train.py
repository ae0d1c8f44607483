#!/usr/bin/python3
"""Writes energy.pt beside this file: a network trained by PyTorch alone on eight Gaussians, by maximum
likelihood with the partition function summed over a grid. A minute."""

import math
import os
import sys

import torch

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "postprocess"))

from export_energy import Energy, export  # noqa: E402

LOWER, UPPER, CELLS = [-4.5, -4.5], [4.5, 4.5], 64


class Fourier(torch.nn.Module):
    """z -> [z, sin zB, cos zB] with a fixed random B: sines make narrow modes easy to learn."""

    def __init__(self, count):
        super().__init__()
        self.register_buffer("B", 6 * torch.randn(2, count))

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return torch.cat([z, torch.sin(z @ self.B), torch.cos(z @ self.B)], 1)


def eight_gaussians(x):
    """The density: radius 4/1.414, deviation 0.5/1.414."""
    angle = torch.arange(8) * math.pi / 4
    center = 4 / 1.414 * torch.stack([angle.cos(), angle.sin()], 1)
    s2 = (0.5 / 1.414) ** 2
    square = ((x[:, None, :] - center) ** 2).sum(2)
    return torch.exp(-square / (2 * s2)).mean(1) / (2 * math.pi * s2)


torch.manual_seed(1)
torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)
net = torch.nn.Sequential(Fourier(32), torch.nn.Linear(66, 32), torch.nn.SiLU(),
                          torch.nn.Linear(32, 32), torch.nn.SiLU(), torch.nn.Linear(32, 1))
energy = Energy(net, LOWER, UPPER)
side = LOWER[0] + (UPPER[0] - LOWER[0]) * (torch.arange(CELLS) + 0.5) / CELLS
x = torch.cartesian_prod(side, side)
q = eight_gaussians(x)
q /= q.sum()
optimiser = torch.optim.Adam(net.parameters(), lr=5e-3)
schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, 1500)
for iteration in range(1500):
    U = energy(x)
    loss = (q * U).sum() + torch.logsumexp(-U, 0)  # KL(q|p) up to the entropy of q
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
    schedule.step()
    if iteration % 100 == 99:
        print(iteration + 1, (loss + (q * torch.log(q)).sum()).item(), flush=True)
export(net, LOWER, UPPER, os.path.join(HERE, "energy.pt"))
