/**
 * Plays the alarm sounds with WebAudio, no files. Repeats are laid out ahead on the audio clock,
 * since timers of a hidden page may run once a minute only.
 */
import { sounds, type Sound, type SoundName } from "../state/alarms.ts";

const horizonS = 150;
const refillMs = 20_000;

export class Siren {
  armed = $state(false);
  playing = $state<SoundName | null>(null);
  #context: AudioContext | null = null;
  #stop: (() => void) | null = null;
  #refill: ReturnType<typeof setInterval> | undefined;

  /** Needs a gesture: browsers keep a page silent until somebody has touched it. */
  async arm(): Promise<boolean> {
    this.#context ??= new AudioContext();
    await this.#context.resume();
    this.#context.onstatechange = () => this.#check();
    this.#check();
    if (this.armed && this.playing) this.#loop(this.playing);
    return this.armed;
  }

  once(name: SoundName): void {
    if (this.#context && this.armed) this.#lay(sounds[name], 1);
  }

  set(name: SoundName | null): void {
    if (name === this.playing) return;
    this.playing = name;
    this.#silence();
    if (name && this.armed) this.#loop(name);
  }

  #check(): void {
    this.armed = this.#context?.state === "running";
  }

  #loop(name: SoundName): void {
    this.#silence();
    const sound = sounds[name];
    const repeats = sound.every === null ? 1 : Math.ceil(horizonS / sound.every);
    this.#stop = this.#lay(sound, repeats);
    if (sound.every !== null) {
      const startedAt = this.#context?.currentTime ?? 0;
      this.#refill = setInterval(() => {
        if ((this.#context?.currentTime ?? 0) - startedAt > horizonS / 2) this.#loop(name);
      }, refillMs);
    }
  }

  #silence(): void {
    clearInterval(this.#refill);
    this.#stop?.();
    this.#stop = null;
  }

  #lay(sound: Sound, repeats: number): () => void {
    const context = this.#context;
    if (!context) return () => undefined;
    const volume = context.createGain();
    volume.gain.value = 0;
    volume.connect(context.destination);
    const voices = [voice(context, volume, "triangle", 1), voice(context, volume, "sine", 0.35)];
    const start = context.currentTime + 0.02;
    let end = start;
    for (let turn = 0; turn < repeats; turn += 1) {
      for (const tone of sound.tones) {
        const at = start + turn * (sound.every ?? 0) + tone.at;
        end = at + tone.for;
        voices.forEach((oscillator, partial) => {
          oscillator.frequency.setValueAtTime(tone.hz * (partial + 1), at);
          if (tone.to) oscillator.frequency.linearRampToValueAtTime(tone.to * (partial + 1), end);
        });
        volume.gain.setTargetAtTime(sound.gain * 0.6, at, 0.008);
        volume.gain.setTargetAtTime(0, end - 0.02, 0.008);
      }
    }
    for (const oscillator of voices) {
      oscillator.start(start);
      oscillator.stop(end + 0.2);
    }
    return () => {
      volume.gain.cancelScheduledValues(0);
      volume.gain.setTargetAtTime(0, context.currentTime, 0.01);
      for (const oscillator of voices) oscillator.stop(context.currentTime + 0.1);
    };
  }
}

function voice(context: AudioContext, out: AudioNode, type: OscillatorType, level: number): OscillatorNode {
  const oscillator = context.createOscillator();
  const gain = context.createGain();
  oscillator.type = type;
  gain.gain.value = level;
  oscillator.connect(gain).connect(out);
  return oscillator;
}
