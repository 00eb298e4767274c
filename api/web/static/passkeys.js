// Talks to the authenticator: signs in, makes a passkey, signs a statement that was shown first. Nothing is loaded from elsewhere.
"use strict";
(() => {
  const unpadded = text => text.replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const base64 = buffer => btoa(String.fromCharCode(...new Uint8Array(buffer)));
  const url = buffer => unpadded(base64(buffer));
  const raw = text => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), c => c.charCodeAt(0));
  const hex = buffer => Array.from(new Uint8Array(buffer), byte => byte.toString(16).padStart(2, "0")).join("");
  const named = list => (list || []).map(one => ({...one, id: raw(one.id)}));

  async function send(path, document, type = "application/json") {
    const answer = await fetch(path, {method: "POST", headers: {"Content-Type": type, "Accept": "application/json"},
      body: JSON.stringify(document), credentials: "same-origin"});
    const told = await answer.json();
    if (!answer.ok) throw new Error([told.detail, ...(told.reasons || []).map(r => r.detail), told.do].filter(
      (text, n, all) => text && all.indexOf(text) === n).join(". "));
    return told;
  }

  const assert = options => navigator.credentials.get({publicKey: {...options, challenge: raw(options.challenge),
    allowCredentials: named(options.allowCredentials)}});

  function say(place, text, tone) {
    const told = place.querySelector(".told") || place;
    told.hidden = false;
    told.className = `told alert ${tone}`;
    told.textContent = text;
  }

  async function trying(place, work) {
    const buttons = place.querySelectorAll("button");
    buttons.forEach(button => { button.disabled = true; });
    try { await work(); } catch (error) {
      const told = {NotAllowedError: "Nothing was signed: it was cancelled, or took too long.",
        InvalidStateError: "This device has a passkey of yours here already.",
        SecurityError: "Passkeys work on these pages' own address only, which the operator has set."};
      say(place, told[error.name] || error.message, "deny");
    } finally { buttons.forEach(button => { button.disabled = false; }); }
  }

  async function signIn(place) {
    const {options} = await send("/sign-in/passkey/options", {});
    const found = await assert(options);
    await send("/sign-in/passkey", {credential: {id: found.id, rawId: url(found.rawId), type: found.type, response: {
      clientDataJSON: url(found.response.clientDataJSON), authenticatorData: url(found.response.authenticatorData),
      signature: url(found.response.signature), userHandle: found.response.userHandle && url(found.response.userHandle)}}});
    location.assign(place.dataset.next);
  }

  async function make() {
    const {options} = await send("/v1/passkeys/options", {});
    const made = await navigator.credentials.create({publicKey: {...options, challenge: raw(options.challenge),
      user: {...options.user, id: raw(options.user.id)}, excludeCredentials: named(options.excludeCredentials)}});
    await send("/v1/passkeys", {credential: {id: made.id, rawId: url(made.rawId), type: made.type, response: {
      clientDataJSON: url(made.response.clientDataJSON), attestationObject: url(made.response.attestationObject)}}});
    location.reload();
  }

  // Shows what would be signed, in words and as bytes; only the button under that asks the authenticator.
  async function show(place, statement) {
    const ready = await send("/v1/statements/prepare", statement);
    const panel = document.querySelector("#signing").content.cloneNode(true).firstElementChild;
    panel.querySelector(".words").textContent = `${ready.words}.`;
    panel.querySelector(".bytes").textContent = new TextDecoder().decode(raw(ready.payload));
    panel.querySelector(".digest").textContent = ready.payload_sha256;
    panel.querySelector(".sign").addEventListener("click", () => trying(panel, () => sign(panel, ready)));
    panel.querySelector(".cancel").addEventListener("click", () => panel.remove());
    place.querySelectorAll(".signing").forEach(old => old.remove());
    place.append(panel);
    panel.querySelector(".sign").focus();
  }

  async function sign(panel, ready) {
    const found = await assert(ready.options);
    const keyid = ready.keyids[hex(await crypto.subtle.digest("SHA-256", found.rawId))];
    if (!keyid) throw new Error("This passkey is not yours here, or speaks no longer. Use another one.");
    const assertion = JSON.stringify({authenticator_data: base64(found.response.authenticatorData),
      client_data_json: base64(found.response.clientDataJSON), signature: base64(found.response.signature)});
    const envelope = {payload: ready.payload, payloadType: ready.payload_type, signatures: [{keyid, sig: btoa(assertion)}]};
    const receipt = await send("/v1/statements", {envelope, openings: ready.openings});
    panel.parentElement.querySelectorAll("button[data-statement]").forEach(button => button.remove());
    panel.dataset.entry = receipt.index;
    say(panel, `Signed. It is entry ${receipt.index} of the log, and can't be changed.`, "allow");
    panel.querySelector(".actions").replaceChildren(Object.assign(document.createElement("a"),
      {className: "button", href: location.pathname, textContent: "Go on"}));
  }

  // A secret link carries its token behind the #, which no browser sends anywhere; it is taken out of the address at once.
  function followSecretLink() {
    const token = /^#token=([\w-]{1,200})$/.exec(location.hash);
    const field = document.querySelector("form[action='/sign-in'] #token");
    if (!token || !field) return;
    history.replaceState(null, "", location.pathname + location.search);
    field.value = token[1];
    field.form.submit();
  }

  addEventListener("DOMContentLoaded", () => {
    followSecretLink();
    if (!window.PublicKeyCredential) return;
    document.querySelectorAll("[data-passkey]").forEach(place => {
      place.hidden = false;
      const ready = (button, act) => {
        button.addEventListener("click", () => trying(place, act));
        button.disabled = false;
      };
      const work = {"sign-in": () => signIn(place), make};
      place.querySelectorAll("button[data-act]").forEach(button => ready(button, work[button.dataset.act]));
      place.querySelectorAll("button[data-statement]").forEach(button =>
        ready(button, () => show(place, JSON.parse(button.dataset.statement))));
    });
  });
})();
