"""Which version this is."""

from __future__ import annotations

from importlib import metadata


def package_version() -> str:
    """Tell the version of the installed distribution, or 0 when run from a source tree."""
    try:
        return metadata.version("dimensions-emulator")
    except metadata.PackageNotFoundError:
        return "0"
