"""Pictures of history.csv: the free energy and its dissipation, and what every step keeps."""

import matplotlib.pyplot as plt
import numpy as np

from otto_pictures import BLUE, GREY, RED, STYLE, field_name, label_decades, time_name, with_unit


def excess_energy(run, equilibrium):
    """F - F(equilibrium) of every step: from the given figure, or kT times the relative entropy to the
    Gibbs state, which the run records (kl_gibbs) where the two are the same. None without either."""
    h = run.history
    if equilibrium is not None:
        # Below 1e-12 of the start the difference is rounding, not physics.
        excess = h["free_energy"] - equilibrium
        return np.where(excess > 1e-12 * excess[0], excess, np.nan)
    if "kl_gibbs" in h and run.temperature:
        excess = run.temperature * h["kl_gibbs"]
        return np.where(excess > 0, excess, np.nan) if np.nanmax(excess) > 0 else None
    return None


def _energy_name(run, name, per_time=False):
    """With the unit of energies, or of energies per time."""
    energy, time = run.units.get("energy", ""), run.units.get("time", "")
    return with_unit(name, f"{energy} / {time}" if per_time and energy and time else "" if per_time else energy)


def energy_picture(run, equilibrium, title):
    """Left: F, or F - F_equilibrium on a logarithmic axis. Right: the dissipation."""
    h = run.history
    excess = excess_energy(run, equilibrium)
    with plt.rc_context(STYLE):
        figure, (left, right) = plt.subplots(1, 2, figsize=(9.2, 3.5))
        if excess is not None:
            left.semilogy(h["time"], excess, color=BLUE)
            left.set_ylabel(_energy_name(run, "F − F(equilibrium)"))
            label_decades(left.yaxis)
        else:
            left.plot(h["time"], h["free_energy"], color=BLUE)
            left.set_ylabel(_energy_name(run, "free energy F"))
        dissipation = np.where(h["dissipation"] > 0, h["dissipation"], np.nan)
        if np.isfinite(dissipation).any():
            right.semilogy(h["time"], dissipation, color=RED)
            label_decades(right.yaxis)
        right.set_ylabel(_energy_name(run, "dissipation −dF/dt", per_time=True))
        for axes in (left, right):
            axes.set_xlabel(time_name(run))
        _caption(figure, title)
        return figure


def ledger_picture(run, title):
    """Mass drift, smallest density, energy balance and iterations of every step."""
    h = run.history
    with plt.rc_context(STYLE):
        figure, panels = plt.subplots(2, 2, figsize=(9.2, 5.6), sharex=True)
        (mass, least), (gap, count) = panels
        mass.plot(h["time"], h["mass"] / h["mass"][0] - 1, ".", markersize=3, color=BLUE)
        mass.set_ylabel("relative mass drift")
        least.plot(h["time"], h["min_density"], color=BLUE)
        least.set_ylabel(f"smallest {field_name(run, 'density')}")
        if (h["min_density"] > 0).all():
            least.set_yscale("log")
            label_decades(least.yaxis)
        steps = h["dt"] > 0
        gap.plot(h["time"][steps], h["edi_gap"][steps], color=RED)
        largest = np.abs(h["edi_gap"][steps]).max(initial=0.0)
        if largest > 0:
            gap.set_yscale("symlog", linthresh=1e-4 * largest, linscale=1)
        gap.axhline(0, color=GREY, linewidth=0.8)
        gap.set_ylabel(_energy_name(run, "F(n+1) − F(n) + dt · dissipation"))
        count.step(h["time"][steps], h["linear_iterations"][steps], where="mid", color=BLUE,
                   label="linear")
        if h["newton_iterations"].max() > 0:
            count.step(h["time"][steps], h["newton_iterations"][steps], where="mid", color=RED,
                       label="Newton")
        count.set_ylabel("iterations per step")
        count.set_ylim(bottom=0)
        count.legend()
        for axes in panels[1]:
            axes.set_xlabel(time_name(run))
        _caption(figure, title)
        return figure


def _caption(figure, title):
    if title:
        figure.suptitle(title, fontsize=12)
