"""The kinds of SIP element that can be read without configuration; each profile is data.

Sources: the metric lists of kamailio xhttp_prom (Kamailio 5.6, recorded), kamailio_exporter and freeswitch_exporter
(their READMEs), asterisk `res/prometheus/*.c`, heplify-server `metric/definition.go`.
"""

from __future__ import annotations

from typing import Final

from connectors.errors import ConnectorError
from connectors.prometheus.profiles import Metric, Profile, Rule

_RESPONSES: Final[tuple[tuple[Metric, str], ...]] = (
    ("responses_4xx", "4"),
    ("responses_5xx", "5"),
    ("responses_6xx", "6"),
)


def _count(family: str, metric: Metric, **where: str) -> Rule:
    return Rule(family=family, metric=metric, mode="counter", where=where)


def _level(family: str, metric: Metric) -> Rule:
    return Rule(family=family, metric=metric, mode="gauge")


def _alive(family: str) -> Rule:
    return Rule(family=family, metric="up", mode="gauge", fold="max")


KAMAILIO_XHTTP_PROM: Final = Profile(
    name="kamailio_xhttp_prom",
    rules=(
        _count("kamailio_dialog_processed_dialogs", "invites"),
        _count("kamailio_core_rcv_replies_2xx_invite", "answers"),
        *(_count(f"kamailio_core_rcv_replies_{digit}xx_invite", metric) for metric, digit in _RESPONSES),
        _count("kamailio_sl_403_replies", "acl_denied"),
        _count("kamailio_registrar_rejected_regs", "register_failures"),
        _level("kamailio_usrloc_.+_contacts", "registrations"),
        _level("kamailio_dialog_active_dialogs", "active_calls"),
    ),
    remarks=(
        "invites are dialogues made, not INVITEs received: retransmissions and refused calls write no record",
        "xhttp_prom does not show the dispatcher: use kamailio_exporter or dispatcher events for up",
    ),
)

KAMAILIO_EXPORTER: Final = Profile(
    name="kamailio_exporter",
    rules=(
        _alive("kamailio_up"),
        *(_count("kamailio_tm_stats_codes_total", metric, code=f"{digit}xx") for metric, digit in _RESPONSES),
        _count("kamailio_sl_stats_codes_total", "acl_denied", code="403"),
        _level("kamailio_dlg_stats_active_all", "active_calls"),
        Rule(
            family="kamailio_dispatcher_list_target",
            metric="up",
            mode="gauge",
            fold="max",
            peer="uri",
            peer_kind="terminator",
            value_of="flags",
            values={"[AT].*": 1.0, "I.*": 0.0},
        ),
    ),
    remarks=(
        "needs -m tm.stats,sl.stats,dispatcher.list,dlg.stats_active",
        "no invites: tm counts transactions of every method; a target disabled by hand (D) says nothing",
    ),
)

FREESWITCH_EXPORTER: Final = Profile(
    name="freeswitch_exporter",
    rules=(
        _alive("freeswitch_up"),
        _level("freeswitch_current_calls", "active_calls"),
        _level("freeswitch_registrations", "registrations"),
        Rule(
            family="freeswitch_sofia_gateway_status",
            metric="up",
            mode="gauge",
            fold="max",
            peer="name",
            peer_kind="terminator",
        ),
        Rule(
            family="freeswitch_sofia_gateway_pingtime",
            metric="rtt_ms",
            mode="gauge",
            fold="mean",
            peer="name",
            peer_kind="terminator",
        ),
    ),
    remarks=("no invites: sessions are legs, a bridged call has two; gateways only with an exporter that shows sofia",),
)

ASTERISK: Final = Profile(
    name="asterisk_res_prometheus",
    rules=(
        _count("asterisk_calls_sum", "invites"),
        _level("asterisk_calls_count", "active_calls"),
        Rule(
            family="asterisk_endpoints_state",
            metric="up",
            mode="gauge",
            fold="max",
            peer="resource",
            peer_kind="terminator",
            values={"1": 0.0, "2": 1.0},
        ),
        Rule(
            family="asterisk_pjsip_outbound_registration_status",
            metric="registrations",
            mode="gauge",
            peer="domain",
            peer_kind="terminator",
            values={"1": 1.0, "[02]": 0.0},
        ),
    ),
    remarks=("an endpoint without qualify_frequency is `unknown` and says nothing",),
)

HEPLIFY: Final = Profile(
    name="heplify_server",
    rules=(
        _count("heplify_method_response", "invites", target_name="", response="INVITE", method="INVITE"),
        _count("heplify_method_response", "answers", target_name="", response="200", method="INVITE"),
        *(
            _count("heplify_method_response", metric, target_name="", response=rf"{digit}\d\d", method="INVITE")
            for metric, digit in _RESPONSES
        ),
        *(
            Rule(
                family="heplify_method_response",
                metric=metric,
                mode="counter",
                where={"direction": direction, "response": response, "method": "INVITE"},
                peer="target_name",
                peer_kind="terminator",
            )
            for metric, direction, response in (
                ("invites", "dst", "INVITE"),
                ("answers", "src", "200"),
                *((metric, "src", rf"{digit}\d\d") for metric, digit in _RESPONSES),
            )
        ),
        _count("heplify_method_response", "register_failures", target_name="", response="403|423", method="REGISTER"),
    ),
    remarks=("with targets: figures per target, the answers it gave; without: one count per call id",),
)

PROFILES: Final[dict[str, Profile]] = {
    profile.name: profile
    for profile in (KAMAILIO_XHTTP_PROM, KAMAILIO_EXPORTER, FREESWITCH_EXPORTER, ASTERISK, HEPLIFY)
}


def profile(name: str, more: tuple[Rule, ...] = ()) -> Profile:
    """The profile called `name` with the operator's own rules after it; `custom` has only those.

    Raises `ConnectorError` for a name that is none.
    """
    if name == "custom":
        return Profile(name=name, rules=more)
    if name not in PROFILES:
        known = ", ".join([*PROFILES, "custom"])
        raise ConnectorError(f"{name!r} is no profile of SIP metrics", f"one of: {known}")
    known_profile = PROFILES[name]
    return known_profile.model_copy(update={"rules": known_profile.rules + more})
