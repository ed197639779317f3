// The page's one script. Without it everything can be read and done; with it, what is shown stays true by itself, values
// are checked while they are typed, moments are in the reader's own time, and a camera reads a code.
"use strict";

const language = document.documentElement.lang;

// Moments and countries as the reader writes them.
function localise(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const text = time.getAttribute("datetime");
    const moment = new Date(text.length === 10 ? text + "T12:00:00" : text);
    if (Number.isNaN(moment.getTime())) continue;
    const form = text.length === 10 ? { dateStyle: "medium" } : { dateStyle: "medium", timeStyle: "short" };
    time.textContent = new Intl.DateTimeFormat(language, form).format(moment);
    time.title = text;
  }
  if (!language.startsWith("en") && Intl.DisplayNames) {
    const names = new Intl.DisplayNames([language], { type: "region" });
    for (const country of root.querySelectorAll("[data-country]")) {
      const code = country.dataset.country;
      if (/^[A-Z]{2}$/.test(code)) country.textContent = names.of(code);
    }
  }
}

// The page as it is now, as a document. Not parsed from a text, so that no policy has to allow that.
function fetchPage(address) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("GET", address);
    request.responseType = "document";
    request.onload = () => (request.status === 200 && request.responseXML ? resolve(request.responseXML) : reject(request.status));
    request.onerror = reject;
    request.send();
  });
}

// Parts of the page that name what they depend on are taken anew when it has happened. What is being typed stays.
async function refresh(happened) {
  const depends = (part) => happened.has("all") || part.dataset.live.split(" ").some((kind) => happened.has(kind));
  const stale = [...document.querySelectorAll("[data-live]")].filter(depends);
  if (stale.length === 0) return;
  let fresh;
  try {
    fresh = await fetchPage(location.href);
  } catch {
    return;
  }
  for (const part of stale) {
    const now = fresh.getElementById(part.id);
    if (!now) continue;
    localise(now);
    if (now.textContent === part.textContent && now.children.length === part.children.length) continue;
    const focused = part.contains(document.activeElement) ? document.activeElement.id : "";
    part.replaceChildren(...[...now.childNodes].map((node) => document.adoptNode(node)));
    if (focused) document.getElementById(focused)?.focus();
  }
}

// One line to the program, while the page is seen; browsers allow few.
function listen() {
  if (!document.querySelector("[data-live]") || !("EventSource" in window)) return;
  let line = null;
  let waiting = null;
  let running = false;
  const hear = async (kinds) => {
    waiting = new Set([...(waiting ?? []), ...kinds]);
    if (running) return;
    running = true;
    while (waiting) {
      const now = waiting;
      waiting = null;
      await refresh(now);
    }
    running = false;
  };
  const open = () => {
    line = new EventSource("/live");
    // Between the page and the line something may have happened.
    line.onopen = () => hear(["all"]);
    line.onmessage = (event) => hear(event.data.split(" "));
  };
  const close = () => {
    line?.close();
    line = null;
  };
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) close();
    else if (!line) open();
  });
  window.addEventListener("pagehide", close);
  if (!document.hidden) open();
}

function post(address, fields) {
  return fetch(address, { method: "POST", body: fields, credentials: "same-origin", redirect: "error" });
}

function after(wait, run) {
  let timer = 0;
  return (...given) => {
    clearTimeout(timer);
    timer = setTimeout(() => run(...given), wait);
  };
}

// A value, checked as the program would check it.
function checkValues() {
  for (const form of document.querySelectorAll("form[data-checked]")) {
    const token = form.querySelector("[name=formToken]").value;
    const check = async (input) => {
      const note = document.getElementById(input.getAttribute("aria-describedby"));
      note.dataset.usual ??= note.textContent;
      const value = input.value;
      const said = { ok: true, text: "" };
      if (value.trim() !== "") {
        const answer = await post(form.dataset.checked, new URLSearchParams({ formToken: token, path: input.dataset.path, value }));
        if (!answer.ok || input.value !== value) return;
        Object.assign(said, await answer.json());
      }
      note.textContent = said.text || note.dataset.usual;
      note.classList.toggle("wrong", !said.ok);
      input.setAttribute("aria-invalid", String(!said.ok));
    };
    const soon = after(350, (input) => check(input).catch(() => {}));
    form.addEventListener("input", (event) => {
      if (event.target.dataset.path) soon(event.target);
    });
  }
}

// What a new passphrase is worth.
function weighPassphrase() {
  const input = document.querySelector("[data-strength]");
  if (!input) return;
  const note = document.getElementById("strength");
  const token = input.form.querySelector("[name=formToken]").value;
  // Once the form is on its way the home is being made, and nobody asks any more.
  let sent = false;
  input.form.addEventListener("submit", () => (sent = true));
  const weigh = async () => {
    if (sent) return;
    if (input.value === "") {
      note.textContent = "";
      return;
    }
    const answer = await post(input.dataset.strength, new URLSearchParams({ formToken: token, value: input.value }));
    if (answer.ok) note.textContent = await answer.text();
  };
  const soon = after(300, () => weigh().catch(() => {}));
  input.addEventListener("input", soon);
}

// A file let fall onto its place.
function takeDrops() {
  for (const place of document.querySelectorAll("[data-drop]")) {
    const input = place.querySelector("input[type=file]");
    const over = (on) => (event) => {
      event.preventDefault();
      place.classList.toggle("over", on);
    };
    place.addEventListener("dragover", over(true));
    place.addEventListener("dragleave", over(false));
    place.addEventListener("drop", (event) => {
      over(false)(event);
      if (event.dataTransfer.files.length === 1) input.files = event.dataTransfer.files;
    });
  }
}

// A code before the camera. Frames go to the program on this machine, which reads them.
function readCodes() {
  const place = document.querySelector("[data-camera]");
  if (!place || !navigator.mediaDevices?.getUserMedia) return;
  place.hidden = false;
  const [button, video, note] = ["button", "video", "[role=status]"].map((one) => place.querySelector(one));
  const token = place.closest("form").querySelector("[name=formToken]").value;
  const link = document.getElementById("link");
  const stop = () => {
    for (const track of video.srcObject?.getTracks() ?? []) track.stop();
    video.srcObject = null;
    video.hidden = true;
  };
  const look = async () => {
    const scale = Math.min(1, 640 / Math.max(video.videoWidth, video.videoHeight));
    const [width, height] = [video.videoWidth, video.videoHeight].map((side) => Math.round(side * scale));
    if (width === 0) return false;
    const canvas = new OffscreenCanvas(width, height);
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.drawImage(video, 0, 0, width, height);
    const { data } = context.getImageData(0, 0, width, height);
    const luma = new Uint8Array(width * height);
    for (let at = 0; at < luma.length; at += 1) {
      luma[at] = (data[at * 4] * 77 + data[at * 4 + 1] * 150 + data[at * 4 + 2] * 29) >> 8;
    }
    const fields = new FormData();
    fields.set("formToken", token);
    fields.set("width", width);
    fields.set("height", height);
    fields.set("luma", new Blob([luma]), "luma");
    const answer = await post(place.dataset.camera, fields);
    const found = answer.ok ? (await answer.json()).link : null;
    if (found) link.value = found;
    return Boolean(found);
  };
  button.addEventListener("click", async () => {
    try {
      video.srcObject = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
      video.hidden = false;
      await video.play();
      while (video.srcObject) {
        if (await look()) {
          stop();
          note.textContent = place.dataset.cameraFound;
          link.focus();
          return;
        }
        await new Promise((resolve) => setTimeout(resolve, 250));
      }
    } catch {
      stop();
      note.textContent = place.dataset.cameraFailed;
    }
  });
  window.addEventListener("pagehide", stop);
}

localise(document);
listen();
checkValues();
weighPassphrase();
takeDrops();
readCodes();
