"""Rules that can be trusted: lives of rulesets, modes, stages, links, and what a decision was made from.

Revision: 0002
"""

from alembic import op

revision = "0002"
down_revision = "0001"

UP = """
ALTER TABLE ruleset ADD status text NOT NULL DEFAULT 'published' CHECK (status IN ('draft', 'published', 'discarded')),
  ADD base_version integer, ADD created_at timestamptz NOT NULL DEFAULT now(),
  ADD created_by text NOT NULL DEFAULT 'system', ADD effective_at timestamptz,
  ALTER published_at DROP NOT NULL, ALTER published_at DROP DEFAULT, ALTER published_by DROP NOT NULL;
UPDATE ruleset SET effective_at = published_at, created_at = published_at, created_by = published_by;
ALTER TABLE ruleset ADD CHECK (status <> 'published' OR num_nonnulls(published_at, published_by, effective_at) = 3);
CREATE TABLE ruleset_act (seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, version integer NOT NULL REFERENCES ruleset(version),
  act text NOT NULL CHECK (act IN ('drafted', 'edited', 'published', 'rolled_back', 'discarded', 'loaded')),
  actor json NOT NULL, reason text, facts json NOT NULL DEFAULT '{}', recorded_at timestamptz NOT NULL DEFAULT now());
CREATE INDEX ruleset_act_version ON ruleset_act (version, seq);
CREATE TABLE mode (id uuid PRIMARY KEY, division_code text NOT NULL,
  field text NOT NULL CHECK (field IN ('response_mode', 'warning_colour', 'weather')), value text NOT NULL,
  starts_at timestamptz NOT NULL, ends_at timestamptz, reason text NOT NULL, set_by text NOT NULL,
  set_at timestamptz NOT NULL DEFAULT now(), ended_at timestamptz, ended_by text, end_reason text, reminded_at timestamptz,
  CHECK (ends_at IS NULL OR ends_at > starts_at));
CREATE INDEX mode_standing ON mode (starts_at) WHERE ended_at IS NULL;
CREATE TABLE directory_snapshot (version bigint PRIMARY KEY, body text NOT NULL, recorded_at timestamptz NOT NULL DEFAULT now());
ALTER TABLE decision ADD input text, ADD further json NOT NULL DEFAULT '[]';
ALTER TABLE incident ADD stages json NOT NULL DEFAULT '[]', ADD links json NOT NULL DEFAULT '[]';
ALTER TABLE unit ADD modes text[] NOT NULL DEFAULT '{}';
ALTER TABLE incident_type ADD personal boolean NOT NULL DEFAULT false;
ALTER TABLE division ADD boundary json;
ALTER TABLE timer DROP CONSTRAINT timer_pkey, DROP CONSTRAINT timer_kind_check;
ALTER TABLE timer ADD PRIMARY KEY (subject_id, kind), ADD CHECK (kind IN ('assignment', 'incident', 'stage'));
"""

# A decision can be made again only on the directory of then: what routing reads is kept with each version that changed
# it. The newest snapshot up to a version is that version's.
KEEP_DIRECTORY = """
CREATE FUNCTION keep_directory(kept bigint) RETURNS void LANGUAGE sql AS $$
  INSERT INTO directory_snapshot (version, body) SELECT kept, b.body FROM (SELECT json_build_object(
    'unit_kind', (SELECT json_agg(to_json(t) ORDER BY code) FROM unit_kind t),
    'unit', (SELECT json_agg(to_json(t) ORDER BY code) FROM unit t),
    'division', (SELECT json_agg(to_json(t) ORDER BY code) FROM division t),
    'incident_type', (SELECT json_agg(to_json(t) ORDER BY code) FROM incident_type t),
    'clock_profile', (SELECT json_agg(to_json(t) ORDER BY code) FROM clock_profile t),
    'place_kind', (SELECT json_agg(to_json(t) ORDER BY code) FROM place_kind t))::text AS body) b
  WHERE b.body IS DISTINCT FROM (SELECT body FROM directory_snapshot ORDER BY version DESC LIMIT 1)
$$
"""
KEEP_FIRST = "SELECT keep_directory(version) FROM directory_version WHERE EXISTS (SELECT 1 FROM unit)"

DOWN = """
DROP FUNCTION keep_directory(bigint);
DELETE FROM timer WHERE kind = 'stage';
ALTER TABLE timer DROP CONSTRAINT timer_pkey, DROP CONSTRAINT timer_kind_check;
ALTER TABLE timer ADD PRIMARY KEY (subject_id), ADD CHECK (kind IN ('assignment', 'incident', 'device'));
ALTER TABLE division DROP boundary;
ALTER TABLE incident_type DROP personal;
ALTER TABLE unit DROP modes;
ALTER TABLE incident DROP stages, DROP links;
ALTER TABLE decision DROP input, DROP further;
DROP TABLE directory_snapshot;
DROP TABLE mode;
DROP TABLE ruleset_act;
DELETE FROM ruleset WHERE status <> 'published';
ALTER TABLE ruleset DROP status, DROP base_version, DROP created_at, DROP created_by, DROP effective_at,
  ALTER published_at SET NOT NULL, ALTER published_at SET DEFAULT now(), ALTER published_by SET NOT NULL;
"""


def upgrade() -> None:
    """Add what rules need."""
    _run(UP)
    op.execute(KEEP_DIRECTORY)
    op.execute(KEEP_FIRST)


def downgrade() -> None:
    """Take it away again: drafts, modes and inputs of decisions are lost."""
    _run(DOWN)


def _run(part: str) -> None:
    for statement in part.split(";\n"):
        if statement.strip():
            op.execute(statement)
