// The keys of a mailbox. They work while the focus is in the content of the page
// (a click or the link "skip to content" puts it there) and never while somebody
// types; each does what a link or a button of the page does, so that nothing needs
// them. Rows are marked with data-row, what a key does with data-key; the page
// holds a dialog with the attribute data-keys that says them.
"use strict";
(() => {
  const main = document.getElementById("content");
  const help = document.querySelector("dialog[data-keys]");
  if (!main) return;
  const rows = () => [...main.querySelectorAll("[data-row]")];
  const handle = (row) => row.querySelector("[data-open]");
  const current = () => document.activeElement && document.activeElement.closest("[data-row]");
  const step = (by) => {
    const all = rows();
    if (!all.length) return;
    const at = all.indexOf(current());
    const next = at < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(all.length - 1, Math.max(0, at + by));
    handle(all[next]).focus();
  };
  const press = (key) => {
    const target = main.querySelector(`[data-key="${key}"]`) || document.querySelector(`[data-key="${key}"]`);
    if (!target) return false;
    const row = current();
    const boxes = [...main.querySelectorAll("[data-row] input[type=checkbox]")];
    if (target.type === "submit" && row && !boxes.some((b) => b.checked)) {
      const box = row.querySelector("input[type=checkbox]");
      if (box) box.checked = true;
    }
    if (target.matches("input")) { target.focus(); } else { target.click(); }
    return true;
  };
  // All rows of the page at once; again, none.
  for (const button of main.querySelectorAll("[data-all]")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      const boxes = [...main.querySelectorAll("[data-row] input[type=checkbox]")];
      const all = boxes.every((b) => b.checked);
      for (const b of boxes) b.checked = !all;
      button.setAttribute("aria-pressed", String(!all));
    });
    button.setAttribute("aria-pressed", "false");
  }
  for (const button of document.querySelectorAll("[data-keys-open]")) {
    button.hidden = false;
    button.addEventListener("click", () => { help.showModal(); });
  }
  document.addEventListener("keydown", (e) => {
    if (e.defaultPrevented || e.ctrlKey || e.metaKey || e.altKey || help && help.open) return;
    const at = document.activeElement;
    if (!main.contains(at) || at.matches("input:not([type=checkbox]), textarea, select, [contenteditable]")) return;
    const row = current();
    switch (e.key) {
      case "j": step(1); break;
      case "k": step(-1); break;
      case "o": if (!row) return; handle(row).click(); break;
      case "x": {
        const box = row && row.querySelector("input[type=checkbox]");
        if (!box) return;
        box.checked = !box.checked;
        break;
      }
      case "e": case "#": case "/": case "c": case "u": case "r": case "a": case "f": case "*":
        if (!press(e.key)) return;
        break;
      case "?": if (!help) return; help.showModal(); break;
      default: return;
    }
    e.preventDefault();
  });
})();
