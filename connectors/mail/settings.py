"""Section [mail] of akira.toml: where mails of customers come in."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from pipeline.incidents import TicketType


class ImapSettings(BaseModel):
    """Section [mail.imap]: a mailbox of ours alone; what is in it is work, and moves to `done` or `failed`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str | None = Field(default=None, max_length=255, description="none: no mailbox is read")
    port: int = Field(default=993, ge=1, le=65535)
    tls: Literal["tls", "starttls", "none"] = Field(default="tls", description="`none` on the loopback only")
    ca_file: str | None = Field(default=None, description="certificates that sign the server's own; none: the system's")
    user: str = Field(default="", max_length=255)
    password: SecretStr = SecretStr("")
    mailbox: str = Field(default="INBOX", min_length=1, max_length=200)
    done: str = Field(default="Akira-done", min_length=1, max_length=200)
    failed: str = Field(default="Akira-failed", min_length=1, max_length=200)
    timeout_s: float = Field(default=30.0, gt=0, le=300)

    @model_validator(mode="after")
    def _safe(self) -> ImapSettings:
        if self.host and self.tls == "none" and self.host not in ("127.0.0.1", "::1", "localhost"):
            raise ValueError("tls = none sends the password in clear text: it is for a server on the loopback")
        if len({self.mailbox, self.done, self.failed}) < 3:
            raise ValueError("mailbox, done and failed must be three mailboxes")
        return self


class MailSettings(BaseModel):
    """Section [mail]: mails of customers become tickets, or answers on the tickets that they belong to."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    drop: str | None = Field(default=None, description="a folder of *.eml files or a Maildir; none: no folder is read")
    imap: ImapSettings = ImapSettings()
    poll_s: float = Field(default=15.0, ge=0.1, le=3600)
    max_bytes: int = Field(
        default=10_000_000, ge=10_000, le=100_000_000, description="of one mail; what is beyond it is not read"
    )
    own: tuple[str, ...] = Field(default=(), max_length=100, description="our addresses besides senders of [[outlet]]")
    hourly: int = Field(default=20, ge=1, le=10_000, description="most tickets that one address opens in an hour")
    ticket_type: TicketType = Field(default="sip_quality", description="of a mail whose words suggest no class")
