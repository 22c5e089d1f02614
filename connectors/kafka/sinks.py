"""Tickets and dead letters to Kafka: acknowledged by all replicas before the caller goes on."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from typing import Any, Final

from kafka import KafkaProducer
from kafka.errors import KafkaTimeoutError, UnknownTopicOrPartitionError

from connectors.errors import ConnectorError
from connectors.kafka.client import config, reaching, require_fast_crc
from connectors.kafka.settings import KafkaSettings
from pipeline.ports import Reject

GRACE_S: Final = 2.0
"""Beyond the time-out, within which the client itself gives a message up: what failed is not sent behind our back."""


class KafkaSink:
    """Messages to one topic. The key says what the message is, so that a second delivery can be told."""

    def __init__(self, settings: KafkaSettings, topic: str) -> None:
        require_fast_crc()
        self.settings = settings
        self.topic = topic
        self._producer: Any = None

    def send(self, messages: Sequence[tuple[str, bytes]]) -> None:
        """Send `(key, value)` pairs and wait for all; raises Disconnected when a broker is away, so try all again."""
        with reaching(self.settings):
            try:
                producer = self._connect()
                waits = [producer.send(self.topic, key=key.encode(), value=value) for key, value in messages]
                producer.flush(self.settings.timeout_s + GRACE_S)
                for wait in waits:
                    wait.get(timeout=GRACE_S)
            except UnknownTopicOrPartitionError as wrong:
                raise ConnectorError(
                    f"topic {self.topic} does not exist at {self.settings.bootstrap}",
                    'create it, or name another (or none: "") in [kafka.topics] of akira.toml',
                ) from wrong

    def close(self) -> None:
        """Let go of the broker."""
        producer, self._producer = self._producer, None
        if producer is not None:
            # what was not acknowledged has been told to the caller, which sends it again
            with suppress(KafkaTimeoutError):
                producer.close(timeout=GRACE_S)

    def _connect(self) -> Any:
        if self._producer is None:
            wait_ms = int(self.settings.timeout_s * 1000)
            self._producer = KafkaProducer(
                **{**config(self.settings), "request_timeout_ms": wait_ms // 2},
                acks="all",
                enable_idempotence=True,
                linger_ms=5,
                compression_type="lz4",
                allow_auto_create_topics=False,
                max_block_ms=wait_ms,
                delivery_timeout_ms=wait_ms,
            )
            if not self._producer.partitions_for(self.topic):
                raise UnknownTopicOrPartitionError(self.topic)
        return self._producer


class DeadLetterTopic:
    """Refused records to a topic; the key `source:line` tells a second delivery after a crash."""

    def __init__(self, settings: KafkaSettings) -> None:
        self._sink = KafkaSink(settings, settings.topics.deadletters)

    def write(self, rejects: tuple[Reject, ...]) -> None:
        """Send all and wait for them."""
        bodies = [json.dumps(asdict(reject), ensure_ascii=False).encode() for reject in rejects]
        keys = [f"{reject.source}:{reject.line}" for reject in rejects]
        self._sink.send(list(zip(keys, bodies, strict=True)))

    def close(self) -> None:
        """Let go of the broker."""
        self._sink.close()
