"""Settings, all read at start from the environment (`DISPATCH_…`, and `DATABASE_URL`), refused loudly if wrong."""

from zoneinfo import ZoneInfo

from pydantic import AliasChoices, Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


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

    @field_validator("timezone")
    @classmethod
    def _known_timezone(cls, value: str) -> str:
        ZoneInfo(value)
        return value
