"""Who may connect: one internal network for each service, which its clients join, and one edge for published ports.

Ranges are explicit, because Docker's own pools end at about 30 networks. Internal networks publish no ports, so a
workload that publishes also joins the edge, on which neither neighbours nor the outside can be reached.
"""

from __future__ import annotations

import pulumi
import pulumi_docker as docker
from pulumi import ResourceOptions

from config import topology


class Networks:
    """The networks of one stack; each is made when it is first needed."""

    def __init__(self, stack: str, cidr: str, parent: pulumi.Resource) -> None:
        self._stack = stack
        self._cidr = cidr
        self._parent = parent
        self._made: dict[str, docker.Network] = {}
        self._clients: dict[str, frozenset[str]] = {}

    def serve(self, service: str, clients: frozenset[str]) -> None:
        """Make the network of a service that listens, open to `clients`."""
        self._clients[service] = clients
        self._network(service)

    def of(self, name: str, *, publishes: bool = False) -> list[docker.Network]:
        """Return the networks that `name` is on: its own, those of the services it is a client of, and the edge."""
        joined = [
            self._made[service] for service, clients in self._clients.items() if name == service or name in clients
        ]
        return [*joined, self._network(topology.EDGE)] if publishes else joined

    def _network(self, name: str) -> docker.Network:
        if name not in self._made:
            edge = name == topology.EDGE
            self._made[name] = docker.Network(
                f"{name}-network",
                name=topology.resource_name(self._stack, name),
                driver="bridge",
                internal=not edge,
                ipam_configs=[{"subnet": str(topology.subnet(self._cidr, name))}],
                options={
                    "com.docker.network.bridge.enable_icc": "false",
                    "com.docker.network.bridge.enable_ip_masquerade": "false",
                }
                if edge
                else {},
                labels=[
                    {"label": topology.LABEL_STACK, "value": self._stack},
                    {"label": topology.LABEL_SERVICE, "value": name},
                    {"label": topology.LABEL_KIND, "value": topology.KIND_NETWORK},
                ],
                opts=ResourceOptions(parent=self._parent, delete_before_replace=True),
            )
        return self._made[name]
