"""The manifest beside an export: what each file is, and how its figures were made; and the check of it."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nsum_bayes.errors import ReleaseError
from nsum_bayes.report.release import replacing

if TYPE_CHECKING:
    from nsum_bayes.estimates.estimates import Estimates

NAME = "manifest.json"
FORMAT = "nsum_bayes manifest 1"
SETTINGS = ("model", "seed", "transmission", "degree_ratio", "bias", "local_share", "links", "drift", "benchmark")
STUDY = ("title", "construct", "constructs", "period", "tie", "frame", "waves", "synthetic", "fictional_places")


def write_manifest(estimates: Estimates, folder: str | Path, files: Iterable[str | Path], **more: Any) -> Path:
    """Write ``manifest.json`` into the folder of an export.

    Parameters
    ----------
    estimates
        What the files show.
    folder
        Where the files lie.
    files
        The files, in the folder.
    more
        Further entries, such as the number of a release.
    """
    home = Path(folder)
    target = home / NAME
    with replacing(target) as temporary:
        body = {**manifest_of(estimates), **more, "files": {_name(path, home): _file(Path(path)) for path in files}}
        temporary.write_text(json.dumps(body, indent=2, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")
    return target


def manifest_of(estimates: Estimates) -> dict[str, Any]:
    """What is said of the figures, without the files: settings as executed, seeds, versions, draws, verdict."""
    meta = estimates.meta
    provenance = dict(meta.get("provenance") or {})
    return {
        "format": FORMAT,
        "restricted": bool(meta.get("restricted", False)),
        "written": datetime.now(UTC).isoformat(timespec="seconds"),
        "study": {name: meta[name] for name in STUDY if name in meta},
        "settings": {name: meta[name] for name in SETTINGS if name in meta},
        "sampling": {name: value for name, value in provenance.items() if name not in ("versions", "data_hashes")},
        "draws_kept": int(estimates.draws.sizes["draw"]),
        "verdict": meta.get("verdict", "not told"),
        "interrupted": bool(meta.get("interrupted", False)),
        "inputs": provenance.get("data_hashes", {}),
        "versions": {**provenance.get("versions", {}), "python": platform.python_version()},
        "rules": meta.get("release", {}),
    }


def verify_folder(folder: str | Path) -> list[str]:
    """Whether the files of a folder are those of its manifest.

    Returns
    -------
    list of str
        What differs: files that are missing, changed or not listed; empty where all is as it was written.

    Raises
    ------
    ReleaseError
        There is no manifest, or it cannot be read.
    """
    home = Path(folder)
    listed = _read(home)["files"]
    present = {_name(path, home): path for path in sorted(home.rglob("*")) if path.is_file() and path.name != NAME}
    wrong = [f"missing: {name}" for name in listed if name not in present]
    wrong += [f"changed: {name}" for name, said in listed.items() if name in present and _file(present[name]) != said]
    return wrong + [f"not in the manifest: {name}" for name in present if name not in listed]


def _read(home: Path) -> Mapping[str, Any]:
    path = home / NAME
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
        if body.get("format") != FORMAT or not isinstance(body.get("files"), dict):
            raise ValueError("another format")
    except (OSError, ValueError, AttributeError):
        advice = "Name the folder that `nsum export` or `nsum release` wrote."
        raise ReleaseError("There is no manifest of this package here.", where=str(path), advice=advice) from None
    return dict(body)


def _name(path: str | Path, home: Path) -> str:
    return Path(path).resolve().relative_to(home.resolve()).as_posix()


def _file(path: Path) -> dict[str, Any]:
    return {"sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "bytes": path.stat().st_size}
