"""A customer's users, over the Customer Users API."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from onboarding.transport import Failed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from onboarding.people import Person
    from onboarding.transport import Transport

PAGE = 1000


@dataclass(frozen=True, slots=True)
class Customer:
    """The users of one customer; `charges` is the reseller's consent to what changes cost."""

    transport: Transport
    id: str
    charges: bool = False

    def users(self) -> Iterator[dict[str, Any]]:
        """All users, without their roles."""
        for index in count():
            page = self._call("GET", f"?pageIndex={index}&pageSize={PAGE}")
            yield from page
            if len(page) < PAGE:
                return

    def find(self, email: str) -> dict[str, Any] | None:
        """The user of that address, as the service has it now."""
        return next((user for user in self.users() if user["email"].casefold() == email.casefold()), None)

    def roles(self, user_id: str) -> list[str]:
        """The roles that the user holds."""
        return list(self._call("GET", f"/{user_id}")["roles"])

    def create(self, person: Person, roles: tuple[str, ...]) -> str:
        """The id of a new user; after an answer that got lost the service is asked whether the user is there."""
        body = {"email": person.email, "displayName": person.name, "roles": list(roles)}
        user = self._call("POST", "", body, look=lambda: self.find(person.email))
        return str(user["id"])

    def grant(self, user_id: str, roles: tuple[str, ...]) -> None:
        """Add the roles, all or none; a role granted twice is held once, so that this can be repeated."""
        self._call(
            "PATCH", f"/{user_id}", [{"op": "add", "path": "/roles/-", "value": role} for role in roles]
        )

    def assign(self, user_id: str, device: str, client: str) -> None:
        """Make the device the user's softphone, which it may be already."""
        path = f"/{user_id}/devices/pbx/{quote(device, safe='')}/assign"
        self._call("PUT", path, {"clientType": client})

    def remind(self, user_id: str) -> None:
        """Send the activation mail once more, and never twice."""

        def unsure() -> None:
            raise Failed("the activation mail may have been sent or not")

        self._call("POST", f"/{user_id}/sendActivationEmail", look=unsure)

    def _call(self, method: str, path: str, body: Any = None, **more: Any) -> Any:
        headers = {"accept-charges": "true"} if self.charges and method != "GET" else {}
        return self.transport.call(
            method, f"/customers/{self.id}/users{path}", body=body, headers=headers, **more
        )
