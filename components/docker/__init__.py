"""The Docker adapter: runs workloads on one Docker Engine, a laptop's or a server's."""

from components.docker.platform import DockerPlatform

__all__ = ["DockerPlatform"]
