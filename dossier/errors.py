"""What can go wrong, and how the command answers.

::

    DossierError                    exit status
     ├── ProblemsError              3  made of several problems; only those below are raised
     │    ├── ManifestError         2  the manifest cannot be used; carries every Problem found
     │    ├── SetError              2  a set.yaml cannot be used; a TemplateError as well
     │    ├── VerificationError     1  a finished binder is not what its receipt says
     │    └── PrintError            3  what was made for the printer does not show the binder
     ├── UsageError                 2  the command line names something that is not there
     ├── TemplateError              2  a Word template cannot be filled
     │    └── UnsettledError        2  the front matter's length never settles
     ├── FrozenError                2  numbers that are printed cannot be kept
     ├── ConversionError            1  one source cannot become pages (turned into a Problem)
     │    └── EngineCrash           1  ... because the program that converts it failed
     ├── EngineError                3  an engine is missing or does not work at all
     ├── OutputError                3  the output folder or disk cannot be written
     │    └── OutputBusyError       3  another build is writing the same folder
     └── CacheError                 3  the cache cannot be written
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import IntEnum
from typing import Literal

_LINE_BREAK = re.compile(r"[^\S\r\n]*[\r\n\v\f\x85\u2028\u2029]+\s*")

Severity = Literal["error", "warning", "info"]


class ExitStatus(IntEnum):
    """Exit statuses of the command; a contract that scripts rely on."""

    COMPLETE = 0
    INCOMPLETE = 1
    USAGE = 2
    ENVIRONMENT = 3
    INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing a person should know: what, where, and what to do about it.

    ``where`` is ``file:line`` or ``file:line:column`` (both from 1), or empty when no line is to blame.
    An ``error`` makes the binder incomplete; a ``warning`` does so only under ``--strict``.
    """

    code: str
    message: str
    fix: str
    severity: Severity = "error"
    where: str = ""
    item: str = ""
    evidence: str = ""

    def as_dict(self) -> dict[str, str]:
        """Return the JSON form of the receipt and of ``--json``."""
        return asdict(self)

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        subject = f"[{self.evidence or self.item}] " if self.evidence or self.item else ""
        remedy = f" → {self.fix}" if self.fix else ""
        return f"{place}{subject}{self.message}{remedy}"


class DossierError(Exception):
    """Root of every error this package raises on purpose; ``fix`` says what to do."""

    exit_status = ExitStatus.ENVIRONMENT

    def __init__(self, message: str, *, fix: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix

    def __str__(self) -> str:
        return f"{self.message} → {self.fix}" if self.fix else self.message


class ProblemsError(DossierError):
    """An error made of several problems, all found before it was raised."""

    def __init__(self, message: str, problems: Sequence[Problem]) -> None:
        super().__init__(message)
        self.problems = tuple(problems)

    def __str__(self) -> str:
        return "\n".join([self.message, *(f"  {problem}" for problem in self.problems)])

    def __reduce__(self) -> tuple[type[ProblemsError], tuple[str, tuple[Problem, ...]]]:
        return type(self), (self.message, self.problems)


class ManifestError(ProblemsError):
    """The manifest cannot be used."""

    exit_status = ExitStatus.USAGE


class UsageError(DossierError):
    """The command line, or a call, names something that is not there."""

    exit_status = ExitStatus.USAGE


class TemplateError(DossierError):
    """A Word template cannot be found or filled."""

    exit_status = ExitStatus.USAGE


class SetError(ProblemsError, TemplateError):
    """The settings of a template set cannot be used; carries every Problem found."""


class UnsettledError(TemplateError):
    """The front matter's length flips for ever, so no page number can be right."""


class FrozenError(DossierError):
    """The numbers that are printed, and frozen, cannot be kept."""

    exit_status = ExitStatus.USAGE


class VerificationError(ProblemsError):
    """A finished binder is not what its receipt says."""

    exit_status = ExitStatus.INCOMPLETE


class PrintError(ProblemsError):
    """The print set does not show the pages and labels of the binder that it was made from."""


class ConversionError(DossierError):
    """One source cannot become pages. ``code`` names the kind of Problem it turns into."""

    exit_status = ExitStatus.INCOMPLETE

    def __init__(self, message: str, *, fix: str, code: str = "unreadable-source") -> None:
        # On one line, whatever a library says of a file: a message is a row of a table, and of a log.
        super().__init__(_LINE_BREAK.sub(" ", message), fix=fix)
        self.code = code

    def without(self, name: str) -> ConversionError:
        """Return it without a file's ``name`` before its message, for whoever puts a better one there."""
        return type(self)(self.message.removeprefix(f"{name}: "), fix=self.fix, code=self.code)

    def __reduce__(self) -> tuple[object, ...]:
        # Errors cross process boundaries; keyword-only arguments need help to be pickled.
        return _rebuild, (type(self), self.message, self.fix, self.code)


class EngineCrash(ConversionError):
    """The program that converts a source crashed, hung, or produced nothing."""


def unforeseen(what: str, error: Exception, fix: str) -> EngineCrash:
    """Make of whatever a library says of one file the refusal of that file; ``what`` failed, ``fix`` is a way out."""
    said = " ".join(f"{type(error).__name__} {error}".split())[:200]
    remedy = f"{fix}, and report this message with it to the program's makers"
    return EngineCrash(f"{what} failed: {said}", fix=remedy, code="crashed-source")


class EngineError(DossierError):
    """An engine is missing or does not work at all."""


class OutputError(DossierError):
    """The output folder cannot be written."""


class OutputBusyError(OutputError):
    """Another build is writing the same folder."""


class CacheError(DossierError):
    """The cache cannot be written."""


def _rebuild(cls: type[ConversionError], message: str, fix: str, code: str) -> ConversionError:
    return cls(message, fix=fix, code=code)
