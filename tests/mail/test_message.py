"""Mails as they really come: charsets, HTML, attachments, bounces, broken and hostile ones."""

from __future__ import annotations

from email.message import EmailMessage
from email.mime.application import MIMEApplication
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.errors import ConnectorError
from connectors.mail.message import read
from connectors.mail.quotes import fresh
from connectors.mail.threads import message_id
from connectors.outlets.html_text import html_text
from tests.mail.desk import MailDesk, mail

HEAD = b"From: ann@acme.example\r\nMessage-ID: <m@x>\r\n"


@pytest.mark.parametrize("charset", ["utf-8", "iso-8859-1", "windows-1252", "koi8-r", "shift_jis", "utf-16"])
def test_any_charset(charset: str) -> None:
    text = {"koi8-r": "Вызовы не проходят", "shift_jis": "通話できません"}.get(charset, "Störung bei Anrufen")
    body = text.encode(charset)
    raw = HEAD + f"Content-Type: text/plain; charset={charset}\r\n\r\n".encode() + body
    encoded = MIMEText(text, "plain", charset).as_bytes()
    assert read(HEAD + encoded).text == text
    if charset != "utf-16":
        assert read(raw).text == text


@pytest.mark.parametrize(
    ("kind", "body", "text"),
    [
        (b"text/plain; charset=no-such", "Störung".encode(), "Störung"),
        (b"text/plain; charset=utf-8", b"St\xf6rung", "Störung"),
        (b"text/plain", b"a\x00b\x1b[31mc\xe2\x80\xae", "ab[31mc"),
        (b"text/plain", b"line\r\nnext\rlast", "line\nnext\nlast"),
    ],
)
def test_what_lies_about_its_charset_is_read_all_the_same(kind: bytes, body: bytes, text: str) -> None:
    assert read(HEAD + b"Content-Type: " + kind + b"\r\n\r\n" + body).text == text


def test_headers_are_decoded_whatever_they_hold() -> None:
    raw = b"From: =?utf-8?q?J=C3=BCrgen?= <J@Acme.Example>\nSubject: =?iso-8859-1?q?St=F6rung?= =?x?q?y?=\n\nx"
    assert read(raw).sender == "j@acme.example"
    assert "rung" in read(raw).subject
    assert read(b"From: a@b.example\nSubject: caf\xe9 \xff\n\nx").subject.startswith("caf")


def test_plain_text_is_taken_before_html() -> None:
    both = EmailMessage()
    both["From"] = "ann@acme.example"
    both.set_content("plain words")
    both.add_alternative("<p>html words</p>", subtype="html")
    assert read(both.as_bytes()).text == "plain words"


def test_html_alone_is_read_without_what_nobody_sees() -> None:
    html = "<head><title>t</title></head><script>alert(1)</script><p>Calls&nbsp;fail</p><div>to <b>Germany</b></div>"
    assert read(HEAD + MIMEText(html, "html").as_bytes()).text == "Calls fail\nto Germany"


def test_attachments_are_named_and_not_read(desk: MailDesk) -> None:
    whole = MIMEMultipart()
    whole["From"], whole["Message-ID"], whole["Subject"] = "ann@acme.example", "<m@x>", "trace"
    whole.attach(MIMEText("see the trace"))
    for name, size in (("trace.pcap", 34_000), ("../../etc/passwd\r\nX: y", 10)):
        part = MIMEApplication(b"z" * size)
        part.add_header("Content-Disposition", "attachment", filename=("utf-8", "", name))
        whole.attach(part)
    forwarded = EmailMessage()
    forwarded.set_content("inner words")
    inner = MIMEMultipart()
    inner.set_type("message/rfc822")
    inner.set_payload([forwarded])
    whole.attach(inner)
    ticket = desk.opened(whole.as_bytes())
    text = ticket.intake.text
    assert (
        "see the trace" in text and "Attached: trace.pcap (34 kB), ../../etc/passwd X: y (1 kB), message/rfc822" in text
    )
    assert "zzz" not in text and "inner words" not in text


def test_a_text_that_is_too_long_is_cut_and_stays_within_the_desks_bounds(desk: MailDesk) -> None:
    ticket = desk.opened(mail("calls fail " * 20_000, subject="x" * 900))
    assert len(ticket.intake.text) <= 20_000 and len(ticket.summary) <= 300
    many = "\n".join(f"+4420712345{n:02d} +4930123456{n:02d} " + "y" * 400 for n in range(60))
    other = desk.opened(mail(many, message_id="<m-2@x>"))
    assert len(other.intake.examples) == 20


def test_a_mail_that_is_too_large_is_read_as_far_as_allowed(desk: MailDesk, tmp_path: object) -> None:
    text = desk.opened(mail("first words\n" + "z" * 9_000_000 + "\n" + "z" * 2_000_000)).intake.text
    assert "first words" in text and text.endswith("its end is missing.")


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"", "empty"),
        (b"\r\n \r\n", "empty"),
        (b"Subject: no sender\n\nhello", "no sender"),
        (b"From: not an address\n\nhello", "no sender"),
        (b"\x00\x01\x02\xff" * 100, "no sender"),
        (b"From: a@b..example\n\nhello", "no sender"),
    ],
)
def test_what_is_no_mail_is_refused_with_the_reason(desk: MailDesk, raw: bytes, why: str) -> None:
    taken = desk.take(raw)
    assert taken.outcome == "refused" and why in taken.why
    assert desk.count() == 0


def _nested(depth: int) -> bytes:
    """Multiparts within multiparts."""
    head = "".join(f'Content-Type: multipart/mixed; boundary="b{n}"\n\n--b{n}\n' for n in range(depth))
    return b"From: ann@acme.example\nMIME-Version: 1.0\n" + head.encode() + b"\nhello"


@pytest.mark.parametrize(
    "raw",
    [
        b'From: a@b.example\nContent-Type: multipart/mixed; boundary="b"\n\n' + b"--b\n\nx\n" * 6_000,
        b"From: a@b.example\n" + b"X: y\n" * 60_000 + b"\nhello",
    ],
)
def test_what_only_keeps_the_reader_busy_is_refused_unread(desk: MailDesk, raw: bytes) -> None:
    assert "too many" in desk.take(raw).why


@pytest.mark.parametrize("piece", ["<a ", "<a x='", "<!--", "<!-- -->", "</", "<script>", "<![CDATA[", "&", "<" * 9])
def test_html_that_is_made_to_keep_a_parser_busy_does_not(piece: str) -> None:
    """Python's own parser takes minutes for some of these; the time limit of a test would tell."""
    assert isinstance(html_text(piece * (1_000_000 // len(piece))), str)


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>a<br>b</p><p>c &lt;d&gt; &amp; e</p>", "a\nb\nc <d> & e"),
        ("a < b and c<1 <b>bold</b>", "a < b and c<1 bold"),
        ("<!--[if mso]><p>unseen</p><![endif]-->seen<!-- never closed <p>unseen", "seen"),
        ("<head><style>p{}</style><title>t</title><body>seen", "seen"),
        ("<script>if (a<b) alert('</p>')</script>seen<SCRIPT>more", "seen"),
    ],
)
def test_the_text_of_html(html: str, text: str) -> None:
    assert html_text(html) == text


@pytest.mark.parametrize("depth", [50, 5000])
def test_a_mail_of_boxes_in_boxes_stops_nobody(desk: MailDesk, depth: int) -> None:
    assert desk.take(_nested(depth)).outcome in ("opened", "refused")


@given(st.binary(max_size=400), st.binary(max_size=400))
def test_no_bytes_break_the_reader(head: bytes, body: bytes) -> None:
    try:
        known = read(b"From: a@b.example\r\n" + head + b"\r\n\r\n" + body)
    except ConnectorError:
        return
    assert "\x00" not in known.text and known.id.startswith("<")


def test_a_bounce_of_our_reply_is_a_note_for_us_alone(desk: MailDesk) -> None:
    ticket = desk.opened(mail())
    ours = message_id(ticket.id, "3.replies", "carrier.example")
    raw = f"""From: MAILER-DAEMON@mx.carrier.example
To: noc@carrier.example
Subject: Undelivered Mail Returned to Sender
Message-ID: <bounce-1@mx>
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

Sorry.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.carrier.example

Final-Recipient: rfc822; ann@acme.example
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 no such user

--b
Content-Type: text/rfc822-headers

Message-ID: {ours}
Subject: x

--b--
"""
    assert desk.take(raw.encode()).outcome == "answered"
    note = desk.ticket(ticket.id).notes[-1]
    assert not note.public and "ann@acme.example: smtp; 550 no such user" in note.text
    late = raw.replace("bounce-1", "bounce-2").replace("5.1.1", "4.0.0")
    assert desk.take(late.encode()).outcome == "ignored", "it is still tried"


@pytest.mark.parametrize(
    ("text", "new"),
    [
        ("yes\n\nOn Monday Ann wrote:\n> one\n> two\n", "yes"),
        ("> one?\nyes\n> two?\nno\n> the end", "> one?\nyes\n> two?\nno"),
        ("yes\n-----Original Message-----\nFrom: x\nall of it", "yes"),
        ("> only quoted", "> only quoted"),
        ("Am 1.2.2026 schrieb NOC <a@b>:\n> alles", "Am 1.2.2026 schrieb NOC <a@b>:\n> alles"),
        ("", ""),
    ],
)
def test_what_is_quoted_below_an_answer_is_left_out(text: str, new: str) -> None:
    assert fresh(text) == new
