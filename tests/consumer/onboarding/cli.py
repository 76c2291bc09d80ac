"""The command line: `python -m onboarding people.csv`."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import requests

from onboarding.customer import Customer
from onboarding.people import FileInvalid, read
from onboarding.rows import Onboarding
from onboarding.transport import ATTEMPTS, TIMEOUT, Patience, Transport

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

DONE, SOME_NOT, UNUSABLE = 0, 1, 2


def main(
    arguments: Sequence[str] | None = None,
    environment: Mapping[str, str] = os.environ,
    sleep: Callable[[float], None] = time.sleep,
    http: requests.Session | None = None,
) -> int:
    """Bring the people of a file on board; 0 if all are, 1 if not, 2 if there was nothing to work with."""
    asked = _parser(environment).parse_args(arguments)
    try:
        people = read(asked.file)
    except FileInvalid as no:
        print(f"{asked.file}: {no}", file=sys.stderr)
        return UNUSABLE
    with http or requests.Session() as session:
        patience = Patience(asked.attempts, asked.timeout, sleep=sleep)
        transport = Transport(asked.base_url, asked.token, patience, session)
        customer = Customer(transport, asked.customer, asked.accept_charges)
        outcomes = []
        for outcome in Onboarding(customer, asked.with_prerequisites, asked.remind).bring(people):
            print(f"{outcome.state:9}  {outcome.email}  {outcome.note}".rstrip(), flush=True)
            outcomes.append(outcome)
    counts = Counter(outcome.state for outcome in outcomes)
    print(", ".join(f"{number} {state}" for state, number in counts.items()) or "nobody to bring on board")
    return DONE if all(outcome.good for outcome in outcomes) else SOME_NOT


def _parser(environment: Mapping[str, str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="onboarding", description=__doc__)
    parser.add_argument(
        "file", type=Path, help="CSV: email, name; roles (with blanks between), device, client"
    )
    for flag, variable, text in (
        ("--base-url", "DIMENSIONS_BASE_URL", "where the API is, up to and with its version"),
        ("--token", "DIMENSIONS_TOKEN", "a token for the customer"),
        ("--customer", "DIMENSIONS_CUSTOMER_ID", "the customer's id"),
    ):
        value = environment.get(variable)
        parser.add_argument(flag, default=value, required=not value, help=f"{text}; or {variable}")
    parser.add_argument("--accept-charges", action="store_true", help="agree to what the roles cost")
    parser.add_argument("--with-prerequisites", action="store_true", help="grant what the roles need as well")
    parser.add_argument(
        "--remind", action="store_true", help="send those who are there another activation mail"
    )
    parser.add_argument("--attempts", type=int, default=ATTEMPTS, help="how often a call is tried")
    parser.add_argument("--timeout", type=float, default=TIMEOUT, help="seconds to wait for an answer")
    return parser
