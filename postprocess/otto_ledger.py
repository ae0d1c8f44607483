"""Pictures of history.csv: the free energy and its dissipation, and what every step keeps."""

import matplotlib.pyplot as plt
import numpy as np

from otto_pictures import BLUE, GREY, RED, STYLE, time_name


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


def energy_picture(run, equilibrium, title):
    """Left: F, or F - F_equilibrium on a logarithmic axis. Right: the dissipation."""
    h = run.history
    excess = excess_energy(run, equilibrium)
    with plt.rc_context(STYLE):
        figure, (left, right) = plt.subplots(1, 2, figsize=(9.2, 3.5))
        if excess is not None:
            left.semilogy(h["time"], excess, color=BLUE)
            left.set_ylabel("F − F(equilibrium)")
        else:
            left.plot(h["time"], h["free_energy"], color=BLUE)
            left.set_ylabel("free energy F")
        dissipation = np.where(h["dissipation"] > 0, h["dissipation"], np.nan)
        if np.isfinite(dissipation).any():
            right.semilogy(h["time"], dissipation, color=RED)
        right.set_ylabel("dissipation −dF/dt")
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
        least.set_ylabel("smallest density")
        if (h["min_density"] > 0).all():
            least.set_yscale("log")
        steps = h["dt"] > 0
        gap.plot(h["time"][steps], h["edi_gap"][steps], color=RED)
        largest = np.abs(h["edi_gap"][steps]).max(initial=0.0)
        if largest > 0:
            gap.set_yscale("symlog", linthresh=1e-4 * largest, linscale=1)
        gap.axhline(0, color=GREY, linewidth=0.8)
        gap.set_ylabel("F(n+1) − F(n) + dt · dissipation")
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
