/**
 * A stand-in for the service while working on the consoles: one device, five units, one city block,
 * everything in memory. Speaks the same paths and frames; decides nothing worth believing.
 * `npm run mock` serves the built pages on port 8124; keys and logins stand in mock_world.mjs.
 */
import { createReadStream, existsSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { randomUUID } from "node:crypto";
import { WebSocketServer } from "ws";
import { catalogue, devices, fillDecision, logins, places, units } from "./mock_world.mjs";

const port = Number(process.env.PORT ?? 8124);
const root = fileURLToPath(new URL("../../src/dispatch/static/", import.meta.url));
const types = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

const incidents = new Map();
const timelines = new Map();
const replies = new Map();
const sockets = new Set();
let serial = 41;
let down = false;

const now = () => new Date().toISOString().replace("Z", "000+00:00");
const after = (seconds) => new Date(Date.now() + seconds * 1000).toISOString().replace("Z", "000+00:00");

function who(token) {
  const unit = units.find((one) => one.key === token);
  if (unit) return { kind: "console", name: unit.name, role: "responder", unit, device_id: null };
  const device = devices.find((one) => one.key === token);
  if (device) return { kind: "device", name: device.name, role: null, unit: null, device_id: device.id };
  const login = logins.find((one) => `session-${one.name}` === token);
  if (!login) return null;
  const own = login.unit ? units.find((one) => one.code === login.unit) : null;
  return { kind: "person", name: login.shown, role: login.role, unit: own ?? null, device_id: null };
}

const brief = ({ id, code, name, name_en, kind, agency }) => ({ id, code, name, name_en, kind, agency });

function visible(me, incident) {
  if (["operator", "shift_leader", "admin"].includes(me.role)) return incident;
  if (me.device_id) return incident.device_id === me.device_id ? restrict(incident) : null;
  const mine = incident.assignments.find((one) => one.unit.id === me.unit?.id);
  if (!mine) return null;
  return mine.role === "lead" ? incident : restrict(incident);
}
const restrict = (incident) => ({ ...incident, description: null, caller: null, restricted: true });

function publish(incident, event, changed, { facts = {}, actor = "系统", to = null } = {}) {
  const at = now();
  const items = timelines.get(incident.id) ?? [];
  items.push({ at, recorded_at: at, actor: { kind: actor === "系统" ? "system" : "person", name: actor }, event, assignment_id: changed[0]?.id ?? null, unit: changed[0]?.unit ?? null, facts });
  timelines.set(incident.id, items);
  for (const socket of sockets) {
    const seen = visible(socket.me, incident);
    if (!seen || (to && socket.me.unit && socket.me.unit.id !== to)) continue;
    if (to && !socket.me.unit && socket.me.device_id) continue;
    socket.send(JSON.stringify({ type: "event", event_id: randomUUID(), cursor: "c", event, occurred_at: at, incident: { ...seen, assignments: changed }, assignment: changed[0] ?? null, facts }));
  }
}

function assign(incident, unit, role, { mandatory = true, selection = { code: "jurisdiction", distance_m: unit.distance, rank: 1 } } = {}) {
  const assignment = {
    id: randomUUID(), incident_id: incident.id, unit: brief(unit), role, mandatory, slot: incident.assignments.length, status: "issued", version: 1,
    issued_at: now(), urge_by: after(30), acknowledge_by: after(60), depart_by: after(180), arrive_by: after(300), feedback_by: after(1800), close_by: after(86400),
    delivered_at: null, seen_at: null, acknowledged_at: null, en_route_at: null, on_scene_at: null, fed_back_at: null, completed_at: null, ended_at: null,
    excused_at: null, steps_done: [], overdue: [], reason: null, feedback: null, selection,
    min_ack_revision: incident.revision, acknowledged_revision: null, change_by: null,
  };
  incident.assignments.push(assignment);
  return assignment;
}

function open({ type, place, division, address, description, caller, severity, urgency, device, channel, exercise }) {
  serial += 1;
  const defaults = catalogue.incident_types[type];
  const incident = {
    id: randomUUID(), number: `430304-20261123-${String(serial).padStart(6, "0")}`, source_reference: null, version: 1, status: "received",
    incident_type: type, place: place ?? null, location: null, division_code: division ?? place?.division_code ?? null, address: address ?? place?.address ?? null,
    description: description ?? null, caller: caller ?? null, severity: severity ?? defaults.severity, urgency: urgency ?? defaults.urgency, tags: [],
    exercise: exercise ?? "actual", channel, opened_at: now(), closed_at: null, disposition: null, call_count: 1, revision: 1, shortfalls: [], restricted: false, assignments: [],
    device_id: device?.id ?? null,
  };
  incidents.set(incident.id, incident);
  const wanted = type === "psychiatric.disturbance" ? units.slice(0, 4) : type.startsWith("fire") ? [] : units.slice(0, 1);
  const made = wanted.map((unit, at) => assign(incident, unit, at === 0 ? "lead" : "support"));
  incident.decision = fillDecision(incident, made, units);
  if (made.length > 0) incident.status = "dispatched";
  else incident.shortfalls = [{ unit_kind: "fire_rescue", role: "lead", reason: "no_candidates", count: 1 }];
  publish(incident, "incident.opened", made);
  for (const one of made) {
    publish(incident, "assignment.issued", [one], { to: one.unit.id });
    setTimeout(() => silent(incident, one, "urged"), 30_000);
    setTimeout(() => silent(incident, one, "escalated"), 60_000);
  }
  return incident;
}

function silent(incident, assignment, what) {
  if (!["issued", "delivered"].includes(assignment.status)) return;
  change(incident, assignment, { steps_done: [...assignment.steps_done, what === "urged" ? "urge" : "escalate"] }, `assignment.${what}`);
}

function change(incident, assignment, fields, event, actor) {
  Object.assign(assignment, fields, { version: assignment.version + 1 });
  if (["en_route", "on_scene"].includes(assignment.status) && incident.status === "dispatched") incident.status = "in_progress";
  incident.version += 1;
  publish(incident, event, [assignment], actor ? { actor } : {});
  const needed = incident.assignments.filter((one) => one.mandatory && !["declined", "revoked"].includes(one.status));
  const lead = needed.find((one) => one.role === "lead");
  if (lead?.feedback && needed.every((one) => one.status === "completed" || one.excused_at) && incident.status !== "closed") {
    finish(incident, "closed", "handled", "incident.closed");
  }
}

function finish(incident, status, disposition, event, actor) {
  Object.assign(incident, { status, disposition, closed_at: now(), version: incident.version + 1 });
  publish(incident, event, [], actor ? { actor } : {});
}

class Problem extends Error {
  constructor(status, code, detail, more = {}) {
    super(detail);
    Object.assign(this, { status, code, more });
  }
}

const steps = {
  acknowledge: ["acknowledged", ["issued", "delivered"], "assignment.acknowledged"],
  depart: ["en_route", ["acknowledged"], "assignment.departed"],
  arrive: ["on_scene", ["en_route"], "assignment.arrived"],
  complete: ["completed", ["on_scene", "acknowledged"], "assignment.completed"],
  decline: ["declined", ["issued", "delivered"], "assignment.declined"],
  revoke: ["revoked", ["issued", "delivered", "acknowledged", "en_route", "on_scene"], "assignment.revoked"],
};

function assignmentVerb(me, id, verb, body) {
  const incident = [...incidents.values()].find((one) => one.assignments.some((two) => two.id === id));
  const assignment = incident?.assignments.find((one) => one.id === id);
  if (!assignment) throw new Problem(404, "not_found", "没有这项任务");
  if (verb === "urge") change(incident, assignment, {}, "assignment.urged", me.name);
  else if (verb === "excuse") change(incident, assignment, { excused_at: now() }, "assignment.excused", me.name);
  else if (verb === "feedback") change(incident, assignment, { feedback: { outcome: body.outcome, text: body.text }, fed_back_at: now() }, "assignment.fed_back", me.name);
  else {
    const [to, from, event] = steps[verb] ?? [];
    if (!to) throw new Problem(404, "not_found", "unknown verb");
    if (!from.includes(assignment.status)) throw new Problem(409, "wrong_state", `状态为 ${assignment.status}，不能 ${verb}`, { current: assignment, changed_by: { name: "李值班" } });
    change(incident, assignment, { status: to, reason: body.reason ?? null, ...(to === "declined" || to === "revoked" ? { ended_at: now() } : { [`${to}_at`]: now() }) }, event, me.name);
  }
  return assignment;
}

function cancelAll(incident, me) {
  const going = incident.assignments.filter((one) => !["completed", "declined", "revoked"].includes(one.status));
  Object.assign(incident, { status: "closed", disposition: "false_alarm", closed_at: now(), version: incident.version + 1 });
  for (const one of going) {
    Object.assign(one, { status: "revoked", version: one.version + 1, ended_at: now() });
    publish(incident, "assignment.revoked", [one], { actor: me.name });
  }
  publish(incident, "incident.closed", [], { actor: me.name });
}

function press(device, body) {
  const joined = [...incidents.values()].find((one) => one.device_id === device.id && one.status !== "closed");
  if (joined) {
    joined.call_count += 1;
    joined.version += 1;
    publish(joined, "incident.call_joined", []);
    return { call: { id: randomUUID(), outcome: "joined" }, incident: restrict(joined) };
  }
  const incident = open({ type: body.choice ?? "psychiatric.disturbance", place: device.place, device, channel: "one_key_device", exercise: body.exercise });
  return { call: { id: randomUUID(), outcome: "opened" }, incident: restrict(incident) };
}

function incidentVerb(me, incident, verb, body) {
  if (verb === "recommend") return incident.decision;
  if (verb === "note") publish(incident, "incident.noted", [], { actor: me.name, facts: { text: body.text } });
  else if (verb === "cancel") cancelAll(incident, me);
  else if (verb === "raise") {
    Object.assign(incident, { severity: body.severity ?? incident.severity, urgency: body.urgency ?? incident.urgency, version: incident.version + 1 });
    publish(incident, "incident.raised", [], { actor: me.name, facts: body });
  } else if (verb === "close") {
    if (!incident.assignments.some((one) => one.role === "lead" && one.feedback)) throw new Problem(409, "not_ready_to_close", "主办单位尚未反馈", { current: incident });
    finish(incident, "closed", body.disposition, "incident.closed", me.name);
  } else if (verb === "dispatch") {
    for (const { unit_id, role } of body.units) {
      const unit = units.find((one) => one.id === unit_id);
      incident.shortfalls = [];
      incident.version += 1;
      const made = assign(incident, unit, role, { mandatory: false, selection: { code: "manual", distance_m: unit.distance } });
      if (incident.status === "received") incident.status = "dispatched";
      publish(incident, "assignment.issued", [made], { to: unit_id, actor: me.name, facts: { reason: body.reason } });
    }
  } else throw new Problem(404, "not_found", verb);
  return incident;
}

function route(me, method, path, body, query) {
  const [, resource, id, verb] = path.match(/^\/([^/]+)(?:\/([^/]+))?(?:\/([^/]+))?$/) ?? [];
  const found = (q, ...texts) => !q || texts.some((text) => text?.toLowerCase().includes(q.toLowerCase()));
  if (resource === "me") return { ...me, unit: me.unit && brief(me.unit), division_codes: ["4303"], server_time: now(), version: "0" };
  if (resource === "catalogue") return catalogue;
  if (resource === "units") return { items: units.filter((one) => found(query.get("q"), one.name, one.name_en, one.code)).map(({ key, ...unit }) => unit) };
  if (resource === "places") return { items: places.filter((one) => found(query.get("q"), one.name, one.name_en)) };
  if (resource === "devices") {
    const device = devices.find((one) => one.id === id);
    if (!device || me.device_id !== id) throw new Problem(403, "device_revoked", "设备已停用");
    const current = [...incidents.values()].findLast((one) => one.device_id === id) ?? null;
    if (verb === "status") return { device: { ...device, key: undefined }, incident: current && restrict(current), server_time: now() };
    if (verb === "press") return press(device, body);
    if (verb === "cancel") return current && (cancelAll(current, { name: device.name }), restrict(current));
    return {};
  }
  if (resource === "assignments") return assignmentVerb(me, id, verb, body);
  if (resource === "incidents") {
    if (!id && method === "GET") return { items: [...incidents.values()].reverse() };
    if (!id) {
      if (!catalogue.incident_types[body.incident_type]) throw new Problem(422, "unknown_incident_type", "没有这种警情类型");
      const place = places.find((one) => one.id === body.place_id);
      const incident = open({ type: body.incident_type, place, division: body.division_code, address: body.address, description: body.description, caller: body.caller, severity: body.severity, urgency: body.urgency, channel: "operator", exercise: body.exercise });
      return { call: { id: randomUUID(), outcome: "opened" }, incident };
    }
    const incident = incidents.get(id);
    const seen = incident && visible(me, incident);
    if (!seen) throw new Problem(404, "not_found", "没有这条警情");
    if (verb === "timeline") return { items: timelines.get(id) ?? [] };
    return verb ? incidentVerb(me, incident, verb, body) : { ...seen, calls: [], links: [] };
  }
  throw new Problem(404, "not_found", path);
}

async function api(request, response, path, query) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString();
  const body = text ? JSON.parse(text) : {};
  const send = (status, value, headers = {}) => {
    response.writeHead(status, { "Content-Type": status < 400 ? "application/json" : "application/problem+json", ...headers });
    response.end(value === undefined ? "" : JSON.stringify(value));
  };
  try {
    if (path === "/mock/down") return void ((down = body.down), down && sockets.forEach((one) => one.terminate()), send(200, {}));
    if (path === "/mock/silence") return void (sockets.forEach((one) => (one.mute = true)), send(200, {}));
    if (down) return void request.socket.destroy();
    if (path === "/start") {
      return send(200, { consoles: units.map((unit) => ({ unit: brief(unit), key: unit.key })), devices: devices.map(({ id, name, name_en, key, place }) => ({ id, name, name_en, key, place })), logins: logins.map(({ name, role, password }) => ({ name, role, password })) });
    }
    if (path === "/sessions") {
      const login = logins.find((one) => one.name === body.login && one.password === body.password);
      if (!login) throw new Problem(401, "wrong_credentials", "账号或密码不正确");
      const me = who(`session-${login.name}`);
      return send(201, route(me, "GET", "/me"), { "Set-Cookie": `dispatch_session=session-${login.name}; HttpOnly; SameSite=Strict; Path=/` });
    }
    if (path === "/sessions/current") return send(204, undefined, { "Set-Cookie": "dispatch_session=; Max-Age=0; Path=/" });
    const me = who(credentials(request));
    if (!me) throw new Problem(401, "unauthenticated", "请登录");
    const key = request.headers["idempotency-key"];
    if (key && replies.has(key)) return send(200, replies.get(key), { "Idempotency-Replayed": "true" });
    const answer = route(me, request.method, path, body, query);
    if (key) replies.set(key, answer);
    send(request.method === "POST" && /^\/incidents$|press$/.test(path) ? 201 : 200, answer);
  } catch (error) {
    if (!(error instanceof Problem)) console.error(error);
    send(error.status ?? 500, { title: error.message, detail: error.message, status: error.status ?? 500, code: error.code ?? "internal", ...error.more });
  }
}

function credentials(request) {
  const bearer = request.headers.authorization?.replace(/^Bearer /, "");
  return bearer ?? request.headers.cookie?.match(/dispatch_session=([^;]+)/)?.[1];
}

const server = createServer((request, response) => {
  const url = new URL(request.url, "http://mock");
  if (url.pathname.startsWith("/api/v1")) return void api(request, response, url.pathname.slice(7), url.searchParams);
  const file = join(root, extname(url.pathname) ? url.pathname : `${url.pathname === "/" ? "/index" : url.pathname}.html`);
  if (!existsSync(file)) return void response.writeHead(404).end();
  response.writeHead(200, { "Content-Type": types[extname(file)] ?? "application/octet-stream", "Content-Security-Policy": policy });
  createReadStream(file).pipe(response);
});

const live = new WebSocketServer({ noServer: true, handleProtocols: () => "dispatch.v1" });
server.on("upgrade", (request, socket, head) => {
  if (down) return socket.destroy();
  live.handleUpgrade(request, socket, head, (client) => {
    client.on("message", (data) => hear(client, request, JSON.parse(data.toString())));
    client.on("close", () => sockets.delete(client));
  });
});

function hear(client, request, frame) {
  if (frame.type === "hello") {
    client.me = who(frame.token ?? credentials(request));
    if (!client.me) return client.close(4001, "unauthenticated");
    sockets.add(client);
    client.send(JSON.stringify({ type: "welcome", server_time: now(), heartbeat_s: 5, resume: "snapshot", scope: {} }));
    const seen = [...incidents.values()].filter((one) => one.status !== "closed").flatMap((one) => visible(client.me, one) ?? []);
    client.send(JSON.stringify({ type: "snapshot", cursor: "c", incidents: seen, units: client.me.unit ? [] : units.map(({ key, ...unit }) => unit) }));
  } else if (frame.type === "receipt") {
    const incident = [...incidents.values()].find((one) => one.assignments.some((two) => two.id === frame.assignment_id));
    const assignment = incident?.assignments.find((one) => one.id === frame.assignment_id);
    if (!assignment || assignment[`${frame.state}_at`]) return;
    const status = assignment.status === "issued" ? { status: "delivered", delivered_at: now() } : {};
    change(incident, assignment, { ...status, [`${frame.state}_at`]: now() }, `assignment.${frame.state}`);
  }
}

setInterval(() => {
  for (const client of sockets) if (!client.mute) client.send(JSON.stringify({ type: "heartbeat", server_time: now(), cursor: "c" }));
}, 5_000);

server.listen(port, "127.0.0.1", () => console.log(`mock of the service on http://127.0.0.1:${port}`));
