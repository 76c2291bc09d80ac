"""The users of a customer, by way of the API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dimensions_emulator.testing import names
from dimensions_emulator.testing.line import segment
from dimensions_emulator.testing.records import User

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dimensions_emulator.testing.line import Line


class Users:
    """What a test prepares and looks at; journal and coverage tell of the app under test alone.

    Every change accepts charges unless told otherwise. All methods raise `Refused`; what was refused can be
    explained only if it is `in_journal()`.
    """

    def __init__(self, line: Line, customer_id: str | None = None, *, noted: bool = False) -> None:
        self._line = line
        self._customer = customer_id
        self._noted = noted

    def of(self, customer_id: str) -> Users:
        """The users of another customer."""
        return Users(self._line, customer_id, noted=self._noted)

    def in_journal(self) -> Users:
        """The same users; these calls are told of like those of the app under test."""
        return Users(self._line, self._customer, noted=True)

    def list(self) -> list[User]:
        """All users of the customer, without their roles."""
        return [User.of(data) for data in self._call("GET", "")]

    def get(self, user_id: str) -> User:
        return User.of(self._call("GET", f"/{segment(user_id)}"))

    def find(self, email: str) -> User | None:
        """The user with this address, if there is one; with roles."""
        wanted = email.casefold()
        return next((self.get(user.id) for user in self.list() if user.email.casefold() == wanted), None)

    def create(
        self,
        email: str,
        roles: Iterable[str] = (),
        *,
        display_name: str | None = None,
        accept_charges: bool = True,
    ) -> User:
        """A new user, named after the address if no name is given."""
        name = email.partition("@")[0].title() if display_name is None else display_name
        body = {
            "email": email,
            "displayName": name,
            "roles": names.texts(roles, "roles is a list of role keys"),
        }
        return User.of(self._call("POST", "", body, charges=accept_charges))

    def patch(self, user_id: str, *operations: dict[str, Any], accept_charges: bool = True) -> User:
        """Apply operations of a JSON Patch; the user as it is afterwards."""
        self._call("PATCH", f"/{segment(user_id)}", list(operations), charges=accept_charges)
        return self.get(user_id)

    def grant(self, user_id: str, *roles: str, accept_charges: bool = True) -> User:
        """Add roles."""
        given = names.texts(roles, "grant() takes role keys one by one")
        added = [{"op": "add", "path": "/roles/-", "value": role} for role in given]
        return self.patch(user_id, *added, accept_charges=accept_charges)

    def revoke(self, user_id: str, *roles: str) -> User:
        """Take roles away; those that the user does not hold are none of its roles afterwards either."""
        lost = names.texts(roles, "revoke() takes role keys one by one")
        kept = [role for role in self.get(user_id).roles if role not in lost]
        return self.patch(user_id, {"op": "replace", "path": "/roles", "value": kept})

    def delete(self, user_id: str) -> None:
        self._call("DELETE", f"/{segment(user_id)}")

    def assign(self, user_id: str, device_id: str, client_type: str = "desktop") -> None:
        """Tie a device of the user to a client type."""
        self._device(user_id, device_id, "assign", client_type)

    def unassign(self, user_id: str, device_id: str, client_type: str = "desktop") -> None:
        self._device(user_id, device_id, "unassign", client_type)

    def send_activation_mail(self, user_id: str) -> None:
        self._call("POST", f"/{segment(user_id)}/sendActivationEmail")

    def send_welcome_mail(self, user_id: str) -> None:
        """Send the welcome mail of the UC client."""
        self._call("POST", f"/{segment(user_id)}/sendUConnectActivationEmail")

    def _device(self, user_id: str, device_id: str, act: str, client_type: str) -> None:
        path = f"/{segment(user_id)}/devices/pbx/{segment(device_id)}/{act}"
        self._call("PUT", path, {"clientType": client_type})

    def _call(self, method: str, path: str, body: Any = None, *, charges: bool = False) -> Any:
        headers = {
            **({} if self._noted else {"X-Emulator-Journal": "off"}),
            **({"accept-charges": "true"} if charges else {}),
        }
        return self._line.api(method, path, body, customer=self._customer, headers=headers)
