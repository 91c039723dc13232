"""The one table: kind of a domain error -> HTTP status, answered as an RFC 9457 problem document."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from types import MappingProxyType

from flask import Flask, Response, json, request
from werkzeug.exceptions import HTTPException

from ca_service.domain.errors import DomainError, Forbidden, Unavailable

STATUS: Mapping[str, HTTPStatus] = MappingProxyType(
    {
        "refused": HTTPStatus.UNPROCESSABLE_ENTITY,
        "not-found": HTTPStatus.NOT_FOUND,
        "forbidden": HTTPStatus.FORBIDDEN,
        "unauthenticated": HTTPStatus.UNAUTHORIZED,
        "too-many": HTTPStatus.TOO_MANY_REQUESTS,
        "invalid": HTTPStatus.UNPROCESSABLE_ENTITY,
        "conflict": HTTPStatus.CONFLICT,
        "illegal-transition": HTTPStatus.CONFLICT,
        "not-approved": HTTPStatus.CONFLICT,
        "unavailable": HTTPStatus.SERVICE_UNAVAILABLE,
        "busy": HTTPStatus.SERVICE_UNAVAILABLE,
        "outcome-unknown": HTTPStatus.SERVICE_UNAVAILABLE,
        "state-unknown": HTTPStatus.SERVICE_UNAVAILABLE,
        "code-wrong": HTTPStatus.UNAUTHORIZED,
        "code-blocked": HTTPStatus.FORBIDDEN,
        "code-expired": HTTPStatus.FORBIDDEN,
        "code-used": HTTPStatus.CONFLICT,
        "wrong-token": HTTPStatus.FORBIDDEN,
        "renewal-not-due": HTTPStatus.CONFLICT,
        "superseded": HTTPStatus.CONFLICT,
        "certificate-not-live": HTTPStatus.FORBIDDEN,
        "not-released": HTTPStatus.FORBIDDEN,
        "session-unknown": HTTPStatus.UNAUTHORIZED,
        "csr-invalid": HTTPStatus.UNPROCESSABLE_ENTITY,
        "key-weak": HTTPStatus.UNPROCESSABLE_ENTITY,
        "key-in-use": HTTPStatus.CONFLICT,
        "binding-invalid": HTTPStatus.FORBIDDEN,
        "proof-invalid": HTTPStatus.FORBIDDEN,
    }
)


def problem(kind: str, status: int, detail: str, facts: Mapping[str, str | int] | None = None) -> Response:
    """An RFC 9457 problem document; `facts` are extension members."""
    document = {
        "type": f"urn:educa:error:{kind}",
        "title": HTTPStatus(status).phrase,
        "status": int(status),
        "detail": detail,
        "kind": kind,
        **(facts or {}),
    }
    return Response(json.dumps(document, ensure_ascii=False), status=status, content_type="application/problem+json")


def answer(error: DomainError) -> Response:
    """A domain error as a problem document: `retryable` says that the same request may be sent again, and when."""
    passing = isinstance(error, Unavailable)
    facts = {**error.facts, "retryable": True} if passing else error.facts
    return with_retry_after(problem(error.kind, STATUS[error.kind], error.detail, facts), error)


def with_retry_after(response: Response, error: DomainError) -> Response:
    """Say after how many seconds to come again (RFC 9110 section 10.2.3), where it passes."""
    seconds = error.facts.get("retry_after", error.retry_after if isinstance(error, Unavailable) else None)
    if seconds is not None:
        response.headers["Retry-After"] = str(seconds)
    return response


def register(
    app: Flask,
    *,
    page: Callable[[HTTPException], Response] | None = None,
    refused: Callable[[Forbidden], None] | None = None,
) -> None:
    """Answer domain errors and HTTP errors of the API as problem documents.

    `page` shows the HTTP errors of pages; `refused` records what somebody had no right to ask.
    """

    @app.errorhandler(DomainError)
    def _domain(error: DomainError) -> Response:
        if isinstance(error, Forbidden) and refused is not None:
            refused(error)
        return answer(error)

    @app.errorhandler(HTTPException)
    def _http(error: HTTPException) -> Response | HTTPException:
        if not request.path.startswith("/api/"):
            return page(error) if page else error
        code = error.code or HTTPStatus.INTERNAL_SERVER_ERROR
        kind = "internal" if code >= HTTPStatus.INTERNAL_SERVER_ERROR else "http"
        return problem(kind, code, _DETAIL.get(code, "请求不正确，请检查后重试。"))


_DETAIL: Mapping[int, str] = {
    HTTPStatus.NOT_FOUND: "没有这个接口。",
    HTTPStatus.METHOD_NOT_ALLOWED: "这个接口不支持此请求方法。",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "请求过大。",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "请求应为 JSON（Content-Type: application/json）。",
    HTTPStatus.INTERNAL_SERVER_ERROR: "服务器内部错误，已记录。请稍后重试或联系自治区教育信息中心。",
}
