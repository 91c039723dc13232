"""The authorisation policy as a matrix: every action, every role, own unit, unit below, foreign unit."""

import pytest

from ca_service.domain import errors
from ca_service.domain.roles import CENTRE_ONLY, POLICY, Action, Role, authorise, check_roles, refuse_self_review
from tests.ca_service.office import actor

_CENTRE, _LEAGUE, _OTHER = ["150000"], ["150300", "150000"], ["150400", "150000"]


def test_every_action_has_an_entry() -> None:
    assert set(POLICY) == set(Action)


@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize("role", Role)
def test_the_centre_may_what_the_table_says_for_every_unit(action: Action, role: Role) -> None:
    for lineage in (_CENTRE, _LEAGUE):
        if role in POLICY[action]:
            authorise(actor(role), action, lineage=lineage)
        else:
            with pytest.raises(errors.Forbidden):
                authorise(actor(role), action, lineage=lineage)


@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize("role", Role)
def test_a_league_may_it_in_its_own_subtree_only_and_never_what_is_the_centres(action: Action, role: Role) -> None:
    league = actor(role, "150300")
    if role in POLICY[action] and action not in CENTRE_ONLY:
        authorise(league, action, lineage=_LEAGUE)
    else:
        with pytest.raises(errors.Forbidden):
            authorise(league, action, lineage=_LEAGUE)
    for foreign in (_OTHER, _CENTRE):
        with pytest.raises(errors.Forbidden):
            authorise(league, action, lineage=foreign)


@pytest.mark.parametrize(
    "roles",
    [
        {Role.CA_ADMIN, Role.SECURITY_ADMIN},
        {Role.SECURITY_ADMIN, Role.AUDITOR},
        {Role.AUDITOR, Role.CLERK},
        {Role.OPERATOR},
        {Role.DIRECTORY, Role.CLERK},
        set(),
    ],
)
def test_sets_of_roles_that_one_person_may_not_hold(roles: set[Role]) -> None:
    with pytest.raises(errors.Invalid):
        check_roles(frozenset(roles), at_centre=True)


def test_administrators_sit_at_the_centre_and_a_clerk_may_review_elsewhere() -> None:
    with pytest.raises(errors.Invalid):
        check_roles(frozenset({Role.AUDITOR}), at_centre=False)
    check_roles(frozenset({Role.CLERK, Role.REVIEWER}), at_centre=False)


def test_nobody_reviews_what_they_entered() -> None:
    reviewer = actor(Role.REVIEWER, login="li")
    with pytest.raises(errors.Forbidden):
        refuse_self_review(reviewer, entered_by="li")
    refuse_self_review(reviewer, entered_by="wang")
