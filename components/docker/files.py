"""Configuration and secrets of one replica: a volume at /etc/ainp, filled by a container that is never started.

The daemon refuses uploads into a container with a read-only root, so they go through a second one. The volume's name
carries the hash of its content: a change makes a new volume, a running replica never sees a file change under it,
and a secret that was taken away is gone with the old volume.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_docker as docker
from pulumi import Input, Output, ResourceOptions

from components.workload import SETTINGS_FOLDER
from config import topology

MODE = "0400"


@dataclass(frozen=True, slots=True)
class MountedFiles:
    """The filled volume, to be mounted read-only at /etc/ainp."""

    volume: Output[str]
    digest: Output[str]
    """sha256 of paths and contents; safe to show, because every secret in it has 240 bits or more."""
    carrier: docker.Container


def mount_files(
    stack: str,
    owner: str,
    *,
    files: Mapping[str, Input[str]],
    secrets: Mapping[str, Input[str]],
    user: int,
    image: Output[str],
    parent: pulumi.Resource,
) -> MountedFiles:
    """Make the volume of `owner` (a replica or job, such as ``nats-1``) with `files` and `secrets` (path -> text).

    Raises:
        ValueError: a path lies outside /etc/ainp.
    """
    contents: dict[str, Input[str]] = {**files, **secrets}
    for path in contents:
        if not path.startswith(f"{SETTINGS_FOLDER}/"):
            raise ValueError(f"{owner}: {path} must lie below {SETTINGS_FOLDER}, the only place that is mounted")
    digest = Output.unsecret(Output.all(**{path: Output.from_input(text) for path, text in contents.items()})).apply(
        lambda texts: hashlib.sha256(json.dumps(texts, sort_keys=True).encode()).hexdigest()
    )
    labels: dict[str, Input[str]] = {
        topology.LABEL_STACK: stack,
        topology.LABEL_SERVICE: owner,
        topology.LABEL_KIND: topology.KIND_FILES,
        topology.LABEL_CONFIGURATION: digest,
    }
    name = topology.resource_name(stack, owner, "files")
    volume = docker.Volume(
        f"{owner}-files",
        name=digest.apply(lambda value: f"{name}-{value[:12]}"),
        labels=[docker.VolumeLabelArgs(label=label, value=value) for label, value in labels.items()],
        # the new one is made beside the old, or the engine would take down every replica that mounts one at once
        opts=ResourceOptions(parent=parent, delete_before_replace=False),
    )
    carrier = docker.Container(
        f"{owner}-files",
        name=name,
        image=image,
        command=["true"],
        start=False,
        must_run=False,
        network_mode="none",
        volumes=[{"volume_name": volume.name, "container_path": SETTINGS_FOLDER}],
        uploads=[
            {"file": path, "content": text, "permissions": MODE, "owner": str(user), "group": str(user)}
            for path, text in contents.items()
        ],
        labels=[docker.ContainerLabelArgs(label=label, value=value) for label, value in labels.items()],
        opts=ResourceOptions(parent=parent, delete_before_replace=True),
    )
    return MountedFiles(volume=volume.name, digest=digest, carrier=carrier)
