/**
 * Holds the consoles' types against those generated from the service. What the service sends must be readable as the
 * console's type, and every field that the console knows must exist there: a field that is renamed, removed or changes
 * its type does not compile here. What the console sends must be what the service takes. Nothing runs.
 */
import type * as service from "./generated.ts";
import type * as frames from "./frames.ts";
import type * as paper from "./paper.ts";
import type * as console from "./types.ts";

/** Fields of `Known` that the other side does not have. */
type Unknown<Known, There> = Exclude<keyof Known, keyof There>;
type Reads<Sent, Read> = [Sent] extends [Read]
  ? [Unknown<Read, Sent>] extends [never]
    ? true
    : { unknown: Unknown<Read, Sent> }
  : { sent: Sent; read: Read };
type Sends<Sent, Taken> = [Sent] extends [Taken]
  ? [Unknown<Sent, Taken>] extends [never]
    ? true
    : { unknown: Unknown<Sent, Taken> }
  : { sent: Sent; taken: Taken };

export interface Agreement {
  incident: Reads<service.IncidentView, console.Incident>;
  place: Reads<service.DevicePlace, console.Place>;
  assignment: Reads<service.AssignmentView, console.Assignment>;
  selection: Reads<service.SelectionView, console.Selection>;
  stage: Reads<service.StageView, console.Stage>;
  trigger: Reads<service.TriggerView, console.Trigger>;
  shortfall: Reads<service.ShortfallView, console.Shortfall>;
  detail: Reads<Omit<service.FullIncidentView, "calls">, Omit<console.IncidentDetail, "calls">>;
  delivery: Reads<service.DeliveryView, console.Delivery>;
  decision: Reads<service.DecisionView, console.Decision>;
  requirement: Reads<service.RequirementView, console.Requirement>;
  considered: Reads<service.ConsideredView, console.Considered>;
  timeline: Reads<service.TimelineEntry, console.TimelineItem>;
  catalogue: Reads<service.Catalogue, console.Catalogue>;
  division: Reads<service.DivisionView, console.DivisionEntry>;
  unit: Reads<service.ListedUnit, console.Unit>;
  device: Reads<service.DeviceView, console.Device>;
  deviceStatus: Reads<service.DeviceStatus, console.DeviceStatus>;
  problem: Reads<service.Problem, Pick<console.ProblemBody, "type" | "title" | "status" | "detail" | "code" | "errors">>;
  me: Reads<service.Me, console.Me>;
  welcome: Reads<service.Welcome, frames.WelcomeFrame>;
  snapshot: Reads<service.Snapshot, frames.SnapshotFrame>;
  event: Reads<service.EventFrame, frames.EventFrame>;
  mode: Reads<service.ModeView, console.Mode>;
  drill: Reads<service.DrillView, console.Drill>;
  communicationReport: Reads<service.CommunicationReport, console.CommunicationReport>;
  testCall: Reads<service.RollCallView, console.TestCall>;
  schedule: Reads<service.ScheduleView, console.Schedule>;
  alarm: Reads<service.AuditAlarm, console.AuditAlarm>;
  heartbeat: Reads<service.Heartbeat, frames.HeartbeatFrame>;
  hello: Sends<frames.HelloFrame, service.Hello>;
  receipt: Sends<frames.ReceiptFrame, service.Receipt>;
  report: Sends<console.NewIncident, service.IncidentReport>;
  relocation: Sends<console.Relocation, service.Relocate>;
  newMode: Sends<console.NewMode, service.ModeSetting>;
  newDrill: Sends<console.NewDrill, service.DrillBody>;
  newTest: Sends<console.NewCommunicationTest, service.CommunicationTestBody>;
  newSchedule: Sends<console.NewSchedule, service.ScheduleBody>;
  paperRecord: Sends<paper.PaperRecord, service.BackEntry>;
  press: Sends<console.Press, service.Press>;
}

type Disagreement = { [Shape in keyof Agreement as Agreement[Shape] extends true ? never : Shape]: Agreement[Shape] };

/** Does not compile while anything disagrees; the error names the shape. */
export const agreed: keyof Disagreement extends never ? true : Disagreement = true;
