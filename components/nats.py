"""NATS JetStream: the message bus, with a user for every agent.

Reads top to bottom: settings, credentials, rendered files, workload, provisioning, outputs. Adding and revoking agents
is no part of it: agents are signed at the command line (`ops.agents`) and take effect without an update.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

import pulumi
from pulumi import Input, Output, ResourceOptions

from components import credentials
from components.pki import CertificateAuthority
from components.workload import Health, Job, Platform, Resources, Schedule, Storage, Volume, Workload
from config import nats_conf, provision, streams
from config.nats_identities import NatsIdentities
from config.settings import NatsSettings

SERVICE = "nats"
PROVISION = "provision"
DRIFT_CHECK = "drift-check"
USER = 10010
TOOLBOX_USER = 10001
GO_MEMORY_SHARE = 0.85
"""Part of the memory limit that Go's collector aims for; the rest is for buffers that it does not count."""
PIDS = 256
PROVISION_SECONDS = provision.WAIT_SECONDS + 30
PROVISION_RESOURCES = Resources(cpus=0.5, memory_mib=128, pids=32)


class NatsCluster(pulumi.ComponentResource):
    """A JetStream cluster and its streams."""

    endpoints: Mapping[str, Output[str]]
    """`client` and `monitoring`: host:port on the operator's machine."""
    identities: Output[str]
    """Secret: all keys, as `NatsIdentities.to_json` writes them. Empty with `auth: token`."""
    token: Output[str]
    """Secret: what every client presents with `auth: token`; empty with `jwt`."""

    def __init__(
        self,
        name: str,
        settings: NatsSettings,
        platform: Platform,
        authority: CertificateAuthority,
        opts: ResourceOptions | None = None,
    ) -> None:
        super().__init__("ainp:index:NatsCluster", name, None, opts)
        peers = platform.hosts(SERVICE, settings.replicas)
        tls = authority.issue(SERVICE, [SERVICE, *peers, "localhost", "127.0.0.1"], parent=self)

        if settings.auth == "jwt":
            self.token = Output.from_input("")
            self.identities = credentials.keep(
                f"{name}-identities", NatsIdentities.generate().to_json(), trigger="", parent=self
            )
        else:
            self.token = credentials.password(f"{name}-token", parent=self)
            self.identities = Output.from_input("")

        deployed = platform.run(
            SERVICE,
            Workload(
                image=SERVICE,
                command=("nats-start",),
                user=USER,
                replicas=settings.replicas,
                resources=Resources(cpus=settings.cpus, memory_mib=settings.memory_mib, pids=PIDS),
                ports={
                    "client": nats_conf.CLIENT_PORT,
                    "monitoring": nats_conf.MONITORING_PORT,
                    "route": nats_conf.ROUTE_PORT,
                },
                files={nats_conf.CONFIG_FILE: self._configuration(settings, peers)},
                secrets={**tls, **self._token_file(settings)},
                env={"GOMEMLIMIT": f"{int(settings.memory_mib * GO_MEMORY_SHARE)}MiB"},
                volumes=(Volume(path="/data", storage=Storage.DATA, size_mib=settings.storage_gib * 1024),),
                health=Health(command=("/usr/local/bin/health",), interval_seconds=3),
                # with nobody to hand over to, leaving slowly only keeps clients waiting
                pre_stop=("/usr/local/bin/lame-duck",) if settings.replicas > 1 else (),
                grace_seconds=nats_conf.STOP_GRACE_SECONDS,
                clients=frozenset({PROVISION, DRIFT_CHECK}),
                publish={"client": settings.client_port, "monitoring": settings.monitoring_port},
            ),
            parent=self,
        )
        self._provision(settings, platform, authority, deployed.hosts)
        self.endpoints = deployed.endpoints
        self.register_outputs({"endpoints": dict(self.endpoints)})

    def _configuration(self, settings: NatsSettings, peers: tuple[str, ...]) -> Output[str]:
        """Render nats.conf; the accounts' tokens in it carry public keys only, so it is no secret."""
        disk = disk_bytes(settings)

        def render(kept: str) -> str:
            identities = NatsIdentities.from_json(kept) if kept else None
            return nats_conf.render(
                cluster=pulumi.get_stack(),
                peers=peers,
                auth=settings.auth,
                storage_gib=settings.storage_gib,
                memory_mib=settings.memory_mib,
                max_payload_kib=settings.max_payload_kib,
                sync_interval=settings.sync_interval,
                operator_jwt=identities.operator_jwt if identities else "",
                accounts=identities.account_jwts(**disk) if identities else None,
            )

        return Output.unsecret(self.identities).apply(render)

    def _token_file(self, settings: NatsSettings) -> dict[str, Output[str]]:
        return {nats_conf.TOKEN_FILE: self.token.apply(nats_conf.token_auth)} if settings.auth == "token" else {}

    def _provision(
        self,
        settings: NatsSettings,
        platform: Platform,
        authority: CertificateAuthority,
        hosts: tuple[str, ...],
    ) -> None:
        """Bring streams, the registry of agents and the accounts' claims to what the settings say."""
        size = {"replicas": settings.replicas, "storage_gib": settings.storage_gib}
        messages = streams.message_streams(
            **size, retention_days=settings.retention_days, max_message_kib=settings.max_payload_kib
        )

        def wanted(kept: str) -> str:
            identities = NatsIdentities.from_json(kept) if kept else None
            return provision.render(
                servers=[f"tls://{host}:{nats_conf.CLIENT_PORT}" for host in hosts],
                auth=settings.auth,
                streams=messages,
                registry=streams.agents_bucket(**size) if identities else None,
                accounts=identities.account_claims(**disk_bytes(settings)) if identities else (),
            )

        job = Job(
            image="toolbox",
            command=provision.COMMAND,
            user=TOOLBOX_USER,
            resources=PROVISION_RESOURCES,
            files={
                provision.CONFIG_FILE: Output.unsecret(self.identities).apply(wanted),
                provision.CA_FILE: authority.certificate,
            },
            secrets=self._provision_secrets(settings),
            after=(SERVICE,),
            within_seconds=PROVISION_SECONDS,
        )
        platform.run_job(PROVISION, job, parent=self)
        check = replace(job, command=(*provision.COMMAND, provision.CHECK), after=(PROVISION,))
        platform.run_schedule(DRIFT_CHECK, Schedule(job=check, cron=settings.drift_check), parent=self)

    def _provision_secrets(self, settings: NatsSettings) -> dict[str, Input[str]]:
        if settings.auth == "token":
            return dict.fromkeys(provision.token_secrets(""), self.token)
        return {path: self.identities.apply(partial(_read, read)) for path, read in provision.JWT_SECRETS.items()}


def _read(read: Callable[[NatsIdentities], str], kept: str) -> str:
    return read(NatsIdentities.from_json(kept))


def disk_bytes(settings: NatsSettings) -> dict[str, int]:
    """Return what each account may store, as `NatsIdentities` takes it."""
    size = {"replicas": settings.replicas, "storage_gib": settings.storage_gib}
    return {
        "message_disk_bytes": streams.message_disk_bytes(**size),
        "registry_disk_bytes": streams.registry_disk_bytes(**size),
    }
