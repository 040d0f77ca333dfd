"""Signatures of releases: local keys, no network."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from medtune.cli.sign import sign
from medtune.cli.verify import verify
from medtune.core.errors import DataError, UsageError

Keys = Callable[[str], tuple[Path, Path]]


def call(command: object, *words: object) -> str:
    return CliRunner().invoke(command, [str(word) for word in words], catch_exceptions=False).output  # type: ignore[arg-type]


def test_a_signed_release_verifies_with_its_key_and_says_when_nobody_checked(released: Path, keys: Keys) -> None:
    private, public = keys("ours")
    assert "release.sig" in call(sign, released, "--key", private)
    assert "signed with the key of sha256" in call(verify, released, "--public-key", public)
    assert "NOT checked" in call(verify, released)
    call(sign, released, "--key", private)  # again: replaces the signature, still one file
    assert call(verify, released, "--public-key", public)


def test_a_folder_may_be_named_by_a_relative_path(released: Path, keys: Keys, monkeypatch: pytest.MonkeyPatch) -> None:
    private, public = keys("ours")
    monkeypatch.chdir(released.parent)
    call(sign, released.name, "--key", private)
    assert "signed with the key of sha256" in call(verify, released.name, "--public-key", public)


def test_a_release_edited_after_signing_is_named_even_with_new_sums(released: Path, keys: Keys) -> None:
    import hashlib

    private, public = keys("ours")
    call(sign, released, "--key", private)
    gguf, sums = next(released.glob("*.gguf")), released / "SHA256SUMS"
    row = released / "release.json"
    old = hashlib.sha256(row.read_bytes()).hexdigest()
    row.write_text(row.read_text("utf-8").replace("FORM-PASS", "RELEASE-GOLD", 1), "utf-8")
    sums.write_text(sums.read_text("utf-8").replace(old, hashlib.sha256(row.read_bytes()).hexdigest()), "utf-8")
    (released / "manifest.json").unlink()
    alone = Path(released.rename(released.parent.parent / "alone"))
    with pytest.raises(DataError, match="edited after the release was signed"):
        call(verify, alone, "--public-key", public)
    assert gguf.name


def test_another_key_is_unknown(released: Path, keys: Keys) -> None:
    call(sign, released, "--key", keys("ours")[0])
    with pytest.raises(DataError, match="signed with another key"):
        call(verify, released, "--public-key", keys("theirs")[1])


@pytest.mark.parametrize("where", [0.02, 0.3, 0.6, 0.9, 0.97])
def test_a_changed_byte_of_the_signature_is_found(released: Path, keys: Keys, where: float) -> None:
    private, public = keys("ours")
    call(sign, released, "--key", private)
    path = released / "release.sig"
    data = bytearray(path.read_bytes())
    at = int(where * len(data))
    data[at] = data[at] ^ 1
    path.write_bytes(bytes(data))
    with pytest.raises(DataError) as error:
        call(verify, released, "--public-key", public)
    assert "release.sig" in f"{error.value.what} {error.value.where}"


def test_an_unsigned_release_and_a_removed_signature(released: Path, keys: Keys) -> None:
    with pytest.raises(DataError, match="not signed"):
        call(verify, released, "--public-key", keys("ours")[1])


def test_a_changed_release_is_never_signed(released: Path, keys: Keys) -> None:
    (released / "Modelfile").write_text("FROM ./other.gguf\n", encoding="utf-8")
    with pytest.raises(DataError, match="Modelfile"):
        call(sign, released, "--key", keys("ours")[0])
    assert not (released / "release.sig").exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "does not exist"), ("not a key", "cannot be read"), ("rsa", "no elliptic-curve key")],
)
def test_bad_keys_are_said(released: Path, tmp_path: Path, content: str | None, message: str) -> None:
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    key = tmp_path / "a.key"
    if content == "rsa":
        made = rsa.generate_private_key(65537, 2048)
        key.write_bytes(made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    elif content is not None:
        key.write_text(content, encoding="utf-8")
    with pytest.raises(UsageError, match=message):
        call(sign, released, "--key", key)


@pytest.mark.parametrize(("days", "message"), [(-1, "expired on"), (30, None)])
def test_a_certificate_counts_until_it_ends(
    released: Path, keys: Keys, tmp_path: Path, days: int, message: str | None
) -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

    private, _ = keys("ours")
    call(sign, released, "--key", private)
    key = load_pem_private_key(private.read_bytes(), None)
    now, name = datetime.now(UTC), x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "a hospital")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, now - timedelta(60), now + timedelta(days))  # type: ignore[arg-type]
    certificate = tmp_path / "cert.pem"
    certificate.write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM))  # type: ignore[arg-type]
    if message is None:
        assert "signed with the key" in call(verify, released, "--public-key", certificate)
    else:
        with pytest.raises(UsageError, match=message):
            call(verify, released, "--public-key", certificate)
