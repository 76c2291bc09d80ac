"""World files: a user's YAML or JSON file as a world document."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from dimensions_contracts import catalog as catalogue
from dimensions_emulator import world_check, world_json
from dimensions_emulator.world_normal import normalised
from dimensions_emulator.world_schema import Mistake, Place, TextInvalid

if TYPE_CHECKING:
    from collections.abc import Iterable


class Places(Protocol):
    """Where the members of a file stand."""

    def at(self, path: tuple[str | int, ...]) -> Place:
        """Find where a member stands, or the nearest member around it."""


@dataclass(frozen=True, slots=True)
class FileMistake:
    """One mistake in a world file; without a line it is about the whole file."""

    line: int | None
    column: int | None
    where: str
    message: str


class WorldFileInvalid(ValueError):
    """A world file with mistakes, all of them at once and in the order of their lines."""

    def __init__(self, path: Path, mistakes: Iterable[FileMistake]) -> None:
        self.path = path
        self.mistakes = tuple(sorted(mistakes, key=lambda mistake: (mistake.line or 0, mistake.column or 0)))
        super().__init__("\n".join(self._lines()))

    def _lines(self) -> Iterable[str]:
        for mistake in self.mistakes:
            line = f":{mistake.line}" if mistake.line else ""
            where = f" {mistake.where}:" if mistake.where else ""
            yield f"{self.path}{line}:{where} {mistake.message}"


def read(path: Path | str) -> dict[str, Any]:
    """Read a world file as a document in its usual spelling; raises WorldFileInvalid for any mistake."""
    file, catalog = Path(path), catalogue.load()
    text = _text(file)
    try:
        document, flaws, places = _parsed(file, text)
    except TextInvalid as error:
        raise _one(file, error.place, str(error)) from None
    told = {flaw.path for flaw in flaws}
    meant = world_check.mistakes(document, catalog)
    found = [*flaws, *(mistake for mistake in meant if mistake.path not in told)]
    if found:
        raise WorldFileInvalid(file, (_placed(mistake, places) for mistake in found))
    return normalised(document, catalog)


def starter() -> str:
    """Give the text of the commented file that `dimensions-emulator init` writes."""
    return (Path(__file__).parent / "starter.yaml").read_text("utf-8")


def _text(file: Path) -> str:
    try:
        raw = file.read_bytes()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise _one(file, None, f"{reason}; expected a world file in YAML or JSON") from None
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise _one(file, Place(line, 1), "the bytes are not UTF-8; expected a text in UTF-8") from None


def _parsed(file: Path, text: str) -> tuple[Any, list[Mistake], Places]:
    named = file.suffix.lower() == ".json"
    if named or text.lstrip().startswith("{"):
        try:
            return *world_json.load(text), world_json.Places(text)
        except TextInvalid:
            if named:
                raise
    from dimensions_emulator import world_yaml  # noqa: PLC0415  # JSON does without it

    root = world_yaml.compose(text)
    values = world_yaml.Values(len(text))
    return values.of(root), values.mistakes, world_yaml.Places(root)


def _placed(mistake: Mistake, places: Places) -> FileMistake:
    place = mistake.place or places.at(mistake.path)
    return FileMistake(place.line, place.column, "/".join(map(str, mistake.path)), mistake.message)


def _one(file: Path, place: Place | None, message: str) -> WorldFileInvalid:
    line, column = (place.line, place.column) if place else (None, None)
    return WorldFileInvalid(file, [FileMistake(line, column, "", message)])
