"""SPSS and Stata files: user-missing values are missing, value labels are kept beside the numbers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from nsum_bayes.data.columns import Table

SPSS, STATA = (".sav", ".zsav", ".por"), (".dta",)
STATISTICAL = (*SPSS, *STATA)


def read_statistical(path: Path) -> Table:
    """Read a file of SPSS or Stata; values its user declared missing are empty, dates stay numbers.

    Raises
    ------
    OSError
        It cannot be read.
    """
    import pyreadstat

    suffix = path.suffix.lower()
    read: Callable[..., Any] = pyreadstat.read_sav
    if suffix not in (".sav", ".zsav"):
        read = pyreadstat.read_dta if suffix in STATA else pyreadstat.read_por
    try:
        frame, meta = read(str(path), disable_datetime_conversion=True)
    except pyreadstat.ReadstatError as error:
        raise OSError(f"{suffix} file") from error
    named = {
        str(column): {number: str(name) for number, name in names.items()}
        for column, names in meta.variable_value_labels.items()
    }
    return Table(path.name, pd.DataFrame(frame), named)
