"""An energy from three snapshots of a population, by Adam through the solver's own gradient.

    PYTHONPATH=build/python /usr/bin/python3 examples/python/learn_energy.py
"""

import torch

import otto.torch

domain = otto.torch.Domain({"kind": "box", "lower": [-2], "upper": [2], "cells": [80]})
x = domain.centers[:, 0]
times = [0.1, 0.3, 1.0]
start = torch.exp(-8 * (x + 0.5) ** 2)
start /= domain.volumes @ start


def evolve(V):
    return otto.torch.evolve(V, start, domain, times, temperature=0.5, step=0.02, scheme="tr_bdf2")


truth = (x**2 - 1) ** 2 + 0.3 * x
with torch.no_grad():
    data = evolve(truth)

torch.manual_seed(1)
network = torch.nn.Sequential(torch.nn.Linear(1, 32), torch.nn.SiLU(), torch.nn.Linear(32, 1)).double()
optimizer = torch.optim.Adam(network.parameters(), lr=0.02)
for iteration in range(400):
    optimizer.zero_grad()
    rho = evolve(network)
    loss = (domain.volumes * (data * torch.log(data / rho) - data + rho)).sum()
    loss.backward()
    optimizer.step()
    if iteration % 80 == 0:
        print(f"iteration {iteration}: KL {float(loss):.3e}")
print(f"iteration {iteration + 1}: KL {float(loss):.3e}")
