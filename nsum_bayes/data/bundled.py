"""Where the sample study lies: inside the installed package, or in the repository."""

from __future__ import annotations

from pathlib import Path

from nsum_bayes.errors import NsumError


def sample_folder() -> Path:
    """Folder of the sample study that comes with the package.

    Raises
    ------
    NsumError
        Neither the package nor a repository around it holds the sample study.
    """
    package = Path(__file__).resolve().parent.parent
    for folder in (package / "_bundled" / "data_samples", package.parent / "data_samples"):
        if (folder / "study.toml").is_file():
            return folder
    raise NsumError(
        "The sample study is not there.",
        where="data_samples",
        advice="Install the package again, or make the sample with `nsum simulate`.",
    )
