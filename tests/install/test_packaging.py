"""What packages are made from names the same version, libraries and files as the build."""

import glob
import os
import py_compile
import re
import subprocess
import tempfile
import unittest

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
# name in CMakeLists.txt or scripts/packages.txt -> the same elsewhere
LIBRARIES = {"petsc": "petsc", "slepc": "slepc", "hdf5": "hdf5", "eigen3": "eigen", "random123": "random123", "tomlplusplus": "tomlplusplus",
             "muparser": "muparser", "minizip": "minizip", "fftw3": "fftw", "cli11": "cli11", "fmt": "fmt", "nlohmann-json3": "nlohmann"}


def read(name):
    with open(os.path.join(ROOT, name), encoding="utf-8") as file:
        return file.read()


class Packaging(unittest.TestCase):
    def test_one_version(self):
        version = re.search(r"project\(otto VERSION (\S+)", read("CMakeLists.txt"))[1]
        for name, pattern in (("debian/changelog", r"otto \((\S+)\)"), ("CITATION.cff", r"^version: (\S+)"),
                              ("pyproject.toml", r'^version = "(\S+)"'), ("packaging/spack/package.py", r'version\("([\d.]+)"'),
                              ("packaging/conda/meta.yaml", r'set version = "([\d.]+)"')):
            self.assertEqual(re.search(pattern, read(name), re.MULTILINE)[1], version, name)
        short = version.rpartition(".")[0]
        self.assertIn(f"Package: libotto{short}\n", read("debian/control"))
        self.assertIn("/libotto.so.*", read(f"debian/libotto{short}.install"))

    def test_every_library_is_named(self):
        build = {line.split()[1] for line in read("scripts/packages.txt").splitlines() if line.startswith("build")}
        debian = re.search(r"^Build-Depends:(.*?)\n\n", read("debian/control"), re.MULTILINE | re.DOTALL)[1]
        needless = {"g++", "make", "git", "ca-certificates", "ccache", "libopenblas0-serial", "libgtest-dev", "python3-h5py"}
        for package in build - needless:
            self.assertRegex(debian, rf"(^|[\s,]){re.escape(package)}([\s,]|$)")
        for recipe in ("packaging/spack/package.py", "packaging/conda/meta.yaml"):
            for debian_name, name in LIBRARIES.items():
                self.assertTrue(any(debian_name in package for package in build), debian_name)
                self.assertIn(name, read(recipe), recipe)

    def test_options_exist(self):
        options = set(re.findall(r"option\((OTTO_\w+)", read("CMakeLists.txt"))) | {"OTTO_PYTHON_DIR"}
        for name in ("debian/rules", "packaging/spack/package.py", "packaging/conda/build.sh"):
            for option in re.findall(r"\bOTTO_[A-Z_]+", read(name)):
                self.assertIn(option, options, name)

    def test_recipes_can_be_read(self):
        with tempfile.TemporaryDirectory() as folder:
            py_compile.compile(os.path.join(ROOT, "packaging/spack/package.py"), os.path.join(folder, "x.pyc"), doraise=True)
        subprocess.run(["bash", "-n", os.path.join(ROOT, "packaging/conda/build.sh")], check=True)
        # What the image installs is what debian/ builds.
        packages = set(re.findall(r"^Package: (\S+)", read("debian/control"), re.MULTILINE))
        for package in re.findall(r"/packages/([\w.+-]+?)_\*\.deb", read("Containerfile")):
            self.assertIn(package, packages)

    def test_paper(self):
        paper, references = read("paper/paper.md"), read("paper/paper.bib")
        cited = set(re.findall(r"@(\w+\d{4})", paper))
        self.assertEqual(cited, set(re.findall(r"^@\w+\{(\w+),", references, re.MULTILINE)))
        self.assertTrue(250 <= len(paper.split()) <= 1750)
        for page in re.findall(r"`(\w+\.md)`", paper):
            self.assertTrue(glob.glob(os.path.join(ROOT, "docs/results", page)), page)


if __name__ == "__main__":
    unittest.main()
