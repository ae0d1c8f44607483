"""An energy of eight normal laws on a circle, by Adam through the solver's own gradient; half a minute.

    PYTHONPATH=build/python /usr/bin/python3 examples/python/eight_gaussians.py [SEED]
"""

import math
import sys

import torch

import otto.torch

domain = otto.torch.Domain({"kind": "box", "lower": [-4.5, -4.5], "upper": [4.5, 4.5], "cells": [64, 64]})
torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
frequencies = torch.randn(2, 32).double()
network = torch.nn.Sequential(torch.nn.Linear(66, 24), torch.nn.SiLU(), torch.nn.Linear(24, 24), torch.nn.SiLU(),
                              torch.nn.Linear(24, 1)).double()
angles = torch.arange(8).double() * math.pi / 4
centers = torch.stack([torch.cos(angles), torch.sin(angles)], 1) * 4 / 1.414


def energy(x):
    z = x @ frequencies
    return network(torch.cat([x, torch.sin(z), torch.cos(z)], 1))[:, 0]


def masses(domain):
    """Of the cells of a square, exactly: normal laws of deviation 0.5/1.414."""
    half = domain.volumes[:, None, None].sqrt() / 2
    low, high = (torch.erf((domain.centers[:, None] + s * half - centers) * 1.414 / 0.5 / math.sqrt(2)) for s in (-1, 1))
    return ((high - low) / 2).prod(-1).mean(-1)


data = masses(domain)
start = torch.full_like(data, 1 / float(domain.volumes.sum()))
adam = torch.optim.Adam(network.parameters(), lr=0.03, betas=(0.9, 0.99))
schedule = torch.optim.lr_scheduler.OneCycleLR(adam, max_lr=0.03, total_steps=4000, pct_start=0.1, cycle_momentum=False)
for iteration in range(4000):
    adam.zero_grad()
    rho = otto.torch.evolve(energy, start, domain, [1e4], temperature=1.0, step=5e3)[0]  # at rest by then
    loss = (data * torch.log(data / (domain.volumes * rho))).sum()
    loss.backward()
    adam.step()
    schedule.step()
    if iteration % 500 == 0:
        print(f"iteration {iteration}: KL {float(loss):.2e}", flush=True)
print(f"iteration {iteration + 1}: KL {float(loss):.2e}")
