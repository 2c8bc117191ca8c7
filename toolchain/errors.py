"""The one way in which the toolchain fails."""

from __future__ import annotations


class ToolchainError(Exception):
    """A tool cannot be had. Says what failed, why, and what to do by hand."""

    def __init__(self, what: str, *, why: str, by_hand: str) -> None:
        self.what, self.why, self.by_hand = what, why, by_hand
        super().__init__(f"{what}\n  why:     {_indented(why)}\n  by hand: {_indented(by_hand)}")


def _indented(text: str) -> str:
    return "\n           ".join(text.strip().splitlines())
