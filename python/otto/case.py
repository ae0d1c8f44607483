"""Cases: from a file or a dict, with keys by path."""

import os
import tomllib

import numpy as np

from . import _otto
from .errors import InputError


def _scalar(value):
    if isinstance(value, (bool, np.bool_)):
        return "true" if value else "false"
    if isinstance(value, (int, np.integer)):
        return str(int(value))
    if isinstance(value, (float, np.floating)):
        return repr(float(value))
    if isinstance(value, (str, os.PathLike)):
        text = os.fspath(value).replace("\\", "\\\\").replace('"', '\\"')
        return '"' + text.replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r") + '"'
    return None


def to_toml(value, key="a value"):
    """A Python value as TOML text."""
    text = _scalar(value)
    if text is not None:
        return text
    if isinstance(value, np.ndarray):
        return to_toml(value.tolist(), key)
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(to_toml(v, key) for v in value) + "]"
    raise InputError(f"{key}: a case holds numbers, texts, flags and lists of them, not {type(value).__name__}")


def _is_tables(value):
    return isinstance(value, (list, tuple)) and len(value) > 0 and all(isinstance(v, dict) for v in value)


def _write_table(path, table, lines):
    nested = []
    for name, value in table.items():
        full = f"{path}.{name}" if path else str(name)
        if isinstance(value, dict) or _is_tables(value):
            nested.append((full, value))
        elif value is not None:
            lines.append(f"{name} = {to_toml(value, full)}")
    for full, value in nested:
        for one in [value] if isinstance(value, dict) else value:
            lines.append(f"[{full}]" if isinstance(value, dict) else f"[[{full}]]")
            _write_table(full, one, lines)


def dict_to_toml(content):
    """The text of a case file of nested dicts; a list of dicts is an array of tables."""
    lines = []
    _write_table("", content, lines)
    return "\n".join(lines) + "\n"


def _take_functions(content):
    """The dict without `V` of its energies, and the function or array given so."""
    energies, found = [], None
    for term in content.get("energy", []):
        if "V" not in term:
            energies.append(term)
        elif found is not None:
            raise InputError("energy: two terms give V as a function or an array; add them up in one")
        else:
            found = term["V"]
    return ({**content, "energy": energies} if "energy" in content else content), found


class Case:
    """A case: `Case("case.toml")` or `Case({"mesh": {...}, "energy": [{...}, {...}], ...})`.

    Keys are read and written by path: `case["time.step"] = 0.01`, `case["energy[2].expression"]`. Besides what a case
    file holds, V and rho0 are energies and initial densities as functions of points (n, d), or as arrays in the order
    of final.h5: `Case(..., V=lambda x: (x**2).sum(1))`, or `{"kind": "external", "V": ...}` among the energies.
    """

    def __init__(self, source, V=None, rho0=None):
        self.V, self.rho0 = V, rho0
        self._settings = {}
        if isinstance(source, Case):
            self._text, self.file = source._text, source.file
            self._settings = dict(source._settings)
            self.V = source.V if V is None else V
            self.rho0 = source.rho0 if rho0 is None else rho0
        elif isinstance(source, dict):
            source, given = _take_functions(source)
            if given is not None:
                self.V = given if V is None else V
            if self.rho0 is not None and "initial" not in source:
                source = {**source, "initial": {"kind": "uniform"}}
            self._text, self.file = dict_to_toml(source), os.path.join(os.getcwd(), "case.dict")
        elif isinstance(source, (str, os.PathLike)):
            self.file = os.path.abspath(os.fspath(source))
            self._text = self._read(self.file)
        else:
            raise TypeError(f"a case is made from a path or a dict, not {type(source).__name__}")

    @staticmethod
    def _read(file):
        if os.path.isdir(file):
            raise InputError(f"{file}: is a folder; give the case file in it")
        try:
            with open(file, encoding="utf-8") as stream:
                return stream.read()
        except FileNotFoundError:
            raise InputError(f"{file}: no such file") from None
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"{file}: cannot be read: {error}") from None

    @property
    def text(self):
        """As a case file, without what was set by path."""
        return self._text

    @property
    def settings(self):
        """What was set by path, as the words after --set."""
        return [f"{key}={value}" for key, value in self._settings.items()]

    def _settled(self):
        return {key: (value, given) for key, value, given in _otto.settled(self._text, self.file, self.settings)}

    def __setitem__(self, key, value):
        _otto.check_key(key)
        self._settings[key] = to_toml(value, key)

    def __getitem__(self, key):
        _otto.check_key(key)
        settled = self._settled()
        found = settled.get(key)
        if found is None and "[" not in key:  # the only entry of an array of tables
            table, _, name = key.rpartition(".")
            entries = [v for k, v in settled.items() if k.startswith(table + "[") and k.endswith("]." + name)]
            found = entries[0] if len(entries) == 1 else None
        if found is None:
            raise KeyError(key)
        return tomllib.loads("value = " + found[0])["value"]

    def get(self, key, otherwise=None):
        """As of a dict."""
        try:
            return self[key]
        except KeyError:
            return otherwise

    def keys(self):
        """The keys that have a value, given or by default."""
        return list(self._settled())

    def check(self):
        """Raises InputError where the case is no valid one; files it names are not looked at."""
        self._settled()

    def copy(self):
        """Another case, changed independently."""
        return Case(self)

    def __repr__(self):
        return f"Case({self.file!r}{''.join(f', {s}' for s in self.settings)})"


def asked(case, out=None, **more):
    """What the extension module takes of a case (python/src/commands.cpp)."""
    return {"text": case._text, "file": case.file, "settings": case.settings,
            "out": "" if out is None else os.path.abspath(os.fspath(out)), **more}
