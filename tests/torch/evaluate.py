"""U of an energy.pt at points, with PyTorch alone: evaluate.py ENERGY.pt POINTS.txt"""

import sys

import torch

energy = torch.jit.load(sys.argv[1])
with open(sys.argv[2], encoding="utf-8") as file:
    points = torch.tensor([[float(x) for x in line.split()] for line in file], dtype=torch.float64)

U = energy(points)
assert U.shape == (len(points),) and U.dtype == torch.float64
assert energy(points[:0]).shape == (0,) and energy(points[:1]).shape == (1,)
for u in U.tolist():
    print(repr(u))

# converted before they run: where a module has run in another type PyTorch 2.6 takes its shapes for those of that run
single = torch.jit.load(sys.argv[1]).float()(points.float())
assert single.dtype == torch.float32 and torch.allclose(single.double(), U, rtol=1e-4, atol=1e-4)
double = torch.jit.load(sys.argv[1]).float().double()(points)
assert double.dtype == torch.float64
x = points.clone().requires_grad_()
assert torch.autograd.grad(energy(x).sum(), x)[0].shape == points.shape
