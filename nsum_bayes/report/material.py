"""Everything a report draws on, found once: the fit, its estimates, what the checks said, and what is withheld."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nsum_bayes.estimates.summaries import FEWEST_RESPONDENTS, Suppression
from nsum_bayes.report.public import CLASSES
from nsum_bayes.report.release import releasable_levels
from nsum_bayes.report.wording import check_group, national_interval, title_of

if TYPE_CHECKING:
    import xarray as xr

    from nsum_bayes.checks.convergence import Diagnosis
    from nsum_bayes.checks.holdout import HoldOut
    from nsum_bayes.checks.sensitivity import Sensitivity
    from nsum_bayes.data.study import Study
    from nsum_bayes.estimates.estimates import Estimates
    from nsum_bayes.inference.fit import Fit
    from nsum_bayes.model.spec import ModelSpec

STEPS = (1, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)
"""Lower limits of the classes that numbers of respondents are told in where some are withheld."""
WITHHELD = "withheld"


@dataclass(frozen=True)
class Material:
    """What a report is made of.

    Parameters
    ----------
    run, estimates, diagnosis
        The fit, its estimates (with the verdict noted) and what the checks of the sampler found.
    groups
        Hidden groups to report.
    suppress
        Which figures are withheld.
    hold_outs, sensitivity
        Results of these checks, where they were run.
    """

    run: Fit
    estimates: Estimates
    diagnosis: Diagnosis
    groups: tuple[str, ...]
    suppress: Suppression
    hold_outs: tuple[HoldOut, ...] = ()
    sensitivity: Sensitivity | None = None

    @property
    def study(self) -> Study:
        """What was observed."""
        return self.run.study

    @property
    def spec(self) -> ModelSpec:
        """The model."""
        return self.run.spec

    @property
    def levels(self) -> tuple[str, ...]:
        """Levels that may be shown, from the area to the nation."""
        return releasable_levels(self.estimates)

    @cached_property
    def described(self) -> dict[str, Any]:
        """Counts and statements of the study."""
        return self.study.describe()

    @cached_property
    def nation(self) -> dict[str, tuple[float, float, float] | None]:
        """Lower limit, median and upper limit of each group's national prevalence; none where withheld."""
        return {group: national_interval(self.estimates, group, self.suppress) for group in self.groups}

    @property
    def shows_nation(self) -> bool:
        """Whether national figures are shown."""
        return all(limits is not None for limits in self.nation.values())

    @property
    def released(self) -> bool:
        """Whether the estimates are those of a release."""
        return bool(self.estimates.meta.get("release"))

    @cached_property
    def coarse(self) -> bool:
        """Whether numbers of respondents are told in classes: in a release, or where somewhere there are too few."""
        if self.released:
            return True
        waves, levels = self.estimates.by_wave.values(), self.estimates.levels
        return any(self.suppress.hides(one.level_respondents(level)).any() for one in waves for level in levels)

    @cached_property
    def surface(self) -> xr.DataArray | None:
        """Median national prevalence over transmission and degree ratio (group, transmission, degree_ratio)."""
        from nsum_bayes.checks.sensitivity import transmission_surface

        return transmission_surface(self.run) if self.sensitivity is None else self.sensitivity.surface

    def hold_out(self, what: str) -> HoldOut | None:
        """The hold-out of groups, areas or waves, where it was run."""
        return next((found for found in self.hold_outs if found.what == what), None)

    @property
    def all_asked(self) -> str:
        """The number of all respondents; what is withheld of some place does not follow, all others being classes."""
        total = len(self.study.survey)
        return self.people_asked(total) if self.suppress.hides(total) else f"{total:,}"  # type: ignore[arg-type]

    def people_asked(self, number: int) -> str:
        """A number of respondents in words that give no small one away."""
        if number == 0:
            return "none"
        if self.suppress.hides(number):  # type: ignore[arg-type]
            if self.released:
                return WITHHELD
            return f"fewer than {self.suppress.min_respondents}"
        if not self.coarse:
            return f"{number:,}"
        steps = tuple(CLASSES.tolist()) if self.released else STEPS
        place = max(index for index, step in enumerate(steps) if step <= number)
        above = f"{steps[place]:,} or more"
        return above if place + 1 == len(steps) else f"{steps[place]:,} to {steps[place + 1] - 1:,}"

    def each(self, sayings: Mapping[str, str]) -> str:
        """One saying of each group as one text, the group named where they differ."""
        if len({sayings[group] for group in self.groups}) == 1:
            return sayings[self.groups[0]]
        return "; ".join(f"{group}: {sayings[group]}" for group in self.groups)

    @cached_property
    def running_head(self) -> str:
        """Construct, period and denominator of every group in one line, for the top of every page."""
        return " · ".join(
            f"{title_of(self.estimates, group)}, share of {self.estimates.denominator[group]}" for group in self.groups
        )


def prepare(
    run: Fit,
    *,
    transmission: Mapping[str, Any] | None = None,
    group: str | None = None,
    hold_outs: Iterable[str | Path] = (),
    sensitivity: str | Path | None = None,
    suppress: Suppression | None = None,
    cleared: Estimates | None = None,
) -> Material:
    """Find everything that a report on a fit needs; parameters as in `write_report`."""
    from nsum_bayes.checks.convergence import diagnose
    from nsum_bayes.estimates.from_fit import estimate
    from nsum_bayes.report.check_results import read_hold_out, read_sensitivity

    diagnosis = diagnose(run)
    estimates = cleared or estimate(run, transmission=transmission).noting(verdict=diagnosis.verdict)
    if group is not None:
        check_group(estimates, group)
    found = tuple(read_hold_out(path, run) for path in hold_outs)
    return Material(
        run=run,
        estimates=estimates,
        diagnosis=diagnosis,
        groups=estimates.groups if group is None else (group,),
        suppress=suppress or Suppression(FEWEST_RESPONDENTS),
        hold_outs=_of_known_groups(found) if cleared else found,
        sensitivity=None
        if sensitivity is None
        else read_sensitivity(sensitivity, _as_stated(run, transmission, estimates)),
    )


def _as_stated(run: Fit, transmission: Mapping[str, Any] | None, estimates: Estimates) -> Estimates:
    """Estimates under the study's own statements, all of their figures shown."""
    from nsum_bayes.estimates.from_fit import estimate

    return estimate(run) if transmission or estimates.meta.get("release") else estimates


def _of_known_groups(found: tuple[HoldOut, ...]) -> tuple[HoldOut, ...]:
    """What a release may tell of hold-outs: those of areas and waves hold figures of places that it hides."""
    return tuple(one for one in found if one.what == "group")
