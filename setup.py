"""Builds the extension module, the library and the program with CMake and puts them into package otto.

A build folder that is there already (build/, or the one OTTO_BUILD names) is brought up to date; else it is made.
"""

import os
import shutil
import subprocess
import sys

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.path.abspath(os.environ.get("OTTO_BUILD", os.path.join(HERE, "build")))
TEMPORARY = os.path.join(BUILD, "setuptools")
os.makedirs(TEMPORARY, exist_ok=True)


class CMakeBuild(build_ext):
    """Runs CMake, and installs its component `wheel` where setuptools collects the package."""

    def run(self):
        configure = ["cmake", "-S", HERE, "-B", BUILD]
        if not os.path.exists(os.path.join(BUILD, "CMakeCache.txt")):
            configure += ["-DCMAKE_BUILD_TYPE=Release", "-DOTTO_TESTS=OFF", f"-DPython_EXECUTABLE={sys.executable}"]
            configure += ["-G", "Ninja"] if shutil.which("ninja") else []
        subprocess.run(configure, check=True)
        targets = subprocess.run(["cmake", "--build", BUILD, "--target", "help"], check=True, capture_output=True,
                                 text=True).stdout
        # Ninja does not list the program, whose file has the name of its target; it is there in every build.
        wanted = ["otto"] + [t for t in ("otto_python", "otto_torch", "otto_vtk") if f"{t}:" in targets or f" {t}\n" in targets]
        if "otto_python" not in wanted:
            sys.exit("setup.py: CMake has found no pybind11 for this Python; install pybind11-dev and python3-pybind11")
        subprocess.run(["cmake", "--build", BUILD, "--parallel", str(os.cpu_count()), "--target", *wanted], check=True)
        place = os.path.join(HERE, "python") if self.inplace else self.build_lib
        subprocess.run(["cmake", "--install", BUILD, "--component", "wheel", "--prefix", os.path.abspath(place)], check=True)


setup(
    ext_modules=[Extension("otto._otto", sources=[])],
    cmdclass={"build_ext": CMakeBuild},
    options={"build": {"build_base": TEMPORARY}, "egg_info": {"egg_base": TEMPORARY}},
)
