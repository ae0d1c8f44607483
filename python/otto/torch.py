"""Gradients through Otto for PyTorch: every function gives the exact derivative of the discrete quantity it computes.

    domain = Domain({"kind": "box", "lower": [-2], "upper": [2], "cells": [200]})
    rho = evolve(V, rho0, mesh=domain, times=[0.1, 0.2], step=0.01, temperature=1.0)     # (2, n)
    rho[-1].sub(target).square().sum().backward()                                        # V.grad, rho0.grad

V and rho0 are tensors with one value per cell, in the order of final.h5 (`domain.centers`, `domain.volumes`). Under MPI
every rank holds whole tensors, calls the same functions and gets the same gradients.
"""

import math

import numpy as np
import torch
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from . import _comm, _otto, _parts
from .case import Case, asked
from .errors import InputError

SCHEMES = ("implicit_euler", "tr_bdf2", "jko")
_REFUSED = {
    "jko_bdf2": "its extrapolation is not differentiated", "jko_midpoint": "its extrapolation is not differentiated",
    "midpoint": "its mean depends on the energy's difference, whose derivative is not available",
    "exponential": "the Krylov projection that approximates it is not differentiated",
}
_MAX_STEPS = 1e8
_RTOL = 1e-13  # of linear solves: gradients have about as many digits


class Domain:
    """What V and rho are given on: the mesh, flux, drift and diffusion of a case, or a box of no more than a mesh.

    Makes the mesh once, so that many calls share it. centers: (n, d), volumes: (n), as float64 tensors.
    """

    def __init__(self, case, comm=None):
        self._given = comm
        self.comm = _comm.handle(comm)
        made = {}

        def prepare():
            whole = Case(_as_case(case))
            whole.check()
            made["case"] = whole

        _comm.together(self.comm, prepare)
        self.case = made["case"]
        self._domain = _otto.Domain(self.comm, asked(self.case))
        self.dimension = self._domain.dimension
        self.driven = self._domain.driven
        self.centers = torch.from_numpy(self._domain.centers().reshape(-1, self.dimension))
        self.volumes = torch.from_numpy(self._domain.volumes())

    def __len__(self):
        return len(self.volumes)

    def together(self, function):
        """function() on every rank; what it raises on one is raised on all."""
        _comm.handle(self._given)  # which may have been closed
        made = []
        _comm.together(self.comm, lambda: made.append(function()))
        return made[0]

    @property
    def temperature(self):
        """kT of the case's entropy; 1 where only a mesh was given."""
        return next((float(self.case[f"energy[{i}].temperature"]) for i in range(1, 10)
                     if self.case.get(f"energy[{i}].kind") == "entropy"), 1.0)


def _as_case(case):
    if not isinstance(case, dict):
        return case
    content = case if "mesh" in case else {"mesh": case}
    whole = {"energy": [{"kind": "entropy", "temperature": 1.0}], "initial": {"kind": "uniform"},
             "time": {"scheme": "implicit_euler", "step": 1.0, "end": 1.0}}
    whole.update(content)
    return whole


_domains = {}


def _domain_of(mesh, comm):
    """The Domain itself, or the one made for the same mesh before."""
    if isinstance(mesh, Domain):
        return mesh
    case = Case(_as_case(mesh))
    key = (case.text, tuple(case.settings), case.file, _comm.handle(comm))
    if key not in _domains:
        if len(_domains) >= 8:
            _domains.pop(next(iter(_domains)))
        _domains[key] = Domain(mesh, comm)
    return _domains[key]


def _field(domain, value, what):
    """A float64 tensor on the CPU with one value per cell; its device and type come back by autograd."""
    tensor = _parts.dense(value, what) if isinstance(value, torch.Tensor) else torch.as_tensor(_parts.to_numpy(value, what))
    if tensor.is_complex():
        raise InputError(f"{what}: is complex; energies and densities are real")
    if tensor.shape != (len(domain),):
        raise InputError(f"{what}: has the shape {tuple(tensor.shape)}, and the mesh has {len(domain)} cells; give one value "
                         "per cell, in the order of Domain.centers")
    return tensor.to(device="cpu", dtype=torch.float64)


def _density(domain, value, what):
    rho = _field(domain, value, what)
    if not bool(((rho >= 0) & (rho < math.inf)).all()):
        raise InputError(f"{what}: a density is nowhere negative and everywhere a number")
    return rho


def _energy(domain, V):
    """V per cell, of a tensor or of a function of the centres."""
    if callable(V) and not isinstance(V, torch.Tensor):
        dtype = next((p.dtype for p in V.parameters()), torch.float64) if hasattr(V, "parameters") else torch.float64
        V = V(domain.centers.to(dtype))
        if isinstance(V, torch.Tensor) and V.dim() == 2 and V.shape[1] == 1:
            V = V[:, 0]
    V = _field(domain, V, "V")
    if not bool(torch.isfinite(V).all()):
        raise InputError("V: is nan or infinite in a cell")
    return V


def _kT(domain, temperature):
    value = domain.temperature if temperature is None else temperature
    try:
        tensor = torch.as_tensor(value, dtype=torch.float64).reshape(())
    except (TypeError, ValueError, RuntimeError):
        raise InputError(f"temperature: takes one number, not {value!r}") from None
    if not (math.isfinite(float(tensor.detach())) and float(tensor.detach()) > 0):
        raise InputError(f"temperature: is {float(tensor.detach())}; it must be positive")
    return tensor


def _array(tensor):
    return np.ascontiguousarray(tensor.detach().numpy())


def _legs(times, step):
    """The steps from 0 to each time: equal ones, at most `step` long, that end at every time."""
    try:
        times = [float(t) for t in np.atleast_1d(np.asarray(times, dtype=float))]
    except (TypeError, ValueError):
        raise InputError(f"times: takes numbers, not {times!r}") from None
    step = _parts.number(step, "step")
    if not times or not all(math.isfinite(t) for t in times) or times[0] < 0 or any(b <= a for a, b in zip(times, times[1:])):
        raise InputError(f"times: must increase from 0 or more, not {times}")
    if not step > 0:
        raise InputError(f"step: is {step}; it must be positive")
    if times[-1] / step > _MAX_STEPS:
        raise InputError(f"step: of {step} would have {times[-1] / step:.3g} of them up to {times[-1]}")
    legs, before = [], 0.0
    for t in times:
        count = max(1, math.ceil((t - before) / step * (1 - 1e-9))) if t > before else 0
        length = (t - before) / count if count else 0.0
        exact = count and abs(length - step) <= 1e-9 * step
        legs.append([step if exact else length] * count)
        before = t
    return legs


class _Evolve(Function):
    @staticmethod
    def forward(ctx, V, rho0, kT, domain, legs, scheme, memory):
        flow = _otto.Flow(domain._domain, float(kT), legs, scheme, _RTOL, memory)
        ends = flow.solve(_array(V), _array(rho0))
        ctx.flow, ctx.domain = flow, domain
        return torch.from_numpy(ends.reshape(len(legs), -1))

    @staticmethod
    @once_differentiable
    def backward(ctx, cotangent):
        ctx.domain.together(lambda: None)
        of_V, of_rho0, of_kT = ctx.flow.adjoint(_array(cotangent.contiguous()))
        return (torch.from_numpy(of_V), torch.from_numpy(of_rho0), torch.tensor(of_kT, dtype=torch.float64),
                None, None, None, None)


def evolve(V, rho0, mesh, times, temperature=None, step=None, scheme="implicit_euler", memory=2**30, comm=None):
    """Densities at `times` of the flow that starts from rho0 at time 0: a tensor (len(times), n).

    V: per cell, or a function of the centres (n, d) such as a torch module. Derivatives: of V, rho0 and temperature.
    mesh: a Domain, a [mesh] table as a dict, or a case; with a case its flux, drift and diffusion are there too, its energies
    beside the entropy are not. scheme: implicit_euler, tr_bdf2 or jko (one inner step, centred weights), in equal steps of
    at most `step` (default: of the case) between the times.
    memory: bytes per rank for the densities of the steps; where it is not enough 3.5 sqrt(steps) are kept, or what fits if that is
    more, and the others are computed again. Proximal steps are all kept, three fields each.
    """
    domain = _domain_of(mesh, comm)
    if scheme not in SCHEMES:
        why = _REFUSED.get(scheme, "there is no such scheme here")
        raise InputError(f"scheme: '{scheme}' has no gradient: {why}; take one of {', '.join(SCHEMES)}")

    def prepare():
        legs = _legs(times, domain.case["time.step"] if step is None else step)
        room = _parts.number(memory, "memory")
        if room < 0:
            raise InputError(f"memory: is {memory}; it must be 0 or more")
        return legs, room, _energy(domain, V), _density(domain, rho0, "rho0"), _kT(domain, temperature)

    legs, room, V, rho0, kT = domain.together(prepare)
    moving = [leg for leg in legs if leg]
    ends = _Evolve.apply(V, rho0, kT, domain, moving, scheme, room) if moving else None
    if len(moving) == len(legs):
        return ends
    return torch.cat([rho0[None], ends]) if moving else rho0[None]


def stationary(V, mesh, temperature=None, mass=1.0, comm=None):
    """The Gibbs density of V: mass exp(-V/kT) / sum of volume exp(-V/kT), a tensor (n)."""
    domain = _domain_of(mesh, comm)
    mass = _parts.number(mass, "mass")
    if not mass > 0:
        raise InputError(f"mass: is {mass}; it must be positive")
    if domain.driven:
        raise InputError("stationary: with a drift the stationary state is no Gibbs density, and its derivative is not "
                         "available yet")
    V, kT = _energy(domain, V), _kT(domain, temperature)
    return mass * torch.softmax(-V / kT + torch.log(domain.volumes), 0) / domain.volumes


def _sets(domain, first, second):
    marks = torch.zeros(len(domain), dtype=torch.float64)
    for number, given in ((1, first), (2, second)):
        mask = given(domain.centers) if callable(given) and not isinstance(given, torch.Tensor) else torch.as_tensor(given)
        if mask.dtype != torch.bool or mask.shape != (len(domain),):
            raise InputError("a set is a mask: one bool per cell, or a function of the centres that gives them")
        if not bool(mask.any()):
            raise InputError("a set has no cells")
        if bool((marks[mask] > 0).any()):
            raise InputError("the two sets have cells in common")
        marks[mask] = number
    return marks


class _Committor(Function):
    @staticmethod
    def forward(ctx, V, kT, domain, marks):
        ctx.problem = _otto.BoundaryProblem(domain._domain, float(kT), _array(V), _array(marks), _RTOL)
        ctx.domain = domain
        return torch.from_numpy(ctx.problem.committor())

    @staticmethod
    @once_differentiable
    def backward(ctx, cotangent):
        ctx.domain.together(lambda: None)
        of_V, of_kT = ctx.problem.committor_gradient(_array(cotangent.contiguous()))
        return torch.from_numpy(of_V), torch.tensor(of_kT, dtype=torch.float64), None, None


def committor(V, first, second, mesh, temperature=None, comm=None):
    """The probability to reach the set `second` before `first`, a tensor (n); sets are masks of cells, held at 0 and 1."""
    domain = _domain_of(mesh, comm)
    V, kT, marks = domain.together(lambda V=V: (_energy(domain, V), _kT(domain, temperature), _sets(domain, first, second)))
    return _Committor.apply(V, kT, domain, marks)


class _TransitionRates(Function):
    @staticmethod
    def forward(ctx, V, kT, domain, marks):
        ctx.problem = _otto.BoundaryProblem(domain._domain, float(kT), _array(V), _array(marks), _RTOL)
        ctx.domain = domain
        return torch.tensor(ctx.problem.rates(), dtype=torch.float64)

    @staticmethod
    @once_differentiable
    def backward(ctx, cotangent):
        ctx.domain.together(lambda: None)
        of_V, of_kT = ctx.problem.rates_gradient(*map(float, cotangent))
        return torch.from_numpy(of_V), torch.tensor(of_kT, dtype=torch.float64), None, None


class _RelaxationRates(Function):
    @staticmethod
    def forward(ctx, V, kT, domain, count):
        rates, of_V, of_kT = _otto.relaxation(domain._domain, float(kT), _array(V), count)
        ctx.slopes = torch.from_numpy(of_V.reshape(count, -1)), torch.from_numpy(of_kT)
        return torch.from_numpy(rates)

    @staticmethod
    @once_differentiable
    def backward(ctx, cotangent):
        of_V, of_kT = ctx.slopes
        return cotangent @ of_V, cotangent @ of_kT, None, None


def rates(V, mesh, temperature=None, count=1, between=None, comm=None):
    """Rates of a case with detailed balance, with derivatives in V and temperature.

    between=(A, B): (k_AB, k_BA), the transitions per time between two sets of cells over the weight of where they start.
    Else the `count` slowest rates of relaxation, slowest first; they have derivatives where no two are equal.
    """
    domain = _domain_of(mesh, comm)

    def prepare():
        checked = _energy(domain, V), _kT(domain, temperature)
        if between is not None:
            if not isinstance(between, (tuple, list)) or len(between) != 2:
                raise InputError("between: takes two sets of cells")
            return *checked, _sets(domain, *between)
        number = _parts.whole(count, "count", -(2**31))
        if not 1 <= number < len(domain):
            raise InputError(f"count: is {count}; a mesh of {len(domain)} cells has from 1 to {len(domain) - 1} rates")
        return *checked, number

    V, kT, chosen = domain.together(prepare)
    apply = (_RelaxationRates if between is None else _TransitionRates).apply
    return apply(V, kT, domain, chosen)


class _SquaredDistance(Function):
    @staticmethod
    def forward(ctx, first, second, domain, intervals, tolerance):
        squared, *slopes = _otto.transport(domain._domain, _array(first), _array(second), intervals, tolerance)
        ctx.slopes = [torch.from_numpy(slope) * domain.volumes for slope in slopes]
        return torch.tensor(squared, dtype=torch.float64)

    @staticmethod
    @once_differentiable
    def backward(ctx, cotangent):
        return *(cotangent * slope for slope in ctx.slopes), None, None, None


def w2(first, second, mesh, comm=None, intervals=32, tolerance=1e-6):
    """W2 between two densities on a box with walls, both of the mass of `first`; a tensor () with derivatives in both.

    On a line the densities are constant in each cell, and the distance is that of their quantile functions, integrated
    exactly. In two and three dimensions, on cells of one size, it is that of `otto.distance`, the discrete one of Benamou
    and Brenier with that many intervals of time, until its bounds are within `tolerance` of its square; the derivatives are
    the potentials at both ends (docs/distance.md). Where a density is 0 they are one choice of many. NumericalError where
    the bounds do not meet.
    The derivative of sqrt at 0 is infinite: take `w2_squared` where the two may be equal.
    """
    return torch.sqrt(w2_squared(first, second, mesh, comm, intervals, tolerance))


def w2_squared(first, second, mesh, comm=None, intervals=32, tolerance=1e-6):
    """The square of w2."""
    domain = _domain_of(mesh, comm)

    def prepare():
        if domain._domain.without_distance:
            raise InputError(f"w2: {domain._domain.without_distance}")
        steps, gap = _parts.whole(intervals, "intervals", 2), _parts.number(tolerance, "tolerance")
        if not 0 < gap < 1:
            raise InputError(f"tolerance: is {gap:g}; it is a relative one, between 0 and 1")
        masses = [_density(domain, rho, what) * domain.volumes for rho, what in ((first, "first"), (second, "second"))]
        for mass, what in zip(masses, ("first", "second")):
            if not bool(mass.sum() > 0):
                raise InputError(f"{what}: a density has mass")
        return masses, steps, gap

    masses, steps, gap = domain.together(prepare)
    if domain.dimension == 1:
        return _squared_on_a_line(domain, masses)
    first, second = (m / m.sum() / domain.volumes for m in masses)
    return masses[0].sum() * _SquaredDistance.apply(first, second, domain, steps, gap)


def _squared_on_a_line(domain, masses):
    total = masses[0].sum()
    masses = [m / m.sum() for m in masses]
    order = torch.argsort(domain.centers[:, 0])
    edges = torch.cat([torch.zeros(1, dtype=torch.float64), torch.cumsum(domain.volumes[order], 0)])
    levels = [torch.cat([torch.zeros(1, dtype=torch.float64), torch.cumsum(m[order], 0)]) for m in masses]
    cuts = torch.sort(torch.cat(levels)).values
    low, high = cuts[:-1], cuts[1:]
    ends = [_quantiles(level, edges, low, high) for level in levels]
    left, right = ends[0][0] - ends[1][0], ends[0][1] - ends[1][1]
    return total * torch.sum((high - low) * (left * left + left * right + right * right)) / 3


def _quantiles(level, edges, low, high):
    """Where the masses `low` and `high` of the pieces are reached; a piece lies in one cell."""
    middle = 0.5 * (low + high).detach()
    cell = torch.clamp(torch.searchsorted(level.detach(), middle, right=True) - 1, 0, len(edges) - 2)
    mass = level[cell + 1] - level[cell]
    width = edges[cell + 1] - edges[cell]
    safe = torch.where(mass > 0, mass, torch.ones_like(mass))
    return [edges[cell] + width * (q - level[cell]) / safe for q in (low, high)]
