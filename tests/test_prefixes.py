import pytest

from small_world import ELSEWHERE, NOBODY, OTHER_RESELLER, RESELLER, US, emulator, user_id

BASES = ["/api/v1.0", "/v1.0"]
TENANTS = [
    f"/customers/{US}/users",
    f"/accounts/{RESELLER}/customers/{US}/users",
    f"/clients/{US}/utilisateurs",
    f"/accounts/{RESELLER}/clients/{US}/utilisateurs",
]


@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize("tenant", TENANTS)
def test_every_prefix_shows_the_same_users(api, base, tenant):
    answer = api.call("GET", base + tenant)

    assert answer.data == api.list().data


@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize("tenant", TENANTS)
def test_rules_hold_behind_every_prefix(api, base, tenant):
    path = f"{base}{tenant}/{user_id(1)}"

    assert api.call("DELETE", path).rule == "ADMIN-LAST"
    patch = [{"op": "replace", "path": "/roles", "value": ["client.utilisateur"]}]
    assert api.call("PATCH", path, json=patch).rule == "ADMIN-LAST"


def test_a_customer_of_another_account_is_not_found_behind_the_account(api):
    answer = api.call("GET", f"/api/v1.0/accounts/{OTHER_RESELLER}/customers/{US}/users")

    assert (answer.status, answer.rule) == (404, "WIRE-PREFIXES")


def test_an_unknown_account_is_not_found(api):
    answer = api.call("GET", f"/api/v1.0/accounts/{NOBODY}/customers/{US}/users")

    assert (answer.status, answer.rule) == (404, "TENANT-UNKNOWN")


def test_an_account_is_not_a_customer(api):
    assert api.call("GET", f"/api/v1.0/customers/{RESELLER}/users").rule == "TENANT-UNKNOWN"


def test_a_customer_of_another_reseller_is_not_found(api):
    answer = api.call("GET", f"/api/v1.0/customers/{ELSEWHERE}/users")

    assert (answer.status, answer.rule) == (404, "TENANT-ISOLATION")
    assert len(answer.body) == 95


def test_a_caller_of_one_customer_does_not_see_the_account(api):
    assert api.call("GET", TENANTS[0].join(["/v1.0", ""]), token="customer").status == 200
    answer = api.call("GET", f"/v1.0/accounts/{RESELLER}/customers/{US}/users", token="customer")
    assert (answer.status, answer.rule) == (404, "TENANT-ISOLATION")


def test_aliases_can_be_rejected(deciding):
    api = emulator(profile=deciding(aliases="reject"))

    assert api.call("GET", f"/api/v1.0/clients/{US}/utilisateurs").rule == "ROUTE"
    assert api.create(roles=["client.utilisateur"]).rule == "ROLE-KNOWN"
    assert api.create(roles=["admin.user"]).data["roles"] == ["user.admin", "customer.user"]
