// Signing in at the staff's page by an identity provider, in a real Chromium; and what somebody tries who has heard of a code. What it
// finds wrong it throws; `tests/tests/identity_provider.rs` starts it.
//
// Environment: PAGE (under another name than the provider's, so that each is another site to a browser), CHROMIUM.

import assert from "node:assert/strict";

import { AxeBuilder } from "@axe-core/playwright";
import { chromium } from "playwright-core";

const { PAGE, CHROMIUM = "/usr/bin/chromium" } = process.env;
const BEGIN = "/sign-in/provider";
const ANSWER = "/sign-in/provider/answer";
const at = (address) => new URL(address, PAGE).href;

// As root, as in a container, Chromium has no sandbox of its own; it sees nothing but the page and the provider.
const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-gpu"] });

/** Somebody's browser, which asks nothing of anybody outside this machine. */
async function visitor() {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.route(
    (url) => !["localhost", "127.0.0.1"].includes(url.hostname),
    (route) => route.abort(),
  );
  return page;
}

/** Signs in at the provider's page, and agrees there. */
async function atProvider(page, name) {
  await page.goto(at("/customers"));
  await page.getByRole("link", { name: "Sign in with Acme accounts" }).click();
  await page.locator("input[name=login]").fill(name);
  await page.locator("input[name=password]").fill("anything");
  await page.getByRole("button", { name: "Sign-in" }).click();
  await page.getByRole("button", { name: "Continue" }).click();
}

/** Signs in, and stands on the page's overview. */
async function signIn(page, name, role) {
  await atProvider(page, name);
  await page.getByRole("heading", { name: "Overview" }).waitFor();
  assert.equal(await page.locator(".account .who").textContent(), name);
  assert.equal(await page.locator(".account .role").textContent(), role);
}

/** What the page says to somebody who asks by hand. */
async function told(address, cookie) {
  const answer = await fetch(at(address), { headers: cookie ? { cookie } : {}, redirect: "manual" });
  const text = await answer.text();
  return { answer, code: /Code: <code>([a-z-]+)</.exec(text)?.[1] };
}

/** An attempt of somebody without a browser: its cookie and its state. */
async function attempt() {
  const { answer } = await told(BEGIN);
  assert.equal(answer.status, 303);
  const [cookie] = answer.headers.getSetCookie();
  assert.match(cookie, /^freehold-sign-in=[^;]+; Path=\/; HttpOnly; SameSite=Lax; Max-Age=600$/);
  const to = new URL(answer.headers.get("location"));
  assert.equal(to.searchParams.get("code_challenge_method"), "S256");
  return { cookie: cookie.split(";")[0], state: to.searchParams.get("state"), to: to.href };
}

/** The address that the provider sends somebody back to, which never reaches the page. */
async function overheard(name) {
  const cookies = new Map();
  const go = async (address, form) => {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const body = form && new URLSearchParams(form);
    const answer = await fetch(address, { method: form ? "POST" : "GET", body, headers: { cookie }, redirect: "manual" });
    await answer.arrayBuffer();
    for (const [, name, value] of answer.headers.getSetCookie().map((line) => /^([^=]+)=([^;]*)/.exec(line))) {
      cookies.set(name, value);
    }
    return new URL(answer.headers.get("location"), address);
  };
  const login = await go((await attempt()).to);
  const consent = await go(await go(login, { prompt: "login", login: name, password: "anything" }));
  const back = await go(await go(consent, { prompt: "consent" }));
  assert.equal(back.pathname, ANSWER);
  return back;
}

// Somebody with a made-up answer, with none of their own, and with a code that was meant for another browser.
const mine = await attempt();
assert.equal((await told(`${ANSWER}?state=other&code=c`, mine.cookie)).code, "sign-in-state");
assert.equal((await told(`${ANSWER}?state=${mine.state}&code=c`, mine.cookie)).code, "sign-in-state", "it was taken once");
const { state } = await attempt();
assert.equal((await told(`${ANSWER}?state=${state}&code=c`)).code, "sign-in-state", "without the cookie");
const stolen = await overheard("ada");
assert.equal((await told(stolen.pathname + stolen.search)).code, "sign-in-state");
const again = await attempt();
stolen.searchParams.set("state", again.state);
const injected = await told(stolen.pathname + stolen.search, again.cookie);
assert.deepEqual([injected.answer.status, injected.code], [403, "sign-in-code"], "the code belongs to another verifier");

// Two people, with the roles that the provider says; the session's cookie is as after a password.
const ada = await visitor();
const answers = [];
ada.on("request", (request) => {
  if (new URL(request.url()).pathname === ANSWER) answers.push(request);
});
await ada.goto(at("/sign-in"));
const { violations } = await new AxeBuilder({ page: ada }).setLegacyMode(true).analyze();
assert.deepEqual(violations, [], "axe, sign-in");
await signIn(ada, "ada", "admin");
const session = (await ada.context().cookies(PAGE)).find(({ name }) => name === "freehold");
assert.deepEqual([session.httpOnly, session.sameSite], [true, "Strict"]);
await ada.goto(at("/users"));
await ada.getByRole("row", { name: /ada.*admin.*identity provider/ }).waitFor();
await ada.goto(at("/account"));
assert.equal(await ada.getByLabel("Present password").count(), 0);
const vera = await visitor();
await signIn(vera, "vera", "viewer");
assert.equal((await vera.goto(at("/users"))).status(), 403);

// The answer of a sign-in, once more, with the cookie that it was for.
const once = new URL(answers[0].url());
const cookie = (await answers[0].allHeaders()).cookie;
assert.match(cookie, /freehold-sign-in=/);
assert.equal((await told(once.pathname + once.search, cookie)).code, "sign-in-state");

// Somebody without a role here, and somebody who goes back at the provider.
const eve = await visitor();
await atProvider(eve, "eve");
await eve.getByText("sign-in-role").waitFor();
assert.equal((await eve.goto(at("/"))).url(), at("/sign-in"));
const shy = await visitor();
await shy.goto(at("/sign-in"));
await shy.getByRole("link", { name: "Sign in with Acme accounts" }).click();
await shy.getByRole("link", { name: "Cancel" }).click();
await shy.getByText("sign-in-denied").waitFor();

// Signed out here, and nobody's session goes on.
await ada.getByRole("button", { name: "Sign out", exact: true }).click();
assert.equal((await ada.goto(at("/"))).url(), at("/sign-in"));

await browser.close();
