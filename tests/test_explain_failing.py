"""What is told where no change passes: how far one came, and nobody else to delete."""

import pytest

from dimensions_emulator.explain import search
from explain_stage import FAR, ME, explained, stage
from small_world import ESSENTIAL, NOBODY, REMOTE, TEAMS, UC, US, supervisor

GONE = f"The user is gone or never was; GET /api/v1.0/customers/{US}/users lists those there are."


def test_the_change_that_comes_furthest_is_told_with_the_refusal_that_follows():
    api = stage()
    roles = ["custmer.user.uc", TEAMS, ESSENTIAL, REMOTE, supervisor(1), supervisor(2)]

    told = explained(api, api.create("a b", roles=roles, name="", charges=None))
    change = told["change"]

    partial = change["partial"]
    assert (told["rule"]["id"], change["verified"]) == ("USER-FIELDS", False)
    assert "curl" not in change
    assert partial["summary"] == (
        f"Set email to 'a.b@example.com', set displayName to 'A B', write {UC} for 'custmer.user.uc' "
        f"and leave out {TEAMS}."
    )
    assert partial["rule"] == "ROLE-SUPERVISOR-EXCLUSIVE"
    assert partial["message"].startswith("A user holds at most one supervisor role")
    (request,) = partial["requests"]
    again = api.call("POST", api.users, json=request["body"])
    assert (again.rule, again.message) == (partial["rule"], partial["message"])
    assert change["reason"] == (
        f"None of the changes that were tried passes. What comes furthest: {partial['summary']} "
        f"Then {partial['rule']} refuses: {partial['message']}"
    )


def test_a_change_that_gets_the_same_refusal_is_no_progress(monkeypatch):
    api = stage()

    def again(case):
        yield case.changed(case.request.with_header("accept-charges", "no"), "say it again")

    monkeypatch.setattr(search, "REPAIRS", {"ROLE-READ-ONLY": again})

    change = explained(api, api.add(ME, TEAMS))["change"]

    assert change["tried"] == 2
    assert "partial" not in change


@pytest.mark.parametrize("who", [NOBODY, "nonsense", f"{ME[:-1]}f"])
def test_nobody_else_is_named_to_be_deleted(who):
    api = stage()

    change = explained(api, api.delete(who))["change"]

    assert change == {"verified": False, "reason": GONE, "tried": 1}


def test_a_user_of_a_name_that_several_have_is_not_named_to_be_deleted():
    api = stage()
    for number in range(2):
        api.create(f"twin{number}@example.com", name="Twin")

    change = explained(api, api.delete("Twin"))["change"]

    assert change["reason"] == GONE


def test_a_user_elsewhere_is_deleted_there_and_nobody_else_here():
    api = stage()

    change = explained(api, api.delete(FAR))["change"]

    assert [request["path"].rpartition("/")[2] for request in change["requests"]] == [FAR]


@pytest.mark.parametrize(("at", "letter"), [(0, "x"), (35, None)])
def test_the_only_user_whose_id_is_near_is_named_even_to_be_deleted(at, letter):
    api = stage()
    new = api.create().data["id"]
    other = letter or ("0" if new[at] != "0" else "1")

    change = explained(api, api.delete(f"{new[:at]}{other}{new[at + 1 :]}"))["change"]

    assert change["summary"] == f"Name the user New ({new})."
    assert api.get(new).status == 200
