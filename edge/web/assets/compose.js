// Keeps a draft while it is written. The page holds a place with the attribute
// data-compose whose value is JSON:
//   {"keep": URL, "file": URL, "page": URL, "check": URL, "version": number,
//    "rich": boolean, "texts": {…}, "contacts": [{"name", "address"}]}
// and the form that works without this script; see edge/webmail/templates/compose.html.
// Nothing is asked of any host but ours. Text that is pasted loses its form: what is
// kept of it is the server's word, and never markup that came from elsewhere.
"use strict";
(() => {
  const place = document.querySelector("[data-compose]");
  if (!place) return;
  /** @type {{keep: string, file: string, page: string, check: string, version: number, rich: boolean, texts: Record<string, string>, contacts: {name: string, address: string}[]}} */
  const page = JSON.parse(place.dataset.compose);
  const find = (/** @type {string} */ name) => place.querySelector(`[data-compose-${name}]`);
  const form = find("form"), editor = find("editor"), plain = find("plain"), rich = find("rich"), state = find("state");
  const list = find("files"), progress = find("progress"), conflict = find("conflict"), checked = find("checked"), suggest = find("suggest");
  const field = (/** @type {string} */ name) => form.elements.namedItem(name);
  const textarea = field("text");
  const say = (/** @type {string} */ words) => { state.textContent = words; };

  // The formatted text, in place of the plain one where the draft has form or is new.
  if (page.rich || !textarea.value.trim()) {
    editor.contentEditable = "true";
    document.execCommand("defaultParagraphSeparator", false, "p");
    rich.hidden = false;
    plain.hidden = true;
  }
  const isRich = () => !rich.hidden;
  const gather = () => {
    field("version").value = String(page.version);
    field("rich").value = isRich() ? "yes" : "";
    field("html").value = isRich() && editor.textContent.trim() ? editor.innerHTML : "";
  };

  // The toolbar works on what is chosen in the text.
  let chosen = null;
  editor.addEventListener("blur", () => { const s = getSelection(); if (s.rangeCount) chosen = s.getRangeAt(0); });
  const restore = () => {
    editor.focus();
    if (chosen && editor.contains(chosen.startContainer)) { const s = getSelection(); s.removeAllRanges(); s.addRange(chosen); }
  };
  const run = (/** @type {string} */ command, /** @type {string} */ value) => { restore(); document.execCommand(command, false, value); changed(); };
  for (const button of place.querySelectorAll("[data-format]")) {
    button.addEventListener("click", () => {
      switch (button.dataset.format) {
        case "bold": run("bold"); break;
        case "italic": run("italic"); break;
        case "heading": run("formatBlock", "h2"); break;
        case "list": run("insertUnorderedList"); break;
        case "none": run("removeFormat"); run("formatBlock", "p"); break;
        case "link": find("link").hidden = false; document.getElementById("link").focus(); break;
      }
    });
  }
  find("linked").addEventListener("click", () => {
    const input = document.getElementById("link"), to = input.value.trim();
    if (/^(https?:\/\/|mailto:)/i.test(to)) {
      restore();
      if (getSelection().isCollapsed) { document.execCommand("insertText", false, to); getSelection().modify("extend", "backward", "line"); }
      document.execCommand("createLink", false, to);
      changed();
    }
    input.value = "";
    find("link").hidden = true;
    editor.focus();
  });
  const asText = (/** @type {Event} */ e, /** @type {DataTransfer} */ data) => {
    e.preventDefault();
    document.execCommand("insertText", false, data.getData("text/plain"));
  };
  editor.addEventListener("paste", (e) => asText(e, e.clipboardData));
  editor.addEventListener("drop", (e) => asText(e, e.dataTransfer));

  // Saving: a while after the last change, one at a time.
  let timer = 0, busy = false, dirty = false, stopped = false, leaving = false;
  const wait = 1500;
  function changed() {
    dirty = true;
    clearTimeout(timer);
    timer = setTimeout(save, wait);
  }
  const shown = (answer) => {
    page.version = answer.version;
    field("version").value = String(answer.version);
    if (answer.meter) {
      find("size").textContent = answer.meter;
      find("meter").classList.toggle("over", !!answer.over);
      find("meter").querySelector("meter").value = answer.percent;
      const limits = answer.limits || [];
      find("limits").replaceChildren(...limits.map((l) => {
        const item = document.createElement("li");
        item.textContent = l.says;
        if (l.over) item.className = "over";
        return item;
      }));
      find("limits").hidden = !limits.length;
    }
    list.replaceChildren(...answer.files.map((f) => {
      const item = document.createElement("li"), link = document.createElement("a"), note = document.createElement("span"), remove = document.createElement("button");
      link.href = f.path; link.textContent = f.name;
      note.className = "note"; note.textContent = `${f.kind}, ${f.size}`;
      remove.className = "button small"; remove.textContent = page.texts.remove; remove.setAttribute("aria-label", `${page.texts.remove}: ${f.name}`);
      remove.name = "do"; remove.value = `remove ${f.id}`; remove.dataset.remove = f.id;
      item.append(link, " ", note, " ", remove);
      return item;
    }));
  };
  const clash = (other) => {
    stopped = true;
    find("says").textContent = page.texts.conflict;
    find("other").textContent = `${other.saved} · ${other.to} · ${other.subject}\n${other.text}`;
    conflict.dataset.version = String(other.version);
    conflict.hidden = false;
    conflict.focus();
  };
  find("mine").addEventListener("click", () => {
    page.version = Number(conflict.dataset.version);
    stopped = false;
    conflict.hidden = true;
    dirty = true;
    save();
  });
  async function save(/** @type {string} */ remove) {
    if (busy || stopped || leaving || !dirty && typeof remove !== "string") return false;
    busy = true; dirty = false;
    clearTimeout(timer);
    gather();
    const body = new URLSearchParams();
    for (const name of ["version", "answers", "to", "cc", "subject", "text", "rich", "html", "day", "hour"]) body.append(name, field(name).value);
    if (typeof remove === "string") body.append("remove", remove);
    say(page.texts.saving);
    try {
      const answer = await fetch(page.keep, { method: "POST", body, credentials: "same-origin", redirect: "error" });
      const value = await answer.json();
      if (answer.status === 409) { clash(value.other); say(""); return false; }
      if (!answer.ok) { say(value.problem || page.texts.unsaved); return false; }
      shown(value);
      say(`${page.texts.saved} ${value.saved}`);
      return true;
    } catch {
      dirty = true;
      say(page.texts.unsaved);
      return false;
    } finally {
      busy = false;
      if (dirty && !stopped) { clearTimeout(timer); timer = setTimeout(save, 4 * wait); }
    }
  }
  form.addEventListener("input", (e) => { if (e.target.type !== "file" && e.target.id !== "insert") changed(); });
  form.addEventListener("submit", (e) => {
    const remove = e.submitter && e.submitter.dataset.remove;
    if (remove) { e.preventDefault(); idle().then(() => save(remove)); return; }
    if (busy) { e.preventDefault(); const by = e.submitter; idle().then(() => form.requestSubmit(by)); return; }
    gather();
    leaving = true;
  });
  addEventListener("pageshow", () => { leaving = false; });
  const idle = async () => { while (busy) await new Promise((done) => setTimeout(done, 50)); };

  // Files go as they are chosen, with their progress.
  const input = field("file");
  input.addEventListener("change", async () => {
    const files = [...input.files];
    if (!files.length || stopped) return;
    await idle();
    if (dirty && !await save()) { if (stopped) return; }
    busy = true;
    const body = new FormData();
    body.append("version", String(page.version));
    body.append("answers", field("answers").value);
    for (const f of files) body.append("file", f);
    const names = files.map((f) => f.name).join(", ");
    say(`${page.texts.sending} ${names}`);
    progress.hidden = false;
    const ask = new XMLHttpRequest();
    ask.open("POST", page.file);
    ask.responseType = "json";
    ask.upload.onprogress = (e) => { if (e.lengthComputable) progress.value = 100 * e.loaded / e.total; };
    ask.onloadend = () => {
      busy = false;
      progress.hidden = true; progress.value = 0;
      input.value = "";
      const value = ask.response;
      if (ask.status === 200) { shown(value); say(`${page.texts.attached} ${names}`); }
      else if (ask.status === 409 && value) clash(value.other);
      else say(`${page.texts.failed} ${value && value.problem || names}`);
    };
    ask.send(body);
  });

  // Recipients: the account's own contacts are suggested; addresses are checked once
  // each, a while after they were typed.
  const split = (/** @type {string} */ s) => s.split(/[,;\n]/).map((x) => x.trim()).filter(Boolean);
  const known = new Map();
  let look = 0;
  const check = async () => {
    const now = [...new Set([...split(field("to").value), ...split(field("cc").value)])].filter((a) => a.includes("@"));
    const ask = now.filter((a) => !known.has(a)).slice(0, 50);
    if (ask.length) {
      const body = new URLSearchParams();
      for (const a of ask) { body.append("address", a); known.set(a, null); }
      try {
        const answer = await fetch(page.check, { method: "POST", body, credentials: "same-origin", redirect: "error" });
        if (answer.ok) (await answer.json()).forEach((r, i) => known.set(ask[i], r));
      } catch { for (const a of ask) known.delete(a); }
    }
    const rows = now.map((a) => known.get(a)).filter(Boolean);
    checked.replaceChildren(...rows.map((r) => {
      const item = document.createElement("li"), badge = document.createElement("span");
      badge.className = `badge ${r.tone}`; badge.textContent = r.says;
      item.append(r.address, " ", badge);
      return item;
    }));
    checked.hidden = !rows.length;
  };
  const fold = (/** @type {string} */ s) => s.toLocaleLowerCase("tr");
  for (const name of ["to", "cc"]) {
    const box = field(name);
    box.addEventListener("input", () => {
      clearTimeout(look);
      look = setTimeout(check, 900);
      const last = fold((box.value.split(/[,;\n]/).pop() || "").trim());
      const hits = last.length < 2 ? [] : page.contacts.filter((c) => fold(c.name).includes(last) || fold(c.address || "").includes(last)).slice(0, 6);
      suggest.replaceChildren(...hits.map((c) => {
        const item = document.createElement("li"), button = document.createElement("button");
        button.type = "button"; button.className = "button small"; button.textContent = c.address ? `${c.name} · ${c.address}` : c.name;
        button.addEventListener("click", () => {
          const parts = box.value.split(/[,;\n]/).map((x) => x.trim());
          parts[parts.length - 1] = c.address || c.name;
          box.value = parts.join(", ") + ", ";
          suggest.hidden = true;
          box.focus();
          box.dispatchEvent(new Event("input", { bubbles: true }));
        });
        item.append(button);
        return item;
      }));
      suggest.hidden = !hits.length;
    });
  }
  if (field("to").value || field("cc").value) look = setTimeout(check, 900);
})();
