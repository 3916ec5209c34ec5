/** Every request of the consoles by its name; paths and bodies stand here and nowhere else. */
import { Http, itemsOf } from "./http.ts";
import type {
  Assignment,
  CallAnswer,
  Catalogue,
  Decision,
  DispatchOrder,
  Incident,
  IncidentDetail,
  Me,
  Mode,
  NewIncident,
  NewMode,
  Place,
  StartPage,
  TimelineItem,
  Unit,
} from "./types.ts";

type Items<T> = { items: T[] } | T[];

const q = (params: Record<string, string | number | undefined>): string => {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    if (value !== undefined && value !== "") search.set(name, String(value));
  }
  const text = search.toString();
  return text ? `?${text}` : "";
};

export class Api {
  readonly http: Http;

  constructor(http: Http) {
    this.http = http;
  }

  me = (): Promise<Me> => this.http.get("/me");
  logIn = (login: string, password: string): Promise<Me> => this.http.post("/sessions", { login, password });
  logOut = (): Promise<void> => this.http.delete("/sessions/current");
  catalogue = (): Promise<Catalogue> => this.http.get("/catalogue");
  start = (): Promise<StartPage> => this.http.get("/start");

  units = async (query: { q?: string; kind?: string; division?: string; limit?: number }): Promise<Unit[]> =>
    itemsOf(await this.http.get<Items<Unit>>(`/units${q(query)}`));
  /** Every unit that the desk may see, page by page. */
  allUnits = async (): Promise<Unit[]> => {
    const all: Unit[] = [];
    let after: string | undefined;
    do {
      const page = await this.http.get<{ items: Unit[]; after?: string | null }>(`/units${q({ limit: 200, after })}`);
      all.push(...page.items);
      after = page.after ?? undefined;
    } while (after !== undefined && all.length < 20_000);
    return all;
  };
  places = async (query: { q?: string; limit?: number }): Promise<Place[]> =>
    itemsOf(await this.http.get<Items<Place>>(`/places${q(query)}`));

  recentIncidents = async (): Promise<Incident[]> =>
    itemsOf(await this.http.get<Items<Incident>>(`/incidents${q({ limit: 100 })}`));
  incident = (id: string): Promise<IncidentDetail> => this.http.get(`/incidents/${id}`);
  timeline = async (id: string): Promise<TimelineItem[]> =>
    itemsOf(await this.http.get<Items<TimelineItem>>(`/incidents/${id}/timeline`));
  report = (body: NewIncident, key: string): Promise<CallAnswer> =>
    this.http.post("/incidents", body, { idempotencyKey: key });

  dispatch = (id: string, order: DispatchOrder, key: string): Promise<unknown> =>
    this.http.post(`/incidents/${id}/dispatch`, order, { idempotencyKey: key });
  recommend = (id: string): Promise<Decision> => this.http.post(`/incidents/${id}/recommend`, {});
  incidentVerb = (id: string, verb: string, body: unknown, key: string): Promise<unknown> =>
    this.http.post(`/incidents/${id}/${verb}`, body, { idempotencyKey: key });
  setMode = (body: NewMode, key: string): Promise<Mode> => this.http.post("/modes", body, { idempotencyKey: key });
  endMode = (id: string, reason: string, key: string): Promise<Mode> =>
    this.http.post(`/modes/${id}/end`, { reason }, { idempotencyKey: key });
  assignmentVerb = (id: string, verb: string, body: unknown, key: string): Promise<Assignment> =>
    this.http.post(`/assignments/${id}/${verb}`, body, { idempotencyKey: key });
}
