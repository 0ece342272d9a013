"""The channels that the settings and the rule file ask for."""

import os
from collections.abc import Mapping

from pydantic import SecretStr

from alerts.address import APPRISE, MAIL
from alerts.channels.apprise import AppriseChannel, services_of
from alerts.channels.channel import Channel
from alerts.channels.mail import MailChannel
from alerts.mute_link import Links
from alerts.rules.policy import Delivery
from horses_scrapy.config import Settings, secret
from horses_scrapy.config.env_file import read_env
from horses_scrapy.config.variables import layers
from horses_scrapy.errors import ConfigError


def channels_of(settings: Settings, delivery: Delivery, environ: Mapping[str, str] = os.environ) -> dict[str, Channel]:
    """By the name that alert_delivery.channel holds. Raises ConfigError that names every URL that is missing or bad."""
    urls, missing = _urls(settings, delivery, environ)
    if missing:
        raise ConfigError("\n".join(missing))
    return {MAIL: MailChannel(settings.smtp, Links.of(settings.api)), APPRISE: AppriseChannel(urls)}


def channel_faults(settings: Settings, delivery: Delivery, environ: Mapping[str, str] = os.environ) -> list[str]:
    """What a mailer would refuse to start with, a line each."""
    urls, missing = _urls(settings, delivery, environ)
    try:
        services_of(urls)
    except ConfigError as error:
        return [*missing, *str(error).splitlines()]
    return missing


def _urls(settings: Settings, delivery: Delivery, environ: Mapping[str, str]) -> tuple[dict[str, SecretStr], list[str]]:
    """Only the variables that the rule file names: the rest of the environment is none of our business."""
    missing: list[str] = []
    given = secret.resolved(
        layers(read_env(settings.home / ".env"), environ), delivery.channels.values(), settings.home, missing
    )
    known = {name: value for layer in given for name, value in layer.values.items() if value}
    found = {name: SecretStr(known[variable]) for name, variable in delivery.channels.items() if known.get(variable)}
    missing += [
        f"{settings.alerts_file}: delivery.channels.{name}: set {variable} in the environment or .env to an apprise URL"
        for name, variable in delivery.channels.items()
        if name not in found
    ]
    return found, missing
