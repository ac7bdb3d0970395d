"""The structure of an OFD: documents, their pages, templates, resources, annotations and seals (clauses 7, 15 and 18).

Nothing is drawn here. Parts that a page needs and that are not in the package raise ConversionError by name; what is
only said to exist, and that nothing refers to, is collected in ``absent``.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from dossier.convert.ofd import seal
from dossier.convert.ofd.package import (
    Box,
    Budget,
    Node,
    Package,
    box,
    child,
    children,
    damaged,
    folder_of,
    is_true,
    local,
    resolve,
    text,
)

LAYERS = {"Background": 0, "Body": 1, "Foreground": 2}
_GROUPS = ("ColorSpaces", "DrawParams", "Fonts", "MultiMedias", "CompositeGraphicUnits")
_BOXES = ("PhysicalBox", "ApplicationBox", "ContentBox")
_ACTING = ("Sound", "Movie", "GotoA")


@dataclass(frozen=True, slots=True)
class Resource:
    """An element of a resource file, and the folders that locations in it are relative to."""

    node: Node
    folders: tuple[str, ...]


Resources = Mapping[tuple[str, str], Resource]
"""Resources by the name of their element and their ID."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page or a template page: its layers, and the size its own Area gives (None where it has none)."""

    node: Node
    resources: Resources
    size: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Stamp:
    """A seal on a page: where, which part of that place shows it (from its upper left), and the picture."""

    page: str
    place: Box
    clip: Box | None
    picture: seal.Picture


@dataclass(slots=True)
class Document:
    """One document of a file (7.5): ``pages`` are IDs and locations in order.

    ``acting`` counts the actions, of what has been read so far, that play something or open another file (14).
    """

    package: Package
    root: Node
    folder: str
    pages: list[tuple[str, str]] = field(default_factory=list)
    templates: dict[str, tuple[str, str]] = field(default_factory=dict)
    resources: Resources = field(default_factory=dict)
    size: tuple[float, float] | None = None
    default_space: str = ""
    stamps: list[Stamp] = field(default_factory=list)
    signed: bool = False
    attachments: list[str] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)
    acting: int = 0
    _read: dict[str, Page] = field(default_factory=dict)

    def page(self, location: str) -> Page:
        """Return a page by its location, relative to the document."""
        part = _needed(self.package, location, self.folder)
        node = self.package.xml(part)
        own = _resources(self.package, node, "PageRes", (folder_of(part), self.folder))
        resources = ChainMap(own, dict(self.resources)) if own else self.resources
        self.acting += _acting(node)
        return Page(node, resources, _size(child(node, "Area")))

    def _template(self, location: str) -> Page:
        if location not in self._read:
            self._read[location] = self.page(location)
        return self._read[location]

    def layers(self, page: Page) -> tuple[list[tuple[Node, Resources]], tuple[float, float]]:
        """Return what is on a page from the bottom up, its templates included, and the page's size (7.7).

        A template lies at the height that its ZOrder says, below the page's own layers of that height. A template of a
        template does not count.
        """
        found: list[tuple[int, Node, Resources]] = []
        size = page.size
        for use in children(page.node, "Template"):
            name = use.get("TemplateID", "").strip()
            if name not in self.templates:
                raise damaged(f"page template {name} is not in the file")
            location, default = self.templates[name]
            template = self._template(location)
            size = size or template.size
            order = LAYERS.get(use.get("ZOrder") or default, 0)
            found += [(order, layer, template.resources) for layer in _layers(template.node)]
        found += [(LAYERS.get(layer.get("Type", ""), 1), layer, page.resources) for layer in _layers(page.node)]
        size = size or self.size
        if size is None:
            raise damaged("a page has no size")
        return [(node, resources) for _, node, resources in sorted(found, key=lambda entry: entry[0])], size

    def annotations(self) -> dict[str, list[Node]]:
        """Return the annotations of each page that has some, by its ID (15.1)."""
        location = text(child(self.root, "Annotations"))
        if not location:
            return {}
        listed = self.package.find(location, self.folder)
        if listed is None:
            self.absent.append(resolve(self.folder, location))
            return {}
        found: dict[str, list[Node]] = {}
        for page in children(self.package.xml(listed), "Page"):
            for place in children(page, "FileLoc"):
                part = self.package.find(text(place), folder_of(listed), self.folder)
                if part is None:
                    self.absent.append(resolve(folder_of(listed), text(place)))
                    continue
                annotations = children(self.package.xml(part), "Annot")
                found.setdefault(page.get("PageID", "").strip(), []).extend(annotations)
        return found


def documents(package: Package, budget: Budget) -> Iterator[Document]:
    """Yield the documents of a package in order (7.4)."""
    entry = package.find("OFD.xml")
    if entry is None:
        raise damaged("it has no OFD.xml, so it is no OFD")
    bodies = list(children(package.xml(entry), "DocBody"))
    if not bodies:
        raise damaged("its OFD.xml names no document")
    for body in bodies:
        part = _needed(package, text(child(body, "DocRoot")))
        document = _document(package, part, budget)
        signatures = text(child(body, "Signatures"))
        if signatures:
            document.signed = True
            document.stamps += _stamps(package, _needed(package, signatures), document.folder)
        yield document


def _document(package: Package, part: str, budget: Budget) -> Document:
    root = package.xml(part)
    document = Document(package, root, folder_of(part), acting=_acting(root))
    common = child(root, "CommonData")
    document.size = _size(child(common, "PageArea"))
    document.default_space = text(child(common, "DefaultCS"))
    document.resources = {
        **_resources(package, common, "PublicRes", (document.folder,)),
        **_resources(package, common, "DocumentRes", (document.folder,)),
    }
    for template in children(common, "TemplatePage"):
        entry = template.get("BaseLoc", ""), template.get("ZOrder", "Background")
        document.templates[template.get("ID", "").strip()] = entry
    for page in children(child(root, "Pages"), "Page"):
        budget.spend("pages")
        document.pages.append((page.get("ID", "").strip(), page.get("BaseLoc", "")))
    if not document.pages:
        raise damaged("a document in it has no pages")
    listed = package.find(text(child(root, "Attachments")) or "Attachments.xml", document.folder)
    if listed is not None:
        entries = children(package.xml(listed), "Attachment")
        document.attachments = [e.get("Name") or text(child(e, "FileLoc")) or "?" for e in entries]
    return document


def _acting(root: Node) -> int:
    return sum(local(node) in _ACTING for node in root.iter())


def _needed(package: Package, location: str, *folders: str) -> str:
    part = package.find(location, *folders) if location.strip() else None
    if part is None:
        raise damaged(f"its part {resolve(folders[0] if folders else '', location) or '(no name)'} is missing")
    return part


def _layers(node: Node) -> Iterator[Node]:
    for content in children(node, "Content"):
        yield from children(content, "Layer")


def _size(area: Node | None) -> tuple[float, float] | None:
    """Return width and height of a page (CT_PageArea, figure 7): its physical box, whose upper left is the origin.

    The application box says which part is meant to be printed; nothing is cut to it, for readers do not either.
    """
    for name in _BOXES:
        value = text(child(area, name))
        if value:
            _, _, width, height = box(value)
            return width, height
    return None


def _resources(
    package: Package, node: Node | None, kind: str, folders: tuple[str, ...]
) -> dict[tuple[str, str], Resource]:
    """Read the resource files that children called ``kind`` name (7.9)."""
    found: dict[tuple[str, str], Resource] = {}
    for entry in children(node, kind):
        part = package.find(text(entry), *folders)
        if part is None:
            continue  # what is wanted of it is refused by its own name
        root = package.xml(part)
        base = resolve(folder_of(part), root.get("BaseLoc", ""))
        for group in root:
            if local(group) in _GROUPS:
                for resource in group:
                    key = local(resource), resource.get("ID", "").strip()
                    found[key] = Resource(resource, (base, folder_of(part), *folders))
    return found


def _stamps(package: Package, listed: str, folder: str) -> Iterator[Stamp]:
    """Yield the seals that signatures put on pages (18.2)."""
    for entry in children(package.xml(listed), "Signature"):
        part = _needed(package, entry.get("BaseLoc", ""), folder_of(listed), folder)
        root = package.xml(part)
        info = child(root, "SignedInfo")
        places = list(children(info, "StampAnnot"))
        if not places:
            continue
        picture = _picture(package, root, info, (folder_of(part), folder))
        if picture is None:
            raise damaged(f"the seal of signature {entry.get('ID', '?')} ({part}) has no picture that can be found")
        for place in places:
            area = place.get("Clip")
            yield Stamp(
                place.get("PageRef", "").strip(), box(place.get("Boundary", "")), box(area) if area else None, picture
            )


def _picture(package: Package, root: Node, info: Node, folders: tuple[str, ...]) -> seal.Picture | None:
    """Return the picture of a seal: that in the signature value, else in the seal's own file."""
    for node in (child(root, "SignedValue"), child(child(info, "Seal"), "BaseLoc")):
        part = package.find(text(node), *folders) if text(node) else None
        found = seal.picture(package.read(part)) if part else None
        if found is not None:
            return found
    return None


def is_shown(annotation: Node) -> bool:
    """Say whether an annotation is visible."""
    return is_true(annotation.get("Visible"), True)
