// Signs by remsign, the program on the visitor's own machine. The page holds a place
// with the attribute data-sign whose value is JSON:
//   {"request": ID, "actions": {"certificate": URL, "signatures": URL, "result": URL},
//    "show": what remsign shows, "texts": {…}}
// and in it: a button data-sign-begin, a list data-sign-certificates, a form
// data-sign-pair with a field "code", and a place data-sign-state for what happens.
//
// What the two say to each other is in docs/formats/signing.md. The key of a pairing
// is kept as a CryptoKey that scripts can use and nobody can read out; every question
// and every answer carries a HMAC under it. Nothing is asked of remsign before the
// button is pressed, and nothing is sent to any other host.
"use strict";
(() => {
  /** @typedef {{Turkish: string, English: string}} Text */
  const place = document.querySelector("[data-sign]");
  if (!place) return;
  /** @type {{request: string, actions: Record<string, string>, show: object, texts: Record<string, string>, language: string}} */
  const page = JSON.parse(place.dataset.sign);
  const ports = [47811, 47812, 47813];
  const find = (/** @type {string} */ name) => place.querySelector(`[data-sign-${name}]`);
  const begin = find("begin"), list = find("certificates"), pairing = find("pair"), state = find("state");

  /** Says what happens. @param {string} words @param {boolean} [bad] */
  const say = (words, bad) => {
    state.textContent = words;
    state.className = bad ? "notice bad" : "notice info";
    state.hidden = false;
  };
  class Told extends Error {}
  /** @param {Text} text */
  const told = (text) => new Told(page.language === "tr" ? text.Turkish : text.English);

  const encode = (/** @type {string} */ s) => new TextEncoder().encode(s);
  const hex = (/** @type {ArrayBuffer} */ b) => [...new Uint8Array(b)].map((x) => x.toString(16).padStart(2, "0")).join("");
  const random = () => hex(crypto.getRandomValues(new Uint8Array(16)).buffer);

  // The pairing is kept in IndexedDB, which keeps keys as keys.
  /** @returns {Promise<IDBObjectStore>} */
  const store = (/** @type {IDBTransactionMode} */ mode) => new Promise((done, fail) => {
    const open = indexedDB.open("remsign", 1);
    open.onupgradeneeded = () => open.result.createObjectStore("pairing");
    open.onerror = () => fail(open.error);
    open.onsuccess = () => done(open.result.transaction("pairing", mode).objectStore("pairing"));
  });
  /** @returns {Promise<any>} */
  const settled = (/** @type {IDBRequest} */ r) => new Promise((done, fail) => {
    r.onsuccess = () => done(r.result);
    r.onerror = () => fail(r.error);
  });
  /** @returns {Promise<{id: string, key: CryptoKey} | undefined>} */
  const pairingKept = async () => settled((await store("readonly")).get("pairing"));
  const keepPairing = async (/** @type {{id: string, key: CryptoKey}} */ p) => settled((await store("readwrite")).put(p, "pairing"));
  const dropPairing = async () => settled((await store("readwrite")).delete("pairing"));

  let base = "";
  /** Asks remsign without a pairing. @param {string} at @param {string} path @param {object} body */
  const plain = async (at, path, body) => {
    const answer = await fetch(at + path, { method: "POST", mode: "cors", credentials: "omit", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
    const value = await answer.json();
    if (!answer.ok) throw Object.assign(told(value.text), { code: value.code });
    return value;
  };

  /** Asks remsign under the pairing, and believes no answer without its HMAC.
   * @param {{id: string, key: CryptoKey}} pair @param {string} at @param {string} path @param {object} question */
  const ask = async (pair, at, path, question) => {
    const body = JSON.stringify(question), nonce = random();
    const mac = hex(await crypto.subtle.sign("HMAC", pair.key, encode(["question", path, nonce, body].join("\n"))));
    const answer = await fetch(at + path, {
      method: "POST", mode: "cors", credentials: "omit",
      headers: { "Content-Type": "application/json", "Remsign-Pairing": pair.id, "Remsign-Nonce": nonce, "Remsign-Mac": mac }, body,
    });
    const text = await answer.text();
    const given = answer.headers.get("Remsign-Mac") || "";
    const bytes = Uint8Array.from(given.match(/../g) || [], (b) => parseInt(b, 16));
    const genuine = await crypto.subtle.verify("HMAC", pair.key, bytes, encode(["answer", path, nonce, text].join("\n")));
    const value = JSON.parse(text);
    if (!genuine) {
      if (value.code === "unpaired") throw Object.assign(told(value.text), { code: "unpaired" });
      throw new Told(page.texts.stranger);
    }
    if (!answer.ok) throw Object.assign(told(value.text), { code: value.code });
    return value;
  };

  /** Finds remsign among its ports. */
  const seek = async () => {
    let other;
    for (const port of ports) {
      const at = `http://127.0.0.1:${port}`;
      try {
        await plain(at, "/v1/hello", {});
        return at;
      } catch (e) {
        if (e instanceof Told) other = e;
      }
    }
    throw other || new Told(page.texts.absent);
  };

  /** Asks our own server. @param {string} url @param {[string, string][]} fields */
  const server = async (url, fields) => {
    const answer = await fetch(url, { method: "POST", credentials: "same-origin", body: new URLSearchParams(fields) });
    if (!(answer.headers.get("Content-Type") || "").startsWith("application/json")) throw new Told(page.texts.server);
    const value = await answer.json();
    if (!answer.ok) throw told(value.text);
    return value;
  };

  /** Runs what a button began; says what went wrong. @param {() => Promise<void>} work */
  const run = async (work) => {
    begin.disabled = true;
    try {
      await work();
    } catch (e) {
      say(e instanceof Told ? e.message : page.texts.failed, true);
      state.focus();
    }
    begin.disabled = false;
  };

  const start = async () => {
    say(page.texts.seeking);
    base = await seek();
    const pair = await pairingKept();
    if (!pair) return askToPair();
    try {
      choose(pair, await ask(pair, base, "/v1/certificates", {}));
    } catch (e) {
      if (e.code !== "unpaired") throw e;
      await dropPairing();
      await askToPair();
    }
  };

  const askToPair = async () => {
    await plain(base, "/v1/pair", {});
    pairing.hidden = false;
    say(page.texts.pair);
    pairing.elements.code.focus();
  };

  const pair = async () => {
    const made = await plain(base, "/v1/pair/code", { code: pairing.elements.code.value });
    const raw = Uint8Array.from(made.key.match(/../g), (/** @type {string} */ b) => parseInt(b, 16));
    await keepPairing({ id: made.id, key: await crypto.subtle.importKey("raw", raw, { name: "HMAC", hash: "SHA-256" }, false, ["sign", "verify"]) });
    raw.fill(0);
    pairing.hidden = true;
    await start();
  };

  /** Lets the visitor choose among the certificates that remsign found. */
  const choose = (/** @type {{id: string, key: CryptoKey}} */ pair, /** @type {{certificates: {id: string, name: string, issuer: string, until: string, chain: string[]}[]}} */ found) => {
    list.replaceChildren();
    if (found.certificates.length === 0) throw new Told(page.texts.none);
    for (const c of found.certificates) {
      const item = document.createElement("li"), button = document.createElement("button"), about = document.createElement("span");
      button.type = "button";
      button.className = "button";
      button.textContent = c.name;
      about.className = "note";
      about.textContent = `${c.issuer} · ${page.texts.until} ${c.until}`;
      button.addEventListener("click", () => run(() => sign(pair, c)));
      item.append(button, about);
      list.append(item);
    }
    list.hidden = false;
    say(page.texts.choose);
    list.querySelector("button").focus();
  };

  const sign = async (/** @type {{id: string, key: CryptoKey}} */ pair, /** @type {{id: string, chain: string[]}} */ c) => {
    say(page.texts.preparing);
    const choice = await server(page.actions.certificate, c.chain.map((x) => ["chain", x]));
    say(page.texts.signing);
    const made = await ask(pair, base, "/v1/sign", { certificate: c.id, request: page.show, ...choice });
    say(page.texts.sending);
    await server(page.actions.signatures, made.values.map((/** @type {string} */ v) => ["value", v]));
    location.assign(page.actions.result);
  };

  place.hidden = false;
  begin.addEventListener("click", () => run(start));
  pairing.addEventListener("submit", (event) => {
    event.preventDefault();
    run(pair);
  });
})();
