import { mount } from "svelte";
import Page from "./views/unit/Page.svelte";

const target = document.getElementById("app");
if (target) {
  target.replaceChildren();
  mount(Page, { target });
}
