"""Errors as pages that a person can read."""

from collections.abc import Mapping
from http import HTTPStatus

from flask import Response, g, make_response, render_template
from werkzeug.exceptions import HTTPException

from ca_service.domain.errors import DomainError, Forbidden
from ca_service.web.console.context import actor, services
from ca_service.web.errors import STATUS, with_retry_after
from ca_service.web.refused import note_refusal
from ca_service.web.requests import request_id

_TITLES: Mapping[int, str] = {
    400: "请求无效", 401: "请先登录", 403: "没有权限", 404: "没有找到", 405: "不支持此操作", 409: "状态已变化",
    413: "文件过大", 422: "内容需要更正", 429: "尝试次数过多", 500: "服务器内部错误", 503: "暂时无法办理",
}  # fmt: skip
_DETAILS: Mapping[int, str] = {
    400: "请求不完整，或页面已过期。请返回上一页刷新后重试。",
    404: "没有这个页面。请检查地址，或从首页进入。",
    405: "这个页面不支持此请求方式。",
    413: "上传的内容超过 32 MiB，请减小后再上传。",
    500: "服务器内部错误，已记录。请稍后重试或联系自治区教育信息中心。",
}


def domain_page(error: DomainError) -> Response:
    """A refusal of a workflow, with the status of the one table; one for want of rights is recorded."""
    if isinstance(error, Forbidden) and g.get("staff") is not None:
        note_refusal(services(), actor(), error)
    return with_retry_after(page(STATUS[error.kind], error.detail), error)


def http_page(error: HTTPException) -> Response:
    """An error of HTTP itself; redirects stay as they are."""
    code = error.code or HTTPStatus.INTERNAL_SERVER_ERROR
    answer = page(code, _DETAILS.get(code, "请求无法处理，请返回后重试。"))
    if code == HTTPStatus.METHOD_NOT_ALLOWED:
        answer.headers.extend({k: v for k, v in error.get_headers() if k == "Allow"})
    return answer


def page(status: int, detail: str) -> Response:
    """With the request id, by which the log tells more; no detail of a failure of ours."""
    title = _TITLES.get(int(status), "无法处理")
    text = render_template("console/error.html", title=title, detail=detail, code=int(status), request_id=request_id())
    return make_response(text, status)
