"""CDR formats of switches and carriers, one file each; a new one is one file and one line here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from connectors.rows.understanding import Reader
from connectors.vendors.asterisk_cel import AsteriskCel
from connectors.vendors.asterisk_csv import AsteriskCsv
from connectors.vendors.cgrates import CgratesCsv, CgratesJson
from connectors.vendors.didww import Didww
from connectors.vendors.freeswitch_csv import FreeswitchCsv
from connectors.vendors.freeswitch_json import FreeswitchJson
from connectors.vendors.mera import Mera
from connectors.vendors.opensips_event import OpensipsEvent
from connectors.vendors.opensips_flatstore import OpensipsFlatstore
from connectors.vendors.sonus_act import SonusAct
from connectors.vendors.vos3000 import Vos3000

VENDORS: Final[dict[str, Callable[..., Reader]]] = {
    "asterisk_cel": AsteriskCel,
    "asterisk_csv": AsteriskCsv,
    "cgrates_csv": CgratesCsv,
    "cgrates_json": CgratesJson,
    "didww": Didww,
    "freeswitch_csv": FreeswitchCsv,
    "freeswitch_json": FreeswitchJson,
    "mera": Mera,
    "opensips_event": OpensipsEvent,
    "opensips_flatstore": OpensipsFlatstore,
    "sonus_act": SonusAct,
    "vos3000": Vos3000,
}
"""Each makes a reader from its options, which are keywords."""
