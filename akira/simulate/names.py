"""Names and prefixes of destinations: country codes of E.164 (ITU-T), networks invented."""

from __future__ import annotations

from typing import Final

COUNTRIES: Final[tuple[tuple[str, int], ...]] = (
    ("Germany", 49), ("India", 91), ("United-Kingdom", 44), ("France", 33), ("Pakistan", 92), ("Italy", 39),
    ("Spain", 34), ("Nigeria", 234), ("Poland", 48), ("Turkey", 90), ("Bangladesh", 880), ("Morocco", 212),
    ("Netherlands", 31), ("Philippines", 63), ("Romania", 40), ("Egypt", 20), ("Belgium", 32), ("Mexico", 52),
    ("Brazil", 55), ("Ukraine", 380), ("Greece", 30), ("Portugal", 351), ("Kenya", 254), ("Vietnam", 84),
    ("Austria", 43), ("Switzerland", 41), ("Sweden", 46), ("Norway", 47), ("Denmark", 45), ("Finland", 358),
    ("Ireland", 353), ("Czechia", 420), ("Hungary", 36), ("Bulgaria", 359), ("Serbia", 381), ("Croatia", 385),
    ("Israel", 972), ("Saudi-Arabia", 966), ("Jordan", 962), ("Lebanon", 961), ("Tunisia", 216), ("Algeria", 213),
    ("Ghana", 233), ("Senegal", 221), ("Ethiopia", 251), ("South-Africa", 27), ("Japan", 81), ("China", 86),
    ("Thailand", 66), ("Malaysia", 60), ("Indonesia", 62), ("Singapore", 65), ("Australia", 61), ("New-Zealand", 64),
    ("Sri-Lanka", 94), ("Nepal", 977), ("Colombia", 57), ("Peru", 51), ("Chile", 56), ("Argentina", 54),
    ("Ecuador", 593), ("Cuba", 53), ("Guatemala", 502), ("Panama", 507), ("Georgia", 995), ("Armenia", 374),
    ("Cyprus", 357),
)  # fmt: skip
_KINDS: Final = ("Mobile", "Fixed", *(f"Mobile-{i}" for i in range(2, 12)))


def _networks() -> tuple[tuple[str, int], ...]:
    return tuple(
        (f"{country}-{kind}", code * 100 + 10 + i) for i, kind in enumerate(_KINDS) for country, code in COUNTRIES
    )


NETWORKS: Final[tuple[str, ...]] = tuple(name for name, _ in _networks())
PREFIXES: Final[tuple[int, ...]] = tuple(prefix for _, prefix in _networks())
