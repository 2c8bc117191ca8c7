from __future__ import annotations

from config import reference


def test_the_page_of_settings_is_current() -> None:
    assert reference.PAGE.read_text() == reference.render(), "run: python -m config.reference"


def test_every_setting_has_a_meaning() -> None:
    rows = [line for line in reference.render().splitlines() if line.startswith("| `")]
    assert len(rows) > 10
    assert all(row.rstrip(" |").rsplit(" | ", 1)[-1] for row in rows)
