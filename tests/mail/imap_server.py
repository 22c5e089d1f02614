"""A real Dovecot on the loopback: one folder, one user, TLS from the first byte or STARTTLS."""

from __future__ import annotations

import getpass
import imaplib
import os
import pwd
import shutil
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

import trustme

from tests.absent import absent
from tests.monitoring.servers import until
from tests.ports import free_port

USER, PASSWORD = "noc@carrier.example", 's3cret "quoted"'
CONFIG = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
protocols = imap
listen = 127.0.0.1
ssl = required
ssl_cert = <{folder}/cert.pem
ssl_key = <{folder}/key.pem
mail_location = maildir:~/Maildir
first_valid_uid = 1
first_valid_gid = 1
{users}
passdb {{
  driver = passwd-file
  args = scheme=PLAIN {folder}/users
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/home
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {plain}
  }}
  inet_listener imaps {{
    port = {tls}
  }}
}}
service anvil {{
  chroot =
}}
"""
UNPRIVILEGED = """
default_internal_user = {me}
default_internal_group = {group}
default_login_user = {me}
"""


@dataclass(frozen=True)
class Mailbox:
    """A running server; `port` speaks TLS at once, `starttls` after it was asked."""

    port: int
    starttls: int
    ca_file: str
    process: subprocess.Popen[bytes]

    def session(self) -> imaplib.IMAP4_SSL:
        """As the owner of the mailbox."""
        trusted = ssl.create_default_context(cafile=self.ca_file)
        session = imaplib.IMAP4_SSL("127.0.0.1", self.port, ssl_context=trusted, timeout=30)
        session.login(USER, PASSWORD)
        return session

    def deliver(self, raw: bytes) -> None:
        """A mail comes in."""
        with self.session() as session:
            status, told = session.append("INBOX", "", "", raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))
            assert status == "OK", told

    def subjects(self, mailbox: str) -> list[str]:
        """What lies in a mailbox."""
        with self.session() as session:
            if session.select(mailbox, readonly=True)[0] != "OK":
                return []
            _, found = session.search(None, "ALL")
            numbers = found[0].split()
            heads = [session.fetch(n.decode(), "(BODY.PEEK[HEADER.FIELDS (SUBJECT)])")[1][0] for n in numbers]
            return [head[1].decode().strip().removeprefix("Subject: ") for head in heads if isinstance(head, tuple)]


@contextmanager
def dovecot() -> Iterator[Mailbox]:
    """A server with an empty mailbox while the block runs."""
    program = shutil.which("dovecot") or "/usr/sbin/dovecot"
    if not Path(program).exists():
        absent("no Dovecot: apt-get install dovecot-imapd")
    root = os.geteuid() == 0
    folder = Path(mkdtemp(prefix="akira-imap-", dir="/tmp"))
    folder.chmod(0o755)
    owner = pwd.getpwnam("nobody") if root else pwd.getpwuid(os.geteuid())
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1")
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    issued.cert_chain_pems[0].write_to_path(str(folder / "cert.pem"))
    issued.private_key_pem.write_to_path(str(folder / "key.pem"))
    (folder / "users").write_text(f"{USER}:{{PLAIN}}{PASSWORD}\n")
    (folder / "home").mkdir()
    if root:
        os.chown(folder / "home", owner.pw_uid, owner.pw_gid)
    group = subprocess.run(["id", "-gn"], capture_output=True, text=True, check=True).stdout.strip()
    users = "" if root else UNPRIVILEGED.format(me=getpass.getuser(), group=group)
    plain, tls = free_port(), free_port()
    given = {"folder": folder, "users": users, "uid": owner.pw_uid, "gid": owner.pw_gid, "plain": plain, "tls": tls}
    (folder / "dovecot.conf").write_text(CONFIG.format(**given))
    process = subprocess.Popen([program, "-F", "-c", str(folder / "dovecot.conf")], stdin=subprocess.DEVNULL)
    try:
        mailbox = Mailbox(tls, plain, str(folder / "ca.pem"), process)
        until(f"Dovecot answers, see {folder}/dovecot.log", lambda: _answers(mailbox))
        yield mailbox
    finally:
        process.terminate()
        process.wait(20)
        shutil.rmtree(folder)


def _answers(mailbox: Mailbox) -> bool:
    try:
        mailbox.session().logout()
    except (OSError, imaplib.IMAP4.error):
        return False
    return True
