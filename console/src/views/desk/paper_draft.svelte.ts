/** The paper record that is being typed in: it outlives its dialog, so that a look at something else costs nothing. */
import { emptyForm, emptyUnit, isEmpty, nextNumber, type PaperForm } from "../../state/paper.ts";
import type { Option } from "./Picker.svelte";

class PaperDraft {
  form = $state<PaperForm>(emptyForm());
  /** What the pickers show; the form has the ids. */
  type = $state.raw<Option | null>(null);
  place = $state.raw<Option | null>(null);
  division = $state.raw<Option | null>(null);
  units = $state<(Option | null)[]>([null]);

  get empty(): boolean {
    return isEmpty(this.filled);
  }

  /** The form as it stands, with what the pickers say. */
  get filled(): PaperForm {
    const form = $state.snapshot(this.form);
    return {
      ...form,
      type: this.type?.id ?? null,
      placeId: this.place?.id ?? null,
      divisionCode: this.division?.id ?? null,
      units: form.units.map((unit, index) => ({ ...unit, unitId: this.units[index]?.id ?? null })),
    };
  }

  addUnit(): void {
    this.form.units.push(emptyUnit(this.form.units.length === 0 ? "lead" : "support"));
    this.units.push(null);
  }

  removeUnit(index: number): void {
    this.form.units.splice(index, 1);
    this.units.splice(index, 1);
  }

  /** Begins the next one; the papers of a pad are numbered. */
  clear(number = ""): void {
    this.form = emptyForm(number);
    this.type = this.place = this.division = null;
    this.units = [null];
  }

  next(): void {
    this.clear(nextNumber(this.form.number));
  }
}

export const paperDraft = new PaperDraft();
