"""The installed tree, moved to another place: program, manual page, completion, library and headers."""

import os
import pty
import re
import select
import shlex
import shutil
import subprocess
import tempfile
import time
import unittest

import numpy as np
from scipy.linalg import expm

OTTO = os.path.abspath(os.environ["OTTO"])
BUILD = os.path.dirname(OTTO)
ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
PATIENCE = int(os.environ.get("OTTO_PATIENCE", "1"))
OUTSIDE = {"mpi.h"}  # what public headers include beside Otto's own and the standard library's


def run(*command, **kwargs):
    """Runs a command that must succeed; returns its standard output."""
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, check=False,
                          stdin=subprocess.DEVNULL, timeout=600 * PATIENCE, **kwargs)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, command))}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def mpirun(ranks, *command):
    return run("mpirun", "-n", ranks, "--oversubscribe", *command)


class Installed(unittest.TestCase):
    """`prefix`: what `cmake --install` made, moved after that, so that nothing may depend on the place."""

    @classmethod
    def setUpClass(cls):
        if not hasattr(Installed, "prefix"):
            Installed.install()
        cls.env = {**os.environ, "PATH": f"{cls.at('bin')}:{os.environ['PATH']}"}

    @staticmethod
    def install():
        with open(os.path.join(BUILD, "CMakeCache.txt"), encoding="utf-8") as cache:
            if re.search(r"^OTTO_SANITIZE:BOOL=ON", cache.read(), re.MULTILINE):
                raise unittest.SkipTest("sanitized programs are not installed")
        Installed.folder = tempfile.mkdtemp()
        unittest.addModuleCleanup(shutil.rmtree, Installed.folder)
        first = os.path.join(Installed.folder, "first")
        run("cmake", "--install", BUILD, "--prefix", first)
        Installed.prefix = os.path.join(Installed.folder, "a folder", "prefix")
        os.makedirs(os.path.dirname(Installed.prefix))
        os.rename(first, Installed.prefix)

    @classmethod
    def at(cls, *path):
        return os.path.join(cls.prefix, *path)


class Program(Installed):
    def test_it_runs_and_has_the_modules_of_the_build(self):
        self.assertEqual(shutil.which("otto", path=self.env["PATH"]), self.at("bin/otto"))
        self.assertEqual(run("otto", "info", env=self.env), run(OTTO, "info"))

    def test_its_library_is_the_installed_one(self):
        found = re.search(r"libotto\.so\S* => (.*) \(0x", run("ldd", self.at("bin/otto")))
        self.assertTrue(os.path.samefile(found.group(1), self.at("lib/libotto.so")), found.group())

    def test_the_names_of_the_contract(self):
        for file in ("bin/otto", "share/man/man1/otto.1", "share/bash-completion/completions/otto"):
            self.assertTrue(os.path.isfile(self.at(file)), file)


    def test_demo(self):
        """A run with pictures, from the installed tree alone."""
        out = os.path.join(self.folder, "demo")
        told = run("otto", "demo", "-o", out, env=self.env, cwd=self.folder)
        self.assertIn(self.at("share/otto/cases/muller_brown/case.toml"), told)
        self.assertGreater(os.path.getsize(os.path.join(out, "pictures/density.png")), 20000)

    def test_new(self):
        """Cases with meshes, tables and second files outside their folder are whole, and are good."""
        for case, files in (("torus_tilt", {"torus.msh"}), ("alanine", {"fes.dat", "diffusion.dat", "make_tables.py"}),
                            ("w2_geodesic", {"target.toml"})):
            folder = os.path.join(self.folder, "new", case)
            told = run("otto", "new", folder, "--from", case, env=self.env)
            self.assertEqual(set(os.listdir(folder)), files | {"case.toml"})
            self.assertIn(f"otto check {folder}/case.toml", told)
            self.assertIn("a good case", run("otto", "check", os.path.join(folder, "case.toml"), env=self.env))

    def test_new_says_how_its_data_is_made(self):
        folder = os.path.join(self.folder, "new", "digits")
        told = run("otto", "new", folder, "--from", "digits", env=self.env)
        self.assertIn(f"{folder}/make_data.py   writes digits.h5", told)
        self.assertTrue(os.access(os.path.join(folder, "make_data.py"), os.X_OK))

    def test_new_with_odd_names(self):
        """What comes next is as a shell takes it."""
        for name in ("two words", "slash/", "d'or", "größe", "$(false)"):
            told = run("otto", "new", name, "--from", "heat_box", env=self.env, cwd=self.folder)
            check, solve = (line.strip() for line in told.splitlines()[1:])
            words = shlex.split(check)
            self.assertEqual(words[:2], ["otto", "check"])
            self.assertTrue(os.path.samefile(os.path.join(self.folder, words[2]),
                                             os.path.join(self.folder, name, "case.toml")))
            self.assertEqual(shlex.split(solve)[-1], os.path.join("out", name.rstrip("/")))

    def test_new_from_a_file(self):
        """Another name than case.toml, with a table that lies elsewhere."""
        mine = os.path.join(self.folder, "mine")
        os.makedirs(os.path.join(mine, "tables"))
        with open(os.path.join(mine, "tables", "V.txt"), "w", encoding="utf-8") as table:
            table.write("0 0\n1 1\n")
        with open(os.path.join(mine, "line.toml"), "w", encoding="utf-8") as file:
            file.write('mesh = {lower = [0.0], upper = [1.0], cells = [4]}\ninitial = {kind = "uniform"}\n'
                       'time = {step = 1.0, end = 1.0}\n[[energy]]\nkind = "external"\ntable = "tables/V.txt"\n')
        run("otto", "new", "fresh", "--from", os.path.join(mine, "line.toml"), env=self.env, cwd=mine)
        self.assertEqual(set(os.listdir(os.path.join(mine, "fresh"))), {"case.toml", "V.txt"})
        self.assertIn("a good case", run("otto", "check", "fresh/case.toml", env=self.env, cwd=mine))


class Manual(Installed):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if not shutil.which("man"):
            raise unittest.SkipTest("needs man (Debian: man-db)")
        page = subprocess.run(["man", "-l", cls.at("share/man/man1/otto.1")], capture_output=True, text=True,
                              check=True, env={**os.environ, "MANWIDTH": "200", "LC_ALL": "C.UTF-8"})
        cls.page = re.sub(r".\x08", "", page.stdout)  # overstruck bold

    def section(self, title):
        return re.search(rf"^{title}\n(.*?)(?=^\S|\Z)", self.page, re.MULTILINE | re.DOTALL).group(1)

    def test_man_finds_it_beside_the_program(self):
        self.assertEqual(run("man", "-w", "otto", env={**self.env, "MANPATH": ""}).strip(),
                         self.at("share/man/man1/otto.1"))

    def test_troff_has_no_complaint(self):
        done = subprocess.run(["man", "--warnings", "-l", self.at("share/man/man1/otto.1")], text=True,
                              capture_output=True, check=True)
        self.assertEqual(done.stderr, "")

    def test_commands_and_options_are_those_of_the_help(self):
        commands = re.findall(r"^  (\w+) ", run(OTTO, "--help").split("Subcommands:")[1], re.MULTILINE)
        self.assertIn("run", commands)
        text = self.section("COMMANDS")
        for command in commands:
            part = re.search(rf"^   otto {command}\b(.*?)(?=^   otto|\Z)", text, re.MULTILINE | re.DOTALL)
            self.assertTrue(part, command)
            for option in re.findall(r"^  (-[-\w,]+)", run(OTTO, command, "--help"), re.MULTILINE):
                if option != "-h,--help":
                    self.assertIn(option.replace(",", ", "), part.group(1), command)

    def test_exit_statuses(self):
        self.assertEqual(re.findall(r"^ +(\d+) ", self.section("EXIT STATUS"), re.MULTILINE),
                         ["0", "2", "3", "4", "5", "75"])

    def test_files_are_those_a_run_leaves(self):
        out = os.path.join(self.folder, "out")
        run(self.at("bin/otto"), "run", os.path.join(ROOT, "cases/heat_box/case.toml"), "-o", out,
            "--set", "checkpoint.every_steps=1", "--set", "output.format=vtkhdf")
        left = {os.path.join(os.path.relpath(where, out), name).removeprefix("./")
                for where, _, names in os.walk(out) for name in names}
        told = re.findall(r"^ {7}(\S+)$|^ {7}(\S+)  ", self.section("FILES"), re.MULTILINE)
        told = {a or b for a, b in told} - {"energy.pt", "energy.safetensors", "V.h5", "fitted.toml", "convergence.csv", "spectrum.csv"}
        patterns = [re.escape(name).replace("NNNNNN", r"\d{6}") for name in told]
        for pattern in patterns:
            self.assertTrue(any(re.fullmatch(pattern, name) for name in left), pattern)
        for name in left:
            if "/" not in name:
                self.assertIn(name, told)


class Completion(Installed):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.cases = os.path.join(cls.folder, "cases")
        os.makedirs(os.path.join(cls.cases, "more"))
        for name in ("case.toml", "case 2.toml", "notes.txt", "a.h5"):
            with open(os.path.join(cls.cases, name), "w", encoding="utf-8"):
                pass

    def complete(self, line):
        """What the function registered for otto replies to a line, cut into words as bash does."""
        words = [w for part in line.split(" ") for w in (re.findall(r"=|[^=]+", part) or [""])]
        if line.endswith("="):
            words.append("")
        script = ('source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1));'
                  'f=$(complete -p otto); f=${f#*-F }; ${f%% *}; ((${#COMPREPLY[@]})) && printf "%s\\n" "${COMPREPLY[@]}"; true')
        return run("bash", "--norc", "-c", script, "bash",
                   self.at("share/bash-completion/completions/otto"), *words, cwd=self.cases).split("\n")[:-1]

    def test_commands(self):
        self.assertEqual(self.complete("otto ru"), ["run"])
        self.assertIn("converge", self.complete("otto "))
        self.assertEqual(self.complete("otto --v"), ["--version"])

    def test_options_of_each_command(self):
        self.assertEqual(self.complete("otto run --al"), ["--allow-change"])
        self.assertEqual(self.complete("otto distance --re"), [])
        for command in self.complete("otto "):
            if not command.startswith("-"):
                told = re.findall(r"(?<=[\s,])--[-\w]+(?=[\s,])", run(OTTO, command, "--help"))
                self.assertEqual(set(self.complete(f"otto {command} --")), set(told), command)

    def test_case_files(self):
        self.assertEqual(sorted(self.complete("otto run ")), ["case 2.toml", "case.toml", "more"])
        self.assertEqual(sorted(self.complete("otto check -o more ca")), ["case 2.toml", "case.toml"])
        self.assertEqual(self.complete("otto run case.toml "), [])
        self.assertEqual(self.complete("otto distance a.h5 a"), ["a.h5"])
        self.assertEqual(self.complete("otto run case.toml -o m"), ["more"])

    def test_keys_and_their_values(self):
        self.assertEqual(self.complete("otto run case.toml --set time.sch"), ["time.scheme="])
        self.assertIn("jko", self.complete("otto run case.toml --set time.scheme="))
        self.assertEqual(self.complete("otto run case.toml --set time.scheme=jko_b"), ["jko_bdf2"])
        self.assertEqual(self.complete("otto run case.toml --set energy[2].kind=entr"), ["entropy"])
        self.assertEqual(self.complete("otto run case.toml --allow-change time.en"), ["time.end"])
        self.assertEqual(self.complete("otto explain crank"), ["crank_nicolson"])

    def test_words_of_an_option(self):
        self.assertEqual(self.complete("otto converge case.toml --refine s"), ["space"])
        self.assertEqual(self.complete("otto converge case.toml --ratio tau=h"), ["h", "h^2"])
        self.assertEqual(self.complete("otto run case.toml --resume au"), ["auto"])

    def test_a_shell_completes_a_line(self):
        """The key Tab in an interactive shell."""
        pid, terminal = pty.fork()
        if pid == 0:
            os.chdir(self.cases)
            os.environ.update({**self.env, "PS1": "", "TERM": "dumb", "INPUTRC": "/dev/null"})
            os.execvp("bash", ["bash", "--norc", "--noprofile", "-i"])
        try:
            file = self.at("share/bash-completion/completions/otto")
            for line in (f"source '{file}'; otto() {{ printf 'got:%s;' \"$@\"; echo end; }}\n",
                         "otto ru\tmo\t --set time.sche\tjko_b\t\n"):
                os.write(terminal, line.encode())
                time.sleep(1)
            seen, end = "", time.monotonic() + 60
            while "end" not in seen.split("\n")[-2:][0] and time.monotonic() < end:
                if select.select([terminal], [], [], 1)[0]:
                    seen += os.read(terminal, 65536).decode()
        finally:
            os.close(terminal)
            os.waitpid(pid, 0)
        self.assertIn("got:run;got:more/;got:--set;got:time.scheme=jko_bdf2;end", seen)


class Library(Installed):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        source = os.path.join(cls.folder, "example")
        shutil.copytree(os.path.join(ROOT, "examples/library"), source)
        run("cmake", "-S", source, "-B", source + "/build", f"-DCMAKE_PREFIX_PATH={cls.prefix}")
        run("cmake", "--build", source + "/build")
        cls.program = source + "/build/two_valleys"

    def test_it_links_the_installed_library(self):
        self.assertIn(os.path.realpath(self.at("lib")), run("ldd", self.program))

    @staticmethod
    def density(text):
        return np.loadtxt(text.splitlines()).T

    def test_its_density_is_that_of_the_equation(self):
        """Against exp(t Q) of the same two-point fluxes; the JKO steps are of first order."""
        x, rho = self.density(run(self.program))
        h, kT, end = x[1] - x[0], 0.3, 4.0
        V = (x**2 - 1) ** 2 - 0.3 * x
        s = np.diff(V) / kT
        forward, backward = kT / h**2 * s / np.expm1(s), kT / h**2 * -s / np.expm1(-s)
        Q = np.zeros((x.size, x.size))
        for k in range(x.size - 1):
            Q[[k, k + 1], k] += np.array([-1, 1]) * forward[k]
            Q[[k, k + 1], k + 1] += np.array([1, -1]) * backward[k]
        exact = expm(end * Q) @ np.where(abs(x + 1) < 0.5, 1.0, 0.0)
        self.assertAlmostEqual(h * rho.sum(), 1, delta=1e-9)
        self.assertGreater(h * abs(exact - np.exp(-V / kT) / (h * np.exp(-V / kT).sum())).sum(), 0.2)
        self.assertLess(h * abs(rho - exact).sum(), 0.02)

    def test_two_ranks_print_the_same(self):
        one, two = (self.density(mpirun(n, self.program)) for n in (1, 2))
        self.assertLess(abs(one - two).max(), 1e-8)


class Headers(Installed):
    def headers(self):
        top = self.at("include")
        return sorted(os.path.relpath(os.path.join(where, name), top)
                      for where, _, names in os.walk(top) for name in names)

    def test_they_include_only_each_other_and_mpi(self):
        found, own = [], set(self.headers())
        for header in own:
            with open(self.at("include", header), encoding="utf-8") as file:
                text = file.read()
            found += [f"{header}: {name}" for name in re.findall(r'#include "([^"]+)"', text) if name not in own]
            found += [f"{header}: {name}" for name in re.findall(r"#include <([^>]+)>", text)
                      if re.search(r"[./]", name) and name not in OUTSIDE]
        self.assertEqual(found, [])

    def test_each_opens_with_its_purpose(self):
        for header in self.headers():
            with open(self.at("include", header), encoding="utf-8") as file:
                self.assertRegex(file.read(), r"\A#pragma once\n// \S", header)

    def test_each_compiles_alone(self):
        """With the flags of Otto::otto, without a warning."""
        project = os.path.join(self.folder, "alone")
        os.makedirs(project)
        names = []
        for header in self.headers():
            names.append(re.sub(r"\W", "_", header) + ".cpp")
            with open(os.path.join(project, names[-1]), "w", encoding="utf-8") as file:
                file.write(f'#include "{header}"\n')
        with open(os.path.join(project, "CMakeLists.txt"), "w", encoding="utf-8") as file:
            file.write("cmake_minimum_required(VERSION 3.25)\nproject(alone LANGUAGES CXX)\n"
                       "find_package(Otto REQUIRED)\n"
                       f"add_library(alone OBJECT {' '.join(names)})\n"
                       "target_compile_options(alone PRIVATE -Wall -Wextra -Wpedantic -Wshadow -Werror -fsyntax-only)\n"
                       "target_link_libraries(alone PRIVATE Otto::otto)\n")
        run("cmake", "-S", project, "-B", project + "/build", "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={self.prefix}")
        run("cmake", "--build", project + "/build", "--parallel", "2")

    def test_doxygen_has_no_warning(self):
        if not shutil.which("doxygen"):
            self.skipTest("needs doxygen (Debian: doxygen)")
        headers, reference = (os.path.join(self.folder, name) for name in ("headers", "reference"))
        os.symlink(self.at("include"), headers)  # Doxygen takes no blanks in a path
        run("doxygen", "docs/Doxyfile", cwd=ROOT,
            env={**os.environ, "OTTO_INCLUDE": headers, "OTTO_REFERENCE": reference})
        self.assertTrue(os.path.isfile(os.path.join(reference, "html/index.html")))


class Host(Installed):
    """A program that is not `otto` finds the modules of the library it is linked with, too."""

    def test_it_writes_with_the_vtk_module(self):
        if not os.path.isfile(self.at("lib/otto/libotto_vtk.so")):
            self.skipTest("built without VTK")
        host, out = os.path.join(self.folder, "host"), os.path.join(self.folder, "series")
        shutil.copytree(os.path.join(ROOT, "tests/install/host"), host)
        os.makedirs(out)
        run("cmake", "-S", host, "-B", host + "/build", f"-DCMAKE_PREFIX_PATH={self.prefix}")
        run("cmake", "--build", host + "/build")
        run(host + "/build/host", out)
        self.assertIn("density.pvd", os.listdir(out))


if __name__ == "__main__":
    unittest.main()
