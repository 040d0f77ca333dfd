"""`report:` what the report shows."""

from pydantic import Field

from medtune.config.base import Section


class ReportSection(Section):
    """One HTML file and its JSON, made from the run's files only."""

    side_by_side: int = Field(default=6, ge=0)
    """So many questions with the answers of base and tuned model beside each other."""
    failures: int = Field(default=30, ge=0)
    """So many failures of each build are shown word for word."""
