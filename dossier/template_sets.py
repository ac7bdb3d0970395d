"""Finds template sets, and reads what they say of the book's look besides their Word files: ``set.yaml``.

A set is a folder of Word templates. With ``extends: official`` in its ``set.yaml`` it takes whatever it lacks,
templates and settings alike, from another set. A manifest overrides the settings of its set.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar, get_args

from pydantic import BaseModel, BeforeValidator, Field, ValidationError

from dossier import yaml_source
from dossier.convert.style import CaptionStyle, Look
from dossier.errors import ManifestError, Problem, SetError, TemplateError
from dossier.fields import MM, FontSize, ItemId, Language, Line, Margin, Misfit, Name, as_line, guess, item_id, whole
from dossier.manifest import Draft, Manifest, Numbering, Page, Section
from dossier.sources import sha256_of
from dossier.yaml_source import Mapping, Plain, follow, place_of, shorten

SETTINGS: Final = "set.yaml"
"""The file of a set's settings."""
HOW_TO: Final = "READ-ME-FIRST.docx"
"""A Word file for the author of a set, which is no template."""

_PACKAGE = Path(__file__).resolve().parent
_SHIPPED = (_PACKAGE / "data" / "templates", _PACKAGE.parent / "templates")
_MOST_SETS = 10  # of a chain that extend one another
_LOOK = frozenset({".docx", ".png", ".jpg", ".jpeg"})
_Path = tuple[int | str, ...]


# --- what set.yaml may say -----------------------------------------------------------------------------------------


def _pattern(*names: str) -> BeforeValidator:
    """Take text that shows each of ``names`` in braces, and nothing else in braces."""
    wanted = " and ".join(f"{{{name}}}" for name in names)

    def check(value: object) -> str:
        line = as_line(value)
        if sorted(re.findall(r"\{(.*?)\}", line)) != sorted(names) or line.count("{") != len(names):
            raise Misfit("bad-pattern", f"`{shorten(line)}` does not show {wanted}, once each", f"write {wanted} in it")
        return line

    return BeforeValidator(check)


def _set_name(value: object) -> str:
    name = item_id(value)
    if name in (".", ".."):
        raise Misfit("bad-id", f"`{name}` is not the name of a set", "name a shipped set, or a folder beside this one")
    return name


class Fonts(Section):
    """The faces of text and Markdown evidence; Word templates say themselves what they are set in."""

    body: Name = Field("仿宋_GB2312", description="of text")
    heading: Name = Field("黑体", description="of headings, Latin letters and all")
    latin: Name = Field("Times New Roman", description="of Latin letters and digits in text")


class Margins(Section):
    """The margins of text and Markdown evidence, in points."""

    top: Margin = Field(30 * MM, description="like 37mm")
    right: Margin = Field(26 * MM, description="like 26mm")
    bottom: Margin = Field(30 * MM, description="like 35mm")
    left: Margin = Field(28 * MM, description="like 28mm")


class Captions(Section):
    """The text under the photos of a photo sheet."""

    font: Name = Field("仿宋", description="its face")
    size: FontSize = Field(12.0, description="its size, like 12pt")
    lines: Annotated[int, *whole(1, 9)] = Field(3, description="the most lines that one caption may have")


class Words(Section):
    """What is said of pages and dates in the language of the set."""

    cite: Annotated[Name, _pattern("n")] = Field("见第{n}页", description="what `cite` says; {n} is the page")
    date: Name = Field("YYYY年M月D日", description="how the first and last day of the dossier's period are written")
    period: Annotated[Name, _pattern("from", "to")] = Field(
        "{from}至{to}", description="the time that the dossier covers; {from} and {to} are its first and last day"
    )


class Style(Section):
    """All that a ``set.yaml`` may say. What a manifest has as well, the manifest overrides key by key."""

    extends: Annotated[str, BeforeValidator(_set_name)] = Field("", description="the set that this one is based on")
    language: Language = Field("zh-CN", description="language of the binder, as a tag like en")
    page: Page = Field(default_factory=Page, description="the sheet that everything is bound on")
    numbering: Numbering = Field(default_factory=Numbering, description="how page numbers run and look")
    draft: Draft = Field(default_factory=Draft, description="how an incomplete binder is marked")
    fonts: Fonts = Field(default_factory=Fonts, description="the faces of text and Markdown evidence")
    margins: Margins = Field(default_factory=Margins, description="the margins of text and Markdown evidence")
    captions: Captions = Field(default_factory=Captions, description="the text under photos")
    words: Words = Field(default_factory=Words, description="how pages are cited and dates written")
    labels: tuple[ItemId, ...] = Field((), description="labels to print beside the binder, such as spine")
    values: dict[Name, Line] = Field(
        default_factory=dict, description="`values` that its templates show, with defaults"
    )


# --- sets ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TemplateSet:
    """A template set: ``folders`` are its own and those of the sets that it extends, nearest first.

    ``sha256`` is that of the names and bytes of all that can show in a book, inherited or not.
    """

    name: str
    folders: tuple[Path, ...]
    sha256: str
    style: Style

    @property
    def folder(self) -> Path:
        """The set's own folder."""
        return self.folders[0]

    @property
    def names(self) -> tuple[str, ...]:
        """The templates of the set, without ``.docx``."""
        return tuple(sorted(self._files))

    @property
    def _files(self) -> dict[str, Path]:
        return {path.stem: path for folder in reversed(self.folders) for path in word_files(folder)}

    def path(self, template_name: str) -> Path:
        """Return the Word file of a template such as ``cover``. Raises TemplateError where the set has none."""
        found = self._files
        if template_name in found:
            return found[template_name]
        raise TemplateError(
            f"template set {self.name!r} has no template {template_name!r}; it has {', '.join(sorted(found))}",
            fix=_suggest(template_name, found, f"put {template_name}.docx into {self.folder}"),
        )

    def title(self, template_name: str) -> str:
        """Return how an index calls a template's document: the Word file's title property, else its name.

        Raises TemplateError as :meth:`path` does, and for a file that is not a Word document.
        """
        from dossier import templates  # noqa: PLC0415 - checking fills none, and what fills them is slow to load

        return templates.title(self.path(template_name)) or template_name

    @property
    def look(self) -> Look:
        """What text and Markdown evidence is set in."""
        faces, sides = self.style.fonts, self.style.margins
        return Look(faces.body, faces.heading, faces.latin, sides.top, sides.right, sides.bottom, sides.left)

    @property
    def captions(self) -> CaptionStyle:
        """How photo sheets look: as ``photos.docx`` has it, but for what ``set.yaml`` says of captions.

        Raises TemplateError where that file cannot be used.
        """
        style = self.style.captions
        look = CaptionStyle(style.font, style.size, style.lines)
        pattern = self._files.get("photos")
        if pattern is None:
            return look
        from dossier import photosheet  # noqa: PLC0415 - it reads Word files, which takes long to load

        given = {key: getattr(style, key) for key in style.model_fields_set & {"font", "size"}}
        return replace(photosheet.read(pattern, look, self.style.language), **given)

    def complete(self, manifest: Manifest) -> Manifest:
        """Return the manifest with what it leaves open filled in from the set.

        Raises ManifestError where the two together give lengths that do not fit the page.
        """
        style = self.style
        given: dict[str, Any] = {
            "page": _over(style.page, manifest.page),
            "numbering": _over(style.numbering, manifest.numbering),
            "draft": _over(style.draft, manifest.draft),
        }
        if "language" not in manifest.model_fields_set:
            given["language"] = style.language
        if "labels" not in manifest.model_fields_set:
            given["labels"] = style.labels
        completed = manifest.model_copy(update={**given, "values": {**style.values, **manifest.values}})
        page = completed.page
        if page.gutter > page.width / 3 or completed.numbering.bottom > page.height / 3:
            message = (
                f"`page` and `numbering` do not fit together with what the template set {self.name!r} says of them"
            )
            fix = "write `page: {size: …, gutter: …}` and `numbering: {bottom: …}` in the manifest"
            raise ManifestError(
                f"{manifest.path} cannot be used: 1 problem",
                [Problem("bad-length", message, fix, where=str(manifest.path))],
            )
        return completed


def available() -> list[str]:
    """Return the names of the shipped template sets."""
    folders = (folder for root in _SHIPPED if root.is_dir() for folder in root.iterdir())
    return sorted({folder.name for folder in folders if _is_set(folder)})


def find_set(name: str, beside: Path) -> TemplateSet:
    """Find a template set: a folder of Word files in the folder ``beside``, else a shipped set.

    A folder that only holds a ``set.yaml`` is a set too, if that extends another. Raises TemplateError where there is
    none, and SetError where the settings of the set, or of one that it extends, are wrong.
    """
    folders: list[Path] = []
    styles: list[Style] = []
    wanted, where = name, "`template_set` in the manifest"
    while wanted:
        folder = _find(wanted, beside, folders, where)
        style, line = _read_style(folder)
        folders.append(folder)
        styles.append(style)
        wanted, where = style.extends, f"`extends` in {folder / SETTINGS}:{line}"
        if len(folders) > _MOST_SETS:
            raise TemplateError(
                f"{where}: more than {_MOST_SETS} sets extend one another", fix="put their templates together"
            )
    style = styles[-1]
    for nearer in reversed(styles[:-1]):
        style = _over(style, nearer)
    found = TemplateSet(name, tuple(folders), _digest(folders), style)
    if not found.names:
        raise TemplateError(
            f"the template set {folders[0]} has no Word files", fix="copy the .docx files of a shipped set into it"
        )
    return found


def _find(name: str, beside: Path, chain: Sequence[Path], where: str) -> Path:
    """Return the folder of a set; one that is in the chain already extends another of its own name, or itself."""
    own = beside / name
    candidates = [
        folder for folder in (own, *(root / name for root in _SHIPPED if name in available())) if _is_set(folder)
    ]
    for folder in candidates:
        if folder not in chain:
            return folder
    if candidates:
        raise TemplateError(f"{where}: the sets extend one another in a ring", fix="delete one `extends`")
    if own.is_dir():
        raise TemplateError(
            f"the template set {own} has no Word files", fix="copy the .docx files of a shipped set into it"
        )
    raise TemplateError(
        f"there is no template set {name!r}: neither shipped ({', '.join(available())}) nor a folder in {beside}",
        fix=_suggest(name, available(), f"correct {where}"),
    )


def _is_set(folder: Path) -> bool:
    return bool(word_files(folder)) or (folder / SETTINGS).is_file()


def word_files(folder: Path) -> list[Path]:
    """Return the templates in a folder: its Word files, but for the how-to and what Word itself keeps there."""
    if not folder.is_dir():
        return []
    # Word keeps a lock file ~$name.docx beside every document that is open.
    return sorted(path for path in folder.glob("*.docx") if path.name != HOW_TO and not path.name.startswith("~$"))


def _digest(folders: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for number, folder in enumerate(folders):
        if number:
            digest.update(b"extends\0")
        for path in _looks(folder):
            try:
                inside = sha256_of(path)
            except OSError as error:
                raise TemplateError(f"{path} cannot be read: {error.strerror}", fix="check its permissions") from error
            digest.update(f"{path.relative_to(folder).as_posix()}\0{inside}\0".encode())
    return digest.hexdigest()


def _looks(folder: Path) -> Iterator[Path]:
    """Yield the files of a set that a book can show: templates, pictures, settings."""
    for path in sorted(folder.rglob("*")):
        shown = path.suffix.lower() in _LOOK and path.name[0] not in "~." and path.name != HOW_TO
        if (shown or path == folder / SETTINGS) and path.is_file():
            yield path


def _suggest(name: str, known: Iterable[str], otherwise: str) -> str:
    close = get_close_matches(name, list(known), n=1)
    return f"did you mean {close[0]!r}?" if close else otherwise


_M = TypeVar("_M", bound=BaseModel)


def _over(base: _M, own: _M) -> _M:
    """Return ``base`` with all that ``own`` gives in its place, key by key."""
    update: dict[str, Any] = {}
    for key in own.model_fields_set:
        before, given = getattr(base, key), getattr(own, key)
        if isinstance(given, BaseModel):
            update[key] = _over(before, given)
        elif isinstance(given, dict):
            update[key] = {**before, **given}
        else:
            update[key] = given
    return base.model_copy(update=update)


# --- reading set.yaml ----------------------------------------------------------------------------------------------


def _read_style(folder: Path) -> tuple[Style, int]:
    """Return the settings of a set, and the line of its ``extends``. Raises SetError."""
    path = folder / SETTINGS
    if not path.is_file():
        return Style(), 0
    try:
        with path.open("rb") as file:
            data = file.read(yaml_source.MAX_BYTES + 1)
    except OSError as error:
        raise TemplateError(f"{path} cannot be read: {error.strerror}", fix="check the file's permissions") from error
    source = yaml_source.parse(data, str(path))
    problems = [problem for problem in source.problems if problem.code != "yaml-empty"]
    root = source.root
    if root is None:
        if problems:
            raise _wrong(path, problems)
        return Style(), 0
    try:
        style = Style.model_validate(root)
    except ValidationError as error:
        problems += [_problem(root, found, str(path)) for found in error.errors(include_url=False)]
    if problems:
        raise _wrong(path, problems)
    return style, root.key_places["extends"].line if "extends" in root.key_places else 0


def _wrong(path: Path, problems: Sequence[Problem]) -> SetError:
    def place(problem: Problem) -> tuple[int, ...]:
        found = re.search(r":(\d+):(\d+)$", problem.where)
        return tuple(map(int, found.groups())) if found else ()

    told = list(dict.fromkeys(sorted(problems, key=place)))
    count = "1 problem" if len(told) == 1 else f"{len(told)} problems"
    return SetError(f"{path} cannot be used: {count}", told)


def _problem(root: Mapping, found: Any, name: str) -> Problem:
    """Put an error of pydantic's into our words."""
    path, kind = found["loc"], found["type"]
    cause = found.get("ctx", {}).get("error")
    if isinstance(cause, Misfit) and cause.key:
        path = (*path, cause.key)
    there = path[: len(follow(root, path)) - 1]
    key = next((step for step in reversed(there) if isinstance(step, str)), "")
    if isinstance(cause, Misfit):
        code, message, fix = cause.code, f"`{key}`: {cause.message}", cause.fix
    elif kind == "extra_forbidden":
        known = _keys(path[:-1])
        near = guess(str(path[-1]), known)
        code, message = "unknown-key", f"unknown key `{shorten(str(path[-1]))}`"
        fix = f"did you mean `{near}`?" if near else f"delete it; known here are {', '.join(known)}"
    elif kind == "literal_error":
        options = re.findall("'([^']+)'", found["ctx"]["expected"])
        code, message = "bad-choice", f"`{key}`: `{shorten(str(found['input']))}` is not a choice"
        fix = f"write {' or '.join(options)}"
    elif kind in ("model_type", "model_attributes_type", "dict_type"):
        code, message, fix = "yaml-type", f"`{key}` is not made of `key: value`", "write `key: value` lines"
    elif kind in ("tuple_type", "list_type"):
        code, message, fix = "yaml-type", f"`{key}` is not a list", f"write [{shorten(_text(found['input']))}]"
    else:
        code, message, fix = "bad-value", f"`{key}`: {found['msg']}", "see templates/README.md for what may stand here"
    place = place_of(root, there, key=kind == "extra_forbidden")
    return Problem(code, message, fix, where=f"{name}:{place.line}:{place.column}")


def _text(value: object) -> str:
    return value.text if isinstance(value, Plain) else str(value)


def _keys(path: Sequence[int | str]) -> list[str]:
    """Return the keys that may stand where a path leads."""
    model: type[BaseModel] = Style
    for step in path:
        annotation = model.model_fields[str(step)].annotation
        options = [annotation, *get_args(annotation)]
        model = next(option for option in options if isinstance(option, type) and issubclass(option, BaseModel))
    return [entry.alias or name for name, entry in model.model_fields.items()]
