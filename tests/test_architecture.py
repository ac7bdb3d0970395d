"""The source itself proves the architecture: imports point one way, and each program and library has its home."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import dossier

ORDER = (
    "__main__",
    "cli",  # the only module that prints, colours, or decides an exit status
    "__init__",  # the public names
    "doctor",
    "authoring.preview",
    "authoring.catalogue",
    "authoring.lint",
    "authoring.stage",
    "authoring.example",
    "authoring.tags",
    "authoring.scope",
    "authoring.starter",
    "authoring",  # for template authors
    "watch",  # builds again whenever something changes
    "build",  # hands back what stands, else runs the pipeline
    "pipeline",
    "reach",  # what a build can depend on
    "history",  # receipts of earlier builds, and what each build changed
    "board",  # the readiness board
    "reprint",  # which sheets of a printed book to change: in words, as a PDF, as a Word sheet
    "comparison",  # what differs between two binders
    "sheets",  # needs nothing: sheets of paper, pulled out and put in
    "exchange",  # Excel both ways
    "scoresheet",  # a table of Excel, read
    "folders",  # a manifest proposed from a folder tree
    "headings",  # needs nothing: numbers and titles, taken apart
    "manifest_text",  # a manifest's text, changed here and there
    "gaps",  # letters, workbook and summary of what is owed
    "gapsheet",  # the workbook among them
    "ruling",  # how workbooks look
    "letters",  # what letters and summary say of a report
    "check",
    "readiness",  # judges by the rules
    "survey",  # looks at many sources at once, and remembers
    "probe",  # looks at a source without converting it
    "looks",  # what can be seen of sources, compared
    "ticket",  # the job ticket of a print set
    "printset",  # the volumes once more, for a printer
    "printproof",  # that they show the binder
    "verify",
    "assembly",
    "bind",
    "stamp",
    "foldout",  # sheets of A3 among those of A4
    "placement",
    "claims",  # what evidence is to prove, found in it
    "frontmatter",  # fills documents until page numbers settle
    "context",  # what templates see of a numbered book
    "documents",  # which Word documents a book has of its own
    "capacity",  # how much a volume may hold, and what pages take
    "frozen",  # a printed book's order, kept
    "book",
    "lock",  # a printed book's numbers, in a file
    "numbering",  # both the book and its front matter need it
    "inserting",  # needs nothing: numbers between numbers
    "views",  # needs nothing: what templates see, in types
    "template_sets",  # where Word templates lie; what of them is filled is no matter to it
    "photosheet",  # what the pattern of photo sheets says
    "templates",
    "subdocuments",
    "marks",  # what templates put into a Word file besides text
    "pictures",
    "files",  # where templates may take pictures and documents from
    "wordfile",
    "sandbox",
    "convert.pool",
    "convert",
    "convert.embedded",
    "convert.listing",
    "convert.sparse",
    "convert.photos",
    "convert.image",
    "convert.libreoffice",
    "convert.unlocking",
    "convert.office",
    "convert.longtable",
    "convert.unused",  # what of a Word file costs time and is nowhere on paper
    "convert.sheet",
    "convert.table",
    "convert.grid",
    "convert.ofd",
    "convert.ofd.drawing",
    "convert.ofd.document",
    "convert.ofd.lettering",
    "convert.ofd.canvas",
    "convert.ofd.picture",
    "convert.ofd.glyphs",
    "convert.ofd.charmap",
    "convert.ofd.geometry",
    "convert.ofd.package",
    "convert.ofd.seal",
    "convert.pdf",
    "convert.layers",
    "convert.damage",
    "convert.inert",
    "convert.text",
    "convert.style",  # needs nothing: what text and captions are set in
    "convert.media",
    "convert.ooxml",
    "typeface",
    "fonts",
    "identity",
    "acting",
    "digests",  # of files that were not changed since
    "cache",
    "memory",  # what one run tells the next
    "plan",
    "unpacking",
    "containers",
    "containers.archive",
    "containers.mail",
    "containers.names",
    "sources",
    "ole",
    "manifest",
    "references",
    "fields",
    "causes",  # needs nothing: why something is owed, in the words of an office
    "rules",  # needs nothing: the codes, and how grave each is
    "yaml_source",
    "publish",
    "inputs",  # needs nothing: what a build read and wrote, and whether it has changed
    "binder",  # what a build tells and hands back
    "receipt",
    "part",
    "workers",
    "interrupts",  # that wait until something is done
    "limits",
    "errors",
)
"""Every module of the package, from the top down: each imports only from those below it."""

HOMES = {
    "docxtpl": {"templates"},
    "jinja2": {"board", "templates", "sandbox", "authoring.scope"},
    "rdocx": {"convert.embedded"},
    "img2pdf": {"convert.image"},
    "tinytag": {"convert.media"},
    "segno": {"pictures"},
    "PIL": {
        *("pictures", "probe", "convert.media", "convert.image", "convert.damage", "convert.embedded"),
        "convert.ofd.picture",
    },
    "pillow_heif": {"convert.image"},
    "py7zr": {"containers.archive"},
    "rarfile": {"containers.archive"},
    "pyzipper": {"containers.archive"},
    "Cryptodome": {"containers.archive", "convert.unlocking"},
    "msoffcrypto": {"convert.unlocking"},
    "olefile": {"containers.mail", "probe"},
    "markdown_it": {"convert.text"},
    "pikepdf": {
        *("comparison", "reprint"),  # how pages of two books are stamped, and those to be printed again
        "capacity",  # how many bytes some pages of a part take
        "printset",  # the volumes once more, for a printer
        *("pipeline", "bind", "stamp", "typeface"),  # they write the binder; the pipeline makes its blank page
        *(
            "convert.embedded",
            "convert.image",
            "convert.libreoffice",
            "convert.damage",
            "convert.inert",
            "convert.layers",
            "convert.longtable",
            "convert.pdf",
            "convert.photos",
        ),  # they write parts
        *("convert.ofd", "convert.ofd.canvas", "convert.ofd.drawing", "convert.ofd.glyphs", "convert.ofd.picture"),
    },
    "pypdf": {"verify", "printproof", "identity", "acting", "convert.pdf"},  # the witness, and the digests it compares
    "pypdfium2": {  # reads labels and claims, finds ink, draws pages
        *("verify", "convert.pdf", "authoring.preview", "authoring.stage", "board", "claims", "probe"),
    },
    "openpyxl": {"exchange", "gapsheet", "ruling", "scoresheet"},
    "watchfiles": {"authoring.preview", "watch"},
    "yaml": {"yaml_source", "fields", "manifest_text"},
    "pydantic": {"manifest", "fields", "receipt", "template_sets", "lock"},
    "filelock": {"publish", "cache"},
    "click": {"cli"},
    "rich": {"cli"},
    "subprocess": {"convert.libreoffice", "convert.media", "fonts"},
    "multiprocessing": {"workers", "limits"},
}
"""Where a library may be imported, and where it must be: a name that has become idle is to be struck out."""

UNTESTED = {
    "__init__": "holds names only: test_library.py uses them",
    "__main__": "one line, run by test_cli.py",
    "pipeline": "run through dossier.build: test_build.py",
    "fields": "read through a manifest: test_manifest.py",
    "references": "read through a manifest: test_manifest.py",
    "yaml_source": "read through a manifest: test_manifest.py",
    "authoring": "holds nothing but its modules: test_lint.py and test_preview.py",
    "authoring.stage": "every preview and check stands on it: test_preview.py and test_lint.py",
    "authoring.example": "shown in every preview: test_preview.py",
    "containers": "met through what it holds: test_archive.py and test_mail.py",
    "containers.names": "met through what it holds: test_archive.py and test_mail.py",
    "convert.style": "holds values alone: test_text.py and test_photos.py",
    **{
        f"convert.ofd.{module}": "met through whole files: test_ofd.py"
        for module in (
            *(
                "canvas",
                "charmap",
                "document",
                "drawing",
                "geometry",
                "glyphs",
                "lettering",
                "package",
                "picture",
                "seal",
            ),
        )
    },
}
"""Modules without a test file of their own name, each with the reason."""

PACKAGE = Path(dossier.__file__).parent
TESTS = Path(__file__).parent


def _modules() -> dict[str, Path]:
    """Return every module by its name in the package; scripts among the package's data are none."""
    found: dict[str, Path] = {}
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        if parts[0] != "data":
            name = ".".join(parts)
            found[name.removesuffix(".__init__")] = path
    return found


MODULES = _modules()
TREES = {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in MODULES.items()}
every_module = pytest.mark.parametrize("module", sorted(MODULES))


# --- what a module imports -----------------------------------------------------------------------------------------


def imports(tree: ast.AST) -> Iterator[str]:
    """Return the dotted names of all that a module imports anywhere: at its top, in functions, for types only."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{'.' * node.level}{node.module or ''}.{alias.name}" for alias in node.names)


def own(tree: ast.AST) -> set[str]:
    """Return the modules of the package among the imports; ``__init__`` stands for the package itself."""
    found: set[str] = set()
    for name in imports(tree):
        package, _, inside = name.partition(".")
        if package != "dossier":
            continue
        while inside and inside not in MODULES:
            inside = inside.rpartition(".")[0]
        found.add(inside or "__init__")
    return found


def test_every_module_has_its_place() -> None:
    assert sorted(ORDER) == sorted(MODULES)
    assert ORDER[0] == "__main__"
    assert ORDER[-1] == "errors"


@every_module
def test_imports_point_down(module: str) -> None:
    below = ORDER[ORDER.index(module) + 1 :]
    assert sorted(own(TREES[module]) - set(below)) == []


@every_module
def test_nothing_is_imported_past_these_rules(module: str) -> None:
    """Relative imports and imports by name would not be seen by them."""
    assert [name for name in imports(TREES[module]) if name.startswith(".")] == []
    by_name = {"__import__", "import_module", "exec", "eval"} & set(called(TREES[module]))
    assert by_name == ({"import_module"} if module in BY_NAME else set())


BY_NAME = {"__init__"}
"""What imports by name: the public names, when they are asked for. test_library.py proves that they are those seen."""


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import dossier.bind", {"bind"}),
        ("import dossier.convert.pdf as p, os", {"convert.pdf"}),
        ("from dossier import bind, plan as p", {"bind", "plan"}),
        ("from dossier import Binder", {"__init__"}),
        ("from dossier.convert import pdf, Settings", {"convert", "convert.pdf"}),
        ("from dossier.convert.pdf import normalise", {"convert.pdf"}),
        ("def f():\n    from dossier import build", {"build"}),
        ("if TYPE_CHECKING:\n    from dossier.cli import main", {"cli"}),
        ("class A:\n    def f(self):\n        with g():\n            import dossier.cli", {"cli"}),
        ("import os\nfrom dossiers import bind\ntext = 'import dossier.bind'", set()),
    ],
)
def test_imports_are_seen_wherever_they_stand(source: str, found: set[str]) -> None:
    assert own(ast.parse(source)) == found


# --- what has one home ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("library", HOMES)
def test_a_library_is_imported_only_where_it_belongs(library: str) -> None:
    found = {name for name, tree in TREES.items() if library in {used.split(".")[0] for used in imports(tree)}}
    assert found == HOMES[library]


@pytest.mark.parametrize("module", ["verify", "identity", "acting"])
def test_the_library_that_writes_the_binder_does_not_vouch_for_it(module: str) -> None:
    assert module not in HOMES["pikepdf"]
    assert module in HOMES["pypdf"]


def called_as(node: ast.Call) -> str:
    """Return the last name of what is called."""
    return node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")


def called(tree: ast.AST) -> Iterator[str]:
    """Return the last name of everything that is called."""
    return (called_as(node) for node in ast.walk(tree) if isinstance(node, ast.Call))


def strings(tree: ast.Module) -> set[str]:
    """Return all text in a module but its docstrings."""
    comments = {
        id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    constants = (node for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in comments)
    return {node.value for node in constants if isinstance(node.value, str)}


STARTS = {
    *("system", "popen", "startfile", "spawnl", "spawnv", "posix_spawn"),
    *("execl", "execv", "execve", "execvp", "execvpe", "create_subprocess_exec", "create_subprocess_shell"),
}


@every_module
def test_no_program_is_started_but_through_subprocess(module: str) -> None:
    assert not STARTS & set(called(TREES[module]))


def test_the_fonts_are_asked_of_fontconfig_and_of_nothing_else() -> None:
    calls = (node for node in ast.walk(TREES["fonts"]) if isinstance(node, ast.Call))
    sought = [node.args[0] for node in calls if called_as(node) == "which"]
    assert [ast.literal_eval(name) for name in sought] == ["fc-list"]


def test_libreoffice_is_started_in_one_module() -> None:
    """One module knows how it hangs, crashes, and says that it did not: no other so much as names the program."""
    found = {name for name, tree in TREES.items() if any("soffice" in text.lower() for text in strings(tree))}
    assert found == {"convert.libreoffice"}


# --- who may speak -------------------------------------------------------------------------------------------------

SPEAK = {"print", "input", "breakpoint", "pprint", "echo", "secho", "exit", "quit", "_exit", "abort"}
STREAMS = {"stdout", "stderr", "__stdout__", "__stderr__"}
MAY_EXIT = {
    "__main__": "hands the command's status to the system",
    "workers": "a worker that is told to end unwinds, so that an engine it runs is ended with it",
}


def speech(tree: ast.AST) -> list[str]:
    """Return what in a module prints, writes to a standard stream, or ends the program."""
    found: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            found += [f"{called_as(node)}() on line {node.lineno}"] if called_as(node) in SPEAK else []
        elif isinstance(node, ast.Raise) and node.exc is not None and "SystemExit" in ast.unparse(node.exc):
            found.append(f"SystemExit on line {node.lineno}")
        elif isinstance(node, ast.Attribute) and node.attr in STREAMS and ast.unparse(node.value) == "sys":
            found.append(f"sys.{node.attr} on line {node.lineno}")
        elif isinstance(node, ast.ImportFrom) and node.module == "sys":
            found += [f"sys.{a.name} on line {node.lineno}" for a in node.names if a.name in STREAMS | SPEAK]
    return found


@every_module
def test_only_the_command_speaks_and_decides_how_the_program_ends(module: str) -> None:
    found = speech(TREES[module])
    if module == "cli":
        assert found
    elif module in MAY_EXIT:
        assert [entry.split(" on ")[0] for entry in found] == ["SystemExit"]
    else:
        assert found == []


@pytest.mark.parametrize(
    "source",
    [
        "print('x')",
        "def f():\n    sys.exit(1)",
        "raise SystemExit",
        "raise SystemExit(3)",
        "os._exit(1)",
        "sys.stderr.write('x')",
        "write = sys.stdout.write",
        "from sys import stdout",
        "click.echo('x')",
        "console.abort()",
    ],
)
def test_speech_is_heard_in_every_form(source: str) -> None:
    assert len(speech(ast.parse(source))) == 1


# --- how code is written -------------------------------------------------------------------------------------------

BROAD = {"Exception", "BaseException"}


def careless(tree: ast.AST) -> list[int]:
    """Return the lines where any failure at all is caught and forgotten."""
    lines: list[int] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler):
            names = {name.id for name in ast.walk(node.type) if isinstance(name, ast.Name)} if node.type else BROAD
            raises = any(isinstance(inner, ast.Raise) for body in node.body for inner in ast.walk(body))
            if node.type is None or (names & BROAD and not raises):
                lines.append(node.lineno)
        elif isinstance(node, ast.Call) and called_as(node) == "suppress":
            names = {name.id for name in node.args if isinstance(name, ast.Name)}
            lines += [node.lineno] if names & BROAD else []
    return lines


BOUNDARIES = {"convert": 1, "unpacking": 1}
"""How often a module turns whatever a library makes of one hostile file into that file's refusal, by name."""


@every_module
def test_no_failure_is_swallowed_whatever_it_is(module: str) -> None:
    assert len(careless(TREES[module])) == BOUNDARIES.get(module, 0)


@pytest.mark.parametrize(
    ("source", "count"),
    [
        ("try:\n    f()\nexcept:\n    raise", 1),
        ("try:\n    f()\nexcept Exception:\n    pass", 1),
        ("try:\n    f()\nexcept (ValueError, BaseException) as error:\n    log(error)", 1),
        ("with suppress(Exception):\n    f()", 1),
        ("with contextlib.suppress(OSError, BaseException):\n    f()", 1),
        ("try:\n    f()\nexcept BaseException:\n    if g():\n        raise", 0),
        ("try:\n    f()\nexcept ValueError:\n    pass", 0),
        ("with suppress(OSError):\n    f()", 0),
    ],
)
def test_carelessness_is_told_from_care(source: str, count: int) -> None:
    assert len(careless(ast.parse(source))) == count


def undocumented(tree: ast.Module) -> list[str]:
    """Return the public functions and classes of a module that do not say what they are for, and the module itself."""
    defined = (node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef))
    bare = [node.name for node in defined if not node.name.startswith("_") and not ast.get_docstring(node)]
    return bare if ast.get_docstring(tree) else ["module", *bare]


@every_module
def test_every_module_public_function_and_class_says_what_it_is_for(module: str) -> None:
    assert undocumented(TREES[module]) == []


def test_what_is_undocumented_is_found() -> None:
    source = 'def a(): pass\nclass B: pass\ndef _c(): pass\ndef d():\n    """Say."""'
    assert undocumented(ast.parse(source)) == ["module", "a", "B"]


# --- tests ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("module", sorted(set(MODULES) - set(UNTESTED)))
def test_every_module_has_tests_of_its_name(module: str) -> None:
    assert (TESTS / f"test_{module.rpartition('.')[2]}.py").is_file()


@pytest.mark.parametrize("module", UNTESTED)
def test_a_module_is_excused_only_while_it_must_be(module: str) -> None:
    assert module in MODULES
    assert not (TESTS / f"test_{module.rpartition('.')[2]}.py").exists()
    named = [word.rstrip(".") for word in UNTESTED[module].split() if word.startswith("test_")]
    assert all((TESTS / name).is_file() for name in named)


def test_no_two_modules_share_a_test_file() -> None:
    names = [module.rpartition(".")[2] for module in MODULES]
    assert len(names) == len(set(names))
