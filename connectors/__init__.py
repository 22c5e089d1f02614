"""The edges: nouns named after the protocol or the format they speak."""
