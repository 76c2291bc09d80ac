"""YAML text as plain values, with the places where their members stand."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import yaml

from dimensions_emulator.world_schema import Mistake, Place, TextInvalid, shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dimensions_emulator.world_schema import Path

DEEPEST = 100
TOO_DEEP = f"nested too deeply; expected at most {DEEPEST} levels"
LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
TAG = "tag:yaml.org,2002:"
MERGE = f"{TAG}merge"
PLAIN = frozenset(TAG + kind for kind in ("bool", "int", "float", "null", "timestamp", "merge", "value"))
USUAL = PLAIN | {TAG + kind for kind in ("str", "map", "seq")}
WHOLE = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})")
DECIMAL = re.compile(r"[-+]?[0-9]+\.[0-9]+(?:[eE][-+]?[0-9]+)?")
TRUTH = MappingProxyType(
    {**dict.fromkeys(("true", "True", "TRUE"), True), **dict.fromkeys(("false", "False", "FALSE"), False)}
)


def compose(text: str) -> yaml.Node:
    """Read one YAML document as nodes; raises TextInvalid when it is none, or nested too deeply."""
    try:
        _shallow(text)
        node = yaml.compose(text, Loader=LOADER)
    except yaml.reader.ReaderError as error:
        raise TextInvalid(_found(text), f"{error.reason}; expected printable text") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        told = ", ".join(part for part in (error.problem, error.context) if part)
        raise TextInvalid(_place(mark) if mark else None, f"{told}; expected YAML") from None
    if node is None:
        raise TextInvalid(None, "the file is empty; expected a world")
    return node


def _shallow(text: str) -> None:
    """Refuse deep nesting first, because the composer of libyaml would exhaust the stack of the process."""
    depth = 0
    for event in yaml.parse(text, Loader=LOADER):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > DEEPEST:
                raise TextInvalid(_place(event.start_mark), TOO_DEEP)
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _found(text: str) -> Place | None:
    match = yaml.reader.Reader.NON_PRINTABLE.search(text)
    if match is None:
        return None
    before = text[: match.start()]
    return Place(before.count("\n") + 1, match.start() - before.rfind("\n"))


def _place(mark: Any) -> Place:
    return Place(mark.line + 1, mark.column + 1)


class Places:
    """The places of the members of one document, looked up by path."""

    def __init__(self, root: yaml.Node) -> None:
        self._root = root
        self._members: dict[int, Mapping[str | int, tuple[Place, yaml.Node]]] = {}

    def at(self, path: Path) -> Place:
        """Find where a member stands, or the nearest member around it."""
        place, node = _place(self._root.start_mark), self._root
        for step in path:
            found = self._of(node).get(step)
            if found is None:
                break
            place, node = found
        return place

    def _of(self, node: yaml.Node) -> Mapping[str | int, tuple[Place, yaml.Node]]:
        if id(node) not in self._members:
            self._members[id(node)] = {}
            self._members[id(node)] = self._walk(node)
        return self._members[id(node)]

    def _walk(self, node: yaml.Node) -> Mapping[str | int, tuple[Place, yaml.Node]]:
        if isinstance(node, yaml.SequenceNode):
            return {index: (_place(item.start_mark), item) for index, item in enumerate(node.value)}
        if not isinstance(node, yaml.MappingNode):
            return {}
        own: dict[str | int, tuple[Place, yaml.Node]] = {}
        merged: dict[str | int, tuple[Place, yaml.Node]] = {}
        for key, value in node.value:
            if key.tag == MERGE:
                several = value.value if isinstance(value, yaml.SequenceNode) else (value,)
                for one in reversed(several):
                    merged.update(self._of(one))
            elif isinstance(key, yaml.ScalarNode):
                own[key.value] = (_place(key.start_mark), value)
        return merged | own


class Values:
    """The plain value of one document; `mistakes` fills up while it is built."""

    def __init__(self, size: int) -> None:
        self.mistakes: list[Mistake] = []
        self._around: set[int] = set()
        self._left = 10_000 + 10 * size

    def of(self, node: yaml.Node, path: Path = ()) -> Any:
        """Build the value of a node: only true and false are booleans, dates stay text, keys are text.

        Raises TextInvalid when aliases make far more of the document than its text holds.
        """
        self._measure(node)
        if node.tag not in USUAL:
            tag = node.tag.removeprefix(TAG)
            self._add(node, path, f"the tag {tag} has no meaning here; expected a plain value")
            return None
        if isinstance(node, yaml.ScalarNode):
            return scalar(node)
        if id(node) in self._around:
            self._add(node, path, "the alias is part of what it stands for; expected another")
            return None
        self._around.add(id(node))
        built = self._list(node, path) if isinstance(node, yaml.SequenceNode) else self._mapping(node, path)
        self._around.discard(id(node))
        return built

    def _measure(self, node: yaml.Node) -> None:
        self._left -= 1
        if self._left < 0:
            raise TextInvalid(_place(node.start_mark), "the aliases grow without end; expected fewer of them")
        if len(self._around) > DEEPEST:
            raise TextInvalid(_place(node.start_mark), TOO_DEEP)

    def _list(self, node: yaml.Node, path: Path) -> list[Any]:
        return [self.of(item, (*path, index)) for index, item in enumerate(node.value)]

    def _mapping(self, node: yaml.Node, path: Path) -> dict[str, Any]:
        own: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        for key, value in node.value:
            if key.tag == MERGE:
                merged |= self._merged(value, path)
            elif not isinstance(key, yaml.ScalarNode):
                self._add(key, path, "a collection cannot be a key; expected text")
            elif key.value in own:
                self._add(key, (*path, key.value), f"{shown(key.value)} is here twice; expected it once")
            else:
                own[key.value] = self.of(value, (*path, key.value))
        return merged | own

    def _merged(self, node: yaml.Node, path: Path) -> dict[str, Any]:
        parts = [
            self.of(part, path) for part in (node.value if isinstance(node, yaml.SequenceNode) else (node,))
        ]
        if not all(isinstance(part, dict) for part in parts):
            self._add(node, path, "only mappings can be merged; expected the alias of a mapping")
        return {
            key: value for part in reversed(parts) if isinstance(part, dict) for key, value in part.items()
        }

    def _add(self, node: yaml.Node, path: Path, message: str) -> None:
        self.mistakes.append(Mistake(path, message, place=_place(node.start_mark)))


def scalar(node: yaml.ScalarNode) -> str | int | float | bool | None:
    """Read a scalar the way YAML 1.2 has it, so that a country code NO stays text."""
    text: str = node.value
    if node.tag not in PLAIN:
        return text
    if WHOLE.fullmatch(text):
        return int(text)
    if DECIMAL.fullmatch(text):
        return float(text)
    if node.tag == f"{TAG}null":
        return None
    return TRUTH.get(text, text)
