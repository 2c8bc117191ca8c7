"""Secrets that a stack makes for itself once and keeps in Pulumi's encrypted state.

A secret is made anew only when its `trigger` changes; otherwise the program's fresh random value is ignored and
the one in the state stands. Nothing here knows what a secret is for.
"""

from __future__ import annotations

import secrets

import pulumi
from pulumi import Input, Output, ResourceOptions

PASSWORD_BYTES = 30
"""240 bits, which are 40 characters of base64url."""


def keep(name: str, made: Input[str], *, trigger: Input[str], parent: pulumi.Resource) -> Output[str]:
    """Return the secret `made` when `name` was first kept, or when `trigger` last changed."""
    stash = pulumi.Stash(
        name,
        input=Output.secret(made),
        opts=ResourceOptions(
            parent=parent,
            ignore_changes=["input"],
            replacement_trigger=trigger,
            additional_secret_outputs=["input", "output"],
        ),
    )
    return Output.secret(stash.output)


def password(name: str, *, trigger: Input[str] = "", parent: pulumi.Resource) -> Output[str]:
    """Return a password of 40 random characters that are safe in URLs and configuration files."""
    return keep(name, secrets.token_urlsafe(PASSWORD_BYTES), trigger=trigger, parent=parent)
