/** A free port of the range that these tests keep to; two workers start looking at different ends. */
import { createServer } from "node:net";

const first = 8400;
const last = 8499;

/** @param {number} port @returns {Promise<boolean>} */
const free = (port) =>
  new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(false));
    probe.listen(port, "127.0.0.1", () => probe.close(() => resolve(true)));
  });

/** @param {number} worker */
export async function freePort(worker) {
  const size = last - first + 1;
  for (let step = 0; step < size; step += 1) {
    const port = first + ((worker * 25 + step) % size);
    if (await free(port)) return port;
  }
  throw new Error(`No free port between ${first} and ${last}`);
}
