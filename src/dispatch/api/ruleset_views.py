"""Shapes of requests and answers about rulesets, for parsing, the documentation and the generated types."""

from typing import Annotated, Any, Literal

from pydantic import Field

from dispatch.api.schemas import Body, Instant, Short
from dispatch.api.view_basics import ActorView, Named, View

Version = Annotated[int, Field(ge=1, le=2_147_483_647)]
Revision = Annotated[int, Field(ge=0, le=2_147_483_647)]


class DraftQuery(Body):
    """What stands beside the document of a new draft."""

    base_version: Version | None = None
    note: Short | None = None


class EditQuery(Body):
    """What stands beside the document of an edited draft."""

    expected_revision: Revision | None = None
    note: Short | None = None


class Publish(Body):
    """Why these rules, from when on, and what the publisher has seen."""

    reason: Short
    effective_at: Instant | None = None
    expected_version: Annotated[Version, Field(strict=True)] | None = None
    expected_revision: Annotated[Revision, Field(strict=True)] | None = None


class Reason(Body):
    """Why."""

    reason: Short


class Lint(Body):
    """What can be said against it; nothing is written."""


class RulesetDocument(View):
    """A ruleset as people write it; the demo city's own shows what rules may say."""

    name: Named
    rules: list[dict[str, Any]] = Field(min_length=1)
    correlations: list[dict[str, Any]] = Field(default_factory=list)


class RulesetEntry(View):
    """A version. `reason`, `changed_at` and `changed_by` are of the last act; `revision` counts edits of the draft."""

    version: int
    status: Literal["draft", "published", "discarded"]
    in_force: bool
    base_version: int | None
    revision: int
    note: str | None
    created_at: str
    created_by: str
    published_at: str | None
    published_by: str | None
    effective_at: str | None
    reason: str | None
    changed_at: str | None
    changed_by: str | None


class RulesetList(View):
    """Versions, newest first."""

    items: list[RulesetEntry]
    after: str | None


class FullRuleset(RulesetEntry):
    """A version with its document, as it was given."""

    ruleset: RulesetDocument


class FindingView(View):
    """One thing that lint found. An `error` keeps a draft from being published."""

    level: Literal["error", "warning", "note"]
    code: str
    pointer: str
    rule: str | None
    detail: Named


class FindingCounts(View):
    """How many findings there are of each level."""

    error: int
    warning: int
    note: int


class Findings(View):
    """What can be said against a ruleset, with JSON pointers into its document."""

    findings: list[FindingView]
    counts: FindingCounts


class NightlyFindings(Findings):
    """What the last lint of the ruleset in force found; null versions when there was none yet."""

    ruleset_version: int | None
    directory_version: int | None
    linted_at: str | None


class LintedRuleset(RulesetEntry, Findings):
    """A version as it now stands, and what lint found in it."""


class RolledBackRuleset(RulesetEntry):
    """The new version: `restored` is the one whose body came back, `withdrawn` were published and not yet due."""

    restored: int
    withdrawn: list[int]


class ActView(View):
    """Something done to a version."""

    act: Literal["drafted", "edited", "published", "rolled_back", "discarded", "loaded"]
    actor: ActorView
    reason: str | None
    facts: dict[str, Any]
    recorded_at: str


class RulesetHistory(View):
    """What was done to a version, oldest first."""

    items: list[ActView]


class FieldChange(View):
    """A field before and after; null where there is nothing. `text` says it in words."""

    field: str
    before: Any
    after: Any
    text: Named


class RuleName(View):
    """A rule that is only in one of the two."""

    rule: str
    name: Named


class RuleChange(RuleName):
    """A rule that is in both, and differs."""

    fields: list[FieldChange]


class RulesetDiffView(View):
    """What changed from `against` to `version`; `fields` are of the ruleset itself. Order of rules means nothing."""

    version: int
    against: int
    same: bool
    added: list[RuleName]
    removed: list[RuleName]
    changed: list[RuleChange]
    fields: list[FieldChange]
