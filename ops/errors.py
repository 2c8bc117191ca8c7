"""Expected faults, said once to the operator: what, and what to do. Shown by `ops.main` without a traceback."""

from __future__ import annotations

INTERRUPTED = 130
"""Exit code after SIGINT (128 + 2), as shells report it."""


class OperatorError(Exception):
    """A fault that is no bug: its text is what the operator reads, `remedy` what to do about it."""

    def __init__(self, what: str, *, remedy: str = "", exit_code: int = 1) -> None:
        super().__init__(what)
        self.what = what
        self.remedy = remedy
        self.exit_code = exit_code
