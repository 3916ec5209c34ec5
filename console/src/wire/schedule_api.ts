/** Scheduled tests of communication, as the service keeps them. Apart for the sake of the page's weight. */
import { itemsOf, type Http } from "./http.ts";
import type { NewSchedule, Schedule } from "./types.ts";

const schedules = "/communication-schedules";

export const listSchedules = async (http: Http): Promise<Schedule[]> => itemsOf(await http.get<{ items: Schedule[] }>(schedules));
export const addSchedule = (http: Http, schedule: NewSchedule, key: string): Promise<Schedule> =>
  http.post(schedules, schedule, { idempotencyKey: key });
/** Without a key: however often it is said, it stands as it was said. */
export const switchSchedule = (http: Http, id: string, enabled: boolean): Promise<Schedule> =>
  http.send("PATCH", `${schedules}/${id}`, { enabled });
