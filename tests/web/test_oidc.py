"""Sign-in by OpenID Connect against an issuer on the loopback: who is let in as what, and what proves nothing."""

from __future__ import annotations

import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from akira.errors import OperatorError
from akira.serving import served
from akira.settings import load
from akira.web.app import create_app
from akira.web.auth.guard import COOKIE
from akira.web.auth.oidc_settings import OidcSettings
from connectors.store.engine import Store
from pipeline.desk.policy import DeskPolicy
from tests.web.issuer import CLIENT, SECRET, Issuer, issuing

ROLES: dict[str, Any] = {"voice-noc": "noc", "bosses": "admin", "readers": "viewer"}


@dataclass
class Desk:
    """A console that the issuer vouches for people at, and a browser."""

    issuer: Issuer
    browser: httpx.Client

    def sign_in(self, target: str = "/") -> httpx.Response:
        """Press the button and follow where it leads, until a page of the console answers."""
        return self.browser.get("/sign-in/oidc", params={"next": target}, follow_redirects=True)


def _settings(issuer: str, **more: Any) -> OidcSettings:
    given = {"issuer": issuer, "client_id": CLIENT, "client_secret": SecretStr(SECRET), "roles": ROLES, **more}
    return OidcSettings(**given)


@pytest.fixture(scope="module")
def vouching() -> Iterator[Issuer]:
    with issuing() as issuer:
        yield issuer


@pytest.fixture
def open_desk(tmp_path: Path, vouching: Issuer, seeded: Path) -> Iterator[Callable[..., Desk]]:
    """Makes a desk with settings of the test's own; the issuer begins anew."""
    shutil.copy(seeded, tmp_path / "akira.db")
    vouching.__dict__.update(Issuer(key=vouching.key, address=vouching.address).__dict__)
    vouching.claims["groups"] = ["voice-noc"]
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    store, held = Store.open(f"sqlite:///{tmp_path}/akira.db"), []

    def make(**more: Any) -> Desk:
        settings, address = _settings(more.pop("issuer", vouching.address), **more), f"http://127.0.0.1:{port}"
        app = create_app(store, DeskPolicy(), oidc=settings, address=address)
        serving = served(app, "127.0.0.1", port, app.state.hub.close)
        held.append(serving)
        browser = httpx.Client(base_url=serving.__enter__(), trust_env=False, timeout=30)
        return Desk(vouching, browser)

    yield make
    for serving in held:
        serving.__exit__(None, None, None)
    store.close()


def test_the_button_leads_through_the_issuer_to_the_page_that_was_asked_for(open_desk: Callable[..., Desk]) -> None:
    desk = open_desk(name="Corporate login")
    asked = desk.browser.get("/queue")
    form = desk.browser.get(asked.headers["location"])
    assert "Sign in with Corporate login" in form.text and "/sign-in/oidc?next=/queue" in form.text
    page = desk.sign_in("/queue")
    assert page.status_code == 200 and page.url.path == "/queue" and "anna" in page.text
    assert desk.issuer.asked["code_challenge_method"] == "S256"
    assert desk.issuer.asked["scope"] == "openid profile email"
    assert desk.browser.get("/outbox").status_code == 404 and desk.browser.get("/admin").status_code == 200


def test_the_most_powerful_of_the_groups_counts_and_is_on_record(open_desk: Callable[..., Desk]) -> None:
    desk = open_desk(role_claim="realm_access.roles")
    desk.issuer.claims["realm_access"] = {"roles": ["readers", "bosses", "other"]}
    desk.sign_in()
    lines = desk.browser.get("/admin/audit").text
    assert "signed in" in lines and "anna (admin)" in lines


def test_groups_may_come_from_userinfo_of_the_same_person_alone(open_desk: Callable[..., Desk]) -> None:
    desk = open_desk()
    del desk.issuer.claims["groups"]
    desk.issuer.userinfo = {"sub": "8", "groups": ["bosses"]}
    assert desk.sign_in().status_code == 403
    desk.issuer.userinfo = {"sub": "7", "groups": ["bosses"]}
    assert desk.sign_in().status_code == 200


@pytest.mark.parametrize(
    ("bend", "says"),
    [
        (lambda claims: claims.update(nonce="of-another-sign-in"), "nonce"),
        (lambda claims: claims.pop("nonce"), "nonce"),
        (lambda claims: claims.update(iss="https://evil.example"), "iss"),
        (lambda claims: claims.update(aud="another-client", azp=CLIENT), "aud"),
        (lambda claims: claims.update(aud=["another-client"]), "aud"),
        (lambda claims: claims.update(exp=claims["iat"] - 300), "expired"),
        (lambda claims: claims.pop("sub"), "sub"),
    ],
)
def test_a_token_that_proves_nothing_signs_nobody_in(
    open_desk: Callable[..., Desk], bend: Callable[[dict[str, Any]], None], says: str
) -> None:
    desk = open_desk()
    desk.issuer.bend = bend
    refused = desk.sign_in()
    assert refused.status_code == 401 and says in refused.text and "begin again" in refused.text
    assert COOKIE not in desk.browser.cookies


@pytest.mark.parametrize("algorithm", ["none", "HS256"])
def test_a_signature_that_others_can_make_counts_for_nothing(open_desk: Callable[..., Desk], algorithm: str) -> None:
    desk = open_desk()
    desk.issuer.signed_by = algorithm
    assert desk.sign_in().status_code == 401
    assert COOKIE not in desk.browser.cookies


def test_a_required_audience_besides_the_client(open_desk: Callable[..., Desk]) -> None:
    desk = open_desk(audience="voice-tools")
    assert desk.sign_in().status_code == 401
    desk.issuer.bend = lambda claims: claims.update(aud=["voice-tools", CLIENT], azp=CLIENT)
    assert desk.sign_in().status_code == 200


def test_groups_without_a_role_are_told_which_they_are(open_desk: Callable[..., Desk]) -> None:
    desk = open_desk()
    desk.issuer.claims["groups"] = ["<b>kitchen</b>"]
    refused = desk.sign_in()
    assert refused.status_code == 403 and "&lt;b&gt;kitchen" in refused.text and "[web.oidc] roles" in refused.text


@pytest.mark.parametrize("name", ["akira", "akira/timer", "outlet:rt"])
def test_nobody_signs_in_under_a_name_of_the_machine(open_desk: Callable[..., Desk], name: str) -> None:
    desk = open_desk()
    desk.issuer.claims["preferred_username"] = name
    assert desk.sign_in().status_code == 403


def test_an_answer_to_another_browser_is_refused(open_desk: Callable[..., Desk]) -> None:
    desk = open_desk()
    desk.sign_in()
    stranger = httpx.Client(base_url=desk.browser.base_url, trust_env=False)
    refused = stranger.get("/sign-in/oidc/return", params={"code": "c-1", "state": desk.issuer.asked["state"]})
    assert refused.status_code == 401 and "mismatching_state" in refused.text
    denied = desk.browser.get("/sign-in/oidc/return", params={"error": "access_denied", "state": "x"})
    assert denied.status_code == 401 and "access_denied" in denied.text


def test_it_leads_to_no_other_site(open_desk: Callable[..., Desk]) -> None:
    assert open_desk().sign_in("https://evil.example/").url.path == "/"


@pytest.mark.parametrize("fault", [{"token_endpoint": None}, {"jwks_uri": "http://127.0.0.1:9/"}])
def test_an_issuer_that_is_none_is_told_with_a_hint(open_desk: Callable[..., Desk], fault: dict[str, Any]) -> None:
    desk = open_desk()
    desk.issuer.metadata = fault
    refused = desk.sign_in()
    assert refused.status_code == 502 and "[web.oidc] issuer" in refused.text


def test_an_issuer_that_is_away_leaves_the_form_for_tokens(open_desk: Callable[..., Desk]) -> None:
    desk = open_desk(issuer="http://127.0.0.1:9")
    refused = desk.sign_in("/queue")
    assert refused.status_code == 502 and "127.0.0.1:9" in refused.text and 'name="token"' in refused.text


def test_without_an_issuer_there_is_no_button_and_no_route(tmp_path: Path) -> None:
    store = Store.open(f"sqlite:///{tmp_path}/akira.db")
    app = create_app(store, DeskPolicy())
    with served(app, "127.0.0.1", 0, app.state.hub.close) as address:
        client = httpx.Client(base_url=address, trust_env=False)
        assert "/sign-in/oidc" not in client.get("/sign-in").text
        assert client.get("/sign-in/oidc").status_code == 404
    store.close()


def test_without_the_extra_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "authlib.integrations.starlette_client", None)
    store = Store.open(f"sqlite:///{tmp_path}/akira.db")
    with pytest.raises(OperatorError) as told:
        create_app(store, DeskPolicy(), oidc=_settings("https://id.example"))
    assert "akira[oidc]" in told.value.hint
    store.close()


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ('issuer = "http://id.example"\nclient_id = "a"\nroles = { g = "noc" }', "https://"),
        ('issuer = "https://id.example"\nroles = { g = "noc" }', "client_id"),
        ('issuer = "https://id.example"\nclient_id = "a"', "roles"),
        ('issuer = "https://id.example"\nclient_id = "a"\nroles = { g = "boss" }', "viewer"),
        ('issuer = "https://id.example"\nclient_id = "a"\nroles = { g = "noc" }\nscope = "profile"', "scope"),
    ],
)
def test_settings_that_cannot_work_are_refused(tmp_path: Path, lines: str, says: str) -> None:
    file = tmp_path / "akira.toml"
    file.write_text(f"[web.oidc]\n{lines}\n")
    with pytest.raises(OperatorError) as told:
        load(file, {})
    assert "oidc" in str(told.value) and says in str(told.value)


def test_the_secret_comes_from_the_environment_and_is_not_shown(tmp_path: Path) -> None:
    file = tmp_path / "akira.toml"
    file.write_text('[web.oidc]\nissuer = "https://id.example"\nclient_id = "a"\nroles = { g = "noc" }\n')
    known = load(file, {"AKIRA_WEB__OIDC__CLIENT_SECRET": "hush"}).web.oidc
    assert known.client_secret is not None and known.client_secret.get_secret_value() == "hush"
    assert "hush" not in repr(known)
