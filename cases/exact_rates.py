"""Rates between sets, exit times and stationary currents for the cases that ask for them, computed without Otto:
quadrature, closed forms, and sparse solves of another discretisation."""

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.linalg import spsolve

# -- a surface over two torsions: alanine ---------------------------------------------------------

# phi, psi in degrees; depth in kJ/mol; sharpness of both angles
ALANINE_WELLS = ((-82, 72, 38.0, 2.6, 2.2), (-154, 160, 35.5, 2.4, 2.6), (-78, -25, 34.5, 2.8, 2.4),
                 (58, 42, 30.0, 3.6, 3.2), (66, -58, 33.0, 3.2, 2.8))


def _alanine_terms(phi, psi):
    for at_phi, at_psi, depth, a, b in ALANINE_WELLS:
        u, v = phi - np.radians(at_phi), psi - np.radians(at_psi)
        yield -depth * np.exp(a * (np.cos(u) - 1) + b * (np.cos(v) - 1)), a * np.sin(u), b * np.sin(v)


def alanine_free_energy(phi, psi):
    """Periodic wells in kJ/mol."""
    return sum(term for term, _, _ in _alanine_terms(phi, psi)) + 41.0357


def alanine_slope(phi, psi):
    terms = list(_alanine_terms(phi, psi))
    return [-sum(t * u for t, u, _ in terms), -sum(t * v for t, _, v in terms)]


def alanine_diffusion(phi, psi):
    """rad^2/ps."""
    return 0.10 + 0.03 * np.cos(phi - 1.0) + 0.02 * np.sin(psi)


def alanine_rates(cells=288):
    """k_AB and k_BA of cases/alanine per ps, from the formulas themselves on a finer grid."""
    kT = 8.31446261815324e-3 * 300
    x = -np.pi + 2 * np.pi * (np.arange(cells) + 0.5) / cells
    degrees = np.degrees(x)
    inside = lambda low, high: (degrees > low) & (degrees < high)
    a = inside(-120, -40)[:, None] & inside(20, 120)[None, :]
    b = inside(40, 90)[:, None] & inside(-90, -20)[None, :]
    return rates_between(alanine_free_energy(x[:, None], x[None, :]) / kT,
                         alanine_diffusion(x[:, None], x[None, :]), (x[1] - x[0],) * 2, a, b, (True, True))


def rates_between(v, D, widths, a, b, periodic=(False, False)):
    """k_AB and k_BA of d_t rho = div(D (grad rho + rho grad v)) on equal cells, V at their centres: conductances with
    the geometric mean of exp(-v) and the mean of D; `a`, `b` are whole cells, whose edges are held."""
    pi = np.exp(-(v - v.min()))
    pi /= pi.sum()
    index = np.arange(v.size).reshape(v.shape)
    rows, columns, values = [], [], []
    flow = []
    for axis in range(v.ndim):
        other = np.roll(index, -1, axis)
        pairs = [np.take(i, np.arange(v.shape[axis] - (not periodic[axis])), axis).ravel() for i in (index, other)]
        i, j = pairs
        c = np.sqrt(pi.flat[i] * pi.flat[j]) * 0.5 * (D.flat[i] + D.flat[j]) / widths[axis]**2
        held = (a | b).ravel()
        c *= np.where(held[i] != held[j], 2.0, 1.0)  # the edge is half-way
        flow.append((i, j, c))
        rows += [i, j, i, j]
        columns += [i, j, j, i]
        values += [c, c, -c, -c]
    K = coo_matrix((np.concatenate(values), (np.concatenate(rows), np.concatenate(columns)))).tocsr()
    free = np.flatnonzero(~(a | b).ravel())
    q = b.ravel().astype(float)
    q[free] = spsolve(K[free][:, free].tocsc(), -(K[free] @ q))
    flux = sum(np.sum(c * (q[i] - q[j])**2) for i, j, c in flow)
    weight = np.sum(pi.ravel() * (1 - q))
    return float(flux / weight), float(flux / (1 - weight))


def alanine_barrier():
    """From the bottom of C7eq to the pass on the way to C7ax: where the slope vanishes, by Newton's method."""
    return float(_stationary_energy(-0.1, 0.85) - _stationary_energy(-1.43, 1.25))


def _stationary_energy(*start):
    x, h = np.array(start), 1e-5
    for _ in range(50):
        slope = np.array(alanine_slope(*x))
        bend = np.array([(np.array(alanine_slope(*(x + h * e))) - np.array(alanine_slope(*(x - h * e)))) / (2 * h)
                         for e in np.eye(2)])
        x = x - np.linalg.solve(bend, slope)
    return alanine_free_energy(*x)


# -- three wells ----------------------------------------------------------------------------------


def three_wells(x, y):
    return (3 * np.exp(-x**2 - (y - 1 / 3)**2) - 3 * np.exp(-x**2 - (y - 5 / 3)**2) - 5 * np.exp(-(x - 1)**2 - y**2)
            - 5 * np.exp(-(x + 1)**2 - y**2) + 0.2 * x**4 + 0.2 * (y - 1 / 3)**4)


def three_wells_rates(cells=320):
    """k_AB between the squares of cases/three_wells, extrapolated from two grids of 1/80 and 1/160 of the length."""
    rates = []
    for n in (cells, 2 * cells):
        h = 4 / n
        x, y = -2 + h * (np.arange(n) + 0.5), -1.2 + h * (np.arange(round(3.4 / h)) + 0.5)
        square = lambda centre: (np.abs(x - centre)[:, None] < 0.4) & (np.abs(y)[None, :] < 0.4)
        v = three_wells(x[:, None], y[None, :]) / 0.6
        rates.append(0.6 * rates_between(v, np.ones_like(v), (h, h), square(-1), square(1))[0])
    return (4 * rates[1] - rates[0]) / 3


# -- a target in a ball ---------------------------------------------------------------------------


def search_time(a=0.05, b=1.0):
    """Mean time to reach r = a from a uniform density in a < r < b, reflected at b, D = 1: the average of
    T(r) = (b^3 (1/a - 1/r) - (r^2 - a^2)/2)/3 over the volume."""
    r, w = np.polynomial.legendre.leggauss(20)
    r, w = a + (b - a) * (r + 1) / 2, w * (b - a) / 2
    T = (b**3 * (1 / a - 1 / r) - (r**2 - a**2) / 2) / 3
    return float(np.sum(w * r**2 * T) / np.sum(w * r**2))


def search_rate(a=0.05, b=1.0):
    """The slowest decay k^2: r rho = sin(k (r - a)), tan(k (b - a)) = k b."""
    k = [1e-3, np.pi / 2 / (b - a) - 1e-12]  # tan - k b grows from below 0 to infinity
    for _ in range(200):
        middle = sum(k) / 2
        k[int(np.tan(middle * (b - a)) > middle * b)] = middle
    return float(k[0]**2)


# -- what leaves comes back -----------------------------------------------------------------------


def reentry_current(kT=0.4):
    """1 over the mean time from the initial Gaussian to x = 1 in V = (x^2 - 1)^2 on [-2, 1], by quadrature."""
    x = np.linspace(-2, 1, 300001)
    h = x[1] - x[0]
    V = (x**2 - 1)**2 / kT
    below = np.concatenate([[0], np.cumsum((np.exp(-V[1:]) + np.exp(-V[:-1])) * h / 2)])
    slope = np.exp(V) * below / kT
    T = np.concatenate([np.cumsum(((slope[1:] + slope[:-1]) * h / 2)[::-1])[::-1], [0]])
    start = np.exp(-(x + 1)**2 / 0.04)
    return float(np.sum(start) / np.sum(start * T))


# -- a lattice gas settles ------------------------------------------------------------------------


def lattice_gas_height(kT=0.25, mass=3.0, height=10.0):
    """Mean height at rest: rho = 1 / (1 + exp((x - mu)/kT)), by Gauss-Legendre quadrature."""
    nodes, weights = np.polynomial.legendre.leggauss(400)
    x, w = height * (nodes + 1) / 2, weights * height / 2
    low, high = -20.0, 20.0
    for _ in range(200):
        mu = (low + high) / 2
        rho = 1 / (1 + np.exp((x - mu) / kT))
        low, high = (mu, high) if np.sum(w * rho) < mass else (low, mu)
    return float(np.sum(w * rho * x) / mass)
