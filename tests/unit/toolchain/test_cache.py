from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from toolchain import cache
from toolchain.errors import ToolchainError
from toolchain.paths import CHECKOUT, cache_root

TWO_AT_ONCE = """
import sys, time
from pathlib import Path
from toolchain import cache

def make(folder):
    with open(sys.argv[1], "a") as made:
        made.write("made\\n")
    time.sleep(0.3)
    return {}

cache.entry("tools", "thing", "key", make)
"""


def fill(folder: Path) -> dict[str, str]:
    (folder / "content").write_text("whole")
    return {"version": "1.2.3"}


def refuse(folder: Path) -> dict[str, str]:
    raise AssertionError("made a second time")


def test_an_entry_is_made_once() -> None:
    first = cache.entry("tools", "thing", "key", fill)
    assert cache.entry("tools", "thing", "key", refuse) == first
    assert (first / "content").read_text() == "whole"
    assert cache.about(first) == {"version": "1.2.3"}


def test_another_key_is_another_entry() -> None:
    assert cache.entry("tools", "thing", "one", fill) != cache.entry("tools", "thing", "two", fill)


def test_a_failed_entry_leaves_nothing_and_can_be_made_again() -> None:
    def fail(folder: Path) -> dict[str, str]:
        (folder / "half").write_text("half")
        raise ToolchainError("thing: failed", why="because", by_hand="try again")

    with pytest.raises(ToolchainError):
        cache.entry("tools", "thing", "key", fail)
    assert not cache.place("tools", "thing", "key").exists()
    assert not (cache.entry("tools", "thing", "key", fill) / "half").exists()


def test_what_a_killed_run_left_is_removed() -> None:
    left = cache_root() / "tmp" / "thing.abc"
    left.mkdir(parents=True)
    (left / "half").write_text("half")
    cache.entry("tools", "thing", "key", fill)
    assert list((cache_root() / "tmp").iterdir()) == []


def test_a_full_disk_is_named_with_the_remedy() -> None:
    def fail(folder: Path) -> dict[str, str]:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(ToolchainError, match=r"disk is full[\s\S]*XDG_CACHE_HOME"):
        cache.entry("tools", "thing", "key", fail)
    assert not cache.place("tools", "thing", "key").exists()


def test_two_runs_at_once_make_one_entry(tmp_path: Path) -> None:
    made = tmp_path / "made"
    argv = [sys.executable, "-c", TWO_AT_ONCE, str(made)]
    runs = [subprocess.Popen(argv, cwd=CHECKOUT, env=dict(os.environ)) for _ in range(2)]
    assert [run.wait(timeout=30) for run in runs] == [0, 0]
    assert made.read_text() == "made\n"


def test_where_one_part_of_a_key_ends_counts() -> None:
    assert cache.key_of([b"ab", b"c"]) != cache.key_of([b"a", b"bc"])
