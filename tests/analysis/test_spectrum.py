"""otto spectrum, [analysis] and absorbing sides as a user meets them, on 1 and 3 ranks."""

import csv
import json
import os
import sys
import tempfile
import unittest

import h5py
import numpy as np

try:
    import mpmath
except ImportError:
    mpmath = None

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))

import answers  # noqa: E402


CASE = """
[mesh]
kind = "box"
lower = [-2.0]
upper = [1.0]
cells = [192]
[[energy]]
kind = "entropy"
temperature = 0.5
[[energy]]
kind = "external"
expression = "(x^2-1)^2"
"""
RUN = """
[boundary]
absorbing = ["x_max"]
[initial]
kind = "gaussian"
mean = [-1.0]
variance = 0.05
[time]
scheme = "implicit_euler"
step = 0.05
end = 0.5
[solver]
rtol = 1e-12
[analysis]
mean_exit_time = true
committor_from = "-1-x"
committor_to = "x_max"
"""
SQUARE = """
[mesh]
lower = [-1.0, -1.0]
upper = [1.0, 1.0]
cells = [24, 20]
[[energy]]
kind = "entropy"
temperature = 0.4
[[energy]]
kind = "external"
expression = "x^2*y + y^2 - 0.5*x"
[boundary]
absorbing = ["x_min", "y_max"]
[initial]
kind = "uniform"
[time]
scheme = "implicit_euler"
step = 0.1
end = 0.1
[solver]
rtol = 1e-12
[analysis]
mean_exit_time = true
"""


def otto(folder, text, *words, ranks=1):
    """Runs the program on a case of this text; `words` begin with the command."""
    case = os.path.join(folder, "case.toml")
    with open(case, "w", encoding="utf-8") as file:
        file.write(text)
    return answers.otto([words[0], case, "-o", os.path.join(folder, "out"), *words[1:]], ranks=ranks, timeout=300)


def summary(folder):
    with open(os.path.join(folder, "out", "summary.json"), encoding="utf-8") as file:
        return json.load(file)


def cells(folder, name, *fields):
    with h5py.File(os.path.join(folder, "out", name)) as file:
        return [file[f"cells/{field}"][()] for field in fields]


def cumulative(f, x):
    """Integral of f from x[0] to every x by Gauss's rule with two points."""
    middle, h = (x[:-1] + x[1:]) / 2, np.diff(x)
    g = h / np.sqrt(12)
    return np.concatenate([[0], np.cumsum(h / 2 * (f(middle - g) + f(middle + g)))])


def random_wells(seed, absorbing, n=5):
    """A case on n x (n + 1) cells, and its four slowest rates in 140 digits."""
    mp = mpmath
    mp.mp.dps = 140
    random = np.random.default_rng(seed)
    numbers = [f"{v:.4f}" for v in (random.uniform(20, 70), *random.uniform(-12, 12, 6))]
    A, a, b, c, d, e, f = numbers
    text = f"""
[mesh]
lower = [-2.0, -2.0]
upper = [2.0, 2.0]
cells = [{n}, {n + 1}]
[[energy]]
kind = "entropy"
temperature = 1.0
[[energy]]
kind = "external"
expression = "{A}*cos(3*x+{a})*cos(3*y+{b}) + {c}*x*x + {d}*x*y + {e}*y + {f}*x"
""" + ('[boundary]\nabsorbing = ["x_max"]\n' if absorbing else "")
    A, a, b, c, d, e, f = map(mp.mpf, numbers)
    h = [mp.mpf(4) / n, mp.mpf(4) / (n + 1)]
    x = [[-2 + h[axis] * (i + mp.mpf(1) / 2) for i in range(n + axis)] for axis in (0, 1)]
    V = [[A * mp.cos(3 * s + a) * mp.cos(3 * t + b) + c * s * s + d * s * t + e * t + f * s for t in x[1]] for s in x[0]]
    rate = lambda s: s / mp.expm1(s) if s else mp.mpf(1)  # noqa: E731
    S = mp.matrix(n * (n + 1))

    def join(i, j, k, l, width):
        K, L, s = i + n * j, k + n * l, V[k][l] - V[i][j]
        forward, backward = rate(s) / width**2, rate(-s) / width**2
        S[K, K] += forward
        S[L, L] += backward
        S[K, L] -= mp.sqrt(forward * backward)
        S[L, K] = S[K, L]
    for i in range(n):
        for j in range(n + 1):
            if i + 1 < n:
                join(i, j, i + 1, j, h[0])
            if j < n:
                join(i, j, i, j + 1, h[1])
    for j in range(n + 1 if absorbing else 0):
        S[n - 1 + n * j, n - 1 + n * j] += 2 * rate((V[n - 1][j] - V[n - 2][j]) / 2) / h[0]**2
    return text, sorted(mp.eigsy(S, eigvals_only=True))[0 if absorbing else 1:][:4]


class Spectrum(unittest.TestCase):
    def spectrum(self, text, *words, ranks=1):
        with tempfile.TemporaryDirectory() as folder:
            done = otto(folder, text, "spectrum", *words, ranks=ranks)
            self.assertEqual(done.returncode, 0, done.stderr)
            with open(os.path.join(folder, "out", "spectrum.csv"), encoding="utf-8") as file:
                rows = list(csv.DictReader(file))
            modes = cells(folder, "modes.h5", "center", "volume", "density", "mode_1", "mode_2")
            self.assertTrue(os.path.exists(os.path.join(folder, "out/fields/density.hdf.series")))
            return summary(folder), rows, modes

    def test_rates_are_those_of_the_dense_matrix(self):
        told, rows, (x, volume, density, *modes) = self.spectrum(CASE, "-k", "3")
        x, h, kT = x[:, 0], volume[0], 0.5
        V = (x**2 - 1)**2
        s = np.diff(V) / kT
        bernoulli = lambda t: np.where(t == 0, 1, t / np.where(t == 0, 1, np.expm1(t)))  # noqa: E731
        forward, backward = kT / h**2 * bernoulli(s), kT / h**2 * bernoulli(-s)
        Q = np.diag(forward, -1) + np.diag(backward, 1)
        Q -= np.diag(Q.sum(axis=0))
        exact = np.sort(-np.linalg.eigvals(Q).real)[1:4]
        np.testing.assert_allclose(told["spectrum"]["matrix_rates"], exact, rtol=1e-7)
        self.assertEqual(len(rows), 3)
        self.assertLessEqual(max(told["spectrum"]["residuals"]), 1e-8)
        np.testing.assert_allclose(density, np.exp(-V / kT) / np.sum(h * np.exp(-V / kT)), rtol=1e-10)
        self.assertEqual([float(row["matrix_rate"]) for row in rows], told["spectrum"]["matrix_rates"])
        for mode, rate in zip(modes, exact):
            rho = density * mode
            self.assertLess(np.abs(Q @ rho + rate * rho).max(), 1e-5 * rate * np.abs(rho).max())

    def test_ranks_agree(self):
        one, _, first = self.spectrum(CASE, "-k", "2")
        three, _, second = self.spectrum(CASE, "-k", "2", ranks=3)
        np.testing.assert_allclose(three["spectrum"]["rates"], one["spectrum"]["rates"], rtol=1e-10)
        for a, b in zip(first, second):
            np.testing.assert_allclose(b, a, atol=1e-6 * np.abs(a).max())

    @staticmethod
    def wells(height, n):
        """The case height (x^2 - 1)^2 at kT = 1 in n cells, and its slowest rate: the mean time from well to well is
        int exp(-V) over one times int exp(V) between the two, to parts of exp(-height)."""
        x = np.linspace(-2, 2, 400001)
        V = height * (x**2 - 1)**2
        integral = lambda U: np.sum(np.exp(U)) * (x[1] - x[0])  # noqa: E731
        rate = 2 / integral(-V[x < 0]) / integral(V[np.abs(x) < 1] - height) * np.exp(-height)
        text = CASE.replace("[1.0]", "[2.0]").replace("[192]", f"[{n}]").replace("0.5", "1.0")
        return text.replace('"(x^2-1)^2"', f'"{height}*(x^2-1)^2"'), rate

    def test_one_mode_of_fine_cells_just_above_the_deep_wells(self):
        """A second mode bounds the error of the first: on fine cells the residual says nothing."""
        text, exact = self.wells(21.5, 4000)
        with tempfile.TemporaryDirectory() as folder:
            done = otto(folder, text, "spectrum", "-k", "1")
            self.assertEqual(done.returncode, 0, done.stderr)
            told = summary(folder)["spectrum"]
        self.assertEqual(len(told["rates"]), 1)
        self.assertLess(told["errors"][0], 1e-6)
        self.assertAlmostEqual(told["rates"][0] / exact, 1, delta=1e-4)

    def test_rates_hold_what_they_show_on_coarse_cells(self):
        """The matrix is up to 30 % off; every rate shown is within its own estimate, and half a unit of its last digit
        is no less. Cells as wide as a well are refused, and the matrix' rate is written."""
        for height, n, status in ((20, 40, 0), (80, 80, 0), (80, 400, 0), (120, 64, 0), (110, 24, 3)):
            text, exact = self.wells(height, n)
            with tempfile.TemporaryDirectory() as folder:
                done = otto(folder, text, "spectrum", "-k", "1")
                self.assertEqual(done.returncode, status, done.stderr)
                told = summary(folder)
            spectrum = told["spectrum"]
            matrix = spectrum["matrix_rates"][0] / exact - 1
            left = spectrum["coarseness"][0]
            self.assertEqual(any("take finer cells" in words for words in told.get("warnings", [])),
                             status == 0 and left > 0.01)
            if status:
                self.assertEqual(spectrum["rates"], [None])
                self.assertIn("cells are too wide", done.stderr)
                continue
            off = abs(spectrum["rates"][0] / exact - 1)
            self.assertGreater(matrix, 2e-3)
            self.assertLess(off, min(left, 0.1 * matrix))
            digits = done.stdout.split("\n   1  ")[1].split()[0]
            unit = 10.0**(int(digits.split("e")[1]) - (len(digits.split("e")[0]) - 2 if "." in digits else 0))
            self.assertLess(abs(float(digits) - exact), unit)
            self.assertGreaterEqual(0.5001 * unit, left * exact if "." in digits else 0)

    def test_digits_cover_the_truth_on_graded_boxes(self):
        """lambda = (1/M_A + 1/M_B) / int exp V between the wells, up to exp(-D): one unit of the last digit, or what is
        told beside the rate, reaches it."""
        x = np.linspace(-1.7, 1.7, 200001)
        for D in (70, 65):
            V = D * (x**2 - 1)**2 + 0.3 * x
            R, left = np.trapz(np.exp(V) * (abs(x) < 1), x), np.trapz(np.exp(-V) * (x < 0), x)
            exact = (1 / left + 1 / (np.trapz(np.exp(-V), x) - left)) / R
            text = ("[mesh]\nlower = [-1.7, -1.0]\nupper = [1.7, 1.0]\ncells = [60, 30]\ngrading = [2.0, 1.0]\n"
                    '[[energy]]\nkind = "entropy"\ntemperature = 1.0\n[[energy]]\nkind = "external"\n'
                    f'expression = "{D}*(x^2-1)^2 + 10*y^2 + 0.3*x"\n')
            with tempfile.TemporaryDirectory() as folder:
                done = otto(folder, text, "spectrum", "-k", "1")
            self.assertEqual(done.returncode, 0, done.stderr)
            words = done.stdout.split("\n   1  ")[1].split()
            unit = 10.0**(int(words[0].split("e")[1]) - (len(words[0].split("e")[0]) - 2 if "." in words[0] else 0))
            beside = float(words[2]) if words[1] == "+-" else unit
            self.assertLess(abs(float(words[0]) - exact), beside)
            self.assertEqual(words[1] == "+-", D == 65)

    def test_a_flat_energy_on_few_cells(self):
        with tempfile.TemporaryDirectory() as folder:
            text = CASE.replace("[-2.0]", "[0.0]").replace("[192]", "[16]").replace("(x^2-1)^2", "0")
            done = otto(folder, text, "spectrum", "-k", "4")
            self.assertEqual(done.returncode, 0, done.stderr)
            told = summary(folder)["spectrum"]
        for k, (rate, matrix, left) in enumerate(zip(told["rates"], told["matrix_rates"], told["coarseness"]), 1):
            exact = 0.5 * (k * np.pi)**2
            self.assertLess(matrix / exact - 1, -3e-3 * k * k)
            self.assertLess(abs(rate / exact - 1), left)
            self.assertLess(left, 0.02)

    def test_a_table_that_is_rough_from_cell_to_cell(self):
        """Between its cells there is nothing to resolve: the matrix is the landscape, and that is said."""
        random = np.random.default_rng(11)
        x = -2 + 4 * (np.arange(64) + 0.5) / 64
        V = 26 * (x**2 - 1)**2 + random.normal(0, 4, 64)
        with tempfile.TemporaryDirectory() as folder:
            with h5py.File(os.path.join(folder, "V.h5"), "w") as file:
                file["cells/center"], file["cells/value"] = x[:, None], V
            text = self.wells(20, 64)[0]
            text = text.replace('expression = "20*(x^2-1)^2"', 'table = "V.h5"')
            done = otto(folder, text, "spectrum", "-k", "1")
            self.assertEqual(done.returncode, 0, done.stderr)
            told = summary(folder)
        self.assertEqual(told["spectrum"]["rates"], told["spectrum"]["matrix_rates"])
        self.assertTrue(any("jumps between these cells" in words for words in told["warnings"]), told["warnings"])

    def test_two_passes_between_two_wells(self):
        text = """
[mesh]
lower = [-1.8, -1.7]
upper = [1.8, 1.7]
cells = [90, 85]
[[energy]]
kind = "entropy"
temperature = 1.0
[[energy]]
kind = "external"
expression = "20*(x^2+y^2-1)^2 + 8*y^2"
"""
        told, rows, _ = self.spectrum(text, "-k", "2", ranks=3)
        self.assertEqual(told["spectrum"]["crossings"][0]["passes"], 2)
        self.assertLess(abs(float(rows[0]["eyring_kramers"]) / told["spectrum"]["rates"][0] - 1), 0.15)

    def test_eyring_kramers_is_printed_beside(self):
        with tempfile.TemporaryDirectory() as folder:
            text = CASE.replace("upper = [1.0]", "upper = [2.0]").replace("0.5", "0.25")
            done = otto(folder, text, "spectrum", "-k", "1")
            self.assertEqual(done.returncode, 0, done.stderr)
            told = summary(folder)["spectrum"]
            self.assertIn("Eyring-Kramers", done.stdout)
            self.assertEqual(len(told["crossings"]), 1)
            # asymptotic as kT falls: corrections of order kT/barrier = 1/4
            self.assertLess(abs(told["crossings"][0]["rate"] / told["rates"][0] - 1), 0.25)

    def test_eyring_kramers_is_not_printed_beside_an_escape(self):
        with tempfile.TemporaryDirectory() as folder:
            text = CASE.replace("upper = [1.0]", "upper = [2.0]").replace("0.5", "0.25")
            done = otto(folder, text + '[boundary]\nabsorbing = ["x_max"]\n', "spectrum", "-k", "1")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn("not of escape through the absorbing sides", done.stdout)
            with open(os.path.join(folder, "out", "spectrum.csv"), encoding="utf-8") as file:
                self.assertEqual([row["eyring_kramers"] for row in csv.DictReader(file)], [""])

    @unittest.skipUnless(mpmath, "needs python3-mpmath")
    def test_deep_random_wells_against_multiprecision(self):
        """Several wells 20 to 130 kT deep: every rate of the matrix is within its own error of that
        in 140 digits, on 1 and 3 ranks. That the cells are too wide for any rate of the equation is status 3."""
        resolved = 0
        for seed in range(4):
            for absorbing in (False, True):
                text, exact = random_wells(seed, absorbing)
                for ranks in (1, 3):
                    with tempfile.TemporaryDirectory() as folder:
                        done = otto(folder, text, "spectrum", "-k", "4", ranks=ranks)
                        told = summary(folder)["spectrum"]
                    self.assertEqual(done.returncode, 0 if all(told["resolved"]) else 3, done.stderr)
                    for rate, error, right in zip(told["matrix_rates"], told["errors"], exact):
                        if rate is None:
                            continue
                        resolved += 1
                        self.assertLessEqual(error, 1e-3)
                        self.assertLess(abs(rate / right - 1), error + 1e-11, f"seed {seed}: {right}")
        self.assertGreaterEqual(resolved, 60)  # of 64

    def test_bad_input(self):
        bad = [(CASE, ["-k", "0"], "-k 0"), (CASE, ["-k", "many"], "-k many"),
               (CASE, ["-k", "500"], "191 modes"), (CASE + "[drift]\nexpression = [\"1\"]\n", [], "detailed"),
               (CASE.replace("(x^2-1)^2", "x*t"), [], "depend on t"),
               (CASE.replace("(x^2-1)^2", "1e5*x^2"), [], "V/kT ranges over"),
               (CASE, ["--", "-no_such_option"], "no_such_option")]
        for text, words, said in bad:
            for ranks in (1, 3):
                with tempfile.TemporaryDirectory() as folder:
                    done = otto(folder, text, "spectrum", *words, ranks=ranks)
                    self.assertEqual(done.returncode, 2, f"{words}: {done.stderr}")
                    self.assertIn(said, done.stderr)
                    self.assertEqual(done.stderr.count("otto: "), 1)


class Analysis(unittest.TestCase):
    def test_exit_time_and_committor_against_quadrature(self):
        with tempfile.TemporaryDirectory() as folder:
            done = otto(folder, CASE + RUN, "run")
            self.assertEqual(done.returncode, 0, done.stderr)
            told = summary(folder)
            center, volume, T, q = cells(folder, "final.h5", "center", "volume", "mean_exit_time", "committor")
        kT, x = 0.5, np.linspace(-2, 1, 3 * 2**15 + 1)
        weight = lambda y: np.exp(-((y**2 - 1)**2) / kT)  # noqa: E731
        inner = cumulative(weight, x)
        outer = cumulative(lambda y: np.interp(y, x, inner) / weight(y), x)
        up = cumulative(lambda y: 1 / weight(y), x)
        c = center[:, 0]
        exact_T = np.interp(c, x, (outer[-1] - outer) / kT)
        low = np.interp(-1.0, x, up)
        exact_q = np.clip((np.interp(c, x, up) - low) / (up[-1] - low), 0, 1)
        # order 2: 8.3e-5 of T on this grid, and 2.0e-5
        self.assertLess(np.abs(T - exact_T).max(), 2e-4 * exact_T.max())
        self.assertLess(np.abs(q - exact_q).max(), 5e-5)
        self.assertGreater(told["analysis"]["mean_exit_time"], 10)
        self.assertLess(told["mass"]["final"], 1)
        self.assertEqual(told.get("warnings", []), [])

    def test_exit_time_in_two_dimensions_against_a_dense_solve(self):
        finals = []
        for ranks in (1, 3):
            with tempfile.TemporaryDirectory() as folder:
                done = otto(folder, SQUARE, "run", ranks=ranks)
                self.assertEqual(done.returncode, 0, done.stderr)
                center, T = cells(folder, "final.h5", "center", "mean_exit_time")
                finals.append((T, summary(folder)["analysis"]["mean_exit_time"]))
        np.testing.assert_allclose(finals[1][0], finals[0][0], rtol=1e-8)
        kT, n, size = 0.4, (24, 20), (2 / 24, 2 / 20)
        V = center[:, 0]**2 * center[:, 1] + center[:, 1]**2 - 0.5 * center[:, 0]
        V = V.reshape(n[1], n[0])
        number = np.arange(n[0] * n[1]).reshape(n[1], n[0])
        A = np.zeros((V.size, V.size))
        rate = lambda s, h: kT / h**2 * (s / np.expm1(s) if s else 1)  # noqa: E731

        def join(K, L, VK, VL, h):
            for a, b, s in ((K, L, (VL - VK) / kT), (L, K, (VK - VL) / kT)):
                A[a, a] += rate(s, h)
                A[a, b] -= rate(s, h)
        for j in range(n[1]):
            for i in range(n[0]):
                if i + 1 < n[0]:
                    join(number[j, i], number[j, i + 1], V[j, i], V[j, i + 1], size[0])
                if j + 1 < n[1]:
                    join(number[j, i], number[j + 1, i], V[j, i], V[j + 1, i], size[1])
            A[number[j, 0], number[j, 0]] += 2 * rate((V[j, 0] - V[j, 1]) / 2 / kT, size[0])
        for i in range(n[0]):
            A[number[-1, i], number[-1, i]] += 2 * rate((V[-1, i] - V[-2, i]) / 2 / kT, size[1])
        T = np.linalg.solve(A, np.ones(V.size))
        np.testing.assert_allclose(finals[0][0], T, rtol=1e-6)
        self.assertAlmostEqual(finals[0][1], T.mean(), delta=1e-6 * T.mean())

    def test_bad_input_is_seen_by_check_as_well(self):
        good = CASE + RUN
        bad = [(good.replace('"x_max"]', '"x_mx"]'), "x_max"), (good.replace('"x_max"]', '"y_max"]'), "y_max"),
               (good.replace('absorbing = ["x_max"]', ""), "absorbing"),
               (good.replace('committor_from = "-1-x"', ""), "committor_from"),
               (good.replace('"-1-x"', '"x_max"'), "overlaps"), (good.replace('"-1-x"', '"x-9"'), "no cell"),
               (good + "stationary_current = true\n", "stationary"),
               (good.replace('"(x^2-1)^2"', '"x^2*t"'), "depend on t")]
        for text, said in bad:
            for command in ("check", "run"):
                with tempfile.TemporaryDirectory() as folder:
                    done = otto(folder, text, command)
                    self.assertEqual(done.returncode, 2, f"{said}: {done.stderr}")
                    self.assertIn(said, done.stderr)
                    self.assertRegex(done.stderr, r"case\.toml:\d+:\d+")


if __name__ == "__main__":
    unittest.main(verbosity=2)
