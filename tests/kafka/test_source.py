"""Reading from a real broker: every record once, positions exact, partitions in step, mistakes told clearly."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Sequence

import polars as pl
import pytest
from kafka import KafkaProducer

from connectors.errors import ConnectorError
from connectors.kafka.settings import KafkaSettings
from connectors.kafka.source import KafkaSource
from pipeline.ports import Batch, Disconnected

pytestmark = pytest.mark.kafka
LATENESS_MS = 10_000
T0 = 1_760_000_040_000
"""On a minute."""
Make = Callable[..., dict[str, str]]


def cdr(number: int, at_ms: int) -> bytes:
    """One answered call that arrives at `at_ms`."""
    times = {"setup_at": at_ms - 5000, "answered_at": at_ms - 4000, "ended_at": at_ms, "emitted_at": at_ms}
    return json.dumps({"call_id": f"c{number}", "customer": "acme", "sip_code": 200, **times}).encode()


def sip(at_ms: int) -> bytes:
    """One sample of a trunk that answers."""
    return json.dumps(
        {"at": at_ms, "switch": "sw", "peer": "t", "peer_kind": "trunk", "metric": "up", "value": 1}
    ).encode()


def settings(bootstrap: str, topics: dict[str, str], **changes: object) -> KafkaSettings:
    """Inputs that are not named are left out."""
    named = {"cdr": "", "sip": "", "balance": "", **topics}
    return KafkaSettings.model_validate(
        {"bootstrap": bootstrap, "group": f"g-{uuid.uuid4().hex[:8]}", "topics": named, "silent_s": 0.5, **changes}
    )


def produce(bootstrap: str, messages: Sequence[tuple[str, int, bytes | None]]) -> None:
    """Send (topic, partition, value) in this order."""
    producer = KafkaProducer(bootstrap_servers=bootstrap, linger_ms=20)
    for topic, partition, value in messages:
        producer.send(topic, key=None if value else b"k", value=value, partition=partition)
    producer.flush(20)
    producer.close()


def drain(source: KafkaSource, positions: dict[str, int] | None = None) -> list[Batch]:
    """All batches with rows or rejects up to the present end."""
    try:
        return [batch for batch in source.read(positions or {}) if len(batch.frame) or batch.rejects]
    finally:
        source.close()


def calls(batches: Sequence[Batch]) -> list[str]:
    return [call for batch in batches if batch.kind == "cdr" for call in batch.frame["call_id"].to_list()]


def test_every_record_comes_once_and_the_partitions_in_step(kafka_bootstrap: str, make_topics: Make) -> None:
    topics = make_topics(cdr=3, sip=1)
    minutes, messages = 20, []
    for n in range(3000):
        messages.append((topics["cdr"], n % 3, cdr(n, T0 + n * minutes * 20)))
    messages += [(topics["sip"], 0, sip(T0 + minute * 60_000)) for minute in range(minutes)]
    # the first partition's records all lie before the others' in time of production
    messages.sort(key=lambda each: (each[0], each[1]))
    produce(kafka_bootstrap, messages)

    batches = drain(KafkaSource(settings(kafka_bootstrap, topics), LATENESS_MS, drain=True))

    assert sorted(calls(batches)) == sorted(f"c{n}" for n in range(3000))
    assert sum(len(batch.frame) for batch in batches if batch.kind == "sip") == minutes
    clock_ms = 0
    for batch in batches:
        arrivals = batch.frame["emitted_at" if batch.kind == "cdr" else "at"]
        closed = clock_ms // 60_000 * 60_000
        assert arrivals.min() >= closed, "a record came after its minute was closed"
        clock_ms = max(clock_ms, arrivals.max() - LATENESS_MS)


def test_a_restart_reads_on_exactly_where_the_positions_stand(kafka_bootstrap: str, make_topics: Make) -> None:
    topics = make_topics(cdr=2)
    produce(kafka_bootstrap, [(topics["cdr"], n % 2, cdr(n, T0 + n * 700)) for n in range(1000)])
    known = settings(kafka_bootstrap, topics, poll_records=70)

    source = KafkaSource(known, LATENESS_MS, drain=True)
    taken: list[Batch] = []
    positions: dict[str, int] = {}
    for batch in source.read({}):
        taken.append(batch)
        positions.update(batch.positions)
        if len(calls(taken)) > 300:
            break
    source.close()
    rest = drain(KafkaSource(known, LATENESS_MS, drain=True), positions)

    assert len(calls(taken)) < 1000
    assert sorted(calls(taken) + calls(rest)) == sorted(f"c{n}" for n in range(1000))


def test_refused_messages_carry_their_offset_and_stop_nothing(kafka_bootstrap: str, make_topics: Make) -> None:
    topics = make_topics(cdr=1)
    bad: list[bytes | None] = [b"no json", None, b'{"call_id": "x"}', b""]
    values = [cdr(0, T0), *bad, cdr(1, T0 + 1000).replace(b", ", b",\n")]
    produce(kafka_bootstrap, [(topics["cdr"], 0, value) for value in values])

    batches = drain(KafkaSource(settings(kafka_bootstrap, topics), LATENESS_MS, drain=True))

    assert calls(batches) == ["c0", "c1"]
    rejects = [reject for batch in batches for reject in batch.rejects]
    assert [reject.line for reject in rejects] == [1, 2, 3, 4]
    assert {reject.source for reject in rejects} == {f"{topics['cdr']}[0]"}
    assert batches[-1].positions == {f"{topics['cdr']}[0]": 6}


def test_a_silent_partition_holds_the_others_only_for_a_while(kafka_bootstrap: str, make_topics: Make) -> None:
    topics = make_topics(cdr=2)
    produce(kafka_bootstrap, [(topics["cdr"], 0, cdr(n, T0 + n * 1000)) for n in range(100)])

    source = KafkaSource(settings(kafka_bootstrap, topics), LATENESS_MS)
    seen: list[Batch] = []
    oldest: set[int | None] = set()
    for batch in source.read({}):
        seen.append(batch)
        oldest.add(source.oldest_ms())
        if len(calls(seen)) == 100:
            break
    source.close()

    assert T0 in oldest, "the records that wait for the silent partition are said to wait"
    assert source.oldest_ms() is None
    assert any(not len(batch.frame) for batch in seen), "nothing was given before the silent partition was let go"
    assert set(source.lag().values()) == {0}


def test_a_missing_topic_is_named_with_what_to_do(kafka_bootstrap: str) -> None:
    source = KafkaSource(settings(kafka_bootstrap, {"cdr": "no.such.topic"}), LATENESS_MS)
    with pytest.raises(ConnectorError, match=r"topic no\.such\.topic does not exist") as told:
        next(source.read({}))
    assert "kafka.topics" in told.value.hint
    assert not told.value.away
    source.close()


def test_deleted_records_are_not_passed_over_in_silence(kafka_bootstrap: str, make_topics: Make) -> None:
    topics = make_topics(cdr=1)
    produce(kafka_bootstrap, [(topics["cdr"], 0, cdr(0, T0))])
    known, beyond = settings(kafka_bootstrap, topics), {f"{topics['cdr']}[0]": 77}

    with pytest.raises(ConnectorError, match="holds offsets 0 to 1, but the journal stands at 77"):
        drain(KafkaSource(known, LATENESS_MS, drain=True), beyond)
    assert calls(drain(KafkaSource(known, LATENESS_MS, drain=True, from_oldest=True), beyond)) == ["c0"]


def test_a_broker_that_is_away_may_be_tried_again() -> None:
    nobody = KafkaSettings.model_validate({"bootstrap": "127.0.0.1:9", "timeout_s": 1})
    with pytest.raises(Disconnected, match="127.0.0.1:9 does not answer"):
        next(KafkaSource(nobody, LATENESS_MS).read({}))


def test_without_the_c_checksum_it_refuses_to_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kafka.record.util.crc32c_c", None)
    with pytest.raises(ConnectorError, match="crc32c") as told:
        KafkaSource(KafkaSettings(), LATENESS_MS)
    assert "pip install" in told.value.hint


def test_rows_keep_the_contract_columns(kafka_bootstrap: str, make_topics: Make) -> None:
    topics = make_topics(cdr=1)
    produce(kafka_bootstrap, [(topics["cdr"], 0, cdr(0, T0))])
    (batch,) = drain(KafkaSource(settings(kafka_bootstrap, topics), LATENESS_MS, drain=True))
    assert batch.frame.schema["emitted_at"] == pl.Int64
