"""The units of a whole region: fifty universities, and schools spread over all banners; all names are invented."""

from collections.abc import Sequence

from ca_service.domain.units import CENTRE_CODE, Unit, UnitKind

_CLASSES = (
    ("21", "211", "第{}小学"),
    ("11", "111", "第{}幼儿园"),
    ("31", "312", "第{}学校"),
    ("34", "341", "第{}中学"),
)
_UNIVERSITIES = 50


def units_of_the_region(present: Sequence[Unit], number: int) -> list[Unit]:
    """Units to add to the bureaus that are there, so that there are `number` in all; every 20th school is direct."""
    bureaus = {unit.code: unit for unit in present}
    banners = [unit for unit in present if unit.kind is UnitKind.BANNER]
    added = [
        Unit(f"41150{90000 + n}", f"云上第{n}示范大学", UnitKind.UNIVERSITY, CENTRE_CODE, "150105", "411")
        for n in range(1, _UNIVERSITIES + 1)
    ]
    for n in range(1, number - len(present) - len(added) + 1):
        school_class, school_type, pattern = _CLASSES[n % len(_CLASSES)]
        banner = banners[n % len(banners)]
        league = bureaus[banner.parent_code or ""]
        direct = n % 20 == 0
        place = (league if direct else banner).name.removesuffix("教育局")
        added.append(
            Unit(
                code=f"{school_class}15{n:06d}",
                name=place + pattern.format(n),
                kind=UnitKind.DIRECT_SCHOOL if direct else UnitKind.SCHOOL,
                parent_code=league.code if direct else banner.code,
                area_code=banner.area_code,
                school_type=school_type,
            )
        )
    return added
