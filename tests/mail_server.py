"""Real mail servers, polite or broken, for a relay under test."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import contextmanager

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP

from dimensions_emulator.domain.models import Mail
from dimensions_emulator.post.relay import Relay
from dimensions_emulator.post.rendering import MailRenderer

SECRET = "s3cret-Activation_token"
MAIL = Mail(
    id=1,
    kind="activation",
    customer="customer",
    user_id="user",
    to="ada@mail.example",
    display_name="Ada Example",
    origin="http://127.0.0.1:4020",
    token=SECRET,
    sent=15_750_433_639_251_680,
)
RENDER = MailRenderer().render


class Inbox:
    """What a mail server makes of the commands it gets, kept for the test to look at."""

    def __init__(self, recipients=(), data=(), content=()):
        self.answers_to_recipients = list(recipients)
        self.answers_to_data = list(data)
        self.answers_to_content = list(content)
        self.mails = []
        self.sessions = set()
        self.attempts = 0
        self.farewell = threading.Event()

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: ARG002, N802  # aiosmtpd calls it so
        self.attempts += 1
        answer = self.answers_to_recipients.pop(0) if self.answers_to_recipients else "250 OK"
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server, session, envelope):  # noqa: ARG002, N802  # aiosmtpd calls it so
        answer = self.answers_to_content.pop(0) if self.answers_to_content else "250 OK"
        if answer.startswith("250"):
            self.sessions.add(session.peer)
            self.mails.append(envelope)
        return answer

    async def handle_QUIT(self, server, session, envelope):  # noqa: ARG002, N802  # aiosmtpd calls it so
        self.farewell.set()
        return "221 Bye"

    @property
    def recipients(self):
        return [address for envelope in self.mails for address in envelope.rcpt_tos]


class Dialogue(SMTP):
    """A dialogue in which the command DATA itself may be refused."""

    async def smtp_DATA(self, arg):  # noqa: N802  # aiosmtpd calls it so
        if self.event_handler.answers_to_data:
            await self.push(self.event_handler.answers_to_data.pop(0))
        else:
            await super().smtp_DATA(arg)


class Server(Controller):
    """A controller that may be given port 0 and then knows the port it got."""

    def factory(self):
        return Dialogue(self.handler, **self.SMTP_kwargs)

    def _trigger_server(self):
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@contextmanager
def serving(inbox, port=0, **options):
    server = Server(inbox, hostname="127.0.0.1", port=port, **options)
    server.start()
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def relaying(port, render=RENDER, **options):
    relay = Relay("127.0.0.1", port, render, **{"waits": (0.02, 0.04), **options})
    try:
        yield relay
    finally:
        relay.close(2.0)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def until(relay, seconds=10.0, **expected):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        status = relay.status()
        if expected.items() <= status.items():
            return status
        time.sleep(0.005)
    pytest.fail(f"{expected} expected, {relay.status()} found")


@contextmanager
def hanging_server():
    """A server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]
