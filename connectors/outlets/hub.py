"""Webhooks signed as WebSub does: `X-Hub-Signature: METHOD=HEX`, the HMAC of the body (https://www.w3.org/TR/websub/)."""

from __future__ import annotations

import hashlib
import hmac
from typing import Literal

from connectors.outlets.port import Posted, Unsigned


def signed(posted: Posted, secret: str, method: Literal["sha1", "sha256"], setting: str) -> None:
    """Unsigned when the signature is missing, of another method or wrong; `setting` is where the secret is given."""
    mark = f"{method}={hmac.new(secret.encode(), posted.body, getattr(hashlib, method)).hexdigest()}"
    given = posted.headers.get("x-hub-signature", "").strip()
    if not hmac.compare_digest(mark.encode(), given.encode()):
        what = "does not fit" if given else "is missing"
        raise Unsigned(f"X-Hub-Signature {what}", f"is {setting} the secret of this webhook?")
