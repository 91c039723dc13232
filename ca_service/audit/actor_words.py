"""Who acts and by which way, in Chinese: programs of the service, the machine's operator, systems, staff."""

from collections.abc import Mapping

VIA: Mapping[str, str] = {"web": "控制台", "cli": "命令行", "api": "接口", "worker": "后台任务"}
# Actors of the service itself, by name and way: a staff account may be called the same and comes another way.
_PROGRAMS: Mapping[tuple[str, str], str] = {
    ("helper", "api"): "证书助手",
    ("api", "api"): "接口服务",
    ("ceremony", "cli"): "建立 CA 的仪式",
    ("push", "worker"): "推送检查",
    ("worker", "worker"): "后台任务",
    ("unknown", "web"): "未识别的人",
}
_SYSTEMS: Mapping[tuple[str, str], str] = {
    ("local", "cli"): "本机操作员",
    ("drill", "cli"): "故障演练（副本）",
    ("relying", "api"): "应用系统",
    ("directory", "api"): "用户目录",
}


def via_text(via: str) -> str:
    """The way; one without a word as it is."""
    return VIA.get(via, via)


def actor_text(login: str, via: str, people: Mapping[str, str]) -> str:
    """A program's or system's Chinese name, or a staff member's (by login) with the login; else the login.

    Where it may be either, both are named: no account shall pass for a program, nor a program for a person.
    """
    person = f"{people[login]}（{login}）" if login in people else ""
    program = _PROGRAMS.get((login, via))
    if program:
        return f"{program}或{person}" if person and via in ("web", "cli") else program
    kind, colon, name = login.partition(":")
    system = _SYSTEMS.get((kind, via)) if colon else None
    return f"{system} {name}" if system else person or login


def is_builtin(login: str, via: str) -> bool:
    """Whether this is an actor of the service with words of its own."""
    return (login, via) in _PROGRAMS or (login.partition(":")[0], via) in _SYSTEMS
