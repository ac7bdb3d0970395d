"""Why something is missing or refused and what to do, by the code of the problem, in the words of an office.

Messages of problems speak to whoever runs the program. These speak to the department that is to send the evidence; the
sheets in a draft and the letters to departments say the same.
"""

from __future__ import annotations

from typing import Final

CAUSES: Final[tuple[tuple[str, str, tuple[str, ...]], ...]] = (
    ("尚未收到文件，请{unit}报送", "Not received yet. Please send it", ("missing-source",)),
    ("尚未列明印证材料，请{unit}报送", "No evidence has been named yet. Please send it", ("no-evidence",)),
    ("缺少规定种类的材料，请{unit}补充", "Evidence of this kind is required. Please send it", ("missing-role",)),
    ("规定种类的材料份数不足，请{unit}补充", "More files of this kind are required. Please send them", ("few-files",)),
    (
        "文件格式不能装订，请另存为PDF、Word（DOCX）或者图片后重新报送",
        "This kind of file cannot be bound. Please save it as PDF, Word (DOCX) or a picture and send it again",
        ("unsupported-kind", "unsupported-content"),
    ),
    (
        "文件设有密码，请报送不设密码的文件",
        "The file has a password. Please send one without a password",
        ("encrypted-source",),
    ),
    ("文件没有内容，请重新报送", "The file is empty. Please send it again", ("empty-source",)),
    (
        "指定的页码超出文件页数，请核对清单",
        "The pages asked for are not in the file. Please check the list",
        ("page-range",),
    ),
    (
        "文件内容异常，请打印为PDF后重新报送",
        "There is something wrong inside the file. Please print it to PDF and send it again",
        ("hostile-source", "oversized-source", "looping-source"),
    ),
)
"""In Chinese, where ``{unit}`` is who shall send it, and in English; the codes of problems that they speak of."""

OTHER_CAUSE: Final = (
    "文件损坏或者无法读取，请重新导出或者打印为PDF后报送",
    "The file is damaged or cannot be read. Please export it again, or print it to PDF",
)

HINTS: Final[dict[str, tuple[str, str]]] = {
    "outside-period": (
        "材料日期不在考核期内，请核对是否为本期材料",
        "Dated outside the period. Please check that it is the right document",
    ),
    "name-outside-period": (
        "文件名所示日期不在考核期内，请核对是否为本期材料",
        "Its name shows a date outside the period. Please check that it is the right file",
    ),
    "made-outside-period": (
        "文件形成日期不在考核期内，请核对是否为本期材料",
        "The file was made outside the period. Please check that it is the right one",
    ),
    "undated": ("未注明材料日期，请告知", "No date is known. Please tell us its date"),
    "malformed-number": (
        "文号书写不规范，请按“云府发〔2023〕5号”的格式核对",
        "Its number is not written as the norm has it. Please check it",
    ),
    "repeated-number": (
        "文号与另一份题名不同的材料相同，请核对",
        "Another document of a different title has the same number. Please check both",
    ),
    "same-file": (
        "与另一份材料是同一个文件，请核对是否误报",
        "The same file was sent as another document. Please check which was meant",
    ),
    "same-scan": (
        "与另一份材料的扫描件几乎相同，请核对是否误报",
        "Nearly the same scan was sent as another document. Please check which was meant",
    ),
    "low-dpi": (
        "扫描分辨率低于200dpi，请以300dpi重新扫描",
        "Scanned at less than 200 dots per inch. Please scan it again at 300",
    ),
    "blank-page": ("有空白页，请核对是否漏扫", "There are blank pages. Please check that nothing is missing"),
    "no-text": ("文字不能检索，请报送原始电子文件", "Its text cannot be searched. Please send the original"),
    "draft-name": (
        "标明为草稿、征求意见稿或者送审稿，请报送正式文本",
        "It calls itself a draft. Please send what was issued in the end",
    ),
    "tracked-changes": ("留有修订痕迹，请报送定稿", "It holds tracked changes. Please send the final text"),
}
"""What the rules find that a department can put right, in Chinese and in English."""

_BY_CODE: Final = {code: (chinese, english) for chinese, english, codes in CAUSES for code in codes} | HINTS


def cause(code: str, *, chinese: bool, unit: str = "") -> str:
    """Return why something is owed and what to do; ``unit`` is who shall do it, where it is not told to them."""
    said = _BY_CODE.get(code, OTHER_CAUSE)
    return said[0].format(unit=unit) if chinese else said[1]
