"""Change cases (用户变更申请单): enter, review up the tree, decide at the centre, execute; one module a part."""

from ca_service.workflows.change_cases import CaseView, Sought, case, cases, people, scan_of, show, start
from ca_service.workflows.change_execution import execute
from ca_service.workflows.change_form import Form, resubmit, submit
from ca_service.workflows.change_review import Decision, decide, forward, give_back

__all__ = [
    "CaseView",
    "Decision",
    "Form",
    "Sought",
    "case",
    "cases",
    "decide",
    "execute",
    "forward",
    "give_back",
    "people",
    "resubmit",
    "scan_of",
    "show",
    "start",
    "submit",
]
