"""What API answers share: entity tags, cursors, lists."""

from __future__ import annotations

import re
from typing import Annotated, Final

from fastapi import Query
from pydantic import BaseModel

from akira.web.problems import Problem
from akira.web.wanted import PAGE, PAGE_AT_MOST
from connectors.store.tickets import TicketRow
from pipeline.desk.ticket import Ticket

_TAG: Final = re.compile(r'(?:W/)?"(\d{1,18})"')

Short = Annotated[str, Query(max_length=200)]
Limit = Annotated[int, Query(ge=1, le=PAGE_AT_MOST)]
Before = Annotated[int | None, Query(ge=0, le=2**62)]
Cursor = Annotated[str | None, Query(max_length=200)]
DEFAULT_LIMIT: Final = PAGE


class TicketList(BaseModel):
    """A page of tickets; ask again with `cursor` = `next` for the page after it."""

    items: list[TicketRow]
    next: str | None = None


def etag(ticket: Ticket) -> str:
    """The version of a ticket as a strong entity tag (RFC 9110 section 8.8.3)."""
    return f'"{ticket.version}"'


def version_of(if_match: str | None) -> int | None:
    """The version that an `If-Match` names; None when there is none or it is `*`."""
    if if_match is None or if_match.strip() == "*":
        return None
    form = _TAG.fullmatch(if_match.strip())
    if form is None:
        raise Problem(422, "invalid", "If-Match is not an entity tag", hint='send the ETag as it came, e.g. "7"')
    return int(form[1])
