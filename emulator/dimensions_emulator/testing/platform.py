"""The phone platform from which users come."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dimensions_emulator.testing import names
from dimensions_emulator.testing.errors import EmulatorError
from dimensions_emulator.testing.line import segment
from dimensions_emulator.testing.records import Device, Imported

if TYPE_CHECKING:
    from dimensions_emulator.testing.line import Line

USER = {"email": "email", "display_name": "displayName", "agent": "agent", "devices": "devices"}
DEVICE = ("id", "name", "extension")


class Platform:
    """The phone platform of a customer, of the first one that the token opens unless told otherwise."""

    def __init__(self, line: Line, customer_id: str | None = None) -> None:
        self._line = line
        self._customer = customer_id

    def of(self, customer_id: str) -> Platform:
        """The phone platform of another customer."""
        return Platform(self._line, customer_id)

    def import_users(self, *users: Mapping[str, Any]) -> list[Imported]:
        """Bring users in, all of them or none; who is on the system already gains roles and devices.

        A user is `{"email", "display_name", "agent", "devices": [{"id", "name", "extension"}]}`, of which the
        address will do, as its id alone will for a device. Raises `Refused`.
        """
        reported = {"users": [_user(user) for user in users]}
        return [Imported.of(data) for data in self._call("POST", "import", reported)]

    def devices(self) -> list[Device]:
        """All devices, and what they are tied to."""
        return [Device.of(data) for data in self._call("GET", "devices")]

    def _call(self, method: str, act: str, body: Mapping[str, Any] | None = None) -> Any:
        customer = self._customer or self._line.tenancy.customer_id
        if customer is None:
            raise EmulatorError("no token of this world opens a customer; name one with platform.of()")
        return self._line.control(method, f"platform/{segment(customer)}/{act}", body)


def _user(user: Mapping[str, Any]) -> dict[str, Any]:
    """A user as the control plane takes it, named after the address if no name is given."""
    if not isinstance(user, Mapping):
        raise TypeError(f"import_users() takes users one by one, each a dict; not {user!r}")
    names.check(user, USER, "a user of the platform")
    name = str(user.get("email", "")).partition("@")[0].title()
    devices = [_device(device) for device in user.get("devices", ())]
    named = {"display_name": name, **user, "devices": devices}
    return {USER[name]: value for name, value in named.items()}


def _device(device: str | Mapping[str, Any]) -> Mapping[str, Any]:
    if isinstance(device, str):
        return {"id": device}
    names.check(device, DEVICE, "a device")
    return device
