/** Plays the whole story against the real program: `node src/check.ts PATH_OF_FREEHOLD`. Ends with 0 if every check held. */
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { readDocument } from "./documents.ts";
import { othersVerify } from "./opinion.ts";

// What comes out of the programs is looked into freely here: a check that finds nothing fails.
type Json = { [member: string]: Json } & { [index: number]: Json } & string;

const freehold = process.argv[2];
if (freehold === undefined) throw new Error("usage: node src/check.ts PATH_OF_FREEHOLD");
const here = import.meta.dirname;
const base = mkdtempSync(join(tmpdir(), "vendor-peer-"));
const passphrase = join(base, "passphrase");
writeFileSync(passphrase, "words for a check only\n", { mode: 0o600 });
const children: ChildProcess[] = [];
process.on("exit", () => {
  children.forEach((child) => child.kill("SIGKILL"));
  rmSync(base, { recursive: true, force: true });
});

function check(what: string, held: boolean): void {
  process.stdout.write(`${held ? "ok  " : "FAIL"} ${what}\n`);
  if (!held) process.exit(1);
}

/** A program that prints lines of JSON, and what it printed. */
class Program {
  readonly lines: Json[] = [];
  readonly child: ChildProcess;

  constructor(command: string, args: string[]) {
    this.child = spawn(command, args, { stdio: ["pipe", "pipe", process.env["VERBOSE"] ? "inherit" : "ignore"] });
    if (this.child.stdout) createInterface(this.child.stdout).on("line", (line) => this.lines.push(JSON.parse(line) as Json));
    children.push(this.child);
  }

  async wait(what: string, found: (line: Json) => boolean, from = 0): Promise<Json> {
    for (let left = 400; left > 0; left -= 1) {
      const line = this.lines.slice(from).find(found);
      if (line !== undefined) return line;
      await sleep(50);
    }
    process.stdout.write(`${JSON.stringify(this.lines, undefined, 1)}\n`);
    check(`waited for: ${what}`, false);
    throw new Error();
  }

  async command(command: object): Promise<Json> {
    const from = this.lines.length;
    this.child.stdin?.write(`${JSON.stringify(command)}\n`);
    return this.wait(JSON.stringify(command), (line) => line["event"] === "reply", from);
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    const gone = new Promise((resolve) => this.child.once("exit", resolve));
    this.child.kill(signal);
    await gone;
  }
}

function cli(home: string, ...args: string[]): Promise<Json> {
  return new Promise((resolve) =>
    execFile(String(freehold), ["--home", home, "--json", ...args], (_, out, err) => resolve(JSON.parse(out || err) as Json)),
  );
}

async function eventually(probe: () => Promise<boolean>): Promise<boolean> {
  for (let left = 200; left > 0; left -= 1) {
    if (await probe()) return true;
    await sleep(50);
  }
  return false;
}

async function node(home: string): Promise<Program> {
  const program = new Program(String(freehold), ["run", "--home", home, "--passphrase-file", passphrase, "--json"]);
  await program.wait("the node", ({ event }) => event === "ready");
  return program;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function story(transport: "tcp" | "quic"): Promise<void> {
  const home = join(base, `${transport}-node`);
  const state = join(base, `${transport}-peer`);
  const port = await freePort();
  const listen = transport === "tcp" ? `/ip4/127.0.0.1/tcp/${port}` : `/ip4/127.0.0.1/udp/${port}/quic-v1`;
  const start = async (): Promise<Program> => {
    const args = ["--state", state, "--listen", listen, "--ask", join(here, "../ask.json")];
    const program = new Program(process.execPath, [join(here, "main.ts"), ...args]);
    await program.wait("the peer", ({ event }) => event === "listening");
    return program;
  };
  const seen = (name: string, path?: string) => (line: Json): boolean =>
    line["event"] === name && (path === undefined || Array.from(line["paths"] ?? []).includes(path as Json));
  const lookOnDisk = (value: string): boolean =>
    readdirSync(state, { recursive: true, withFileTypes: true }).some(
      (entry) => entry.isFile() && readFileSync(join(entry.parentPath, entry.name), "utf8").includes(value),
    );
  const onDisk = (value: string): boolean => {
    for (;;) {
      try {
        return lookOnDisk(value);
      } catch (error) {
        // A file was replaced between listing and reading: look again.
        if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
      }
    }
  };
  const held = async (): Promise<Json | undefined> => (await peer.command({ cmd: "show" }))["relationships"]?.[0];
  const applied = (path: string): Promise<boolean> =>
    eventually(async () => {
      const lines = (await cli(home, "status"))["vendors"]?.[0]?.["lines"] as unknown as Json[];
      return lines.find((line) => line["path"] === path)?.["state"] === "applied";
    });

  let person = await node(home);
  let peer = await start();
  await cli(home, "set", "name.full=Ada Lind", "address.home.street=Hafenstr. 1", "phone.mobile=+491701234567");

  const link = String((await peer.command({ cmd: "invite", customer: "4711" }))["link"]);
  const connected = await cli(home, "connect", link);
  check(`${transport}: the node follows the link`, connected["transport"] === transport);
  const request = String(connected["request"]?.["id"]);
  check("the request is shown as it was asked", connected["request"]?.["vendorName"] === "Nordlicht Energie");
  await peer.wait("introduction", seen("introduction"));

  const second = await node(join(base, `${transport}-second`));
  const again = await cli(join(base, `${transport}-second`), "connect", link);
  check("nobody else can use the link", String(again["error"]?.["message"]).includes("206"));
  await second.end("SIGTERM");

  const grant = String((await cli(home, "approve", request))["id"]);
  await peer.wait("grant", seen("grant"));
  await peer.wait("snapshot", seen("update", "name.full"));
  check("the snapshot is applied, and the node was told", await applied("phone.mobile"));
  const credential = await cli(home, "grants", "show", grant);
  const receipt = Buffer.from(String((await held())?.["grants"]?.[grant]?.["receipt"]));
  check("both sides keep the same receipt", JSON.stringify(credential) === receipt.toString());
  check("it has the proofs of both", readDocument(receipt, "FreeholdGrant").signers.length === 2);
  check("another's verifier agrees", await othersVerify(receipt));

  const soFar = peer.lines.length;
  await cli(home, "set", "phone.mobile=+491701111111");
  await peer.wait("change", seen("update", "phone.mobile"), soFar);
  const before = await held();
  check("a change arrives", before?.["grants"]?.[grant]?.["values"]?.["phone.mobile"] === "+491701111111");
  await cli(home, "set", "email.personal=ada@example.org");
  await sleep(500);
  check("what was not granted moves nothing", (await held())?.["stored"] === before?.["stored"]);

  const dpv = "https://w3id.org/dpv#";
  const read = (path: string, purpose: string): Promise<Json> => peer.command({ cmd: "read", path, purpose: dpv + purpose });
  check("a live read is answered", (await read("phone.mobile", "CustomerCare"))["fields"]?.["phone.mobile"] === "+491701111111");
  check("wrong purpose: 402", Number((await read("phone.mobile", "ServiceProvision"))["denied"]) === 402);
  check("not in scope: 401", Number((await read("email.personal", "CustomerCare"))["denied"]) === 401);

  await peer.end("SIGKILL");
  await cli(home, "set", "phone.mobile=+491702222222");
  await cli(home, "unset", "phone.mobile");
  await cli(home, "set", "phone.mobile=+491703333333");
  peer = await start();
  await peer.wait("what changed meanwhile", seen("update", "phone.mobile"));
  const resumed = await held();
  check("after SIGKILL the present value arrives", resumed?.["grants"]?.[grant]?.["values"]?.["phone.mobile"] === "+491703333333");
  check("and once", Number(resumed?.["stored"]) === Number(before?.["stored"]) + 1);

  const rounds = transport === "tcp" ? 6 : 1; // over QUIC the node sees a killed peer only when its time is over
  for (let round = 0; round < rounds; round += 1) {
    const value = `+49170444444${round}`;
    await cli(home, "set", `phone.mobile=${value}`);
    await sleep(Math.random() * 40);
    await peer.end("SIGKILL");
    peer = await start();
    const there = async (): Promise<boolean> => (await held())?.["grants"]?.[grant]?.["values"]?.["phone.mobile"] === value;
    check(`after kill ${round + 1} the value arrives`, await eventually(there));
  }
  check("and the node knows", await applied("phone.mobile"));

  await cli(home, "rotate", "--all");
  const rotation = await peer.wait("the rotation", seen("rotation"));
  await peer.wait("a session under the new key", (line) => seen("session-opened")(line) && line["did"] === rotation["to"]);
  await cli(home, "set", "phone.mobile=+491704444449");
  const goesOn = async (): Promise<boolean> =>
    (await held())?.["grants"]?.[grant]?.["values"]?.["phone.mobile"] === "+491704444449";
  check("the grant goes on under the person's next key", (await eventually(goesOn)) && (await applied("phone.mobile")));

  const alive = peer.lines.length;
  await person.end("SIGKILL");
  await peer.wait("the end of the session", seen("session-ended"), alive);
  check("without a connection: 409", Number((await read("phone.mobile", "CustomerCare"))["code"]) === 409);
  const from = peer.lines.length;
  person = await node(home);
  await peer.wait("the node again", seen("session-opened"), from);

  await cli(home, "revoke", grant, "--paths", "phone.mobile");
  await peer.wait("revocation", seen("revocation", "phone.mobile"), from);
  check("the value is in no file any more", !onDisk("+49170") && onDisk("Ada Lind"));
  check("revoked: 404", Number((await read("phone.mobile", "CustomerCare"))["denied"]) === 404);
  await peer.end("SIGKILL");
  await cli(home, "revoke", grant);
  peer = await start();
  const whole = await peer.wait("the rest", seen("revocation", "name.full"));
  check("a revocation while it was down is obeyed", whole["whole"] === (true as unknown) && !onDisk("Ada Lind"));
  const receipts = await eventually(async () => {
    const revocations = (await cli(home, "grants"))[0]?.["revocations"] as unknown as Json[];
    return revocations.length === 2 && revocations.every((one) => one["erasedAt"] !== null);
  });
  check("the node has a receipt of each erasure", receipts);

  const other = String((await peer.command({ cmd: "invite" }))["link"]);
  await cli(home, "decline", String((await cli(home, "connect", other))["request"]?.["id"]));
  await peer.wait("decline", seen("decline"));
  check("the audit chain holds", (await cli(home, "audit", "verify"))["error"] === undefined);
  const refused = peer.lines.filter((line) => ["refused", "problem"].includes(line["event"] ?? ""));
  check("nothing was refused on either side", refused.length === 0);
  await peer.command({ cmd: "stop" });
  await person.end("SIGTERM");
}

await story("tcp");
await story("quic");
process.exit(0);
