"""Takes archives and mails apart, each in a process of its own and within limits, and each once."""

from __future__ import annotations

from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from dossier import containers, limits, sources
from dossier.containers import Contents
from dossier.errors import ConversionError, DossierError, EngineCrash, unforeseen
from dossier.sources import SourceFile
from dossier.workers import processes


@dataclass(slots=True)
class Unpacker:
    """Unpacks containers into a temporary folder, made when the first one comes and gone with the unpacker.

    It is made in the folder ``beside``, else where the system has those.
    """

    language: str = "zh-CN"
    beside: Path | None = None
    _known: dict[tuple[str, str], Contents | ConversionError] = field(default_factory=dict)
    _folder: TemporaryDirectory[str] | None = None

    def __enter__(self) -> Unpacker:
        return self

    def __exit__(self, *_: object) -> None:
        if self._folder is not None:
            self._folder.cleanup()

    def __call__(self, source: SourceFile, password: str) -> Contents:
        """Return what a container holds; raises ConversionError where it cannot be taken apart."""
        key = (source.sha256, password)
        if key not in self._known:
            self._folder = self._folder or TemporaryDirectory(prefix="dossier-", dir=self.beside)
            into = Path(self._folder.name, f"{len(self._known):04}")
            into.mkdir()
            self._known[key] = self._unpack(source, into, password)
        found = self._known[key]
        if isinstance(found, ConversionError):
            raise found
        return found

    def _unpack(self, source: SourceFile, into: Path, password: str) -> Contents | ConversionError:
        # Before a process is forked from this one, or each would load them anew.
        from dossier.containers import archive, mail  # noqa: F401, PLC0415

        with processes(1) as pool:
            try:
                return pool.submit(_bounded, source, into, password, self.language).result()
            except ConversionError as error:
                return error
            except (BrokenProcessPool, MemoryError):
                return EngineCrash(
                    "it takes more time or memory to unpack than any source may",
                    fix="unpack it and name what is in it",
                    code="hostile-source",
                )
            except (OSError, DossierError):
                raise
            except Exception as error:  # noqa: BLE001 - whatever a library says of one file, the others are bound
                return unforeseen("what unpacks it", error, "unpack it and name what is in it")


def _bounded(source: SourceFile, into: Path, password: str, language: str) -> Contents:
    with limits.bounded():
        sources.prove_readable(source.path)
        try:
            return containers.unpack(source.path, source.kind, into, password=password, language=language)
        finally:
            # Whatever came out of it, or went wrong: the reason may be that it is not what was planned.
            sources.prove_unchanged(source.path, source.sha256)
