"""What runs of a stack, and whether it is well: a row for each replica.

Health is what the replica's own health command says, nothing is inferred. What the state holds and the machine has not
is a row too, so that a container removed by hand is seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rich.table import Table

from config import topology
from ops.events import CONTAINER_TYPE
from ops.runtime import HEALTHY, MISSING, Replica

STYLES = {HEALTHY: "green", "starting": "yellow"}
CONNECT = {"nats": "ainp nats …, or $NATS_URL"}
"""How an operator reaches a service; variables come from `ainp env`."""


def with_missing(found: Iterable[Replica], deployment: Mapping[str, Any] | None) -> list[Replica]:
    """Return what was found, and a row for everything of the state that was not."""
    rows = list(found)
    names = {replica.name for replica in rows}
    resources = ((deployment or {}).get("deployment") or {}).get("resources") or []
    for resource in resources:
        if resource["type"] != CONTAINER_TYPE:
            continue
        inputs = resource.get("inputs", {})
        labels = {pair["label"]: pair["value"] for pair in inputs.get("labels", []) if isinstance(pair, dict)}
        if labels.get(topology.LABEL_KIND) == topology.KIND_FILES or inputs.get("name") in names:
            continue
        rows.append(
            Replica(
                id="",
                name=inputs.get("name", ""),
                service=labels.get(topology.LABEL_SERVICE, ""),
                kind=labels.get(topology.LABEL_KIND, ""),
                number=int(labels.get(topology.LABEL_REPLICA, "1")),
                health=MISSING,
            )
        )
    return sorted(rows, key=lambda each: (each.kind != topology.KIND_WORKLOAD, each.service, each.number))


def as_json(rows: Iterable[Replica]) -> list[dict[str, str]]:
    """Return the rows as plain values: service, endpoint (its main one, or empty), health."""
    return [{"service": row.service, "endpoint": next(iter(row.endpoints), ""), "health": row.health} for row in rows]


def table(stack: str, rows: Iterable[Replica]) -> Table:
    """Return the rows for the eye."""
    made = Table(title=f"stack {stack}", title_justify="left", box=None, pad_edge=False, header_style="bold")
    for column in ("service", "endpoint", "health", "how to connect"):
        made.add_column(column, overflow="fold", no_wrap=column == "service")
    rows = list(rows)
    replicated = {row.service for row in rows if row.number > 1}
    for row in rows:
        service = f"{row.service} {row.number}" if row.service in replicated else row.service
        style = STYLES.get(row.health, "red")
        made.add_row(
            service,
            "  ".join(row.endpoints) or "-",
            f"[{style}]{row.health}[/]",
            CONNECT.get(row.service, "") if row.endpoints else "",
        )
    return made
