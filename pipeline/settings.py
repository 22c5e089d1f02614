"""Every number that a carrier may tune in the watch, with its bound and its reason; section [watch] of akira.toml."""

from __future__ import annotations

from typing import Final

from pydantic import BaseModel, ConfigDict, Field, field_validator


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TimeSettings(_Section):
    """The arrival timeline."""

    lateness_s: float = Field(default=10.0, ge=0, le=3600, description="disorder of arrival that is waited for")
    duplicate_window_h: int = Field(default=6, ge=1, le=72, description="how long an identity is remembered")
    retry_fold_s: int = Field(default=120, ge=0, le=900, description="same A to B again within this is one intent")
    first_fit_min: int = Field(default=10, ge=3, le=1440, description="minutes before the first expectation")
    history_h: int = Field(default=1, ge=1, le=6, description="attempts kept in memory for the cause search")


class EvidenceSettings(_Section):
    """The evidence engine (Shiryaev-Roberts mixture on overdispersed counts)."""

    false_tickets_per_day: float = Field(default=0.5, gt=0, le=100, description="the promise the threshold follows")
    overdispersion: float = Field(default=0.01, ge=0.001, le=0.2, description="floor of the beta-binomial rho")
    minute_cap_nats: float = Field(default=14.0, ge=2, le=100, description="most that one minute may add")
    state_cap_nats: float = Field(default=12.0, ge=2, le=100, description="how far above the threshold states go")
    baseline_doubt_sd: float = Field(default=2.0, ge=0, le=4, description="test against expectation minus this x sd")
    half_life_days: float = Field(default=14.0, ge=0.5, le=365, description="forgetting of the baseline")


class GateSettings(_Section):
    """Least effect and least support of a ticket: significance is not importance."""

    asr_drop: float = Field(default=0.20, gt=0, lt=1, description="relative fall of ASR")
    ner_drop: float = Field(default=0.15, gt=0, lt=1, description="relative fall of NER")
    pdd_rise: float = Field(default=0.60, gt=0, le=10, description="relative rise of the median PDD")
    pdd_rise_s: float = Field(default=1.0, ge=0, le=30, description="and by at least this")
    acd_drop: float = Field(default=0.25, gt=0, lt=1, description="relative fall of talk time")
    fas_share: float = Field(default=0.10, gt=0, lt=1, description="suspected answers above normal, share of answers")
    failover_share: float = Field(default=0.20, gt=0, lt=1, description="first attempts re-routed above normal")
    numbers_share: float = Field(default=0.20, gt=0, lt=1, description="number failures above normal")
    rating_share: float = Field(default=0.05, gt=0, lt=1, description="unrated answers above normal")
    delayed_share: float = Field(default=0.20, gt=0, lt=1, description="records that late")
    delayed_s: float = Field(default=60.0, ge=1, le=3600, description="a record later than this counts as delayed")
    missing_share: float = Field(default=0.02, gt=0, lt=1, description="calls the switch counted without a record")
    duplicated_share: float = Field(default=0.01, gt=0, lt=1, description="records seen before")
    traffic_left: float = Field(default=0.15, gt=0, lt=1, description="attempts left of what is expected")
    acl_ratio: float = Field(default=5.0, gt=1, le=100, description="denials against their own rate")
    registrations_left: float = Field(default=0.6, gt=0, lt=1, description="bindings left of their usual number")
    asr_support: int = Field(default=30, ge=5)
    acd_support: int = Field(default=20, ge=5)
    pdd_support: int = Field(default=10, ge=5)
    records_support: int = Field(default=20, ge=5)
    traffic_support: int = Field(default=25, ge=5, description="attempts expected in the silent time")


RFC_3398: Final[dict[int, int]] = {
    **dict.fromkeys((1, 2, 3, 26), 404), 17: 486, 18: 408, **dict.fromkeys((19, 20, 31), 480), 21: 603,
    **dict.fromkeys((22, 23), 410), 27: 502, 28: 484, **dict.fromkeys((29, 79), 501),
    **dict.fromkeys((34, 38, 41, 42, 47, 58, 88), 503), **dict.fromkeys((55, 57, 87), 403),
    **dict.fromkeys((65, 70), 488), 102: 504, **dict.fromkeys((111, 127), 500),
}  # fmt: skip
"""Q.850 causes as SIP codes, section 8.2.6.1, but for 21: a call that was rejected was rejected by the subscriber."""


class _Codes(_Section):
    @field_validator("not_seized", "subscriber", "subscriber_if_rang", "number_failures", check_fields=False)
    @classmethod
    def _are_sip(cls, codes: tuple[int, ...] | None) -> tuple[int, ...] | None:
        if wrong := [code for code in codes or () if not 100 <= code <= 699]:
            raise ValueError(f"{wrong[0]} is no SIP code: they are 100 to 699")
        return codes

    @field_validator("sip_of_q850", check_fields=False)
    @classmethod
    def _are_causes(cls, given: dict[int, int] | None) -> dict[int, int] | None:
        for cause, code in (given or {}).items():
            if not (1 <= cause <= 127 and 100 <= code <= 699):
                raise ValueError(f"{cause} = {code}: write a Q.850 cause (1 to 127) = a SIP code (100 to 699)")
        return given


class OwnReleaseCodes(_Codes):
    """What one switch means otherwise; a list that is not given is the general one."""

    not_seized: tuple[int, ...] | None = None
    subscriber: tuple[int, ...] | None = None
    subscriber_if_rang: tuple[int, ...] | None = None
    number_failures: tuple[int, ...] | None = None
    sip_of_q850: dict[int, int] | None = None


class ReleaseCodes(_Codes):
    """What final responses mean."""

    not_seized: tuple[int, ...] = Field(
        default=(402, 403, 404, 484), description="SIP codes that are no seizure: ASR and NER leave them out (E.411)"
    )
    subscriber: tuple[int, ...] = Field(
        default=(486, 487, 600, 603), description="the subscriber's doing: effective for NER (E.425)"
    )
    subscriber_if_rang: tuple[int, ...] = Field(
        default=(408, 480), description="the subscriber's doing if it rang, else the network's"
    )
    number_failures: tuple[int, ...] = Field(default=(404, 410, 484), description="the number does not exist")
    sip_of_q850: dict[int, int] = Field(
        default={}, description="code taken for a record that has only a Q.850 cause; goes over RFC 3398, 8.2.6.1"
    )


class DefinitionSettings(ReleaseCodes):
    """What final responses mean: seizures, the NER table, causes as codes; `switches` may differ, each by its name."""

    switches: dict[str, OwnReleaseCodes] = Field(default={}, description="lists that a switch has of its own")

    def of(self, switch: str) -> ReleaseCodes:
        """The general definitions with those of one switch put over them."""
        own = self.switches[switch].model_dump(exclude_none=True)
        return ReleaseCodes(**self.model_dump(exclude={"switches"}) | own)


class HoldSettings(_Section):
    """Hold-down, soak and holding of downgrades."""

    reachability_samples: int = Field(default=2, ge=1, le=10, description="probes in a row before a peer is down")
    missing_grace_s: int = Field(default=120, ge=10, le=3600, description="a sequence gap older than this is a loss")
    dialog_tail_s: int = Field(default=600, ge=60, le=7200, description="a stuck dialogue's record comes this late")
    silent_s: int = Field(default=180, ge=60, le=3600, description="a switch with no record this long is silent")
    soak_min: int = Field(default=5, ge=1, le=120, description="recovery must last this long")
    reopen_min: int = Field(default=30, ge=0, le=1440, description="a fault that returns within this is the same one")
    downgrade_min: int = Field(default=15, ge=0, le=240, description="a lower severity waits this long")
    new_normal_h: int = Field(default=12, ge=1, le=168, description="a change that lasts longer is learnt as normal")
    joint_blocking_min: int = Field(default=15, ge=1, le=120, description="customers blocked within this are one case")


class SeveritySettings(_Section):
    """The numbers in the severity table."""

    unable_success: float = Field(default=0.20, gt=0, lt=1, description="success against expectation: cannot call")
    unable_support: int = Field(default=10, ge=1, description="last attempts before a customer is judged")
    unable_customers: int = Field(default=2, ge=2)
    blocked_customers: int = Field(default=5, ge=2)
    platform_share: float = Field(default=0.5, gt=0, le=1, description="expected answers gone: the platform is down")


class WatchSettings(_Section):
    """Section [watch]."""

    time: TimeSettings = TimeSettings()
    evidence: EvidenceSettings = EvidenceSettings()
    gates: GateSettings = GateSettings()
    definitions: DefinitionSettings = DefinitionSettings()
    hold: HoldSettings = HoldSettings()
    severity: SeveritySettings = SeveritySettings()
