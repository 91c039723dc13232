"""What the helper says of itself where nobody has tried it: the person shall know whom to ask, and what to bring."""

import sys

_NAMES = {"win32": "Windows", "darwin": "macOS"}


def untried_notice(platform: str = sys.platform) -> str:
    """Return the sentence for this system, empty where the tests run (Linux)."""
    if platform == "linux":
        return ""
    system = _NAMES.get(platform, platform)
    return f"提示：证书助手尚未在 {system} 上实测。如有异常，请停止操作，保存支持日志，联系管理部门。"
