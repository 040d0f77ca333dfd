"""Digests of equal values are equal, of different values different."""

import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medtune.core.hashing import canonical_json, digest_json, sha256_file, sha256_text

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=5), values, min_size=2, max_size=5))
def test_key_order_does_not_matter(value: dict[str, object]) -> None:
    assert digest_json(value) == digest_json(dict(reversed(value.items())))


def test_numbers_that_json_cannot_hold_are_refused() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical_json({"a": float("inf")})


def test_a_file_is_hashed_like_its_bytes(tmp_path: Path) -> None:
    path = tmp_path / "big"
    data = bytes(range(256)) * 5000
    path.write_bytes(data)
    assert sha256_file(path) == hashlib.sha256(data).hexdigest()
    assert sha256_text("µg") == hashlib.sha256("µg".encode()).hexdigest()
