"""Sign a release with a local key, and check such a signature: OpenSSF model signing, offline.

The signature is a Sigstore bundle that holds a DSSE envelope around an in-toto statement with the sha256 of every
file: https://github.com/ossf/model-signing-spec. A public key may come as an X.509 certificate, which has an end date.
"""

import contextlib
import json
import tempfile
from base64 import b64decode
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from medtune.core.errors import DataError, UsageError
from medtune.core.hashing import sha256_file
from medtune.core.io import disk_errors
from medtune.runs.layout import MANIFEST, SHA256SUMS, SIGNATURE
from medtune.ship.folder import listed_files
from medtune.ship.verify import differs, verify_release

_EDITED = "Signature mismatch"
"""How model-signing 1.x begins when the key is right and the files are not."""
_SECRETS = "openssl ecparam -name prime256v1 -genkey -noout -out release.key"
_PUBLIC = "openssl ec -in release.key -pubout -out release.pub"
NEW_KEY = f"`{_SECRETS}`, then `{_PUBLIC}`"
"""How to make a key pair."""


def sign_release(path: Path, key: Path, password: str | None = None) -> Path:
    """Verify the release, then write its signature beside it; returns the signature's path.

    Raises DataError (the release differs), UsageError (no usable EC key; the library is missing).
    """
    folder = verify_release(path).path.resolve()  # the library takes ignored paths as absolute ones
    signing, _ = _library()
    target = folder / SIGNATURE
    _check_private(key, password)
    with tempfile.TemporaryDirectory() as scratch, disk_errors(target):
        made = Path(scratch) / SIGNATURE
        config = signing.Config().use_elliptic_key_signer(private_key=key, password=password)
        config.set_hashing_config(_hashing(folder)).sign(folder, made)
        partial = target.with_suffix(".tmp")
        partial.write_bytes(made.read_bytes())
        partial.replace(target)
    return target


def is_signed(folder: Path) -> bool:
    """Whether a signature lies beside the release."""
    return (folder / SIGNATURE).is_file()


def check_signature(folder: Path, public_key: Path) -> str:
    """Verify the signature with a public key or certificate; returns the key's sha256.

    Raises DataError: no signature, another key's, damaged, or the release was edited after it was signed; UsageError:
    the key cannot be used, or its certificate has ended or not begun.
    """
    folder = folder.resolve()
    if not is_signed(folder):
        raise DataError(
            "this release is not signed", where=str(folder), next_step="`medtune sign DIR --key release.key`"
        )
    _, verifying = _library()
    with _public_pem(public_key) as (pem, fingerprint):
        bundle = _bundle(folder / SIGNATURE)
        hint = bundle.get("verificationMaterial", {}).get("publicKey", {}).get("hint")
        if hint != fingerprint:
            raise DataError(
                f"this release was signed with another key (sha256 {str(hint)[:16]}…, given {fingerprint[:16]}…)",
                where=str(folder / SIGNATURE),
                next_step="use the public key of whoever released it; if nobody you trust owns that key, do not use it",
            )
        try:
            config = verifying.Config().use_elliptic_key_verifier(public_key=pem)
            config.set_hashing_config(_hashing(folder)).verify(folder, folder / SIGNATURE)
        except Exception as error:  # the library raises ValueError, cryptography's InvalidSignature and protobuf's own
            if str(error).startswith(_EDITED):
                _check_statement(folder, bundle)
            raise differs(SIGNATURE, "it was damaged or forged: the key did not sign this", folder) from error
    return fingerprint


def _check_statement(folder: Path, bundle: dict[str, Any]) -> None:
    """Name the file that was edited after signing; the statement itself is what the key signed."""
    try:
        payload = json.loads(b64decode(bundle["dsseEnvelope"]["payload"]))
        signed = {one["name"]: one["digest"] for one in payload["predicate"]["resources"]}
    except (KeyError, TypeError, ValueError) as error:
        raise differs(SIGNATURE, "it was damaged: it holds no statement", folder) from error
    here = {*listed_files(folder), SHA256SUMS}
    for name in sorted(here | signed.keys()):
        if name not in here:
            raise differs(name, "it was removed after the release was signed", folder)
        if name not in signed:
            raise differs(name, "it was added after the release was signed", folder)
        if sha256_file(folder / name) != signed[name]:
            raise differs(name, "it was edited after the release was signed", folder)


def _bundle(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_bytes())
    except ValueError as error:
        raise differs(SIGNATURE, "it was damaged: it is no signature", path.parent) from error
    return value if isinstance(value, dict) else {}


def _hashing(folder: Path) -> Any:
    from model_signing import hashing

    return hashing.Config().set_ignored_paths(paths=[folder / SIGNATURE, folder / MANIFEST], ignore_git_paths=False)


def _library() -> tuple[Any, Any]:
    try:
        from model_signing import signing, verifying
    except ImportError as error:
        raise UsageError(
            "signatures need the package model-signing",
            next_step="`pip install 'medtune[sign]'`, then the same command again",
        ) from error
    return signing, verifying


def _check_private(key: Path, password: str | None) -> None:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    if not key.is_file():
        raise UsageError("the key file does not exist", where=str(key), next_step=f"make a pair: {NEW_KEY}")
    try:
        loaded = load_pem_private_key(key.read_bytes(), password.encode() if password else None)
    except (ValueError, TypeError) as error:
        raise UsageError(
            "this private key cannot be read: it is no PEM key, or its password is missing or wrong",
            where=str(key),
            next_step=f"set MEDTUNE_KEY_PASSWORD for an encrypted key, or make a new pair: {NEW_KEY}",
        ) from error
    if not isinstance(loaded, EllipticCurvePrivateKey):
        raise UsageError("this is no elliptic-curve key", where=str(key), next_step=f"make a pair: {NEW_KEY}")


@contextlib.contextmanager
def _public_pem(path: Path) -> Iterator[tuple[Path, str]]:
    """A PEM file with nothing but the public key, and that key's sha256; certificates are checked for their dates."""
    from hashlib import sha256

    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key
    from cryptography.x509 import load_pem_x509_certificate

    if not path.is_file():
        raise UsageError("the public key file does not exist", where=str(path), next_step="check the path")
    data = path.read_bytes()
    try:
        if b"BEGIN CERTIFICATE" in data:
            certificate = load_pem_x509_certificate(data)
            _check_dates(path, certificate.not_valid_before_utc, certificate.not_valid_after_utc)
            key: Any = certificate.public_key()
        else:
            key = load_pem_public_key(data)
    except ValueError as error:
        raise UsageError(
            "this is no public key and no certificate in PEM form",
            where=str(path),
            next_step="use the .pub file of the pair, e.g. made with " + f"`{_PUBLIC}`",
        ) from error
    if not isinstance(key, EllipticCurvePublicKey):
        raise UsageError("this is no elliptic-curve key", where=str(path), next_step="use the key that signed")
    pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "public.pem"
        file.write_bytes(pem)
        yield file, sha256(pem).hexdigest()


def _check_dates(path: Path, begin: datetime, end: datetime) -> None:
    now = datetime.now(UTC)
    if not begin <= now <= end:
        word = f"expired on {end:%Y-%m-%d}" if now > end else f"is not valid before {begin:%Y-%m-%d}"
        raise UsageError(
            f"the certificate of this key {word}",
            where=str(path),
            next_step="ask whoever released it for a signature with a key that is valid now",
        )
