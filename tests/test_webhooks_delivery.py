import asyncio
import hashlib
import hmac
import socket
import ssl
import threading
from time import monotonic, sleep

import pytest
import trustme

from dimensions_emulator import NAME
from dimensions_emulator.domain import ticks
from dimensions_emulator.sandbox import posting
from dimensions_emulator.sandbox.clock import Clock
from dimensions_emulator.sandbox.courier import Courier
from dimensions_emulator.sandbox.webhooks import Delivery, Wanted, Webhooks
from mail_server import free_port
from receiver import (
    babbling,
    breaking_off,
    closing,
    dripping,
    hanging,
    keeping,
    receiving,
    redirecting,
    shouting,
    tersely,
    until,
)
from small_world import user_id


class Desk:
    """The webhooks of a session, whose courier does not wait between attempts but notes how long it would."""

    def __init__(self, timeout=5.0, pause=None):
        self.waits = []

        async def note(seconds):
            self.waits.append(seconds)

        self.courier = Courier(pause=pause or note, timeout=timeout)
        self.hooks = Webhooks("mine", Clock(ticks.now), self.courier)
        self.events = 0

    def add(self, url, **more):
        return self.hooks.add(Wanted(url, **more))

    def tell(self, event="created", number=1):
        self.events += 1
        self.hooks.take(self.events, f"user.{event}", user_id(number))

    def settled(self):
        until(lambda: all(delivery.state != "waiting" for delivery in self.hooks.deliveries()))
        return self.hooks.deliveries()


@pytest.fixture
def desk():
    desk = Desk()
    yield desk
    desk.courier.close()


def test_a_receiver_gets_the_documented_payload_and_nothing_more(desk):
    with receiving() as receiver:
        webhook = desk.add(receiver.url)
        desk.tell("updated", 7)
        (delivery,) = desk.settled()
    ((request, _),) = receiver.got

    assert receiver.payloads == [{"triggerID": webhook.id, "id": user_id(7), "event": "updated"}]
    assert (request.command, request.path) == ("POST", "/hooks?of=test")
    assert request.headers["Content-Type"] == "application/json"
    assert request.headers["Host"] == f"127.0.0.1:{receiver.port}"
    assert request.headers["User-Agent"] == NAME
    assert request.headers["X-Emulator-Session"] == "mine"
    assert request.headers["X-Emulator-Delivery"] == str(delivery.id)
    assert request.headers["X-Emulator-Attempt"] == "1"
    assert "X-Emulator-Signature" not in request.headers
    assert (delivery.state, delivery.next_try, desk.waits) == ("delivered", None, [])
    assert [(attempt.status, attempt.reason) for attempt in delivery.attempts] == [(200, None)]


def test_deliveries_come_in_the_order_of_the_events_even_where_one_is_tried_again(desk):
    with receiving(200, 500, 500, 200, 503) as receiver:
        desk.add(receiver.url, retries=2)
        for number in range(20):
            desk.tell(number=number)
        desk.settled()

    ids = [payload["id"] for payload in receiver.payloads]
    assert list(dict.fromkeys(ids)) == [user_id(number) for number in range(20)]
    assert ids == sorted(ids)
    assert len(ids) == 23
    attempts = [request.headers["X-Emulator-Attempt"] for request, _ in receiver.got]
    assert attempts[:7] == ["1", "1", "2", "3", "1", "2", "1"]


def test_each_wait_is_two_seconds_longer_than_the_one_before(desk):
    with receiving(*[500] * 11) as receiver:
        desk.add(receiver.url, retries=10)
        desk.tell()
        (delivery,) = desk.settled()

    assert desk.waits == [2.0, 4.0, 6.0, 8.0, 10.0, 12.0, 14.0, 16.0, 18.0, 20.0]
    assert delivery.state == "failed"
    assert [attempt.reason for attempt in delivery.attempts] == ["it answered 500"] * 11
    assert len(receiver.got) == 11


def test_a_delivery_without_retries_is_tried_once(desk):
    with receiving(500) as receiver:
        desk.add(receiver.url, retries=0)
        desk.tell()
        desk.tell()
        states = [delivery.state for delivery in desk.settled()]

    assert (states, desk.waits, len(receiver.got)) == (["failed", "delivered"], [], 2)


def test_a_delivery_is_tried_once_more_unless_told_otherwise(desk):
    with receiving(500, 500) as receiver:
        webhook = desk.add(receiver.url)
        desk.tell()
        desk.settled()

    assert (len(receiver.got), desk.waits) == (2, [2.0])
    assert (webhook.delivered, webhook.failed, webhook.waiting) == (0, 1, 0)


@pytest.mark.parametrize(
    ("act", "status", "reason"),
    [
        (closing, None, "it closed the connection before it had answered"),
        (breaking_off, None, "it closed the connection before it had answered"),
        (babbling, None, "its answer is not HTTP"),
        (shouting, None, "its answer is not HTTP"),
        (redirecting, 307, "it answered 307; redirects are not followed"),
        (404, 404, "it answered 404"),
        (hanging, None, "no answer within 0.2 s"),
        (dripping, None, "no answer within 0.2 s"),
    ],
)
def test_what_is_no_good_answer_is_told_and_tried_again(act, status, reason):
    desk = Desk(timeout=0.2)
    with receiving(act) as receiver:
        desk.add(receiver.url, retries=10)
        desk.tell()
        (delivery,) = desk.settled()
        desk.courier.close()
    first, *_, last = delivery.attempts

    assert (first.status, first.reason, last.status, last.reason) == (status, reason, 200, None)
    assert (delivery.state, len(receiver.got)) == ("delivered", len(delivery.attempts))


def test_a_receiver_that_does_not_listen_is_told(desk):
    desk.add(f"http://127.0.0.1:{free_port()}/hooks")
    desk.tell()
    (delivery,) = desk.settled()

    assert [attempt.reason for attempt in delivery.attempts] == ["nobody listens there"] * 2
    assert delivery.state == "failed"


def test_a_host_that_is_not_known_is_told(desk):
    desk.add("http://nowhere.invalid/", retries=0)
    desk.tell()
    (delivery,) = desk.settled()

    assert delivery.state == "failed"
    assert delivery.attempts[0].reason


def test_a_receiver_without_tls_is_told_where_tls_is_wanted(desk):
    with receiving() as receiver:
        desk.add(f"https://127.0.0.1:{receiver.port}/", retries=0)
        desk.tell()
        (delivery,) = desk.settled()

    assert delivery.attempts[0].reason.startswith("TLS: ")


def test_the_shortest_answer_will_do(desk):
    with receiving(tersely) as receiver:
        desk.add(receiver.url)
        desk.tell()
        (delivery,) = desk.settled()

    assert (delivery.state, delivery.attempts[0].status) == ("delivered", 200)


@pytest.mark.parametrize(
    "rest",
    [
        b"200 OK\r\nContent-Length: 2\r\n\r\nok",
        b"200 OK\r\nContent-Length: 0\r\n\r\n",
        b"204 No Content\r\n\r\n",
        b"200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;of=test\r\nok\r\n0\r\n\r\n",
        b"200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffff\r\n" + b"x" * (posting.READ + 2),
        b"200 OK\r\nContent-Length: many\r\n\r\n",
    ],
    ids=["length", "empty", "no-content", "chunked", "endless", "nonsense"],
)
def test_a_receiver_that_keeps_its_connection_open_has_answered_all_the_same(rest):
    desk = Desk(timeout=5.0)
    with receiving(keeping(b"HTTP/1.1 " + rest), keeping(b"HTTP/1.1 " + rest)) as receiver:
        desk.add(receiver.url, retries=0)
        desk.tell()
        desk.tell()
        begun = monotonic()
        states = [delivery.state for delivery in desk.settled()]
        desk.courier.close()

    assert states == ["delivered"] * 2
    assert monotonic() - begun < 4


@pytest.mark.parametrize(
    "rest", [b"Content-Length: 9\r\n\r\nok", b"Transfer-Encoding: chunked\r\n\r\n9\r\nok", b"\r\n"]
)
def test_an_answer_whose_body_breaks_off_is_an_answer(desk, rest):
    def short(_, handler):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n" + rest)
        handler.close_connection = True

    with receiving(short) as receiver:
        desk.add(receiver.url)
        desk.tell()
        (delivery,) = desk.settled()

    assert (delivery.state, len(delivery.attempts)) == ("delivered", 1)


def test_proxies_of_the_environment_are_not_used(desk, monkeypatch):
    with receiving() as receiver, receiving() as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        desk.add(receiver.url)
        desk.tell()
        desk.settled()

    assert (len(receiver.got), len(proxy.got)) == (1, 0)


def test_a_secret_signs_the_body(desk):
    with receiving() as receiver:
        desk.add(receiver.url, secret="päss")
        desk.tell()
        desk.settled()
    ((request, body),) = receiver.got

    digest = hmac.new("päss".encode(), body, hashlib.sha256).hexdigest()
    assert request.headers["X-Emulator-Signature"] == f"sha256={digest}"


def test_only_the_events_that_are_wanted_are_delivered(desk):
    with receiving() as receiver:
        desk.add(receiver.url, events=("deleted",))
        desk.add(receiver.url, entity="Customer")
        for event in ("created", "updated", "deleted"):
            desk.tell(event)
        desk.settled()

    assert [payload["event"] for payload in receiver.payloads] == ["deleted"]


def test_a_stuck_receiver_holds_up_nobody_else(desk):
    with receiving(hanging) as stuck, receiving() as quick:
        desk.add(stuck.url)
        desk.add(quick.url)
        for number in range(10):
            desk.tell(number=number)
        stuck.until(1)
        quick.until(10)

        assert len(stuck.got) == 1


def test_a_webhook_that_is_removed_hears_nothing_any_more(desk):
    with receiving(hanging) as receiver:
        webhook = desk.add(receiver.url)
        desk.tell()
        desk.tell()
        receiver.until(1)

        assert desk.hooks.remove(webhook.id)
        desk.tell()
        states = [delivery.state for delivery in desk.settled()]

    assert states == ["cancelled"] * 2
    assert (len(receiver.got), desk.hooks.remove(webhook.id)) == (1, False)


def test_a_webhook_can_be_removed_while_it_waits_for_another_try():
    held = threading.Event()

    async def pause(_):
        held.set()
        await asyncio.Future()

    desk = Desk(pause=pause)
    with receiving(500) as receiver:
        webhook = desk.add(receiver.url)
        desk.tell()
        assert held.wait(5)
        (delivery,) = desk.hooks.deliveries()
        state, wait = delivery.state, delivery.next_try - delivery.attempts[0].at
        desk.hooks.remove(webhook.id)
        until(lambda: not desk.courier._posting._tasks)
        desk.courier.close()

    assert state == "waiting"
    assert 2 * ticks.SECOND <= wait < 4 * ticks.SECOND
    assert (delivery.state, delivery.next_try, len(delivery.attempts)) == ("cancelled", None, 1)


def test_a_delivery_that_comes_too_late_for_a_removed_webhook_is_cancelled(desk):
    webhook = desk.add("http://127.0.0.1:9/")
    desk.hooks.remove(webhook.id)
    delivery = Delivery(1, webhook.id, 1, "created", user_id(1), 0)

    assert not webhook.put(delivery)
    assert (delivery.state, webhook.waiting) == ("cancelled", 0)


def test_the_end_of_a_session_ends_its_deliveries(desk):
    with receiving(hanging) as receiver:
        desk.add(receiver.url)
        desk.tell()
        receiver.until(1)
        desk.hooks.close()

        assert [delivery.state for delivery in desk.settled()] == ["cancelled"]
        assert desk.hooks.all == ()


def couriers():
    return [thread for thread in threading.enumerate() if thread.name == "webhooks"]


def test_a_stop_does_not_wait_for_a_stuck_receiver(desk):
    before = couriers()
    with receiving(hanging) as receiver:
        desk.add(receiver.url)
        desk.tell()
        receiver.until(1)
        assert len(couriers()) == len(before) + 1
        started = monotonic()
        desk.courier.close()

        assert monotonic() - started < 1
        assert couriers() == before
        desk.add(receiver.url)
        desk.tell()
        desk.courier.close()
    assert len(receiver.got) == 1


def test_there_is_no_thread_before_the_first_delivery(desk):
    before = couriers()
    desk.add("http://127.0.0.1:9/")

    assert couriers() == before


def test_a_certificate_that_is_trusted_is_accepted(desk, tmp_path, monkeypatch):
    authority = trustme.CA()
    trusted = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(trusted))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    with receiving() as receiver:
        receiver.server.socket = context.wrap_socket(receiver.server.socket, server_side=True)
        url = f"https://localhost:{receiver.port}/"
        desk.add(url, retries=0)
        desk.tell()
        refused = desk.settled()[0].attempts[0].reason
        monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
        other = Desk()
        other.add(url, retries=0)
        other.tell()
        (delivery,) = other.settled()
        other.courier.close()

    assert refused.startswith("TLS: ")
    assert delivery.state == "delivered"


def test_no_more_than_some_attempts_are_made_at_once(desk, monkeypatch):
    monkeypatch.setattr(posting, "AT_ONCE", 2)
    with receiving(hanging, hanging, hanging) as receiver:
        for _ in range(3):
            desk.add(receiver.url, retries=0)
        desk.tell()
        receiver.until(2)
        sleep(0.1)

        assert len(receiver.got) == 2


def test_many_commits_at_once_lose_no_delivery(desk):
    with receiving() as receiver:
        desk.add(receiver.url)
        threads = [threading.Thread(target=lambda: [desk.tell() for _ in range(50)]) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        desk.settled()

    numbers = [int(request.headers["X-Emulator-Delivery"]) for request, _ in receiver.got]
    assert sorted(numbers) == list(range(1, 401))


def test_a_name_that_is_looked_up_for_long_keeps_neither_deliveries_nor_the_end(desk, monkeypatch):
    released, look, before = threading.Event(), socket.getaddrinfo, set(threading.enumerate())

    def slow(host, *rest, **more):
        if host == "slow.example":
            released.wait(20)
        return look(host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    try:
        desk.add("http://slow.example/", retries=0)
        with receiving() as receiver:
            desk.add(receiver.url)
            desk.tell()
            receiver.until(1)
        begun = monotonic()
        desk.courier.close()

        assert monotonic() - begun < 1
        assert all(thread.daemon for thread in set(threading.enumerate()) - before)
    finally:
        released.set()


def test_a_host_that_can_be_no_name_is_told(desk):
    desk.add(f"http://{'a' * 64}.example/", retries=0)
    desk.tell()
    (delivery,) = desk.settled()

    assert delivery.attempts[0].reason == "its host is no name"
