"""CDR files in an object store (`s3://`, `gs://`, `az://`, `https://`, `file://`), read by polars line by line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import polars as pl
from polars.exceptions import PolarsError

from connectors.errors import ConnectorError
from connectors.rows.understanding import Reader
from pipeline.directory import Directory
from pipeline.ports import Batch


class ObjectStore:
    """A source of all objects that `url` matches (`s3://bucket/2026/03/*.csv`), in the order of their names.

    Credentials and endpoint are polars' own: from the environment, or in `options` (`aws_region`, `aws_endpoint_url`).
    A position is the number of lines read of an object. A record must be a line.
    """

    def __init__(
        self, url: str, reader: Reader, directory: Directory, options: Mapping[str, str] | None = None
    ) -> None:
        self.url, self.reader, self.directory = url, reader, directory
        self._options = dict(options or {})

    def read(self, positions: Mapping[str, int]) -> Iterator[Batch]:
        """Batches of the lines after `positions`. Raises ConnectorError when the store or the pattern is wrong."""
        done: dict[str, int] = {}
        try:
            scan = pl.scan_lines(self.url, include_file_paths="file", storage_options=self._options or None)
            for piece in scan.collect_batches(maintain_order=True):
                for part in piece.partition_by("file", maintain_order=True):
                    name = part["file"][0]
                    before = done.get(name, 0)
                    done[name] = before + part.height
                    fresh = part.tail(max(0, done[name] - max(before, positions.get(name, 0))))
                    if fresh.height:
                        yield self._batch(name, done[name] - fresh.height + 1, fresh["line"], done[name])
        except (PolarsError, OSError) as wrong:
            said = str(wrong).splitlines()[0][:300]
            hint = "check the address, the pattern and the credentials of the environment (docs/readers.md)"
            raise ConnectorError(f"{self.url}: {said}", hint) from wrong
        if not done:
            raise ConnectorError(f"{self.url}: no object that matches holds a line", "check the bucket and the pattern")
        frame, rejects = self.reader.finish(self.url, self.directory)
        yield Batch("cdr", frame, rejects)

    def close(self) -> None:
        """Nothing is held open between two batches."""

    def _batch(self, name: str, first_line: int, lines: pl.Series, end: int) -> Batch:
        data = ("\n".join(lines.fill_null("").to_list()) + "\n").encode()
        frame, rejects = self.reader.read(data, name, first_line, self.directory)
        return Batch("cdr", frame, rejects, {name: end})
