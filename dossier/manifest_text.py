"""Changes single values of a manifest's text, and leaves every other byte of it as it is: comments, order, spacing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
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
