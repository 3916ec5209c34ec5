/** The little world of the mock: names are made up except the divisions'. */
const unit = (at, code, kind, name, name_en, distance) => ({
  id: `0199-unit-${at}`, code, kind, name, name_en, agency: null, status: "available", division_code: "430304005", distance, key: `unit-${at}`,
});

export const units = [
  unit(1, "PS-12", "police_station", "书院路派出所", "Shuyuanlu police station", 1130),
  unit(2, "JO-05", "judicial_office", "书院路司法所", "Shuyuanlu justice office", 900),
  unit(3, "HO-05", "health_office", "书院路街道卫健办", "Shuyuanlu health office", 870),
  unit(4, "CC-31", "community_committee", "五里堆社区居委会", "Wulidui community committee", 640),
  unit(5, "PS-13", "police_station", "岳塘派出所", "Yuetang police station", 3420),
];

export const places = [
  { id: "0199-place-1", kind: "hospital", name: "岳塘中心医院（虚构）", name_en: "Yuetang Central Hospital (fictional)", address: "书院路 88 号 门诊楼一层", division_code: "430304005" },
  { id: "0199-place-2", kind: "school", name: "湘江小学（虚构）", name_en: "Xiangjiang Primary School (fictional)", address: "芙蓉路 12 号", division_code: "430304002" },
];

export const devices = [
  { id: "0199-device-1", code: "BTN-0001", name: "急诊科保安岗", name_en: "Emergency ward guard post", key: "device-1", place: places[0], trigger_mode: "hold", hold_ms: 1000, silent: false, choices: ["psychiatric.disturbance", "public_order.medical_dispute", "fire.building", "weapon.threat"], phone: "0731-5555 0110", state: "active" },
  { id: "0199-device-2", code: "BTN-0002", name: "门卫室", name_en: "Gate house", key: "device-2", place: places[1], trigger_mode: "press", hold_ms: 0, silent: true, choices: [], phone: "0731-5555 0110", state: "active" },
];

export const logins = [
  { name: "desk", role: "operator", password: "demo", shown: "张调度" },
  { name: "leader", role: "shift_leader", password: "demo", shown: "王值班长" },
  { name: "ps12", role: "responder", password: "demo", shown: "书院路派出所值班", unit: "PS-12" },
];

export const catalogue = {
  unit_kinds: {
    police_station: { zh: "派出所", en: "Police station" },
    judicial_office: { zh: "司法所", en: "Justice office" },
    health_office: { zh: "卫健办", en: "Health office" },
    community_committee: { zh: "社区居委会", en: "Community committee" },
    fire_rescue: { zh: "消防救援站", en: "Fire station" },
  },
  incident_types: {
    "psychiatric.disturbance": { zh: "疑似精神障碍患者滋扰", en: "Disturbance, suspected psychiatric patient", class: "social_security", severity: "IV", urgency: "urgent" },
    "public_order.medical_dispute": { zh: "医疗纠纷聚集", en: "Medical dispute, gathering", class: "dispute", severity: "IV", urgency: "normal" },
    "fire.building": { zh: "建筑火情", en: "Building fire", class: "accident", severity: "III", urgency: "critical" },
    "weapon.threat": { zh: "持械威胁", en: "Threat with a weapon", class: "social_security", severity: "III", urgency: "critical" },
    "livelihood.noise": { zh: "噪声扰民", en: "Noise", class: "livelihood", severity: "NONE", urgency: "routine" },
  },
  place_kinds: { hospital: { zh: "医院", en: "Hospital" }, school: { zh: "学校", en: "School" } },
  divisions: [
    { code: "4303", name: "湘潭市", name_en: "Xiangtan", parent_code: null, level: "city" },
    { code: "430304", name: "岳塘区", name_en: "Yuetang", parent_code: "4303", level: "county" },
    { code: "430302", name: "雨湖区", name_en: "Yuhu", parent_code: "4303", level: "county" },
    { code: "430304005", name: "书院路街道", name_en: "Shuyuanlu", parent_code: "430304", level: "township" },
    { code: "430304002", name: "中洲路街道", name_en: "Zhongzhoulu", parent_code: "430304", level: "township" },
  ],
};

export function fillDecision(incident, made, all) {
  const brief = ({ id, code, name, name_en, kind }) => ({ id, code, name, name_en, kind });
  return {
    ruleset_version: 1,
    directory_version: 7,
    matched: [
      {
        rule: "R-07", name: { zh: "医院内疑似精神障碍患者滋扰：四方联动", en: "Disturbance in a hospital: four agencies together" },
        conditions: [
          { text: 'incident_type == "psychiatric.disturbance"', value: incident.incident_type, met: true },
          { text: 'place_kind == "hospital"', value: incident.place?.kind ?? null, met: incident.place?.kind === "hospital" },
        ],
      },
    ],
    unmatched_nearby: [{ rule: "R-08", name: { zh: "持械：加派巡特警", en: "Weapon: add special police" }, conditions: [{ text: '"weapon" in tags', value: [], met: false }] }],
    requirements: made.length > 0
      ? made.map((one) => ({ unit_kind: one.unit.kind, role: one.role, required_count: 1, filled: [one.id], shortfall: null }))
      : [{ unit_kind: "fire_rescue", role: "lead", required_count: 1, filled: [], shortfall: { reason: "no_candidates", count: 1 } }],
    considered: [
      ...made.map((one, at) => ({ unit: one.unit, requirement: at, rank: 1, outcome: "chosen", reason: "jurisdiction", distance_m: one.selection.distance_m, position_age_s: 12 })),
      { unit: brief(all[4]), requirement: 0, rank: 2, outcome: "reserve", reason: "nearest", distance_m: 3420, position_age_s: 41 },
      { unit: { id: "x", code: "PS-09", name: "宝塔派出所", name_en: "Baota police station", kind: "police_station" }, requirement: 0, rank: null, outcome: "rejected", reason: "outside_jurisdiction", distance_m: 5210, position_age_s: 250 },
    ],
  };
}
