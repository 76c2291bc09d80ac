"""However much clients put into headers and bodies, the memory stays bounded."""

import gc
import resource
from itertools import chain, islice, repeat

import pytest

from raw_http import LIMIT, connected, is_envelope, raw_server, request

MILLION = 1_000_000
MIB = 1024
A_HEADER = b"X-Filler: " + b"x" * 100 + b"\r\n"
A_CHUNK = b"64\r\n" + b"x" * 100 + b"\r\n"
AT_ONCE = 500


@pytest.fixture(scope="module")
def server():
    with raw_server() as running:
        yield running


def growth(act, number):
    """How many KiB the memory of this process at most grows by when so much is sent."""
    act(AT_ONCE)  # what is made once is made before
    gc.collect()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    act(number)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before


def pieces(piece, number):
    return repeat(piece * AT_ONCE, number // AT_ONCE)


def test_a_million_headers_leave_no_more_than_the_largest_head(server):
    hung_up = []

    def send(number):
        left = pieces(A_HEADER, number)
        for first in left:
            with connected(server) as wire:
                try:
                    for piece in chain((request()[:-2], first), left):
                        wire.send(piece)
                except ConnectionError:
                    hung_up.append(wire)

    assert growth(send, MILLION) < 16 * MIB
    assert len(hung_up) > 5


def test_a_body_of_a_million_chunks_is_refused_without_being_in_memory(server):
    head = request("POST", Content_Type="application/json", Transfer_Encoding="chunked")
    answers = []

    def send(number):
        with connected(server) as wire:
            for piece in chain((head,), pieces(A_CHUNK, number), (b"0\r\n\r\n",)):
                wire.send(piece)
            answers.append(wire.answer())

    assert growth(send, MILLION) < 16 * MIB
    assert [status for status, _, _ in answers] == [413, 413]
    assert all(is_envelope(body) for _, _, body in answers)


def test_a_million_pieces_of_bodies_with_a_length_are_refused_without_being_in_memory(server):
    size = 200_000
    answers = []

    def send(number):
        left = iter(pieces(b"x" * 100, number))
        with connected(server) as wire:
            while body := b"".join(islice(left, size // (100 * AT_ONCE))):
                wire.send(request("POST", body=body))
                answers.append(wire.answer()[0])

    assert size > LIMIT
    assert growth(send, MILLION) < 16 * MIB
    assert answers == [413] * (1 + 100 * MILLION // size)


def test_a_body_that_never_ends_is_hung_up_on(server):
    head = request("POST", Content_Type="application/json", Transfer_Encoding="chunked")
    chunk = b"100000\r\n" + b"x" * (1 << 20) + b"\r\n"
    sent = []

    def send(number):
        sent.clear()
        with connected(server) as wire:
            try:
                wire.send(head)
                for _ in range(number):
                    wire.send(chunk)
                    sent.append(1)
            except ConnectionError:
                return

    assert growth(send, 1000) < 16 * MIB
    assert 257 <= len(sent) < 300
