"""Reports of what was proved at length: evidence/<name>.json, with a hash of the sources that the proof is about.

A report is written only when everything in it held. `stale` says which reports no longer speak of the sources as they
are; a unit test fails on them, so that nothing is proved once and never again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[2]
FOLDER = "evidence"


def write(name: str, sources: Sequence[str], findings: Mapping[str, Any], root: Path = CHECKOUT) -> Path:
    """Write the report `name` about `sources` (patterns below the checkout), with what was found."""
    file = root / FOLDER / f"{name}.json"
    file.parent.mkdir(exist_ok=True)
    report = {
        "proved_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "sources": list(sources),
        "sources_sha256": digest(sources, root),
        "findings": findings,
    }
    file.write_text(json.dumps(report, indent=2) + "\n")
    return file


def digest(sources: Sequence[str], root: Path = CHECKOUT) -> str:
    """Return the hash of all files that match `sources`: their paths and contents.

    Raises:
        ValueError: a pattern matches nothing, so that the report would be about something that is not there.
    """
    total = hashlib.sha256()
    for pattern in sources:
        files = sorted(file for file in root.glob(pattern) if file.is_file() and "__pycache__" not in file.parts)
        if not files:
            raise ValueError(f"{pattern}: matches no file")
        for file in files:
            total.update(f"{file.relative_to(root).as_posix()}\0".encode())
            total.update(hashlib.sha256(file.read_bytes()).digest())
    return total.hexdigest()


def stale(root: Path = CHECKOUT) -> Iterator[str]:
    """Yield a line for each report whose sources have changed since."""
    for file in sorted((root / FOLDER).glob("*.json")):
        report = json.loads(file.read_text())
        try:
            current = digest(report["sources"], root)
        except ValueError as error:
            yield f"{FOLDER}/{file.name}: {error}"
            continue
        if current != report["sources_sha256"]:
            yield (
                f"{FOLDER}/{file.name}: proved on {report['proved_at']}, and since then {', '.join(report['sources'])} "
                "changed; run `make prove`"
            )
