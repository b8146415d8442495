"""Tables of totals from outside, to benchmark estimates to."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from nsum_bayes.data.columns import as_labels, as_numbers, column_faults
from nsum_bayes.data.faults import Fault
from nsum_bayes.data.readers import find_file, read_table
from nsum_bayes.errors import StudyError

NUMBERS, LABELS = ("estimate", "se"), ("group", "level", "unit", "source")


def read_totals(path: str | Path) -> pd.DataFrame:
    """Read totals: columns group, estimate (persons), se, and optionally level, unit and source.

    Raises
    ------
    StudyError
        No such file, columns that are missing, cells that are no numbers.
    """
    path, faults = Path(path), list[Fault]()
    found = find_file(path.parent, path.name, [], "totals", "benchmark", faults)
    table = read_table(found, faults) if found else None
    columns: dict[str, object] = {}
    if table is not None:
        faults += column_faults(table, [(name, "benchmark") for name in ("group", *NUMBERS)])
        columns = {str(name): table.frame[name] for name in table.frame.columns}
        columns |= {name: as_labels(table, name) for name in LABELS if table.has(name)}
        columns |= {name: as_numbers(table, name, faults) for name in NUMBERS if table.has(name)}
    if faults:
        raise StudyError(faults)
    return pd.DataFrame(columns)
