"""What all our files of numbers are made of: models that are frozen, and numbers of six digits."""

from __future__ import annotations

import math
from typing import Annotated, Any

from pydantic import BaseModel, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema


def _six_digits(value: Any) -> Any:
    """Six significant digits: last bits differ between machines and only weigh down the ledger."""
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return value  # no number: pydantic says so, with its place
    return float(f"{number:.6g}") if math.isfinite(number) else number


class _Rounded:
    """Six digits for what is computed; what is read from a file has them, and there is much."""

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        number = handler(source)
        computed = core_schema.no_info_before_validator_function(_six_digits, number)
        return core_schema.json_or_python_schema(json_schema=number, python_schema=computed)


Number = Annotated[float, _Rounded]


class Frozen(BaseModel, frozen=True, extra="forbid", ser_json_inf_nan="strings"):
    """NaN and infinity survive JSON as strings; unknown fields are refused."""
