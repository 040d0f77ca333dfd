"""What every recipe section shares: frozen, unknown keys refused, docstrings under the fields."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A part of the recipe. Fields carry their meaning and unit in the docstring beneath them."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, validate_default=True)
