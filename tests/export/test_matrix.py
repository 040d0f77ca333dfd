import pytest
from pydantic import ValidationError

from medtune.config.export import QUANTIZATIONS, ExportSection
from medtune.core.errors import RecipeError
from medtune.export.matrix import PlannedBuild, plan_builds
from medtune.llamacpp.quantize import TYPES


def names(**values: object) -> list[str]:
    return [build.name for build in plan_builds(ExportSection.model_validate(values))]


def test_all_is_the_whole_list_and_makes_a_matrix_where_one_is_needed() -> None:
    assert len(QUANTIZATIONS) == 19 and set(QUANTIZATIONS) <= set(TYPES)
    planned = plan_builds(ExportSection(quantizations="all"))
    assert [build.name for build in planned] == [name for name in QUANTIZATIONS if name != "F16"]
    assert [build.name for build in planned if build.imatrix] == ["IQ3_XXS", "IQ2_M", "IQ2_XS"]


@pytest.mark.parametrize("types", [["IQ2_XS"], ["Q8_0", "IQ3_XXS", "IQ2_M"]])
def test_types_that_need_a_matrix_are_refused_without_one(types: list[str]) -> None:
    for values in ({"quantizations": types}, {"quantizations": types, "imatrix": "none"}):
        with pytest.raises(RecipeError, match=f"{types[-1]} cannot be made without an importance matrix") as caught:
            names(**values)
        assert "export.imatrix" in caught.value.next_step
    assert names(quantizations=types, imatrix="needed") == types


def test_with_and_without_a_matrix_are_two_builds_with_names_of_their_own() -> None:
    types = ["Q8_0", "Q4_K_M", "IQ2_XS", "BF16", "F16"]
    assert names(quantizations=types, imatrix="both") == ["Q8_0", "Q4_K_M", "Q4_K_M-imatrix", "IQ2_XS", "BF16"]
    assert names(quantizations=types, imatrix="domain") == ["Q8_0", "Q4_K_M-imatrix", "IQ2_XS", "BF16"]
    both = plan_builds(ExportSection(quantizations=("Q4_K_M",), imatrix="both"))
    assert both == (PlannedBuild("Q4_K_M", "Q4_K_M", False), PlannedBuild("Q4_K_M-imatrix", "Q4_K_M", True))


@pytest.mark.parametrize(
    ("value", "said"), [(["Q8_0", "Q8_0"], "Q8_0 is named twice"), ([], "at least one"), (["Q9"], "Input should be")]
)
def test_lists_that_say_nothing_or_too_much(value: list[str], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        ExportSection.model_validate({"quantizations": value})
