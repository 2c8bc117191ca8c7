"""Names and addresses that several parts must agree on: labels, host names, networks.

One definition of each, free of pulumi, so that the command line finds by label what the program made.
"""

from __future__ import annotations

from ipaddress import IPv4Network

LABEL_STACK = "ainp.stack"
LABEL_SERVICE = "ainp.service"
LABEL_REPLICA = "ainp.replica"
LABEL_KIND = "ainp.kind"
LABEL_CONFIGURATION = "ainp.configuration"
"""Hash of all files and secrets of a replica: a change rolls it, and nothing secret can be read from it."""
LABEL_STATE = "ainp.state"
"""Identity of the state that made a data volume (`components.docker.ownership`)."""

KIND_WORKLOAD = "workload"
KIND_JOB = "job"
KIND_SCHEDULE = "schedule"
KIND_FILES = "files"
"""A container that is never started: it carries configuration into a volume."""
KIND_DATA = "data"
KIND_NETWORK = "network"

NETWORKS = ("nats",)
"""Services with a network. Order decides each one's range, so names are only ever appended."""

NETWORK_PREFIX = 27
MAX_NETWORKS = 16
"""Of the 32 ranges in a stack's /22, the first half is for the services, the second for their published ports."""


def resource_name(stack: str, *parts: str | int) -> str:
    """Return the name on the machine of something that belongs to a stack, such as ``ainp-dev-nats-1``."""
    return "-".join(["ainp", stack, *(str(part) for part in parts)])


def subnet(cidr: str, service: str, *, edge: bool = False) -> IPv4Network:
    """Return the range of a service's network, or of the network that its published ports go through (`edge`).

    Raises:
        ValueError: the service has no place in `NETWORKS`.
    """
    if service not in NETWORKS:
        raise ValueError(f"{service}: has ports but no range; append it to config.topology.NETWORKS")
    position = NETWORKS.index(service) + (MAX_NETWORKS if edge else 0)
    return list(IPv4Network(cidr).subnets(new_prefix=NETWORK_PREFIX))[position]
