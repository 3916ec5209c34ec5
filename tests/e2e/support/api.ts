/** An operator without a page: what a test needs to arrange or to ask beside what it sees. */
import { type APIRequestContext, expect, request } from "@playwright/test";

export interface Assignment {
  id: string;
  role: string;
  status: string;
  issued_at: string;
  delivered_at: string | null;
  min_ack_revision: number;
  acknowledged_revision: number | null;
  unit: { id: string; code: string; kind: string; name: string };
  selection: { on_call: boolean; substitute_for: string | null } | null;
}

export interface Incident {
  id: string;
  number: string;
  status: string;
  disposition: string | null;
  call_count: number;
  tags: string[];
  stages: { action: string; unit_kind: string }[];
  assignments: Assignment[];
}

export interface Detail extends Incident {
  deliveries: { assignment_id: string | null; channel: string; recipient: string; state: string; queued_at: string }[];
}

export interface TimelineItem {
  at: string;
  event: string;
  unit: { code: string; name: string } | null;
}

export class Operator {
  private constructor(private readonly http: APIRequestContext) {}

  static async logIn(base: string, login = "desk1"): Promise<Operator> {
    const http = await request.newContext({ baseURL: base, extraHTTPHeaders: { origin: base } });
    const answer = await http.post("/api/v1/sessions", { data: { login, password: "demo-only" } });
    expect(answer.status()).toBe(201);
    return new Operator(http);
  }

  async get<T>(path: string): Promise<T> {
    const answer = await this.http.get(`/api/v1${path}`);
    expect(answer.ok(), `${path}: ${await answer.text()}`).toBe(true);
    return (await answer.json()) as T;
  }

  async post<T = unknown>(path: string, data: unknown): Promise<T> {
    const answer = await this.http.post(`/api/v1${path}`, { data });
    expect(answer.ok(), `${path}: ${await answer.text()}`).toBe(true);
    return (await answer.json()) as T;
  }

  async report(body: Record<string, unknown>): Promise<Incident> {
    return (await this.post<{ incident: Incident }>("/incidents", body)).incident;
  }

  async open(): Promise<Incident[]> {
    return (await this.get<{ items: Incident[] }>("/incidents?status=open&limit=50")).items;
  }

  incident(id: string): Promise<Detail> {
    return this.get<Detail>(`/incidents/${id}`);
  }

  async timeline(id: string): Promise<TimelineItem[]> {
    return (await this.get<{ items: TimelineItem[] }>(`/incidents/${id}/timeline`)).items;
  }

  /** Puts an end to whatever a test left open, so that the next one begins with a quiet city. */
  async quiet(): Promise<void> {
    for (const incident of await this.open()) {
      await this.post(`/incidents/${incident.id}/cancel`, { reason: "end of the test", false_alarm: true });
    }
  }

  dispose(): Promise<void> {
    return this.http.dispose();
  }
}
