"""Binds a pile of evidence files into one indexed, paginated and proved book.

::

    import dossier

    manifest = dossier.load("manifests/quality-2023.yaml")
    report = dossier.check(manifest)                    # .problems, .items, .units
    binder = dossier.build(manifest, out="build/q")
    binder.pages_of("1-1-01")                           # PageRange(volume=1, first=11, last=14)
    dossier.verify("build/q")                           # raises VerificationError, or returns the proof
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

from dossier.errors import (
    CacheError,
    ConversionError,
    DossierError,
    EngineCrash,
    EngineError,
    ExitStatus,
    FrozenError,
    ManifestError,
    OutputBusyError,
    OutputError,
    PrintError,
    Problem,
    ProblemsError,
    SetError,
    TemplateError,
    UnsettledError,
    UsageError,
    VerificationError,
)

if TYPE_CHECKING:
    from dossier.build import Binder, Event, PageRange, Progress, build
    from dossier.check import ItemState, Report, UnitState, check
    from dossier.manifest import Manifest, json_schema, load
    from dossier.receipt import Receipt
    from dossier.verify import Verification, verify

__all__ = [
    "Binder",
    "CacheError",
    "ConversionError",
    "DossierError",
    "EngineCrash",
    "EngineError",
    "Event",
    "ExitStatus",
    "FrozenError",
    "ItemState",
    "Manifest",
    "ManifestError",
    "OutputBusyError",
    "OutputError",
    "PageRange",
    "PrintError",
    "Problem",
    "ProblemsError",
    "Progress",
    "Receipt",
    "Report",
    "SetError",
    "TemplateError",
    "UnitState",
    "UnsettledError",
    "UsageError",
    "Verification",
    "VerificationError",
    "build",
    "check",
    "json_schema",
    "load",
    "verify",
]


_HOMES = {
    "build": ("Binder", "Event", "PageRange", "Progress", "build"),
    "check": ("ItemState", "Report", "UnitState", "check"),
    "manifest": ("Manifest", "json_schema", "load"),
    "receipt": ("Receipt",),
    "verify": ("Verification", "verify"),
}
"""The module of each public name but the errors: as the type checker is told above."""


class _Package(ModuleType):
    """Loads a public name's module when the name is asked for: binding takes libraries that checking does not.

    Some functions have the name of their module, which Python puts in the package's place for it when it is imported
    anywhere: to those who use the package it is the function.
    """

    def __getattr__(self, name: str) -> object:
        for home, names in _HOMES.items():
            if name in names:
                value: object = getattr(import_module(f"{__name__}.{home}"), name)
                super().__setattr__(name, value)
                return value
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name, obj=self)

    def __setattr__(self, name: str, value: object) -> None:
        own = isinstance(value, ModuleType) and name in _HOMES.get(name, ())
        super().__setattr__(name, getattr(value, name) if own else value)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *__all__})


sys.modules[__name__].__class__ = _Package
