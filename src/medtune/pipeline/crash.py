"""An unexpected error inside a stage: it carries where it happened, so that its traceback lands beside the run."""

from medtune.runs.layout import RunDir


class StageCrashError(Exception):
    """A stage raised something that is no MedtuneError; the error itself is the `__cause__`."""

    def __init__(self, stage: str, run: RunDir) -> None:
        self.stage = stage
        self.run = run
        super().__init__(f"stage {stage} crashed")
