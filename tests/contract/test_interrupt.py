"""Ctrl-C while sampling: the draws made so far are kept, marked, and the exit code says what happened."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nsum_bayes import Fit, diagnose

pty = pytest.importorskip("pty", reason="a terminal is needed to see the sampler's progress")

COMPILED = 240.0  # seconds until sampling has begun; on a busy machine compilation takes a minute
STOPPED = 60.0


def wait_for(terminal: int, word: bytes, seconds: float) -> None:
    """Read what is written on the terminal until a word comes."""
    seen, until = b"", time.monotonic() + seconds
    while word not in seen:
        ready, _, _ = select.select([terminal], [], [], max(until - time.monotonic(), 0))
        assert ready, f"no {word!r} in time, but {seen[-500:]!r}"
        seen += os.read(terminal, 4096)


def heed_interrupts() -> None:
    """A shell's background job ignores SIGINT and hands that on; what is tested here is a program in the foreground."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.fixture
def sampling(sample_path: Path, tmp_path: Path):
    """`nsum fit` with far too many draws, and the terminal that shows its progress."""
    terminal, theirs = pty.openpty()
    options = {"--model": "municipal", "--out": tmp_path / "fit.nc", "--seed": 1}
    options |= {"--draws": 20_000, "--tune": 60, "--chains": 2}
    arguments = ["fit", sample_path, *(part for option in options.items() for part in option)]
    command = [sys.executable, "-m", "nsum_bayes.cli.app", *map(str, arguments)]
    with open(tmp_path / "stdout.txt", "wb") as stdout:
        process = subprocess.Popen(
            command, stdout=stdout, stderr=theirs, start_new_session=True, preexec_fn=heed_interrupts
        )
    os.close(theirs)
    yield process, terminal
    process.kill()
    process.wait()
    os.close(terminal)


def left_after(process: subprocess.Popen, terminal: int) -> int:
    """Exit code after an interruption; the terminal is read on, since a full one would hold the process up."""
    process.send_signal(signal.SIGINT)
    until = time.monotonic() + STOPPED
    while process.poll() is None:
        assert time.monotonic() < until, "still running"
        if select.select([terminal], [], [], 0.2)[0]:
            try:
                os.read(terminal, 4096)
            except OSError:  # closed on the other side
                break
    return process.wait(STOPPED)


@pytest.mark.slow
@pytest.mark.ci_slow
def test_an_interrupted_fit_keeps_its_draws_and_says_so(sampling, tmp_path: Path) -> None:
    process, terminal = sampling
    wait_for(terminal, b"sampling ", COMPILED)
    assert left_after(process, terminal) == 130
    assert f"saved: {tmp_path / 'fit.nc'}" in (tmp_path / "stdout.txt").read_text(encoding="utf-8")
    run = Fit.load(tmp_path / "fit.nc")
    assert run.interrupted
    assert 0 < run.posterior.sizes["draw"] == run.provenance["draws_made"] < 20_000
    assert "interrupted" in {finding.code for finding in diagnose(run).findings}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["fit.nc", "stdout.txt"]


@pytest.mark.slow
def test_interrupted_before_sampling_nothing_is_written(sampling, tmp_path: Path) -> None:
    process, terminal = sampling
    wait_for(terminal, b"compiling", COMPILED)
    assert left_after(process, terminal) == 130
    assert sorted(path.name for path in tmp_path.iterdir()) == ["stdout.txt"]
