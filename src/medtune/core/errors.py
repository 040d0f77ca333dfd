"""The one error tree. Every message says what was wrong, where, and the next step.

MedtuneError                 exit code 1: something failed
├── UsageError               exit code 2: the user's input, recipe or machine needs a change
│   ├── RecipeError          the recipe (one line per problem)
│   ├── DataError            a data file or a row
│   ├── ModelError           a base model folder, tokenizer or adapter
│   ├── RunDirError          a run directory: another recipe's, locked, edited
│   ├── ResourceError        disk, memory
│   ├── EgressError          a network address that the recipe does not allow
│   └── ServerError          a model server that died, hangs or answers garbage
├── ToolchainError           llama.cpp is missing, or one of its tools failed
└── GateError                exit code 3: no build passed the gate
"""

EXIT_DONE = 0
EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_GATE = 3


class MedtuneError(Exception):
    """What was wrong (`what`), where (`where`: file and line, record id) and what to do next (`next_step`)."""

    exit_code = EXIT_FAILED

    def __init__(self, what: str, *, next_step: str, where: str | None = None) -> None:
        self.what = what
        self.where = where
        self.next_step = next_step
        super().__init__(what)

    def __str__(self) -> str:
        lines = [self.what]
        if self.where:
            lines.append(f"  where: {self.where}")
        lines.append(f"  next:  {self.next_step}")
        return "\n".join(lines)


class UsageError(MedtuneError):
    """The user's input or machine needs a change."""

    exit_code = EXIT_USAGE


class RecipeError(UsageError):
    """The recipe cannot be read or does not hold together."""


class DataError(UsageError):
    """A data file or one of its rows cannot be used."""


class ModelError(UsageError):
    """A base model folder, tokenizer or adapter cannot be used."""


class RunDirError(UsageError):
    """A run directory belongs to another recipe, is in use or was edited."""


class ResourceError(UsageError):
    """Too little disk or memory."""


class EgressError(UsageError):
    """A network address that the recipe does not allow."""


class ServerError(UsageError):
    """A model server that died, hangs or answers something unusable.

    `status` is the HTTP status where the server refused; None for everything else.
    """

    def __init__(self, what: str, *, next_step: str, where: str | None = None, status: int | None = None) -> None:
        super().__init__(what, next_step=next_step, where=where)
        self.status = status


class ToolchainError(MedtuneError):
    """llama.cpp is missing, or one of its tools failed."""


class GateError(MedtuneError):
    """No build passed the gate: nothing was released."""

    exit_code = EXIT_GATE
