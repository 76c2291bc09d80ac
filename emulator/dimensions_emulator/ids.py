"""Sources of ids: repeatable with a seed, or random."""

from __future__ import annotations

import secrets
from base64 import urlsafe_b64encode
from hashlib import blake2b
from uuid import UUID, uuid4


class RandomIds:
    """Ids that never repeat."""

    def guid(self, number: int) -> str:  # noqa: ARG002  the number serves the seeded source
        return str(uuid4())

    def token(self, number: int) -> str:  # noqa: ARG002
        return secrets.token_urlsafe(24)


class SeededIds:
    """Ids that follow from a seed and a number, so that a world replays with the same ids."""

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def guid(self, number: int) -> str:
        return str(UUID(bytes=self._bytes("user", number, 16), version=4))

    def token(self, number: int) -> str:
        return urlsafe_b64encode(self._bytes("mail", number, 24)).decode()

    def _bytes(self, purpose: str, number: int, size: int) -> bytes:
        return blake2b(f"{self._seed}:{purpose}:{number}".encode(), digest_size=size).digest()
