// Lets the browser answer the challenge of a passkey. The page holds a form with
// the attribute data-passkey ("create" or "get"), the options in data-options, a
// hidden field "answer" and a place with the attribute data-passkey-problem. When
// the form's button is pressed the browser asks its user, and the form is sent
// with the answer. Nothing else is done here, and nothing is sent anywhere else.
"use strict";
(() => {
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const ids = (list) => (list || []).map((c) => ({ ...c, id: bytes(c.id) }));

  async function answer(kind, options) {
    const o = options.publicKey || options;
    o.challenge = bytes(o.challenge);
    if (kind === "create") {
      o.user.id = bytes(o.user.id);
      o.excludeCredentials = ids(o.excludeCredentials);
      const made = await navigator.credentials.create({ publicKey: o });
      const r = made.response;
      return {
        id: made.id, rawId: text(made.rawId), type: made.type, authenticatorAttachment: made.authenticatorAttachment || undefined,
        clientExtensionResults: made.getClientExtensionResults(),
        response: { clientDataJSON: text(r.clientDataJSON), attestationObject: text(r.attestationObject), transports: r.getTransports ? r.getTransports() : [] },
      };
    }
    o.allowCredentials = ids(o.allowCredentials);
    const got = await navigator.credentials.get({ publicKey: o });
    const r = got.response;
    return {
      id: got.id, rawId: text(got.rawId), type: got.type, authenticatorAttachment: got.authenticatorAttachment || undefined,
      clientExtensionResults: got.getClientExtensionResults(),
      response: {
        clientDataJSON: text(r.clientDataJSON), authenticatorData: text(r.authenticatorData), signature: text(r.signature),
        userHandle: r.userHandle ? text(r.userHandle) : null,
      },
    };
  }

  for (const form of document.querySelectorAll("form[data-passkey]")) {
    const problem = form.querySelector("[data-passkey-problem]");
    if (!window.PublicKeyCredential) {
      problem.hidden = false;
      continue;
    }
    form.addEventListener("submit", async (event) => {
      if (form.elements.answer.value) return;
      event.preventDefault();
      problem.hidden = true;
      try {
        form.elements.answer.value = JSON.stringify(await answer(form.dataset.passkey, JSON.parse(form.dataset.options)));
        form.submit();
      } catch {
        // Which of the reasons it was, a browser does not say on purpose.
        problem.hidden = false;
        problem.focus();
      }
    });
  }
})();
