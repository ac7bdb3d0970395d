"""Where a template may take pictures and documents from: its set, the sources, and nowhere else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

from dossier import sources
from dossier.errors import TemplateError
from dossier.sources import PathRefused


@dataclass(frozen=True, slots=True)
class Files:
    """The ``folders`` that names start from, nearest first; ``names`` are short names for some of them."""

    folders: tuple[Path, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)

    def find(self, name: str) -> Path:
        """Return the file of a name. Raises TemplateError for one that is not there, or lies somewhere else."""
        wanted = self.names.get(name, name)
        for folder in self.folders:
            try:
                return sources.resolve(folder, wanted)
            except PathRefused as error:
                fix = "put the file into the template set or the sources folder, and name it from there"
                raise TemplateError(f"{name}: {error}", fix=fix) from error
            except (FileNotFoundError, IsADirectoryError):
                continue
            except (OSError, ValueError) as error:
                raise TemplateError(f"{name[:100]!r} is no name of a file", fix="write it as it is called") from error
        near = get_close_matches(wanted, [*self.names, *self._beside(wanted)], n=1)
        guess = f"did you mean {near[0]!r}?" if near else "put it into the template set or the sources folder"
        raise TemplateError(f"there is no file {sources.shown(name[:100])}", fix=guess)

    def _beside(self, name: str) -> Iterable[str]:
        for folder in self.folders:
            yield from sources.similar_names(folder, name)
