"""Every setting of a stack: its type, unit, bounds, reason, and its default for each size.

A stack's file (``Pulumi.<stack>.yaml``) holds deviations only, under ``ainp:``; what it leaves out comes from
its size. Sizes reproduce the tables of the requirements ("Vertical Scaling", "Data Volume Estimates").

Deliberately absent: secrets (they are made by the program and live in Pulumi's state) and settings of parts
that do not exist yet. Reading a stack's file is `config.loader`; explaining a refusal is `config.errors`.
"""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

Size = Literal["development", "production"]
SIZES: tuple[Size, ...] = ("development", "production")

PRIVATE_RANGES = tuple(IPv4Network(n) for n in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))
NETWORK_PREFIX = 22
"""A stack's range holds 32 networks of 32 addresses: one for each service and one for published ports."""

Port = Annotated[int, Field(ge=1024, le=65535)]


def setting(description: str, *, development: Any, production: Any, unit: str = "", **bounds: Any) -> Any:
    """Describe one setting: its meaning, unit and default for each size. `bounds` are pydantic's (ge, le, pattern)."""
    extra: dict[str, Any] = {"unit": unit, "defaults": {"development": development, "production": production}}
    return Field(description=description, json_schema_extra=extra, **bounds)


class Section(BaseModel):
    """A group of settings: immutable, and a key that is not known is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class NetworkSettings(Section):
    """Addresses of the stack's own networks."""

    cidr: str = setting(
        "Private IPv4 range of the stack, a /22; every service gets its own /27 of it. Two stacks on one machine "
        "need two ranges",
        development="10.201.0.0/22",
        production="10.202.0.0/22",
    )

    @field_validator("cidr")
    @classmethod
    def is_a_private_range_of_the_right_size(cls, value: str) -> str:
        """Refuse what is no private IPv4 /22."""
        try:
            network = IPv4Network(value)
        except ValueError as error:
            raise ValueError(f"must be an IPv4 range such as 10.201.0.0/22 ({error})") from error
        if network.prefixlen != NETWORK_PREFIX:
            raise ValueError(f"must be a /{NETWORK_PREFIX}, which holds one /27 for each service")
        if not any(network.subnet_of(private) for private in PRIVATE_RANGES):
            raise ValueError("must lie in a private range (RFC 1918): 10/8, 172.16/12 or 192.168/16")
        return value


class ImagesSettings(Section):
    """Where container images come from."""

    extra_ca_file: str = setting(
        "PEM file with CA certificates that image builds need for HTTPS, as behind a company proxy; empty: the "
        "file named by the environment variable SSL_CERT_FILE, if any. Never part of the finished image",
        development="",
        production="",
    )
    references: dict[str, str] = setting(
        "Images to take instead of building them, by the name of their folder below images/; a reference must "
        "carry a digest (name@sha256:…)",
        development={},
        production={},
    )

    @field_validator("references")
    @classmethod
    def references_are_pinned(cls, value: dict[str, str]) -> dict[str, str]:
        """Refuse a reference that may mean another image tomorrow."""
        for name, reference in value.items():
            if "@sha256:" not in reference:
                raise ValueError(f"{name}: {reference!r} must carry a digest, as in name@sha256:…")
        return value


class LogsSettings(Section):
    """How much of each container's output is kept on the machine."""

    max_size_mib: int = setting(
        "Size at which a container's log file is rotated", unit="MiB", development=10, production=50, ge=1, le=1024
    )
    max_files: int = setting("Rotated log files kept for each container", development=3, production=5, ge=1, le=100)


class PkiSettings(Section):
    """Validity and rotation of the stack's own certificates."""

    ca_validity_days: int = setting(
        "How long the stack's CA is valid", unit="days", development=3650, production=3650, ge=2, le=7300
    )
    ca_renew_before_days: int = setting(
        "A CA with less validity than this left is replaced, with all certificates, by the next `up`",
        unit="days", development=365, production=365, ge=1,
    )  # fmt: skip
    validity_days: int = setting(
        "How long a service's certificate is valid", unit="days", development=365, production=90, ge=2, le=825
    )
    renew_before_days: int = setting(
        "A certificate with less validity than this left is re-issued by the next `up`",
        unit="days", development=90, production=30, ge=1,
    )  # fmt: skip
    rotation: int = setting(
        "Raise by one to re-issue every certificate and the CA at the next `up`", development=0, production=0, ge=0
    )

    @model_validator(mode="after")
    def renewal_lies_within_validity(self) -> PkiSettings:
        """Refuse a renewal window that would re-issue certificates at every `up`."""
        for window, validity in (("renew_before_days", "validity_days"), ("ca_renew_before_days", "ca_validity_days")):
            if getattr(self, window) >= getattr(self, validity):
                raise ValueError(
                    f"{window} ({getattr(self, window)}) must be less than {validity} ({getattr(self, validity)})"
                )
        return self


class NatsSettings(Section):
    """NATS JetStream, the message bus."""

    replicas: int = setting(
        "Servers, and copies of every stream; odd, because an even number survives no more failures than one fewer",
        development=1, production=3, ge=1, le=5,
    )  # fmt: skip
    memory_mib: int = setting(
        "Memory limit of each server", unit="MiB", development=1024, production=2048, ge=128, le=262_144
    )
    cpus: float = setting("CPU limit of each server", unit="cores", development=1.0, production=2.0, ge=0.1, le=256)
    storage_gib: int = setting(
        "Disk that the streams may fill on each server; the requirements' 7 days at 100 intents a minute and 2 KB are "
        "2 GB of it",
        unit="GiB", development=10, production=20, ge=1, le=65_536,
    )  # fmt: skip
    retention_days: int = setting("How long messages are kept", unit="days", development=7, production=7, ge=1, le=365)
    max_payload_kib: int = setting(
        "Largest message that is accepted", unit="KiB", development=256, production=256, ge=1, le=8192
    )
    sync_interval: str = setting(
        "How often streams are flushed to disk: `always` before each acknowledgement, or a duration such as 2m. At R1, "
        "2 KB messages on 2 cores: 1,630 acknowledged messages a second with `always`, 7,600 with 2m",
        development="always", production="always", pattern=r"^(always|[1-9][0-9]*(ms|s|m))$",
    )  # fmt: skip
    auth: Literal["jwt", "token"] = setting(
        "`jwt`: a user of its own for every agent. `token`: one secret shared by all, for development only",
        development="jwt", production="jwt",
    )  # fmt: skip
    drift_check: str = setting(
        "When live streams and accounts are compared with what is described, as a cron expression in UTC; a difference "
        "is logged and fails the run, nothing is changed",
        development="17 * * * *", production="17 * * * *", pattern=r"^(\S+ ){4}\S+$",
    )  # fmt: skip
    client_port: Port = setting("Port of clients on the operator's machine", development=4222, production=4222)
    monitoring_port: Port = setting("Port of monitoring on the operator's machine", development=8222, production=8222)

    @field_validator("replicas")
    @classmethod
    def replicas_are_odd(cls, value: int) -> int:
        """Refuse an even number of servers."""
        if value % 2 == 0:
            raise ValueError(f"must be odd: {value} servers survive no more failures than {value - 1}; set 1, 3 or 5")
        return value


class Settings(Section):
    """All settings of one stack."""

    target: Literal["docker"] = setting("Platform that runs the stack", development="docker", production="docker")
    size: Size = setting(
        "Which defaults apply: `development` (one of each) or `production` (three of each)",
        development="development", production="production",
    )  # fmt: skip
    protect: bool = setting(
        "Refuse to delete data volumes, also by `pulumi destroy`", development=False, production=True
    )
    network: NetworkSettings = Field(description="Addresses of the stack's own networks")
    images: ImagesSettings = Field(description="Where container images come from")
    logs: LogsSettings = Field(description="How much of each container's output is kept")
    pki: PkiSettings = Field(description="Certificates")
    nats: NatsSettings = Field(description="NATS JetStream")

    @model_validator(mode="after")
    def token_is_for_development(self) -> Settings:
        """Refuse one shared secret where agents must be told apart."""
        if self.size == "production" and self.nats.auth == "token":
            raise ValueError("nats.auth: 'token' gives every agent the same rights; production needs 'jwt'")
        return self


def defaults(size: Size, section: type[Section] = Settings) -> dict[str, Any]:
    """Return the whole tree of defaults of a size, as plain values."""
    tree: dict[str, Any] = {}
    for name, field in section.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section):
            tree[name] = defaults(size, field.annotation)
        else:
            assert isinstance(field.json_schema_extra, dict)
            sizes = field.json_schema_extra["defaults"]
            assert isinstance(sizes, dict)
            tree[name] = sizes[size]
    return tree
