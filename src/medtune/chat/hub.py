"""A base model of the Hugging Face hub: fetched once into the hub's own cache, checked, and used offline afterwards.

Layout of that cache: https://huggingface.co/docs/huggingface_hub/guides/manage-cache
"""

import contextlib
import os
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from medtune.chat.disk import check_free
from medtune.chat.hub_errors import explained
from medtune.chat.hub_weights import WeightFile, fetch_weights
from medtune.chat.weights import INDEX, SINGLE, check_safetensors, shard_names
from medtune.config.recipe import HubBase
from medtune.core.console import say
from medtune.core.errors import ModelError
from medtune.core.io import disk_errors
from medtune.core.net import Egress, guard

PUBLIC = "https://huggingface.co"
_COMMIT = re.compile(r"[0-9a-f]{40}")
_TIMEOUT_S = 60.0
_SMALL = re.compile(
    r"config\.json|generation_config\.json|tokenizer\.(json|model)|tokenizer_config\.json|special_tokens_map\.json|"
    r"added_tokens\.json|vocab\.json|merges\.txt|chat_template\.(jinja|json)|(LICEN[CS]E|NOTICE|USE_POLICY)(\.\w+)?"
)
_PICKLE = re.compile(r".*\.(bin|pt|pth|ckpt|pkl)")


def endpoint() -> str:
    """Address of the hub: HF_ENDPOINT (a mirror), else the public one."""
    return (os.environ.get("HF_ENDPOINT") or PUBLIC).rstrip("/")


def hub_cache() -> Path:
    """Where huggingface_hub keeps models: HF_HUB_CACHE, HF_HOME/hub, or under XDG_CACHE_HOME or ~/.cache."""
    if named := os.environ.get("HF_HUB_CACHE"):
        return Path(named).expanduser()
    home = os.environ.get("HF_HOME")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache")
    return (Path(home) if home else cache / "huggingface").expanduser() / "hub"


def is_pinned(base: HubBase) -> bool:
    """True when the recipe names a commit, not a branch or a tag."""
    return _COMMIT.fullmatch(base.revision) is not None


def snapshot_folder(base: HubBase) -> Path:
    """Where the files of this commit lie, or would lie."""
    return hub_cache() / f"models--{base.hub.replace('/', '--')}" / "snapshots" / base.revision


def is_fetched(base: HubBase) -> bool:
    """True when this commit's weights are all there. They are fetched last, so the rest is there, too."""
    folder = snapshot_folder(base)
    if not is_pinned(base) or not (folder / "config.json").is_file():
        return False
    try:
        check_safetensors(folder)
    except ModelError:
        return False
    return True


def check_can_fetch(base: HubBase, egress: Egress) -> None:
    """What can be known without a network. Raises ModelError (no commit named), EgressError (host not allowed)."""
    egress.check(endpoint())
    if not is_pinned(base):
        raise _not_pinned(base, "`medtune run` asks the hub and names the commit to write there")


def fetch(base: HubBase, egress: Egress, check: Callable[[Path], None]) -> Path:
    """Fetch a model at a commit: configuration and tokenizer, then `check(folder)`, then the weights.

    Interrupted downloads go on where they stopped. A token is read from HF_TOKEN and from nowhere else. Raises
    EgressError, ModelError (not found, gated, no commit named, no safetensors, another sha256), ResourceError,
    ServerError (no answer, offline), and what `check` raises.
    """
    egress.check(endpoint())
    with opened_hub(egress) as hub, explained(base, endpoint(), has_token=bool(_token())):
        api = hub.HfApi(endpoint=endpoint(), token=_token())
        info = api.model_info(base.hub, revision=base.revision, files_metadata=True, timeout=_TIMEOUT_S)
        if not is_pinned(base):
            raise _not_pinned(base, f"write `revision: {info.sha}` under `base:`")
        files = {file.rfilename: file for file in info.siblings}

        with disk_errors(hub_cache()):
            for name in sorted(files):
                if _SMALL.fullmatch(name) or name == INDEX:
                    hub.hf_hub_download(
                        base.hub, name, revision=base.revision, cache_dir=str(hub_cache()), endpoint=endpoint(),
                        token=_token(), etag_timeout=_TIMEOUT_S,
                    )  # fmt: skip
        folder = snapshot_folder(base)
        _refuse_without_safetensors(base, files)
        check(folder)
        weights = [files[name] for name in _weight_names(folder, files)]
    _fetch_weights(base, weights, egress)
    return folder


def _fetch_weights(base: HubBase, files: Sequence[Any], egress: Egress) -> None:
    folder = snapshot_folder(base)
    missing = [file for file in files if not (folder / file.rfilename).exists()]
    if unnamed := [file.rfilename for file in missing if not file.lfs]:
        raise ModelError(
            f"the hub names no sha256 of {unnamed[0]}, so nobody could tell whether it arrived whole",
            where=f"{base.hub} at {base.revision}",
            next_step="fetch the folder by other means and write `base: {path: FOLDER}`",
        )
    needed = sum(file.size for file in missing)
    check_free(hub_cache(), needed, f"the weights of {base.hub}")
    say(f"fetching {base.hub} at {base.revision[:12]}: {len(missing)} weight files, {needed / 1e9:.2f} GB, once")
    address = f"{endpoint()}/{base.hub}/resolve/{base.revision}"
    weights = [
        WeightFile(file.rfilename, f"{address}/{file.rfilename}", file.size, file.lfs.sha256) for file in missing
    ]
    fetch_weights(weights, folder, egress, _token() or None)


def _weight_names(folder: Path, files: dict[str, Any]) -> list[str]:
    if SINGLE in files:
        return [SINGLE]
    names = shard_names(folder)
    if missing := [name for name in names if name not in files]:
        raise ModelError(
            f"{INDEX} names {missing[0]}, which the model does not have",
            where=str(folder),
            next_step="tell the owner of the model, or use another revision",
        )
    return names


def _refuse_without_safetensors(base: HubBase, files: dict[str, Any]) -> None:
    if SINGLE in files or INDEX in files:
        return
    pickles = sorted(name for name in files if _PICKLE.fullmatch(name))
    raise ModelError(
        f"the weights are pickles ({pickles[0]}): loading a pickle can run any code, so medtune never does"
        if pickles
        else f"no weights: neither {SINGLE} nor {INDEX}",
        where=f"{base.hub} at {base.revision}",
        next_step="choose a revision or another release of the model with .safetensors files",
    )


def _not_pinned(base: HubBase, next_step: str) -> ModelError:
    return ModelError(
        f"base.revision `{base.revision}` is no commit: a branch or tag may hold another model tomorrow",
        where=base.hub,
        next_step=next_step,
    )


def _token() -> "str | Literal[False]":
    """HF_TOKEN; False keeps huggingface_hub from using a token that was stored by a log-in."""
    return os.environ.get("HF_TOKEN") or False


@contextlib.contextmanager
def opened_hub(egress: Egress) -> Iterator[Any]:
    """huggingface_hub with a client that asks `egress`, without its second download path (Xet has a client of its own).

    The client stays guarded after the block: nothing else in this process may use it otherwise.
    """
    os.environ.update({"HF_HUB_DISABLE_XET": "1", "HF_HUB_DISABLE_TELEMETRY": "1", "DO_NOT_TRACK": "1"})
    import huggingface_hub
    from huggingface_hub import constants

    constants.HF_HUB_DISABLE_XET = True
    made = huggingface_hub.get_session()
    kind, own = type(made), [hook for hook in made.event_hooks["request"] if _is_of_the_hub(hook)]

    def client() -> Any:
        new = kind(event_hooks={"request": own}, follow_redirects=True, timeout=_TIMEOUT_S)
        guard(new, egress)
        return new

    huggingface_hub.set_client_factory(client)
    yield huggingface_hub


def _is_of_the_hub(hook: Any) -> bool:
    return str(getattr(hook, "__module__", "")).startswith("huggingface_hub")
