/** What starting duty asks of the browser besides sound: an awake screen and system notifications. */

export class Arming {
  awake = $state(false);
  /** How often duty was started here. */
  begun = $state(0);
  notifying = $state(typeof Notification !== "undefined" && Notification.permission === "granted");
  #lock: WakeLockSentinel | null = null;

  async begin(): Promise<void> {
    await this.keepAwake();
    if (typeof Notification !== "undefined" && Notification.permission === "default") {
      try {
        this.notifying = (await Notification.requestPermission()) === "granted";
      } catch {
        this.notifying = false;
      }
    }
    this.begun += 1;
  }

  /** The lock is lost whenever the page is hidden; it is asked for again when it is looked at. */
  async keepAwake(): Promise<void> {
    try {
      this.#lock = (await navigator.wakeLock?.request("screen")) ?? null;
      this.awake = this.#lock !== null;
      this.#lock?.addEventListener("release", () => (this.awake = false));
    } catch {
      this.awake = false;
    }
  }

  /** Lock screens are public: the text carries no place and no person. */
  notify(tag: string, text: string): void {
    if (!this.notifying || document.visibilityState === "visible") return;
    try {
      const notification = new Notification(text, { tag, requireInteraction: true });
      notification.onclick = () => {
        focus();
        notification.close();
      };
    } catch {
      // Chrome on Android lets only a service worker show some: there it is the push that tells.
    }
  }
}
