"""Reads YAML that somebody sent, as plain data of objects, lists, texts, numbers, true, false and null.

Scalars follow YAML 1.2: `on`, `no` and `22:30` are texts, so that no word of a rule turns into something else.
Invariant: the cost is bounded by the limits here, not by the document. The parser's events are counted while they
come; what an alias stands for counts each time it is used, so that a bomb of aliases ends where it would go off.
"""

import re
from dataclasses import dataclass, field
from typing import Final, NoReturn

import yaml

from dispatch.documents.place import line_and_column, refused_at, step

_SHOWN: Final = 40
# The C parser is many times as fast; a build of PyYAML without it reads the same.
_PARSER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_WHOLE: Final = re.compile(r"[-+]?[0-9]{1,18}")
_FRACTION: Final = re.compile(r"[-+]?(\.[0-9]{1,40}|[0-9]{1,40}(\.[0-9]{0,40})?)([eE][-+]?[0-9]{1,3})?")
_WORDS: Final = {
    "": None,
    "~": None,
    "null": None,
    "Null": None,
    "NULL": None,
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
}


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one document may hold: values in all, entries of one list or object, levels."""

    nodes: int = 1_000_000
    entries: int = 50_000
    depth: int = 64


STRICT: Final = Limits()
"""For what comes from outside."""
WIDE: Final = Limits(nodes=50_000_000, entries=5_000_000)
"""For files of the machine's own administrator: whole directories."""


def read_yaml(raw: bytes | str, limits: Limits = STRICT) -> object:
    """Read one document.

    Raises:
        InvalidRequestError: it is no YAML, or too much of it; says line, column and JSON pointer.
    """
    text = _decoded(raw)
    reader = _Reader(limits)
    try:
        for event in yaml.parse(text, Loader=_PARSER):
            reader.take(event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        words = " ".join(filter(None, (error.context, error.problem)))
        raise refused_at("invalid_yaml", words, (mark.line, mark.column) if mark else (0, 0), reader.pointer) from None
    except yaml.YAMLError as error:
        # What cannot stand in any text: the reader says where by counting, not by line.
        place = line_and_column(text[: getattr(error, "position", 0) or 0])
        raise refused_at("invalid_yaml", "a character that may not stand in YAML", place, reader.pointer) from None
    return reader.document


def _decoded(raw: bytes | str) -> str:
    if isinstance(raw, str):
        return raw
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        place = line_and_column(raw[: error.start].decode(errors="replace"))
        raise refused_at("invalid_yaml", "this is not UTF-8", place, "") from None


@dataclass(slots=True)
class _Open:
    """An object or list that is being read. `size` counts the nodes in it, each as often as it is used."""

    value: dict[object, object] | list[object]
    anchor: str | None
    size: int = 1
    key: object = None
    has_key: bool = False

    @property
    def step(self) -> str:
        """Give the step of the JSON pointer that leads to what is read next."""
        if isinstance(self.value, list):
            return step(len(self.value))
        return step(self.key) if self.has_key else ""


@dataclass(slots=True)
class _Reader:
    """Builds the data out of the parser's events, without recursion."""

    limits: Limits
    document: object = None
    nodes: int = 0
    documents: int = 0
    open: list[_Open] = field(default_factory=list)
    anchored: dict[str, tuple[object, int]] = field(default_factory=dict)

    @property
    def pointer(self) -> str:
        return "".join(entry.step for entry in self.open)

    def take(self, event: yaml.Event) -> None:
        match event:
            case yaml.ScalarEvent():
                self._scalar(event)
            case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                self._begin(event)
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                self._end(event)
            case yaml.AliasEvent():
                self._alias(event)
            case yaml.DocumentStartEvent():
                self.documents += 1
                if self.documents > 1:
                    self._refuse(event, "many_documents", "one document is expected, another one begins here")

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        self._check_tag(event)
        value = event.value if event.style else _scalar(event.value)
        self._count(event, 1)
        self._place(event, value, 1, event.anchor)

    def _begin(self, event: yaml.MappingStartEvent | yaml.SequenceStartEvent) -> None:
        self._check_tag(event)
        if len(self.open) >= self.limits.depth:
            self._refuse(event, "too_deep", f"nested more than {self.limits.depth} deep")
        if self._awaits_key:
            self._refuse(event, "wrong_key", "a key is a text, not an object or a list")
        self._count(event, 1)
        self.open.append(_Open({} if isinstance(event, yaml.MappingStartEvent) else [], event.anchor))

    def _end(self, event: yaml.Event) -> None:
        ended = self.open.pop()
        self._place(event, ended.value, ended.size, ended.anchor)

    def _alias(self, event: yaml.AliasEvent) -> None:
        anchor = event.anchor or ""
        if anchor not in self.anchored:
            self._refuse(event, "unknown_alias", f"*{anchor[:_SHOWN]} stands for nothing that ended before it")
        value, size = self.anchored[anchor]
        self._count(event, size)
        self._place(event, value, size, None)

    def _place(self, event: yaml.Event, value: object, size: int, anchor: str | None) -> None:
        """Put what was read where it belongs: the document, a list, a key or the value of a key."""
        if anchor is not None:
            self.anchored[anchor] = value, size
        if not self.open:
            self.document = value
            return
        holder = self.open[-1]
        holder.size += size
        if isinstance(holder.value, list):
            holder.value.append(value)
        elif holder.has_key:
            holder.value[holder.key] = value
            holder.has_key = False
        else:
            self._key(event, holder, value)

    def _key(self, event: yaml.Event, holder: _Open, key: object) -> None:
        if not isinstance(key, str):
            self._refuse(event, "wrong_key", "a key is a text: put it into quotes")
        if key == "<<":
            self._refuse(event, "merge_key", "merging with << is not read: write the keys out")
        if key in holder.value:
            self._refuse(event, "duplicate_key", f"the key {key[:_SHOWN]!r} stands here a second time")
        holder.key, holder.has_key = key, True

    @property
    def _awaits_key(self) -> bool:
        return bool(self.open) and isinstance(self.open[-1].value, dict) and not self.open[-1].has_key

    def _count(self, event: yaml.Event, size: int) -> None:
        self.nodes += size
        if self.nodes > self.limits.nodes:
            detail = f"more than {self.limits.nodes} values, counting what aliases stand for"
            self._refuse(event, "too_many", detail)
        if self.open and len(self.open[-1].value) >= self.limits.entries:
            self._refuse(event, "too_many", f"more than {self.limits.entries} entries in one list or object")

    def _check_tag(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent) -> None:
        if event.tag is not None:
            self._refuse(event, "unknown_tag", f"tags such as {event.tag[:_SHOWN]} are not read: plain data only")

    def _refuse(self, event: yaml.Event, code: str, detail: str) -> NoReturn:
        mark = event.start_mark
        raise refused_at(code, detail, (mark.line, mark.column) if mark else (0, 0), self.pointer)


def _scalar(text: str) -> object:
    """Resolve a scalar without quotes as YAML 1.2 does; a number too long for one stays a text."""
    if text in _WORDS:
        return _WORDS[text]
    if _WHOLE.fullmatch(text):
        return int(text)
    return float(text) if _FRACTION.fullmatch(text) else text
