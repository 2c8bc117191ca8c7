import json
from pathlib import Path

import pytest

from tests.prove import report


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    (tmp_path / "ops").mkdir()
    (tmp_path / "ops" / "a.py").write_text("a = 1\n")
    return tmp_path


def test_every_report_in_the_repository_speaks_of_the_sources_as_they_are() -> None:
    assert list(report.stale()) == []


def test_a_report_of_unchanged_sources_is_current(checkout: Path) -> None:
    file = report.write("x", ["ops/*.py"], {"rounds": 1}, checkout)
    assert json.loads(file.read_text())["findings"] == {"rounds": 1}
    assert list(report.stale(checkout)) == []


@pytest.mark.parametrize("change", ["edit", "rename", "add"])
def test_any_change_of_the_sources_makes_a_report_stale(checkout: Path, change: str) -> None:
    report.write("x", ["ops/*.py"], {}, checkout)
    source = checkout / "ops" / "a.py"
    if change == "edit":
        source.write_text("a = 2\n")
    elif change == "rename":
        source.rename(source.with_name("b.py"))
    else:
        source.with_name("b.py").write_text("")
    (line,) = report.stale(checkout)
    assert "evidence/x.json" in line
    assert "make prove" in line


def test_a_report_about_nothing_is_refused(checkout: Path) -> None:
    with pytest.raises(ValueError, match="matches no file"):
        report.write("x", ["absent/*.py"], {}, checkout)
