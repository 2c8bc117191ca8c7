"""`ainp doctor`: the toolchain's findings as a table."""

from __future__ import annotations

from collections.abc import Iterable

from rich.table import Table

from toolchain.doctor import Finding


def table(findings: Iterable[Finding]) -> Table:
    """Return a row for each tool."""
    made = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("tool", "version", "accepted", "found", "remedy"):
        made.add_column(column, overflow="fold")
    for finding in findings:
        accepted = "[green]yes[/]" if finding.accepted else "[red]no[/]"
        made.add_row(
            finding.tool, finding.version or "-", accepted, str(finding.found_at or "-"),
            "" if finding.accepted else finding.remedy,
        )  # fmt: skip
    return made
