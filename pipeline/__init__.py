"""The core: pure, deterministic, columnar. It reads no clock, opens no file and draws no random number.

The way of a record: `records` (columns of the contract) -> `intake` (validated) -> `watch` (closes minutes) ->
detectors' outcomes against `baseline` expectations -> `evidence` (sums that add up) -> `explain` (one cause) ->
`correlate` (one incident) -> `severity` (a grade with its reason) -> `desk` (one ticket, by the rules of the desk).
"""
