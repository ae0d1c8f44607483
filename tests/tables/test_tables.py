"""Tables as other programs write them: the same surface in every format, and what is wrong with a file, with its place."""

import io
import os
import sys
import tempfile
import unittest

import h5py
import numpy as np

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
for folder in ("postprocess", "tests"):
    sys.path.insert(0, os.path.join(ROOT, folder))
import answers  # noqa: E402
from otto_results import Results  # noqa: E402

SCRATCH = tempfile.TemporaryDirectory()
CASE = """
[mesh]
lower = [-3.0, -2.0]
upper = [3.0, 2.0]
cells = [24, 16]
[[energy]]
kind = "entropy"
temperature = 0.5
[[energy]]
kind = "external"
table = "{file}"
{keys}
[initial]
kind = "uniform"
[time]
step = 0.1
end = 0.1
[output]
fields = ["density", "external_energy"]
"""
X, Y = np.linspace(-3, 3, 61), np.linspace(-2, 2, 41)


def surface(x, y):
    return 0.5 * (x**2 - 1)**2 / 4 + y**2 + 0.3 * x


def path(name):
    return os.path.join(SCRATCH.name, name)


def write(name, content):
    with open(path(name), "wb" if isinstance(content, bytes) else "w",
              **({} if isinstance(content, bytes) else {"encoding": "utf-8"})) as file:
        file.write(content)
    return name


def rows(x=X, y=Y, f=surface):
    return [(a, b, f(a, b)) for b in y for a in x]


def columns(separator=" ", head="", x=X, y=Y, f=surface):
    return head + "".join(separator.join(f"{v:.17g}" for v in row) + "\n" for row in rows(x, y, f))


def case(file, keys="", text=CASE, **changes):
    for old, new in changes.items():
        text = text.replace(*new) if isinstance(new, tuple) else text.replace(old, new)
    write("case.toml", text.format(file=file, keys=keys))
    return path("case.toml")


def otto(*words, ranks=1):
    return answers.otto(words, SCRATCH.name, ranks, timeout=300)


def energy(file, keys="", ranks=1, **changes):
    """V at the cell centres, with the centres."""
    done = otto("run", case(file, keys, **changes), "-o", path("out"), ranks=ranks)
    if done.returncode != 0:
        raise AssertionError(done.stderr)
    run = Results(path("out"))
    return run.field(0, "external_energy"), run.grid.centers


def npz(**arrays):
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def npy(array):
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def plumed(periodic=False):
    words = "true" if periodic else "false"
    head = "#! FIELDS phi psi file.free der_phi der_psi\n"
    for name, low, high, bins in (("phi", -3, 3, 60), ("psi", -2, 2, 40)):
        head += f"#! SET min_{name} {low}\n#! SET max_{name} {high}\n#! SET nbins_{name} {bins}\n#! SET periodic_{name} {words}\n"
    text = head
    for b in Y[:-1] if periodic else Y:
        for a in X[:-1] if periodic else X:
            text += f" {a: .9f} {b: .9f} {surface(a, b): .9f} 0.0 0.0\n"
        text += "\n"
    return text


def image(f=surface):
    values = " ".join(f"{f(a, b):.17g}" for b in Y for a in X)
    return ('<?xml version="1.0"?>\n<VTKFile type="ImageData" version="1.0" byte_order="LittleEndian">\n'
            '<ImageData WholeExtent="0 60 0 40 0 0" Origin="-3 -2 0" Spacing="0.1 0.1 0.1">\n'
            '<Piece Extent="0 60 0 40 0 0"><PointData><DataArray type="Float64" Name="V" format="ascii">'
            f'{values}</DataArray></PointData></Piece></ImageData></VTKFile>\n')


class Formats(unittest.TestCase):
    """The bilinear interpolant of the same points, however they are written."""

    @classmethod
    def setUpClass(cls):
        from scipy.interpolate import RegularGridInterpolator

        cls.exact = RegularGridInterpolator((X, Y), surface(X[:, None], Y[None, :]))

    def assert_same(self, file, keys="", tolerance=1e-12, **more):
        V, centers = energy(file, keys, **more)
        self.assertLess(np.abs(V - self.exact(centers)).max(), tolerance, file)

    def test_text(self):
        self.assert_same(write("V.dat", columns()))
        self.assert_same(write("V.txt", columns("\t", "# x y F\n")))
        self.assert_same(write("V.csv", columns(",", "x,y,F\n").replace("\n", "\r\n")))
        self.assert_same(write("semicolons.csv", columns(" ; ", '"x";"y";"F"\n')))
        self.assert_same(write("bom.csv", "\ufeff" + columns(",", "x,y,F\n")))
        shuffled = rows()
        np.random.default_rng(1).shuffle(shuffled)
        self.assert_same(write("shuffled.dat", "".join(f"{a:+.17g} {b:.17g} {c:.17e} # here\n\n" for a, b, c in shuffled)))

    def test_several_columns(self):
        text = "x y error F\n" + "".join(f"{a:.17g} {b:.17g} 7 {c:.17g}\n" for a, b, c in rows())
        self.assert_same(write("named.dat", text), 'array = "F"')

    def test_plumed(self):
        self.assert_same(write("fes.dat", plumed()), tolerance=1e-8)
        periodic = {"cells": ("cells = [24, 16]", "cells = [60, 40]\nperiodic = [true, true]")}
        V, centers = energy(write("periodic.dat", plumed(True)), "", **periodic)
        inside = (centers[:, 0] < 2.9) & (centers[:, 1] < 1.9)
        self.assertLess(np.abs(V - self.exact(centers))[inside].max(), 1e-8)
        self.assertGreater(np.abs(V - self.exact(centers))[~inside].max(), 1e-3)  # across the seam

    def test_numpy(self):
        self.assert_same(write("V.npy", npy(np.array(rows()))))
        self.assert_same(write("single.npy", npy(np.array(rows(), dtype=np.float32))), tolerance=1e-5)
        self.assert_same(write("big.npy", npy(np.asfortranarray(np.array(rows(), dtype=">f8")))))
        self.assert_same(write("grid.npz", npz(x=X, y=Y, F=surface(X[:, None], Y[None, :]))))
        self.assert_same(write("transposed.npz", npz(x=X, y=Y, F=np.asfortranarray(surface(X[:, None], Y[None, :])))))
        x, y, f = np.array(rows()).T
        self.assert_same(write("columns.npz", npz(x=x, y=y, G=0 * f, F=f)), 'array = "F"')
        buffer = io.BytesIO()
        np.savez_compressed(buffer, a=np.array(rows()))
        self.assert_same(write("compressed.npz", buffer.getvalue()))

    def test_image(self):
        self.assert_same(write("V.vti", image()))

    def test_cells_of_another_mesh(self):
        """Rows of final.h5 on 12 x 8 cells: exact for a linear V, out to the walls."""
        x, y = np.meshgrid(np.linspace(-2.75, 2.75, 12), np.linspace(-1.75, 1.75, 8), indexing="ij")
        with h5py.File(path("coarse.h5"), "w") as f:
            f["cells/center"] = np.stack([x.ravel(), y.ravel()], axis=1)
            f["cells/value"] = (2 * x - 3 * y).ravel()
        V, centers = energy("coarse.h5")
        self.assertLess(np.abs(V - 2 * centers[:, 0] + 3 * centers[:, 1]).max(), 1e-12)

    def test_ranks(self):
        self.assert_same(write("V.dat", columns()), ranks=3)

    def test_scale_and_shift(self):
        V, centers = energy(write("V.dat", columns()), "scale = -2.0\nshift = 5.0")
        self.assertLess(np.abs(V - 5 + 2 * self.exact(centers)).max(), 1e-12)

    def test_cubic_is_of_higher_order(self):
        errors = {}
        for kind in ("linear", "cubic"):
            for n in (30, 60, 120):
                f = lambda a, b: np.sin(1.3 * a + 0.4) * np.cos(b)
                file = write("V.dat", columns(x=np.linspace(-3.5, 3.5, n + 1), y=np.linspace(-2.5, 2.5, n + 1), f=f))
                V, c = energy(file, f'interpolation = "{kind}"')
                errors[kind, n] = np.sqrt(np.mean((V - f(c[:, 0], c[:, 1]))**2))
        self.assertGreater(np.log2(errors["linear", 30] / errors["linear", 120]) / 2, 1.8)
        self.assertGreater(np.log2(errors["cubic", 30] / errors["cubic", 120]) / 2, 2.8)

    def test_missing_and_outside(self):
        text = columns(f=lambda a, b: np.nan if a > 2 else surface(a, b))
        V, centers = energy(write("holes.dat", text), 'missing = "wall"')
        there = centers[:, 0] < 1.99
        self.assertLess(np.abs(V - self.exact(centers))[there].max(), 1e-12)
        largest = max(v for a, b, v in rows() if a <= 2)
        self.assertLess(np.abs(V[centers[:, 0] > 2.2] - largest - 50 * 0.5).max(), 1e-9)
        absent = "".join(line + "\n" for line in text.splitlines() if "nan" not in line)
        W, _ = energy(write("absent.dat", absent), 'missing = "wall"\noutside = "wall"')
        self.assertLess(np.abs(W - V)[there].max(), 1e-12)
        V, centers = energy(write("holes.dat", text), "missing = 7.0")
        self.assertLess(np.abs(V[centers[:, 0] > 2.2] - 7).max(), 1e-12)
        small = columns(x=X[10:-10])
        V, centers = energy(write("small.dat", small), 'outside = "nearest"')
        nearest = np.clip(centers[:, 0], -2, 2)
        self.assertLess(np.abs(V - self.exact(np.stack([nearest, centers[:, 1]], axis=1))).max(), 1e-12)


INITIAL = CASE.replace("table = ", 'expression = "0"\n#').replace('kind = "uniform"', 'kind = "{kind}"\nfile = "{file}"')


class Densities(unittest.TestCase):
    def density(self, file, kind, keys=""):
        write("case.toml", INITIAL.replace("{keys}", "").format(file=file, kind=kind) + keys)
        done = otto("run", path("case.toml"), "-o", path("out"), "--set", "time.end=0")
        done = done if done.returncode == 0 else otto("run", path("case.toml"), "-o", path("out"), "--set",
                                                      "time.end=1e-12", "--set", "time.step=1e-12")
        self.assertEqual(done.returncode, 0, done.stderr)
        with h5py.File(path("out/final.h5")) as f:
            return f["cells/density"][()], f["cells/center"][()], f["cells/volume"][()]

    def test_initial_table(self):
        f = lambda a, b: np.exp(-a * a - b * b)
        rho, c, volume = self.density(write("rho.csv", columns(",", f=f)), "table")
        expected = f(c[:, 0], c[:, 1])
        self.assertLess(np.abs(rho - expected / np.sum(expected * volume)).max(), 2e-3)

    def test_samples(self):
        points = np.random.default_rng(3).uniform((-3, -2), (3, 2), (500, 2))
        with h5py.File(path("points.h5"), "w") as f:
            f["samples"] = points
        expected = self.density("points.h5", "samples")[0]
        text = "".join(f"{a:.17g}\t{b:.17g}\n" for a, b in points)
        for file in (write("points.npy", npy(points)), write("points.txt", text), write("points.npz", npz(a=points))):
            self.assertTrue(np.array_equal(self.density(file, "samples")[0], expected), file)


def bilinear(x, y):
    return 2 + 0.3 * x + 0.2 * y + 0.1 * x * y


DIFFUSION = """
[mesh]
{mesh}
[units]
energy = "kJ/mol"
length = "nm"
time = "ps"
[[energy]]
kind = "entropy"
temperature = 0.5
[[energy]]
kind = "external"
expression = "x^2/2 + y^2"
[diffusion]
{keys}
[initial]
kind = "uniform"
[boundary]
absorbing = ["{side}"]
[time]
step = 0.05
end = 0.1
[solver]
rtol = 1e-13
"""
BOX = "lower = [-3.0, -2.0]\nupper = [3.0, 2.0]\ncells = [24, 16]"


class Diffusion(unittest.TestCase):
    """A bilinear D is its own interpolant: a table of any format and the expression give the same density."""

    known = {}  # densities of expressions

    def density(self, keys, mesh=BOX, side="x_max", ranks=1):
        if (keys, mesh, ranks) in self.known:
            return self.known[keys, mesh, ranks]
        write("case.toml", DIFFUSION.format(mesh=mesh, keys=keys, side=side))
        done = otto("run", path("case.toml"), "-o", path("out"), ranks=ranks)
        self.assertEqual(done.returncode, 0, done.stderr)
        with h5py.File(path("out/final.h5")) as f:
            order = np.lexsort(np.round(f["cells/center"][()], 9).T)
            density = f["cells/density"][()][order]
        if "expression" in keys:
            self.known[keys, mesh, ranks] = density
        return density

    def assert_same(self, keys, file, more="", tolerance=1e-12, **where):
        expected = self.density(keys, **where)
        got = self.density(f'table = "{file}"\n{more}', **where)
        self.assertLess(np.abs(got / expected - 1).max(), tolerance, file)

    def files(self):
        f = bilinear
        x, y = np.meshgrid(np.linspace(-2.75, 2.75, 12), np.linspace(-1.75, 1.75, 8), indexing="ij")
        with h5py.File(path("D.h5"), "w") as file:
            file["cells/center"] = np.stack([x.ravel(), y.ravel()], axis=1)
            file["cells/value"] = f(x, y).ravel()
        points = np.array(rows(X[::6], Y[::4], f))
        return [write("D.dat", columns(x=X[::6], y=Y[::4], f=f)), write("D.csv", columns(",", "x,y,D\n", f=f)),
                write("D.npy", npy(points)), write("D.npz", npz(x=X, y=Y, D=f(X[:, None], Y[None, :]))),
                write("D.vti", image(f)), "D.h5"]

    def test_formats(self):
        for file in self.files():
            self.assert_same('expression = "2 + 0.3*x + 0.2*y + 0.1*x*y"', file)
        self.assert_same('expression = "2 + 0.3*x + 0.2*y + 0.1*x*y"', "D.dat", 'interpolation = "cubic"', ranks=3)
        self.assert_same('expression = "3 + 0.15*x + 0.1*y + 0.05*x*y"', "D.dat", "scale = 0.5\nshift = 2.0")

    def test_cells_of_the_same_box(self):
        """final.h5 of the same mesh is a lattice, too."""
        x, y = np.meshgrid(np.linspace(-2.875, 2.875, 24), np.linspace(-1.875, 1.875, 16), indexing="ij")
        with h5py.File(path("D.h5"), "w") as file:
            file["cells/center"] = np.stack([x.ravel(), y.ravel()], axis=1)
            file["cells/value"] = bilinear(x, y).ravel()
        self.assert_same('expression = "2 + 0.3*x + 0.2*y + 0.1*x*y"', "D.h5")

    def test_on_a_mesh_of_triangles(self):
        mesh = f'kind = "gmsh"\nfile = "{ROOT}/tests/meshes/two_regions_41.msh"'
        wide = write("D.dat", columns(f=bilinear))
        for more in ("", '\ncontrol_volumes = "medians"'):
            self.assert_same('expression = "2 + 0.3*x + 0.2*y + 0.1*x*y"', wide, mesh=mesh + more, side="east",
                             tolerance=1e-10)  # rounding of D, through a matrix that solves amplify

    def test_convention(self):
        """What noise adds to V is that of the table."""
        self.assert_same('expression = "2 + 0.3*x + 0.2*y + 0.1*x*y"\nconvention = "ito"',
                         write("D.dat", columns(f=bilinear)), 'convention = "ito"')

    def test_nearest_and_missing(self):
        half = columns(x=X[:31], f=bilinear)  # to x = 0
        self.assert_same('expression = "2 + 0.3*min(x, 0) + 0.2*y + 0.1*min(x, 0)*y"', write("D.dat", half),
                         'outside = "nearest"')
        filled = write("filled.dat", columns(f=lambda a, b: 9 if a > 0.04 and abs(b) < 0.01 else 1.5))
        holes = write("holes.dat", columns(f=lambda a, b: np.nan if a > 0.04 and abs(b) < 0.01 else 1.5))
        got = self.density(f'table = "{holes}"\nmissing = 9.0')
        self.assertTrue(np.array_equal(got, self.density(f'table = "{filled}"')))

    def test_measured_in_other_units(self):
        """1 cm^2/s is 100 nm^2/ps, and kT D is what is measured."""
        self.assert_same('expression = "2 + 0.3*x + 0.2*y + 0.1*x*y"', write("D.dat", columns(f=bilinear)),
                         'unit = "cm^2/s"\nscale = 0.005')
        self.assert_same('expression = "2*(2 + x/4)"', write("D.dat", columns(f=lambda a, b: 2 + a / 4)), 'unit = "nm^2/ps"')
        self.assert_same('expression = "2 + x/4"', write("D.dat", columns(f=lambda a, b: 2 + a / 4)),
                         'unit = "A^2/fs"\nscale = 0.05')


GOOD = columns(x=X[::10], y=Y[::10])
LINES = GOOD.splitlines()
ZIP = npz(a=np.array(rows()))


def with_line(number, line):
    return "\n".join(LINES[:number - 1] + [line] + LINES[number:]) + "\n"


# content, further keys, what the message must hold
ODD = {
    "word": (with_line(5, "1.0 abc 2.0"), "", "odd:5:5: 'abc' is not a number"),
    "decimal comma": (with_line(5, "1,0;2,0;3,0"), "", "odd:5:1: '1,0' is not a number; decimals are written with a point"),
    "short row": (with_line(9, "1.0 2.0"), "", "odd:9:1: a row of 2 numbers; the first one (line 1) has 3"),
    "long row": (with_line(9, "1 2 3 4"), "", "odd:9:1: a row of 4 numbers"),
    "coordinate nan": (with_line(7, "nan 0.0 1.0"), "", "odd:7: the coordinate x is nan"),
    "coordinate inf": (with_line(7, "0.0 inf 1.0"), "", "odd:7: the coordinate y is inf"),
    "value nan": (with_line(3, LINES[2].rsplit(" ", 1)[0] + " nan"), "", "odd:3: the value at"),
    "value -nan": (with_line(3, LINES[2].rsplit(" ", 1)[0] + " -nan"), "", "missing = \"wall\""),
    "value inf": (with_line(3, LINES[2].rsplit(" ", 1)[0] + " inf"), "", "is inf; missing"),
    "second row": (GOOD + LINES[0] + "\n", "", f"odd:{len(LINES) + 1}: a second row for the point (-3, -2); the first is"),
    "row left out": (with_line(6, ""), "", "has no row for the point"),
    "one column": ("1\n2\n3\n", "", "has 1 column; 2 of coordinates and one of values are needed"),
    "two columns": ("1 2\n2 3\n", "", "has 2 columns; 2 of coordinates and one of values are needed"),
    "empty": ("", "", "holds no row of numbers"),
    "comments only": ("# x y F\n# nothing\n", "", "holds no row of numbers"),
    "names only": ("x,y,F\n", "", "holds no row of numbers"),
    "more names": ("x,y,F,G\n1,2,3\n", "", "odd:2:1: a row of 3 numbers under 4 names (x, y, F, G)"),
    "scattered": ("".join(f"{a} {b} 1\n" for a, b in np.random.default_rng(2).uniform(-3, 3, (40, 2))), "",
                  "lie on no lattice"),
    "a line of points": ("".join(f"{a} 0.0 1\n" for a in X), "", "has 1 point along y"),
    "too small": (columns(x=X[5:], y=Y), "", "the cell centre (-2.875, -1.875) is outside the table, which covers x from -2.5"),
    "no such column": ("x y F\n" + GOOD, 'array = "G"', "has no column 'G'; there are x, y, F"),
    "no names": (GOOD, 'array = "F"', "its columns have no names, so 'F' cannot be found"),
    "one variable": ("#! FIELDS s F der\n#! SET min_s 0\n#! SET max_s 1\n0 1 2\n1 2 3\n", "",
                     "is a table over 1 variable; the mesh has 2 axes"),
    "bad bound": (plumed(True).replace("SET max_phi 3", "SET max_phi three"), "", "max_phi = 'three' is not a number"),
    "other period": (plumed(True).replace("SET max_phi 3", "SET max_phi 4"), "", "covers x from -3"),
    "other bins": (plumed().replace("nbins_psi 40", "nbins_psi 60"), "", "has 41 points along psi, and nbins_psi says 60; missing = "),
    "more bins": (plumed().replace("nbins_psi 40", "nbins_psi 20"), "", "has 41 points along psi, and nbins_psi says 20\n"),
    "no line of the grid": ("".join(line + "\n" for line in plumed(True).splitlines() if not line.startswith(" -0.5")), "",
                            "has no rows between phi = -0.6 and -0.4, where other points are 0.1"),
    "y before x": ("y,x,F\n" + columns(","), "", "its columns are y, x, F, and coordinates are read from the first 2 in the order x, y"),
    "binary": (b"\x00\x01\x02\x03" * 20, "", "odd:1:1: is no text in UTF-8"),
    "latin": ("x y \xb0\n".encode("latin-1") + GOOD.encode(), 'array = "F"', "odd:1:5: is no text in UTF-8"),
    "hexadecimal": (with_line(5, "0x10 1 2"), "", "odd:5:1: '0x10' is not a number"),
    "Fortran's exponent": (with_line(5, "1.0D+00 1 2"), "", "odd:5:1: '1.0D+00' is not a number"),
    "two signs": (with_line(5, "+-1 1 2"), "", "odd:5:1: '+-1' is not a number"),
    "npy cut off": (npy(np.array(rows()))[:-8], "", "bytes of numbers where its shape asks for"),
    "npy cut in its header": (npy(np.array(rows()))[:40], "", "ends within its header"),
    "npy of texts": (npy(np.array([["a", "b", "c"]])), "", "holds numbers of the type"),
    "npy complex": (npy(np.ones((4, 3), dtype=complex)), "", "holds numbers of the type '<c16'"),
    "npy of one axis": (npy(np.arange(5.0)), "", "has 1 column; 2 of coordinates"),
    "npy of three axes": (npy(np.ones((2, 2, 2))), "", "has 3 axes; one row for each point is needed"),
    "npy of nothing": (npy(np.ones((0, 3))), "", "holds no row of numbers"),
    "npy of too much": (npy(np.ones((2, 3))).replace(b"(2, 3)", b"(2000000000000, 3)").replace(b"            \n", b"\n"), "",
                        ""),
    "npy without shape": (npy(np.ones((2, 3))).replace(b"'shape'", b"'shady'"), "", "does not say 'shape'"),
    "npz cut off": (ZIP[:-30], "", "is damaged"),
    "npz with a spoilt byte": (ZIP[:400] + bytes([ZIP[400] ^ 255]) + ZIP[401:], "", "is damaged"),
    "npz of unequal columns": (npz(x=X, y=Y, F=X), "", "columns have one length"),
    "npz of another shape": (npz(x=X, y=Y, F=np.ones((3, 4))), "", "F has 2 axes"),
    "scale of 0": (GOOD, "scale = 0.0", "energy[2].scale: must not be 0"),
    "unknown interpolation": (GOOD, 'interpolation = "spline"', "is not one of its choices"),
    "unknown outside": (GOOD, 'outside = "mirror"', "is not one of its choices"),
    "unknown missing": (GOOD, 'missing = "hole"', "is not one of its choices"),
    "missing without a value": (GOOD, "missing = [1.0]", "energy.missing = [1.0]: a number or text in quotes is needed"),
}


class Odd(unittest.TestCase):
    def refused(self, content, keys, message, name):
        done = otto("check", case(write("odd", content), keys))
        self.assertEqual(done.returncode, 2, f"{name}: {done.stdout}{done.stderr}")
        self.assertIn("case.toml:", done.stderr, name)
        self.assertIn(message, done.stderr, name)
        self.assertEqual(done.stderr.count("\n"), 1, name)

    def test_each_is_refused_with_its_place(self):
        for name, (content, keys, message) in ODD.items():
            with self.subTest(name):
                self.refused(content, keys, message, name)

    def test_every_truncation_of_a_file_is_read_or_refused(self):
        rng = np.random.default_rng(5)
        contents = {"txt": plumed().encode()[:3000], "npy": npy(np.array(rows())), "npz": ZIP}
        for kind, content in contents.items():
            for _ in range(17):
                damaged = bytearray(content[:rng.integers(1, len(content))])
                if rng.uniform() < 0.5:
                    damaged[rng.integers(len(damaged))] ^= int(rng.integers(1, 256))
                done = otto("check", case(write("odd", bytes(damaged))))
                self.assertEqual(done.returncode, 2, (kind, len(damaged), done.stderr))
                self.assertIn("odd", done.stderr)

    def test_gap_at_the_seam(self):
        text = CASE.replace("cells = [24, 16]", "cells = [24, 16]\nperiodic = [true, false]")
        done = otto("check", case(write("odd", columns(x=X[:40])), text=text))
        self.assertEqual(done.returncode, 2)
        self.assertIn("the seam is a gap of", done.stderr)
        done = otto("check", case(write("odd", columns()), text=text))
        self.assertEqual(done.returncode, 2)
        self.assertIn("does not repeat: x = -3 and 3 have the values", done.stderr)


if __name__ == "__main__":
    unittest.main()
