"""What was believed of transmission before the survey and after it: often the same, and then so said."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from nsum_bayes.data.settings import TransmissionStatement
from nsum_bayes.estimates.assumed import tied_draws, transmission_of
from nsum_bayes.report.area_figures import BLUE, LIMITS, ORANGE, framed
from nsum_bayes.report.wording import INTERVAL_WORDS, check_group

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from nsum_bayes.estimates.estimates import Estimates
    from nsum_bayes.inference.fit import Fit

BINS = 50
PICTURE, LETTERS = 0.58, 12.5
"""Share of the page's width that the curves take; letters of the words beside them, per inch."""
BY_CONSTRUCTION = (
    "Prior and posterior are the same by construction: transmission is not in the likelihood, no answer tells it. It "
    "is drawn from its statement and divided out."
)
UNTOLD = (
    "Transmission is a parameter of the model, but no side data tell this group's: where the two differ, it is by "
    "chance."
)
TOLD = "The posterior is told by side data: members asked which of their contacts are aware of them."
JOINT = (
    "Transmission is in the likelihood, but answers tell only its product with prevalence: a posterior away from the "
    "prior comes from the priors of the rest as well."
)
FIXED = "Transmission is fixed: it has neither prior nor posterior, and its uncertainty is in no interval."
DRIFTING = "Transmission is that of the first wave; it may drift from there."


def prior_posterior_figure(
    run: Fit, estimates: Estimates, group: str, *, transmission: Mapping[str, Any] | None = None
) -> Figure:
    """Prior of a group's transmission beside its posterior, and in words whether the survey told anything of it.

    Parameters
    ----------
    run
        A fit.
    estimates
        What `estimate` made of it.
    group
        Hidden group.
    transmission
        Statements in place of the study's, as they were given to `estimate`.

    Raises
    ------
    ReleaseError
        No such group.
    StudyError
        A transmission for a group that is not hidden, without a reason, or out of range.
    """
    check_group(estimates, group)
    statement = transmission_of(run, transmission)[group]
    draws = _learned(run, group, changed=group in (transmission or {}))
    figure, (axes,), words = framed(estimates, group, [], 2.6, ("Transmission",), names=0.1)
    _draw(axes, statement, draws)
    said = " ".join([what_was_told(run, statement, draws), *([DRIFTING] if estimates.waves else [])])
    _write_beside(axes, said, words.width)
    return figure


def _learned(run: Fit, group: str, *, changed: bool) -> np.ndarray | None:
    """Posterior draws of the transmission where it was a parameter of the model; none where it was not or is fixed."""
    tied = None if changed else tied_draws(run, "transmission")
    return None if tied is None else tied[:, list(run.study.hidden_groups).index(group)]


def what_was_told(run: Fit, statement: TransmissionStatement, draws: np.ndarray | None) -> str:
    """What the survey told of a transmission, in a sentence or two.

    Parameters
    ----------
    draws
        Posterior draws where it was a parameter of the model.
    """
    if statement.fixed is not None:
        return FIXED
    if draws is None:
        return BY_CONSTRUCTION
    if statement.side_data is not None:
        return TOLD
    return JOINT if run.spec.transmission.kind == "joint" else UNTOLD


def _draw(axes: Axes, statement: TransmissionStatement, draws: np.ndarray | None) -> None:
    from scipy.stats import beta

    if statement.fixed is not None:
        axes.axvline(statement.fixed, color=BLUE, linewidth=1.6, label=f"fixed at {statement.fixed:g}")
        axes.set_xlim(0, 1.02)
        return
    prior = beta(*statement.shapes)
    low, high = prior.ppf((0.001, 0.999))
    if draws is not None:
        low, high = min(low, float(draws.min())), max(high, float(draws.max()))
        label = f"posterior: {_interval(*np.quantile(draws, LIMITS))}"
        axes.hist(draws, BINS, range=(low, high), density=True, color=BLUE, alpha=0.45, label=label)
    across = np.linspace(low, high, 400)[1:-1]
    named = "prior" if draws is not None else "prior and posterior"
    label = f"{named}: {_interval(*prior.ppf(LIMITS))}"
    axes.plot(across, prior.pdf(across), color=ORANGE, linewidth=1.6, label=label)
    axes.set_xlim(low, high)


def _write_beside(axes: Axes, said: str, width: float) -> None:
    """The words that the curves need, right of them, on a page of this width (inches)."""
    place = axes.get_position()
    axes.set_position((place.x0, place.y0, PICTURE * place.width, place.height))
    axes.set_xlabel("share of ties to members that are known and reported", fontsize=8.5)
    axes.set_ylim(bottom=0)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.legend(fontsize=8.5, frameon=False, loc="upper left", bbox_to_anchor=(1.02, 1.0), labelspacing=0.8)
    letters = int((1 - PICTURE) * place.width * width * LETTERS)
    text = "\n".join(textwrap.wrap(said, letters))
    axes.text(1.05, 0.0, text, transform=axes.transAxes, fontsize=9, va="bottom", linespacing=1.3, parse_math=False)


def _interval(low: float, middle: float, high: float) -> str:
    return f"median {middle:.2f},\n{INTERVAL_WORDS} interval {low:.2f} to {high:.2f}"
