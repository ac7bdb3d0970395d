"""A mail is read as a person reads it, however it was encoded; it becomes pages, and nothing in it acts."""

from __future__ import annotations

import base64
import errno
import io
import socket
import struct
import time
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import docx
import olefile  # type: ignore[import-untyped]
import pytest

from dossier import containers, sources
from dossier.containers import Contents, archive, mail
from dossier.containers.mail import Attachment, Letter
from dossier.errors import ConversionError
from dossier.sources import Kind

HEAD = "From: a@example.com\nTo: b@example.com\nDate: Fri, 15 Dec 2023 14:30:00 +0800\nSubject: x\nMIME-Version: 1.0\n"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(30)


# --- mails drawn by code -------------------------------------------------------------------------------------------


def word(text: str, charset: str = "utf-8", *, said: str = "", quoted: bool = False) -> str:
    """Return an encoded word (RFC 2047), which may say another character set than it is in."""
    data = text.encode(charset)
    if quoted:
        return f"=?{said or charset}?Q?" + "".join(f"={byte:02X}" for byte in data) + "?="
    return f"=?{said or charset}?B?{base64.b64encode(data).decode()}?="


def part(kind: str, content: str | bytes, *headers: str) -> bytes:
    """Return a part of a mail: text as it stands, bytes in base64."""
    lines = [f"Content-Type: {kind}", *headers]
    if isinstance(content, str):
        return "\n".join([*lines, "", content]).encode()
    encoded = base64.encodebytes(content)
    return "\n".join([*lines, "Content-Transfer-Encoding: base64", "", ""]).encode() + encoded


def attached(name: str, content: bytes, kind: str = "application/octet-stream") -> bytes:
    return part(kind, content, f'Content-Disposition: attachment; filename="{name}"')


_boundaries = iter(range(10**6))


def multi(kind: str, *parts: bytes) -> bytes:
    mark = f"mark{next(_boundaries)}"
    body = b"".join(f"\n--{mark}\n".encode() + one for one in parts) + f"\n--{mark}--\n".encode()
    return f'Content-Type: multipart/{kind}; boundary="{mark}"\n'.encode() + body


def eml(content: bytes, head: str | bytes = HEAD) -> bytes:
    return (head.encode() if isinstance(head, str) else head) + content


def text_mail(text: str = "text", *, head: str = HEAD) -> bytes:
    return eml(part("text/plain; charset=utf-8", text), head)


# --- reading them --------------------------------------------------------------------------------------------------


@pytest.fixture
def into(tmp_path: Path) -> Path:
    folder = tmp_path / "into"
    folder.mkdir()
    return folder


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise AssertionError("something was fetched")

    monkeypatch.setattr(socket.socket, "connect", refused)
    monkeypatch.setattr(socket, "getaddrinfo", refused)


def write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def unpack(data: bytes, into: Path, **options: str) -> Contents:
    path = write(into.parent / "mail.bin", data)
    return containers.unpack(path, containers.recognise(path), into, **options)


def letter_of(tmp_path: Path, data: bytes) -> Letter:
    return mail.read_eml(write(tmp_path / "mail.eml", data))


def refused(data: bytes, into: Path, kind: Kind = Kind.EML) -> ConversionError:
    path = write(into.parent / "mail.bin", data)
    with pytest.raises(ConversionError) as caught:
        containers.unpack(path, kind, into)
    assert caught.value.fix
    return caught.value


def listed(contents: Contents) -> list[str]:
    return [member.name for member in contents.members]


def page(contents: Contents, number: int = 0) -> tuple[dict[str, str], str]:
    """Return the block of headers and the text of a mail's Word file."""
    document = docx.Document(str(contents.members[number].path))
    rows = {row.cells[0].text: row.cells[1].text for row in document.tables[0].rows}
    return rows, "\n".join(paragraph.text for paragraph in document.paragraphs).strip("\n")


def note(contents: Contents, code: str) -> str:
    [found] = [note for note in contents.notes if note.code == code]
    assert found.fix
    return found.message


def test_a_mail_becomes_a_page_and_its_attachments_in_order(into: Path) -> None:
    head = (
        f"From: {word('市质强办')} <zqb@example.com>\nTo: {word('发展改革局')} <fgj@example.com>,\n b@example.com\n"
        f"Cc: c@example.com\nDate: Fri, 15 Dec 2023 14:30:00 +0800\nSubject: {word('报送印证材料')}\n"
    )
    data = eml(
        multi(
            "mixed",
            part("text/plain; charset=utf-8", "请查收。\n\n市质强办"),
            attached("b.pdf", b"%PDF-1"),
            attached("a.txt", b"a"),
        ),
        head,
    )

    contents = unpack(data, into)

    assert listed(contents) == ["邮件正文.docx", "b.pdf", "a.txt"]
    assert [m.path.name for m in contents.members] == ["0001.docx", "0002.pdf", "0003.txt"]
    assert [m.path.read_bytes() for m in contents.members[1:]] == [b"%PDF-1", b"a"]
    assert sources.recognise(contents.members[0].path) is Kind.DOCX
    rows, text = page(contents)
    assert rows == {
        "主题": "报送印证材料",
        "发件人": "市质强办 <zqb@example.com>",
        "收件人": "发展改革局 <fgj@example.com>, b@example.com",
        "抄送": "c@example.com",
        "日期": "2023-12-15 14:30 (+08:00)",
        "附件": "1. b.pdf\n2. a.txt",
    }
    assert list(rows) == ["主题", "发件人", "收件人", "抄送", "日期", "附件"]
    assert text == "请查收。\n\n市质强办"
    assert contents.notes == ()


def test_rows_that_would_be_empty_are_left_away(into: Path) -> None:
    rows, _ = page(unpack(text_mail(), into))

    assert "抄送" not in rows
    assert "附件" not in rows


def test_the_page_speaks_the_language_of_the_dossier(into: Path) -> None:
    data = eml(multi("mixed", part("text/plain", "hello"), part("image/png", PNG)))

    contents = unpack(data, into, language="en-GB")

    assert listed(contents) == ["mail.docx", "attachment1.png"]
    assert list(page(contents)[0]) == ["Subject", "From", "To", "Date", "Attachments"]


def test_an_unknown_language_is_served_in_english(into: Path) -> None:
    assert listed(unpack(text_mail(), into, language="fr")) == ["mail.docx"]


def test_the_page_is_the_same_on_any_day(monkeypatch: pytest.MonkeyPatch) -> None:
    letter = Letter("主题", "a", "b", "", "2023", "text", [Attachment("a.txt", b"")])
    first = mail.document(letter)
    monkeypatch.setattr(time, "time", lambda: 1_900_000_000.0)

    assert mail.document(letter) == first
    with zipfile.ZipFile(io.BytesIO(first)) as package:
        assert {info.date_time for info in package.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_the_page_is_set_as_chinese() -> None:
    document = docx.Document(io.BytesIO(mail.document(Letter(body="正文"))))

    styles = document.styles.element.xml
    assert 'w:eastAsia="zh-CN"' in styles
    assert 'w:eastAsia="宋体"' in styles


def test_control_characters_do_not_break_the_page(into: Path) -> None:
    _, text = page(
        unpack(text_mail("a\x00b\x08c\ud83d\ude00".encode("utf-8", "surrogatepass").decode("utf-8", "replace")), into)
    )

    assert text.startswith("a\ufffdb\ufffdc")


# --- headers -------------------------------------------------------------------------------------------------------


def split_word(text: str, charset: str, said: str) -> str:
    """Return a subject in two encoded words, cut in the middle of a character as many programs do."""
    data = text.encode(charset)
    middle = len(data) // 2 | 1
    halves = (base64.b64encode(half).decode() for half in (data[:middle], data[middle:]))
    return "\r\n ".join(f"=?{said}?B?{half}?=" for half in halves)


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (word("质量工作"), "质量工作"),
        (word("质量工作", quoted=True), "质量工作"),
        (word("质量工作", "gbk", said="GB2312"), "质量工作"),
        (word("朱镕基、陶喆", "gbk", said="gb2312"), "朱镕基、陶喆"),  # not in GB 2312, whatever the mail says
        (word("报告", "gb18030", said="gb2312*zh-CN"), "报告"),
        (word("報告", "big5"), "報告"),
        (word("報告", "big5", said="big5*zh-TW"), "報告"),
        (word("质量", "gbk", said="us-ascii"), "质量"),
        (word("质量", said="no-such-charset"), "质量"),
        (split_word("关于质量工作的通知", "gbk", "gb2312"), "关于质量工作的通知"),
        (split_word("关于质量工作的通知", "utf-8", "utf-8"), "关于质量工作的通知"),
        (f"Re: {word('通知')} (2)", "Re: 通知 (2)"),
        (f"{word('通')} {word('知')}", "通知"),
        (f"{word('通')}\n\t{word('知', 'gbk')}", "通知"),
        ("=?utf-8?B?6LSo6YeP?", "=?utf-8?B?6LSo6YeP?"),
        ("=?utf-8?B?6LSo6YeP6?=", "质量"),  # one letter too many
        ("=?utf-8?Q?a_b=20c?=", "a b c"),
        ("=?idna?B?YQ==?=", "a"),
        ("plain", "plain"),
        ("", ""),
    ],
)
def test_a_header_is_decoded_as_it_was_meant(tmp_path: Path, raw: str, shown: str) -> None:
    letter = letter_of(tmp_path, text_mail(head=HEAD.replace("Subject: x", f"Subject: {raw}")))

    assert letter.subject == shown


@pytest.mark.parametrize("charset", ["gbk", "utf-8"])
def test_raw_bytes_in_a_header_are_guessed_and_reported(into: Path, charset: str) -> None:
    head = HEAD.replace("Subject: x", f"Subject: 质量工作方案 {word('通知')}").encode(charset)

    contents = unpack(eml(part("text/plain", "text"), head), into)

    assert page(contents)[0]["主题"] == "质量工作方案 通知"
    assert "headers" in note(contents, containers.GUESSED)


@pytest.mark.parametrize(
    ("date", "shown"),
    [
        ("Fri, 15 Dec 2023 14:30:00 +0800", "2023-12-15 14:30 (+08:00)"),
        ("15 Dec 2023 14:30 GMT", "2023-12-15 14:30 (+00:00)"),
        ("Fri, 15 Dec 2023 14:30:00 -0000", "2023-12-15 14:30"),
        ("2023年12月15日", "2023年12月15日"),
        ("Fri, 99 Dec 2023 14:30:00 +0800", "Fri, 99 Dec 2023 14:30:00 +0800"),
        ("", ""),
    ],
)
def test_a_date_is_shown_as_the_senders_clock_did(tmp_path: Path, date: str, shown: str) -> None:
    head = HEAD.replace("Fri, 15 Dec 2023 14:30:00 +0800", date)

    assert letter_of(tmp_path, text_mail(head=head)).date == shown


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ('"张三" <a@example.com>', "张三 <a@example.com>"),
        ("<a@example.com>", "a@example.com"),
        ('"Li, Si" <l@example.com>, b@example.com', "Li, Si <l@example.com>, b@example.com"),
    ],
)
def test_people_are_shown_by_name_and_address(tmp_path: Path, raw: str, shown: str) -> None:
    assert letter_of(tmp_path, text_mail(head=HEAD.replace("To: b@example.com", f"To: {raw}"))).to == shown


# --- attachments ---------------------------------------------------------------------------------------------------


def continued(name: str) -> str:
    encoded = quote(name, encoding="gbk")
    return f"attachment;\n filename*0*=gbk''{encoded[:9]};\n filename*1*={encoded[9:]}"


@pytest.mark.parametrize(
    ("disposition", "shown"),
    [
        ('attachment; filename="a.pdf"', "a.pdf"),
        (f'attachment; filename="{word("报告.pdf", "gbk", said="gb2312")}"', "报告.pdf"),
        (f'attachment; filename="{word("关于", "gbk")}\n {word("报告.pdf", "gbk")}"', "关于报告.pdf"),
        (f"attachment; filename*=UTF-8''{quote('报告 1.pdf')}", "报告 1.pdf"),
        (f"attachment; filename*=gb2312'zh-cn'{quote('朱镕基.pdf', encoding='gbk')}", "朱镕基.pdf"),
        (f"attachment; filename*=big5''{quote('報告.pdf', encoding='big5')}", "報告.pdf"),
        (continued("质量工作方案.pdf"), "质量工作方案.pdf"),
        ('attachment; filename="报告.pdf"', "报告.pdf"),
        (r'attachment; filename="C:\\Users\\x\\报告.pdf"', "报告.pdf"),
        ('attachment; filename="../../etc/passwd"', "passwd"),
        ("attachment", "附件1.pdf"),
        ('attachment; filename=""', "附件1.pdf"),
        ("inline", "附件1.pdf"),
        ('attachment; filename="邮件正文.docx"', "邮件正文 (2).docx"),
        ('attachment; filename="evil\u202efdp.exe"', "evil\ufffdfdp.exe"),
    ],
)
def test_an_attachment_has_the_name_that_was_meant(into: Path, disposition: str, shown: str) -> None:
    one = part("application/pdf", b"%PDF-1", f"Content-Disposition: {disposition}")

    contents = unpack(eml(multi("mixed", part("text/plain", "text"), one)), into)

    assert listed(contents) == ["邮件正文.docx", shown]
    assert page(contents)[0]["附件"] == f"1. {shown}"


def test_a_raw_gbk_name_is_read(into: Path) -> None:
    one = 'Content-Type: text/plain; name="质量工作方案.txt"\nContent-Disposition: attachment\n\ntext'.encode("gbk")

    assert listed(unpack(eml(multi("mixed", part("text/plain", "text"), one)), into))[1:] == ["质量工作方案.txt"]


@pytest.mark.parametrize(("disposition", "shown"), [("attachment", "附件1.txt"), ("inline; filename=a.txt", "a.txt")])
def test_a_text_that_was_attached_is_not_read_as_the_mails_own(into: Path, disposition: str, shown: str) -> None:
    one = part("text/plain", "attached text", f"Content-Disposition: {disposition}")

    contents = unpack(eml(multi("mixed", part("text/plain", "text"), one)), into)

    assert listed(contents) == ["邮件正文.docx", shown]
    assert page(contents)[1] == "text"


def test_two_attachments_of_one_name_are_both_kept(into: Path) -> None:
    contents = unpack(eml(multi("mixed", attached("a.txt", b"1"), attached("a.txt", b"2"))), into)

    assert [(m.name, m.path.read_bytes()) for m in contents.members[1:]] == [("a.txt", b"1"), ("a (2).txt", b"2")]


def test_pictures_in_the_text_are_listed_as_such(into: Path) -> None:
    picture = part("image/png", PNG, "Content-ID: <logo>", 'Content-Disposition: inline; filename="logo.png"')
    html = part("text/html; charset=utf-8", '<p>正文<img src="cid:logo"></p>')

    contents = unpack(eml(multi("mixed", multi("related", html, picture), attached("b.png", PNG, "image/png"))), into)

    assert listed(contents) == ["邮件正文.docx", "logo.png", "b.png"]
    assert page(contents)[0]["附件"] == "1. logo.png（正文中的图片）\n2. b.png"
    assert page(contents)[1] == "正文"
    assert contents.notes == ()


def test_an_invitation_is_an_attachment(into: Path) -> None:
    invitation = part("text/calendar; method=REQUEST", "BEGIN:VCALENDAR")

    contents = unpack(eml(multi("alternative", part("text/plain", "come"), invitation)), into)

    assert listed(contents) == ["邮件正文.docx", "附件1.ics"]
    assert page(contents)[1] == "come"


def test_a_mail_attached_to_a_mail_is_unpacked_where_it_stands(into: Path) -> None:
    inner = eml(multi("mixed", part("text/plain", "inner text"), attached("in.txt", b"in")), HEAD.replace("x", "内情"))
    forwarded = b"Content-Type: message/rfc822\n\n" + inner
    named = b'Content-Type: message/rfc822\nContent-Disposition: attachment; filename="fwd.eml"\n\n' + text_mail(
        "other"
    )

    contents = unpack(eml(multi("mixed", part("text/plain", "outer"), forwarded, named, attached("z.txt", b"z"))), into)

    assert listed(contents) == [
        "邮件正文.docx",
        "内情.eml/邮件正文.docx",
        "内情.eml/in.txt",
        "fwd.eml/邮件正文.docx",
        "z.txt",
    ]
    assert [page(contents, number)[1] for number in (0, 1, 3)] == ["outer", "inner text", "other"]
    assert page(contents)[0]["附件"] == "1. 内情.eml\n2. fwd.eml\n3. z.txt"


def test_an_attached_mail_that_is_encoded_against_the_rules_is_read(into: Path) -> None:
    inner = part("message/rfc822", text_mail("inner text", head=HEAD.replace("x", "inner")))

    contents = unpack(eml(multi("mixed", part("text/plain", "outer"), inner)), into)

    assert listed(contents) == ["邮件正文.docx", "inner.eml/邮件正文.docx"]
    assert page(contents, 1)[1] == "inner text"


def test_an_attached_mail_that_only_claims_to_be_encoded_is_read(into: Path) -> None:
    inner = b"Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n" + text_mail("inner text")

    assert page(unpack(eml(multi("mixed", part("text/plain", "outer"), inner)), into), 1)[1] == "inner text"


def test_an_archive_attached_to_a_mail_is_unpacked(into: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as package:
        package.writestr("照片/10.jpg", b"10")
        package.writestr("照片/2.jpg", b"2")

    contents = unpack(eml(multi("mixed", part("text/plain", "x"), attached("a.zip", packed.getvalue()))), into)

    assert listed(contents) == ["邮件正文.docx", "a.zip/照片/2.jpg", "a.zip/照片/10.jpg"]


def test_a_saved_mail_attached_as_a_file_is_unpacked(into: Path) -> None:
    contents = unpack(eml(multi("mixed", part("text/plain", "x"), attached("old.eml", text_mail("old")))), into)

    assert listed(contents) == ["邮件正文.docx", "old.eml/邮件正文.docx"]


def test_signatures_are_left_out_and_named(into: Path) -> None:
    signature = part("application/pkcs7-signature; name=smime.p7s", b"x")

    contents = unpack(eml(multi("signed", part("text/plain", "signed text"), signature)), into)

    assert listed(contents) == ["邮件正文.docx"]
    assert page(contents)[1] == "signed text"
    assert "smime.p7s" in note(contents, containers.LEFT_OUT)


def test_a_report_of_delivery_keeps_its_headers(into: Path) -> None:
    status = b"Content-Type: message/delivery-status\n\nReporting-MTA: dns; example.com\n\nStatus: 5.1.1\n"

    contents = unpack(eml(multi("report", part("text/plain", "not delivered"), status)), into)

    assert listed(contents) == ["邮件正文.docx", "附件1.txt"]
    assert b"Status: 5.1.1" in contents.members[1].path.read_bytes()


# --- the text ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "text", "encoding", "guessed"),
    [
        ("; charset=utf-8", "质量工作", "utf-8", False),
        ("; charset=gb2312", "朱镕基的质量工作", "gbk", False),
        ('; charset="GB18030"', "质量工作𠀀", "gb18030", False),
        ("; charset=big5", "品質工作", "big5", False),
        ("; charset=iso-8859-1", "déjà vu", "latin-1", False),
        ("", "plain", "ascii", False),
        ("", "质量工作方案", "gbk", True),
        ("", "质量工作方案", "utf-8", True),
        ("; charset=us-ascii", "质量工作方案", "gbk", True),
        ("; charset=iso-8859-1", "质量工作方案", "gbk", True),
        ("; charset=utf-8", "质量工作方案", "gbk", True),
        ("; charset=no-such", "质量工作方案", "utf-8", True),
        ("; charset=unicode_escape", "质量工作方案", "utf-8", True),
    ],
)
def test_the_text_is_decoded_as_it_was_meant(into: Path, said: str, text: str, encoding: str, guessed: bool) -> None:
    contents = unpack(eml(part("text/plain" + said, text.encode(encoding))), into)

    assert page(contents)[1] == text
    assert [n.code for n in contents.notes] == ([containers.GUESSED] if guessed else [])


def test_bytes_that_no_encoding_explains_are_kept_in_sight(into: Path) -> None:
    contents = unpack(eml(part("text/plain; charset=utf-8", b"before \x81\xff\xfe after")), into)

    text = page(contents)[1]
    assert text.startswith("before ")
    assert text.endswith(" after")
    assert "\ufffd" in text
    assert note(contents, containers.GUESSED)


def test_plain_text_is_preferred_to_html(into: Path) -> None:
    data = eml(multi("alternative", part("text/plain", "plain"), part("text/html", "<p><b>plain</b></p>")))

    assert page(unpack(data, into))[1] == "plain"


@pytest.mark.parametrize("plain", ["", "\n \n", "请用支持 HTML 的程序阅读"])
def test_html_is_read_where_the_plain_text_is_only_a_stub(into: Path, plain: str) -> None:
    data = eml(
        multi(
            "alternative",
            part("text/plain; charset=utf-8", plain),
            part("text/html; charset=utf-8", "<p>" + "正文" * 200),
        )
    )

    assert page(unpack(data, into))[1] == "正文" * 200


def test_texts_that_follow_one_another_are_all_read(into: Path) -> None:
    data = eml(multi("mixed", part("text/plain", "first"), attached("a.bin", b"\0"), part("text/plain", "second")))

    assert page(unpack(data, into))[1] == "first\n\nsecond"


def test_html_says_its_encoding_itself(into: Path) -> None:
    html = '<html><head><meta http-equiv="Content-Type" content="text/html; charset=big5"></head><body>品質工作</body>'

    contents = unpack(eml(part("text/html", html.encode("big5"))), into)

    assert page(contents)[1] == "品質工作"
    assert contents.notes == ()


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>one</p><p>two</p>", "one\ntwo"),
        ("one<br>two<br/>three", "one\ntwo\nthree"),
        ("<p>a\n  b   c</p>", "a b c"),
        ("<p>a &lt;b&gt; &amp; &#36136;&nbsp;x</p>", "a <b> & 质\xa0x"),
        ("<script>alert('x')</script><style>p{color:red}</style><title>t</title><p>seen</p>", "seen"),
        ("<style>a</style>b<style>c</style>d", "bd"),
        ("<ul><li>a</li><li>b</li></ul>c", "• a\n• b\nc"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td><td>d</td></tr></table>", "a\tb\nc\td"),
        ("<pre>a\n  b</pre>c", "a\n  b\nc"),
        ("<!-- not --><p>seen<!-- nor --></p>", "seen"),
        ('<img alt="公章" src="cid:x">', "[公章]"),
        ("<div><div><div>a</div></div></div><div>b</div>", "a\nb"),
        ("a<br><br><br><br>b", "a\n\nb"),
        ("<p>unclosed <b>text", "unclosed text"),
        ("a < b, c <d</p>e", "a < b, c e"),
        ("seen <!-- without end <p>not", "seen"),
        ("seen <script>without end <p>not", "seen"),
        ("1 <", "1 <"),
        ("<![if !mso]><p>seen</p><![endif]><?xml:namespace ?>", "seen"),
        ("", ""),
    ],
)
def test_html_becomes_the_text_that_a_reader_sees(html: str, text: str) -> None:
    assert mail.text_of(html).text == text


def test_what_html_would_fetch_is_named_and_not_fetched(into: Path) -> None:
    html = (
        '<img src="http://t.example/p.gif"><img src="//cdn.example/x.png"><iframe src="https://f.example/"></iframe>'
        '<link rel=stylesheet href="https://c.example/s.css"><img src="http://t.example/p.gif"><img src="cid:a">'
        '<a href="https://example.com/">link</a>'
    )

    contents = unpack(eml(part("text/html", html)), into)

    message = note(contents, containers.EXTERNAL)
    assert "http://t.example/p.gif, //cdn.example/x.png, https://f.example/, https://c.example/s.css" in message
    assert message.count("t.example") == 1
    assert "example.com" not in message
    assert page(contents)[1] == "link"


def test_pictures_written_into_html_are_told_of(into: Path) -> None:
    html = '<img src="data:image/png;base64,AA=="><p>text<img src="DATA:image/gif;base64,AA=="></p>'

    contents = unpack(eml(part("text/html", html)), into)

    assert page(contents)[1] == "text"
    assert "2 of the text's own" in note(contents, containers.LEFT_OUT)


def test_remote_pictures_are_told_of_though_the_plain_text_is_read(into: Path) -> None:
    html = part("text/html", '<p>plain</p><img src="http://t.example/p.gif">')

    contents = unpack(eml(multi("alternative", part("text/plain", "plain"), html)), into)

    assert page(contents)[1] == "plain"
    assert "t.example" in note(contents, containers.EXTERNAL)


# --- broken and hostile mails --------------------------------------------------------------------------------------


@pytest.mark.parametrize("kept", [0.35, 0.5, 0.7, 0.9, 0.98])
def test_a_mail_cut_short_is_refused(into: Path, kept: float) -> None:
    data = eml(multi("mixed", part("text/plain", "text"), attached("a.bin", bytes(2000))))

    error = refused(data[: int(len(data) * kept)], into)

    assert error.code == "damaged-source"


def test_an_attachment_whose_encoding_breaks_off_is_refused_by_name(into: Path) -> None:
    broken = attached("报告.bin", b"x" * 30).rstrip(b"\n")[:-3]

    error = refused(eml(multi("mixed", part("text/plain", "text"), broken)), into)

    assert error.code == "damaged-source"
    assert "报告.bin" in error.message


def test_an_attachment_that_is_not_encoded_cleanly_is_reported(into: Path) -> None:
    unclean = attached("a.bin", b"x" * 30) + b"\n*-*-*\n"

    contents = unpack(eml(multi("mixed", part("text/plain", "text"), unclean)), into)

    assert contents.members[1].path.read_bytes().startswith(b"x" * 30)
    assert "a.bin" in note(contents, containers.MENDED)


def test_an_encrypted_mail_is_refused(into: Path) -> None:
    sealed = part("application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m", b"x")
    pgp = multi("encrypted", part("application/pgp-encrypted", "Version: 1"), part("application/octet-stream", "x"))

    assert refused(eml(sealed), into).code == "encrypted-source"
    assert refused(eml(pgp), into).code == "encrypted-source"


def test_too_many_parts_are_refused(into: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail, "MAX_PARTS", 20)
    few, many = ([attached(f"{n}.txt", b"x") for n in range(count)] for count in (19, 20))

    assert len(unpack(eml(multi("mixed", *few)), into).members) == 20
    assert refused(eml(multi("mixed", *many)), into).code == "hostile-source"


def test_attachments_count_as_files_of_a_container_do(into: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_ENTRIES", 3)

    data = eml(multi("mixed", *(attached(f"{n}.txt", b"x") for n in range(4))))

    assert refused(data, into).code == "hostile-source"


def forwarded(times: int) -> bytes:
    data = text_mail("innermost")
    for _ in range(times):
        data = HEAD.encode() + b"Content-Type: message/rfc822\n\n" + data
    return data


def test_mails_in_one_another_are_refused_beyond_a_depth(tmp_path: Path, into: Path) -> None:
    assert refused(forwarded(4), into).code == "hostile-source"
    assert letter_of(tmp_path, forwarded(4)).attachments  # reading alone goes deeper, but not for ever
    with pytest.raises(ConversionError, match="lie in one another"):
        letter_of(tmp_path, forwarded(12))


def test_three_mails_in_one_another_are_read(into: Path) -> None:
    contents = unpack(forwarded(3), into)

    assert listed(contents)[-1] == "x.eml/x.eml/x.eml/邮件正文.docx"
    assert page(contents, 3)[1] == "innermost"


def test_parts_in_one_another_without_end_are_refused(into: Path) -> None:
    head, tail = b"", b""
    for level in range(1500):
        head += f'Content-Type: multipart/mixed; boundary="b{level}"\n\n--b{level}\n'.encode()
        tail = f"\n--b{level}--\n".encode() + tail

    assert refused(eml(head + b"\nx" + tail), into).code == "hostile-source"


@pytest.mark.parametrize(
    ("text", "is_refused"), [("x" * 50, False), ("y\n" * 9, False), ("x" * 150, True), ("y\n" * 20, True)]
)
def test_a_text_beyond_all_measure_is_refused(
    into: Path, monkeypatch: pytest.MonkeyPatch, text: str, is_refused: bool
) -> None:
    monkeypatch.setattr(mail, "MAX_TEXT", 120)
    monkeypatch.setattr(mail, "MAX_LINES", 10)

    path = write(into.parent / "mail.bin", text_mail(text + "."))

    assert outcome(path, into) == ("hostile-source" if is_refused else "邮件正文.docx")


def test_a_mail_larger_than_any_is_not_even_read(into: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail, "MAX_MAIL", 1000)

    assert refused(text_mail("x" * 1000), into).code == "hostile-source"


def test_no_more_of_a_parts_headers_is_read_than_is_sane(into: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail, "MAX_HEADER", 60)
    far = part("application/pdf", b"x", "Content-Disposition: attachment;" + " " * 60 + "filename=a.pdf")

    assert listed(unpack(eml(multi("mixed", far)), into)) == ["邮件正文.docx", "附件1.pdf"]


@pytest.mark.parametrize("number", [errno.EINVAL, errno.EIO])
def test_the_disks_fault_is_told_from_the_mails(into: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    def fails(*_: object, **__: object) -> None:
        raise OSError(number, "no")

    monkeypatch.setattr(olefile, "OleFileIO", fails)
    path = write(into.parent / "a.msg", compound(MESSAGE))

    with pytest.raises(ConversionError if number == errno.EINVAL else OSError):
        mail.read_msg(path)


@pytest.mark.parametrize(
    "raw",
    [
        'Content-Type: text/plain; charset="',
        "Content-Type: ;;;=;*=*0*='",
        "Content-Type: multipart/mixed",
        "Content-Type: multipart/mixed; boundary=",
        "Content-Type: text/plain; charset*=%%%''%ff",
        'Content-Type: text/plain\nContent-Disposition: attachment; filename*0="a"; filename*2="c"',
        "Content-Type: text/plain\nContent-Transfer-Encoding: x-uuencode",
        "Content-Type: text/plain\nContent-Transfer-Encoding: nonsense",
        "Content-Type: message/rfc822",
        "Content-Type: message/partial",
        "Content-Type:\nFrom:\nTo: =?",
    ],
)
def test_headers_that_make_no_sense_end_in_pages_or_a_refusal(into: Path, raw: str) -> None:
    path = write(into.parent / "mail.bin", eml(f"{raw}\n\nbody\n".encode()))

    assert outcome(path, into) in ("邮件正文.docx", "damaged-source")


def outcome(path: Path, into: Path) -> str:
    try:
        return containers.unpack(path, Kind.EML, into).members[0].name
    except ConversionError as error:
        return error.code


# --- recognising ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "head",
    [
        text_mail(),
        text_mail().replace(b"\n", b"\r\n"),
        b"\xef\xbb\xbf" + text_mail(),
        b"\r\n" + text_mail(),
        b"From someone Fri Dec 15 14:30:00 2023\n" + text_mail(),
        b"Received: from a\n\tby b;\n Fri, 15 Dec 2023\nReceived: from c\nSubject: x\n\n",
        b"MIME-Version: 1.0\nReceived: from a " + b"x" * 5000,
        b"MIME-Version: 1.0\nDate: x\nX-Long: " + b"x" * 4056 + b"\nSubject: cut in two",
        "From: 质量\nSubject: 工作\n\n".encode("gbk"),
        b"MIME-Version: 1.0\nDate: x\nX-Anything: y\n\n" + bytes(100),
        b"DATE: x\nFROM: y\n\n",
    ],
)
def test_a_mail_is_recognised_by_its_head(head: bytes) -> None:
    assert containers.looks_like_eml(head[:4096])


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"\n\n",
        b"plain text\nFrom: a\nTo: b\n\n",
        b"From: a note to myself\n\nTo: do",
        b"Subject: x\nTo: y\n\n",
        b"name: x\nvalue: y\n\n",
        b"Dear all,\nFrom: now on\nDate: tomorrow\n",
        "发件人: a\n收件人: b\n".encode(),
        b"From: <Saved by Blink>\nSnapshot-Content-Location: http://example.com\nSubject: x\nMIME-Version: 1.0\n\n",
        b"MIME-Version: 1.0\nX-Document-Type: Workbook\nContent-Type: multipart/related\n\n",
        b"%PDF-1.7\nFrom: a\nDate: b\n\n",
        bytes(4096),
    ],
)
def test_other_text_is_no_mail(head: bytes) -> None:
    assert not containers.looks_like_eml(head)


@pytest.mark.parametrize(
    "data", [b"", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000)]
)
def test_a_broken_compound_file_is_no_outlook_mail(tmp_path: Path, data: bytes) -> None:
    assert not containers.looks_like_msg(write(tmp_path / "a.msg", data))


def test_an_old_word_file_is_no_outlook_mail(tmp_path: Path) -> None:
    path = write(tmp_path / "a.doc", compound({"WordDocument": b"x" * 5000, "1Table": b"y"}))

    assert not containers.looks_like_msg(path)
    assert containers.recognise(path) is Kind.OLE


# --- Outlook's own mails -------------------------------------------------------------------------------------------

Tree = dict[str, Any]
FREE, END, FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD


def compound(tree: Tree, clsid: bytes = bytes(16)) -> bytes:
    """Write a compound file (MS-CFB): a dict is a storage, bytes are a stream."""
    entries: list[bytes] = []
    sectors: list[bytes] = []
    fat: list[int] = []
    small, small_fat = bytearray(), list[int]()

    def chain(table: list[int], count: int) -> int:
        start = len(table)
        table.extend([*range(start + 1, start + count), END])
        return start if count else END

    def stored(data: bytes) -> int:
        count = -(-len(data) // 512)
        sectors.extend(data[n * 512 : n * 512 + 512].ljust(512, b"\0") for n in range(count))
        return chain(fat, count) if count else END

    def entry(name: str, kind: int, child: int, right: int, start: int, size: int, identity: bytes) -> bytes:
        raw = name.encode("utf-16-le") + b"\0\0"
        sides = struct.pack("<LLL", FREE, right, child)
        return (
            raw.ljust(64, b"\0")
            + struct.pack("<HBB", len(raw), kind, 1)
            + sides
            + identity
            + bytes(20)
            + struct.pack("<LQ", start, size)
        )

    def place(branch: Tree) -> int:
        """Add the members of a storage, each the right neighbour of the one before, and return the first."""
        numbers = list(range(len(entries), len(entries) + len(branch)))
        entries.extend([b""] * len(branch))
        for number, (name, content) in zip(numbers, branch.items(), strict=True):
            right = number + 1 if number != numbers[-1] else FREE
            if isinstance(content, dict):
                entries[number] = entry(name, 1, place(content), right, 0, 0, bytes(16))
            elif len(content) >= 4096:
                entries[number] = entry(name, 2, FREE, right, stored(content), len(content), bytes(16))
            else:
                start = chain(small_fat, -(-len(content) // 64)) if content else END
                small.extend(content.ljust(-(-len(content) // 64) * 64, b"\0"))
                entries[number] = entry(name, 2, FREE, right, start, len(content), bytes(16))
        return numbers[0] if numbers else FREE

    entries.append(b"")
    child = place(tree)
    entries[0] = entry("Root Entry", 5, child, FREE, stored(bytes(small)), len(small), clsid)
    directory = stored(b"".join(entries).ljust(-(-len(entries) // 4) * 512, b"\0"))
    packed = b"".join(struct.pack("<L", number) for number in small_fat)
    mini = stored(packed.ljust(-(-len(packed) // 512) * 512, b"\xff"))
    needed = 1
    while len(fat) + needed > 128 * needed:
        needed += 1
    fat_start = len(fat)
    fat.extend([FAT] * needed)
    table = b"".join(struct.pack("<L", number) for number in fat).ljust(512 * needed, b"\xff")
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH6x", 62, 3, 0xFFFE, 9, 6)
    header += struct.pack("<LLLLLLLLLL", 0, needed, directory, 0, 4096, mini, -(-len(packed) // 512), END, 0, fat_start)
    header += b"".join(struct.pack("<L", fat_start + n if n < needed else FREE) for n in range(1, 109))
    return header + b"".join(sectors) + table


def properties(header: int, **fixed: int) -> bytes:
    """Return a stream of properties of fixed length, by their numbers: ``p0C15=1``."""
    entries = (struct.pack("<HHLQ", 0x0003, int(name[1:], 16), 6, value) for name, value in fixed.items())
    return bytes(header) + b"".join(entries)


def texts(encoding: str = "utf-16-le", **named: str) -> Tree:
    """Return streams of text, by the numbers of their properties: ``p0037="subject"``."""
    kind = "001F" if encoding == "utf-16-le" else "001E"
    return {f"__substg1.0_{name[1:]}{kind}": text.encode(encoding) for name, text in named.items()}


def binary(number: str, data: bytes) -> Tree:
    return {f"__substg1.0_{number}0102": data}


def recipient(number: int, role: int, name: str, address: str) -> Tree:
    inside = {"__properties_version1.0": properties(8, p0C15=role), **texts(p3001=name, p39FE=address)}
    return {f"__recip_version1.0_#{number:08X}": inside}


def attachment(number: int, name: str, data: bytes, **more: str) -> Tree:
    inside = {"__properties_version1.0": properties(8, p3705=1), **texts(p3707=name, **more), **binary("3701", data)}
    return {f"__attach_version1.0_#{number:08X}": inside}


def ticks(moment: datetime) -> int:
    return int((moment - datetime(1601, 1, 1, tzinfo=UTC)).total_seconds()) * 10**7


SENT = ticks(datetime(2023, 12, 15, 6, 30, tzinfo=UTC))
MESSAGE: Tree = {
    "__nameid_version1.0": {},
    "__properties_version1.0": properties(32, p0039=SENT),
    **texts(p0037="报送印证材料", p0C1A="市质强办", p5D01="zqb@example.com", p1000="请查收。\r\n\r\n市质强办\r\n"),
    **recipient(0, 1, "发展改革局", "fgj@example.com"),
    **recipient(1, 2, "张三", "zs@example.com"),
    **recipient(2, 1, "b@example.com", "b@example.com"),
    **attachment(0, "大文件.bin", b"large" * 2000),
    **attachment(1, "小.txt", b"small"),
}


def test_an_outlook_mail_becomes_a_page_and_its_attachments(into: Path) -> None:
    contents = unpack(compound(MESSAGE), into)

    assert listed(contents) == ["邮件正文.docx", "大文件.bin", "小.txt"]
    assert [m.path.read_bytes() for m in contents.members[1:]] == [b"large" * 2000, b"small"]
    rows, text = page(contents)
    assert rows == {
        "主题": "报送印证材料",
        "发件人": "市质强办 <zqb@example.com>",
        "收件人": "发展改革局 <fgj@example.com>, b@example.com",
        "抄送": "张三 <zs@example.com>",
        "日期": "2023-12-15 06:30 (+00:00)",
        "附件": "1. 大文件.bin\n2. 小.txt",
    }
    assert text == "请查收。\n\n市质强办"
    assert contents.notes == ()


def test_the_headers_that_it_came_with_tell_the_senders_clock(into: Path) -> None:
    message = MESSAGE | texts(p007D="From: a@example.com\r\nDate: Fri, 15 Dec 2023 14:30:00 +0800\r\n\r\n")

    rows, _ = page(unpack(compound(message), into))

    assert rows["日期"] == "2023-12-15 14:30 (+08:00)"
    assert rows["发件人"] == "a@example.com"


OUTLOOK = bytes.fromhex("0b0d020000000000c000000000000046")
OTHERS: Tree = {"a": b"", "b": b"", "c": b""}  # with the root, all that fits into a directory's first sector


@pytest.mark.parametrize(
    ("tree", "clsid", "kind"),
    [
        (MESSAGE, bytes(16), Kind.MSG),
        (OTHERS | MESSAGE, OUTLOOK, Kind.MSG),
        (OTHERS, bytes(16), Kind.OLE),
    ],
)
def test_an_outlook_mail_is_recognised_by_its_class_or_its_streams(
    tmp_path: Path, tree: Tree, clsid: bytes, kind: Kind
) -> None:
    assert containers.recognise(write(tmp_path / "a.doc", compound(tree, clsid))) is kind


def test_an_old_outlook_mail_in_a_code_page_is_read(into: Path) -> None:
    attached = {
        "__properties_version1.0": properties(8, p3705=1),
        **texts("big5", p3707="報告.txt"),
        **binary("3701", b"x"),
    }
    message = {
        "__properties_version1.0": properties(32, p3FFD=950),
        **texts("big5", p0037="品質工作", p1000="正文", p0C1A="市質強辦", p0E04="發展改革局", p0E03="張三"),
        "__attach_version1.0_#00000000": attached,
    }

    contents = unpack(compound(message), into)

    rows, text = page(contents)
    assert (rows["主题"], rows["发件人"], rows["收件人"], rows["抄送"]) == (
        "品質工作",
        "市質強辦",
        "發展改革局",
        "張三",
    )
    assert listed(contents)[1] == "報告.txt"
    assert text == "正文"


def test_an_exchange_servers_inner_addresses_are_not_shown(into: Path) -> None:
    message = MESSAGE | texts(p5D01="", p0C1F="/O=ORG/CN=RECIPIENTS/CN=ZQB")

    assert page(unpack(compound(message), into))[0]["发件人"] == "市质强办"


@pytest.mark.parametrize(
    "html",
    [
        binary("1013", "<p>品質</p><img src='http://t.example/p.gif'>".encode("big5")),
        texts(p1013="<p>品質</p><img src='http://t.example/p.gif'>"),
    ],
)
def test_html_of_an_outlook_mail_is_read_and_nothing_fetched(into: Path, html: Tree) -> None:
    message = MESSAGE | texts(p1000="") | {"__properties_version1.0": properties(32, p3FDE=950)} | html

    contents = unpack(compound(message), into)

    assert page(contents)[1] == "品質"
    assert "t.example" in note(contents, containers.EXTERNAL)


def packed_rtf(text: bytes, reference: bytes = b"") -> bytes:
    """Pack as Outlook does (MS-OXRTFCP): all as literals, then one reference into what the window starts with."""
    window = 207  # what it holds at the start
    tokens = [(0, bytes([byte])) for byte in text]
    if reference:
        tokens.append((1, reference))
    written = window + len(text) + ((reference[1] & 15) + 2 if reference else 0)
    tokens.append((1, struct.pack(">H", (written % 4096) << 4)))
    out = bytearray()
    for start in range(0, len(tokens), 8):
        group = tokens[start : start + 8]
        out.append(sum(flag << bit for bit, (flag, _) in enumerate(group)))
        out += b"".join(data for _, data in group)
    return struct.pack("<LL4sL", len(out) + 12, len(text), b"LZFu", 0) + bytes(out)


def test_a_text_that_is_kept_as_rtf_alone_becomes_an_attachment(into: Path) -> None:
    message = MESSAGE | texts(p1000="") | binary("1009", packed_rtf(b"{\\rtf1 text}"))

    contents = unpack(compound(message), into)

    assert listed(contents) == ["邮件正文.docx", "报送印证材料.rtf", "大文件.bin", "小.txt"]
    assert contents.members[1].path.read_bytes() == b"{\\rtf1 text}"


def test_rtf_is_not_looked_at_where_there_is_a_text(into: Path) -> None:
    contents = unpack(compound(MESSAGE | binary("1009", packed_rtf(b"{\\rtf1 text}"))), into)

    assert listed(contents) == ["邮件正文.docx", "大文件.bin", "小.txt"]


def test_rtf_is_unpacked_as_outlook_packs_it() -> None:
    long = b"{\\rtf1 " + bytes(range(32, 127)) * 60 + b"}"  # more than the window holds

    assert mail.unpacked_rtf(packed_rtf(long)) == long
    assert mail.unpacked_rtf(packed_rtf(b"x", bytes([0, 0x04]))) == b"x{\\rtf1"  # six bytes from the window's start
    assert mail.unpacked_rtf(packed_rtf(b"abc", bytes([0x0C, 0xF1]))) == b"abcabc"  # what was just written, from 207
    assert mail.unpacked_rtf(struct.pack("<LL4sL", 15, 3, b"MELA", 0) + b"abc") == b"abc"


@pytest.mark.parametrize("data", [packed_rtf(b"x" * 100)[:60], struct.pack("<LL4sL", 15, 3, b"what", 0), b"short"])
def test_rtf_that_breaks_off_is_refused(into: Path, data: bytes) -> None:
    message = MESSAGE | texts(p1000="") | binary("1009", data)

    assert refused(compound(message), into, Kind.MSG).code == "damaged-source"


def embedded(number: int, message: Tree) -> Tree:
    inside = {"__properties_version1.0": properties(8, p3705=5), "__substg1.0_3701000D": message}
    return {f"__attach_version1.0_#{number:08X}": inside}


def test_a_mail_attached_to_an_outlook_mail_is_unpacked_where_it_stands(into: Path) -> None:
    inner = {
        "__properties_version1.0": properties(24),
        **texts(p0037="内情", p1000="inner"),
        **attachment(0, "a.txt", b"a"),
    }

    contents = unpack(compound(MESSAGE | embedded(1, inner)), into)

    assert listed(contents) == ["邮件正文.docx", "大文件.bin", "内情.msg/邮件正文.docx", "内情.msg/a.txt"]
    assert page(contents, 2)[1] == "inner"


def test_outlook_mails_in_one_another_are_refused_beyond_a_depth(into: Path) -> None:
    message: Tree = {"__properties_version1.0": properties(24)}
    for _ in range(4):
        message = {"__properties_version1.0": properties(24), **embedded(0, message)}

    assert refused(compound(message), into, Kind.MSG).code == "hostile-source"


def test_pictures_in_the_text_of_an_outlook_mail_are_listed_as_such(into: Path) -> None:
    message = MESSAGE | attachment(1, "logo.png", PNG, p3712="logo", p370E="image/png")
    message |= attachment(2, "photo.png", PNG, p370E="image/png")

    rows, _ = page(unpack(compound(message), into))

    assert rows["附件"] == "1. 大文件.bin\n2. logo.png（正文中的图片）\n3. photo.png"


def test_an_attachment_that_is_only_a_link_is_left_out_and_named(into: Path) -> None:
    link = {
        "__properties_version1.0": properties(8, p3705=7),
        **texts(p3707="云盘.docx", p370D="https://cloud.example/"),
    }

    contents = unpack(compound(MESSAGE | {"__attach_version1.0_#00000001": link}), into)

    assert listed(contents) == ["邮件正文.docx", "大文件.bin"]
    assert "云盘.docx" in note(contents, containers.LEFT_OUT)


def test_an_attachment_without_a_name_gets_one(into: Path) -> None:
    nameless = {"__properties_version1.0": properties(8, p3705=1), **texts(p3703=".pdf"), **binary("3701", b"%PDF-1")}

    contents = unpack(compound(MESSAGE | {"__attach_version1.0_#00000001": nameless}), into)

    assert listed(contents)[-1] == "附件2.pdf"


@pytest.mark.parametrize("kept", [0.2, 0.5, 0.8, 0.95])
def test_an_outlook_mail_cut_short_is_refused(into: Path, kept: float) -> None:
    data = compound(MESSAGE)

    assert refused(data[: int(len(data) * kept)], into, Kind.MSG).code == "damaged-source"


def test_an_outlook_mail_whose_sectors_go_round_in_circles_is_refused(into: Path) -> None:
    data = bytearray(compound({"__properties_version1.0": properties(32), **binary("1009", b"x" * 20_000)}))
    table = len(data) - 512
    assert struct.unpack("<L", data[table : table + 4]) == (1,)  # the large stream starts in the first sector
    data[table : table + 4] = struct.pack("<L", 0)

    with pytest.raises(ConversionError) as caught:
        mail.read_msg(write(into.parent / "a.msg", bytes(data)))
    assert caught.value.code in ("damaged-source", "hostile-source")


def test_an_outlook_mail_with_an_attachment_that_breaks_off_is_refused(into: Path) -> None:
    data = bytearray(compound({"__properties_version1.0": properties(32), **attachment(0, "a", b"x" * 20_000)}))
    table = len(data) - 512
    assert struct.unpack("<L", data[table + 40 : table + 44]) == (11,)  # the tenth sector of the attachment's forty
    data[table + 40 : table + 44] = struct.pack("<L", END)

    assert refused(bytes(data), into, Kind.MSG).code == "damaged-source"


def test_streams_that_share_their_bytes_are_refused(into: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = compound(MESSAGE)
    monkeypatch.setattr(mail, "MAX_MAIL", len(data))
    assert unpack(data, into)
    message = {
        "__properties_version1.0": properties(32),
        **attachment(0, "0", b"x" * 9000),
        **attachment(1, "1", b"y" * 9000),
    }
    shared = bytearray(compound(message | attachment(2, "2", b"z" * 9000)))
    monkeypatch.setattr(mail, "MAX_MAIL", 12_000)
    path = write(into.parent / "a.msg", bytes(shared))
    monkeypatch.setattr(mail, "_check_size", lambda size: None)

    with pytest.raises(ConversionError) as caught:
        mail.read_msg(path)
    assert caught.value.code == "hostile-source"
