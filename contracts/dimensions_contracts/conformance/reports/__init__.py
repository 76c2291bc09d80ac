"""Reports of a run, as files."""

from __future__ import annotations

import json
import os
from types import MappingProxyType
from typing import TYPE_CHECKING

from dimensions_contracts.conformance.reports import html, junit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from dimensions_contracts.conformance.reports.document import Document


class NotWritten(Exception):
    """A report that cannot be written; the text is one sentence that says why."""


def _json(document: Document) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


_TEXTS: Mapping[str, Callable[[Document], str]] = MappingProxyType(
    {"junit": junit.text, "json": _json, "html": html.page}
)
KINDS = tuple(_TEXTS)


def check(kind: str, path: Path) -> None:
    """Raise `NotWritten` for what can be known before the run to be in the way of the report."""
    if kind not in KINDS:
        raise NotWritten(f"There is no report of the kind {kind}; choose from {', '.join(KINDS)}.")
    if path.is_dir():
        raise NotWritten(f"The {kind} report cannot be written to {path}, which is a folder; name a file.")
    if not path.parent.is_dir():
        raise NotWritten(
            f"The {kind} report cannot be written to {path}: make the folder {path.parent} first."
        )


def write(kind: str, path: Path, document: Document) -> None:
    """Write the report so that a reader finds the old file or the whole new one; raises `NotWritten`."""
    check(kind, path)
    # A lone surrogate of a broken answer has no UTF-8; its escape is also what JSON calls it.
    content = _TEXTS[kind](document).encode("utf-8", "backslashreplace")
    try:
        _replace(path, content)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise NotWritten(f"The {kind} report cannot be written to {path}: {reason}.") from error


def _replace(path: Path, content: bytes) -> None:
    if path.is_symlink() or (path.exists() and not path.is_file()):
        path.write_bytes(content)  # /dev/stdout and the like are written to, not replaced
        return
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_bytes(content)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
