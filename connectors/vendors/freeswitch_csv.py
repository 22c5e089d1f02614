"""FreeSWITCH mod_cdr_csv: columns as the template of cdr_csv.conf.xml defines them."""

from __future__ import annotations

import re
from typing import Final

from connectors.errors import ConnectorError
from connectors.rows.delimited import delimited
from connectors.rows.settle import settle
from connectors.rows.understanding import OneToOne, Read, Understanding
from connectors.vendors.freeswitch_leg import Legs
from pipeline.directory import Directory

EXAMPLE: Final = (
    '"${caller_id_name}","${caller_id_number}","${destination_number}","${context}","${start_stamp}",'
    '"${answer_stamp}","${end_stamp}","${duration}","${billsec}","${hangup_cause}","${uuid}","${bleg_uuid}",'
    '"${accountcode}","${read_codec}","${write_codec}"'
)
"""The template `example` of the vanilla configuration."""


class FreeswitchCsv(OneToOne):
    """Reads the columns that `template` names; local stamps are of `zone` unless the template has epochs."""

    name = "freeswitch_csv"

    def __init__(self, *, template: str = EXAMPLE, zone: str = "UTC", switch: str = "default") -> None:
        self.columns = re.findall(r"\$\{(\w+)\}", template)
        self.zone = zone
        self._legs = Legs(self.columns, "a", zone, switch)
        for needed in ("start", "end"):
            if not any(f"{needed}_{form}" in self.columns for form in ("uepoch", "epoch", "stamp")):
                raise ConnectorError(
                    f"the mod_cdr_csv template has no {needed} time",
                    f"put ${{{needed}_uepoch}} into the template of cdr_csv.conf.xml and here",
                )

    @property
    def understanding(self) -> Understanding:
        exact = "start_uepoch" in self.columns
        disabled = []
        if not {"progress_uepoch", "progressmsec", "progress_media_uepoch"} & set(self.columns):
            disabled.append(("pdd_rise", "the template has no ${progress_uepoch}"))
            disabled.append(("fas", "without ringing time an answer without ringing cannot be told"))
        if "hangup_cause_q850" not in self.columns and "sip_term_status" not in self.columns:
            disabled.append(("ner_drop", "the template has neither ${sip_term_status} nor ${hangup_cause_q850}"))
        return Understanding(
            format="FreeSWITCH mod_cdr_csv",
            times="epoch microseconds" if exact else "local stamps, whole seconds",
            zone="UTC" if exact else self.zone,
            duration="not used",
            answered_only=False,
            legs="one row per leg that `legs` of cdr_csv.conf.xml names; set it to `a`",
            identity=("uuid",),
            disabled=tuple(disabled),
        )

    def read(self, data: bytes, source: str, first_line: int, directory: Directory) -> Read:
        """Records of the rows; a row with fewer columns than the template is refused."""
        rows = delimited(data, source, first_line, self.columns)
        return settle(self._legs.of_one_side(rows, source), source, directory, self._legs.origin)
