"""The passphrase that protects the secrets in a stack's state: where it comes from.

`dev` has one that everybody knows (docs/decisions/0002-state-and-passphrase.md says why): what protects its secrets is
that only their owner may enter ``.state/``. A stack that a checkout makes for itself gets a random one. Staging and
production bring their own, which is never in the repository. Pulumi reads it; nothing here decrypts anything.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from pathlib import Path

import yaml

from ops.errors import OperatorError
from ops.stack import Stack

DEVELOPMENT = "dev"
DEVELOPMENT_PASSPHRASE = "ainp-development-only"  # noqa: S105 - no secret, see above
GUARDED = ("staging", "prod")
"""Stacks for which nothing is ever invented."""
VALUE, FILE = "PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"
RANDOM_BYTES = 30
OWNER_ONLY = 0o600


def variables(stack: Stack, environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the variables that hand the passphrase to pulumi; makes the file when the stack is new.

    Empty when the operator set one himself, or the stack's secrets provider is a key management service.

    Raises:
        OperatorError: the stack needs a passphrase that only the operator can know.
    """
    if environment.get(VALUE) is not None or environment.get(FILE) or _has_secrets_provider(stack):
        return {}
    file = stack.passphrase_file
    if not file.exists():
        _write(file, _new(stack))
    return {FILE: str(file)}


def _new(stack: Stack) -> str:
    if stack.name == DEVELOPMENT:
        return DEVELOPMENT_PASSPHRASE
    if stack.name in GUARDED or "encryptionsalt" in _document(stack):
        raise OperatorError(
            f"stack {stack.name}: its passphrase is not known here: neither {VALUE} nor {FILE} is set, and "
            f"{stack.passphrase_file.relative_to(stack.root)} does not exist",
            remedy=f"set {FILE} to a file that holds it; without it the stack's secrets cannot be read",
        )
    return secrets.token_urlsafe(RANDOM_BYTES)


def _write(file: Path, passphrase: str) -> None:
    with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY), "w") as target:  # noqa: PTH123 - needs the mode at creation
        target.write(passphrase + "\n")


def _has_secrets_provider(stack: Stack) -> bool:
    return str(_document(stack).get("secretsprovider", "passphrase")) != "passphrase"


def _document(stack: Stack) -> Mapping[str, object]:
    try:
        return yaml.safe_load(stack.settings_file.read_text()) or {}
    except (OSError, yaml.YAMLError):
        return {}
