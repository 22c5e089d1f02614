"""The documented contracts of tools, each as a server would keep them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from tests.outlets.contract import SECRET, Contract
from tests.outlets.fake import Asked, Reply
from tests.outlets.ticket_contracts import JiraContract, ZammadContract, ZnunyContract


class PagerDutyContract(Contract):
    """Events API v2: alerts by dedup_key; a trigger on an open one changes it, on a resolved one opens it again."""

    kind = "pagerduty"

    def settings(self, url: str) -> Mapping[str, Any]:
        return {"kind": self.kind, "name": "pd", "url": url, "routing_key": SECRET}

    def __call__(self, asked: Asked) -> Reply:
        event = asked.json
        key, action = event["dedup_key"], event["event_action"]
        if (asked.method, asked.path, event["routing_key"]) != ("POST", "/v2/enqueue", SECRET):
            return self.refuse("Event object is invalid")
        if len(asked.body) > 512_000:
            return self.refuse("too large", 413)
        if action == "trigger":
            payload = event["payload"]
            if not 0 < len(payload["summary"]) <= 1024 or not payload["source"]:
                return self.refuse("payload is incomplete")
            if payload["severity"] not in ("critical", "error", "warning", "info"):
                return self.refuse(f"severity {payload['severity']} is unknown")
        after = {"trigger": "open", "acknowledge": "acknowledged", "resolve": "over"}[action]
        if action == "trigger" and self.state.get(key) == "acknowledged":
            after = "acknowledged"
        if action != "trigger" and self.state.get(key) in (None, "over"):
            after = self.state.get(key, "over")
        self.state[key] = after
        return Reply(202, {"status": "success", "message": "Event processed", "dedup_key": key})


class JsmContract(Contract):
    """Integration events API: one open alert for each alias, works later and says so by a request id."""

    kind = "jsm"
    inside: ClassVar[list[Reply | None] | None] = [
        None,
        Reply(200, {"data": {"success": False, "status": "Alert message is blocked by a policy"}}),
    ]

    def settings(self, url: str) -> Mapping[str, Any]:
        return {"kind": self.kind, "name": "jsm", "url": f"{url}/jsm/ops/integration", "key": SECRET}

    def __call__(self, asked: Asked) -> Reply:
        if asked.headers.get("authorization") != f"GenieKey {SECRET}":
            return self.refuse("Could not authenticate", 401)
        place = asked.path.removeprefix("/jsm/ops/integration/v2/alerts").strip("/").split("/")
        if place == [""]:
            return self._create(asked.json)
        if place[0] == "requests":
            return Reply(404, {"message": "Request not found. It might not be processed, yet."})
        if asked.query.get("identifierType") != "alias":
            return self.refuse("Identifier is no id")
        alias, action = place
        if action in ("acknowledge", "close") and self.state.get(alias) not in (None, "over"):
            self.state[alias] = "acknowledged" if action == "acknowledge" else "over"
        return Reply(202, {"result": "Request will be processed", "requestId": "43a29c5c"})

    def _create(self, alert: Mapping[str, Any]) -> Reply:
        if not 0 < len(alert["message"]) <= 130 or len(alert["alias"]) > 512 or len(alert.get("source", "")) > 100:
            return self.refuse("Request body is not processable", 422)
        if alert["priority"] not in ("P1", "P2", "P3", "P4", "P5"):
            return self.refuse("Priority is not valid", 422)
        if sum(len(label) + len(text) for label, text in alert.get("details", {}).items()) > 8000:
            return self.refuse("details are too long", 422)
        if self.state.get(alert["alias"]) in (None, "over"):
            self.state[alert["alias"]] = "open"
        return Reply(202, {"result": "Request will be processed", "took": 0.3, "requestId": "43a29c5c"})


class SlackContract(Contract):
    """Web API: everything is 200, `ok` says whether; messages by ts, with metadata for who asks for it."""

    kind = "slack"
    inside: ClassVar[list[Reply | None] | None] = [
        Reply(200, {"ok": False, "error": "not_in_channel"}),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.messages: list[dict[str, Any]] = []

    def settings(self, url: str) -> Mapping[str, Any]:
        return {"kind": self.kind, "name": "slack", "url": f"{url}/api", "token": SECRET, "channel": "C0123ABC"}

    def items(self) -> int:
        return sum("thread_ts" not in message for message in self.messages)

    def open_items(self) -> int:
        roots = [m for m in self.messages if "thread_ts" not in m and m["metadata"]["event_payload"]["key"] != "test"]
        return sum("(resolved)" not in message["text"] for message in roots)

    def doubled(self) -> int:
        keys = Counter(message["metadata"]["event_payload"]["key"] for message in self.messages)
        return sum(number > 1 for number in keys.values())

    def __call__(self, asked: Asked) -> Reply:
        if asked.headers.get("authorization") != f"Bearer {SECRET}":
            return Reply(200, {"ok": False, "error": "invalid_auth"})
        method = asked.path.removeprefix("/api/")
        given = asked.json if asked.method == "POST" else asked.query
        if given["channel"] != "C0123ABC":
            return Reply(200, {"ok": False, "error": "channel_not_found"})
        return Reply(200, {"ok": True, "channel": "C0123ABC", **self._done(method, given)})

    def _done(self, method: str, given: Mapping[str, Any]) -> dict[str, Any]:
        if method == "chat.postMessage":
            ts = f"{2_000_000_000 + len(self.messages)}.000100"
            self.messages.append({**given, "ts": ts})
            return {"ts": ts}
        if method == "chat.update":
            found = [message for message in self.messages if message["ts"] == given["ts"]]
            if not found:
                return {"ok": False, "error": "message_not_found"}
            found[0]["text"] = given["text"]
            return {"ts": given["ts"]}
        root = given.get("ts")
        found = [m for m in self.messages if (m.get("thread_ts") == root if root else "thread_ts" not in m)]
        found = [m for m in found if float(m["ts"]) >= float(given["oldest"])]
        page, start = found[int(given.get("cursor", 0)) :][:1], int(given.get("cursor", 0))
        more = str(start + 1) if start + 1 < len(found) else ""
        bare = [{k: v for k, v in m.items() if k != "metadata" or given.get("include_all_metadata")} for m in page]
        return {"messages": bare, "response_metadata": {"next_cursor": more}}


class TeamsContract(Contract):
    """A workflow: takes a message of one Adaptive Card, 202, and says nothing of what it does with it."""

    kind = "teams"
    doubles = True
    inside: ClassVar[list[Reply | None] | None] = [
        Reply(200, b"Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 429"),
    ]

    def settings(self, url: str) -> Mapping[str, Any]:
        return {"kind": self.kind, "name": "teams", "url": f"{url}/workflows/1/run?api-version=2024-10-01&sig={SECRET}"}

    def __call__(self, asked: Asked) -> Reply:
        if asked.query.get("sig") != SECRET.replace("+", " "):
            return self.refuse("DirectApiAuthorizationRequired", 401)
        if len(asked.body) > 28_000:
            return self.refuse("RequestEntityTooLarge", 413)
        (attachment,) = asked.json["attachments"]
        card = attachment["content"]
        if asked.json["type"] != "message" or (card["type"], card["version"]) != ("AdaptiveCard", "1.4"):
            return self.refuse("this is no card")
        where = [action["url"] for action in card.get("actions", ())]
        if where:
            self.state[where[0]] = "over" if "resolved" in card["body"][1]["text"] else "open"
        return Reply(202, b"")


class WebhookContract(Contract):
    """A receiver by Standard Webhooks: checks signature and time, takes each id once."""

    kind = "webhook"

    def settings(self, url: str) -> Mapping[str, Any]:
        return {"kind": self.kind, "name": "hook", "url": f"{url}/in", "secrets": [f"whsec_{SECRET}"]}

    def __call__(self, asked: Asked) -> Reply:
        identity, at_s = asked.headers["webhook-id"], asked.headers["webhook-timestamp"]
        text = f"{identity}.{at_s}.".encode() + asked.body
        mark = base64.b64encode(hmac.new(base64.b64decode(SECRET), text, hashlib.sha256).digest()).decode()
        if f"v1,{mark}" not in asked.headers["webhook-signature"].split(" ") or abs(int(at_s) - time.time()) > 300:
            return self.refuse("the signature does not fit", 401)
        self.posts[identity] += 1
        message = json.loads(asked.body)
        if self.posts[identity] == 1 and message["type"] != "test":
            self.state[message["data"]["id"]] = "over" if message["data"]["state"] == "resolved" else "open"
        return Reply(204, b"")


CONTRACTS: Mapping[str, Callable[[], Contract]] = {
    made.kind: made
    for made in (
        JiraContract,
        JsmContract,
        PagerDutyContract,
        SlackContract,
        TeamsContract,
        WebhookContract,
        ZammadContract,
        ZnunyContract,
    )
}
