"""A server in this process with an application made for a test."""

from __future__ import annotations

from contextlib import contextmanager

from dimensions_emulator.server import Server


@contextmanager
def stub_server(application, host="127.0.0.1", **options):
    running = Server(host, 0, max_body=4096, **options)
    running.serve(application)
    try:
        yield running
    finally:
        running.stop()


def answering(body=b"fine", **headers):
    """An application that always answers the same."""

    def application(environ, start_response):
        named = [(name.replace("_", "-"), value) for name, value in headers.items()]
        start_response("200 OK", [("Content-Length", str(len(body))), *named])
        return [body]

    return application
