"""Changes single values of a manifest's text, and leaves every other byte of it as it is: comments, order, spacing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from dossier.errors import UsageError


@dataclass(frozen=True, slots=True)
class Change:
    """A new value of one of an item's keys; an empty one removes the key."""

    item: str
    key: str
    value: str
    number: bool = False


def apply(text: str, changes: Sequence[Change]) -> str:
    """Return a manifest's text with the changes made. Raises UsageError for an item that it does not hold."""
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    items = dict(_items(root)) if isinstance(root, yaml.MappingNode) else {}
    edits: list[tuple[int, int, str]] = []
    for change in changes:
        node = items.get(change.item)
        if node is None:
            raise UsageError(f"the manifest has no item {change.item}", fix="write it into the manifest first")
        edits.append(_edit(text, node, change))
    # Of two that begin at one place, the one that is written first comes first.
    for start, end, new in sorted(edits, key=lambda edit: edit[0], reverse=True):
        text = text[:start] + new + text[end:]
    return text


def append_evidence(text: str, entries: Mapping[str, Sequence[str]]) -> str:
    """Return a manifest's text with further evidence at the end of items' own, by item; entries are YAML in braces.

    Raises UsageError for an item that it does not hold.
    """
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    items = dict(_items(root)) if isinstance(root, yaml.MappingNode) else {}
    edits: list[tuple[int, int, str]] = []
    for id, added in entries.items():
        if id not in items:
            raise UsageError(f"the manifest has no item {id}", fix="write it into the manifest first")
        if added:
            edits.append(_appended(text, items[id], added))
    windows = "\r\n" in text
    for start, end, new in sorted(edits, key=lambda edit: edit[0], reverse=True):
        text = text[:start] + (new.replace("\n", "\r\n") if windows else new) + text[end:]
    return text


def _appended(text: str, node: yaml.MappingNode, added: Sequence[str]) -> tuple[int, int, str]:
    listed = _value(node, "evidence")
    if isinstance(listed, yaml.SequenceNode) and listed.value:
        last = listed.value[-1]
        if listed.flow_style:
            end = last.end_mark.index
            return end, end, "".join(f", {entry}" for entry in added)
        column = listed.start_mark.column
        return _lines_after(text, _last(last), [f"{' ' * column}- {entry}" for entry in added])
    if listed is not None:  # there, and empty
        start, end = listed.start_mark.index, listed.end_mark.index
        return start, end, f"{'' if listed.start_mark.index != listed.end_mark.index else ' '}[{', '.join(added)}]"
    if node.flow_style:
        end = node.value[-1][1].end_mark.index
        return end, end, f", evidence: [{', '.join(added)}]"
    key, last = node.value[-1]
    pad = " " * key.start_mark.column
    return _lines_after(text, _last(last), [f"{pad}evidence:", *(f"{pad}  - {entry}" for entry in added)])


def _last(node: yaml.Node) -> yaml.Node:
    """Return the node that a block ends with: the end of a block itself lies behind the comments after it."""
    while isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        inner = node.value[-1]
        node = inner[1] if isinstance(node, yaml.MappingNode) else inner
    return node


def _lines_after(text: str, node: yaml.Node, lines: Sequence[str]) -> tuple[int, int, str]:
    end = node.end_mark.index
    while node.start_mark.index < end and text[end - 1] in "\r\n ":
        end -= 1  # a block of text ends with the line breaks after it
    end = text.find("\n", end)  # the rest of its line may hold a comment
    end = len(text) if end < 0 else end + 1
    lead = "" if text[:end].endswith("\n") or not end else "\n"
    return end, end, lead + "".join(f"{line}\n" for line in lines)


def scalar(value: str, *, number: bool = False) -> str:
    """Return a value as YAML writes it on one line, in quotes only where it would be read as something else."""
    if number:
        return value
    listed: str = yaml.safe_dump([value], default_flow_style=True, allow_unicode=True, width=10**9)
    return listed.strip().removeprefix("[").removesuffix("]")


def _items(node: yaml.MappingNode) -> Iterator[tuple[str, yaml.MappingNode]]:
    for key, value in node.value:
        if key.value == "items" and isinstance(value, yaml.SequenceNode):
            for item in value.value:
                if isinstance(item, yaml.MappingNode):
                    id = _value(item, "id")
                    if id is not None:
                        yield id.value, item
                    yield from _items(item)


def _value(node: yaml.MappingNode, key: str) -> Any:
    return next((value for one, value in node.value if one.value == key), None)


def _edit(text: str, node: yaml.MappingNode, change: Change) -> tuple[int, int, str]:
    value = _value(node, change.key)
    if value is None:
        return _insertion(text, node, change)
    start, end = value.start_mark.index, value.end_mark.index
    if not change.value:
        return _removal(text, node, change.key)
    new = scalar(change.value, number=change.number)
    # A block scalar ends with the line breaks after it, and those stay.
    kept = re.search(r"\s*\Z", text[start:end])
    return start, end - (len(kept[0]) if kept else 0), new


def _insertion(text: str, node: yaml.MappingNode, change: Change) -> tuple[int, int, str]:
    """Put a new key after the last plain value before ``evidence`` and ``items``."""
    if not change.value:
        return node.start_mark.index, node.start_mark.index, ""
    before = [(key, value) for key, value in node.value if isinstance(value, yaml.ScalarNode)]
    key, value = before[-1]
    line = f"{change.key}: {scalar(change.value, number=change.number)}"
    if node.flow_style:
        return value.end_mark.index, value.end_mark.index, f", {line}"
    end = value.end_mark.index
    if text[end - 1 : end] != "\n":  # the rest of its line may hold a comment
        end = text.find("\n", end)
        end = len(text) if end < 0 else end + 1
    lead = "" if text[:end].endswith("\n") else "\n"
    return end, end, f"{lead}{' ' * key.start_mark.column}{line}\n"


def _removal(text: str, node: yaml.MappingNode, name: str) -> tuple[int, int, str]:
    position = next(number for number, (key, _) in enumerate(node.value) if key.value == name)
    key, value = node.value[position]
    if node.flow_style:
        if position:
            return node.value[position - 1][1].end_mark.index, value.end_mark.index, ""
        after = node.value[position + 1][0].start_mark.index if len(node.value) > 1 else value.end_mark.index
        return key.start_mark.index, after, ""
    start = text.rfind("\n", 0, key.start_mark.index) + 1
    if text[start : key.start_mark.index].strip():  # `- key: value`, the first of its item: the next takes its place
        after = node.value[position + 1][0].start_mark.index if len(node.value) > 1 else value.end_mark.index
        return key.start_mark.index, after, ""
    end = text.find("\n", value.end_mark.index - (text[value.end_mark.index - 1] == "\n"))
    return start, len(text) if end < 0 else end + 1, ""
