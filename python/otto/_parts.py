"""Python functions and arrays as parts of a case: V, initial densities, callbacks."""

import inspect
import math
import operator
import os

import numpy as np

from .errors import InputError


def whole(value, what, least):
    """An int of at least `least`; also one of NumPy."""
    try:
        if isinstance(value, bool):
            raise TypeError
        number = operator.index(value)
    except TypeError:
        raise InputError(f"{what}: takes a whole number, not {value!r}") from None
    if not least <= number < 2**31:
        raise InputError(f"{what}: is {number}; it must be at least {least}" if number < least else f"{what}: is {number}")
    return number


def number(value, what):
    """A finite float."""
    try:
        result = float(value)
    except (TypeError, ValueError):
        raise InputError(f"{what}: takes a number, not {value!r}") from None
    if not math.isfinite(result):
        raise InputError(f"{what}: is {result}; it must be finite")
    return result


def words(value, what):
    """A list of words, of a list or of one text with blanks between them."""
    if isinstance(value, str):
        return value.split()
    try:
        result = list(value)
    except TypeError:
        result = [value]
    if not all(isinstance(word, str) for word in result):
        raise InputError(f"{what}: takes words, not {value!r}")
    return result


def path(value, what):
    """The text of a path."""
    try:
        return os.fspath(value)
    except TypeError:
        raise InputError(f"{what}: takes a path, not {value!r}") from None


def _is_tensor(value):
    return type(value).__module__.split(".")[0] == "torch" and hasattr(value, "detach")


def _is_module(value):
    return hasattr(value, "parameters") and hasattr(value, "forward")


def dense(tensor, what):
    """The tensor, which must hold one number after the other."""
    import torch

    if tensor.device.type == "meta" or tensor.layout != torch.strided:
        kind = "of the device 'meta', which has no numbers" if tensor.device.type == "meta" else f"of the layout {tensor.layout}"
        raise InputError(f"{what}: is a tensor {kind}; give a dense one")
    return tensor


def to_numpy(value, what):
    """A float64 array of a sequence, an array or a tensor of any device."""
    if _is_tensor(value):
        value = dense(value, what).detach().cpu().numpy()
    array = np.asarray(value)
    if array.dtype == object or not np.issubdtype(array.dtype, np.number) and array.dtype != bool:
        raise InputError(f"{what}: takes numbers, not {array.dtype}")
    if np.iscomplexobj(array):
        raise InputError(f"{what}: is complex; energies and densities are real")
    return np.ascontiguousarray(array, dtype=np.float64)


def _call_module(module, points):
    import torch

    dtype = next((p.dtype for p in module.parameters()), torch.float64)
    device = next((p.device for p in module.parameters()), torch.device("cpu"))
    with torch.no_grad():
        return module(torch.as_tensor(points, dtype=dtype, device=device))


def takes_time(function):
    """The function has a parameter t (or a second one without a default)."""
    if _is_module(function):
        return False
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return False
    named = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return len(named) > 1 and (named[1].default is inspect.Parameter.empty or named[1].name == "t")


def _values(function, what, with_time):
    """function(points[, t]) with its result checked: (m, d) points to m numbers."""
    module = _is_module(function)

    def evaluate(points, t=0.0):
        result = (_call_module(function, points) if module
                  else function(points, t) if with_time else function(points))
        values = to_numpy(result, what)
        count = len(points)
        if values.shape == (count, 1):
            values = values[:, 0]
        if values.ndim == 0:
            values = np.full(count, float(values))
        if values.shape != (count,):
            raise InputError(f"{what}: gave the shape {values.shape} for points of the shape {points.shape}; "
                             f"it must give one value per point, the shape ({count},)")
        return values

    return evaluate


def of(V=None, rho0=None, callback=None):
    """The dict that the extension module takes. Does not communicate."""
    parts = {}
    if V is not None:
        varies = callable(V) and takes_time(V)
        parts["V"] = _values(V, "V", varies) if callable(V) else to_numpy(V, "V")
        parts["V_varies"] = varies
    if rho0 is not None:
        parts["rho0"] = _values(rho0, "rho0", False) if callable(rho0) else to_numpy(rho0, "rho0")
    if callback is not None:
        if not callable(callback):
            raise InputError(f"callback: takes a function of the state, not {type(callback).__name__}")
        parts["callback"] = callback
    return parts
