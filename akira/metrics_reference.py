"""Write docs/metrics.md from the registry itself: `python -m akira.metrics_reference > docs/metrics.md`."""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

from akira.metrics import Metrics
from akira.slice_metrics import FIGURES, SHOWN
from pipeline.incidents import CAUSE_DIMENSIONS

HEAD: Final = f"""# Metrics

What `GET /metrics` says. Written from the registry by `python -m akira.metrics_reference > docs/metrics.md`; a test
holds the two together. How to scrape it, and the rules and dashboard that use it: [prometheus.md](prometheus.md).

Units are in the names (`_seconds`, `_ratio` 0-1); counters end in `_total`. There are no exemplars. Every label is
bounded. Figures of a slice are told only while it is alarming or when the settings list it, for at most {SHOWN} slices;
their labels (empty where the slice does not fix them) are {", ".join(f"`{name}`" for name in CAUSE_DIMENSIONS)}.
Ages are computed when the page is asked for, so they grow also when the process that should move them hangs.

| metric | type | labels | meaning |
|---|---|---|---|
"""


def reference() -> str:
    """The whole page."""
    return HEAD + "\n".join(sorted(_own_rows() + _slice_rows())) + "\n"


def _own_rows() -> list[str]:
    metrics = Metrics("0", lambda: 0.0)
    rows = []
    for made in vars(metrics).values():
        if isinstance(made, Counter | Gauge | Histogram):
            family = next(iter(made.describe()))
            name = family.name + ("_total" if isinstance(made, Counter) else "")
            rows.append(_row(name, family.type, made._labelnames, family.documentation))
    rows.append(_row("akira_build_info", "gauge", ("version",), "Always 1; the version is in the label."))
    return rows


def _slice_rows() -> list[str]:
    rows = [
        _row(f"akira_{stem}_{middle}{unit}", "gauge", CAUSE_DIMENSIONS, f"{text}, {said}.")
        for stem, unit, text in FIGURES.values()
        for middle, said in (("", "observed"), ("expected_", "expected"))
    ]
    hidden = "Slices that are alarming or listed but left out of this page, to keep it bounded."
    return [*rows, _row("akira_slices_hidden", "gauge", (), hidden)]


def _row(name: str, kind: str, labels: tuple[str, ...], text: str) -> str:
    return f"| `{name}` | {kind} | {', '.join(f'`{label}`' for label in labels)} | {text} |"


if __name__ == "__main__":
    print(reference(), end="")
