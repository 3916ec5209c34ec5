import { mount, type Component } from "svelte";
import { deviceIdentity, onNewIdentity } from "./views/identity.ts";
import Ready from "./views/call/Ready.svelte";

const target = document.getElementById("app");
const identity = deviceIdentity();
onNewIdentity(() => location.reload());

function show<P extends Record<string, unknown>>(page: Component<P>, props: P): void {
  target?.replaceChildren();
  if (target) mount(page, { target, props });
}

if (identity) show(Ready, { identity });
else void import("./views/call/Enrol.svelte").then((enrol) => show(enrol.default, {}));
