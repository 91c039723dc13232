"""Area codes (GB/T 2260): the provinces by prefix, the leagues and banners of the region by code."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType

REGION_CODE = "150000"
REGION_NAME = "内蒙古自治区"

# The first two digits of a resident ID number. 81 to 83 are the residence permits of
# Hong Kong, Macao and Taiwan residents, which have the form of an ID number.
PROVINCES: Mapping[str, str] = MappingProxyType(
    {
        "11": "北京市", "12": "天津市", "13": "河北省", "14": "山西省", "15": REGION_NAME,
        "21": "辽宁省", "22": "吉林省", "23": "黑龙江省",
        "31": "上海市", "32": "江苏省", "33": "浙江省", "34": "安徽省", "35": "福建省",
        "36": "江西省", "37": "山东省",
        "41": "河南省", "42": "湖北省", "43": "湖南省", "44": "广东省",
        "45": "广西壮族自治区", "46": "海南省",
        "50": "重庆市", "51": "四川省", "52": "贵州省", "53": "云南省", "54": "西藏自治区",
        "61": "陕西省", "62": "甘肃省", "63": "青海省", "64": "宁夏回族自治区", "65": "新疆维吾尔自治区",
        "71": "台湾省", "81": "香港特别行政区", "82": "澳门特别行政区", "83": "台湾居民居住证",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Area:
    """One row of the table: a six-digit code and the official Chinese name."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class _Table:
    source: str
    fetched: str
    leagues: Mapping[str, Area]
    banners: Mapping[str, Area]


@cache
def _table() -> _Table:
    data = json.loads(files("ca_service.domain.data").joinpath("areas-15.json").read_text("utf-8"))
    return _Table(
        source=data["source"],
        fetched=data["fetched"],
        leagues=MappingProxyType({code: Area(code, name) for code, name in data["cities"].items()}),
        banners=MappingProxyType({code: Area(code, name) for code, name in data["counties"].items()}),
    )


def source() -> str:
    """Where the leagues and banners come from and when they were fetched, for the about page."""
    table = _table()
    return f"{table.source}, {table.fetched}"


def leagues() -> tuple[Area, ...]:
    """Return the 12 leagues and cities of the region, in the order of their codes."""
    return tuple(_table().leagues.values())


def banners(league_code: str) -> tuple[Area, ...]:
    """Return the banners, counties and districts of one league; empty when the league is unknown."""
    return tuple(area for code, area in _table().banners.items() if code[:4] + "00" == league_code)


def league(code: str) -> Area | None:
    """Return the league that a six-digit code lies in (its own code or one of a banner)."""
    return _table().leagues.get(code[:4] + "00") if len(code) == 6 else None


def banner(code: str) -> Area | None:
    """Return the banner of exactly this code; None for a league's code or an unknown one."""
    return _table().banners.get(code)


def area_name(code: str) -> str | None:
    """Return the full name, league first (`呼和浩特市新城区`); None when the code is not in force."""
    if code == REGION_CODE:
        return REGION_NAME
    above, below = league(code), banner(code)
    if above is None:
        return None
    if code == above.code:
        return above.name
    return above.name + below.name if below else None
