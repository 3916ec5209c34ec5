/** Finds a Chromium: named by DISPATCH_CHROMIUM, installed, or the one that comes as an npm package and needs no root. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const installed = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome-stable",
  "/usr/bin/google-chrome",
  "/snap/bin/chromium",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];
const modules = fileURLToPath(new URL("../node_modules", import.meta.url));
const home = `${modules}/.chromium`;

/**
 * What Playwright needs to start it.
 * @returns {{ executablePath: string, args: string[], env?: Record<string, string> }}
 */
export function chromium() {
  const named = process.env.DISPATCH_CHROMIUM;
  if (named && named !== "npm") return { executablePath: named, args: ["--no-sandbox"] };
  const found = named ? undefined : installed.find((path) => existsSync(path));
  return found ? { executablePath: found, args: ["--no-sandbox"] } : packaged();
}

function packaged() {
  if (process.platform !== "linux" || process.arch !== "x64") {
    throw new Error("The packaged Chromium is for Linux on x64. Install Chromium or name one with DISPATCH_CHROMIUM.");
  }
  const executablePath = `${home}/chromium`;
  const ready = `${home}/ready`;
  if (!existsSync(ready)) {
    unpack();
    writeFileSync(`${home}/fonts.conf`, fonts());
    writeFileSync(ready, "");
  }
  return {
    executablePath,
    args: ["--no-sandbox", "--headless=shell", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"],
    env: {
      .../** @type {Record<string, string>} */ (process.env),
      LD_LIBRARY_PATH: [`${home}/al2023/lib`, process.env.LD_LIBRARY_PATH].filter(Boolean).join(":"),
      FONTCONFIG_FILE: `${home}/fonts.conf`,
    },
  };
}

/** Its libraries unpack only where it believes itself on their system, and always below TMPDIR. */
function unpack() {
  mkdirSync(home, { recursive: true });
  const script = 'import("@sparticuz/chromium").then((one) => one.default.executablePath())';
  execFileSync(process.execPath, ["--input-type=module", "-e", script], {
    cwd: fileURLToPath(new URL("..", import.meta.url)),
    env: { ...process.env, TMPDIR: home, AWS_EXECUTION_ENV: "AWS_Lambda_nodejs20.x" },
    stdio: ["ignore", "ignore", "inherit"],
  });
}

const fonts = () => `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>${modules}/@fontsource-variable/noto-sans-sc/files</dir>
  <dir>${home}/fonts</dir>
  <cachedir>${home}/font-cache</cachedir>
</fontconfig>
`;
