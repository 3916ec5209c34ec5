/** What a 409 says in a form that a person can read: what is different now, and who did it. */
import type { Incident, ProblemBody } from "../wire/types.ts";

export interface Conflict {
  detail: string;
  code: string;
  who: string | null;
  status: string | null;
  changes: { field: string; before: string; after: string }[];
}

const compared = ["status", "severity", "urgency", "call_count", "disposition"] as const;

export function conflictOf(body: ProblemBody, known: Incident | null): Conflict {
  const current = asRecord(body.current);
  const changes: Conflict["changes"] = [];
  const sameKind = known !== null && current !== null && current["id"] === known.id;
  if (sameKind) {
    for (const field of compared) {
      const after = current[field];
      if (after !== undefined && after !== known[field]) {
        changes.push({ field, before: String(known[field] ?? ""), after: String(after ?? "") });
      }
    }
  }
  const status = current ? current["status"] : body.current;
  return {
    detail: body.detail ?? body.title ?? "",
    code: body.code ?? "conflict",
    who: nameIn(body["changed_by"] ?? body["actor"] ?? current?.["changed_by"]),
    status: typeof status === "string" ? status : null,
    changes,
  };
}

function asRecord(value: unknown): Record<string, unknown> | null {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : null;
}

function nameIn(value: unknown): string | null {
  if (typeof value === "string") return value;
  const name = asRecord(value)?.["name"];
  return typeof name === "string" ? name : null;
}
