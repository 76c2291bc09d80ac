"""The yardstick: a Flask route that does nothing, behind the emulator's own server."""

from __future__ import annotations

import json
import signal

from flask import Flask, Response

from dimensions_emulator.server import Server

USERS = "/api/v1.0/customers/<customer_id>/users"
BODY = b'{"status":"success","timestamp":"2019-11-29T16:03:23.9251680Z"}'


def create_noop() -> Flask:
    """Build an application with the routes that are measured and a constant answer."""
    app = Flask("noop", static_folder=None)

    def answer(**_: str) -> Response:
        return Response(BODY, content_type="application/json; charset=utf-8")

    app.add_url_rule(USERS, "users", answer, methods=["GET", "POST"])
    app.add_url_rule(f"{USERS}/<user_id>", "user", answer, methods=["GET", "PATCH"])
    return app


def main() -> None:
    server = Server("127.0.0.1", 0, max_body=1 << 20)
    server.serve(create_noop().wsgi_app)
    print(json.dumps({"url": f"http://127.0.0.1:{server.port}"}), flush=True)
    signal.pause()


if __name__ == "__main__":
    main()
