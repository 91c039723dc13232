"""All cases: importing the modules registers them."""

from tests.teacher_registry.hostile import (  # noqa: F401
    case_authorities,
    case_constraints,
    case_constraints_on_paths,
    case_extensions,
    case_fields,
    case_list_deltas,
    case_list_forms,
    case_lists,
    case_names,
    case_paths,
    case_policies,
    case_validity,
)
from tests.teacher_registry.hostile.registry import CASES, Case, Chain, octets

__all__ = ["CASES", "Case", "Chain", "octets"]
