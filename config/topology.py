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

EDGE = "edge"
"""The network that published ports go through; nothing on it can reach anything else on it."""

NETWORKS = (EDGE, "nats")
"""Order decides each network's range, so names are only ever appended."""

NETWORK_PREFIX = 27


def resource_name(stack: str, *parts: str | int) -> str:
    """Return the name on the machine of something that belongs to a stack, such as ``ainp-dev-nats-1``."""
    return "-".join(["ainp", stack, *(str(part) for part in parts)])


def subnet(cidr: str, network: str) -> IPv4Network:
    """Return the range of one of `NETWORKS` within the stack's `cidr`.

    Raises:
        ValueError: the network has no place in `NETWORKS`.
    """
    return list(IPv4Network(cidr).subnets(new_prefix=NETWORK_PREFIX))[NETWORKS.index(network)]
