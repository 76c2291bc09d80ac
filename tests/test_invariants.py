"""What holds after any sequence of calls."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, rule

from dimensions_contracts import catalog
from dimensions_emulator.domain import document
from dimensions_emulator.domain.prerequisites import missing
from dimensions_emulator.domain.tenant import ADMINISTRATOR, administers
from dimensions_emulator.store.base import DEFAULT_SESSION
from dimensions_emulator.store.memory import MemoryStore
from small_world import ADMIN, NOBODY, TEAMS, UK, US, WEB, emulator, person, user_id

CATALOG = catalog.load()
ROLES = st.sampled_from([*CATALOG.roles, "admin.user", "nonsense"])
SETS = st.lists(ROLES, max_size=6)
CHARGES = st.sampled_from(["true", "true", "true", None])
ADDRESSES = st.integers(0, 9).map(lambda n: f"user{n}@example.com")


class Users(RuleBasedStateMachine):
    known = Bundle("known")

    @initialize()
    def start(self):
        self.store = MemoryStore()
        users = {"admin@example.com": person(1, WEB, ADMIN), "teams@example.com": person(2, WEB, TEAMS)}
        self.api = emulator(users, store=self.store)
        self.before = self.store.read(DEFAULT_SESSION)

    @initialize(target=known)
    def administrator(self):
        return US, user_id(1)

    def act(self, answer):
        """A refusal changes nothing, and nothing is ever our own fault."""
        assert answer.status < 500, answer.message
        world = self.store.read(DEFAULT_SESSION)
        if answer.status >= 400:
            assert world is self.before
            assert answer.rule
        self.before = world
        return answer

    @rule(target=known, customer=st.sampled_from([US, UK]), email=ADDRESSES, roles=SETS, charges=CHARGES)
    def create(self, customer, email, roles, charges):
        self.api.customer = customer
        answer = self.act(self.api.create(email, roles, charges=charges))
        return (customer, answer.data["id"]) if answer.status == 201 else (customer, NOBODY)

    @rule(who=known, role=ROLES, charges=CHARGES)
    def add(self, who, role, charges):
        self.api.customer = who[0]
        self.act(self.api.add(who[1], role, charges=charges))

    @rule(who=known, roles=SETS, charges=CHARGES)
    def replace(self, who, roles, charges):
        self.api.customer = who[0]
        self.act(self.api.replace(who[1], *roles, charges=charges))

    @rule(
        who=known, at=st.integers(0, 5), op=st.sampled_from(["remove", "move", "copy"]), to=st.integers(0, 5)
    )
    def by_index(self, who, at, op, to):
        self.api.customer = who[0]
        operation = {"op": op, "path": f"/roles/{at}", "from": f"/roles/{to}"}
        self.act(self.api.patch(who[1], operation))

    @rule(who=known, email=ADDRESSES)
    def readdress(self, who, email):
        self.api.customer = who[0]
        self.act(self.api.patch(who[1], {"op": "replace", "path": "/email", "value": email.upper()}))

    @rule(who=consumes(known))
    def delete(self, who):
        self.api.customer = who[0]
        self.act(self.api.delete(who[1]))

    @rule(customer=st.sampled_from([US, UK]), email=ADDRESSES, agent=st.booleans())
    def bring_in(self, customer, email, agent):
        users = [{"email": email, "displayName": "Imported", "agent": agent, "devices": [{"id": email[:5]}]}]
        self.act(self.api.control(f"platform/{customer}/import", "POST", json={"users": users}))

    @invariant()
    def roles_obey_the_rules(self):
        for tenant in self.before.tenants.values():
            for member in tenant.members.values():
                roles = member.roles
                assert len(set(roles)) == len(roles)
                assert set(roles) <= set(CATALOG.roles)
                assert not list(missing(CATALOG, roles))
                assert sum(role in CATALOG.groups["supervisor"] for role in roles) <= 1

    @invariant()
    def an_administrator_remains(self):
        assert any(administers(member.roles) for member in self.before.tenants[US].members.values())

    @invariant()
    def the_read_only_role_stays_where_it_is(self):
        holders = [u for u, m in self.before.tenants[US].members.items() if TEAMS in m.roles]
        assert holders == ([user_id(2)] if user_id(2) in self.before.users else [])

    @invariant()
    def the_indexes_are_what_counting_gives(self):
        world = self.before
        assert dict(world.emails.items()) == {user.email.lower(): user.id for user in world.users.values()}
        for tenant in world.tenants.values():
            held = [member.roles for member in tenant.members.values()]
            counts = {role: sum(role in roles for roles in held) for role in tenant.counts}
            assert dict(tenant.counts.items()) == counts
            assert tenant.administrators == sum(set(ADMINISTRATOR) <= set(roles) for roles in held)
            ids = list(tenant.user_ids())
            assert sorted(ids) == sorted(tenant.members)
            assert ids == sorted(ids, key=lambda user: world.users[user].sequence)
            assert all(tenant.customer.id in world.users[user].tenants for user in ids)
        for owner, keys in world.owned.items():
            assert all(world.devices[key].owner == owner for key in keys)
        assert sum(len(keys) for keys in world.owned.values()) == sum(
            d.owner is not None for d in world.devices.values()
        )

    @invariant()
    def an_export_loads_as_the_same_world(self):
        exported = document.dump(self.before)
        assert document.dump(document.load(exported)) == exported


Users.TestCase.settings = settings(max_examples=60, stateful_step_count=25)
TestUsers = Users.TestCase
