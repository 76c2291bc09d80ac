"""Refused requests of every kind, for the tests of explanations."""

from __future__ import annotations

import re

from small_world import (
    ACD,
    ADMIN,
    ELSEWHERE,
    ESSENTIAL,
    NOBODY,
    OTHER_RESELLER,
    PBX,
    REMOTE,
    RESELLER,
    SETTINGS,
    SOFTPHONE,
    TEAMS,
    UC,
    UK,
    US,
    WEB,
    WORKSPACE,
    emulator,
    person,
    supervisor,
    user_id,
)

TOKENS = {"reseller": "good", "one customer": "customer", "other": "other"}
ADMINISTRATOR, ME, PHONE, BOTH, SOFT, TEAM, FAR = (user_id(number) for number in range(1, 8))


def stage(**more):
    both = person(4, WEB, primaryTenant="us")
    both["memberships"]["uk"] = [WEB]
    users = {
        "admin@example.com": person(1, WEB, ADMIN),
        "me@example.com": person(2, WEB, SETTINGS),
        "phone@example.com": person(3, WEB, PBX),
        "both@example.com": both,
        "soft@example.com": person(5, WEB, UC, SOFTPHONE),
        "team@example.com": person(6, WEB, TEAMS),
        "far@example.com": person(7, WEB, customer="elsewhere"),
    }
    devices = [
        {"id": "mine", "customer": "us", "owner": "me@example.com"},
        {"id": "soft", "customer": "us", "owner": "soft@example.com", "clientType": "mobile"},
        {"id": "free", "customer": "us"},
    ]
    return emulator(users, devices=devices, **more)


def explained(api, answer):
    """The explanation of a refused answer."""
    found = api.control("explain/" + answer.headers["X-Emulator-Request-Id"])
    assert found.status == 200, found.body
    return found.data


def replayed(api, change, token="good"):
    """The answers to the requests of a change, sent for real."""
    answers = []
    for wanted in change["requests"]:
        headers = {
            name: value.replace("***", token) if name == "Authorization" else value
            for name, value in wanted["headers"].items()
        }
        body = wanted.get("body")
        more = {"data": body} if isinstance(body, str) else {"json": body} if "body" in wanted else {}
        answers.append(api.client.open(wanted["path"], method=wanted["method"], headers=headers, **more))
    return answers


def token_for(told):
    """The token of the caller whom an explanation asks for, of the caller of then if it asks for none."""
    named = re.search("the token of the caller '([^']+)'", told["change"]["summary"])
    return TOKENS.get(named[1] if named else told["context"].get("caller", {}).get("name"), "good")


def patch(*operations, charges="true", who=ME):
    return lambda api: api.patch(who, *operations, charges=charges)


def sent(method, path, *, token=None, headers=None, **more):
    return lambda api: api.call(method, path.format(users=api.users), token=token, headers=headers, **more)


def text(body, media="application/json", method="POST", path="{users}"):
    return sent(method, path, data=body, content_type=media, headers={"accept-charges": "true"})


def op(name, path, **more):
    return {"op": name, "path": path, **more}


def mail_from_uk(api):
    api.customer = UK
    return api.call("POST", f"{api.users}/{BOTH}/sendActivationEmail")


# The rule, what is sent, and what the explanation says; {users} is the path of the users of the US customer.
PASSING = [
    ("USER-FIELDS", lambda api: api.create("nobody", name="x" * 101), "Set email to 'nobody@example.com' and set displayName to"),
    ("USER-FIELDS", lambda api: api.create(""), "Set email to 'new.user@example.com'."),
    ("USER-FIELDS", lambda api: api.create("a b@@example.com"), "Set email to"),
    ("USER-FIELDS", lambda api: api.create(name=""), "Set displayName to 'New'."),
    ("USER-FIELDS", patch(op("remove", "/displayName")), "Set displayName to 'Person 2'."),
    ("USER-FIELDS", patch(op("replace", "/email", value="ä" * 201)), "Set email to 'new.user@example.com'."),
    ("USER-UNIQUE-EMAIL", lambda api: api.create("ME@example.com"), "Set email to 'ME.2@example.com'."),
    ("USER-UNIQUE-EMAIL", patch(op("replace", "/email", value="phone@example.com")), "Set email to 'phone.2@example.com'."),
    ("ROLE-KNOWN", lambda api: api.create(roles=["customer.setings"]), "Write customer.settings for 'customer.setings'."),
    ("ROLE-KNOWN", lambda api: api.create(roles=["UC client"]), "Write customer.user.uc for 'UC client'."),
    ("ROLE-KNOWN", patch(op("add", "/roles/-", value="Webhooks Admin")), "Write webhooks.admin for 'Webhooks Admin'."),
    ("ROLE-KNOWN", lambda api: api.create(roles=["?!"]), "Leave out '?!'."),
    ("ROLE-KNOWN", lambda api: api.create(roles=[""]), "Leave out ''."),
    ("ROLE-READ-ONLY", lambda api: api.create(roles=[TEAMS]), f"Leave out {TEAMS}."),
    ("ROLE-READ-ONLY", patch(op("add", "/roles/-", value=TEAMS), op("add", "/roles/-", value=ADMIN)), f"Leave out {TEAMS}."),
    ("ROLE-READ-ONLY", patch(op("remove", "/roles/1"), op("add", "/roles/-", value=ADMIN), who=TEAM), f"Keep {TEAMS}."),
    ("ADMIN-LAST", lambda api: api.delete(ADMINISTRATOR), "First make Person 2 <me@example.com> a user administrator."),
    ("ADMIN-LAST", lambda api: api.drop(ADMINISTRATOR, ADMIN), "First make Person 2 <me@example.com> a user administrator."),
    ("ADMIN-LAST", lambda api: api.replace(ADMINISTRATOR, SETTINGS), "First make Person 2 <me@example.com> a user administrator, then"),
    ("ROLE-PREREQUISITE", lambda api: api.add(ME, SOFTPHONE), f"Add {UC} to the roles."),
    ("ROLE-PREREQUISITE", lambda api: api.add(ME, SOFTPHONE, charges=None), f"Add {UC} to the roles and send the header accept-charges: true."),
    ("ROLE-PREREQUISITE", lambda api: api.create(roles=[WORKSPACE, ACD, REMOTE]), f"Add {UC}, {PBX} and {SETTINGS} to the roles."),
    ("ROLE-PREREQUISITE", lambda api: api.replace(ME, ADMIN), f"Keep {WEB}."),
    ("ROLE-PREREQUISITE", lambda api: api.drop(SOFT, UC), f"Take {SOFTPHONE} away too."),
    ("ROLE-SUPERVISOR-EXCLUSIVE", lambda api: (api.add(ME, supervisor(1)), api.add(ME, supervisor(3)))[1], f"Take {supervisor(1)} away."),
    ("ROLE-SUPERVISOR-EXCLUSIVE", lambda api: api.create(roles=[supervisor(1), supervisor(2)]), f"Take {supervisor(1)} away."),
    ("ROLE-SUPERVISOR-EXCLUSIVE", lambda api: api.replace(ME, WEB, supervisor(4), supervisor(5)), f"Take {supervisor(4)} away."),
    ("ROLE-UK-ESSENTIAL", lambda api: api.add(ME, ESSENTIAL), f"Write {PBX} for {ESSENTIAL}."),
    ("ROLE-UK-ESSENTIAL", lambda api: api.create(roles=[ESSENTIAL, ACD]), f"Write {PBX} for {ESSENTIAL}."),
    ("CHARGES-ACCEPTED", lambda api: api.add(ME, UC, charges=None), "Send the header accept-charges: true."),
    ("CHARGES-ACCEPTED", lambda api: api.add(ME, UC, charges="no"), "Send the header accept-charges: true."),
    ("MAIL-PRIMARY", mail_from_uk, f"Name the customer US ({US})."),
    ("DEVICE-OWNED", lambda api: api.device(SOFT, "soft2"), "Name the user's device 'soft'."),
    ("DEVICE-OWNED", lambda api: api.device(ME, "soft"), f"Name Person 5 ({SOFT}), whose device it is."),
    ("DEVICE-OWNED", lambda api: api.device(PHONE, "free", "unassign"), "First let the phone platform report the device 'free' as this user's."),
    ("DEVICE-ROLES", lambda api: api.device(ME, "mine"), f"First give the user {UC} and {SOFTPHONE}."),
    ("DEVICE-CLIENT", lambda api: api.device(SOFT, "soft", client="Desktop"), "Send the clientType 'desktop'."),
    ("DEVICE-CLIENT", sent("PUT", f"{{users}}/{SOFT}/devices/pbx/soft/assign", json={}), "Send the clientType 'desktop'."),
    ("TENANT-ISOLATION", sent("GET", f"{{users}}/{FAR}"), "Name the user Person 1"),
    ("TENANT-ISOLATION", sent("GET", "{users}", token="other"), "Send the token of the caller"),
    ("TENANT-ISOLATION", sent("GET", f"/api/v1.0/customers/{UK}/users/{ME}"), f"Name the customer US ({US})."),
    ("TENANT-ISOLATION", sent("GET", f"/v1.0/accounts/{RESELLER}/customers/{US}/users", token="customer"), "Call the customer without naming an account."),
    ("ROUTE", sent("GET", f"/customers/{US}/users"), f"Call /api/v1.0/customers/{US}/users."),
    ("ROUTE", sent("GET", f"/api/v1/customer/{US}/user/{ME}/"), f"Call /api/v1.0/customers/{US}/users/{ME}."),
    ("ROUTE", sent("POST", f"{{users}}/{ME}/sendActivationMail"), "Call /api/v1.0/customers/"),
    ("WIRE-PREFIXES", sent("GET", f"/api/v1.0/accounts/{OTHER_RESELLER}/customers/{US}/users"), f"Name the account Reseller ({RESELLER})."),
    ("AUTH-REQUIRED", sent("GET", "{users}", token="wrong"), "Send the token of the caller"),
    ("AUTH-REQUIRED", sent("GET", "{users}", token="expired"), "Send the token of the caller"),
    ("AUTH-REQUIRED", sent("GET", "{users}", headers={"Authorization": "good"}), "Send the token as Authorization: Bearer <token>."),
    ("AUTH-SCOPE", sent("GET", "{users}", token="scopeless"), "Send the token of the caller"),
    ("ID-FORMAT", sent("GET", f"{{users}}/{ME[:10]}{ME[11:]}"), f"Name the user Person 2 ({ME})."),
    ("ID-FORMAT", sent("GET", "{users}/me@example.com"), f"Name the user Person 2 ({ME})."),
    ("ID-FORMAT", sent("GET", "/api/v1.0/customers/US/users/Person%202"), f"Name the customer US ({US}) and name the user Person 2 ({ME})."),
    ("ID-FORMAT", sent("GET", f"{{users}}/urn:uuid:{ME}"), f"Name the user Person 2 ({ME})."),
    ("TENANT-UNKNOWN", sent("GET", f"/api/v1.0/customers/{NOBODY}/users/{FAR}", token="other"), f"Name the customer Elsewhere ({ELSEWHERE})."),
    ("TENANT-UNKNOWN", sent("GET", f"/api/v1.0/accounts/{NOBODY}/customers/{US}/users"), f"Name the account Reseller ({RESELLER})."),
    ("USER-UNKNOWN", sent("GET", f"{{users}}/{ME[:-1]}f"), "Name the user Person"),
    ("METHOD-UNKNOWN", sent("PUT", f"{{users}}/{ME}", json={"displayName": "N"}), "Send PATCH in place of PUT and write the members as operations of a JSON Patch."),
    ("METHOD-UNKNOWN", sent("POST", f"{{users}}/{ME}", json=[op("remove", "/roles/1")]), "Send PATCH in place of POST."),
    ("METHOD-UNKNOWN", sent("PUT", "{users}", json={"email": "n@example.com", "displayName": "N"}), "Send POST in place of PUT."),
    ("METHOD-UNKNOWN", sent("PUT", "{users}"), "Send GET in place of PUT."),
    ("MEDIA-TYPE", text('{"email":"n@example.com","displayName":"N"}', "text/plain"), "Send the header Content-Type: application/json."),
    ("MEDIA-TYPE", text("email=n%40example.com&displayName=N", "application/x-www-form-urlencoded"), "Send the header Content-Type: application/json and write the body as JSON."),
    ("BODY-JSON", text("{'email':'n@example.com','displayName':'N'}"), "Write the body as JSON."),
    ("BODY-JSON", text('{"email":"n@example.com","displayName":"N",}'), "Write the body as JSON."),
    ("BODY-JSON", text('{"email":"n@example.com","displayName":"N"'), "Write the body as JSON."),
    ("BODY-JSON", text('{"email":"a@example.com","email":"n@example.com","displayName":"N"}'), "Write the body as JSON."),
    ("BODY-JSON", text(""), "Send a body such as"),
    ("BODY-JSON", text('[{"email":"n@example.com","displayName":"N"}]'), "Send one object, not an array."),
    ("BODY-JSON", text('{"email":"n@example.com","displayName":5,"roles":"customer.user"}'), "Send displayName as a string and roles as an array of strings."),
    ("BODY-JSON", text('{"op":"remove","path":"/roles/1"}', method="PATCH", path=f"{{users}}/{ME}"), "Put the operation into an array."),
    ("BODY-JSON", text('{"displayName":"N"}', method="PATCH", path=f"{{users}}/{ME}"), "Write the members as operations of a JSON Patch."),
    ("BODY-JSON", text('{"email":"n@example.com","displayName":"N","roles":[1,null]}'), "Send roles as an array of strings."),
    ("LIST-PAGING", sent("GET", "{users}?pageSize=5000&pageIndex=-1"), "Send pageSize=1000 and send pageIndex=0."),
    ("LIST-PAGING", sent("GET", "{users}?pageSize=all"), "Send pageSize=1000."),
    ("PATCH-OPERATIONS", patch(op("set", "/displayName", value="N")), "Write the operation 'replace' for 'set'."),
    ("PATCH-OPERATIONS", patch({"path": "/displayName", "value": "N"}), "Give the operation its op, 'replace'."),
    ("PATCH-OPERATIONS", patch({"op": "add", "value": ADMIN}), "Give the operation its path, /roles/-."),
    ("PATCH-OPERATIONS", patch({"op": "add", "Path": "/roles/-", "value": ADMIN}), "Write path for Path."),
    ("PATCH-OPERATIONS", patch(op("replace", "/displayName")), "Give the operation its value, such as 'Person 2'."),
    ("PATCH-OPERATIONS", patch(op("copy", "/displayName")), "Give the operation its from, such as"),
    ("PATCH-TARGET", patch(op("replace", "/display_name", value="N")), "Write the path /displayName for /display_name."),
    ("PATCH-TARGET", patch(op("replace", "/email/0", value="n@example.com")), "Write the path /email for /email/0."),
    ("PATCH-TARGET", patch(op("replace", "/nickname", value="N"), op("remove", "/roles/1")), "Leave out the operation on /nickname."),
    ("PATCH-TEXTS", patch(op("replace", "displayName", value="N")), "Write the path /displayName for 'displayName'."),
    ("PATCH-TEXTS", patch(op("remove", f"/roles/{SETTINGS}")), f"Write the path /roles/1, where {SETTINGS} stands."),
    ("PATCH-TEXTS", patch(op("add", "/roles/9", value=ADMIN)), "Write the path /roles/-, the end of the list."),
    ("PATCH-TEXTS", patch(op("test", "/displayName", value="N")), "Test /displayName for what it is."),
    ("PATCH-TEXTS", patch(op("replace", "/roles", value=WEB)), "Send a list of role keys to /roles."),
    ("PATCH-TEXTS", patch(op("add", "/roles/-", value=[ADMIN, "webhooks.admin"])), "Add role by role."),
    ("PATCH-TEXTS", patch(op("replace", "/displayName", value=5)), "Send a string to /displayName."),
    ("PATCH-READ-ONLY", patch(op("replace", "/id", value=ME), op("remove", "/roles/1")), "Leave out the operation on /id."),
]  # fmt: skip

# Where no change of the request helps, and why.
HOPELESS = [
    ("ROLE-KNOWN", lambda api: api.add(ME, "?!"), "`dimensions-emulator roles` lists the roles there are."),
    ("ROLE-READ-ONLY", lambda api: api.add(ME, TEAMS), "documented as read-only"),
    ("ROLE-READ-ONLY", lambda api: api.drop(TEAM, TEAMS), "documented as read-only"),
    ("PATCH-READ-ONLY", patch(op("replace", "/isParent", value=True)), "set by the server"),
    ("PATCH-TARGET", patch(op("replace", "/nickname", value="N")), "all that can be patched"),
    ("ROUTE", sent("GET", "/nowhere/at/all"), "No path of this API is like it"),
]  # fmt: skip
