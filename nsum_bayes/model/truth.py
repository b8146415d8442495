"""What was true when a study was simulated."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from nsum_bayes.data.areas import Areas

if TYPE_CHECKING:
    import xarray as xr

AREA_BY_AREA = (
    "log_rate",
    "prevalence",
    "area_effect",
    "degree_area_effect",
    "deviation",
    "covariate_missing",
    "link_deviation",
    "pooled",
    "area_log_rate",
    "area_wave_effect",
    "visit_effect",
)
RESPONDENT_BY_RESPONDENT = (
    *("log_degree", "residual", "log_multiplier", "design_multiplier", "unit_effect", "degree_unit"),
)


@dataclass(frozen=True, eq=False, repr=False)
class Truth:
    """What was true when a study was simulated.

    Attributes
    ----------
    parameters
        Every parameter of the story by name; see `nsum_bayes.model.story.draw_parameters`.
    prevalence
        True share of each hidden group's denominator, dims (area, group), with waves (wave, area, group).
    count
        True number of persons, likewise.
    areas
        The frame of areas.
    known_groups
        Groups of known size, in the order of the parameters.
    denominators
        Name of each hidden group's denominator.
    """

    parameters: dict[str, Any]
    prevalence: xr.DataArray
    count: xr.DataArray
    areas: Areas
    known_groups: tuple[str, ...]
    denominators: dict[str, str]

    def __repr__(self) -> str:
        return f"Truth({len(self.areas)} areas, hidden groups: {', '.join(self.denominators)})"

    @property
    def groups(self) -> tuple[str, ...]:
        """Hidden groups."""
        return tuple(self.denominators)

    @property
    def waves(self) -> tuple[str, ...]:
        """Names of the waves; none where there are none."""
        return tuple(self.prevalence.coords["wave"].values.tolist()) if "wave" in self.prevalence.dims else ()

    def at(self, wave: str) -> Truth:
        """What was true in one wave."""
        return replace(self, prevalence=self.prevalence.sel(wave=wave), count=self.count.sel(wave=wave))

    @property
    def national(self) -> xr.Dataset:
        """True prevalence and count in the whole frame, dims (group)."""
        return self.level("nation").isel(unit=0, drop=True)

    def level(self, level: str) -> xr.Dataset:
        """True prevalence and count by unit of a level, dims (unit, group): summed over the unit's areas."""
        import xarray as xr

        units, unit = np.unique(self.areas.level_of(level).astype(str), return_inverse=True)
        member = (unit == np.arange(len(units))[:, None]).astype(float)
        persons = self.areas.table[list(self.denominators.values())].to_numpy(dtype=float)
        count = member @ self.count.to_numpy()
        dims, coords = ("unit", "group"), {"unit": units, "group": list(self.groups)}
        return xr.Dataset({"prevalence": (dims, count / (member @ persons)), "count": (dims, count)}, coords)

    def table(self) -> pd.DataFrame:
        """One row a unit and hidden group at every level: level, unit, group, denominator, prevalence, count.

        With waves, all of that once a wave.
        """
        if self.waves:
            return pd.concat([self.at(wave).table().assign(wave=wave) for wave in self.waves], ignore_index=True)
        frames = []
        for level in ("area", *self.areas.levels, "nation"):
            frame = self.level(level).to_dataframe().reset_index()
            frames.append(frame.assign(level=level, denominator=frame["group"].map(self.denominators)))
        columns = ["level", "unit", "group", "denominator", "prevalence", "count"]
        return pd.concat(frames, ignore_index=True)[columns]

    def to_files(self, folder: str | Path) -> tuple[Path, Path]:
        """Write truth.csv (`table`) and truth.json (parameters, none of a single area or respondent) into a folder."""
        table, parameters = Path(folder) / "truth.csv", Path(folder) / "truth.json"
        self.table().round({"prevalence": 8, "count": 3}).to_csv(table, index=False, lineterminator="\n")
        text = json.dumps(self._summary(), indent=1, ensure_ascii=False)
        parameters.write_text(text + "\n", encoding="utf-8", newline="\n")
        return table, parameters

    def _summary(self) -> dict[str, Any]:
        left_out = [*AREA_BY_AREA, *RESPONDENT_BY_RESPONDENT, "members"]
        if "pooled" in self.parameters:
            left_out.append("rescale")  # one constant an area
        return {
            "known_groups": list(self.known_groups),
            "hidden_groups": list(self.groups),
            "area_covariates": [column for category in self.areas.covariates for column in category.columns],
            "parameters": {name: _rounded(value) for name, value in self.parameters.items() if name not in left_out},
        }


def _rounded(value: Any) -> Any:
    if np.ndim(value) == 0:
        return float(f"{float(value):.6g}")
    return [_rounded(part) for part in np.asarray(value)]
