"""import otto under mpirun with mpi4py: whole arrays on every rank, the bits of one rank where the solver has them, and
exceptions of one rank on every rank."""

import unittest

from python_support import DOUBLE_WELL, on_ranks

import numpy as np
import otto


class Ranks(unittest.TestCase):
    def test_runs_and_steps(self):
        """The density of three ranks on each of them; communicators of part of the ranks."""
        out = on_ranks(3, """
run = otto.run(DOUBLE_WELL, comm=comm)
alone = otto.run(DOUBLE_WELL, comm=MPI.COMM_SELF)
assert np.abs(run.density - alone.density).max() < 1e-6
assert run.summary["ranks"] == 3 and alone.summary["ranks"] == 1
for state in otto.steps(DOUBLE_WELL):
    last = state.density
    if state.step == 2: state.density *= 0.5
assert abs(state.mass - 0.5) < 1e-12 and np.abs(2 * state.density - run.density).max() < 1e-6
part = comm.Split(0 if rank < 2 else 1)
assert otto.run(DOUBLE_WELL, comm=part).summary["ranks"] == part.size
V = lambda x: 2*(x[:, 0]**2-1)**2 + x[:, 1]**2
given = otto.run(case(energy=DOUBLE_WELL["energy"][:1]), V=V(run.centers))
assert np.abs(given.density - run.density).max() < 1e-6
print("same" if comm.allreduce(float(np.abs(run.density).sum())) == 3 * float(np.abs(run.density).sum()) else "differ")
""")
        self.assertEqual(out.count("same"), 3)

    def test_one_rank_raises(self):
        """Bad arrays, functions and callbacks on rank 1 alone raise on all ranks, which go on."""
        out = on_ranks(3, """
def raises(kind, others, **arguments):
    try:
        otto.run(DOUBLE_WELL, **arguments)
    except Exception as error:
        assert type(error) is (kind if rank == 1 else others), error
    else:
        raise AssertionError("nothing raised")
def at(value, otherwise): return value if rank == 1 else otherwise
n = 480
raises(otto.InputError, otto.InputError, V=at(np.zeros(3), np.zeros(n)))
raises(otto.InputError, otto.InputError, V=at(np.full(n, np.nan), np.zeros(n)))
raises(ZeroDivisionError, otto.CallbackError, V=at(lambda x: 1 / 0, lambda x: 0 * x[:, 0]))
raises(KeyError, otto.CallbackError, callback=at(lambda s: {}["a"], lambda s: None))
raises(KeyError, otto.CallbackError, rho0=at(lambda s: {}["a"], lambda x: 1 + 0 * x[:, 0]))
try:
    for state in otto.steps(DOUBLE_WELL):
        if rank == 1 and state.step == 2: state.density[0] = np.inf
except otto.InputError: pass
else: raise AssertionError("nothing raised")
try:
    for state in otto.steps(DOUBLE_WELL):
        if rank == 1 and state.step == 2: raise KeyError("mine")
except (KeyError, otto.CallbackError) as error: assert isinstance(error, KeyError) == (rank == 1)
else: raise AssertionError("nothing raised")
try:
    otto.run(at({**DOUBLE_WELL, "time": {"stepp": 1}}, DOUBLE_WELL))
except otto.InputError: pass
else: raise AssertionError("nothing raised")
closed = comm.Dup(); closed.Free()
try:
    otto.run(DOUBLE_WELL, comm=closed)
except otto.InputError: pass
else: raise AssertionError("nothing raised")
assert otto.run(DOUBLE_WELL).status == "completed"
print("alive")
""")
        self.assertEqual(out.count("alive"), 3)

    def test_one_rank_raises_in_gradients(self):
        """Bad tensors, functions and numbers for otto.torch on rank 1 alone."""
        out = on_ranks(3, """
import torch, otto.torch as ot
def at(value, otherwise): return value if rank == 1 else otherwise
box = {"kind": "box", "lower": [-2], "upper": [2], "cells": [24]}
domain = ot.Domain(box, comm=comm)
one, V = torch.ones(24).double(), domain.centers[:, 0]**2
def raises(kind, others, f):
    try: f()
    except Exception as error: assert type(error) is (kind if rank == 1 else others), error
    else: raise AssertionError("nothing raised")
def evolve(**more): return ot.evolve(**{**dict(V=V, rho0=one, mesh=domain, times=[0.1], step=0.01), **more})
both = otto.InputError, otto.InputError
raises(*both, lambda: evolve(V=at(V * float("nan"), V)))
raises(*both, lambda: evolve(rho0=at(-one, one)))
raises(*both, lambda: evolve(rho0=at(one[1:], one)))
raises(*both, lambda: evolve(V=at(torch.ones(24, device="meta"), V)))
raises(*both, lambda: evolve(step=at("a", 0.01)))
raises(*both, lambda: evolve(temperature=at(0.0, 1.0)))
raises(ZeroDivisionError, otto.CallbackError, lambda: evolve(V=at(lambda x: 1 / 0, V)))
raises(*both, lambda: ot.committor(V, V < at(-1.0, 0.1), V > 1, domain))
raises(*both, lambda: ot.rates(V, domain, count=at("a", 1)))
raises(*both, lambda: otto.spectrum(DOUBLE_WELL, k=at(0, 2)))
raises(*both, lambda: otto.run(DOUBLE_WELL, petsc=at(3, ())))
assert bool((evolve() > 0).all())
print("alive")
""")
        self.assertEqual(out.count("alive"), 3)

    def test_mpi_started_later(self):
        """mpi4py imported after the first run: MPI is started and ended once."""
        run = otto.run(DOUBLE_WELL)
        from mpi4py import MPI

        again = otto.run(DOUBLE_WELL, comm=MPI.COMM_SELF)
        self.assertTrue(np.array_equal(run.density, again.density))


if __name__ == "__main__":
    unittest.main()
