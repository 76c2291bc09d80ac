"""Serves a mutant, lists them, or scores the suite against them: `python -m mutants --help`."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time

from dimensions_emulator.server import Server
from dimensions_emulator.settings import Settings

from .catalogue import MUTANTS

OFFICE = {
    "token": "emulator-token-reseller",
    "customer": "cccccccc-0000-4000-8000-000000000001",
    "account": "aaaaaaaa-0000-4000-8000-000000000001",
}


def main(arguments):
    parser = argparse.ArgumentParser(prog="python -m mutants", description=__doc__)
    parser.add_argument(
        "name", nargs="?", help="the mutant to serve, score, or each for those named on standard input"
    )
    parser.add_argument("--list", action="store_true", help="print the mutants and their rules")
    parser.add_argument("--port", type=int, default=0, help="where to serve; 0 takes any free port")
    parser.add_argument("--jobs", type=int, default=2, help="how many mutants are scored at once")
    parser.add_argument("--only", default="", help="score those whose name matches this pattern")
    parser.add_argument(
        "--sources", default="cases,tables,grid,coverage", help="the suite's sources to score with"
    )
    parser.add_argument("--whole", action="store_true", help="run all cases against each from the start")
    chosen = parser.parse_args(arguments)
    if chosen.list:
        for mutant in MUTANTS:
            print(f"{mutant.name:<42} {' or '.join(mutant.rules):<34} {mutant.why}")
        return 0
    if chosen.name == "score":
        from . import scoring  # noqa: PLC0415  a server does without the suite

        return scoring.main(MUTANTS, chosen.only, chosen.jobs, chosen.sources, whole=chosen.whole)
    if chosen.name == "each":
        return serve_each(sys.stdin)
    mutant = next((mutant for mutant in MUTANTS if mutant.name == chosen.name), None)
    if mutant is None:
        parser.error(f"there is no mutant {chosen.name!r}; --list names them")
    return serve(mutant, chosen.port)


def serve(mutant, port):
    """Answer until the process that started this one ends, so that an interrupted score leaves nothing."""
    starter = os.getppid()
    started(mutant, port)
    while os.getppid() == starter:
        time.sleep(0.5)
    return 0


def serve_each(names):
    """Serve each mutant named by a line, one after the other, until the lines end."""
    server = None
    for name in names:
        if server is not None:
            server.stop()
        server = started(next(mutant for mutant in MUTANTS if mutant.name == name.strip()), 0)
    return 0


def started(mutant, port):
    """Start a server and print where it answers."""
    settings = Settings(seed=1, port=port)
    server = Server(settings.host, port, max_body=settings.max_body)
    server.serve(mutant.make(settings).wsgi_app)
    line = {"ready": True, "url": f"http://{settings.host}:{server.port}", **OFFICE, "mutant": mutant.name}
    print(json.dumps(line), flush=True)
    return server


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
