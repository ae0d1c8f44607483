"""The curated bad inputs: what is wrong, and what the message must say."""

import os
from dataclasses import dataclass, field
from pathlib import Path

FUZZED = Path(__file__).resolve().parents[1] / "fuzz" / "corpus" / "table"

BASE = """\
title = "A good case"
[mesh]
kind = "box"
lower = [-2.0, -2.0]
upper = [2.0, 2.0]
cells = [8, 8]
periodic = [false, false]
[[energy]]
kind = "entropy"
temperature = 1.0
[[energy]]
kind = "external"
expression = "2*(x^2-1)^2 + 2*y^2"
[initial]
kind = "gaussian"
mean = [-1.0, 0.0]
variance = 0.05
mass = 1.0
[flux]
kind = "scharfetter_gummel"
[solver]
rtol = 1e-10
[time]
scheme = "implicit_euler"
step = 0.01
end = 0.02
[output]
every = 0.02
"""

FLUX = '[flux]\nkind = "scharfetter_gummel"\n'


@dataclass
class Bad:
    """One bad input. `words` and `suggestion` must stand in the message; `line` is the line of the
    case file it must name (None: no line is named)."""
    name: str
    words: tuple
    line: int = None
    suggestion: str = None
    content: bytes = None            # of case.toml; None: the file does not exist
    arguments: tuple = ("check", "case.toml")
    status: int = 2
    files: dict = field(default_factory=dict)  # further files: name -> bytes
    never: tuple = ()                # must not stand in the message


def encoded(text):
    return text if isinstance(text, bytes) else text.encode()


def replaced(name, old, new, *words, suggestion=None, at=0, **more):
    """BASE with `old` replaced by `new`; the error is `at` lines below where `new` begins."""
    assert BASE.count(old) == 1, (name, old, BASE.count(old))
    line = BASE[:BASE.index(old)].count("\n") + 1 + at
    return Bad(name, words, line, suggestion, encoded(BASE.replace(old, new)), **more)


def appended(name, text, *words, at=0, suggestion=None, **more):
    """BASE with more lines; the error is in the `at`-th of them."""
    return Bad(name, words, BASE.count("\n") + 1 + at, suggestion, encoded(BASE + text), **more)


def whole_gradients(name, text, *words, at=0, flux=b"simplex"):
    """The same with flux.kind = "simplex"."""
    bad = appended(name, text, *words, at=at)
    bad.content = bad.content.replace(b"scharfetter_gummel", flux)
    return bad


def fourth_order(name, text, *words, at=0):
    """The same with flux.kind = "fourth_order"."""
    return whole_gradients(name, text, *words, at=at, flux=b"fourth_order")


def setting(name, *words_of_set, words=(), suggestion=None):
    """A good case spoilt by --set words: the message names the word instead of a line."""
    arguments = ["check", "case.toml"]
    for word in words_of_set:
        arguments += ["--set", word]
    return Bad(name, ("--set " + words_of_set[-1], *words), None, suggestion, encoded(BASE),
               tuple(arguments))


def command(name, arguments, *words, suggestion=None, content=BASE, status=2):
    return Bad(name, words, None, suggestion, encoded(content) if content is not None else None,
               tuple(arguments), status)


def typos():
    for old, new, wrong, right in [
            ('kind = "box"', 'knid = "box"', "knid", "kind"),
            ("lower = [", "lowr = [", "lowr", "lower"),
            ("upper = [", "uper = [", "uper", "upper"),
            ("cells = [", "cell = [", "cell", "cells"),
            ("periodic = [", "periodc = [", "periodc", "periodic"),
            ("temperature =", "temprature =", "temprature", "temperature"),
            ('expression = "2', 'expresion = "2', "expresion", "expression"),
            ("mean = [", "maen = [", "maen", "mean"),
            ("variance =", "varience =", "varience", "variance"),
            ("mass =", "masss =", "masss", "mass"),
            ("rtol =", "rtoll =", "rtoll", "rtol"),
            ('scheme =', 'shceme =', "shceme", "scheme"),
            ("step = 0.01", "setp = 0.01", "setp", "step"),
            ("end = 0.02", "edn = 0.02", "edn", "end"),
            ("every = 0.02", "evry = 0.02", "evry", "every"),
            ('title = "A', 'titel = "A', "titel", "title"),
            ("step = 0.01", "Step = 0.01", "Step", "step"),
            ("temperature =", "temp =", "temp", "temperature")]:
        yield replaced(f"key {new.split('=')[0].strip()}", old, new, f"'{wrong}'", suggestion=right)
    for name, typo in [("mesh", "mseh"), ("initial", "inital"), ("time", "tiem"),
                       ("output", "ouput"), ("solver", "slover"), ("flux", "flx")]:
        yield replaced(f"table {typo}", f"[{name}]", f"[{typo}]", f"[{typo}]", suggestion=name)
    yield replaced("table enrgy", "[[energy]]\nkind = \"entropy\"", "[[enrgy]]\nkind = \"entropy\"",
                   "[enrgy]", suggestion="energy")
    for old, new, wrong, right in [
            ('"box"', '"bocks"', "bocks", "box"),
            ('"entropy"', '"entrpy"', "entrpy", "entropy"),
            ('"external"', '"exernal"', "exernal", "external"),
            ('"gaussian"', '"gausian"', "gausian", "gaussian"),
            ('"scharfetter_gummel"', '"scharfeter_gummel"', "scharfeter_gummel",
             "scharfetter_gummel"),
            ('"implicit_euler"', '"implict_euler"', "implict_euler", "implicit_euler"),
            ('"implicit_euler"', '"tr_bdf_2"', "tr_bdf_2", "tr_bdf2"),
            ('"implicit_euler"', '"Implicit-Euler"', "Implicit-Euler", "implicit_euler")]:
        yield replaced(f"choice {wrong}", old, new, wrong, suggestion=right)
    yield replaced("unknown scheme", '"implicit_euler"', '"leapfrog_of_doom"', "leapfrog_of_doom",
                   "implicit_euler")
    yield replaced("unknown library", 'expression = "2*(x^2-1)^2 + 2*y^2"',
                   'library = "muler_brown"', "muler_brown", suggestion="muller_brown")
    yield replaced("key of another table", "mass = 1.0", "step = 1.0", "'step' in [initial]",
                   suggestion="step' of [time]")
    yield replaced("key above the tables", 'title = "A good case"', "rtol = 1e-3", "'rtol'",
                   suggestion="rtol' of [solver]")
    yield replaced("key without a table", "[time]\nscheme", "time = 3\n[timing]\nscheme",
                   "[timing]", at=1)


def types_and_ranges():
    for old, new, word in [
            ("temperature = 1.0", 'temperature = "warm"', "temperature"),
            ("temperature = 1.0", "temperature = [1.0]", "temperature"),
            ("temperature = 1.0", "temperature = 1e-320", "temperature"),
            ("temperature = 1.0", "temperature = true", "temperature"),
            ("temperature = 1.0", "temperature = 1979-05-27", "temperature"),
            ("temperature = 1.0", "temperature = nan", "nan"),
            ("temperature = 1.0", "temperature = inf", "inf"),
            ("temperature = 1.0", "temperature = -inf", "-inf"),
            ("temperature = 1.0", "temperature = -1.0", "-1.0"),
            ("temperature = 1.0", "temperature = 0", "temperature"),
            ("step = 0.01", "step = -0.01", "-0.01"),
            ("step = 0.01", "step = 1e-300", "1e-300"),
            ("step = 0.01", "step = 0.0", "step"),
            ("step = 0.01", "step = nan", "nan"),
            ("step = 0.01", 'step = "0.01"', "a number"),
            ("end = 0.02", "end = -1.0", "end"),
            ("end = 0.02", "end = inf", "inf"),
            ("mass = 1.0", "mass = -1.0", "mass"),
            ("mass = 1.0", "mass = 0.0", "mass"),
            ("variance = 0.05", "variance = -0.05", "variance"),
            ("variance = 0.05", "variance = 0", "variance"),
            ("variance = 0.05", "variance = [0.1, nan]", "nan"),
            ("rtol = 1e-10", "rtol = -1e-10", "rtol"),
            ("rtol = 1e-10", "rtol = 2.0", "rtol"),
            ("every = 0.02", "every = -0.5", "every"),
            ("cells = [8, 8]", "cells = [0, 8]", "cells"),
            ("cells = [8, 8]", "cells = [-8, 8]", "-8"),
            ("cells = [8, 8]", "cells = [8.5, 8]", "cells"),
            ("cells = [8, 8]", "cells = 8", "cells"),
            ("cells = [8, 8]", "cells = []", "cells"),
            ("cells = [8, 8]", "cells = [8, 8, 8, 8]", "cells"),
            ("cells = [8, 8]", 'cells = ["8", 8]', "cells"),
            ("cells = [8, 8]", "cells = [[8, 8]]", "cells"),
            ("cells = [8, 8]", "cells = [1000000000, 1000000000]", "cells"),
            ("cells = [8, 8]", "cells = [9223372036854775807, 2]", "cells"),
            ("lower = [-2.0, -2.0]", "lower = [-2.0]", "lower"),
            ("upper = [2.0, 2.0]", "upper = [-3.0, 2.0]", "upper"),
            ("upper = [2.0, 2.0]", "upper = [2.0, -2.0]", "upper"),
            ("upper = [2.0, 2.0]", "upper = [nan, 2.0]", "nan"),
            ("upper = [2.0, 2.0]", "upper = [2.0, 2.0, 2.0]", "upper"),
            ("periodic = [false, false]", "periodic = [0, 1]", "periodic"),
            ("periodic = [false, false]", "periodic = true", "periodic"),
            ("periodic = [false, false]", "periodic = [true]", "periodic"),
            ("mean = [-1.0, 0.0]", "mean = [-1.0]", "mean"),
            ('kind = "box"', "kind = 3", "text in quotes"),
            ('kind = "box"', 'kind = ["box"]', "text in quotes"),
            ('title = "A good case"', "title = 3", "title")]:
        yield replaced(f"value {new}", old, new, word)


def mobilities():
    full, gas = "[mobility]\nmaximum = 9.0\n", '[[energy]]\nkind = "vacancies"\n'
    for name, at, text, *words in [
            ("mobility of the density", 0, "[mobility]\n", "mobility", "density"),
            ("mobility of a low power", 1, "[mobility]\nexponent = 0.5\n", "exponent", "1"),
            ("mobility that is never there", 1, "[mobility]\nmaximum = 0.0\n", "maximum", "greater than 0"),
            ("mobility of words", 1, '[mobility]\nmaximum = "full"\n', "maximum", "number"),
            ("misspelt mobility", 1, "[mobility]\nmaximun = 1.0\n", "maximun", "maximum"),
            ("vacancies without a maximum", 0, gas + "temperature = 1.0\n", "maximum"),
            ("vacancies without a temperature", 0, gas + "maximum = 9.0\n", "temperature"),
            ("vacancies of no place", 2, gas + "maximum = -1.0\ntemperature = 1.0\n", "greater than 0"),
            ("mobility and a drift", 3, full + '[drift]\nexpression = ["1", "0"]\n', "drift"),
            ("mobility and a wall that absorbs", 3, full + '[boundary]\nabsorbing = ["x_min"]\n', "absorbing"),
            ("mobility and a reaction", 2, full + '[reaction]\nrate = "1"\n', "reaction"),
            ("mobility and a rate", 3, full + '[analysis]\nrate = ["x_min", "x_max"]\n', "linear")]:
        yield appended(name, text, *words, at=at)
    crowded = replaced("start above the mobility", 'kind = "gaussian"', 'kind = "gaussian"', "mobility.maximum")
    crowded.content += b"[mobility]\nmaximum = 0.1\n"
    yield crowded
    for scheme in ("jko", "tr_bdf2", "midpoint", "exponential", "crank_nicolson"):
        bad = appended(f"mobility with {scheme}", full, "mobility", scheme, "implicit_euler")
        bad.content = bad.content.replace(b"implicit_euler", scheme.encode())
        if scheme == "jko":
            bad.content, bad.line = bad.content.replace(b'kind = "scharfetter_gummel"\n', b""), bad.line - 1
        yield bad
    spectrum = appended("spectrum with a mobility", full, "mobility", "linear")
    spectrum.arguments = ("spectrum", "case.toml")
    yield spectrum


def temperatures():
    number, varies = "temperature = 1.0", 'temperature = "1 + 0.1*x"'

    def hot(name, kT, text="", *words, at=0):
        bad = appended(name, text, *words, at=at) if text else replaced(name, number, f"temperature = {kT}", *words)
        bad.content = bad.content.replace(number.encode(), f"temperature = {kT}".encode())
        return bad

    for name, kT, *words in [("temperature of an unknown", '"1 + q"', "q"), ("temperature cut off", '"1 + "', "temperature"),
                             ("temperature below 0", '"x"', "kT is -1.75 at (-1.75, -1.75)", "positive"),
                             ("constant temperature below 0", '"1 - 2"', "kT is -1", "positive"),
                             ("infinite temperature", '"1/(x - x)"', "finite"),
                             ("kelvin that vary without a unit", '"(300 + x) K"', "[units] energy"),
                             ("temperature in words", '"27 C"', "300 K")]:
        yield hot(name, kT, "", *words)
    kT = varies.split(" = ", 1)[1]
    for name, at, text, *words in [
            ("two temperatures that vary", 1, '[[energy]]\nkind = "entropy"\n' + varies + "\n", "second entropy"),
            ("a temperature that varies and a power", 1, '[[energy]]\nkind = "power"\nexponent = 2.0\n', "external energies"),
            ("a temperature that varies and a convention", 2, '[diffusion]\nexpression = "2"\nconvention = "ito"\n',
             "convention", "one temperature"),
            ("a temperature that varies and a unit", 4, '[units]\nlength = "nm"\ntime = "ps"\n[diffusion]\nunit = "nm^2/ps"\n'
             'expression = "2"\n', "unit", "varies")]:
        yield hot(name, kT, text, *words, at=at)
    yield replaced("temperature of a region of a box", number, number + '\nregion = "left"', "left", "a box has none", at=1)
    for scheme in ("jko", "jko_bdf2", "jko_midpoint"):
        bad = replaced(f"a temperature that varies with {scheme}", number, varies, "no free energy", "implicit_euler")
        bad.content = bad.content.replace(b'"implicit_euler"', f'"{scheme}"'.encode()).replace(
            b'[flux]\nkind = "scharfetter_gummel"\n', b"")
        yield bad
    for flux in ("simplex", "fourth_order", "limited"):
        bad = replaced(f"a temperature that varies with {flux}", "scharfetter_gummel", flux, "one temperature")
        bad.content = bad.content.replace(number.encode(), varies.encode())
        yield bad
    gibbs = replaced("a temperature that varies and a Gibbs state", 'kind = "gaussian"', 'kind = "gibbs"', "the same everywhere")
    gibbs.content = gibbs.content.replace(number.encode(), varies.encode()).replace(b"mean = [-1.0, 0.0]\nvariance = 0.05\n", b"")
    yield gibbs
    spectrum = replaced("spectrum with a temperature that varies", number, varies, "detailed balance", "varies")
    spectrum.arguments, spectrum.line = ("spectrum", "case.toml"), None
    yield spectrum


def diffusion_tables():
    def grid(values="1.5", low=-2, bad=None):
        rows = [f"{x} {y} {values}\n" for y in (low, 0, 2) for x in (low, 0, 2)]
        if bad:
            rows[4] = bad + "\n"
        return {"D.dat": "".join(rows).encode()}

    table, units = '[diffusion]\ntable = "D.dat"\n', '[units]\nlength = "nm"\ntime = "ps"\n'
    for name, at, text, files, *words in [
            ("no table of D", 1, table, {}, "D.dat"),
            ("table of D cut off", 1, table, grid(bad="0 0"), "D.dat:5:1", "a row of 2 numbers"),
            ("table of D of words", 1, table, grid(bad="0 0 fast"), "D.dat:5:5", "'fast'"),
            ("D of 0 in a table", 1, table, grid(bad="0 0 0"), "D.dat:5", "(0, 0)", "positive"),
            ("negative D in a table", 1, table, grid(bad="0 0 -1e-9"), "D.dat:5", "positive"),
            ("D made negative", 1, table + "shift = -2.0\n", grid(), "D.dat:1", "scale * value + shift = -0.5"),
            ("D of nan in a table", 1, table, grid(bad="0 0 nan"), "D.dat:5", "missing"),
            ("table of D that is too small", 1, table, grid(low=-1), "outside", "nearest"),
            ("D scaled by 0", 2, table + "scale = 0.0\n", grid(), "scale", "constant"),
            ("missing D of 0", 2, table + "missing = 0.0\n", grid(), "missing", "greater than 0"),
            ("missing D as a wall", 2, table + 'missing = "wall"\n', grid(), "missing"),
            ("D outside a wall", 2, table + 'outside = "wall"\n', grid(), "wall", "nearest"),
            ("D twice", 1, table + 'expression = "1"\n', grid(), "either", "expression"),
            ("keys of a table without it", 2, '[diffusion]\nexpression = "1"\nscale = 2.0\n', {}, "scale", "table"),
            ("no such column of D", 1, table + 'array = "D"\n', grid(), "no names"),
            ("unit without units", 2, table + 'unit = "nm^2/ps"\n', grid(), "unit", "[units]"),
            ("unit of no area", 5, units + table + 'unit = "nm/ps"\n', grid(), "nm^2/ps"),
            ("unit of no length", 5, units + table + 'unit = "foot^2/ps"\n', grid(), "foot", "bohr"),
            ("unit of angles for lengths", 5, units + table + 'unit = "rad^2/ps"\n', grid(), "rad"),
            ("unit of no time", 5, units + table + 'unit = "nm^2/day"\n', grid(), "day", "fs")]:
        yield appended(name, text, *words, at=at, files=files)


def combinations():
    yield replaced("missing temperature", "temperature = 1.0\n", "", "temperature", at=-2)
    yield replaced("missing cells", "cells = [8, 8]\n", "", "cells", at=-4)
    yield replaced("missing end", "end = 0.02\n", "", "'end'", at=-3)
    yield replaced("missing step", "step = 0.01\n", "", "'step'", at=-2)
    yield replaced("end before start", "step = 0.01", "step = 0.01\nstart = 0.5", "end", at=2)
    yield replaced("adaptive without an estimate", 'scheme = "implicit_euler"',
                   'scheme = "exponential"\nadaptive = true', "adaptive", at=1)
    jko = 'scheme = "jko"\n'
    for name, lines, word, at in [
            ("no inner step", "inner_steps = 0", "inner_steps", 1),
            ("negative inner steps", "inner_steps = -2", "inner_steps", 1),
            ("half an inner step", "inner_steps = 1.5", "inner_steps", 1),
            ("kappa too small", "inner_steps = 2\nkappa = 0.3", "kappa", 2),
            ("kappa too large", "kappa = 1.5", "kappa", 1),
            ("weights of another name", 'weights = "downwind"', "downwind", 1)]:
        yield replaced(name, 'scheme = "implicit_euler"', jko + lines, word, at=at)
    yield replaced("inner steps of another scheme", 'scheme = "implicit_euler"',
                   'scheme = "implicit_euler"\ninner_steps = 2', "inner_steps", at=1)
    yield replaced("missing kind", 'kind = "entropy"\n', "", "'kind'", at=-1)
    yield replaced("key beside another kind", "temperature = 1.0",
                   'temperature = 1.0\nexpression = "x"', "expression", at=1)
    yield replaced("library beside expression", 'expression = "2',
                   'library = "muller_brown"\nexpression = "2', "library", at=-1)
    yield replaced("parameter of another library", 'expression = "2*(x^2-1)^2 + 2*y^2"',
                   'library = "cosine"\nbarrier = 3', "barrier", at=1)
    yield replaced("two entropies", 'kind = "external"\nexpression = "2*(x^2-1)^2 + 2*y^2"',
                   'kind = "entropy"\ntemperature = 2.0', "entropy")
    yield replaced("single brackets", '[[energy]]\nkind = "external"', '[energy]\nkind = "external"',
                   "energy")
    yield Bad("single brackets alone", ("[[energy]]",), 8, None, encoded(
        BASE.replace('[[energy]]\nkind = "entropy"', '[energy]\nkind = "entropy"').replace(
            '[[energy]]\nkind = "external"\nexpression = "2*(x^2-1)^2 + 2*y^2"\n', "")))
    yield replaced("double brackets", "[mesh]", "[[mesh]]", "mesh")
    yield Bad("no mesh", ("[mesh]",), 1, None, encoded('[[energy]]\nkind = "entropy"\n'
                                                       'temperature = 1.0\n'))
    yield replaced("wrong dimension", 'expression = "2*(x^2-1)^2 + 2*y^2"',
                   'library = "ishigami"\nstrength = "2"', "strength", at=1)
    tensor = "[diffusion]\ntensor = "
    yield appended("full tensor with two-point fluxes", tensor + "[[1, 0.5], [0.5, 1]]\n", "two-point",
                   suggestion="simplex")
    for name, at, text, *words in [
            ("diffusion in other letters", 1, 'expression = "1 + q"', "expression", "q"),
            ("negative diffusion", 1, 'expression = "x"', "positive", "(-"),
            ("diffusion of 0", 1, 'expression = "0"', "positive"),
            ("diffusion that is infinite", 1, 'expression = "1/(x-x)"', "finite"),
            ("diffusion given twice", 2, 'expression = "1"\ntensor = [[1, 0], [0, 1]]', "either"),
            ("tensor of a negative entry", 1, 'tensor = [["x", 0], [0, 1]]', "negative"),
            ("tensor of no sense", 1, 'tensor = [["1 +", 0], [0, 1]]', "tensor"),
            ("tensor of nothing", 1, "tensor = [[0, 0], [0, 0]]", "positive definite"),
            ("unknown convention", 2, 'expression = "1"\nconvention = "itoo"', "ito"),
            ("region without a diffusion", 0, '[[region]]\nname = "neck"'.replace("region", "diffusion.region"), "neck")]:
        text = text if text.startswith("[[") else "[diffusion]\n" + text
        yield appended(name, text + "\n", *words, at=1 if text.startswith("[[") else at)
    yield from diffusion_tables()
    yield from mobilities()
    yield from temperatures()
    for name, at, text, *words in [
            ("killing at a negative rate", 1, '[reaction]\nrate = "x"', "rate", "negative"),
            ("source that takes", 2, '[reaction]\nrate = "1"\nsource = "-1"', "source", "negative"),
            ("source that is not a number", 1, '[reaction]\nsource = "sqrt(x)"', "source", "finite"),
            ("robin at a negative rate", 2, '[boundary.robin]\nx_max = 1.0\nx_min = "y - 1"', "boundary.robin.x_min", "negative"),
            ("robin that is infinite", 1, '[boundary.robin]\nx_min = "1/(y-y)"', "boundary.robin.x_min", "finite"),
            ("reaction of no sense", 1, '[reaction]\nrate = "1 +"', "rate"),
            ("value on no side", 1, "[boundary.value]\nx_mid = 1.0", "x_mid", "x_min"),
            ("negative value on a side", 2, "[boundary.value]\ny_max = 1.0\nx_min = -1.0", "x_min", "negative"),
            ("robin of no sense", 1, '[boundary.robin]\nx_min = "1 +"', "x_min"),
            ("outflow through no side", 1, '[boundary]\noutflow = ["out"]', "out"),
            ("what comes back from nowhere", 1, '[boundary]\nreinject = "initial"', "reinject"),
            ("what comes back elsewhere", 1, '[boundary]\nabsorbing = ["x_min"]\nreinject = "gibbs"'.replace(
                'absorbing = ["x_min"]\n', ""), "initial"),
            ("set of no cells", 2, '[[set]]\nname = "A"\nexpression = "x - 9"', "no cell"),
            ("set of nothing", 0, '[[set]]\nname = "A"', "expression"),
            ("set of two kinds", 0, '[[set]]\nname = "A"\nexpression = "x"\nside = "x_min"', "one of"),
            ("set like a side", 1, '[[set]]\nname = "x_min"\nexpression = "x"', "side"),
            ("set that is not a number", 2, '[[set]]\nname = "A"\nexpression = "sqrt(x)"', "not a number"),
            ("set without a name", 1, '[[set]]\nname = ""\nexpression = "x"', "character"),
            ("set named like two columns", 1, '[[set]]\nname = "a,b"\nexpression = "x"', "columns"),
            ("a side that is open twice", 1, '[boundary]\nabsorbing = ["L", "x_min"]\n[[set]]\nname = "L"\nside = "x_min"',
             "open already", "'L'"),
            ("committor with killing", 1, '[analysis]\ncommittor = ["x_min", "x_max"]\n[reaction]\nrate = "4"', "[reaction]"),
            ("committor beside another way out", 1, '[analysis]\ncommittor = ["x_min", "x_max"]\n[boundary]\n'
             'absorbing = ["C"]\n[[set]]\nname = "C"\nexpression = "0.3 - abs(x)"', "'C'"),
            ("rate of one set", 1, '[analysis]\nrate = ["x_min"]', "two sets"),
            ("rate of unknown sets", 1, '[analysis]\nrate = ["x_min", "x_mux"]', "x_mux", "x_max"),
            ("rate from a set to itself", 1, '[analysis]\nrate = ["x_min", "x_min"]', "overlaps")]:
        yield appended(name, text + "\n", *words, at=at)
    noise = appended("jko with a drift of noise", '[diffusion]\ntensor = [["1 + y^2", 0], [0, 1]]\nconvention = "ito"\n',
                     "convention", "klimontovich", at=2)
    noise.content = noise.content.replace(b'kind = "scharfetter_gummel"\n', b"").replace(b"implicit_euler", b"jko")
    noise.line -= 1
    yield noise
    yield fourth_order("diffusion of fourth order", '[diffusion]\nexpression = "1 + x^2"\n', "fourth order")
    for name, value, words in [
            ("tensor of one axis", "[[1.0]]", "2 rows"),
            ("tensor of ragged rows", "[[1, 0], [0]]", "2 rows"),
            ("tensor as a list", "[1, 2]", "rows"),
            ("tensor that is not symmetric", "[[1, 2], [0, 5]]", "symmetric"),
            ("tensor that is not definite", "[[1, 2], [2, 1]]", "positive definite"),
            ("tensor that is singular", "[[1, 1], [1, 1]]", "positive definite"),
            ("tensor that is infinite", "[[inf, 0], [0, 1]]", "finite")]:
        yield whole_gradients(name, tensor + value + "\n", words, at=1)
    yield whole_gradients("tensor of a region on a box",
                          '[[diffusion.region]]\nname = "neck"\ntensor = [[1, 0], [0, 1]]\n', "neck", at=1)
    yield whole_gradients("drift with whole gradients", '[drift]\nexpression = ["x", "y"]\n', "drift", at=1)
    yield whole_gradients("absorption with whole gradients", '[boundary]\nabsorbing = ["x_min"]\n',
                          "absorbing", at=1)
    yield whole_gradients("exit time with whole gradients", "[analysis]\nmean_exit_time = true\n", "rates")
    yield fourth_order("absorption with fourth order", '[boundary]\nabsorbing = ["x_min"]\n', "fourth_order", at=1)
    yield fourth_order("exit time with fourth order", "[analysis]\nmean_exit_time = true\n", "fourth_order")
    graded = replaced("fourth order on graded cells", 'kind = "scharfetter_gummel"', 'kind = "fourth_order"', "equal cells")
    graded.content = graded.content.replace(b"cells = [8, 8]\n", b"cells = [8, 8]\ngrading = [2.0, 1.0]\n")
    graded.line += 1
    yield graded
    yield appended("drift of one axis", '[drift]\nexpression = ["x"]\n', "expression", at=1)
    yield appended("drift as text", '[drift]\nexpression = "x"\n', "expression", at=1)
    yield appended("exact that is no expression", '[exact]\ndensity = "exp(x"\n', "parenthesis",
                   at=1)
    yield appended("table in [petsc]", "[petsc]\nksp_rtol = [1, 2]\n", "ksp_rtol", at=1)


EXTERNAL = 'kind = "external"\nexpression = "2*(x^2-1)^2 + 2*y^2"'


def nonlinear():
    """Internal terms and interactions in place of the external energy."""
    def term(name, kind, lines, *words, at=0, **more):
        return replaced(name, EXTERNAL, f'kind = "{kind}"\n{lines}', *words, at=at, **more)

    def below(pattern):
        """Lines from the term to the first line that begins with the pattern."""
        rest = BASE[BASE.index(EXTERNAL):]
        return rest[:rest.index(pattern)].count("\n")

    yield term("exponent 0", "power", "exponent = 0", "exponent", "greater than 0", at=1)
    yield term("exponent below 0", "power", "exponent = -1.5", "exponent", at=1)
    yield term("exponent 1", "power", "exponent = 1.0", "exponent", "entropy", at=1)
    yield term("no exponent", "power", "strength = 2.0", "exponent", at=-1)
    yield term("power of negative strength", "power", "exponent = 2.0\nstrength = -1.0", "strength",
               "convex", at=2)
    yield term("crowd without room", "crowd", "maximum = 0", "maximum", at=1)
    yield term("crowd without a maximum", "crowd", "", "maximum", at=-1)
    yield term("denser than the crowd allows", "crowd", "maximum = 0.1", "maximum", "0.1",
               at=below('kind = "gaussian"'))
    yield term("unknown kernel", "interaction", 'library = "logaritmic"', "logaritmic", at=1,
               suggestion="logarithmic")
    yield term("an energy as a kernel", "interaction", 'library = "muller_brown"', "muller_brown",
               "kernel", at=1)
    yield term("a kernel as an energy", "external", 'library = "logarithmic"', "logarithmic",
               "interaction", at=1)
    yield term("no kernel", "interaction", "strength = 2.0", "library", "expression")
    yield term("two kernels", "interaction", 'library = "quadratic"\nexpression = "r"', "library",
               "expression")
    yield term("singular kernel", "interaction", 'expression = "log(r)"', "r = 0", "logarithmic",
               at=1)
    yield term("singular kernel by division", "interaction", 'expression = "1/r"', "r = 0", at=1)
    yield term("kernel that is not finite", "interaction", 'expression = "sqrt(1 - r)"', "finite",
               at=1)
    yield term("kernel in x", "interaction", 'expression = "x^2"', "'x'", at=1)
    yield term("kernel that cannot be integrated", "interaction",
               'library = "power"\nexponent = -2.0', "integrable", "-2", at=2)
    yield term("kernel of power 0", "interaction", 'library = "power"\nexponent = 0.0',
               "logarithmic", at=2)
    yield term("repulsion that cannot be integrated", "interaction",
               'library = "attractive_repulsive"\nrepulsion = -3.0', "repulsion", at=2)
    yield term("range of another kernel", "interaction", 'library = "quadratic"\nrange = 2.0',
               "range", at=2)
    yield term("exponent of another kernel", "interaction", 'library = "quadratic"\nexponent = 2.0',
               "exponent", at=2)
    for scheme in ("bdf2", "crank_nicolson", "tr_bdf2", "midpoint", "exponential"):
        bad = term(f"{scheme} for porous media", "power", "exponent = 2.0", scheme,
                   "'implicit_euler'", at=below("scheme ="))
        bad.content = bad.content.replace(b'"implicit_euler"', f'"{scheme}"'.encode())
        yield bad
    alone = BASE.replace('[[energy]]\nkind = "entropy"\ntemperature = 1.0\n', "")
    nothing = alone.replace("[[energy]]\n" + EXTERNAL + "\n", "")
    yield Bad("no energy", ("[[energy]]", "entropy"), None, None, encoded(nothing))
    for scheme in ("tr_bdf2", "midpoint", "exponential"):
        yield Bad(f"{scheme} for external energies alone", (scheme, "no entropy", "'implicit_euler'"),
                  alone[:alone.index("scheme =")].count("\n") + 1, None,
                  encoded(alone.replace('"implicit_euler"', f'"{scheme}"')))
    gibbs = alone.replace('kind = "gaussian"\nmean = [-1.0, 0.0]\nvariance = 0.05', 'kind = "gibbs"')
    yield Bad("gibbs without an entropy", ("initial.kind", "an entropy"),
              gibbs[:gibbs.index('kind = "gibbs"')].count("\n") + 1, None, encoded(gibbs))
    inner = alone.replace(FLUX, "").replace('"implicit_euler"', '"jko"\ninner_steps = 2')
    yield Bad("inner steps for external energies alone", ("inner_steps", "entropy"),
              inner[:inner.index("inner_steps")].count("\n") + 1, None, encoded(inner))
    power = BASE.replace(EXTERNAL, 'kind = "power"\nexponent = 2.0')
    drift = power + '[drift]\nexpression = ["y", "-x"]\n'
    yield Bad("drift beside porous media", ("drift",), drift.count("\n"), None, encoded(drift))
    exits = power + '[boundary]\nabsorbing = ["x_max"]\n'
    yield Bad("absorbing sides beside porous media", ("absorbing",), exits.count("\n"), None,
              encoded(exits))
    mixing = power + "[analysis]\nstationary_current = true\n"
    yield Bad("stationary current of porous media", ("stationary_current", "linear"),
              mixing.count("\n"), None, encoded(mixing))
    for scheme in ("jko", "jko_bdf2", "jko_midpoint"):
        for kind in ("scharfetter_gummel", "upwind", "fourth_order"):
            text = BASE.replace("implicit_euler", scheme).replace("scharfetter_gummel", kind)
            yield Bad(f"flux {kind} of {scheme}", ("flux.kind", scheme, "weights", "'implicit_euler'"),
                      text[:text.index("[flux]")].count("\n") + 2, None, encoded(text))
    whole = BASE.replace("implicit_euler", "jko").replace("scharfetter_gummel", "simplex")
    yield Bad("whole gradients of proximal steps", ("time.scheme", "'implicit_euler'", "'midpoint'"),
              whole[:whole.index("scheme =")].count("\n") + 1, None, encoded(whole))
    driven = alone + '[drift]\nexpression = ["y", "-x"]\n'
    yield Bad("drift beside external energies alone", ("no entropy", "drift"), driven.count("\n"), None,
              encoded(driven))
    proximal = BASE.replace(FLUX, "").replace('"implicit_euler"', '"jko"')
    for name, lines, word in [("drift", '[drift]\nexpression = ["y", "-x"]\n', "drift"),
                              ("absorbing sides", '[boundary]\nabsorbing = ["x_max"]\n', "mass")]:
        text = proximal + lines
        yield Bad(f"{name} in proximal steps", (word, "'implicit_euler'"), text.count("\n"), None,
                  encoded(text))
    gibbs = power.replace('kind = "gaussian"\nmean = [-1.0, 0.0]\nvariance = 0.05', 'kind = "gibbs"')
    yield Bad("gibbs of porous media", ("initial.kind", "equilibrium"),
              gibbs[:gibbs.index('kind = "gibbs"')].count("\n") + 1, None, encoded(gibbs))
    graded = BASE.replace(EXTERNAL, 'kind = "interaction"\nlibrary = "quadratic"').replace(
        "cells = [8, 8]", "cells = [8, 8]\ngrading = [2.0, 1.0]")
    yield Bad("interaction on a graded box", ("axis x", "graded"),
              graded[:graded.index('kind = "interaction"')].count("\n") + 1, None, encoded(graded))


def expressions():
    old = '"2*(x^2-1)^2 + 2*y^2"'
    for name, new, words, suggestion in [
            ("unknown name", '"2*u"', ("'u'", "position 3"), None),
            ("unknown function", '"cso(x)"', ("'cso'",), "cos"),
            ("powers as in Python", '"x**2"', ("'**'",), "x^2"),
            ("open parenthesis", '"(x+1"', ("parenthesis",), None),
            ("missing operator", '"2x"', ("operator",), "2*x"),
            ("ends too early", '"x +"', ("it ends",), None),
            ("empty", '""', ("empty",), None),
            ("blank", '"  "', ("empty",), None),
            ("not ASCII", '"x + \u00e9"', ("ASCII",), None),
            ("assignment", '"x = 2"', ("'='",), "=="),
            ("too many arguments", '"sin(x, y)"', ("'sin'", "too many"), None),
            ("two expressions", '"x, y"', ("comma",), None),
            ("a number too large", '"y + 1e400*x"', ("1e400 (position 5", "out of range"), None),
            ("a number too small", '"x*3.5e-400"', ("3.5e-400 (position 3", "out of range"), None),
            ("not finite", '"1/(x-x)"', ("finite",), None),
            ("nan by a root", '"sqrt(-1-x^2)"', ("finite",), None),
            ("a number", "3.0", ("text in quotes",), None),
            ("far too long", '"' + "x+" * 20000 + 'x"', ("40001 characters",), None)]:
        yield replaced(f"expression: {name}", old, new, "expression", *words, suggestion=suggestion)


def files():
    yield Bad("no such file", ("nowhere.toml", "no such file"), arguments=("check", "nowhere.toml"))
    yield Bad("no such file to run", ("nowhere.toml",), arguments=("run", "nowhere.toml"))
    yield Bad("a folder", ("is a folder",), arguments=("check", "."))
    yield Bad("empty file", ("is empty",), 1, content=b"")
    yield Bad("blank file", ("is empty",), 1, content=b"\n\n  \n")
    yield Bad("only comments", ("[mesh]",), 1, content=b"# nothing\n")
    yield replaced("not UTF-8", 'title = "A good case"', 'title = "A good case"', "0xe9", "UTF-8")
    yield Bad("binary garbage", ("UTF-8",), 1, content=bytes(range(256)) * 8)
    yield Bad("a NUL byte", ("0x00",), 2, content=b"title = 'x'\n\0\n")
    yield Bad("UTF-16", ("UTF-8",), 1, content=BASE.encode("utf-16"))
    yield Bad("an HDF5 file", ("UTF-8",), 1, content=b"\x89HDF\r\n\x1a\n" + bytes(100))
    yield Bad("JSON", ("not valid TOML",), 1, content=b'{"mesh": {"kind": "box"}}\n')
    yield replaced("text without quotes", 'kind = "box"', "kind = box", "quotes", "kind = box")
    yield replaced("an open quote", 'kind = "box"', 'kind = "box', "not valid TOML")
    yield replaced("an open bracket", "[mesh]", "[mesh", "not valid TOML")
    yield replaced("no value", "step = 0.01", "step =", "value")
    yield replaced("a colon", "step = 0.01", "step: 0.01", "not valid TOML")
    yield replaced("key twice", "step = 0.01", "step = 0.01\nstep = 0.02", "'step'", "twice", at=1)
    for table, at, text in (("boundary.value", 1, "[boundary.value]\nx_min = 1.0\n"), ("boundary.robin", 1, "[boundary.robin]\nx_min = 1.0\n"),
                            ("boundary.outflow", 1, '[boundary]\noutflow = ["x_min"]\n')):
        bad = appended(f"{table} in proximal steps", text, table, "keeps the mass; remove the open sides", at=at, never=("absorbing",))
        bad.content = bad.content.replace(b"implicit_euler", b"jko").replace(FLUX.encode(), b"\n\n")
        yield bad
    for table, text, words in (("drift", '[drift]\nexpression = ["y", "-x"]\n', "a drift goes"), ("reaction", '[reaction]\nrate = "1"\n', "a reaction goes"),
                               ("boundary.robin", "[boundary.robin]\nx_min = 1.0\n", "open sides go")):
        at = {"drift": 3, "reaction": 2, "boundary.robin": 3}[table]
        yield appended(f"mobility and {table}", "[mobility]\nexponent = 2.0\n" + text, table, words + " with a mobility that is the density",
                       "[mobility]", at=at, never=("the scheme",))
    yield appended("table twice", "[mesh]\n", "'mesh'", "twice")
    yield replaced("huge integer", "cells = [8, 8]", "cells = [99999999999999999999, 8]",
                   "not valid TOML")
    yield replaced("huge exponent", "step = 0.01", "step = 1e999", "step")
    yield replaced("a Python word", "periodic = [false, false]", "periodic = [False, False]",
                   "not valid TOML")
    gaussian = 'kind = "gaussian"\nmean = [-1.0, 0.0]\nvariance = 0.05'
    table = 'kind = "table"\nfile = "rho.h5"'
    external = 'expression = "2*(x^2-1)^2 + 2*y^2"'
    yield replaced("missing table file", gaussian, table, "rho.h5", "no such file", at=1)
    yield replaced("table file of text", gaussian, table, "rho.h5", "HDF5", at=1,
                   files={"rho.h5": b"not HDF5\n"})
    # a number of 4 GB, which HDF5 would make a buffer for
    yield replaced("table of wide numbers", gaussian, table, "rho.h5", "does not hold numbers", at=1,
                   files={"rho.h5": (FUZZED / "wide.h5").read_bytes()})
    yield replaced("a folder as a table", gaussian, 'kind = "table"\nfile = "."', "is a folder", at=1)
    for name in ("V", "V.npy", "V.npz", "V.h5", "V.vti"):
        inside = {"files": {f"{name}/inside": b"0 0 1\n"}, "arguments": ("run", "case.toml", "-o", "out")}
        yield replaced(f"a folder as an energy, {name}", external, f'table = "{name}"', f"{name}' is a folder", **inside)
        yield appended(f"a folder as a diffusion, {name}", f'[diffusion]\ntable = "{name}"\n', "diffusion.table",
                       f"{name}' is a folder", at=1, **inside)
    for key, value in {"scale": "2.0", "shift": "1.0", "missing": "0.0", "interpolation": '"cubic"', "outside": '"wall"',
                       "array": '"F"'}.items():
        yield replaced(f"energy.{key} without a table", external, f"{external}\n{key} = {value}", f"energy[2].{key}",
                       "belongs to `table`, which is not given", at=1)
    yield replaced("missing samples", gaussian, 'kind = "samples"\nfile = "x.h5"', "x.h5", "no such file", at=1)
    yield replaced("samples of text", gaussian, 'kind = "samples"\nfile = "x.h5"', "x.h5", "HDF5", at=1,
                   files={"x.h5": b"0.1 0.2\n"})
    yield replaced("missing energy file", external, 'table = "V.h5"', "V.h5", "no such file")
    yield replaced("energy file of text", external, 'table = "V.h5"', "V.h5", "HDF5",
                   files={"V.h5": b"not HDF5\n"})
    yield replaced("missing energy image", external, 'table = "V.vti"', "V.vti", "no such file")
    if os.path.exists(os.path.join(os.path.dirname(os.environ["OTTO"]), "libotto_vtk.so")):
        yield replaced("damaged energy image", external, 'table = "V.vti"', "V.vti",
                       files={"V.vti": b"<VTKFile type='ImageData'><broken"})
    yield Bad("deep nesting", ("[a]",), 1, content=b"[" + b"a." * 50 + b"a]\n")
    yield Bad("far too deep tables", ("nested too deep",), 1, content=b"[" + b"a." * 100000 + b"a]\n")
    yield Bad("far too deep keys", ("nested too deep",), 1, content=b"'a' . " * 100000 + b"a = 1\n")
    yield replaced("deep arrays", "cells = [8, 8]", "cells = " + "[" * 500 + "]" * 500,
                   "not valid TOML")


def settings():
    yield setting("set without value", "time.step", words=("table.key=value",))
    yield setting("set empty value", "time.step=", words=("missing",))
    yield setting("set nothing", "=3", words=("table.key",))
    yield setting("set unknown key", "time.stpe=0.1", suggestion="step")
    yield setting("set unknown table", "tme.step=0.1", suggestion="time")
    yield setting("set wrong type", "time.step=fast", words=("fast",))
    yield setting("set wrong range", "time.step=-1", words=("greater than 0",))
    yield setting("set nan", "time.step=nan", words=("nan",))
    yield setting("set wrong choice", "time.scheme=tr_bdf", suggestion="tr_bdf2")
    yield setting("set entry 0", "energy[0].temperature=2", words=("count from 1",))
    yield setting("set entry too far", "energy[9].temperature=2", words=("energy[9]",))
    yield setting("set entry of another kind", "energy[2].temperature=2", words=("external",))
    yield setting("set which entry", "energy.kind=entropy", words=("[1]",))
    yield setting("set entry of a table", "mesh[1].cells=[4, 4]", words=("single table",))
    yield setting("set bad expression", "energy[2].expression=foo(x)", words=("foo",))
    yield setting("set unknown kind", "energy[2].kind=crowed", suggestion="crowd")
    yield setting("set second of two", "time.step=0.02", "time.edn=1", suggestion="end")


def commands():
    yield command("no command but options of PETSc", ["--", "-ksp_rtol", "1e-3"], "a command is missing", "run")
    yield command("unknown command", ["rnu", "case.toml"], "'rnu'", suggestion="run")
    yield command("unknown command chekc", ["chekc", "case.toml"], "'chekc'", suggestion="check")
    yield command("forgotten command", ["case.toml"], "case.toml", suggestion="otto run case.toml")
    yield command("no case", ["run"], "needs a case file")
    yield command("two cases", ["run", "case.toml", "other.toml"], "other.toml")
    yield command("unknown option", ["run", "case.toml", "--sett", "a.b=1"], "--sett",
                  suggestion="--set")
    yield command("option without value", ["run", "case.toml", "-o"], "needs a value")
    yield command("PETSc words without --", ["run", "case.toml", "-ksp_rtol", "1e-3"], "-ksp_rtol",
                  suggestion="after --")
    yield command("PETSc word without option", ["run", "case.toml", "--", "1e-3"], "1e-3")
    yield command("PETSc word alone in check", ["check", "case.toml", "--", "ksp"], "'ksp'")
    yield command("a spectrum of porous media", ["spectrum", "case.toml"], "linear",
                  content=BASE.replace(EXTERNAL, 'kind = "power"\nexponent = 2.0'))
    yield command("resume", ["run", "case.toml", "--resume", "nowhere"], "--resume nowhere",
                  "no such checkpoint")
    yield command("allow-change", ["run", "case.toml", "--allow-change", "time.edn"], "time.edn",
                  suggestion="time.end")
    yield command("explain unknown", ["explain", "tempreature"], "tempreature",
                  suggestion="temperature")
    yield command("explain unknown choice", ["explain", "tr_bdf"], "tr_bdf", suggestion="tr_bdf2")
    yield command("explain unknown path", ["explain", "time.stp"], "time.stp",
                  suggestion="time.step")
    yield command("a command under another name", ["infer", "case.toml"], "snapshots", suggestion="otto fit")
    yield command("schema with a word", ["schema", "mesh"], "'mesh'")
    yield command("schema of another draft", ["schema", "--draft", "7"], "--draft 7", "4 and 2020-12")
    yield command("schema as two things", ["schema", "--markdown", "--draft", "4"], "--draft", "--markdown")
    yield command("new without a name", ["new"], "needs a name", "otto new NAME")
    yield command("new over something", ["new", "case.toml"], "case.toml", "already")
    yield command("new from an unknown case", ["new", "mine", "--from", "muler_brown"], "--from muler_brown", suggestion="muller_brown")
    yield command("new from a path that is not there", ["new", "mine", "--from", "./nowhere.toml"], "./nowhere.toml", "no file")
    yield command("new with two names", ["new", "mine", "other"], "'other'")
    yield command("new below a file", ["new", "case.toml/mine"], "case.toml/mine", "cannot be made", status=4)
    yield command("new with too long a name", ["new", "x" * 300], "cannot be made", "too long", status=4)
    yield command("demo with a word", ["demo", "case.toml"], "'case.toml'")
    yield command("demo where nothing is written", ["demo", "-o", "/proc/nowhere"], "/proc/nowhere", status=4)
    yield command("info with an option", ["info", "--all"], "--all")


def later_line(name, text, *words, **more):
    """BASE with a table of two lines; the second is wrong."""
    return appended(name, text, *words, at=1, **more)


def sought():
    """Keys that users look for under another name, or in vain: the answer, not the nearest word."""
    for key, *words in [
            ("coefficient", "expression"),
            ("constant", "expression"), ("value", "expression")]:
        yield later_line(f"diffusion.{key}", f'[diffusion]\n{key} = "1+x^2"\n', f"'{key}'", *words, never=("[drift]",))
    yield later_line("data.trajectories", '[data]\ntrajectories = "x.h5"\n', "'trajectories'", "not in this version",
                     suggestion="otto fit")
    for key, word in [("periodic", "mesh.periodic"), ("reflecting", "absorbing"), ("no_flux", "absorbing"),
                      ("neumann", "absorbing"), ("dirichlet", "absorbing")]:
        yield later_line(f"boundary.{key}", f'[boundary]\n{key} = ["x_min"]\n', f"'{key}'", suggestion=word)
    for key in ("x_min", "x_max", "type", "kind"):
        yield later_line(f"boundary.{key}", f'[boundary]\n{key} = "absorbing"\n', f"'{key}'", suggestion="absorbing = [")
    yield later_line("boundary's keys", '[boundary]\nqqqqqq = "x_min"\n', "'qqqqqq'", "Its keys are absorbing, outflow and reinject")
    for field in ("committor", "mean_exit_time", "current", "stationary_density"):
        yield replaced(f"output.fields {field}", "every = 0.02", f'fields = ["{field}"]', field, suggestion="[analysis]")
    for kind, word in [("potential", "external"), ("diffusion", "entropy"), ("porous_medium", "power")]:
        yield replaced(f"energy.kind {kind}", 'kind = "entropy"', f'kind = "{kind}"', kind, suggestion=word)
    for old, new, word in [
            ("step = 0.01", "dt = 0.01", "time.step"), ("step = 0.01", "tau = 0.01", "time.step"),
            ("step = 0.01", "timestep = 0.01", "time.step"), ("step = 0.01", "time_step = 0.01", "time.step"),
            ("end = 0.02", "t_end = 0.02", "time.end"), ("end = 0.02", "T = 0.02", "time.end"),
            ("variance = 0.05", "sigma = 0.2", "initial.variance"), ("variance = 0.05", "std = 0.2", "initial.variance"),
            ("variance = 0.05", "width = 0.2", "initial.variance"), ("mean = [-1.0, 0.0]", "mu = [-1.0, 0.0]", "initial.mean"),
            ("mean = [-1.0, 0.0]", "center = [-1.0, 0.0]", "initial.mean"),
            ("step = 0.01", "steps = 100", "time.end"), ("step = 0.01", "max_steps = 100", "time.end"),
            ('scheme = "implicit_euler"', 'method = "implicit_euler"', "time.scheme"),
            ('scheme = "implicit_euler"', 'integrator = "bdf2"', "time.scheme"),
            ('scheme = "implicit_euler"', 'solver = "bdf2"', "time.scheme"),
            ("cells = [8, 8]", "n = [8, 8]", "mesh.cells"), ("cells = [8, 8]", "resolution = 8", "mesh.cells"),
            ("cells = [8, 8]", "dx = 0.5", "mesh.cells"), ("cells = [8, 8]", "h = 0.5", "mesh.cells"),
            ("cells = [8, 8]", "dimension = 2", "mesh.lower"), ("cells = [8, 8]", "dim = 2", "mesh.lower"),
            ("temperature = 1.0", "beta = 1.0", "1/beta"), ("temperature = 1.0", "kT = 1.0", "temperature"),
            ("temperature = 1.0", "diffusivity = 1.0", "temperature"),
            ('expression = "2*(x^2-1)^2 + 2*y^2"', 'potential = "x^2"', "expression"),
            ('expression = "2*(x^2-1)^2 + 2*y^2"', 'V = "x^2"', "expression"),
            ('expression = "2*(x^2-1)^2 + 2*y^2"', 'force = ["x", "y"]', "[drift]"),
            ('expression = "2*(x^2-1)^2 + 2*y^2"', 'gradient = ["x", "y"]', "[drift]"),
            ("rtol = 1e-10", "tolerance = 1e-10", "solver.rtol"), ("rtol = 1e-10", "tol = 1e-10", "solver.rtol"),
            ("rtol = 1e-10", 'type = "cg"', "PETSc"), ("every = 0.02", "interval = 0.02", "output.every"),
            ("every = 0.02", "frequency = 10", "output.every"), ("every = 0.02", 'folder = "out"', "-o FOLDER"),
            ("every = 0.02", 'directory = "out"', "-o FOLDER")]:
        key = new.split(" =")[0]
        yield replaced(f"sought {key} for {word}", old, new, f"'{key}'", suggestion=word)


def keys_of_a_kind():
    """An unknown key lists the keys that go with the kind, and no others."""
    for old, kind, valid, other in [
            ("temperature = 1.0", "entropy", "temperature", "exponent"),
            ('expression = "2*(x^2-1)^2 + 2*y^2"', "external", "library", "exponent"),
            ("mass = 1.0", "gaussian", "variance", "outside"), ("cells = [8, 8]", "box", "grading", "partitioner")]:
        yield replaced(f"keys of kind {kind}", old, "qqqqqq = 3\n" + old, "'qqqqqq'", f'"{kind}"', valid,
                       never=(other,))


def foreign_words():
    """Words of other languages in expressions."""
    for text, word, here in [
            ("ln(x^2+1)", "ln", "log(x)"), ("log2(x^2+1)", "log2", "log(x)/log(2)"), ("pow(x, 2)", "pow", "x^2"),
            ("power(x, 2)", "power", "x^2"), ("sqr(x)", "sqr", "x^2"), ("square(x)", "square", "x^2"),
            ("cbrt(x)", "cbrt", "1/3"), ("e^(-x)", "e", "exp"), ("fabs(x)", "fabs", "abs(x)"),
            ("mod(x, 1)", "mod", "floor"), ("fmod(x, 1)", "fmod", "floor"), ("round(x)", "round", "floor"),
            ("if(x > 0, 1, 0)", "if", "a ? b : c"), ("where(x > 0, 1, 0)", "where", "a ? b : c"),
            ("heaviside(x)", "heaviside", "x > 0 ? 1 : 0"), ("arcsin(x/9)", "arcsin", "asin"),
            ("arctan(x)", "arctan", "atan"), ("arctan2(y, x)", "arctan2", "atan2"),
            ("x > 0 and y > 0 ? 1 : 0", "and", "&&"), ("x > 0 or y > 0 ? 1 : 0", "or", "||"),
            ("x > 1 ? inf : 0", "inf", "finite"), ("np.sin(x)", "np", "stand alone"),
            ("math.exp(x)", "math", "stand alone"), ("r^2", "r", "sqrt"), ("x % 1", "%", "floor"),
            ("|x|", "|", "abs(x)"), ("!(x > 0)", "!", "a ? 0 : 1"), ("Pi*x", "Pi", "pi"), ("PI*x", "PI", "pi")]:
        yield replaced(f"expression: {word} of another language", '"2*(x^2-1)^2 + 2*y^2"', f'"{text}"', f"'{word}'",
                       suggestion=here)


def runs():
    """The same errors through `otto run`, and those only a run can meet."""
    for bad in [
            replaced("", "step = 0.01", "setp = 0.01", "'setp'", suggestion="step"),
            replaced("", "temperature = 1.0", "temperature = -1.0", "-1.0"),
            replaced("", "cells = [8, 8]", "cells = [0, 8]", "cells"),
            replaced("", '"2*(x^2-1)^2 + 2*y^2"', '"cso(x)"', "cso", suggestion="cos"),
            replaced("", '"2*(x^2-1)^2 + 2*y^2"', '"1/(x-x)"', "finite"),
            replaced("", "mean = [-1.0, 0.0]", "mean = [-1.0]", "mean"),
            replaced("", '"implicit_euler"', '"implict_euler"', "implict_euler",
                     suggestion="implicit_euler"),
            appended("", '[reaction]\nrate = "x"\n', "reaction.rate", at=1),
            appended("", '[boundary.robin]\nx_min = "0.005 - t"\n', "boundary.robin.x_min", at=1)]:
        bad.name = f"run: {bad.words[0]}"
        bad.arguments = ("run", "case.toml", "-o", "out/deep")
        yield bad
    yield appended("spectrum: robin at a negative rate", "[boundary.robin]\nx_min = -1.0\n", "boundary.robin.x_min", at=1,
                   arguments=("spectrum", "case.toml", "-o", "out"))
    yield command("unused PETSc option", ["run", "case.toml", "-o", "out", "--", "-ksp_rtoll", "1"],
                  "ksp_rtoll")
    yield command("output below a file", ["run", "case.toml", "-o", "case.toml/out"], "case.toml",
                  status=4)
    yield command("output where nothing is written", ["run", "case.toml", "-o", "/proc/nowhere"],
                  "/proc/nowhere", status=4)


def not_utf8(bad):
    if bad.name == "not UTF-8":
        bad.content = bad.content.replace(b"good", b"g\xe9od")
    return bad


def all_bad():
    return [not_utf8(bad) for group in (typos, types_and_ranges, sought, foreign_words, combinations, nonlinear, expressions, files,
                                        settings, commands, keys_of_a_kind, runs) for bad in group()]
