"""otto.torch against central differences: every derivative of the discrete quantity, to 1e-7."""

import os
import unittest

from python_support import ROOT, on_ranks

import numpy as np
import torch
import otto
import otto.torch as ot

BOXES = {
    1: {"kind": "box", "lower": [-1.5], "upper": [1.5], "cells": [24]},
    2: {"kind": "box", "lower": [-1.5, -1.0], "upper": [1.5, 1.0], "cells": [9, 7]},
    3: {"kind": "box", "lower": [-1.0, -0.9, -0.7], "upper": [1.0, 0.9, 0.7], "cells": [5, 4, 3]},
}
DISC = {"kind": "gmsh", "file": os.path.join(ROOT, "meshes", "disc.msh")}
TOLERANCE = 1e-7


def smooth(x):
    return (x**2).sum(1) + torch.sin(2 * x[:, 0])


def difference(f, h):
    """The derivative at 0 by eight points of a function of one number."""
    weights = {1: 4 / 5, 2: -1 / 5, 3: 4 / 105, 4: -1 / 280}
    return sum(w * (f(k * h) - f(-k * h)) for k, w in weights.items()) / h


def check(test, f, arguments, densities=(), seed=5, h=2e-2):
    """f(*arguments), a number: its derivative along a random direction in each argument; of `densities` by a part."""
    torch.manual_seed(seed)
    leaves = [a.clone().requires_grad_() for a in arguments]
    f(*leaves).backward()
    for i, leaf in enumerate(leaves):
        direction = torch.randn_like(leaf) * (0.1 * leaf.detach().abs() if i in densities else 1)
        exact = float((leaf.grad * direction).sum())

        def along(s, i=i, direction=direction):
            moved = [a + s * direction if j == i else a for j, a in enumerate(arguments)]
            return float(f(*moved).detach())

        off = abs(difference(along, h) - exact) / abs(exact)
        test.assertLess(off, TOLERANCE, f"argument {i}: {exact}")


class Gradients(unittest.TestCase):
    def domains(self):
        for d, box in BOXES.items():
            yield f"{d}-D box", ot.Domain(box)
        drift = {"mesh": BOXES[2], "drift": {"expression": ["0.3*y", "-0.2*x"]}, "diffusion": {"expression": "1+0.2*x^2"}}
        yield "drift and diffusion", ot.Domain(drift)
        if os.path.exists(DISC["file"]):
            yield "triangles", ot.Domain({"mesh": DISC})

    def test_evolve(self):
        for name, domain in self.domains():
            V, rho0 = smooth(domain.centers), 1 + 0.3 * torch.cos(domain.centers[:, 0])
            w = torch.cos(3 * domain.centers[:, 0]) * domain.volumes
            for scheme in ot.SCHEMES:
                if scheme == "jko" and domain.driven:
                    continue
                with self.subTest(f"{name}, {scheme}"):
                    def f(V, rho, kT, scheme=scheme, w=w, domain=domain):
                        ends = ot.evolve(V, rho, domain, [0.02, 0.05], temperature=kT, step=0.01, scheme=scheme)
                        return (w * (ends[0] + ends[1]**2)).sum()

                    check(self, f, [V, rho0, torch.tensor(0.8, dtype=torch.float64)], {1})

    def test_stationary(self):
        for _, domain in list(self.domains())[:3]:
            w = torch.cos(3 * domain.centers[:, 0])
            check(self, lambda V, kT: (w * ot.stationary(V, domain, kT)**2).sum(),
                  [smooth(domain.centers), torch.tensor(0.8, dtype=torch.float64)])

    def test_committor_and_rates(self):
        for name, domain in self.domains():
            x = domain.centers[:, 0]
            reach = float(x.abs().max())
            A, B = x < -0.7 * reach, x > 0.6 * reach
            w = torch.cos(3 * x)
            arguments = [smooth(domain.centers), torch.tensor(0.8, dtype=torch.float64)]
            with self.subTest(name):
                check(self, lambda V, kT: (w * ot.committor(V, A, B, domain, kT)).sum(), arguments)
                if not domain.driven:
                    check(self, lambda V, kT: (ot.rates(V, domain, kT, between=(A, B)) * torch.tensor([1.0, 0.3])).sum(), arguments)
                    check(self, lambda V, kT: (ot.rates(V, domain, kT, count=2) * torch.tensor([1.0, 0.3])).sum(), arguments)

    def test_w2(self):
        domain = ot.Domain({"mesh": {**BOXES[1], "grading": [1.05]}})
        x = domain.centers[:, 0]
        first, second = torch.exp(-2 * (x + 0.5)**2), torch.exp(-3 * (x - 0.4)**2)
        check(self, lambda a, b: ot.w2(a, b, domain), [first, second], {0, 1}, h=1e-3)

    def test_w2_in_the_plane_and_in_space(self):
        for d in (2, 3):
            domain = ot.Domain(BOXES[d])
            x = domain.centers
            first = 0.3 + torch.exp(-2 * ((x + 0.4)**2).sum(1))
            second = 0.3 + torch.exp(-3 * ((x - 0.3)**2).sum(1))
            with self.subTest(d):
                check(self, lambda a, b: ot.w2(a, b, domain, intervals=5, tolerance=1e-11), [first, second], {0, 1})

    def test_mpi(self):
        """Three ranks: the numbers and the gradients of one."""
        script = """
import torch, otto.torch as ot
from test_gradients import BOXES, smooth
for d in (2, 3):
    results = []
    for c in (comm, MPI.COMM_SELF):
        domain = ot.Domain(BOXES[d], comm=c)
        V = smooth(domain.centers).requires_grad_()
        rho = (1 + 0.3 * torch.cos(domain.centers[:, 0])).requires_grad_()
        kT = torch.tensor(0.8, dtype=torch.float64, requires_grad=True)
        x = domain.centers[:, 0]
        A, B = x < -0.6, x > 0.6
        total = 0
        for scheme in ot.SCHEMES:
            total = total + (ot.evolve(V, rho, domain, [0.02, 0.05], kT, step=0.01, scheme=scheme)**2).sum()
        total = total + (ot.committor(V, A, B, domain, kT)**2).sum() + ot.rates(V, domain, kT, between=(A, B)).sum()
        total = total + ot.rates(V, domain, kT, count=2).sum()
        total = total + ot.w2(rho, torch.exp(-domain.centers[:, 0]), domain, intervals=4, tolerance=1e-11)
        total.backward()
        results.append([total.detach(), V.grad, rho.grad, kT.grad])
    for a, b in zip(*results):
        assert float((a - b).abs().max() / b.abs().max()) < 1e-9, (a, b)
print("same")
"""
        self.assertEqual(on_ranks(3, script).count("same"), 3)


class Values(unittest.TestCase):
    def test_evolve_is_what_a_run_computes(self):
        box = BOXES[2]
        whole = {"mesh": box, "energy": [{"kind": "entropy", "temperature": 0.7}, {"kind": "external", "expression": "x^2+y"}],
                 "initial": {"kind": "gaussian", "mean": [0.0, 0.0], "variance": 0.2}, "solver": {"rtol": 1e-13}}
        for scheme in ot.SCHEMES:
            whole["time"] = {"scheme": scheme, "step": 0.01, "end": 0.1}
            start = next(iter(otto.steps(whole))).density
            run = otto.run(whole)
            V = run.centers[:, 0]**2 + run.centers[:, 1]
            for mesh in (box, whole):
                rho = ot.evolve(torch.tensor(V), torch.tensor(start), mesh=mesh, times=[0.0, 0.05, 0.1], temperature=0.7,
                                step=0.01, scheme=scheme)
                self.assertEqual(rho.shape, (3, len(V)))
                self.assertTrue(np.array_equal(rho[0], start))
                self.assertLess(np.abs(rho[2].numpy() - run.density).max(), 1e-10)

    def test_memory(self):
        """Kept whole or by checkpoints: the same gradient."""
        domain = ot.Domain(BOXES[2])
        gradients = []
        for memory in (2**30, 1):
            V = smooth(domain.centers).requires_grad_()
            rho = ot.evolve(V, torch.ones(len(domain)), domain, [0.3], 0.8, step=0.01, memory=memory)
            (rho**2).sum().backward()
            gradients.append(V.grad)
        self.assertLess(float((gradients[0] - gradients[1]).abs().max()), 1e-12)

    def test_rates_of_the_program(self):
        domain = ot.Domain(BOXES[1])
        V = domain.centers[:, 0]**2
        spectrum = otto.spectrum({"mesh": BOXES[1], "energy": [{"kind": "entropy", "temperature": 0.8},
                                                             {"kind": "external", "expression": "x^2"}],
                                  "initial": {"kind": "uniform"}, "time": {"step": 1.0, "end": 1.0}}, k=2)
        self.assertLess(np.abs(ot.rates(V, domain, 0.8, count=2).numpy() / spectrum.summary["spectrum"]["matrix_rates"] - 1).max(),
                        1e-9)

    def test_w2_of_translations(self):
        """A block moved by whole cells: W2 is the way."""
        domain = ot.Domain(BOXES[1])
        first, second = torch.zeros(24, dtype=torch.float64), torch.zeros(24, dtype=torch.float64)
        first[3:7] = 1
        second[9:13] = 1
        mass = 4 * 0.125
        self.assertAlmostEqual(float(ot.w2(first, second, domain)), mass**0.5 * 6 * 0.125, places=14)

    def test_closed_communicators(self):
        """A domain whose communicator has been closed: InputError, also of a gradient, and the process lives."""
        from mpi4py import MPI

        comm = MPI.COMM_SELF.Dup()
        domain = ot.Domain(BOXES[2], comm=comm)
        V = smooth(domain.centers).requires_grad_()
        value = ot.evolve(V, torch.ones(63), domain, [0.1], 0.8, step=0.01).sum()
        comm.Free()
        for ask in (value.backward, lambda: ot.evolve(V, torch.ones(63), domain, [0.1], 0.8, step=0.01),
                    lambda: ot.committor(V, V < 0, V > 1, domain)):
            with self.assertRaisesRegex(otto.InputError, "has been closed"):
                ask()

    def test_refusals(self):
        box, V, rho = BOXES[2], torch.zeros(63), torch.ones(63)
        refused = [(lambda: ot.evolve(V, rho, box, [0.1], step=0.01, scheme="jko_bdf2"), "no gradient"),
                   (lambda: ot.evolve(V, rho, {"mesh": box, "drift": {"expression": ["1", "0"]}}, [0.1], step=0.01, scheme="jko"),
                    "which a drift does not have"),
                   (lambda: ot.evolve(V[1:], rho, box, [0.1], step=0.01), "has the shape"),
                   (lambda: ot.evolve(V * float("nan"), rho, box, [0.1], step=0.01), "is nan"),
                   (lambda: ot.evolve(V, rho, box, [0.1, 0.1], step=0.01), "must increase"),
                   (lambda: ot.evolve(V, -rho, box, [0.1], step=0.01), "nowhere negative"),
                   (lambda: ot.stationary(V * float("nan"), box), "is nan"),
                   (lambda: ot.rates(V, box, count=0), "from 1 to 62"),
                   (lambda: ot.evolve(V, rho, box, [0.1], step=0.01, temperature=-1.0), "temperature"),
                   (lambda: ot.evolve(V, rho, {"mesh": box, "boundary": {"absorbing": ["x_max"]}}, [0.1], step=0.01),
                    "derivatives of a flow are not available"),
                   (lambda: ot.evolve(V, rho, {"mesh": box, "flux": {"kind": "fourth_order"}}, [0.1], step=0.01),
                    "derivatives of a flow are not available"),
                   (lambda: ot.evolve(V, rho * float("inf"), box, [0.1], step=0.01), "nowhere negative"),
                   (lambda: ot.evolve(V.to("meta"), rho, box, [0.1], step=0.01), "has no numbers"),
                   (lambda: ot.evolve(V.to_sparse(), rho, box, [0.1], step=0.01), "of the layout"),
                   (lambda: ot.evolve(V * 1j, rho, box, [0.1], step=0.01), "is complex"),
                   (lambda: ot.evolve(V, rho, box, ["a"], step=0.01), "takes numbers"),
                   (lambda: ot.evolve(V, rho, box, [0.1], step="a"), "takes a number"),
                   (lambda: ot.evolve(V, rho, box, [1e30], step=1e-30), "would have"),
                   (lambda: ot.evolve(V, rho, box, [0.1], step=0.01, memory=-1), "must be 0 or more"),
                   (lambda: ot.evolve(V, rho, box, [0.1], step=0.01, temperature=torch.ones(2)), "one number"),
                   (lambda: ot.stationary(V, box, mass=-1.0), "must be positive"),
                   (lambda: ot.rates(V, box, count=1.5), "a whole number"),
                   (lambda: ot.rates(V, box, between=3), "two sets"),
                   (lambda: ot.w2(rho, rho, {**box, "periodic": [True, False]}), "an axis of this box is periodic"),
                   (lambda: ot.w2(rho, rho, {**box, "grading": [1.1, 1.0]}), "cells of one size"),
                   (lambda: ot.w2(rho, 0 * rho, box), "has mass"),
                   (lambda: ot.w2(rho, rho, box, intervals=1), "at least 2"),
                   (lambda: ot.w2(rho, rho, box, tolerance=0), "between 0 and 1"),
                   (lambda: ot.committor(V, V > 1, V < 1, box), "has no cells"),
                   (lambda: ot.committor(V, V < 1, V < 1, box), "in common")]
        for ask, words in refused:
            with self.assertRaisesRegex(otto.InputError, words):
                ask()


if __name__ == "__main__":
    unittest.main()
