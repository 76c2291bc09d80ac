import socket

import pytest

from dimensions_emulator import channels, listening, tls
from raw_http import USERS, connected, raw_server, request
from stub_server import answering, stub_server

resource = pytest.importorskip("resource")


def ipv6():
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


@pytest.mark.parametrize(
    ("soft", "hard", "given", "asked"),
    [
        (2048, 4096, 500, None),
        (1024, 4096, 500, (1064, 4096)),
        (256, resource.RLIM_INFINITY, 500, (1064, resource.RLIM_INFINITY)),
        (256, 300, 118, (300, 300)),
        (256, 256, 96, (256, 256)),
        (80, 80, 8, (80, 80)),
        (32, 32, 8, (32, 32)),
        (resource.RLIM_INFINITY, resource.RLIM_INFINITY, 500, None),
    ],
)
def test_as_many_connections_are_taken_as_the_system_has_files_for_with_a_long_body_each(
    soft, hard, given, asked, monkeypatch
):
    sent = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: (soft, hard))
    monkeypatch.setattr(resource, "setrlimit", lambda _, limits: sent.append(limits))

    assert listening.connections(500) == given
    assert sent == ([] if asked is None else [asked])


@pytest.mark.parametrize(
    ("host", "shown"),
    [("localhost", "localhost"), ("::1", "[::1]"), ("::", "[::1]"), ("0.0.0.0", "127.0.0.1")],
)
def test_a_host_is_shown_as_clients_can_call_it(host, shown):
    assert listening.reachable(host) == shown


@pytest.mark.skipif(not ipv6(), reason="needs IPv6")
def test_over_ipv6_the_certificate_fits_and_links_without_a_host_have_brackets():
    identity = tls.identity("::1", (), None)

    def application(environ, start_response):
        place = f"{environ['wsgi.url_scheme']}://{environ['SERVER_NAME']}:{environ['SERVER_PORT']}"
        return answering(place.encode())(environ, start_response)

    context = tls.ssl.create_default_context(cadata=identity.authority.decode())
    with (
        stub_server(application, host="::1", tls=identity) as server,
        socket.create_connection(("::1", server.port)) as raw,
        context.wrap_socket(raw, server_hostname="::1") as connection,
    ):
        connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
        received = b""
        while part := connection.recv(4096):
            received += part

    assert received.endswith(f"https://[::1]:{server.port}".encode())


def test_an_answer_comes_in_one_packet(monkeypatch):
    sent, send = [], channels.Channel.send

    def noted(self, data, *rest, **named):
        sent.append(bytes(data))
        return send(self, data, *rest, **named)

    monkeypatch.setattr(channels.Channel, "send", noted)
    with raw_server() as server, connected(server) as wire:
        for target in (USERS, "/nothing", "/_emulator/uc-client"):
            wire.send(request(target=target)).answer()

    assert [(packet[:9], packet.endswith((b"}", b"</html>\n", b"</html>"))) for packet in sent] == [
        (b"HTTP/1.1 ", True)
    ] * 3


def test_a_large_answer_comes_whole():
    body = b"x" * 1_000_000
    with stub_server(answering(body)) as server, connected(server) as wire:
        assert wire.send(request()).answer()[2] == body
        assert wire.send(request()).answer()[2] == body
