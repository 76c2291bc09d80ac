"""Validators of the schemas that the contracts ship."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

if TYPE_CHECKING:
    from collections.abc import Mapping

    Schemas = Mapping[str, Mapping[str, Any]]


def registry(schemas: Schemas) -> Registry[Any]:
    """Make a registry in which the schemas find each other by their `$id`."""
    resources = ((schema["$id"], DRAFT202012.create_resource(schema)) for schema in schemas.values())
    empty: Registry[Any] = Registry()
    return empty.with_resources(resources)


def validator(name: str, schemas: Schemas) -> Draft202012Validator:
    """Make a validator, with formats, of the schema called `name`; a `KeyError` if there is none."""
    return Draft202012Validator(
        dict(schemas[name]), registry=registry(schemas), format_checker=Draft202012Validator.FORMAT_CHECKER
    )
