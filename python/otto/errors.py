"""What can go wrong, as exceptions. The messages are those of the program."""

import re

_PLACE = re.compile(r"^(?P<file>[^\n]*?):(?P<line>\d+):(?P<column>\d+): (?:(?P<key>[\w\[\]]+(?:\.[\w\[\]]+)+)(?:: | = ))?")
_UNKNOWN = re.compile(r"unknown key '(?P<key>[^']*)' in \[+(?P<table>[\w.]+)\]")
_SETTING = re.compile(r"^--set (?P<key>[^=\s]+)=")


class Error(Exception):
    """Any failure of Otto. `file`, `line` and `key` say where in the case, as far as that is known; else None."""

    def __init__(self, message):
        super().__init__(message)
        place = _PLACE.match(message)
        setting = _SETTING.match(message)
        self.file = place["file"] if place else None
        self.line = int(place["line"]) if place else None
        unknown = _UNKNOWN.search(message)
        self.key = (setting["key"] if setting else f"{unknown['table']}.{unknown['key']}" if unknown
                    else place["key"] if place else None)


class InputError(Error, ValueError):
    """The case, a file it names or an argument is wrong (exit status 2 of the program)."""


class NumericalError(Error, ArithmeticError):
    """A solve or a step failed (exit status 3)."""


class IOError_(Error, OSError):
    """A file could not be written or read back (exit status 4)."""

    def __str__(self):
        return self.args[0]


class InternalError(Error, RuntimeError):
    """A defect of Otto itself (exit status 5)."""


class CallbackError(Error, RuntimeError):
    """A Python function raised on another rank; on that rank its own exception is raised."""


class OttoWarning(UserWarning):
    """A sentence of `summary["warnings"]`: nothing failed, and the result is not what one would think."""
