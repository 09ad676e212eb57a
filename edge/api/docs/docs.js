// Tries an operation with the token of the page. Nothing is kept.
"use strict";
for (const form of document.querySelectorAll("form[data-path]")) {
  const send = async () => {
    let path = form.dataset.path;
    const query = new URLSearchParams();
    const headers = { Authorization: "Bearer " + document.getElementById("token").value };
    let body;
    for (const field of form.querySelectorAll("input, textarea")) {
      if (field.value === "") continue;
      switch (field.dataset.in) {
        case "path": path = path.replace("{" + field.name + "}", encodeURIComponent(field.value)); break;
        case "query": query.set(field.name, field.value); break;
        case "header": headers[field.name] = field.value; break;
        case "body": body = field.value; headers["Content-Type"] = form.dataset.media; break;
      }
    }
    const out = form.querySelector("pre");
    out.hidden = false;
    out.textContent = "…";
    try {
      const answer = await fetch(path + (query.size ? "?" + query : ""), { method: form.dataset.method, headers, body, credentials: "omit" });
      const text = await answer.text();
      let shown = text;
      try { shown = JSON.stringify(JSON.parse(text), null, 2); } catch { /* not JSON */ }
      out.textContent = answer.status + " " + answer.statusText + "\n\n" + shown.slice(0, 100000);
    } catch (err) {
      out.textContent = String(err);
    }
    out.focus();
  };
  form.querySelector("button").addEventListener("click", send);
  form.addEventListener("submit", (e) => { e.preventDefault(); send(); });
}
