"""The bundle: schemas of separate files as the components of one document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urldefrag, urljoin

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    Schemas = Mapping[str, Mapping[str, Any]]

COMPONENTS = "#/components/schemas/"


class ReferenceUnresolved(LookupError):
    """A reference that leads to no schema of the bundle."""


def component(name: str) -> str:
    """Name the component that a schema becomes: `role-key` is `RoleKey`."""
    return "".join(part[:1].upper() + part[1:] for part in name.split("-"))


def reference(name: str) -> dict[str, str]:
    """Make a schema that refers to the component of the schema called `name`."""
    return {"$ref": COMPONENTS + component(name)}


def components(names: Iterable[str], schemas: Schemas) -> dict[str, Any]:
    """Collect the named schemas with all that they refer to, sorted by component.

    Raises `ReferenceUnresolved` when one of them leads nowhere.
    """
    by_id = {schema["$id"]: name for name, schema in schemas.items()}
    found: dict[str, Any] = {}
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in schemas:
            raise ReferenceUnresolved(f"there is no schema called {name!r}")
        if component(name) not in found:
            found[component(name)] = _embedded(schemas[name], by_id, schemas)
            waiting.extend(by_id[urldefrag(target).url] for target in _targets(schemas[name]))
    return dict(sorted(found.items()))


def _embedded(schema: Mapping[str, Any], by_id: Mapping[str, str], schemas: Schemas) -> dict[str, Any]:
    own = schema["$id"]
    body = _rewritten(dict(schema), own, by_id, schemas)
    kept = {key: value for key, value in body.items() if key not in {"$id", "$schema"}}
    return {**kept, "x-contract-id": own}


def _rewritten(value: Any, base: str, by_id: Mapping[str, str], schemas: Schemas) -> Any:
    if isinstance(value, list):
        return [_rewritten(item, base, by_id, schemas) for item in value]
    if not isinstance(value, dict):
        return value
    changed = {key: _rewritten(item, base, by_id, schemas) for key, item in value.items()}
    if isinstance(value.get("$ref"), str):
        changed["$ref"] = _local(urljoin(base, value["$ref"]), by_id, schemas)
    return changed


def _local(target: str, by_id: Mapping[str, str], schemas: Schemas) -> str:
    address, pointer = urldefrag(target)
    name = by_id.get(address)
    if name is None or not _leads_somewhere(schemas[name], pointer):
        raise ReferenceUnresolved(f"{target} leads to no schema")
    return COMPONENTS + component(name) + pointer


def _leads_somewhere(schema: Any, pointer: str) -> bool:
    for part in pointer.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        if not isinstance(schema, dict) or key not in schema:
            return False
        schema = schema[key]
    return not pointer or pointer.startswith("/")


def _targets(schema: Mapping[str, Any]) -> Iterator[str]:
    waiting: list[Any] = [schema]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting.extend(value.values())
            if isinstance(value.get("$ref"), str):
                yield urljoin(schema["$id"], value["$ref"])
        elif isinstance(value, list):
            waiting.extend(value)
