/** What a desk asks for rarely: drills, tests of communication, paper records. Apart for the sake of the page's weight. */
import { itemsOf, type Http } from "./http.ts";
import type { Agency, CallAnswer, CommunicationReport, CommunicationTest, Drill, NewCommunicationTest, NewDrill } from "./types.ts";
import type { PaperRecord } from "./paper.ts";

export interface DrillLists {
  standing: Drill[];
  coming: Drill[];
  ended: Drill[];
}

export const listDrills = (http: Http): Promise<DrillLists> => http.get("/drills");
export const announceDrill = (http: Http, drill: NewDrill, key: string): Promise<Drill> =>
  http.post("/drills", drill, { idempotencyKey: key });
export const endDrill = (http: Http, id: string, key: string): Promise<Drill> =>
  http.post(`/drills/${id}/end`, {}, { idempotencyKey: key });

export const listTests = async (http: Http): Promise<CommunicationTest[]> =>
  itemsOf(await http.get<{ items: CommunicationTest[] }>("/communication-tests?limit=20"));
export const readTest = (http: Http, id: string): Promise<CommunicationReport> => http.get(`/communication-tests/${id}`);
export const tableOfTest = (id: string): string => `/api/v1/communication-tests/${id}?format=csv`;
export const startTest = (http: Http, test: NewCommunicationTest, key: string): Promise<CommunicationTest> =>
  http.post("/communication-tests", test, { idempotencyKey: key });

export const listAgencies = async (http: Http): Promise<Agency[]> =>
  itemsOf(await http.get<{ items: Agency[] }>("/agencies?limit=200"));

/** Without a key of its own: its paper number is the key, so that the same record gets the first answer whoever sends it. */
export const enterPaper = (http: Http, record: PaperRecord): Promise<CallAnswer> => http.post("/incidents/back-entries", record);
