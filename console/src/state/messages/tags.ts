import type { Texts } from "./catalogue.ts";

/** What an incident's tags are called. Codes without a text are shown as they are. */
export const tags = {
  "tag.violence": ["有暴力行为", "Violence"],
  "tag.weapon": ["有凶器", "Weapon"],
  "tag.knife": ["有刀具", "Knife"],
  "tag.gun": ["有枪", "Gun"],
  "tag.hostage": ["有人被劫持", "Hostage"],
  "tag.fire": ["起火", "Fire"],
  "tag.injured": ["有人受伤", "Injured"],
  "tag.transfer": ["需转运", "Needs transport"],
  "tag.minor": ["未成年人", "Minor"],
  "tag.sensitive_health": ["涉健康隐私", "Health, confidential"],
  "tag.victim_privacy": ["保护求助人隐私", "Victim's privacy"],
  "tag.property_damage": ["财物损坏", "Property damage"],
  "tag.explosion_risk": ["有爆炸危险", "Risk of explosion"],
  "tag.chemical_smell": ["有化学异味", "Chemical smell"],
  "tag.leaking": ["有泄漏", "Leak"],
  "tag.evacuation": ["需疏散", "Evacuation"],
  "tag.mass_evacuation": ["需大规模疏散", "Mass evacuation"],
  "tag.division_unknown": ["区划待核实", "Division to be verified"],
  "tag.location_doubtful": ["坐标存疑", "Coordinates doubtful"],
  "tag.search": ["需搜寻", "Search"],
} as const satisfies Texts;
