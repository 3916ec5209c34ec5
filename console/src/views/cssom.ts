/** Sets CSS variables through the CSSOM: the content policy forbids style attributes. */
import type { Attachment } from "svelte/attachments";

export function variables(values: Record<string, string>): Attachment<HTMLElement> {
  return (node) => {
    for (const [name, value] of Object.entries(values)) node.style.setProperty(name, value);
  };
}
