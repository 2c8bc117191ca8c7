"""One container: hardening, limits, health and lifecycle that every workload, job and schedule shares.

Only what is proven necessary is granted: all capabilities dropped, no new privileges, read-only root, a numeric user,
no swap, limits on memory, CPU and processes, rotated logs. The engine's provider has no field for a PID limit, so the
limit is the kernel's RLIMIT_NPROC, which counts the processes of the numeric user on the machine; that is why every
service has a user of its own and the limit is multiplied by its replicas.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_docker as docker
from pulumi import Input, Output, ResourceOptions

from components.docker.files import MountedFiles
from components.workload import SETTINGS_FOLDER, Health, Resources, Storage, Volume
from config import topology
from config.settings import LogsSettings

LOOPBACK = "127.0.0.1"
REPLACE_ON = ["healthcheck", "init", "tmpfs", "destroyGraceSeconds", "ulimits"]
"""Fields that the provider would update in its state without touching the container."""
SCRATCH_OPTIONS = "rw,noexec,nosuid,nodev"
RUNTIME_FOLDER = "/run/ainp"
RUNTIME_MIB = 1
STOP_MARGIN_SECONDS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """All that one container needs, in Docker's terms."""

    stack: str
    service: str
    kind: str
    replica: int
    name: str
    image: Output[str]
    command: tuple[str, ...]
    user: int
    resources: Resources
    processes: int
    env: Mapping[str, str]
    mounted: MountedFiles
    networks: Sequence[docker.Network]
    aliases: tuple[str, ...]
    data: Mapping[str, docker.Volume]
    """Mount path -> volume."""
    volumes: tuple[Volume, ...]
    publish: Mapping[int, int]
    """Port inside -> port on 127.0.0.1."""
    health: Health
    grace_seconds: int
    restart: str
    max_retries: int
    read_only_root: bool
    logs: LogsSettings


def make_container(
    name: str, spec: Container, *, parent: pulumi.Resource, depends_on: Sequence[pulumi.Resource]
) -> docker.Container:
    """Create the container and wait until it is healthy."""
    health = spec.health
    shared_memory = [volume.size_mib for volume in spec.volumes if volume.storage is Storage.SHARED_MEMORY]
    labels: dict[str, Input[str]] = {
        topology.LABEL_STACK: spec.stack,
        topology.LABEL_SERVICE: spec.service,
        topology.LABEL_KIND: spec.kind,
        topology.LABEL_REPLICA: str(spec.replica),
        topology.LABEL_CONFIGURATION: spec.mounted.digest,
    }
    return docker.Container(
        name,
        name=spec.name,
        hostname=spec.name,
        image=spec.image,
        command=list(spec.command),
        user=f"{spec.user}:{spec.user}",
        envs=[f"{key}={value}" for key, value in sorted(spec.env.items())],
        init=True,
        read_only=spec.read_only_root,
        capabilities={"drops": ["ALL"]},
        security_opts=["no-new-privileges"],
        memory=spec.resources.memory_mib,
        memory_swap=spec.resources.memory_mib,
        cpus=str(float(spec.resources.cpus)),
        ulimits=[{"name": "nproc", "soft": spec.processes, "hard": spec.processes}],
        shm_size=shared_memory[0] if shared_memory else None,
        tmpfs={
            RUNTIME_FOLDER: _scratch(spec.user, RUNTIME_MIB),
            **{v.path: _scratch(spec.user, v.size_mib) for v in spec.volumes if v.storage is Storage.SCRATCH},
        },
        volumes=[
            docker.ContainerVolumeArgs(volume_name=spec.mounted.volume, container_path=SETTINGS_FOLDER, read_only=True),
            *(
                docker.ContainerVolumeArgs(volume_name=volume.name, container_path=path)
                for path, volume in spec.data.items()
            ),
        ],
        # without a network of its own a container would land on Docker's default bridge
        network_mode="bridge" if spec.networks else "none",
        networks_advanced=[
            docker.ContainerNetworksAdvancedArgs(name=network.name, aliases=list(spec.aliases))
            for network in spec.networks
        ],
        ports=[
            docker.ContainerPortArgs(internal=inside, external=outside, ip=LOOPBACK, protocol="tcp")
            for inside, outside in sorted(spec.publish.items())
        ],
        healthcheck={
            "tests": ["CMD", *health.command],
            "interval": f"{health.interval_seconds}s",
            "timeout": f"{health.timeout_seconds}s",
            "start_period": f"{health.start_seconds}s",
            "retries": health.retries,
        },
        wait=True,
        wait_timeout=health.ready_within_seconds,
        restart=spec.restart,
        max_retry_count=spec.max_retries,
        must_run=True,
        # the daemon's own stop (a reboot, `docker stop`) and the provider's must both leave the grace period
        stop_timeout=spec.grace_seconds,
        destroy_grace_seconds=spec.grace_seconds,
        log_driver="json-file",
        log_opts={"max-size": f"{spec.logs.max_size_mib}m", "max-file": str(spec.logs.max_files)},
        labels=[docker.ContainerLabelArgs(label=label, value=value) for label, value in labels.items()],
        opts=ResourceOptions(
            parent=parent,
            depends_on=[spec.mounted.carrier, *depends_on],
            delete_before_replace=True,
            replace_on_changes=REPLACE_ON,
        ),
    )


def _scratch(user: int, size_mib: int) -> str:
    return f"{SCRATCH_OPTIONS},size={size_mib}m,uid={user},gid={user},mode=0700"
