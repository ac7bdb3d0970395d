"""The board shows what checking found and where the last build bound it, alone, in a real browser, for anybody."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from conftest import MakeManifest, MakePdf, MakePhoto
from lxml import html  # type: ignore[import-untyped]

import dossier
from dossier import board

NOW = datetime(2023, 12, 10, 9, 30)
CHROMIUM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), ""
)


@pytest.fixture
def manifest(make_manifest: MakeManifest, make_pdf: MakePdf, make_photo: MakePhoto) -> Path:
    """Describe a dossier in which something of every kind is right or wrong."""
    make_pdf("sources/plan.pdf", pages=3)
    make_photo("sources/scan.tif", (1654, 2339), dpi=200, frames=2)
    items = [
        {
            **{"id": "1", "title": "领导 <b>", "unit": "甲局"},
            "items": [
                {
                    **{"id": "1-1", "title": "规划", "points": 2, "self_score": "1.5", "criteria": "有规划"},
                    "evidence": [{"file": "plan.pdf", "title": "规划纲要", "number": "云府发[2023]5号"}],
                },
                {"id": "1-2", "title": "经费", "points": 3, "self_score": 3, "evidence": [{"file": "gone.pdf"}]},
            ],
        },
        {
            **{"id": "2", "title": "质量", "unit": "乙局"},
            "items": [
                {
                    "id": "2-1",
                    "title": "抽查",
                    "points": 4,
                    "self_score": 4,
                    "evidence": [{"file": "scan.tif"}, {"see": "1-1-01"}],
                },
                {"id": "2-2", "title": "水利", "points": 1, "not_applicable": "无"},
            ],
        },
    ]
    return make_manifest(
        items=items, units={"甲局": {"contact": "李工", "phone": "1234"}, "乙局": {}}, deadline="2023-12-20"
    )


@pytest.fixture
def built(manifest: Path, tmp_path: Path) -> Path:
    dossier.build(manifest, tmp_path / "out", engine="embedded")
    return board.write(dossier.check(manifest), tmp_path / "out", now=NOW)


def page_of(path: Path) -> Any:
    return html.fromstring(path.read_text(encoding="utf-8"))


def test_the_board_needs_nothing_but_itself(built: Path) -> None:
    page = page_of(built)
    assert not page.xpath("//link | //script[@src] | //iframe | //object")
    assert all(image.get("src").startswith("data:image/webp;base64,") for image in page.xpath("//img"))
    assert "http://" not in built.read_text(encoding="utf-8")
    assert "https://" not in built.read_text(encoding="utf-8")


def test_every_item_and_all_its_evidence_are_there_with_their_state(built: Path) -> None:
    page = page_of(built)
    found = {item.get("id"): item for item in page.xpath("//article")}
    assert list(found) == ["item-1-1", "item-1-2", "item-2-1", "item-2-2"]
    assert [item.get("data-state") for item in found.values()] == ["complete", "missing", "complete", "not-applicable"]
    assert [item.get("data-risk") for item in found.values()] == ["0", "3", "0", "0"]
    states = [
        [span.get("class") for span in item.xpath(".//li//span[contains(@class, 'state')]")] for item in found.values()
    ]
    assert states == [["state bound"], ["state missing"], ["state bound", "state cited"], []]


def test_links_open_the_binder_at_the_page_of_the_receipt(built: Path) -> None:
    from dossier import receipt  # noqa: PLC0415 - the receipt of this build alone

    claimed = receipt.read(built.parent / "receipt-draft.json")
    page = page_of(built)
    for item in claimed.items:
        for proof in item.evidence:
            if proof.first and proof.status == "bound":
                [row] = [row for row in page.xpath("//li") if row.xpath(f".//b[text()='{proof.id}']")]
                links = {unquote(link) for link in row.xpath(".//a/@href")}
                assert links == {f"{claimed.volumes[0].file}#page={proof.first}"}
    assert (built.parent / claimed.volumes[0].file).is_file()


def test_a_thumbnail_is_of_the_first_page(built: Path) -> None:
    assert len(page_of(built).xpath("//article[@id='item-1-1']//img")) == 1
    assert not page_of(built).xpath("//article[@id='item-2-2']//img")


def test_problems_stand_where_they_belong_with_their_remedy(built: Path) -> None:
    page = page_of(built)
    [missing] = page.xpath("//article[@id='item-1-2']//li//p[contains(@class, 'error')]")
    assert "gone.pdf" in missing.text_content()
    assert "→" in missing.text_content()
    [number] = page.xpath("//article[@id='item-1-1']//li//p[contains(@class, 'warning')]")
    assert "云府发〔2023〕5号" in number.text_content()


def test_figures_are_those_of_the_check(built: Path) -> None:
    figures = [box.text_content() for box in page_of(built).xpath("//*[@class='figures']/div/b")]
    assert figures == ["3 / 4", "1", "8.5 / 9", "5.5", "3"]


def test_text_of_the_manifest_is_no_markup(built: Path) -> None:
    assert "领导 &lt;b&gt;" in built.read_text(encoding="utf-8")
    assert not page_of(built).xpath("//th/b")


def test_before_the_first_build_there_is_a_board_too(manifest: Path, tmp_path: Path) -> None:
    page = page_of(board.write(dossier.check(manifest), tmp_path / "new", now=NOW))
    assert len(page.xpath("//article")) == 4
    assert not page.xpath("//a[contains(@href, '.pdf')]")
    assert page.xpath("//article[@id='item-1-1']//li//span[@class='state there']")


def test_two_thousand_pieces_of_evidence_fit(make_manifest: MakeManifest, make_pdf: MakePdf, tmp_path: Path) -> None:
    make_pdf("sources/a.pdf")
    evidence: dict[str, list[dict[str, Any]]] = {"0": [{"file": "a.pdf"}]}
    evidence |= {str(n): [{"see": "0-01", "title": f"材料{n}-{m}"} for m in range(20)] for n in range(1, 101)}
    path = board.write(dossier.check(make_manifest(evidence)), tmp_path / "out", now=NOW)
    assert len(page_of(path).xpath("//li[@class='proof']")) == 2001
    assert path.stat().st_size < 4_000_000


# --- in a browser --------------------------------------------------------------------------------------------------


@pytest.fixture
def browser() -> Iterator[Any]:
    if not CHROMIUM:
        if os.environ.get("DOSSIER_CI"):
            pytest.fail("chromium is not installed")
        pytest.skip("chromium is not installed")
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - only where there is a browser

    with sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture
def shown(browser: Any, built: Path) -> Iterator[Any]:
    """Open the board; whatever it complains of or asks of a network fails the test."""
    page = browser.new_page(viewport={"width": 1200, "height": 900})
    wrong: list[str] = []
    page.on("console", lambda message: wrong.append(message.text))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda asked: None if asked.url.startswith(("file:", "data:")) else wrong.append(asked.url))
    page.goto(built.as_uri())
    yield page
    assert wrong == []


def visible(page: Any) -> list[str]:
    return [str(one.get_attribute("id")) for one in page.locator("article:visible").all()]


def test_search_filters_as_one_types(shown: Any) -> None:
    shown.locator("#search").press_sequentially("规划纲要")
    assert visible(shown) == ["item-1-1", "item-2-1"]  # the second cites it
    assert "2" in shown.locator("#count").inner_text()
    shown.locator("#search").fill("云府发 5号")
    assert visible(shown) == ["item-1-1"]
    shown.locator("#search").fill("没有的")
    assert visible(shown) == []
    assert shown.locator("#none").is_visible()
    shown.keyboard.press("Escape")
    assert len(visible(shown)) == 4


def test_unit_and_state_filter_and_risk_sorts(shown: Any) -> None:
    shown.locator("#unit").select_option("乙局")
    assert visible(shown) == ["item-2-1", "item-2-2"]
    shown.locator("#unit").select_option("*")
    shown.locator("#state").select_option("missing")
    assert visible(shown) == ["item-1-2"]
    shown.locator("#state").select_option("!")
    assert "item-1-1" in visible(shown)
    shown.locator("#state").select_option("*")
    shown.locator("#sort").select_option("risk")
    assert visible(shown)[0] == "item-1-2"
    shown.locator("#sort").select_option("order")
    assert visible(shown) == ["item-1-1", "item-1-2", "item-2-1", "item-2-2"]


def test_the_keyboard_is_enough(shown: Any) -> None:
    shown.keyboard.press("/")
    assert shown.evaluate("document.activeElement.id") == "search"
    shown.locator("article summary").first.focus()
    assert not shown.locator("#item-1-1 li").is_visible()
    shown.keyboard.press("Enter")
    assert shown.locator("#item-1-1 li").is_visible()


def test_the_language_changes_and_a_unit_in_the_table_filters(shown: Any) -> None:
    assert shown.locator("h2:visible").first.inner_text() == "各部分进度"
    shown.locator("#language").click()
    assert shown.locator("h2:visible").first.inner_text() == "Progress by section"
    shown.locator("button[data-unit='甲局']").click()
    assert visible(shown) == ["item-1-1", "item-1-2"]


def test_a_cell_of_the_heat_map_opens_its_item_even_when_it_is_filtered_out(shown: Any) -> None:
    shown.locator("#state").select_option("missing")
    shown.locator("a.cell[href='#item-2-1']").click()
    assert shown.locator("#item-2-1 li").first.is_visible()


def test_it_prints_with_everything_open_and_no_controls(shown: Any, tmp_path: Path) -> None:
    shown.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    shown.emulate_media(media="print")
    assert not shown.locator("#filters").is_visible()
    assert shown.locator("#item-1-1 li").is_visible()
    data = shown.pdf(format="A4")
    assert data.startswith(b"%PDF")
    (tmp_path / "board.pdf").write_bytes(data)
    import pypdfium2  # noqa: PLC0415 - reads what was printed

    with pypdfium2.PdfDocument(tmp_path / "board.pdf") as document:
        text = "".join(page.get_textpage().get_text_range() for page in document)
    assert "规划纲要" in text


def test_every_control_has_a_name_for_screen_readers(shown: Any) -> None:
    for role in ("button", "combobox", "searchbox", "link"):
        for control in shown.get_by_role(role).all():
            assert control.evaluate("e => (e.labels?.[0]?.innerText || e.ariaLabel || e.innerText || '').trim()")
