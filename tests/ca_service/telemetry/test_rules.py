"""Alert rules and dashboard, read by Prometheus' own checker where it is installed (Debian: prometheus)."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

_MONITORING = Path(__file__).parents[3] / "docs" / "monitoring"
pytestmark = pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")


def _check(rules: Path) -> str:
    done = subprocess.run(["promtool", "check", "rules", str(rules)], capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def test_prometheus_accepts_the_alert_rules() -> None:
    assert _check(_MONITORING / "alerts.yml") == ""


def test_prometheus_accepts_every_expression_of_the_dashboard(tmp_path: Path) -> None:
    panels = json.loads((_MONITORING / "dashboard.json").read_text(encoding="utf-8"))["panels"]
    expressions = [target["expr"] for panel in panels for target in panel["targets"]]
    rules = [{"record": f"panel:{number}", "expr": text} for number, text in enumerate(expressions)]
    file = tmp_path / "dashboard.yml"
    file.write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}), encoding="utf-8")
    assert len(rules) > 20
    assert _check(file) == ""
