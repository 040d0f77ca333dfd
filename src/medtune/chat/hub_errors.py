"""What a hub answers when it gives no model, each as an error that names the next step."""

import contextlib
import sys
from collections.abc import Iterator
from urllib.parse import urlsplit

from medtune.config.recipe import HubBase
from medtune.core.errors import MedtuneError, ModelError, ServerError


@contextlib.contextmanager
def explained(base: HubBase, endpoint: str, *, has_token: bool) -> Iterator[None]:
    """Turn what huggingface_hub raises inside the block into ModelError or ServerError."""
    errors = sys.modules["huggingface_hub"].errors
    transport = errors.HfHubHTTPError.__bases__[0]  # HTTPError of the client library that this release uses
    where = f"{base.hub} at {base.revision}"
    try:
        yield
    except MedtuneError:
        raise
    except errors.GatedRepoError as error:
        raise ModelError(
            "this model is gated: its owner lets you fetch it after you accepted the terms",
            where=where,
            next_step=f"open {endpoint}/{base.hub} in a browser, read and accept the terms, then "
            + (
                "use an HF_TOKEN of the account that was granted access"
                if has_token
                else "set HF_TOKEN to a token of that account and run the same command again"
            ),
        ) from error
    except errors.RevisionNotFoundError as error:
        raise ModelError(
            "the model has no such revision", where=where, next_step=f"look at {endpoint}/{base.hub}/commits/main"
        ) from error
    except errors.RepositoryNotFoundError as error:
        raise ModelError(
            "the hub knows no such model, or it is private",
            where=where,
            next_step="check OWNER/NAME; for a private model set HF_TOKEN to a token that may read it",
        ) from error
    except errors.OfflineModeIsEnabled as error:
        raise ServerError(
            "the base model is not here yet, and HF_HUB_OFFLINE forbids to fetch it",
            where=where,
            next_step="unset HF_HUB_OFFLINE, or copy the model folder here and write `base: {path: FOLDER}`",
        ) from error
    except (errors.LocalEntryNotFoundError, transport, ConnectionError, TimeoutError) as error:
        status = getattr(getattr(error, "response", None), "status_code", None)
        raise ServerError(
            f"the hub answered with status {status}" if status else "the hub cannot be reached",
            where=f"{urlsplit(endpoint).netloc}: {where}",
            next_step="check the network, HF_ENDPOINT and the proxy; what was fetched is kept, so run the same command "
            "again, or copy the model folder here and write `base: {path: FOLDER}`",
        ) from error
