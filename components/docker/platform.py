"""How workloads, jobs and schedules run on one Docker Engine.

Reads top to bottom as one replica is made: images, files, data volumes, container. Replicas form a chain: each waits
until the one before is healthy, and a change replaces them strictly in that order. Adding a field to `Workload` means
adding it here and to the conformance tests of both adapters.
"""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
import pulumi_docker as docker
from pulumi import Input, Output, ResourceOptions

from components.docker.containers import LOOPBACK, RUNTIME_FOLDER, Container, make_container
from components.docker.files import mount_files
from components.docker.images import Images
from components.docker.networks import Networks
from components.docker.ownership import state_identity
from components.workload import Deployed, Health, Job, Schedule, Storage, Workload
from config import topology
from config.settings import Settings

CARRIER = "files"
"""Image of the containers that only carry files into volumes."""
RUN_JOB = "ainp-job"
"""Runs a command to its end, leaves a marker when it succeeded, and stays, so that Docker has something to watch."""
RUN_SCHEDULE = "ainp-schedule"
PRE_STOP = "AINP_PRE_STOP"
"""What every image's entry point runs before it stops the command (images/shared/ainp-run)."""
JOB_HEALTH = ("test", "-e", f"{RUNTIME_FOLDER}/succeeded")
JOB_RETRIES = 3
SCHEDULE_HEALTH = ("test", "-e", f"{RUNTIME_FOLDER}/scheduled")
PROCESS_SLACK = 2
"""RLIMIT_NPROC counts all stacks on the machine together; twice the need leaves room for a second one."""


class DockerPlatform(pulumi.ComponentResource):
    """The Docker Engine that DOCKER_HOST names, seen through the `Platform` port."""

    def __init__(self, name: str, settings: Settings, opts: ResourceOptions | None = None) -> None:
        super().__init__("ainp:index:DockerPlatform", name, None, opts)
        self._stack = pulumi.get_stack()
        self._settings = settings
        self._images = Images(settings.images, self)
        self._networks = Networks(self._stack, settings.network.cidr, self)
        self._identity = state_identity(self._stack, parent=self)
        self._healthy: dict[str, docker.Container] = {}
        self.register_outputs({})

    def hosts(self, name: str, replicas: int) -> tuple[str, ...]:
        """Return the names of a workload's replicas."""
        return tuple(topology.resource_name(self._stack, name, number) for number in range(1, replicas + 1))

    def run(self, name: str, workload: Workload, *, parent: pulumi.Resource) -> Deployed:
        """Run a workload, one replica after the other on a change."""
        if workload.ports:
            self._networks.serve(name, workload.clients)
        container: docker.Container | None = None
        endpoints: dict[str, Output[str]] = {}
        for number in range(1, workload.replicas + 1):
            first = number == 1
            # one address on the operator's machine leads to one container; the others are reached through it
            publish = {workload.ports[port]: outside for port, outside in workload.publish.items()} if first else {}
            previous = [container] if container else [self._healthy[other] for other in workload.after]
            container = self._replica(name, workload, number=number, publish=publish, after=previous, parent=parent)
            if first:
                endpoints = {port: _endpoint(container, outside) for port, outside in workload.publish.items()}
        assert container is not None
        self._healthy[name] = container
        return Deployed(hosts=self.hosts(name, workload.replicas), endpoints=endpoints)

    def run_job(self, name: str, job: Job, *, parent: pulumi.Resource) -> None:
        """Run a job; the update fails when it does, and the next update runs it again."""
        self._healthy[name] = self._task(
            name, job, command=(RUN_JOB, *job.command), kind=topology.KIND_JOB, health=JOB_HEALTH, parent=parent
        )

    def run_schedule(self, name: str, schedule: Schedule, *, parent: pulumi.Resource) -> None:
        """Have a job run by the clock, in a container of its own with the job's own image, user and secrets."""
        job = schedule.job
        command = (RUN_SCHEDULE, schedule.cron, *job.command)
        self._task(name, job, command=command, kind=topology.KIND_SCHEDULE, health=SCHEDULE_HEALTH, parent=parent)

    def _replica(
        self,
        name: str,
        workload: Workload,
        *,
        number: int,
        publish: Mapping[int, int],
        after: list[docker.Container],
        parent: pulumi.Resource,
    ) -> docker.Container:
        owner = f"{name}-{number}"
        image = self._images.id(workload.image)
        pre_stop = {PRE_STOP: " ".join(workload.pre_stop)} if workload.pre_stop else {}
        spec = Container(
            stack=self._stack,
            service=name,
            kind=topology.KIND_WORKLOAD,
            replica=number,
            name=self.hosts(name, number)[-1],
            image=image,
            command=workload.command,
            user=workload.user,
            resources=workload.resources,
            processes=workload.resources.pids * workload.replicas * PROCESS_SLACK,
            env={**workload.env, **pre_stop},
            mounted=mount_files(
                self._stack, owner, files=workload.files, secrets=workload.secrets, user=workload.user,
                image=self._images.id(CARRIER),
                parent=parent,
            ),
            networks=[*self._networks.of(name), *([self._networks.edge(name)] if publish else [])],
            aliases=(name,),
            data=self._data(owner, workload, parent),
            volumes=workload.volumes,
            publish=publish,
            health=workload.health,
            grace_seconds=workload.grace_seconds,
            restart="unless-stopped",
            max_retries=0,
            read_only_root=workload.read_only_root,
            logs=self._settings.logs,
        )  # fmt: skip
        return make_container(owner, spec, parent=parent, depends_on=after)

    def _data(self, owner: str, workload: Workload, parent: pulumi.Resource) -> dict[str, docker.Volume]:
        """Make the data volumes of one replica: mount path -> volume."""
        volumes = {}
        for volume in workload.volumes:
            if volume.storage is not Storage.DATA:
                continue
            part = volume.path.strip("/").replace("/", "-")
            labels: dict[str, Input[str]] = {
                topology.LABEL_STACK: self._stack,
                topology.LABEL_SERVICE: owner.rpartition("-")[0],
                topology.LABEL_KIND: topology.KIND_DATA,
                topology.LABEL_STATE: self._identity,
            }
            volumes[volume.path] = docker.Volume(
                f"{owner}-{part}",
                name=topology.resource_name(self._stack, owner, part),
                labels=[docker.VolumeLabelArgs(label=label, value=value) for label, value in labels.items()],
                opts=ResourceOptions(
                    parent=parent, protect=self._settings.protect, retain_on_delete=self._settings.protect
                ),
            )
        return volumes

    def _task(
        self,
        name: str,
        job: Job,
        *,
        command: tuple[str, ...],
        kind: str,
        health: tuple[str, ...],
        parent: pulumi.Resource,
    ) -> docker.Container:
        image = self._images.id(job.image)
        spec = Container(
            stack=self._stack,
            service=name,
            kind=kind,
            replica=1,
            name=topology.resource_name(self._stack, name),
            image=image,
            command=command,
            user=job.user,
            resources=job.resources,
            processes=job.resources.pids * PROCESS_SLACK,
            env=job.env,
            mounted=mount_files(
                self._stack, name, files=job.files, secrets=job.secrets, user=job.user, image=self._images.id(CARRIER),
                parent=parent,
            ),
            networks=self._networks.of(name),
            aliases=(name,),
            data={},
            volumes=(),
            publish={},
            health=Health(
                command=health,
                interval_seconds=1,
                timeout_seconds=1,
                start_seconds=0,
                ready_within_seconds=job.within_seconds,
            ),
            grace_seconds=5,
            restart="on-failure",
            max_retries=JOB_RETRIES,
            read_only_root=True,
            logs=self._settings.logs,
        )  # fmt: skip
        return make_container(name, spec, parent=parent, depends_on=[self._healthy[other] for other in job.after])


def _endpoint(container: docker.Container, port: int) -> Output[str]:
    """Return where the operator connects, as soon as the container is healthy."""
    return container.id.apply(lambda _: f"{LOOPBACK}:{port}")
