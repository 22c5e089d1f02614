"""What consumer and producer share: how to connect, and what a failure means to the operator."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from kafka import errors
from kafka.record import util

from connectors.errors import ConnectorError
from connectors.kafka.settings import KafkaSettings
from pipeline.ports import Disconnected

REFUSED = (errors.AuthorizationError, errors.SaslAuthenticationFailedError, errors.UnsupportedSaslMechanismError)
"""Trying again will not help."""


def require_fast_crc() -> None:
    """Refuse to run on the checksum in pure Python, which makes reading 8 times slower (measured)."""
    if util.crc32c_c is None:
        raise ConnectorError(
            "the C package crc32c is missing: Kafka would be read 8 times slower",
            "install it: pip install 'kafka-python[crc32c]'",
        )


def config(settings: KafkaSettings) -> dict[str, Any]:
    """Settings that kafka-python's consumer, producer and admin client all take."""
    wait_ms = int(settings.timeout_s * 1000)
    return {
        "bootstrap_servers": [address.strip() for address in settings.bootstrap.split(",")],
        "client_id": "akira",
        "security_protocol": settings.security,
        "ssl_cafile": settings.ca_file,
        "ssl_certfile": settings.certificate_file,
        "ssl_keyfile": settings.key_file,
        "sasl_mechanism": settings.sasl,
        "sasl_plain_username": settings.username,
        "sasl_plain_password": settings.password.get_secret_value() if settings.password else None,
        "bootstrap_timeout_ms": wait_ms,
        "request_timeout_ms": wait_ms,
        "reconnect_backoff_max_ms": 2000,
    }


@contextmanager
def reaching(settings: KafkaSettings) -> Iterator[None]:
    """Turn what kafka-python raises into `Disconnected` (try again) or ConnectorError (mend it)."""
    try:
        yield
    except REFUSED as wrong:
        raise ConnectorError(
            f"Kafka at {settings.bootstrap} refuses us: {wrong}",
            "check username, password and the rights on topics and group ([kafka] in akira.toml)",
        ) from wrong
    except errors.KafkaConfigurationError as wrong:
        raise ConnectorError(f"Kafka client: {wrong}", "check section [kafka] of akira.toml") from wrong
    except errors.KafkaError as wrong:
        raise Disconnected(f"Kafka at {settings.bootstrap} does not answer ({type(wrong).__name__})") from wrong
