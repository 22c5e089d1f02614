"""Every route × every role, by the one table; sessions, scopes, ends and revocation of tokens."""

from __future__ import annotations

import re

import httpx
import pytest
from fastapi import APIRouter

from akira.web.auth.access import ACCESS, PUBLIC, ROLES, Role
from akira.web.auth.guard import COOKIE, Door, doors
from akira.web.auth.tokens import Tokens
from tests.web.conftest import NOW, Web

STREAM = "/api/v1/events/stream"


def _doors(web: Web) -> list[Door]:
    return [door for door in web.app.state.doors if door.name not in PUBLIC]


def _path(door: Door) -> str:
    return re.sub(r"\{(\w+)(?::path)?\}", lambda match: "1" if match[1] == "entry_id" else "none", door.path)


@pytest.mark.parametrize("role", [*ROLES, None])
def test_every_route_for_every_role(web: Web, role: Role | None) -> None:
    client = web.client(role)
    assert len(_doors(web)) > 80
    for door in _doors(web):
        if door.path == STREAM and role is not None:
            continue  # it never ends: test_stream reads it
        assert door.operation is not None
        for method in door.methods:
            status = client.request(method, _path(door)).status_code
            where = f"{method} {door.path} as {role}: {status}"
            if role is None:
                assert status == 401 or (status == 303 and not door.path.startswith("/api/")), where
            elif role in ACCESS[door.operation].roles:
                assert status not in (401, 403), where
            else:
                assert status == 403, where


def test_the_table_covers_every_path_that_is_published(web: Web) -> None:
    known = {door.path for door in web.app.state.doors}
    assert set(web.app.openapi()["paths"]) <= known


def test_every_command_of_the_desk_has_a_route_and_no_operation_is_unused(web: Web) -> None:
    used = {door.operation for door in _doors(web)}
    assert used <= set(ACCESS)
    assert used == set(ACCESS)


def test_a_route_without_a_guard_stops_the_application() -> None:
    router = APIRouter()
    router.add_api_route("/open-door", lambda: "hello", name="open.door")
    with pytest.raises(RuntimeError, match="open-door"):
        doors("", router)


def test_scopes_narrow_a_role(web: Web) -> None:
    client = web.client()
    reader = {"Authorization": f"Bearer {web.token('noc', scopes=frozenset({'read'}))}"}
    assert client.get("/api/v1/tickets", headers=reader).status_code == 200
    refused = client.post("/api/v1/tickets/I-1/acknowledge", headers=reader)
    assert refused.status_code == 403 and "write" in refused.json()["hint"]


def test_a_scope_never_widens_a_role(web: Web) -> None:
    tokens: Tokens = web.app.state.tokens
    _, token = tokens.issue("eve", "viewer", at_ms=NOW, by="t", lasts_ms=None, scopes=frozenset({"read", "admin"}))
    assert token.scopes == {"read"}


def test_tokens_end_and_are_revoked_at_once(web: Web) -> None:
    tokens: Tokens = web.app.state.tokens
    text, token = tokens.issue("anna", "noc", at_ms=NOW, by="t", lasts_ms=1000)
    assert tokens.check(text, NOW) is not None
    assert tokens.check(text, NOW + 1000) is None
    lasting, kept = tokens.issue("anna", "noc", at_ms=NOW, by="t", lasts_ms=None)
    assert tokens.check(lasting, NOW) is not None
    assert tokens.revoke(kept.id, NOW, "t") and not tokens.revoke(kept.id, NOW, "t")
    assert tokens.check(lasting, NOW) is None


@pytest.mark.parametrize(
    "text", ["", "akira_", "akira_0123456789abcdef_" + "x" * 43, "Bearer", "\u00e9" * 30, "x" * 5000]
)
def test_what_is_no_token_is_nobody(web: Web, text: str) -> None:
    assert web.app.state.tokens.check(text, NOW) is None


def test_only_a_hash_is_kept(web: Web) -> None:
    text = web.token("admin")
    kept = web.app.state.tokens._store.find_token(text.split("_")[1])
    assert text.split("_", 2)[2] not in repr(kept) and kept.hash.startswith("$argon2id$")


def _sign_in(web: Web) -> tuple[httpx.Client, str]:
    client = web.client()
    answer = client.post("/sign-in", data={"token": web.token("noc"), "next": "//evil.example/"})
    assert answer.status_code == 303 and answer.headers["location"] == "/"
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie and "samesite=lax" in cookie.lower()
    page = client.get("/tickets/I-1").text
    mark = re.search(r'name="csrf" value="([0-9a-f]{64})"', page)
    assert mark is not None
    return client, mark[1]


def test_a_session_changes_things_only_from_its_own_pages(web: Web) -> None:
    client, mark = _sign_in(web)
    bare = client.post("/tickets/I-1/do/acknowledge")
    assert bare.status_code == 403 and "did not come from a page" in bare.text
    api = client.post("/api/v1/tickets/I-1/acknowledge")
    assert api.status_code == 403 and api.json()["type"] == "urn:akira:problem:csrf"
    done = client.post("/tickets/I-1/do/acknowledge", data={"csrf": mark})
    assert done.status_code == 303
    assert web.app.state.office.ticket("I-1").acknowledged_by == "noc-person"


def test_signing_out_ends_the_session_everywhere(web: Web) -> None:
    client, mark = _sign_in(web)
    cookie = client.cookies[COOKIE]
    assert client.post("/sign-out", data={"csrf": mark}).status_code == 303
    assert web.app.state.tokens.check(cookie, NOW, kind="session") is None
    assert web.client().get("/", headers={"Cookie": f"{COOKIE}={cookie}"}).status_code == 303


def test_a_session_cookie_is_no_bearer_token(web: Web) -> None:
    client, _ = _sign_in(web)
    cookie = client.cookies[COOKIE]
    assert web.client().get("/api/v1/tickets", headers={"Authorization": f"Bearer {cookie}"}).status_code == 401


def test_the_link_of_the_terminal_works_once(web: Web) -> None:
    from akira.web.app import admin_link

    token, path = admin_link(web.app)
    assert token is not None
    again, _ = admin_link(web.app)
    assert again is None, "a second start issues no second admin token"
    assert web.client().get(path).headers["location"] == "/"
    assert web.client().get(path).status_code == 200, "used: the form again"


def test_a_machine_name_cannot_be_a_person(web: Web) -> None:
    admin = web.client("admin")
    for name in ("akira", "Akira", "akira/timer", ""):
        assert admin.post("/api/v1/tokens", json={"name": name, "role": "noc"}).status_code == 422
