"""Binds a pile of evidence files into one indexed, paginated and proved book.

::

    import dossier

    manifest = dossier.load("manifests/quality-2023.yaml")
    report = dossier.check(manifest)                    # .problems, .items, .units
    binder = dossier.build(manifest, out="build/q")
    binder.pages_of("1-1-01")                           # PageRange(volume=1, first=11, last=14)
    dossier.verify("build/q")                           # raises VerificationError, or returns the proof
"""

from dossier.build import Binder, Event, PageRange, Progress, build
from dossier.check import ItemState, Report, UnitState, check
from dossier.errors import (
    CacheError,
    ConversionError,
    DossierError,
    EngineCrash,
    EngineError,
    ExitStatus,
    ManifestError,
    OutputBusyError,
    OutputError,
    Problem,
    ProblemsError,
    SetError,
    TemplateError,
    UnsettledError,
    UsageError,
    VerificationError,
)
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
    "ItemState",
    "Manifest",
    "ManifestError",
    "OutputBusyError",
    "OutputError",
    "PageRange",
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
