// The person's page in a real Chromium: somebody who has never seen a command line, from nothing to a receipt. What it finds wrong
// it throws; `tests/tests/person_page.rs` starts it.
//
// Environment: LINK (that the program printed), SECOND (that of another, whose home is not made either), POWER (an invitation), CODE (another one as an SVG of its code), CARD (a vCard), BACKUP (a folder to
// be made), OUT (a folder for pictures), CHROMIUM.

import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import http from "node:http";
import path from "node:path";

import { AxeBuilder } from "@axe-core/playwright";
import { chromium } from "playwright-core";

const { LINK, SECOND, POWER, CODE, CARD, BACKUP, OUT, CHROMIUM = "/usr/bin/chromium" } = process.env;
const PAGE = new URL("/", LINK).href;
const PASSPHRASE = "correct horse battery staple";
const at = (address) => new URL(address, PAGE).href;
const problems = [];

// As root, as in a container, Chromium has no sandbox of its own; it sees nothing but the page.
const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-gpu"] });
const SIZES = { desk: { width: 1280, height: 900 }, phone: { width: 390, height: 844 } };

/** A browser of its own, which may ask nothing of anybody but the page, and in whose console nothing is wrong. */
async function visitor(options = {}, origin = PAGE, program = browser) {
  const context = await program.newContext({ viewport: SIZES.desk, locale: "en-GB", acceptDownloads: true, ...options });
  const page = await context.newPage();
  page.on("request", (request) => assert.ok(request.url().startsWith(origin), `it asks for ${request.url()}`));
  page.on("console", (message) => {
    // A sign-in that is refused is a 401 that the console tells too.
    if (message.type() === "error" && !/\b401\b/.test(message.text())) problems.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => problems.push(`page: ${error}`));
  return page;
}

const picture = (page, name) => page.screenshot({ path: path.join(OUT, `person-${name}.png`), fullPage: true });

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

async function looked(page, name) {
  await accessible(page, name);
  await fits(page, name);
  await picture(page, name);
}

const button = (page, name) => page.getByRole("button", { name, exact: true });
const heading = (page, name) => page.getByRole("heading", { name });

/** The first hour: a home, its words, a name, a card. */
async function setUp(page) {
  const stranger = await visitor();
  await stranger.goto(at("/set-up"));
  assert.equal(new URL(stranger.url()).pathname, "/sign-in", "nobody sets up without the link");
  assert.equal(await stranger.locator("input[type=password]").count(), 0, "and there is nothing to open yet");
  await stranger.context().close();

  await page.goto(LINK);
  await looked(page, "welcome");
  await button(page, "Go on").click();
  await heading(page, "Choose a passphrase").waitFor();
  await page.getByLabel("Passphrase", { exact: true }).fill("password1");
  await page.locator("#strength").filter({ hasText: /\w/ }).waitFor();
  await looked(page, "set-up");
  await page.getByLabel("The same again").fill("password2");
  await button(page, "Make my home").click();
  await page.getByRole("alert").getByText("not the same").waitFor();
  await page.getByLabel("Passphrase", { exact: true }).fill(PASSPHRASE);
  await page.getByLabel("The same again").fill(PASSPHRASE);
  await button(page, "Make my home").click();

  await heading(page, "Write down these 24 words").waitFor();
  const words = await page.locator(".words code").allTextContents();
  assert.equal(words.length, 24);
  await accessible(page, "words");
  await fits(page, "words");
  await page.getByRole("link", { name: "I have written them down" }).click();
  await heading(page, "Three of the words").waitFor();
  const fields = page.locator("input[name=word]");
  assert.equal(await fields.count(), 3);
  for (const field of await fields.all()) await field.fill("zebra");
  await button(page, "Continue").click();
  await page.getByRole("alert").waitFor();
  await looked(page, "confirm");
  for (const field of await page.locator("input[name=word]").all()) {
    await field.fill(words[Number((await field.getAttribute("id")).split("-")[1]) - 1]);
  }
  await button(page, "Continue").click();

  await heading(page, "Give it a name").waitFor();
  await looked(page, "name");
  await page.getByLabel("Name of your home").fill("Ada’s data");
  await page.getByLabel("Language").selectOption({ label: "As the browser asks" });
  await button(page, "Continue").click();

  await heading(page, "Import a card").waitFor();
  await looked(page, "import");
  await page.locator("#card").setInputFiles(CARD);
  await button(page, "See what is in it").click();
  await heading(page, "What is in the card").waitFor();
  await page.getByText("Lindenweg 4").waitFor();
  await looked(page, "import-preview");
  await button(page, "Write it down").click();
  await page.getByRole("status").getByText("The card is written down.").waitFor();
  await page.getByText("Lindenweg 4").waitFor();
  return words;
}

/** Two companies: one by a link that is pasted, one by a picture of its code. */
async function connect(page) {
  await page.goto(at("/connect"));
  await looked(page, "connect");
  await page.getByLabel("The link").fill("freehold:connect:nonsense");
  await button(page, "Follow the invitation").click();
  await page.getByRole("alert").waitFor();
  await page.getByLabel("The link").fill(POWER);
  await button(page, "Follow the invitation").click();
  await heading(page, "Your supply contract").waitFor();
  await page.getByText("Nordlicht Energie").first().waitFor();
  await page.getByText("sell it or pass it on").waitFor();
  assert.ok(!(await page.getByRole("checkbox", { name: "Personal email" }).isChecked()), "a sale is not agreed to by itself");
  assert.ok(await page.getByRole("checkbox", { name: "Mobile phone" }).isChecked());
  await page.getByText("Lindenweg 4").waitFor();
  await looked(page, "request");
  await button(page, "Agree").click();
  await page.getByRole("status").getByText("Agreed").waitFor();
  await heading(page, "Nordlicht Energie").waitFor();
  // Their signature comes by itself.
  await page.locator("#company").getByText("signed by both").waitFor();

  // The second company's code, drawn by the page's own browser onto a picture as a telephone would photograph it.
  await page.goto(at("/connect"));
  await page.locator("#picture").setInputFiles({ name: "code.png", mimeType: "image/png", buffer: await code() });
  await button(page, "Follow the invitation").click();
  await heading(page, "Parcels to your door").waitFor();
  await button(page, "Agree").click();
  await page.getByRole("status").getByText("Agreed").waitFor();
}

/** A picture of a code, a little turned, on a grey ground. */
async function code(type = "png") {
  const page = await browser.newPage({ viewport: { width: 700, height: 700 } });
  const svg = (await readFile(CODE)).toString("base64");
  await page.setContent(`<body style="background:#bbb;margin:100px"><img width="500" style="transform:rotate(7deg)" src="data:image/svg+xml;base64,${svg}">`);
  await page.locator("img").evaluate((image) => image.decode());
  const picture = await page.screenshot({ type });
  await page.close();
  return picture;
}

/** One change, and what both companies say of it. */
async function change(page) {
  await page.getByRole("link", { name: "My data" }).click();
  await page.getByRole("link", { name: "Edit: Home address" }).click();
  await heading(page, "Home address").waitFor();
  await page.getByText("Nordlicht Energie, Paketpost can see this").first().waitFor();
  const street = page.getByLabel("Street and number");
  await street.fill("Neue Gasse 7");
  await looked(page, "edit");
  await button(page, "Save").click();
  await heading(page, "Who gets it").waitFor();
  await page.getByText("2 companies may see what you change").waitFor();
  await looked(page, "preview");
  await button(page, "Save, and tell all 2").click();
  await heading(page, "Your change on its way").waitFor();
  await page.evaluate(() => (window.stayed = true));
  await page.getByText("2 of 2 applied").waitFor();
  assert.ok(await page.evaluate(() => window.stayed), "it was seen without a reload");
  await looked(page, "change");

  // A value that cannot be is told while it is typed, and is not written.
  await page.goto(at("/data/edit/phone"));
  await page.getByLabel("Mobile phone", { exact: true }).fill("12");
  await page.locator("#f-phone-mobile-note.wrong").waitFor();
  await button(page, "Save").click();
  await page.getByRole("alert").waitFor();
  await accessible(page, "edit, refused");
  await page.getByLabel("Mobile phone", { exact: true }).fill("+49 170 7654321");
  await button(page, "Save").click();
  await button(page, "Save, and tell this company").click();
  await page.getByText("1 of 1 applied").waitFor();
  await page.goto(at("/data/field/phone.mobile"));
  await looked(page, "field");
  await page.getByRole("button", { name: "Take version 1 again" }).click();
  await page.getByText("1 of 1 applied").waitFor();
}

/** The end of it, and what the company signs. */
async function revoke(page) {
  await page.getByRole("link", { name: "Companies" }).click();
  await looked(page, "companies");
  await page.getByRole("link", { name: "Nordlicht Energie" }).first().click();
  const taking = page.waitForEvent("download");
  await page.getByRole("link", { name: "Agreement with both signatures" }).click();
  assert.match((await taking).suggestedFilename(), /^agreement-[0-9a-f]{8}\.json$/);
  await page.getByRole("link", { name: "Stop: Mobile phone" }).click();
  await heading(page, "Stop Nordlicht Energie").waitFor();
  await looked(page, "revoke");
  await button(page, "Stop now").click();
  await page.getByRole("status").getByText("Stopped").waitFor();
  await page.locator("#receipts").getByText("They have signed a receipt.").waitFor();
  await page.getByRole("link", { name: "Stop all of it" }).click();
  await button(page, "Stop now").click();
  await page.locator("#company").getByText("Nothing.").waitFor();
  await looked(page, "company");
}

/** What else a person does: a backup, the words again, another key, a session elsewhere. */
async function keep(page) {
  await page.goto(at("/"));
  await page.getByText("There is no backup yet.").waitFor();
  await looked(page, "home");
  await page.goto(at("/settings/backup"));
  await page.locator("#dir").fill(BACKUP);
  await button(page, "Back up now").click();
  await page.getByRole("status").getByText("The backup is made.").waitFor();
  await looked(page, "backup");
  await page.goto(at("/settings/words"));
  await page.getByLabel("Passphrase").fill("wrong passphrase");
  await button(page, "Show the words").click();
  await page.getByRole("alert").waitFor();
  await page.getByLabel("Passphrase").fill(PASSPHRASE);
  await button(page, "Show the words").click();
  assert.equal(await page.locator(".words code").count(), 24);
  await page.goto(at("/activity?verify=yes"));
  await page.getByText(/All \d+ lines are as they were written/).waitFor();
  for (const [file, text] of [["CSV", "activity.csv"], ["JSON", "activity.json"]]) {
    const taking = page.waitForEvent("download");
    await page.getByRole("link", { name: file }).click();
    assert.equal((await taking).suggestedFilename(), text);
  }
  await page.getByRole("combobox", { name: "What happened" }).selectOption({ label: "Stopped" });
  await button(page, "Filter").click();
  await page.locator("#log").getByText("You stopped Nordlicht Energie").first().waitFor();
  assert.equal(await page.locator("#log").getByText("was sent").count(), 0, "only what was asked for");
}

async function signIn(page, passphrase = PASSPHRASE, names = ["Passphrase", "Sign in"]) {
  await page.goto(at("/sign-in"));
  await page.getByLabel(names[0]).fill(passphrase);
  await button(page, names[1]).click();
}

/** Every page, as one looks at it on each device, in each language. */
async function looksRight(size, colorScheme, locale) {
  const german = locale === "de-DE";
  const page = await visitor({ viewport: SIZES[size], colorScheme, locale });
  await signIn(page, PASSPHRASE, german ? ["Passphrase", "Anmelden"] : undefined);
  await heading(page, "Ada’s data").waitFor();
  const id = await page.goto(at("/companies")).then(() => page.locator(".cards h2 a").first().getAttribute("href"));
  const request = await page.goto(at("/requests")).then(() => page.locator(".cards h2 a").first().getAttribute("href"));
  const pages = ["/", "/data", "/data/of/phone", "/data/edit/address.home", "/data/field/address.home.street", "/data/import", "/companies", id, "/requests", request, "/connect", "/activity", "/settings", "/settings/backup", "/settings/words"];
  for (const address of pages) {
    const answer = await page.goto(at(address));
    assert.equal(answer.status(), 200, address);
    assert.equal(await page.locator("html").getAttribute("lang"), german ? "de" : "en");
    const name = `${address.split("/").slice(1, 3).join("-").replace(/[0-9a-f-]{36}/, "one") || "home"} ${size} ${colorScheme} ${locale}`;
    await accessible(page, name);
    await fits(page, name);
    await picture(page, name.replaceAll(" ", "-"));
  }
  await page.context().close();
}

/** Everything is there without JavaScript. */
async function plain() {
  const page = await visitor({ javaScriptEnabled: false });
  await signIn(page);
  await heading(page, "Ada’s data").waitFor();
  await page.goto(at("/data/edit/name"));
  await page.getByLabel("Nickname").fill("Lovelace");
  await button(page, "Save").click();
  await page.getByRole("status").getByText("Saved.").waitFor();
  await page.getByText("Lovelace").waitFor();
  await page.context().close();
}

/** And with the keyboard alone. */
async function keyboard() {
  const page = await visitor();
  await page.goto(at("/sign-in"));
  await page.keyboard.type(PASSPHRASE);
  await page.keyboard.press("Enter");
  await heading(page, "Ada’s data").waitFor();
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "Skip to the content");
  const reach = async (name) => {
    for (let tabs = 0; tabs < 60; tabs += 1) {
      await page.keyboard.press("Tab");
      if ((await page.evaluate(() => document.activeElement.textContent.trim())) === name) return;
    }
    assert.fail(`the keyboard does not reach ${name}`);
  };
  await reach("Settings");
  await page.keyboard.press("Enter");
  await page.getByLabel("Appearance").focus();
  await page.keyboard.type("Dark");
  await reach("Save");
  await page.keyboard.press("Enter");
  await page.getByRole("status").getByText("Saved.").waitFor();
  assert.equal(await page.locator("html").getAttribute("data-look"), "dark");
  await page.getByLabel("Appearance").selectOption({ label: "As the device has it" });
  await button(page, "Save").click();
  await page.context().close();
}

/** A page of somebody else's, open in the same browser as the person's: it can neither do nor read anything. */
async function hostile() {
  const page = await visitor();
  await signIn(page);
  await heading(page, "Ada’s data").waitFor();
  const server = http.createServer((_, response) => response.end("<!doctype html><title>evil</title>"));
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  const evil = await page.context().newPage();
  await evil.goto(`http://localhost:${server.address().port}/`);
  const tried = await evil.evaluate(async (target) => {
    const outcomes = [];
    const body = new URLSearchParams({ "value:phone.mobile": "+491111111111" });
    for (const [address, options] of [
      ["changes", { method: "POST", mode: "no-cors", credentials: "include", body }],
      ["data", { credentials: "include" }],
      ["live", { credentials: "include" }],
      ["api/v1/get", { method: "POST", credentials: "include", headers: { "content-type": "application/json" }, body: "{}" }],
    ]) {
      try {
        const answer = await fetch(target + address, options);
        outcomes.push(answer.type === "opaque" ? "opaque" : await answer.text());
      } catch {
        outcomes.push("refused");
      }
    }
    const frame = document.createElement("iframe");
    frame.src = target;
    document.body.append(frame);
    await new Promise((loaded) => (frame.onload = loaded));
    let inside = "closed";
    try {
      inside = frame.contentDocument?.body?.textContent || "closed";
    } catch {}
    return [...outcomes, inside];
  }, PAGE);
  assert.deepEqual(tried, ["refused", "refused", "refused", "refused", "closed"]);
  await page.goto(at("/data/field/phone.mobile"));
  assert.equal(await page.getByText("1111111").count(), 0, "nothing was changed");
  // A name of somebody else's that points here.
  const answer = await new Promise((resolve) => {
    http.get(PAGE, { headers: { host: "evil.example" } }, (response) => resolve(response.statusCode));
  });
  assert.equal(answer, 421);
  // A form of an open page, once the session is another.
  const forged = await page.request.post(at("/data/check"), { form: { formToken: "made-up", path: "phone.mobile", value: "1" } });
  assert.equal(forged.status(), 403);
  server.close();
  await page.context().close();
}

/** A code before the camera. */
async function camera() {
  const film = path.join(OUT, "camera.mjpeg");
  await writeFile(film, await code("jpeg"));
  const args = ["--no-sandbox", "--disable-gpu", "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"];
  const seeing = await chromium.launch({
    executablePath: CHROMIUM,
    args: [...args, `--use-file-for-fake-video-capture=${film}`],
  });
  const page = await visitor({}, PAGE, seeing);
  await signIn(page);
  await heading(page, "Ada’s data").waitFor();
  await page.goto(at("/connect"));
  await button(page, "Use the camera").click();
  await page.getByText("The code is read").waitFor();
  assert.match(await page.getByLabel("The link").inputValue(), /^freehold:connect:/);
  await seeing.close();
}

/** Another machine, the paper and the backup: everything is back, and nothing is sent before the person says so. */
async function bringBack(words) {
  const page = await visitor({}, new URL("/", SECOND).href);
  await page.goto(SECOND);
  await button(page, "Go on").click();
  await page.getByRole("link", { name: "I had one before" }).click();
  await looked(page, "restore");
  const fill = async (given) => {
    await page.getByLabel("The 24 words").fill(given);
    await page.getByLabel("Folder with the backup").fill(BACKUP);
    await page.getByLabel("Passphrase", { exact: true }).fill(PASSPHRASE);
    await page.getByLabel("The same again").fill(PASSPHRASE);
    await button(page, "Bring it back").click();
  };
  await fill([...words].reverse().join(" "));
  await page.getByRole("alert").waitFor();
  await fill(words.join(" "));
  await page.getByText("Your home is back").waitFor();
  await page.getByText("Nothing is sent to Paketpost").waitFor();
  await looked(page, "restored");
  await page.goto(new URL("/data", SECOND).href);
  await page.getByText("Neue Gasse 7").waitFor();
  await page.context().close();
}

/** Guessing is slow; and signing out is the end. */
async function signOut(page) {
  await page.goto(at("/settings"));
  const other = await visitor();
  await signIn(other);
  await heading(other, "Ada’s data").waitFor();
  await page.reload();
  await button(page, "Sign it out").first().click();
  await button(page, "Sign out everywhere").click();
  await heading(page, "Sign in").waitFor();
  for (const one of [page, other]) {
    await one.goto(at("/data"));
    assert.equal(new URL(one.url()).pathname, "/sign-in");
  }
  await page.goto(LINK);
  await button(page, "Go on").click();
  await page.getByRole("alert").getByText("used already").waitFor();
  for (let tries = 0; tries < 5; tries += 1) await signIn(page, "wrong passphrase");
  await page.getByRole("alert").getByText("too many attempts").waitFor();
}

const page = await visitor();
page.setDefaultTimeout(30_000);
const words = await setUp(page);
await connect(page);
await change(page);
await revoke(page);
await keep(page);
for (const [size, scheme, locale] of [
  ["desk", "light", "en-GB"],
  ["desk", "dark", "de-DE"],
  ["phone", "light", "de-DE"],
  ["phone", "dark", "en-GB"],
]) {
  await looksRight(size, scheme, locale);
}
await plain();
await keyboard();
await hostile();
await camera();
await bringBack(words);
await signOut(page);
await browser.close();
// What a refused sign-in and a foreign page say in the console is meant.
assert.deepEqual(problems.filter((text) => !/\b(403|421|429)\b/.test(text)), []);
