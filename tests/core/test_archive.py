import io
import lzma
import tarfile
import zipfile
from pathlib import Path

import pytest

from medtune.core import archive
from medtune.core.errors import DataError
from medtune.core.hashing import sha256_text

DOCUMENTS = {"b/2.xml": b"<b/>", "a/1.XML": b"<a/>", "readme.txt": b"no"}


def tar(path: Path, members: dict[str, bytes], mode: str = "w:xz", **changes: object) -> Path:
    with tarfile.open(path, mode) as file:  # type: ignore[call-overload]
        for name, data in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            for key, value in changes.items():
                setattr(member, key, value)
            file.addfile(member, io.BytesIO(data))
    return path


def zipped(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in members.items():
            file.writestr(name, data)
    return path


@pytest.mark.parametrize("name", ["d.tar.xz", "d.tar.gz", "d.tgz", "d.tar", "d.ZIP"])
def test_members_with_the_suffix(tmp_path: Path, name: str) -> None:
    modes = {"d.tar.xz": "w:xz", "d.tar.gz": "w:gz", "d.tgz": "w:gz", "d.tar": "w"}
    path = tar(tmp_path / name, DOCUMENTS, modes[name]) if name in modes else zipped(tmp_path / name, DOCUMENTS)
    assert archive.is_archive(path)
    assert list(archive.members(path, ".xml")) == [("b/2.xml", b"<b/>"), ("a/1.XML", b"<a/>")]


@pytest.mark.parametrize("name", ["../evil.xml", "/etc/evil.xml", "a/../../evil.xml", "C:/evil.xml", "..\\evil.xml"])
@pytest.mark.parametrize("kind", ["tar", "zip"])
def test_paths_that_leave_are_refused(tmp_path: Path, name: str, kind: str) -> None:
    members = {"a.xml": b"<a/>", name: b"<b/>"}
    path = tar(tmp_path / "d.tar.xz", members) if kind == "tar" else zipped(tmp_path / "d.zip", members)
    with pytest.raises(DataError, match="leaves the archive"):
        list(archive.members(path, ".xml"))
    assert sorted(file.name for file in tmp_path.iterdir()) == [path.name]


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_links_and_devices_are_refused(tmp_path: Path, kind: bytes) -> None:
    path = tar(tmp_path / "d.tar.gz", {"a.xml": b""}, "w:gz", type=kind, linkname="/etc/passwd")
    with pytest.raises(DataError, match="link or device"):
        list(archive.members(path, ".xml"))


def test_a_link_in_a_zip_is_refused(tmp_path: Path) -> None:
    member = zipfile.ZipInfo("a.xml")
    member.create_system, member.external_attr = 3, 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "d.zip", "w") as file:
        file.writestr(member, "/etc/passwd")
    with pytest.raises(DataError, match="link or device"):
        list(archive.members(tmp_path / "d.zip", ".xml"))


@pytest.mark.parametrize("kind", ["tar", "zip"])
def test_a_member_that_grows_too_large_is_refused(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MEMBER_BYTES", 1000)
    members = {"a.xml": b"x" * 1001}
    path = tar(tmp_path / "d.tar.xz", members) if kind == "tar" else zipped(tmp_path / "d.zip", members)
    with pytest.raises(DataError, match="MiB"):
        list(archive.members(path, ".xml"))


@pytest.mark.parametrize("name", ["d.tar.xz", "d.zip"])
@pytest.mark.parametrize("keep", [0.0, 0.1, 0.5, 0.9])
def test_damaged_archives(tmp_path: Path, name: str, keep: float) -> None:
    members = {f"{number}.xml": sha256_text(str(number)).encode() * 9 for number in range(50)}
    path = tar(tmp_path / name, members) if name.endswith("xz") else zipped(tmp_path / name, members)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * keep)])
    with pytest.raises(DataError) as caught:
        list(archive.members(path, ".xml"))
    assert "damaged" in caught.value.what
    assert caught.value.where == str(path)


def test_bytes_that_are_no_tar_at_all(tmp_path: Path) -> None:
    path = tmp_path / "d.tar.xz"
    path.write_bytes(lzma.compress(b"only text" * 200))
    with pytest.raises(DataError, match="damaged"):
        list(archive.members(path, ".xml"))
