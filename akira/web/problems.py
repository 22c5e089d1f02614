"""Refusals over HTTP: RFC 9457 problem details that say what is missing and how to give it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from pipeline.desk.commands import Refusal

STATUS_OF_REFUSAL: Final[dict[str, int]] = {
    "state": 409,
    "missing": 422,
    "invalid": 422,
    "not_found": 404,
    "machine": 403,
    "exists": 409,
    "stale": 412,
}
TITLES: Final[dict[int, str]] = {
    400: "The request cannot be read",
    401: "Nobody is signed in",
    403: "Not allowed",
    404: "Not found",
    405: "Not done this way here",
    409: "Not possible in this state",
    412: "Somebody changed it first",
    413: "Too large",
    422: "Something is missing or wrong",
    428: "Say which version you change",
    503: "Busy: try again in a moment",
}


class Problem(Exception):
    """An answer other than the one asked for. `kind` is a machine word; `missing` is one line per thing to give."""

    def __init__(
        self,
        status: int,
        kind: str,
        detail: str,
        *,
        missing: Sequence[str] = (),
        hint: str = "",
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> None:
        super().__init__(detail)
        self.status, self.kind, self.detail = status, kind, detail
        self.missing, self.hint, self.headers, self.more = tuple(missing), hint, dict(headers or {}), more

    def body(self, instance: str) -> dict[str, Any]:
        """The members of RFC 9457 section 3.1, and `missing` and `hint` as extensions where there are any."""
        extra = {"missing": list(self.missing)} if self.missing else {}
        hint = {"hint": self.hint} if self.hint else {}
        title = TITLES.get(self.status, "Refused")
        base = {"type": f"urn:akira:problem:{self.kind}", "title": title, "status": self.status, "detail": self.detail}
        return {**base, "instance": instance, **extra, **hint, **self.more}


def of_refusal(refusal: Refusal) -> Problem:
    """The desk's refusal as a problem."""
    status = STATUS_OF_REFUSAL[refusal.code]
    return Problem(status, refusal.code, refusal.message, missing=refusal.missing, hint=refusal.hint)


def answer(request: Request, problem: Problem) -> Response:
    """The problem as `application/problem+json`."""
    body = problem.body(request.url.path)
    return JSONResponse(body, problem.status, problem.headers, media_type="application/problem+json")


def of_validation(wrong: RequestValidationError) -> Problem:
    """What pydantic found wrong, one line per field."""
    lines = [f"{'.'.join(str(part) for part in error['loc'])}: {error['msg']}" for error in wrong.errors()[:20]]
    return Problem(422, "invalid", f"{len(wrong.errors())} field(s) are missing or wrong", missing=lines)


def of_http(wrong: HTTPException) -> Problem:
    """A refusal of the framework itself (unknown path, wrong method, unreadable body)."""
    return Problem(wrong.status_code, "http", str(wrong.detail), headers=wrong.headers)


def of_exception(wrong: Exception) -> Problem:
    """What every handler answers with; anything else is a bug and goes on."""
    if isinstance(wrong, Problem):
        return wrong
    if isinstance(wrong, RequestValidationError):
        return of_validation(wrong)
    if isinstance(wrong, HTTPException):
        return of_http(wrong)
    raise wrong
