"""Settings, all read at start from the environment (`DISPATCH_…`, and `DATABASE_URL`), refused loudly if wrong."""

from zoneinfo import ZoneInfo

from pydantic import AliasChoices, Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from dispatch.domain.push import VAPID_KEY_BYTES, from_base64url


class Settings(BaseSettings):
    """What an installation decides."""

    model_config = SettingsConfigDict(env_prefix="DISPATCH_", extra="ignore", frozen=True)

    database_url: str = Field(default="", validation_alias=AliasChoices("DATABASE_URL", "DISPATCH_DATABASE_URL"))
    """A PostgreSQL (≥ 15) URL."""
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=1, le=65535)
    pool_size: int = Field(default=10, ge=2, le=200)
    timezone: str = "Asia/Shanghai"
    """The local time of numbers, schedules and rules."""
    session_hours: float = Field(default=12.0, gt=0, le=72)
    secure_cookies: bool = False
    """Set when the service is reached over TLS."""
    paging_webhook: str = ""
    """URL of an SMS or voice gateway: gets {id, to, text} by POST."""
    paging_file: str = ""
    """A file to which pages are appended, one JSON line each: for trials without a gateway."""
    presence_grace_s: float = Field(default=15.0, ge=0, le=3600)
    """How long a unit's console may be away before its people are reached another way."""
    drain_s: float = Field(default=5.0, ge=0, le=3600)
    """How long `/readyz` says no before a process that was told to stop (SIGTERM) sends its consoles away."""
    danger_tags: str = ""
    """Further tags, by commas, that alarm every unit on the incident again and must be acknowledged anew."""
    apprise: str = ""
    """Further channels through Apprise: JSON, or a file with it: {"name": "URL with {to}"}."""
    web_push: bool = True
    """Consoles of units may be told by web push."""
    vapid_key: str = Field(default="", repr=False)
    """The private key of web push, 32 bytes in base64url; empty: drawn once and kept in the database."""
    vapid_subject: str = ""
    """Whom the operator of a push service may write to: `mailto:` or `https:`."""
    web_push_private: bool = False
    """Push services may be at private addresses, and speak http on this machine."""
    keep_changes_hours: float = Field(default=48.0, ge=24.0)
    """How long consoles may be away and still resume, and how long idempotency keys are kept."""
    rules_two_persons: bool = True
    """Whoever drafted or edited a ruleset may not publish it."""
    audit_every_s: float = Field(default=5.0, ge=1.0, le=60.0)
    """How often the auditor of every server looks."""
    dead_man_url: str = ""
    """Asked for with GET after every audit that was complete and found nothing."""
    kit_dir: str = ""
    """Where the kit for the hours without the service is written every minute; empty: it is not."""
    kit_copies: int = Field(default=60, ge=1, le=10_000)
    """How many time-stamped copies of the kit are kept beside the current one."""
    log_level: str = "INFO"

    @field_validator("vapid_key")
    @classmethod
    def _whole_key(cls, value: str) -> str:
        if value and len(from_base64url(value)) != VAPID_KEY_BYTES:
            raise ValueError("32 bytes in base64url")
        return value

    @field_validator("vapid_subject")
    @classmethod
    def _somebody_to_write_to(cls, value: str) -> str:
        if value and not value.startswith(("mailto:", "https:")):
            raise ValueError("a mailto: or https: address")
        return value

    @field_validator("timezone")
    @classmethod
    def _known_timezone(cls, value: str) -> str:
        ZoneInfo(value)
        return value
