"""Writes the samples of this case: particles of dX = (b(X) - grad V(X)) dt + sqrt(2 kT) dW in [-3, 3]^2 with
V = 2 (|x| - 3/2)^2 + x/5, kT = 0.15 and the rotation b = omega (-y, x), by Euler and Maruyama; at every time a population of its
own, so that no particle is seen twice. omega is 1.2, or the number given: with 0 the flow is that of a gradient."""
import sys

import numpy as np

OMEGA = float(sys.argv[1]) if len(sys.argv) > 1 else 1.2
COUNT, STEP, KT = 1000, 4e-3, 0.15
rng = np.random.default_rng(5)
for number in range(13):
    x = np.array([1.5, 0]) + 0.3 * rng.normal(size=(COUNT, 2))
    for _ in range(round(0.5 * number / STEP)):
        r = np.hypot(*x.T)[:, None]
        drift = OMEGA * np.stack([-x[:, 1], x[:, 0]], 1) - 4 * (r - 1.5) * x / r - [0.2, 0]
        x += STEP * drift + np.sqrt(2 * KT * STEP) * rng.normal(size=x.shape)
        x = np.where(np.abs(x) > 3, np.sign(x) * 6 - x, x)  # the walls
    np.savetxt(f"samples_{number}.csv", x, fmt="%.3f")
