"""The ways in which a request is spoiled: its parts first, then its octets."""

import base64
from collections.abc import Callable, Sequence
from dataclasses import replace
from random import Random
from typing import Any

from bench.malformed import files, values
from bench.malformed.octets import wounded
from bench.malformed.request import NOTHING, Draft, Sent, encode, escape, with_pair

Spoil = Callable[[Random, Draft], Draft]
Wound = Callable[[Random, Sent], Sent]


def spoiled(rng: Random, draft: Draft) -> Sent:
    """The draft with one to three parts spoiled; one in five has its octets damaged too, one in twenty is sound."""
    if rng.random() < 0.05:
        return encode(draft)
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        draft = rng.choice(_fitting(draft))(rng, draft)
    sent = encode(draft)
    return rng.choice(_WOUNDS)(rng, sent) if rng.random() < 0.2 else sent


def _fitting(draft: Draft) -> Sequence[Spoil]:
    """What can be done to this one: where it has something to spoil, that is done most."""
    fitting: list[Spoil] = [_header, _segment, _query, _method, _content_type, _cookie]
    if draft.fields or draft.uploads:
        fitting += [_field, _field, _field, _field, _without_field, _double_field, _new_field, _many_fields, _no_form]
    if draft.uploads:
        fitting += [_file, _file, _file, _file, _file_name]
    if draft.query:
        fitting += [_value_of_query] * 4
    if draft.document is not NOTHING:
        fitting += [_node, _node, _node, _node, _node, _without_node, _new_member, _other_document, _base64]
    if draft.octets is not None:
        fitting += [_octets] * 8
    if "/" in draft.path.strip("/"):
        fitting += [_segment]
    return fitting


def _header(rng: Random, draft: Draft) -> Draft:
    return replace(draft, headers=(*draft.headers, values.header(rng)))


def _cookie(rng: Random, draft: Draft) -> Draft:
    headers = [(name, value) for name, value in draft.headers if name != "Cookie"]
    old = dict(draft.headers).get("Cookie", "__Host-educa=x")
    broken = wounded(rng, old.encode(errors="surrogatepass")).decode("latin-1").replace("\n", "").replace("\r", "")
    cookie = rng.choice(
        (broken, old + "; " + old, "__Host-educa=" + values.header(rng)[1], "=;=;,", "x=" + "y" * 9_000)
    )
    return replace(draft, headers=(*headers, ("Cookie", cookie)))


def _segment(rng: Random, draft: Draft) -> Draft:
    """One part of the path replaced: by a text, by a way out of the folder, or by nothing."""
    parts = draft.path.split("/")
    at = rng.randrange(1, len(parts)) if len(parts) > 1 else 0
    way_out = ("..%2f..%2fetc%2fpasswd", "%2e%2e", "..;", "%00", "%ff%fe", "%ed%a0%80", "", "//", "%2f", "a%0d%0ab")
    parts[at] = rng.choice(way_out) if rng.random() < 0.3 else escape(values.text(rng)[:9_000])
    return replace(draft, path="/".join(parts) or "/")


def _query(rng: Random, draft: Draft) -> Draft:
    name = rng.choice(("page", "q", "at", "unit", "status", "below", "next", "look", "done", "before", values.key(rng)))
    return replace(draft, query=(*draft.query, (name, values.text(rng)[:20_000])))


def _value_of_query(rng: Random, draft: Draft) -> Draft:
    at = rng.randrange(len(draft.query))
    return replace(draft, query=with_pair(draft.query, at, (draft.query[at][0], values.text(rng)[:20_000])))


def _method(rng: Random, draft: Draft) -> Draft:
    return replace(draft, method=rng.choice(values.METHODS))


def _content_type(rng: Random, draft: Draft) -> Draft:
    return replace(draft, content_type=rng.choice(values.CONTENT_TYPES).replace("\r", "").replace("\n", ""))


def _field(rng: Random, draft: Draft) -> Draft:
    """A field's value, but the form's token stays: without it nothing is reached."""
    spoilable = [at for at, (name, _) in enumerate(draft.fields) if name != "csrf_token"]
    if not spoilable:
        return _new_field(rng, draft)
    at = rng.choice(spoilable)
    return replace(draft, fields=with_pair(draft.fields, at, (draft.fields[at][0], values.text(rng))))


def _without_field(rng: Random, draft: Draft) -> Draft:
    if not draft.fields:
        return replace(draft, uploads=draft.uploads[1:])
    at = rng.randrange(len(draft.fields))
    return replace(draft, fields=(*draft.fields[:at], *draft.fields[at + 1 :]))


def _double_field(rng: Random, draft: Draft) -> Draft:
    doubled = rng.choice(draft.fields) if draft.fields else ("csrf_token", "")
    return replace(draft, fields=(*draft.fields, (doubled[0], values.text(rng))))


def _new_field(rng: Random, draft: Draft) -> Draft:
    return replace(draft, fields=(*draft.fields, (values.key(rng), values.text(rng))))


def _many_fields(rng: Random, draft: Draft) -> Draft:
    name = rng.choice(("q7", *(name for name, _ in draft.fields)))
    return replace(draft, fields=(*draft.fields, *((name, str(n)) for n in range(rng.choice((900, 2_000))))))


def _no_form(rng: Random, draft: Draft) -> Draft:
    """Octets where a form should be."""
    return replace(draft, octets=rng.randbytes(rng.randrange(200)), content_type=rng.choice(values.CONTENT_TYPES[5:9]))


def _file(rng: Random, draft: Draft) -> Draft:
    at = rng.randrange(len(draft.uploads))
    one = draft.uploads[at]
    changed = replace(one, content=files.content(rng, one.content))
    return replace(draft, uploads=(*draft.uploads[:at], changed, *draft.uploads[at + 1 :]))


def _file_name(rng: Random, draft: Draft) -> Draft:
    at = rng.randrange(len(draft.uploads))
    name = values.text(rng).replace("\r", "").replace("\n", "").replace('"', "%22")[:20_000]
    changed = replace(draft.uploads[at], name=rng.choice((name, name + ".xlsx", name + ".pdf", "x.csv", "x.json")))
    return replace(draft, uploads=(*draft.uploads[:at], changed, *draft.uploads[at + 1 :]))


def _octets(rng: Random, draft: Draft) -> Draft:
    original = draft.octets or b""
    spoiled_octets = rng.randbytes(rng.randrange(300)) if rng.random() < 0.1 else wounded(rng, original)
    return replace(draft, octets=spoiled_octets)


def _node(rng: Random, draft: Draft) -> Draft:
    return replace(draft, document=_replaced(rng, draft.document, values.json_value(rng)))


def _replaced(rng: Random, node: Any, value: Any) -> Any:
    """The document with one node, found by going down at random, replaced."""
    if isinstance(node, dict) and node and rng.random() < 0.9:
        name = rng.choice(list(node))
        return {**node, name: _replaced(rng, node[name], value)}
    if isinstance(node, list) and node and rng.random() < 0.9:
        at = rng.randrange(len(node))
        return [*node[:at], _replaced(rng, node[at], value), *node[at + 1 :]]
    return value


def _without_node(rng: Random, draft: Draft) -> Draft:
    document = draft.document
    if isinstance(document, dict) and document:
        gone = rng.choice(list(document))
        document = {name: value for name, value in document.items() if name != gone}
    return replace(draft, document=document)


def _new_member(rng: Random, draft: Draft) -> Draft:
    document = draft.document
    wider = {**document, values.key(rng): values.json_value(rng)} if isinstance(document, dict) else [document]
    return replace(draft, document=wider)


def _other_document(rng: Random, draft: Draft) -> Draft:
    """No document of ours at all, or none that is JSON."""
    if rng.random() < 0.5:
        return replace(draft, document=values.json_value(rng))
    wrong = (b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"a":' * 20_000, b"NaN", b"1" * 5_000, b'"\\ud800"', b"\0")
    return replace(draft, document=NOTHING, octets=rng.choice(wrong), content_type="application/json")


def _base64(rng: Random, draft: Draft) -> Draft:
    """A member that is base64: its octets wounded, or its text no base64 any more."""
    document = draft.document
    members = document.items() if isinstance(document, dict) else ()
    long = [name for name, value in members if isinstance(value, str) and len(value) > 60]
    if not long:
        return _node(rng, draft)
    name = rng.choice(long)
    if rng.random() < 0.2:
        return replace(draft, document={**document, name: document[name][:-1] + rng.choice("=!-\n")})
    try:
        octets = base64.b64decode(document[name])
    except ValueError:
        octets = document[name].encode()
    return replace(draft, document={**document, name: base64.b64encode(wounded(rng, octets)).decode()})


def _damaged_body(rng: Random, sent: Sent) -> Sent:
    body = wounded(rng, sent.body)
    return replace(sent, body=body, length=str(len(body)))


def _cut_body(rng: Random, sent: Sent) -> Sent:
    """The client says more than it sends, and goes."""
    return replace(sent, body=sent.body[: rng.randrange(len(sent.body) + 1)])


def _lying_length(rng: Random, sent: Sent) -> Sent:
    lies = ("", "-1", "0", "1", "abc", "1e3", "+5", "５", "99999999", "9" * 40, str(len(sent.body) // 2), "0x10")
    return replace(sent, length=rng.choice(lies))


def _no_length(rng: Random, sent: Sent) -> Sent:
    ended = {"wsgi.input_terminated": True} if rng.random() < 0.5 else {}
    return replace(sent, length=None, environ={**sent.environ, **ended})


def _large(rng: Random, sent: Sent) -> Sent:
    """More than any page takes; the length tells it before a single octet is read."""
    size = rng.choice((70_000, 600_000, 40_000_000))
    return replace(sent, length=str(size), body=sent.body + b"\0" * min(size, 700_000))


_WOUNDS: Sequence[Wound] = (_damaged_body, _damaged_body, _cut_body, _lying_length, _no_length, _large)
