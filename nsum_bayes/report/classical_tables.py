"""Tables of the classical estimators, with the rules they were made by beside them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nsum_bayes.report.release import replacing
from nsum_bayes.report.tables import write_csv

if TYPE_CHECKING:
    from nsum_bayes.classical.results import ClassicalEstimates
    from nsum_bayes.estimates.summaries import Suppression


def write_classical(
    estimates: ClassicalEstimates, out: str | Path, *, suppress: Suppression | None = None
) -> list[Path]:
    """Write ``classical.csv``, the same as ``classical.parquet``, and the rules as ``classical_rules.txt``.

    All appear together or none is replaced. What `ClassicalEstimates.table` withholds is withheld here.

    Parameters
    ----------
    estimates
        What to write.
    out
        Folder; made if it is not there.
    suppress
        Disclosure rule.

    Returns
    -------
    list of Path
        The files written.
    """
    table = estimates.table(suppress=suppress)
    rules = "\n".join(estimates.rules) + "\n"
    writers: dict[Path, Callable[[Path], Any]] = {
        Path(out) / "classical.csv": partial(write_csv, table),
        Path(out) / "classical.parquet": partial(table.to_parquet, index=False),
        Path(out) / "classical_rules.txt": lambda path: path.write_text(rules, encoding="utf-8"),
    }
    with ExitStack() as renamed_at_the_end:
        for path, write in writers.items():
            write(renamed_at_the_end.enter_context(replacing(path)))
    return list(writers)
