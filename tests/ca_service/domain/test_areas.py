"""The table of areas: complete, and read by code."""

from ca_service.domain.areas import PROVINCES, area_name, banner, banners, league, leagues, source


def test_the_region_has_twelve_leagues_and_103_banners() -> None:
    assert len(leagues()) == 12
    assert sum(len(banners(above.code)) for above in leagues()) == 103


def test_a_code_names_its_league_and_its_banner() -> None:
    above, below = league("150102"), banner("150102")
    assert above is not None
    assert below is not None
    assert (above.name, below.name, area_name("150102")) == ("呼和浩特市", "新城区", "呼和浩特市新城区")
    assert area_name("152200") == "兴安盟"


def test_unknown_codes_name_nothing() -> None:
    assert league("159900") is None
    assert league("1501") is None
    assert banner("150100") is None
    assert area_name("150188") is None
    assert area_name("110105") is None
    assert banners("159900") == ()


def test_the_table_tells_its_source_and_date() -> None:
    assert "2026-09-11" in source()


def test_every_province_prefix_has_two_digits_and_the_region_is_one_of_them() -> None:
    assert all(len(prefix) == 2 and prefix.isdigit() for prefix in PROVINCES)
    assert PROVINCES["15"] == "内蒙古自治区"
    assert "16" not in PROVINCES
