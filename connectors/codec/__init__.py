"""The record contract as bytes: NDJSON, CSV and Parquet, plain or as gz or zst, to contract columns and back."""

from connectors.codec.encode import encode, to_wire, write
from connectors.codec.files import read_file
from connectors.codec.lines import decode, decode_messages

__all__ = ["decode", "decode_messages", "encode", "read_file", "to_wire", "write"]
