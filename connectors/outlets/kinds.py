"""The tools there are: one import and one line each."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import AfterValidator, Field

from connectors.outlets.customer_mail import CustomerMailSettings
from connectors.outlets.jira import JiraSettings
from connectors.outlets.jsm import JsmSettings
from connectors.outlets.pagerduty import PagerDutySettings
from connectors.outlets.rt import RtSettings
from connectors.outlets.slack import SlackSettings
from connectors.outlets.smtp import SmtpSettings
from connectors.outlets.teams import TeamsSettings
from connectors.outlets.webhook import WebhookSettings
from connectors.outlets.zammad import ZammadSettings
from connectors.outlets.znuny import ZnunySettings

TAKEN: Final = frozenset({"kafka", "alertmanager", "mail-drop", "mail-imap"})
"""Names of targets and doors that are no outlets."""

AnyOutlet = Annotated[
    CustomerMailSettings
    | JiraSettings
    | JsmSettings
    | PagerDutySettings
    | RtSettings
    | SlackSettings
    | SmtpSettings
    | TeamsSettings
    | WebhookSettings
    | ZammadSettings
    | ZnunySettings,
    Field(discriminator="kind"),
]


def _distinct(outlets: tuple[AnyOutlet, ...]) -> tuple[AnyOutlet, ...]:
    """Each has a name of its own."""
    seen = set(TAKEN)
    for outlet in outlets:
        if outlet.name in seen:
            raise ValueError(f"the name {outlet.name} is taken: give each [[outlet]] a name of its own")
        seen.add(outlet.name)
    return outlets


Outlets = Annotated[tuple[AnyOutlet, ...], AfterValidator(_distinct)]
"""The value of [[outlet]]."""
