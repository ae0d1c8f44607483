"""Communicators, and agreement of the ranks on exceptions."""

from . import _otto

_world = 0  # the handle of all ranks


def handle(comm):
    """The handle of an mpi4py communicator; None means all ranks."""
    if comm is None:
        return _world
    from mpi4py import MPI

    if not isinstance(comm, MPI.Comm):
        raise TypeError(f"comm: takes an mpi4py communicator or None, not {type(comm).__name__}")
    return MPI._handleof(comm) if comm != MPI.COMM_NULL else _closed()


def _closed():
    from .errors import InputError

    raise InputError("comm: this communicator has been closed, or this rank is not in it")


def together(comm, function):
    """function() on every rank (it must not communicate); what it raises on one is raised on all."""
    return _otto.together(comm, function)


def from_root(comm, function):
    """The bytes that function() gives on rank 0, on every rank."""
    data = together(comm, lambda: function() if _otto.rank(comm) == 0 else b"")
    return _otto.broadcast(comm, data)
