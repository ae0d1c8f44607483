#!/usr/bin/python3
"""Options for PETSc reach the solves they name and no others, as docs/methods/petsc_options.md lists them. A solve that
may take one iteration fails and its step is refused: that is how a test sees who was reached."""
import glob
import os
import re
import subprocess
import tempfile
import unittest

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
OTTO = os.environ["OTTO"]
BOX = """
[mesh]
kind = "box"
lower = [-2.0, -2.0]
upper = [2.0, 2.0]
cells = [24, 20]
"""
ENTROPY = """
[[energy]]
kind = "entropy"
temperature = 1.0
[[energy]]
kind = "external"
expression = "x^2 + x*y/2 + y^4/4"
"""
POWER = """
[[energy]]
kind = "power"
exponent = 2.0
[[energy]]
kind = "external"
expression = "x^2 + x*y/2 + y^4/4"
"""
INTERACTION = """
[[energy]]
kind = "interaction"
expression = "-exp(-r^2)"
"""
START = """
[initial]
kind = "gaussian"
mean = [0.7, 0.4]
variance = 0.2
[time]
scheme = "{scheme}"
step = 0.1
min_step = 0.09              # the first refusal ends the run
end = 0.1
"""
INNER = START.format(scheme="jko") + 'inner_steps = 3\nkappa = 0.5\nweights = "blend"\n'
BACKWARD = """
[drift]
expression = ["y", "-x"]
[boundary]
absorbing = ["x_max"]
[analysis]
mean_exit_time = true
"""
FLOW = """
[drift]
expression = ["y", "-x"]
[analysis]
stationary_current = true
"""
# what a case solves: the prefix of its solve -> the case
CASES = {
    "shifted_": BOX + ENTROPY + START.format(scheme="implicit_euler"),
    "proximal_": BOX + ENTROPY + START.format(scheme="jko"),
    "transport_": BOX + ENTROPY + INNER,
    "inner_": BOX + ENTROPY + INNER,
    "coupled_": BOX + ENTROPY + INTERACTION + START.format(scheme="jko"),
    "flux_": BOX + POWER + START.format(scheme="implicit_euler"),
    "simplex_": BOX + ENTROPY + START.format(scheme="implicit_euler") + '[flux]\nkind = "simplex"\n',
    "flow_": BOX + ENTROPY + START.format(scheme="implicit_euler") + FLOW,
    "backward_": BOX + ENTROPY + START.format(scheme="implicit_euler") + BACKWARD,
}
# the cases in which a solve is one part of several
USERS = {
    "transport_": {"inner_"},
    "inner_": {"transport_"},
    "shifted_": {"backward_", "flow_"},                            # implicit Euler's
    "proximal_": {"inner_", "transport_", "coupled_"},    # their start, or preconditioner
}


def run(case, *words):
    """Status, and what the screen showed."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "case.toml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(case)
        done = subprocess.run([OTTO, "run", path, "-o", os.path.join(folder, "out"), "--", *words],
                              text=True, capture_output=True, check=False)
        return done.returncode, done.stdout + done.stderr


class Prefixes(unittest.TestCase):
    def test_a_prefix_reaches_its_solve(self):
        for prefix, case in CASES.items():
            status, said = run(case, f"-{prefix}ksp_max_it", "1")
            if case == CASES["inner_"]:  # inner steps that fail give way, which is told
                self.assertIn("made by another formula", said, prefix)
                self.assertNotIn("made by another formula", run(case)[1])
            else:
                self.assertEqual(status, 3, f"{prefix}: {said}")

    def test_a_prefix_reaches_nothing_else(self):
        for prefix in CASES:
            for other, case in CASES.items():
                if other == prefix or other in USERS.get(prefix, ()):
                    continue
                if prefix == "flux_" and "jko" in case:  # implicit Euler's density, where it starts
                    continue
                status, said = run(case, f"-{prefix}ksp_max_it", "1")
                self.assertEqual(status, 2, f"{prefix} in the case of {other}: {said}")
                self.assertIn(f"-{prefix}ksp_max_it: nothing in this run uses it", said)

    def test_options_without_a_prefix_reach_the_solves_of_a_step(self):
        for prefix in ("shifted_", "proximal_", "inner_", "flux_", "simplex_"):
            status, said = run(CASES[prefix], "-ksp_max_it", "1")
            self.assertEqual(status, 3, f"{prefix}: {said}")

    def test_the_prefix_wins(self):
        for prefix in ("shifted_", "proximal_", "flux_", "simplex_"):
            status, said = run(CASES[prefix], "-ksp_max_it", "1", f"-{prefix}ksp_max_it", "200")
            self.assertEqual(status, 0, f"{prefix}: {said}")

    def test_a_solve_inside_a_step_keeps_its_own_method(self):
        """Systems of transport are not symmetric: CG, meant for the step, does not reach them."""
        status, said = run(CASES["inner_"], "-ksp_type", "cg")
        self.assertEqual(status, 0, said)

    def test_what_petsc_does_not_take_is_bad_input(self):
        for option, value in (("-ksp_type", "nonsense"), ("-ksp_rtol", "abc")):
            status, said = run(CASES["shifted_"], option, value)
            self.assertEqual(status, 2, said)
            self.assertIn(f"does not take one of the options {option} {value}", said)

    def test_the_documented_prefixes_are_those_of_the_code(self):
        used = set()
        for path in glob.glob(os.path.join(ROOT, "src", "*", "*.cpp")):
            with open(path, encoding="utf-8") as file:
                used |= set(re.findall(r'\.prefix = "(\w+)"', file.read()))
        with open(os.path.join(ROOT, "docs", "methods", "petsc_options.md"), encoding="utf-8") as file:
            page = file.read()
        self.assertEqual(set(re.findall(r"^\| `-(\w+_)` \|", page, re.MULTILINE)), used)
        self.assertLessEqual(set(CASES), used)


if __name__ == "__main__":
    unittest.main(verbosity=2)
