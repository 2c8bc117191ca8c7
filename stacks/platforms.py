"""The only place that asks which platform a stack runs on."""

from __future__ import annotations

from components.docker import DockerPlatform
from components.workload import Platform
from config.settings import Settings


def choose(settings: Settings) -> Platform:
    """Return the adapter for `settings.target`."""
    adapters = {"docker": DockerPlatform}
    return adapters[settings.target]("platform", settings)
