"""Who may connect: an internal network for each service, which its clients join, and an edge for its published ports.

Ranges are explicit, because Docker's own pools end at about 30 networks. Internal networks publish no ports, so a
replica that publishes is also on an edge, alone. It is alone because a name that two containers share two networks
under resolves to either address; and nothing leaves an edge, since its addresses are not masqueraded.
"""

from __future__ import annotations

import pulumi
import pulumi_docker as docker
from pulumi import ResourceOptions

from config import topology


class Networks:
    """The networks of one stack."""

    def __init__(self, stack: str, cidr: str, parent: pulumi.Resource) -> None:
        self._stack = stack
        self._cidr = cidr
        self._parent = parent
        self._services: dict[str, docker.Network] = {}
        self._clients: dict[str, frozenset[str]] = {}

    def serve(self, service: str, clients: frozenset[str]) -> None:
        """Make the network of a service that listens, open to `clients`, which are run after it."""
        self._clients[service] = clients
        self._services[service] = self._network(service, edge=False)

    def of(self, name: str) -> list[docker.Network]:
        """Return the networks that `name` is on: its own, and those of the services it is a client of."""
        return [
            network for service, network in self._services.items() if name == service or name in self._clients[service]
        ]

    def edge(self, service: str) -> docker.Network:
        """Make the network through which the operator's machine reaches the published ports of a service."""
        return self._network(service, edge=True)

    def _network(self, service: str, *, edge: bool) -> docker.Network:
        name = f"{service}-edge" if edge else service
        return docker.Network(
            f"{name}-network",
            name=topology.resource_name(self._stack, name),
            driver="bridge",
            internal=not edge,
            ipam_configs=[{"subnet": str(topology.subnet(self._cidr, service, edge=edge))}],
            options={"com.docker.network.bridge.enable_ip_masquerade": "false"} if edge else {},
            labels=[
                {"label": topology.LABEL_STACK, "value": self._stack},
                {"label": topology.LABEL_SERVICE, "value": service},
                {"label": topology.LABEL_KIND, "value": topology.KIND_NETWORK},
            ],
            opts=ResourceOptions(parent=self._parent, delete_before_replace=True),
        )
