"""A receiver of webhooks that answers as it is told."""

from __future__ import annotations

import json
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PATIENCE = 10.0


class Receiver:
    """Keeps what it gets; answers each request by the next of its acts, then by 200."""

    def __init__(self, *acts):
        self.acts = list(acts)
        self.got = []
        self.released = threading.Event()
        self._came = threading.Condition()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.answer(self, body)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/hooks?of=test"
        self._thread = threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def answer(self, handler, body):
        with self._came:
            self.got.append((handler, body))
            act = self.acts.pop(0) if self.acts else 200
            self._came.notify_all()
        if callable(act):
            act(self, handler)
            return
        handler.send_response(act)
        handler.send_header("Content-Length", "2")
        handler.end_headers()
        handler.wfile.write(b"ok")

    @property
    def payloads(self):
        return [json.loads(body) for _, body in self.got]

    def until(self, count):
        """Wait for so many requests in all."""
        with self._came:
            assert self._came.wait_for(lambda: len(self.got) >= count, PATIENCE), f"only {len(self.got)} came"

    def close(self):
        self.released.set()
        self.server.shutdown()
        self.server.server_close()
        self._thread.join()


@contextmanager
def receiving(*acts):
    receiver = Receiver(*acts)
    try:
        yield receiver
    finally:
        receiver.close()


def hanging(receiver, handler):
    """Answer only when the test is over."""
    receiver.released.wait()
    handler.close_connection = True


def closing(_, handler):
    """Close without a word."""
    handler.close_connection = True


def breaking_off(_, handler):
    """Close within the head of the answer."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Le")
    handler.close_connection = True


def dripping(receiver, handler):
    """Never come to the end of the head, but never be silent either."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    while not receiver.released.wait(0.02):
        try:
            handler.wfile.write(b"X: y\r\n")
        except OSError:
            break
    handler.close_connection = True


def babbling(_, handler):
    handler.wfile.write(b"220 mail.example ESMTP\r\n")
    handler.close_connection = True


def shouting(_, handler):
    """Never end the line."""
    handler.wfile.write(b"HTTP/1.1 200 " + b"O" * 200_000)
    handler.close_connection = True


def redirecting(receiver, handler):
    handler.send_response(307)
    handler.send_header("Location", receiver.url)
    handler.end_headers()


def tersely(_, handler):
    """Answer as people do with printf and nc."""
    handler.wfile.write(b"HTTP/1.1 103 Early Hints\n\nHTTP/1.1 200\n\n")
    handler.close_connection = True


def keeping(answer):
    """Answer so, and keep the connection open though the sender asked for its end."""

    def act(receiver, handler):
        handler.wfile.write(answer)
        receiver.released.wait()
        handler.close_connection = True

    return act


def until(fact):
    deadline = time.monotonic() + PATIENCE
    while not fact():
        assert time.monotonic() < deadline, "in vain"
        time.sleep(0.005)
