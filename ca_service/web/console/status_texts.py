"""What the status page says: alarms as sentences that tell what to do, and durations as people read them."""

from collections.abc import Mapping
from datetime import timedelta

from ca_service.domain.health import Alarm, Raised

ABOUT: Mapping[str, str] = {
    "issuing": "签发 CA", "root": "根 CA", "ocsp-signer": "OCSP 签名证书", "feed-signer": "账号变更签名证书",
    "publication": "发布服务", "console": "控制台与接口", "worker": "后台任务",
}  # fmt: skip

_ALARMS: Mapping[Alarm, str] = {
    Alarm.KEY_AWAY: (
        "密钥设备“{about}”无法使用：暂停签发证书、新的 CRL、账号变更和审计检查点，未预先签好的 OCSP 答复“稍后再试”。"
        "登记、审核、介质、已发布的 CRL、已有的 OCSP 应答不受影响。请检查设备，运行 educa doctor。"
    ),
    Alarm.LIST_EXPIRED: "{about}的 CRL 已过期：只用 CRL 的系统将拒绝全部证书。请立即运行 educa crl publish。",
    Alarm.LIST_ENDING: "{about}的 CRL 有效期已不足四分之一。请检查后台任务；根 CA 的 CRL 需人工发布。",
    Alarm.LIST_REFUSED: "{about}的新 CRL 未通过发布前检查，现有的 CRL 继续有效。请安全管理员立即核查数据库。",
    Alarm.LIST_BEHIND: "{about}有状态变更超过 2 分钟未进入 CRL。请检查后台任务；根 CA 的 CRL 需人工发布。",
    Alarm.SIGNER_ENDING: "{about}不足 5 天到期，或没有有效的证书。请检查后台任务，它会自动更新。",
    Alarm.PROPAGATION_SLOW: "最近一小时内，状态变更到达 OCSP 的时间（P99）超过 1 秒。请检查数据库和发布服务的负载。",
    Alarm.PART_SILENT: "{about}已超过 1 分钟没有消息。请检查进程和日志。",
    Alarm.MESSAGES_STUCK: "有消息到期 10 分钟仍未发出。请检查后台任务和邮件、短信通道。",
    Alarm.MESSAGES_FAILED: "有消息发送失败或结果不明。请在“消息”页面处理。",
    Alarm.SIGNING_INTERRUPTED: "有证书停在签发途中。后台任务会吊销其序列号；长时间不消失请检查密钥设备。",
    Alarm.ORDERS_OVERDUE: "有应急处置超时未复核。请在“证书”页面的“待复核”中办理。",
}


def about(name: str) -> str:
    """What an alarm or a line of the tables is about; a list by its issuer and its shard."""
    issuer, _, shard = name.partition("-s")
    return ABOUT.get(name) or (f"{ABOUT.get(issuer, issuer)}（分片 {shard}）" if shard.isdigit() else name)


def sentence(raised: Raised) -> str:
    """An alarm as a person reads it."""
    return _ALARMS[raised.alarm].format(about=about(raised.about))


def duration(span: timedelta) -> str:
    """A length of time in its largest unit; what is past is nothing."""
    seconds = int(span.total_seconds())
    if seconds <= 0:
        return "0 秒"
    for size, unit in ((86_400, "天"), (3_600, "小时"), (60, "分钟")):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} 秒"
