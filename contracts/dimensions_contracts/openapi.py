"""The OpenAPI 3.1 document of the API, assembled from the catalogue and the schemas."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from dimensions_contracts import refusals, schema_files
from dimensions_contracts.bundle import components, reference
from dimensions_contracts.operations import OPERATIONS, PREFIXES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dimensions_contracts.catalog import Catalog
    from dimensions_contracts.operations import Operation, Prefix
    from dimensions_contracts.profile import Profile

    Schemas = Mapping[str, Mapping[str, Any]]

SERVERS = ("/api/v1.0", "/v1.0")
TAGS = {
    "users": "The users of a customer, with their roles.",
    "devices": "Softphone devices of a user on the phone platform.",
    "mail": "Mail to a user.",
}
PATH_PARAMETERS = {
    "accountId": ("guid", "The account that the customer is below."),
    "customerId": ("guid", "The customer whose users are meant."),
    "userId": ("guid", "The user who is meant."),
    "deviceId": ("device-id", "The device that is meant."),
}
PAGING = (
    {
        "name": "pageIndex",
        "in": "query",
        "description": "The page that is wanted, from 0.",
        "schema": {"type": "integer", "minimum": 0, "maximum": 2147483647},
    },
    {
        "name": "pageSize",
        "in": "query",
        "description": "The most items that a page has.",
        "schema": {"type": "integer", "minimum": 1, "maximum": 1000},
    },
)
CHARGES = {
    "name": "accept-charges",
    "in": "header",
    "description": "Says that the caller accepts what the change may cost; needed to add a licensed role.",
    "schema": {"type": "string", "enum": ["true"]},
}
LOCATION = {
    "description": "The absolute address of what was made or done.",
    "required": True,
    "schema": {"type": "string", "format": "uri"},
}
STATUSES = {200: "Accepted.", 201: "Accepted and carried out.", 204: "Accepted; the answer has no body."}


def document(
    catalog: Catalog, version: str, schemas: Schemas | None = None, profile: Profile | None = None
) -> dict[str, Any]:
    """Assemble one self-contained document; every schema carries its published address as `x-contract-id`.

    Role keys are spelled as in the profile. Raises `ReferenceUnresolved` when a schema refers to
    something that is not there.
    """
    schemas = schema_files.load() if schemas is None else schemas
    if profile is not None:
        schemas = _spelled(schemas, profile)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Customer Users API",
            "version": version,
            "summary": "Users, roles, softphone devices and mail of a customer.",
            "description": "What any implementation of the API must satisfy. "
            "`x-rules` names the rules behind each refusal.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": url} for url in SERVERS],
        "security": [{"bearerAuth": []}],
        "tags": [{"name": name, "description": text} for name, text in TAGS.items()],
        "paths": _paths(catalog, schemas),
        "components": {
            "securitySchemes": {"bearerAuth": {"type": "http", "scheme": "bearer"}},
            "schemas": components(_roots(), schemas),
        },
    }


def _spelled(schemas: Schemas, profile: Profile) -> Schemas:
    text, key = json.dumps(dict(schemas)), profile.decisions["admin-role-key"]
    spelled: Schemas = json.loads(text.replace('"user.admin"', f'"{key}"'))
    return spelled


def _roots() -> set[str]:
    named = {name for operation in OPERATIONS for name in (operation.answer, operation.body) if name}
    return {"error", *named, *(schema for schema, _ in PATH_PARAMETERS.values())}


def _paths(catalog: Catalog, schemas: Schemas) -> dict[str, Any]:
    paths: dict[str, Any] = {}
    for prefix in PREFIXES:
        for operation in OPERATIONS:
            path = prefix.path + operation.path
            item = paths.setdefault(path, {"parameters": _path_parameters(path)})
            item[operation.method] = _operation(operation, prefix, catalog, schemas)
    return paths


def _path_parameters(path: str) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "description": text, "schema": reference(schema)}
        for name, (schema, text) in PATH_PARAMETERS.items()
        if f"{{{name}}}" in path
    ]


def _operation(operation: Operation, prefix: Prefix, catalog: Catalog, schemas: Schemas) -> dict[str, Any]:
    parameters = [*(PAGING if operation.paged else ()), *([CHARGES] if operation.charges else ())]
    body = {"requestBody": _body(operation.body, operation, schemas)} if operation.body else {}
    return {
        "operationId": operation.id + prefix.suffix,
        "tags": [operation.tag],
        "summary": operation.summary,
        "description": f"{operation.description} Path of the {prefix.portal}.",
        **({"parameters": parameters} if parameters else {}),
        **body,
        "responses": {
            str(operation.status): _success(operation, prefix, schemas),
            **refusals.answers(operation, prefix, catalog),
        },
    }


def _body(name: str, operation: Operation, schemas: Schemas) -> dict[str, Any]:
    content = {kind: _content(name, schemas) for kind in operation.media_types}
    return {"required": True, "description": schemas[name]["description"], "content": content}


def _content(name: str, schemas: Schemas) -> dict[str, Any]:
    examples = {f"example{n}": {"value": value} for n, value in enumerate(schemas[name]["examples"], 1)}
    return {"schema": reference(name), "examples": examples}


def _success(operation: Operation, prefix: Prefix, schemas: Schemas) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": STATUSES[operation.status]}
    if operation.location:
        answer["headers"] = {"Location": LOCATION}
    if operation.answer:
        answer["content"] = {"application/json": _content(operation.answer, schemas)}
    if operation.links:
        answer["links"] = {name: _link(name, operation, prefix) for name in operation.links}
    return answer


def _link(target: str, source: Operation, prefix: Prefix) -> dict[str, Any]:
    known = [name for name in PATH_PARAMETERS if f"{{{name}}}" in prefix.path]
    user = "$response.body#/data/0/id" if source.paged else "$response.body#/data/id"
    return {
        "operationId": target + prefix.suffix,
        "description": "Takes the first user listed." if source.paged else "Takes the user just created.",
        "parameters": {**{name: f"$request.path.{name}" for name in known}, "userId": user},
    }
