"""Rows of a Parquet file, a batch at a time. pyarrow comes with `datasets`; it is imported on first use."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from medtune.core.errors import DataError

_BATCH_ROWS = 1_000


def parquet_rows(path: Path) -> Iterator[dict[str, Any]]:
    """Yield each row as plain Python values. Raises DataError for a file that is not Parquet or was cut off."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=_BATCH_ROWS):
                yield from batch.to_pylist()
    except FileNotFoundError as error:
        raise DataError("file not found", where=str(path), next_step="check the path") from error
    except (pa.ArrowException, OSError) as error:
        raise DataError(
            "not a readable Parquet file, or cut off", where=str(path), next_step="copy or export the file again"
        ) from error
