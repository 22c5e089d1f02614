"""Records from Kafka: partitions assigned by hand, positions from the journal, lanes that wait for each other."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from kafka import KafkaConsumer, TopicPartition
from kafka.structs import OffsetAndMetadata

from connectors.codec import decode_messages
from connectors.errors import ConnectorError
from connectors.kafka.client import config, reaching, require_fast_crc
from connectors.kafka.settings import KafkaSettings
from pipeline.lanes import Lane, give
from pipeline.ports import Batch
from pipeline.records import Kind, empty

Decode = Callable[[Kind, Sequence[bytes], str, Sequence[int]], Batch]
"""`decode(kind, messages, source, offsets)`: a row or a Reject (its `line` is the offset) a message, in their order."""
POLL_S: Final = 0.25
EMPTY: Final = b"null"
"""What an empty message is read as: the decoder refuses it, so that it is counted and kept with its place."""


@dataclass
class _Partition:
    """A partition with its lane; `position` is the next offset to fetch, `end` where a drain stops."""

    topic: TopicPartition
    lane: Lane
    position: int
    end: int
    heard_s: float

    @property
    def lag(self) -> int:
        return max(self.end - self.position, 0)


class KafkaSource:
    """Reads the input topics. Yields an empty batch when nothing comes, so that the caller may tick or stop.

    With `drain` it ends at the offsets that were the ends when it began. With `from_oldest` a journal that stands where
    the topic has no records (deleted, or made anew) is no error: the loss is accepted. `mark` commits offsets to the
    group too, for the broker's own lag tools only.
    """

    def __init__(
        self,
        settings: KafkaSettings,
        lateness_ms: int,
        *,
        drain: bool = False,
        from_oldest: bool = False,
        decode: Decode = decode_messages,
    ) -> None:
        require_fast_crc()
        self.settings = settings
        self._decode = decode
        self._lateness_ms = lateness_ms
        self._drain = drain
        self._from_oldest = from_oldest
        self._consumer: Any = None
        self._partitions: dict[TopicPartition, _Partition] = {}

    def read(self, positions: Mapping[str, int]) -> Iterator[Batch]:
        """Batches from `positions` (`topic[partition]` to offset) on; an absent partition starts at its beginning."""
        self.close()
        with reaching(self.settings):
            self._open(positions)
        while True:
            with reaching(self.settings):
                self._take(self._consumer.poll(int(POLL_S * 1000)))
            self._release()
            lanes = [partition.lane for partition in self._partitions.values()]
            idle = True
            for batch in give(lanes, self._lateness_ms):
                idle = False
                yield batch
            self._throttle()
            if self._drain and all(part.position >= part.end for part in self._partitions.values()):
                return
            if idle:
                yield Batch("cdr", empty("cdr"))

    def lag(self) -> dict[str, int]:
        """Records that the broker has and we have not read, by partition."""
        return {part.lane.name: part.lag for part in self._partitions.values()}

    def oldest_ms(self) -> int | None:
        """The arrival of the oldest record that waits; of a partition with more at the broker, of the last one read."""
        found = []
        for part in self._partitions.values():
            first = part.lane.first_ms()
            found.append(part.lane.clock_ms if first is None and part.lag else first)
        return min((at for at in found if at is not None), default=None)

    def mark(self, positions: Mapping[str, int]) -> None:
        """Tell the broker where the journal stands. Nothing depends on it, so nothing waits for its answer."""
        if self._consumer is None:
            return
        known = {part.lane.name: part.topic for part in self._partitions.values()}
        offsets = {known[name]: OffsetAndMetadata(at, "", -1) for name, at in positions.items() if name in known}
        self._consumer.commit_async(offsets)

    def close(self) -> None:
        """Let go of the broker."""
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            consumer.close(autocommit=False, timeout_ms=2000)

    def _open(self, positions: Mapping[str, int]) -> None:
        consumer = self._consumer = KafkaConsumer(
            **config(self.settings),
            group_id=self.settings.group,
            enable_auto_commit=False,
            auto_offset_reset="none",
            allow_auto_create_topics=False,
            max_poll_records=self.settings.poll_records,
            isolation_level="read_committed",
        )
        kinds = {TopicPartition(*place): kind for place, kind in self._places(consumer)}
        topics = list(kinds)
        consumer.assign(topics)
        begins, ends = consumer.beginning_offsets(topics), consumer.end_offsets(topics)
        self._partitions = {}
        for topic in topics:
            name = f"{topic.topic}[{topic.partition}]"
            at = positions.get(name, begins[topic])
            if self._from_oldest and not begins[topic] <= at <= ends[topic]:
                at = begins[topic]
            if not begins[topic] <= at <= ends[topic]:
                raise ConnectorError(
                    f"{name} holds offsets {begins[topic]} to {ends[topic]}, but the journal stands at {at}",
                    "records were deleted before they were read, or the topic was made anew: lengthen its retention; "
                    "`akira run --from-oldest` accepts the loss and starts at the oldest record",
                )
            consumer.seek(topic, at)
            lane = Lane(name, kinds[topic])
            self._partitions[topic] = _Partition(topic, lane, at, ends[topic], time.monotonic())

    def _places(self, consumer: Any) -> Iterator[tuple[tuple[str, int], Kind]]:
        """Every partition of the input topics with its kind."""
        for topic, kind in self.settings.inputs().items():
            numbers = consumer.partitions_for_topic(topic)
            if not numbers:
                raise ConnectorError(
                    f"topic {topic} does not exist at {self.settings.bootstrap}",
                    f'create it, or name another (or none: "") as {kind} in [kafka.topics] of akira.toml',
                )
            yield from (((topic, number), kind) for number in sorted(numbers))

    def _take(self, polled: Mapping[TopicPartition, Sequence[Any]]) -> None:
        for topic, messages in polled.items():
            part = self._partitions[topic]
            if self._drain:
                messages = [message for message in messages if message.offset < part.end]
            else:
                part.end = max(part.end, self._consumer.highwater(topic) or 0)
            if messages:
                self._push(part, messages)
        if self._drain:
            # offsets of transaction marks are never given as messages
            for topic, part in self._partitions.items():
                part.position = max(part.position, self._consumer.position(topic))

    def _push(self, part: _Partition, messages: Sequence[Any]) -> None:
        offsets = [message.offset for message in messages]
        values = [message.value if message.value and message.value.strip() else EMPTY for message in messages]
        batch = self._decode(part.lane.kind, values, part.lane.name, offsets)
        kept = np.setdiff1d(offsets, [reject.line for reject in batch.rejects]).astype(np.int64)
        if len(kept) != len(batch.frame):
            raise AssertionError(f"{len(batch.frame)} rows, {len(batch.rejects)} rejects of {len(messages)} messages")
        part.position = offsets[-1] + 1
        part.lane.push(batch.frame, kept, batch.rejects, part.position)
        part.heard_s = time.monotonic()

    def _release(self) -> None:
        """Lanes that are idle for long, or at the end of a drain, stop holding the others."""
        now_s = time.monotonic()
        for part in self._partitions.values():
            if self._drain:
                part.lane.holds = part.position < part.end
            else:
                patience_s = self.settings.stuck_s if part.lag else self.settings.silent_s
                part.lane.holds = now_s - part.heard_s < patience_s

    def _throttle(self) -> None:
        """Fetch no more for a lane that has much waiting for others."""
        for topic, part in self._partitions.items():
            if part.lane.waiting >= self.settings.held_records:
                self._consumer.pause(topic)
            elif topic in self._consumer.paused():
                self._consumer.resume(topic)
