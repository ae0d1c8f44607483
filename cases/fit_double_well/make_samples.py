"""Writes the samples of this case: particles of dX = -V'(X) dt + sqrt(2 kT) dW in [-4, 4], V = x^4/8 - x^2 + 0.4 x,
kT = 0.5, by Euler and Maruyama; at every time a population of its own, so that no particle is seen twice."""
import numpy as np

COUNT, STEP, TIMES, KT = 2000, 1e-3, (0.0, 0.2, 0.4, 0.6, 0.8, 1.0, 1.2), 0.5
rng = np.random.default_rng(5)
for number, time in enumerate(TIMES):
    x = rng.normal(0, 1, COUNT)
    for _ in range(round(time / STEP)):
        x += -STEP * (x**3 / 2 - 2 * x + 0.4) + np.sqrt(2 * KT * STEP) * rng.normal(size=COUNT)
        x = np.where(np.abs(x) > 4, np.sign(x) * 8 - x, x)  # the walls
    np.savetxt(f"samples_{number}.csv", x, fmt="%.4f")
