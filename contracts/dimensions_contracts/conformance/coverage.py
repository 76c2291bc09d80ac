"""The coverage cases: every constraint of the document kept and broken, as cases of the format."""

from __future__ import annotations

import json
import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from dimensions_contracts import catalog as catalogue
from dimensions_contracts.conformance import coverage_checks, coverage_steps, generator
from dimensions_contracts.conformance.coverage_steps import ACCOUNT, USER, WEBSITE
from dimensions_contracts.operations import OPERATIONS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from dimensions_contracts.conformance.coverage_checks import Expected
    from dimensions_contracts.conformance.generator import Probe
    from dimensions_contracts.conformance.places import Place

    Case = dict[str, Any]
    Planned = tuple[Probe, Expected]

IN_ACCOUNT = ("listUsers", "createUser", "getUser", "deleteUser")
MOST = 3
"""The values of one mistake that are sent; it is one for each branch of the schema of a patch."""
SHARED = 8
"""The steps that share the users of a case: few, so that the evidence of a finding is short."""
PATTERN = re.compile("the '.*' pattern")
BRANCH = re.compile(r"/oneOf/\d+")
SILENT = frozenset({"object_unexpected_properties"})
"""Scenarios about which the contract says nothing."""
ODD = frozenset({"OPTIONS", "QUERY"})
"""Methods that servers and gateways answer for reasons of their own."""
TITLES = MappingProxyType(
    {
        "accepted": "what the document allows is accepted",
        "either": "what depends on the user's roles is answered in one of the declared ways",
        "method": "a method that the path does not offer is refused",
        "path": "what is no id is refused",
        "device": "a device that nobody has is not found",
        "query": "paging that the document forbids is refused",
        "media": "a media type that the operation does not take does no harm",
        "auth": "a call without a token is refused",
        "body": "a body that the document forbids is refused",
    }
)


def cases(document: Mapping[str, Any], places: Mapping[str, Place], *, writes: bool) -> Iterator[Case]:
    """Give the coverage cases that fit these places; the same document and places give the same cases.

    Without `writes` they are reads of the place `main`. Methods that a path does not offer are sent to a
    place that the run made, never to others. Raises `DocumentUnusable`.
    """
    wanted = [operation.id for operation in OPERATIONS if writes or operation.method == "get"]
    wanted += [name + ACCOUNT for name in IN_ACCOUNT if name in wanted]
    with generator.elsewhere():
        probes = list(generator.probes(document, wanted))
    stage = writes and "lab" in places and places["lab"].stage
    plain = coverage_checks.plain_roles(catalogue.load())
    groups: dict[tuple[str, str], list[Planned]] = {}
    for probe in _chosen(probe for probe in probes if _usable(probe, stage=stage)):
        found = coverage_checks.expected(probe, plain)
        if found and (writes or not _of_user(probe)):
            groups.setdefault((probe.operation, found.aspect), []).append((probe, found))
    for (operation, aspect), planned in groups.items():
        for number, part in enumerate(_parts(planned), 1):
            yield _case(f"coverage-{_kebab(operation)}-{aspect}-{number}", part, "lab" if writes else "main")


def _usable(probe: Probe, *, stage: bool) -> bool:
    if probe.operation.endswith(ACCOUNT):
        return not probe.valid and probe.parameter == "accountId"
    if probe.method != probe.offered:
        return stage and probe.method not in ODD
    return probe.scenario not in SILENT


def _chosen(probes: Iterable[Probe]) -> Iterator[Probe]:
    """Leave out what only repeats: the same body in another media type, more values of one mistake.

    Where one of several is sent, it is the first here and the second there.
    """
    alike: dict[str, list[Probe]] = {}
    for probe in probes:
        alike.setdefault(_key(probe), []).append(probe)
    for number, found in enumerate(alike.values()):
        if found[0].valid or BRANCH.search(found[0].pointer):
            yield found[number % len(found)]
        else:
            yield from found[:MOST]


def _key(probe: Probe) -> str:
    about = [probe.operation, probe.method, probe.parameter if probe.place != "body" else "", probe.pointer]
    if probe.valid:
        sent = (probe.path, probe.query, None if probe.body is generator.NOTHING else probe.body)
        return json.dumps([about, *sent])
    return json.dumps([about, probe.place, probe.scenario, probe.description])


def _of_user(probe: Probe) -> bool:
    """Tell whether the probe is sent to a user who must be there."""
    return "userId" in probe.path and (probe.place != "path" or probe.parameter == "deviceId")


def _parts(planned: list[Planned]) -> Iterator[list[Planned]]:
    alone = not _of_user(planned[0][0]) or planned[0][0].operation == "deleteUser"
    size = 1 if alone else SHARED
    for start in range(0, len(planned), size):
        yield planned[start : start + size]


def _case(name: str, planned: list[Planned], place: str) -> Case:
    probe, first = planned[0]
    device = f"${{run}}-{name}"
    own = [step for number, one in enumerate(planned, 1) for step in _steps(one, f"p{number}", device)]
    described = PATTERN.sub("its pattern", probe.description)
    detail = f" ({probe.parameter or 'all'}: {described})" if len(planned) == 1 else ""
    return {
        "id": name,
        "title": f"{probe.operation}: {TITLES[first.aspect]}{detail}.",
        "tags": ["coverage"],
        "in": place,
        **({"given": [_given(probe, device)]} if _of_user(probe) else {}),
        "steps": [*_softphone(probe, first.aspect), *own],
    }


def _given(probe: Probe, device: str) -> dict[str, Any]:
    if "deviceId" in probe.path:
        return {"imported": USER, "devices": [device]}
    return {"user": USER, "roles": [WEBSITE]}


def _softphone(probe: Probe, aspect: str) -> Iterator[dict[str, Any]]:
    """The roles that the user of a device needs first."""
    if "deviceId" in probe.path and aspect == "accepted":
        roles = [WEBSITE, "customer.user.uc", "customer.user.uc.softphone"]
        yield {
            "call": "patchUser",
            "user": f"${{{USER}.id}}",
            "charges": "true",
            "body": [{"op": "replace", "path": "/roles", "value": roles}],
            "setup": True,
            "checks": [{"rule": "PATCH-ANSWER", "status": 200}],
        }


def _steps(planned: Planned, name: str, device: str) -> Iterator[dict[str, Any]]:
    probe, expected = planned
    step = coverage_steps.step(probe, name, device)
    if probe.operation.startswith("unassign") and expected.aspect == "accepted":
        yield {**step, "call": "assignDevice", "checks": [{"rule": "DEVICE-ANSWER", "status": 201}]}
    yield {**step, "checks": expected.checks}


def _kebab(name: str) -> str:
    return re.sub(r"(?<=[a-z])([A-Z])|(?<=[A-Z])([A-Z])(?=[a-z])", lambda found: "-" + found[0], name).lower()
