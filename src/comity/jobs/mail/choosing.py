"""Which way mail takes, by the settings: the mail server that is named, else a directory of files."""

from __future__ import annotations

from comity.core.settings import SettingInvalid, Settings
from comity.jobs.mail.outbox import FileOutbox
from comity.jobs.mail.sender import Sender
from comity.jobs.mail.smtp import Security, SmtpSender, SmtpServer


def choose_sender(settings: Settings) -> Sender:
    """The sender that the settings ask for.

    Raises:
        SettingInvalid: there is no such protection.
    """
    if settings.smtp_host is None:
        return FileOutbox(settings.outbox_path)
    try:
        security = Security(settings.smtp_security)
    except ValueError as fault:
        raise SettingInvalid(setting="COMITY_SMTP_SECURITY", value=settings.smtp_security) from fault
    return SmtpSender(
        SmtpServer(
            host=settings.smtp_host,
            security=security,
            port=settings.smtp_port or security.port,
            user=settings.smtp_user,
            password=settings.smtp_password,
            timeout_s=settings.smtp_timeout_s,
            ca_file=settings.smtp_ca_file,
        )
    )
