"""Outlets as the live loop opens them: those of mail get the picture, the contacts and the threads of the store."""

from __future__ import annotations

from connectors.mail.addresses import Contacts
from connectors.outlets.customer_mail import Around, CustomerMail, CustomerMailSettings
from connectors.outlets.port import Outlet
from connectors.outlets.settings import OutletSettings
from connectors.outlets.smtp import Notices, SmtpSettings
from connectors.store.engine import Store
from connectors.store.ledger import Ledger
from pipeline.desk.ticket import Ticket
from pipeline.directory import Directory


def opened_outlet(settings: OutletSettings, console: str, store: Store, directory: Directory) -> Outlet:
    """The outlet of `settings`."""
    if isinstance(settings, SmtpSettings):
        return Notices(settings, console, _picture)
    if isinstance(settings, CustomerMailSettings):
        return CustomerMail(settings, Around(Contacts(directory).of, Ledger(store).mails_of, _picture))
    return settings.open(console)


def _picture(ticket: Ticket) -> bytes | None:
    from akira.web.pages.ticket_view import chart_png  # the drawing library takes a second to load

    return chart_png(ticket)
