"""Which prerequisites a set of roles lacks."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dimensions_contracts.catalog import Catalog
    from dimensions_emulator.domain.models import Roles


def missing(catalog: Catalog, roles: Roles) -> Iterator[tuple[str, str]]:
    """Each held role with a prerequisite it lacks; either PBX user role serves as the other."""
    for key in roles:
        for wanted in catalog.roles[key].prerequisites:
            if wanted not in roles and not _stands_in(catalog, wanted, roles):
                yield key, wanted


def _stands_in(catalog: Catalog, wanted: str, roles: Roles) -> bool:
    return catalog.roles[wanted].platform and any(catalog.roles[role].platform for role in roles)
