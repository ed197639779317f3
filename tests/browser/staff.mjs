// The staff's page in a real Chromium: signs in, looks at everything, reads live, sends a dead letter again, takes the evidence;
// on a desk and on a phone, light and dark, and without JavaScript. What it finds wrong it throws; `tests/tests/browser.rs` starts it.
//
// Environment: PAGE, PASSWORD, CUSTOMER (the relationship's id), OUT (a folder for pictures and the evidence), CHROMIUM.

import assert from "node:assert/strict";
import path from "node:path";

import { AxeBuilder } from "@axe-core/playwright";
import { chromium } from "playwright-core";

const { PAGE, PASSWORD, CUSTOMER, OUT, CHROMIUM = "/usr/bin/chromium" } = process.env;
const at = (address) => new URL(address, PAGE).href;

// As root, as in a container, Chromium has no sandbox of its own; it sees nothing but the page.
const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-gpu"] });

const SIZES = { desk: { width: 1280, height: 900 }, phone: { width: 390, height: 844 } };
const PAGES = [
  ["overview", "/"],
  ["customers", "/customers"],
  ["customer", `/customers/${CUSTOMER}`],
  ["events", "/events"],
  ["dead-letters", "/dead-letters"],
  ["connectors", "/sinks"],
  ["receipts", "/value/addresses-corrected"],
  ["account", "/account"],
  ["users", "/users"],
  ["audit", "/audit"],
];

/** A context of its own, whose page may ask nothing of anybody but the hub, and say nothing is wrong. */
async function visitor(size, colorScheme, options = {}) {
  const context = await browser.newContext({ viewport: SIZES[size], colorScheme, acceptDownloads: true, ...options });
  const page = await context.newPage();
  page.on("request", (request) => assert.ok(request.url().startsWith(PAGE), `it asks for ${request.url()}`));
  page.on("console", (message) => {
    // A sign-in that is refused is a 401 that the console tells too.
    if (message.type() === "error" && !/\b401\b/.test(message.text())) problems.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => problems.push(`page: ${error}`));
  return page;
}
const problems = [];

async function signIn(page, name) {
  await page.goto(at("/customers"));
  assert.equal(new URL(page.url()).pathname, "/sign-in", "nobody is let in without a sign-in");
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { name: "Overview" }).waitFor();
}

async function accessible(page, name) {
  const { violations } = await new AxeBuilder({ page }).setLegacyMode(true).analyze();
  const said = violations.map((v) => `${v.id}: ${v.help} at ${v.nodes.map((n) => n.target).join(", ")}`);
  assert.deepEqual(said, [], `axe, ${name}`);
}

async function fits(page, name) {
  const [content, window] = await page.evaluate(() => [
    document.scrollingElement.scrollWidth,
    document.scrollingElement.clientWidth,
  ]);
  assert.ok(content <= window, `${name} is ${content} wide in a window of ${window}`);
}

const picture = (page, name) => page.screenshot({ path: path.join(OUT, `${name}.png`), fullPage: true });

async function looksRight(size, scheme) {
  const page = await visitor(size, scheme);
  await page.goto(at("/sign-in"));
  await accessible(page, `sign-in ${size} ${scheme}`);
  await picture(page, `sign-in-${size}-${scheme}`);
  await page.getByLabel("Name").fill("ada");
  await page.getByLabel("Password").fill("wrong password here");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("alert").waitFor();
  await accessible(page, `sign-in refused ${size} ${scheme}`);
  await signIn(page, "ada");
  for (const [name, address] of PAGES) {
    const answer = await page.goto(at(address));
    assert.equal(answer.status(), 200, address);
    await accessible(page, `${name} ${size} ${scheme}`);
    await fits(page, `${name} ${size}`);
    await picture(page, `${name}-${size}-${scheme}`);
  }
  await page.getByRole("button", { name: "Sign out", exact: true }).click();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  await page.goto(at("/customers"));
  assert.equal(new URL(page.url()).pathname, "/sign-in", "signed out is signed out");
  await page.context().close();
}

/** A day's work of an agent. */
async function work() {
  const page = await visitor("desk", "light");
  await signIn(page, "alan");
  await page.getByRole("link", { name: "Customers" }).click();
  await page.getByLabel("Your own reference").fill("4711");
  await page.getByRole("button", { name: "Find" }).click();
  await page.getByRole("heading", { name: "4711" }).waitFor();
  assert.ok(await page.getByText("Neue Gasse 7").isVisible(), "the present value is shown");
  assert.ok(await page.getByText("service provision, payment management").first().isVisible(), "with its purposes");

  await page.getByRole("checkbox", { name: "phone.mobile" }).check();
  await page.getByLabel("For what").selectOption({ label: "service provision" });
  await page.getByRole("button", { name: "Read now" }).click();
  await page.getByRole("heading", { name: "Their answer, just now" }).waitFor();
  await accessible(page, "a live read");
  await picture(page, "live-read-desk-light");

  const taking = page.waitForEvent("download");
  await page.getByRole("link", { name: "Download the evidence" }).click();
  const taken = await taking;
  assert.match(taken.suggestedFilename(), /^evidence-[0-9a-f]{8}\.tar$/);
  await taken.saveAs(path.join(OUT, "evidence.tar"));

  await page.getByLabel("Request").selectOption({ index: 0 });
  await page.getByRole("button", { name: "Ask", exact: true }).click();
  await page.getByRole("status").getByText("on its way").waitFor();
  assert.ok(await page.getByText("pending").first().isVisible(), "the request waits for an answer");

  await page.getByRole("link", { name: "Dead letters" }).click();
  await page.getByRole("button", { name: /^Send event \d+ again$/ }).first().click();
  await page.getByRole("status").getByText("sent again").waitFor();
  for (let tries = 0; ; tries += 1) {
    await page.goto(at("/dead-letters"));
    if (await page.getByText("There is none").isVisible()) break;
    assert.ok(tries < 50, "the dead letter is still there");
    await page.waitForTimeout(200);
  }
  assert.equal((await page.goto(at("/users"))).status(), 403, "an agent is no administrator");
  problems.splice(0, problems.length, ...problems.filter((text) => !/\b403\b/.test(text)));
  await page.context().close();
}

/** Everything is there without JavaScript, and the keyboard alone reaches it. */
async function plain() {
  const page = await visitor("desk", "light", { javaScriptEnabled: false });
  await page.goto(at("/sign-in"));
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab");
  await page.keyboard.type("vera");
  await page.keyboard.press("Tab");
  await page.keyboard.type(PASSWORD);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Overview" }).waitFor();
  await page.goto(at(`/customers/${CUSTOMER}`));
  assert.ok(await page.getByText("Neue Gasse 7").isVisible());
  assert.equal(await page.getByRole("button", { name: "Read now" }).count(), 0, "a viewer has nothing to do");
  await page.context().close();
}

await looksRight("desk", "light");
await looksRight("phone", "dark");
await looksRight("desk", "dark");
await looksRight("phone", "light");
await work();
await plain();
assert.deepEqual(problems, []);
await browser.close();
console.log("everything is as it should be");
