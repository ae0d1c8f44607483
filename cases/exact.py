"""Exact solutions of the cases, computed without Otto: closed forms, quadrature, and 1-D eigenvalue
problems whose products solve separable cases. The figures of every expected.toml come from here, and
tests/cases/test_cases.py compares densities with the cell averages given here.

    density(name, time, edges)    exact cell averages, an array indexed [i, j, k]
"""

from functools import lru_cache

import numpy as np
from numpy.polynomial.legendre import leggauss
from scipy.interpolate import CubicSpline
from scipy.linalg import eigh_tridiagonal, eigvalsh, expm, sqrtm
from scipy.special import erf, gamma, iv  # noqa: F401  (iv: in formulas)

from exact_rates import *  # noqa: F401,F403  pylint: disable=wildcard-import,unused-wildcard-import

# -- products of 1-D solutions: double_well, double_well_3d --------------------------------------


def gaussian_averages(edges, mean, variance):
    """Cell averages of a Gaussian scaled to mass 1 on the box, as [initial] kind = "gaussian"."""
    p = np.diff(erf((edges - mean) / np.sqrt(2 * variance))) / np.diff(edges)
    return p / np.sum(p * np.diff(edges))


def _factor_on(V, mean, variance, time, cells, lower, upper):
    """d_t p = (p' + V' p)', no flux, by diagonalising the symmetrised tridiagonal generator of the
    square-root flux: exact in time, second order in the width."""
    edges = np.linspace(lower, upper, cells + 1)
    h = edges[1] - edges[0]
    v = V(0.5 * (edges[1:] + edges[:-1]))
    right = np.exp(-np.diff(v) / 2)
    diagonal = np.zeros(cells)
    diagonal[:-1] += right
    diagonal[1:] += 1 / right
    rates, modes = eigh_tridiagonal(diagonal / h**2, -np.ones(cells - 1) / h**2)
    start = gaussian_averages(edges, mean, variance)
    root = np.exp(-v / 2)
    return root * (modes @ (np.exp(-np.maximum(rates, 0) * time) * (modes.T @ (start / root))))


@lru_cache(maxsize=None)
def _factor(which, time, cells=512):
    """1-D factor on [-2, 2]; Richardson extrapolation from `cells`, twice and four times as many."""
    V, mean = {"well": (_double_well, -1.0), "trap": (_trap, 0.0)}[which]
    fine = [_factor_on(V, mean, 0.05, time, n, -2.0, 2.0) for n in (cells, 2 * cells, 4 * cells)]
    a, b, c = (p.reshape(cells, -1).mean(axis=1) for p in fine)
    first, second = (4 * b - a) / 3, (4 * c - b) / 3
    return (16 * second - first) / 15


def _double_well(x):
    return 2 * (x * x - 1) ** 2


def _trap(x):
    return 2 * x * x


def _factor_energy(which, time):
    """int p log p + p V of a factor: midpoint sums on 256 and 512 cells, extrapolated."""
    V = {"well": _double_well, "trap": _trap}[which]

    def midpoint(cells):
        p = _factor(which, time).reshape(cells, -1).mean(axis=1)
        x = -2 + (np.arange(cells) + 0.5) * 4 / cells
        return float(np.sum(p * np.log(p) + p * V(x)) * 4 / cells)

    a, b, c = (midpoint(n) for n in (128, 256, 512))
    first, second = (4 * b - a) / 3, (4 * c - b) / 3
    return (16 * second - first) / 15


def double_well_energy(time, dimension=2):
    """F = int rho log rho + rho V; of a product of densities of mass 1 it is the sum."""
    return _factor_energy("well", time) + (dimension - 1) * _factor_energy("trap", time)


def double_well_equilibrium(dimension=2):
    """-log Z with Z = int exp(-V) over the box."""
    x, w = _gauss(-2.0, 2.0)
    Z = np.sum(w * np.exp(-_double_well(x))) * np.sum(w * np.exp(-_trap(x))) ** (dimension - 1)
    return -np.log(Z)


def double_well(time, edges):
    """On a power of two of cells per axis."""
    factors = []
    for axis, e in enumerate(edges):
        cells = len(e) - 1
        fine = _factor("well" if axis == 0 else "trap", time, max(512, cells))
        if len(fine) % cells:
            raise ValueError("the exact factors need a power of two of cells")
        factors.append(fine.reshape(cells, -1).mean(axis=1))
    return _outer(factors)


def _outer(factors):
    product = factors[0]
    for f in factors[1:]:
        product = np.multiply.outer(product, f)
    return product


# -- linear drift: Gaussians stay Gaussian -------------------------------------------------------


class Gaussian:
    """d_t rho = kT lap rho + div(rho B x) from a Gaussian of mean m and covariance v I:
    mean exp(-B t) m, covariance C with C' = -B C - C B^T + 2 kT I."""

    def __init__(self, B, kT, mean, variance, time):
        B, mean = np.array(B, float), np.array(mean, float)
        self.B, self.kT, self.start, self.time = B, kT, mean, time
        d = len(B)
        flow = expm(-B * time)
        self.mean = flow @ mean
        # The stationary covariance S solves B S + S B^T = 2 kT I.
        identity = np.eye(d)
        lyapunov = np.kron(B, identity) + np.kron(identity, B)
        S = np.linalg.solve(lyapunov, (2 * kT * identity).ravel()).reshape(d, d)
        self.stationary = S
        self.covariance = S + flow @ (variance * identity - S) @ flow.T

    def mean_shift(self, h):
        """What the Scharfetter-Gummel flux does to the mean on cells of width h, to first order. Along
        axis a it diffuses with kT (1 + s^2/12), s = h b_a/kT, b = -B x; the mean feels the gradient of
        that, h^2 B_aa (B x)_a/(6 kT), against the drift."""
        slowed = self.B - h**2 / (6 * self.kT) * np.diag(np.diag(self.B)) @ self.B
        return (expm(-slowed * self.time) - expm(-self.B * self.time)) @ self.start

    def __call__(self, x):
        """Density at points x (d x ...)."""
        shift = x - self.mean.reshape((-1,) + (1,) * (x.ndim - 1))
        q = np.einsum("i...,ij,j...->...", shift, np.linalg.inv(self.covariance), shift)
        return np.exp(-0.5 * q) / np.sqrt(np.linalg.det(2 * np.pi * self.covariance))


def _matrix(rates, axes):
    axes = np.array(axes, float)
    axes /= np.linalg.norm(axes, axis=1)[:, None]
    return sum(r * np.outer(a, a) for r, a in zip(rates, axes))


def ornstein_uhlenbeck_1d(time):
    return Gaussian([[1.0]], 1.0, [-2.0], 0.25, time)


def ornstein_uhlenbeck_2d(time):
    """V = x.A x / 2 with A = 1 along (1, 1) and 4 along (1, -1)."""
    return Gaussian(_matrix([1, 4], [(1, 1), (1, -1)]), 0.5, [-1.5, 0.5], 0.1, time)


def ornstein_uhlenbeck_3d(time):
    """V = x.A x / 2 with A = 1, 2, 3 along (1, 1, 1), (1, -1, 0), (1, 1, -2)."""
    return Gaussian(_matrix([1, 2, 3], [(1, 1, 1), (1, -1, 0), (1, 1, -2)]), 0.5, [1.0, -1.0, 0.5],
                    0.1, time)


def rotating_drift(time, omega=2.0):
    """B = I + omega J with the skew J = (0 1; -1 0): drift -x + omega (-y, x)."""
    return Gaussian([[1.0, omega], [-omega, 1.0]], 0.25, [1.5, 0.0], 0.1, time)


def moving_centre(times):
    """Means (n x d) and covariances (n x d x d) about b = 3 (cos pi t, sin pi t): m' = -A (m - b),
    C' = -A C - C A + 2 kT, A = diag(1, 3), kT = 1/4, from m = b(0), C = I/4."""
    t, p = np.asarray(times), np.pi

    def follow(rate, first, t):  # r exp(i (pi t + phase)) of the forced motion, and what fades
        forced = np.real(3 * rate * first * np.exp(1j * p * t) / (rate + 1j * p))
        return forced + (np.real(3 * first) - np.real(3 * rate * first / (rate + 1j * p))) * np.exp(-rate * t)

    means = np.stack([follow(1, 1, t), follow(3, -1j, t)], axis=1)
    covariances = np.zeros((len(t), 2, 2))
    covariances[:, 0, 0] = 1 / 4
    covariances[:, 1, 1] = 1 / 12 + np.exp(-6 * t) / 6
    return means, covariances


def trap_entropy(time):
    """Relative entropy of log_sobolev: per axis m^2/2 + (v - 1 - log v)/2, in V = |x|^2/2."""
    mean, v = np.array([1.5, -1.0]) * np.exp(-time), 1 - (1 - np.array([0.1, 0.5])) * np.exp(-2 * time)
    return float(np.sum(mean**2 + v - 1 - np.log(v)) / 2)


# -- Gaussians and their distances: jko_gaussian, gaussian_distance, springs ------------------------


def jko_gaussian(tau):
    """One JKO step of length tau of a Gaussian of mean 1 and variance 1/2 in V = x^2/2, kT = 1."""
    s = np.sqrt(0.5)
    sigma = (s + np.sqrt(s * s + 4 * tau * (1 + tau))) / (2 * (1 + tau))
    return lambda x: np.exp(-0.5 * ((x[0] - 1 / (1 + tau)) / sigma)**2) / (sigma * np.sqrt(2 * np.pi))


def bures(mean, covariance, other_mean, other_covariance):
    """W2 between Gaussians: W2^2 = |m - n|^2 + tr(A + B - 2 (A^(1/2) B A^(1/2))^(1/2))."""
    A, B = np.array(covariance, float), np.array(other_covariance, float)
    apart = np.sum((np.array(mean) - np.array(other_mean))**2)
    root = sqrtm(A)
    return np.sqrt(max(0.0, apart + np.trace(A + B - 2 * np.real(sqrtm(root @ B @ root)))))


def pure_drift(time, tau=0.05):
    """V = x + y^2/2 without diffusion, in exact proximal steps: (x, y) -> (x - tau, y/(1 + tau))."""
    n, v = round(time / tau), 0.0625
    shrunk = (1 + tau)**-n
    return lambda x: np.exp(-0.5 * ((x[0] - 0.6 + time)**2 + ((x[1] - 0.6 * shrunk) / shrunk)**2) / v) \
        / (2 * np.pi * v * shrunk)


def linearised_contraction(tau):
    """Factors of the mean and of the variance of y in one step along V = y^2/2 whose distance is linearised
    (kappa = 1/2): phi = a y^2/2 + c with a + tau a^2/2 = 1."""
    a = (np.sqrt(1 + 2 * tau) - 1) / tau
    return (1 - a * tau / 2) / (1 + a * tau / 2), (1 - a * tau) / (1 + a * tau)


# -- closed forms in one or two dimensions -------------------------------------------------------


def exponential_drift(time):
    """V = -x on [0, 1], no flux: one decaying mode over the Gibbs state, mass 2 pi sinh(1/2)."""
    rate = np.pi**2 + 0.25

    def rho(x):
        mode = np.exp(x[0] / 2) * (np.pi * np.cos(np.pi * x[0]) + 0.5 * np.sin(np.pi * x[0]))
        return np.exp(-rate * time) * mode + np.pi * np.exp(x[0] - 0.5)

    return rho


def heat_box(time):
    return lambda x: 1 + 0.5 * np.cos(np.pi * x[0]) * np.cos(np.pi * x[1]) * np.exp(-2 * np.pi**2 * time)


# -- tilted periodic: Risken's quadrature formula ------------------------------------------------

TILT, HEIGHT = 5.0, 2.0  # drift f, V = HEIGHT cos(2 pi x); kT = 1, period 1


def _risken(x):
    """Unnormalised stationary density exp(-U(x)) int_x^{x+1} exp(U), U = V - f x."""
    s, w = _gauss(0.0, 1.0)
    V = lambda y: HEIGHT * np.cos(2 * np.pi * y)  # noqa: E731
    exponent = V(x[..., None] + s) - V(x[..., None]) - TILT * s
    return np.sum(w * np.exp(exponent), axis=-1)


def _risken_norm():
    return float(np.mean(_risken((np.arange(256) + 0.5) / 256)))  # a periodic integrand


def tilted_periodic_current():
    """Stationary current J = (1 - exp(-f)) / (normalisation)."""
    return (1 - np.exp(-TILT)) / _risken_norm()


def tilted_periodic(_time):
    norm = _risken_norm()
    return lambda x: _risken(x[0]) / norm


# -- a ring with a hot and a cold side: u = kT rho, u' + u V'/kT = -J -------------------------------


@lru_cache
def _heated_ring():
    """(J, the density at rest on 4096 points): with phi' = V'/kT, P the rise of phi around the ring,
    u = J exp(-phi(x)) int_x^{x + 2 pi} exp(phi) / (1 - exp(P))."""
    n = 4096
    x = 2 * np.pi * np.arange(n) / n
    kT = 1 + 0.5 * np.cos(x - 0.7)
    slope = np.cos(x) / kT
    phi = CubicSpline(np.append(x, 2 * np.pi), np.append(slope, slope[0]), bc_type="periodic").antiderivative()
    around = np.append(x, 2 * np.pi + x)
    rise = phi(2 * np.pi)
    weight = np.exp(np.append(phi(x), rise + phi(x)))
    inner = CubicSpline(around, weight).antiderivative()
    density = np.exp(-phi(x)) * (inner(x + 2 * np.pi * (1 - 1e-15)) - inner(x)) / (1 - np.exp(rise)) / kT
    mass = 2 * np.pi * np.mean(density)
    return 1 / mass, density / mass


def heated_ring_current():
    return _heated_ring()[0]


def heated_ring(_time):
    density = _heated_ring()[1]
    x = 2 * np.pi * np.arange(len(density) + 1) / len(density)
    spline = CubicSpline(x, np.append(density, density[0]), bc_type="periodic")
    return lambda point: spline(point[0])


# -- Mueller-Brown -------------------------------------------------------------------------------


def muller_brown_energy(x, y):
    """Four Gaussians; K. Mueller and L. D. Brown, Theor. Chim. Acta 53, 75 (1979)."""
    terms = [(-200, -1, 0, -10, 1, 0), (-100, -1, 0, -10, 0, 0.5), (-170, -6.5, 11, -6.5, -0.5, 1.5),
             (15, 0.7, 0.6, 0.7, -1, 1)]
    return sum(A * np.exp(a * (x - p)**2 + b * (x - p) * (y - q) + c * (y - q)**2)
               for A, a, b, c, p, q in terms)


def muller_brown_equilibrium(kT):
    """F of the Gibbs state on [-1.7, 1.3] x [-0.5, 2.2], -kT log Z."""
    (x, wx), (y, wy) = _gauss(-1.7, 1.3), _gauss(-0.5, 2.2)
    V = muller_brown_energy(x[:, None], y[None, :])
    low = V.min()
    return low - kT * np.log(wx @ np.exp(-(V - low) / kT) @ wy)


# -- double_well_rates ---------------------------------------------------------------------------


def double_well_rate(barrier, k=1, half=3.5, points=280):
    """k-th relaxation rate of V = b (x^2 - 1)^2 on the line: -u'' + (V'^2/4 - V''/2) u by sinc functions."""
    x = np.linspace(-half, half, points)
    apart = np.subtract.outer(np.arange(points), np.arange(points)).astype(float)
    np.fill_diagonal(apart, 1.0)
    operator = 2 * (-1.0)**apart / apart**2
    np.fill_diagonal(operator, np.pi**2 / 3)
    slope, curve = 4 * barrier * x * (x * x - 1), 4 * barrier * (3 * x * x - 1)
    operator = operator / (x[1] - x[0])**2 + np.diag(slope**2 / 4 - curve / 2)
    return eigvalsh(operator, subset_by_index=[k, k])[0]


def kramers_rate(barrier):
    """Both ways over the barrier, for kT -> 0: wells of V'' = 8 b, a saddle of -4 b."""
    return 2 * np.sqrt(8 * barrier * 4 * barrier) / (2 * np.pi) * np.exp(-barrier)


# -- mixture -------------------------------------------------------------------------------------

MIXTURE = np.array([(-0.3768, -1.5044), (0.6071, 1.8301), (-4.8239, -4.2664), (-1.3254, 3.2959),
                    (2.4527, -3.2756)])


def mixture(_time=None):
    """Five Gaussians of unit covariance with equal weights."""
    return lambda x: sum(np.exp(-0.5 * ((x[0] - a)**2 + (x[1] - b)**2)) for a, b in MIXTURE) / (10 * np.pi)


def symmetric_entropy(p, q, least=1e-12):
    """sum (p - q) log(p/q) of masses; those below `least` of the largest count as one."""
    p, q = p / p.sum(), q / q.sum()
    tail = np.minimum(p, q) < least * q.max()
    p = np.append(p[~tail], max(p[tail].sum(), 1e-300))
    q = np.append(q[~tail], max(q[tail].sum(), 1e-300))
    return float(np.sum((p - q) * np.log(p / q)))


def mixture_entropy(time, points=128, steps=800, half=20.0):
    """Symmetric relative entropy to the mixture, from N(0, 16 I): Fourier's series in space, the classical
    rule of Runge and Kutta in time. Otto has neither."""
    h = 2 * half / points
    x = -half + h * (np.arange(points) + 0.5)
    X = np.array(np.meshgrid(x, x, indexing="ij"))
    exponent = np.array([-0.5 * ((X[0] - a)**2 + (X[1] - b)**2) for a, b in MIXTURE])
    share = np.exp(exponent - exponent.max(axis=0))
    share /= share.sum(axis=0)
    slope = X - np.einsum("ka,k...->a...", MIXTURE, share)
    k = 2 * np.pi * np.array(np.meshgrid(np.fft.fftfreq(points, h), np.fft.rfftfreq(points, h), indexing="ij"))
    square = np.sum(k**2, axis=0)

    def rate(rho):
        drifts = np.fft.rfft2(slope * rho)
        return np.fft.irfft2(1j * (k[0] * drifts[0] + k[1] * drifts[1]) - square * np.fft.rfft2(rho), s=X[0].shape)

    rho, dt = np.exp(-np.sum(X**2, axis=0) / 32), time / steps
    rho /= np.sum(rho) * h * h
    for _ in range(steps):
        a = rate(rho)
        b = rate(rho + dt / 2 * a)
        c = rate(rho + dt / 2 * b)
        rho = rho + dt / 6 * (a + 2 * b + 2 * c + rate(rho + dt * c))
    return symmetric_entropy(np.maximum(rho, 0).ravel(), mixture()(X).ravel())


# -- mckean_vlasov -------------------------------------------------------------------------------


@lru_cache(maxsize=None)
def mckean_vlasov(cells=96, kT=0.03, strength=2.2):
    """The state at rest in V = (|x|^2 - 4)^2/10, W = -2.2 exp(-r^2), on the positive x axis: fixed point of
    rho = exp(-(V + W * rho)/kT)/Z. Energy, mean of x, variances of x and y, largest density."""
    x, y = np.linspace(0.8, 2.8, cells), np.linspace(-1, 1, cells)
    X, Y = np.meshgrid(x, y, indexing="ij")
    V = 0.1 * (X**2 + Y**2 - 4)**2
    volume = (x[1] - x[0]) * (y[1] - y[0])
    across, along = (np.exp(-np.subtract.outer(s, s)**2) for s in (x, y))
    rho = np.exp(-((X - 2)**2 + Y**2) / 0.01)
    rho /= rho.sum() * volume
    for _ in range(400):
        W = -strength * volume * across @ rho @ along
        new = np.exp(-(V + W - (V + W).min()) / kT)
        rho = new / (new.sum() * volume)
    mean = np.sum(rho * X) * volume
    W = -strength * volume * across @ rho @ along
    log = np.log(np.maximum(rho, 1e-300))
    return {"energy": np.sum(rho * (kT * log + V + W / 2)) * volume, "mean": mean,
            "xx": np.sum(rho * (X - mean)**2) * volume, "yy": np.sum(rho * Y**2) * volume, "peak": rho.max()}


# -- w2_geodesic ---------------------------------------------------------------------------------


def ring_to_disc():
    """W2^2 between the ring and the disc: the translation, and radii in the order of the mass."""
    def mass_within(profile):
        at = (radius[1:] + radius[:-1]) / 2
        mass = np.concatenate([[0.0], np.cumsum(profile(at) * at)])
        return mass / mass[-1]

    radius = np.linspace(0.0, 3.0, 300001)
    ring = mass_within(lambda r: np.exp(-((r - 0.5) / 0.15)**2))
    disc = mass_within(lambda r: np.exp(-(r / 0.6)**4))
    part = (np.arange(200000) + 0.5) / 200000
    apart = np.interp(part, ring, radius) - np.interp(part, disc, radius)
    return 1.6**2 + 0.8**2 + np.mean(apart**2)


# -- porous media: barenblatt, porous_trap -------------------------------------------------------

BARENBLATT_C, BARENBLATT_K = 0.1, 1 / 16  # d = 2, m = 2: k = b (m - 1)/(2 m), b = 1/4


def barenblatt(time):
    """d_t rho = lap rho^2 in the plane: rho = t^(-1/2) (C - k |x|^2 t^(-1/2))_+."""
    return lambda x: np.maximum(BARENBLATT_C - BARENBLATT_K * np.sum(x**2, axis=0) * time**-0.5, 0) * time**-0.5


def barenblatt_radius(time, level=0.0):
    """Where rho falls below the level."""
    return np.sqrt((BARENBLATT_C - level * time**0.5) / BARENBLATT_K) * time**0.25


def barenblatt_energy(time):
    """int rho^2 = 2 pi C^3/(6 k) t^(-1/2)."""
    return np.pi * BARENBLATT_C**3 / (3 * BARENBLATT_K) * time**-0.5


TRAP_LEVEL = np.sqrt(2 / np.pi)  # c in (c - |x|^2/2)_+/2 of mass pi c^2/2 = 1


def porous_trap(time, start=(0.4, 0.2)):
    """d_t rho = lap rho^2 + div(rho x): the equilibrium about a centre that falls like exp(-t); every
    other mode falls as exp(-2 t) at least."""
    def rho(x):
        shift = np.array(start) * np.exp(-time)
        return np.maximum(TRAP_LEVEL - 0.5 * np.sum((x - shift.reshape(-1, 1, 1))**2, axis=0), 0) / 2
    return rho


# -- crowds and aggregates: crowd_wall, aggregation_ring ------------------------------------------


def crowd_wall(time):
    """rho <= 1, V = x on [0, 1], from rho = 1/2: the full zone [0, t] and the empty one behind 1 - t meet
    at t = 1/2."""
    def rho(x):
        full, end = min(time, 0.5), max(1 - time, 0.5)
        return np.where(x[0] < full, 1.0, np.where(x[0] < end, 0.5, 0.0))
    return rho


def crowd_wall_energy(time):
    """int x rho until t = 1/2."""
    return time**2 / 2 + (1 - 2 * time) / 4


def _mean_chord(p):
    """Mean of |x - y|^p over a circle of radius 1."""
    return 2**p * gamma((p + 1) / 2) / (np.sqrt(np.pi) * gamma(p / 2 + 1))


def ring_radius(a, b):
    """W = r^a/a - r^b/b in the plane: R^(a-b) = (b's mean chord)/(a's), where the energy is least."""
    return (_mean_chord(b) / _mean_chord(a))**(1 / (a - b))


def semicircle(_time=None, centre=0.1):
    """W = r^2/2 - log r on the line (E. Wigner): (1/pi) sqrt(2 - (x - centre)^2)."""
    return lambda x: np.sqrt(np.maximum(2 - (x[0] - centre)**2, 0)) / np.pi


def ring_energy(a, b):
    R = ring_radius(a, b)
    return (R**a * _mean_chord(a) / a - R**b * _mean_chord(b) / b) / 2


# -- domains from Gmsh ---------------------------------------------------------------------------


def neck_escape_time(w, l):
    """Mean time from the left of two unit chambers through a neck and the right one (neck_escape)."""
    k = np.arange(1, 9)
    square = (np.log(2 * np.pi) - np.sum((1 / np.tanh(2 * np.pi * k) - 1) / k)) / np.pi
    open_square = (np.log(2 * np.pi) - np.sum((np.tanh(2 * np.pi * k) - 1) / k)) / np.pi
    mouth, passing = (np.log(np.pi / (2 * w)) + 1) / np.pi, 1 + w * l
    return (1 / 3 - square + mouth + l / w + l**2 / 2 + passing * (mouth - open_square)
            + passing + 1 / 2)


def torus_mean(ring, tube, slope):
    """Mean of x in a solid torus under exp(-slope x)."""
    s, w = _gauss(0, tube, 40)
    angle = np.arange(64) * 2 * np.pi / 64
    r = ring + s[:, None] * np.cos(angle)
    x = r[..., None] * np.cos(angle)
    weight = (w * s)[:, None, None] * r[..., None] * np.exp(-slope * x)
    return float(np.sum(weight * x) / np.sum(weight))


# -- cell averages -------------------------------------------------------------------------------


def _gauss(lower, upper, points=200):
    s, w = leggauss(points)
    return lower + (upper - lower) * (s + 1) / 2, w * (upper - lower) / 2


def cell_averages(rho, edges, points=5):
    """By a tensor Gauss rule in every cell."""
    s, w = leggauss(points)
    nodes = [(e[:-1, None] + np.diff(e)[:, None] * (s + 1) / 2).ravel() for e in edges]
    values = rho(np.array(np.meshgrid(*nodes, indexing="ij")))
    for axis in range(len(edges)):
        values = np.moveaxis(values, axis, -1)
        values = values.reshape(values.shape[:-1] + (-1, points)) @ (w / 2)
        values = np.moveaxis(values, -1, axis)
    return values


def density(name, time, edges):
    """Exact cell averages of the named solution."""
    if name == "double_well":
        return double_well(time, edges)
    return cell_averages(globals()[name](time), edges)


# -- diffusion that varies and reactions: legendre, noise_conventions, killing ---------------------


def galerkin_rates(D, polynomials=60):
    """Rates of d_t rho = (D rho')' on [-1, 1] by Galerkin's method with Legendre polynomials, slowest first (0)."""
    x, w = leggauss(4 * polynomials)
    slopes = np.array([np.polynomial.legendre.Legendre.basis(n).deriv()(x) * np.sqrt(n + 0.5)
                       for n in range(polynomials)])
    return eigvalsh((slopes * (w * D(x))) @ slopes.T)


def noise_variance(h):
    """Of exp(-x^2) / (1 + x^2)^h."""
    x = np.linspace(-12, 12, 240001)
    p = np.exp(-x * x) / (1 + x * x) ** h
    return float(np.sum(x * x * p) / np.sum(p))


def killing_rate(n):
    """Of (rho' + x rho)' - x^2 rho: an oscillator of frequency sqrt 5."""
    return (2 * n + 1) * np.sqrt(1.25) - 0.5
