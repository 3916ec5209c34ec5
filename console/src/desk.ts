import { mount } from "svelte";
import Page from "./views/desk/Page.svelte";

const target = document.getElementById("app");
if (target) {
  target.replaceChildren();
  mount(Page, { target });
}
