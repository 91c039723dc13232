"""`teacher-registry doctor`."""

from pathlib import Path

import click

from teacher_registry.cli.call import config_option, fail, json_option, load, print_json
from teacher_registry.clock import system_clock
from teacher_registry.config import ConfigError
from teacher_registry.doctor import examine
from teacher_registry.wiring import build_registry


@click.command()
@config_option
@json_option
def doctor(path: Path | None, as_json: bool) -> None:
    """Check database, certificates, CRLs, OCSP, clock, account feed and outbox; exit 1 if anything is wrong."""
    config = load(path)
    try:
        findings = examine(config, build_registry(config, system_clock))
    except ConfigError as error:
        fail(str(error))
    sick = [finding for finding in findings if not finding.well]
    if as_json:
        print_json({"well": not sick, "checks": [dict(vars(finding)) for finding in findings]})
    else:
        for finding in findings:
            mend = f"。处理：{finding.mend}" if finding.mend else ""
            click.echo(f"{'✓' if finding.well else '✗'} {finding.check}：{finding.seen}{mend}")
    if sick:
        fail(f"{len(sick)} of {len(findings)} checks failed")
