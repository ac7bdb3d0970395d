"""Draws the pages of an OFD: layers, annotations and seals, object by object (GB/T 33190-2016, clauses 8 to 13).

What is not known here raises ConversionError with the code ``unsupported-content``, naming page and object: a page is
drawn whole or not at all.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import pairwise

from pikepdf import Array, Dictionary, Name, Object

from dossier import fonts
from dossier.convert.ofd import geometry, lettering, picture, seal
from dossier.convert.ofd.canvas import BLACK, BLEND_MODES, Book, Canvas, Glyph, Paint, Pen
from dossier.convert.ofd.document import Document, Resource, Resources, Stamp, documents, is_shown
from dossier.convert.ofd.geometry import IDENTITY, Matrix, Segment, multiply
from dossier.convert.ofd.glyphs import Program, Shape
from dossier.convert.ofd.package import (
    Box,
    Budget,
    Node,
    Package,
    box,
    child,
    children,
    damaged,
    hostile,
    is_true,
    local,
    number,
    numbers,
    text,
    unsupported,
)
from dossier.errors import ConversionError
from dossier.fonts import Face

MAX_DEPTH = 32
"""How deep blocks, composites, patterns and seals may lie in each other."""
MAX_TEXT = 200_000
"""Characters of one text object."""
MAX_SIDE = 5_080.0
MIN_SIDE = 1.0
"""Of a page, in millimetres; the greatest is that of PDF (ISO 32000-1, annex C)."""
MIN_CELL = 0.1
"""Width and height of a pattern's cell, in millimetres: smaller ones are seen as a tint, and cost without end."""
MIN_DASH = 0.005
"""Length of a whole pattern of dashes, in millimetres, that is still drawn as dashes."""

_EDGE = 0.5
"""How far a path may reach beyond its Boundary before it is cut, in millimetres: writers round that box."""
_LINE = 0.353  # width of a line where none is given (8.2)
_UPRIGHT: Matrix = (1.0, 0.0, 0.0, -1.0, 0.0, 1.0)  # a PDF has the first row of a picture on top where y points up
_BOLD = 600
_BOLD_LINE = 0.03  # width of the line that makes a glyph bold, in em
_SLANT = 0.2126  # 12 degrees
_SHADINGS = ("AxialShd", "RadialShd")
_UNKNOWN_PAINTS = ("GouraudShd", "LaGouraudShd", "LaGourandShd")
_SPACES = {"GRAY": 1, "RGB": 3, "CMYK": 4}
_SUBSET_TAG = re.compile(r"^[A-Z]{6}\+")

Where = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Target:
    """Where a link or bookmark leads: to a ``uri``, or to a place on the page with the ID ``page``."""

    uri: str = ""
    page: str = ""
    left: float = 0.0
    top: float = 0.0


@dataclass(frozen=True, slots=True)
class Link:
    """A clickable area of a page, in points from its lower left."""

    area: Where
    target: Target


@dataclass(slots=True)
class Findings:
    """What is worth reporting about a file that was drawn."""

    missing: set[str] = field(default_factory=set)
    replaced: dict[str, set[str]] = field(default_factory=dict)
    parameters: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class _Typeface:
    """A font as text asks for it: the program in the file, if any, and the faces that answer to its name."""

    name: str
    own: Program | None
    faces: tuple[Face, ...]
    bold: bool
    italic: bool


@dataclass(frozen=True, slots=True)
class _Scene:
    """What an object is drawn on and with; ``base`` is the way from the page's space to that of the stream."""

    canvas: Canvas
    document: Document
    resources: Resources
    base: Matrix = IDENTITY
    parameters: tuple[Node, ...] = ()
    depth: int = 0
    links: list[Link] | None = None
    in_cell: bool = False

    def deeper(self) -> _Scene:
        if self.depth >= MAX_DEPTH:
            raise hostile(f"nests its drawings more than {MAX_DEPTH} deep, or in a loop")
        return replace(self, depth=self.depth + 1)


class _Style:
    """The drawing parameters of an object: its own, else those it refers to, else those of its layer (8.2)."""

    def __init__(self, node: Node, parameters: Sequence[Node]) -> None:
        self._chain = (node, *parameters)

    def value(self, name: str) -> str | None:
        found = (node.get(name) for node in self._chain)
        return next((value for value in found if value is not None and value.strip()), None)

    def number(self, name: str, otherwise: float) -> float:
        value = self.value(name)
        return otherwise if value is None else number(value, name)

    def colour(self, name: str) -> Node | None:
        return next((found for node in self._chain if (found := child(node, name)) is not None), None)

    def pen(self) -> Pen:
        cap, join = self.value("Cap") or "Butt", self.value("Join") or "Miter"
        if cap not in ("Butt", "Round", "Square") or join not in ("Miter", "Round", "Bevel"):
            raise unsupported(f"lines with the ends {cap!r} and the corners {join!r}")
        return Pen(
            max(0.0, self.number("LineWidth", _LINE)),
            cap,
            join,
            self.number("MiterLimit", 3.528),
            _dashes(self.value("DashPattern")),
            self.number("DashOffset", 0.0),
        )


@dataclass(frozen=True, slots=True)
class _Thing:
    """An object to be drawn: ``area`` is its Boundary, ``matrix`` its CTM, ``outline`` what a path describes."""

    node: Node
    scene: _Scene
    style: _Style
    area: Box
    matrix: Matrix
    outline: Sequence[Segment] = ()


class Painter:
    """Draws documents into a book."""

    def __init__(self, book: Book, budget: Budget) -> None:
        self.book = book
        self.budget = budget
        self.findings = Findings()
        self._where = ""
        self._typefaces: dict[Resource, _Typeface] = {}
        self._programs: dict[tuple[Package, str], Program] = {}
        self._pictures: dict[tuple[Package, str, str], Object] = {}
        self._seals: dict[seal.Picture, tuple[Object, tuple[float, float]]] = {}

    def draw(self, document: Document, first: int) -> list[tuple[str, Object, list[Link]]]:
        """Draw a document's pages and return for each its ID, its object in the PDF, and its links."""
        annotations = document.annotations()
        known = {name for name, _ in document.pages}
        lost = next((stamp.page for stamp in document.stamps if stamp.page not in known), None)
        if lost is not None:
            raise damaged(f"a seal stands on the page {lost}, which is not in the file")
        drawn = []
        for index, (name, location) in enumerate(document.pages, start=first):
            self._where = ""
            try:
                page, links = self._page(document, name, location, annotations.get(name, ()))
            except ConversionError as error:
                place = f"page {index}{self._where}"
                raise type(error)(f"{error.message} ({place})", fix=error.fix, code=error.code) from error
            drawn.append((name, page, links))
        return drawn

    def _page(
        self, document: Document, name: str, location: str, annotations: Sequence[Node]
    ) -> tuple[Object, list[Link]]:
        page = document.page(location)
        layers, (width, height) = document.layers(page)
        _check_side(width)
        _check_side(height)
        canvas = self.book.page_canvas(height)
        links: list[Link] = []
        scene = _Scene(canvas, document, page.resources, canvas.matrix, links=links)
        self._layers(layers, scene)
        for annotation in annotations:
            self._annotation(annotation, scene)
        for stamp in document.stamps:
            if stamp.page == name:
                self._stamp(stamp, canvas, scene.depth)
        return self.book.add_page(width, height, canvas), links

    def _layers(self, layers: Sequence[tuple[Node, Resources]], scene: _Scene) -> None:
        for layer, resources in layers:
            inner = replace(scene, resources=resources)
            self._block(layer, replace(inner, parameters=self._parameters(layer, inner)))

    def _annotation(self, annotation: Node, scene: _Scene) -> None:
        """Draw what an annotation looks like (15.2)."""
        looks = child(annotation, "Appearance")
        if looks is None or not is_shown(annotation):
            return
        x, y, *_ = box(looks.get("Boundary") or "0 0 0 0")
        with scene.canvas.kept():
            scene.canvas.transform(geometry.translation(x, y))
            self._block(looks, scene)

    # --- seals -----------------------------------------------------------------------------------------------------

    def _stamp(self, stamp: Stamp, canvas: Canvas, depth: int) -> None:
        """Print a seal's picture as ink is printed: what lies under it stays legible."""
        self._where = ", seal"
        x, y, width, height = stamp.place
        thing, (across, down) = self._seal(stamp.picture, depth)
        with canvas.kept():
            if stamp.clip is not None:
                left, top, wide, high = stamp.clip
                canvas.clip_to_box(x + left, y + top, wide, high)
            canvas.blend("Multiply")
            canvas.transform((width / across, 0.0, 0.0, height / down, x, y))
            if thing.Subtype == Name.Image:
                canvas.transform(_UPRIGHT)
            canvas.draw(thing)

    def _seal(self, image: seal.Picture, depth: int) -> tuple[Object, tuple[float, float]]:
        if image not in self._seals:
            if image.data.startswith(b"PK"):
                self._seals[image] = self._form_of(image.data, depth)
            else:
                self._seals[image] = picture.embed(self.book.pdf, image.data, self.budget), (1.0, 1.0)
        return self._seals[image]

    def _form_of(self, data: bytes, depth: int) -> tuple[Object, tuple[float, float]]:
        """Return the first page of an OFD within the file as a form, and its size."""
        with Package(data) as package:
            document = next(documents(package, self.budget))
            page = document.page(document.pages[0][1])
            layers, (width, height) = document.layers(page)
            _check_side(width)
            _check_side(height)
            canvas = Canvas(self.book)
            scene = _Scene(canvas, document, page.resources, depth=depth).deeper()
            self._layers(layers, scene)
            name, _ = document.pages[0]
            for annotation in document.annotations().get(name, ()):
                self._annotation(annotation, scene)
            for stamp in document.stamps:
                if stamp.page == name:
                    self._stamp(stamp, canvas, scene.depth)
            return self.book.form(canvas, (0, 0, width, height)), (width, height)

    # --- objects ---------------------------------------------------------------------------------------------------

    def _block(self, block: Node, scene: _Scene) -> None:
        inner = scene.deeper()
        for node in block:
            kind = local(node)
            if kind in ("PageBlock", "Layer"):
                self._block(node, inner)
                continue
            self._where = f", {kind} {node.get('ID', '')}".rstrip()
            self.budget.spend("objects")
            if not is_true(node.get("Visible"), True):
                continue
            if kind in ("TextObject", "PathObject", "ImageObject", "CompositeObject"):
                self._object(kind, node, inner)
            elif kind:
                raise unsupported(f"a {kind}")

    def _object(self, kind: str, node: Node, scene: _Scene) -> None:
        """Draw an object in a space of its own: its Boundary's corner is the origin, and CTM applies there (8.5)."""
        x, y, width, height = numbers(node.get("Boundary") or "0 0 0 0", 4, "box")
        area = (min(x, x + width), min(y, y + height), abs(width), abs(height))
        own = self._parameters(node, scene)
        if own:
            scene = replace(scene, parameters=(*own, *scene.parameters))
        outline = self._outline(node) if kind == "PathObject" else ()
        style = _Style(node, scene.parameters)
        thing = _Thing(node, scene, style, area, _matrix(node.get("CTM")), outline)
        draw = {"TextObject": self._text, "PathObject": self._path, "ImageObject": self._image}.get(
            kind, self._composite
        )
        canvas = scene.canvas
        self._note_links(node, area, scene)
        with canvas.kept():
            if kind != "TextObject" and (width or height):
                self._cut(thing, (x, y))
            canvas.transform(geometry.translation(x, y))
            clips = child(node, "Clips")
            moves = clips is None or is_true(clips.get("TransFlag"), True)
            if clips is not None and not moves:
                self._clip(clips, scene)
            canvas.transform(thing.matrix)
            if clips is not None and moves:
                self._clip(clips, scene)
            draw(thing)

    def _cut(self, thing: _Thing, origin: geometry.Point) -> None:
        """Keep an object within its Boundary, a path with a margin: a line on the edge is as wide as any other.

        Text is never cut: glyphs of a face that stands in for another may be larger than those that were meant.
        """
        left, top, width, height = thing.area
        edge = 0.0 if local(thing.node) == "ImageObject" else _EDGE
        if thing.outline and is_true(thing.node.get("Stroke"), True):
            edge += thing.style.number("LineWidth", _LINE) * geometry.scale_of(thing.matrix)
        right, bottom = left + width + edge, top + height + edge
        left, top = left - edge, top - edge
        if thing.outline:
            space = multiply(thing.matrix, geometry.translation(*origin))
            reach = geometry.bounds(geometry.apply(space, point) for _, points in thing.outline for point in points)
            if left <= reach[0] and top <= reach[1] and reach[2] <= right and reach[3] <= bottom:
                return
        thing.scene.canvas.clip_to_box(left, top, right - left, bottom - top)

    def _parameters(self, node: Node, scene: _Scene) -> tuple[Node, ...]:
        """Return the drawing parameters that a node refers to, and those that these are based on."""
        found: list[Node] = []
        name = (node.get("DrawParam") or "").strip()
        while name:
            resource = scene.resources.get(("DrawParam", name))
            if resource is None:
                self.findings.parameters.add(name)
                break
            if resource.node in found:
                raise hostile(f"has drawing parameters ({name}) that are based on themselves")
            found.append(resource.node)
            name = (resource.node.get("Relative") or "").strip()
        return tuple(found)

    def _opacity(self, node: Node) -> float:
        alpha = node.get("Alpha")
        return 1.0 if alpha is None else min(max(number(alpha, "opacity") / 255, 0.0), 1.0)

    def _blend(self, node: Node, canvas: Canvas, fill: Paint | None, stroke: Paint | None) -> None:
        mode = node.get("BlendMode") or "Normal"
        if mode not in BLEND_MODES:
            raise unsupported(f"the blend mode {mode!r}")
        canvas.blend(mode, fill.alpha if fill else 1.0, stroke.alpha if stroke else 1.0)

    def _path(self, thing: _Thing) -> None:
        """Draw a path (9.1); a filling has no colour unless one is given, a line is black."""
        node, scene, style = thing.node, thing.scene, thing.style
        fill = stroke = None
        opacity = self._opacity(node)
        if is_true(node.get("Fill"), False):
            fill = self._paint(style.colour("FillColor"), scene, opacity)
        if is_true(node.get("Stroke"), True):
            colour = style.colour("StrokeColor")
            stroke = replace(BLACK, alpha=opacity) if colour is None else self._paint(colour, scene, opacity)
        self._blend(node, scene.canvas, fill, stroke)
        scene.canvas.paint(thing.outline, fill, stroke, style.pen(), even_odd=_is_even_odd(node))

    def _outline(self, node: Node) -> list[Segment]:
        return geometry.parse(text(child(node, "AbbreviatedData")), self.budget)

    def _image(self, thing: _Thing) -> None:
        """Draw a picture into the square of one by one that its CTM spreads out (10)."""
        node, scene = thing.node, thing.scene
        image = self._picture(node.get("ResourceID") or "", node.get("ImageMask") or "", scene)
        opacity = Paint((), self._opacity(node))
        canvas = scene.canvas
        _, _, width, height = thing.area
        with canvas.kept():
            self._blend(node, canvas, opacity, opacity)
            if node.get("CTM") is None:
                canvas.transform(geometry.scaling(width, height))
            canvas.transform(_UPRIGHT)
            canvas.draw(image)
        border = child(node, "Border")
        if border is not None:
            self._border(border, thing)

    def _border(self, border: Node, thing: _Thing) -> None:
        """Draw the line round a picture's Boundary."""
        node, scene = thing.node, thing.scene
        _, _, width, height = thing.area
        pen = _Style(border, ()).pen()
        back = geometry.inverse(thing.matrix)
        if not pen.width or back is None:
            return
        radii = [number(border.get(name) or "0") for name in ("HorizonalCornerRadius", "VerticalCornerRadius")]
        colour = child(border, "BorderColor")
        stroke = BLACK if colour is None else self._paint(colour, scene, self._opacity(node))
        canvas = scene.canvas
        with canvas.kept():
            canvas.transform(back)
            self._blend(node, canvas, None, stroke)
            canvas.paint(geometry.rounded(0, 0, width, height, radii[0], radii[1]), None, stroke, pen)

    def _picture(self, name: str, mask: str, scene: _Scene) -> Object:
        parts = [self._media(name, scene)] + ([self._media(mask, scene)] if mask else [])
        package = scene.document.package
        key = package, parts[0], parts[1] if mask else ""
        if key not in self._pictures:
            masking = package.read(parts[1]) if mask else None
            self._pictures[key] = picture.embed(self.book.pdf, package.read(parts[0]), self.budget, masking)
        return self._pictures[key]

    def _media(self, name: str, scene: _Scene) -> str:
        resource = _resource(scene, "MultiMedia", name, "picture")
        location = text(child(resource.node, "MediaFile"))
        part = scene.document.package.find(location, *resource.folders) if location else None
        if part is None:
            raise damaged(f"the file {location!r} of picture {name} is not in it")
        return part

    def _composite(self, thing: _Thing) -> None:
        """Draw a vector picture from the resources (13)."""
        node, scene = thing.node, thing.scene
        resource = _resource(scene, "CompositeGraphicUnit", node.get("ResourceID") or "", "composite")
        content = child(resource.node, "Content")
        if content is None:
            return
        opacity = Paint((), self._opacity(node))
        if opacity.alpha == 1 and (node.get("BlendMode") or "Normal") == "Normal":
            self._block(content, scene)
            return
        form = Canvas(self.book)
        self._block(content, replace(scene, canvas=form, base=IDENTITY, links=None))
        self._blend(node, scene.canvas, opacity, opacity)
        scene.canvas.draw(self.book.form(form, (-MAX_SIDE, -MAX_SIDE, MAX_SIDE, MAX_SIDE)))

    # --- clips -----------------------------------------------------------------------------------------------------

    def _clip(self, clips: Node, scene: _Scene) -> None:
        """Keep what follows within every clip; a clip is the union of its areas (8.4)."""
        for clip in children(clips, "Clip"):
            areas = list(children(clip, "Area"))
            if len(areas) == 1:
                self._clip_to(areas[0], scene)
            elif areas:
                self._clip_to_all(areas, scene)

    def _clip_to(self, area: Node, scene: _Scene) -> None:
        path, words = child(area, "Path"), child(area, "Text")
        canvas = scene.canvas
        if path is not None:
            canvas.clip(self._clip_outline(area, path), even_odd=_is_even_odd(path))
        elif words is not None:
            matrix = multiply(_own_space(words), _matrix(area.get("CTM")))
            back = geometry.inverse(matrix)
            placed = self._placed(words, scene) if back is not None else None
            if placed is None or back is None or not placed.glyphs:
                canvas.clip([])
                return
            canvas.transform(matrix)
            canvas.clip_to_text(placed.glyphs, placed.size, placed.shape)
            canvas.transform(back)
        else:
            raise unsupported("a clip that is neither a path nor text")

    def _clip_to_all(self, areas: Sequence[Node], scene: _Scene) -> None:
        outline: list[Segment] = []
        for area in areas:
            path = child(area, "Path")
            if path is None or _is_even_odd(path):
                raise unsupported("a clip of several areas that are not all plain paths")
            outline += geometry.clockwise(self._clip_outline(area, path))
        scene.canvas.clip(outline)

    def _clip_outline(self, area: Node, path: Node) -> list[Segment]:
        matrix = multiply(_own_space(path), _matrix(area.get("CTM")))
        return geometry.moved(self._outline(path), matrix)

    # --- colours ---------------------------------------------------------------------------------------------------

    def _paint(self, node: Node | None, scene: _Scene, opacity: float) -> Paint | None:
        """Return what a CT_Color paints with (8.3); None where it is transparent."""
        if node is None:
            return None
        for inner in node:
            kind = local(inner)
            if kind == "Pattern":
                return Paint((), opacity * self._opacity(node), self._tiles(inner, scene))
            if kind in _SHADINGS:
                shading, alpha = self._shading(inner, scene)
                return Paint((), opacity * self._opacity(node) * alpha, shading)
            if kind in _UNKNOWN_PAINTS:
                raise unsupported(f"a colour by {kind}")
        return Paint(self._parts(node, scene), opacity * self._opacity(node))

    def _parts(self, node: Node, scene: _Scene) -> tuple[float, ...]:
        name = (node.get("ColorSpace") or scene.document.default_space).strip()
        resource = scene.resources.get(("ColorSpace", name)) if name else None
        kind = (resource.node.get("Type") or "RGB").upper() if resource else "RGB"
        if kind not in _SPACES:
            raise unsupported(f"the colour space {kind!r}")
        bits = number(resource.node.get("BitsPerComponent") or "8") if resource else 8.0
        value = node.get("Value") or ""
        if not value.strip() and node.get("Index") is not None and resource is not None:
            value = _from_palette(resource.node, int(number(node.get("Index"), "index of a colour")))
        parts = tuple(_channel(word, bits) for word in value.replace(",", " ").split())
        if not parts:
            return (0.0,) * _SPACES[kind] if kind != "CMYK" else (0.0, 0.0, 0.0, 0.0)
        if len(parts) not in _SPACES.values() or (resource is not None and len(parts) != _SPACES[kind]):
            raise damaged(f"the colour {value!r} does not fit its space {kind}")
        return parts

    def _shading(self, node: Node, scene: _Scene) -> tuple[Object, float]:
        """Return an axial or radial shading as a pattern, and the opacity of its colours (8.3.4)."""
        extend = int(number(node.get("Extend") or "0", "extension"))
        way = node.get("MapType") or "Direct"
        if way != "Direct" and (extend or node.get("MapUnit")):
            raise unsupported(f"a shading that is repeated ({way})")
        stops, alpha = self._stops(node, scene)
        start, end = (numbers(node.get(name) or "", 2, "point") for name in ("StartPoint", "EndPoint"))
        matrix = scene.canvas.matrix
        if local(node) == "AxialShd":
            coordinates = [*start, *end]
        else:
            radii = [number(node.get(name) or "0", "radius") for name in ("StartRadius", "EndRadius")]
            ratio = (1 - min(max(number(node.get("Eccentricity") or "0"), 0.0), 0.999999) ** 2) ** 0.5
            shape = multiply(geometry.scaling(1, ratio), geometry.rotation(number(node.get("Angle") or "0", "angle")))
            back = geometry.inverse(shape) or IDENTITY
            (x0, y0), (x1, y1) = (geometry.apply(back, (point[0], point[1])) for point in (start, end))
            coordinates = [x0, y0, abs(radii[0]), x1, y1, abs(radii[1])]
            matrix = multiply(shape, matrix)
        parts = len(stops[0][1])
        shading = Dictionary(
            ShadingType=2 if local(node) == "AxialShd" else 3,
            ColorSpace=Name({1: "/DeviceGray", 3: "/DeviceRGB", 4: "/DeviceCMYK"}[parts]),
            Coords=Array([round(value, 6) for value in coordinates]),
            Function=_gradient(stops),
            Extend=Array([bool(extend & 1), bool(extend & 2)]),
        )
        pattern = Dictionary(Type=Name.Pattern, PatternType=2, Shading=shading, Matrix=_array(matrix))
        return self.book.pdf.make_indirect(pattern), alpha

    def _stops(self, node: Node, scene: _Scene) -> tuple[list[tuple[float, tuple[float, ...]]], float]:
        segments = list(children(node, "Segment"))
        if not segments:
            raise damaged("a shading has no colours")
        stops: list[tuple[float, tuple[float, ...]]] = []
        alphas: set[float] = set()
        for index, segment in enumerate(segments):
            colour = child(segment, "Color")
            if colour is None:
                raise damaged("a part of a shading has no colour")
            given = segment.get("Position")
            place = number(given, "position") if given else index / max(1, len(segments) - 1)
            stops.append((min(max(place, 0.0), 1.0), self._parts(colour, scene)))
            alphas.add(self._opacity(colour))
        if len(alphas) > 1:
            raise unsupported("a shading from one opacity to another")
        if len({len(parts) for _, parts in stops}) > 1:
            raise unsupported("a shading from one colour space to another")
        return sorted(stops, key=lambda stop: stop[0]), alphas.pop()

    def _tiles(self, node: Node, scene: _Scene) -> Object:
        """Return a pattern of cells (8.3.3)."""
        if (node.get("ReflectMethod") or "Normal") != "Normal":
            raise unsupported(f"a pattern whose cells are turned over ({node.get('ReflectMethod')})")
        width, height = (number(node.get(side) or "0", "size of a cell") for side in ("Width", "Height"))
        if width < MIN_CELL or height < MIN_CELL:
            raise hostile(f"holds a pattern whose cells are {width:g} by {height:g} mm")
        if scene.in_cell:
            raise unsupported("a pattern within a pattern")
        content = child(node, "CellContent")
        canvas = Canvas(self.book)
        if content is not None:
            cell = replace(scene, canvas=canvas, base=IDENTITY, parameters=(), links=None, in_cell=True)
            self._block(content, cell)
        base = scene.base if node.get("RelativeTo") == "Page" else scene.canvas.matrix
        return self.book.pdf.make_stream(
            canvas.content(),
            Type=Name.Pattern,
            PatternType=1,
            PaintType=1,
            TilingType=1,
            BBox=Array([0, 0, round(width, 5), round(height, 5)]),
            XStep=round(max(width, number(node.get("XStep") or "0")), 5),
            YStep=round(max(height, number(node.get("YStep") or "0")), 5),
            Resources=canvas.resources(),
            Matrix=_array(multiply(_matrix(node.get("CTM")), base)),
        )

    # --- text ------------------------------------------------------------------------------------------------------

    def _text(self, thing: _Thing) -> None:
        """Draw text (11.2): filled in black unless told otherwise; weight and slant that a font lacks are imitated."""
        node, scene, style = thing.node, thing.scene, thing.style
        placed = self._placed(node, scene)
        if placed is None or not placed.glyphs:
            return
        opacity = self._opacity(node)
        fill = stroke = None
        pen = style.pen()
        if is_true(node.get("Fill"), True):
            colour = style.colour("FillColor")
            fill = replace(BLACK, alpha=opacity) if colour is None else self._paint(colour, scene, opacity)
        if is_true(node.get("Stroke"), False):
            stroke = self._paint(style.colour("StrokeColor"), scene, opacity)
        elif placed.emboldened and fill is not None:
            stroke, pen = fill, Pen(abs(placed.size) * _BOLD_LINE, join="Round")
        self._blend(node, scene.canvas, fill, stroke)
        scene.canvas.text(placed.glyphs, placed.size, placed.shape, fill, stroke, pen)

    def _placed(self, node: Node, scene: _Scene) -> _Placed | None:
        """Return the glyphs of a text object in their places (11.3, 11.4); None where nothing is to be drawn."""
        size = number(node.get("Size") or "0", "size of text")
        if not size:
            return None
        typeface = self._typeface(_resource(scene, "Font", node.get("Font") or "", "font"), scene)
        stretch = number(node.get("HScale") or "1", "HScale")
        reading = number(node.get("ReadDirection") or "0", "direction") % 360
        turned = number(node.get("CharDirection") or "0", "direction") % 360
        glyphs: list[Glyph] = []
        start = (0.0, 0.0)
        pending: list[lettering.Transform] = []
        for inner in node:
            if local(inner) == "CGTransform":
                pending.append(lettering.transform(inner))
            elif local(inner) == "TextCode":
                start = (_or(inner.get("X"), start[0]), _or(inner.get("Y"), start[1]))
                words = lettering.words(inner)
                self.budget.spend("characters", len(words))
                if len(glyphs) + len(words) > MAX_TEXT:
                    raise hostile(f"holds a line of text of more than {MAX_TEXT:,} characters")
                cells = list(lettering.cells(words, pending if typeface.own is not None else ()))
                pending = [each._replace(start=each.start - len(words)) for each in pending if each.start >= len(words)]
                line = [self._glyph(given, char, typeface) for given, char in cells]
                lettering.place(line, start, inner, (size, stretch, reading))
                glyphs += line
        if not turned:
            lettering.fit(glyphs, size * stretch)
        bold = number(node.get("Weight") or "400", "weight") >= _BOLD or (typeface.bold and typeface.own is None)
        italic = is_true(node.get("Italic"), False) or (typeface.italic and typeface.own is None)
        slanted = italic and not all(glyph.program.italic for glyph in glyphs)
        shape: Matrix = (stretch, 0.0, _SLANT * stretch if slanted else 0.0, -1.0, 0.0, 0.0)
        if turned:
            shape = multiply(shape, geometry.rotation(turned))
        return _Placed(glyphs, size, shape, bold and not all(glyph.program.bold for glyph in glyphs))

    def _glyph(self, glyph: int | None, words: str, typeface: _Typeface) -> Glyph:
        """Return a glyph by its number, or the best there is for a character: of the font in the file, then by name."""
        if typeface.own is not None and glyph is not None:
            typeface.own.width(glyph)  # raises where there is no such glyph
            return Glyph(typeface.own, Shape(glyph), words)
        programs = [typeface.own] if typeface.own is not None else []
        if not any(fonts.is_drawn(char) for char in words):
            program = programs[0] if programs else _program(typeface.faces[0])
            return Glyph(program, Shape(program.glyph_of(words) if words else None), words)
        for program in programs:
            found = program.glyph_of(words)
            if found is not None:
                return Glyph(program, Shape(found), words)
        for face in typeface.faces:
            program = _program(face)
            found = program.glyph_of(words)
            if found is not None:
                if programs:
                    self.findings.replaced.setdefault(typeface.name, set()).add(words)
                return Glyph(program, Shape(found), words)
        self.findings.missing.add(words)
        return Glyph(_program(typeface.faces[0]), Shape(0), words)

    def _typeface(self, resource: Resource, scene: _Scene) -> _Typeface:
        """Return the font of a resource (11.1)."""
        if resource not in self._typefaces:
            node = resource.node
            name, family = (_SUBSET_TAG.sub("", (node.get(key) or "").strip()) for key in ("FontName", "FamilyName"))
            known = next((each for each in (name, family) if each in fonts.known_names()), name or family)
            faces = tuple(dict.fromkeys((fonts.resolve_embedded(known), fonts.SONG, fonts.HEI)))
            location = text(child(node, "FontFile"))
            own = self._embedded(location, name or family or "?", resource, scene) if location else None
            bold, italic = is_true(node.get("Bold"), False), is_true(node.get("Italic"), False)
            self._typefaces[resource] = _Typeface(name or family or "?", own, faces, bold, italic)
        return self._typefaces[resource]

    def _embedded(self, location: str, name: str, resource: Resource, scene: _Scene) -> Program:
        package = scene.document.package
        part = package.find(location, *resource.folders)
        if part is None:
            raise damaged(f"the file {location!r} of the font {name} is not in it")
        if (package, part) not in self._programs:
            self._programs[package, part] = Program(package.read(part), name)
        return self._programs[package, part]

    # --- links -----------------------------------------------------------------------------------------------------

    def _note_links(self, node: Node, area: Box, scene: _Scene) -> None:
        target = target_of(node)
        if target is not None and scene.links is not None:
            points = [geometry.apply(scene.canvas.matrix, point) for point in geometry.corners(*area)]
            scene.links.append(Link(geometry.bounds(points), target))


def target_of(node: Node) -> Target | None:
    """Return where a click on an object or outline entry leads (14), if that is a page or an address."""
    for action in children(child(node, "Actions"), "Action"):
        if (action.get("Event") or "CLICK") != "CLICK":
            continue
        address = child(action, "URI")
        if address is not None and address.get("URI"):
            return Target(uri=(address.get("Base") or "") + address.get("URI"))
        destination = child(child(action, "Goto"), "Dest")
        if destination is not None:
            left, top = (number(destination.get(side) or "0", "place") for side in ("Left", "Top"))
            return Target(page=destination.get("PageID", "").strip(), left=left, top=top)
    return None


# --- what is said in attributes ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Placed:
    """Glyphs in their places, their size in millimetres, the matrix of their shape, and whether to embolden them."""

    glyphs: list[Glyph]
    size: float
    shape: Matrix
    emboldened: bool


@cache
def _program(face: Face) -> Program:
    return Program.of_face(face)


def _resource(scene: _Scene, kind: str, name: str, what: str) -> Resource:
    resource = scene.resources.get((kind, name.strip()))
    if resource is None:
        raise damaged(f"the {what} {name} is not among its resources")
    return resource


def _matrix(value: str | None) -> Matrix:
    if value is None or not value.strip():
        return IDENTITY
    a, b, c, d, e, f = numbers(value, 6, "matrix")
    return (a, b, c, d, e, f)


def _own_space(node: Node) -> Matrix:
    """Return the matrix from within an object to where its Boundary is measured."""
    x, y, *_ = numbers(node.get("Boundary") or "0 0 0 0", 4, "box")
    return multiply(_matrix(node.get("CTM")), geometry.translation(x, y))


def _is_even_odd(node: Node) -> bool:
    return (node.get("Rule") or "NonZero").replace("-", "").lower() == "evenodd"


def _dashes(value: str | None) -> tuple[float, ...]:
    dashes = tuple(max(0.0, length) for length in numbers(value or "", what="pattern of dashes"))
    return dashes if sum(dashes) >= MIN_DASH else ()


def _or(value: str | None, otherwise: float) -> float:
    return otherwise if value is None or not value.strip() else number(value, "place")


def _check_side(length: float) -> None:
    if not MIN_SIDE <= length <= MAX_SIDE:
        raise hostile(f"has a page with a side of {length:g} mm")


def _channel(word: str, bits: float) -> float:
    try:
        value = float(int(word[1:], 16)) if word.startswith("#") else number(word, "colour")
    except ValueError:
        raise damaged(f"{word!r} is no colour") from None
    return min(max(value / (2 ** min(max(bits, 1), 16) - 1), 0.0), 1.0)


def _from_palette(space: Node, index: int) -> str:
    colours = list(children(child(space, "Palette"), "CV"))
    if not 0 <= index < len(colours):
        raise damaged(f"colour {index} is not in its palette")
    return text(colours[index])


def _array(matrix: Matrix) -> Array:
    return Array([round(value, 8) for value in matrix])


def _gradient(stops: Sequence[tuple[float, tuple[float, ...]]]) -> Dictionary:
    """Return a function from 0 … 1 to colours (ISO 32000-1, 7.10.4)."""
    padded = [(0.0, stops[0][1]), *stops, (1.0, stops[-1][1])]
    pairs = [(a, b) for a, b in pairwise(padded) if b[0] > a[0]]
    pieces = [
        Dictionary(
            FunctionType=2,
            Domain=Array([0, 1]),
            C0=Array([round(part, 4) for part in one]),
            C1=Array([round(part, 4) for part in other]),
            N=1,
        )
        for (_, one), (_, other) in pairs
    ]
    return Dictionary(
        FunctionType=3,
        Domain=Array([0, 1]),
        Functions=Array(pieces),
        Bounds=Array([round(end, 6) for _, (end, _) in pairs[:-1]]),
        Encode=Array([0, 1] * len(pieces)),
    )
