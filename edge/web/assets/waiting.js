// Waits beside the server: the page holds a place with the attributes data-wait, the
// address that tells a state as {"state": "…"}, and data-wait-state, the state that the
// page shows. When the two differ the page is asked for anew; only our own server is
// asked.
"use strict";
(() => {
  const place = document.querySelector("[data-wait]");
  if (!place) return;
  const every = 1500;
  const look = async () => {
    let again = true;
    try {
      const answer = await fetch(place.dataset.wait, { credentials: "same-origin", headers: { Accept: "application/json" } });
      const told = answer.ok && (answer.headers.get("Content-Type") || "").startsWith("application/json") ? (await answer.json()).state : "";
      again = answer.status >= 500 || told === place.dataset.waitState;
    } catch {
      // The network is away; the page stays, and asks again.
    }
    if (again) setTimeout(look, every);
    else location.reload();
  };
  setTimeout(look, every);
})();
