"""How to reach the brokers and what the topics are called; section [kafka] of akira.toml."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from pipeline.records import Kind

Topic = str


class TopicSettings(BaseModel):
    """Names of the topics; an empty name leaves that kind of record or output out."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    cdr: Topic = Field(default="akira.cdr", max_length=249, description="call records in")
    sip: Topic = Field(default="akira.sip", max_length=249, description="SIP samples in")
    balance: Topic = Field(default="akira.balance", max_length=249, description="balance events in")
    tickets: Topic = Field(default="akira.tickets", max_length=249, description="ticket events out")
    deadletters: Topic = Field(default="akira.deadletters", max_length=249, description="refused records out")


class KafkaSettings(BaseModel):
    """Section [kafka]."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    bootstrap: str = Field(default="127.0.0.1:9092", min_length=1, description="host:port, more after commas")
    group: str = Field(default="akira", min_length=1, description="consumer group, for lag tools only")
    topics: TopicSettings = TopicSettings()
    silent_s: float = Field(default=5.0, gt=0, le=600, description="a partition idle this long stops holding the clock")
    stuck_s: float = Field(default=120.0, gt=0, le=3600, description="the same for one that has records it cannot give")
    poll_records: int = Field(default=5000, ge=1, le=100_000, description="most records taken at once")
    held_records: int = Field(default=100_000, ge=1000, description="most records of a partition waiting for others")
    timeout_s: float = Field(default=10.0, ge=1, le=300, description="how long an answer of a broker is waited for")
    security: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    ca_file: str | None = Field(default=None, description="certificates that sign the brokers' own")
    certificate_file: str | None = Field(default=None, description="own certificate, for brokers that ask for one")
    key_file: str | None = Field(default=None, description="key of the own certificate")
    sasl: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] | None = Field(default=None, description="kind of log-in")
    username: str | None = Field(default=None, description="log-in name")
    password: SecretStr | None = Field(default=None, description="log-in secret; best given by the environment")

    @model_validator(mode="after")
    def _log_in_is_whole(self) -> KafkaSettings:
        if self.security.startswith("SASL") and not (self.sasl and self.username and self.password):
            raise ValueError(f"security {self.security} needs sasl, username and password")
        if self.sasl and not self.security.startswith("SASL"):
            raise ValueError("sasl is set, but security is not SASL_PLAINTEXT or SASL_SSL: nothing would use it")
        return self

    def inputs(self) -> dict[str, Kind]:
        """Topic to the kind of record in it."""
        named: dict[str, Kind] = {self.topics.cdr: "cdr", self.topics.sip: "sip", self.topics.balance: "balance"}
        return {topic: kind for topic, kind in named.items() if topic}
