"""[units]: kT from kelvin, and the labels of tables and pictures."""

import json
import os
import sys
import tempfile
import unittest

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))

import answers  # noqa: E402

SCRATCH = tempfile.TemporaryDirectory()
CASE = """
[units]
energy = "kJ/mol"
length = "nm"
time = "ps"
[mesh]
lower = [-1.5]
upper = [1.5]
cells = [120]
[[energy]]
kind = "entropy"
temperature = "300 K"
[[energy]]
kind = "external"
expression = "10*(x^2 - 1)^2"
[initial]
kind = "uniform"
[time]
step = 0.01
end = 0.05
"""


def otto(command, text=CASE, *words):
    path = os.path.join(SCRATCH.name, "case.toml")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return answers.otto([command, path, *words], SCRATCH.name, timeout=120)


def spectrum(text, *words):
    out = os.path.join(SCRATCH.name, "out")
    done = otto("spectrum", text, "-k", "1", "-o", out, *words)
    if done.returncode != 0:
        raise AssertionError(done.stderr)
    with open(os.path.join(out, "summary.json"), encoding="utf-8") as file:
        return json.load(file)["spectrum"]["rates"][0], done.stdout


class Units(unittest.TestCase):
    def test_kelvin_are_kT(self):
        rate, words = spectrum(CASE)
        self.assertIn("rate (1/ps)", words)
        kT = 8.31446261815324e-3 * 300
        plain = CASE.replace('"300 K"', repr(kT)).replace('[units]\nenergy = "kJ/mol"\nlength = "nm"\ntime = "ps"\n', "")
        expected, words = spectrum(plain)
        self.assertNotIn("(1/", words)
        self.assertAlmostEqual(rate / expected, 1, delta=1e-12)
        self.assertAlmostEqual(spectrum(CASE, "--set", "energy.temperature=300K")[0] / rate, 1, delta=1e-12)

    def test_the_same_temperature_in_every_unit(self):
        """V and kT scale alike, so that rates scale as kT."""
        joule = 6.02214076e23 / 1000
        factors = {"kcal/mol": 1 / 4.184, "eV": 1 / (1.602176634e-19 * joule), "hartree": 1 / 2625.4996394799,
                   "1/cm": 1 / 0.01196265657, "J": 1 / joule}
        rate = spectrum(CASE)[0]
        for unit, factor in factors.items():
            other, _ = spectrum(CASE.replace("kJ/mol", unit).replace("10*(", f"{10 * factor:.17g}*("))
            self.assertAlmostEqual(other / (rate * factor), 1, delta=1e-6, msg=unit)

    def test_kelvin_that_vary(self):
        """kT = k (300 + 0 x) is the number; the density at rest of a line with V = 0 is 1/T."""
        case = CASE.replace('"300 K"', '"(300 + 0*x) K"')
        self.assertEqual(otto("check", case).returncode, 0)
        for text in ('"(300 + 50*x) K"', '"300 + 50*x  K"'):
            self.assertEqual(otto("check", CASE.replace('"300 K"', text)).returncode, 0, text)

    def test_units_of_kT(self):
        """kT is 1: as a number, or as the one temperature in kelvin that the energies were divided by."""
        case = CASE.replace('"kJ/mol"', '"kT"')
        rate = spectrum(case)[0]
        for text in ("1", "1.0", '"310 K"'):
            self.assertEqual(spectrum(case.replace('"300 K"', text))[0], rate, text)
        for text in ("2.0", '"(300 + 20*x) K"', '"1 + x^2"'):
            done = otto("check", case.replace('"300 K"', text))
            self.assertEqual(done.returncode, 2, text)
            self.assertRegex(done.stderr, "case.toml:[0-9]+:.*kT is 1 everywhere")

    def test_what_cannot_be_converted(self):
        for old, new, message in (
                ('energy = "kJ/mol"\n', "", "kelvin need [units] energy"),
                ('"300 K"', '"300"', 'a temperature is a number, kT in units of energy, or as "300 K"'),
                ('"300 K"', '"-5 K"', "a temperature is a number"),
                ('"300 K"', '"27 C"', "a temperature is a number"),
                ('"300 K"', "-1.0", "it must be greater than 0"),
                ('"kJ/mol"', '"kj/mol"', "did you mean"),
                ('time = "ps"', "time = 1.0", "units.time = 1.0: text in quotes is needed")):
            done = otto("check", CASE.replace(old, new))
            self.assertEqual(done.returncode, 2, new)
            self.assertIn("case.toml:", done.stderr)
            self.assertIn(message, done.stderr)


if __name__ == "__main__":
    unittest.main()
