// Passkeys: the one thing here that a browser does only for a script. The form's options go to the authenticator,
// its answer goes into the form's hidden field; what it is worth, the server decides.
"use strict";

(() => {
  const octets = (text) => {
    const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
    return Uint8Array.from(plain, (character) => character.charCodeAt(0));
  };
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const descriptors = (list) => (list || []).map((item) => ({ ...item, id: octets(item.id) }));

  const create = async (options) => {
    const made = await navigator.credentials.create({
      publicKey: {
        ...options,
        challenge: octets(options.challenge),
        user: { ...options.user, id: octets(options.user.id) },
        excludeCredentials: descriptors(options.excludeCredentials),
      },
    });
    return {
      id: made.id,
      rawId: text(made.rawId),
      type: made.type,
      response: {
        clientDataJSON: text(made.response.clientDataJSON),
        attestationObject: text(made.response.attestationObject),
      },
    };
  };

  const show = async (options) => {
    const shown = await navigator.credentials.get({
      publicKey: {
        ...options,
        challenge: octets(options.challenge),
        allowCredentials: descriptors(options.allowCredentials),
      },
    });
    return {
      id: shown.id,
      rawId: text(shown.rawId),
      type: shown.type,
      response: {
        clientDataJSON: text(shown.response.clientDataJSON),
        authenticatorData: text(shown.response.authenticatorData),
        signature: text(shown.response.signature),
      },
    };
  };

  for (const form of document.querySelectorAll("form[data-passkey]")) {
    const trouble = form.querySelector("[data-trouble]");
    if (!window.PublicKeyCredential) {
      trouble.hidden = false;
      continue;
    }
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      trouble.hidden = true;
      const options = JSON.parse(form.dataset.options);
      try {
        const answer = form.dataset.passkey === "create" ? await create(options) : await show(options);
        form.elements.answer.value = JSON.stringify(answer);
        form.submit();
      } catch {
        trouble.hidden = false;
      }
    });
  }
})();
