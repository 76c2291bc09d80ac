"""Plays conformance cases in process, against an emulator of its own with all the places they ask for."""

from __future__ import annotations

import itertools
import time

from dimensions_contracts import catalog, profile
from dimensions_contracts.conformance import compiler, sending
from dimensions_contracts.conformance.bindings import Bindings, Unbound
from dimensions_contracts.conformance.judge import Judge
from dimensions_contracts.conformance.observations import Observation
from dimensions_contracts.conformance.places import Place
from dimensions_emulator.app import create_app
from dimensions_emulator.domain import document
from dimensions_emulator.settings import Settings
from small_world import ADMIN, RESELLER, TEAMS, WEB, person, small_document, user_id

CATALOG = catalog.load()
TOKENS = {"main": "Bearer good", "none": None}
COUNTRIES = {"lab": "US", "uk": "GB", "noagent": "US"}


def guid(number):
    return f"dddddddd-0000-4000-8000-{number:012}"


def deciding(**decisions):
    chosen = {key.replace("_", "-"): choice for key, choice in decisions.items()}
    return profile.parse({"name": "test", "decisions": chosen}, CATALOG)


class Player:
    """An emulator and what cases find in it; `path` is where its profile is written, if it decides otherwise."""

    def __init__(self, *, profile_path=None, without=(), country="US"):
        self.places = {
            name: Place(
                name, guid(n), RESELLER, country, 0 if name == "noagent" else 1000, alone=True, stage=True
            )
            for n, (name, country) in enumerate({**COUNTRIES, "empty": country}.items(), 1)
        }
        world = small_document({})
        for place in self.places.values():
            world["customers"][place.name] = self.customer(place)
        world["users"] = {
            "admin@example.com": person(1, WEB, ADMIN, customer="lab"),
            "teams@example.com": person(2, WEB, TEAMS, customer="lab"),
        }
        self.values = {"teams.id": user_id(2)}
        settings = Settings(profile=profile_path)
        self.client = create_app(settings, world=document.load(world), without=without).test_client()
        self.serial = itertools.count(1)
        self.calls = 0

    def customer(self, place):
        return {
            "id": place.customer,
            "account": "reseller",
            "name": place.name,
            "countryCode": place.country,
            "features": {"agent": place.agent_feature},
        }

    def bindings(self):
        values = dict(self.values)
        for name, place in self.places.items():
            values |= {f"place.{name}.pbx": place.pbx, f"place.{name}.wrongpbx": place.wrong_pbx}
        return Bindings("run1234567", str(next(self.serial)), "example.com", values)

    def anew(self):
        """Begin with the world that was there first."""
        assert self.client.post("/_emulator/reset").status_code == 200

    def verdict(self, case, judge):
        """Play a case of the format in a world as it was first, and judge it."""
        self.anew()
        ready = compiler.compiled(case, "grid", CATALOG)
        bindings, seen = self.bindings(), []
        for step in ready.steps:
            try:
                seen.append(self.send(bindings.resolved(dict(step)), bindings, ready.id))
            except Unbound:
                break
        return judge.case(seen)

    def send(self, step, bindings, case="case"):
        """Send one step and observe it."""
        request = sending.request(step, self.places.get(step["in"], self.places["lab"]))
        headers = (
            [*request.headers, ("Authorization", TOKENS[request.caller])] if request.caller == "main" else []
        )
        at = time.time()
        answer = self.client.open(request.path, method=request.method, data=request.body, headers=headers)
        self.calls += 1
        if answer.status_code == 201 and "save" in step:
            bindings.bind(step["save"], id=answer.get_json()["data"]["id"])
        return Observation(
            n=self.calls,
            case=case,
            title="A case.",
            source="grid",
            label=step["label"],
            setup=bool(step.get("setup")),
            operation=step["call"] if step["call"] in sending.API else "",
            caller=request.caller,
            place=step["in"],
            method=request.method,
            path=request.path,
            request_headers=request.headers,
            request_body=request.body.decode() if request.body else None,
            encoded=False,
            at=at,
            checks=tuple(step["checks"]),
            status=answer.status_code,
            headers=tuple(answer.headers.items()),
            body=answer.get_data(as_text=True),
        )


def judge_by(decided=None):
    return Judge(CATALOG, decided or profile.default(CATALOG))
