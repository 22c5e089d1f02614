"""Mails in a folder are taken once and moved; what cannot be a ticket lies in `failed` with its reason."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from akira.mailing import Mailing, mailing
from akira.metrics import Metrics
from akira.settings import Settings
from akira.wiring import Parts
from connectors.errors import ConnectorError
from connectors.mail.dropdir import DropDir
from tests.mail.desk import MailDesk, mail
from tests.monitoring.servers import until

OLD_S = 1_700_000_000.0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "mail"
    made.mkdir()
    return made


def put(folder: Path, name: str, raw: bytes) -> None:
    (folder / name).write_bytes(raw)
    os.utime(folder / name, (OLD_S, OLD_S))


def taking(folder: Path, desk: MailDesk) -> Mailing:
    return Mailing(DropDir(folder, 10_000_000), desk.door, Metrics("0", lambda: 0.0), 0.1)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_what_lies_there_is_taken_in_the_order_of_names_and_moved(folder: Path, desk: MailDesk) -> None:
    put(folder, "2.eml", mail(subject="second", message_id="<m-2@x>"))
    put(folder, "1.eml", mail(subject="first"))
    put(folder, "3.eml", mail(message_id="<m-3@x>", Auto_Submitted="auto-replied"))
    put(folder, "4.eml", b"no mail at all")
    put(folder, "notes.txt", b"not mine")
    assert taking(folder, desk).once(desk.at_ms)
    assert names(folder) == ["done", "failed", "notes.txt"]
    assert names(folder / "done") == ["1.eml", "2.eml", "3.eml"]
    assert names(folder / "failed") == ["4.eml", "4.eml.reason"]
    assert "no sender" in (folder / "failed" / "4.eml.reason").read_text()
    assert [ticket.summary for ticket in desk.desk.open_tickets()] == ["first", "second"]


def test_mails_that_are_refused_are_counted_from_zero_so_that_the_first_is_a_rise(folder: Path, desk: MailDesk) -> None:
    metrics = Metrics("0", lambda: 0.0)
    mails = Mailing(DropDir(folder, 10_000_000), desk.door, metrics, 0.1)
    assert b'akira_mails_total{outcome="refused"} 0.0' in metrics.page()
    put(folder, "1.eml", b"no mail at all")
    assert mails.once(desk.at_ms)
    assert b'akira_mails_total{outcome="refused"} 1.0' in metrics.page()


def test_a_maildir_is_read_as_well(folder: Path, desk: MailDesk) -> None:
    (folder / "new").mkdir()
    put(folder / "new", "1700000000.M1P1.mx", mail())
    assert taking(folder, desk).once(desk.at_ms) and desk.count() == 1
    assert names(folder / "done") == ["1700000000.M1P1.mx"] and names(folder / "new") == []


def test_a_name_that_was_there_before_keeps_both_mails(folder: Path, desk: MailDesk) -> None:
    for n in (1, 2, 3):
        put(folder, "a.eml", mail(message_id=f"<m-{n}@x>"))
        assert taking(folder, desk).once(desk.at_ms)
    assert len(names(folder / "done")) == 3 and desk.count() == 3


def test_a_file_that_is_still_written_is_left_alone(folder: Path, desk: MailDesk) -> None:
    (folder / "a.eml").write_bytes(mail()[:40])
    os.utime(folder / "a.eml", (4e9, 4e9))
    assert taking(folder, desk).once(desk.at_ms)
    assert names(folder) == ["a.eml", "done", "failed"] and desk.count() == 0


def test_a_link_leads_nowhere(folder: Path, desk: MailDesk, tmp_path: Path) -> None:
    put(tmp_path, "secret", mail("from elsewhere"))
    (folder / "a.eml").symlink_to(tmp_path / "secret")
    (folder / "b.eml").mkdir()
    assert taking(folder, desk).once(desk.at_ms) and desk.count() == 0


def test_a_crash_before_the_move_makes_no_second_ticket(
    folder: Path, desk: MailDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(folder, "a.eml", mail())

    def crash(*given: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", crash)
        with pytest.raises(KeyboardInterrupt):
            taking(folder, desk).once(desk.at_ms)
    assert taking(folder, desk).once(desk.at_ms)
    assert desk.count() == 1 and names(folder / "done") == ["a.eml"]


def test_a_folder_that_cannot_be_one_is_told_with_a_hint(tmp_path: Path, desk: MailDesk) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConnectorError, match=r"\[mail\] drop|exists") as told:
        list(DropDir(tmp_path / "file", 10_000).waiting())
    assert "[mail] drop" in told.value.hint
    assert not taking(tmp_path / "file", desk).once(desk.at_ms), "and it is tried again"


def test_it_runs_beside_the_loop_and_makes_its_folder(tmp_path: Path, desk: MailDesk) -> None:
    parts = Parts(Settings.model_validate({"mail": {"drop": str(tmp_path / "drop"), "poll_s": 0.1}}), desk.store)
    with mailing(parts, threading.Event()):
        until("the folder is there", (tmp_path / "drop" / "failed").is_dir)
        put(tmp_path / "drop", "a.eml", mail("calls fail"))
        until("the mail is a ticket", desk.desk.open_tickets)
    assert names(tmp_path / "drop" / "done") == ["a.eml"]


def test_a_bug_ends_the_run_and_is_not_kept_quiet(
    folder: Path, desk: MailDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(folder, "a.eml", mail())

    def bug(*given: object) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr("connectors.mail.door.MailDoor.take", bug)
    parts = Parts(Settings.model_validate({"mail": {"drop": str(folder), "poll_s": 0.1}}), desk.store)
    stop = threading.Event()
    with pytest.raises(ZeroDivisionError, match="a bug"), mailing(parts, stop):
        until("the run is told to stop", stop.is_set)
