// Passkeys: shows the parts of a page that need them, asks the browser, and posts its answer in the page's own form.
"use strict";

(() => {
  if (!window.PublicKeyCredential || !navigator.credentials) return;

  const toBytes = (text) =>
    Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));
  const toText = (buffer) =>
    btoa(Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join(""))
      .replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

  async function options(part, body, signal) {
    const answer = await fetch(part.dataset.passkey, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: body && JSON.stringify(body),
      signal,
    });
    const read = await answer.json();
    if (!answer.ok) throw Object.assign(new Error(read.detail), { said: read.detail });
    const wanted = read.publicKey;
    wanted.challenge = toBytes(wanted.challenge);
    if (wanted.user) wanted.user.id = toBytes(wanted.user.id);
    for (const each of [...(wanted.excludeCredentials ?? []), ...(wanted.allowCredentials ?? [])]) {
      each.id = toBytes(each.id);
    }
    return wanted;
  }

  function send(part, credential) {
    const response = {};
    for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
      if (credential.response[name]) response[name] = toText(credential.response[name]);
    }
    const form = part.closest("form");
    form.elements.credential.value = JSON.stringify({
      id: credential.id, rawId: toText(credential.rawId), type: credential.type, response,
      clientExtensionResults: {}, authenticatorAttachment: credential.authenticatorAttachment,
    });
    form.action = part.dataset.action;
    HTMLFormElement.prototype.submit.call(form); // the password's field may stay empty
  }

  // The browser's offer in the address field. It has to end before another question: each question sets the cookie
  // that its answer is checked by, so a late answer to the first would spoil the second.
  let waiting = null, offering = Promise.resolve();

  async function ask(part) {
    const form = part.closest("form"), problem = part.querySelector("[data-problem]");
    const fields = (part.dataset.sends ?? "").split(" ").filter(Boolean).map((name) => form.elements[name]);
    if (!fields.every((field) => field.reportValidity())) return;
    problem.hidden = true;
    waiting?.abort();
    await offering;
    try {
      const wanted = await options(part, fields.length
        ? Object.fromEntries(fields.map((field) => [field.name, field.value])) : undefined);
      send(part, wanted.user
        ? await navigator.credentials.create({ publicKey: wanted })
        : await navigator.credentials.get({ publicKey: wanted }));
    } catch (error) {
      problem.textContent = error.said
        ?? (error.name === "InvalidStateError" ? part.dataset.known : null) ?? part.dataset.failed;
      problem.hidden = false;
    }
  }

  async function offer(part) {
    waiting = new AbortController();
    if (!(await PublicKeyCredential.isConditionalMediationAvailable?.())) return;
    try {
      send(part, await navigator.credentials.get({
        publicKey: await options(part, undefined, waiting.signal), mediation: "conditional", signal: waiting.signal,
      }));
    } catch {
      // Not taken up, or interrupted by the button: nothing was asked for, so there is nothing to say.
    }
  }

  for (const part of document.querySelectorAll("[data-passkey]")) {
    part.hidden = false;
    part.querySelector("button").addEventListener("click", () => ask(part));
    if ("offer" in part.dataset) offering = offer(part);
  }
})();
