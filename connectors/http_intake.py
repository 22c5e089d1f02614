"""CDRs by HTTP POST: raw, form or base64 bodies, plain or gzip, spooled to disk before the answer."""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import parse_qs

from fastapi import APIRouter, HTTPException, Request, Response
from starlette.concurrency import run_in_threadpool

from connectors.rows.json_lines import one_line
from connectors.spool import Spool, SpoolFull

BODY_MAX: Final = 16 << 20
"""Bytes of a body, before and after unpacking."""
RETRY_S: Final = 5
_FORM: Final = "application/x-www-form-urlencoded"
_BASE64: Final = "application/x-www-form-base64-encoded"
"""What mod_json_cdr sends with encode=base64."""
_PLAIN: Final = ("application/json", "application/x-ndjson", "application/octet-stream", "text/")


def cdr_router(spools: Mapping[str, Spool], verify: Callable[[str], bool]) -> APIRouter:
    """`POST /intake/cdr/{source}` for each of `spools`; 204 once the records are on disk.

    `verify` tells whether a token may write; it comes as `Authorization: Bearer`, or as the password of Basic, which
    is all that some switches can send. Answers: 400 body not readable, 401, 404 unknown source, 413 too large,
    415 encoding, 503 with Retry-After when the spool is full or the disk refuses: the sender keeps its record.
    """
    router = APIRouter()

    @router.post("/intake/cdr/{source}", status_code=204, summary="Call records of a switch")
    async def receive(source: str, request: Request) -> Response:
        if not verify(token_of(request.headers.get("authorization", ""))):
            raise HTTPException(401, "a token with the right to write is needed", {"WWW-Authenticate": "Basic"})
        spool = spools.get(source)
        if spool is None:
            raise HTTPException(404, f"no source of this name; there are: {', '.join(sorted(spools)) or 'none'}")
        body = unpacked(await _bounded(request), request.headers.get("content-encoding", ""))
        records = one_line(decoded(body, request.headers.get("content-type", "")))
        if records.strip():
            try:
                await run_in_threadpool(spool.append, records)
            except (SpoolFull, OSError) as wrong:
                raise HTTPException(503, "cannot keep records now; try again", {"Retry-After": str(RETRY_S)}) from wrong
        return Response(status_code=204)

    return router


def token_of(authorization: str) -> str:
    """The token in a Bearer header or in the password of a Basic one; empty when there is none."""
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(value, validate=True).decode("utf-8").partition(":")[2]
        except (binascii.Error, UnicodeDecodeError):
            return ""
    return ""


async def _bounded(request: Request) -> bytes:
    """The body, refused as soon as it is larger than it may be."""
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > BODY_MAX:
            raise HTTPException(413, f"a body of at most {BODY_MAX} bytes; send fewer records at a time")
        parts.append(part)
    return b"".join(parts)


def unpacked(body: bytes, encoding: str) -> bytes:
    """`body` without its Content-Encoding (gzip or none)."""
    if encoding.lower() in ("", "identity"):
        return body
    if encoding.lower() not in ("gzip", "x-gzip"):
        raise HTTPException(415, "Content-Encoding gzip or none")
    unzip = zlib.decompressobj(wbits=31)
    try:
        plain = unzip.decompress(body, BODY_MAX)
    except zlib.error as wrong:
        raise HTTPException(400, f"the body is not gzip: {wrong}") from wrong
    if unzip.unconsumed_tail:
        raise HTTPException(413, f"a body that unpacks to at most {BODY_MAX} bytes")
    if not unzip.eof:
        raise HTTPException(400, "the gzip body ends before its end mark")
    return plain


def decoded(body: bytes, content_type: str) -> bytes:
    """The records in a body: a form's field `cdr` (URL-encoded or base64), or the body itself."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind == _BASE64:
        field = body.partition(b"cdr=")[2] if body.startswith(b"cdr=") else body
        try:
            return base64.b64decode(field.strip(), validate=True)
        except binascii.Error as wrong:
            raise HTTPException(400, f"the body is not base64: {wrong}") from wrong
    if kind == _FORM:
        try:
            fields = parse_qs(body.decode("utf-8"), strict_parsing=True, max_num_fields=100)
        except ValueError as wrong:
            raise HTTPException(400, "a form with the record in its field `cdr`") from wrong
        if "cdr" not in fields:
            raise HTTPException(400, "a form with the record in its field `cdr`")
        return "\n".join(fields["cdr"]).encode()
    if kind and not kind.startswith(_PLAIN):
        raise HTTPException(415, f"Content-Type {', '.join(_PLAIN)}*, {_FORM} or {_BASE64}")
    return body
