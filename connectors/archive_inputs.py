"""The inputs of a replay from what the operator names: files by kind, their formats, and what they share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from connectors.archive import Input
from connectors.archive_files import ContractFiles, Files, PageFiles, ReaderFiles
from connectors.errors import ConnectorError
from connectors.formats import reader
from connectors.kamailio import pages
from connectors.kamailio.cdr import KamailioCdr
from connectors.kamailio.events import KamailioEvents
from connectors.prometheus import elements
from connectors.prometheus.page import PageReader
from connectors.prometheus.profiles import peers_of
from pipeline.directory import Directory

CONTRACT: Final = "contract"
KAMAILIO: Final = "kamailio"
SIP_FORMATS: Final = (CONTRACT, KAMAILIO)


@dataclass(frozen=True, slots=True)
class Archive:
    """Names, patterns or directories of files; `cdr_profile` is `contract` or what `connectors.formats` knows."""

    cdr: Sequence[str] = ()
    sip: Sequence[str] = ()
    balance: Sequence[str] = ()
    prom: Sequence[str] = ()
    cdr_profile: str = CONTRACT
    cdr_options: Mapping[str, str] = field(default_factory=dict)
    sip_profile: str = CONTRACT
    prom_profile: str = elements.KAMAILIO_XHTTP_PROM.name
    switch: str = "default"
    """Who wrote the SIP events and the pages."""


def inputs(archive: Archive, directory: Directory) -> list[Input]:
    """Call records first: what they teach (whose numbers are whose) is used by the SIP events.

    Raises ConnectorError when nothing is named, or a format is unknown.
    """
    if archive.sip_profile not in SIP_FORMATS:
        raise ConnectorError(f"no SIP format is called {archive.sip_profile!r}", f"there are {', '.join(SIP_FORMATS)}")
    events = KamailioEvents(switch=archive.switch)
    found: list[Input] = []
    if archive.cdr:
        found.append(Input(_cdr(archive, directory, events), archive.cdr))
    if archive.sip:
        own = archive.sip_profile == CONTRACT
        files: Files = ContractFiles("sip") if own else ReaderFiles("sip", events, directory)
        found.append(Input(files, archive.sip))
    if archive.prom:
        found.append(Input(_pages(archive, directory), archive.prom))
    if archive.balance:
        found.append(Input(ContractFiles("balance"), archive.balance))
    if not found:
        raise ConnectorError("no files are named", "name them with --cdr, --sip, --balance or --prom")
    return found


def _cdr(archive: Archive, directory: Directory, events: KamailioEvents) -> Files:
    if archive.cdr_profile == CONTRACT:
        if archive.cdr_options:
            raise ConnectorError("the record contract has no options", "leave them out, or name the CDR format")
        return ContractFiles("cdr")
    lines = reader(archive.cdr_profile, archive.cdr_options)
    if isinstance(lines, KamailioCdr):
        lines.callers = events.callers
    return ReaderFiles("cdr", lines, directory, lines.understanding)


def _pages(archive: Archive, directory: Directory) -> PageFiles:
    known = elements.profile(archive.prom_profile)

    def opened(first: str) -> PageReader:
        profile = known
        if profile.name == elements.KAMAILIO_XHTTP_PROM.name:
            with_events = bool(archive.sip) and archive.sip_profile == KAMAILIO
            profile = pages.profile(with_events=with_events, own_counter=pages.counts_calls(first))
        return PageReader(profile, archive.switch, peers_of(directory))

    return PageFiles(opened)
