"""The campaign board: the numbers of a unit and those below it, late ones, the dates, the export."""

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from ca_service.delivery.workbooks import Column, workbook
from ca_service.domain.campaigns import Campaign, Deadline, Stage
from ca_service.domain.errors import Invalid
from ca_service.domain.units import UnitKind
from ca_service.web.console.charts import HEIGHT, WIDTH, heat, running_totals
from ca_service.web.console.context import actor, field, services, window
from ca_service.web.console.downloads import attachment
from ca_service.web.console.texts import word
from ca_service.workflows import campaign as workflow

pages = Blueprint("campaign", __name__, url_prefix="/campaign")
_REVIEWING = (UnitKind.BANNER, UnitKind.LEAGUE, UnitKind.CENTRE)


@pages.get("")
def index() -> str:
    """The board of a unit of the own subtree: by default the own."""
    board = workflow.board(services(), actor(), _unit(), window())
    dates = {deadline.value: board.campaign.due(deadline) for deadline in Deadline} if board.campaign else {}
    chart = running_totals(
        {stage.value: days for stage, days in board.by_day.items()},
        marks=dates,
        today=board.today,
        ceiling=board.whole.progress.expected,
    )
    return render_template(
        "console/campaign.html",
        board=board,
        stages=Stage,
        deadlines=Deadline,
        reviewing=_REVIEWING,
        chart=chart,
        size=(WIDTH, HEIGHT),
        heat=heat,
    )


@pages.get("/late")
def late() -> str:
    """Who has not come so far as a deadline asks."""
    wanted = request.args.get("deadline", Deadline.FORMS.value)
    if wanted not in {deadline.value for deadline in Deadline}:
        raise Invalid("没有这种截止日期。")
    found = workflow.late(services(), actor(), _unit(), Deadline(wanted), window())
    return render_template("console/late.html", found=found, unit=_unit(), deadlines=Deadline)


@pages.get("/sheet")
def sheet() -> Response:
    """Every unit with its numbers, as a workbook; the export is recorded."""
    lines = workflow.export(services(), actor(), _unit())
    columns = [
        Column("单位代码", 14),
        Column("单位名称", 34),
        Column("单位类别", 22),
        Column("应有", 8),
        *(Column(word(stage.value), 12) for stage in Stage),
        Column("已退回", 8),
    ]
    rows: list[list[str | int]] = [
        [
            line.unit.code,
            line.unit.name,
            line.unit.kind.chinese,
            line.progress.expected,
            *(line.progress.at(stage) for stage in Stage),
            line.progress.returned,
        ]
        for line in lines
    ]
    return attachment(workbook("实施进度", columns, rows), f"progress-{_unit()}.xlsx")


@pages.route("/settings", methods=["GET", "POST"])
def settings() -> ResponseReturnValue:
    """The dates of the campaigns; the CA administrator sets them."""
    if request.method == "GET":
        return render_template("console/campaign_settings.html", found=workflow.campaigns(services(), actor()))
    days = {
        name: workflow.parse_day(field(name), what)
        for name, what in (
            ("starts_on", "开始日期"),
            ("forms_due", "材料上报截止日期"),
            ("push_due", "推送截止日期"),
            ("tokens_due", "介质发放截止日期"),
        )
    }
    workflow.set_campaign(services(), actor(), Campaign(field("id"), field("name"), **days))
    return redirect(url_for("console.campaign.settings"))


def _unit() -> str:
    return request.args.get("unit", "")[:20] or actor().unit_code
