"""What goes wrong between a test and its emulator."""

from __future__ import annotations


class EmulatorError(Exception):
    """Something that a test asked of its emulator did not come about."""


class StartFailed(EmulatorError):
    """The emulator did not start; the message has the server's reasons, one a line."""


class Refused(EmulatorError):
    """An answer that says no, of the API or of the control plane.

    `rule` is the rule that refused and `error_code` the code of the API, where there is one.
    """

    def __init__(
        self,
        call: str,
        status: int,
        message: str,
        error_code: str | None,
        rule: str | None,
        request_id: str | None,
    ) -> None:
        named = " ".join(filter(None, [str(status), error_code]))
        by = ", ".join(
            f"{what} {value}"
            for what, value in (("rule", rule), ("request", request_id))
            if value is not None
        )
        super().__init__(
            f"{call} was refused with {named}: {message or 'no reason given'}{by and f' ({by})'}"
        )
        self.status = status
        self.message = message
        self.error_code = error_code
        self.rule = rule
        self.request_id = request_id
