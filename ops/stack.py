"""One stack as the command line sees it: its name and where its files lie in the checkout.

Everything that is not committed lies below ``.state/``, which only its owner may enter. What the files mean is the
business of their modules: `ops.passphrase`, `ops.run_lock`, `ops.engine`.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from ops import stack_settings
from ops.errors import OperatorError

CHECKOUT = Path(__file__).resolve().parents[1]
DEFAULT = "dev"
VARIABLE = "AINP_STACK"
PROJECT = "ainp"
PRIVATE_FOLDER = 0o700


@dataclass(frozen=True, slots=True)
class Stack:
    """A stack of the checkout at `root`."""

    name: str
    root: Path = CHECKOUT

    @property
    def settings_file(self) -> Path:
        """Deviations from the defaults, and Pulumi's encryption salt."""
        return self.root / f"Pulumi.{self.name}.yaml"

    @property
    def state_folder(self) -> Path:
        """What belongs to this checkout alone."""
        return self.root / ".state"

    @property
    def backend_folder(self) -> Path:
        """Where Pulumi keeps the state of every stack, unless PULUMI_BACKEND_URL says otherwise."""
        return self.state_folder / "pulumi"

    @property
    def passphrase_file(self) -> Path:
        """Holds the passphrase of the state's secrets, mode 0600."""
        return self.state_folder / f"{self.name}.passphrase"

    @property
    def lock_file(self) -> Path:
        """Locked while a command changes the stack; names the command's process."""
        return self.state_folder / f"{self.name}.lock"

    @property
    def ca_file(self) -> Path:
        """The stack's CA certificate, for clients on the operator's machine."""
        return self.state_folder / f"{self.name}-ca.pem"

    @property
    def logs_folder(self) -> Path:
        """One file for each run of the engine."""
        return self.state_folder / "logs" / self.name

    def make_folders(self) -> None:
        """Create the folders below ``.state/``, closed to others.

        Raises:
            OperatorError: the checkout belongs to somebody else.
        """
        try:
            for folder in (self.state_folder, self.backend_folder, self.logs_folder.parent, self.logs_folder):
                folder.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
                folder.chmod(PRIVATE_FOLDER)
        except OSError as error:
            raise OperatorError(
                f"{error.filename}: {error.strerror}; the state of a checkout belongs to the user who made it",
                remedy="run as that user, or from a checkout of your own",
            ) from error


def named(name: str | None) -> Stack:
    """Return the stack asked for: `name`, else the one that AINP_STACK names, else ``dev``.

    Raises:
        OperatorError: the name is no DNS label.
    """
    chosen = name or os.environ.get(VARIABLE) or DEFAULT
    if chosen != DEFAULT:
        stack_settings.check_name(chosen)
    return Stack(chosen)
