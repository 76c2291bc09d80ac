from small_world import ADMIN, NOBODY, UK, US, WEB, emulator, person, user_id

PLAIN = user_id(2)


def visitor(**more):
    member = person(3, WEB, primaryTenant="us", **more)
    member["memberships"]["uk"] = [WEB]
    return {"admin@example.com": person(1, WEB, ADMIN), "visitor@example.com": member}


def test_a_deleted_user_is_gone(api):
    answer = api.delete(PLAIN)

    assert answer.status == 200
    assert api.get(PLAIN).rule == "USER-UNKNOWN"
    assert PLAIN not in [item["id"] for item in api.list().data]
    assert api.delete(PLAIN).status == 404
    assert api.patch(PLAIN).status == 404


def test_an_unknown_user_cannot_be_deleted(api):
    assert (api.delete(NOBODY).status, api.delete(NOBODY).rule) == (404, "USER-UNKNOWN")


def test_deleting_in_the_primary_tenant_deletes_everywhere():
    api = emulator(visitor())

    assert api.delete(user_id(3)).status == 200

    for customer in (US, UK):
        api.customer = customer
        assert api.get(user_id(3)).status == 404
    assert api.create("visitor@example.com").status == 201


def test_deleting_in_another_tenant_deletes_there_alone():
    api = emulator(visitor())
    api.customer = UK

    assert api.delete(user_id(3)).status == 200

    assert api.get(user_id(3)).rule == "TENANT-ISOLATION"
    assert api.create("visitor@example.com").rule == "USER-UNIQUE-EMAIL"
    api.customer = US
    assert api.get(user_id(3)).status == 200


def test_a_parent_user_leaves_a_customer_and_stays_with_its_account():
    parent = person(3, WEB, primaryTenant="reseller")
    api = emulator({"admin@example.com": person(1, WEB, ADMIN), "parent@example.com": parent})
    assert api.get(user_id(3)).data["isParent"] is True

    assert api.delete(user_id(3)).status == 200

    assert api.get(user_id(3)).status == 404
    assert api.create("parent@example.com").rule == "USER-UNIQUE-EMAIL"


def test_the_devices_of_a_deleted_user_have_no_owner():
    device = {"id": "d", "customer": "us", "owner": "visitor@example.com", "clientType": "desktop"}
    api = emulator(visitor(), devices=[device])

    api.delete(user_id(3))

    assert api.control(f"platform/{US}/devices").data == [{"id": "d", "name": "", "extension": ""}]


def test_the_devices_of_the_customer_that_a_user_leaves_have_no_owner():
    devices = [{"id": name, "customer": name, "owner": "visitor@example.com"} for name in ("us", "uk")]
    api = emulator(visitor(), devices=devices)
    api.customer = UK

    api.delete(user_id(3))

    assert "user" not in api.control(f"platform/{UK}/devices").data[0]
    assert api.control(f"platform/{US}/devices").data[0]["user"] == user_id(3)
